"""Objects that are followed attribute by attribute: instances of ordinary Python classes.

Such an object is known by its class and what its attributes hold. Classes that compute attributes
behind the scenes (``__getattr__``), that are made of something else (a subclass of ``list`` or of
an array), that are arrays of another library, or that are not written in Python keep to themselves:
they pass through whole.
"""

from __future__ import annotations

import abc
import enum
import sys
import types
from typing import Any

from gradscribe.arrays import has_protocols

# The attributes that one object may have, and how deep objects may hold one another.
_MOST = 200
_DEEPEST = 6


_FOLLOWED: dict[Any, bool] = {}


def is_followed(cls: Any) -> bool:
    """Are instances of a class followed attribute by attribute?"""
    known = _FOLLOWED.get(cls)
    if known is None:
        known = _FOLLOWED[cls] = _is_followed(cls)
    return known


def _is_followed(cls: Any) -> bool:
    if cls is types.SimpleNamespace:
        return True
    top = cls.__module__.split(".")[0]
    bases = cls.__mro__[:-1]
    return (
        type(cls) in (type, abc.ABCMeta)
        and top not in sys.stdlib_module_names - {"__main__"}
        and top not in ("numpy", "scipy", "gradscribe")
        and all(_is_plain(base) for base in bases)
        and not hasattr(cls, "__getattr__")
        and not has_protocols(cls)
        and getattr(cls, "__getattribute__", None) is object.__getattribute__
        and cls.__new__ is object.__new__
    )


def _is_plain(cls: type) -> bool:
    """Is a class written in Python, or one of those that only say what others look like?"""
    is_heap = bool(cls.__flags__ & (1 << 9))
    return is_heap and not issubclass(cls, BaseException | enum.Enum | type)


def is_named_tuple(cls: Any) -> bool:
    return issubclass(cls, tuple) and hasattr(cls, "_fields") and cls is not tuple


def attributes_of(value: Any, depth: int = 0) -> dict[str, Any] | None:
    """What the attributes of an object hold, by name; None for an object that is not followed."""
    cls = type(value)
    if depth >= _DEEPEST:
        return None
    try:
        if not is_followed(cls):
            return None
    except TypeError:  # a class that cannot be hashed
        return None
    found: dict[str, Any] = {}
    for base in cls.__mro__[::-1]:
        slots = base.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                found[name] = getattr(value, name)
    found |= getattr(value, "__dict__", {})
    return found if len(found) <= _MOST else None
