# Written by gradscribe 0.1.0 from examples/gaussian.py:density
# Derivative  gradient with respect to x, mu and sigma, then x, mu and sigma; order 2, mode auto
# Arguments   x: float, mu: float, sigma: float
# Sources     sha256 55f9fd9e7c11; rules 392415c2b572
# Regenerate  gradscribe write examples/gaussian.py:density -o generated/gaussian
import math

import numpy as np


def density_grad_grad(x, mu, sigma):
    """Gradient of density_grad with respect to x, mu and sigma."""
    if np.ndarray in (type(x), type(mu), type(sigma)):
        raise TypeError("x, mu and sigma must be numbers, not arrays")
    z = (x - mu) / sigma
    e = math.exp(-0.5 * z**2)
    r = math.sqrt(2 * math.pi)
    t = sigma * r
    z_bar = -e * z / t
    t_1 = -1 / sigma
    z_bar_bar = t_1 * z
    t_2 = z_bar_bar / t
    z_bar_1 = t_1 * z_bar - t_2 * e - (-r / t**2 - t_2 * z) * e * z
    x_bar = z_bar_1 / sigma
    sigma_bar = z_bar * z / sigma**2 + (2 * e * r / t**3 - z_bar_bar * z_bar / t) * r
    sigma_bar -= z_bar_1 * z / sigma
    return x_bar, -x_bar, sigma_bar
