"""The errors a user sees. Every message carries where it happened and what to do about it.

A rendered error reads::

    model.py:12:9: error: cannot differentiate np.linalg.tensorsolve: no rule
       12 |     s = np.linalg.tensorsolve(w, y)
          |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^
       help: declare one with @linear or @adjoint, or wrap the argument in stop_gradient(...)
"""

from __future__ import annotations

from pathlib import PurePath

from gradscribe.source import Span


class GradscribeError(Exception):
    """Base of every refusal. ``message``, ``span`` and ``hint`` are fields; ``str`` renders them.

    ``file``, ``line`` and ``column`` (both from 1) say where, or are None where there is no source.
    """

    def __init__(self, message: str, span: Span | None = None, hint: str | None = None) -> None:
        self.message = message
        self.span = span
        self.hint = hint
        super().__init__(message, span, hint)

    @property
    def file(self) -> str | None:
        return self.span.file.path if self.span else None

    @property
    def line(self) -> int | None:
        return self.span.line if self.span else None

    @property
    def column(self) -> int | None:
        return self.span.column + 1 if self.span else None

    def __str__(self) -> str:
        lines = [f"{self.span}: error: {self.message}" if self.span else self.message]
        if self.span:
            lines += _excerpt(self.span)
        if self.hint:
            lines.append(f"   help: {self.hint}")
        return "\n".join(lines)


class UnsupportedError(GradscribeError):
    """The compiler does not understand a construct well enough to differentiate it exactly."""


class NoRuleError(GradscribeError):
    """An active value flows into a function that has no derivative rule."""


class AliasError(GradscribeError):
    """A write whose effect on other names cannot be known, or that a derivative cannot follow."""


class ArgumentError(GradscribeError, TypeError):
    """A derivative was asked for, or called, with arguments it cannot be taken for."""


class SourceUnavailableError(GradscribeError):
    """The function has no Python source that can be read (a builtin, an extension, ``exec``)."""


def refusing(error: GradscribeError) -> str:
    """A statement that says what an error says, for text that stands alone.

    It names the file, but not where that lies, so that the text is the same everywhere.
    """
    where = f"{PurePath(error.file or '').name}:{error.line}: " if error.span else ""
    return f"raise NotImplementedError({where + error.message!r})"


def _excerpt(span: Span) -> list[str]:
    text = span.file.line(span.line)
    if not text:
        return []
    indent = " " * span.file.indent
    number = f"{span.line:>5}"
    start = span.column
    end = span.end_column if span.end_line == span.line else len(indent) + len(text)
    return [
        f"{number} | {indent}{text}",
        f"{' ' * len(number)} | {' ' * start}{'^' * max(1, end - start)}",
    ]
