"""The carries of a loop: what its body binds or changes, when an iteration begins and ends.

Every name that the body binds, and every object that it may change, becomes a carry: a param of the
body, an init, a yield and a result. Those that turn out not to change are taken out again by
``passes/clean.py``.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, final

import gast

from gradscribe.frontend import aliasing
from gradscribe.frontend.exits import is_returned
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import (
    Bound,
    Cell,
    Closure,
    Fields,
    Loc,
    Lost,
    Method,
    Ref,
    Super,
    TupleOf,
)
from gradscribe.frontend.hidden import is_hidden, plain
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.renewal import renewed
from gradscribe.frontend.wholes import part_name
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import UNDEF, Operand, Value
from gradscribe.ir.types import UNKNOWN, Type

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
class Gained(Exception):
    """An object has attributes at the end of the body that it did not have at its head."""


@final
class Restructured(Exception):
    """What a name or an object holds is of another structure at the end of the body."""

    def __init__(self, root: Root) -> None:
        super().__init__(root)
        self.root = root


@final
class Opened(Exception):
    """A name that the body is the first to bind holds several things: each is carried by itself."""

    def __init__(self, root: str, end: Bound, deep: bool) -> None:
        super().__init__(root)
        self.root = root
        self.end = end
        self.deep = deep  # what is in objects, too: it is read after the loop


@final
class Gone(Exception):
    """What a name or an object holds at the end of the body may not be known."""


@final
class Carries:
    """The carries of one loop.

    A *root* is a name that the body binds, or an object (a location) that it may change. Below a
    root stand the parts of tuples and of objects of known structure; a *place* is a root with the
    path to a part. The carries are the places that hold one operand. An object of known structure
    carries those of its entries alone that the body was seen to change.
    """

    def __init__(
        self, frame: Frame, node: Any, names: list[str], statements: list[Any], head: Any
    ) -> None:
        self.frame = frame
        self.node = node
        self.slots: list[Slot] = []
        self.changed: dict[Loc, dict[Hashable, None]] = {}
        # What is carried part by part, as it was before the loop.
        self.opened: dict[Place, Bound | None] = {}
        self.closed: set[Root] = set()  # what is carried as one, whatever it holds
        self.related: set[tuple[Place, Place]] = set()
        self.marks: dict[tuple[str, Place], str] = {}  # what is kept or stale at the head
        # Names that denote one object from outside in every iteration.
        self.anchored: dict[str, Ref] = {}
        # Attributes that the body adds to objects.
        self.gained: dict[Place, dict[Hashable, None]] = {}
        # Names that every iteration binds before anything can see what they were.
        self.renewed = renewed(frame.definition.node, head, statements)
        self.owned: set[Place] = set()  # where an own list stands at the head of every iteration
        self.heads: dict[Place, Loc] = {}  # the objects at the head of an iteration
        self.lost: dict[Loc, Lost] = {}  # those that cannot be read there
        self.known: set[Loc] = set()  # those of before the loop
        self.changing: set[Loc] = set()  # those that the body was seen to change as a whole
        for name in dict.fromkeys(names):
            known = frame.env.get(name)
            if isinstance(known, Cell):
                continue
            if name in frame.definition.locals or is_hidden(name):
                self.add((name, ()), name, known)
                self.opened[name, ()] = known
        if _may_write(statements):
            for loc in self.around():
                value = frame.heap.operand(loc)
                if value is not None and loc not in frame.heap.standing:
                    self.slots.append(Slot((loc, ()), loc.name, value, type_of_operand(value)))

    def add(self, place: Place, hint: str, bound: Bound | None) -> None:
        """Add the carries below a place where ``bound`` stands before the loop."""
        parts = self.parts(bound)
        if parts is not None:
            root, path = place
            for key, item in parts.items():
                self.add((root, (*path, key)), part_name(hint, key), item)
        elif bound is None:
            self.slots.append(Slot(place, hint, UNDEF, UNKNOWN))
        elif not isinstance(bound, Closure | Method | Procedure | Cell | Lost):
            with self.frame.handing_on():
                init = self.frame.read(bound)
            self.slots.append(Slot(place, hint, init, type_of_operand(init), bound))

    def parts(self, bound: Bound | None) -> Mapping[Hashable, Bound] | None:
        """What a tuple or an object of known structure holds."""
        if isinstance(bound, TupleOf):
            return dict(enumerate(bound.items))
        fields = self.frame.heap.fields(bound)
        return None if fields is None else fields.entries

    def around(self) -> list[Loc]:
        """Every object that some name in this function, or one around it, leads to."""
        found: list[Loc] = []
        seen: set[Loc] = set()
        frame: Frame | None = self.frame
        while frame is not None:
            for bound in frame.env.values():
                found += self.frame.heap.within(bound, seen=seen)
            frame = frame.parent
        return found

    def place(self, name: str) -> int | None:
        """The number of a name's carry."""
        return next((k for k, slot in enumerate(self.slots) if slot.place == (name, ())), None)

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
                if root not in self.changing:
                    self._keep_views(root, slot.init, value)
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
        self.heads |= {(loc, ()): loc for loc in self.around() if loc not in fresh}
        for first, other in self.related:
            if first in self.heads and other in self.heads:
                frame.heap.relate(self.heads[first], self.heads[other])
        for (mark, place), why in self.marks.items():
            if place in self.heads:
                getattr(frame.heap, mark).setdefault(self.heads[place], why)
        frame.heap.lost |= self.lost
        return params

    def _keep_views(self, loc: Loc, before: Operand, value: Value) -> None:
        """What was read of an object is what it holds in the loop, if the body leaves it alone."""
        views = self.frame.heap.views
        for (root, path), (base, part) in list(views.items()):
            if root is loc and base is before:
                views[root, path] = value, part

    def _is_absent(self, slot: Slot, after: bool) -> bool:
        root = slot.place[0]
        return slot.unborn or (not after and isinstance(root, str) and is_returned(root))

    def _rebuilt(
        self, place: Place, before: Bound | None, bound: dict[Place, Bound]
    ) -> Bound | None:
        """What stands at a place at the head of an iteration, where it is carried."""
        if place in bound:
            return bound[place]
        parts = self.parts(before)
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
            raise Gone
        for slot in self.slots:
            root, path = slot.place
            end = self.end(slot.place) if slot.init is UNDEF and not path else None
            if end is None or not isinstance(root, str) or root in self.closed:
                continue
            deep = self._outlives(root, end)
            if deep or isinstance(end, TupleOf):
                raise Opened(root, end, deep)
        for place, before in self.opened.items():
            if not self._fits(place, before, self.end(place)):
                raise Restructured(place[0])
        return [self._yield(slot) for slot in self.slots]

    def _outlives(self, name: str, end: Bound) -> bool:
        """Is, or holds, this objects to be carried part by part, and is it read after the loop?"""
        read = is_returned(name) or self.frame.definition.reads_beside(self.node, name)
        if not read or not self._is_followed(end):
            return False
        work: list[Bound] = [end]
        while work:
            bound = work.pop()
            if isinstance(bound, Closure | Method | Procedure | Cell | Lost | Super):
                return False
            work += (self.parts(bound) or {}).values()
        return self.frame.heap.lost_in(end) is None

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
        old, new = self.parts(before), self.parts(end)
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
                raise Gained
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
        end = self.end(slot.place)
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

    def end(self, place: Place) -> Bound | None:
        """What stands at a place at the end of the body."""
        root, path = place
        bound = self.frame.env.get(root) if isinstance(root, str) else Ref(root)
        for key in path:
            bound = (self.parts(bound) or {}).get(key)
        return bound


def _below(place: Place, above: Place) -> bool:
    """Does a place stand below another (or is it that one)?"""
    return place[0] == above[0] and place[1][: len(above[1])] == above[1]


def _may_write(statements: list[Any]) -> bool:
    """Could these statements change an object in place? (Judged by their form, generously.)"""
    return any(
        isinstance(node, gast.AugAssign | gast.Call)
        or (isinstance(node, gast.Subscript | gast.Attribute) and isinstance(node.ctx, gast.Store))
        for statement in statements
        for node in gast.walk(statement)
    )
