"""Literals as text: numbers, strings in the quotes that suit them, docstrings."""

from __future__ import annotations

import ast
import math
import re
import sys

from gradscribe.emit.writer.lines import INDENT

# Whether strings inside an f-string may use its quotes, and backslashes.
NESTED_QUOTES = sys.version_info >= (3, 12)
PLAIN_TEXT = re.compile(r"[ !#-\[\]-~]*")


# Python refuses to print or read decimals that are longer.
_LONG = 10**4000


class CannotQuote(Exception):
    """No quotes are left for a string inside an f-string."""


def number(value: float) -> str:
    """A number that is not negative."""
    if isinstance(value, int):
        return int.__repr__(value) if value < _LONG else f"0x{value:X}"
    if math.isnan(value):
        return 'float("nan")'
    return float.__repr__(value).replace("inf", "1e309").replace("e+", "e")


def imaginary(value: float) -> str:
    """An imaginary number that is not negative."""
    return number(value).removesuffix(".0") + "j"


def quotes_for(text: str | bytes, taken: frozenset[str]) -> list[str]:
    """Quotes for a literal, best first: those that need the fewest backslashes."""
    if isinstance(text, bytes):
        double, single = text.count(b'"'), text.count(b"'")
    else:
        double, single = text.count('"'), text.count("'")
    quotes = ["'", '"'] if double > single else ['"', "'"]
    quotes += ['"""', "'''"]
    free = [quote for quote in quotes if not any(used in quote for used in taken)]
    return free or (['"'] if NESTED_QUOTES else [])


def may_nest(text: str, taken: frozenset[str]) -> bool:
    """Whether the inside of a literal may stand in f-strings with these quotes."""
    if not taken or NESTED_QUOTES:
        return True
    return "\\" not in text and not any(quote in text for quote in taken)


def escaped(text: str | bytes, quote: str) -> str:
    """The inside of a literal with these quotes."""
    quoted = repr(b'"' + text)[1:] if isinstance(text, bytes) else repr('"' + text)
    # A repr that holds double quotes is in single ones, and escapes only these.
    inside = quoted[2:-1].replace("\\'", "'")
    inside = inside.replace(quote, "".join("\\" + char for char in quote))
    if len(quote) == 3 and inside.endswith(quote[0]):
        return f"{inside[:-1]}\\{quote[0]}"
    return inside


def docstring_of(node: ast.stmt) -> str | None:
    """The text, if the statement is a string."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        value = node.value.value
        return value if isinstance(value, str) else None
    return None


def docstring_lines(text: str, depth: int, width: int) -> str:
    """A docstring in triple quotes, indented where it stands."""
    indent = INDENT * depth
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    escaped = "".join(
        char if char.isprintable() or char in "\n\t" else repr(char)[1:-1] for char in escaped
    )
    first, *rest = escaped.split("\n")
    rest = [_expanded(line) for line in rest]
    margin = min((_margin(line) for line in rest if line.strip()), default=None)
    lines = [first.strip()]
    if margin is not None:
        lines += [indent + line[margin:].rstrip() if line.strip() else "" for line in rest]
        if rest and not rest[-1].strip():
            lines[-1] = indent
    body = "\n".join(lines)
    if body.startswith('"'):
        body = " " + body
    if body.endswith('"'):
        body += " "
    if not body and text:
        body = " "
    if len(lines) > 1 and len(body.rpartition("\n")[2]) + 3 > width:
        body += "\n" + indent
    return f'{indent}"""{body}"""'


def _expanded(line: str) -> str:
    """The line with its leading tabs expanded."""
    rest = line.lstrip()
    return line[: len(line) - len(rest)].expandtabs(4) + rest


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip())
