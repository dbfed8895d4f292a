"""Facts: NumPy functions that join, split, repeat and pad arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradscribe.errors import UnsupportedError
from gradscribe.ir.facts.dimensions import (
    all_dims,
    array_of,
    axis_of,
    common_dim,
    common_dtype,
    dims_from,
    int_of,
    known,
    plus,
    rank_of,
    replaced,
    times,
    unknown_dims,
)
from gradscribe.ir.facts.shapes import at_least
from gradscribe.ir.joins import element_type
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import UNKNOWN, Array, Dim, Sequence, Sym, Type

# ---------------------------------------------------------------------------- joining


def entries_of(arrays: Any) -> list[Array] | None:
    """The arrays in a list or tuple, or the rows of an array; None where they are not known."""
    if isinstance(arrays, Sequence) and arrays.items is not None:
        return [array_of(item) for item in arrays.items]
    if isinstance(arrays, Array) and arrays.dims and isinstance(arrays.dims[0], int):
        return [Array(arrays.dtype, arrays.dims[1:])] * arrays.dims[0]
    if isinstance(arrays, tuple | list):
        return [array_of(item) for item in arrays]
    return None


def _entry(arrays: Any) -> Array:
    """What each of an unknown number of arrays is like."""
    entry = element_type(arrays) if isinstance(arrays, Type) else None
    return array_of(entry) if entry is not None else Array(None, None)


def _ranks(arrays: list[Array]) -> set[int | None]:
    return {None if a.dims is None else len(a.dims) for a in arrays}


def concatenated(arrays: list[Array], axis: Any) -> Type:
    """Arrays of equal rank one after the other along an axis that exists."""
    dtype = common_dtype(a.dtype for a in arrays)
    dims = all_dims(arrays)
    if not dims:
        return Array(dtype, None)
    rank = max(len(d) for d in dims)
    if known(axis) is None:
        sizes = [None if a.dims is None else times(*a.dims) for a in arrays]
        return Array(dtype, (plus(*sizes),))
    place = axis_of(axis, rank)
    if place is None or any(len(d) != rank for d in dims):
        return Array(dtype, unknown_dims(rank))
    columns = list(zip(*dims, strict=True))
    total = plus(*columns[place]) if len(dims) == len(arrays) else None
    lengths = tuple(total if i == place else common_dim(c) for i, c in enumerate(columns))
    return Array(dtype, lengths)


@fact(np.concatenate, static="axis")
def concatenate(arrays: Any, axis: Any = 0) -> Type:
    entries = entries_of(arrays)
    if entries:
        return concatenated(entries, axis)
    entry = _entry(arrays)
    if known(axis) is None:
        return Array(entry.dtype, (None,))
    place = None if entry.dims is None else axis_of(axis, len(entry.dims))
    if entry.dims is None or place is None:
        return Array(entry.dtype, unknown_dims(rank_of(entry)))
    return Array(entry.dtype, replaced(entry.dims, place, None))


@fact(np.stack, static="axis")
def stack(arrays: Any, axis: Any = 0) -> Type:
    """Arrays of equal shape along a new axis."""
    entries = entries_of(arrays)
    count = len(entries) if entries else None
    entries = entries or [_entry(arrays)]
    dtype = common_dtype(a.dtype for a in entries)
    dims = all_dims(entries)
    if not dims:
        return Array(dtype, None)
    common = tuple(common_dim(column) for column in zip(*dims, strict=False))
    place = axis_of(axis, len(common) + 1)
    if place is None:
        return Array(dtype, unknown_dims(len(common) + 1))
    return Array(dtype, (*common[:place], count, *common[place:]))


def _stacked(arrays: Any, rank: int, axis: int) -> Type:
    entries = entries_of(arrays)
    if entries:
        return concatenated([at_least(rank, a) for a in entries], axis)
    entry = at_least(rank, _entry(arrays))
    if entry.dims is None:
        return entry
    return Array(entry.dtype, replaced(entry.dims, axis, None))


@fact(np.vstack)
def vstack(tup: Any) -> Type:
    """Rows, or matrices below each other."""
    return _stacked(tup, 2, 0)


@fact(np.hstack)
def hstack(tup: Any) -> Type:
    """Vectors one after the other, or matrices beside each other."""
    entries = [at_least(1, a) for a in entries_of(tup) or [_entry(tup)]]
    ranks = _ranks(entries)
    if None in ranks or len(ranks) != 1:
        return Array(common_dtype(a.dtype for a in entries), None)
    return _stacked(tup, 1, 0 if ranks == {1} else 1)


@fact(np.dstack)
def dstack(tup: Any) -> Type:
    return _stacked(tup, 3, 2)


@fact(np.column_stack)
def column_stack(tup: Any) -> Type:
    """Vectors as the columns of a matrix, beside matrices."""
    entries = entries_of(tup)
    columns = [_column(a) for a in entries or [_entry(tup)]]
    if entries:
        return concatenated(columns, 1)
    if columns[0].dims is None:
        return columns[0]
    return Array(columns[0].dtype, replaced(columns[0].dims, 1, None))


def _column(a: Array) -> Array:
    if a.dims is not None and len(a.dims) == 1:
        return Array(a.dtype, (*a.dims, 1))
    return Array(a.dtype, (1, 1)) if a.dims == () else a


@fact(np.append, static="axis", name="np.append")
def append(arr: Any, values: Any, axis: Any = None) -> Type:
    """Two arrays one after the other; flattened where no axis is given."""
    both = [array_of(arr), array_of(values)]
    return concatenated(both, axis) if known(axis) is not None else _flat(both)


def _flat(arrays: list[Array]) -> Type:
    sizes = [None if a.dims is None else times(*a.dims) for a in arrays]
    return Array(common_dtype(a.dtype for a in arrays), (plus(*sizes),))


# ---------------------------------------------------------------------------- splitting


def _pieces(x: Array, where: Any, axis: Any, even: bool) -> Type:
    """A list of views of x, cut at the given places or into so many pieces."""
    rank = None if x.dims is None else len(x.dims)
    place = None if rank is None else axis_of(axis, rank)
    cuts = known(where)
    count: int | None = None
    if isinstance(cuts, int):
        count = cuts
    elif isinstance(cuts, tuple | list):
        count = len(cuts) + 1
    elif isinstance(where, Sequence) and where.items is not None:
        count = len(where.items) + 1
    if x.dims is None or place is None:
        piece = Array(x.dtype, unknown_dims(rank))
        return Sequence("list", (piece,) * count) if count else Sequence("list", None, piece)
    if count is None:
        return Sequence("list", None, Array(x.dtype, replaced(x.dims, place, None)))
    lengths = _lengths(x.dims[place], cuts, count, even)
    return Sequence("list", tuple(Array(x.dtype, replaced(x.dims, place, n)) for n in lengths))


def _lengths(length: Dim, cuts: Any, count: int, even: bool) -> list[Dim]:
    if isinstance(cuts, int):
        if isinstance(length, int):
            return [len(part) for part in np.array_split(np.empty(length), count)]
        if isinstance(length, Sym) and even:
            return [Sym(("part", length.key, length.offset, count))] * count
        return [None] * count
    ordered = isinstance(cuts, tuple | list) and list(cuts) == sorted(cuts) and min(cuts) >= 0
    if ordered and isinstance(length, int):
        return [len(part) for part in np.split(np.empty(length), cuts)]
    return [None] * count


@fact(np.split, static="indices_or_sections axis", storage="view", cheap=True)
def split(ary: Type, indices_or_sections: Any, axis: Any = 0) -> Type:
    return _pieces(array_of(ary), indices_or_sections, axis, even=True)


@fact(np.array_split, static="indices_or_sections axis", storage="view", cheap=True)
def array_split(ary: Type, indices_or_sections: Any, axis: Any = 0) -> Type:
    return _pieces(array_of(ary), indices_or_sections, axis, even=False)


@fact(np.vsplit, static="indices_or_sections", storage="view", cheap=True)
def vsplit(ary: Type, indices_or_sections: Any) -> Type:
    return _pieces(array_of(ary), indices_or_sections, 0, even=True)


@fact(np.hsplit, static="indices_or_sections", storage="view", cheap=True)
def hsplit(ary: Type, indices_or_sections: Any) -> Type:
    x = array_of(ary)
    axis = UNKNOWN if x.dims is None else min(len(x.dims) - 1, 1)
    return _pieces(x, indices_or_sections, axis, even=True)


@fact(np.dsplit, static="indices_or_sections", storage="view", cheap=True)
def dsplit(ary: Type, indices_or_sections: Any) -> Type:
    return _pieces(array_of(ary), indices_or_sections, 2, even=True)


@fact(np.meshgrid, static="indexing sparse")
def meshgrid(*xi: Type, sparse: Any = False, indexing: Any = "xy") -> Type:
    """A tuple of arrays, one per vector: its coordinate at every point of the grid."""
    vectors = [array_of(x) for x in xi]
    sides = [None if v.dims is None else times(*v.dims) for v in vectors]
    if known(indexing) not in ("xy", "ij") or known(sparse) is UNKNOWN:
        return Sequence("tuple", tuple(Array(v.dtype, unknown_dims(len(xi))) for v in vectors))
    order = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        order[:2] = [1, 0]
    grids = []
    for place, vector in enumerate(vectors):
        dims = tuple(sides[i] if not sparse or i == place else 1 for i in order)
        grids.append(Array(vector.dtype, dims))
    return Sequence("tuple", tuple(grids))


# ---------------------------------------------------------------------------- repeating, padding


@fact(np.tile, static="reps")
def tile(A: Type, reps: Any) -> Type:
    x = array_of(A)
    counts = dims_from(reps)
    if counts is None or x.dims is None:
        return Array(x.dtype, None)
    rank = max(len(counts), len(x.dims))
    dims = (1,) * (rank - len(x.dims)) + x.dims
    counts = (1,) * (rank - len(counts)) + counts
    return Array(x.dtype, tuple(times(d, c) for d, c in zip(dims, counts, strict=True)))


@fact(np.repeat, static="repeats axis")
def repeat(a: Type, repeats: Any, axis: Any = None) -> Type:
    """Each entry several times, in one dimension where no axis is given."""
    x = array_of(a)
    count = int_of(repeats)
    if known(axis) is None:
        size = None if x.dims is None or count is None else times(*x.dims, count)
        return Array(x.dtype, (size,))
    if x.dims is None:
        return Array(x.dtype, None)
    place = axis_of(axis, len(x.dims))
    if place is None:
        return Array(x.dtype, unknown_dims(len(x.dims)))
    length = None if count is None else times(x.dims[place], count)
    return Array(x.dtype, replaced(x.dims, place, length))


@fact(np.pad, static="pad_width mode constant_values")
def pad(array: Type, pad_width: Any, mode: Any = "constant", constant_values: Any = 0) -> Type:
    """The array in a wider frame."""
    x = array_of(array)
    if known(mode) not in ("constant", "edge", "wrap", "reflect", "symmetric"):
        raise UnsupportedError(
            "np.pad with this mode", hint="constant, edge, wrap, reflect and symmetric have rules"
        )
    widths = known(pad_width)
    if x.dims is None or widths is UNKNOWN:
        return Array(x.dtype, unknown_dims(rank_of(x)))
    frame = np.broadcast_to(np.asarray(widths), (len(x.dims), 2)).tolist()
    return Array(x.dtype, tuple(plus(d, *f) for d, f in zip(x.dims, frame, strict=True)))
