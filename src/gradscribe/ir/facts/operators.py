"""Facts: Python's operators."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradscribe.ir.broadcasting import elementwise, inexact
from gradscribe.ir.facts import immutables
from gradscribe.ir.joins import element_type, join_all, join_optional
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import (
    BOOL,
    PY_BOOL,
    PY_FLOAT,
    PY_INT,
    TEXT,
    UNKNOWN,
    Array,
    Scalar,
    Sequence,
    Type,
    is_array,
)


def _numbers(*types: Type) -> bool:
    return all(isinstance(t, Scalar | Array) for t in types)


def _weak(*types: Type) -> bool:
    return all(isinstance(t, Scalar) and t.weak for t in types)


def arithmetic(a: Type, b: Type) -> Type:
    """The result of ``+ - * // %`` on two operands; strings are joined, repeated and filled in."""
    if TEXT in (a, b):
        return TEXT
    if _weak(a, b):
        kinds = {t.dtype.kind for t in (a, b) if isinstance(t, Scalar)}
        return (
            PY_FLOAT
            if kinds <= {"f", "i", "b"} and "f" in kinds
            else (PY_INT if kinds <= {"i", "b"} else Scalar(np.dtype(complex), weak=True))
        )
    return elementwise(a, b) if _numbers(a, b) or is_array(a) or is_array(b) else UNKNOWN


def _arithmetic(function: Any) -> Callable[[Type, Type], Type]:
    """The fact of an operator that is arithmetic alone."""
    return lambda a, b: immutables.computed(function, a, b) or arithmetic(a, b)


@fact(operator.add, elementwise=True)
def _(a: Type, b: Type) -> Type:
    if isinstance(a, Sequence) and isinstance(b, Sequence) and a.kind == b.kind:
        if a.items is not None and b.items is not None:
            return Sequence(a.kind, a.items + b.items)
        ends = [join_all(list(t.items)) if t.items is not None else t.element for t in (a, b)]
        return Sequence(a.kind, None, join_optional(*ends))
    return immutables.computed(operator.add, a, b) or arithmetic(a, b)


for _operator in (operator.sub, operator.floordiv, operator.mod):
    fact(_operator, elementwise=True)(_arithmetic(_operator))


@fact(operator.mul, elementwise=True)
def _(a: Type, b: Type) -> Type:
    for sequence, count in ((a, b), (b, a)):
        if isinstance(sequence, Sequence) and isinstance(count, Scalar):
            items = sequence.items
            element = join_all(list(items)) if items is not None else sequence.element
            return Sequence(sequence.kind, None, element)
    return immutables.computed(operator.mul, a, b) or arithmetic(a, b)


@fact(operator.truediv, elementwise=True)
def _(a: Type, b: Type) -> Type:
    if _weak(a, b):
        complex_ = any(isinstance(t, Scalar) and t.dtype.kind == "c" for t in (a, b))
        return Scalar(np.dtype(complex), weak=True) if complex_ else PY_FLOAT
    if _numbers(a, b):
        return elementwise(a, b, dtype=inexact)
    return immutables.computed(operator.truediv, a, b) or arithmetic(a, b)


@fact(operator.pow, elementwise=True, static="b")
def _(a: Type, b: Any) -> Type:
    if not isinstance(b, Type):
        integral = isinstance(b, int) and b >= 0
        b = PY_INT if integral else PY_FLOAT
    elif _weak(a, b) and isinstance(b, Scalar) and b.dtype.kind != "f":
        integers = isinstance(a, Scalar) and a.dtype.kind != "f"
        return UNKNOWN if integers else PY_FLOAT
    return arithmetic(a, b)


@fact(operator.matmul)
def matmul(a: Type, b: Type) -> Type:
    """``a @ b``: the sum is over the last axis of a and the last but one of b."""
    product = elementwise(*(Array(t.dtype, ()) if isinstance(t, Array) else t for t in (a, b)))
    dtype = product.dtype if isinstance(product, Array | Scalar) else None
    if not (isinstance(a, Array) and isinstance(b, Array)) or not a.dims or not b.dims:
        return Array(dtype, None)
    if len(a.dims) == len(b.dims) == 1:
        return Scalar(dtype) if dtype is not None else Array(None, ())
    if len(a.dims) == 1:
        return Array(dtype, b.dims[:-2] + b.dims[-1:])
    if len(b.dims) == 1:
        return Array(dtype, a.dims[:-1])
    from gradscribe.ir.broadcasting import broadcast

    batch = broadcast(a.dims[:-2], b.dims[:-2])
    return Array(dtype, (batch or ()) + (a.dims[-2], b.dims[-1]))


@fact(operator.neg, elementwise=True)
def _(a: Type) -> Type:
    if _numbers(a):
        return arithmetic(a, PY_INT)
    return immutables.computed(operator.neg, a) or UNKNOWN


@fact(operator.pos, elementwise=True)
def _(a: Type) -> Type:
    if _numbers(a):
        return arithmetic(a, PY_INT)
    return immutables.computed(operator.pos, a) or UNKNOWN


@fact(operator.invert, elementwise=True)
def _(a: Type) -> Type:
    return a if not _weak(a) else PY_INT


for _operator in (operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift):

    @fact(_operator, elementwise=True)
    def _(a: Type, b: Type) -> Type:
        if _weak(a, b):
            return PY_BOOL if a == b == PY_BOOL else PY_INT
        return elementwise(a, b) if _numbers(a, b) else UNKNOWN


def _comparison(function: Any) -> Callable[[Type, Type], Type]:
    def compare(a: Type, b: Type) -> Type:
        if _weak(a, b):
            return PY_BOOL
        if _numbers(a, b):
            return elementwise(a, b, dtype=BOOL)
        return immutables.computed(function, a, b) or UNKNOWN

    return compare


for _operator in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
    fact(_operator, elementwise=True, cheap=True)(_comparison(_operator))


fact(operator.not_, cheap=True)(lambda a: PY_BOOL)
for _operator in (operator.is_, operator.is_not):
    fact(_operator, cheap=True)(lambda a, b: PY_BOOL)


@fact(operator.contains, cheap=True)
def _(a: Type, b: Type) -> Type:
    return PY_BOOL


def _in_place(function: Any, plain: Any) -> None:
    from gradscribe.ir.primitives import of

    @fact(function, elementwise=True, mutates=0)
    def _(a: Type, b: Type) -> Type:
        """An array keeps its dtype and shape under ``+=``; a list grows; others are rebound."""
        if is_array(a):
            return a
        if isinstance(a, Sequence) and a.kind == "list":
            more = element_type(b) if plain is operator.add else None
            return Sequence("list", None, join_optional(element_type(a), more))
        result = of(plain).result
        return result(a, b) if result else UNKNOWN


for _function, _plain in (
    (operator.iadd, operator.add),
    (operator.isub, operator.sub),
    (operator.imul, operator.mul),
    (operator.itruediv, operator.truediv),
    (operator.ipow, operator.pow),
    (operator.ifloordiv, operator.floordiv),
    (operator.imod, operator.mod),
    (operator.imatmul, operator.matmul),
    (operator.iand, operator.and_),
    (operator.ior, operator.or_),
    (operator.ixor, operator.xor),
):
    _in_place(_function, _plain)
