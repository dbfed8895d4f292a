"""What is known of the order of integers: positions of loops, and numbers apart from them.

A *point* is a variable (None for zero) and a number to be added. A variable is a value, in the
iteration that is looked at or in a *later* one. Every fact is of the form ``x <= y + c``, an edge
from y to x of length c; what follows from them is a shortest path.

What is known of a loop's position holds where the loop runs: of ``range(k + 1, 1)`` with k = 0 it
says that 1 <= i <= 0. So a path goes through what its ends are made of, and nothing else.
"""

from __future__ import annotations

import operator
from collections import ChainMap
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import final

from gradscribe.ir.core import Const, Op, Operand, Region, Value
from gradscribe.ir.facts.methods import ATTRIBUTES
from gradscribe.ir.primitives import FOR, of

ADD, SUB, GETITEM = (of(f) for f in (operator.add, operator.sub, operator.getitem))
RANGE, REVERSED, LEN, SHAPE = of(range), of(reversed), of(len), of(ATTRIBUTES["shape"])

Variable = tuple[Value, bool] | None
Point = tuple[Variable, int]

ZERO: Point = (None, 0)


@final
@dataclass(frozen=True, slots=True)
class Walk:
    """A range that a loop walks: ``start``, ``stop``, ``step``, and the step of the walk itself,
    which is the opposite one where the range is walked backwards."""

    start: Operand
    stop: Operand
    step: int
    pace: int


@final
class Origins:
    """What makes each value: an operation, or a loop that walks a sequence (by its place).

    ``made`` tells of more, which is still being built.
    """

    def __init__(self, region: Region, made: dict[Value, Op] | None = None) -> None:
        self.made: MutableMapping[Value, Op] = {} if made is None else ChainMap({}, made)
        self.walked: dict[Value, tuple[Op, int]] = {}
        self.add(region)

    def add(self, region: Region) -> None:
        for op in region.ops:
            self.made.update(dict.fromkeys(op.results, op))
            if op.prim is FOR:
                params = op.regions[0].params[: op.attrs.seqs]
                self.walked.update((param, (op, k)) for k, param in enumerate(params))
            for inner in op.regions:
                self.add(inner)

    def range_of(self, param: Value) -> Walk | None:
        """The range whose numbers a loop's param is."""
        if param not in self.walked:
            return None
        op, place = self.walked[param]
        direction, sequence = 1, op.args[place]
        made = self.made.get(sequence) if isinstance(sequence, Value) else None
        while made is not None and made.prim is REVERSED:
            direction, sequence = -direction, made.args[0]
            made = self.made.get(sequence) if isinstance(sequence, Value) else None
        if made is None or made.prim is not RANGE:
            return None
        args = (Const(0), *made.args) if len(made.args) == 1 else made.args
        step = args[2] if len(args) > 2 else Const(1)
        if not isinstance(step, Const) or type(step.value) is not int or step.value == 0:
            return None
        return Walk(args[0], args[1], step.value, direction * step.value)


@final
class Bounds:
    """Facts about integers; ``later`` values have a second variable each, for a later iteration."""

    def __init__(self, origins: Origins, later: frozenset[Value] = frozenset()) -> None:
        self.origins = origins
        self.values = later
        self.edges: dict[Variable, dict[Variable, int]] = {}
        self.known: set[Variable] = set()
        self.made_of: dict[Variable, set[Variable]] = {}  # what the facts about it speak of, too

    def point(self, operand: Operand, later: bool = False) -> Point | None:
        """An integer operand as a point."""
        if isinstance(operand, Const):
            return (None, operand.value) if type(operand.value) is int else None
        op = self.origins.made.get(operand)
        if op is not None and op.prim in (ADD, SUB):
            left, right = op.args
            if op.prim is ADD and isinstance(left, Const):
                left, right = right, left
            base = self.point(left, later) if isinstance(right, Const) else None
            if base is not None and type(right.value) is int:  # type: ignore[union-attr]  # a Const
                number = right.value  # type: ignore[union-attr]  # a Const
                return base[0], base[1] + (number if op.prim is ADD else -number)
        variable = (operand, later and operand in self.values)
        self._learn(variable, op)
        return variable, 0

    def at_most(self, a: Point, b: Point) -> bool:
        """Is a certainly not greater than b?"""
        about = self._about(a[0], b[0])
        lengths: dict[Variable, int] = {b[0]: 0}
        work = [b[0]]
        rounds = 0
        while work and rounds < 1000:
            rounds += 1
            y = work.pop(0)
            for x, c in self.edges.get(y, {}).items():
                if x in about and (x not in lengths or lengths[y] + c < lengths[x]):
                    lengths[x] = lengths[y] + c
                    work.append(x)
        return a[0] in lengths and lengths[a[0]] <= b[1] - a[1]

    def _about(self, *variables: Variable) -> set[Variable]:
        """The variables with all that they are made of."""
        found: set[Variable] = set()
        work = list(variables)
        while work:
            variable = work.pop()
            if variable not in found:
                found.add(variable)
                work += self.made_of.get(variable, ())
        return found

    def order(self, param: Value) -> bool:
        """Learn how a loop's position moves from an iteration to a later one; can it be known?"""
        walk = self.origins.range_of(param)
        if walk is None:
            return False
        now, then, step = (param, False), (param, True), walk.pace
        self._learn(now, None)
        self._learn(then, None)
        if step > 0:
            self._fact_of(now, (now, 0), (then, -step))
        else:
            self._fact_of(now, (then, 0), (now, step))
        self.made_of.setdefault(then, set()).add(now)
        return True

    def _fact(self, a: Point, b: Point) -> None:
        """Remember that a is not greater than b."""
        edges = self.edges.setdefault(b[0], {})
        edges[a[0]] = min(b[1] - a[1], edges.get(a[0], b[1] - a[1]))

    def _fact_of(self, variable: Variable, a: Point, b: Point) -> None:
        """Remember a fact that holds where there is this variable."""
        self._fact(a, b)
        self.made_of.setdefault(variable, set()).update((a[0], b[0]))

    def _learn(self, variable: Variable, op: Op | None) -> None:
        if variable is None or variable in self.known:
            return
        self.known.add(variable)
        value, later = variable
        if op is not None:
            base = op.args[0] if op.args else None
            of_shape = op.prim is GETITEM and isinstance(base, Value)
            shape = self.origins.made.get(base) if of_shape else None  # type: ignore[arg-type]  # a Value
            if op.prim is LEN or (shape is not None and shape.prim is SHAPE):
                self._fact_of(variable, ZERO, (variable, 0))
        walk = self.origins.range_of(value)
        if walk is None:
            return
        first, last = self.point(walk.start, later), self.point(walk.stop, later)
        if walk.step < 0:
            first, last = last and (last[0], last[1] + 1), first and (first[0], first[1] + 1)
        if first is not None:
            self._fact_of(variable, first, (variable, 0))
        if last is not None:
            self._fact_of(variable, (variable, 0), (last[0], last[1] - 1))
