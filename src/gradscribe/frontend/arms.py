"""The arms of a branch: each is lowered by itself, from one state, and has a state at its end."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import replace
from typing import final

from gradscribe.frontend import raising
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Fields, Heap, Lost, Ref, TupleOf
from gradscribe.ir.core import Const, Operand, Region, Value


@final
class _Never:
    """The end of a block that raises."""


@final
class _Left:
    """The end of a block that leaves the loop, or this iteration of it."""


NEVER = _Never()
LEFT = _Left()
Ended = Bound | _Never | _Left | None


@final
class Arm:
    """One arm of a branch: its region, and the state at its end."""

    def __init__(self, frame: Frame, run: Callable[[], Ended]) -> None:
        env, heap = frame.env, frame.heap
        self.region = Region()
        frame.env, frame.heap = dict(env), heap.copy()
        parents = _parents(frame)
        try:
            for parent in parents:
                parent.heap = frame.heap
            with frame.builder.into(self.region):
                self.ended = self._run(frame, run)
            self.env, self.heap = frame.env, frame.heap
        finally:
            frame.env, frame.heap = env, heap
            for parent in parents:
                parent.heap = heap

    @staticmethod
    def _run(frame: Frame, run: Callable[[], Ended]) -> Ended:
        try:
            return run()
        except raising.Raises as found:  # in an expression; blocks deal with their own
            raising.reached(frame, None, found, None)
            return NEVER


def _parents(frame: Frame) -> list[Frame]:
    """The frames around an inlined one: they share its heap."""
    found = []
    while frame.parent is not None:
        frame = frame.parent
        found.append(frame)
    return found


def renaming(
    export: Callable[[Operand], Operand],
) -> tuple[Callable[[Bound], Bound], Callable[[Operand | Fields], Operand | Fields]]:
    """What renames the values in something bound, and in what an object holds."""

    def rebuild(bound: Bound) -> Bound:
        if isinstance(bound, Value | Const):
            return export(bound)
        if isinstance(bound, TupleOf):
            return TupleOf(tuple(map(rebuild, bound.items)), bound.cls)
        if isinstance(bound, Lost) and bound.test is not None and bound.bound is not None:
            return Lost(bound.why, export(bound.test), bound.when, rebuild(bound.bound))
        return bound

    def exported(value: Operand | Fields) -> Operand | Fields:
        if not isinstance(value, Fields):
            return export(value)
        entries = {key: rebuild(item) for key, item in value.entries.items()}
        if all(entries[key] is item for key, item in value.entries.items()):
            return value
        return Fields(value.kind, entries, value.cls)

    return rebuild, exported


def proceed(
    frame: Frame, arm: Arm, export: Callable[[Operand], Operand], inside: Container[Operand]
) -> Ended:
    """Go on from the end of a region; ``export`` renames the values ``inside`` it."""
    rebuild, exported = renaming(export)
    values = {loc: exported(value) for loc, value in arm.heap.values.items()}
    heap = Heap(values, dict(arm.heap.aliases))
    heap.kept, heap.stale = dict(arm.heap.kept), dict(arm.heap.stale)
    heap.own, heap.held = set(arm.heap.own), dict(arm.heap.held)
    heap.standing = {
        loc: Ref(ref.loc, tuple(replace(s, args=tuple(map(export, s.args))) for s in ref.path))
        for loc, ref in arm.heap.standing.items()
    }
    heap.wholes = {loc: w for loc, w in arm.heap.wholes.items() if w[1] not in inside}
    for loc, why in arm.heap.lost.items():
        test = export(why.test) if why.test is not None else None
        heap.lost[loc] = Lost(why.why, test, why.when)
    enter(frame, {name: rebuild(bound) for name, bound in arm.env.items()}, heap)
    ended = arm.ended
    return ended if isinstance(ended, _Never | _Left | None) else rebuild(ended)


def enter(frame: Frame, env: dict[str, Bound], heap: Heap) -> None:
    """Go on in another state."""
    frame.env, frame.heap = env, heap
    for parent in _parents(frame):
        parent.heap = heap
