# Written by gradscribe 0.1.0 from examples/from_megengine.py:cosine
# Derivative  gradient with respect to x; order 1, mode auto
# Arguments   x: float32[n]
# Sources     sha256 913628205f97; rules ecb8b0e60b77
# Regenerate  gradscribe write examples/from_megengine.py:cosine --order 1 -o generated/from_megengine
import numpy as np


def cosine_grad(x):
    """Gradient of cosine with respect to x."""
    if x.ndim != 1:
        raise ValueError("expected x[n]")
    return -np.sin(x)
