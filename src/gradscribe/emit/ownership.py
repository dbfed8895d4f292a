"""What makes writing in place safe: who owns each buffer, and who else can see it.

Parameters, constants and saved collections are *borrowed*; results of operations are *owned*,
unless they are views. An operation that mutates is written in place where its old value is owned,
is not needed afterwards, and no value that is needed afterwards may share its memory. Elsewhere a
copy comes first: before the loop where the value enters a loop borrowed, else right before the
write::

    u2 = setitem(u, i, v)        u[i] = v                 u is owned and dead
                                 u2 = u.copy(); u2[i] = v   otherwise

What is known of the buffers that values are part of stands in ``memory``. The carry of a loop is a
root of its own, provided that what enters and what comes round is owned and seen by nobody else; a
swap of two buffers is fine.
"""

from __future__ import annotations

import operator
from typing import final

import numpy as np

from gradscribe.emit import sums
from gradscribe.emit.bindings import must_bind
from gradscribe.emit.buffers import (
    copies_entries,
    has_memory,
    has_memory_operand,
    inner_values,
    is_list,
    may_hold_list,
    mutated_targets,
    written_carries,
)
from gradscribe.emit.memory import REARRANGING, Memory
from gradscribe.ir import helpers, trees
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value, walk
from gradscribe.ir.facts.methods import attribute_T
from gradscribe.ir.facts.records import instance
from gradscribe.ir.joins import element_type, may_be_none
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, SCOPE, WHILE, of
from gradscribe.ir.rewrite import defined_in, operands_in
from gradscribe.ir.types import Array, Sequence, Type, Unknown, holds_numbers, is_array

COPY, OWN = of(np.ndarray.copy), of(helpers.own)
COPY_LIST, COPY_DICT = of(helpers.copy_list), of(helpers.copy_dict)
ARRAY = of(np.array)  # what may be a number has no method ``copy``
_ARRAY_REST = tuple(map(Const, ARRAY.defaults.values()))
HOLDS = {
    tuple,
    list,
    dict,
    instance,
    helpers.append,
    helpers.setitem,
}  # results that are containers hold their args


