"""Entries that change places: ``a[0], a[1] = a[1], a[0]``.

Before::                                    After::

    t = a[0]                                    a[0], a[1] = a[1], a[0]
    a[0] = a[1]
    a[1] = t
"""

from __future__ import annotations

import operator
from itertools import pairwise
from typing import NamedTuple

from gradscribe.emit.names import Names
from gradscribe.emit.nest import Nesting
from gradscribe.ir import helpers
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value, walk
from gradscribe.ir.primitives import STRUCTURED, of
from gradscribe.ir.rewrite import use_counts
from gradscribe.ir.types import is_scalar

GETITEM, SETITEM = of(operator.getitem), of(helpers.setitem)


class Exchange(NamedTuple):
    """``read`` keeps the entry that ``first`` overwrites; ``second`` puts it elsewhere."""

    read: Op
    first: Op
    second: Op


def bring_together(function: Function) -> None:
    """Let the two writes of an exchange follow one another, in place."""
    counts = use_counts(function.body)
    for region in (function.body, *(r for op in walk(function.body) for r in op.regions)):
        for found in _exchanges(region, counts):
            first, second = (region.ops.index(op) for op in found[1:])
            between = region.ops[first + 1 : second]
            late = {r for op in between for r in op.results}
            if late.isdisjoint(found.second.args) and not any(map(_acts, between)):
                region.ops.insert(first + 1, region.ops.pop(second))


def exchanges(region: Region, nesting: Nesting, names: Names) -> dict[int, Exchange]:
    """The exchanges that are one statement in the text, by each of their operations."""
    written = [op for op in region.ops if not (op.results and op.results[0] in nesting.inlined)]
    after = {id(op): following for op, following in pairwise(written)}
    found: dict[int, Exchange] = {}
    for exchange in _exchanges(region, nesting.counts):
        kept = exchange.read.results[0]
        values = (kept, exchange.first.results[0], exchange.second.results[0])
        in_place = all(names.same(write.args[0], write.results[0]) for write in exchange[1:])
        if (
            in_place
            and after.get(id(exchange.first)) is exchange.second
            and kept not in nesting.inlined
            and not any(value in nesting.collected for value in values)
            and not any(id(op) in found for op in exchange)
        ):
            found.update((id(op), exchange) for op in exchange)
    return found


def _exchanges(region: Region, counts: dict[Value, int]) -> list[Exchange]:
    made: dict[Operand, Op] = {r: op for op in region.ops for r in op.results}
    found = []
    for second in region.ops:
        if second.prim is not SETITEM:
            continue
        first, read = made.get(second.args[0]), made.get(second.args[2])
        if (
            first is not None
            and read is not None
            and first.prim is SETITEM
            and read.prim is GETITEM
            and read.args[0] is first.args[0]
            and _same(read.args[1], first.args[1])
            and is_scalar(read.results[0].type)
            and counts.get(read.results[0]) == counts.get(first.results[0]) == 1
        ):
            found.append(Exchange(read, first, second))
    return found


def _acts(op: Op) -> bool:
    return op.prim.effect or op.prim in STRUCTURED


def _same(a: Operand, b: Operand) -> bool:
    if isinstance(a, Const) and isinstance(b, Const):
        return a.name == b.name and repr(a.value) == repr(b.value)
    return a is b
