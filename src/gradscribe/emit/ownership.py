"""What makes writing in place safe: who owns each buffer, and who else can see it.

Parameters, constants and saved collections are *borrowed*; results of operations are *owned*,
unless they are views. An operation that mutates is written in place where its old value is owned,
is not needed afterwards, and no value that is needed afterwards may share its memory. Elsewhere a
copy comes
first: before the loop where the value enters a loop borrowed, else right before the write::

    u2 = setitem(u, i, v)        u[i] = v                 u is owned and dead
                                 u2 = u.copy(); u2[i] = v   otherwise

Every value has *roots*: the buffers its memory may be part of. A fresh result is its own root, a
view has those of what it views, a container those of its entries. A carry is a root of its own,
provided that what enters and what comes round is owned and seen by nobody else; a swap of two
buffers is fine.
"""

from __future__ import annotations

import operator
from typing import final

import numpy as np

from gradscribe.emit.bindings import must_bind
from gradscribe.emit.buffers import (
    as_large,
    copies_entries,
    has_memory,
    has_memory_operand,
    inner_values,
    is_list,
    may_hold_list,
    may_own,
    mutated_targets,
    written_carries,
)
from gradscribe.emit.liveness import Liveness
from gradscribe.emit.nest import Nesting
from gradscribe.emit.overlaps import Overlaps
from gradscribe.ir import helpers, trees
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import UNDEF, Const, Function, Op, Operand, Region, Value, walk
from gradscribe.ir.facts.methods import attribute_T
from gradscribe.ir.facts.records import instance
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, SCOPE, WHILE, of
from gradscribe.ir.rewrite import defined_in
from gradscribe.ir.types import (
    Array,
    Sequence,
    Type,
    Unknown,
    element_type,
    is_array,
)

COPY, COPY_LIST, OWN = of(np.ndarray.copy), of(helpers.copy_list), of(helpers.own)
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
REARRANGING = {helpers.append, helpers.without}  # they change which entries a list has


