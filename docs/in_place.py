"""The functions of docs/mutation.md."""

import numpy as np


def relax(u, steps):
    left = u[:-1]  # a view: it sees what is written below
    for _ in range(steps):
        u[1:] += 0.1 * left * u[1:]
    return np.sum(u * u)


def double(x):
    x *= 2
    return np.sum(x * x)


def scale(a, b):
    a *= 2
    return np.sum(a * b)
