"""Lowering expressions: one function per kind of AST node, from frame and node to a bound value."""

from __future__ import annotations

import enum
import operator
import sys
import types
from collections.abc import Callable
from typing import Any

import gast

from gradscribe.frontend import calls, control, opaque, views
from gradscribe.frontend.frame import GETITEM, Frame
from gradscribe.frontend.heap import Bound, Closure, Ref, TupleOf
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.resolve import nested_definition
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.facts.containers import is_basic
from gradscribe.ir.facts.methods import ATTRIBUTES
from gradscribe.ir.primitives import of
from gradscribe.ir.types import (
    Array,
    Sequence,
    Slice,
    Unknown,
    is_static,
)

BINARY: dict[type, Any] = {
    gast.Add: operator.add,
    gast.Sub: operator.sub,
    gast.Mult: operator.mul,
    gast.Div: operator.truediv,
    gast.FloorDiv: operator.floordiv,
    gast.Mod: operator.mod,
    gast.Pow: operator.pow,
    gast.MatMult: operator.matmul,
    gast.BitAnd: operator.and_,
    gast.BitOr: operator.or_,
    gast.BitXor: operator.xor,
    gast.LShift: operator.lshift,
    gast.RShift: operator.rshift,
}

UNARY: dict[type, Any] = {
    gast.USub: operator.neg,
    gast.UAdd: operator.pos,
    gast.Not: operator.not_,
    gast.Invert: operator.invert,
}

COMPARE: dict[type, Any] = {
    gast.Lt: operator.lt,
    gast.LtE: operator.le,
    gast.Gt: operator.gt,
    gast.GtE: operator.ge,
    gast.Eq: operator.eq,
    gast.NotEq: operator.ne,
    gast.Is: operator.is_,
    gast.IsNot: operator.is_not,
}


