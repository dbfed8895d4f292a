"""Who else may see an object: what may not be written to any more, and what a write makes stale."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, NoReturn

from gradscribe.errors import AliasError
from gradscribe.frontend.heap import Bound, Fields, Loc
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.types import Sequence
from gradscribe.source import Span

if TYPE_CHECKING:
    from gradscribe.frontend.frame import Frame


def keep(frame: Frame, bound: Bound, node: Any = None) -> None:
    """What is stored in a container, or read from one, may not be written to from now on.

    Nor may what it holds: an array of an object in a list is in that list, too.
    """
    span = frame.definition.span(node) if node is not None else None
    why = f"was stored in a container at {span}" if span else "is an entry of a container"
    for loc in frame.heap.within(bound):
        frame.heap.keep(loc, why)


def check_write(frame: Frame, loc: Loc, node: Any) -> None:
    """Refuse a write to what may be in a container; what may be the same object goes stale."""
    home = frame.heap.held.get(loc)
    if home in frame.heap.own:
        span = frame.definition.span(node)
        why = f"it holds {loc.name or 'an object'}, which is written"
        for other in (home, *frame.heap.aliases.get(home, ())):
            frame.heap.stale.setdefault(other, f"{why} at {span}" if span else why)
    elif loc in frame.heap.kept:
        raise AliasError(
            f"cannot write to {loc.name or 'this object'}: it {frame.heap.kept[loc]}, "
            "which would change too",
            frame.here(node),
            "write to the object before it is stored, or copy it: x = x.copy()",
        )
    span = frame.definition.span(node)
    for other in sorted(
        frame.heap.aliases.get(loc, ()), key=lambda other: reachable(frame, other) or ""
    ):
        if isinstance(frame.heap.values.get(other), Fields):
            _refuse_either(frame, loc, other, node)
            continue
        why = f"it may be the same object as {loc.name or 'another'}, which is written"
        frame.heap.stale.setdefault(other, f"{why} at {span}" if span else why)


def _refuse_either(frame: Frame, loc: Loc, other: Loc, node: Any) -> None:
    """Refuse a change of an object that may be another one which can still be read."""
    name = reachable(frame, other)
    if name is not None:
        raise AliasError(
            f"cannot write to {loc.name or 'this object'}: it may be the same object as "
            f"{name!r}, depending on the path taken",
            frame.here(node),
            f"copy one of them: {name} = {name}.copy()",
        )


_TAKEN = "it may be an iterator, of which a part was taken"


def taken(span: Span | None) -> str:
    """Why it is not known what is left in an object that was walked, and not to its end."""
    return f"{_TAKEN} at {span}" if span else _TAKEN


def refuse_stale(frame: Frame, loc: Loc) -> NoReturn:
    """Refuse to read what a write may have changed under another name."""
    name = loc.name or "this object"
    value = frame.heap.operand(loc)
    holds = value is not None and isinstance(type_of_operand(value), Sequence)
    mine = loc.name or "x"
    hint = "store copies: [x.copy()]" if holds else f"copy it before: {mine} = {mine}.copy()"
    if frame.heap.stale[loc].startswith(_TAKEN):
        hint = f"make a list of it before: {mine} = list({mine})"
    raise AliasError(
        f"cannot know what {name} is here: {frame.heap.stale[loc]}",
        frame.here(),
        hint,
    )


def reachable(frame: Frame, loc: Loc) -> str | None:
    """A name in this frame or one around it through which a location can be read."""
    around: Frame | None = frame
    while around is not None:
        for name, bound in around.env.items():
            if loc in frame.heap.within(bound):
                return name
        around = around.parent
    return None


def shared(
    frame: Frame, loc: Loc, name: str | None, beside: tuple[Loc, Hashable] | None = None
) -> str | None:
    """Another name than ``name`` for the same object, or for one that may be it.

    ``beside``: the object and its entry by which it is known instead of a name.
    """
    around: Frame | None = frame
    others = frame.heap.aliases.get(loc, frozenset()) | {loc}
    while around is not None:
        for other, bound in around.env.items():
            if not (around is frame and other == name) and not others.isdisjoint(
                frame.heap.within(bound, beside)
            ):
                return other
        around = around.parent
    return None
