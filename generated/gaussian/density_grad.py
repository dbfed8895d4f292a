# Written by gradscribe 0.1.0 from examples/gaussian.py:density
# Derivative  gradient with respect to x, mu and sigma; order 1, mode auto
# Arguments   x: float, mu: float, sigma: float
# Sources     sha256 1549f69db35c; rules 1d5b6660a1d8
# Regenerate  gradscribe write examples/gaussian.py:density --order 1 -o generated/gaussian
import math

import numpy as np


def density_grad(x, mu, sigma):
    """Gradient of density with respect to x, mu and sigma."""
    if np.ndarray in (type(x), type(mu), type(sigma)):
        raise TypeError("x, mu and sigma must be numbers, not arrays")
    z = (x - mu) / sigma
    e = math.exp(-0.5 * z**2)
    r = math.sqrt(2 * math.pi)
    t = sigma * r

    # return math.exp(-0.5 * z**2) / (sigma * math.sqrt(2 * math.pi))
    z_bar = -e * z / t

    # z = (x - mu) / sigma
    x_bar = z_bar / sigma
    sigma_bar = -e * r / t**2 - z_bar * z / sigma
    return x_bar, -x_bar, sigma_bar
