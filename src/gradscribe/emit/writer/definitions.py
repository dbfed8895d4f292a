"""Functions and classes: their headers, parameters and type parameters."""

from __future__ import annotations

import ast
from typing import Any

from gradscribe.emit.writer.marks import HIDDEN_RETURN
from gradscribe.emit.writer.nodes import Blank
from gradscribe.emit.writer.patterns import Patterns
from gradscribe.emit.writer.precedence import is_ellipsis
from gradscribe.emit.writer.tokens import ASSIGN, CALL, END_CALL, END_INDEX, INDEX


class Definitions(Patterns):
    """Writes definitions of functions and classes."""

    def _ClassDef(self, t: ast.ClassDef) -> None:
        self.decorators(t)
        self.put("class " + t.name)
        self.type_parameters(t)
        if t.bases or t.keywords:
            self.arguments(t.bases, t.keywords)
        self.definition(t, "class", "")

    def _FunctionDef(self, t: ast.FunctionDef) -> None:
        self.decorators(t)
        self.put("def ")
        self.function(t)

    def _AsyncFunctionDef(self, t: ast.AsyncFunctionDef) -> None:
        self.decorators(t)
        self.put("async def ")
        self.function(t)

    def decorators(self, t: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Write the decorators of a definition."""
        for decorator in t.decorator_list:
            self.put("@")
            self.expr(decorator)
            self.end_line("decorator")

    def function(self, t: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Write the rest of a function definition."""
        self.put(t.name)
        self.type_parameters(t)
        self.put(CALL)
        self.dispatch(t.args)
        self.put(END_CALL)
        if t.returns is not None:
            self.put(" -> ")
            self.optional(t.returns, opening=HIDDEN_RETURN)
        self.definition(t, "def", "def")

    def definition(
        self, t: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, kind: str, layout: str
    ) -> None:
        """Finish the header of a definition and write its body."""
        self.put(":")
        body = [node for node in t.body if not isinstance(node, Blank)]
        if len(body) == 1 and is_ellipsis(body[0]):
            self.put(" ...")
            self.end_line("stub " + kind, layout)
        else:
            self.end_line(kind, layout)
            self.block(t.body, f"{kind} docstring")

    def _arguments(self, t: ast.arguments) -> None:
        self.parameters(t)

    def type_parameters(self, t: Any) -> None:
        """Write the type parameters of a definition, if it has any."""
        parameters = getattr(t, "type_params", None)
        if parameters:
            self.put(INDEX)
            self.items(parameters)
            self.put(END_INDEX)

    def _TypeVar(self, t: Any) -> None:
        self.put(t.name)
        if t.bound is not None:
            self.put(": ")
            self.expr(t.bound)
        self.type_default(t)

    def _TypeVarTuple(self, t: Any) -> None:
        self.put("*" + t.name)
        self.type_default(t)

    def _ParamSpec(self, t: Any) -> None:
        self.put("**" + t.name)
        self.type_default(t)

    def type_default(self, t: Any) -> None:
        """Write the default of a type parameter, if it has one."""
        default = getattr(t, "default_value", None)
        if default is not None:
            self.put(ASSIGN)
            self.expr(default)
