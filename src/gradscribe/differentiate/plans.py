"""What is kept of the forward sweep, and what is computed again: a minimum cut decides.

A value that costs little to compute from others that are there anyway is not stored. An array that
a loop changes in places is put back instead, at the cost of the entries that were overwritten.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import final

import numpy as np

from gradscribe.differentiate.mincut import minimum_cut
from gradscribe.ir.core import Const, Op, Operand, Region, Value
from gradscribe.ir.primitives import RULED, STRUCTURED, of
from gradscribe.ir.types import (
    Array,
    Immutable,
    Range,
    Sequence,
    Slice,
    Static,
    Type,
    at_most_one,
    dims_of,
    is_scalar,
)

GETITEM, COPY = of(operator.getitem), of(np.ndarray.copy)

# The cost of keeping a value, in scalars.
_SCALAR, _SLICE, _ARRAY, _UNKNOWN = 1, 60, 100, 50
_COPY = 55  # an array that the user copies: keeping it takes no copy of its own

_ARITHMETIC = {
    operator.add, operator.sub, operator.mul, operator.neg, operator.truediv, operator.pos,
}  # fmt: skip

# What reads a value off what a loop leaves behind, given what makes it in the loop's body.
Reading = Callable[[Value, Op | None], Op | None]


@final
@dataclass(slots=True)
class Change:
    """One step of an array's chain of changes in a body: ``after = op(before, index, …)``."""

    op: Op
    before: Value
    after: Value


@final
@dataclass(slots=True)
class Plan:
    """What to store, what to compute again (in order), and which carries to put back.

    ``same`` values are read as the values they equal.
    """

    stored: list[Value] = field(default_factory=list)
    again: list[Op] = field(default_factory=list)
    restored: dict[Value, list[Change]] = field(default_factory=dict)
    same: dict[Value, Value] = field(default_factory=dict)


def cost_of(kind: Type) -> int:
    """What keeping one value of a type costs."""
    if is_scalar(kind) or isinstance(kind, Static | Immutable | Slice | Range):
        return _SCALAR
    if isinstance(kind, Sequence) and kind.items is not None:
        return sum(cost_of(item) for item in kind.items) + _SCALAR
    if isinstance(kind, Array):
        return _ARRAY if kind.dims is not None else _UNKNOWN
    return _UNKNOWN


def recomputable(op: Op, standing: Collection[Operand] = ()) -> bool:
    """Is it as good to compute this again as to keep it? ``standing`` lists are never changed."""
    if op.prim is RULED:
        return len(op.results) == 1  # its primal, under another name
    if op.prim in STRUCTURED or op.prim.effect or op.prim.function is None or len(op.results) != 1:
        return False
    if op.prim is GETITEM:
        base = op.args[0]
        listed = isinstance(base, Value) and isinstance(base.type, Sequence)
        return not listed or _is_tuple(base) or base in standing
    if op.prim.cheap:
        return True
    return op.prim.elementwise and (
        is_scalar(op.results[0].type) or op.prim.function in _ARITHMETIC or _is_square(op)
    )


def _is_tuple(operand: Operand) -> bool:
    kind = operand.type if isinstance(operand, Value) else None
    return isinstance(kind, Sequence) and kind.kind == "tuple"


def _is_square(op: Op) -> bool:
    """Is this a product with itself, though written as a power?"""
    exponent = op.args[1] if op.prim.function is operator.pow else None
    return isinstance(exponent, Const) and exponent.name is None and exponent.value == 2


def breadth(kind: Type) -> int:
    """How many axes of more than one entry a value may have."""
    return sum(not at_most_one(dim) for dim in dims_of(kind) or ())


def grown(ops: list[Op]) -> set[Value]:
    """Values that are larger than all that they are computed from, entry by entry.

    ``x.T - x`` of a column x is a table; what is computed of it is as large. Such a value takes
    more memory than it is worth, even if it is a power.
    """
    found: set[Value] = set()
    for op in ops:
        if len(op.results) != 1 or not (op.prim.elementwise or op.prim.cheap):
            continue
        size = breadth(op.results[0].type)
        arrays = [a for a in op.args if isinstance(a, Value)]
        if size > 1 and all(breadth(a.type) < size or a in found for a in arrays):
            found.add(op.results[0])
    return found


