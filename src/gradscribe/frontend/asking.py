"""What a value is, asked in the program: ``isinstance``, ``type``, ``callable``, ``getattr``.

The answers are constants wherever types decide them, so that the branches that they guard are, too.
"""

from __future__ import annotations

import types
from typing import Any

import gast
import numpy as np

from gradscribe.frontend import builtin_calls
from gradscribe.frontend.collected import ORIGINAL
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, TupleOf
from gradscribe.frontend.hidden import hidden
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.renaming import scope_of
from gradscribe.frontend.streams import load, stream_in
from gradscribe.ir.core import Const
from gradscribe.ir.joins import may_be_none
from gradscribe.ir.types import (
    Array,
    Immutable,
    Mapping,
    Range,
    Scalar,
    Sequence,
    Static,
    Struct,
    Type,
    Unknown,
)

Positional = list[Bound]
Keywords = dict[str, Bound]


def _isinstance(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``isinstance(x, float)``, decided where the type is known."""
    if len(positional) != 2 or keywords:
        return None
    parts = _classes(positional[1])
    if parts is None:
        return None
    if isinstance(positional[0], Closure | Procedure):
        return Const(any(issubclass(types.FunctionType, cls) for cls in parts))
    kind = frame.type(positional[0])
    answers = [_instance_of(frame, kind, cls) for cls in parts]
    if any(answer is True for answer in answers):
        return Const(True)
    if frame.builder.derived and parts == [float]:
        return Const(False)  # what a rule writes for NumPy holds for Python's floats too
    return Const(False) if all(answer is False for answer in answers) else None


def _classes(bound: Bound) -> list[Any] | None:
    """The classes that the second argument of ``isinstance`` names; None if they are not known."""
    if isinstance(bound, TupleOf):
        parts = [_classes(part) for part in bound.items]
        if any(part is None for part in parts):
            return None
        return [cls for part in parts for cls in part or ()]
    if not isinstance(bound, Const):
        return None
    value = bound.value
    if isinstance(value, types.UnionType):
        return [type(None) if cls is None else cls for cls in value.__args__]
    if isinstance(value, tuple):
        return [cls for part in value for cls in _classes(Const(part)) or ()]
    return [value]


_PYTHON = {"f": float, "i": int, "b": bool, "c": complex}


def class_of(kind: Type) -> Any:
    """The class of every value of a type; None if there is more than one."""
    if may_be_none(kind):
        return None
    match kind:
        case Scalar(dtype, weak):
            return _PYTHON[dtype.kind] if weak and dtype.kind in _PYTHON else dtype.type
        case Array(_, dims) if dims:
            return np.ndarray
        case Sequence(name):
            return {"list": list, "tuple": tuple}[name]
        case Range():
            return range
        case Struct(own):
            return ORIGINAL.get(own, own)
        case Immutable(own):
            return own
        case Mapping():
            return dict
        case Static(value):
            return type(value)
        case _:
            return None


def _instance_of(frame: Frame, kind: Type, cls: Any) -> bool | None:
    own = class_here(frame, kind)
    if own is None and class_of(kind) is not None and cls in _CONTAINERS:
        return False
    if not isinstance(cls, type) or own is None:
        return None
    return isinstance(kind.value, cls) if isinstance(kind, Static) else issubclass(own, cls)


def class_here(frame: Frame, kind: Type) -> Any:
    """The class of a value; None if it may be an array of another library instead."""
    foreign = isinstance(kind, Array) or (isinstance(kind, Scalar) and not kind.weak)
    return None if foreign and frame.builder.foreign else class_of(kind)


_CONTAINERS = {list, tuple, dict, set, str, int, bool}


def _type(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``type(x)``, where it is known."""
    if len(positional) != 1 or isinstance(positional[0], Closure | Procedure):
        return None
    known = class_here(frame, frame.type(positional[0]))
    return Const(known) if known is not None else None


def _callable(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``callable(x)``, where it is known."""
    if len(positional) != 1 or keywords:
        return None
    (bound,) = positional
    if isinstance(bound, Closure | Procedure):
        return Const(stream_in(bound) is None)
    if isinstance(bound, Const) and not isinstance(frame.type(bound), Unknown):
        return Const(callable(bound.value))
    known = class_of(frame.type(bound))
    return Const(_offers(known, "__call__")) if known is not None else None


def _hasattr(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``hasattr(x, "name")``, where it is known."""
    found = builtin_calls.hasattr_(frame, node, function, positional, keywords)
    if found is not None:
        return found
    name = _literal(positional)
    if name is None:
        return None
    return Const(known) if (known := _has(frame, positional[0], name)) is not None else None


def _literal(positional: Positional) -> str | None:
    name = positional[1] if len(positional) in (2, 3) else None
    return name.value if isinstance(name, Const) and isinstance(name.value, str) else None


def _has(frame: Frame, bound: Bound, name: str) -> bool | None:
    if isinstance(bound, Const):
        return hasattr(bound.value, name)
    if isinstance(bound, Closure | Procedure):
        return None
    known = class_here(frame, frame.type(bound))
    return _offers(known, name) if known is not None else None


def _offers(cls: type, name: str) -> bool:
    """Do instances of a class have this attribute?"""
    return any(name in vars(base) for base in cls.__mro__)


def _getattr(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``getattr(x, "name")`` and ``getattr(x, "name", default)``."""
    from gradscribe.frontend.expressions import lower

    found = builtin_calls.getattr_(frame, node, function, positional, keywords)
    if found is not None:
        return found
    name = _literal(positional)
    if name is None:
        frame.refuse(
            node,
            "getattr of a name that is not known before the program runs",
            "branch on the name, and write the attributes out",
        )
    if len(positional) == 3 and _has(frame, positional[0], name) is False:
        return positional[2]
    base = hidden("", f"{scope_of(node)} object")
    frame.env[base] = positional[0]
    result = lower(frame, gast.Attribute(load(base), name, gast.Load()))
    frame.env.pop(base, None)
    return result


SPECIAL: dict[Any, Any] = {
    isinstance: _isinstance,
    type: _type,
    callable: _callable,
    hasattr: _hasattr,
    getattr: _getattr,
}
