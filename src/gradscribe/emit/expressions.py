"""From operands and operations to the syntax trees of expressions."""

from __future__ import annotations

import ast
import copy
import enum
import functools
import inspect
import math
import operator
import sys
import types
from typing import Any, final

import numpy as np

from gradscribe.emit.names import Names
from gradscribe.emit.nest import Nesting
from gradscribe.emit.requirements import Requirements
from gradscribe.emit.symbols import BINARY, COMPARE, IN_PLACE, LOAD, NEGATED, UNARY, call, name
from gradscribe.ir import helpers
from gradscribe.ir.core import UNDEF, Const, Op, Operand, Value
from gradscribe.ir.facts.calls import called
from gradscribe.ir.facts.methods import LIST_METHODS, METHODS, Gathered
from gradscribe.ir.facts.records import instance
from gradscribe.ir.primitives import (
    BY_FUNCTION,
    CALL,
    IF,
    IMPLICIT,
    OPAQUE,
    SEARCH,
    UNPACK,
    Primitive,
    of,
    printed_name,
    public_module,
)
from gradscribe.ir.types import Mapping
from gradscribe.objects import is_named_tuple, taken_by

GETITEM, CONTAINS = of(operator.getitem), of(operator.contains)


def _is_held(function: Any) -> bool:
    """Does its module have this function by its qualified name?"""
    found: Any = sys.modules.get(function.__module__)
    for part in getattr(function, "__qualname__", "<locals>").split("."):
        found = getattr(found, part, None)
    return found is function


