"""Python syntax trees as text: what black would leave, with only the parentheses needed.

    >>> tree = ast.parse("y=(a*(x**2))+b[(i+1):]")
    >>> write(tree.body)
    'y = a * x**2 + b[i + 1 :]\\n'

Each node has a method that appends pieces of text to the line being written. A statement's
line is the pieces joined; only if that is too long does `layout` look at the pieces.
Blank lines are decided by `_Page`, from what each line is.
"""

from __future__ import annotations

import ast
import math
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from astunparse import Unparser

from gradscribe.emit.layout import (
    COMMA,
    COMPARISON,
    COMPREHENSION,
    DOT,
    HIDDEN,
    HIDDEN_CASE,
    HIDDEN_CONDITIONAL,
    HIDDEN_RETURN,
    HIDDEN_STATEMENT,
    HIDDEN_TARGET,
    HUG,
    INDENT,
    LOGIC,
    TERNARY,
    Break,
    Close,
    Enter,
    Equal,
    Leave,
    Open,
    lay_out,
    width_of,
)

BLACK_WIDTH = 88


class Comment(ast.stmt):
    """A comment on a line of its own: `# text`."""

    _fields = ("text",)
    text: str


class Blank(ast.stmt):
    """An empty line."""

    _fields = ()


def write(body: Sequence[ast.stmt], width: int = BLACK_WIDTH) -> str:
    """The text of a whole module, ending in one newline."""
    writer = Writer(width)
    writer.module(body)
    return "\n".join([*writer.page.lines(), ""])


def statement(node: ast.stmt, indent: int = 0, width: int = BLACK_WIDTH) -> str:
    """One statement with all that belongs to it, `indent` levels deep, no newline at the end."""
    writer = Writer(width, indent)
    writer.dispatch(node)
    return "\n".join(writer.page.lines())


def one_line(node: ast.AST) -> str:
    """An expression or a simple statement on one line, whatever its length.

    A compound statement is written without its body.
    """
    writer = Writer(sys.maxsize, headers_only=True)
    writer.dispatch(node)
    if writer.out:
        writer.end_line()
    return writer.page.lines()[-1]


def fits(node: ast.stmt, indent: int, width: int = BLACK_WIDTH) -> bool:
    """Whether the statement, or the header of a compound one, would stand on one line."""
    return width_of(one_line(node)) + len(INDENT) * indent <= width


# How tightly an expression binds; what binds less tightly than its place asks for is put in
# parentheses.
NAMED, YIELD, TEST, OR, AND, NOT, COMPARE, BITOR, BITXOR, BITAND = range(10)
SHIFT, SUM, TERM, UNARY, POWER, AWAIT, ATOM = range(10, 17)

_LEVELS: dict[type[ast.AST], int] = {
    ast.NamedExpr: NAMED,
    ast.Yield: YIELD,
    ast.YieldFrom: YIELD,
    ast.Lambda: TEST,
    ast.IfExp: TEST,
    ast.MatchAs: TEST,
    ast.MatchOr: BITOR,
    ast.Compare: COMPARE,
    ast.Await: AWAIT,
}
_OPERATOR_LEVELS: dict[type[ast.AST], int] = {
    ast.Or: OR,
    ast.And: AND,
    ast.Not: NOT,
    ast.BitOr: BITOR,
    ast.BitXor: BITXOR,
    ast.BitAnd: BITAND,
    ast.LShift: SHIFT,
    ast.RShift: SHIFT,
    ast.Add: SUM,
    ast.Sub: SUM,
    ast.Mult: TERM,
    ast.Div: TERM,
    ast.FloorDiv: TERM,
    ast.Mod: TERM,
    ast.MatMult: TERM,
    ast.USub: UNARY,
    ast.UAdd: UNARY,
    ast.Invert: UNARY,
    ast.Pow: POWER,
}

