# Written by gradscribe 0.1.0 from examples/from_mindspore.py:waves
# Derivative  gradient with respect to x and y; order 1, mode auto
# Arguments   x: float, y: float
# Sources     sha256 eb3354d90a1e; rules 90e65afe62d7
# Regenerate  gradscribe write examples/from_mindspore.py:waves --order 1 -o generated/from_mindspore
import numpy as np


def waves_grad(x, y):
    """Gradient of waves with respect to x and y."""
    if np.ndarray in (type(x), type(y)):
        raise TypeError("x and y must be numbers, not arrays")
    x_bar = np.cos(x) - np.sin(x)
    y_bar = np.sin(y) - np.cos(y)
    return x_bar, y_bar
