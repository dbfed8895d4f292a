# Written by gradscribe 0.1.0 from examples/listings.py:diffuse
# Derivative  gradient with respect to u, then u; order 2, mode auto
# Arguments   u: float64[u0], steps: int
# Sources     sha256 709da47bf289; rules 4c5f7096db53
# Note        the result does not depend on u: its gradient is zero
# Regenerate  gradscribe write examples/listings.py:diffuse -o generated/listings
import numpy as np


def diffuse_grad_grad(u, steps):
    """Gradient of diffuse_grad with respect to u."""
    if u.ndim != 1 or u.dtype != np.float64:
        raise ValueError("expected u: float64[u0]")
    return np.zeros_like(u)
