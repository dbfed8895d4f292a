# Written by gradscribe 0.1.0 from examples/logistic_regression.py:objective
# Derivative  gradient with respect to theta, then theta; order 2, mode auto
# Arguments   theta: float64[k], x: float64[m, n], y: float64[m]
# Sources     sha256 ebd32dbfd4b0; rules dfa83eb821e1
# Regenerate  gradscribe write examples/logistic_regression.py:objective -o generated/logistic_regression
import numpy as np

PENALTY = 0.01


def objective_grad_grad(theta, x, y):
    """Gradient of objective_grad with respect to theta."""
    if theta.ndim != 1 or x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError("expected theta[k], x[m, n], y[m]")
    z = x @ theta[1:] + theta[0]
    t = np.exp(z - np.logaddexp(0, z))
    theta_part_bar_bar = np.ones_like(theta)[1:]
    z_bar = (x @ theta_part_bar_bar + 1) / z.size * t
    z_bar -= z_bar * t
    theta_bar = np.zeros_like(theta)
    theta_bar[0] = np.sum(z_bar)
    theta_bar[1:] = PENALTY * theta_part_bar_bar + x.T @ z_bar
    return theta_bar
