# Written by gradscribe 0.1.0 from examples/from_operator_overloading.py:mixed
# Derivative  gradient with respect to x, then x; order 2, mode auto
# Arguments   x: float
# Sources     sha256 acd8c25b7a70; rules e86ca4475ade
# Regenerate  gradscribe write examples/from_operator_overloading.py:mixed -o generated/from_operator_overloading
import numpy as np


def mixed_grad_grad(x):
    """Gradient of mixed_grad with respect to x."""
    if isinstance(x, np.ndarray):
        raise TypeError("x must be a number, not an array")
    return 16 / x**3 + 2
