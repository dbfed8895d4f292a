# Written by gradscribe 0.1.0 from examples/from_mindspore.py:sine_and_cosine
# Derivative  gradient with respect to x; order 1, mode auto
# Arguments   x: float
# Sources     sha256 f7c52fcdc5d5; rules 6514524f611d
# Regenerate  gradscribe write examples/from_mindspore.py:sine_and_cosine --order 1 -o generated/from_mindspore
import numpy as np


def sine_and_cosine_grad(x):
    """Gradient of sine_and_cosine with respect to x."""
    if isinstance(x, np.ndarray):
        raise TypeError("x must be a number, not an array")
    return np.cos(x) - np.sin(x)
