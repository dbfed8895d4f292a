# Written by gradscribe 0.1.0 from examples/from_mindspore.py:sine
# Derivative  gradient with respect to x; order 1, mode auto
# Arguments   x: float
# Sources     sha256 07ba703449c6; rules 3aa3f8759001
# Regenerate  gradscribe write examples/from_mindspore.py:sine --order 1 -o generated/from_mindspore
import numpy as np


def sine_grad(x):
    """Gradient of sine with respect to x."""
    if isinstance(x, np.ndarray):
        raise TypeError("x must be a number, not an array")
    return np.cos(x)
