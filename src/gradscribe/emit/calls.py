"""Calls that return tuples are unpacked where they stand: ``y, saved = g_forward(x)``."""

from __future__ import annotations

import operator

from gradscribe.ir.core import Const, Op, Operand, Region, Value, walk
from gradscribe.ir.primitives import CALL
from gradscribe.ir.rewrite import operands_in, substitute
from gradscribe.ir.types import Sequence


def spread_calls(body: Region) -> None:
    """Give each call whose tuple is only taken apart one result per entry, in place."""
    uses: dict[Value, int] = {}
    for operand in operands_in(body):
        if isinstance(operand, Value):
            uses[operand] = uses.get(operand, 0) + 1
    entries: dict[Value, list[Op]] = {}
    for op in walk(body):
        base = op.args[0] if op.args else None
        if op.prim.function is operator.getitem and isinstance(base, Value):
            if isinstance(op.args[1], Const) and type(op.args[1].value) is int:
                entries.setdefault(base, []).append(op)
    mapping: dict[Value, Operand] = {}
    for op in walk(body):
        if op.prim is not CALL or len(op.results) != 1:
            continue
        (result,) = op.results
        kind, taken = result.type, entries.get(result, [])
        if (
            not isinstance(kind, Sequence)
            or len(kind.items or ()) < 2
            or len(taken) != uses.get(result, 0)
        ):
            continue
        values = [Value("_", item) for item in kind.items or ()]
        for entry in taken:
            place = entry.args[1].value  # type: ignore[union-attr]  # checked above
            old = entry.results[0]
            if values[place].hint == "_":
                values[place] = Value(old.hint, old.type, old.named)
            mapping[old] = values[place]
        op.results = tuple(values)
    _drop(body, mapping)
    substitute(body, mapping)


def _drop(region: Region, mapping: dict[Value, Operand]) -> None:
    region.ops = [op for op in region.ops if not (op.results and op.results[0] in mapping)]
    for op in region.ops:
        for inner in op.regions:
            _drop(inner, mapping)
