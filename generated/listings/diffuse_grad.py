# Written by gradscribe 0.1.0 from examples/listings.py:diffuse
# Derivative  gradient with respect to u; order 1, mode auto
# Arguments   u: float64[u0], steps: int
# Sources     sha256 dd8d6c60c328; rules 1414aa30912c
# Regenerate  gradscribe write examples/listings.py:diffuse --order 1 -o generated/listings
import numpy as np


def diffuse_grad(u, steps):
    """Gradient of diffuse with respect to u."""
    if u.ndim != 1 or u.dtype != np.float64:
        raise ValueError("expected u: float64[u0]")

    u_bar = np.ones_like(u)
    for t in reversed(range(steps)):
        value_bar = u_bar[1:-1].copy()
        # u[1:-1] = (u[:-2] + u[1:-1] + u[2:]) / 3
        u_bar[1:-1] = 0.0
        t_bar = value_bar / 3
        u_bar[2:] += t_bar
        u_bar[1:-1] += t_bar
        u_bar[:-2] += t_bar
    return u_bar
