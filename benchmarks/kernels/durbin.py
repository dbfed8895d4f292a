"""Durbin's recursion for the equations of Yule and Walker."""

import numpy as np

WRT = ("r",)


def primal(r):
    n = r.shape[0]
    y = np.zeros_like(r)
    alpha = -r[0]
    beta = 1.0
    y[0] = -r[0]
    for k in range(1, n):
        beta *= 1.0 - alpha * alpha
        alpha = -(r[k] + r[:k][::-1] @ y[:k]) / beta
        y[:k] += alpha * y[:k][::-1]
        y[k] = alpha
    return np.sum(y**2)


def by_hand(r):
    n = r.shape[0]
    y = np.zeros_like(r)
    alpha = -r[0]
    beta = 1.0
    y[0] = -r[0]
    saved = []
    for k in range(1, n):
        old = beta
        beta *= 1.0 - alpha * alpha
        before = y[:k].copy()
        saved.append((alpha, old, beta, before))
        alpha = -(r[k] + r[:k][::-1] @ before) / beta
        y[:k] += alpha * before[::-1]
        y[k] = alpha

    y_bar = 2 * y
    r_bar = np.zeros_like(r)
    alpha_bar = beta_bar = 0.0
    for k in reversed(range(1, n)):
        previous, old, beta, before = saved.pop()
        alpha_bar += y_bar[k]
        y_bar[k] = 0.0
        alpha_bar += y_bar[:k] @ before[::-1]
        t_bar = -alpha_bar / beta
        beta_bar += t_bar * alpha
        y_bar[:k] += alpha * y_bar[:k][::-1] + t_bar * r[:k][::-1]
        r_bar[k] += t_bar
        r_bar[:k] += t_bar * before[::-1]
        alpha_bar = -2 * beta_bar * old * previous
        beta_bar *= 1.0 - previous * previous
        alpha = previous
    r_bar[0] -= alpha_bar + y_bar[0]
    return r_bar


def arguments(scale):
    generator = np.random.default_rng(0)
    n = 120 if scale else 6
    return (0.3 * generator.normal(size=n) / (1 + np.arange(n)),)
