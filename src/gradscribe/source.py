"""Where a piece of text stands: source files and spans in them.

Columns count characters from zero, as an editor does, not the UTF-8 bytes of Python's own AST.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import final


@final
@dataclass(frozen=True, eq=False)
class SourceFile:
    """The text of one file (or one notebook cell), and how its lines map to file lines.

    ``first_line`` is the number in the file of the first line of ``text``: a function's source is
    read out of its file, dedented by ``indent`` columns, and keeps its place.
    """

    path: str
    text: str
    first_line: int = 1
    indent: int = 0

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    def line(self, number: int) -> str:
        """The text of line ``number`` of the file; empty where it is not known."""
        index = number - self.first_line
        return self.lines[index] if 0 <= index < len(self.lines) else ""

    def characters(self, number: int, byte_column: int) -> int:
        """The character column of a byte column of Python's AST, before dedenting."""
        line = self.line(number)
        if line.isascii():
            return byte_column + self.indent
        return len(line.encode()[:byte_column].decode(errors="ignore")) + self.indent


@final
@dataclass(frozen=True, slots=True)
class Span:
    """A range of text: lines from 1, columns from 0, the end exclusive."""

    file: SourceFile
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file.path}:{self.line}:{self.column + 1}"

    def one_line(self, width: int) -> str:
        """The text of the span on one line, shortened with ``…`` to ``width`` characters."""
        if self.line == self.end_line:
            start, end = self.column - self.file.indent, self.end_column - self.file.indent
            text = self.file.line(self.line)[start:end]
        else:
            first = self.file.line(self.line)[self.column - self.file.indent :]
            middle = [self.file.line(n) for n in range(self.line + 1, self.end_line)]
            last = self.file.line(self.end_line)[: self.end_column - self.file.indent]
            text = _join([first, *middle, last])
        return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def _join(lines: list[str]) -> str:
    """Lines of one statement on one line: no space inside the brackets they were broken at."""
    text = ""
    for line in (part.strip().removesuffix("\\").rstrip() for part in lines):
        if not text or not line:
            text += line
        elif text[-1] in "([{" or line[0] in ")]}.":
            text = text.rstrip(",") + line if line[0] in ")]}" else text + line
        else:
            text += " " + line
    return text
