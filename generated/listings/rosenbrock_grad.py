# Written by gradscribe 0.1.0 from examples/listings.py:rosenbrock
# Derivative  gradient with respect to x and y; order 1, mode auto
# Arguments   x: float, y: float
# Sources     sha256 892b9c23e5af; rules 90f576e5ace2
# Regenerate  gradscribe write examples/listings.py:rosenbrock --order 1 -o generated/listings
import numpy as np


def rosenbrock_grad(x, y):
    """Gradient of rosenbrock with respect to x and y."""
    if np.ndarray in (type(x), type(y)):
        raise TypeError("x and y must be numbers, not arrays")
    y_bar = 200 * (y - x**2)
    x_bar = -2 * y_bar * x - 2 * (1 - x)
    return x_bar, y_bar
