"""The fixpoint of a loop: it is lowered until the types and aliases at its head hold at its end."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import final

from gradscribe.errors import AliasError
from gradscribe.frontend import sharing, wholes
from gradscribe.frontend.carries import (
    Carries,
    Gained,
    Gone,
    Opened,
    Path,
    Place,
    Restructured,
    Root,
    Slot,
)
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Fields, Heap, Loc, Ref, TupleOf, locations
from gradscribe.frontend.wholes import part_name
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import UNDEF, Op, Operand, Value
from gradscribe.ir.joins import join
from gradscribe.ir.rewrite import defined_in, substitute
from gradscribe.ir.types import UNKNOWN

_MARKS = ("kept", "stale")  # what is remembered of a location, by the heap's field
_ROUNDS = 8  # after which a type that still changes is widened to Unknown


@final
class Fixpoint:
    """Finds what a loop carries, and of which types, which alias and whose they are."""

    def __init__(self, carries: Carries) -> None:
        self.frame = carries.frame
        self.carries = carries
        self.pending: list[tuple[Loc, Hashable]] = []
        self.adrift: set[str] = set()  # names that do not denote one object from outside
        self.refused: AliasError | None = None
        # What the body undoes: entries that stand for a place in a list, lists that are own.
        self.alone: set[Loc] = set()
        self.disowned: set[Loc] = set()

    def run(self, attempt: Callable[[], Op]) -> None:
        """Lower the loop until the types and aliases at its head hold, then bind the results."""
        frame = self.frame
        env, heap, unbound = frame.env, frame.heap, frame.unbound
        self.carries.known = set(heap.values)
        self._claim(self.carries.slots)
        rounds = 0
        while True:
            self._restore(env, heap, unbound)
            try:
                with frame.builder.watched(()):  # what a loop changes is seen when it is appended
                    op = attempt()
                if self._more_changed(heap):
                    self._restore(env, heap, unbound)
                    self._carry_changed(heap)
                    continue
            except Gained:
                continue
            except Opened as opened:
                held = frame.heap
                self._restore(env, heap, unbound)
                self._open(opened, held)
                heap = frame.heap
                continue
            except Gone:
                self.carries.related.clear()
                self.carries.marks.clear()
                continue
            except AliasError as refused:
                # What is written to may be another object, for all that is known of names that the
                # body binds; it need not be if they denote the same objects in every iteration.
                first, self.refused = self.refused, self.refused or refused
                if first is not None or not self._suppose_anchored(heap):
                    raise self.refused from None
                continue
            except Restructured as restructured:
                self._restore(env, heap, unbound)
                self._as_one(restructured.root, env)
                heap = frame.heap
                continue
            drifting = self._drifting()
            if drifting:
                self._restore(env, heap, unbound)
                self._set_adrift(drifting)
                continue
            if self._anchor(op, heap):
                continue
            if self._less_shared(heap):
                self._restore(env, heap, unbound)
                self._set_alone()
                heap = frame.heap
                continue
            if self._less_owned():
                continue
            rounds += 1
            stable = self._stable(op, widen=rounds > _ROUNDS)
            if stable and not self._more_changing(op):
                break
        self._drop_unchanged(op)
        after = frame.heap
        self._restore(env, heap, unbound)
        ops = frame.builder.region.ops
        place = len(ops)
        op.results = tuple(self.carries.enter(after=True))
        for mark in _MARKS:
            found = getattr(after, mark).items()
            getattr(frame.heap, mark).update({loc: why for loc, why in found if loc in heap.values})
        frame.heap.held = {loc: home for loc, home in after.held.items() if loc in heap.values}
        for slot in self.carries.slots:
            if slot.unborn and isinstance(slot.place[0], str):
                frame.unbound.discard(slot.place[0])
        frame.builder.append(op)
        ops.insert(place, ops.pop())  # before what entering read from its results

    def _more_changing(self, op: Op) -> bool:
        """Has the body changed objects that it was supposed to leave alone?"""
        body = op.regions[-1]
        first = len(body.params) - len(self.carries.slots)
        found = {
            slot.place[0]
            for k, slot in enumerate(self.carries.slots)
            if isinstance(slot.place[0], Loc)
            and not slot.place[1]
            and body.yields[k] is not body.params[first + k]
        }
        more = found - self.carries.changing
        self.carries.changing |= more
        return bool(more)

    def _drop_unchanged(self, op: Op) -> None:
        """Take out the carries of objects that the body turned out not to change."""
        body = op.regions[-1]
        first = len(body.params) - len(self.carries.slots)  # after what a FOR walks
        fixed = [
            k
            for k, slot in enumerate(self.carries.slots)
            if isinstance(slot.place[0], Loc)
            and not slot.place[1]
            and body.yields[k] is body.params[first + k]
        ]
        if not fixed:
            return
        stop = None if op.attrs.stop is None else self.carries.slots[op.attrs.stop]
        for region in op.regions:
            before = len(region.params) - len(self.carries.slots)
            params = [region.params[before + k] for k in fixed]
            substitute(
                region, {p: self.carries.slots[k].init for p, k in zip(params, fixed, strict=True)}
            )
            region.params = [p for p in region.params if p not in params]
        body.yields = [value for k, value in enumerate(body.yields) if k not in fixed]
        inits = len(op.args) - len(self.carries.slots)
        op.args = tuple(a for k, a in enumerate(op.args) if k - inits not in fixed)
        self.carries.slots = [slot for k, slot in enumerate(self.carries.slots) if k not in fixed]
        if stop is not None:
            op.attrs = replace(op.attrs, stop=self.carries.slots.index(stop))

    def _open(self, opened: Opened, held: Heap) -> None:
        """Carry a tuple or an object that the body makes (in ``held``) entry by entry."""
        root = opened.root
        self.carries.slots = [slot for slot in self.carries.slots if slot.place[0] != root]

        def add(path: Path, bound: Bound) -> Bound:
            if isinstance(bound, TupleOf):
                items = enumerate(bound.items)
                return TupleOf(tuple(add((*path, k), item) for k, item in items), bound.cls)
            fields = held.fields(bound) if opened.deep else None
            if fields is not None:
                entries = {k: add((*path, k), item) for k, item in fields.entries.items()}
                return self.frame.heap.new(Fields(fields.kind, entries, fields.cls))
            self.carries.slots.append(Slot((root, path), root, UNDEF, UNKNOWN))
            return UNDEF

        self.carries.opened[root, ()] = add((), opened.end)
        self.carries.related.clear()
        self.carries.marks.clear()

    def _more_changed(self, heap: Heap) -> bool:
        """Has the body changed entries of objects that are not carried yet? Carry them."""
        values = self.frame.heap.values
        changed: list[tuple[Loc, Fields, Fields]] = []
        for loc, before in heap.values.items():
            end = values.get(loc)
            if not isinstance(before, Fields) or end is before or end is None:
                continue
            same_keys = isinstance(end, Fields) and list(end.entries) == list(before.entries)
            grows = before.kind in ("object", "cell")
            if not isinstance(end, Fields) or (not same_keys and not grows):
                raise Restructured(loc)
            changed.append((loc, before, end))
        found = False
        for loc, before, end in changed:
            known = self.carries.changed.setdefault(loc, {})
            for key, item in end.entries.items():
                if key not in known and before.entries.get(key) != item:
                    known[key] = None
                    found = True
                    self.pending.append((loc, key))
        return found

    def _carry_changed(self, heap: Heap) -> None:
        """Add the carries of entries that were seen to change (their values before the loop)."""
        for loc, key in self.pending:
            held = heap.values[loc]
            assert isinstance(held, Fields)
            hint = part_name(loc.name, key)
            before = held.entries.get(key)
            self.carries.add((loc, (key,)), hint, before)
            self.carries.opened[loc, (key,)] = before
            self._forget()
        self.pending.clear()

    def _as_one(self, root: Root, env: dict[str, Bound]) -> None:
        """Carry what changes its structure as one value."""
        if isinstance(root, Loc):
            self.carries.changed.pop(root, None)
            wholes.settle(self.frame, Ref(root))
            value = self.frame.heap.operand(root)
            assert value is not None
            slot = Slot((root, ()), root.name, value, type_of_operand(value))
        else:
            init: Operand = UNDEF
            before = env.get(root)
            fields = self.frame.heap.fields(before)
            if fields is not None and fields.kind in ("list", "dict") and isinstance(before, Ref):
                wholes.settle(self.frame, before)
            if before is not None:
                with self.frame.handing_on():
                    init = self.frame.read(before)
            kind = UNKNOWN if init is UNDEF else type_of_operand(init)
            slot = Slot((root, ()), root, init, kind, before)
            self.carries.closed.add(root)
            self._claim([slot])
        first = next((k for k, s in enumerate(self.carries.slots) if s.place[0] == root), None)
        self.carries.slots = [s for s in self.carries.slots if s.place[0] != root]
        self.carries.opened = {p: b for p, b in self.carries.opened.items() if p[0] != root}
        self.carries.slots.insert(len(self.carries.slots) if first is None else first, slot)
        self._forget()

    def _less_shared(self, heap: Heap) -> bool:
        """Has the body undone what is known of lists and their entries before the loop?"""
        end = self.frame.heap
        self.alone |= {x for x, ref in heap.standing.items() if end.standing.get(x) != ref}
        self.disowned |= {loc for loc in heap.own if loc not in end.own}
        return not (self.alone.isdisjoint(heap.standing) and self.disowned.isdisjoint(heap.own))

    def _claim(self, slots: list[Slot]) -> None:
        """Suppose that what is an own list before the loop is one at the head of each iteration."""
        heap, around = self.frame.heap, set(self.carries.around())
        # What stands for an entry of a list, or is held by it, would not know it by a new name.
        entered = {place.loc for loc, place in heap.standing.items() if loc in around}
        entered |= {home for loc, home in heap.held.items() if loc in around}
        for slot in slots:
            before = slot.before
            if isinstance(before, Ref) and not before.path and before.loc in heap.own - entered:
                self.carries.owned.add(slot.place)

    def _less_owned(self) -> bool:
        """Does a list that was own at the head end as one that is not, or as something else?"""
        ends = {place: self.carries.end(place) for place in self.carries.owned}
        lost = {
            place
            for place, end in ends.items()
            if not isinstance(end, Ref) or end.path or end.loc not in self.frame.heap.own
        }
        self.carries.owned -= lost
        if lost:
            self._forget()
        return bool(lost)

    def _set_alone(self) -> None:
        """Begin the loop without what its body undoes."""
        heap = self.frame.heap
        heap.own -= self.disowned
        for loc in [loc for loc in heap.standing if loc in self.alone]:
            sharing.alone(self.frame, loc)
            value = heap.operand(loc)
            assert value is not None
            self.carries.slots.append(Slot((loc, ()), loc.name, value, type_of_operand(value)))
        self._forget()

    def _forget(self) -> None:
        """Find out anew what may be which object: other things are carried than before."""
        self.carries.related.clear()
        self.carries.marks.clear()

    def _suppose_anchored(self, heap: Heap) -> bool:
        """Suppose that the names which the body binds denote what they did. Are there any?"""
        carries = self.carries
        for name, path in list(carries.opened):
            before = carries.opened[name, path]
            known = isinstance(before, Ref) and before.loc in heap.values and not path
            if known and isinstance(name, str) and name not in self.adrift:
                carries.anchored[name] = before  # type: ignore[assignment]  # a Ref
                carries.slots = [slot for slot in carries.slots if slot.place[0] != name]
        self._forget()
        return bool(carries.anchored)

    def _drifting(self) -> list[str]:
        """The names that do not denote what they were supposed to at the end of the body."""
        return [n for n, ref in self.carries.anchored.items() if self.frame.env.get(n) != ref]

    def _set_adrift(self, names: list[str]) -> None:
        """Carry what names denote that may be another object in every iteration."""
        for name in names:
            del self.carries.anchored[name]
            self.adrift.add(name)
            self.carries.add((name, ()), name, self.carries.opened[name, ()])
        self._forget()

    def _anchor(self, op: Op, heap: Heap) -> bool:
        """Find the names that denote one object from outside in every iteration: no carries."""
        inside = set().union(*(defined_in(region) for region in op.regions))
        found = False
        for slot in list(self.carries.slots):
            root, path = slot.place
            if not isinstance(root, str) or path or root in self.adrift:
                continue
            end = self.frame.env.get(root)
            head = self.carries.heads.get(slot.place)
            if head is not None and end == Ref(head):
                end = slot.before  # what it was when the iteration began
            if (slot.before == end or slot.init is UNDEF) and _is_outside(end, heap, inside):
                assert isinstance(end, Ref)
                self.carries.anchored[root] = end
                self.carries.slots.remove(slot)
                found = True
        if found:
            self._forget()
        return found

    def _restore(self, env: dict[str, Bound], heap: Heap, unbound: set[str]) -> None:
        frame: Frame | None = self.frame
        self.frame.env, self.frame.unbound = dict(env), set(unbound)
        copied = heap.copy()
        while frame is not None:
            frame.heap = copied
            frame = frame.parent

    def _stable(self, op: Op, widen: bool) -> bool:
        """Do types and aliases at the end of the body fit those at its head? Widen them if not.

        What ``renewed`` names are at the head is seen by nobody.
        """
        stable = True
        renewed = self.carries.renewed
        for k, slot in enumerate(self.carries.slots):
            value = op.regions[-1].yields[k]
            if value is UNDEF:
                continue
            kind = type_of_operand(value)
            new = kind if slot.unborn else join(slot.type, kind)
            if slot.unborn:
                slot.unborn, slot.type = False, new
                stable = stable and slot.place[0] in renewed and not slot.place[1]
                for region in op.regions:
                    region.params[k - len(self.carries.slots)].type = new
            elif new != slot.type:
                slot.type, stable = UNKNOWN if widen else new, False
        pairs = self._alias_pairs() - self.carries.related
        self.carries.related |= pairs
        marks = self._marked()
        more = marks.keys() - self.carries.marks.keys()
        self.carries.marks |= {key: why for key, why in marks.items() if key in more}
        if any(a[0] not in renewed and b[0] not in renewed for a, b in pairs):
            stable = False
        if any(place[0] not in renewed for _, place in more):
            stable = False
        return stable or (widen and all(slot.type == UNKNOWN for slot in self.carries.slots))

    def _marked(self) -> dict[tuple[str, Place], str]:
        """Which carries may be entries of a container, or stale, when an iteration begins."""
        found = {}
        before = {slot.place: slot.before for slot in self.carries.slots}
        for place in dict.fromkeys([*before, *self.carries.heads]):
            for bound in (before.get(place), self.carries.end(place)):
                for loc in locations(bound) if bound is not None else ():
                    if loc in self.frame.heap.standing:
                        found["kept", place] = "is an entry of a container"
                    for mark in _MARKS:
                        if loc in getattr(self.frame.heap, mark):
                            found[mark, place] = getattr(self.frame.heap, mark)[loc]
        return found

    def _alias_pairs(self) -> set[tuple[Place, Place]]:
        """Which places may hold one object when the next iteration begins."""
        ends: list[tuple[Place, set[Loc]]] = []
        for place in dict.fromkeys(
            [*(slot.place for slot in self.carries.slots), *self.carries.heads]
        ):
            bound = self.carries.end(place)
            if bound is not None:
                ends.append((place, set(locations(bound))))
        held: dict[Loc, list[int]] = {}
        for i, (_, locs) in enumerate(ends):
            for loc in locs:
                held.setdefault(loc, []).append(i)
        pairs = set()
        aliases = self.frame.heap.aliases
        for i, (place, first) in enumerate(ends):
            near = first.union(*(aliases.get(loc, frozenset()) for loc in first))
            met = near & held.keys()
            pairs |= {(place, ends[k][0]) for loc in met for k in held[loc] if k > i}
        return pairs


def _is_outside(bound: Bound | None, heap: Heap, inside: set[Value]) -> bool:
    """Is this an array or the like that was there before the loop, or a view of one that was?"""
    return (
        isinstance(bound, Ref)
        and bound.loc in heap.values
        and not isinstance(heap.values[bound.loc], Fields)
        and not any(arg in inside for step in bound.path for arg in step.args)
    )