# The text of each operator, and how gladly a line is broken before it.
_OPERATORS: dict[str, str] = {
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
_WORD_OPERATORS = frozenset(
    [str(IF), str(ELSE), " and ", " or ", " in ", " not in ", " is ", " is not ", str(FOR)]
)


class Writer(Unparser):  # type: ignore[misc]  # astunparse has no type information
    """Writes nodes, one method for each kind.

    Attributes:
        out: the pieces of the line that is being written.
        page: the lines that are finished.
    """

    def __init__(self, width: int, depth: int = 0, headers_only: bool = False) -> None:
        self.out: list[str] = []
        self.put = self.out.append
        self.page = _Page()
        self.width = width
        self.depth = depth
        self.headers_only = headers_only
        self.quotes: frozenset[str] = frozenset()  # those that enclosing f-strings took

    def dispatch(self, tree: Any) -> None:
        """Write a node."""
        getattr(self, "_" + tree.__class__.__name__)(tree)

    # Lines ------------------------------------------------------------------------------

    def end_line(self, kind: str = "", layout: str = "") -> None:
        """Finish the line that has been collected.

        Args:
            kind: what the line is, for the blank lines round it.
            layout: which statement begins with it, if that matters to layout.
        """
        out = self.out
        text = INDENT * self.depth + "".join(out)
        fitting = len(text) <= self.width if text.isascii() else width_of(text) <= self.width
        crowded = HUG in out and not _WORD_OPERATORS.isdisjoint(out)
        if not fitting or crowded:
            text = "\n".join(lay_out(out, self.depth, layout, self.width))
        out.clear()
        self.page.add(text, self.depth, kind)

    def module(self, body: Sequence[ast.stmt]) -> None:
        """Write the statements of a module."""
        self.statements(body, "module docstring")

    def block(self, body: Sequence[ast.stmt], docstring: str = "docstring") -> None:
        """Write the statements below a header."""
        if self.headers_only:
            return
        self.depth += 1
        if all(isinstance(node, (Comment, Blank)) for node in body):
            body = [*body, ast.Pass()]
        self.statements(body, docstring)
        self.depth -= 1

    def statements(self, body: Sequence[ast.stmt], docstring: str) -> None:
        """Write statements; a string that comes first is a docstring."""
        first = True
        for node in body:
            if first and not isinstance(node, (Comment, Blank)):
                first = False
                text = _docstring(node)
                if text is not None:
                    self.page.add(
                        _docstring_lines(text, self.depth, self.width), self.depth, docstring
                    )
                    continue
            self.dispatch(node)
        self.page.blank = False

    # Helpers for expressions ------------------------------------------------------------

    def expr(self, node: ast.AST, level: int = TEST) -> None:
        """Write an expression where one that binds at `level` or tighter may stand."""
        if _level(node) < level:
            self.put(PAREN)
            self.alone(node)
            self.put(END_PAREN)
        else:
            self.dispatch(node)

    def alone(self, node: ast.AST) -> None:
        """Write what stands alone in its parentheses."""
        if type(node) is ast.IfExp:
            self.conditional(node)
        else:
            self.dispatch(node)

    def optional(
        self, node: ast.AST, level: int = TEST, bare: bool = False, opening: Open = HIDDEN
    ) -> None:
        """Write an expression that is put in parentheses if its line has to be broken.

        Args:
            node: the expression.
            level: how tightly it must bind to do without parentheses otherwise.
            bare: a tuple does without parentheses.
            opening: the kind of parentheses.
        """
        if bare and isinstance(node, ast.Tuple) and len(node.elts) > 1:
            self.put(opening)
            self.items(node.elts)
            self.put(END_HIDDEN)
        elif isinstance(node, (ast.Tuple, ast.GeneratorExp)) or _level(node) < level:
            self.expr(node, level)
        else:
            self.put(opening)
            self.alone(node)
            self.put(END_HIDDEN)

    def items(self, nodes: Iterable[ast.AST], level: int = TEST, between: str = NEXT) -> None:
        """Write expressions or patterns with commas, or something else, between them."""
        first = True
        for node in nodes:
            if not first:
                self.put(between)
            first = False
            self.expr(node, level)

    def named_items(self, nodes: Iterable[ast.AST]) -> None:
        """Write expressions with commas between them, where `x := 1` may stand."""
        first = True
        for node in nodes:
            if not first:
                self.put(NEXT)
            first = False
            self.expr(node, _or_named(node))

    def operator(self, name: ast.AST) -> None:
        self.put(_OPERATORS[type(name).__name__])

    def text_of(self, node: ast.AST) -> str:
        """The text of an expression, apart from the line that is being written."""
        saved = self.out[:]
        self.out.clear()
        self.expr(node)
        text = "".join(self.out)
        self.out[:] = saved
        return text

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
        if isinstance(value, ast.BinOp) and type(value.op) not in _PLAIN_OPERATORS:
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
        self.put(_OPERATORS[type(t.op).__name__].rstrip() + "= ")
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
        self.optional(t.test, _or_named(t.test))
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
        self.optional(t.test, _or_named(t.test))
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
        if t.optional_vars is not None and _is_union(t.context_expr):
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
        if len(body) == 1 and _is_ellipsis(body[0]):
            self.put(" ...")
            self.end_line("stub " + kind, layout)
        else:
            self.end_line(kind, layout)
            self.block(t.body, f"{kind} docstring")

    def _arguments(self, t: ast.arguments) -> None:
        self.parameters(t)

    def parameters(self, t: ast.arguments, comma: str = NEXT) -> None:
        """Write the parameters of a function or a lambda."""
        positional = [*t.posonlyargs, *t.args]
        required = len(positional) - len(t.defaults)
        written = False

        def begin() -> None:
            nonlocal written
            if written:
                self.put(comma)
            written = True

        for position, arg in enumerate(positional):
            begin()
            self.parameter(arg, t.defaults[position - required] if position >= required else None)
            if position + 1 == len(t.posonlyargs):
                begin()
                self.put("/")
        if t.vararg or t.kwonlyargs:
            begin()
            self.put("*")
            if t.vararg:
                self.parameter(t.vararg, None)
        for arg, default in zip(t.kwonlyargs, t.kw_defaults, strict=True):
            begin()
            self.parameter(arg, default)
        if t.kwarg:
            begin()
            self.put("**")
            self.parameter(t.kwarg, None)

    def parameter(self, t: ast.arg, default: ast.expr | None) -> None:
        """Write one parameter."""
        self.dispatch(t)
        if default is not None:
            self.put(ASSIGN if t.annotation is not None else KEYWORD)
            self.expr(default)

    def _arg(self, t: ast.arg) -> None:
        self.put(t.arg)
        if t.annotation is not None:
            self.put(": ")
            if _is_union(t.annotation):
                self.optional(t.annotation)
            else:
                self.expr(t.annotation)

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

    # Patterns ---------------------------------------------------------------------------

    def _Match(self, t: ast.Match) -> None:
        self.put("match ")
        if isinstance(t.subject, ast.Tuple):
            self.bare(t.subject)
        else:
            self.expr(t.subject, _or_named(t.subject))
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
            self.optional(t.guard, _or_named(t.guard))
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
        self.items(t.patterns, BITXOR, _OPERATORS["BitOr"])

    # Expressions ------------------------------------------------------------------------

    def _Name(self, t: ast.Name) -> None:
        self.put(t.id)

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
            if _negative(value):
                self.put("-")
            self.put(_number(abs(value)))
        elif isinstance(value, tuple):
            self.dispatch(ast.Tuple([ast.Constant(item) for item in value], ast.Load()))
        else:
            raise TypeError(f"no literal for {value!r}")

    def complex_number(self, value: complex) -> None:
        """Write a complex number, as a sum if it has a real part."""
        if not value.real and not _negative(value.real):
            if _negative(value.imag):
                self.put(_number(value.real))
                self.operator(ast.Sub())
            self.put(_imaginary(abs(value.imag)))
            return
        if _negative(value.real):
            self.put("-")
        self.put(_number(abs(value.real)))
        self.operator(ast.Sub() if _negative(value.imag) else ast.Add())
        self.put(_imaginary(abs(value.imag)))

    def quoted(self, value: str | bytes) -> str:
        """A string or bytes literal without its prefix."""
        if isinstance(value, str) and not self.quotes and _PLAIN.fullmatch(value):
            return f'"{value}"'
        for quote in _quotes(value, self.quotes):
            text = _escaped(value, quote)
            if _may_nest(text, self.quotes):
                return quote + text + quote
        raise _CannotQuote

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
            for quote in _quotes(literal, outer):
                self.quotes = outer | {quote}
                try:
                    text = "".join(self.interpolated_part(part, quote) for part in values)
                except _CannotQuote:
                    self.out[:] = out
                    continue
                if _may_nest(text, outer):
                    return prefix + quote + text + quote
        finally:
            self.quotes = outer
        if outer:
            raise _CannotQuote
        raise ValueError("an f-string holds a string that needs a backslash or other quotes")

    def interpolated_part(self, part: ast.expr, quote: str) -> str:
        """The text of one part of an f-string."""
        if isinstance(part, ast.Constant):
            text = _escaped(str(part.value), quote)
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

    def _BoolOp(self, t: ast.BoolOp) -> None:
        kind = type(t.op)
        self.items(t.values, _OPERATOR_LEVELS[kind] + 1, _OPERATORS[kind.__name__])

    def _BinOp(self, t: ast.BinOp) -> None:
        if isinstance(t.op, ast.Pow):
            self.expr(t.left, AWAIT)
            if _simple_base(t.left) and _simple_exponent(t.right):
                self.put(HUG)
            else:
                self.operator(t.op)
            self.expr(t.right, UNARY)
            return
        level = _OPERATOR_LEVELS[type(t.op)]
        self.expr(t.left, level)
        self.operator(t.op)
        self.expr(t.right, level + 1)

    def _UnaryOp(self, t: ast.UnaryOp) -> None:
        self.operator(t.op)
        operand = t.operand
        if isinstance(t.op, ast.Not):
            self.expr(operand, NOT)
        elif _is_power_of_atom(operand):
            self.expr(operand, ATOM)  # black writes -(x**2)
        else:
            self.expr(operand, UNARY)

    def _Compare(self, t: ast.Compare) -> None:
        self.expr(t.left, BITOR)
        for operator, operand in zip(t.ops, t.comparators, strict=True):
            self.operator(operator)
            self.expr(operand, BITOR)

    def _NamedExpr(self, t: ast.NamedExpr) -> None:
        self.expr(t.target)
        self.put(" := ")
        self.expr(t.value)

    def _Lambda(self, t: ast.Lambda) -> None:
        self.put(LAMBDA)
        start = len(self.out)
        self.parameters(t.args, ", ")
        if len(self.out) > start:
            self.out.insert(start, " ")
        self.put(LAMBDA_BODY)
        self.expr(t.body)

    def _IfExp(self, t: ast.IfExp) -> None:
        self.put(HIDDEN_CONDITIONAL)
        self.conditional(t)
        self.put(END_HIDDEN)

    def conditional(self, t: ast.IfExp) -> None:
        """Write a conditional expression."""
        self.expr(t.body, OR)
        self.put(IF)
        self.expr(t.test, OR)
        self.put(ELSE)
        self.expr(t.orelse)

    def _Await(self, t: ast.Await) -> None:
        self.put("await ")
        self.expr(t.value, ATOM)

    def _Yield(self, t: ast.Yield) -> None:
        self.put("yield")
        if t.value is not None:
            self.put(" ")
            self.bare(t.value)

    def _YieldFrom(self, t: ast.YieldFrom) -> None:
        self.put("yield from ")
        self.expr(t.value)

    def bare(self, node: ast.AST, between: str = NEXT) -> None:
        """Write an expression; if it is a tuple, without parentheses."""
        if isinstance(node, ast.Tuple) and len(node.elts) > 1:
            self.items(node.elts, between=between)
        else:
            self.expr(node)

    def _Attribute(self, t: ast.Attribute) -> None:
        value = t.value
        number = isinstance(value, ast.Constant) and type(value.value) in (int, float)
        if number and _level(value) == ATOM:
            self.put(PAREN)
            self.dispatch(value)
            self.put(END_PAREN)
        else:
            self.expr(value, ATOM)
        self.put(ATTRIBUTE)
        self.put(t.attr)

    def _Subscript(self, t: ast.Subscript) -> None:
        self.expr(t.value, ATOM)
        self.put(INDEX)
        index = t.slice
        if isinstance(index, ast.Tuple) and index.elts:
            self.items(index.elts)
            if len(index.elts) == 1 and not isinstance(index.elts[0], ast.Starred):
                self.put(ONE)
        else:
            self.expr(index)
        self.put(END_INDEX)

    def _Slice(self, t: ast.Slice) -> None:
        bounds = [bound for bound in (t.lower, t.upper, t.step) if bound is not None]
        space = " " if any(_is_complex(bound) for bound in bounds) else ""
        if t.lower is not None:
            self.expr(t.lower)
            self.put(space)
        self.put(":")
        if t.upper is not None:
            self.put(space)
            self.expr(t.upper)
        if t.step is not None:
            if t.upper is not None:
                self.put(space)
            self.put(":")
            self.put(space)
            self.expr(t.step)

    def _Call(self, t: ast.Call) -> None:
        self.expr(t.func, ATOM)
        if len(t.args) == 1 and not t.keywords and isinstance(t.args[0], ast.GeneratorExp):
            self.put(CALL)
            self.comprehension(t.args[0])
            self.put(END_CALL)
        else:
            self.arguments(t.args, t.keywords)

    def arguments(self, args: Sequence[ast.expr], keywords: Sequence[ast.keyword]) -> None:
        """Write the arguments of a call or the bases of a class."""
        self.put(CALL)
        if len(args) == 1 and not keywords and isinstance(args[0], ast.IfExp):
            self.conditional(args[0])
        else:
            self.named_items(args)
            if args and keywords:
                self.put(NEXT)
            self.items(keywords)
        self.put(END_CALL)

    def _keyword(self, t: ast.keyword) -> None:
        if t.arg is None:
            self.put("**")
        else:
            self.put(t.arg)
            self.put(KEYWORD)
        self.expr(t.value)

    def _Starred(self, t: ast.Starred) -> None:
        self.put("*")
        self.expr(t.value, BITOR)

    # Displays and comprehensions --------------------------------------------------------

    def _Tuple(self, t: ast.Tuple) -> None:
        self.put(PAREN)
        self.items(t.elts)
        if len(t.elts) == 1:
            self.put(ONE)
        self.put(END_PAREN)

    def _List(self, t: ast.List) -> None:
        self.put(LIST)
        self.named_items(t.elts)
        self.put(END_LIST)

    def _Set(self, t: ast.Set) -> None:
        self.put(BRACE)
        if t.elts:
            self.named_items(t.elts)
        else:
            self.put("*()")  # `{}` is a dictionary
        self.put(END_BRACE)

    def _Dict(self, t: ast.Dict) -> None:
        self.entries(t.keys, t.values)

    def entries(self, keys: Sequence[ast.AST | None], values: Sequence[ast.AST]) -> None:
        """Write the entries of a dictionary or a pattern; one without a key is unpacked."""
        self.put(BRACE)
        first = True
        for key, value in zip(keys, values, strict=True):
            if not first:
                self.put(NEXT)
            first = False
            if key is None:
                self.put("**")
                self.expr(value, BITOR)
            else:
                self.expr(key)
                self.put(": ")
                self.expr(value)
        self.put(END_BRACE)

    def _ListComp(self, t: ast.ListComp) -> None:
        self.put(LIST)
        self.comprehension(t)
        self.put(END_LIST)

    def _SetComp(self, t: ast.SetComp) -> None:
        self.put(BRACE)
        self.comprehension(t)
        self.put(END_BRACE)

    def _GeneratorExp(self, t: ast.GeneratorExp) -> None:
        self.put(PAREN)
        self.comprehension(t)
        self.put(END_PAREN)

    def _DictComp(self, t: ast.DictComp) -> None:
        self.put(BRACE)
        self.expr(t.key)
        self.put(": ")
        self.expr(t.value)
        self.clauses(t.generators)
        self.put(END_BRACE)

    def comprehension(self, t: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        """Write what stands in the brackets of a comprehension."""
        self.expr(t.elt, _or_named(t.elt))
        self.clauses(t.generators)

    def clauses(self, generators: Iterable[ast.comprehension]) -> None:
        """Write the `for` and `if` clauses of a comprehension."""
        for generator in generators:
            self.dispatch(generator)

    def _comprehension(self, t: ast.comprehension) -> None:
        self.put(ASYNC_FOR if t.is_async else FOR)
        self.bare(t.target, ", ")
        self.put(IN)
        self.expr(t.iter, OR)
        for condition in t.ifs:
            self.put(FILTER)
            self.expr(condition, OR)

    # Contexts have no text --------------------------------------------------------------

    def _Load(self, t: ast.Load) -> None:
        """Nothing to write."""

    _Store = _Del = _Load


for _name in _OPERATORS:
    setattr(Writer, "_" + _name, Writer.operator)

# Operators whose statements black does not put in parentheses.
_PLAIN_OPERATORS = {
    ast.Mult,
    ast.Div,
    ast.FloorDiv,
    ast.Mod,
    ast.MatMult,
    ast.Pow,
    ast.BitOr,
}


# Facts about expressions ------------------------------------------------------------------


def _or_named(node: ast.AST) -> int:
    """How tightly an expression must bind where one with `:=` needs no parentheses."""
    return NAMED if type(node) is ast.NamedExpr else TEST


def _level(node: ast.AST) -> int:
    """How tightly the expression binds."""
    kind = type(node)
    if kind is ast.Name:
        return ATOM
    if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.BoolOp)):
        return _OPERATOR_LEVELS[type(node.op)]
    if isinstance(node, ast.Constant):
        return _constant_level(node.value)
    if isinstance(node, ast.MatchAs) and node.pattern is None:
        return ATOM  # only a name
    return _LEVELS.get(kind, ATOM)


