# Written by gradscribe 0.1.0 from examples/from_mindspore.py:waves
# Derivative  gradient with respect to x and y, then x and y; order 2, mode auto
# Arguments   x: float, y: float
# Sources     sha256 def1f498c055; rules 90e65afe62d7
# Regenerate  gradscribe write examples/from_mindspore.py:waves -o generated/from_mindspore
import numpy as np


def waves_grad_grad(x, y):
    """Gradient of waves_grad with respect to x and y."""
    if np.ndarray in (type(x), type(y)):
        raise TypeError("x and y must be numbers, not arrays")
    x_bar = -np.sin(x) - np.cos(x)
    y_bar = np.cos(y) + np.sin(y)
    return x_bar, y_bar
