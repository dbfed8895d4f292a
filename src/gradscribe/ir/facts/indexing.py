"""Facts: reading and writing entries of arrays, lists, tuples and dicts, by any index."""

from __future__ import annotations

import operator
from typing import Any

from gradscribe.ir import helpers
from gradscribe.ir.abstraction import constant_type
from gradscribe.ir.broadcasting import broadcast
from gradscribe.ir.joins import element_type, join, join_optional, key_type
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import (
    PY_INT,
    RANGE,
    TEXT,
    UNKNOWN,
    Array,
    Dim,
    Mapping,
    Range,
    Scalar,
    Sequence,
    Slice,
    Static,
    Sym,
    Type,
    is_array,
    scalar_of,
)


@fact(operator.getitem, static="index", storage="maybe")
def getitem(x: Type, index: Any) -> Type:
    """``x[index]``; a view of an array for a basic index, a copy for a fancy one."""
    if isinstance(x, Array):
        return index_type(x, index)
    if isinstance(x, Sequence):
        if type(index) is int and x.items is not None and -len(x.items) <= index < len(x.items):
            return x.items[index]
        if isinstance(index, slice) and x.items is not None and _literal(index):
            return Sequence(x.kind, x.items[index])
        if isinstance(index, slice | Slice):
            return Sequence(x.kind, None, element_type(x))
        if x.items and all(map(_is_text, x.items)):
            return TEXT
        return element_type(x) or UNKNOWN
    if isinstance(x, Mapping):
        if x.items is None or isinstance(index, Type):
            return element_type(x) or UNKNOWN
        return dict(x.items).get(index, UNKNOWN)
    if isinstance(x, Range):
        return RANGE if isinstance(index, slice | Slice) else PY_INT
    if isinstance(x, Scalar) and not x.weak and x.dtype.kind in "fiubc":
        return index_type(Array(x.dtype, ()), index)
    return TEXT if _is_text(x) else UNKNOWN


def _literal(index: slice) -> bool:
    return all(p is None or type(p) is int for p in (index.start, index.stop, index.step))


def index_parts(index: Any) -> list[Type] | None:
    """The entries of an index as types; None where they are not known."""
    if isinstance(index, tuple):
        return [_literal_type(part) for part in index]
    if isinstance(index, Sequence) and index.kind == "tuple":
        return list(index.items) if index.items is not None else None
    return [index if isinstance(index, Type) else _literal_type(index)]


def _literal_type(part: Any) -> Type:
    """The type of an entry of an index that is written out."""
    if isinstance(part, list):
        return Sequence("list", tuple(constant_type(place) for place in part))
    return constant_type(part)


def lists_once(index: Any) -> bool:
    """Is this an index with a list, written out, of places that are all different?"""
    parts = index if isinstance(index, tuple) else (index,)
    lists = [part for part in parts if isinstance(part, list)]
    return (
        len(lists) == 1
        and all(all(place >= 0 for place in part) and len(set(part)) == len(part) for part in lists)
        and all(isinstance(part, list) or is_basic(part) for part in parts)
    )


def is_basic(index: Any) -> bool:
    """Integers, slices, newaxis and ellipsis only: the result is a view, no entry comes twice."""
    parts = index_parts(index)
    return parts is not None and all(
        (isinstance(p, Scalar) and p.dtype.kind in "iu")
        or isinstance(p, Slice)
        or (isinstance(p, Static) and p.value in (None, Ellipsis))
        for p in parts
    )


def index_type(x: Array, index: Any) -> Type:
    """The type of ``x[index]`` for an array."""
    parts = index_parts(index)
    if parts is None or x.dims is None:
        return Array(x.dtype, None)
    used = sum(1 for p in parts if not isinstance(p, Static))
    rest = len(x.dims) - used
    if not is_basic(index):
        return _fancy_type(x, parts)
    dims: list[Dim] = []
    axis = 0
    if not any(isinstance(p, Static) and p.value is Ellipsis for p in parts):
        parts = [*parts, Static(Ellipsis)]
    if rest < 0:
        return Array(x.dtype, None)
    for part in parts:
        if isinstance(part, Static) and part.value is None:
            dims.append(1)
        elif isinstance(part, Static):
            dims.extend(x.dims[axis : axis + rest])
            axis += rest
        else:
            if isinstance(part, Slice):
                dims.append(slice_dim(x.dims[axis], part))
            axis += 1
    return Array(x.dtype, tuple(dims)) if dims else scalar_of(x.dtype)


