"""Reckoning with the types of arrays: what the facts about arrays are written with.

A fact's argument is a type, or the constant itself where it is declared static and is one. These
functions take either and answer "not known" (``UNKNOWN`` or a dimension of None) rather than guess.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from gradscribe.ir.joins import there
from gradscribe.ir.types import (
    FLOAT,
    INT,
    UNKNOWN,
    Array,
    Dim,
    Immutable,
    Range,
    Scalar,
    Sequence,
    Static,
    Sym,
    Type,
    scalar_of,
)

Dims = tuple[Dim, ...]
DType = np.dtype[Any]


def known(argument: Any) -> Any:
    """The constant that a static argument is; UNKNOWN where only its type is known."""
    if isinstance(argument, Static):
        return argument.value
    if isinstance(argument, Sequence) and argument.items is not None:
        items = [known(item) for item in argument.items]
        if not any(item is UNKNOWN for item in items):
            return tuple(items) if argument.kind == "tuple" else items
    return UNKNOWN if isinstance(argument, Type) else argument


def array_of(x: Any) -> Array:
    """What ``np.asarray(x)`` is, for a number, an array or a nested list or tuple of them."""
    if isinstance(x, Array):
        return there(x)  # type: ignore[return-value]
    if isinstance(x, Scalar):
        return Array(x.dtype, ())
    if isinstance(x, Immutable) and issubclass(x.cls, np.generic):
        return Array(np.dtype(x.cls), ())
    if isinstance(x, Range):
        return Array(INT, (None,))
    if isinstance(x, Sequence):
        if x.items is None:
            if x.element is None:
                return Array(None, None)
            entry = array_of(x.element)
            return Array(entry.dtype, None if entry.dims is None else (None, *entry.dims))
        if not x.items:
            return Array(FLOAT, (0,))
        entries = [array_of(item) for item in x.items]
        ranks = {None if e.dims is None else len(e.dims) for e in entries}
        dtype = common_dtype(e.dtype for e in entries)
        if len(ranks) > 1 or None in ranks:
            return Array(dtype, None)
        columns = zip(*all_dims(entries), strict=True)
        return Array(dtype, (len(entries), *map(common_dim, columns)))
    if not isinstance(x, Type):
        value = np.asarray(x)
        return Array(value.dtype, value.shape) if value.dtype.kind in "fiubc" else Array()
    return Array(None, None)


def all_dims(arrays: list[Array]) -> list[Dims]:
    """The dimensions of arrays whose ranks are known."""
    return [a.dims for a in arrays if a.dims is not None]


def result_of(dtype: DType | None, dims: Dims | None) -> Type:
    """An array, or where the rank is 0 the scalar that NumPy returns in its place."""
    return scalar_of(dtype) if dims == () else Array(dtype, dims)


def common_dtype(dtypes: Iterable[DType | None]) -> DType | None:
    """The dtype of arrays joined into one; unlike arithmetic, Python's numbers count in full."""
    listed = list(dtypes)
    if not listed or any(d is None for d in listed):
        return None
    dtype: DType = np.result_type(*(d for d in listed if d is not None))
    return dtype


def common_dim(dims: Iterable[Dim]) -> Dim:
    """The length of dimensions that must be equal, else NumPy raises: the best known of them."""
    listed = list(dims)
    for dim in listed:
        if isinstance(dim, int):
            return dim
    for dim in listed:
        if isinstance(dim, Sym) and dim.not_one:
            return dim
    return next((dim for dim in listed if dim is not None), None)


def dtype_from(argument: Any, default: DType | None) -> DType | None:
    """The dtype that a ``dtype=`` argument asks for; ``default`` where it is None."""
    value = known(argument)
    if value is None:
        return default
    if value is UNKNOWN:
        return None
    try:
        dtype: DType = np.dtype(value)
    except TypeError:
        return None
    return dtype


def int_of(argument: Any) -> int | None:
    """A static int, or None."""
    value = known(argument)
    integral = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return int(value) if integral else None


def dims_from(shape: Any) -> Dims | None:
    """The dimensions that a ``shape`` argument (an int or a tuple of them) asks for."""
    if isinstance(shape, Scalar):
        return (None,)
    if isinstance(shape, Sequence):
        if shape.items is None:
            return None
        return tuple(_dim_from(item) for item in shape.items)
    if isinstance(shape, Type):
        return None
    if isinstance(shape, tuple | list):
        return tuple(_dim_from(item) for item in shape)
    return (_dim_from(shape),)


def _dim_from(argument: Any) -> Dim:
    value = int_of(argument)
    return value if value is not None and value >= 0 else None


def axes_of(axis: Any, rank: int) -> tuple[int, ...] | None:
    """A static axis, or tuple of axes, counted from the front; None where it is not known."""
    value = known(axis)
    listed = value if isinstance(value, tuple | list) else (value,)
    places = [int_of(one) for one in listed]
    if any(one is None or not -rank <= one < rank for one in places):
        return None
    return tuple(one % rank for one in places if one is not None)


def axis_of(axis: Any, rank: int) -> int | None:
    """One static axis counted from the front; None where it is not known."""
    axes = axes_of(axis, rank)
    return axes[0] if axes is not None and len(axes) == 1 else None


# The depth to which a symbol may be made of others: in a loop it would grow for ever.
_DEPTH = 3


def composed(name: str, symbols: list[Sym], offset: int = 0, not_one: bool = False) -> Dim:
    """A symbol for a length that follows from others, whatever their order."""
    if max(map(_depth, symbols), default=0) >= _DEPTH:
        return None
    return Sym((name, *sorted(symbols, key=repr)), offset, not_one)


def _depth(symbol: object) -> int:
    key = symbol.key if isinstance(symbol, Sym) else None
    return 1 + max(map(_depth, key)) if isinstance(key, tuple) else 0


def plus(*dims: Dim) -> Dim:
    """The sum of lengths."""
    if any(d is None for d in dims):
        return None
    total = sum(d for d in dims if isinstance(d, int))
    symbols = [d for d in dims if isinstance(d, Sym)]
    if not symbols:
        return total
    if len(symbols) > 1:
        return composed("sum", symbols, total)
    symbol = symbols[0]
    return symbol if total == 0 else symbol.plus(total)


def times(*dims: Dim) -> Dim:
    """The product of lengths."""
    others = [d for d in dims if d != 1]
    if 0 in others:
        return 0
    if any(d is None for d in others):
        return None
    number = math.prod(d for d in others if isinstance(d, int))
    symbols = [d for d in others if isinstance(d, Sym)]
    if not symbols:
        return number
    if len(symbols) == 1 and number == 1:
        return symbols[0]
    # A product is 1 only if every factor is.
    not_one = number != 1 or any(s.not_one for s in symbols)
    return composed(f"product {number}", symbols, 0, not_one)


def replaced(dims: Dims, axis: int, dim: Dim) -> Dims:
    """The dimensions with one of them changed."""
    return (*dims[:axis], dim, *dims[axis + 1 :])


def rank_of(x: Array) -> int | None:
    """The rank of an array; None where it is not known."""
    return None if x.dims is None else len(x.dims)


def unknown_dims(rank: int | None) -> Dims | None:
    """Dimensions of which only their number is known."""
    return None if rank is None else (None,) * rank
