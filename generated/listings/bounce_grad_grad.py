# Written by gradscribe 0.1.0 from examples/listings.py:bounce
# Derivative  gradient with respect to x, v and dt, then x, v and dt; order 2, mode auto
# Arguments   x: float, v: float, dt: float
# Sources     sha256 351750b7b4dd; rules 816df5aaa1c8
# Regenerate  gradscribe write examples/listings.py:bounce -o generated/listings
import numpy as np


def bounce_grad_grad(x, v, dt):
    """Gradient of bounce_grad with respect to x, v and dt."""
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

    # reverse sweep of bounce
    x_bar = v
    x_bar_saved = []
    for test in reversed(test_saved):
        x_bar_saved.append(x_bar)

    # reverse of the reverse sweep of bounce
    v_bar_bar = 1.0
    x_bar_bar = 1.0
    dt_bar = 0.0
    s_saved = []
    for test, x_bar, v in zip(test_saved, reversed(x_bar_saved), v_saved):
        s_saved.append(x_bar)
        v_bar_bar -= 9.81
        if test:
            v_bar_bar *= 0.5
        x_bar_bar += v + v_bar_bar * dt
        dt_bar += v_bar_bar * x_bar

    # reverse of the forward sweep
    v_bar = x_bar_bar
    for test, v, s in zip(reversed(test_saved), reversed(v_saved), reversed(s_saved)):
        v_bar += s + v_bar_bar * dt
        if test:
            v_bar *= 0.5
        dt_bar += v_bar_bar * v - 9.81 * v_bar
    return v_bar_bar, v_bar, dt_bar
