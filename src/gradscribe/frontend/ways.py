"""Leaving a body that runs once: ``return``, ``break`` and ``continue`` in a ``try`` or ``with``.

As in loops (``exits``), each way out is a flag under a hidden name. After the body a branch on each
flag goes that way; where it is known at compile time, as after ``try: return f(x)``, none is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, final

import gast

from gradscribe.frontend.arms import LEFT, Ended
from gradscribe.frontend.control import NOT, branch
from gradscribe.frontend.exits import leaves_by, returns
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound
from gradscribe.frontend.hidden import hidden
from gradscribe.ir.core import Const, Value


@final
class Jump(gast.Break):  # type: ignore[misc]  # gast has no type information
    """A jump out of the body of a ``try`` into a handler that is known; see ``decided``."""


@final
class Step(gast.Try):  # type: ignore[misc]  # gast has no type information
    """One statement of the body of ``attempt``, tried by itself; see ``stepwise``."""

    attempt: gast.Try
    watch: Callable[..., None]  # told of what may raise between such statements


@contextmanager
def caught(frame: Frame, node: gast.Try) -> Iterator[None]:
    """Lower the body of a ``try``: what a step raises is not raised between steps."""
    watchers = frame.builder.watchers
    if isinstance(node, Step):
        watchers = [watcher for watcher in watchers if watcher is not node.watch]
    with frame.builder.watched(watchers):
        yield


@final
class Ways:
    """The hidden names of a body that runs once: the ways it may be left but through its end."""

    __slots__ = (
        "breaks", "continues", "jumped", "jumps", "left", "returned", "returns", "skipped", "value",
    )  # fmt: skip

    def __init__(self, frame: Frame, statements: list[Any]) -> None:
        depth = len(frame.exits)
        self.left, self.skipped, self.returned, self.jumped, self.value = (
            hidden(w, str(depth)) for w in ("left", "skipped", "done", "jumped", "value")
        )
        self.returns = any(map(returns, statements))
        self.breaks = any(leaves_by(statement, (gast.Break,)) for statement in statements)
        self.continues = any(leaves_by(statement, (gast.Continue,)) for statement in statements)
        self.jumps = any(leaves_by(statement, (Jump,)) for statement in statements)

    def begin(self, frame: Frame) -> None:
        """Bind the flags before the body."""
        for name in self.names():
            frame.env[name] = Const(False)
        frame.env.pop(self.value, None)

    def names(self) -> list[str]:
        flags = {
            self.jumped: self.jumps,
            self.left: self.breaks,
            self.skipped: self.continues,
            self.returned: self.returns,
        }
        return [name for name, used in flags.items() if used]

    def leave(self, frame: Frame) -> None:
        """``break`` of the loop around."""
        frame.env[self.left] = Const(True)

    def skip(self, frame: Frame) -> None:
        """``continue`` of the loop around."""
        frame.env[self.skipped] = Const(True)

    def jump(self, frame: Frame) -> None:
        """Go on in a handler."""
        frame.env[self.jumped] = Const(True)

    def leave_with(self, frame: Frame, value: Bound) -> None:
        """``return value``."""
        frame.env[self.returned] = Const(True)
        frame.env[self.value] = value

    def after(
        self, frame: Frame, rest: list[Any], handling: Callable[[], Ended] | None = None
    ) -> Ended:
        """Lower what follows the body: the way it was left, or ``rest``.

        ``handling``: what is done after a jump, which else goes on to what is around.
        """
        from gradscribe.frontend.lower import block

        def hand_on() -> Ended:
            value = frame.env[self.value]
            if not frame.exits:
                return value
            frame.exits[-1].leave_with(frame, value)
            return LEFT

        def leave() -> Ended:
            frame.exits[-1].leave(frame)
            return LEFT

        def skip() -> Ended:
            frame.exits[-1].skip(frame)
            return LEFT

        def jump() -> Ended:
            frame.exits[-1].jump(frame)
            return LEFT

        actions = {
            self.jumped: handling or jump,
            self.returned: hand_on,
            self.left: leave,
            self.skipped: skip,
        }

        def from_(names: list[str]) -> Ended:
            if not names:
                return block(frame, rest)
            name, *others = names
            flag = frame.read(frame.env[name])
            made = frame.builder.made.get(flag) if isinstance(flag, Value) else None
            if made is not None and made.prim is NOT:
                return branch(frame, made.args[0], lambda: from_(others), actions[name])
            return branch(frame, flag, actions[name], lambda: from_(others))

        return from_(self.names())
