# Written by gradscribe 0.1.0 from examples/from_megengine.py:forward_by_two_reverses
# Derivative  gradient with respect to x_dot; order 1, mode auto
# Arguments   x: float32[n], x_dot: float32[n]
# Sources     sha256 3af28a130460; rules 0851878566ff
# Regenerate  gradscribe write examples/from_megengine.py:forward_by_two_reverses -o generated/from_megengine
import numpy as np


def forward_by_two_reverses_grad(x, x_dot):
    """Gradient of forward_by_two_reverses with respect to x_dot."""
    if x.ndim != 1 or x_dot.ndim != 1:
        raise ValueError("expected x[n], x_dot[n]")
    return -np.sin(x)
