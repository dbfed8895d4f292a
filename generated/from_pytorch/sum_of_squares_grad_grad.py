# Written by gradscribe 0.1.0 from examples/from_pytorch.py:sum_of_squares
# Derivative  gradient with respect to x, then x; order 2, mode auto
# Arguments   x: float64[x0, x1]
# Sources     sha256 595ae953960f; rules 8e7404fb0c5d
# Rules       from_pytorch.square: @partial of 'x' (square_x)
# Regenerate  gradscribe write examples/from_pytorch.py:sum_of_squares -o generated/from_pytorch
import numpy as np


def sum_of_squares_grad_grad(x):
    """Gradient of sum_of_squares_grad with respect to x."""
    if x.ndim != 2:
        raise ValueError("expected x[x0, x1]")
    return np.full_like(x, 2.0)
