"""Which operations on numbers and arrays may find them unfit: those that may raise ``ValueError``.

Lengths that do not go together, an array where one truth is asked for, a number outside the domain
of a function of ``math``, the largest of nothing. What is not in a table here may raise it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable

import numpy as np

from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Op, Operand
from gradscribe.ir.primitives import of
from gradscribe.ir.types import (
    Array,
    Dim,
    Mapping,
    Scalar,
    Sequence,
    Slice,
    Static,
    Sym,
    Type,
    dims_of,
    dtype_of,
)

GETITEM = of(operator.getitem)

# These take any number, or an array of any shape.
_FIT = {
    operator.is_, operator.is_not, tuple, list, helpers.append, helpers.copy_list, abs, float, len,
    math.tanh, math.atan, math.atan2, math.asinh, math.exp, math.expm1, math.sinh, math.cosh,
    math.fabs, math.hypot, math.copysign, math.erf, math.erfc, math.degrees, math.radians,
    math.isnan, math.isinf, math.isfinite, np.zeros_like, np.ones_like, np.full_like,
    np.ndarray.copy, np.copy, np.outer, np.ravel, np.ndim, np.shape,
}  # fmt: skip
_REDUCTIONS = {np.sum, np.mean, np.prod, np.cumsum}
_OF_TWO = {max, min}
_POWERS = {operator.pow, operator.ipow, np.power, np.float_power}
_SHIFTS = {operator.lshift, operator.rshift, np.left_shift, np.right_shift}
_WRITES = (helpers.setitem, helpers.index_add)


def may_be_unfit(op: Op) -> bool:
    """May an operation raise a ``ValueError``, where its operands are numbers and arrays?"""
    function = op.prim.function
    kinds = [type_of_operand(arg) for arg in op.args]
    if function is operator.not_ or function is bool:
        return not is_decisive(op.args[0])
    if function in _POWERS and not any(map(_is_float, kinds)):
        return True  # a negative power of an integer
    if function is slice or function is range:
        return len(op.args) > 2 and not _is_step(op.args[2])
    if function in _OF_TWO:
        return isinstance(kinds[0], Sequence) or not all(map(_is_number, kinds))
    if function in _FIT:
        return False
    if function is operator.getitem:
        return _may_be_no_step(kinds[1])
    if function in _WRITES:
        return not _is_received(*op.args)
    if function in (np.array, np.asarray):
        return not _is_row(kinds[0])
    if function in _REDUCTIONS:
        return not _has_axis(kinds[0], op.args[1])
    alone = function in _SHIFTS or getattr(function, "__module__", None) == "math"
    if op.prim.elementwise and not alone:
        numbers = [kind for kind in kinds if isinstance(kind, Array | Scalar)]
        return not _go_together([dims_of(kind) for kind in numbers], _is_in_place(op))
    return True


def is_decisive(test: Operand) -> bool:
    """Is this true or false, which of several numbers at once cannot be said?"""
    kind = type_of_operand(test)
    return _is_number(kind) or isinstance(kind, Sequence | Mapping)


def _is_number(kind: Type) -> bool:
    return isinstance(kind, Scalar | Static) or (isinstance(kind, Array) and kind.dims == ())


def _is_float(kind: Type) -> bool:
    dtype = dtype_of(kind)
    return dtype is not None and dtype.kind == "f"


def _is_in_place(op: Op) -> bool:
    return op.prim.mutates == 0


def _is_step(step: Operand) -> bool:
    return isinstance(step, Const) and step.value != 0


def _may_be_no_step(index: Type) -> bool:
    parts = index.items if isinstance(index, Sequence) and index.items is not None else (index,)
    return any(isinstance(part, Slice) and part.step in ("dynamic", 0) for part in parts)


def _is_received(base: Operand, index: Operand, value: Operand) -> bool:
    """Does a value have a shape that the entries it is written to can take?"""
    kind = type_of_operand(value)
    if _may_be_no_step(type_of_operand(index)):
        return False
    if isinstance(type_of_operand(base), Sequence):
        return isinstance(type_of_operand(index), Scalar)
    if _is_number(kind):
        return True
    place = GETITEM.result_type((base, index))
    return _go_together([dims_of(place), dims_of(kind)], into_first=True)


def _is_row(kind: Type) -> bool:
    """Is this a number, an array, or a list of numbers?"""
    if isinstance(kind, Sequence):
        return all(map(_is_number, kind.items or ())) and kind.items is not None
    return isinstance(kind, Scalar | Array)


def _has_axis(kind: Type, axis: Operand) -> bool:
    dims = dims_of(kind)
    if not isinstance(axis, Const) or not isinstance(axis.value, int | None):
        return False
    return axis.value is None or (dims is not None and -len(dims) <= axis.value < len(dims))


def _go_together(shapes: Iterable[tuple[Dim, ...] | None], into_first: bool = False) -> bool:
    """Are lengths that meet elementwise certainly equal, or 1 (but for those of the first)?"""
    known = list(shapes)
    if not known or any(dims is None for dims in known):
        return False
    first = known[0] or ()
    rank = max(len(dims or ()) for dims in known)
    if into_first and rank > len(first):
        return False
    for back in range(1, rank + 1):
        met = {dims[-back] for dims in known if dims is not None and len(dims) >= back}
        if into_first and first[-back] == 1 and met != {1}:
            return False
        met.discard(1)
        if len(met) > 1 or not all(isinstance(dim, int | Sym) for dim in met):
            return False
    return True
