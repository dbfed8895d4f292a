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

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

INDENT = "    "

# How often a line is laid out until it stays as it is; the third time is rare.
MAX_PASSES = 4

_WORD = re.compile(r"[^\W\d]\w*|\.")

# Where a line is broken first: the higher number wins.
COMPREHENSION, COMMA, TERNARY, LOGIC, COMPARISON, POWER, DOT = 20, 18, 16, 14, 10, 2, 1


class Mark(str):
    """A piece of text that layout treats specially.

    Attributes:
        opens, closes: it is a bracket.
        deepens, rises: nothing between one that deepens and one that rises is outside
            brackets. Brackets do that, and the words of `Enter` and `Leave`.
        priority: how gladly the line is broken here; 0 is not at all.
        equal: it is the `=` of an assignment, a keyword argument or a default.
        square: it is an opening square bracket.
        display: it opens an expression of its own or imported names (not arguments, an
            index, parameters): when broken open, each of its items gets its own line.
        subscript: it closes a subscript.
    """

    opens = closes = deepens = rises = equal = square = display = subscript = False
    priority = 0


class Open(Mark):
    """An opening bracket; with empty text, parentheses that appear only if needed."""

    opens = deepens = True

    def __new__(cls, text: str, *, display: bool = False) -> Open:
        mark = super().__new__(cls, text)
        mark.square = text == "["
        mark.display = display
        return mark


class Close(Mark):
    """A closing bracket."""

    closes = rises = True

    def __new__(cls, text: str, *, subscript: bool = False) -> Close:
        mark = super().__new__(cls, text)
        mark.subscript = subscript
        return mark


class Break(Mark):
    """A place to break: before the text, or after it for a comma."""

    def __new__(cls, text: str, priority: int) -> Break:
        mark = super().__new__(cls, text)
        mark.priority = priority
        return mark


class Enter(Break):
    """`for` or `lambda`: the names that follow are not broken apart."""

    deepens = True


class Leave(Mark):
    """`in` or `:`, where what `Enter` began ends."""

    rises = True


class Equal(Mark):
    """`=` in an assignment, a keyword argument or a default."""

    equal = True


PLAIN = Mark("")

# `**` between simple operands. Its width counts as if it had spaces: black measures first
# and takes the spaces out afterwards.
HUG = Break("**", POWER)

# Pairs that appear only if needed, by what they enclose.
HIDDEN = Open("", display=True)
HIDDEN_TARGET = Open("", display=True)
HIDDEN_CASE = Open("", display=True)
HIDDEN_RETURN = Open("", display=True)
HIDDEN_STATEMENT = Open("", display=True)
HIDDEN_CONDITIONAL = Open("")

_SHOWN = Open("(", display=True), Close(")")


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
            self._breaks = _breaks(self.leaves)
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


def lay_out(pieces: Sequence[str], depth: int = 0, kind: str = "", width: int = 88) -> list[str]:
    """The lines for a logical line made of `pieces`."""
    leaves = _leaves(pieces)
    breaker = _Breaker(width, leaves)
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


def _leaves(pieces: Sequence[str]) -> list[Leaf]:
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
    _pair(leaves)
    return leaves


def _pair(leaves: Sequence[Leaf]) -> None:
    """Tell brackets their partners."""
    opened: list[Leaf] = []
    for leaf in leaves:
        if leaf.opens:
            opened.append(leaf)
        elif leaf.closes:
            opening = opened.pop()
            leaf.partner, opening.partner = opening, leaf


def _again(lines: Sequence[Line]) -> list[Leaf]:
    """The leaves of broken lines as those of one line, as they would be read again.

    Parentheses that were shown become invisible, except where they have become part of
    the expression.
    """
    leaves = _copies([leaf for line in lines for leaf in line.leaves])
    _pair(leaves)
    for position, leaf in enumerate(leaves):
        mark, closing = leaf.mark, leaf.partner
        if mark.opens and not mark and leaf.text and closing:
            inside = leaves[position + 1 : leaves.index(closing)]
            if (
                mark is HIDDEN_STATEMENT
                or mark is HIDDEN_CONDITIONAL
                or (mark is HIDDEN and COMMA in _breaks(inside).values())
            ):
                leaf.mark, closing.mark = _SHOWN
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


class _CannotBreak(Exception):
    """The line has no place to break of the kind that was asked for."""


class _Split(NamedTuple):
    """A line broken at a pair of brackets."""

    head: Line
    body: Line
    tail: Line
    opening: Leaf
    closing: Leaf


_Method = Callable[[Line, bool], list[Line]]


