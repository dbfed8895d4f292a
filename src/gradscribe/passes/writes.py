"""Writes that follow one another at the same place become one.

Before::                                    After::

    %a = setitem(%x, 1:-1, 0.0)                 %b = setitem(%x, 1:-1, v)
    %b = index_add(%a, 1:-1, v)
"""

from __future__ import annotations

from gradscribe.ir import helpers
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value
from gradscribe.ir.facts.containers import is_basic
from gradscribe.ir.primitives import of
from gradscribe.ir.rewrite import use_counts

SETITEM, INDEX_ADD = of(helpers.setitem), of(helpers.index_add)


def join_writes(function: Function) -> Function:
    """Join a zeroing with the sum that follows it, in place; ``clean`` takes the zeroing away."""
    counts = use_counts(function.body)
    _region(function.body, counts)
    return function


def _region(region: Region, counts: dict[Value, int]) -> None:
    zeroed: dict[Value, Op] = {}
    for op in region.ops:
        for inner in op.regions:
            _region(inner, counts)
        if op.prim is SETITEM and op.derived and _is_zero(op.args[2]):
            zeroed[op.results[0]] = op
        elif op.prim is INDEX_ADD and isinstance(op.args[0], Value):
            before = zeroed.get(op.args[0])
            if (
                before is not None
                and counts.get(op.args[0]) == 1
                and _same(before.args[1], op.args[1])
                and is_basic(_place(op.args[1]))
            ):
                op.prim = SETITEM
                op.args = (before.args[0], *op.args[1:])


def _is_zero(operand: Operand) -> bool:
    return isinstance(operand, Const) and operand.name is None and operand.value == 0


def _place(index: Operand) -> object:
    return index.type if isinstance(index, Value) else index.value


def _same(a: Operand, b: Operand) -> bool:
    if isinstance(a, Const) and isinstance(b, Const):
        return a.name == b.name and repr(a.value) == repr(b.value)
    return a is b
