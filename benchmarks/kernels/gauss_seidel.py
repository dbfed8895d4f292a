"""Sweeps of Gauss and Seidel for Poisson's equation, point by point. Linear: nothing is saved."""

import numpy as np

WRT = ("u", "f")


def primal(u, f, weights, sweeps):
    u = u.copy()
    n, m = u.shape
    for s in range(sweeps):  # noqa: B007 - as a user writes it
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] + f[i, j])
    return np.sum(weights * u)


def by_hand(u, f, weights, sweeps):
    n, m = u.shape
    u_bar = weights.copy()
    f_bar = np.zeros_like(f)
    for _ in range(sweeps):
        for i in reversed(range(1, n - 1)):
            for j in reversed(range(1, m - 1)):
                t_bar = 0.25 * u_bar[i, j]
                u_bar[i, j] = 0.0
                u_bar[i - 1, j] += t_bar
                u_bar[i + 1, j] += t_bar
                u_bar[i, j - 1] += t_bar
                u_bar[i, j + 1] += t_bar
                f_bar[i, j] += t_bar
    return u_bar, f_bar


def arguments(scale):
    generator = np.random.default_rng(0)
    n, sweeps = (24, 4) if scale else (5, 2)
    return *(generator.normal(size=(n, n)) for _ in range(3)), sweeps
