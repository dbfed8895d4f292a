# Written by gradscribe 0.1.0 from examples/listings.py:f
# Derivative  vjp with respect to x1 and x2; order 1, mode auto
# Arguments   x1: float, x2: float
# Sources     sha256 ce49c2359056; rules a37659c4dc6a
# Regenerate  gradscribe write examples/listings.py:f --order 1 --vjp -o generated/listings
import numpy as np


def f_forward(x1, x2):
    if np.ndarray in (type(x1), type(x2)):
        raise TypeError("x1 and x2 must be numbers, not arrays")
    return np.log(x1) + x1 * x2 - np.sin(x2), x2, x1


def f_reverse(x2, x1, f_bar):
    x1_bar = f_bar * x2 + f_bar / x1
    x2_bar = f_bar * x1 - f_bar * np.cos(x2)
    return x1_bar, x2_bar


def f_vjp(x1, x2):
    """Value and pullback of f."""
    value, *residuals = f_forward(x1, x2)

    def pullback(f_bar):
        if np.shape(f_bar) != np.shape(value):
            raise ValueError("f_bar must have the shape of the value")
        return f_reverse(*residuals, f_bar)

    return value, pullback
