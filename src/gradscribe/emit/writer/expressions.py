"""Expressions: a method for each kind of node."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from gradscribe.emit.writer.marks import HIDDEN_CONDITIONAL, HUG
from gradscribe.emit.writer.precedence import (
    ATOM,
    AWAIT,
    BITOR,
    NOT,
    OPERATOR_LEVELS,
    OR,
    UNARY,
    is_complex,
    is_power_of_atom,
    is_union,
    level_of,
    or_named,
    simple_base,
    simple_exponent,
)
from gradscribe.emit.writer.strings import Strings
from gradscribe.emit.writer.tokens import (
    ASSIGN,
    ASYNC_FOR,
    ATTRIBUTE,
    BRACE,
    CALL,
    ELSE,
    END_BRACE,
    END_CALL,
    END_HIDDEN,
    END_INDEX,
    END_LIST,
    END_PAREN,
    FILTER,
    FOR,
    IF,
    IN,
    INDEX,
    KEYWORD,
    LAMBDA,
    LAMBDA_BODY,
    LIST,
    NEXT,
    ONE,
    OPERATORS,
    PAREN,
)


class Expressions(Strings):
    """Writes expressions."""

    def _Name(self, t: ast.Name) -> None:
        self.put(t.id)

    def _BoolOp(self, t: ast.BoolOp) -> None:
        kind = type(t.op)
        self.items(t.values, OPERATOR_LEVELS[kind] + 1, OPERATORS[kind.__name__])

    def _BinOp(self, t: ast.BinOp) -> None:
        if isinstance(t.op, ast.Pow):
            self.expr(t.left, AWAIT)
            if simple_base(t.left) and simple_exponent(t.right):
                self.put(HUG)
            else:
                self.operator(t.op)
            self.expr(t.right, UNARY)
            return
        level = OPERATOR_LEVELS[type(t.op)]
        self.expr(t.left, level)
        self.operator(t.op)
        self.expr(t.right, level + 1)

    def _UnaryOp(self, t: ast.UnaryOp) -> None:
        self.operator(t.op)
        operand = t.operand
        if isinstance(t.op, ast.Not):
            self.expr(operand, NOT)
        elif is_power_of_atom(operand):
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
        if number and level_of(value) == ATOM:
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
        space = " " if any(is_complex(bound) for bound in bounds) else ""
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
        self.expr(t.elt, or_named(t.elt))
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

    # Parameters, of functions and of lambdas --------------------------------------------

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
            if is_union(t.annotation):
                self.optional(t.annotation)
            else:
                self.expr(t.annotation)
