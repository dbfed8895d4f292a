"""Python text in colours, for terminals that want them."""

from __future__ import annotations

import builtins
import io
import keyword
import os
import tokenize
from typing import TextIO

_RESET = "\033[0m"
_COLOURS = {
    "comment": "\033[32m",  # green
    "string": "\033[33m",  # yellow
    "number": "\033[36m",  # cyan
    "keyword": "\033[35m",  # magenta
    "builtin": "\033[34m",  # blue
    "name": "\033[1m",  # bold: what is being defined
}
_STRINGS = {
    getattr(tokenize, name)
    for name in ("STRING", "FSTRING_START", "FSTRING_MIDDLE", "FSTRING_END")
    if hasattr(tokenize, name)
}


def wants_colour(stream: TextIO) -> bool:
    """Is the stream a terminal, and has nobody asked for plain text (https://no-color.org)?"""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def highlight(text: str) -> str:
    """Python text with ANSI colours; the characters are the same, also if it is not Python."""
    lines = text.splitlines(keepends=True)
    made: list[str] = []
    row, column = 1, 0

    def copy_to(line: int, end: int) -> None:
        nonlocal row, column
        while row < line:
            made.append(lines[row - 1][column:])
            row, column = row + 1, 0
        made.append(lines[row - 1][column:end] if row <= len(lines) else "")
        column = end

    defines = False
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            colour = "name" if defines and token.type == tokenize.NAME else _kind(token)
            defines = token.type == tokenize.NAME and token.string in ("def", "class")
            if colour is not None:
                copy_to(*token.start)
                made.append(_COLOURS[colour])
                copy_to(*token.end)
                made.append(_RESET)
    except (tokenize.TokenError, SyntaxError):
        pass
    while row <= len(lines):
        copy_to(row + 1, 0)
    return "".join(made)


def _kind(token: tokenize.TokenInfo) -> str | None:
    if token.type == tokenize.COMMENT:
        return "comment"
    if token.type in _STRINGS:
        return "string"
    if token.type == tokenize.NUMBER:
        return "number"
    if token.type == tokenize.NAME and keyword.iskeyword(token.string):
        return "keyword"
    if token.type == tokenize.NAME and hasattr(builtins, token.string):
        return "builtin"
    return None
