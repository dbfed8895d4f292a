# Written by gradscribe 0.1.0 from examples/from_operator_overloading.py:mixed
# Derivative  gradient with respect to x; order 1, mode auto
# Arguments   x: float
# Sources     sha256 34e89661183a; rules e86ca4475ade
# Regenerate  gradscribe write examples/from_operator_overloading.py:mixed --order 1 -o generated/from_operator_overloading
import numpy as np


def mixed_grad(x):
    """Gradient of mixed with respect to x."""
    if isinstance(x, np.ndarray):
        raise TypeError("x must be a number, not an array")
    return 2 * x - 8 / x**2 + 6.5