@final
class Expressions:
    """Writes the values of one function as expressions."""

    def __init__(self, nesting: Nesting, names: Names, needs: Requirements) -> None:
        self.nesting = nesting
        self.names = names
        self.needs = needs

    def operand(self, operand: Operand) -> ast.expr:
        if isinstance(operand, Const):
            return self.constant(operand)
        op = self.nesting.inlined.get(operand)
        return self.op(op) if op is not None else ast.Name(self.names[operand], LOAD)

    def constant(self, operand: Const) -> ast.expr:
        if operand is UNDEF:
            return ast.Constant(None)
        if operand.name is not None:
            return self._named(operand)
        return self.literal(operand.value)

    def _named(self, operand: Const) -> ast.expr:
        assert operand.name is not None
        home = operand.home
        if home is None:
            return name(self.needs.builtin(operand.name))
        if home != self.needs.module or operand.fixed:
            return name(f"{self.needs.alias(home)}.{operand.name}")
        self.needs.constants[operand.root] = operand
        return name(operand.name)

    def literal(self, value: Any) -> ast.expr:
        """A Python object as text."""
        if isinstance(value, enum.Enum):
            return ast.Attribute(self.object(type(value)), value.name, LOAD)
        if isinstance(value, tuple):
            return ast.Tuple([self.literal(v) for v in value], LOAD)
        if isinstance(value, list):
            return ast.List([self.literal(v) for v in value], LOAD)
        if isinstance(value, dict):
            return ast.Dict([*map(self.literal, value)], [*map(self.literal, value.values())])
        if isinstance(value, slice):
            parts = [self.literal(p) for p in (value.start, value.stop, value.step)]
            return call(name(self.needs.builtin("slice")), *parts)
        if isinstance(value, float) and not math.isfinite(value):
            text = f"{self.needs.alias('numpy')}.{'nan' if math.isnan(value) else 'inf'}"
            return name(text) if not value < 0 else ast.UnaryOp(ast.USub(), name(text))
        if isinstance(value, int | float | complex) and not isinstance(value, bool | np.generic):
            if not isinstance(value, complex) and (
                value < 0 or (value == 0 and str(value)[0] == "-")
            ):
                return ast.UnaryOp(ast.USub(), ast.Constant(-value))
            return ast.Constant(value)
        if value is None or value is Ellipsis or isinstance(value, str | bytes | bool):
            return ast.Constant(value)
        if isinstance(value, np.dtype):
            return name(f"{self.needs.alias('numpy')}.{value.name}")
        if isinstance(value, np.generic):
            numpy = self.needs.alias("numpy")
            return call(name(f"{numpy}.{type(value).__name__}"), self.literal(value.item()))
        if value is type(None):  # it has no name of its own
            return call(name(self.needs.builtin("type")), ast.Constant(None))
        return self.object(value)

    def object(self, value: Any) -> ast.expr:
        """A function, class or module, by the name it has where it lives."""
        if isinstance(value, types.ModuleType):
            return name(self.needs.alias(value.__name__))
        prim = BY_FUNCTION.get(value)
        text = prim.name if prim is not None else printed_name(value)
        module = getattr(value, "__module__", None)
        if isinstance(value, type) and module not in ("builtins", "numpy", None):
            return name(self.needs.named(value, module))
        if prim is None and module == self.needs.module and _is_held(value):
            return self._named(Const(value, value.__qualname__, module))
        return name(self.needs.function(text, value))

    # ------------------------------------------------------------------ operations

    def op(self, op: Op) -> ast.expr:
        """The expression of an operation with one result."""
        function = op.prim.function
        if op.prim is IF:
            return self._conditional(op)
        if op.prim is OPAQUE:
            return self.template(op)  # type: ignore[return-value]  # an expression where it has a result
        if op.prim is UNPACK:
            return self.operand(op.args[0])
        if op.prim is CALL:
            assert op.attrs.callee is not None
            called: ast.expr = ast.Name(self.needs.callee(op.attrs.callee), LOAD)
            if op.attrs.form == "checkpoint":
                checkpoint = self.needs.function("checkpoint", helpers.checkpoint)
                called = call(ast.Name(checkpoint, LOAD), called)
            return call(called, *map(self.operand, op.args))
        if op.prim is SEARCH:
            return self._search(op)
        if op.prim is IMPLICIT:
            assert op.attrs.callee is not None
            helper = helpers.fixed if op.attrs.form == "fixed" else helpers.solution
            mark = ast.Name(self.needs.function(helper.__name__, helper), LOAD)
            equation = ast.Name(self.needs.callee(op.attrs.callee), LOAD)
            return call(mark, equation, *map(self.operand, op.args))
        special = self._syntax(op, function)
        if special is not None:
            return special
        if op.prim.name.startswith("."):
            return self._dotted(op)
        if op.prim.part is not None:
            return ast.Attribute(self._call(op), op.prim.part, LOAD)
        return self._call(op)

    def _syntax(self, op: Op, function: Any) -> ast.expr | None:
        args = op.args
        if function in BINARY or function in IN_PLACE:
            sign = BINARY.get(function) or IN_PLACE[function]
            return ast.BinOp(self.operand(args[0]), sign, self.operand(args[1]))
        if function is operator.not_:
            return self._not(args[0])
        if function in UNARY:
            return ast.UnaryOp(UNARY[function], self.operand(args[0]))
        if function in COMPARE:
            return ast.Compare(self.operand(args[0]), [COMPARE[function]], [self.operand(args[1])])
        if function is operator.contains:
            return ast.Compare(self.operand(args[1]), [ast.In()], [self.operand(args[0])])
        if function is operator.getitem:
            return ast.Subscript(self.operand(args[0]), self.index(args[1]), LOAD)
        if function is tuple:
            return ast.Tuple([self.operand(a) for a in args], LOAD)
        if function is list:
            return ast.List([self.operand(a) for a in args], LOAD)
        if function is dict:
            keys, *values = args
            shown: list[ast.expr | None] = [self.literal(k) for k in keys.value]  # type: ignore[union-attr]  # a Const
            return ast.Dict(shown, [self.operand(v) for v in values])
        if function is called:
            return self._opaque_call(args)
        if function is instance:
            return self._instance(*args)
        if function is getattr and isinstance(args[1], Const):
            return ast.Attribute(self.operand(args[0]), args[1].value, LOAD)
        if function is helpers.append:
            return ast.List([ast.Starred(self.operand(args[0]), LOAD), self.operand(args[1])], LOAD)
        if function is helpers.copy_list:
            return call(name(self.needs.builtin("list")), self.operand(args[0]))
        if function is helpers.copy_dict:
            return call(name(self.needs.builtin("dict")), self.operand(args[0]))
        if function is helpers.zero_entries:
            made = ast.Attribute(name(self.needs.builtin("dict")), "fromkeys", LOAD)
            return ast.Call(made, [self.operand(args[0]), ast.Constant(0.0)], [])
        if function is helpers.as_tuple:
            return call(name(self.needs.builtin("tuple")), self.operand(args[0]))
        if function is reversed:
            return ast.Subscript(
                self.operand(args[0]), ast.Slice(None, None, self.literal(-1)), LOAD
            )
        return None

    def _opaque_call(self, args: tuple[Operand, ...]) -> ast.expr:
        callee, names, *given = args
        assert isinstance(names, Const)
        count = len(given) - len(names.value)
        named = dict(zip(names.value, map(self.operand, given[count:]), strict=True))
        return call(self._callee(callee), *map(self.operand, given[:count]), **named)

    def _search(self, op: Op) -> ast.expr:
        """A solver of a library: the parameters of the equation are its ``args``."""
        solver, layout, *rest = op.args
        assert isinstance(layout, Const) and op.attrs.callee is not None
        starts, names = layout.value
        end = len(rest) - len(names)
        given = list(map(self.operand, rest[starts:end]))
        options = {"args": ast.Tuple(given, LOAD)} if given else {}
        options |= dict(zip(names, map(self.operand, rest[end:]), strict=True))
        equation = ast.Name(self.needs.callee(op.attrs.callee), LOAD)
        return call(self._callee(solver), equation, *map(self.operand, rest[:starts]), **options)

    def _callee(self, callee: Operand) -> ast.expr:
        """How a function that is not looked into is named."""
        assert isinstance(callee, Const)
        if callee.name is not None:
            return self._named(callee)
        function = callee.value
        if BY_FUNCTION.get(function) is not None:
            return self.object(function)
        module, path = public_module(function) or "", function.__qualname__
        if not _is_held(function):
            return ast.Name(self.needs.local(function), LOAD)
        if module == self.needs.module:
            return self._named(Const(function, path, module))
        if module.split(".")[0] == "numpy":
            return self.object(function)
        return name(self.needs.named(function, module))

    def _not(self, operand: Operand) -> ast.expr:
        op = self.nesting.inlined.get(operand) if isinstance(operand, Value) else None
        if op is not None and op.prim.function in NEGATED:
            left, right = op.args if op.prim.function is not operator.contains else op.args[::-1]
            sign = NEGATED[op.prim.function]
            return ast.Compare(self.operand(left), [sign], [self.operand(right)])
        return ast.UnaryOp(ast.Not(), self.operand(operand))

    def index(self, operand: Operand) -> ast.expr:
        """What stands between square brackets."""
        if isinstance(operand, Const) and operand.name is None:
            value = operand.value
            if isinstance(value, slice):
                return self._slice(
                    [
                        None if p is None else self.literal(p)
                        for p in (value.start, value.stop, value.step)
                    ]
                )
            if isinstance(value, tuple):
                return ast.Tuple([self.index(Const(v)) for v in value], LOAD)
            return self.constant(operand)
        op = self.nesting.inlined.get(operand) if isinstance(operand, Value) else None
        if op is not None and op.prim.function is slice:
            return self._slice(
                [
                    None if isinstance(a, Const) and a.value is None else self.operand(a)
                    for a in op.args
                ]
            )
        if op is not None and op.prim.function is tuple:
            return ast.Tuple([self.index(a) for a in op.args], LOAD)
        return self.operand(operand)

    def _instance(self, cls: Operand, names: Operand, *values: Operand) -> ast.expr:
        """An object, by its constructor where that puts each argument into an attribute."""
        kind, given = cls.value, dict(zip(names.value, map(self.operand, values), strict=True))  # type: ignore[union-attr]  # constants
        taken = taken_by(kind)
        if taken is not None and given.keys() == set(taken):
            return call(self.operand(cls), *(given[name] for name in taken))
        if is_named_tuple(kind):
            entries = ast.Tuple(list(given.values()), LOAD)
            return call(ast.Attribute(self.operand(cls), "_make", LOAD), entries)
        made = name(self.needs.function(helpers.holding.__name__, helpers.holding))
        keywords = [ast.keyword(key, value) for key, value in given.items()]
        return ast.Call(made, [self.operand(cls)], keywords)

    def _slice(self, parts: list[ast.expr | None]) -> ast.Slice:
        return ast.Slice(*parts)

    def _conditional(self, op: Op) -> ast.expr:
        found = self._entry_or_default(op)
        if found is not None:
            return found
        test = self.operand(op.args[0])
        yes, no = (self.operand(arm.yields[0]) for arm in op.regions)
        if op.attrs.form == "and":
            return _boolean(ast.And(), test, yes)
        if op.attrs.form == "or":
            return _boolean(ast.Or(), test, no)
        return ast.IfExp(test, yes, no)

    def _entry_or_default(self, op: Op) -> ast.expr | None:
        """``d.get(key, default)``, for ``d[key] if key in d else default``."""
        test, read = (self._inlined(o) for o in (op.args[0], op.regions[0].yields[0]))
        default = op.regions[1].yields[0]
        if test is None or read is None or self._inlined(default) is not None:
            return None
        if test.prim is not CONTAINS or read.prim is not GETITEM:
            return None
        d, key = read.args
        if test.args != (d, key) or not isinstance(d, Value) or not isinstance(d.type, Mapping):
            return None
        operands = [self.operand(key), self.operand(default)]
        return ast.Call(ast.Attribute(self.operand(d), "get", LOAD), operands, [])

    def _inlined(self, operand: Operand) -> Op | None:
        return self.nesting.inlined.get(operand) if isinstance(operand, Value) else None

    def _dotted(self, op: Op) -> ast.expr:
        base = self.operand(op.args[0])
        attribute = op.prim.name.removeprefix(".")
        method = METHODS.get(attribute) or LIST_METHODS.get(attribute)
        node = ast.Attribute(base, attribute, LOAD)
        if method is None or method.function is not op.prim.function:
            return node
        positional, keywords = self.arguments(op.prim, op.args[1:], op.prim.params[1:])
        return ast.Call(node, positional, keywords)

    def _call(self, op: Op) -> ast.expr:
        prim = op.prim
        if op.attrs.form == "method":
            method = next(((n, m) for n, m in METHODS.items() if m.function is prim.function), None)
            if method is not None and not isinstance(op.args[0], Const):
                return self._method(op, *method)
        function = name(self.needs.function(prim.name, prim.function))
        if prim.variadic:
            return ast.Call(function, [self.operand(a) for a in op.args], [])
        positional, keywords = self.arguments(prim, op.args, prim.params)
        return ast.Call(function, positional, keywords)

    def _method(self, op: Op, attribute: str, method: Any) -> ast.expr:
        function = ast.Attribute(self.operand(op.args[0]), attribute, LOAD)
        positional, keywords = self.arguments(op.prim, op.args[1:], op.prim.params[1:])
        if method.gathers and len(positional) == 1 and isinstance(positional[0], ast.Tuple):
            positional = [Gathered(positional[0].elts)]  # type: ignore[list-item]  # unbind spreads it
        names = {k.arg or "": k.value for k in keywords}
        args, named = method.unbind(positional, names)
        return ast.Call(function, args, [ast.keyword(k, v) for k, v in named.items()])

    def arguments(
        self, prim: Primitive, args: tuple[Operand, ...], params: tuple[str, ...]
    ) -> tuple[list[ast.expr], list[ast.keyword]]:
        """Positional and keyword arguments; those that equal their default are left out."""
        positional: list[ast.expr] = []
        keywords: list[ast.keyword] = []
        skipped = False
        by_name = prim.name.startswith(("np.", ".")) and not isinstance(prim.function, np.ufunc)
        for param, arg in zip(params, args, strict=True):
            if param in prim.defaults:
                if _is_default(arg, prim.defaults[param]):
                    skipped = True
                    continue
                if by_name or skipped or param in keyword_only(prim.function):
                    keywords.append(ast.keyword(param, self.operand(arg)))
                else:
                    positional.append(self.operand(arg))
            elif skipped:
                keywords.append(ast.keyword(param, self.operand(arg)))
            else:
                positional.append(self.operand(arg))
        return positional, keywords

    def template(self, op: Op) -> ast.AST:
        """A piece of the user's text with its holes filled."""
        holes = {f"_{k}": arg for k, arg in enumerate(op.args)}
        fill = self.operand

        class Fill(ast.NodeTransformer):
            def visit_Name(self, node: ast.Name) -> ast.expr:
                return fill(holes[node.id]) if node.id in holes else node

        assert op.attrs.template is not None
        filled: ast.AST = Fill().visit(copy.deepcopy(op.attrs.template))
        return filled


@functools.cache
def keyword_only(function: Any) -> frozenset[str]:
    """The parameters of a function that are given by name only."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return frozenset()
    return frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)


def _is_default(arg: Operand, default: Any) -> bool:
    if not isinstance(arg, Const) or arg.name is not None:
        return False
    return arg.value is default or (
        type(arg.value) is type(default)
        and isinstance(default, int | float | str | tuple | bool)
        and arg.value == default
    )


def _boolean(kind: ast.boolop, left: ast.expr, right: ast.expr) -> ast.expr:
    """``a and (b and c)`` is ``a and b and c``."""
    values = (
        right.values if isinstance(right, ast.BoolOp) and type(right.op) is type(kind) else [right]
    )
    return ast.BoolOp(kind, [left, *values])
