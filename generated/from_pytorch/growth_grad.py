# Written by gradscribe 0.1.0 from examples/from_pytorch.py:growth
# Derivative  gradient with respect to x; order 1, mode auto
# Arguments   x: float
# Sources     sha256 7cc007561a5c; rules e3b0c44298fc
# Rules       from_pytorch.exponential: @partial of 'x' (exponential_x)
# Regenerate  gradscribe write examples/from_pytorch.py:growth --order 1 -o generated/from_pytorch
import numpy as np


def exponential(x):
    return np.exp(x)


def growth_grad(x):
    """Gradient of growth with respect to x."""
    if isinstance(x, np.ndarray):
        raise TypeError("x must be a number, not an array")
    x_bar = exponential(x)
    return x_bar