def _constant_level(value: object) -> int:
    if isinstance(value, complex):
        positive = not value.real and not _negative(value.real) and not _negative(value.imag)
        return ATOM if positive else SUM
    if isinstance(value, (int, float)):
        return UNARY if _negative(value) else ATOM
    return ATOM


def _negative(value: float) -> bool:
    """Whether the number is written with a minus sign."""
    return value < 0 or (isinstance(value, float) and math.copysign(1.0, value) < 0)


def _is_ellipsis(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and value.value is ...


def _is_union(node: ast.AST) -> bool:
    """Whether black puts this annotation in parentheses to break it: `int | str`."""
    return isinstance(node, (ast.List, ast.Set, ast.Dict)) or (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
    )


def _simple_base(node: ast.AST) -> bool:
    """Whether `**` may hug this left operand: a name, a number, attributes of attributes."""
    if isinstance(node, ast.Attribute):
        owner = node.value
        return isinstance(owner, (ast.Name, ast.Attribute))
    if isinstance(node, ast.Await):
        return _simple_base(node.value)
    return _is_name_or_number(node)


def _simple_exponent(node: ast.AST) -> bool:
    """Whether `**` may hug this right operand."""
    while True:
        if isinstance(node, (ast.Attribute, ast.Await)):
            node = node.value
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            node = node.left
        elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
            return _is_name_or_number(node.operand) or (
                isinstance(node.operand, ast.Attribute) and _simple_exponent(node.operand)
            )
        else:
            return _is_name_or_number(node) or (
                isinstance(node, ast.Constant) and _constant_level(node.value) == UNARY
            )


def _is_name_or_number(node: ast.AST) -> bool:
    """Whether the expression is a single word: a name, a positive number, None."""
    if isinstance(node, ast.Constant):
        value = node.value
        number = value is None or isinstance(value, (int, float, complex))
        return number and _constant_level(value) == ATOM
    return isinstance(node, ast.Name)


def _is_power_of_atom(node: ast.AST) -> bool:
    """Whether this is a power of something without calls, indices or attributes."""
    return (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Pow)
        and not isinstance(node.left, (ast.Call, ast.Subscript, ast.Attribute, ast.Await))
    )


