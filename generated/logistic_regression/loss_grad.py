# Written by gradscribe 0.1.0 from examples/logistic_regression.py:loss
# Derivative  gradient with respect to weights; order 1, mode auto
# Arguments   weights: float64[n], bias: float, x: float64[m, n], y: float64[m]
# Sources     sha256 7a66377ef8f7; rules fc5bd4a2a60e
# Regenerate  gradscribe write examples/logistic_regression.py:loss -o generated/logistic_regression
import numpy as np

PENALTY = 0.01


def loss_grad(weights, bias, x, y):
    """Gradient of loss with respect to weights."""
    if isinstance(bias, np.ndarray):
        raise TypeError("bias must be a number, not an array")
    if weights.ndim != 1 or x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError("expected weights[n], x[m, n], y[m]")
    z = x @ weights + bias

    # z = x @ weights + bias
    t = x.T @ (np.exp(z - np.logaddexp(0, z)) / z.size - y / z.size)
    return PENALTY * weights + t
