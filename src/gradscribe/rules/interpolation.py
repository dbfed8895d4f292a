"""Rules: functions given by a table: integrals by trapezoids, interpolation, weighted counts."""

from __future__ import annotations

import numpy as np

from gradscribe.ir.helpers import index_add
from gradscribe.rules.declare import adjoint, linear, partial, tangent
from gradscribe.rules.reductions import along


@linear(np.trapezoid, "f")
def trapezoid(f, x=None, dx=1.0, axis=-1, *, y_bar):
    """Half of each interval's length goes to either end of it."""
    if x is None:
        half = np.full(np.shape(f)[axis] - 1, 0.5 * dx)
        return np.expand_dims(y_bar, axis) * along(ends(half, 0), f, axis)
    if np.ndim(x) == np.ndim(f):
        return np.expand_dims(y_bar, axis) * ends(0.5 * np.diff(x, axis=axis), axis)
    return np.expand_dims(y_bar, axis) * along(ends(0.5 * np.diff(x), 0), f, axis)


def ends(half, axis):
    """What the ends of intervals gather from the intervals on either side."""
    return padded(half, 1, 0, axis) + padded(half, 0, 1, axis)


@linear(np.trapezoid, "x")
def trapezoid_x(f, x=None, dx=1.0, axis=-1, *, y_bar):
    heights = np.moveaxis(f, axis, -1)
    area = np.expand_dims(0.5 * y_bar, -1) * (heights[..., 1:] + heights[..., :-1])
    x_bar = padded(area, 1, 0, -1) - padded(area, 0, 1, -1)
    return np.moveaxis(x_bar, -1, axis) if np.ndim(x) == np.ndim(f) else x_bar


@linear(np.trapezoid, "dx")
def trapezoid_dx(f, x=None, dx=1.0, axis=-1, *, y_bar):
    return y_bar * np.trapezoid(f, axis=axis)


def padded(a, before, after, axis):
    """Zeros put before and after the entries of one axis."""
    widths = [(0, 0)] * np.ndim(a)
    widths[axis] = (before, after)
    return np.pad(a, widths)


def segment(x, xp):
    """The interval of the table that x falls into: the right one of two at an inner knot."""
    return np.clip(np.searchsorted(xp, x, side="right") - 1, 0, len(xp) - 2)


def inside(x, xp):
    return (x >= xp[0]) & (x <= xp[-1])


@partial(np.interp, "x")
def interp_x(x, xp, fp):
    """The slope of the interval; 0 outside the table."""
    return np.where(inside(x, xp), (np.diff(fp) / np.diff(xp))[segment(x, xp)], 0)


@tangent(np.interp, "xp")
def interp_xp_tangent(x, xp, fp, *, xp_dot):
    return -interp_x(x, xp, fp) * np.interp(x, xp, xp_dot)


@adjoint(np.interp, "xp")
def interp_xp_adjoint(x, xp, fp, *, y_bar):
    return spread(-interp_x(x, xp, fp) * y_bar, x, xp)


@tangent(np.interp, "fp")
def interp_fp_tangent(x, xp, fp, left=None, right=None, *, fp_dot):
    below = None if left is None else 0
    above = None if right is None else 0
    return np.interp(x, xp, fp_dot, below, above)


@adjoint(np.interp, "fp")
def interp_fp_adjoint(x, xp, fp, left=None, right=None, *, y_bar):
    if left is not None:
        y_bar = np.where(x < xp[0], 0, y_bar)
    if right is not None:
        y_bar = np.where(x > xp[-1], 0, y_bar)
    return spread(y_bar, x, xp)


@adjoint(np.interp, "left")
def interp_left_adjoint(x, xp, fp, left=None, right=None, *, y_bar):
    return np.where(x < xp[0], y_bar, 0)


@tangent(np.interp, "left")
def interp_left_tangent(x, xp, fp, left=None, right=None, *, left_dot):
    return np.where(x < xp[0], left_dot, 0)


@adjoint(np.interp, "right")
def interp_right_adjoint(x, xp, fp, left=None, right=None, *, y_bar):
    return np.where(x > xp[-1], y_bar, 0)


@tangent(np.interp, "right")
def interp_right_tangent(x, xp, fp, left=None, right=None, *, right_dot):
    return np.where(x > xp[-1], right_dot, 0)


def spread(y_bar, x, xp):
    """The transpose of interpolation: each y_bar goes to the two knots around its x."""
    i = segment(x, xp)
    t = np.clip((x - xp[i]) / (xp[i + 1] - xp[i]), 0, 1)
    left = index_add(np.zeros(len(xp)), i, y_bar * (1 - t))
    return index_add(left, i + 1, y_bar * t)


@linear(np.bincount, "weights")
def bincount(x, *, y_bar):
    return y_bar[x]
