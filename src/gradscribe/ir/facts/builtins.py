"""Facts: Python's builtins on numbers and sequences of them."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradscribe.ir.facts.operators import arithmetic
from gradscribe.ir.joins import element_type, join, join_all
from gradscribe.ir.primitives import fact, of
from gradscribe.ir.types import (
    NONE,
    PY_BOOL,
    PY_COMPLEX,
    PY_FLOAT,
    PY_INT,
    TEXT,
    UNKNOWN,
    Array,
    Scalar,
    Sequence,
    Static,
    Type,
    is_scalar,
)


@fact(abs, elementwise=True)
def _(x: Type) -> Type:
    if isinstance(x, Scalar) and x.dtype.kind == "c":
        return PY_FLOAT if x.weak else Scalar(np.empty(0, x.dtype).real.dtype)
    return x if not _is_bool(x) else arithmetic(x, PY_INT)


def _is_bool(x: Type) -> bool:
    return isinstance(x, Scalar) and x.weak and x.dtype.kind == "b"


@fact(float, name="float", elementwise=True)
def _(x: Type) -> Type:
    return PY_FLOAT


@fact(int, name="int", elementwise=True)
def _(x: Type) -> Type:
    return PY_INT


@fact(bool, name="bool", elementwise=True)
def _(x: Type) -> Type:
    return PY_BOOL


@fact(complex, name="complex")
def _(real: Type = PY_FLOAT, imag: Type = PY_FLOAT) -> Type:
    return PY_COMPLEX


@fact(round, elementwise=True)
def _(number: Type, ndigits: Any = None) -> Type:
    """An int, or with ``ndigits`` a number of the kind it was."""
    if ndigits is None or ndigits == Static(None):
        return number if isinstance(number, Array) else PY_INT
    return PY_INT if _is_bool(number) else number


@fact(pow, elementwise=True, static="exp")
def _(base: Type, exp: Any, mod: Any = None) -> Type:
    result = of(operator.pow).result
    return result(base, exp) if result else UNKNOWN


@fact(divmod)
def _(x1: Type, x2: Type) -> Type:
    return Sequence("tuple", (arithmetic(x1, x2), arithmetic(x1, x2)))


def folded(function: Callable[[Type, Type], Type], items: Type, start: Type) -> Type:
    """The type of ``function(function(start, item), item)…`` over the items of a sequence."""
    if isinstance(items, Sequence) and items.items is not None:
        result = start
        for item in items.items:
            result = function(result, item)
        return result
    element = element_type(items)
    if element is None:
        return start
    once = function(start, element)
    return join(once, function(once, element))


@fact(sum)
def _(iterable: Type, start: Any = 0) -> Type:
    return folded(arithmetic, iterable, start)


def _selected(a: Type, b: Any = None, c: Any = None, d: Any = None) -> Type:
    """One of up to four numbers, or of the entries of a sequence."""
    args = [x for x in (a, b, c, d) if x not in (None, NONE)]
    if len(args) == 1:
        return element_type(a) or UNKNOWN
    chosen = join_all(args) or UNKNOWN
    if chosen == UNKNOWN and all(is_scalar(x) for x in args):
        return Array(None, ())
    return chosen


fact(max)(_selected)
fact(min)(_selected)


@fact(any)
def _(iterable: Type) -> Type:
    return PY_BOOL


@fact(all)
def _(iterable: Type) -> Type:
    return PY_BOOL


@fact(sorted)
def _(iterable: Type) -> Type:
    if isinstance(iterable, Sequence) and iterable.items is not None:
        return Sequence("list", None, join_all(list(iterable.items)))
    return Sequence("list", None, element_type(iterable))


@fact(isinstance, static="classinfo")
def _(x: Type, classinfo: Any) -> Type:
    return PY_BOOL


@fact(callable)
def _(x: Type) -> Type:
    return PY_BOOL


_function: Any  # functions of unlike types

for _function in (id, hash):

    @fact(_function)
    def _(x: Type) -> Type:
        return PY_INT


for _function in (str, repr):

    @fact(_function, name=_function.__name__)
    def _(x: Any = "") -> Type:
        return TEXT


@fact(builtins.type, name="type")
def _(x: Type) -> Type:
    return UNKNOWN
