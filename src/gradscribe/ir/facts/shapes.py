"""Facts: NumPy functions that rearrange the entries of an array: shape, order, selecting."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradscribe.errors import UnsupportedError
from gradscribe.ir.broadcasting import broadcast
from gradscribe.ir.facts.dimensions import (
    array_of,
    axes_of,
    axis_of,
    dims_from,
    int_of,
    known,
    plus,
    rank_of,
    replaced,
    result_of,
    times,
    unknown_dims,
)
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import INT, PY_INT, UNKNOWN, Array, Dim, Scalar, Sequence, Sym, Type


def check_order(function: str, order: Any) -> None:
    """Refuse the memory orders that depend on how an array happens to lie in memory."""
    if known(order) not in ("C", "F"):
        raise UnsupportedError(
            f"{function} with an order other than 'C' or 'F'", hint="write order='C' or order='F'"
        )


# ---------------------------------------------------------------------------- questions


@fact(np.shape, cheap=True)
def shape(a: Type) -> Type:
    """A tuple of ints, as many as the rank."""
    dims = array_of(a).dims
    items = None if dims is None else (PY_INT,) * len(dims)
    return Sequence("tuple", items, PY_INT if items is None else None)


@fact(np.broadcast_shapes, cheap=True)
def _(*args: Type) -> Type:
    """A tuple of ints, as many as the longest has."""
    ranks = [None if not isinstance(x, Sequence) or x.items is None else len(x.items) for x in args]
    if None in ranks or not ranks:
        return Sequence("tuple", None, PY_INT)
    return Sequence("tuple", (PY_INT,) * max(rank for rank in ranks if rank is not None))


@fact(np.ndim, cheap=True)
def _(a: Type) -> Type:
    return PY_INT


@fact(np.size, static="axis", cheap=True)
def _(a: Type, axis: Any = None) -> Type:
    return PY_INT


@fact(np.nonzero)
def _(a: Type) -> Type:
    """One array of indices for each axis."""
    dims = array_of(a).dims
    places = Array(INT, (None,))
    return Sequence("tuple", None if dims is None else (places,) * len(dims), places)


@fact(np.unravel_index, static="shape")
def _(indices: Type, shape: Any) -> Type:
    """One array of indices for each axis."""
    dims = array_of(indices).dims
    places = Array(INT, dims)
    known_shape = known(shape)
    rank = len(known_shape) if isinstance(known_shape, tuple | list) else None
    return Sequence("tuple", None if rank is None else (places,) * rank, places)


@fact(np.diag_indices_from)
def _(arr: Type) -> Type:
    """One array of indices for each axis."""
    dims = array_of(arr).dims
    places = Array(INT, (None,))
    return Sequence("tuple", None if dims is None else (places,) * len(dims), places)


for _function in (np.tril_indices_from, np.triu_indices_from):

    @fact(_function)
    def _(arr: Type, k: Any = 0) -> Type:
        return Sequence("tuple", (Array(INT, (None,)),) * 2)


# ---------------------------------------------------------------------------- one array, new shape


@fact(np.reshape, static="shape order", storage="maybe", cheap=True)
def reshape(a: Type, shape: Any, order: Any = "C") -> Type:
    """``a`` in another shape; a length of -1 follows from the others."""
    check_order("np.reshape", order)
    x = array_of(a)
    dims = dims_from(shape)
    if dims is None:
        return Array(x.dtype, None)
    if isinstance(listed := known(shape), tuple | list | int):
        lengths = (listed,) if isinstance(listed, int) else tuple(listed)
        if -1 in lengths and x.dims is not None:
            place = lengths.index(-1)
            rest = times(*(d for i, d in enumerate(dims) if i != place))
            dims = replaced(dims, place, _quotient(times(*x.dims), rest))
    return Array(x.dtype, dims)


def _quotient(size: Dim, rest: Dim) -> Dim:
    if rest == 1:
        return size
    return size // rest if isinstance(size, int) and isinstance(rest, int) and rest else None


@fact(np.ravel, static="order", storage="maybe", cheap=True)
def ravel(a: Type, order: Any = "C") -> Type:
    """All entries in one dimension."""
    check_order("np.ravel", order)
    x = array_of(a)
    return Array(x.dtype, (None if x.dims is None else times(*x.dims),))


@fact(np.transpose, static="axes", storage="view", cheap=True)
def transpose(a: Type, axes: Any = None) -> Type:
    """The axes in reverse or in the order given."""
    x = array_of(a)
    if x.dims is None:
        return x
    order = tuple(reversed(range(len(x.dims))))
    if known(axes) is not None:
        order = axes_of(axes, len(x.dims)) or ()
        if len(order) != len(x.dims):
            return Array(x.dtype, unknown_dims(len(x.dims)))
    return Array(x.dtype, tuple(x.dims[i] for i in order))


@fact(np.swapaxes, static="axis1 axis2", storage="view", cheap=True)
def swapaxes(a: Type, axis1: Any, axis2: Any) -> Type:
    x = array_of(a)
    if x.dims is None:
        return x
    i, j = axis_of(axis1, len(x.dims)), axis_of(axis2, len(x.dims))
    if i is None or j is None:
        return Array(x.dtype, unknown_dims(len(x.dims)))
    return Array(x.dtype, replaced(replaced(x.dims, i, x.dims[j]), j, x.dims[i]))


@fact(np.moveaxis, static="source destination", storage="view", cheap=True)
def moveaxis(a: Type, source: Any, destination: Any) -> Type:
    x = array_of(a)
    if x.dims is None:
        return x
    rank = len(x.dims)
    old, new = axes_of(source, rank), axes_of(destination, rank)
    if old is None or new is None or len(old) != len(new):
        return Array(x.dtype, unknown_dims(rank))
    order = [i for i in range(rank) if i not in old]
    for place, axis in sorted(zip(new, old, strict=True)):
        order.insert(place, axis)
    return Array(x.dtype, tuple(x.dims[i] for i in order))


@fact(np.expand_dims, static="axis", storage="view", cheap=True)
def expand_dims(a: Type, axis: Any) -> Type:
    x = array_of(a)
    if x.dims is None or known(axis) is UNKNOWN:
        rank = None if x.dims is None or not isinstance(axis, Scalar) else len(x.dims) + 1
        return Array(x.dtype, unknown_dims(rank))
    count = len(axis) if isinstance(axis, tuple | list) else 1
    places = axes_of(axis, len(x.dims) + count)
    if places is None:
        return Array(x.dtype, None)
    rest = iter(x.dims)
    rank = len(x.dims) + count
    return Array(x.dtype, tuple(1 if i in places else next(rest) for i in range(rank)))


@fact(np.squeeze, static="axis", storage="view", cheap=True)
def squeeze(a: Type, axis: Any = None) -> Type:
    x = array_of(a)
    if x.dims is None:
        return x
    if known(axis) is None:
        if any(d is None or (isinstance(d, Sym) and not d.not_one) for d in x.dims):
            return Array(x.dtype, None)
        return Array(x.dtype, tuple(d for d in x.dims if d != 1))
    places = axes_of(axis, len(x.dims))
    if places is None:
        return Array(x.dtype, None)
    return Array(x.dtype, tuple(d for i, d in enumerate(x.dims) if i not in places))


@fact(np.broadcast_to, static="shape", storage="view", cheap=True)
def broadcast_to(array: Type, shape: Any) -> Type:
    """A read-only view in which the array is repeated."""
    x = array_of(array)
    dims = dims_from(shape)
    if dims is not None and x.dims is not None and len(dims) >= len(x.dims):
        gap = len(dims) - len(x.dims)
        pairs = zip(dims[gap:], x.dims, strict=True)
        # A length that differs from 1 is kept, or NumPy raises.
        kept = (old if new is None and _not_one(old) else new for new, old in pairs)
        dims = (*dims[:gap], *kept)
    return Array(x.dtype, dims)


def _not_one(dim: Dim) -> bool:
    return dim != 1 if isinstance(dim, int) else isinstance(dim, Sym) and dim.not_one


@fact(np.matrix_transpose, storage="view", cheap=True)
def matrix_transpose(x: Type) -> Type:
    """The last two axes swapped."""
    return swapaxes(x, -1, -2)


def at_least(rank: int, x: Array) -> Array:
    if x.dims is None:
        return x
    if len(x.dims) >= rank:
        return x
    if rank == 3 and len(x.dims) == 2:
        return Array(x.dtype, (*x.dims, 1))
    if rank == 3 and len(x.dims) == 1:
        return Array(x.dtype, (1, *x.dims, 1))
    return Array(x.dtype, (1,) * (rank - len(x.dims)) + x.dims)


@fact(np.atleast_1d, storage="maybe", cheap=True)
def _(x: Type) -> Type:
    return at_least(1, array_of(x))


@fact(np.atleast_2d, storage="maybe", cheap=True)
def _(x: Type) -> Type:
    return at_least(2, array_of(x))


@fact(np.atleast_3d, storage="maybe", cheap=True)
def _(x: Type) -> Type:
    return at_least(3, array_of(x))


# ---------------------------------------------------------------------------- one array, new order


@fact(np.flip, static="axis", storage="view", cheap=True)
def flip(m: Type, axis: Any = None) -> Type:
    """The order reversed along one axis, some or all."""
    return array_of(m)


@fact(np.fliplr, storage="view", cheap=True)
def _(m: Type) -> Type:
    return array_of(m)


@fact(np.flipud, storage="view", cheap=True)
def _(m: Type) -> Type:
    return array_of(m)


@fact(np.roll, static="shift axis")
def roll(a: Type, shift: Any, axis: Any = None) -> Type:
    return array_of(a)


@fact(np.rot90, static="k axes", storage="view", cheap=True)
def rot90(m: Type, k: Any = 1, axes: Any = (0, 1)) -> Type:
    x = array_of(m)
    turns = int_of(k)
    if x.dims is None:
        return x
    plane = axes_of(axes, len(x.dims))
    if turns is None or plane is None or len(plane) != 2:
        return Array(x.dtype, unknown_dims(len(x.dims)))
    return swapaxes(x, *plane) if turns % 2 else x


@fact(np.triu, static="k")
def triu(m: Type, k: Any = 0) -> Type:
    """The upper triangle of the last two axes; a vector is first made the rows of a square."""
    x = array_of(m)
    return Array(x.dtype, x.dims * 2) if x.dims is not None and len(x.dims) == 1 else x


fact(np.tril, static="k")(triu)


# ---------------------------------------------------------------------------- diagonals


@fact(np.diag, static="k", storage="maybe")
def diag(v: Type, k: Any = 0) -> Type:
    """A matrix from its diagonal, or the diagonal of a matrix (a read-only view)."""
    x = array_of(v)
    if x.dims is None:
        return Array(x.dtype, None)
    if len(x.dims) == 1:
        offset = int_of(k)
        side = plus(x.dims[0], None if offset is None else abs(offset))
        return Array(x.dtype, (side, side))
    return diagonal(x, k)


@fact(np.diagonal, static="offset axis1 axis2", storage="view", cheap=True)
def diagonal(a: Type, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Type:
    """The diagonals of the matrices in two axes, as a last axis; a read-only view."""
    x = array_of(a)
    if x.dims is None:
        return x
    rank = len(x.dims)
    i, j = axis_of(axis1, rank), axis_of(axis2, rank)
    if i is None or j is None:
        return Array(x.dtype, unknown_dims(rank - 1))
    rest = tuple(d for place, d in enumerate(x.dims) if place not in (i, j))
    return Array(x.dtype, (*rest, _diagonal_length(x.dims[i], x.dims[j], int_of(offset))))


def _diagonal_length(rows: Dim, columns: Dim, offset: int | None) -> Dim:
    if offset is None:
        return None
    if isinstance(rows, int) and isinstance(columns, int):
        return max(0, min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns))
    if rows == columns and rows is not None:
        return plus(rows, -abs(offset))
    return None


@fact(np.diagflat, static="k")
def _(v: Type, k: Any = 0) -> Type:
    x = array_of(v)
    offset = int_of(k)
    size = None if x.dims is None else times(*x.dims)
    side = plus(size, None if offset is None else abs(offset))
    return Array(x.dtype, (side, side))


@fact(np.trace, static="offset axis1 axis2")
def trace(a: Type, offset: Any = 0, axis1: Any = 0, axis2: Any = 1) -> Type:
    """The sums of the diagonals of the matrices in two axes."""
    diagonals = array_of(diagonal(a, offset, axis1, axis2))
    dtype = diagonals.dtype
    if dtype is not None and dtype.kind in "iub":
        dtype = np.sum(np.zeros(1, dtype)).dtype
    return result_of(dtype, diagonals.dims[:-1] if diagonals.dims is not None else None)


# ---------------------------------------------------------------------------- selecting


@fact(np.take, static="axis")
def take(a: Type, indices: Type, axis: Any = None) -> Type:
    """The entries at some places along an axis; of the flattened array where none is given."""
    x, places = array_of(a), array_of(indices)
    if known(axis) is None:
        return result_of(x.dtype, places.dims)
    if x.dims is None or places.dims is None:
        return Array(x.dtype, None)
    place = axis_of(axis, len(x.dims))
    if place is None:
        return result_of(x.dtype, unknown_dims(len(x.dims) - 1 + len(places.dims)))
    return result_of(x.dtype, (*x.dims[:place], *places.dims, *x.dims[place + 1 :]))


@fact(np.take_along_axis, static="axis")
def take_along_axis(arr: Type, indices: Type, axis: Any = -1) -> Type:
    """One entry per index, the other places being those of the index itself."""
    x, places = array_of(arr), array_of(indices)
    if known(axis) is None:
        return Array(x.dtype, places.dims)
    if x.dims is None or places.dims is None or len(x.dims) != len(places.dims):
        return Array(x.dtype, None)
    place = axis_of(axis, len(x.dims))
    if place is None:
        return Array(x.dtype, unknown_dims(len(x.dims)))
    dims = broadcast(replaced(x.dims, place, 1), replaced(places.dims, place, 1)) or ()
    return Array(x.dtype, replaced(dims, place, places.dims[place]))


@fact(np.compress, static="axis")
def compress(condition: Type, a: Type, axis: Any = None) -> Type:
    """The slices along an axis for which the condition holds."""
    x = array_of(a)
    if known(axis) is None:
        return Array(x.dtype, (None,))
    place = None if x.dims is None else axis_of(axis, len(x.dims))
    if x.dims is None or place is None:
        return Array(x.dtype, unknown_dims(rank_of(x)))
    return Array(x.dtype, replaced(x.dims, place, None))


@fact(np.extract)
def extract(condition: Type, arr: Type) -> Type:
    """The entries for which the condition holds."""
    return Array(array_of(arr).dtype, (None,))


@fact(np.diff, static="n axis")
def diff(a: Type, n: Any = 1, axis: Any = -1) -> Type:
    """Differences of neighbours, n times over."""
    x = array_of(a)
    if x.dims is None:
        return x
    order, place = int_of(n), axis_of(axis, len(x.dims))
    if order is None or place is None:
        return Array(x.dtype, unknown_dims(len(x.dims)))
    length = x.dims[place]
    shorter = max(length - order, 0) if isinstance(length, int) else plus(length, -order)
    return Array(x.dtype, replaced(x.dims, place, shorter))
