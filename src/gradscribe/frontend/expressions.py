"""Lowering expressions: one function per kind of AST node, from frame and node to a bound value."""

from __future__ import annotations

import enum
import operator
import sys
import types
from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from gradscribe.frontend import (
    aliasing,
    application,
    calls,
    comprehensions,
    conditions,
    containers,
    dicts,
    displays,
    opaque,
    opened,
    possible,
    records,
    ruled,
    sharing,
    views,
    wrappers,
)
from gradscribe.frontend.frame import GETITEM, Frame, is_mutable
from gradscribe.frontend.heap import Bound, Closure, Method, Ref, Super, TupleOf
from gradscribe.frontend.joined import joined
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.raising import certainly
from gradscribe.frontend.resolve import nested_definition
from gradscribe.frontend.wholes import is_structured
from gradscribe.ir.abstraction import is_static
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.facts.indexing import is_basic
from gradscribe.ir.facts.methods import ATTRIBUTES
from gradscribe.ir.primitives import PARTS, of
from gradscribe.ir.types import TEXT, Array, Scalar, Sequence, Slice, Unknown, dims_of, python_class

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


def lower(frame: Frame, node: Any) -> Bound:
    """The bound value of an expression."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        return opaque.expression(frame, node)
    saved = frame.builder.span
    if not frame.builder.derived:
        frame.builder.span = frame.definition.span(node) or saved
    try:
        return possible.settled(frame, opened.followed(frame, handler(frame, node)))
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
    if isinstance(node.op, gast.Mod) and opaque.is_string(left):
        return opaque.expression(frame, node, {id(node.left): left, id(node.right): right})
    return binary(frame, node, BINARY[type(node.op)], left, right)


def binary(frame: Frame, node: Any, function: Any, left: Bound, right: Bound) -> Bound:
    """``left ⊕ right``."""
    if function is operator.or_ and all(_is_class(bound) for bound in (left, right)):
        return Const(left.value | right.value)  # type: ignore[union-attr]  # constants
    name = function.__name__.strip("_")
    for of_ours, method, other in ((left, f"__{name}__", right), (right, f"__r{name}__", left)):
        if isinstance(of_ours, Procedure) and of_ours.member is not None:
            return of_ours.member(frame, node, method).run(frame, node, [other], {})  # type: ignore[no-any-return]  # bound
    if dicts.is_counter(frame, left) or dicts.is_counter(frame, right):
        dicts.refuse_counter(frame, node, "an operator")
    found = records.binary(frame, node, name, left, right)
    if found is None and isinstance(left, TupleOf) and isinstance(right, TupleOf):
        if function is operator.add:
            return TupleOf(left.items + right.items)
    if found is None and function is operator.add:
        found = containers.concatenated(frame, left, right)
    if found is None and function is operator.mul:
        found = containers.repeated(frame, left, right) or containers.repeated(frame, right, left)
    if found is None and function is operator.or_:
        found = containers.merged(frame, node, left, right)
    if found is not None:
        return found
    operands = (frame.read(left), frame.read(right))
    about = ruled.operator_rule(frame, function, operands)
    if about is not None:
        return ruled.call(frame, node, about, Const(about.function), [left, right], {})
    return frame.wrap(frame.emit(of(function), *operands))


def _is_class(bound: Bound) -> bool:
    """Is this a class, or a union of classes?"""
    return isinstance(bound, Const) and isinstance(bound.value, type | types.UnionType)


def _unary(frame: Frame, node: gast.UnaryOp) -> Bound:
    if isinstance(node.op, gast.Not):
        return frame.emit(of(operator.not_), conditions.condition(frame, node.operand))
    bound = lower(frame, node.operand)
    method = records.special_method(frame, bound, f"__{UNARY[type(node.op)].__name__}__")
    if method is not None:
        return records.call_method(frame, node, method, [])
    value = frame.read(bound)
    about = ruled.operator_rule(frame, UNARY[type(node.op)], (value,))
    if about is not None:
        return ruled.call(frame, node, about, Const(about.function), [bound], {})
    if isinstance(value, Const) and value.name is None and isinstance(node.op, gast.USub):
        if isinstance(value.value, int | float | complex):
            return Const(-value.value)
    return frame.wrap(frame.emit(of(UNARY[type(node.op)]), value))


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
    if isinstance(node, gast.List) and node.elts:
        places = [part.value if isinstance(part, gast.Constant) else None for part in node.elts]
        if all(type(place) is int for place in places):
            return Const(places)
    return operand(frame, node)


def key(frame: Frame, node: Any) -> Bound:
    """What stands between square brackets, for a method of the user's to take."""
    if isinstance(node, gast.Slice):
        return index(frame, node)
    if isinstance(node, gast.Tuple) and any(isinstance(part, gast.Slice) for part in node.elts):
        return TupleOf(tuple(key(frame, part) for part in node.elts))
    return lower(frame, node)


