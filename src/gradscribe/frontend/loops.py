"""Loops: lowered to a fixpoint of the types and aliases at their head.

Every name that the body binds, and every mutable object that it may write to, becomes a carry: a
param of the body, an init, a yield and a result. Those that turn out not to change are taken out
again by ``passes/prune.py``.

Arrays and lists are walked by position (``for v in x`` is ``for i in range(len(x))`` with
``v = x[i]``), which is what Python does, also when the body changes them; emission writes the
``for v in x``, ``enumerate`` and ``zip`` again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import gast

from gradscribe.frontend.control import LEFT, Ended, branch
from gradscribe.frontend.exits import Exits, leaves, plain, returns
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, Heap, Loc, Ref, TupleOf, locations
from gradscribe.frontend.resolve import assigned_names
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import UNDEF, Attrs, Op, Operand, Region, Value
from gradscribe.ir.primitives import FOR, WHILE
from gradscribe.ir.types import PY_INT, UNKNOWN, Type, join

_ROUNDS = 8  # after which a type that still changes is widened to Unknown


@final
@dataclass(slots=True)
class Slot:
    """One carry: a name (``path`` into its tuple) or a location, with its type at the head."""

    name: str
    path: tuple[int, ...]
    loc: Loc | None
    init: Operand
    type: Type
    before: Bound | None = None
    lengths: tuple[int, ...] = ()  # of the tuples on the way to the entry

    @property
    def unborn(self) -> bool:
        """Not bound before the loop, and not yet known what the body binds it to."""
        return self.init is UNDEF and self.type == UNKNOWN


def loop(frame: Frame, node: Any, rest: list[Any]) -> tuple[Ended, bool]:
    """Lower a loop. Returns how the block ended, and whether ``rest`` was lowered after it here."""
    from gradscribe.frontend.lower import block

    exits = Exits(frame, node)
    exits.begin(frame)
    frame.exits.append(exits)
    try:
        (_for if isinstance(node, gast.For) else _while)(frame, node, exits)
    finally:
        frame.exits.pop()
    if exits.returns:
        returned = exits.flag(frame, exits.returned)

        def hand_on() -> Ended:
            value = frame.env[exits.value]
            if not frame.exits:
                return value
            frame.exits[-1].leave_with(frame, value)
            return LEFT

        return branch(frame, returned, hand_on, lambda: _after(frame, exits, node, rest)), True
    if node.orelse and exits.breaks:
        stopped = exits.flag(frame, exits.stop)
        early = any(returns(child) or leaves(child) for child in node.orelse)
        tail = rest if early else []
        ended = branch(
            frame,
            stopped,
            lambda: block(frame, tail),
            lambda: block(frame, [*node.orelse, *tail]),
        )
        return ended, early
    return block(frame, node.orelse), False


def _after(frame: Frame, exits: Exits, node: Any, rest: list[Any]) -> Ended:
    """What follows a loop that did not return: its ``else`` unless it was left, and the rest."""
    from gradscribe.frontend.lower import block

    if not node.orelse:
        return block(frame, rest)
    stopped = exits.flag(frame, exits.stop)
    return branch(
        frame, stopped, lambda: block(frame, rest), lambda: block(frame, [*node.orelse, *rest])
    )


def _for(frame: Frame, node: gast.For, exits: Exits) -> None:
    """Lower ``for target in iterable``."""
    from gradscribe.frontend.lower import assign, block
    from gradscribe.frontend.walks import walk

    before = set(frame.env)
    walked = walk(frame, node.iter)
    held = [name for name in frame.env if name not in before]
    if walked.static is not None:
        if exits.breaks or any(leaves(child) for child in node.body):
            frame.refuse(
                node,
                "leaving a loop over a tuple of unlike things early is not supported",
                "walk a list or a range of positions",
            )
        for item in walked.static:
            assign(frame, node.target, item)
            block(frame, node.body)
        return
    targets = [n.id for n in gast.walk(node.target) if isinstance(n, gast.Name)]
    sequence = walked.sequence()
    carried = _Loop(frame, [*targets, *assigned_names(node.body), *exits.names()], node.body)
    hint = targets[0] if isinstance(node.target, gast.Name) and walked.plain else "i"

    def attempt() -> Op:
        param = Value(hint, PY_INT, named=walked.plain)
        body = Region([param])
        with frame.builder.into(body):
            body.params += carried.enter()
            exits.proceed(frame)
            assign(frame, node.target, walked.at(param))
            block(frame, node.body)
            body.yields = carried.leave()
        inits = (slot.init for slot in carried.slots)
        attrs = Attrs(seqs=1, stop=carried.place(exits.stop))
        return Op(FOR, (sequence, *inits), (), (body,), attrs)

    carried.run(attempt)
    unread = [name for name in targets if not _read_outside(frame, node, name)]
    for name in [*held, *unread]:
        frame.env.pop(name, None)


def _read_outside(frame: Frame, node: Any, name: str) -> bool:
    """Is a name read anywhere in the function but in this loop?"""
    return _reads(frame.definition.node, name) > _reads(node, name)


def _reads(node: Any, name: str) -> int:
    return sum(
        isinstance(n, gast.Name) and n.id == name and not isinstance(n.ctx, gast.Store)
        for n in gast.walk(node)
    )


def _while(frame: Frame, node: gast.While, exits: Exits) -> None:
    """Lower ``while test``."""
    from gradscribe.frontend.expressions import operand
    from gradscribe.frontend.lower import block

    for part in gast.walk(node.test):
        if isinstance(part, gast.NamedExpr):
            frame.refuse(part, "an assignment in the test of a while loop is not supported yet")
    parts = [*node.body, node.test]
    carried = _Loop(frame, [*assigned_names(parts), *exits.names()], parts)

    def attempt() -> Op:
        test, body = Region(), Region()
        with frame.builder.into(test):
            test.params += carried.enter()
            test.yields = [operand(frame, node.test)]
        with frame.builder.into(body):
            body.params += carried.enter()
            exits.proceed(frame)
            block(frame, node.body)
            body.yields = carried.leave()
        inits = tuple(slot.init for slot in carried.slots)
        return Op(WHILE, inits, (), (test, body), Attrs(stop=carried.place(exits.stop)))

    carried.run(attempt)


@final
class _Restructured(Exception):
    """A name is a tuple of another length at the end of a loop than before it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@final