_NOT_COMPLEX = (
    ast.Name,
    ast.Constant,
    ast.UnaryOp,
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Dict,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.comprehension,
    ast.expr_context,
    ast.unaryop,
    ast.Slice,
)


def _is_complex(bound: ast.AST) -> bool:
    """Whether a slice with this bound has spaces round its colon."""
    if type(bound) is ast.Name:
        return False
    for node in ast.walk(bound):
        if not isinstance(node, _NOT_COMPLEX) or isinstance(node, ast.Not):
            return True
        if isinstance(node, ast.Constant) and _constant_level(node.value) == SUM:
            return True
    return False


# Literals ---------------------------------------------------------------------------------

# Whether strings inside an f-string may use its quotes, and backslashes.
NESTED_QUOTES = sys.version_info >= (3, 12)
_PLAIN = re.compile(r"[ !#-\[\]-~]*")


# Python refuses to print or read decimals that are longer.
_LONG = 10**4000


class _CannotQuote(Exception):
    """No quotes are left for a string inside an f-string."""


def _number(value: float) -> str:
    """A number that is not negative."""
    if isinstance(value, int):
        return int.__repr__(value) if value < _LONG else f"0x{value:X}"
    if math.isnan(value):
        return 'float("nan")'
    return float.__repr__(value).replace("inf", "1e309").replace("e+", "e")


