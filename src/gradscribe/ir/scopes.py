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

from gradscribe.ir import helpers
from gradscribe.ir.core import Op, Operand, Region, Value
from gradscribe.ir.primitives import FOR, IF, OPAQUE, SCOPE, WHILE
from gradscribe.ir.types import Scalar, Static

COMPLETED, CAUGHT, ERROR = range(3)
HEAD = 3  # how many results of a try come before those of its body

_HARMLESS = {
    operator.add, operator.sub, operator.mul, operator.neg, operator.pos, operator.not_,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
    operator.is_, operator.is_not,
}  # fmt: skip


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
    if op.prim is IF or op.prim is SCOPE:
        return not all(map(_is_number, op.args)) or any(map(region_may_raise, op.regions))
    if op.prim in (FOR, WHILE):
        return True
    if op.prim.function in (tuple, list):
        return False
    return op.prim.function not in _HARMLESS or not all(map(_is_number, op.args))


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
    return op.prim.function is helpers.append


def region_may_raise(region: Region) -> bool:
    return any(map(may_raise, region.ops))


def _is_number(operand: Operand) -> bool:
    """Is this one of Python's own numbers, or a constant?"""
    if not isinstance(operand, Value):
        return isinstance(operand.value, int | float | bool | str | None)
    return isinstance(operand.type, Static) or (
        isinstance(operand.type, Scalar) and operand.type.weak
    )
