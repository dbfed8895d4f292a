"""Maxwell's equations on Yee's grid: three fields that take turns. Linear: nothing is saved."""

import numpy as np

WRT = ("ex", "ey", "hz", "source")


def primal(ex, ey, hz, source, weights):
    ex, ey, hz = ex.copy(), ey.copy(), hz.copy()
    for t in range(len(source)):
        ey[0, :] = source[t]
        ey[1:, :] -= 0.5 * (hz[1:, :] - hz[:-1, :])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])
    return np.sum(weights * hz)


def by_hand(ex, ey, hz, source, weights):
    ex_bar = np.zeros_like(ex)
    ey_bar = np.zeros_like(ey)
    hz_bar = weights.copy()
    source_bar = np.zeros_like(source)
    for t in reversed(range(len(source))):
        t_bar = 0.7 * hz_bar[:-1, :-1]
        ex_bar[:-1, 1:] -= t_bar
        ex_bar[:-1, :-1] += t_bar
        ey_bar[1:, :-1] -= t_bar
        ey_bar[:-1, :-1] += t_bar
        t_bar = 0.5 * ex_bar[:, 1:]
        hz_bar[:, 1:] -= t_bar
        hz_bar[:, :-1] += t_bar
        t_bar = 0.5 * ey_bar[1:, :]
        hz_bar[1:, :] -= t_bar
        hz_bar[:-1, :] += t_bar
        source_bar[t] = np.sum(ey_bar[0, :])
        ey_bar[0, :] = 0
    return ex_bar, ey_bar, hz_bar, source_bar


def arguments(scale):
    generator = np.random.default_rng(0)
    n, steps = (100, 40) if scale else (5, 3)
    fields = (generator.normal(size=(n, n)) for _ in range(3))
    return *fields, generator.normal(size=steps), generator.normal(size=(n, n))
