"""Facts: making arrays, and making them of another kind."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradscribe.errors import UnsupportedError
from gradscribe.ir.broadcasting import broadcast, inexact, promote
from gradscribe.ir.facts.dimensions import (
    Dims,
    DType,
    array_of,
    axis_of,
    dims_from,
    dtype_from,
    int_of,
    known,
)
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import FLOAT, INT, UNKNOWN, Array, Dim, Scalar, Type


def _converted(x: Type, dtype: Any) -> Type:
    array = array_of(x)
    return Array(dtype_from(dtype, array.dtype), array.dims)


@fact(np.array, static="dtype copy")
def array(object: Any, dtype: Any = None, copy: Any = True) -> Type:
    """A new array from a number, an array or a nested list."""
    if known(copy) is not True:
        raise UnsupportedError("np.array that may not copy", hint="write np.asarray instead")
    return _converted(object, dtype)


@fact(np.asarray, static="dtype", storage="maybe", cheap=True)
def asarray(a: Any, dtype: Any = None) -> Type:
    """``a`` itself where it is an array of that dtype already."""
    return _converted(a, dtype)


fact(np.asanyarray, static="dtype", storage="maybe", cheap=True)(asarray)


@fact(np.ascontiguousarray, static="dtype", storage="maybe")
def ascontiguousarray(a: Any, dtype: Any = None) -> Type:
    """As ``asarray``, in one piece of memory; a number becomes an array of one entry."""
    result = array_of(_converted(a, dtype))
    return Array(result.dtype, (1,)) if result.dims == () else result


@fact(np.copy)
def copy(a: Any) -> Type:
    return array_of(a)


# ---------------------------------------------------------------------------- filled with constants

for _function in (np.zeros, np.ones, np.empty):

    @fact(_function, static="shape dtype")
    def _(shape: Any, dtype: Any = None) -> Type:
        return Array(dtype_from(dtype, FLOAT), dims_from(shape))


@fact(np.full, static="shape dtype")
def full(shape: Any, fill_value: Any, dtype: Any = None) -> Type:
    return Array(dtype_from(dtype, array_of(fill_value).dtype), dims_from(shape))


for _like in (np.zeros_like, np.ones_like):

    @fact(_like, static="dtype")
    def _(a: Any, dtype: Any = None) -> Type:
        return _converted(a, dtype)


@fact(np.empty_like, static="dtype")
def _(prototype: Any, dtype: Any = None) -> Type:
    return _converted(prototype, dtype)


@fact(np.full_like, static="dtype")
def full_like(a: Any, fill_value: Any, dtype: Any = None) -> Type:
    """As large as ``a`` and of its dtype, whatever the value's."""
    return _converted(a, dtype)


@fact(np.eye, static="N M k dtype")
def eye(N: Any, M: Any = None, k: Any = 0, dtype: Any = float) -> Type:
    rows = dims_from(N)
    columns = rows if known(M) is None else dims_from(M)
    return Array(dtype_from(dtype, FLOAT), (*(rows or (None,)), *(columns or (None,))))


@fact(np.identity, static="n dtype")
def _(n: Any, dtype: Any = None) -> Type:
    return eye(n, None, 0, dtype)


@fact(np.tri, static="N M k dtype")
def _(N: Any, M: Any = None, k: Any = 0, dtype: Any = float) -> Type:
    return eye(N, M, k, dtype)


@fact(np.indices, static="dimensions dtype")
def indices(dimensions: Any, dtype: Any = int) -> Type:
    dims = dims_from(dimensions)
    return Array(dtype_from(dtype, INT), None if dims is None else (len(dims), *dims))


# ---------------------------------------------------------------------------- evenly spaced


@fact(np.arange, static="start stop step dtype")
def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None) -> Type:
    """Evenly spaced numbers: ints where all bounds are ints."""
    bounds = [known(b) for b in (start, stop, step)]
    if bounds[1] is None:
        bounds = [0, bounds[0], bounds[2]]
    length: Dim = None
    if not any(b is UNKNOWN for b in bounds):
        length = len(np.arange(*bounds))
    kinds = [array_of(b).dtype for b in (start, stop, step) if known(b) is not None]
    default: DType | None = None
    if all(kind is not None for kind in kinds):
        default = INT if all(kind.kind in "iu" for kind in kinds if kind) else FLOAT
    return Array(dtype_from(dtype, default), (length,))


def _spaced(start: Any, stop: Any, num: Any, axis: Any) -> Dims | None:
    dims = broadcast(array_of(start).dims, array_of(stop).dims)
    if dims is None:
        return None
    count = int_of(num)
    place = axis_of(axis, len(dims) + 1)
    return (None,) * (len(dims) + 1) if place is None else (*dims[:place], count, *dims[place:])


def _between(start: Any, stop: Any) -> DType | None:
    # NumPy adds the Python float ``num`` to the operands.
    dtype = promote(*(x if isinstance(x, Scalar) else array_of(x) for x in (start, stop)))
    return None if dtype is None else inexact(dtype)


@fact(np.linspace, static="num endpoint retstep axis")
def linspace(
    start: Type, stop: Type, num: Any = 50, endpoint: Any = True, retstep: Any = False,
    dtype: Any = None, axis: Any = 0,
) -> Type:  # fmt: skip
    """``num`` numbers from start to stop."""
    _check_spacing("np.linspace", dtype, axis)
    if known(retstep) is not False:
        raise UnsupportedError("np.linspace with retstep", hint="compute the step beside it")
    return Array(_between(start, stop), _spaced(start, stop, num, axis))


@fact(np.logspace, static="num endpoint dtype axis")
def logspace(
    start: Type, stop: Type, num: Any = 50, endpoint: Any = True, base: Any = 10.0,
    dtype: Any = None, axis: Any = 0,
) -> Type:  # fmt: skip
    """``base`` to the powers ``linspace(start, stop, num)``."""
    _check_spacing("np.logspace", dtype, axis)
    return Array(_between(start, stop), _spaced(start, stop, num, axis))


@fact(np.geomspace, static="num endpoint dtype axis")
def geomspace(
    start: Type, stop: Type, num: Any = 50, endpoint: Any = True, dtype: Any = None, axis: Any = 0
) -> Type:
    """``num`` numbers from start to stop in constant proportion."""
    _check_spacing("np.geomspace", dtype, axis)
    return Array(_between(start, stop), _spaced(start, stop, num, axis))


def _check_spacing(function: str, dtype: Any, axis: Any) -> None:
    if known(dtype) is not None:
        raise UnsupportedError(f"{function} with a dtype", hint="use .astype on its result")
    if known(axis) != 0:
        raise UnsupportedError(f"{function} along another axis", hint="move the axis afterwards")
