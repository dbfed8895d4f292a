"""Rules: NumPy's functions that choose between their arguments, entry by entry.

They mask the cotangent itself instead of multiplying it by zero, so that an infinite cotangent of
the entry not taken leaves no NaN. Each is zero in the outermost ``where``: so factors go inside it.
"""

from __future__ import annotations

import numpy as np

from gradscribe.rules.declare import adjoint, linear, tangent


@linear(np.where, ("a", "b"))
def where(condition, *, y_bar):
    return np.where(condition, y_bar, 0), np.where(condition, 0, y_bar)


# Where the two arguments are equal, each has half of the derivative.


@tangent(np.maximum, "x1")
def maximum_1_tangent(x1, x2, *, x1_dot):
    return np.where(x1 < x2, 0, np.where(x1 == x2, 0.5 * x1_dot, x1_dot))


@adjoint(np.maximum, "x1")
def maximum_1_adjoint(x1, x2, *, y_bar):
    return np.where(x1 < x2, 0, np.where(x1 == x2, 0.5 * y_bar, y_bar))


@tangent(np.maximum, "x2")
def maximum_2_tangent(x1, x2, *, x2_dot):
    return np.where(x2 < x1, 0, np.where(x2 == x1, 0.5 * x2_dot, x2_dot))


@adjoint(np.maximum, "x2")
def maximum_2_adjoint(x1, x2, *, y_bar):
    return np.where(x2 < x1, 0, np.where(x2 == x1, 0.5 * y_bar, y_bar))


@tangent(np.minimum, "x1")
def minimum_1_tangent(x1, x2, *, x1_dot):
    return np.where(x1 > x2, 0, np.where(x1 == x2, 0.5 * x1_dot, x1_dot))


@adjoint(np.minimum, "x1")
def minimum_1_adjoint(x1, x2, *, y_bar):
    return np.where(x1 > x2, 0, np.where(x1 == x2, 0.5 * y_bar, y_bar))


@tangent(np.minimum, "x2")
def minimum_2_tangent(x1, x2, *, x2_dot):
    return np.where(x2 > x1, 0, np.where(x2 == x1, 0.5 * x2_dot, x2_dot))


@adjoint(np.minimum, "x2")
def minimum_2_adjoint(x1, x2, *, y_bar):
    return np.where(x2 > x1, 0, np.where(x2 == x1, 0.5 * y_bar, y_bar))


for _function in (np.fmax, np.fmin):  # the one that is a number, if only one is

    @tangent(_function, "x1")
    def fmax_1_tangent(x1, x2, *, y, x1_dot):
        return np.where(x1 != y, 0, np.where(x1 == x2, 0.5 * x1_dot, x1_dot))

    @adjoint(_function, "x1")
    def fmax_1_adjoint(x1, x2, *, y, y_bar):
        return np.where(x1 != y, 0, np.where(x1 == x2, 0.5 * y_bar, y_bar))

    @tangent(_function, "x2")
    def fmax_2_tangent(x1, x2, *, y, x2_dot):
        return np.where(x2 != y, 0, np.where(x1 == x2, 0.5 * x2_dot, x2_dot))

    @adjoint(_function, "x2")
    def fmax_2_adjoint(x1, x2, *, y, y_bar):
        return np.where(x2 != y, 0, np.where(x1 == x2, 0.5 * y_bar, y_bar))


# np.clip is min(max(x, a_min), a_max), also where the bounds cross. At a bound, x has it all.


@tangent(np.clip, "x")
def clip_tangent(x, a_min, a_max, *, y, x_dot):
    return np.where(x == y, x_dot, 0)


@adjoint(np.clip, "x")
def clip_adjoint(x, a_min, a_max, *, y, y_bar):
    return np.where(x == y, y_bar, 0)


@tangent(np.clip, "a_min")
def clip_min_tangent(x, a_min, a_max, *, y, a_min_dot):
    return np.where((x < y) & (y == a_min), a_min_dot, 0)


@adjoint(np.clip, "a_min")
def clip_min_adjoint(x, a_min, a_max, *, y, y_bar):
    return np.where((x < y) & (y == a_min), y_bar, 0)


@tangent(np.clip, "a_max")
def clip_max_tangent(x, a_min, a_max, *, y, a_max_dot):
    if a_min is None:
        return np.where(x > y, a_max_dot, 0)
    return np.where((x > y) | ((x < y) & (y != a_min)), a_max_dot, 0)


@adjoint(np.clip, "a_max")
def clip_max_adjoint(x, a_min, a_max, *, y, y_bar):
    if a_min is None:
        return np.where(x > y, y_bar, 0)
    return np.where((x > y) | ((x < y) & (y != a_min)), y_bar, 0)


@tangent(np.nan_to_num, "x")
def nan_to_num_tangent(x, *, x_dot):
    return np.where(np.isfinite(x), x_dot, 0)


@adjoint(np.nan_to_num, "x")
def nan_to_num_adjoint(x, *, y_bar):
    return np.where(np.isfinite(x), y_bar, 0)
