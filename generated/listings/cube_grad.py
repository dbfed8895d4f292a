# Written by gradscribe 0.1.0 from examples/listings.py:cube
# Derivative  gradient with respect to x; order 1, mode auto
# Arguments   x: float
# Sources     sha256 2d02fda54bb8; rules 7056d6d18650
# Regenerate  gradscribe write examples/listings.py:cube --order 1 -o generated/listings
import numpy as np


def cube_grad(x):
    """Gradient of cube with respect to x."""
    if isinstance(x, np.ndarray):
        raise TypeError("x must be a number, not an array")
    return 3 * x**2
