# Written by gradscribe 0.1.0 from examples/from_megengine.py:slope
# Derivative  gradient with respect to x; order 1, mode auto
# Arguments   x: float32[n]
# Sources     sha256 d9bd88910705; rules 2ef71aada277
# Regenerate  gradscribe write examples/from_megengine.py:slope -o generated/from_megengine
import numpy as np


def slope_grad(x):
    """Gradient of slope with respect to x."""
    if x.ndim != 1:
        raise ValueError("expected x[n]")
    return -np.ones_like(x) * np.cos(x)
