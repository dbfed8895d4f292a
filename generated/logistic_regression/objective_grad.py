# Written by gradscribe 0.1.0 from examples/logistic_regression.py:objective
# Derivative  gradient with respect to theta; order 1, mode auto
# Arguments   theta: float64[k], x: float64[m, n], y: float64[m]
# Sources     sha256 543b202ce82a; rules fc5bd4a2a60e
# Regenerate  gradscribe write examples/logistic_regression.py:objective --order 1 -o generated/logistic_regression
import numpy as np

PENALTY = 0.01


def objective_grad(theta, x, y):
    """Gradient of objective with respect to theta."""
    if theta.ndim != 1 or x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError("expected theta[k], x[m, n], y[m]")
    theta_part = theta[1:]
    z = x @ theta_part + theta[0]

    # return np.mean(np.logaddexp(0, z) - y * z) + PENALTY * np.sum(weights**…
    z_bar = np.exp(z - np.logaddexp(0, z)) / z.size - y / z.size

    # return loss(theta[1:], theta[0], x, y)
    theta_bar = np.zeros_like(theta)
    theta_bar[0] = np.sum(z_bar)
    theta_bar[1:] = PENALTY * theta_part + x.T @ z_bar
    return theta_bar
