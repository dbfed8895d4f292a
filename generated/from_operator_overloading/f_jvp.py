# Written by gradscribe 0.1.0 from examples/from_operator_overloading.py:f
# Derivative  jvp with respect to x1 and x2; order 1, mode auto
# Arguments   x1: float, x2: float
# Sources     sha256 bffc0f6e32a1; rules a605d29e8a99
# Regenerate  gradscribe write examples/from_operator_overloading.py:f --jvp -o generated/from_operator_overloading
import math

import numpy as np


def f_jvp(x1, x2, x1_dot, x2_dot):
    """Value and tangent of f."""
    if np.ndarray in (type(x1), type(x2), type(x1_dot), type(x2_dot)):
        raise TypeError("x1, x2, x1_dot and x2_dot must be numbers, not arrays")
    f_dot = x1_dot / x1 + x2 * x1_dot + x1 * x2_dot - math.cos(x2) * x2_dot
    return math.log(x1) + x1 * x2 - math.sin(x2), f_dot
