# Written by gradscribe 0.1.0 from examples/listings.py:rosenbrock
# Derivative  gradient with respect to x and y, then x and y; order 2, mode auto
# Arguments   x: float, y: float
# Sources     sha256 b4f038e46af4; rules f801a9ed1001
# Regenerate  gradscribe write examples/listings.py:rosenbrock -o generated/listings
import numpy as np


def rosenbrock_grad_grad(x, y):
    """Gradient of rosenbrock_grad with respect to x and y."""
    if np.ndarray in (type(x), type(y)):
        raise TypeError("x and y must be numbers, not arrays")
    y_bar = 200 * (1 - 2 * x)
    x_bar = 2 - 400 * (y - x**2) - 2 * y_bar * x
    return x_bar, y_bar
