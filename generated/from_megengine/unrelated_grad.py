# Written by gradscribe 0.1.0 from examples/from_megengine.py:unrelated
# Derivative  gradient with respect to x; order 1, mode auto
# Arguments   x: float32[n], y: float32[n]
# Sources     sha256 1a2fa329623b; rules e3b0c44298fc
# Note        the result does not depend on x: its gradient is zero
# Regenerate  gradscribe write examples/from_megengine.py:unrelated -o generated/from_megengine
import numpy as np


def unrelated_grad(x, y):
    """Gradient of unrelated with respect to x."""
    if x.ndim != 1 or y.ndim != 1:
        raise ValueError("expected x[n], y[n]")
    return np.zeros_like(x)
