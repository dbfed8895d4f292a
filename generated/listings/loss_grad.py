# Written by gradscribe 0.1.0 from examples/listings.py:loss
# Derivative  gradient with respect to w and b; order 1, mode auto
# Arguments   w: float64[w0], b: float, x: float64[x0, x1], y: float64[x0]
# Sources     sha256 b1b46a5998ca; rules 7ceb39c22b68
# Regenerate  gradscribe write examples/listings.py:loss --order 1 -o generated/listings
import numpy as np


def loss_grad(w, b, x, y):
    """Gradient of loss with respect to w and b."""
    if isinstance(b, np.ndarray):
        raise TypeError("b must be a number, not an array")
    if w.ndim != 1 or x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError("expected w[w0], x[x0, x1], y[x0]")
    e = np.exp(-(x @ w + b))
    p = 1 / (1 + e)

    # p = 1 / (1 + np.exp(-(x @ w + b)))
    t_bar = ((1 - y) / y.size / (1 - p) - y / y.size / p) * p**2 * e
    w_bar = x.T @ t_bar
    b_bar = np.sum(t_bar)
    return w_bar, b_bar
