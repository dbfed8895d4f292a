# Written by gradscribe 0.1.0 from examples/from_mindspore.py:square_stopped
# Derivative  gradient with respect to x; order 1, mode auto
# Arguments   x: float
# Sources     sha256 cc0c517f70ff; rules cd600a0264c8
# Regenerate  gradscribe write examples/from_mindspore.py:square_stopped --order 1 -o generated/from_mindspore
import numpy as np


def stop_gradient(x):
    """x itself, with derivative zero at every order."""
    return x


def square_stopped_grad(x):
    """Gradient of square_stopped with respect to x."""
    if isinstance(x, np.ndarray):
        raise TypeError("x must be a number, not an array")
    return stop_gradient(x)
