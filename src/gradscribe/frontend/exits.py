"""Leaving a loop early: ``break``, ``continue`` and ``return`` inside loops.

Each loop that is left early has a *stop flag*, and one that is returned from also a flag and a
value; they are variables like the user's own, under names that no program can contain::

    for v in x:                     stop = False
        if v < 0:                   for v in x:
            break                       if v < 0: stop = True
        s += v                          else: s += v
                                        (until stop)

What follows an ``if`` that may leave goes into its arms, so that each way through the body ends at
its end. Emission writes ``break`` again.
"""

from __future__ import annotations

import functools
from typing import Any, final

import gast

from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound
from gradscribe.frontend.hidden import hidden
from gradscribe.ir.core import Const, Operand


@final
class Exits:
    """The hidden names of one loop being lowered."""

    __slots__ = ("breaks", "returned", "returns", "stop", "value")

    def __init__(self, frame: Frame, node: Any) -> None:
        depth = len(frame.exits)
        self.stop, self.returned = (hidden(w, str(depth)) for w in ("stop", "returned"))
        self.value = hidden("value", f"returned {depth}")
        self.returns = any(returns(child) for child in node.body)
        self.breaks = self.returns or any(leaves(child, breaks_only=True) for child in node.body)

    def begin(self, frame: Frame) -> None:
        """Bind the flags before the loop."""
        for name in self.names():
            frame.env.pop(name, None)
        if self.breaks:
            frame.env[self.stop] = Const(False)
        if self.returns:
            frame.env[self.returned] = Const(False)

    def proceed(self, frame: Frame) -> None:
        """An iteration begins: the loop has not been left."""
        if self.breaks:
            frame.env[self.stop] = Const(False)

    def names(self) -> list[str]:
        names = [self.stop] if self.breaks else []
        return [*names, self.returned, self.value] if self.returns else names

    def leave(self, frame: Frame) -> None:
        """``break``."""
        frame.env[self.stop] = Const(True)

    def skip(self, frame: Frame) -> None:
        """``continue``: what follows in the body stands in the other arms."""

    def leave_with(self, frame: Frame, value: Bound) -> None:
        """``return value`` from within the loop."""
        frame.env[self.stop] = Const(True)
        frame.env[self.returned] = Const(True)
        frame.env[self.value] = value

    def flag(self, frame: Frame, name: str) -> Operand:
        """A flag as it is after the loop."""
        return frame.read(frame.env[name])


def is_returned(name: str) -> bool:
    """Is this the hidden name of what a loop returns?"""
    return name.startswith(hidden("value", "returned"))


# How the hidden flags begin that say which way a body was left; see ``ways``.
FLAGS = (" left ", " skipped ", " done ", " jumped ")


# Asked of a statement and of those around it: each of a long chain of branches.
_remembered = functools.lru_cache(maxsize=1 << 14)


@_remembered
def returns(node: Any) -> bool:
    """Does a ``return`` stand in this statement (not in functions nested in it)?"""
    if isinstance(node, gast.Return):
        return True
    if isinstance(node, gast.FunctionDef | gast.ClassDef | gast.expr):
        return False
    return any(returns(child) for child in gast.iter_child_nodes(node))


def leaves(node: Any, breaks_only: bool = False) -> bool:
    """May this statement leave the loop around it, or (unless ``breaks_only``) its iteration?"""
    return leaves_by(node, (gast.Break,) if breaks_only else (gast.Break, gast.Continue))


@_remembered
def leaves_by(node: Any, kinds: tuple[type, ...]) -> bool:
    """Does a statement of one of these kinds stand here that belongs to the loop around?"""
    if isinstance(node, kinds):
        return True
    if isinstance(node, gast.FunctionDef | gast.Lambda | gast.ClassDef | gast.expr):
        return False
    if isinstance(node, gast.For | gast.While):
        return any(leaves_by(child, kinds) for child in node.orelse)
    return any(leaves_by(child, kinds) for child in gast.iter_child_nodes(node))
