"""Cholesky's factorisation in triangular loops, in place.

The adjoint reads the factor alone: S. P. Smith, "Differentiation of the Cholesky algorithm", 1995.
"""

import numpy as np

WRT = ("a",)


def primal(a):
    a = a.copy()
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            a[i, j] -= a[i, :j] @ a[j, :j]
            a[i, j] /= a[j, j]
        a[i, i] = np.sqrt(a[i, i] - a[i, :i] @ a[i, :i])
    return np.sum(np.tril(a) ** 3)


def by_hand(a):
    a = a.copy()
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            a[i, j] -= a[i, :j] @ a[j, :j]
            a[i, j] /= a[j, j]
        a[i, i] = np.sqrt(a[i, i] - a[i, :i] @ a[i, :i])

    a_bar = 3 * np.tril(a) ** 2
    for i in reversed(range(n)):
        t_bar = 0.5 * a_bar[i, i] / a[i, i]
        a_bar[i, i] = t_bar
        a_bar[i, :i] -= 2 * t_bar * a[i, :i]
        for j in reversed(range(i)):
            t_bar = a_bar[i, j] / a[j, j]
            a_bar[i, j] = t_bar
            a_bar[j, j] -= t_bar * a[i, j]
            a_bar[i, :j] -= t_bar * a[j, :j]
            a_bar[j, :j] -= t_bar * a[i, :j]
    return a_bar


def arguments(scale):
    generator = np.random.default_rng(0)
    n = 40 if scale else 5
    root = generator.normal(size=(n, n))
    return (root @ root.T + n * np.eye(n),)
