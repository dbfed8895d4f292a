"""A derived branch that follows one on the same condition becomes part of it.

Before::                                    After::

    %y = if %completed: … else: …           %y, %y_dot = if %completed: …; … else: …; …
    %y_dot = if %completed: … else: …

So what a ``try`` is followed by, and what is derived of it, can stand in its clauses.
"""

from __future__ import annotations

import operator
from typing import Any

from gradscribe.ir.core import UNDEF, Attrs, Function, Op, Operand, Region, Value
from gradscribe.ir.primitives import IF, SCOPE, STRUCTURED
from gradscribe.ir.rewrite import mapped, substitute
from gradscribe.ir.scopes import COMPLETED, catches, raises
from gradscribe.ir.types import is_scalar
from gradscribe.passes.share import key_of, may_share


def fuse(function: Function) -> Function:
    """Join branches of a function, in place."""
    _region(function.body, set())
    return function


def _region(region: Region, flags: set[Operand]) -> None:
    ops: list[Op] = []
    for op in region.ops:
        before = ops[-1] if ops else None
        if op.prim is SCOPE and catches(op):
            flags.add(op.results[COMPLETED])
        if before is not None and op.prim is before.prim is IF and before.args == op.args:
            if op.derived or op.args[0] in flags:
                _append(before, op)
                continue
        ops.append(op)
    region.ops = ops
    for op in ops:
        for inner in op.regions:
            _region(inner, flags)


def _append(first: Op, second: Op) -> None:
    """Let a branch do what the next one does, too."""
    for arm, more in zip(first.regions, second.regions, strict=True):
        if raises(arm):
            arm.yields += [UNDEF] * len(more.yields)
            continue
        known: dict[Value, Operand] = dict(zip(first.results, arm.yields, strict=True))
        substitute(more, known)
        _take_over(arm, more)
    first.results += second.results
    first.attrs = Attrs()


def _take_over(arm: Region, more: Region) -> None:
    """Append operations, but for those that the arm has already."""
    there: dict[Any, Value] = {}
    for op in arm.ops:
        if _is_shared(op):
            there.setdefault(_key(op), op.results[0])
    mapping: dict[Value, Operand] = {}
    for op in more.ops:
        op.args = tuple(mapped(arg, mapping) for arg in op.args)
        known = there.get(_key(op)) if _is_shared(op) else None
        if known is not None and known.type == op.results[0].type:
            mapping[op.results[0]] = known
        else:
            arm.ops.append(op)
    substitute(more, mapping)
    substitute(arm, mapping)
    arm.yields += more.yields


def _is_shared(op: Op) -> bool:
    if op.prim in STRUCTURED or len(op.results) != 1:
        return False
    number = is_scalar(op.results[0].type)
    return may_share(op) or (number and (op.prim.cheap or op.prim.function is operator.neg))


def _key(op: Op) -> Any:
    return (op.prim, *map(key_of, op.args))
