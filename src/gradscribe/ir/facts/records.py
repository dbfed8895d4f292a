"""Facts: attributes of objects, and the displays of dicts and of objects with named fields."""

from __future__ import annotations

from typing import Any

from gradscribe.ir import helpers
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import UNKNOWN, Mapping, Struct, Type
from gradscribe.objects import is_named_tuple


def instance(cls: Any, names: Any, *values: Any) -> Any:
    """An object of a class, or a named tuple, whose attributes ``names`` are ``values``."""
    named = dict(zip(names, values, strict=True))
    return cls(**named) if is_named_tuple(cls) else helpers.holding(cls, **named)


@fact(getattr, static="name", name="getattr", storage="maybe", cheap=True)
def _(x: Type, name: Any) -> Type:
    """``x.name`` of an object that a function was given."""
    if isinstance(x, Struct):
        return dict(x.fields).get(name, UNKNOWN)
    return UNKNOWN


@fact(dict, static="keys", name="dict")
def _(keys: Any, *values: Type) -> Type:
    """``{key: value, …}``; as a primitive ``dict`` takes the keys as one constant."""
    return Mapping(tuple(zip(keys, values, strict=True)))


@fact(instance, static="cls names", name="instance")
def _(cls: Any, names: Any, *values: Type) -> Type:
    return Struct(cls, tuple(zip(names, values, strict=True)))
