"""Facts: attributes of objects, and the displays of dicts and of objects with named fields."""

from __future__ import annotations

from typing import Any

from gradscribe.errors import UnsupportedError
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import UNKNOWN, Mapping, Struct, Type


def instance(cls: Any, *values: Any) -> Any:
    """``cls(*values)`` of a named tuple or dataclass, its fields in order."""
    return cls(*values)


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


@fact(instance, static="cls", name="instance")
def _(cls: Any, *values: Type) -> Type:
    return Struct(cls, tuple(zip(field_names(cls), values, strict=True)))


def field_names(cls: Any) -> tuple[str, ...]:
    """The fields of a named tuple or dataclass, in the order of its constructor."""
    if hasattr(cls, "_fields"):
        return tuple(cls._fields)
    if not hasattr(cls, "__dataclass_fields__"):
        raise UnsupportedError(
            f"an object of the class {cls.__name__} would have to be made from its attributes here",
            hint="make it a dataclass or a named tuple, or return its attributes",
        )
    return tuple(f.name for f in cls.__dataclass_fields__.values() if f.init)
