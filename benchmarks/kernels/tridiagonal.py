"""Vertical advection: tridiagonal systems, one per column, by elimination and substitution."""

import numpy as np

WRT = ("a", "b", "c", "d")


def primal(a, b, c, d):
    levels = d.shape[0]
    cp = np.zeros_like(c)
    dp = np.zeros_like(d)
    cp[0] = c[0] / b[0]
    dp[0] = d[0] / b[0]
    for k in range(1, levels):
        m = b[k] - a[k] * cp[k - 1]
        cp[k] = c[k] / m
        dp[k] = (d[k] - a[k] * dp[k - 1]) / m
    x = np.zeros_like(d)
    x[-1] = dp[-1]
    for k in range(levels - 2, -1, -1):
        x[k] = dp[k] - cp[k] * x[k + 1]
    return np.sum(x**2)


def by_hand(a, b, c, d):
    levels = d.shape[0]
    cp = np.empty_like(c)
    dp = np.empty_like(d)
    cp[0] = c[0] / b[0]
    dp[0] = d[0] / b[0]
    for k in range(1, levels):
        m = b[k] - a[k] * cp[k - 1]
        cp[k] = c[k] / m
        dp[k] = (d[k] - a[k] * dp[k - 1]) / m
    x = np.empty_like(d)
    x[-1] = dp[-1]
    for k in reversed(range(levels - 1)):
        x[k] = dp[k] - cp[k] * x[k + 1]

    x_bar = 2 * x
    cp_bar = np.zeros_like(c)
    dp_bar = np.zeros_like(d)
    for k in range(levels - 1):
        dp_bar[k] = x_bar[k]
        cp_bar[k] = -x_bar[k] * x[k + 1]
        x_bar[k + 1] -= x_bar[k] * cp[k]
    dp_bar[-1] = x_bar[-1]
    a_bar = np.zeros_like(a)
    b_bar = np.empty_like(b)
    c_bar = np.empty_like(c)
    d_bar = np.empty_like(d)
    for k in reversed(range(1, levels)):
        m = b[k] - a[k] * cp[k - 1]
        t = dp_bar[k] / m
        s = cp_bar[k] / m
        m_bar = -t * dp[k] - s * cp[k]
        d_bar[k] = t
        c_bar[k] = s
        b_bar[k] = m_bar
        a_bar[k] = -t * dp[k - 1] - m_bar * cp[k - 1]
        dp_bar[k - 1] -= t * a[k]
        cp_bar[k - 1] -= m_bar * a[k]
    d_bar[0] = dp_bar[0] / b[0]
    c_bar[0] = cp_bar[0] / b[0]
    b_bar[0] = -d_bar[0] * dp[0] - c_bar[0] * cp[0]
    return a_bar, b_bar, c_bar, d_bar


def arguments(scale):
    generator = np.random.default_rng(0)
    shape = (40, 500) if scale else (5, 3)
    a, c, d = (generator.normal(size=shape) for _ in range(3))
    return a, 4 + generator.random(shape), c, d
