# Written by gradscribe 0.1.0 from examples/listings.py:loss
# Derivative  gradient with respect to w and b, then w and b; order 2, mode auto
# Arguments   w: float64[w0], b: float, x: float64[x0, x1], y: float64[x0]
# Sources     sha256 9e2642d2213c; rules 1e709caa1841
# Regenerate  gradscribe write examples/listings.py:loss -o generated/listings
import numpy as np


def loss_grad_grad(w, b, x, y):
    """Gradient of loss_grad with respect to w and b."""
    if isinstance(b, np.ndarray):
        raise TypeError("b must be a number, not an array")
    if w.ndim != 1 or x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError("expected w[w0], x[x0, x1], y[x0]")
    e = np.exp(-(x @ w + b))
    p = 1 / (1 + e)
    d = 1 - p
    p_bar = (1 - y) / y.size / d
    t = y / y.size / p
    p_bar_1 = p_bar - t
    t_bar_bar = x @ np.ones_like(w) + 1
    t_1 = t_bar_bar * e
    p_bar_bar = t_1 * p**2
    p_bar_2 = 2 * t_1 * p_bar_1 * p
    p_bar_2 += p_bar_bar * t / p
    p_bar_2 += p_bar_bar * p_bar / d
    t_bar = (p_bar_2 * p**2 - t_bar_bar * p_bar_1 * p**2) * e
    w_bar = x.T @ t_bar
    b_bar = np.sum(t_bar)
    return w_bar, b_bar
