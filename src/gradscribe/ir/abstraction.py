"""Abstraction: the type of a concrete object, and the objects that are a type by themselves."""

from __future__ import annotations

import enum
from typing import Any

import numpy as np

from gradscribe.arrays import OWN, foreign_of
from gradscribe.ir.immutables import EXAMPLES
from gradscribe.ir.joins import is_unlike, join_all
from gradscribe.ir.types import (
    MANY,
    PYTHON,
    RANGE,
    UNKNOWN,
    Array,
    Immutable,
    Mapping,
    Scalar,
    Sequence,
    Slice,
    Static,
    Struct,
    Sym,
    Type,
)
from gradscribe.objects import attributes_of, is_followed, is_named_tuple


def type_of(value: Any, name: str = "n", sized: bool = False, depth: int = 0) -> Type:
    """The type of a concrete object; an array's dimensions become symbols ``name0``, ``name1``, …

    Only what the dispatcher's key distinguishes may be told apart here: rank, dtype, which
    dimensions are 1 and (if ``sized``) which are ``MANY`` or more, but no lengths. ``depth``
    counts the objects around this one.
    """
    if (known := PYTHON.get(type(value))) is not None:
        return known
    if type(value) in EXAMPLES:
        return Immutable(type(value))
    if isinstance(value, np.generic):
        return Scalar(value.dtype) if value.dtype.kind in "fiubc" else UNKNOWN
    foreign = foreign_of(value)
    if foreign or type(value) in OWN:
        dims = tuple(
            1 if n == 1 else Sym(f"{name}{axis}", not_one=True, many=sized and n >= MANY)
            for axis, n in enumerate(value.shape)
        )
        return Array(value.dtype, dims, foreign) if value.dtype.kind in "fiubc" else UNKNOWN
    if type(value) is list:
        return _list_type([type_of(v, f"{name}_{i}", sized, depth) for i, v in enumerate(value)])
    if type(value) is tuple:
        items = tuple(type_of(v, f"{name}_{i}", sized, depth) for i, v in enumerate(value))
        return Sequence("tuple", items)
    if type(value) is dict:
        pairs = enumerate(value.items())
        return Mapping(tuple((k, type_of(v, f"{name}_{i}", sized, depth)) for i, (k, v) in pairs))
    if is_named_tuple(type(value)):
        cls = type(value)
        named = zip(cls._fields, value, strict=True)
        return Struct(cls, tuple((k, type_of(v, f"{name}_{k}", sized, depth)) for k, v in named))
    if type(value) is range:
        return RANGE
    if type(value) is slice:
        return Slice(*(_bound(part) for part in (value.start, value.stop, value.step)))
    if is_static(value):
        return Static(value)
    attributes = attributes_of(value, depth)
    if attributes is None:
        return UNKNOWN
    fields = ((k, type_of(v, f"{name}_{k}", sized, depth + 1)) for k, v in attributes.items())
    return Struct(type(value), tuple(fields))


def _list_type(entries: list[Type]) -> Type:
    """A list of things alike, of any length, or of unlike things, each known by itself."""
    if entries and isinstance(entries[0], Scalar) and entries.count(entries[0]) == len(entries):
        return Sequence("list", None, entries[0])
    if is_unlike(entries):
        return Sequence("list", tuple(entries))
    return Sequence("list", None, join_all(entries))


def _bound(part: Any) -> int | str | None:
    return part if part is None or type(part) is int else "dynamic"


def constant_type(value: Any, name: str = "n") -> Type:
    """The type of an object written in the program: as ``type_of``, with exact lengths."""
    if (known := PYTHON.get(type(value))) is not None:
        return known
    foreign = foreign_of(value)
    if (foreign or type(value) in OWN) and value.dtype.kind in "fiubc":
        return Array(value.dtype, tuple(map(int, value.shape)), foreign)
    return type_of(value, name)


def is_static(value: Any) -> bool:
    """Is this an object that code branches on or calls, known by itself?"""
    return (
        value is None
        or value is Ellipsis
        or isinstance(value, str | bytes | type | np.dtype | np.ufunc | enum.Enum)
        or _is_function(value)
        or type(value).__name__ == "module"
    )


def _is_function(value: Any) -> bool:
    """Is this a function of some sort, and not an object of the user's that can be called?"""
    return callable(value) and not is_followed(type(value))
