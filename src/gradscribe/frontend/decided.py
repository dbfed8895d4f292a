"""``try`` without a ``try``: which handler runs, if any, is known while the program is read.

Where a handler catches but what a wrongly put together program raises (``ir/raising.py``), and
nothing in the body does that except statements of which it is certain (``raising``), a ``try`` is
its body, and such a statement a jump into the handler. What the body did before is done::

    try:                                    if np.any(inside):
        if np.any(inside):                      if inside: y = -y
            y[inside] = -y[inside]
    except TypeError:           # y is a number
        if inside: y = -y
"""

from __future__ import annotations

from typing import Any, final

import gast

from gradscribe.frontend.arms import NEVER, Arm, Ended, enter
from gradscribe.frontend.exits import leaves, returns
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.raising import Caught
from gradscribe.frontend.ways import Jump, Ways, caught
from gradscribe.ir.core import Const
from gradscribe.ir.raising import Kinds, is_foreseen, may_raise_any

Taken = tuple[Ended, bool]


def decided(frame: Frame, node: gast.Try, rest: list[Any]) -> Taken | None:
    """Lower a ``try`` whose handlers are known to run or not; None for every other."""
    from gradscribe.frontend.lower import block

    kinds = [_caught_by(frame, handler) for handler in node.handlers]
    if not all(kinds):
        return None
    attempt = _Attempt(frame, kinds)  # type: ignore[arg-type]  # none is None
    body, chosen = node.body, None
    while True:
        ways = Ways(frame, body)
        try:
            with caught(frame, node):
                arm = attempt.run(ways, body)
        except Caught as found:
            if found.attempt is not attempt:
                raise
            handler = node.handlers[found.handler]
            marked = _marked(body, found.node)
            if marked is None or chosen not in (None, handler) or asks_what(handler):
                return None
            body, chosen = marked, handler
            continue
        except _Undecided as found:
            if found.attempt is not attempt:
                raise
            return None
        break
    if may_raise_any(arm.region, tuple(kind for each in kinds for kind in each or ())):
        return None
    frame.builder.region.ops += arm.region.ops
    enter(frame, arm.env, arm.heap)
    if arm.ended is NEVER:
        return NEVER, True
    early = returns(node) or leaves(node)
    tail = rest if early else []
    handling = [] if chosen is None else [*chosen.body, *tail]
    return ways.after(frame, [*node.orelse, *tail], lambda: block(frame, handling)), early


def caught_by_any(frame: Frame, node: gast.Try) -> Kinds | None:
    """The classes that the handlers of a ``try`` catch, if all are foreseen."""
    kinds = [_caught_by(frame, handler) for handler in node.handlers]
    return tuple(kind for each in kinds for kind in each or ()) if all(kinds) else None


def _caught_by(frame: Frame, handler: gast.ExceptHandler) -> Kinds | None:
    """The classes that a handler catches, if all are foreseen."""
    kind = handler.type
    parts = kind.elts if isinstance(kind, gast.Tuple) else [kind]
    found = []
    for part in parts:
        value = _class_named(frame, part)
        if not isinstance(value, type) or not issubclass(value, BaseException):
            return None
        if not is_foreseen(value):
            return None
        found.append(value)
    return tuple(found)


def _class_named(frame: Frame, node: Any) -> Any:
    """What a name stands for, where that is known."""
    if not isinstance(node, gast.Name):
        return None
    bound = frame.env.get(node.id)
    if bound is not None:
        return bound.value if isinstance(bound, Const) else None
    try:
        return frame.definition.lookup(node.id)
    except KeyError:
        return None


def asks_what(handler: gast.ExceptHandler) -> bool:
    """Does a handler use the exception that it caught?"""
    parts = [part for statement in handler.body for part in gast.walk(statement)]
    return handler.name is not None or any(isinstance(p, gast.Raise) and not p.exc for p in parts)


@final
class _Undecided(Exception):
    """It is not known what a statement of ``attempt``'s body raises."""

    def __init__(self, attempt: _Attempt) -> None:
        self.attempt = attempt


@final
class _Attempt:
    """Lowering the body of a ``try`` as if it stood alone."""

    def __init__(self, frame: Frame, kinds: list[Kinds]) -> None:
        self.frame = frame
        self.kinds = kinds

    def run(self, ways: Ways, body: list[Any]) -> Arm:
        from gradscribe.frontend.lower import block

        frame = self.frame

        def lowered() -> Ended:
            ways.begin(frame)
            frame.exits.append(ways)
            frame.attempts.append(self)
            try:
                return block(frame, body)
            finally:
                frame.exits.pop()
                frame.attempts.pop()

        depth = len(frame.exits), len(frame.attempts)
        try:
            return Arm(frame, lowered)
        finally:
            del frame.exits[depth[0] :], frame.attempts[depth[1] :]

    def met(self, node: Any, found: type[BaseException] | None, done: bool) -> None:
        """A statement is known to raise; ``done``: what it did before cannot be left out."""
        if found is None:
            raise _Undecided(self)
        for place, kinds in enumerate(self.kinds):
            if issubclass(found, kinds):
                if done or node is None:
                    raise _Undecided(self)
                raise Caught(self, node, place)


def _marked(statements: list[Any], node: Any) -> list[Any] | None:
    """A block in which a jump stands for ``node``; None if that is in a loop (or not there)."""
    for place, statement in enumerate(statements):
        if statement is node:
            jump = gast.copy_location(Jump(), node)
            return [*statements[:place], jump, *statements[place + 1 :]]
        if isinstance(statement, gast.For | gast.While | gast.FunctionDef | gast.ClassDef):
            continue
        for name in ("body", "orelse", "finalbody"):
            inner = getattr(statement, name, None)
            marked = _marked(inner, node) if isinstance(inner, list) else None
            if marked is None:
                continue
            if not isinstance(statement, gast.If):
                return None
            arms = {"body": statement.body, "orelse": statement.orelse, name: marked}
            new = gast.copy_location(gast.If(statement.test, **arms), statement)
            return [*statements[:place], new, *statements[place + 1 :]]
    return None
