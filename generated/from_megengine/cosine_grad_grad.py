# Written by gradscribe 0.1.0 from examples/from_megengine.py:cosine
# Derivative  gradient with respect to x, then x; order 2, mode auto
# Arguments   x: float32[n]
# Sources     sha256 1ae757782e5d; rules 2ef71aada277
# Regenerate  gradscribe write examples/from_megengine.py:cosine -o generated/from_megengine
import numpy as np


def cosine_grad_grad(x):
    """Gradient of cosine_grad with respect to x."""
    if x.ndim != 1:
        raise ValueError("expected x[n]")
    return -np.ones_like(x) * np.cos(x)