def lower(frame: Frame, node: Any) -> Bound:
    """The bound value of an expression."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        frame.refuse(node, f"{type(node).__name__} expressions are not supported")
    saved = frame.builder.span
    if not frame.builder.derived:
        frame.builder.span = frame.definition.span(node) or saved
    try:
        return handler(frame, node)
    finally:
        frame.builder.span = saved


def operand(frame: Frame, node: Any) -> Operand:
    """The SSA operand of an expression."""
    return frame.read(lower(frame, node))


def _constant(frame: Frame, node: gast.Constant) -> Bound:
    return Const(node.value)


def _name(frame: Frame, node: gast.Name) -> Bound:
    return frame.lookup(node)


def _binary(frame: Frame, node: gast.BinOp) -> Bound:
    left, right = lower(frame, node.left), lower(frame, node.right)
    function = BINARY[type(node.op)]
    if isinstance(left, TupleOf) and isinstance(right, TupleOf) and function is operator.add:
        return TupleOf(left.items + right.items)
    return frame.wrap(frame.emit(of(function), frame.read(left), frame.read(right)))


def _unary(frame: Frame, node: gast.UnaryOp) -> Bound:
    value = operand(frame, node.operand)
    if isinstance(value, Const) and value.name is None and isinstance(node.op, gast.USub):
        if isinstance(value.value, int | float | complex):
            return Const(-value.value)
    return frame.wrap(frame.emit(of(UNARY[type(node.op)]), value))


def _compare(frame: Frame, node: gast.Compare) -> Bound:
    left = operand(frame, node.left)
    return _comparisons(frame, node, left, 0)


def _comparisons(frame: Frame, node: gast.Compare, left: Operand, place: int) -> Operand:
    """``a < b < c`` as ``a < b and b < c`` with b computed once, the rest only if needed."""
    right = operand(frame, node.comparators[place])
    first = _one_comparison(frame, node.ops[place], left, right)
    if place + 1 == len(node.ops):
        return first
    return control.choice(
        frame, first, lambda: _comparisons(frame, node, right, place + 1), lambda: first, "and"
    )


def _one_comparison(frame: Frame, kind: Any, left: Operand, right: Operand) -> Operand:
    if isinstance(kind, gast.In | gast.NotIn):
        found = frame.emit(of(operator.contains), right, left)
        return found if isinstance(kind, gast.In) else frame.emit(of(operator.not_), found)
    return frame.emit(of(COMPARE[type(kind)]), left, right)


def _bool(frame: Frame, node: gast.BoolOp) -> Bound:
    return _booleans(frame, node, 0)


def _booleans(frame: Frame, node: gast.BoolOp, place: int) -> Operand:
    first = operand(frame, node.values[place])
    if place + 1 == len(node.values):
        return first
    rest = lambda: _booleans(frame, node, place + 1)  # noqa: E731 (evaluated in one arm only)
    if isinstance(node.op, gast.And):
        return control.choice(frame, first, rest, lambda: first, "and")
    return control.choice(frame, first, lambda: first, rest, "or")


def _conditional(frame: Frame, node: gast.IfExp) -> Bound:
    test = operand(frame, node.test)
    known = control.truth(test)
    if known is not None:
        return lower(frame, node.body if known else node.orelse)
    return control.conditional(frame, node, test)


def _tuple(frame: Frame, node: gast.Tuple) -> Bound:
    parts = [_tuple_part(frame, element) for element in node.elts]
    if all(isinstance(part, TupleOf) for part in parts):
        return TupleOf(tuple(item for part in parts for item in part.items))  # type: ignore[union-attr]  # tuples
    # ``(*t, x)`` with a t of unknown length is ``t + (x,)``.
    total = frame.read(parts[0])
    for part in parts[1:]:
        total = frame.emit(of(operator.add), total, frame.read(part))
    return frame.wrap(total)


def _tuple_part(frame: Frame, element: Any) -> Bound:
    """What an entry of a tuple display contributes, as a tuple."""
    if not isinstance(element, gast.Starred):
        return TupleOf((lower(frame, element),))
    inner = lower(frame, element.value)
    if not isinstance(inner, TupleOf | Closure | Procedure):
        kind = frame.type(inner)
        if isinstance(kind, Sequence) and kind.kind == "tuple":
            return inner
    if not isinstance(inner, TupleOf):
        frame.refuse(element, "star of something whose length is not known here")
    return inner


def _elements(frame: Frame, node: Any, kept: bool = True) -> list[Bound]:
    items: list[Bound] = []
    for element in node.elts:
        if isinstance(element, gast.Starred):
            inner = lower(frame, element.value)
            if not isinstance(inner, TupleOf):
                frame.refuse(element, "star of something whose length is not known here")
            items.extend(inner.items)
        elif isinstance(element, gast.List):
            items.append(display(frame, element, kept))
        else:
            items.append(lower(frame, element))
    return items


def _list(frame: Frame, node: gast.List) -> Bound:
    return display(frame, node, kept=True)


def display(frame: Frame, node: gast.List, kept: bool) -> Bound:
    """``[a, b, …]``; not ``kept`` where it is only read and gone (``np.array([a, b])``)."""
    items = _elements(frame, node, kept)
    if kept:
        frame.keep(TupleOf(tuple(items)), node)
    return frame.wrap(frame.emit(of(list), *(frame.read(item) for item in items)))


def _dict(frame: Frame, node: gast.Dict) -> Bound:
    return opaque.expression(frame, node)


def _lambda(frame: Frame, node: gast.Lambda) -> Bound:
    return closure(frame, node)


def closure(frame: Frame, node: Any) -> Closure:
    """A nested function; its defaults are evaluated here, where it is defined."""
    definition = nested_definition(frame.definition, node)
    arguments = node.args
    plain = [a.id for a in (*arguments.posonlyargs, *arguments.args)]
    defaults = dict(zip(plain[::-1], arguments.defaults[::-1], strict=False))
    defaults |= {
        a.id: d for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d
    }
    definition.defaults = {name: lower(frame, default) for name, default in defaults.items()}
    return Closure(definition, frame)


def index(frame: Frame, node: Any) -> Operand:
    """The operand of what stands between square brackets."""
    if isinstance(node, gast.Slice):
        return frame.emit(
            of(slice), *(_bound(frame, part) for part in (node.lower, node.upper, node.step))
        )
    if isinstance(node, gast.Tuple):
        return frame.emit(of(tuple), *(index(frame, part) for part in node.elts))
    return operand(frame, node)


def _bound(frame: Frame, node: Any) -> Operand:
    return Const(None) if node is None else operand(frame, node)


def _subscript(frame: Frame, node: gast.Subscript) -> Bound:
    base = indexed(frame, node)
    place = index(frame, node.slice)
    if _is_flat(node):  # every index of ``x.flat`` copies
        return frame.wrap(frame.emit(GETITEM, frame.read(base), place))
    return item(frame, base, place)


def indexed(frame: Frame, node: gast.Subscript) -> Bound:
    """What stands before the square brackets, to be read from or written to."""
    if not _is_flat(node):
        return lower(frame, node.value)
    base = lower(frame, node.value.value)
    if not isinstance(base, Ref) or not isinstance(frame.type(base), Array):
        frame.refuse(node, "the attribute .flat is not supported here")
    return views.flat(frame, base)


def _is_flat(node: gast.Subscript) -> bool:
    return isinstance(node.value, gast.Attribute) and node.value.attr == "flat"


def item(frame: Frame, base: Bound, place: Operand) -> Bound:
    """``base[place]``."""
    if isinstance(base, TupleOf):
        if isinstance(place, Const) and isinstance(place.value, int | slice):
            found = base.items[place.value]
            return TupleOf(found) if isinstance(found, tuple) else found
        frame.keep(base)
        found = frame.wrap(frame.emit(GETITEM, frame.read(base), place))
        frame.keep(found)
        return found
    if isinstance(base, Ref):
        kind = frame.type(base)
        if isinstance(kind, Array) and is_basic(_index_type(place)):
            return frame.view(base, GETITEM, (place,), certain=kind.dims is not None)
        if isinstance(kind, Sequence) and frame.holds_views(base):
            return frame.view(base, GETITEM, (place,), certain=True)
        if isinstance(kind, Sequence):
            entry = frame.wrap(frame.emit(GETITEM, frame.read(base), place))
            if not isinstance(type_of_operand(place), Slice):
                frame.keep(entry)
            return entry
        if isinstance(kind, Unknown):
            return frame.view(base, GETITEM, (place,), certain=False)
    found = frame.wrap(frame.emit(GETITEM, frame.read(base), place))
    if isinstance(frame.type(base), Sequence):
        frame.keep(found)
    return found


def _index_type(place: Operand) -> Any:
    return place.type if isinstance(place, Value) else place.value


def _attribute(frame: Frame, node: gast.Attribute) -> Bound:
    base = lower(frame, node.value)
    static = _static_object(base)
    if static is not None:
        try:
            value = getattr(static, node.attr)
        except AttributeError as error:
            frame.refuse(node, str(error))
        if is_static(value) or isinstance(static, enum.EnumType):
            return Const(value)
        if isinstance(static, types.ModuleType):
            return Const(value, node.attr, static.__name__)
        spelled, home = _spelled(frame, base, node.value)  # type: ignore[arg-type]  # a Const
        return Const(value, f"{spelled}.{node.attr}", home)
    if node.attr in ATTRIBUTES and not isinstance(base, TupleOf | Closure):
        prim = of(ATTRIBUTES[node.attr])
        if isinstance(base, Ref) and prim.storage == "view":
            return views.take(frame, base, prim, ())
        return frame.wrap(frame.emit(prim, frame.read(base)))
    frame.refuse(node, f"the attribute .{node.attr} is not supported here")


def _static_object(base: Bound) -> Any:
    if isinstance(base, Const) and isinstance(base.value, enum.Enum):
        return base.value
    if isinstance(base, Const) and (base.name is not None or is_static(base.value)):
        return base.value if not isinstance(base.value, str | int | float | None) else None
    return None


def _spelled(frame: Frame, base: Const, node: Any) -> tuple[str, str | None]:
    """How a module denotes a known object, and which module does."""
    if base.name is not None:
        return base.name, base.home
    if isinstance(base.value, enum.Enum):
        owner, home = _spelled(frame, Const(type(base.value)), node)
        return f"{owner}.{base.value.name}", home
    name, home = getattr(base.value, "__qualname__", ""), getattr(base.value, "__module__", None)
    found: Any = sys.modules.get(home or "")
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is base.value:
        return name, home if home != "builtins" else None
    if isinstance(node, gast.Name) and node.id not in frame.env:
        return node.id, frame.definition.globals.get("__name__")
    frame.refuse(node, f"no module has a name for {base.value!r}", "define it at module level")


def _named(frame: Frame, node: gast.NamedExpr) -> Bound:
    value = lower(frame, node.value)
    frame.env[node.target.id] = value
    frame.name(value, node.target.id)
    return value


def _call(frame: Frame, node: gast.Call) -> Bound:
    return calls.call(frame, node)


_HANDLERS: dict[type, Callable[[Frame, Any], Bound]] = {
    gast.Constant: _constant,
    gast.Name: _name,
    gast.BinOp: _binary,
    gast.UnaryOp: _unary,
    gast.Compare: _compare,
    gast.BoolOp: _bool,
    gast.IfExp: _conditional,
    gast.Tuple: _tuple,
    gast.List: _list,
    gast.Dict: _dict,
    gast.Lambda: _lambda,
    gast.Subscript: _subscript,
    gast.Attribute: _attribute,
    gast.NamedExpr: _named,
    gast.Call: _call,
    gast.JoinedStr: opaque.expression,
}
