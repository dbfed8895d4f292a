"""A chain of products with a matrix and its transpose."""

import numpy as np

WRT = ("a", "x")


def primal(a, x):
    return np.sum((x @ a.T @ a) ** 2)


def by_hand(a, x):
    y = x @ a.T
    z_bar = 2 * (y @ a)
    y_bar = z_bar @ a.T
    a_bar = y.T @ z_bar
    a_bar += y_bar.T @ x
    return a_bar, y_bar @ a


def arguments(scale):
    generator = np.random.default_rng(0)
    n, m, rows = (80, 60, 100) if scale else (4, 3, 2)
    return generator.normal(size=(n, m)), generator.normal(size=(rows, m))
