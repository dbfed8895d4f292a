"""Constants, and strings that hold expressions."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

from gradscribe.emit.writer.literals import (
    PLAIN_TEXT,
    CannotQuote,
    escaped,
    imaginary,
    may_nest,
    number,
    quotes_for,
)
from gradscribe.emit.writer.pieces import Pieces
from gradscribe.emit.writer.precedence import is_negative


class Strings(Pieces):
    """Writes constants and formatted strings."""

    def _Constant(self, t: ast.Constant) -> None:
        value: Any = t.value
        if isinstance(value, str):
            self.put(self.quoted(value))
        elif isinstance(value, bytes):
            self.put("b" + self.quoted(value))
        elif value is None or isinstance(value, bool):
            self.put(repr(value))
        elif value is ...:
            self.put("...")
        elif isinstance(value, complex):
            self.complex_number(value)
        elif isinstance(value, (int, float)):
            if is_negative(value):
                self.put("-")
            self.put(number(abs(value)))
        elif isinstance(value, tuple):
            self.dispatch(ast.Tuple([ast.Constant(item) for item in value], ast.Load()))
        else:
            raise TypeError(f"no literal for {value!r}")

    def complex_number(self, value: complex) -> None:
        """Write a complex number, as a sum if it has a real part."""
        if not value.real and not is_negative(value.real):
            if is_negative(value.imag):
                self.put(number(value.real))
                self.operator(ast.Sub())
            self.put(imaginary(abs(value.imag)))
            return
        if is_negative(value.real):
            self.put("-")
        self.put(number(abs(value.real)))
        self.operator(ast.Sub() if is_negative(value.imag) else ast.Add())
        self.put(imaginary(abs(value.imag)))

    def quoted(self, value: str | bytes) -> str:
        """A string or bytes literal without its prefix."""
        if isinstance(value, str) and not self.quotes and PLAIN_TEXT.fullmatch(value):
            return f'"{value}"'
        for quote in quotes_for(value, self.quotes):
            text = escaped(value, quote)
            if may_nest(text, self.quotes):
                return quote + text + quote
        raise CannotQuote

    def _JoinedStr(self, t: ast.JoinedStr) -> None:
        self.put(self.interpolated("f", t.values))

    def _TemplateStr(self, t: Any) -> None:
        self.put(self.interpolated("t", t.values))

    def interpolated(self, prefix: str, values: Sequence[ast.expr]) -> str:
        """An f-string or t-string, with quotes that nothing inside it uses."""
        outer = self.quotes
        literal = "".join(str(part.value) for part in values if isinstance(part, ast.Constant))
        out = self.out[:]
        try:
            for quote in quotes_for(literal, outer):
                self.quotes = outer | {quote}
                try:
                    text = "".join(self.interpolated_part(part, quote) for part in values)
                except CannotQuote:
                    self.out[:] = out
                    continue
                if may_nest(text, outer):
                    return prefix + quote + text + quote
        finally:
            self.quotes = outer
        if outer:
            raise CannotQuote
        raise ValueError("an f-string holds a string that needs a backslash or other quotes")

    def interpolated_part(self, part: ast.expr, quote: str) -> str:
        """The text of one part of an f-string."""
        if isinstance(part, ast.Constant):
            text = escaped(str(part.value), quote)
            return re.sub(r"(\\N\{[^}]*\})|([{}])", r"\1\2\2", text)
        hole: Any = part
        inner = self.text_of(hole.value)
        if isinstance(hole.value, (ast.Lambda, ast.Yield, ast.YieldFrom)) and inner[0] != "(":
            inner = f"({inner})"
        text = ("{ " if inner.startswith("{") else "{") + inner
        if hole.conversion != -1:
            text += "!" + chr(hole.conversion)
        if hole.format_spec is not None:
            spec = hole.format_spec.values
            text += ":" + "".join(self.interpolated_part(piece, quote) for piece in spec)
        return text + "}"

    def _FormattedValue(self, t: ast.FormattedValue) -> None:
        self.put(self.interpolated("f", [t]))

    def _Interpolation(self, t: Any) -> None:
        self.put(self.interpolated("t", [t]))
