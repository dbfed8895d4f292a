"""What the README and the pages here take as examples."""

import numpy as np


def energy(x, k):
    return k * np.sum(x**2) / 2


def solve(w, y):
    s = np.linalg.tensorsolve(w, y)
    return np.sum(s**2)


def rosenbrock(x, b=100.0):
    return np.sum(b * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def equations(x):
    return np.array([x[0] * np.cos(x[1]) - 4, x[1] * x[0] - x[1] - 5])


def decay(t, amplitude, rate):
    return amplitude * np.exp(-rate * t)


def misfit(w, x, y):
    return np.mean((np.tanh(x @ w) - y) ** 2)
