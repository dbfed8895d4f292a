"""Who owns each buffer and who else can see it, as far as a function has been walked.

Every value has *roots*: the buffers its memory may be part of. A fresh result is its own root, a
view has those of what it views, a container those of its entries.
"""

from __future__ import annotations

from typing import final

from gradscribe.emit.buffers import has_memory, is_list, may_hold_list, may_own
from gradscribe.emit.liveness import Liveness
from gradscribe.emit.nest import Nesting
from gradscribe.emit.overlaps import Overlaps
from gradscribe.ir import helpers
from gradscribe.ir.core import UNDEF, Const, Function, Op, Operand, Region, Value, walk
from gradscribe.ir.primitives import IF

REARRANGING = {helpers.append, helpers.without}  # they change which entries a list has


@final
class Roots(dict[Value, frozenset[Value]]):
    """The roots of values. ``sharers[r]`` is the mask of all values that ever had the root r."""

    def __init__(self, bit: dict[Value, int]) -> None:
        super().__init__()
        self.bit = bit  # where values stand in masks, as in ``Liveness``
        self.sharers: dict[Value, int] = {}

    def __setitem__(self, value: Value, roots: frozenset[Value]) -> None:
        super().__setitem__(value, roots)
        bit = self.bit.get(value)
        if bit is not None:
            for root in roots:
                self.sharers[root] = self.sharers.get(root, 0) | 1 << bit


@final
class Memory:
    """The roots of values, whose they are, and the questions that decide what may be written."""

    def __init__(self, function: Function) -> None:
        # Functions of numbers alone own nothing: there liveness, which is not cheap, need not be
        # known. (Nesting also settles which conditionals are written as expressions.)
        owns = any(op.prim is IF or may_own(op) for op in walk(function.body))
        if owns:
            self.nesting = Nesting(function)
            self.live = Liveness(function, self.nesting)
        self.roots = Roots(self.live.bit if owns else {})
        self.owned: set[Value] = set()
        self.lists: set[Value] = set()  # of these the list is ours, whoever has its entries
        self.maybe_none: set[Operand] = set()  # what an arm not taken leaves undefined
        self.views: dict[Value, tuple[Region, Op]] = {}
        self.overlaps = Overlaps(function.body)

    def root(self, operand: Operand) -> frozenset[Value]:
        """The buffers that the memory of an operand may be part of."""
        if not isinstance(operand, Value) or not has_memory(operand.type):
            return frozenset()
        return self.roots.get(operand, frozenset())

    def is_owned(self, operand: Operand) -> bool:
        """Is the memory of this operand ours? (What has none is.)"""
        if operand is UNDEF:
            return True
        if isinstance(operand, Const):
            return (
                not isinstance(operand.value, list | dict)
                and type(operand.value).__name__ != "ndarray"
            )
        return not has_memory(operand.type) or operand in self.owned

    def join(self, result: Value, operands: list[Operand]) -> None:
        """The result is one of these operands."""
        self.roots[result] = frozenset().union(*(self.root(o) for o in operands))
        if any(o is UNDEF or o in self.maybe_none for o in operands):
            self.maybe_none.add(result)
        if all(self.is_owned(o) for o in operands):
            self.owned.add(result)

    def fresh(self, result: Value) -> None:
        """The result is memory of its own."""
        self.roots[result] = frozenset([result])
        self.owned.add(result)
        if is_list(result.type):
            self.lists.add(result)

    def hold(self, op: Op, result: Value) -> None:
        """The result is a new container of the operation's args."""
        self.roots[result] = frozenset([result]).union(*(self.root(a) for a in op.args))
        if all(self.is_owned(a) for a in op.args):
            self.owned.add(result)
        if op.prim.function is list:
            self.lists.add(result)

    def may_write(self, op: Op, target: Operand) -> bool:
        """May ``op`` write to this operand in place?"""
        if not isinstance(target, Value) or target not in self.owned:
            return False
        return not self.who_sees(target, self.live.after[id(op)], set(op.results), op)

    def may_rearrange(self, op: Op, target: Operand) -> bool:
        """May a list be made longer or shorter in place? Its entries are left alone."""
        if op.prim.function not in REARRANGING or target not in self.lists:
            return False
        seen = self.who_sees(target, self.live.after[id(op)], set(op.results))
        return not any(may_hold_list(value.type) for value in seen)

    def is_free(self, init: Operand, around: int, apart: set[Value], taken: set[Value]) -> bool:
        """Is this a list of ours that nobody else sees (but for its entries)?"""
        if not isinstance(init, Value) or init not in self.lists:
            return False
        seen = self.who_sees(init, around, apart)
        return self.root(init).isdisjoint(taken) and not any(may_hold_list(v.type) for v in seen)

    def who_sees(
        self, target: Value, live: int, apart: set[Value], write: Op | None = None
    ) -> list[Value]:
        """The live values (other than those apart) that may share memory with ``target``.

        Where only a ``write`` to some of its entries matters, views of others do not count.
        """
        roots = self.root(target)
        near = 0
        for root in roots:
            near |= self.roots.sharers.get(root, 0)
        live &= near
        found = []
        while live:
            bit = live & -live
            live ^= bit
            value = self.live.order[bit.bit_length() - 1]
            if value in apart or roots.isdisjoint(self.root(value)):
                continue
            view = self.views.get(value)
            if write is None or view is None or not self.overlaps.none(view[1], write):
                found.append(value)
        return found
