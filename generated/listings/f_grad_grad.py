# Written by gradscribe 0.1.0 from examples/listings.py:f
# Derivative  gradient with respect to x1 and x2, then x1 and x2; order 2, mode auto
# Arguments   x1: float, x2: float
# Sources     sha256 21373a64bcad; rules bb00d03896d6
# Regenerate  gradscribe write examples/listings.py:f -o generated/listings
import numpy as np


def f_grad_grad(x1, x2):
    """Gradient of f_grad with respect to x1 and x2."""
    if np.ndarray in (type(x1), type(x2)):
        raise TypeError("x1 and x2 must be numbers, not arrays")
    x1_bar = 1 - 1 / x1**2
    x2_bar = 1 + np.sin(x2)
    return x1_bar, x2_bar
