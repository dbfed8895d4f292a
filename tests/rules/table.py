"""What a test of a rule is: one row per call, and what every row must pass.

A row is the text of a call and the values of the names in it::

    row("np.arctan2(x1, x2)", x1=draw(3), x2=draw(2, 1))

The floating arguments are differentiated, all together and each alone. A row says nothing else:
what is expected comes from differences (``oracles``).
"""

from __future__ import annotations

import ast
import linecache
import math
import operator
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.interpolate
import scipy.special

from gradscribe.ir import special
from gradscribe.ir.abstraction import type_of
from gradscribe.ir.core import Const, Value
from gradscribe.ir.helpers import like, zeros_like
from gradscribe.ir.primitives import BY_FUNCTION, Primitive
from gradscribe.ir.types import Array, Scalar, Sequence, Type, Unknown, not_one
from gradscribe.rules import scipy_interpolate, scipy_special  # noqa: F401  (loaded on demand)
from gradscribe.rules.declare import TABLE
from oracles import (
    assert_close,
    directional,
    dot_product_test,
    is_floating,
    leaves,
    random_like,
)

_AXIS = np.linspace(0.0, 2.0, 7)
_GRID = tuple(np.ravel(a) for a in np.meshgrid(_AXIS, _AXIS[:6], indexing="ij"))
# Splines: of a line, and over a plane: smooth, and linear in the second direction.
SINE = scipy.interpolate.splrep(_AXIS, np.sin(2 * _AXIS))
PLANE = scipy.interpolate.bisplrep(*_GRID, np.sin(_GRID[0] + 2 * _GRID[1]), kx=3, ky=3, s=0)
FLAT = scipy.interpolate.bisplrep(*_GRID, np.sin(_GRID[0] + 2 * _GRID[1]), kx=2, ky=1, s=0)

NAMES = {
    "np": np,
    "math": math,
    "operator": operator,
    "polygamma": special.polygamma,
    "products_of_others": special.products_of_others,
    "recurrence": special.recurrence,
    "recurrence_back": special.recurrence_back,
    "shift": special.shift,
    "sinc_derivative": special.sinc_derivative,
    "sp": scipy.special,
    "interpolate": scipy.interpolate,
    "SINE": SINE,
    "PLANE": PLANE,
    "FLAT": FLAT,
}

# Texts of derivatives import from this module what rows name.
ROWS_OF = "rows"
sys.modules[ROWS_OF] = types.ModuleType(ROWS_OF)
vars(sys.modules[ROWS_OF]).update(NAMES)


@dataclass(frozen=True, eq=False)
class Row:
    """One call. ``order``: up to which the function is smooth at the arguments."""

    call: str
    args: dict[str, Any]
    order: int = 2
    rtol: float = 1e-7
    atol: float = 1e-9
    wrt: tuple[str, ...] = field(default=())

    @property
    def function(self) -> Callable[..., Any]:
        """``def f(names): return call``, with source that can be read back."""
        text = f"def f({', '.join(self.args)}):\n    return {self.call}\n"
        file = f"<row {self.call}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        namespace = {**NAMES, "__name__": ROWS_OF}
        exec(compile(text, file, "exec"), namespace)
        return namespace["f"]

    @property
    def values(self) -> tuple[Any, ...]:
        return tuple(self.args.values())

    @property
    def active(self) -> tuple[str, ...]:
        """The names to differentiate: those that hold floats, unless ``wrt`` says."""
        found = tuple(n for n, v in self.args.items() if any(map(is_floating, leaves(v))))
        return self.wrt or found

    def __str__(self) -> str:
        return f"{self.call} {' '.join(map(_shape, self.args.values()))}"


def row(call: str, *, order: int = 2, rtol: float = 1e-7, atol: float = 1e-9, **args: Any) -> Row:
    return Row(call, args, order, rtol, atol)


def _shape(value: Any) -> str:
    if isinstance(value, np.ndarray | np.generic):
        return f"{value.dtype.name}{list(value.shape)}"
    return type(value).__name__


def draw(*shape: int, low: float = -2.0, high: float = 2.0, dtype: Any = float) -> Any:
    """Numbers spread over an interval, apart from each other, in an order that looks random."""
    count = int(np.prod(shape))
    steps = (np.arange(count) + 0.5) * 0.6180339887 % 1.0
    values = low + (high - low) * steps
    if not shape:
        return float(low + (high - low) * 0.31)
    return values.reshape(shape).astype(dtype)


