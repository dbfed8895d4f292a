"""The least type that holds several: what a value is that comes from one of two places."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

from gradscribe.ir.types import (
    NONE,
    NUMERIC,
    PY_FLOAT,
    PY_INT,
    PYTHON,
    TEXT,
    UNKNOWN,
    Array,
    Dim,
    Mapping,
    Range,
    Scalar,
    Sequence,
    Static,
    Struct,
    Sym,
    Type,
    foreign_in,
    is_number,
    is_scalar,
    not_one,
    scalar_of,
)


def join(a: Type | None, b: Type | None) -> Type:
    """The least type that holds both; None is nothing yet."""
    if a == b and a is not None:
        return a
    if a is None or b is None:
        return a or b or UNKNOWN
    if _is_text(a) and _is_text(b):
        return TEXT
    if TEXT in (a, b):
        return UNKNOWN
    if NONE in (a, b):
        return _if_there(b if a == NONE else a)
    if may_be_none(a) or may_be_none(b):
        return _if_there(join(there(a), there(b)))
    if isinstance(a, Scalar) and isinstance(b, Scalar):
        if a.dtype == b.dtype:
            return Scalar(a.dtype, weak=False)
        if a.weak and b.weak and {a.dtype.kind, b.dtype.kind} <= {"f", "i"}:
            return PY_FLOAT
        return Array(None, (), number=True)
    if isinstance(a, Array) and isinstance(b, Array):
        dtype, foreign = a.dtype if a.dtype == b.dtype else None, max(a.foreign, b.foreign)
        if a.dims == b.dims == ():
            return Array(dtype, (), foreign, number=a.number and b.number)
        if a.dims is None or b.dims is None or len(a.dims) != len(b.dims):
            return Array(dtype, None, foreign)
        dims = tuple(join_dim(x, y) for x, y in zip(a.dims, b.dims, strict=True))
        return Array(dtype, dims, foreign)
    if isinstance(a, Array | Scalar) and isinstance(b, Array | Scalar):
        dtype = a.dtype if a.dtype == b.dtype else None
        if is_scalar(a) and is_scalar(b):
            return Array(dtype, (), foreign_in(a, b), number=is_number(a) and is_number(b))
        return Array(dtype, None, foreign_in(a, b))
    if isinstance(a, Sequence) and isinstance(b, Sequence) and a.kind == b.kind:
        if a.items is not None and b.items is not None and len(a.items) == len(b.items):
            return Sequence(
                a.kind, tuple(join(x, y) for x, y in zip(a.items, b.items, strict=True))
            )
        element = join_optional(element_type(a), element_type(b))
        return Sequence(a.kind, None, element)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        default = a.default if a.default is b.default else None
        keys = [[k for k, _ in m.items] if m.items is not None else None for m in (a, b)]
        if keys[0] == keys[1] and a.items is not None and b.items is not None:
            pairs = zip(a.items, b.items, strict=True)
            items = tuple((k, join(x, y)) for (k, x), (_, y) in pairs)
            return Mapping(items, None, None, default)
        element = join_optional(element_type(a), element_type(b))
        return Mapping(None, element, join_optional(key_type(a), key_type(b)), default)
    if isinstance(a, Struct) and isinstance(b, Struct) and a.cls is b.cls:
        if [k for k, _ in a.fields] == [k for k, _ in b.fields]:
            both = zip(a.fields, b.fields, strict=True)
            return Struct(a.cls, tuple((k, join(x, y)) for (k, x), (_, y) in both))
    return UNKNOWN


def _is_text(kind: Type) -> bool:
    return kind == TEXT or (isinstance(kind, Static) and isinstance(kind.value, str))


def may_be_none(kind: Type) -> bool:
    """Is this the type of what may be None instead?"""
    return isinstance(kind, Scalar | Array | Sequence) and kind.absent


def there(kind: Type) -> Type:
    """The type where the value is not None."""
    if isinstance(kind, Scalar | Array | Sequence) and kind.absent:
        return replace(kind, absent=False)
    return kind


def _if_there(kind: Type) -> Type:
    """The type of a value that may be None instead: numbers that are computed with, and lists."""
    if isinstance(kind, Scalar) and kind.dtype.kind != "f":
        return UNKNOWN
    if isinstance(kind, Sequence) and kind.kind != "list":
        return UNKNOWN
    return replace(kind, absent=True) if isinstance(kind, Scalar | Array | Sequence) else UNKNOWN


def join_optional(a: Type | None, b: Type | None) -> Type | None:
    return None if a is None and b is None else join(a, b)


def join_all(types: list[Type]) -> Type | None:
    """The join of several types; None for none."""
    result: Type | None = None
    for item in types:
        result = join(result, item)
    return result


def join_dim(a: Dim, b: Dim) -> Dim:
    if a == b:
        return a
    if not_one(a) and not_one(b):
        return Sym(("join", a, b), not_one=True) if _depth(a) + _depth(b) < 3 else None
    return None


def _depth(dim: Dim) -> int:
    key = dim.key if isinstance(dim, Sym) else None
    return 1 + _depth(key[1]) + _depth(key[2]) if isinstance(key, tuple) and key[0] == "join" else 0


def element_type(container: Type) -> Type | None:
    """What iterating over a value of this type gives, and what a dict holds; None if empty."""
    match container:
        case Range():
            return PY_INT
        case Sequence(_, items, element):
            return join_all(list(items)) if items is not None else element
        case Mapping(items, element):
            return join_all([kind for _, kind in items]) if items is not None else element
        case Array(dtype, dims) if dims:
            return Array(dtype, dims[1:]) if len(dims) > 1 else scalar_of(dtype)
        case _:
            return UNKNOWN


def key_type(kind: Mapping) -> Type | None:
    """What the keys of a dict are; None if it is empty."""
    if kind.items is None:
        return kind.key
    kinds = [_type_of_key(key) for key, _ in kind.items]
    return kinds[0] if len(set(kinds)) == 1 else join_all(kinds)


def _type_of_key(key: Hashable) -> Type:
    if isinstance(key, tuple):
        return Sequence("tuple", tuple(map(_type_of_key, key)))
    return TEXT if type(key) is str else PYTHON.get(type(key), UNKNOWN)


def is_unlike(kinds: list[Type]) -> bool:
    """Are things of these types known better one by one than together?"""
    if any(kind in (UNKNOWN, NUMERIC) for kind in kinds):
        return False
    element = join_all(kinds)
    if element is None or may_be_none(element) != any(map(may_be_none, kinds)):
        return True
    return element == UNKNOWN or (isinstance(element, Array) and element.dims is None)
