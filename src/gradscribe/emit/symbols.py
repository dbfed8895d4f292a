"""Which sign of Python stands for which function; names and calls as syntax trees."""

from __future__ import annotations

import ast
import operator
from typing import Any

BINARY: dict[Any, ast.operator] = {
    operator.add: ast.Add(),
    operator.sub: ast.Sub(),
    operator.mul: ast.Mult(),
    operator.truediv: ast.Div(),
    operator.floordiv: ast.FloorDiv(),
    operator.mod: ast.Mod(),
    operator.pow: ast.Pow(),
    operator.matmul: ast.MatMult(),
    operator.and_: ast.BitAnd(),
    operator.or_: ast.BitOr(),
    operator.xor: ast.BitXor(),
    operator.lshift: ast.LShift(),
    operator.rshift: ast.RShift(),
}

IN_PLACE: dict[Any, ast.operator] = {
    operator.iadd: ast.Add(),
    operator.isub: ast.Sub(),
    operator.imul: ast.Mult(),
    operator.itruediv: ast.Div(),
    operator.ifloordiv: ast.FloorDiv(),
    operator.imod: ast.Mod(),
    operator.ipow: ast.Pow(),
    operator.imatmul: ast.MatMult(),
    operator.iand: ast.BitAnd(),
    operator.ior: ast.BitOr(),
    operator.ixor: ast.BitXor(),
}

UNARY: dict[Any, ast.unaryop] = {
    operator.neg: ast.USub(),
    operator.pos: ast.UAdd(),
    operator.not_: ast.Not(),
    operator.invert: ast.Invert(),
}

COMPARE: dict[Any, ast.cmpop] = {
    operator.lt: ast.Lt(),
    operator.le: ast.LtE(),
    operator.gt: ast.Gt(),
    operator.ge: ast.GtE(),
    operator.eq: ast.Eq(),
    operator.ne: ast.NotEq(),
    operator.is_: ast.Is(),
    operator.is_not: ast.IsNot(),
}

NEGATED: dict[Any, ast.cmpop] = {
    operator.contains: ast.NotIn(),
    operator.is_: ast.IsNot(),
    operator.is_not: ast.Is(),
}

LOAD = ast.Load()


def name(text: str) -> ast.expr:
    """A name with attributes (and subscripts) after it as a syntax tree."""
    if "[" in text:
        return ast.parse(text, mode="eval").body
    first, *rest = text.split(".")
    node: ast.expr = ast.Name(first, LOAD)
    for part in rest:
        node = ast.Attribute(node, part, LOAD)
    return node


def call(function: ast.expr, *args: ast.expr, **keywords: ast.expr) -> ast.Call:
    return ast.Call(function, list(args), [ast.keyword(k, v) for k, v in keywords.items()])
