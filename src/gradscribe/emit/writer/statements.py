"""Statements and modules: a method for each kind of node."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from gradscribe.emit.writer.definitions import Definitions
from gradscribe.emit.writer.lines import INDENT
from gradscribe.emit.writer.marks import HIDDEN, HIDDEN_STATEMENT, HIDDEN_TARGET
from gradscribe.emit.writer.nodes import Blank, Comment
from gradscribe.emit.writer.precedence import YIELD, is_union, or_named
from gradscribe.emit.writer.tokens import (
    ASSIGN,
    ASYNC_FOR_STATEMENT,
    CALL,
    END_CALL,
    END_HIDDEN,
    END_PAREN,
    FOR_STATEMENT,
    IN,
    OPERATORS,
    PAREN,
)


class Writer(Definitions):
    """Writes nodes, one method for each kind."""

    # Modules ----------------------------------------------------------------------------

    def _Module(self, t: ast.Module) -> None:
        self.module(t.body)

    def _Interactive(self, t: ast.Interactive) -> None:
        self.module(t.body)

    def _Expression(self, t: ast.Expression) -> None:
        self.expr(t.body)

    def _FunctionType(self, t: ast.FunctionType) -> None:
        self.put(CALL)
        self.items(t.argtypes)
        self.put(END_CALL)
        self.put(" -> ")
        self.expr(t.returns)

    def _TypeIgnore(self, t: ast.TypeIgnore) -> None:
        self.put("# type: ignore" + t.tag)

    # Simple statements ------------------------------------------------------------------

    def _Comment(self, t: Comment) -> None:
        for line in t.text.splitlines() or [""]:
            self.page.add(f"{INDENT * self.depth}# {line}".rstrip(), self.depth, "comment")

    def _Blank(self, t: Blank) -> None:
        self.page.blank = True

    def _Expr(self, t: ast.Expr) -> None:
        value = t.value
        if isinstance(value, ast.BinOp) and type(value.op) not in _UNPARENTHESISED:
            self.optional(value, opening=HIDDEN_STATEMENT)
        else:
            self.expr(value, YIELD)
        self.end_line()

    def _Assign(self, t: ast.Assign) -> None:
        first, *others = t.targets
        if isinstance(first, (ast.Tuple, ast.List)):
            self.optional(first, bare=True, opening=HIDDEN_TARGET)
        else:
            self.expr(first)
        for target in others:
            self.put(ASSIGN)
            self.optional(target)
        self.put(ASSIGN)
        # A tuple that is kept as a tuple reads better in parentheses.
        self.optional(t.value, YIELD, bare=isinstance(t.targets[-1], ast.Tuple))
        self.end_line()

    def _AugAssign(self, t: ast.AugAssign) -> None:
        self.expr(t.target)
        self.put(OPERATORS[type(t.op).__name__].rstrip() + "= ")
        self.optional(t.value, YIELD)
        self.end_line()

    def _AnnAssign(self, t: ast.AnnAssign) -> None:
        if not t.simple and isinstance(t.target, ast.Name):
            self.put(PAREN)
            self.expr(t.target)
            self.put(END_PAREN)
        else:
            self.expr(t.target)
        self.put(": ")
        self.optional(t.annotation)
        if t.value is not None:
            self.put(ASSIGN)
            self.optional(t.value, YIELD)
        self.end_line()

    def _TypeAlias(self, t: Any) -> None:
        self.put("type ")
        self.expr(t.name)
        self.type_parameters(t)
        self.put(ASSIGN)
        self.expr(t.value)
        self.end_line()

    def _Return(self, t: ast.Return) -> None:
        self.put("return")
        if t.value is not None:
            self.put(" ")
            self.optional(t.value, bare=True)
        self.end_line()

    def _Delete(self, t: ast.Delete) -> None:
        self.put("del ")
        if len(t.targets) == 1:
            self.optional(t.targets[0])
        else:
            self.put(HIDDEN)
            self.items(t.targets)
            self.put(END_HIDDEN)
        self.end_line()

    def _Pass(self, t: ast.Pass) -> None:
        self.put("pass")
        self.end_line()

    def _Break(self, t: ast.Break) -> None:
        self.put("break")
        self.end_line()

    def _Continue(self, t: ast.Continue) -> None:
        self.put("continue")
        self.end_line()

    def _Assert(self, t: ast.Assert) -> None:
        self.put("assert ")
        self.optional(t.test)
        if t.msg is not None:
            self.put(", ")
            self.optional(t.msg)
        self.end_line()

    def _Raise(self, t: ast.Raise) -> None:
        self.put("raise")
        if t.exc is not None:
            self.put(" ")
            self.expr(t.exc)
        if t.cause is not None:
            self.put(" from ")
            self.expr(t.cause)
        self.end_line()

    def _Global(self, t: ast.Global) -> None:
        self.put("global " + ", ".join(t.names))
        self.end_line()

    def _Nonlocal(self, t: ast.Nonlocal) -> None:
        self.put("nonlocal " + ", ".join(t.names))
        self.end_line()

    def _Import(self, t: ast.Import) -> None:
        self.put("import ")
        self.items(t.names)
        self.end_line("import", "import")

    def _ImportFrom(self, t: ast.ImportFrom) -> None:
        self.put(f"from {'.' * (t.level or 0)}{t.module or ''} import ")
        if t.names[0].name == "*":
            self.put("*")
        else:
            self.put(HIDDEN_TARGET)
            self.items(t.names)
            self.put(END_HIDDEN)
        self.end_line("import", "import")

    def _alias(self, t: ast.alias) -> None:
        self.put(t.name)
        if t.asname:
            self.put(" as " + t.asname)

    # Compound statements ----------------------------------------------------------------

    def _If(self, t: ast.If) -> None:
        self.put("if ")
        self.branch(t)

    def branch(self, t: ast.If, kind: str = "") -> None:
        """Write the rest of an `if` or `elif`, and what else belongs to it."""
        self.optional(t.test, or_named(t.test))
        self.put(":")
        self.end_line(kind or "header")
        self.block(t.body)
        if len(t.orelse) == 1 and isinstance(t.orelse[0], ast.If):
            if not self.headers_only:
                self.put("elif ")
                self.branch(t.orelse[0], "clause")
        else:
            self.clause("else:", t.orelse)

    def clause(self, header: str, body: Sequence[ast.stmt]) -> None:
        """Write `else:` or `finally:` with its body, if it has one."""
        if body and not self.headers_only:
            self.put(header)
            self.end_line("clause")
            self.block(body)

    def _While(self, t: ast.While) -> None:
        self.put("while ")
        self.optional(t.test, or_named(t.test))
        self.put(":")
        self.end_line("header")
        self.block(t.body)
        self.clause("else:", t.orelse)

    def _For(self, t: ast.For) -> None:
        self.put(FOR_STATEMENT)
        self.loop(t)

    def _AsyncFor(self, t: ast.AsyncFor) -> None:
        self.put(ASYNC_FOR_STATEMENT)
        self.loop(t)

    def loop(self, t: ast.For | ast.AsyncFor) -> None:
        """Write the rest of a `for` statement."""
        self.optional(t.target, bare=True, opening=HIDDEN_TARGET)
        self.put(IN)
        self.optional(t.iter)
        self.put(":")
        self.end_line("header")
        self.block(t.body)
        self.clause("else:", t.orelse)

    def _With(self, t: ast.With) -> None:
        self.put("with ")
        self.context(t)

    def _AsyncWith(self, t: ast.AsyncWith) -> None:
        self.put("async with ")
        self.context(t)

    def context(self, t: ast.With | ast.AsyncWith) -> None:
        """Write the rest of a `with` statement."""
        self.put(HIDDEN_TARGET)
        self.items(t.items)
        self.put(END_HIDDEN)
        self.put(":")
        self.end_line("header", "with")
        self.block(t.body)

    def _withitem(self, t: ast.withitem) -> None:
        if t.optional_vars is not None and is_union(t.context_expr):
            self.optional(t.context_expr)
        else:
            self.expr(t.context_expr)
        if t.optional_vars is not None:
            self.put(" as ")
            self.expr(t.optional_vars)

    def _Try(self, t: ast.Try) -> None:
        self.attempt(t, "except")

    def _TryStar(self, t: Any) -> None:
        self.attempt(t, "except*")

    def attempt(self, t: ast.Try, keyword: str) -> None:
        """Write a `try` statement."""
        self.put("try:")
        self.end_line("header")
        self.block(t.body)
        if self.headers_only:
            return
        for handler in t.handlers:
            self.handler(handler, keyword)
        self.clause("else:", t.orelse)
        self.clause("finally:", t.finalbody)

    def _ExceptHandler(self, t: ast.ExceptHandler) -> None:
        self.handler(t, "except")

    def handler(self, t: ast.ExceptHandler, keyword: str) -> None:
        """Write one `except` clause."""
        self.put(keyword)
        if t.type is not None:
            self.put(" ")
            self.optional(t.type)
        if t.name:
            self.put(" as " + t.name)
        self.put(":")
        self.end_line("clause")
        self.block(t.body)


# Operators whose statements black does not put in parentheses.
_UNPARENTHESISED = {
    ast.Mult,
    ast.Div,
    ast.FloorDiv,
    ast.Mod,
    ast.MatMult,
    ast.Pow,
    ast.BitOr,
}
