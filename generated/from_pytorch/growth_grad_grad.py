# Written by gradscribe 0.1.0 from examples/from_pytorch.py:growth
# Derivative  gradient with respect to x, then x; order 2, mode auto
# Arguments   x: float
# Sources     sha256 dca4c59e2849; rules e3b0c44298fc
# Rules       from_pytorch.exponential: @partial of 'x' (exponential_x)
# Regenerate  gradscribe write examples/from_pytorch.py:growth -o generated/from_pytorch
import numpy as np


def exponential(x):
    return np.exp(x)


def growth_grad_grad(x):
    """Gradient of growth_grad with respect to x."""
    if isinstance(x, np.ndarray):
        raise TypeError("x must be a number, not an array")
    x_bar = exponential(x)
    return x_bar
