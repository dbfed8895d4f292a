# Written by gradscribe 0.1.0 from examples/listings.py:diffuse
# Derivative  gradient with respect to u; order 1, mode auto
# Arguments   u: float64[u0], steps: int
# Sources     sha256 dd8d6c60c328; rules 4c5f7096db53
# Regenerate  gradscribe write examples/listings.py:diffuse --order 1 -o generated/listings
import numpy as np


def diffuse_grad(u, steps):
    """Gradient of diffuse with respect to u."""
    if u.ndim != 1 or u.dtype != np.float64:
        raise ValueError("expected u: float64[u0]")

    u_bar = np.ones_like(u)
    for t in reversed(range(steps)):
        # u[1:-1] = (u[:-2] + u[1:-1] + u[2:]) / 3
        t_bar = u_bar[1:-1] / 3
        u_bar[1:-1] = 0.0
        u_bar[2:] += t_bar
        u_bar[1:-1] += t_bar
        u_bar[:-2] += t_bar
    return u_bar
