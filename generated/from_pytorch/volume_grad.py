# Written by gradscribe 0.1.0 from examples/from_pytorch.py:volume
# Derivative  gradient with respect to x; order 1, mode auto
# Arguments   x: float
# Sources     sha256 b20b7f769d17; rules e3b0c44298fc
# Rules       from_pytorch.cube: @adjoint of 'x' (cube_adjoint)
# Rules       from_pytorch.cube_backward: @adjoint of 'x', 'y_bar' (cube_backward_adjoint)
# Regenerate  gradscribe write examples/from_pytorch.py:volume --order 1 -o generated/from_pytorch
import numpy as np


def cube_backward(x, y_bar):
    return y_bar * np.polynomial.chebyshev.chebval(x, (1.5, 0.0, 1.5))


def volume_grad(x):
    """Gradient of volume with respect to x."""
    if isinstance(x, np.ndarray):
        raise TypeError("x must be a number, not an array")
    x_bar = cube_backward(x, 1.0)
    return x_bar
