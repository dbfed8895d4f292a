"""Facts: building and changing lists and tuples; the compiler's own helpers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gradscribe.ir import helpers, special
from gradscribe.ir.broadcasting import inexact
from gradscribe.ir.joins import element_type, join_optional, key_type, there
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import (
    NONE,
    PY_BOOL,
    PY_FLOAT,
    PY_INT,
    RANGE,
    UNKNOWN,
    Array,
    Mapping,
    Scalar,
    Sequence,
    Slice,
    Struct,
    Type,
    is_scalar,
    maybe_float,
)


@fact(tuple, name="tuple", cheap=True)
def make_tuple(*items: Type) -> Type:
    """``(a, b, …)``; as a primitive ``tuple`` takes the entries."""
    return Sequence("tuple", items)


@fact(list, name="list")
def make_list(*items: Type) -> Type:
    """``[a, b, …]``; as a primitive ``list`` takes the entries."""
    return Sequence("list", items) if items else Sequence("list")


@fact(slice, static="start stop step", cheap=True)
def make_slice(start: Any, stop: Any, step: Any = None) -> Type:
    parts = [p if p is None or type(p) is int else "dynamic" for p in (start, stop, step)]
    return Slice(*parts)


@fact(helpers.append, mutates=0)
def append(xs: Type, value: Type) -> Type:
    if isinstance(xs, Sequence):
        return Sequence("list", None, join_optional(element_type(xs), value))
    return xs


@fact(len, cheap=True)
def _(x: Type) -> Type:
    return PY_INT


@fact(range, name="range", cheap=True)
def _(*bounds: Type) -> Type:
    return RANGE


@fact(reversed, name="reversed", cheap=True)
def _(xs: Type) -> Type:
    """An iterable in the opposite order; in the IR it keeps the type of what it walks."""
    return xs


@fact(helpers.like)
def _(g: Type, x: Type) -> Type:
    return adjoint_type(x)


@fact(helpers.zeros_like)
def _(x: Type) -> Type:
    return adjoint_type(x)


@fact(helpers.fill_like)
def _(value: Type, x: Type) -> Type:
    return adjoint_type(x)


def adjoint_type(x: Type) -> Type:
    """The type of an adjoint of x: its shape; integers that are differentiated act as floats.

    Where x is None its adjoint is 0, whatever x is elsewhere; nobody looks at it.
    """
    if isinstance(x, Array | Sequence) and x.absent:
        own = adjoint_type(there(x))
        return replace(own, absent=True) if isinstance(own, Array | Sequence) else own
    if isinstance(x, Scalar):
        return Scalar(inexact(x.dtype), x.weak) if x.dtype.kind != "i" or not x.weak else PY_FLOAT
    if isinstance(x, Array):
        if x.dims == () and x.dtype is not None:
            return Scalar(inexact(x.dtype))
        dtype = inexact(x.dtype) if x.dtype is not None else None
        return Array(dtype, x.dims, number=x.number)
    if isinstance(x, Sequence):
        if x.items is not None:
            return Sequence(x.kind, tuple(adjoint_type(item) for item in x.items))
        return Sequence(x.kind, None, adjoint_type(x.element) if x.element else None)
    if isinstance(x, Mapping):
        if x.items is not None:
            return Mapping(tuple((key, _part_type(item)) for key, item in x.items))
        return Mapping(None, adjoint_type(x.element) if x.element else None, x.key)
    if isinstance(x, Struct):
        return Struct(x.cls, tuple((name, _part_type(item)) for name, item in x.fields))
    return UNKNOWN


def _part_type(kind: Type) -> Type:
    """The type of the adjoint of a part: None for what is not floating-point."""
    return adjoint_type(kind) if maybe_float(kind) else NONE


@fact(helpers.expand, static="axis keepdims")
def _(g: Type, x: Type, axis: Any, keepdims: Any) -> Type:
    dims = g.dims if isinstance(g, Array) else () if is_scalar(g) else None
    if keepdims is True or axis is None:
        return g
    if dims is None or not isinstance(x, Array) or x.dims is None or isinstance(axis, Type):
        return Array(g.dtype if isinstance(g, Array | Scalar) else None, None)
    axes = {a % len(x.dims) for a in (axis if isinstance(axis, tuple) else (axis,))}
    kept = iter(dims)
    return Array(
        g.dtype if isinstance(g, Array | Scalar) else None,
        tuple(1 if i in axes else next(kept, None) for i in range(len(x.dims))),
    )


@fact(helpers.stop_gradient, storage="view", name="stop_gradient")
def _(x: Type) -> Type:
    return x


@fact(helpers.without, static="place", mutates=0)
def _(xs: Type, place: Any) -> Type:
    if isinstance(xs, Sequence):
        return Sequence("list", None, element_type(xs))
    if isinstance(xs, Mapping):
        return Mapping(None, element_type(xs), key_type(xs), xs.default)
    return xs


@fact(helpers.inserted)
def _(xs: Type, place: Type, value: Type) -> Type:
    return append(xs, value)


@fact(helpers.joined)
def _(a: Type, b: Type) -> Type:
    kind = a.kind if isinstance(a, Sequence) else "list"
    return Sequence(kind, None, join_optional(element_type(a), element_type(b)))


@fact(helpers.repeated)
def _(a: Type, b: Type) -> Type:
    xs = a if isinstance(a, Sequence) else b
    return Sequence(xs.kind if isinstance(xs, Sequence) else "list", None, element_type(xs))


@fact(helpers.folded)
def _(g: Type, xs: Type) -> Type:
    return adjoint_type(xs)


@fact(helpers.copy_list)
def _(xs: Type) -> Type:
    if isinstance(xs, Sequence) and xs.kind == "list":
        return xs
    if isinstance(xs, Mapping):
        return Sequence("list", None, key_type(xs))
    return Sequence("list", None, element_type(xs))


@fact(helpers.copy_dict)
def _(d: Type) -> Type:
    return d


@fact(helpers.entries, static="count", cheap=True)
def _(xs: Type, count: int) -> Type:
    return Sequence("tuple", (element_type(xs) or UNKNOWN,) * count)


@fact(helpers.as_tuple)
def _(xs: Type) -> Type:
    return Sequence("tuple", None, element_type(xs))


@fact(helpers.bounds, static="part", cheap=True)
def _(part: Any, length: Type) -> Type:
    return Sequence("tuple", (PY_INT, PY_INT))


@fact(helpers.ordered)
def _(keys: Type, reverse: Type) -> Type:
    return Sequence("list", None, PY_INT)


@fact(helpers.add_trees)
def _(a: Type, b: Type) -> Type:
    return a


@fact(helpers.zero_tree)
def _(x: Type) -> Type:
    return adjoint_type(x)


@fact(helpers.zero_entries)
def _(d: Type) -> Type:
    return adjoint_type(d)


@fact(helpers.add_entry)
def _(xs: Type, index: Type, value: Type) -> Type:
    return xs


@fact(helpers.unwritten)
def _(g: Type, x: Type, key: Type) -> Type:
    return adjoint_type(x)


@fact(helpers.own)
def _(x: Type) -> Type:
    return x


@fact(helpers.is_one, cheap=True)
def _(x: Type) -> Type:
    return PY_BOOL


@fact(helpers.is_slow_inverse, cheap=True)
def _(x: Type, exponent: Type) -> Type:
    return PY_BOOL


@fact(helpers.apart, effect=True)
def _(*arrays: Type) -> Type:
    return UNKNOWN


@fact(helpers.by_place, effect=True)
def _(xs: Type) -> Type:
    return UNKNOWN


@fact(helpers.as_long, effect=True)
def _(*lengths: Type) -> Type:
    return UNKNOWN


@fact(helpers.checkpoint, name="checkpoint")
def _(what: Type, snapshots: Any = None, memory: Any = None) -> Type:
    return what


SEGMENTS = Sequence("list", None, Sequence("tuple", (RANGE, PY_INT)))


@fact(special.segments, name="segments")
def _(steps: Type, snapshots: Type) -> Type:
    return SEGMENTS


@fact(special.snapshots_in, name="snapshots_in")
def _(memory: Type, *state: Type) -> Type:
    return PY_INT


@fact(helpers.check_finite, effect=True, static="place what")
def _(x: Type, place: Any, what: Any) -> Type:
    return UNKNOWN
