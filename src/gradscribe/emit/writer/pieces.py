"""Lines made of pieces, and what all writing of nodes has in common."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any

from astunparse import Unparser

from gradscribe.emit.writer.layout import lay_out
from gradscribe.emit.writer.lines import INDENT, width_of
from gradscribe.emit.writer.literals import docstring_lines, docstring_of
from gradscribe.emit.writer.marks import HIDDEN, HUG, Open
from gradscribe.emit.writer.nodes import Blank, Comment
from gradscribe.emit.writer.page import Page
from gradscribe.emit.writer.precedence import TEST, level_of, or_named
from gradscribe.emit.writer.tokens import (
    END_HIDDEN,
    END_PAREN,
    NEXT,
    OPERATORS,
    PAREN,
    WORD_OPERATORS,
)


class Pieces(Unparser):  # type: ignore[misc]  # astunparse has no type information
    """The line that is being written, and the lines that are finished.

    Attributes:
        out: the pieces of the line that is being written.
        page: the lines that are finished.
    """

    def __init__(self, width: int, depth: int = 0, headers_only: bool = False) -> None:
        self.out: list[str] = []
        self.put = self.out.append
        self.page = Page()
        self.width = width
        self.depth = depth
        self.headers_only = headers_only
        self.quotes: frozenset[str] = frozenset()  # those that enclosing f-strings took

    def dispatch(self, tree: Any) -> None:
        """Write a node."""
        getattr(self, "_" + tree.__class__.__name__)(tree)

    # Lines ------------------------------------------------------------------------------

    def end_line(self, kind: str = "", layout: str = "") -> None:
        """Finish the line that has been collected.

        Args:
            kind: what the line is, for the blank lines round it.
            layout: which statement begins with it, if that matters to layout.
        """
        out = self.out
        text = INDENT * self.depth + "".join(out)
        fitting = len(text) <= self.width if text.isascii() else width_of(text) <= self.width
        crowded = HUG in out and not WORD_OPERATORS.isdisjoint(out)
        if not fitting or crowded:
            text = "\n".join(lay_out(out, self.depth, layout, self.width))
        out.clear()
        self.page.add(text, self.depth, kind)

    def module(self, body: Sequence[ast.stmt]) -> None:
        """Write the statements of a module."""
        self.statements(body, "module docstring")

    def block(self, body: Sequence[ast.stmt], docstring: str = "docstring") -> None:
        """Write the statements below a header."""
        if self.headers_only:
            return
        self.depth += 1
        if all(isinstance(node, (Comment, Blank)) for node in body):
            body = [*body, ast.Pass()]
        self.statements(body, docstring)
        self.depth -= 1

    def statements(self, body: Sequence[ast.stmt], docstring: str) -> None:
        """Write statements; a string that comes first is a docstring."""
        first = True
        for node in body:
            if first and not isinstance(node, (Comment, Blank)):
                first = False
                text = docstring_of(node)
                if text is not None:
                    self.page.add(
                        docstring_lines(text, self.depth, self.width), self.depth, docstring
                    )
                    continue
            self.dispatch(node)
        self.page.blank = False

    # Helpers for expressions ------------------------------------------------------------

    def expr(self, node: ast.AST, level: int = TEST) -> None:
        """Write an expression where one that binds at `level` or tighter may stand."""
        if level_of(node) < level:
            self.put(PAREN)
            self.alone(node)
            self.put(END_PAREN)
        else:
            self.dispatch(node)

    def alone(self, node: ast.AST) -> None:
        """Write what stands alone in its parentheses."""
        if type(node) is ast.IfExp:
            self.conditional(node)
        else:
            self.dispatch(node)

    def optional(
        self, node: ast.AST, level: int = TEST, bare: bool = False, opening: Open = HIDDEN
    ) -> None:
        """Write an expression that is put in parentheses if its line has to be broken.

        Args:
            node: the expression.
            level: how tightly it must bind to do without parentheses otherwise.
            bare: a tuple does without parentheses.
            opening: the kind of parentheses.
        """
        if bare and isinstance(node, ast.Tuple) and len(node.elts) > 1:
            self.put(opening)
            self.items(node.elts)
            self.put(END_HIDDEN)
        elif isinstance(node, (ast.Tuple, ast.GeneratorExp)) or level_of(node) < level:
            self.expr(node, level)
        else:
            self.put(opening)
            self.alone(node)
            self.put(END_HIDDEN)

    def items(self, nodes: Iterable[ast.AST], level: int = TEST, between: str = NEXT) -> None:
        """Write expressions or patterns with commas, or something else, between them."""
        first = True
        for node in nodes:
            if not first:
                self.put(between)
            first = False
            self.expr(node, level)

    def named_items(self, nodes: Iterable[ast.AST]) -> None:
        """Write expressions with commas between them, where `x := 1` may stand."""
        first = True
        for node in nodes:
            if not first:
                self.put(NEXT)
            first = False
            self.expr(node, or_named(node))

    def operator(self, name: ast.AST) -> None:
        self.put(OPERATORS[type(name).__name__])

    def text_of(self, node: ast.AST) -> str:
        """The text of an expression, apart from the line that is being written."""
        saved = self.out[:]
        self.out.clear()
        self.expr(node)
        text = "".join(self.out)
        self.out[:] = saved
        return text

    # Contexts have no text --------------------------------------------------------------

    def _Load(self, t: ast.Load) -> None:
        """Nothing to write."""

    _Store = _Del = _Load


for _name in OPERATORS:
    setattr(Pieces, "_" + _name, Pieces.operator)