def _bound(frame: Frame, node: Any) -> Operand:
    return Const(None) if node is None else operand(frame, node)


def _subscript(frame: Frame, node: gast.Subscript) -> Bound:
    if _is_flat(node):  # every index of ``x.flat`` copies
        base = indexed(frame, node)
        return frame.wrap(frame.emit(GETITEM, frame.read(base), index(frame, node.slice)))
    base = lower(frame, node.value)
    method = records.special_method(frame, base, "__getitem__")
    if method is not None:
        return records.call_method(frame, node, method, [key(frame, node.slice)])
    made = joined(frame, node, base)
    if made is not None:
        return made
    place = index(frame, node.slice)
    fields = frame.heap.fields(base)
    if fields is not None and isinstance(base, Ref):
        return containers.get_item(frame, node, base, fields, place)
    return item(frame, base, place)


def indexed(frame: Frame, node: gast.Subscript) -> Bound:
    """What stands before the square brackets, to be read from or written to."""
    if not _is_flat(node):
        return lower(frame, node.value)
    base = lower(frame, node.value.value)
    if not isinstance(base, Ref) or not isinstance(frame.type(base), Array):
        frame.refuse(
            node,
            "an entry of .flat is taken of something that is no array here",
            "write np.ravel(x)[…]",
        )
    return views.flat(frame, base)


def _is_flat(node: gast.Subscript) -> bool:
    return isinstance(node.value, gast.Attribute) and node.value.attr == "flat"


def item(frame: Frame, base: Bound, place: Operand) -> Bound:
    """``base[place]``."""
    fields = frame.heap.fields(base)
    if fields is not None and isinstance(base, Ref):
        return containers.get_item(frame, frame.definition.node, base, fields, place)
    constant = containers.constant_entry(base, place)
    if constant is not None:
        return constant
    number = type_of_operand(base) if isinstance(base, Value | Const) else None
    derived = frame.builder.derived
    if isinstance(number, Scalar) and number != TEXT and (derived or not number.weak):
        if isinstance(place, Const) and place.fixed and place.value == ():
            return base
        return item(frame, frame.wrap(frame.emit(of(np.asarray), frame.read(base))), place)
    cls = python_class(number) if number is not None else None
    if cls is not None:
        said = f"{cls.__name__!r} object is not subscriptable"
        raise certainly(frame, TypeError, said, None)
    if isinstance(base, TupleOf):
        if isinstance(place, Const) and isinstance(place.value, int | slice):
            if isinstance(place.value, slice):
                return TupleOf(base.items[place.value])
            if not -len(base.items) <= place.value < len(base.items):
                containers.lacking(frame, None, "tuple", place.value)
            return base.items[place.value]
        aliasing.keep(frame, base)
        found = frame.wrap(frame.emit(GETITEM, frame.read(base), place))
        aliasing.keep(frame, found)
        return found
    if isinstance(base, Ref) and isinstance(place, Const) and place.value is None:
        if dims_of(frame.type(base)) == ():  # derivatives of an array without axes are numbers
            return frame.view(base, of(np.reshape), (Const((1,)), Const("C")), certain=True)
    if isinstance(base, Ref):
        kind = frame.type(base)
        if isinstance(kind, Array) and is_basic(_index_type(place)):
            return frame.view(base, GETITEM, (place,), certain=kind.dims is not None)
        if isinstance(kind, Sequence) and frame.holds_views(base):
            return frame.view(base, GETITEM, (place,), certain=True)
        if isinstance(kind, Sequence):
            found_type = GETITEM.result_type((frame.look(base), place))
            followed = is_structured(found_type) and not sharing.is_record(found_type)
            own = None if followed else sharing.entry(frame, base, place)
            if own is not None:
                return own
            if not is_mutable(found_type):
                return frame.wrap(frame.emit(GETITEM, frame.look(base), place))
            entry = frame.wrap(frame.emit(GETITEM, frame.read(base), place))
            if not isinstance(type_of_operand(place), Slice):
                aliasing.keep(frame, entry)
            return entry
        if isinstance(kind, Unknown):
            return frame.view(base, GETITEM, (place,), certain=False)
    if dicts.is_one_value(frame, base):
        return dicts.get_item(frame, base, place)
    found = frame.wrap(frame.emit(GETITEM, frame.read(base), place))
    if isinstance(frame.type(base), Sequence):
        aliasing.keep(frame, found)
    return found


def _index_type(place: Operand) -> Any:
    return place.type if isinstance(place, Value) else place.value


def _attribute(frame: Frame, node: gast.Attribute) -> Bound:
    named = opaque.name_of_function(frame, node)
    if named is not None:
        return named
    base = lower(frame, node.value)
    return attribute(frame, node, base, node.attr)


