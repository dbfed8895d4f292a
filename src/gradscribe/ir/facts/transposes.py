"""Facts: the helpers of ``gradscribe.ir.transposes`` that rearrange entries."""

from __future__ import annotations

from typing import Any

from gradscribe.ir import transposes
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.facts.dimensions import (
    array_of,
    axes_of,
    axis_of,
    int_of,
    known,
    plus,
    rank_of,
    replaced,
    unknown_dims,
)
from gradscribe.ir.facts.joining import entries_of
from gradscribe.ir.facts.shapes import transpose
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import INT, PY_BOOL, UNKNOWN, Array, Sequence, Type


@fact(transposes.reshape_like)
def _(g: Type, x: Type) -> Type:
    return Array(array_of(g).dtype, array_of(x).dims)


@fact(transposes.split_like, static="axis", storage="maybe")
def _(g: Type, arrays: Any, axis: Any = 0) -> Type:
    entries = entries_of(arrays)
    dtype = array_of(g).dtype
    if entries is None:
        entry = array_of(arrays.element if isinstance(arrays, Sequence) else UNKNOWN)
        return Sequence("list", None, Array(dtype, entry.dims))
    return Sequence("list", tuple(Array(dtype, entry.dims) for entry in entries))


@fact(transposes.stacked_like, static="axis", storage="maybe")
def _(g: Type, arrays: Any, axis: Any) -> Type:
    entries = entries_of(arrays)
    dtype = array_of(g).dtype
    if entries is None:
        return Sequence("list", None, Array(dtype, None))
    return Sequence("list", tuple(Array(dtype, entry.dims) for entry in entries))


@fact(transposes.joined_like, static="axis")
def _(pieces: Type, x: Type, axis: Any) -> Type:
    array = array_of(x)
    joined = array_of(pieces.element if isinstance(pieces, Sequence) and pieces.element else x)
    return Array(joined.dtype, array.dims)


@fact(transposes.unstack, static="axis", storage="maybe")
def _(g: Type, xs: Type, axis: Any = 0) -> Type:
    return adjoint_type(xs)


@fact(transposes.eye_like, static="k")
def _(a: Type, k: Any = 0) -> Type:
    x = array_of(a)
    return Array(x.dtype, None if x.dims is None else x.dims[-2:])


@fact(transposes.last_written)
def _(x: Type, index: Any) -> Type:
    return Array(array_of(x).dtype, None)


@fact(transposes.may_repeat, static="index", cheap=True)
def _(index: Any) -> Type:
    return PY_BOOL


@fact(transposes.holds_lists, cheap=True)
def _(xs: Type) -> Type:
    return PY_BOOL


@fact(transposes.is_of_one_shape, cheap=True)
def _(d: Type) -> Type:
    return PY_BOOL


@fact(transposes.is_dict, cheap=True)
def _(x: Type) -> Type:
    return PY_BOOL


@fact(transposes.is_whole, static="index", cheap=True)
def _(index: Any) -> Type:
    return PY_BOOL


@fact(transposes.untransposed, static="axes", storage="view", cheap=True)
def _(g: Type, axes: Any) -> Type:
    order = known(axes)
    rank = len(order) if isinstance(order, tuple | list) else 0
    places = axes_of(axes, rank)
    if places is None or len(places) != rank:
        return Array(array_of(g).dtype, unknown_dims(rank or None))
    return transpose(g, tuple(places.index(i) for i in range(rank)))


def _like_second(g: Type, a: Type) -> Type:
    return Array(array_of(g).dtype, array_of(a).dims)


@fact(transposes.take_adjoint, static="axis")
def _(g: Type, a: Type, indices: Type, axis: Any) -> Type:
    return _like_second(g, a)


@fact(transposes.take_along_axis_adjoint, static="axis")
def _(g: Type, a: Type, indices: Type, axis: Any) -> Type:
    return _like_second(g, a)


@fact(transposes.places_along_axis, static="axis")
def _(indices: Type, shape: Type, axis: Any) -> Type:
    rank = rank_of(array_of(indices))
    if rank is None:
        return UNKNOWN
    return Sequence("tuple", (Array(INT, unknown_dims(rank)),) * rank)


@fact(transposes.repeat_adjoint, static="repeats axis")
def _(g: Type, a: Type, repeats: Any, axis: Any) -> Type:
    return _like_second(g, a)


@fact(transposes.tile_adjoint, static="reps")
def _(g: Type, a: Type, reps: Any) -> Type:
    return _like_second(g, a)


@fact(transposes.pad_adjoint, static="pad_width mode")
def _(g: Type, a: Type, pad_width: Any, mode: Any) -> Type:
    return _like_second(g, a)


@fact(transposes.diagonal_adjoint, static="offset axis1 axis2")
def _(g: Type, a: Type, offset: Any, axis1: Any, axis2: Any) -> Type:
    return _like_second(g, a)


@fact(transposes.diff_adjoint, static="n axis")
def _(g: Type, n: Any, axis: Any) -> Type:
    x = array_of(g)
    order = int_of(n)
    place = None if x.dims is None else axis_of(axis, len(x.dims))
    if x.dims is None or place is None:
        return Array(x.dtype, unknown_dims(rank_of(x)))
    return Array(x.dtype, replaced(x.dims, place, plus(x.dims[place], order)))
