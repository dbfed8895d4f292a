"""Abstract memory: references, locations, views and aliases.

A variable holds an operand (a number: immutable) or a *reference*: a location and a path of views
into it. A location holds the current SSA value of one mutable object. ``y = x`` copies the
reference, so a write through either name is seen through both::

    y = x            y ↦ Ref(L)          x ↦ Ref(L)        heap: L ↦ %x
    y[0] = 3.0                                             heap: L ↦ %x1 = setitem(%x, 0, 3.0)
    row = m[i]       row ↦ Ref(M, [m[i]])                  heap: M ↦ %m
    row[0] = 1.0                                           heap: M ↦ setitem(%m, i, %row2)

A location whose structure is known (an object with attributes, a dict with known keys, a list of
unlike things) holds ``Fields`` instead: its entries are bound separately, each an operand or a
reference of its own, so what they share stays shared::

    p = Point(x, u)  p ↦ Ref(P)                            heap: P ↦ Fields(x: %x, u: Ref(U))
    p.u[0] = 1.0                                           heap: U ↦ setitem(%u, 0, 1.0)

Where two branches or iterations bind a name to different objects, the name gets a location of its
own that *may be* either. A write to one of them makes the others *stale*: what they hold then is
not known, and reading it is refused.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, final

from gradscribe.frontend.procedures import Procedure
from gradscribe.ir.core import Operand
from gradscribe.ir.primitives import Primitive
from gradscribe.source import Span


@final
class Loc:
    """One mutable object. ``name``: what it was first bound to, for messages.

    ``origin``: its value when it was made, which tells how it lies in memory.
    """

    __slots__ = ("name", "origin", "span")

    def __init__(
        self, name: str = "", span: Span | None = None, origin: Operand | None = None
    ) -> None:
        self.name = name
        self.span = span
        self.origin = origin

    def __repr__(self) -> str:
        return f"<{self.name or 'object'}>"


@final
@dataclass(frozen=True, slots=True)
class Step:
    """One view of a path: ``prim(base, *args)``, taken at ``span``.

    ``certain``: it is one whatever the value is.
    """

    prim: Primitive
    args: tuple[Operand, ...]
    certain: bool
    span: Span | None = field(default=None, compare=False)


@final
@dataclass(frozen=True, slots=True)
class Ref:
    """A mutable object, or a view into one."""

    loc: Loc
    path: tuple[Step, ...] = ()


@final
@dataclass(frozen=True, slots=True)
class TupleOf:
    """A tuple whose length is known: its entries are bound separately. ``cls``: a named tuple's."""

    items: tuple[Bound, ...]
    cls: type | None = None


@final
@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """What an object of known structure holds; never changed, but replaced.

    ``kind``: "object" (``entries`` by attribute), "dict" (by key), "list" (by position) or "cell"
    (the one entry of a variable that several functions bind). ``cls``: an object's class; what
    makes the entries of a ``defaultdict``.
    """

    kind: str
    entries: Mapping[Any, Bound]
    cls: type | None = None

    def replaced(self, key: Hashable, bound: Bound) -> Fields:
        return Fields(self.kind, {**self.entries, key: bound}, self.cls)

    def without(self, key: Hashable) -> Fields:
        rest = {k: v for k, v in self.entries.items() if k != key}
        return Fields(self.kind, rest, self.cls)

    def alike(self, other: object) -> bool:
        """Is this one of the same structure?"""
        return (
            isinstance(other, Fields)
            and (self.kind, self.cls) == (other.kind, other.cls)
            and list(self.entries) == list(other.entries)
        )


@final
@dataclass(frozen=True, slots=True)
class Cell:
    """A variable that a nested function binds too: what it holds is in the heap."""

    loc: Loc


@final
@dataclass(frozen=True, slots=True)
class Method:
    """A function bound to the object it was read from."""

    function: Any
    receiver: Bound


@final
class Closure:
    """A nested function or lambda: its definition and the frame it was made in."""

    __slots__ = ("definition", "frame")

    def __init__(self, definition: Any, frame: Any) -> None:
        self.definition = definition
        self.frame = frame


@final
@dataclass(frozen=True, slots=True)
class Super:
    """What ``super()`` gives: the receiver, whose attributes are sought after a class."""

    after: type
    receiver: Bound


@final
@dataclass(frozen=True, slots=True)
class Rest:
    """The last of the arguments of a call, a star: all entries of ``source``."""

    source: Bound


@final
@dataclass(frozen=True, slots=True)
class Why:
    """Why something is lost, for messages.

    ``attempt``: where the ``try`` stands that would not lose it if it was lowered step by step.
    """

    message: str
    attempt: Span | None = None


@final
@dataclass(frozen=True, slots=True)
class Lost:
    """What a name is bound to that an exception may have kept from being bound.

    It cannot be read: the program knows what it is, the compiler does not. Where ``test`` is known
    to be ``when`` it is ``bound``.
    """

    why: Why
    test: Operand | None = None
    when: bool = True
    bound: Bound | None = None


