# Written by gradscribe 0.1.0 from examples/from_operator_overloading.py:f
# Derivative  gradient with respect to x1 and x2; order 1, mode auto
# Arguments   x1: float, x2: float
# Sources     sha256 ac87fd179d0e; rules a605d29e8a99
# Regenerate  gradscribe write examples/from_operator_overloading.py:f -o generated/from_operator_overloading
import math

import numpy as np


def f_grad(x1, x2):
    """Gradient of f with respect to x1 and x2."""
    if np.ndarray in (type(x1), type(x2)):
        raise TypeError("x1 and x2 must be numbers, not arrays")
    x1_bar = x2 + 1 / x1
    x2_bar = x1 - math.cos(x2)
    return x1_bar, x2_bar
