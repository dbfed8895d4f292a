# Written by gradscribe 0.1.0 from examples/from_megengine.py:two_peers
# Derivative  gradient with respect to x; order 1, mode auto
# Arguments   x: float32[n]
# Sources     sha256 b277ff6004b5; rules 19aafa7eb163
# Regenerate  gradscribe write examples/from_megengine.py:two_peers -o generated/from_megengine
import numpy as np


def two_peers_grad(x):
    """Gradient of two_peers with respect to x."""
    if x.ndim != 1:
        raise ValueError("expected x[n]")
    return -2 * np.sin(x)