def attribute(frame: Frame, node: Any, base: Bound, name: str) -> Bound:
    """``base.name``."""
    if isinstance(base, Procedure) and base.member is not None:
        return base.member(frame, node, name)  # type: ignore[no-any-return]  # bound
    if isinstance(base, Super):
        return records.inherited(frame, node, base.after, base.receiver, name)
    if records.class_of(frame, base) is not None:
        return records.attribute(frame, node, base, name)
    static = _static_object(base)
    if static is not None:
        computed = records.of_member(frame, node, base, static, name)
        if computed is not None:
            return computed
        try:
            value = getattr(static, name)
        except AttributeError as error:
            raise certainly(frame, AttributeError, str(error), node) from None
        if is_static(value) or isinstance(static, enum.EnumType):
            return Const(value)
        if isinstance(static, types.ModuleType):
            return Const(value, name, static.__name__)
        written = node.value if isinstance(node, gast.Attribute) else node
        where, home = spelled(frame, base, written)  # type: ignore[arg-type]  # a Const
        return Const(value, f"{where}.{name}", home)
    check_has(frame, node, base, name)
    _check_container(frame, node, base, name)
    if name in ATTRIBUTES and not isinstance(base, TupleOf | Closure | Method):
        prim = of(ATTRIBUTES[name])
        part = _part(frame, base, name)
        if part is not None:
            return part
        if isinstance(base, Ref) and prim.storage == "view":
            return views.take(frame, base, prim, ())
        whole = frame.read(base)
        known = application.known_answer(frame, prim, (whole,))
        return frame.wrap(frame.emit(prim, whole)) if known is None else known
    if not isinstance(node, gast.Attribute) or isinstance(base, Closure | Method | Procedure):
        frame.refuse(
            node,
            f"the attribute .{name} of a function is not supported",
            "write what it stands for",
        )
    return wrappers.bound_method(frame, node, base, name) or opaque.attribute(frame, node, base)


def _part(frame: Frame, base: Bound, name: str) -> Bound | None:
    """An attribute of what was just called, if that is a primitive of its own."""
    made = frame.builder.made.get(base) if isinstance(base, Value) else None
    prim = PARTS.get((made.prim.function, name)) if made is not None else None
    return None if made is None or prim is None else frame.wrap(frame.emit(prim, *made.args))


def check_has(frame: Frame, node: Any, base: Bound, name: str) -> None:
    """Python's own numbers do not have what NumPy's have: it is known what reading it raises."""
    cls = python_class(type_of_operand(base)) if isinstance(base, Value | Const) else None
    if cls is not None and not hasattr(cls, name) and frame.tries():
        said = f"{cls.__name__!r} object has no attribute {name!r}"
        raise certainly(frame, AttributeError, said, node)


def _check_container(frame: Frame, node: Any, base: Bound, name: str) -> None:
    """Dicts and lists have methods, and nothing else."""
    fields = frame.heap.fields(base)
    cls = {"dict": dict, "list": list}.get(fields.kind) if fields is not None else None
    if cls is not None and not hasattr(cls, name):
        said = f"{cls.__name__!r} object has no attribute {name!r}"
        raise certainly(frame, AttributeError, said, node)


def _static_object(base: Bound) -> Any:
    if isinstance(base, Const) and isinstance(base.value, enum.Enum):
        return base.value
    if isinstance(base, Const) and (base.name is not None or is_static(base.value)):
        return base.value if not isinstance(base.value, str | int | float | None) else None
    return None


def spelled(frame: Frame, base: Const, node: Any) -> tuple[str, str | None]:
    """How a module denotes a known object, and which module does."""
    if base.name is not None:
        return base.name, base.home
    if isinstance(base.value, enum.Enum):
        owner, home = spelled(frame, Const(type(base.value)), node)
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
    frame.bind(node.target.id, value)
    return value


def _call(frame: Frame, node: gast.Call) -> Bound:
    return calls.call(frame, node)


_HANDLERS: dict[type, Callable[[Frame, Any], Bound]] = {
    gast.Constant: _constant,
    gast.Name: _name,
    gast.BinOp: _binary,
    gast.UnaryOp: _unary,
    gast.Compare: conditions.compare,
    gast.BoolOp: conditions.boolean,
    gast.IfExp: conditions.conditional,
    gast.Tuple: displays.tuple_,
    gast.List: displays.list_,
    gast.Dict: displays.dict_,
    gast.Lambda: _lambda,
    gast.Subscript: _subscript,
    gast.Attribute: _attribute,
    gast.NamedExpr: _named,
    gast.Call: _call,
    gast.JoinedStr: opaque.of_parts,
    gast.Set: opaque.of_parts,
    gast.ListComp: comprehensions.list_comprehension,
    gast.SetComp: comprehensions.set_comprehension,
    gast.DictComp: comprehensions.dict_comprehension,
    gast.GeneratorExp: comprehensions.generator_expression,
}
