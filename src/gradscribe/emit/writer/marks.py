"""Pieces of text that layout treats specially: brackets, and places where a line may be broken."""

from __future__ import annotations

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

SHOWN = Open("(", display=True), Close(")")
