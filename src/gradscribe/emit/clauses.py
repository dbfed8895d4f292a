"""Which branches are the clauses of the ``try`` before them."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import final

from gradscribe.ir.core import Op, Region, Value, walk
from gradscribe.ir.primitives import IF
from gradscribe.ir.scopes import CAUGHT, COMPLETED, catches


@final
@dataclass(slots=True)
class Clauses:
    """A branch whose arms are the clauses of the ``try`` before it.

    ``handlers``: for each the region of its statements, and the branches (inner ones first) that
    hand out what it yields, with the arm of each that it is in.
    """

    branch: Op
    handlers: list[tuple[Region, list[tuple[Op, Region]]]]


def find_clauses(body: Region, counts: dict[Value, int]) -> dict[int, Clauses]:
    """The clauses of every ``try`` that is one statement with the branch after it."""
    found: dict[int, Clauses] = {}
    for region in [body, *(inner for op in walk(body) for inner in op.regions)]:
        for op, branch in zip(region.ops, region.ops[1:], strict=False):
            if not catches(op) or branch.prim is not IF or branch.attrs.form:
                continue
            if branch.args[0] is not op.results[COMPLETED]:
                continue
            other = branch.regions[1]
            count = len(op.attrs.template.handlers)  # type: ignore[union-attr]  # a Try
            handlers = _handlers(op, other, [(branch, other)], count, counts)
            if handlers is not None:
                found[id(op)] = Clauses(branch, handlers)
    return found


def _handlers(
    op: Op, arm: Region, levels: list[tuple[Op, Region]], count: int, counts: dict[Value, int]
) -> list[tuple[Region, list[tuple[Op, Region]]]] | None:
    """The clauses in the arm of what was not completed: a chain of branches on what caught it."""
    if count == 1 or not arm.ops:
        return [(arm, levels)] * count
    if len(arm.ops) != 2:
        return None
    test, branch = arm.ops
    asks = test.prim.function is operator.eq and test.args[0] is op.results[CAUGHT]
    if not asks or branch.prim is not IF or branch.attrs.form:
        return None
    if branch.args[0] is not test.results[0] or counts[test.results[0]] != 1:
        return None
    first, others = branch.regions
    rest = _handlers(op, others, [(branch, others), *levels], count - 1, counts)
    return None if rest is None else [(first, [(branch, first), *levels]), *rest]
