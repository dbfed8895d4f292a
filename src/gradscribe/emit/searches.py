"""Solutions that a solver of a library finds need no mark: the call of the solver says it.

Before::                                      After::

    %x0 = search f(brentq, …, 0.0, 9.0, %a)       %x = search f(brentq, …, 0.0, 9.0, %a)
    %x = implicit f(%x0, %a)
"""

from __future__ import annotations

import operator

from gradscribe.ir.core import Const, Op, Operand, Region, Value, walk
from gradscribe.ir.primitives import IMPLICIT, SEARCH
from gradscribe.ir.rewrite import substitute


def unmark(region: Region) -> None:
    """Take away the marks of what is read from the solver that it is marked with, in place."""
    made = {result: op for op in walk(region) for result in op.results}
    mapping: dict[Value, Operand] = {}
    for op in walk(region):
        if op.prim is IMPLICIT and _is_found(op, made):
            mapping[op.results[0]] = op.args[0]
    if mapping:
        _drop(region, mapping)
        substitute(region, mapping)


def _drop(region: Region, mapping: dict[Value, Operand]) -> None:
    region.ops = [op for op in region.ops if not any(r in mapping for r in op.results)]
    for op in region.ops:
        for inner in op.regions:
            _drop(inner, mapping)


def _is_found(op: Op, made: dict[Value, Op]) -> bool:
    """Is this the solution, for these parameters, that a solver gives?"""
    x, *free = op.args
    if op.attrs.form == "integral":  # what was kept of it was kept by a call of quad
        return True
    search = made.get(x) if isinstance(x, Value) else None
    if search is not None and search.prim.function is operator.getitem:
        base, place = search.args
        first = isinstance(place, Const) and place.value == 0
        search = made.get(base) if first and isinstance(base, Value) else None
    if search is None or search.prim is not SEARCH or search.attrs.callee is not op.attrs.callee:
        return False
    _, layout, *rest = search.args
    assert isinstance(layout, Const)
    starts, names = layout.value
    return rest[starts : len(rest) - len(names)] == free