@final
class Ownership:
    """Decides what is written in place, inserting the copies that this needs."""

    def __init__(self, function: Function) -> None:
        self.function = function
        # Functions of numbers alone own nothing: there liveness, which is not cheap, need not be
        # known. (Nesting also settles which conditionals are written as expressions.)
        if any(op.prim is IF or may_own(op) for op in walk(function.body)):
            self.nesting = Nesting(function)
            self.live = Liveness(function, self.nesting)
        self.roots: dict[Value, frozenset[Value]] = {}
        self.owned: set[Value] = set()
        self.lists: set[Value] = set()  # of these the list is ours, whoever has its entries
        self.copies: list[tuple[Region, int, Op]] = []
        self.copied: set[Value] = set()
        self.maybe_none: set[Operand] = set()  # what an arm not taken leaves undefined
        self.views: dict[Value, tuple[Region, Op]] = {}
        self.overlaps = Overlaps(function.body)

    def run(self) -> None:
        for param in self.function.body.params:
            self.roots[param] = frozenset([param])
        self._region(self.function.body)
        if not self.function.internal:
            self._returned()
        # Later places first, so that the places of earlier copies stay right.
        for region, place, op in reversed(sorted(self.copies, key=lambda c: c[1])):
            region.ops.insert(place, op)

    # ------------------------------------------------------------------ roots

    def root(self, operand: Operand) -> frozenset[Value]:
        return self.roots.get(operand, frozenset()) if isinstance(operand, Value) else frozenset()

    def _region(self, region: Region) -> None:
        for place, op in enumerate(list(region.ops)):
            if op.prim is IF:
                for arm in op.regions:
                    self._region(arm)
                for k, result in enumerate(op.results):
                    self._phi(result, [arm.yields[k] for arm in op.regions])
            elif op.prim is SCOPE:
                (body,) = op.regions
                for param in body.params:
                    self.roots[param] = frozenset([param]).union(*map(self.root, op.args))
                self._region(body)
                for result, operand in zip(op.results, body.yields, strict=True):
                    self._phi(result, [operand])
            elif op.prim in (FOR, WHILE):
                self._loop(region, place, op)
            else:
                self._simple(region, place, op)

    def _phi(self, result: Value, operands: list[Operand]) -> None:
        self.roots[result] = frozenset().union(*(self.root(o) for o in operands))
        if any(o is UNDEF or o in self.maybe_none for o in operands):
            self.maybe_none.add(result)
        if all(self._is_owned(o) for o in operands):
            self.owned.add(result)

    def _is_owned(self, operand: Operand) -> bool:
        """Is the memory of this operand ours? (What has none is.)"""
        if operand is UNDEF:
            return True
        if isinstance(operand, Const):
            return (
                not isinstance(operand.value, list | dict)
                and type(operand.value).__name__ != "ndarray"
            )
        return not has_memory(operand.type) or operand in self.owned

    def _simple(self, region: Region, place: int, op: Op) -> None:
        prim = op.prim
        for result in op.results:
            if not has_memory(result.type):
                self.roots[result] = frozenset()
                self.owned.add(result)
        if not op.results or not has_memory(op.results[0].type):
            if prim.mutates is not None and has_memory_operand(op.args[prim.mutates]):
                self._mutation(region, place, op)
            return
        result = op.results[0]
        self._accumulate(op)
        prim = op.prim
        if prim.mutates is not None:
            self._mutation(region, place, op)
        elif prim.storage in ("view", "maybe") or prim.function is reversed:
            base = op.args[0]
            self.roots[result] = self.root(base)
            if is_array(result.type) and result in self.live.bit:
                self.views[result] = (region, op)
            if prim.function is operator.getitem and copies_entries(base, op.args[1]):
                self._fresh(result)
        elif prim.function in HOLDS:
            self._holder(op, result)
        else:
            for made in op.results:
                self._fresh(made)
                if prim.function is None or not prim.params:  # a call may hand back its arguments
                    self.roots[made] |= frozenset().union(*(self.root(a) for a in op.args))
                    self.owned.discard(made)

    def _accumulate(self, op: Op) -> None:
        """``x_bar = x_bar + t`` as ``x_bar += t`` where x_bar is ours, dead and large enough."""
        sign = _IN_PLACE.get(op.prim.function)
        if sign is None or not op.derived:
            return
        (result,) = op.results
        if result in self.live.nesting.inlined:
            return
        places = (0, 1) if sign is _IADD else (0,)
        for place in places:
            target = op.args[place]
            if (
                isinstance(target, Value)
                and target not in self.live.nesting.inlined
                and is_array(result.type)
                and as_large(target.type, result.type)
                and target is not op.args[1 - place]
                and self._may_write(op, target)
            ):
                op.prim = sign
                op.args = (target, op.args[1 - place])
                return

    def _add_to_carries(self, body: Region, carried: list[Value]) -> None:
        """Let a loop write the sums that it carries in place."""
        for op in body.ops:
            sign = _IN_PLACE.get(op.prim.function)
            target = op.args[0] if sign is not None and op.derived else None
            if (
                sign is not None
                and isinstance(target, Value)
                and target in carried
                and is_array(op.results[0].type)
                and op.results[0] not in self.live.nesting.inlined
                and as_large(target.type, op.results[0].type)
                and target is not op.args[1]
                and not self.live.live_after(op, target)
            ):
                op.prim = sign

    def _fresh(self, result: Value) -> None:
        self.roots[result] = frozenset([result])
        self.owned.add(result)
        if is_list(result.type):
            self.lists.add(result)

    def _holder(self, op: Op, result: Value) -> None:
        self.roots[result] = frozenset([result]).union(*(self.root(a) for a in op.args))
        if all(self._is_owned(a) for a in op.args):
            self.owned.add(result)
        if op.prim.function is list:
            self.lists.add(result)

    # ------------------------------------------------------------------ mutation

    def _mutation(self, region: Region, place: int, op: Op) -> None:
        mutates = op.prim.mutates
        assert mutates is not None
        target = op.args[mutates]
        may_write = self._may_write(op, target)
        if not may_write and self._may_rearrange(op, target):
            (result,) = op.results
            held = [self.root(a) for k, a in enumerate(op.args) if k != mutates]
            self.roots[result] = self.root(target).union(*held)
            self.lists.add(result)
            return
        if not may_write and not self._without_views(op, target):
            copy = self._copy(target, op)
            self.copies.append((region, place, copy))
            op.args = tuple(copy.results[0] if k == mutates else a for k, a in enumerate(op.args))
            self._fresh(copy.results[0])
            target = copy.results[0]
        if op.results:
            result = op.results[0]
            self.roots[result] = self.root(target)
            if has_memory(result.type):
                self.owned.add(result)
            if target in self.lists:
                self.lists.add(result)
            if op.prim.function in HOLDS and not is_array(result.type):
                held = [self.root(a) for k, a in enumerate(op.args) if k != mutates]
                self.roots[result] = self.roots[result].union(*held)

    def _may_write(self, op: Op, target: Operand) -> bool:
        if not isinstance(target, Value) or target not in self.owned:
            return False
        return not self._who_sees(target, self.live.after[id(op)], set(op.results), op)

    def _may_rearrange(self, op: Op, target: Operand) -> bool:
        """May a list be made longer or shorter in place? Its entries are left alone."""
        if op.prim.function not in REARRANGING or target not in self.lists:
            return False
        seen = self._who_sees(target, self.live.after[id(op)], set(op.results))
        return not any(may_hold_list(value.type) for value in seen)

    def _without_views(self, op: Op, target: Operand) -> bool:
        """Copy the views that are read after the write, if nothing else stands in its way."""
        if not isinstance(target, Value) or target not in self.owned:
            return False
        seen = self._who_sees(target, self.live.after[id(op)], set(op.results), op)
        if any(value not in self.views for value in seen):
            return False
        for value in seen:
            region, view = self.views.pop(value)
            inner = Value(value.hint, value.type)
            copy = self._copy(inner, view)
            view.results, copy.results = (inner,), (value,)
            self.copies.append((region, region.ops.index(view) + 1, copy))
            self._fresh(value)
        return True

    def _who_sees(
        self, target: Value, live: int, apart: set[Value], write: Op | None = None
    ) -> list[Value]:
        """The live values (other than those apart) that may share memory with ``target``.

        Where only a ``write`` to some of its entries matters, views of others do not count.
        """
        roots = self.root(target)
        found = []
        while live and roots:
            bit = live & -live
            live ^= bit
            value = self.live.order[bit.bit_length() - 1]
            if value in apart or roots.isdisjoint(self.root(value)):
                continue
            view = self.views.get(value)
            if write is None or view is None or not self.overlaps.none(view[1], write):
                found.append(value)
        return found

    def _copy(self, operand: Operand, op: Op | None) -> Op:
        hint = operand.hint if isinstance(operand, Value) else "t"
        kind = operand.type if isinstance(operand, Value) else Unknown()
        result = Value(hint, kind, isinstance(operand, Value) and operand.named)
        origin = (op.span, op.statement) if op is not None else (None, None)
        prim = OWN
        if operand in self.maybe_none:
            pass
        elif isinstance(kind, Array) and kind.dims == ():
            return Op(ARRAY, (operand, *_ARRAY_REST), (result,), (), None, *origin, derived=True)
        elif is_array(kind):
            prim = COPY
        elif isinstance(kind, Sequence) and kind.kind == "list":
            prim = COPY_LIST
        self.copied.add(result)
        return Op(prim, (operand,), (result,), (), None, *origin, derived=True)

    # ------------------------------------------------------------------ loops

    def _loop(self, region: Region, place: int, op: Op) -> None:
        start, count = first_carry(op), carries(op)
        body = op.regions[-1]
        self._add_to_carries(body, body.params[start:])
        for k in range(start):
            self.roots[body.params[k]] = self.root(op.args[k])
        written = written_carries(op)
        lists, rearranged = self._rearranged(op, written), set[int]()
        taken: set[Value] = set()
        for k in range(count):
            params = [r.params[start + k] for r in op.regions]
            init = op.args[start + k]
            for param in params:
                self.roots[param] = frozenset([param])
            if not has_memory(params[0].type):
                self.owned.update(params)
                continue
            if k not in written:
                for param in params:
                    self.roots[param] = frozenset([param]) | self.root(init)
                continue
            around = self.live.conflicts[params[-1]]
            apart = {p for r in op.regions for p in r.params}
            if (
                not self._is_owned(init)
                or (isinstance(init, Value) and self._who_sees(init, around, apart))
                or not self.root(init).isdisjoint(taken)
            ):
                if k in lists and self._is_free(init, around, apart, taken):
                    rearranged.add(k)
                    taken |= self.root(init)
                    self.lists.update(params)
                    for param in params:
                        self.roots[param] |= self.root(init)
                    continue
                copy = self._copy(init, op)
                self.copies.append((region, place, copy))
                self._fresh(copy.results[0])
                args = list(op.args)
                args[start + k] = init = copy.results[0]
                op.args = tuple(args)
            taken |= self.root(init)
            self.owned.update(params)
            if k in lists:
                self.lists.update(params)
        for inner in op.regions:
            self._region(inner)
        self._come_round(op, written, lists, rearranged)
        for k, result in enumerate(op.results[:count]):
            param = body.params[start + k]
            self.roots[result] = frozenset([result]) | (
                frozenset()
                if k in written
                else self.root(op.args[start + k]) | self.root(body.yields[k])
            )
            if k in rearranged:
                self.lists.add(result)
                self.roots[result] |= self.root(op.args[start + k]) | self.root(body.yields[k])
            elif (param in self.owned and self._is_owned(op.args[start + k])) or (
                self._is_owned(op.args[start + k]) and self._is_owned(body.yields[k])
            ):
                self.owned.add(result)
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

    def _is_free(self, init: Operand, around: int, apart: set[Value], taken: set[Value]) -> bool:
        """Is this a list of ours that nobody else sees (but for its entries)?"""
        if not isinstance(init, Value) or init not in self.lists:
            return False
        seen = self._who_sees(init, around, apart)
        return self.root(init).isdisjoint(taken) and not any(may_hold_list(v.type) for v in seen)

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
                for root in self.root(other)
            }
            outside = self.root(value) - inner_values(op) - self.copied
            if (
                value not in self.owned
                or not self.root(value).isdisjoint(taken | others)
                or outside
            ):
                if k in lists and value in self.lists and self.root(value).isdisjoint(taken):
                    rearranged.add(k)
                    taken |= self.root(value)
                    continue
                copy = self._copy(value, None)
                self.copies.append((body, len(body.ops), copy))
                self._fresh(copy.results[0])
                body.yields[k] = copy.results[0]
                value = copy.results[0]
            taken |= self.root(value)

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
                self._fresh(copy.results[0])
                body.yields[k] = copy.results[0]
                value = copy.results[0]
            self.roots[result] = frozenset([result]) | self.root(value)
        else:
            self.roots[result] = frozenset([result])
        self.lists.add(result)
        if self._is_owned(value):
            self.owned.add(result)

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
        around = {root for k in written for root in self.root(body.yields[k])}
        roots = self.root(value) - ({value} if entries else set())
        if not roots.isdisjoint(params | around):
            return True
        made_here = roots <= defined_in(body) - set(body.params)
        later = body.ops[self._definition_place(body, value) :] if made_here else body.ops
        mutated = mutated_targets(Region(ops=later))
        return any(not roots.isdisjoint(self.root(t)) for t in mutated)

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
        self.maybe_none |= must_bind(body)
        given: set[Value] = set()
        body.yields = [self._give(operand, given) for operand in body.yields]

    def _give(self, operand: Operand, given: set[Value]) -> Operand:
        if isinstance(operand, Value):
            op = next((o for o in self.function.body.ops if o.results == (operand,)), None)
            parts = trees.displayed(op) if op is not None and op.prim.name != "list" else None
            if op is not None and parts is not None:
                before = op.args[: len(op.args) - len(parts)]
                op.args = (*before, *(self._give(a, given) for a in parts))
                return operand
            if not has_memory(operand.type):
                return operand
            roots = self.root(operand)
            if (operand in self.owned or self._is_all_of_ours(operand)) and roots.isdisjoint(given):
                given |= roots
                return operand
            if isinstance(operand.type, Array | Unknown):
                copy = self._copy(operand, None)
                self.copies.append((self.function.body, len(self.function.body.ops), copy))
                self._fresh(copy.results[0])
                return copy.results[0]
            return operand
        return operand

    def _is_all_of_ours(self, value: Value) -> bool:
        """Is this an array of ours in another shape?"""
        op = next((o for o in self.function.body.ops if o.results == (value,)), None)
        if op is None or op.prim not in _WHOLE_VIEWS:
            return False
        base = op.args[0]
        return self._is_owned(base) or (isinstance(base, Value) and self._is_all_of_ours(base))


def _holds_memory(kind: Type) -> bool:
    """Are the entries of a list arrays or containers themselves?"""
    element = element_type(kind)
    return element is not None and has_memory(element)


_WHOLE_VIEWS = frozenset(
    of(f) for f in (np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, attribute_T)
)
_IADD, _ISUB = of(operator.iadd), of(operator.isub)
_IN_PLACE = {operator.add: _IADD, operator.sub: _ISUB}