def _fancy_type(x: Array, parts: list[Type]) -> Type:
    dims = x.dims or ()
    if len(parts) == 1 and isinstance(parts[0], Scalar) and parts[0].dtype.kind == "b":
        return Array(x.dtype, (None, *dims))
    if len(parts) == 1 and isinstance(parts[0], Array) and parts[0].dims is not None:
        index = parts[0]
        if index.dtype is not None and index.dtype.kind == "b":
            return Array(x.dtype, (None, *dims[len(index.dims or ()) :]))
        if index.dtype is not None and index.dims:
            return Array(x.dtype, (*index.dims, *dims[1:]))
    if len(parts) == 1 and isinstance(parts[0], Sequence) and parts[0].kind == "list":
        element = element_type(parts[0])
        if isinstance(element, Scalar) and element.dtype.kind == "i":
            length = len(parts[0].items) if parts[0].items is not None else None
            return Array(x.dtype, (length, *dims[1:]))
    dims_found = _mixed_dims(dims, parts)
    return Array(x.dtype, dims_found)


def _mixed_dims(dims: tuple[Dim, ...], parts: list[Type]) -> tuple[Dim, ...] | None:
    """The dims of ``x[i, 1:, j]`` with arrays of integers among the parts; None if not known.

    Their common dims stand where the first of them does, or in front if something is between them.
    """
    rest = len(dims) - sum(not isinstance(p, Static) for p in parts)
    if rest < 0:
        return None
    if not any(isinstance(p, Static) and p.value is Ellipsis for p in parts):
        parts = [*parts, Static(Ellipsis)]
    common = broadcast(*(p.dims for p in parts if isinstance(p, Array)))
    found: list[Dim] = []
    places: list[int] = []  # of the parts that are integers, one or many
    first, axis = 0, 0
    for k, part in enumerate(parts):
        if isinstance(part, Static) and part.value is None:
            found.append(1)
        elif isinstance(part, Static) and part.value is Ellipsis:
            found += dims[axis : axis + rest]
            axis += rest
        elif isinstance(part, Slice):
            found.append(slice_dim(dims[axis], part))
            axis += 1
        elif (
            isinstance(part, Scalar | Array) and part.dtype is not None and part.dtype.kind in "iu"
        ):
            first = first if places else len(found)
            places.append(k)
            axis += 1
        else:
            return None
    if common is None or not places:
        return None
    together = places[-1] - places[0] == len(places) - 1
    at = first if together else 0
    return (*found[:at], *common, *found[at:])


def slice_dim(dim: Dim, part: Slice) -> Dim:
    """The length of a slice of a dimension: ``n - 2`` for ``1:-1``, whatever n is."""
    start, stop, step = part.start, part.stop, part.step
    if "dynamic" in (start, stop, step) or isinstance(start, str) or isinstance(stop, str):
        return None
    if isinstance(dim, int) and not isinstance(step, str):
        return len(range(*slice(start, stop, step).indices(dim)))
    if not isinstance(dim, Sym):
        return None
    if step in (None, 1) and (start or 0) >= 0 and (stop is None or stop < 0):
        cut = (start or 0) - (stop or 0)
        return dim if cut == 0 else dim.plus(-cut)
    if step == -1 and start is None and stop is None:
        return dim
    return Sym(("slice", dim.key, dim.offset, start, stop, step))


@fact(helpers.setitem, static="index", mutates=0)
def setitem(x: Type, index: Any, value: Type) -> Type:
    if isinstance(x, Sequence) and x.kind == "list":
        if type(index) is int and x.items is not None and -len(x.items) <= index < len(x.items):
            items = list(x.items)
            items[index] = value
            return Sequence("list", tuple(items))
        if isinstance(index, slice | Slice):
            return Sequence("list", None, UNKNOWN)
        return Sequence("list", None, join(element_type(x), value))
    if isinstance(x, Mapping):
        written = key_type(Mapping(((index, value),))) if not isinstance(index, Type) else index
        key = join_optional(key_type(x), TEXT if _is_text(written) else written)
        return Mapping(None, join_optional(element_type(x), value), key, x.default)
    return x


def _is_text(kind: Type | None) -> bool:
    return isinstance(kind, Static) and isinstance(kind.value, str)


@fact(helpers.index_add, static="index", mutates=0)
def _(x: Type, index: Any, value: Type) -> Type:
    if is_array(x) or isinstance(x, Mapping):
        return x
    if isinstance(x, Sequence) and isinstance(element := element_type(x), Sequence):
        return setitem(x, index, _sum_of_lists(element, value))
    return setitem(x, index, value)


def _sum_of_lists(entry: Sequence, value: Type) -> Type:
    """The entry stays the list that it is, whatever is added to its parts."""
    parts, added = element_type(entry), element_type(value) if value != UNKNOWN else UNKNOWN
    if isinstance(parts, Sequence):
        return Sequence(entry.kind, None, _sum_of_lists(parts, added or UNKNOWN))
    return Sequence(entry.kind, None, join_optional(parts, added))
