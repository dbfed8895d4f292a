"""Rules: NumPy's sums, products, extremes, moments and orderings along axes.

The rule of a reduction is its gradient as a field over x. Extremes share their derivative equally
among ties, which is the subgradient of least norm.
"""

from __future__ import annotations

import bisect

import numpy as np

from gradscribe.ir.helpers import expand
from gradscribe.ir.special import (
    products_of_others,
    recurrence,
    recurrence_back,
    shift,
)
from gradscribe.rules.declare import (
    adjoint,
    constant,
    linear,
    reduction,
    tangent,
)

# ---------------------------------------------------------------------------- sums


@linear(np.sum, "x")
def sum_(x, axis=None, keepdims=False, *, y_bar):
    return expand(y_bar, x, axis, keepdims)


@linear(np.mean, "x")
def mean(x, axis=None, keepdims=False, *, y_bar):
    return expand(y_bar, x, axis, keepdims) / count(x, axis)


def count(x, axis):
    """How many entries a reduction over ``axis`` takes together."""
    if axis is None:
        return np.size(x)
    if not isinstance(axis, tuple):
        return np.shape(x)[axis]
    if len(axis) == 0:
        return 1
    n = np.shape(x)[axis[0]]
    for other in axis[1:]:
        n = n * np.shape(x)[other]
    return n


@linear(np.cumsum, "x")
def cumsum(x, axis=None, *, y_bar):
    if axis is None:
        return np.reshape(np.flip(np.cumsum(np.flip(y_bar))), np.shape(x))
    return np.flip(np.cumsum(np.flip(y_bar, axis), axis), axis)


@tangent(np.nansum, "x")
def nansum_tangent(x, axis=None, keepdims=False, *, x_dot):
    return np.sum(np.where(np.isnan(x), 0, x_dot), axis=axis, keepdims=keepdims)


@adjoint(np.nansum, "x")
def nansum_adjoint(x, axis=None, keepdims=False, *, y_bar):
    return np.where(np.isnan(x), 0, expand(y_bar, x, axis, keepdims))


@tangent(np.nancumsum, "x")
def nancumsum_tangent(x, axis=None, *, x_dot):
    return np.cumsum(np.where(np.isnan(x), 0, x_dot), axis)


@adjoint(np.nancumsum, "x")
def nancumsum_adjoint(x, axis=None, *, y_bar):
    return np.where(np.isnan(x), 0, cumsum(x, axis, y_bar=y_bar))


@reduction(np.nanmean, "x")
def nanmean(x, axis=None, keepdims=False):
    return shared(~np.isnan(x), axis)


@reduction(np.average, "x")
def average(x, axis=None, keepdims=False, weights=None):
    if weights is None:
        return 1 / count(x, axis)
    return along(weights, x, axis) / weight(weights, x, axis)


@tangent(np.average, "weights")
def average_weights_tangent(x, axis=None, keepdims=False, weights=None, *, y, weights_dot):
    if weights is None:
        return 0.0 * y
    field = (x - expand(y, x, axis, keepdims)) / weight(weights, x, axis)
    return np.sum(field * along(weights_dot, x, axis), axis=axis, keepdims=keepdims)


@adjoint(np.average, "weights")
def average_weights_adjoint(x, axis=None, keepdims=False, weights=None, *, y, y_bar):
    if weights is None:
        return 0.0
    field = (x - expand(y, x, axis, keepdims)) / weight(weights, x, axis)
    field = expand(y_bar, x, axis, keepdims) * field
    return field if np.ndim(weights) == np.ndim(x) else np.moveaxis(field, axis, -1)


def along(weights, x, axis):
    """A vector of weights laid along one axis of x; weights shaped like x are as they are."""
    if np.ndim(weights) == np.ndim(x):
        return weights
    return np.reshape(weights, (-1,) + (1,) * (np.ndim(x) - 1 - axis % np.ndim(x)))


def weight(weights, x, axis):
    """The sum of the weights that are averaged together."""
    if np.ndim(weights) == np.ndim(x):
        return np.sum(weights, axis=axis, keepdims=True)
    return np.sum(weights)


# ---------------------------------------------------------------------------- products


@reduction(np.prod, "x")
def prod(x, axis=None, keepdims=False):
    return products_of_others(x, axis)


@reduction(np.nanprod, "x")
def nanprod(x, axis=None, keepdims=False):
    missing = np.isnan(x)
    return np.where(missing, 0, products_of_others(np.where(missing, 1, x), axis))


