"""Facts: what is computed with dates, times and durations, and what is read from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradscribe.ir.abstraction import type_of
from gradscribe.ir.immutables import EXAMPLES, MAKERS
from gradscribe.ir.types import TEXT, UNKNOWN, Array, Immutable, Scalar, Type


def computed(function: Callable[..., Any], *types: Type) -> Type | None:
    """The type of ``a ⊕ b`` where one of them is such an object."""
    if not any(isinstance(kind, Immutable) for kind in types):
        return None
    examples = [_example(kind) for kind in types]
    return UNKNOWN if None in examples else _answer(lambda: function(*examples))


def attribute(kind: Type, name: str) -> Type:
    """The type of ``x.name``."""
    return _answer(lambda: getattr(_plain_example(kind), name))


def method(kind: Type, name: str, *given: Any) -> Type:
    """The type of what ``x.name(…)`` gives, whatever it is given beside what is known."""
    if name == "astype" and given:
        found = _answer(lambda: getattr(_example(kind), name)(*given))
        return found if given[0] not in _OBJECTS else UNKNOWN
    return _answer(lambda: getattr(_plain_example(kind), name)(*given))


def made(function: Any) -> Type:
    """The type of what a class, a function of it that makes its objects, or a method gives."""
    owner = getattr(function, "__self__", None)
    if type(owner) in EXAMPLES:
        return method(Immutable(type(owner)), function.__name__)
    if isinstance(owner, type) and getattr(function, "__name__", None) in MAKERS:
        function = owner
    known = isinstance(function, type) and function in EXAMPLES
    return Immutable(function) if known else UNKNOWN


def lacks(kind: Type, name: str) -> str | None:
    """What Python says where such an object has no attribute of a name; None if it has."""
    if isinstance(kind, Immutable):
        try:
            getattr(EXAMPLES[kind.cls], name)
        except AttributeError as error:
            return str(error)
    return None


def _answer(compute: Callable[[], Any]) -> Type:
    try:
        value = compute()
    except Exception:  # it needs arguments, or raises where it runs, too
        return UNKNOWN
    if type(value) is str:
        return TEXT
    found = type_of(value)
    return found if isinstance(found, Scalar | Immutable) else UNKNOWN


def _plain_example(kind: Type) -> Any:
    """Of NumPy's, the unit decides what methods and attributes give."""
    assert isinstance(kind, Immutable)
    return None if issubclass(kind.cls, np.generic) else EXAMPLES[kind.cls]


# Conversions to objects of Python, whose class the unit decides.
_OBJECTS = (object, "O", "object", *EXAMPLES)

_NUMBERS = {"f": 1.5, "i": 2, "b": True}


def _example(kind: Type) -> Any:
    if isinstance(kind, Immutable):
        return EXAMPLES[kind.cls]
    if isinstance(kind, Scalar) and kind.dtype.kind in _NUMBERS:
        number = _NUMBERS[kind.dtype.kind]
        return number if kind.weak else kind.dtype.type(number)
    if isinstance(kind, Array) and kind.dtype is not None and kind.dims == ():
        return np.zeros((), kind.dtype) if kind.dtype.kind in "mM" else None
    return None
