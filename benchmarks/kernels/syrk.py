"""A symmetric update of rank k, row by row of the lower triangle."""

import numpy as np

WRT = ("alpha", "beta", "c", "a")


def primal(alpha, beta, c, a):
    c = c.copy()
    n, m = a.shape
    for i in range(n):
        c[i, : i + 1] *= beta
        for k in range(m):
            c[i, : i + 1] += alpha * a[i, k] * a[: i + 1, k]
    return np.sum(c**2)


def by_hand(alpha, beta, c, a):
    start = c
    c = c.copy()
    n, m = a.shape
    for i in range(n):
        c[i, : i + 1] *= beta
        for k in range(m):
            c[i, : i + 1] += alpha * a[i, k] * a[: i + 1, k]

    c_bar = 2 * c
    a_bar = np.zeros_like(a)
    alpha_bar = beta_bar = 0.0
    for i in reversed(range(n)):
        row_bar = c_bar[i, : i + 1]
        for k in reversed(range(m)):
            t_bar = row_bar @ a[: i + 1, k]
            alpha_bar += t_bar * a[i, k]
            a_bar[i, k] += t_bar * alpha
            a_bar[: i + 1, k] += row_bar * (alpha * a[i, k])
        beta_bar += row_bar @ start[i, : i + 1]
        row_bar *= beta
    return alpha_bar, beta_bar, c_bar, a_bar


def arguments(scale):
    generator = np.random.default_rng(0)
    n, m = (40, 20) if scale else (4, 3)
    return 1.5, 1.2, generator.normal(size=(n, n)), generator.normal(size=(n, m))