def _imaginary(value: float) -> str:
    """An imaginary number that is not negative."""
    return _number(value).removesuffix(".0") + "j"


def _quotes(text: str | bytes, taken: frozenset[str]) -> list[str]:
    """Quotes for a literal, best first: those that need the fewest backslashes."""
    if isinstance(text, bytes):
        double, single = text.count(b'"'), text.count(b"'")
    else:
        double, single = text.count('"'), text.count("'")
    quotes = ["'", '"'] if double > single else ['"', "'"]
    quotes += ['"""', "'''"]
    free = [quote for quote in quotes if not any(used in quote for used in taken)]
    return free or (['"'] if NESTED_QUOTES else [])


def _may_nest(text: str, taken: frozenset[str]) -> bool:
    """Whether the inside of a literal may stand in f-strings with these quotes."""
    if not taken or NESTED_QUOTES:
        return True
    return "\\" not in text and not any(quote in text for quote in taken)


def _escaped(text: str | bytes, quote: str) -> str:
    """The inside of a literal with these quotes."""
    quoted = repr(b'"' + text)[1:] if isinstance(text, bytes) else repr('"' + text)
    # A repr that holds double quotes is in single ones, and escapes only these.
    inside = quoted[2:-1].replace("\\'", "'")
    inside = inside.replace(quote, "".join("\\" + char for char in quote))
    if len(quote) == 3 and inside.endswith(quote[0]):
        return f"{inside[:-1]}\\{quote[0]}"
    return inside


