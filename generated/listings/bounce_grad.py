# Written by gradscribe 0.1.0 from examples/listings.py:bounce
# Derivative  gradient with respect to x, v and dt; order 1, mode auto
# Arguments   x: float, v: float, dt: float
# Sources     sha256 961d65d3dea9; rules ac871b93cdff
# Regenerate  gradscribe write examples/listings.py:bounce --order 1 -o generated/listings
import numpy as np


def bounce_grad(x, v, dt):
    """Gradient of bounce with respect to x, v and dt."""
    if np.ndarray in (type(x), type(v), type(dt)):
        raise TypeError("x, v and dt must be numbers, not arrays")
    test_saved = []
    v_saved = []
    while x > 0:
        v -= 9.81 * dt
        test = v < -5.0
        test_saved.append(test)
        if test:
            v = 0.5 * v
        v_saved.append(v)
        x += v * dt

    v_bar = x
    x_bar = v
    dt_bar = 0.0
    for test, v in zip(reversed(test_saved), reversed(v_saved)):
        # x = x + v * dt
        v_bar += x_bar * dt
        if test:
            # v = 0.5 * v
            v_bar *= 0.5
        # v = v - 9.81 * dt
        dt_bar += x_bar * v - 9.81 * v_bar
    return x_bar, v_bar, dt_bar
