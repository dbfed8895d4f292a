"""Statements around a body: ``with``, ``try`` with handlers, ``try`` with ``finally``.

Each is a SCOPE: its template is the statement's skeleton, its one region runs once, its results are
what the region yields. A ``try`` with handlers has three results before those: whether the body was
*completed*, the number of the handler that *caught* what it raised, and the exception caught. Its
handlers are the other arm of a branch on the first::

    try:                          %completed, %caught, %error, %t = scope 'try: … except ValueError'
        y = f(x)                      %t = f(x)
    except ValueError:                yield True, 0, undef, %t
        y = 0.0                   %y = if %completed:
                                      yield %t
                                  else:
                                      yield 0.0

So derivatives follow the path that was taken, as they do for any branch. What may raise stays in
its body, and nothing is moved into it.
"""

from __future__ import annotations

import ast
import operator

import numpy as np

from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Op, Operand, Region, Value
from gradscribe.ir.primitives import FOR, HOOK, IF, OPAQUE, SCOPE, WHILE
from gradscribe.ir.types import BOOL, FLOAT, TEXT, Array, Scalar, Sequence, Static, dtype_of

COMPLETED, CAUGHT, ERROR = range(3)
HEAD = 3  # how many results of a try come before those of its body

_HARMLESS = {
    operator.add, operator.sub, operator.mul, operator.neg, operator.pos, operator.not_,
    operator.lt, operator.le, operator.gt, operator.ge,
}  # fmt: skip
_EQUAL = {operator.eq, operator.ne, operator.is_, operator.is_not}


def catches(op: Op) -> bool:
    """Is this a ``try`` with handlers?"""
    return op.prim is SCOPE and bool(getattr(op.attrs.template, "handlers", None))


def head(op: Op) -> int:
    """How many results come before those of the body."""
    return HEAD if catches(op) else 0


def is_repeated(op: Op) -> bool:
    """Does what is derived of the body stand in a scope of its own (``with np.errstate(…)``)?"""
    return op.attrs.form == "repeated"


def enters(op: Op) -> bool:
    """Are the operands of the statement read before its body runs?"""
    return isinstance(op.attrs.template, ast.With)


def may_raise(op: Op) -> bool:
    """Can this operation raise an exception?"""
    if op.prim is HOOK:
        return False
    if op.prim is IF or op.prim is SCOPE:
        return not is_number(*op.args) or any(map(region_may_raise, op.regions))
    if op.prim in (FOR, WHILE):
        return True
    if op.prim.function in (tuple, list):
        return False
    if op.prim.function in (np.array, np.asarray) and is_number(*op.args[1:]):
        kind = type_of_operand(op.args[0])
        entries = kind.items or (kind.element,) if isinstance(kind, Sequence) else (kind,)
        return not all(isinstance(entry, Scalar) for entry in entries)
    if op.prim.function is len:
        kind = type_of_operand(op.args[0])
        return not (isinstance(kind, Sequence) or (isinstance(kind, Array) and kind.dims))
    if op.prim.function is range:
        return len(op.args) > 2 or not all(map(_is_int, op.args))
    if op.prim.function is float:
        return not is_number(*op.args) or dtype_of(type_of_operand(op.args[0])) not in (FLOAT, BOOL)
    if op.prim.function in _EQUAL:
        return not all(_is_number(arg) or _is_text(arg) for arg in op.args)
    return op.prim.function not in _HARMLESS or not is_number(*op.args)


def raises(region: Region) -> bool:
    """Does a region certainly end in ``raise``?"""
    last = region.ops[-1] if region.ops else None
    if last is None:
        return False
    if last.prim is IF:
        return all(map(raises, last.regions))
    return last.prim is OPAQUE and isinstance(last.attrs.template, ast.Raise)


def is_atomic(op: Op) -> bool:
    """Does a write in place change nothing where it raises?"""
    if op.prim.function is helpers.setitem:  # NumPy looks at all of an index before it writes
        is_entry = isinstance(type_of_operand(op.args[0]), Sequence) and _is_int(op.args[1])
        return is_entry or all(_is_numeric(arg) for arg in (op.args[0], op.args[2]))
    return op.prim.function is helpers.append


def _is_numeric(operand: Operand) -> bool:
    dtype = dtype_of(type_of_operand(operand))
    return dtype is not None and dtype.kind in "fiub"


def region_may_raise(region: Region) -> bool:
    return any(map(may_raise, region.ops))


def is_number(*operands: Operand) -> bool:
    """Is each of these one of Python's own numbers, or a constant?"""
    return all(map(_is_number, operands))


def _is_number(operand: Operand) -> bool:
    if not isinstance(operand, Value):
        return isinstance(operand.value, int | float | bool | None)
    kind = operand.type
    if isinstance(kind, Static):
        return not isinstance(kind.value, str)
    return isinstance(kind, Scalar) and kind.weak and kind != TEXT


def _is_int(operand: Operand) -> bool:
    kind = type_of_operand(operand)
    return isinstance(kind, Scalar) and kind.dtype.kind in "iu"


def _is_text(operand: Operand) -> bool:
    kind = type_of_operand(operand)
    return kind == TEXT or (isinstance(kind, Static) and isinstance(kind.value, str))