@final
class Ownership:
    """Decides what is written in place, inserting the copies that this needs."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.memory = Memory(function)
        self.copies: list[tuple[Region, int, Op]] = []
        self.displays: list[Op] = []  # the containers that are handed out, inner ones first
        self.copied: set[Value] = set()

    def run(self) -> None:
        for param in self.function.body.params:
            self.memory.roots[param] = frozenset([param])
        self.memory.maybe_none |= must_bind(self.function.body)
        self._region(self.function.body)
        if not self.function.internal:
            self._returned()
        # Later places first, so that the places of earlier copies stay right.
        for region, place, op in reversed(sorted(self.copies, key=lambda c: c[1])):
            region.ops.insert(place, op)
        self._displays_last()

    # ------------------------------------------------------------------ operations

    def _region(self, region: Region) -> None:
        for place, op in enumerate(list(region.ops)):
            if op.prim is IF:
                for arm in op.regions:
                    self._region(arm)
                for k, result in enumerate(op.results):
                    self.memory.join(result, [arm.yields[k] for arm in op.regions])
            elif op.prim is SCOPE:
                (body,) = op.regions
                for param in body.params:
                    self.memory.roots[param] = frozenset([param]).union(
                        *map(self.memory.root, op.args)
                    )
                self._region(body)
                for result, operand in zip(op.results, body.yields, strict=True):
                    self.memory.join(result, [operand])
            elif op.prim in (FOR, WHILE):
                self._loop(region, place, op)
            else:
                self._simple(region, place, op)

    def _simple(self, region: Region, place: int, op: Op) -> None:
        prim = op.prim
        for result in op.results:
            if not has_memory(result.type):
                self.memory.roots[result] = frozenset()
                self.memory.owned.add(result)
        if not op.results or not has_memory(op.results[0].type):
            if prim.mutates is not None and has_memory_operand(op.args[prim.mutates]):
                self._mutation(region, place, op)
            return
        result = op.results[0]
        sums.accumulate(self.memory, op)
        prim = op.prim
        if prim.mutates is not None:
            self._mutation(region, place, op)
        elif prim.storage in ("view", "maybe") or prim.function is reversed:
            base = op.args[0]
            self.memory.roots[result] = self.memory.root(base)
            if is_array(result.type) and result in self.memory.live.bit:
                self.memory.views[result] = (region, op)
            if prim.function is operator.getitem and copies_entries(base, op.args[1]):
                self.memory.fresh(result)
        elif prim.function in HOLDS:
            self.memory.hold(op, result)
        else:
            for made in op.results:
                self.memory.fresh(made)
                if prim.function is None or not prim.params:  # a call may hand back its arguments
                    self.memory.roots[made] |= frozenset().union(
                        *(self.memory.root(a) for a in op.args)
                    )
                    self.memory.owned.discard(made)

    # ------------------------------------------------------------------ mutation

    def _mutation(self, region: Region, place: int, op: Op) -> None:
        mutates = op.prim.mutates
        assert mutates is not None
        target = op.args[mutates]
        may_write = self.memory.may_write(op, target)
        if not may_write and self.memory.may_rearrange(op, target):
            (result,) = op.results
            held = [self.memory.root(a) for k, a in enumerate(op.args) if k != mutates]
            self.memory.roots[result] = self.memory.root(target).union(*held)
            self.memory.lists.add(result)
            return
        if not may_write and not self._without_views(op, target):
            copy = self._copy(target, op)
            self.copies.append((region, place, copy))
            op.args = tuple(copy.results[0] if k == mutates else a for k, a in enumerate(op.args))
            self.memory.fresh(copy.results[0])
            target = copy.results[0]
        if op.results:
            result = op.results[0]
            self.memory.roots[result] = self.memory.root(target)
            if has_memory(result.type):
                self.memory.owned.add(result)
            if target in self.memory.lists:
                self.memory.lists.add(result)
            if op.prim.function in HOLDS and not is_array(result.type):
                held = [self.memory.root(a) for k, a in enumerate(op.args) if k != mutates]
                self.memory.roots[result] = self.memory.roots[result].union(*held)

    def _without_views(self, op: Op, target: Operand) -> bool:
        """Copy the views that are read after the write, if nothing else stands in its way."""
        if not isinstance(target, Value) or target not in self.memory.owned:
            return False
        seen = self.memory.who_sees(target, self.memory.live.after[id(op)], set(op.results), op)
        if any(value not in self.memory.views for value in seen):
            return False
        for value in seen:
            region, view = self.memory.views.pop(value)
            inner = Value(value.hint, value.type)
            copy = self._copy(inner, view)
            view.results, copy.results = (inner,), (value,)
            self.copies.append((region, region.ops.index(view) + 1, copy))
            self.memory.fresh(value)
        return True

    def _copy(self, operand: Operand, op: Op | None) -> Op:
        hint = operand.hint if isinstance(operand, Value) else "t"
        kind = operand.type if isinstance(operand, Value) else Unknown()
        result = Value(hint, kind, isinstance(operand, Value) and operand.named)
        origin = (op.span, op.statement) if op is not None else (None, None)
        prim = OWN
        if operand in self.memory.maybe_none or may_be_none(kind):
            pass
        elif isinstance(kind, Array) and kind.dims == ():
            return Op(ARRAY, (operand, *_ARRAY_REST), (result,), (), None, *origin, derived=True)
        elif is_array(kind):
            prim = COPY
        elif isinstance(kind, Sequence) and kind.kind == "list":
            prim = COPY_LIST
        elif holds_numbers(kind):
            prim = COPY_DICT
        self.copied.add(result)
        return Op(prim, (operand,), (result,), (), None, *origin, derived=True)

    # ------------------------------------------------------------------ loops

    def _loop(self, region: Region, place: int, op: Op) -> None:
        start, count = first_carry(op), carries(op)
        body = op.regions[-1]
        sums.add_to_carries(self.memory, body, body.params[start:])
        for k in range(start):
            self.memory.roots[body.params[k]] = self.memory.root(op.args[k])
        written = written_carries(op)
        lists, rearranged = self._rearranged(op, written), set[int]()
        taken: set[Value] = set()
        # What a carry that is not written starts with must not change under it.
        unwritten, unwritten_lists = set[Value](), set[Value]()
        for k in (k for k in range(count) if k not in written):
            unwritten |= self.memory.root(op.args[start + k])
            if may_hold_list(body.params[start + k].type):
                unwritten_lists |= self.memory.root(op.args[start + k])
        for k in range(count):
            params = [r.params[start + k] for r in op.regions]
            init = op.args[start + k]
            for param in params:
                self.memory.roots[param] = frozenset([param])
            if not has_memory(params[0].type):
                self.memory.owned.update(params)
                continue
            if k not in written:
                for param in params:
                    self.memory.roots[param] = frozenset([param]) | self.memory.root(init)
                continue
            around = self.memory.live.conflicts[params[-1]]
            apart = {p for r in op.regions for p in r.params}
            if (
                not self.memory.is_owned(init)
                or (isinstance(init, Value) and self.memory.who_sees(init, around, apart))
                or not self.memory.root(init).isdisjoint(taken | unwritten)
            ):
                free = taken | unwritten_lists
                if k in lists and self.memory.is_free(init, around, apart, free):
                    rearranged.add(k)
                    taken |= self.memory.root(init)
                    self.memory.lists.update(params)
                    for param in params:
                        self.memory.roots[param] |= self.memory.root(init)
                    continue
                copy = self._copy(init, op)
                self.copies.append((region, place, copy))
                self.memory.fresh(copy.results[0])
                args = list(op.args)
                args[start + k] = init = copy.results[0]
                op.args = tuple(args)
            taken |= self.memory.root(init)
            self.memory.owned.update(params)
            if k in lists:
                self.memory.lists.update(params)
        for inner in op.regions:
            self._region(inner)
        self._come_round(op, written, lists, rearranged)
        for k, result in enumerate(op.results[:count]):
            param = body.params[start + k]
            self.memory.roots[result] = frozenset([result]) | (
                frozenset()
                if k in written
                else self.memory.root(op.args[start + k]) | self.memory.root(body.yields[k])
            )
            if k in rearranged:
                self.memory.lists.add(result)
                self.memory.roots[result] |= self.memory.root(
                    op.args[start + k]
                ) | self.memory.root(body.yields[k])
            elif (param in self.memory.owned and self.memory.is_owned(op.args[start + k])) or (
                self.memory.is_owned(op.args[start + k]) and self.memory.is_owned(body.yields[k])
            ):
                self.memory.owned.add(result)
        for k in range(count, len(op.results)):
            self._collected(op, body, k)

    def _rearranged(self, op: Op, written: set[int]) -> set[int]:
        """The carries that are lists of which a loop does no more than add and take entries."""
        made = [o for region in op.regions for o in walk(region) if o.prim.mutates is not None]
        targets = [o for o in made if not is_array(type_of_operand(o.args[o.prim.mutates or 0]))]
        if not all(o.prim.function in REARRANGING for o in targets):
            return set()
        start, params = first_carry(op), op.regions[-1].params
        return {k for k in written if is_list(params[start + k].type)}

    def _come_round(self, op: Op, written: set[int], lists: set[int], rearranged: set[int]) -> None:
        """What a written carry yields must be owned and seen by no other: copied where not.

        Of ``lists`` only the list itself; those with entries of others are ``rearranged``.
        """
        body = op.regions[-1]
        taken: set[Value] = set()
        for k in sorted(written):
            value = body.yields[k]
            if not isinstance(value, Value) or not has_memory(value.type):
                continue
            others = {
                root
                for j, other in enumerate(body.yields[: carries(op)])
                if j != k and j not in written
                for root in self.memory.root(other)
            }
            outside = self.memory.root(value) - inner_values(op) - self.copied
            if (
                value not in self.memory.owned
                or not self.memory.root(value).isdisjoint(taken | others)
                or outside
            ):
                if (
                    k in lists
                    and value in self.memory.lists
                    and self.memory.root(value).isdisjoint(taken)
                ):
                    rearranged.add(k)
                    taken |= self.memory.root(value)
                    continue
                copy = self._copy(value, None)
                self.copies.append((body, len(body.ops), copy))
                self.memory.fresh(copy.results[0])
                body.yields[k] = copy.results[0]
                value = copy.results[0]
            taken |= self.memory.root(value)

    def _collected(self, op: Op, body: Region, k: int) -> None:
        """A list that a loop collects owns its entries only if each is fresh and left alone."""
        value, result = body.yields[k], op.results[k]
        if isinstance(value, Value) and has_memory(value.type):
            changed = self._changes_later(op, value)
            if changed:
                copy = self._copy(value, None)
                if copy.prim is COPY_LIST and _holds_memory(value.type):
                    copy.prim = OWN if self._changes_later(op, value, entries=True) else COPY_LIST
                place = self._definition_place(body, value)
                self.copies.append((body, place, copy))
                self.memory.fresh(copy.results[0])
                body.yields[k] = copy.results[0]
                value = copy.results[0]
            self.memory.roots[result] = frozenset([result]) | self.memory.root(value)
        else:
            self.memory.roots[result] = frozenset([result])
        self.memory.lists.add(result)
        if self.memory.is_owned(value):
            self.memory.owned.add(result)

    def _changes_later(self, op: Op, value: Value, entries: bool = False) -> bool:
        """Is a collected value's memory written to in this loop, or part of a carry that is?

        ``entries``: that of what a list holds, and not of the list.
        """
        written = written_carries(op)
        start = first_carry(op)
        params = {
            p for region in op.regions for k, p in enumerate(region.params[start:]) if k in written
        }
        body = op.regions[-1]
        around = {root for k in written for root in self.memory.root(body.yields[k])}
        roots = self.memory.root(value) - ({value} if entries else set())
        if not roots.isdisjoint(params | around):
            return True
        made_here = roots <= defined_in(body) - set(body.params)
        later = body.ops[self._definition_place(body, value) :] if made_here else body.ops
        mutated = mutated_targets(Region(ops=later))
        return any(not roots.isdisjoint(self.memory.root(t)) for t in mutated)

    def _definition_place(self, body: Region, value: Value) -> int:
        """The first place in a body at which a value is there, also one that a copy will define."""
        for region, place, op in self.copies:
            if region is body and value in op.results:
                return place
        for place, op in enumerate(body.ops):
            if value in op.results:
                return place + 1
        return 0

    # ------------------------------------------------------------------ what is handed out

    def _returned(self) -> None:
        """Everything returned is owned, writable and disjoint."""
        body = self.function.body
        self.memory.maybe_none |= must_bind(body)
        given: set[Value] = set()
        body.yields = [self._give(operand, given) for operand in body.yields]

    def _give(self, operand: Operand, given: set[Value]) -> Operand:
        if isinstance(operand, Value):
            op = next((o for o in self.function.body.ops if o.results == (operand,)), None)
            parts = trees.displayed(op) if op is not None and op.prim.name != "list" else None
            if op is not None and parts is not None:
                before = op.args[: len(op.args) - len(parts)]
                op.args = (*before, *(self._give(a, given) for a in parts))
                self.displays.append(op)
                return operand
            if not has_memory(operand.type):
                return operand
            roots = self.memory.root(operand)
            if (operand in self.memory.owned or self._is_all_of_ours(operand)) and roots.isdisjoint(
                given
            ):
                given |= roots
                return operand
            if isinstance(operand.type, Array | Unknown):
                copy = self._copy(operand, None)
                self.copies.append((self.function.body, len(self.function.body.ops), copy))
                self.memory.fresh(copy.results[0])
                return copy.results[0]
            return operand
        return operand

    def _displays_last(self) -> None:
        """Put what is handed out together after the copies that it is made of."""
        body, made = self.function.body, {op.results[0] for op in self.displays}
        others = [op for op in body.ops if op not in self.displays]
        if all(made.isdisjoint(operands_in(Region([], [op]))) for op in others):
            body.ops = [*others, *self.displays]

    def _is_all_of_ours(self, value: Value) -> bool:
        """Is this an array of ours in another shape?"""
        op = next((o for o in self.function.body.ops if o.results == (value,)), None)
        if op is None or op.prim not in _WHOLE_VIEWS:
            return False
        base = op.args[0]
        return self.memory.is_owned(base) or (
            isinstance(base, Value) and self._is_all_of_ours(base)
        )


def _holds_memory(kind: Type) -> bool:
    """Are the entries of a list arrays or containers themselves?"""
    element = element_type(kind)
    return element is not None and has_memory(element)


_WHOLE_VIEWS = frozenset(
    of(f) for f in (np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, attribute_T)
)
