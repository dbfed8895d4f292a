"""The carries of a loop: what its body binds or changes, and the fixpoint over types and aliases.

Every name that the body binds, and every object that it may change, becomes a carry: a param of the
body, an init, a yield and a result. Those that turn out not to change are taken out again by
``passes/clean.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, final

import gast

from gradscribe.frontend import aliasing, sharing, wholes
from gradscribe.frontend.exits import is_returned
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import (
    Bound,
    Cell,
    Closure,
    Fields,
    Heap,
    Loc,
    Lost,
    Method,
    Ref,
    TupleOf,
    locations,
)
from gradscribe.frontend.hidden import is_hidden, plain
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.wholes import part_name
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import UNDEF, Op, Operand, Value
from gradscribe.ir.rewrite import defined_in, substitute
from gradscribe.ir.types import UNKNOWN, Type, join

_MARKS = ("kept", "stale")  # what is remembered of a location, by the heap's field
_ROUNDS = 8  # after which a type that still changes is widened to Unknown

Root = str | Loc
Path = tuple[Hashable, ...]
Place = tuple[Root, Path]


@final
@dataclass(slots=True)
class Slot:
    """One carry: what stands at a place (see ``Carries``), with its type at the head."""

    place: Place
    hint: str
    init: Operand
    type: Type
    before: Bound | None = None
    # Not bound before the loop, and not yet known what the body binds it to.
    unborn: bool = field(init=False)

    def __post_init__(self) -> None:
        self.unborn = self.init is UNDEF and self.type == UNKNOWN


@final
class _Gained(Exception):
    """An object has attributes at the end of the body that it did not have at its head."""


@final
class _Restructured(Exception):
    """What a name or an object holds is of another structure at the end of the body."""

    def __init__(self, root: Root) -> None:
        super().__init__(root)
        self.root = root


@final
class _Opened(Exception):
    """A name that the body is the first to bind is a tuple: it is carried entry by entry."""

    def __init__(self, root: str, end: TupleOf) -> None:
        super().__init__(root)
        self.root = root
        self.end = end


@final
class _Gone(Exception):
    """What a name or an object holds at the end of the body may not be known."""


@final
class Carries:
    """The carries of one loop, and the fixpoint over their types and aliases.

    A *root* is a name that the body binds, or an object (a location) that it may change. Below a
    root stand the parts of tuples and of objects of known structure; a *place* is a root with the
    path to a part. The carries are the places that hold one operand. An object of known structure
    carries those of its entries alone that the body was seen to change.
    """

    def __init__(self, frame: Frame, node: Any, names: list[str], statements: list[Any]) -> None:
        self.frame = frame
        self.node = node
        self.slots: list[Slot] = []
        self.changed: dict[Loc, dict[Hashable, None]] = {}
        self.pending: list[tuple[Loc, Hashable]] = []
        # What is carried part by part, as it was before the loop.
        self.opened: dict[Place, Bound | None] = {}
        self.closed: set[Root] = set()  # what is carried as one, whatever it holds
        self.related: set[tuple[Place, Place]] = set()
        self.marks: dict[tuple[str, Place], str] = {}  # what is kept or stale at the head
        # Names that denote one object from outside in every iteration, and those that do not.
        self.anchored: dict[str, Ref] = {}
        self.adrift: set[str] = set()
        # Attributes that the body adds to objects.
        self.gained: dict[Place, dict[Hashable, None]] = {}
        # What the body undoes: entries that stand for a place in a list, lists that are own.
        self.alone: set[Loc] = set()
        self.disowned: set[Loc] = set()
        self.owned: set[Place] = set()  # where an own list stands at the head of every iteration
        self.heads: dict[Place, Loc] = {}  # the objects at the head of an iteration
        self.lost: dict[Loc, Lost] = {}  # those that cannot be read there
        self.known: set[Loc] = set()  # those of before the loop
        for name in dict.fromkeys(names):
            known = frame.env.get(name)
            if isinstance(known, Cell):
                continue
            if name in frame.definition.locals or is_hidden(name):
                self._add((name, ()), name, known)
                self.opened[name, ()] = known
        if _may_write(statements):
            for loc in self._around():
                value = frame.heap.operand(loc)
                if value is not None and loc not in frame.heap.standing:
                    self.slots.append(Slot((loc, ()), loc.name, value, type_of_operand(value)))

    def _add(self, place: Place, hint: str, bound: Bound | None) -> None:
        """Add the carries below a place where ``bound`` stands before the loop."""
        parts = self._parts(bound)
        if parts is not None:
            root, path = place
            for key, item in parts.items():
                self._add((root, (*path, key)), part_name(hint, key), item)
        elif bound is None:
            self.slots.append(Slot(place, hint, UNDEF, UNKNOWN))
        elif not isinstance(bound, Closure | Method | Procedure | Cell | Lost):
            with self.frame.handing_on():
                init = self.frame.read(bound)
            self.slots.append(Slot(place, hint, init, type_of_operand(init), bound))

    def _parts(self, bound: Bound | None) -> Mapping[Hashable, Bound] | None:
        """What a tuple or an object of known structure holds."""
        if isinstance(bound, TupleOf):
            return dict(enumerate(bound.items))
        fields = self.frame.heap.fields(bound)
        return None if fields is None else fields.entries

    def _around(self) -> list[Loc]:
        """Every object that some name in this function, or one around it, leads to."""
        seen: dict[Loc, None] = {}
        frame: Frame | None = self.frame
        while frame is not None:
            for bound in frame.env.values():
                seen |= dict.fromkeys(self.frame.heap.within(bound))
            frame = frame.parent
        return list(seen)

    def place(self, name: str) -> int | None:
        """The number of a name's carry."""
        return next((k for k, slot in enumerate(self.slots) if slot.place == (name, ())), None)

    # ------------------------------------------------------------------ one iteration

    def enter(self, after: bool = False) -> list[Value]:
        """Bind names and objects to fresh params, as they are at the head of an iteration.

        No iteration begins with what the loop returns: that is bound ``after`` the loop alone.
        """
        frame, params = self.frame, []
        self.heads = {}
        bound: dict[Place, Bound] = {}
        for slot in self.slots:
            root, path = slot.place
            hint = plain(slot.hint)
            value = Value(hint, slot.type, named=bool(hint))
            params.append(value)
            if isinstance(root, Loc) and not path:
                frame.heap.values[root] = value
                self.heads[slot.place] = root
            elif self._is_absent(slot, after):
                if isinstance(root, str) and not path:
                    frame.env.pop(root, None)
                    frame.unbound.add(root)
            else:
                bound[slot.place] = head = frame.wrap(value, slot.hint)
                self._head(slot.place, head, slot.before)
                if slot.place in self.owned and isinstance(head, Ref):
                    frame.heap.own.add(head.loc)
        for loc, keys in self.changed.items():
            held = frame.heap.values[loc]
            assert isinstance(held, Fields)
            entries = dict(held.entries)
            for key in keys:
                entry = self._rebuilt((loc, (key,)), held.entries.get(key), bound)
                if entry is not None:
                    entries[key] = entry
            frame.heap.values[loc] = Fields(held.kind, entries, held.cls)
        for root, before in ((place[0], b) for place, b in self.opened.items() if not place[1]):
            assert isinstance(root, str)
            if any(slot.place[0] == root and self._is_absent(slot, after) for slot in self.slots):
                frame.env.pop(root, None)
                frame.unbound.add(root)
                continue
            whole = self._rebuilt((root, ()), before, bound)
            if whole is not None:
                frame.env[root] = whole
                frame.unbound.discard(root)
        for slot in self.slots:  # names that the body was the first to bind
            root, path = slot.place
            if isinstance(root, str) and not path and not self._is_absent(slot, after):
                frame.env[root] = bound[slot.place]
                frame.unbound.discard(root)
        for name, ref in self.anchored.items():
            frame.env[name] = ref
            frame.unbound.discard(name)
        fresh = set(self.heads.values())
        self.heads |= {(loc, ()): loc for loc in self._around() if loc not in fresh}
        for first, other in self.related:
            if first in self.heads and other in self.heads:
                frame.heap.relate(self.heads[first], self.heads[other])
        for (mark, place), why in self.marks.items():
            if place in self.heads:
                getattr(frame.heap, mark).setdefault(self.heads[place], why)
        frame.heap.lost |= self.lost
        return params

    def _is_absent(self, slot: Slot, after: bool) -> bool:
        root = slot.place[0]
        return slot.unborn or (not after and isinstance(root, str) and is_returned(root))

    def _rebuilt(
        self, place: Place, before: Bound | None, bound: dict[Place, Bound]
    ) -> Bound | None:
        """What stands at a place at the head of an iteration, where it is carried."""
        if place in bound:
            return bound[place]
        parts = self._parts(before)
        if parts is None or not any(_below(slot.place, place) for slot in self.slots):
            return before
        root, path = place
        entries = {
            key: self._rebuilt((root, (*path, key)), item, bound) for key, item in parts.items()
        }
        if isinstance(before, TupleOf):
            return TupleOf(tuple(entries.values()), before.cls)  # type: ignore[arg-type]  # all bound
        fields = self.frame.heap.fields(before)
        assert fields is not None and isinstance(before, Ref)
        entries |= dict.fromkeys(self.gained.get(place, {}), UNDEF)
        made = self.frame.heap.new(
            Fields(fields.kind, entries, fields.cls), before.loc.name, before.loc.span  # type: ignore[arg-type]  # all bound
        )  # fmt: skip
        self._head(place, made, before)
        return made

    def _head(self, place: Place, bound: Bound, before: Bound | None) -> None:
        """The object at the head may be the one that stood there before the loop."""
        if not isinstance(bound, Ref):
            return
        self.heads[place] = bound.loc
        root = place[0]
        if isinstance(before, Ref):
            name = root if isinstance(root, str) else ""
            if aliasing.shared(self.frame, before.loc, name) is not None:
                self.frame.heap.relate(bound.loc, before.loc)
                for partner in self.frame.heap.aliases.get(before.loc, ()):
                    self.frame.heap.relate(bound.loc, partner)

    def leave(self) -> list[Operand]:
        """What the body yields for each carry."""
        if self._more_lost():
            raise _Gone
        for slot in self.slots:
            root, path = slot.place
            end = self._end(slot.place) if slot.init is UNDEF and not path else None
            if isinstance(end, TupleOf) and isinstance(root, str) and root not in self.closed:
                raise _Opened(root, end)
        for place, before in self.opened.items():
            if not self._fits(place, before, self._end(place)):
                raise _Restructured(place[0])
        return [self._yield(slot) for slot in self.slots]

    def _more_lost(self) -> bool:
        """Is something lost at the end of the body that was not at its head? It is there, too."""
        heap, found = self.frame.heap, False
        for loc, lost in heap.lost.items():
            if loc not in self.lost and loc in self.known:
                self.lost[loc] = Lost(lost.why)
                found = True
        names = dict.fromkeys(slot.place[0] for slot in self.slots)
        for name in (root for root in names if isinstance(root, str)):
            end = self.frame.env.get(name)
            gone = heap.lost_in(end) if end is not None else None
            if gone is not None:
                self.slots = [slot for slot in self.slots if slot.place[0] != name]
                self.opened = {p: b for p, b in self.opened.items() if p[0] != name}
                self.opened[name, ()] = Lost(gone.why)
                found = True
        return found

    def _fits(self, place: Place, before: Bound | None, end: Bound | None) -> bool:
        """Is what is carried part by part still of the structure that it had before the loop?"""
        if isinstance(before, Closure | Method | Procedure) and end != before:
            self.frame.refuse(
                self.node,
                "a function is bound to another one in this loop",
                "choose between them with if where it is called",
            )
        old, new = self._parts(before), self._parts(end)
        if old is None:
            return True
        if type(before) is not type(end) or new is None:
            return False
        fields, others = (self.frame.heap.fields(bound) for bound in (before, end))
        if fields is not None and others is not None and fields.kind == others.kind == "object":
            known = {**old, **self.gained.get(place, {})}
            more = [key for key in new if key not in known]
            if more:
                self.gained.setdefault(place, {}).update(dict.fromkeys(more))
                raise _Gained
            if fields.cls is not others.cls:
                return False
        elif list(old) != list(new) or (fields is not None and not fields.alike(others)):
            return False
        root, path = place
        return all(
            key in new and self._fits((root, (*path, key)), item, new[key])
            for key, item in old.items()
        )

    def _yield(self, slot: Slot) -> Operand:
        end = self._end(slot.place)
        if end is None or isinstance(end, Closure | Method):
            return UNDEF
        if self.frame.heap.lost_in(end) is not None:
            return UNDEF
        if slot.init is UNDEF and self._is_followed(end):
            return UNDEF  # it does not outlive the iteration
        with self.frame.handing_on():
            return self.frame.read(end)

    def _is_followed(self, bound: Bound) -> bool:
        heap = self.frame.heap
        return any(isinstance(heap.values.get(loc), Fields) for loc in heap.within(bound))

    def _end(self, place: Place) -> Bound | None:
        """What stands at a place at the end of the body."""
        root, path = place
        bound = self.frame.env.get(root) if isinstance(root, str) else Ref(root)
        for key in path:
            bound = (self._parts(bound) or {}).get(key)
        return bound

    # ------------------------------------------------------------------ the fixpoint

    def run(self, attempt: Callable[[], Op]) -> None:
        """Lower the loop until the types and aliases at its head hold, then bind the results."""
        frame = self.frame
        env, heap, unbound = frame.env, frame.heap, frame.unbound
        self.known = set(heap.values)
        self._claim(self.slots)
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
            except _Gained:
                continue
            except _Opened as opened:
                self._restore(env, heap, unbound)
                self._open(opened.root, opened.end)
                continue
            except _Gone:
                self.related.clear()
                self.marks.clear()
                continue
            except _Restructured as restructured:
                self._restore(env, heap, unbound)
                self._as_one(restructured.root, env)
                heap = frame.heap
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
            if self._stable(op.regions[-1].yields, widen=rounds > _ROUNDS):
                break
        self._drop_unchanged(op)
        after = frame.heap
        self._restore(env, heap, unbound)
        ops = frame.builder.region.ops
        place = len(ops)
        op.results = tuple(self.enter(after=True))
        for mark in _MARKS:
            found = getattr(after, mark).items()
            getattr(frame.heap, mark).update({loc: why for loc, why in found if loc in heap.values})
        frame.heap.held = {loc: home for loc, home in after.held.items() if loc in heap.values}
        for slot in self.slots:
            if slot.unborn and isinstance(slot.place[0], str):
                frame.unbound.discard(slot.place[0])
        frame.builder.append(op)
        ops.insert(place, ops.pop())  # before what entering read from its results

    def _drop_unchanged(self, op: Op) -> None:
        """Take out the carries of objects that the body turned out not to change."""
        body = op.regions[-1]
        first = len(body.params) - len(self.slots)  # after what a FOR walks
        fixed = [
            k
            for k, slot in enumerate(self.slots)
            if isinstance(slot.place[0], Loc)
            and not slot.place[1]
            and body.yields[k] is body.params[first + k]
        ]
        if not fixed:
            return
        stop = None if op.attrs.stop is None else self.slots[op.attrs.stop]
        for region in op.regions:
            before = len(region.params) - len(self.slots)
            params = [region.params[before + k] for k in fixed]
            substitute(region, {p: self.slots[k].init for p, k in zip(params, fixed, strict=True)})
            region.params = [p for p in region.params if p not in params]
        body.yields = [value for k, value in enumerate(body.yields) if k not in fixed]
        inits = len(op.args) - len(self.slots)
        op.args = tuple(a for k, a in enumerate(op.args) if k - inits not in fixed)
        self.slots = [slot for k, slot in enumerate(self.slots) if k not in fixed]
        if stop is not None:
            op.attrs = replace(op.attrs, stop=self.slots.index(stop))

    def _open(self, root: str, end: TupleOf) -> None:
        """Carry a tuple that the body makes entry by entry."""
        self.slots = [slot for slot in self.slots if slot.place[0] != root]

        def add(path: Path, bound: Bound) -> Bound:
            if isinstance(bound, TupleOf):
                items = enumerate(bound.items)
                return TupleOf(tuple(add((*path, k), item) for k, item in items), bound.cls)
            self.slots.append(Slot((root, path), root, UNDEF, UNKNOWN))
            return UNDEF

        self.opened[root, ()] = add((), end)
        self.related.clear()
        self.marks.clear()

    def _more_changed(self, heap: Heap) -> bool:
        """Has the body changed entries of objects that are not carried yet? Carry them."""
        found = False
        for loc, before in heap.values.items():
            end = self.frame.heap.values.get(loc)
            if not isinstance(before, Fields) or end is before or end is None:
                continue
            same_keys = isinstance(end, Fields) and list(end.entries) == list(before.entries)
            grows = before.kind in ("object", "cell")
            if not isinstance(end, Fields) or (not same_keys and not grows):
                raise _Restructured(loc)
            known = self.changed.setdefault(loc, {})
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
            self._add((loc, (key,)), hint, before)
            self.opened[loc, (key,)] = before
            self._forget()
        self.pending.clear()

    def _as_one(self, root: Root, env: dict[str, Bound]) -> None:
        """Carry what changes its structure as one value."""
        if isinstance(root, Loc):
            self.changed.pop(root, None)
            wholes.settle(self.frame, Ref(root))
            value = self.frame.heap.operand(root)
            assert value is not None
            slot = Slot((root, ()), root.name, value, type_of_operand(value))
        else:
            init: Operand = UNDEF
            before = env.get(root)
            fields = self.frame.heap.fields(before)
            if fields is not None and fields.kind == "list" and isinstance(before, Ref):
                wholes.settle(self.frame, before)
            if before is not None:
                with self.frame.handing_on():
                    init = self.frame.read(before)
            kind = UNKNOWN if init is UNDEF else type_of_operand(init)
            slot = Slot((root, ()), root, init, kind, before)
            self.closed.add(root)
            self._claim([slot])
        first = next((k for k, s in enumerate(self.slots) if s.place[0] == root), None)
        self.slots = [s for s in self.slots if s.place[0] != root]
        self.opened = {p: b for p, b in self.opened.items() if p[0] != root}
        self.slots.insert(len(self.slots) if first is None else first, slot)
        self._forget()

    def _less_shared(self, heap: Heap) -> bool:
        """Has the body undone what is known of lists and their entries before the loop?"""
        end = self.frame.heap
        self.alone |= {x for x, ref in heap.standing.items() if end.standing.get(x) != ref}
        self.disowned |= {loc for loc in heap.own if loc not in end.own}
        return not (self.alone.isdisjoint(heap.standing) and self.disowned.isdisjoint(heap.own))

    def _claim(self, slots: list[Slot]) -> None:
        """Suppose that what is an own list before the loop is one at the head of each iteration."""
        heap, around = self.frame.heap, set(self._around())
        # What stands for an entry of a list, or is held by it, would not know it by a new name.
        entered = {place.loc for loc, place in heap.standing.items() if loc in around}
        entered |= {home for loc, home in heap.held.items() if loc in around}
        for slot in slots:
            before = slot.before
            if isinstance(before, Ref) and not before.path and before.loc in heap.own - entered:
                self.owned.add(slot.place)

    def _less_owned(self) -> bool:
        """Does a list that was own at the head end as one that is not, or as something else?"""
        ends = {place: self._end(place) for place in self.owned}
        lost = {
            place
            for place, end in ends.items()
            if not isinstance(end, Ref) or end.path or end.loc not in self.frame.heap.own
        }
        self.owned -= lost
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
            self.slots.append(Slot((loc, ()), loc.name, value, type_of_operand(value)))
        self._forget()

    def _forget(self) -> None:
        """Find out anew what may be which object: other things are carried than before."""
        self.related.clear()
        self.marks.clear()

    def _anchor(self, op: Op, heap: Heap) -> bool:
        """Find the names that denote one object from outside in every iteration: no carries."""
        inside = set().union(*(defined_in(region) for region in op.regions))
        drifting = [n for n, ref in self.anchored.items() if self.frame.env.get(n) != ref]
        for name in drifting:
            del self.anchored[name]
            self.adrift.add(name)
            self._add((name, ()), name, self.opened[name, ()])
        found = False
        for slot in [] if drifting else list(self.slots):
            root, path = slot.place
            if not isinstance(root, str) or path or root in self.adrift:
                continue
            end = self.frame.env.get(root)
            head = self.heads.get(slot.place)
            if head is not None and end == Ref(head):
                end = slot.before  # what it was when the iteration began
            if (slot.before == end or slot.init is UNDEF) and _is_outside(end, heap, inside):
                assert isinstance(end, Ref)
                self.anchored[root] = end
                self.slots.remove(slot)
                found = True
        if found or drifting:
            self._forget()
        return found or bool(drifting)

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
            if slot.unborn:
                slot.unborn, slot.type, stable = False, new, False
            elif new != slot.type:
                slot.type, stable = UNKNOWN if widen else new, False
        pairs = self._alias_pairs()
        if not pairs <= self.related:
            self.related |= pairs
            stable = False
        marks = self._marked()
        if not marks.keys() <= self.marks.keys():
            self.marks |= marks
            stable = False
        return stable or (widen and all(slot.type == UNKNOWN for slot in self.slots))

    def _marked(self) -> dict[tuple[str, Place], str]:
        """Which carries may be entries of a container, or stale, when an iteration begins."""
        found = {}
        for slot in self.slots:
            for bound in (slot.before, self._end(slot.place)):
                for loc in locations(bound) if bound is not None else ():
                    if loc in self.frame.heap.standing:
                        found["kept", slot.place] = "is an entry of a container"
                    for mark in _MARKS:
                        if loc in getattr(self.frame.heap, mark):
                            found[mark, slot.place] = getattr(self.frame.heap, mark)[loc]
        return found

    def _alias_pairs(self) -> set[tuple[Place, Place]]:
        """Which places may hold one object when the next iteration begins."""
        ends: list[tuple[Place, set[Loc]]] = []
        for place in dict.fromkeys([*(slot.place for slot in self.slots), *self.heads]):
            bound = self._end(place)
            if bound is not None:
                ends.append((place, set(locations(bound))))
        pairs = set()
        aliases = self.frame.heap.aliases
        for i, (place, first) in enumerate(ends):
            near = first.union(*(aliases.get(loc, frozenset()) for loc in first))
            if near:
                pairs |= {(place, p) for p, other in ends[i + 1 :] if not near.isdisjoint(other)}
        return pairs


def _below(place: Place, above: Place) -> bool:
    """Does a place stand below another (or is it that one)?"""
    return place[0] == above[0] and place[1][: len(above[1])] == above[1]


def _is_outside(bound: Bound | None, heap: Heap, inside: set[Value]) -> bool:
    """Is this an array or the like that was there before the loop, or a view of one that was?"""
    return (
        isinstance(bound, Ref)
        and bound.loc in heap.values
        and not isinstance(heap.values[bound.loc], Fields)
        and not any(arg in inside for step in bound.path for arg in step.args)
    )


def _may_write(statements: list[Any]) -> bool:
    """Could these statements change an object in place? (Judged by their form, generously.)"""
    return any(
        isinstance(node, gast.AugAssign | gast.Call)
        or (isinstance(node, gast.Subscript | gast.Attribute) and isinstance(node.ctx, gast.Store))
        for statement in statements
        for node in gast.walk(statement)
    )
