"""Rules: SciPy's splines, in the place where they are evaluated.

The derivative of a spline is a spline of one degree less, which FITPACK evaluates itself. The last
one is constant between knots, and so has the derivative zero.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import bisplev, splev  # type: ignore[import-untyped]  # it has no types

from gradscribe.ir.facts import scipy_interpolate  # noqa: F401  (these rules are about them)
from gradscribe.rules.declare import adjoint, partial, tangent


@partial(splev, "x")
def splev_x(x, tck, der=0, ext=0):
    """Where values are held at the ends (``ext=3``), their slope is zero outside."""
    return splev(x, tck, der + 1, 1 if ext == 3 else ext) if der < tck[2] else np.zeros_like(x)


# bisplev is for numbers, or for axes: then its value is a grid. Outside its knots it is constant.


@tangent(bisplev, "x1")
def bisplev_1_tangent(x1, x2, tck, dx=0, dy=0, *, y, x1_dot):
    return np.reshape(slope_1(x1, x2, tck, dx, dy) * np.reshape(x1_dot, (-1, 1)), np.shape(y))


@adjoint(bisplev, "x1")
def bisplev_1_adjoint(x1, x2, tck, dx=0, dy=0, *, y_bar):
    slope = slope_1(x1, x2, tck, dx, dy)
    return np.reshape(np.sum(slope * np.reshape(y_bar, np.shape(slope)), axis=1), np.shape(x1))


@tangent(bisplev, "x2")
def bisplev_2_tangent(x1, x2, tck, dx=0, dy=0, *, y, x2_dot):
    return np.reshape(slope_2(x1, x2, tck, dx, dy) * np.ravel(x2_dot), np.shape(y))


@adjoint(bisplev, "x2")
def bisplev_2_adjoint(x1, x2, tck, dx=0, dy=0, *, y_bar):
    slope = slope_2(x1, x2, tck, dx, dy)
    return np.reshape(np.sum(slope * np.reshape(y_bar, np.shape(slope)), axis=0), np.shape(x2))


def slope_1(x1, x2, tck, dx, dy):
    """∂/∂x1 on the grid. FITPACK stops short of the last, which is a slope between two knots."""
    x, knots = np.ravel(x1), tck[0][tck[3] : len(tck[0]) - tck[3]]
    if dx + 1 < tck[3]:
        slope = grid(x, x2, tck, dx + 1, dy)
    else:
        first, other, step = between(x, knots)
        slope = grid(other, x2, tck, dx, dy) - grid(first, x2, tck, dx, dy)
        slope = slope / np.reshape(step, (-1, 1))
    return np.where(np.reshape((x >= knots[0]) & (x <= knots[-1]), (-1, 1)), slope, 0.0)


def slope_2(x1, x2, tck, dx, dy):
    """∂/∂x2 on the grid."""
    x, knots = np.ravel(x2), tck[1][tck[4] : len(tck[1]) - tck[4]]
    if dy + 1 < tck[4]:
        slope = grid(x1, x, tck, dx, dy + 1)
    else:
        first, other, step = between(x, knots)
        slope = (grid(x1, other, tck, dx, dy) - grid(x1, first, tck, dx, dy)) / step
    return np.where((x >= knots[0]) & (x <= knots[-1]), slope, 0.0)


def grid(x1, x2, tck, dx, dy):
    return np.reshape(bisplev(np.ravel(x1), np.ravel(x2), tck, dx, dy), (np.size(x1), np.size(x2)))


def between(x, knots):
    """Two points within the interval between knots that x lies in, and how far they are apart."""
    place = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(knots) - 2)
    low, high = knots[place], knots[place + 1]
    return 0.75 * low + 0.25 * high, 0.25 * low + 0.75 * high, 0.5 * (high - low)
