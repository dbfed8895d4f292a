# Written by gradscribe 0.1.0 from examples/from_mindspore.py:sine_and_cosine
# Derivative  gradient with respect to x, then x; order 2, mode auto
# Arguments   x: float
# Sources     sha256 17f1103847b4; rules 90e65afe62d7
# Regenerate  gradscribe write examples/from_mindspore.py:sine_and_cosine -o generated/from_mindspore
import numpy as np


def sine_and_cosine_grad_grad(x):
    """Gradient of sine_and_cosine_grad with respect to x."""
    if isinstance(x, np.ndarray):
        raise TypeError("x must be a number, not an array")
    return -np.sin(x) - np.cos(x)
