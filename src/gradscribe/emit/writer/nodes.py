"""Statements that Python's grammar lacks: comments and empty lines."""

from __future__ import annotations

import ast


class Comment(ast.stmt):
    """A comment on a line of its own: `# text`."""

    _fields = ("text",)

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.text = text


class Blank(ast.stmt):
    """An empty line."""

    _fields = ()
