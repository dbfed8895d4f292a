"""Python syntax trees as text: what black would leave, with only the parentheses needed.

    >>> tree = ast.parse("y=(a*(x**2))+b[(i+1):]")
    >>> write(tree.body)
    'y = a * x**2 + b[i + 1 :]\\n'

Each node has a method that appends pieces of text to the line being written. A statement's
line is the pieces joined; only if that is too long does `layout` look at the pieces.
Blank lines are decided by `page`, from what each line is.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence

from gradscribe.emit.writer.lines import INDENT, width_of
from gradscribe.emit.writer.nodes import Blank, Comment
from gradscribe.emit.writer.statements import Writer

__all__ = ["BLACK_WIDTH", "Blank", "Comment", "Writer", "fits", "one_line", "statement", "write"]

BLACK_WIDTH = 88


def write(body: Sequence[ast.stmt], width: int = BLACK_WIDTH) -> str:
    """The text of a whole module, ending in one newline."""
    writer = Writer(width)
    writer.module(body)
    return "\n".join([*writer.page.lines(), ""])


def statement(node: ast.stmt, indent: int = 0, width: int = BLACK_WIDTH) -> str:
    """One statement with all that belongs to it, `indent` levels deep, no newline at the end."""
    writer = Writer(width, indent)
    writer.dispatch(node)
    return "\n".join(writer.page.lines())


def one_line(node: ast.AST) -> str:
    """An expression or a simple statement on one line, whatever its length.

    A compound statement is written without its body.
    """
    writer = Writer(sys.maxsize, headers_only=True)
    writer.dispatch(node)
    if writer.out:
        writer.end_line()
    return writer.page.lines()[-1]


def fits(node: ast.stmt, indent: int, width: int = BLACK_WIDTH) -> bool:
    """Whether the statement, or the header of a compound one, would stand on one line."""
    return width_of(one_line(node)) + len(INDENT) * indent <= width
