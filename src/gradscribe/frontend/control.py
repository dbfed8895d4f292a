"""Branches: both arms are lowered from one state, and their states joined.

At a join, what differs between the arms becomes a result of the ``if``. A name bound to different
objects gets a location of its own that may be either (see ``heap``).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, final

import gast

from gradscribe.frontend import aliasing, possible, raising, sharing
from gradscribe.frontend.arms import LEFT, NEVER, Arm, Ended, enter, proceed, renaming
from gradscribe.frontend.exits import FLAGS, leaves, returns
from gradscribe.frontend.frame import Frame, is_mutable
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
    Why,
    locations,
)
from gradscribe.frontend.hidden import plain
from gradscribe.frontend.wholes import part_name
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import UNDEF, Attrs, Const, Op, Operand, Value
from gradscribe.ir.joins import join
from gradscribe.ir.primitives import IF, of
from gradscribe.ir.types import NP_BOOL, PY_BOOL, Type

NOT = of(operator.not_)


def if_(frame: Frame, node: gast.If, rest: list[Any]) -> tuple[Ended, bool]:
    """Lower an ``if``: how the block ended, and whether ``rest`` was lowered in its arms."""
    from gradscribe.frontend.conditions import condition
    from gradscribe.frontend.lower import block

    test = condition(frame, node.test)
    early = returns(node) or leaves(node)
    tail = rest if early else []
    ended = branch(
        frame,
        test,
        lambda: block(frame, node.body + tail),
        lambda: block(frame, node.orelse + tail),
    )
    return ended, early


def branch(frame: Frame, test: Operand, yes: Callable[[], Ended], no: Callable[[], Ended]) -> Ended:
    """Lower one of two blocks; how the one that ran ended."""
    known = possible.truth(frame, test)
    if known is not None:
        return yes() if known else no()
    frame.builder.tested(test)
    then, other = _where(frame, test, True, yes), _where(frame, test, False, no)
    return joined(frame, test, then, other)


def _where(frame: Frame, test: Operand, when: bool, run: Callable[[], Ended]) -> Arm:
    """The arm where a test is ``when``: what is lost where it is not can be read there."""

    def here(lost: Bound) -> bool:
        return isinstance(lost, Lost) and lost.test is test and lost.when is when

    def found(bound: Bound) -> Bound:
        return bound.bound if here(bound) else bound  # type: ignore[union-attr,return-value]  # Lost

    def begun() -> Ended:
        frame.env = {name: found(bound) for name, bound in frame.env.items()}
        lost = frame.heap.lost
        frame.heap.lost = {loc: why for loc, why in lost.items() if not here(why)}
        return run()

    return _asked(frame, test, when, begun)


def _asked(frame: Frame, test: Operand, when: bool, run: Callable[[], Ended]) -> Arm:
    """The arm where a test is ``when``, of which more may be known there."""
    with possible.narrowed(frame, test, when):
        return Arm(frame, run)


def joined(frame: Frame, test: Operand, then: Arm, other: Arm, flag: bool = False) -> Ended:
    """Go on after two arms of which ``test`` says which one ran; how that one ended.

    With ``flag`` the test is one that later branches may ask again.
    """
    for arm, opposite in ((then, other), (other, then)):
        if arm.ended is None and opposite.ended is LEFT:
            arm.ended = LEFT
        elif arm.ended is None and opposite.ended not in (None, NEVER):
            arm.ended = Const(None)
    return _Join(frame, test, then, other, Attrs(), flag).run()


def choice(
    frame: Frame, test: Operand, yes: Callable[[], Operand], no: Callable[[], Operand], form: str
) -> Operand:
    """The value of one of two expressions; ``form`` says how it was written."""
    known = possible.truth(frame, test)
    if known is not None:
        return yes() if known else no()
    frame.builder.tested(test)
    then, other = _asked(frame, test, True, yes), _asked(frame, test, False, no)
    return frame.read(_value(frame, _Join(frame, test, then, other, Attrs(form=form)).run()))


def conditional(frame: Frame, node: gast.IfExp, test: Operand) -> Bound:
    """``a if test else b``."""
    from gradscribe.frontend.expressions import lower

    frame.builder.tested(test)
    then = _asked(frame, test, True, lambda: lower(frame, node.body))
    other = _asked(frame, test, False, lambda: lower(frame, node.orelse))
    chosen = _value(frame, _Join(frame, test, then, other, Attrs(form="ifexp")).run())
    if chosen is None:
        frame.refuse_undecided(node, "what is chosen here")
    return chosen


def _value(frame: Frame, ended: Ended) -> Bound:
    """The value of an expression, unless both of its arms raise."""
    if ended is NEVER:
        raise raising.passed_on(frame)
    return ended  # type: ignore[return-value]  # an expression ends in no other way


@final
class _Join:
    """Joins two arms: builds the IF and the state after it."""

    def __init__(
        self,
        frame: Frame,
        test: Operand,
        then: Arm,
        other: Arm,
        attrs: Attrs,
        flag: bool = False,
    ) -> None:
        self.frame = frame
        self.test = test
        self.flag = flag
        self.arms = (then, other)
        self.attrs = attrs
        self.results: list[Value] = []
        self.memo: dict[tuple[int, int], Operand] = {}
        self.keep: list[Operand] = []
        self.new_locations: list[tuple[Loc, list[Loc]]] = []
        self.joined: dict[Loc, Operand | Fields] = {}  # the objects that the join made

    def run(self) -> Ended:
        then, other = self.arms
        frame = self.frame
        self._stand_alike()
        op = Op(IF, (self.test,), (), (then.region, other.region), self.attrs)
        never = [arm.ended is NEVER for arm in self.arms]
        if all(never):
            frame.builder.append(op)
            return NEVER
        if any(never):
            return self._one_sided(op, self.arms[0] if never[1] else self.arms[1])
        ended: Ended = None
        if then.ended is LEFT:
            ended = LEFT
        elif then.ended is not None or other.ended is not None:
            ended = self.bound(then.ended, other.ended, "")  # type: ignore[arg-type]  # both are bound
        env: dict[str, Bound] = {}
        for name in [*then.env, *(n for n in other.env if n not in then.env)]:
            merged: Bound | None = None
            if name.startswith(FLAGS):
                merged = self._as_test(then.env.get(name), other.env.get(name))
            if merged is None:
                merged = self.bound(then.env.get(name), other.env.get(name), plain(name))
            if merged is not None:
                env[name] = merged
        enter(frame, env, self._heap())
        self._relate()
        op.results = tuple(self.results)
        frame.builder.append(op)
        return ended

    def _stand_alike(self) -> None:
        """What stands for an entry of a list after one arm alone does not any more."""
        for arm, opposite in (self.arms, self.arms[::-1]):
            for loc, place in list(arm.heap.standing.items()):
                known = loc in self.frame.heap.standing
                if known and opposite.heap.standing.get(loc) != place:
                    saved, self.frame.heap = self.frame.heap, arm.heap
                    try:
                        with self.frame.builder.into(arm.region):
                            sharing.alone(self.frame, loc)
                    finally:
                        self.frame.heap = saved

    def _one_sided(self, op: Op, arm: Arm) -> Ended:
        """The other arm raises: the state after is this arm's, its values results of the IF."""
        blank = UNDEF
        place = self.arms.index(arm)
        defined = {r for inner in arm.region.ops for r in inner.results}
        renamed: dict[Operand, Operand] = {}

        def export(operand: Operand) -> Operand:
            if operand not in defined:
                return operand
            if operand not in renamed:
                assert isinstance(operand, Value)
                then, other = (operand, blank) if place == 0 else (blank, operand)
                renamed[operand] = self.phi(then, other, operand.hint)
            return renamed[operand]

        ended = proceed(self.frame, arm, export, defined)
        op.results = tuple(self.results)
        self.frame.builder.append(op)
        return ended

    # ------------------------------------------------------------------ values

    def bound(self, a: Bound | None, b: Bound | None, name: str) -> Bound | None:
        """What a name is bound to after the join."""
        if a == b:
            return a
        lost = self._lost(0, a) or self._lost(1, b)
        if lost is not None:
            return self._guarded(lost, a, b, name)
        if (a is None and self._is_followed(1, b)) or (b is None and self._is_followed(0, a)):
            return self._brought_along(0, a) if b is None else self._brought_along(1, b)
        if a is None or b is None:  # whoever reads it ran the arm that binds it
            only = b if a is None else a
            if isinstance(only, Ref) and only.loc in self.frame.heap.values and not only.path:
                return only
        if isinstance(a, Closure | Method) or isinstance(b, Closure | Method):
            if a is not None and b is not None:
                self.frame.undecided.add(name)
            return None
        if isinstance(a, TupleOf) and isinstance(b, TupleOf) and len(a.items) == len(b.items):
            items = [self.bound(x, y, name) for x, y in zip(a.items, b.items, strict=True)]
            return TupleOf(tuple(item for item in items if item is not None), a.cls)
        if (a is None and isinstance(b, TupleOf)) or (b is None and isinstance(a, TupleOf)):
            whole = b if a is None else a
            assert isinstance(whole, TupleOf)
            one_sided = [
                self.bound(None, item, name) if a is None else self.bound(item, None, name)
                for item in whole.items
            ]
            if None in one_sided:
                return None
            return TupleOf(tuple(item for item in one_sided if item is not None), whole.cls)
        held = [arm.heap.fields(x) for arm, x in zip(self.arms, (a, b), strict=True)]
        if held[0] is not None and held[1] is not None and held[0].alike(held[1]):
            return self._object(a, b, held[0], held[1], name)
        pair = (self.operand(0, a), self.operand(1, b))
        if _same_constant(*pair):
            return pair[0]
        if self.flag and self._is_test(a, b, True):
            return self.test
        value = self.phi(*pair, name)
        if not is_mutable(value.type):
            # A tuple that is one in one arm only: what it holds is not followed any further.
            for arm, x in zip(self.arms, (a, b), strict=True):
                for loc in locations(x) if isinstance(x, TupleOf) else ():
                    arm.heap.keep(loc, "is an entry of a container")
            return value
        ref = Ref(Loc(name, self.frame.builder.span))
        self.new_locations.append(
            (ref.loc, [loc for x in (a, b) if x is not None for loc in locations(x)])
        )
        self.joined[ref.loc] = value
        return ref

    def _is_followed(self, place: int, bound: Bound | None) -> bool:
        """Is this an object of known structure, or does it hold one?"""
        heap = self.arms[place].heap
        return bound is not None and any(
            isinstance(heap.values.get(loc), Fields) for loc in heap.within(bound)
        )

    def _brought_along(self, place: int, bound: Bound | None) -> Bound | None:
        """An object that one arm made: whoever reads it after the join ran that arm."""
        arm = self.arms[place]
        heap = arm.heap
        assert bound is not None
        fresh = [loc for loc in heap.within(bound) if loc not in self.frame.heap.values]
        held = [f for f in map(heap.values.get, fresh) if isinstance(f, Fields)]
        entries = [entry for fields in held for entry in fields.entries.values()]
        if any(isinstance(x, Closure | Method | Cell) or _is_view(x) for x in [bound, *entries]):
            return None  # it reads what the join renames
        defined = {result for op in arm.region.ops for result in op.results}

        def export(operand: Operand) -> Operand:
            if operand not in defined:
                return operand
            then, other = (operand, UNDEF) if place == 0 else (UNDEF, operand)
            return self.phi(then, other, "")

        rebuild, exported = renaming(export)
        for loc in fresh:
            self.joined[loc] = exported(heap.values[loc])
        return rebuild(bound)

    def _object(self, a: Any, b: Any, then: Fields, other: Fields, name: str) -> Ref | None:
        """A name is bound to either of two objects of one structure.

        Nothing, if it holds functions that differ: like such a name, it cannot be read then.
        """
        ref = Ref(Loc(name, self.frame.builder.span))
        fields = self._fields(name, then, other)
        if fields is None:
            return None
        self.new_locations.append((ref.loc, [a.loc, b.loc]))
        self.joined[ref.loc] = fields
        return ref

    def _fields(self, name: str, then: Fields, other: Fields) -> Fields | None:
        """What an object holds after the join; None if it is not of one structure then."""
        if (then.kind, then.cls) != (other.kind, other.cls):
            return None
        keys = list(then.entries)
        if then.kind in ("object", "cell"):  # what one arm alone sets may be unbound
            keys += [key for key in other.entries if key not in then.entries]
        elif keys != list(other.entries):
            return None
        entries = {}
        for key in keys:
            hint = part_name(name, key)
            entry = self.bound(then.entries.get(key), other.entries.get(key), hint)
            if entry is None:
                if then.kind != "object" or (key in then.entries and key in other.entries):
                    return None
                entry = Lost(Why(f"the attribute {key!r} may be read before it is set"))
            entries[key] = entry
        return Fields(then.kind, entries, then.cls)

    def _as_test(self, a: Bound | None, b: Bound | None) -> Operand | None:
        """The test, or the opposite of it, where that is what a name is bound to."""
        if self._is_test(a, b, True):
            return self.test
        return self.frame.emit(NOT, self.test) if self._is_test(a, b, False) else None

    def _is_test(self, a: Bound | None, b: Bound | None, where: bool) -> bool:
        """Is a name True where the test holds (or where it does not) and False elsewhere?"""
        values = [x.value if isinstance(x, Const) else None for x in (a, b)]
        kind = type_of_operand(self.test)
        return values[0] is where and values[1] is (not where) and kind in (PY_BOOL, NP_BOOL)

    def _guarded(self, lost: Lost, a: Bound | None, b: Bound | None, name: str) -> Lost:
        """What one arm lost can be read where the other one ran."""
        if a is not None and self._lost(0, a) is None:
            return Lost(lost.why, self.test, True, self.bound(a, None, name))
        if b is not None and self._lost(1, b) is None:
            return Lost(lost.why, self.test, False, self.bound(None, b, name))
        return Lost(lost.why)

    def _lost(self, place: int, bound: Bound | None) -> Lost | None:
        """Why a name cannot be read after the join, if one arm lost what it is bound to."""
        return None if bound is None else self.arms[place].heap.lost_in(bound)

    def operand(self, place: int, bound: Bound | None) -> Operand:
        """The operand that an arm yields; reading a view may emit into the arm."""
        if bound is None:
            return UNDEF
        frame, arm = self.frame, self.arms[place]
        saved, frame.heap = frame.heap, arm.heap
        try:
            with frame.builder.into(arm.region), frame.handing_on():
                return frame.read(bound)
        finally:
            frame.heap = saved

    def phi(self, a: Operand, b: Operand, hint: str) -> Value:
        key = (id(a), id(b))
        known = self.memo.get(key)
        if isinstance(known, Value):
            return known
        named = any(isinstance(x, Value) and x.named for x in (a, b))
        hints = [x.hint for x in (a, b) if isinstance(x, Value) and x.hint]
        value = Value(hint or (hints[0] if hints else ""), _phi_type(a, b), named or bool(hint))
        self.memo[key] = value
        self.keep += [a, b]
        self.results.append(value)
        self.arms[0].region.yields.append(a)
        self.arms[1].region.yields.append(b)
        return value

    def _heap(self) -> Heap:
        """The heap after the join: locations whose value differs get a result of the IF."""
        then, other = (arm.heap for arm in self.arms)
        merged = Heap()
        for loc in [*then.values, *(loc for loc in other.values if loc not in then.values)]:
            a, b = then.values.get(loc), other.values.get(loc)
            if a is b:
                merged.values[loc] = a  # type: ignore[assignment]  # it stands in both
            elif isinstance(a, Fields) or isinstance(b, Fields):
                if loc in self.frame.heap.values:
                    merged.values[loc] = self._either(loc, a, b)
            elif loc in self.frame.heap.values:
                merged.values[loc] = self.phi(a or UNDEF, b or UNDEF, loc.name)
        merged.values |= self.joined
        for loc, whole in then.wholes.items():
            if other.wholes.get(loc) is whole:
                merged.wholes[loc] = whole
        merged.own = then.own & other.own
        for loc in [*then.held, *(loc for loc in other.held if loc not in then.held)]:
            homes = [h.held.get(loc) for h in (then, other) if loc in h.kept]
            if len(set(homes)) == 1 and homes[0] is not None:
                merged.held[loc] = homes[0]
        for source in (then, other):
            merged.kept |= source.kept
            merged.standing |= source.standing
            merged.stale |= source.stale
            for loc, partners in source.aliases.items():
                merged.aliases[loc] = merged.aliases.get(loc, frozenset()) | partners
        for loc, lost in (then.lost | other.lost).items():
            both = loc in then.lost and loc in other.lost
            fixed = both or merged.values.get(loc) in (then.values.get(loc), other.values.get(loc))
            merged.lost[loc] = Lost(lost.why, None if fixed else self.test, loc in other.lost)
        return merged

    def _either(
        self, loc: Loc, a: Operand | Fields | None, b: Operand | Fields | None
    ) -> Operand | Fields:
        """What an object that both arms know is after them."""
        if isinstance(a, Fields) and isinstance(b, Fields):
            fields = self._fields(loc.name, a, b)
            if fields is not None:
                return fields
        for arm, value in zip(self.arms, (a, b), strict=True):
            if loc in arm.heap.lost and value is not None:
                return value  # which nothing reads
        return self.phi(self.operand(0, Ref(loc)), self.operand(1, Ref(loc)), loc.name)

    def _relate(self) -> None:
        """A joined object may be any of those it came from that can still be reached."""
        frame = self.frame
        standing = {**self.arms[0].heap.standing, **self.arms[1].heap.standing}
        for loc, sources in self.new_locations:
            sharing.joined(frame, loc, sources, standing)
            for source in sources:
                for marks in (frame.heap.kept, frame.heap.stale):
                    if source in marks:
                        marks[loc] = marks[source]
                if aliasing.reachable(frame, source) is not None:
                    frame.heap.relate(loc, source)
                for partner in frame.heap.aliases.get(source, ()):
                    frame.heap.relate(loc, partner)
        for i, (loc, sources) in enumerate(self.new_locations):
            for other, others in self.new_locations[i + 1 :]:
                if not set(sources).isdisjoint(others):
                    frame.heap.relate(loc, other)


def _phi_type(a: Operand, b: Operand) -> Type:
    if a is UNDEF or b is UNDEF:
        return type_of_operand(b if a is UNDEF else a)
    return join(type_of_operand(a), type_of_operand(b))


def _same_constant(a: Operand, b: Operand) -> bool:
    return (
        isinstance(a, Const)
        and isinstance(b, Const)
        and a.name == b.name
        and type(a.value) is type(b.value)
        and (a.value is b.value or (isinstance(a.value, int | float | str) and a.value == b.value))
    )


def _is_view(bound: Bound) -> bool:
    if isinstance(bound, TupleOf):
        return any(map(_is_view, bound.items))
    return isinstance(bound, Ref) and bool(bound.path)
