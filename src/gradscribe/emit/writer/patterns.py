"""The `match` statement and its patterns."""

from __future__ import annotations

import ast

from gradscribe.emit.writer.expressions import Expressions
from gradscribe.emit.writer.marks import HIDDEN_CASE
from gradscribe.emit.writer.precedence import BITOR, BITXOR, or_named
from gradscribe.emit.writer.tokens import (
    CALL,
    END_CALL,
    END_HIDDEN,
    END_LIST,
    KEYWORD,
    LIST,
    NEXT,
    OPERATORS,
)


class Patterns(Expressions):
    """Writes `match` statements."""

    def _Match(self, t: ast.Match) -> None:
        self.put("match ")
        if isinstance(t.subject, ast.Tuple):
            self.bare(t.subject)
        else:
            self.expr(t.subject, or_named(t.subject))
        self.put(":")
        self.end_line("header")
        if not self.headers_only:
            self.depth += 1
            for case in t.cases:
                self.dispatch(case)
            self.depth -= 1

    def _match_case(self, t: ast.match_case) -> None:
        self.put("case ")
        self.put(HIDDEN_CASE)
        self.dispatch(t.pattern)
        self.put(END_HIDDEN)
        if t.guard is not None:
            self.put(" if ")
            self.optional(t.guard, or_named(t.guard))
        self.put(":")
        self.end_line("header")
        self.block(t.body)

    def _MatchValue(self, t: ast.MatchValue) -> None:
        self.expr(t.value)

    def _MatchSingleton(self, t: ast.MatchSingleton) -> None:
        self.put(repr(t.value))

    def _MatchSequence(self, t: ast.MatchSequence) -> None:
        self.put(LIST)
        self.items(t.patterns)
        self.put(END_LIST)

    def _MatchStar(self, t: ast.MatchStar) -> None:
        self.put("*" + (t.name or "_"))

    def _MatchMapping(self, t: ast.MatchMapping) -> None:
        keys: list[ast.expr | None] = [*t.keys]
        patterns: list[ast.AST] = [*t.patterns]
        if t.rest:
            keys.append(None)
            patterns.append(ast.MatchAs(name=t.rest))
        self.entries(keys, patterns)

    def _MatchClass(self, t: ast.MatchClass) -> None:
        self.expr(t.cls)
        self.put(CALL)
        self.items(t.patterns)
        first = not t.patterns
        for name, pattern in zip(t.kwd_attrs, t.kwd_patterns, strict=True):
            if not first:
                self.put(NEXT)
            first = False
            self.put(name)
            self.put(KEYWORD)
            self.expr(pattern)
        self.put(END_CALL)

    def _MatchAs(self, t: ast.MatchAs) -> None:
        if t.pattern is not None:
            self.expr(t.pattern, BITOR)
            self.put(" as ")
        self.put(t.name or "_")

    def _MatchOr(self, t: ast.MatchOr) -> None:
        self.items(t.patterns, BITXOR, OPERATORS["BitOr"])
