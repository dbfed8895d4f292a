"""The text of operators and brackets, as marks that tell layout where a line may be broken."""

from __future__ import annotations

from gradscribe.emit.writer.marks import (
    COMMA,
    COMPARISON,
    COMPREHENSION,
    DOT,
    LOGIC,
    TERNARY,
    Break,
    Close,
    Enter,
    Equal,
    Leave,
    Open,
)

# The text of each operator, and how gladly a line is broken before it.
OPERATORS: dict[str, str] = {
    "Or": Break(" or ", LOGIC),
    "And": Break(" and ", LOGIC),
    "BitOr": Break(" | ", 9),
    "BitXor": Break(" ^ ", 8),
    "BitAnd": Break(" & ", 7),
    "LShift": Break(" << ", 6),
    "RShift": Break(" >> ", 6),
    "Add": Break(" + ", 5),
    "Sub": Break(" - ", 5),
    "Mult": Break(" * ", 4),
    "Div": Break(" / ", 4),
    "FloorDiv": Break(" // ", 4),
    "Mod": Break(" % ", 4),
    "MatMult": Break(" @ ", 4),
    "Pow": Break(" ** ", 2),
    "Not": "not ",
    "USub": "-",
    "UAdd": "+",
    "Invert": "~",
    "Eq": Break(" == ", COMPARISON),
    "NotEq": Break(" != ", COMPARISON),
    "Lt": Break(" < ", COMPARISON),
    "LtE": Break(" <= ", COMPARISON),
    "Gt": Break(" > ", COMPARISON),
    "GtE": Break(" >= ", COMPARISON),
    "Is": Break(" is ", COMPARISON),
    "IsNot": Break(" is not ", COMPARISON),
    "In": Break(" in ", COMPARISON),
    "NotIn": Break(" not in ", COMPARISON),
}

PAREN, END_PAREN = Open("(", display=True), Close(")")
CALL, END_CALL = Open("("), Close(")")
LIST, END_LIST = Open("[", display=True), Close("]")
INDEX, END_INDEX = Open("["), Close("]", subscript=True)
BRACE, END_BRACE = Open("{", display=True), Close("}")
END_HIDDEN = Close("")
NEXT, ONE = Break(", ", COMMA), Break(",", COMMA)
ATTRIBUTE = Break(".", DOT)
ASSIGN, KEYWORD = Equal(" = "), Equal("=")
LAMBDA, LAMBDA_BODY = Enter("lambda", 0), Leave(": ")
FOR, ASYNC_FOR = Enter(" for ", COMPREHENSION), Enter(" async for ", COMPREHENSION)
FOR_STATEMENT, ASYNC_FOR_STATEMENT = Enter("for ", 0), Enter("async for ", 0)
IN = Leave(" in ")
FILTER = Break(" if ", COMPREHENSION)
IF, ELSE = Break(" if ", TERNARY), Break(" else ", TERNARY)

# Words after which `**` has to look at the rest of its line (see layout).
WORD_OPERATORS = frozenset(
    [str(IF), str(ELSE), " and ", " or ", " in ", " not in ", " is ", " is not ", str(FOR)]
)
