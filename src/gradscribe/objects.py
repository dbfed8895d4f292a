"""Objects that are followed attribute by attribute: instances of ordinary Python classes.

Such an object is known by its class and what its attributes hold. Classes that compute attributes
behind the scenes (``__getattr__``), that are made of something else (a subclass of ``list`` or of
an array), that are arrays of another library, or that are not written in Python keep to themselves:
they pass through whole.
"""

from __future__ import annotations

import abc
import ast
import dataclasses
import enum
import functools
import inspect
import sys
import textwrap
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


@functools.cache
def taken_by(cls: Any) -> tuple[str, ...] | None:
    """The attributes that a class's constructor takes, in order, if all it does is to keep them.

    An object of any other class is made of known attributes without its constructor.
    """
    if is_named_tuple(cls):
        return tuple(cls._fields) if is_generated(cls.__new__) else None
    if cls.__setattr__ is not object.__setattr__ and not is_generated(cls.__setattr__):
        return None
    if is_generated(cls.__init__) and dataclasses.is_dataclass(cls):
        fields = dataclasses.fields(cls)
        names = tuple(field.name for field in fields)
        plain = names == tuple(inspect.signature(cls).parameters)  # type: ignore[arg-type]  # a class
        if not plain or hasattr(cls, "__post_init__") or any(field.kw_only for field in fields):
            return None
    else:
        kept = _kept(cls.__init__)
        if kept is None:
            return None
        names = kept
    return None if any(is_computed(inspect.getattr_static(cls, n, None)) for n in names) else names


def is_generated(function: Any) -> bool:
    """Was this method written by ``@dataclass`` or ``namedtuple``?"""
    code = getattr(function, "__code__", None)
    return code is not None and (code.co_filename == "<string>" or "namedtuple" in code.co_filename)


def is_computed(found: Any) -> bool:
    """Does what stands in a class under a name decide what assigning to that attribute does?"""
    return hasattr(type(found), "__set__") and not isinstance(found, types.MemberDescriptorType)


def _kept(init: Any) -> tuple[str, ...] | None:
    """The attributes in which ``__init__`` keeps its arguments, if it does nothing else."""
    try:
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(init))).body
    except (OSError, TypeError, SyntaxError):
        return None
    given = getattr(definition, "args", None)
    if given is None or given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg:
        return None
    receiver, *names = (arg.arg for arg in given.args)
    kept: dict[str, str] = {}
    for statement in definition.body:  # type: ignore[attr-defined]  # a function's
        match statement:
            case ast.Expr(ast.Constant()):
                continue
            case ast.Assign(
                [ast.Attribute(ast.Name(owner), name)], ast.Name(value)
            ) | ast.AnnAssign(ast.Attribute(ast.Name(owner), name), _, ast.Name(value)) if (
                owner == receiver and value in names and value not in kept
            ):
                kept[value] = name
            case _:
                return None
    found = tuple(kept[name] for name in names if name in kept)
    return found if len(set(found)) == len(names) else None


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