def _docstring(node: ast.stmt) -> str | None:
    """The text, if the statement is a string."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        value = node.value.value
        return value if isinstance(value, str) else None
    return None


def _docstring_lines(text: str, depth: int, width: int) -> str:
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


# Blank lines ------------------------------------------------------------------------------


@dataclass(slots=True)
class _Entry:
    """A line of the page, which layout may have made several.

    Attributes:
        text: the line.
        depth: its indentation, in levels.
        kind: what it is: "comment", "import", "decorator", "def", "stub class", "header" (of
            another block), "clause" (the header of one that continues a statement),
            "class docstring" …; most statements are "".
        before: how many blank lines go before it.
    """

    text: str
    depth: int
    kind: str
    before: int

    @property
    def opens(self) -> bool:
        """Whether a block begins after this line."""
        return self.kind in ("header", "clause", "def", "class")


class _Page:
    """The finished lines, with the blank lines that black puts round them.

    Attributes:
        blank: a blank line has been asked for.
    """

    def __init__(self) -> None:
        self.blank = False
        self._entries: list[_Entry] = []
        self._open: list[int] = []  # depths of the definitions that are open
        self._comments: int | None = None  # where the comments begin that end the page

    def lines(self) -> list[str]:
        """The finished lines."""
        lines: list[str] = []
        for entry in self._entries:
            lines += [""] * entry.before
            lines.append(entry.text)
        return lines

    def add(self, text: str, depth: int, kind: str) -> None:
        """Add a line."""
        entry = _Entry(text, depth, kind, 0)
        closed: int | None = None
        while self._open and self._open[-1] >= depth:
            closed = self._open.pop()
        if kind.endswith(("def", "class")):
            self._open.append(depth)
        if self._entries:
            entry.before = self._before(entry, self._entries[-1], closed)
        if kind != "comment":
            if kind != "decorator" or entry.before:
                self._comments = None
        elif self._comments is None or entry.before:
            self._comments = len(self._entries)
        self._entries.append(entry)
        self.blank = False

    def _before(self, entry: _Entry, last: _Entry, closed: int | None) -> int:
        """How many blank lines go before an entry.

        Args:
            entry: the entry.
            last: the one before it.
            closed: the depth of the outermost definition that has just ended.
        """
        kind = entry.kind
        if kind in ("class docstring", "def docstring"):
            return 0
        before = int(self.blank and not last.opens)
        if closed is not None:
            dependent = closed > 0 and kind == "clause"
            before = 1 if entry.depth or dependent else 2
        if last.kind == "module docstring" and not kind.endswith(("def", "class")):
            return 1
        if kind == "decorator" or kind.endswith(("def", "class")):
            return self._before_definition(entry, last, before)
        if last.kind == "import" and kind != "import" and entry.depth == last.depth:
            return (before or 1) if entry.depth else 1
        if last.kind == "class docstring":
            return max(before, 1)
        return before

    def _before_definition(self, entry: _Entry, last: _Entry, before: int) -> int:
        if last.kind == "decorator":
            return 0
        if last.depth < entry.depth and last.kind in ("class", "def"):
            return 0
        wanted = 1 if entry.depth else 2
        if last.kind != "comment" or last.depth != entry.depth or before:
            return wanted
        # The blank lines go before the comments, which belong to the definition.
        if self._comments:
            first = self._entries[self._comments]
            if not self._entries[self._comments - 1].opens:
                first.before = max(first.before, wanted)
        return 0
