# Written by gradscribe 0.1.0 from examples/listings.py:cube
# Derivative  gradient with respect to x, then x; order 2, mode auto
# Arguments   x: float
# Sources     sha256 6f90de528984; rules 142378ca4838
# Regenerate  gradscribe write examples/listings.py:cube -o generated/listings
import numpy as np


def cube_grad_grad(x):
    """Gradient of cube_grad with respect to x."""
    if isinstance(x, np.ndarray):
        raise TypeError("x must be a number, not an array")
    return 6 * x