class _Breaker:
    """Breaks lines for one width.

    Attributes:
        magic: closing brackets that have to stand on a line of their own.
        hugs: some `**` may do without spaces.
    """

    def __init__(self, width: int, leaves: Sequence[Leaf]) -> None:
        self.width = width
        self.magic: set[Leaf] = set()
        self.hugs = any(leaf.mark is HUG for leaf in leaves)

    def has_magic(self, line: Line) -> bool:
        """Whether the line has to be broken because of a comma in it."""
        if not self.magic or line.known == "none":
            return False
        leaves = set(line.leaves)
        return any(leaf.partner in leaves for leaf in self.magic & leaves)

    def fits(self, line: Line, slack: int = 0) -> bool:
        """Whether the line as it is measured is short enough."""
        return width_of(line.measured()) <= self.width - slack

    def fits_as_written(self, line: Line) -> bool:
        """Whether the line without the spaces that `**` does not need is short enough."""
        return width_of(line.text() if self.hugs else line.measured()) <= self.width

    def has_magic_result(self, line: Line) -> bool:
        """Whether a comma in the annotation of its result has to break a `def`."""
        if not self.magic:
            return False
        texts = [leaf.text for leaf in line.leaves]
        return "->" in texts and not self.magic.isdisjoint(line.leaves[texts.index("->") :])

    def transform(self, line: Line, force: bool = False) -> list[Line]:
        """The line, or the lines it is broken into.

        With `force`, invisible parentheses are used wherever there are any.
        """
        if not line.explode and self.fits_as_written(line) and not self.has_magic(line):
            return [line]
        methods: list[_Method]
        if line.kind == "def" and not self.has_magic_result(line):
            methods = [self.break_parameters]
        elif line.inside:
            methods = [self.break_at_delimiters, self.break_at_brackets]
        else:
            methods = [self.break_at_brackets]
        for method in methods:
            try:
                return self.attempt(line, method, force)
            except _CannotBreak:
                continue
        return [line]

    def attempt(self, line: Line, method: _Method, force: bool) -> list[Line]:
        """The lines that the method breaks the line into, broken further where need be."""
        hidden = [] if force or method != self.break_at_brackets else _hidden(line)
        before = line.measured()
        result: list[Line] = []
        for part in method(line, force):
            if part.measured() == before:
                raise _CannotBreak
            result += self.transform(part, force)
        used = any(leaf.text for leaf, depth in hidden if depth == 0)
        if not hidden or used or self.fits_as_written(result[0]):
            return result
        # The first line is too long: all lines might fit with every invisible pair in use.
        copy = Line(_copies(line.leaves), line.depth, line.kind, line.inside, line.explode)
        pairs = zip(line.leaves, copy.leaves, strict=True)
        self.magic |= {new for old, new in pairs if old in self.magic}
        other = self.attempt(copy, method, True)
        return other if all(self.fits_as_written(part) for part in other) else result

    # Breaking inside brackets -----------------------------------------------------------

    def break_at_delimiters(self, line: Line, force: bool) -> list[Line]:
        """One line per item, broken at the loosest delimiter that is not in brackets."""
        leaves = line.leaves
        breaks = line.breaks().copy()
        breaks.pop(len(leaves) - 1, None)
        if not breaks:
            raise _CannotBreak
        priority = max(breaks.values())
        if priority == DOT and list(breaks.values()).count(DOT) == 1:
            raise _CannotBreak  # a single attribute stays with its owner
        lines: list[Line] = []
        start = 0
        for position, found in breaks.items():
            if found == priority:
                lines.append(Line(leaves[start : position + 1], line.depth, "", True))
                start = position + 1
        rest = leaves[start:]
        if priority == COMMA and rest and rest[-1].text != ",":
            rest = [*rest, _comma()]
        if rest:
            lines.append(Line(rest, line.depth, "", True))
        for part in lines:
            part.leaves[0].blank = ""
        return lines

    # Breaking at a pair of brackets -----------------------------------------------------

    def break_parameters(self, line: Line, force: bool) -> list[Line]:
        """A `def` is broken at its first brackets that hold anything."""
        leaves = line.leaves
        for square in (False, True):
            position = 0
            while position < len(leaves):
                mark = leaves[position].mark
                if mark.opens:
                    partner = leaves[position].partner
                    if partner not in leaves:
                        break  # it was broken here before
                    end = leaves.index(partner, position)
                    if mark.square == square and end > position + 1:
                        split = self.split(line, position, end)
                        _show(split)
                        return [split.head, split.body, split.tail]
                    position = end
                position += 1
        raise _CannotBreak

    def break_at_brackets(self, line: Line, force: bool) -> list[Line]:
        """The line broken at its last brackets, or at earlier ones if its head fits then."""
        columns: dict[Leaf, int] = {}
        column = len(INDENT) * line.depth
        for leaf in line.leaves:
            columns[leaf] = column
            column += len(leaf.blank) + len(leaf.text)

        first: list[Line] | None = None
        for omitted in self.trailers(line):
            if omitted:
                closings = (
                    leaf for leaf in reversed(line.leaves) if leaf.closes and leaf not in omitted
                )
                closing = next(closings, None)
                opening = closing.partner if closing else None
                if opening and opening.text and columns.get(opening, 0) > self.width:
                    continue
            split = self.last_brackets(line, omitted)
            lines = self.maybe_without_hidden(split, line, omitted, force)
            if first is None and not omitted:
                first = lines
            if self.fits(lines[0]):
                return lines
        if first is None:
            first = self.maybe_without_hidden(self.last_brackets(line, set()), line, set(), force)
        return first

    def trailers(self, line: Line) -> Iterator[set[Leaf]]:
        """Sets of closing brackets at the end of the line to pass over, ever larger.

        Generated on demand: visible are the brackets that the attempts so far have shown.
        """
        omitted: set[Leaf] = set()
        if not self.has_magic(line):
            yield omitted
        inner: set[Leaf] = set()
        length = len(INDENT) * line.depth
        opening: Leaf | None = None
        closing: Leaf | None = None
        for position in range(len(line.leaves) - 1, -1, -1):
            leaf = line.leaves[position]
            length += len(leaf.blank) + len(leaf.text)
            if length > self.width:
                return
            previous = line.leaves[position - 1] if position else None
            if opening:
                if leaf is opening:
                    opening = None
                elif leaf.closes:
                    if self.keeps(previous, leaf):
                        return
                    inner.add(leaf)
            elif leaf.closes:
                if previous is not None and previous.opens:
                    inner.add(leaf)  # nothing to be gained from empty brackets
                    continue
                if closing:
                    omitted.add(closing)
                    omitted |= inner
                    inner.clear()
                    yield omitted
                if self.keeps(previous, leaf):
                    return
                if leaf.text:
                    opening, closing = leaf.partner, leaf

    def keeps(self, previous: Leaf | None, closing: Leaf) -> bool:
        """Whether brackets end in a comma and are not passed over; that includes `x[i,]`."""
        comma = previous is not None and previous.text == ","
        return comma and (closing in self.magic or closing.text == "]")

    def last_brackets(self, line: Line, omitted: set[Leaf]) -> _Split:
        """The line split at its last brackets that are not omitted and hold anything."""
        leaves = line.leaves
        position = len(leaves) - 1
        while position >= 0:
            leaf = leaves[position]
            if leaf.closes and leaf not in omitted:
                start = position - 1
                while start >= 0 and leaves[start] is not leaf.partner:
                    start -= 1
                if start < 0:
                    raise _CannotBreak
                if position > start + 1:
                    return self.split(line, start, position)
                position = start
            position -= 1
        raise _CannotBreak

    def split(self, line: Line, start: int, end: int) -> _Split:
        """The line split at the brackets at these positions."""
        leaves = line.leaves
        opening, closing = leaves[start], leaves[end]
        inner = leaves[start + 1 : end]
        if inner[-1].text != "," and (
            line.kind == "import" or (line.kind == "def" and _lone(inner, opening))
        ):
            inner.append(_comma())
        body = Line(inner, line.depth + 1, "", True)
        trailing = inner[-1].text == ","
        if trailing or opening.mark.display:
            commas = list(body.breaks().values()).count(COMMA)
            loose = COMPREHENSION in body.breaks().values()
            body.explode = commas > trailing and not loose
        head = Line(leaves[: start + 1], line.depth, line.kind, known="matched")
        tail = Line(leaves[end:], line.depth, known="none")
        return _Split(head, body, tail, opening, closing)

    def maybe_without_hidden(
        self, split: _Split, line: Line, omitted: set[Leaf], force: bool
    ) -> list[Line]:
        """The split; or one further left, if its brackets need not be shown."""
        opening, closing = split.opening, split.closing
        hidden = not opening.text and not closing.text
        if not force and hidden and line.kind != "import" and self.can_omit(split):
            omitted = {closing, *omitted}
            try:
                other = self.last_brackets(line, omitted)
                if self.prefer(other, split):
                    return self.maybe_without_hidden(other, line, omitted, force)
            except _CannotBreak:
                equals = sum(leaf.mark.equal for leaf in line.leaves)
                if (
                    equals <= 1
                    and not _can_be_broken(split.body)
                    and not self.fits(split.body)
                    and opening.mark is not HIDDEN_CASE
                ):
                    raise
        _show(split)
        return [split.head, split.body, split.tail]

    def prefer(self, other: _Split, split: _Split) -> bool:
        """Whether to leave `split`'s invisible parentheses out and break at `other`."""
        head = split.head.leaves
        if not (len(head) >= 2 and head[-2].mark.equal):
            return True
        if not any(leaf.opens or leaf.closes for leaf in head[:-1]):
            return True
        if not self.fits(split.head, 1) or self.has_magic(split.head):
            return True
        equals = sum(leaf.mark.equal for leaf in head)
        others = [leaf.mark.equal for leaf in other.head.leaves]
        if equals > 1 and equals > sum(others):
            return False
        for leaf in reversed(other.head.leaves):
            if leaf.mark.equal:
                break
            if leaf.closes:
                return True
        return any(others) and self.fits(other.head)

    def can_omit(self, split: _Split) -> bool:
        """Whether the text in these invisible parentheses looks well broken without."""
        leaves = split.body.leaves
        priorities = list(split.body.breaks().values())
        if not priorities:
            return True
        highest = max(priorities)
        if priorities.count(highest) > 1:
            return False
        if highest == COMMA and split.head.kind == "with":
            return False
        if highest == DOT:
            return True
        first, last = leaves[0], leaves[-1]
        if first.opens and not leaves[1].closes and self.rest_fits(split.body):
            return True
        if not last.closes or last.mark.subscript:
            return False
        if leaves[-2].opens:
            return False
        return self.start_fits(split.body)

    def rest_fits(self, line: Line) -> bool:
        """Whether what follows the brackets that begin the line could stand on a line."""
        closing = line.leaves[0].partner
        length = len(INDENT) * line.depth
        follows = False
        for leaf in line.leaves:
            follows = follows or leaf is closing
            if follows:
                length += len(leaf.blank) + len(leaf.text)
                if length > self.width:
                    return False
                if leaf.opens:
                    follows = False  # it can be broken here
        return True

    def start_fits(self, line: Line) -> bool:
        """Whether what precedes the brackets that end the line could stand on a line."""
        opening = line.leaves[-1].partner
        length = len(INDENT) * line.depth
        other_brackets = False
        for leaf in line.leaves:
            length += len(leaf.blank) + len(leaf.text)
            if leaf is opening:
                return other_brackets or length <= self.width
            other_brackets = other_brackets or leaf.opens
        return False