# The derivatives of a product are symmetric in all their directions, so tangent and adjoint agree.


@tangent(products_of_others, "x")
def products_of_others_tangent(x, axis=None, u=None, v=None, w=None, *, x_dot):
    return derivative_along(x_dot, x, axis, u, v, w)


@adjoint(products_of_others, "x")
def products_of_others_adjoint(x, axis=None, u=None, v=None, w=None, *, y_bar):
    return derivative_along(y_bar, x, axis, u, v, w)


def derivative_along(direction, x, axis, u, v, w):
    """The products of others, differentiated in one direction more (three at most)."""
    if u is None:
        return products_of_others(x, axis, direction)
    if v is None:
        return products_of_others(x, axis, u, direction)
    if w is None:
        return products_of_others(x, axis, u, v, direction)
    raise NotImplementedError("the fifth derivative of a product", "multiply in a loop")


@linear(products_of_others, "u")
def products_of_others_u(x, axis=None, u=None, v=None, w=None, *, y_bar):
    return products_of_others(x, axis, y_bar, v, w)


@linear(products_of_others, "v")
def products_of_others_v(x, axis=None, u=None, v=None, w=None, *, y_bar):
    return products_of_others(x, axis, u, y_bar, w)


@linear(products_of_others, "w")
def products_of_others_w(x, axis=None, u=None, v=None, w=None, *, y_bar):
    return products_of_others(x, axis, u, v, y_bar)


@tangent(np.cumprod, "x")
def cumprod_tangent(x, axis=None, *, y, x_dot):
    if axis is None:
        return recurrence(np.ravel(x), shift(y, 1, 0, 1) * np.ravel(x_dot), 0)
    return recurrence(x, shift(y, 1, axis, 1) * x_dot, axis)


@adjoint(np.cumprod, "x")
def cumprod_adjoint(x, axis=None, *, y, y_bar):
    if axis is None:
        flat = shift(y, 1, 0, 1) * recurrence_back(np.ravel(x), y_bar, 0)
        return np.reshape(flat, np.shape(x))
    return shift(y, 1, axis, 1) * recurrence_back(x, y_bar, axis)


@tangent(shift, "x")
def shift_tangent(x, by, axis, fill=0, *, x_dot):
    return shift(x_dot, by, axis)


@adjoint(shift, "x")
def shift_adjoint(x, by, axis, fill=0, *, y_bar):
    return shift(y_bar, -by, axis)


@tangent(recurrence, "a")
def recurrence_a_tangent(a, b, axis, *, y, a_dot):
    return recurrence(a, a_dot * shift(y, 1, axis), axis)


@adjoint(recurrence, "a")
def recurrence_a_adjoint(a, b, axis, *, y, y_bar):
    return shift(y, 1, axis) * recurrence_back(a, y_bar, axis)


@linear(recurrence, "b")
def recurrence_b(a, b, axis, *, y_bar):
    return recurrence_back(a, y_bar, axis)


@tangent(recurrence_back, "a")
def recurrence_back_a_tangent(a, b, axis, *, y, a_dot):
    return recurrence_back(a, shift(a_dot * y, -1, axis), axis)


@adjoint(recurrence_back, "a")
def recurrence_back_a_adjoint(a, b, axis, *, y, y_bar):
    return shift(recurrence(a, y_bar, axis), 1, axis) * y


@linear(recurrence_back, "b")
def recurrence_back_b(a, b, axis, *, y_bar):
    return recurrence(a, y_bar, axis)


# ---------------------------------------------------------------------------- moments


@reduction(np.var, "x")
def var(x, axis=None, keepdims=False, ddof=0):
    """2 (x - mean) / (n - ddof): the mean's own derivative cancels."""
    return 2 * deviation(x, axis) / freedom(x, axis, ddof)


@reduction(np.std, "x")
def std(x, axis=None, keepdims=False, ddof=0, *, y):
    """(x - mean) / ((n - ddof) std); 0 where all entries are equal, the least subgradient."""
    spread = expand(y, x, axis, keepdims)
    return deviation(x, axis) / (freedom(x, axis, ddof) * np.where(spread == 0, 1, spread))


def deviation(x, axis):
    if axis is None:
        return x - np.mean(x)
    return x - np.mean(x, axis=axis, keepdims=True)


