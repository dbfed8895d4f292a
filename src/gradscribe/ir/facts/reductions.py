"""Facts: NumPy's sums, products, extremes, moments and orderings along axes."""

from __future__ import annotations

import bisect
from typing import Any

import numpy as np

from gradscribe.errors import UnsupportedError
from gradscribe.ir import special
from gradscribe.ir.broadcasting import elementwise, inexact, promote
from gradscribe.ir.facts.dimensions import (
    Dims,
    DType,
    array_of,
    axes_of,
    dtype_from,
    known,
    result_of,
    times,
)
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import BOOL, INT, PY_INT, UNKNOWN, Array, Type


def reduced_dims(dims: Dims | None, axis: Any, keepdims: Any) -> Dims | None:
    """The dimensions that remain of ``dims`` after reducing over ``axis``."""
    keep = known(keepdims)
    if keep is not UNKNOWN and not isinstance(keep, bool | np.bool_ | int):
        raise UnsupportedError("keepdims is not True or False")
    if known(axis) is None:
        if not keep:
            return ()
        return None if dims is None or keep is UNKNOWN else (1,) * len(dims)
    if dims is None:
        return None
    axes = axes_of(axis, len(dims))
    if axes is None or keep is UNKNOWN:
        return None
    if keep:
        return tuple(1 if i in axes else d for i, d in enumerate(dims))
    return tuple(d for i, d in enumerate(dims) if i not in axes)


def reduced(x: Any, axis: Any, keepdims: Any, dtype: DType | None) -> Type:
    """The type of a reduction of x that results in this dtype."""
    return result_of(dtype, reduced_dims(array_of(x).dims, axis, keepdims))


def accumulated(dtype: DType | None) -> DType | None:
    """The dtype in which NumPy adds and multiplies: small integers and bools are widened."""
    if dtype is None or dtype.kind not in "biu" or dtype.itemsize >= INT.itemsize:
        return dtype
    return np.dtype(np.uint64) if dtype.kind == "u" else INT


def _mean_dtype(dtype: DType | None) -> DType | None:
    return None if dtype is None else inexact(dtype)


# Beyond axis, NumPy's arguments differ from function to function: here keepdims comes next, and all
# from there on are known by name only.

# ---------------------------------------------------------------------------- sums


def _sum(x: Type, axis: Any = None, keepdims: Any = False, dtype: Any = None) -> Type:
    return reduced(x, axis, keepdims, dtype_from(dtype, accumulated(array_of(x).dtype)))


def _mean(x: Type, axis: Any = None, keepdims: Any = False, dtype: Any = None) -> Type:
    return reduced(x, axis, keepdims, dtype_from(dtype, _mean_dtype(array_of(x).dtype)))


_function: Any  # NumPy's functions have unlike types

for _function in (np.sum, np.prod, np.nansum, np.nanprod):
    fact(_function, static="axis dtype keepdims")(_sum)
for _function in (np.mean, np.nanmean):
    fact(_function, static="axis dtype keepdims")(_mean)


def _cumulative(x: Type, axis: Any = None, dtype: Any = None) -> Type:
    """As long as x; without an axis, as long as x has entries."""
    array = array_of(x)
    result = dtype_from(dtype, accumulated(array.dtype))
    if known(axis) is None:
        dims = None if array.dims is None else times(*array.dims)
        return Array(result, (dims,))
    return Array(result, array.dims)


for _function in (np.cumsum, np.cumprod, np.nancumsum, np.nancumprod):
    fact(_function, static="axis dtype")(_cumulative)


@fact(np.average, static="axis keepdims")
def _(x: Type, axis: Any = None, keepdims: Any = False, weights: Any = None) -> Type:
    array = array_of(x)
    if known(weights) is None:
        return reduced(x, axis, keepdims, _mean_dtype(array.dtype))
    dtype = promote(array, array_of(weights))
    return reduced(x, axis, keepdims, _mean_dtype(dtype))


@fact(np.trapezoid, static="axis")
def _(f: Type, x: Any = None, dx: Any = 1.0, axis: Any = -1) -> Type:
    spacing = dx if known(x) is None else array_of(x)
    operands = [array_of(f), *([spacing] if isinstance(spacing, Type) else [])]
    dtype = promote(*operands)
    return reduced(f, axis, False, None if dtype is None else inexact(dtype))


# ---------------------------------------------------------------------------- moments


def _variance(
    x: Type,
    axis: Any = None,
    keepdims: Any = False,
    dtype: Any = None,
    ddof: Any = 0,
) -> Type:
    return reduced(x, axis, keepdims, dtype_from(dtype, _mean_dtype(array_of(x).dtype)))


for _function in (np.var, np.std, np.nanvar, np.nanstd):
    fact(_function, static="axis dtype ddof keepdims")(_variance)


# ---------------------------------------------------------------------------- extremes


def _extreme(x: Type, axis: Any = None, keepdims: Any = False) -> Type:
    return reduced(x, axis, keepdims, array_of(x).dtype)


for _function in (np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin, np.ptp):
    fact(_function, static="axis keepdims")(_extreme)


def _place(x: Type, axis: Any = None, keepdims: Any = False) -> Type:
    return reduced(x, axis, keepdims, INT)


