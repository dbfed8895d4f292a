"""Lines under layout: leaves, which are pieces of text with the blanks before them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from gradscribe.emit.writer.marks import COMMA, DOT, HUG, PLAIN, Mark

INDENT = "    "

_WORD = re.compile(r"[^\W\d]\w*|\.")


class Leaf:
    """One piece on a line, with the blank before it. Its bracket may be made visible."""

    __slots__ = ("blank", "closes", "gap", "mark", "opens", "partner", "text")

    def __init__(self, blank: str, text: str, mark: Mark) -> None:
        self.blank = blank
        self.gap = blank  # the blank unless a line begins here
        self.text = text
        self.mark = mark
        self.opens = mark.opens
        self.closes = mark.closes
        self.partner: Leaf | None = None  # of a bracket: the other one


@dataclass(slots=True, eq=False)
class Line:
    """Leaves for one line.

    Attributes:
        depth: its indentation, in levels.
        kind: "def", "import", "with" where the line begins such a statement.
        inside: it stands between brackets, so it can be broken at operators and commas.
        explode: it must be broken there even if it fits.
        known: of its invisible brackets, those that count when it is judged whether a
            broken line should have used them.
    """

    leaves: list[Leaf]
    depth: int
    kind: str = ""
    inside: bool = False
    explode: bool = False
    known: str = "all"
    _breaks: dict[int, int] | None = None

    def breaks(self) -> dict[int, int]:
        """Where it could be broken outside brackets: after which leaf, how gladly."""
        if self._breaks is None:
            self._breaks = breaks_of(self.leaves)
        return self._breaks

    def measured(self) -> str:
        """The text by which the line is measured."""
        return INDENT * self.depth + "".join([leaf.blank + leaf.text for leaf in self.leaves])

    def text(self) -> str:
        """The text that is written."""
        parts = [INDENT * self.depth]
        hugged = False
        for position, leaf in enumerate(self.leaves):
            after = hugged
            hugged = leaf.mark is HUG and position > 0 and self._may_hug(position + 1)
            parts.append(leaf.text if hugged or after else leaf.blank + leaf.text)
        return "".join(parts)

    def _may_hug(self, position: int) -> bool:
        """Whether `**` hugs its operands, on this line, of which the second is here.

        Black looks for a bracket after the exponent's name, and takes keywords that follow
        for part of it: `x**n if c else d`, but `x ** n if c else d(x)`.
        """
        if self.leaves[position].text in "+-~":
            position += 1
        for leaf in self.leaves[position:]:
            if leaf.opens:
                return False
            words = leaf.text.split()
            if leaf.closes or "for" in words:
                return True
            if not all(_WORD.fullmatch(word) for word in words):
                return True
        return True


def width_of(text: str) -> int:
    """Columns that the text takes on a screen."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) > 0 for char in text)


def leaves_of(pieces: Sequence[str]) -> list[Leaf]:
    """Pieces as leaves: blanks stand before a leaf, and brackets know their partner."""
    leaves: list[Leaf] = []
    blank = ""
    for piece in pieces:
        mark = piece if isinstance(piece, Mark) else PLAIN
        text = piece.strip(" ")
        if not text and not mark.opens and not mark.closes:
            blank = " " if piece else blank
            continue
        if mark is HUG or piece[:1] == " ":
            blank = " "
        leaf = Leaf(blank if leaves else "", text, mark)
        blank = " " if mark is HUG or piece[-1:] == " " else ""
        leaves.append(leaf)
    pair(leaves)
    return leaves


def pair(leaves: Sequence[Leaf]) -> None:
    """Tell brackets their partners."""
    opened: list[Leaf] = []
    for leaf in leaves:
        if leaf.opens:
            opened.append(leaf)
        elif leaf.closes:
            opening = opened.pop()
            leaf.partner, opening.partner = opening, leaf


def breaks_of(leaves: Sequence[Leaf]) -> dict[int, int]:
    """Where the line could be broken outside brackets: after which leaf, how gladly."""
    found: dict[int, int] = {}
    depth = 0
    for position, leaf in enumerate(leaves):
        mark = leaf.mark
        if mark.rises:
            depth -= 1
        elif mark.priority and depth == 0:
            if mark.priority == COMMA:
                found[position] = COMMA
            elif position and (mark.priority != DOT or leaves[position - 1].closes):
                found[position - 1] = mark.priority
        if mark.deepens:
            depth += 1
    return found


def copies_of(leaves: Sequence[Leaf]) -> list[Leaf]:
    """New leaves like these, so that showing brackets leaves the old ones alone."""
    copies = {leaf: Leaf(leaf.gap, leaf.text, leaf.mark) for leaf in leaves}
    for leaf, copy in copies.items():
        copy.partner = copies.get(leaf.partner) if leaf.partner else None
    result = list(copies.values())
    result[0].blank = ""
    return result