def freedom(x, axis, ddof):
    """The degrees of freedom, n - ddof."""
    if ddof == 0:
        return count(x, axis)
    return count(x, axis) - ddof


@reduction(np.nanvar, "x")
def nanvar(x, axis=None, keepdims=False, ddof=0):
    n = np.sum(~np.isnan(x), axis=axis, keepdims=True)
    return 2 * centred(x, axis) / (n - ddof)


@reduction(np.nanstd, "x")
def nanstd(x, axis=None, keepdims=False, ddof=0, *, y):
    n = np.sum(~np.isnan(x), axis=axis, keepdims=True)
    spread = expand(y, x, axis, keepdims)
    return centred(x, axis) / ((n - ddof) * np.where(spread == 0, 1, spread))


def centred(x, axis):
    """The deviation from the mean; 0 where x is missing."""
    return np.where(np.isnan(x), 0, x - np.nanmean(x, axis=axis, keepdims=True))


# ---------------------------------------------------------------------------- extremes


for _function in (np.max, np.amax, np.min, np.amin, np.nanmax, np.nanmin):

    @reduction(_function, "x")
    def extreme(x, axis=None, keepdims=False, *, y):
        return shared(x == expand(y, x, axis, keepdims), axis)


def shared(mask, axis):
    """One, shared equally among the entries of a mask."""
    if axis is None:
        return np.where(mask, 1 / np.sum(mask), 0)
    return np.where(mask, 1 / np.sum(mask, axis=axis, keepdims=True), 0)


@reduction(np.ptp, "x")
def ptp(x, axis=None, keepdims=False):
    largest = x == np.max(x, axis=axis, keepdims=True)
    least = x == np.min(x, axis=axis, keepdims=True)
    return shared(largest, axis) - shared(least, axis)


# ---------------------------------------------------------------------------- quantiles


@reduction(np.median, "x")
def median(x, axis=None, keepdims=False):
    """Half to either of the two entries in the middle, which are one if their number is odd."""
    if isinstance(axis, tuple):
        raise NotImplementedError("the median over several axes", "reshape them into one before")
    n = count(x, axis)
    ordered = np.sort(x, axis)
    lower, upper = ranked(ordered, (n - 1) // 2, axis), ranked(ordered, n // 2, axis)
    return 0.5 * (shared(x == lower, axis) + shared(x == upper, axis))


@reduction(np.quantile, "x")
def quantile(x, q, axis=None, keepdims=False, method="linear"):
    """The two entries that q falls between, weighted as they are interpolated."""
    if method != "linear" or isinstance(axis, tuple) or np.ndim(q) != 0:
        raise NotImplementedError("several quantiles, axes, or another method")
    last = count(x, axis) - 1
    place = int(q * last)
    t = q * last - place
    ordered = np.sort(x, axis)
    lower, upper = ranked(ordered, place, axis), ranked(ordered, min(place + 1, last), axis)
    return (1 - t) * shared(x == lower, axis) + t * shared(x == upper, axis)


@reduction(np.percentile, "x")
def percentile(x, q, axis=None, keepdims=False, method="linear"):
    return quantile(x, q / 100, axis, method=method)


def ranked(ordered, rank, axis):
    """The entry of this rank, in a shape that broadcasts."""
    if axis is None:
        return ordered[rank]
    return np.take(ordered, [rank], axis)


# ---------------------------------------------------------------------------- orderings


@tangent(np.sort, "x")
def sort_tangent(x, axis=-1, kind=None, *, x_dot):
    if axis is None:
        return np.take(x_dot, np.argsort(x, axis=None, kind=kind))
    return np.take_along_axis(x_dot, np.argsort(x, axis, kind), axis)


@adjoint(np.sort, "x")
def sort_adjoint(x, axis=-1, kind=None, *, y_bar):
    """Sorting permutes; the order of the order is the permutation back."""
    if axis is None:
        places = np.argsort(np.argsort(x, axis=None, kind=kind))
        return np.reshape(np.take(y_bar, places), np.shape(x))
    places = np.argsort(np.argsort(x, axis, kind), axis)
    return np.take_along_axis(y_bar, places, axis)


constant(
    np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.searchsorted,
    np.digitize, np.any, np.all, np.count_nonzero, np.flatnonzero, np.lexsort, np.isin,
    bisect.bisect_left, bisect.bisect_right,
)  # fmt: skip
