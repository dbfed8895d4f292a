# Written by gradscribe 0.1.0 from examples/from_megengine.py:both
# Derivative  jacobian with respect to x; order 1, mode auto
# Arguments   x: float32[n]
# Sources     sha256 7c82d2086ebe; rules 51866da8ccc3
# Regenerate  gradscribe write examples/from_megengine.py:both --jacobian -o generated/from_megengine
import numpy as np


def both_jacobian(x):
    """Jacobian of both with respect to x."""
    if x.ndim != 1:
        raise ValueError("expected x[n]")
    y = np.cos(x)
    t = np.sin(x)
    x_bar = -t
    x_bar_1 = -2 * y * t
    return x_bar, x_bar_1
