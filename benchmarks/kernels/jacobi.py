"""Jacobi's iteration on a plate, in two buffers that swap. Linear: nothing is saved."""

import numpy as np

WRT = ("u",)


def primal(u, weights, steps):
    u = u.copy()
    v = u.copy()
    for t in range(steps):  # noqa: B007 - as a user writes it
        v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
        u, v = v, u
    return np.sum(weights * u)


def by_hand(u, weights, steps):
    u_bar = weights.copy()
    v_bar = np.zeros_like(u)
    for _ in range(steps):
        u_bar, v_bar = v_bar, u_bar
        t_bar = 0.25 * v_bar[1:-1, 1:-1]
        v_bar[1:-1, 1:-1] = 0
        u_bar[:-2, 1:-1] += t_bar
        u_bar[2:, 1:-1] += t_bar
        u_bar[1:-1, :-2] += t_bar
        u_bar[1:-1, 2:] += t_bar
    u_bar += v_bar
    return u_bar


def arguments(scale):
    generator = np.random.default_rng(0)
    n, steps = (120, 40) if scale else (6, 3)
    return generator.normal(size=(n, n)), generator.normal(size=(n, n)), steps