def make_plan(
    body: Region,
    needed: list[Value],
    chains: dict[Value, list[Change]],
    free: list[Value] | None = None,
    lasting: Reading | None = None,
    kept: frozenset[Value] = frozenset(),
    standing: Collection[Operand] = (),
) -> Plan:
    """Decide how each needed value of ``body`` is made available, by a minimum cut.

    ``free`` values cost nothing: they are walked again. ``lasting`` gives an operation that reads a
    value off what the loop leaves behind, where there is one. ``kept`` values are not computed
    again, entries of ``standing`` lists are read again.
    """
    origin = {r: op for op in body.ops for r in op.results}
    inside = set(origin) | set(body.params)
    version = {c.after: root for root, changes in chains.items() for c in changes}
    parents: dict[Value, list[Value] | None] = {}
    cost: dict[Value, int] = {}
    tables = grown(body.ops)
    same = _copies(body, chains)

    def node(value: Value) -> Value:
        return version[value] if value in version else same.get(value, value)

    def of_whole(op: Op) -> bool:
        """An entry of a tuple that would have to be kept as a whole?"""
        if op.prim is not GETITEM or not _is_tuple(op.args[0]):
            return False
        maker = origin.get(op.args[0])  # type: ignore[arg-type]  # a tuple that is a value
        return maker is not None and not recomputable(maker, standing)

    work = [node(v) for v in needed]
    wanted = list(dict.fromkeys(work))
    while work:
        value = work.pop()
        if value in parents:
            continue
        op = lasting(value, origin.get(value)) if lasting is not None else None
        if op is not None:
            origin[value] = op
        op = origin.get(value)
        cost[value] = 0 if free and value in free else _cost(value, op)
        if value in chains:
            cost[value] = min(cost[value], sum(_entry_cost(c.op) for c in chains[value]))
        again = op is not None and (recomputable(op, standing) or value in tables)
        if op is None or value in kept or not again or of_whole(op):
            parents[value] = None
            continue
        above = [node(a) for a in op.args if isinstance(a, Value) and a in inside]
        parents[value] = above
        work += above
    plan = Plan(same=same)
    cut = minimum_cut(wanted, parents, cost)
    for value in cut:
        if value in chains:
            plan.restored[value] = chains[value]
        else:
            plan.stored.append(value)
    ready = set(cut)
    plan.again = _computations(body, wanted, ready, origin, inside, node)
    return plan


def _copies(body: Region, chains: dict[Value, list[Change]]) -> dict[Value, Value]:
    """Of an array and its copy, at the start of an iteration, which is kept instead of which."""
    same: dict[Value, Value] = {}
    for op in body.ops:
        array = op.args[0] if op.prim is COPY else None
        if isinstance(array, Value) and array in chains and array not in same:
            cheap = sum(_entry_cost(c.op) for c in chains[array]) < _COPY
            kept, other = (array, op.results[0]) if cheap else (op.results[0], array)
            same[other] = kept
    return same


def _cost(value: Value, op: Op | None) -> int:
    if op is not None and op.prim is COPY:
        return _COPY
    if op is not None and op.prim is GETITEM and not is_scalar(value.type):
        return _SLICE
    return cost_of(value.type)


def _entry_cost(op: Op) -> int:
    return min(cost_of(GETITEM.result_type(op.args[:2])), _SLICE)


def _computations(
    body: Region,
    wanted: list[Value],
    ready: set[Value],
    origin: dict[Value, Op],
    inside: set[Value],
    node: Callable[[Value], Value],
) -> list[Op]:
    """The operations that compute ``wanted`` from ``ready``, in the order of the body."""
    needed: set[int] = set()
    work = [v for v in wanted if v not in ready]
    while work:
        value = work.pop()
        op = origin.get(value)
        if op is None or id(op) in needed:
            continue
        needed.add(id(op))
        args = (node(a) for a in op.args if isinstance(a, Value) and a in inside)
        work += [a for a in args if a not in ready]
    order: dict[int, Op] = {}

    def take(op: Op | None) -> None:
        if op is None or id(op) not in needed or id(op) in order:
            return
        for arg in op.args:
            take(origin.get(arg) if isinstance(arg, Value) else None)
        order[id(op)] = op

    for op in body.ops:
        for result in op.results:
            take(origin[result])
    return list(order.values())
