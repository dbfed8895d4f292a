# Written by gradscribe 0.1.0 from examples/from_mindspore.py:square_stopped
# Derivative  gradient with respect to x, then x; order 2, mode auto
# Arguments   x: float
# Sources     sha256 7bc06fe82bf0; rules cd600a0264c8
# Note        the result does not depend on x: its gradient is zero
# Regenerate  gradscribe write examples/from_mindspore.py:square_stopped -o generated/from_mindspore
import numpy as np


def square_stopped_grad_grad(x):
    """Gradient of square_stopped_grad with respect to x."""
    if isinstance(x, np.ndarray):
        raise TypeError("x must be a number, not an array")
    return 0.0
