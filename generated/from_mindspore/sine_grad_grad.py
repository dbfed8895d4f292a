# Written by gradscribe 0.1.0 from examples/from_mindspore.py:sine
# Derivative  gradient with respect to x, then x; order 2, mode auto
# Arguments   x: float
# Sources     sha256 b9c4037d0ab3; rules 6514524f611d
# Regenerate  gradscribe write examples/from_mindspore.py:sine -o generated/from_mindspore
import numpy as np


def sine_grad_grad(x):
    """Gradient of sine_grad with respect to x."""
    if isinstance(x, np.ndarray):
        raise TypeError("x must be a number, not an array")
    return -np.sin(x)
