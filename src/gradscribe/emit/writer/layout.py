"""Break a logical line that is too long, the way black breaks it.

The writer hands over a line as a list of pieces: plain text, and `Mark`s where layout
has a choice. Joined, the pieces are the line on one line; `lay_out` is called only when
that does not fit:

    y = some_function(first_argument, second_argument) + another_function(argument)

    y = some_function(first_argument, second_argument) + another_function(
        argument
    )

The rules are black's. A line is broken at its last pair of brackets, which may be a pair
that nobody sees until it is needed (round the right-hand side of an assignment, say); what
stands inside is broken before its operators or after its commas, those that bind loosest
first; and each line that results is treated in the same way. Most of the code below decides
between pairs of brackets.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradscribe.emit.writer.breaking import Breaker
from gradscribe.emit.writer.lines import Leaf, Line, breaks_of, copies_of, leaves_of, pair
from gradscribe.emit.writer.marks import (
    COMMA,
    HIDDEN,
    HIDDEN_CONDITIONAL,
    HIDDEN_STATEMENT,
    SHOWN,
)

# How often a line is laid out until it stays as it is; the third time is rare.
MAX_PASSES = 4


def lay_out(pieces: Sequence[str], depth: int = 0, kind: str = "", width: int = 88) -> list[str]:
    """The lines for a logical line made of `pieces`."""
    leaves = leaves_of(pieces)
    breaker = Breaker(width, leaves)
    texts: list[str] = []
    for _ in range(MAX_PASSES):
        lines = breaker.transform(Line(leaves, depth, kind))
        previous, texts = texts, [line.text() for line in lines]
        if texts == previous or not any(line.leaves[-1].text == "," for line in lines):
            break
        # The commas that now end lines are there to stay, and what they hold is kept
        # broken: black would see them, and may then decide differently elsewhere.
        leaves = _again(lines)
        breaker.magic = _magic(leaves, kind)
    return texts


def _again(lines: Sequence[Line]) -> list[Leaf]:
    """The leaves of broken lines as those of one line, as they would be read again.

    Parentheses that were shown become invisible, except where they have become part of
    the expression.
    """
    leaves = copies_of([leaf for line in lines for leaf in line.leaves])
    pair(leaves)
    for position, leaf in enumerate(leaves):
        mark, closing = leaf.mark, leaf.partner
        if mark.opens and not mark and leaf.text and closing:
            inside = leaves[position + 1 : leaves.index(closing)]
            if (
                mark is HIDDEN_STATEMENT
                or mark is HIDDEN_CONDITIONAL
                or (mark is HIDDEN and COMMA in breaks_of(inside).values())
            ):
                leaf.mark, closing.mark = SHOWN
            else:
                leaf.text = closing.text = ""
    return leaves


def _magic(leaves: Sequence[Leaf], kind: str) -> set[Leaf]:
    """Closing brackets after a comma that is there only to keep them broken open."""
    found: set[Leaf] = set()
    stack: list[tuple[Leaf, int]] = []  # opening brackets, and commas up to there
    commas = 0
    for position, leaf in enumerate(leaves):
        if leaf.opens:
            stack.append((leaf, commas))
            commas = 0
        elif leaf.closes:
            opening, outer = stack.pop()
            if commas and leaves[position - 1].text == ",":
                tuple_or_index = leaf.mark.subscript or (
                    opening.mark.display and opening.text in "("
                )
                if commas > 1 or not tuple_or_index or kind == "import":
                    found.add(leaf)
            commas = outer
        elif leaf.mark.priority == COMMA:
            commas += 1
    return found
