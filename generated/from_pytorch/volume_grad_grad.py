# Written by gradscribe 0.1.0 from examples/from_pytorch.py:volume
# Derivative  gradient with respect to x, then x; order 2, mode auto
# Arguments   x: float
# Sources     sha256 0dbdab120700; rules e3b0c44298fc
# Rules       from_pytorch.cube: @adjoint of 'x' (cube_adjoint)
# Rules       from_pytorch.cube_backward: @adjoint of 'x', 'y_bar' (cube_backward_adjoint)
# Regenerate  gradscribe write examples/from_pytorch.py:volume -o generated/from_pytorch
import numpy as np


def volume_grad_grad(x):
    """Gradient of volume_grad with respect to x."""
    if isinstance(x, np.ndarray):
        raise TypeError("x must be a number, not an array")
    return 6.0 * x
