"""Doolittle's factorisation in triangular loops, in place. The adjoint reads the factors alone."""

import numpy as np

WRT = ("a",)


def primal(a):
    a = a.copy()
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            a[i, j] -= a[i, :j] @ a[:j, j]
            a[i, j] /= a[j, j]
        for j in range(i, n):
            a[i, j] -= a[i, :i] @ a[:i, j]
    return np.sum(a**2)


def by_hand(a):
    a = a.copy()
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            a[i, j] -= a[i, :j] @ a[:j, j]
            a[i, j] /= a[j, j]
        for j in range(i, n):
            a[i, j] -= a[i, :i] @ a[:i, j]

    a_bar = 2 * a
    for i in reversed(range(n)):
        for j in reversed(range(i, n)):
            t_bar = a_bar[i, j]
            a_bar[i, :i] -= t_bar * a[:i, j]
            a_bar[:i, j] -= t_bar * a[i, :i]
        for j in reversed(range(i)):
            t_bar = a_bar[i, j] / a[j, j]
            a_bar[i, j] = t_bar
            a_bar[j, j] -= t_bar * a[i, j]
            a_bar[i, :j] -= t_bar * a[:j, j]
            a_bar[:j, j] -= t_bar * a[i, :j]
    return a_bar


def arguments(scale):
    generator = np.random.default_rng(0)
    n = 30 if scale else 5
    return (generator.normal(size=(n, n)) + n * np.eye(n),)