def _breaks(leaves: Sequence[Leaf]) -> dict[int, int]:
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


def _hidden(line: Line) -> list[tuple[Leaf, int]]:
    """The line's invisible brackets that count, with their depth."""
    if line.known == "none":
        return []
    leaves = line.leaves
    if line.known == "matched":
        members = set(leaves)
        leaves = [leaf for leaf in leaves if leaf.partner in members]
    hidden: list[tuple[Leaf, int]] = []
    depth = 0
    for leaf in leaves:
        if leaf.mark.rises:
            depth -= 1
        if (leaf.opens or leaf.closes) and not leaf.text:
            hidden.append((leaf, depth))
        if leaf.mark.deepens:
            depth += 1
    return hidden


def _show(split: _Split) -> None:
    """Make the brackets visible at which the line is split."""
    if not split.opening.text:
        split.opening.text, split.closing.text = "(", ")"


def _comma() -> Leaf:
    return Leaf("", ",", Break(",", COMMA))


def _copies(leaves: Sequence[Leaf]) -> list[Leaf]:
    """New leaves like these, so that showing brackets leaves the old ones alone."""
    copies = {leaf: Leaf(leaf.gap, leaf.text, leaf.mark) for leaf in leaves}
    for leaf, copy in copies.items():
        copy.partner = copies.get(leaf.partner) if leaf.partner else None
    result = list(copies.values())
    result[0].blank = ""
    return result


def _lone(inner: Sequence[Leaf], opening: Leaf) -> bool:
    """Whether a lone parameter stands here; it gets a comma of its own.

    As in black, a comma in its default stops that, but not one in its annotation.
    """
    if opening.text != "(" or opening.mark is HIDDEN_RETURN:
        return False
    depth = 0
    annotation = False
    for leaf in inner:
        if leaf.closes:
            depth -= 1
        elif depth == 0 and (leaf.text == ":" or leaf.mark.equal):
            annotation = leaf.text == ":"
        elif leaf.text == "," and not annotation:
            return False
        if leaf.opens:
            depth += 1
    return True


def _can_be_broken(line: Line) -> bool:
    """Whether the line could be broken at all; a guess, as black's."""
    leaves = line.leaves
    if len(leaves) < 2:
        return False
    return not (leaves[0].text[-1:] in ("'", '"') and leaves[1].text == ".")
