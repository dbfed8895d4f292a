"""Where one line is broken: at which pair of brackets, or at which operators or commas in one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gradscribe.emit.writer.lines import INDENT, Leaf, Line, copies_of, width_of
from gradscribe.emit.writer.marks import (
    COMMA,
    COMPREHENSION,
    DOT,
    HIDDEN_CASE,
    HIDDEN_RETURN,
    HUG,
    Break,
)


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


class Breaker:
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
        copy = Line(copies_of(line.leaves), line.depth, line.kind, line.inside, line.explode)
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
