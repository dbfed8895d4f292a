"""How tightly expressions bind, and what black asks about them."""

from __future__ import annotations

import ast
import math

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
OPERATOR_LEVELS: dict[type[ast.AST], int] = {
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


def or_named(node: ast.AST) -> int:
    """How tightly an expression must bind where one with `:=` needs no parentheses."""
    return NAMED if type(node) is ast.NamedExpr else TEST


def level_of(node: ast.AST) -> int:
    """How tightly the expression binds."""
    kind = type(node)
    if kind is ast.Name:
        return ATOM
    if isinstance(node, (ast.BinOp, ast.UnaryOp, ast.BoolOp)):
        return OPERATOR_LEVELS[type(node.op)]
    if isinstance(node, ast.Constant):
        return constant_level(node.value)
    if isinstance(node, ast.MatchAs) and node.pattern is None:
        return ATOM  # only a name
    return _LEVELS.get(kind, ATOM)


def constant_level(value: object) -> int:
    if isinstance(value, complex):
        positive = not value.real and not is_negative(value.real) and not is_negative(value.imag)
        return ATOM if positive else SUM
    if isinstance(value, (int, float)):
        return UNARY if is_negative(value) else ATOM
    return ATOM


def is_negative(value: float) -> bool:
    """Whether the number is written with a minus sign."""
    return value < 0 or (isinstance(value, float) and math.copysign(1.0, value) < 0)


def is_ellipsis(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and value.value is ...


def is_union(node: ast.AST) -> bool:
    """Whether black puts this annotation in parentheses to break it: `int | str`."""
    return isinstance(node, (ast.List, ast.Set, ast.Dict)) or (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr)
    )


def simple_base(node: ast.AST) -> bool:
    """Whether `**` may hug this left operand: a name, a number, attributes of attributes."""
    if isinstance(node, ast.Attribute):
        owner = node.value
        return isinstance(owner, (ast.Name, ast.Attribute))
    if isinstance(node, ast.Await):
        return simple_base(node.value)
    return _is_name_or_number(node)


def simple_exponent(node: ast.AST) -> bool:
    """Whether `**` may hug this right operand."""
    while True:
        if isinstance(node, (ast.Attribute, ast.Await)):
            node = node.value
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            node = node.left
        elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not):
            return _is_name_or_number(node.operand) or (
                isinstance(node.operand, ast.Attribute) and simple_exponent(node.operand)
            )
        else:
            return _is_name_or_number(node) or (
                isinstance(node, ast.Constant) and constant_level(node.value) == UNARY
            )


def _is_name_or_number(node: ast.AST) -> bool:
    """Whether the expression is a single word: a name, a positive number, None."""
    if isinstance(node, ast.Constant):
        value = node.value
        number = value is None or isinstance(value, (int, float, complex))
        return number and constant_level(value) == ATOM
    return isinstance(node, ast.Name)


def is_power_of_atom(node: ast.AST) -> bool:
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


def is_complex(bound: ast.AST) -> bool:
    """Whether a slice with this bound has spaces round its colon."""
    if type(bound) is ast.Name:
        return False
    for node in ast.walk(bound):
        if not isinstance(node, _NOT_COMPLEX) or isinstance(node, ast.Not):
            return True
        if isinstance(node, ast.Constant) and constant_level(node.value) == SUM:
            return True
    return False