Bound = Operand | Ref | TupleOf | Closure | Procedure | Cell | Method | Super | Rest | Lost


@final
@dataclass(slots=True)
class Heap:
    """The current value of every location, what may alias what, and views already read.

    ``kept``: the objects that are (or may be) entries of a container, and how they came to be.
    ``wholes``: for an object of known structure, what it held when it was last one operand, and it.
    ``stale``: those that may have changed when another was written, and where that was.
    ``own``, ``held``, ``standing``: lists and their entries; see ``sharing``.
    ``lost``: those that may have been changed before an exception, and how.
    """

    values: dict[Loc, Operand | Fields] = field(default_factory=dict)
    aliases: dict[Loc, frozenset[Loc]] = field(default_factory=dict)
    views: dict[tuple[Loc, tuple[Step, ...]], tuple[Operand, Operand]] = field(default_factory=dict)
    kept: dict[Loc, str] = field(default_factory=dict)
    wholes: dict[Loc, tuple[tuple[Operand, ...], Operand]] = field(default_factory=dict)
    stale: dict[Loc, str] = field(default_factory=dict)
    own: set[Loc] = field(default_factory=set)
    held: dict[Loc, Loc] = field(default_factory=dict)
    standing: dict[Loc, Ref] = field(default_factory=dict)
    lost: dict[Loc, Lost] = field(default_factory=dict)

    def new(self, value: Operand | Fields, name: str = "", span: Span | None = None) -> Ref:
        """A reference to a new object."""
        loc = Loc(name, span, None if isinstance(value, Fields) else value)
        self.values[loc] = value
        return Ref(loc)

    def relate(self, a: Loc, b: Loc) -> None:
        """Record that two locations may be the same object (and so may all their aliases)."""
        if a is not b:
            self.aliases[a] = self.aliases.get(a, frozenset()) | {b}
            self.aliases[b] = self.aliases.get(b, frozenset()) | {a}

    def keep(self, loc: Loc, why: str) -> None:
        """An object is stored somewhere: no list holds it alone any more."""
        self.kept.setdefault(loc, why)
        place = self.standing.get(loc)
        self.own -= {self.held.pop(loc, None), place.loc if place is not None else None}

    def copy(self) -> Heap:
        return Heap(
            dict(self.values),
            dict(self.aliases),
            dict(self.views),
            dict(self.kept),
            dict(self.wholes),
            dict(self.stale),
            set(self.own),
            dict(self.held),
            dict(self.standing),
            dict(self.lost),
        )

    def restore(self, before: Heap) -> None:
        """Be as a copy was that was made earlier."""
        for name in ("values", "aliases", "views", "kept", "wholes", "stale"):
            setattr(self, name, getattr(before, name))

    def fields(self, bound: object) -> Fields | None:
        """What an object of known structure holds; None for all other bound values."""
        if isinstance(bound, Ref) and not bound.path and bound.loc not in self.lost:
            value = self.values.get(bound.loc)
            return value if isinstance(value, Fields) else None
        return None

    def lost_in(self, bound: Bound) -> Lost | None:
        """What is lost of a bound value, if anything is."""
        if isinstance(bound, Lost):
            return bound
        if isinstance(bound, TupleOf):
            parts: list[Bound] = list(bound.items)
        else:
            places = locations(bound)
            places += [self.standing[loc].loc for loc in places if loc in self.standing]
            found = next((self.lost[loc] for loc in places if loc in self.lost), None)
            fields = self.fields(bound)
            if found is not None or fields is None:
                return found
            parts = [p for p in fields.entries.values() if isinstance(p, Lost | TupleOf)]
        return next((lost for lost in map(self.lost_in, parts) if lost is not None), None)

    def operand(self, loc: Loc) -> Operand | None:
        """The operand of a location; None for an object of known structure."""
        value = self.values[loc]
        return None if isinstance(value, Fields) else value

    def within(
        self,
        bound: Bound,
        beside: tuple[Loc, Hashable] | None = None,
        seen: set[Loc] | None = None,
    ) -> Iterator[Loc]:
        """Every location that can be reached from a bound value, each once.

        ``beside``: an object and its entry that is not looked at. ``seen``: those that were met
        before, and all that is within them; the others are added to it.
        """
        seen = set() if seen is None else seen
        work = locations(bound)
        while work:
            loc = work.pop()
            if loc in seen:
                continue
            seen.add(loc)
            yield loc
            value = self.values.get(loc)
            if isinstance(value, Fields):
                pairs = value.entries.items()
                held = [item for key, item in pairs if (loc, key) != beside]
                work += [inner for item in held for inner in locations(item)]


def locations(bound: Bound) -> list[Loc]:
    """Every location that a bound value refers to directly."""
    if isinstance(bound, Ref):
        return [bound.loc]
    if isinstance(bound, TupleOf):
        return [loc for item in bound.items for loc in locations(item)]
    if isinstance(bound, Cell):
        return [bound.loc]
    if isinstance(bound, Method | Super):
        return locations(bound.receiver)
    return []
