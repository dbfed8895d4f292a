"""The finished lines, and the blank ones that black puts between them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class _Entry:
    """A line of the page, which layout may have made several.

    Attributes:
        text: the line.
        depth: its indentation, in levels.
        kind: what it is: "comment", "import", "decorator", "def", "stub class", "header" (of
            another block), "clause" (the header of one that continues a statement),
            "class docstring" …; most statements are "".
        before: how many blank lines go before it.
    """

    text: str
    depth: int
    kind: str
    before: int

    @property
    def opens(self) -> bool:
        """Whether a block begins after this line."""
        return self.kind in ("header", "clause", "def", "class")


class Page:
    """The finished lines, with the blank lines that black puts round them.

    Attributes:
        blank: a blank line has been asked for.
    """

    def __init__(self) -> None:
        self.blank = False
        self._entries: list[_Entry] = []
        self._open: list[int] = []  # depths of the definitions that are open
        self._comments: int | None = None  # where the comments begin that end the page

    def lines(self) -> list[str]:
        """The finished lines."""
        lines: list[str] = []
        for entry in self._entries:
            lines += [""] * entry.before
            lines.append(entry.text)
        return lines

    def add(self, text: str, depth: int, kind: str) -> None:
        """Add a line."""
        entry = _Entry(text, depth, kind, 0)
        closed: int | None = None
        while self._open and self._open[-1] >= depth:
            closed = self._open.pop()
        if kind.endswith(("def", "class")):
            self._open.append(depth)
        if self._entries:
            entry.before = self._before(entry, self._entries[-1], closed)
        if kind != "comment":
            if kind != "decorator" or entry.before:
                self._comments = None
        elif self._comments is None or entry.before:
            self._comments = len(self._entries)
        self._entries.append(entry)
        self.blank = False

    def _before(self, entry: _Entry, last: _Entry, closed: int | None) -> int:
        """How many blank lines go before an entry.

        Args:
            entry: the entry.
            last: the one before it.
            closed: the depth of the outermost definition that has just ended.
        """
        kind = entry.kind
        if kind in ("class docstring", "def docstring"):
            return 0
        before = int(self.blank and not last.opens)
        if closed is not None:
            dependent = closed > 0 and kind == "clause"
            before = 1 if entry.depth or dependent else 2
        if last.kind == "module docstring" and not kind.endswith(("def", "class")):
            return 1
        if kind == "decorator" or kind.endswith(("def", "class")):
            return self._before_definition(entry, last, before)
        if last.kind == "import" and kind != "import" and entry.depth == last.depth:
            return (before or 1) if entry.depth else 1
        if last.kind == "class docstring":
            return max(before, 1)
        return before

    def _before_definition(self, entry: _Entry, last: _Entry, before: int) -> int:
        if last.kind == "decorator":
            return 0
        if last.depth < entry.depth and last.kind in ("class", "def"):
            return 0
        wanted = 1 if entry.depth else 2
        if last.kind != "comment" or last.depth != entry.depth or before:
            return wanted
        # The blank lines go before the comments, which belong to the definition.
        if self._comments:
            first = self._entries[self._comments]
            if not self._entries[self._comments - 1].opens:
                first.before = max(first.before, wanted)
        return 0
