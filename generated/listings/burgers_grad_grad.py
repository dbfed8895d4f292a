# Written by gradscribe 0.1.0 from examples/listings.py:burgers
# Derivative  gradient with respect to u, then u; order 2, mode auto
# Arguments   u: float64[u0], steps: int, c: float
# Sources     sha256 7ce067a9f6f0; rules c82fabfefa37
# Regenerate  gradscribe write examples/listings.py:burgers -o generated/listings
import numpy as np


def burgers_grad_grad(u, steps, c):
    """Gradient of burgers_grad with respect to u."""
    if isinstance(c, np.ndarray):
        raise TypeError("c must be a number, not an array")
    if u.ndim != 1 or u.dtype != np.float64:
        raise ValueError("expected u: float64[u0]")
    u_1 = u.copy()
    u_part_saved = []
    for t in range(steps):
        u_part = u_1[1:-1]
        u_part_saved.append(u_part.copy())
        u_1[1:-1] -= c * u_part * (u_1[2:] - u_1[:-2])

    # reverse sweep of burgers
    u_bar = 2 * u_1
    u_2 = u_1.copy()
    t_bar_saved = []
    u_old_saved = []
    for u_part in reversed(u_part_saved):
        t_bar = u_bar[1:-1].copy()
        t_bar_saved.append(t_bar)
        u_old_saved.append(u_2[1:-1].copy())
        u_2[1:-1] = u_part
        d_bar = -c * t_bar * u_2[1:-1]
        u_bar[:-2] -= d_bar
        u_bar[2:] += d_bar
        u_bar[1:-1] -= c * t_bar * (u_2[2:] - u_2[:-2])

    # reverse of the reverse sweep of burgers
    u_bar_bar = np.ones_like(u)
    u_bar = np.zeros_like(u)
    s_saved = []
    for t_bar, u_old in zip(reversed(t_bar_saved), reversed(u_old_saved)):
        t_1 = -c * t_bar
        u_part_bar_bar = u_bar_bar[1:-1]
        d_bar = u_part_bar_bar * t_1
        d_bar_bar = u_bar_bar[2:] - u_bar_bar[:-2]
        t_bar_bar = -c * u_part_bar_bar * (u_2[2:] - u_2[:-2])
        u_bar[1:-1] += d_bar_bar * t_1
        u_bar[:-2] -= d_bar
        u_bar[2:] += d_bar
        s_saved.append(u_bar[1:-1].copy())
        u_bar[1:-1] = 0.0
        u_bar_bar[1:-1] += t_bar_bar - c * d_bar_bar * u_2[1:-1]
        u_2[1:-1] = u_old
    u_bar += 2 * u_bar_bar

    # reverse of the forward sweep
    for u_part, s in zip(reversed(u_part_saved), reversed(s_saved)):
        t_bar = u_bar[1:-1]
        u_1[1:-1] = u_part
        d_bar = -c * t_bar * u_1[1:-1]
        t_1 = c * t_bar
        u_bar[:-2] -= d_bar
        u_bar[2:] += d_bar
        u_bar[1:-1] += s - t_1 * (u_1[2:] - u_1[:-2])
    return u_bar