class _Loop:
    """The carries of one loop, and the fixpoint over their types and aliases."""

    def __init__(self, frame: Frame, names: list[str], statements: list[Any]) -> None:
        self.frame = frame
        self.slots: list[Slot] = []
        self.related: set[tuple[int, int]] = set()
        self.kept: dict[int, str] = {}
        self.heads: list[Loc | None] = []
        for name in dict.fromkeys(names):
            if name in frame.definition.locals or name.startswith(" "):
                self._add_name(name, (), frame.env.get(name))
        if _may_write(statements):
            self._add_locations()

    def _add_name(
        self,
        name: str,
        path: tuple[int, ...],
        bound: Bound | None,
        lengths: tuple[int, ...] = (),
    ) -> None:
        if isinstance(bound, TupleOf):
            for i, item in enumerate(bound.items):
                self._add_name(name, (*path, i), item, (*lengths, len(bound.items)))
        elif bound is None:
            self.slots.append(Slot(name, path, None, UNDEF, UNKNOWN))
        elif not isinstance(bound, Closure):
            init = self.frame.read(bound)
            self.slots.append(Slot(name, path, None, init, type_of_operand(init), bound, lengths))

    def _add_locations(self) -> None:
        seen: set[Loc] = set()
        frame: Frame | None = self.frame
        while frame is not None:
            for bound in frame.env.values():
                for loc in locations(bound):
                    if loc not in seen:
                        seen.add(loc)
                        value = self.frame.heap.values[loc]
                        self.slots.append(Slot(loc.name, (), loc, value, type_of_operand(value)))
            frame = frame.parent

    def place(self, name: str) -> int | None:
        """The place of a name among the carries."""
        return next((k for k, slot in enumerate(self.slots) if slot.name == name), None)

    # ------------------------------------------------------------------ one iteration

    def enter(self) -> list[Value]:
        """Bind names and locations to fresh params, as they are at the head of an iteration."""
        frame, params = self.frame, []
        self.heads = []
        for slot in self.slots:
            value = Value(plain(slot.name), slot.type, named=bool(slot.name))
            params.append(value)
            if slot.loc is not None:
                frame.heap.values[slot.loc] = value
                self.heads.append(slot.loc)
            elif slot.unborn:
                frame.env.pop(slot.name, None)
                frame.unbound.add(slot.name)
                self.heads.append(None)
            else:
                bound = frame.wrap(value, slot.name)
                frame.unbound.discard(slot.name)
                self.heads.append(bound.loc if isinstance(bound, Ref) else None)
                if isinstance(bound, Ref) and isinstance(slot.before, Ref):
                    self._inherit_aliases(slot, bound.loc, slot.before.loc)
                frame.env[slot.name] = _replace(frame.env.get(slot.name), slot.path, bound)
        for i, j in self.related:
            a, b = self.heads[i], self.heads[j]
            if a is not None and b is not None:
                frame.heap.relate(a, b)
        for i, why in self.kept.items():
            head = self.heads[i]
            if head is not None:
                frame.heap.kept.setdefault(head, why)
        return params

    def _inherit_aliases(self, slot: Slot, head: Loc, before: Loc) -> None:
        """The object at the head may be the one the name was bound to before the loop."""
        if self.frame.shared(before, slot.name) is not None:
            self.frame.heap.relate(head, before)
            for partner in self.frame.heap.aliases.get(before, ()):
                self.frame.heap.relate(head, partner)

    def leave(self) -> list[Operand]:
        """What the body yields for each carry."""
        return [
            self.frame.heap.values[slot.loc] if slot.loc is not None else self._yield(slot)
            for slot in self.slots
        ]

    def _yield(self, slot: Slot) -> Operand:
        bound = self._end(slot)
        return UNDEF if bound is None or isinstance(bound, Closure) else self.frame.read(bound)

    def _end(self, slot: Slot) -> Bound | None:
        bound = self.frame.env.get(slot.name)
        for place, length in zip(slot.path, slot.lengths, strict=True):
            if not isinstance(bound, TupleOf) or len(bound.items) != length:
                raise _Restructured(slot.name)
            bound = bound.items[place]
        return bound

    # ------------------------------------------------------------------ the fixpoint

    def run(self, attempt: Callable[[], Op]) -> None:
        """Lower the loop until the types and aliases at its head hold, then bind the results."""
        frame = self.frame
        env, heap, unbound = frame.env, frame.heap, frame.unbound
        for round_ in range(_ROUNDS + 2):
            self._restore(env, heap, unbound)
            try:
                op = attempt()
            except _Restructured as found:
                self._as_one(found.name, env)
                continue
            if self._stable(op.regions[-1].yields, widen=round_ >= _ROUNDS):
                break
        kept = frame.heap.kept
        self._restore(env, heap, unbound)
        op.results = tuple(self.enter())
        frame.heap.kept |= {loc: why for loc, why in kept.items() if loc in heap.values}
        for slot in self.slots:
            if slot.unborn:
                frame.unbound.discard(slot.name)
        frame.builder.append(op)

    def _as_one(self, name: str, env: dict[str, Bound]) -> None:
        """Carry a tuple whose length changes as one value."""
        init = self.frame.read(env[name])
        slot = Slot(name, (), None, init, type_of_operand(init))
        first = next(k for k, s in enumerate(self.slots) if s.name == name)
        self.slots = [s for s in self.slots if s.name != name]
        self.slots.insert(first, slot)
        self.related.clear()

    def _restore(self, env: dict[str, Bound], heap: Heap, unbound: set[str]) -> None:
        frame: Frame | None = self.frame
        self.frame.env, self.frame.unbound = dict(env), set(unbound)
        copied = heap.copy()
        while frame is not None:
            frame.heap = copied
            frame = frame.parent

    def _stable(self, yields: list[Operand], widen: bool) -> bool:
        """Do types and aliases at the end of the body fit those at its head? Widen them if not."""
        stable = True
        for slot, value in zip(self.slots, yields, strict=True):
            if value is UNDEF:
                continue
            kind = type_of_operand(value)
            new = kind if slot.unborn else join(slot.type, kind)
            if new != slot.type:
                slot.type, stable = UNKNOWN if widen else new, False
        pairs = self._alias_pairs()
        if not pairs <= self.related:
            self.related |= pairs
            stable = False
        kept = self._kept()
        if not kept.keys() <= self.kept.keys():
            self.kept |= kept
            stable = False
        return stable or (widen and all(slot.type == UNKNOWN for slot in self.slots))

    def _kept(self) -> dict[int, str]:
        """Which carries may be entries of a container when an iteration begins."""
        found = {}
        kept = self.frame.heap.kept
        for i, slot in enumerate(self.slots):
            ends = [Ref(slot.loc)] if slot.loc is not None else [slot.before, self._end(slot)]
            for loc in (loc for bound in ends if bound is not None for loc in locations(bound)):
                if loc in kept:
                    found[i] = kept[loc]
        return found

    def _alias_pairs(self) -> set[tuple[int, int]]:
        """Which carries may be one object when the next iteration begins."""
        ends: list[set[Loc]] = []
        for slot in self.slots:
            bound = Ref(slot.loc) if slot.loc is not None else self._end(slot)
            ends.append(set(locations(bound)) if bound is not None else set())
        pairs = set()
        aliases = self.frame.heap.aliases
        for i, first in enumerate(ends):
            near = first.union(*(aliases.get(loc, frozenset()) for loc in first))
            pairs |= {(i, j) for j in range(i + 1, len(ends)) if not near.isdisjoint(ends[j])}
        return pairs


def _may_write(statements: list[Any]) -> bool:
    """Could these statements change an object in place? (Judged by their form, generously.)"""
    return any(
        isinstance(node, gast.AugAssign | gast.Call)
        or (isinstance(node, gast.Subscript | gast.Attribute) and isinstance(node.ctx, gast.Store))
        for statement in statements
        for node in gast.walk(statement)
    )


def _replace(bound: Bound | None, path: tuple[int, ...], new: Bound) -> Bound:
    if not path:
        return new
    assert isinstance(bound, TupleOf)
    items = list(bound.items)
    items[path[0]] = _replace(items[path[0]], path[1:], new)
    return TupleOf(tuple(items))
