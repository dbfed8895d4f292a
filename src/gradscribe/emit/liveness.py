"""Which values are needed after each operation, and so which may not share a variable.

Sets of values are bit masks: a value's bit is its place in the order of definition.
"""

from __future__ import annotations

from typing import final

from gradscribe.emit.bindings import must_bind
from gradscribe.emit.nest import Nesting
from gradscribe.ir.core import Function, Op, Operand, Region, Value, walk
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, SCOPE, WHILE
from gradscribe.ir.scopes import ERROR, catches, enters, head, is_atomic


@final
class Liveness:
    """``after[id(op)]``: the mask of values live after an operation, results included.

    ``conflicts[v]``: the values that are live where v is defined. Two values conflict if either
    stands in the other's mask.
    """

    def __init__(self, function: Function, nesting: Nesting) -> None:
        self.nesting = nesting
        self.order: list[Value] = []
        self.bit: dict[Value, int] = {}
        self.conflicts: dict[Value, int] = {}
        self.after: dict[int, int] = {}
        self.arms: dict[int, tuple[int, int]] = {}  # what is live before each arm of a branch
        self.bound = must_bind(function.body) if nesting.clauses else set()
        # What is needed to the end of a try statement, by the branch that is its clauses: the name
        # of the exception, and what is collected after it.
        self.late = {
            id(nesting.clauses[id(op)].branch): [
                op.results[ERROR], *(r for r in op.results if r in nesting.collected)
            ]
            for op in walk(function.body)
            if id(op) in nesting.clauses
        }  # fmt: skip
        self._number(function.body)
        live = self._region(function.body, 0)
        for param in function.body.params:
            self._define(param, live | self.mask(function.body.params))

    def mask(self, values: list[Value] | tuple[Value, ...]) -> int:
        total = 0
        for value in values:
            total |= 1 << self.bit[value]
        return total

    def leaves(self, operands: list[Operand] | tuple[Operand, ...]) -> int:
        """The mask of what the text of these operands reads."""
        total = 0
        for operand in operands:
            for leaf in self.nesting.leaves(operand):
                total |= 1 << self.bit[leaf]
        return total

    def live_after(self, op: Op, value: Value) -> bool:
        return bool(self.after[id(op)] >> self.bit[value] & 1)

    def _number(self, region: Region) -> None:
        self._add(region.params)
        for op in region.ops:
            for inner in op.regions:
                self._number(inner)
            self._add(op.results)

    def _add(self, values: list[Value] | tuple[Value, ...]) -> None:
        for value in values:
            if value not in self.nesting.inlined:
                self.bit[value] = len(self.order)
                self.order.append(value)

    def _define(self, value: Value, live: int) -> None:
        self.conflicts[value] = (self.conflicts.get(value, 0) | live) & ~(1 << self.bit[value])

    # ------------------------------------------------------------------ backwards

    def _region(
        self, region: Region, live: int, carried: int | None = None, through: int | None = None
    ) -> int:
        """What is live before a region, from what is live after its yields are read.

        Of a loop's body the first ``carried`` yields are read at its end; a collected one is not.
        ``through`` is what is live after the body of a ``try`` that is completed: its last
        statement binds nothing unless it is.
        """
        place = len(region.yields) if carried is None else carried
        late = [o for o in region.yields[place:] if o not in self.nesting.collected]
        live |= self.leaves([*region.yields[:place], *late])
        last = None
        if through is not None:
            through |= self.leaves(region.yields)
            written = [op for op in region.ops if not self._inlined(op)]
            last = written[-1] if written else None
        for op in reversed(region.ops):
            # A collected value is appended right where it is defined.
            live |= self.leaves([r for r in op.results if r in self.nesting.collected])
            ends = op is last and (op.prim.mutates is None or is_atomic(op))
            self.after[id(op)] = live & through if ends and op.prim.mutates is not None else live  # type: ignore[operator]  # there is a last one
            if self._inlined(op):
                continue
            if op.prim is IF:
                live = self._if(op, live)
            elif op.prim is SCOPE:
                live = self._scope(op, live)
            elif op.prim in (FOR, WHILE):
                live = self._loop(op, live)
            else:
                around = live
                if ends and through is not None:
                    around &= through
                for result in op.results:
                    self._define(result, around | self._read_late(op))
                live = live & ~self.mask(op.results) | self.leaves(op.args)
        return live | self.leaves([p for p in region.params if p in self.nesting.collected])

    def _read_late(self, op: Op) -> int:
        """What a write in place reads after its variable has been made a copy of the old value."""
        if op.prim.mutates is None:
            return 0
        target = op.args[op.prim.mutates]
        others = [arg for k, arg in enumerate(op.args) if k != op.prim.mutates]
        return self.leaves(others) & ~(self.mask([target]) if target in self.bit else 0)

    def _inlined(self, op: Op) -> bool:
        return bool(op.results) and all(r in self.nesting.inlined for r in op.results)

    def _if(self, op: Op, live: int) -> int:
        live |= self.mask(self.late.get(id(op), []))
        for result in op.results:
            self._define(result, live)
        through = live & ~self.mask(op.results)
        arms = [self._region(arm, through) for arm in op.regions]
        self.arms[id(op)] = (arms[0], arms[1])
        return self.leaves(op.args) | arms[0] | arms[1] | through

    def _scope(self, op: Op, live: int) -> int:
        """The body of a ``try`` may be left anywhere: what its handlers read is live all along."""
        (body,) = op.regions
        clauses = self.nesting.clauses.get(id(op))
        then, other = self.arms[id(clauses.branch)] if clauses is not None else (live, live)
        first = head(op)
        for k, result in enumerate(op.results):
            own = k >= first and result not in self.bound
            self._define(result, then if own else then | other | live)
        gone = ~self.mask(op.results)
        after = (then | other | live) & gone if catches(op) else live & gone
        if not enters(op):
            after |= self.leaves(op.args)
        before = self._region(body, after, through=then & gone if clauses is not None else None)
        for param in body.params:
            self._define(param, before)
        return before & ~self.mask(body.params) | self.leaves(op.args)

    def _loop(self, op: Op, live: int) -> int:
        start, count = first_carry(op), carries(op)
        collected = op.results[count:]
        for result in op.results:
            self._define(result, live)
        through = live & ~self.mask(op.results[:count]) | self.mask(collected)
        # What the body reads from outside is live all through it, and so is what is walked.
        around = through | self.leaves(op.args[:start]) if op.prim is FOR else through
        own = self.mask([p for region in op.regions for p in region.params])
        inside = around
        while True:
            before = self._body(op, inside, live)
            grown = inside | before & ~own & ~self._inner(op)
            if grown == inside:
                break
            inside = grown
        # A position is bound only when an iteration begins: by then what the last one left in a
        # carry is needed only if the body reads it.
        needed = self.mask([op.results[k] for k in range(count)]) & live
        for region in op.regions:
            items, carried = region.params[:start], region.params[start:]
            kept = [p for p, r in zip(carried, op.results, strict=False) if self.mask([r]) & needed]
            for item in items:
                self._define(item, before | inside | self.mask(items))
            for param in carried:
                self._define(param, before & ~self.mask(items) | inside | self.mask(kept))
        for result in collected:
            self._define(result, inside)
        entry = inside & ~self.mask(collected)
        return entry | self.leaves(op.args)

    def _inner(self, op: Op) -> int:
        """The values defined within a loop: they do not live from one iteration to the next."""
        return sum(
            1 << self.bit[r]
            for region in op.regions
            for o in region.ops
            for r in o.results
            if r in self.bit
        )

    def _body(self, op: Op, inside: int, live: int) -> int:
        body = op.regions[-1]
        before = self._region(body, inside, carries(op))
        if op.prim is WHILE:
            test = op.regions[0]
            start = first_carry(op)
            places = [k for k, p in enumerate(body.params[start:]) if before >> self.bit[p] & 1]
            needed = self.mask([test.params[k] for k in places])
            count = carries(op)
            exits = [test.params[k] for k in range(count) if live >> self.bit[op.results[k]] & 1]
            before |= self._region(test, inside | needed | self.mask(exits) | before)
        return before
