"""Update a carry after the last use of its old value, so that it needs no second name.

Before::                                    After::

    t_bar_1 = t_bar * x                         x_bar += t_bar * t
    x_bar += t_bar * t                          t_bar = t_bar * x
    t_bar = t_bar_1

In a loop's body the operation that makes what a carry yields is moved behind the last operation
that reads the carry, if nothing that it is moved past needs its result or changes what it reads.
"""

from __future__ import annotations

import operator

from gradscribe.emit.overlaps import Overlaps
from gradscribe.ir.core import Function, Op, Region, Value, walk
from gradscribe.ir.facts.indexing import is_basic
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, OPAQUE, STRUCTURED, WHILE, of
from gradscribe.ir.rewrite import free_values, operands_in, use_counts
from gradscribe.ir.types import is_array, is_scalar

GETITEM = of(operator.getitem)
_NEAR = 20  # how many operations back a view is looked for


def schedule_updates(function: Function) -> None:
    """Move the updates of carries in every loop of a function, in place."""
    for op in list(walk(function.body)):
        if op.prim in (FOR, WHILE):
            _body(op)


def read_first(function: Function) -> None:
    """Read a view before what it views is written to, in place: then it need not be copied.

    Before::                                    After::

        v = x[1:-1]                                 v = x[1:-1]
        x[1:-1] = 0                                 t = 0.25 * v
        t = 0.25 * v                                x[1:-1] = 0
    """
    regions = [function.body, *(r for op in walk(function.body) for r in op.regions)]
    overlaps = Overlaps(function.body)
    for region in regions:
        reads: dict[int, set[Value]] = {}
        for write in [op for op in region.ops if op.derived and op.prim.mutates is not None]:
            _read_before(region, write, overlaps, reads)


def _read_before(
    region: Region, write: Op, overlaps: Overlaps, known: dict[int, set[Value]]
) -> None:
    assert write.prim.mutates is not None
    target, place = write.args[write.prim.mutates], region.ops.index(write)
    views = {
        op.results[0]
        for op in region.ops[max(0, place - _NEAR) : place]
        if op.prim is GETITEM
        and op.args[0] is target
        and is_array(op.results[0].type)
        and is_basic(op.args[1].type if isinstance(op.args[1], Value) else op.args[1].value)
        and not overlaps.none(op, write)
    }
    if not views:
        return
    late = set(write.results)  # what cannot be had before the write
    moved: list[Op] = []
    for op in region.ops[place + 1 :]:
        reads = known.get(id(op))
        if reads is None:
            reads = known[id(op)] = {a for a in op.args if isinstance(a, Value)}
            reads.update(v for inner in op.regions for v in free_values(inner))
        near = op.statement == write.statement
        if reads & views and not reads & late and near and _is_pure(op):
            moved.append(op)
        else:
            late.update(op.results)
            if reads & views:
                return
    if views.isdisjoint(region.yields):
        rest = [op for op in region.ops[place:] if op not in moved]
        region.ops[place:] = [*moved, *rest]


def _is_pure(op: Op) -> bool:
    """Does an operation make something new, and nothing else?"""
    return _movable(op, numbers=False) and op.prim.storage == "fresh"


def order_results(function: Function) -> None:
    """Compute what is handed out together at the end, in the order in which it is handed out.

    Only values that nothing else reads are moved, and none past a write.
    """
    body = function.body
    last = body.ops[-1] if body.ops else None
    if last is None or last.prim.function is not tuple or last.results[0] not in body.yields:
        return
    counts = use_counts(body)
    made = {op.results[0]: op for op in body.ops if _movable(op, numbers=False) and op.derived}
    # Of ``value, (x_bar, y_bar)`` the gradients are the inner tuple.
    tuples = [made[a] for a in last.args if a in made and made[a].prim is last.prim]
    last = tuples[0] if len(tuples) == 1 else last
    wanted = [made[a] for a in last.args if a in made and counts[a] == 1]
    if len(wanted) < 2:
        return
    first, place = min(body.ops.index(op) for op in wanted), body.ops.index(last)
    if any(o.prim.mutates is not None for op in body.ops[first:] for o in _with_inner(op)):
        return
    rest = [op for op in body.ops[:place] if op not in wanted]
    body.ops = [*rest, *wanted, *body.ops[place:]]


def _with_inner(op: Op) -> list[Op]:
    return [op, *(o for region in op.regions for o in walk(region))]


def _body(op: Op) -> None:
    body, start = op.regions[-1], first_carry(op)
    updates: dict[object, Value] = {
        body.yields[k]: body.params[start + k]
        for k in range(carries(op))
        if isinstance(body.yields[k], Value)
    }
    for result, param in updates.items():
        place = next((i for i, o in enumerate(body.ops) if o.results == (result,)), None)
        if place is not None:
            _move(body, place, param, set(updates.values()) - {param}, updates)


def _move(
    body: Region, place: int, param: Value, others: set[Value], updates: dict[object, Value]
) -> None:
    update = body.ops[place]
    if not _movable(update):
        return
    last = max((i for i, o in enumerate(body.ops) if i > place and _reads(o, param)), default=None)
    if last is None:
        return
    (result,) = update.results
    passed = body.ops[place + 1 : last + 1]
    operands = {a for a in update.args if isinstance(a, Value)}
    for op in passed:
        if _reads(op, result):
            return
        # Another carry that this one reads is updated on the way: its old value would need a name.
        if any(updates.get(r) in operands & others for r in op.results):
            return
        if op.prim.mutates is not None and not all(is_scalar(a.type) for a in operands):
            return
        if op.prim in STRUCTURED and any(
            o.prim.mutates is not None for r in op.regions for o in walk(r)
        ):
            if not all(is_scalar(a.type) for a in operands):
                return
    body.ops[place : last + 1] = [*passed, update]


def _movable(op: Op, numbers: bool = True) -> bool:
    return (
        not op.prim.effect
        and op.prim is not OPAQUE
        and op.prim not in STRUCTURED
        and op.prim.function is not None
        and op.prim.mutates is None
        and len(op.results) == 1
        and (is_scalar(op.results[0].type) or not numbers)
    )


def _reads(op: Op, value: Value) -> bool:
    return value in op.args or any(value in operands_in(region) for region in op.regions)