for _function in (np.argmax, np.argmin, np.nanargmax, np.nanargmin):
    fact(_function, static="axis keepdims")(_place)


def _median(x: Type, axis: Any = None, keepdims: Any = False) -> Type:
    return reduced(x, axis, keepdims, _mean_dtype(array_of(x).dtype))


for _function in (np.median, np.nanmedian):
    fact(_function, static="axis keepdims")(_median)


def _quantile(
    x: Type, q: Type, axis: Any = None, keepdims: Any = False, method: Any = "linear"
) -> Type:
    """One entry per quantile asked for: those axes stand first."""
    rest = reduced_dims(array_of(x).dims, axis, keepdims)
    points = array_of(q)
    dims = None if rest is None or points.dims is None else (*points.dims, *rest)
    dtype = promote(Array(array_of(x).dtype), q) if isinstance(q, Type) else None
    return result_of(None if dtype is None else inexact(dtype), dims)


for _function in (np.quantile, np.percentile):
    fact(_function, static="axis method keepdims")(_quantile)


# ---------------------------------------------------------------------------- tests


def _test(x: Type, axis: Any = None, keepdims: Any = False) -> Type:
    return reduced(x, axis, keepdims, BOOL)


for _function in (np.any, np.all):
    fact(_function, static="axis keepdims")(_test)


@fact(np.count_nonzero, static="axis keepdims")
def _(x: Type, axis: Any = None, keepdims: Any = False) -> Type:
    return reduced(x, axis, keepdims, INT)


# ---------------------------------------------------------------------------- orderings


@fact(np.sort, static="axis kind")
def _(x: Type, axis: Any = -1, kind: Any = None) -> Type:
    return _ordered(x, axis, array_of(x).dtype)


@fact(np.argsort, static="axis kind")
def _(x: Type, axis: Any = -1, kind: Any = None) -> Type:
    return _ordered(x, axis, INT)


@fact(np.partition, static="axis")
def _(x: Type, kth: Any, axis: Any = -1) -> Type:
    return _ordered(x, axis, array_of(x).dtype)


@fact(np.lexsort, static="axis")
def _(keys: Any, axis: Any = -1) -> Type:
    return Array(INT, None)


@fact(np.argpartition, static="axis")
def _(x: Type, kth: Any, axis: Any = -1) -> Type:
    return _ordered(x, axis, INT)


def _ordered(x: Type, axis: Any, dtype: DType | None) -> Type:
    array = array_of(x)
    if known(axis) is None:
        return Array(dtype, (None if array.dims is None else times(*array.dims),))
    return Array(dtype, array.dims)


@fact(np.searchsorted, static="side")
def _(a: Type, v: Type, side: Any = "left", sorter: Any = None) -> Type:
    return result_of(INT, array_of(v).dims)


@fact(bisect.bisect_left, name="bisect.bisect_left")
def _(a: Type, x: Type, lo: Any = 0, hi: Any = None, key: Any = None) -> Type:
    return PY_INT


@fact(bisect.bisect_right, name="bisect.bisect_right")
def _(a: Type, x: Type, lo: Any = 0, hi: Any = None, key: Any = None) -> Type:
    return PY_INT


@fact(np.isin, static="assume_unique invert kind")
def _(
    element: Type,
    test_elements: Any,
    assume_unique: Any = False,
    invert: Any = False,
    kind: Any = None,
) -> Type:
    return result_of(np.dtype(bool), array_of(element).dims)


@fact(np.digitize, static="right")
def _(x: Type, bins: Type, right: Any = False) -> Type:
    return result_of(INT, array_of(x).dims)


@fact(np.interp)
def _(x: Type, xp: Type, fp: Type, left: Any = None, right: Any = None) -> Type:
    dtype = array_of(fp).dtype
    complex_ = dtype is not None and dtype.kind == "c"
    return result_of(np.dtype(complex if complex_ else float), array_of(x).dims)


@fact(np.bincount)
def _(x: Type, weights: Any = None, minlength: Any = 0) -> Type:
    return Array(INT if known(weights) is None else np.dtype(float), (None,))


@fact(np.unique)
def _(x: Type) -> Type:
    return Array(array_of(x).dtype, (None,))


@fact(np.flatnonzero)
def _(x: Type) -> Type:
    return Array(INT, (None,))


# ---------------------------------------------------------------------------- helpers


@fact(special.products_of_others, name="products_of_others", static="axis")
def _(x: Type, axis: Any = None, u: Any = None, v: Any = None, w: Any = None) -> Type:
    """As x, in the dtype of all that goes in."""
    factors = [x, *(d for d in (u, v, w) if known(d) is not None)]
    return result_of(promote(*map(array_of, factors)), array_of(x).dims)


@fact(special.shift, name="shift", static="by axis")
def _(x: Type, by: Any, axis: Any, fill: Any = 0) -> Type:
    return array_of(x)


for _function in (special.recurrence, special.recurrence_back):

    @fact(_function, name=_function.__name__, static="axis")
    def _(a: Type, b: Type, axis: Any) -> Type:
        return elementwise(array_of(a), array_of(b))
