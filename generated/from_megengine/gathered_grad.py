# Written by gradscribe 0.1.0 from examples/from_megengine.py:gathered
# Derivative  gradient with respect to x; order 1, mode auto
# Arguments   x: float32[n]
# Sources     sha256 c10e259a1576; rules 274c52fb6128
# Regenerate  gradscribe write examples/from_megengine.py:gathered -o generated/from_megengine
import numpy as np


def gathered_grad(x):
    """Gradient of gathered with respect to x."""
    if x.ndim != 1:
        raise ValueError("expected x[n]")
    return -2 * np.ones_like(x) * np.cos(x)
