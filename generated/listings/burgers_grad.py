# Written by gradscribe 0.1.0 from examples/listings.py:burgers
# Derivative  gradient with respect to u; order 1, mode auto
# Arguments   u: float64[u0], steps: int, c: float
# Sources     sha256 4dbf44572e50; rules 92ebbfb95ba6
# Regenerate  gradscribe write examples/listings.py:burgers --order 1 -o generated/listings
import numpy as np


def burgers_grad(u, steps, c):
    """Gradient of burgers with respect to u."""
    if isinstance(c, np.ndarray):
        raise TypeError("c must be a number, not an array")
    if u.ndim != 1 or u.dtype != np.float64:
        raise ValueError("expected u: float64[u0]")
    u = u.copy()
    u_part_saved = []
    for t in range(steps):
        u_part = u[1:-1]
        u_part_saved.append(u_part.copy())
        u[1:-1] -= c * u_part * (u[2:] - u[:-2])

    u_bar = 2 * u
    for u_part in reversed(u_part_saved):
        t_bar = u_bar[1:-1].copy()
        u[1:-1] = u_part
        # u[1:-1] -= c * u[1:-1] * (u[2:] - u[:-2])
        d_bar = -c * t_bar * u[1:-1]
        u_bar[:-2] -= d_bar
        u_bar[2:] += d_bar
        u_bar[1:-1] -= c * t_bar * (u[2:] - u[:-2])
    return u_bar