# ------------------------------------------------------------------------- rules, called directly


def primitive_call(row: Row) -> tuple[Primitive, dict[str, Any]]:
    """The primitive that a row calls, and its arguments by parameter name."""
    prim, nodes = _parsed(row)
    return prim, prim.defaults | {name: _value(row, node) for name, node in nodes.items()}


def _value(row: Row, node: ast.expr) -> Any:
    return eval(compile(ast.Expression(node), "<row>", "eval"), NAMES | row.args)


def _parsed(row: Row) -> tuple[Primitive, dict[str, ast.expr]]:
    """The primitive, and the expression given for each of its parameters."""
    tree = ast.parse(row.call, mode="eval").body
    assert isinstance(tree, ast.Call)
    prim = BY_FUNCTION[_value(row, tree.func)]
    assert not prim.variadic
    nodes = dict(zip(prim.params, tree.args, strict=False))
    return prim, nodes | {k.arg: k.value for k in tree.keywords if k.arg}


def _names_in_call(row: Row) -> dict[str, str]:
    """Which parameter of the primitive each name of the row is."""
    _, nodes = _parsed(row)
    return {node.id: param for param, node in nodes.items() if isinstance(node, ast.Name)}


def _run(rule: Callable[..., Any], bound: dict[str, Any], **extra: Any) -> Any:
    code = rule.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return rule(**{name: (bound | extra)[name] for name in names})


def _expanded(y_bar: Any, bound: dict[str, Any], x: Any) -> Any:
    axis, keepdims = bound.get("axis"), bound.get("keepdims", False)
    if keepdims or axis is None or np.ndim(x) == 0:
        return y_bar
    return np.expand_dims(y_bar, axis)


def evaluate(row: Row, **values: Any) -> Any:
    """The value of a row's call, with other values for some of its names."""
    return eval(row.call, NAMES | row.args | values)


def tangent_by_rules(row: Row, dots: dict[str, Any]) -> Any:
    """ẏ from the rules of the primitive that a row calls, run as plain Python."""
    prim, bound = primitive_call(row)
    rules = TABLE[prim.function]
    y = evaluate(row)
    params = _names_in_call(row)
    joint = {param for names in rules.joint for param in names}
    terms = []
    if any(params[name] in joint for name in dots):
        zeros = {n: zeros_like(row.args[n]) for n, param in params.items() if param in joint}
        terms.append(evaluate(row, **zeros | dots))
    for name, dot in dots.items():
        param = params[name]
        if param in joint or param in rules.constants:
            continue
        if param in rules.partials:
            term = _run(rules.partials[param], bound, y=y) * np.asarray(dot)
            terms.append(np.broadcast_to(term, np.shape(y)))
        elif param in rules.reductions:
            field = _run(rules.reductions[param], bound, y=y)
            axis, keepdims = bound.get("axis"), bound.get("keepdims", False)
            terms.append(np.sum(field * dot, axis=axis, keepdims=keepdims))
        elif param in rules.linear:
            terms.append(evaluate(row, **{name: dot}))
        else:
            terms.append(_run(rules.tangents[param], bound, y=y, **{f"{param}_dot": dot}))
    if isinstance(y, tuple):
        return tuple(map(sum, zip(*terms, strict=True)))
    if isinstance(y, list):
        return terms[0]
    return sum(terms, np.zeros(np.shape(y)))


def adjoint_by_rules(row: Row, name: str, y_bar: Any) -> Any:
    """x̄ of one argument from the rules of the primitive that a row calls."""
    prim, bound = primitive_call(row)
    rules = TABLE[prim.function]
    param = _names_in_call(row)[name]
    y = evaluate(row)
    x = bound[param]
    for names, rule in rules.joint.items():
        if param in names:
            return _summed(_run(rule, bound, y=y, y_bar=y_bar)[names.index(param)], x)
    if param in rules.constants:
        return np.zeros(np.shape(x))
    if param in rules.partials:
        return _summed(y_bar * _run(rules.partials[param], bound, y=y), x)
    if param in rules.reductions:
        field = _run(rules.reductions[param], bound, y=y)
        return _summed(_expanded(y_bar, bound, x) * field, x)
    rule = rules.linear.get(param) or rules.adjoints[param]
    return _summed(_run(rule, bound, y=y, y_bar=y_bar), x)


