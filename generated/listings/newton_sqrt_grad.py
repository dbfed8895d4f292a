# Written by gradscribe 0.1.0 from examples/listings.py:newton_sqrt
# Derivative  gradient with respect to a; order 1, mode reverse
# Arguments   a: float, n: int
# Sources     sha256 1cf5bbe63cc8; rules a8c17d029fc4
# Regenerate  gradscribe write examples/listings.py:newton_sqrt --order 1 -o generated/listings
import numpy as np


def newton_sqrt_grad(a, n):
    """Gradient of newton_sqrt with respect to a."""
    if isinstance(a, np.ndarray):
        raise TypeError("a must be a number, not an array")
    x = a
    x_saved = []
    for i in range(n):
        x_saved.append(x)
        x = 0.5 * (x + a / x)

    x_bar = 1.0
    a_bar = 0.0
    for x in reversed(x_saved):
        t_bar = 0.5 * x_bar
        a_bar += t_bar / x
        x_bar = t_bar - t_bar * a / x**2
    return a_bar + x_bar
