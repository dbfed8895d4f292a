# Written by gradscribe 0.1.0 from examples/listings.py:newton_sqrt
# Derivative  gradient with respect to a, then a; order 2, mode reverse
# Arguments   a: float, n: int
# Sources     sha256 89c8a9dddc76; rules f0a9632ea1ef
# Regenerate  gradscribe write examples/listings.py:newton_sqrt -o generated/listings
import numpy as np


def newton_sqrt_grad_grad(a, n):
    """Gradient of newton_sqrt_grad with respect to a."""
    if isinstance(a, np.ndarray):
        raise TypeError("a must be a number, not an array")
    x = a
    x_saved = []
    for i in range(n):
        x_saved.append(x)
        x = 0.5 * (x + a / x)

    # reverse sweep of newton_sqrt
    x_bar = 1.0
    t_bar_saved = []
    for x in reversed(x_saved):
        t_bar = 0.5 * x_bar
        t_bar_saved.append(t_bar)
        x_bar = t_bar - t_bar * a / x**2

    # reverse of the reverse sweep of newton_sqrt
    x_bar_bar = 1.0
    a_bar = 0.0
    s_saved = []
    for x, t_bar in zip(x_saved, reversed(t_bar_saved)):
        t = -x_bar_bar / x**2
        a_bar += t * t_bar
        s_saved.append(2 * x_bar_bar * t_bar * a / x**3 - t_bar / x**2)
        x_bar_bar = 0.5 * (x_bar_bar + t * a + 1 / x)

    # reverse of the forward sweep
    x_bar = 0.0
    for x, s in zip(reversed(x_saved), reversed(s_saved)):
        t_bar = 0.5 * x_bar
        a_bar += t_bar / x
        x_bar = s + t_bar - t_bar * a / x**2
    return a_bar + x_bar