def _summed(bar: Any, x: Any) -> Any:
    return bar if isinstance(x, list | tuple) else like(bar, x)


def check_rules(row: Row) -> None:
    """Both modes of a row's rules against central differences, and against each other."""
    rng = np.random.default_rng(0)
    y = evaluate(row)
    y_bar = random_like(y, rng)
    if isinstance(y_bar, tuple):
        y_bar = tuple(0.0 if one is None else one for one in y_bar)
    for names in {(name,) for name in row.active} | {row.active}:
        dots = {name: random_like(row.args[name], rng) for name in names}
        y_dot = tangent_by_rules(row, dots)
        direction = [dots.get(name) for name in row.args]
        expected = directional(row.function, row.values, direction)
        if isinstance(y, tuple):
            expected = tuple(expected)
            y_dot = tuple(
                None if b is None else np.broadcast_to(a, np.shape(b))
                for a, b in zip(y_dot, expected, strict=True)
            )
        assert_close(y_dot, expected, row.rtol, row.atol, check_dtype=False, name="y_dot")
        x_bar = tuple(adjoint_by_rules(row, name, y_bar) for name in names)
        for name, bar in zip(names, x_bar, strict=True):
            for one, other in zip(leaves(bar), leaves(row.args[name]), strict=True):
                assert np.shape(one) == np.shape(other)
        if all(np.size(leaf) for leaf in leaves(x_bar)):
            pairs = zip(leaves(y_bar), leaves(y_dot), strict=True)
            kept = [(bar, dot) for bar, dot in pairs if dot is not None]
            dot_product_test(
                y_bar=tuple(b for b, _ in kept),
                y_dot=tuple(d for _, d in kept),
                x_bar=x_bar,
                x_dot=tuple(dots[name] for name in names),
                rtol=1e-5 if _single(row) else 1e-10,
            )


def _single(row: Row) -> bool:
    return any(getattr(leaf, "dtype", None) == np.float32 for leaf in leaves(row.values))


# ---------------------------------------------------------------------------- facts


def check_fact(row: Row, known_dims: bool = True) -> None:
    """The type that the fact computes from the types of the arguments is that of the result."""
    prim, bound = primitive_call(row)
    named = set(_names_in_call(row).values())
    operands = []
    for param in prim.params:
        kind = type_of(bound[param])
        if isinstance(kind, Array) and not known_dims:
            kind = Array(kind.dtype, None)
        operands.append(Value(param, kind) if param in named else Const(bound[param]))
    assert_type(prim.result_type(tuple(operands)), evaluate(row), row)


def assert_type(kind: Type, value: Any, row: Any) -> None:
    """A type may say less than is true of a value, but nothing that is not."""
    match kind:
        case Unknown():
            raise AssertionError(f"{row}: nothing is known of {value!r}")
        case Scalar(dtype, weak):
            assert np.ndim(value) == 0 and not isinstance(value, np.ndarray), f"{row}: {kind}"
            actual = type_of(value)
            assert isinstance(actual, Scalar)
            assert (actual.dtype, actual.weak) == (dtype, weak), f"{row}: {kind}, is {actual}"
        case Array(dtype, dims):
            found = np.asarray(value)
            assert dtype in (None, found.dtype), f"{row}: {kind}, is {found.dtype}"
            if dims is not None:
                assert isinstance(value, np.ndarray), f"{row}: {kind}, is {type(value)}"
                assert len(dims) == found.ndim, f"{row}: {kind}, is {found.shape}"
                for dim, length in zip(dims, found.shape, strict=True):
                    assert not isinstance(dim, int) or dim == length, f"{row}: {kind}"
                    assert length != 1 or not not_one(dim), f"{row}: {kind}, is {found.shape}"
        case Sequence(form, items, element):
            assert isinstance(value, {"tuple": tuple, "list": list}[form]), f"{row}: {kind}"
            kinds = items if items is not None else [element or Unknown()] * len(value)
            for item_kind, item in zip(kinds, value, strict=True):
                assert_type(item_kind, item, row)
        case _:
            raise AssertionError(f"{row}: {kind} for {value!r}")
