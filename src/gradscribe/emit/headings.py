"""Which comments stand over which statements: the user's statements, and the names of sweeps."""

from __future__ import annotations

import ast
from contextvars import ContextVar
from typing import final

from gradscribe.emit.writer import Blank, Comment
from gradscribe.ir.core import Function, Op, Region
from gradscribe.ir.primitives import FOR, IF, SCOPE, STRUCTURED, WHILE
from gradscribe.source import Span

COMMENT_WIDTH = 72

# Are all the user's statements written as headings, where readers would not want them too?
EVERYWHERE: ContextVar[bool] = ContextVar("EVERYWHERE", default=False)


@final
class Headings:
    """Decides, operation by operation in the order of the text, what heads its statements.

    ``statement`` is the user's statement that the last heading was; ``depth`` how many regions
    stand around what is written.
    """

    def __init__(self, function: Function) -> None:
        self.function = function
        self.comments = EVERYWHERE.get() or (function.order < 2 and _wants_comments(function))
        self.loops = any(op.prim in (FOR, WHILE) for op in function.body.ops)
        self.sweep: str | None = None
        self.statement: Span | None = None
        self.depth = -1

    def headed(self, op: Op, made: list[ast.stmt], follows: bool) -> list[ast.stmt]:
        """Statements under a heading: the user's statement they differentiate, or their sweep."""
        heading: list[ast.stmt] = []
        new_sweep = self.depth == 0 and op.sweep != self.sweep
        if new_sweep:
            self.sweep = op.sweep
            if self.function.order > 1 and op.sweep and self.loops:
                heading = [Comment(op.sweep)]
        if op.prim in (FOR, WHILE):
            self.statement = None
        elif op.prim in (IF, SCOPE):
            pass  # the headings are in its arms; its own would repeat the next line
        elif (
            self.comments
            and op.sweep
            and op.statement is not None
            and op.statement != self.statement
        ):
            self.statement = op.statement
            heading.append(Comment(_heading(op.statement)))
        separated = self.depth == 0 and follows and (heading or (new_sweep and self.loops))
        blank: list[ast.stmt] = [Blank()] if separated else []
        return [*blank, *heading, *made]


def _heading(statement: Span) -> str:
    """A user's statement on one line; of a compound one its first line."""
    text = statement.one_line(COMMENT_WIDTH)
    compound = text.startswith(("if ", "for ", "while ", "elif ", "try", "with "))
    return f"{text}:" if compound and not text.endswith((":", "…")) else text


def _wants_comments(function: Function) -> bool:
    """Headings help where several of the user's statements are differentiated."""
    seen = {op.statement for op in _derived(function.body) if op.statement is not None}
    return len(seen) > 1


def _derived(region: Region) -> list[Op]:
    found = []
    for op in region.ops:
        if op.derived and op.prim not in STRUCTURED:
            found.append(op)
        for inner in op.regions:
            found += _derived(inner)
    return found
