"""Applying a primitive to arguments that are lowered already."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradscribe.errors import UnsupportedError
from gradscribe.frontend import (
    containers,
    dicts,
    expand,
    possible,
    records,
    sharing,
    views,
    writes,
)
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import (
    Bound,
    Ref,
    TupleOf,
    locations,
)
from gradscribe.frontend.raising import certainly
from gradscribe.ir import helpers, transposes, trees
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Attrs, Const, Operand, Value
from gradscribe.ir.joins import element_type
from gradscribe.ir.primitives import Primitive, of
from gradscribe.ir.transposes import holds_lists, is_dict, is_whole, may_repeat
from gradscribe.ir.types import (
    PY_FLOAT,
    TEXT,
    UNKNOWN,
    Mapping,
    Scalar,
    Struct,
    class_name,
    dims_of,
    holds_records,
    is_array,
    is_of_one_shape,
    not_one,
)
from gradscribe.ir.types import Sequence as SequenceType

Keywords = dict[Any, Bound]


# Helpers that return what the in-place form would leave behind.
_FUNCTIONAL = (helpers.setitem, helpers.index_add, helpers.append, helpers.without)


def _as_plain(bound: Bound) -> Bound:
    """Functions of NumPy and Python take a named tuple for the tuple that it is."""
    return TupleOf(bound.items) if isinstance(bound, TupleOf) and bound.cls else bound


def apply(
    frame: Frame,
    node: Any,
    prim: Primitive,
    positional: Sequence[Bound],
    keywords: Keywords,
    form: str | None = None,
) -> Bound | None:
    """Apply a primitive to bound arguments; None where one of them has no place in it."""
    if prim.function is helpers.zeros_like and holds_records(frame.type(positional[0])):
        return frame.wrap(trees.zeros(frame.builder, frame.read(positional[0])))
    decided = _by_structure(frame, node, prim.function, positional) if not keywords else None
    if decided is not None:
        return decided
    if getattr(prim.function, "__module__", "") != helpers.__name__:
        positional = [_as_plain(bound) for bound in positional]
    taken = writes.take_out(frame, node, prim, positional, keywords)
    if taken is not None:
        into, positional, keywords = taken
        if "where" in keywords:
            return writes.put_where(frame, node, prim, into, positional, keywords)
        value = apply(frame, node, prim, positional, keywords, form)
        if value is None:
            return None
        return writes.put_out(frame, node, prim, into, value)
    bound = _bind(frame, node, prim, positional, keywords)
    if bound is None:
        return None
    args = tuple(map(frame.look, bound))
    if not frame.builder.derived:
        dicts.check_application(frame, node, prim, args)
    if sharing.hands_on(prim, args):
        args = tuple(map(frame.read, bound))
    try:
        written = expand.written_out(frame, prim, bound, args)
        if written is not None:
            return written
        arrays = _as_arrays(frame, prim, args)
        bound = [
            b if a is x else frame.wrap(a) for b, a, x in zip(bound, arrays, args, strict=True)
        ]
        args = arrays
        prim.result_type(args)
    except UnsupportedError as error:
        if error.span is None:  # a fact's: it knows what, not where
            frame.refuse(node, error.message, error.hint)
        raise
    if prim.mutates is not None and prim.function not in _FUNCTIONAL:
        target = bound[prim.mutates]
        if isinstance(target, Ref):
            value = frame.emit(prim, *args)
            frame.write(target, value, node)
            return Const(None)
    if (
        prim.storage in ("view", "maybe")
        and bound
        and isinstance(bound[0], Ref)
        and prim.function is not helpers.stop_gradient
    ):
        return views.take(frame, bound[0], prim, args[1:])
    folded = known_answer(frame, prim, args)
    if folded is not None:
        return folded
    result = frame.emit(prim, *args)
    if form is not None and frame.builder.region.ops and isinstance(result, Value):
        op = frame.builder.region.ops[-1]
        if op.results == (result,):
            op.attrs = Attrs(form=form)
    made = frame.wrap(result)
    if prim.function is helpers.stop_gradient:  # it is what it was given
        for loc in locations(made):
            for other in frame.heap.within(bound[0]):
                frame.heap.relate(loc, other)
    return made


_SPECIAL_METHODS: dict[Any, str] = {
    len: "__len__", abs: "__abs__", float: "__float__", int: "__int__", round: "__round__",
    complex: "__complex__", bool: "__bool__", operator.neg: "__neg__", operator.pos: "__pos__",
    operator.invert: "__invert__", operator.getitem: "__getitem__",
}  # fmt: skip
_OPERATORS = {
    function: function.__name__.strip("_")
    for function in (
        operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
        operator.pow, operator.matmul, operator.and_, operator.or_, operator.xor, divmod,
    )
}  # fmt: skip
_COMPARISONS = {
    function: function.__name__
    for function in (
        operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne
    )
}  # fmt: skip


def _by_structure(
    frame: Frame, node: Any, function: Any, positional: Sequence[Bound]
) -> Bound | None:
    """``len(xs)`` of what is followed part by part, and what a class of the user's decides."""
    from gradscribe.frontend.conditions import truth

    if len(positional) == 2 and function in _OPERATORS:
        return records.binary(frame, node, _OPERATORS[function], *positional)
    if len(positional) == 2 and function in _COMPARISONS:
        return records.comparison(frame, node, _COMPARISONS[function], *positional)
    if not positional or function not in _SPECIAL_METHODS:
        return None
    method = records.special_method(frame, positional[0], _SPECIAL_METHODS[function])
    if method is not None:
        return records.call_method(frame, node, method, list(positional[1:]))
    if function is len:
        items = containers.items_of(frame, positional[0])
        kind = frame.type(positional[0]) if items is None else None
        if kind is not None and kind != TEXT and dims_of(kind) == ():
            said = f"object of type {class_name(kind)!r} has no len()"
            raise certainly(frame, TypeError, said, node)
        return None if items is None else Const(len(items))
    if function in (float, int) and any(map(not_one, dims_of(frame.type(positional[0])) or ())):
        said = "only 0-dimensional arrays can be converted to Python scalars"
        raise certainly(frame, TypeError, said, node)
    if function is bool and frame.heap.fields(positional[0]) is not None:
        return truth(frame, node, positional[0])
    if function is bool and isinstance(positional[0], Value | Const):
        decided = possible.truth(frame, positional[0])
        return None if decided is None else Const(decided)
    return None


def known_answer(frame: Frame, prim: Primitive, args: tuple[Operand, ...]) -> Bound | None:
    """What is asked of a shape that is known, and what a rule asks of the index it is given."""
    if prim.name in ("np.ndim", ".ndim"):
        kind = type_of_operand(args[0])
        if isinstance(kind, SequenceType) and isinstance(element_type(kind), Scalar):
            return Const(1)
        dims = dims_of(kind)
        return None if dims is None else Const(len(dims))
    if prim.name in (".shape", ".size", "np.shape"):
        dims = dims_of(type_of_operand(args[0]))
        if dims is None or any(dim != 1 for dim in dims):
            return None
        return Const(1) if prim.name == ".size" else TupleOf((Const(1),) * len(dims))
    if prim.function is helpers.is_one:
        one = args[0]
        return Const(isinstance(one, Const) and one.name is None and helpers.is_one(one.value))
    if prim.function is helpers.is_slow_inverse:
        array, exponent = is_array(type_of_operand(args[0])), args[1]
        if not array or not isinstance(exponent, Const) or not exponent.fixed:
            return Const(False)
        return Const(helpers.is_slow_inverse((1,), exponent.value))
    if prim.function is may_repeat:
        return None if writes.may_name_twice(frame, args[0]) else Const(False)
    if prim.function is holds_lists:
        entry = sharing.element_of(type_of_operand(args[0]))
        return Const(isinstance(entry, SequenceType | Struct) or entry == UNKNOWN)
    if prim.function is transposes.is_of_one_shape:
        return Const(is_of_one_shape(element_type(type_of_operand(args[0])) or PY_FLOAT))
    if prim.function is is_dict:
        return Const(isinstance(type_of_operand(args[0]), Mapping))
    if prim.function is is_whole:
        return Const(writes.is_whole(args[0]))
    return None


def _bind(
    frame: Frame, node: Any, prim: Primitive, positional: Sequence[Bound], keywords: Keywords
) -> list[Bound] | None:
    """The arguments in the order of the primitive's parameters; None if one has no place."""
    if prim.variadic:
        fixed = len(prim.params) - 1
        if keywords or len(positional) < fixed:
            return None
        return list(positional)
    if len(positional) > len(prim.params) or not set(keywords) <= set(prim.params):
        return None
    if not _positions_agree(prim, len(positional)):
        return None
    bound: list[Bound] = list(positional)
    for name in prim.params[len(positional) :]:
        if name in keywords:
            bound.append(keywords[name])
        elif name in prim.defaults:
            bound.append(Const(prim.defaults[name]))
        else:
            frame.refuse(node, f"{prim.name} needs the argument {name!r}")
    if any(name in keywords for name in prim.params[: len(positional)]):
        frame.refuse(node, f"{prim.name} got an argument twice")
    return bound


# NumPy's functions of arrays, which take lists and tuples of numbers as well.
_OF_ARRAYS = {
    np.dot, np.inner, np.outer, np.vdot, np.kron, np.cross, np.tensordot, np.sort, np.average,
    np.vander, np.linalg.norm, np.linalg.solve, np.linalg.det, np.linalg.inv,
    np.sum, np.mean, np.std, np.var, np.prod, np.median, np.reshape, np.ravel, np.transpose,
    np.squeeze,
}  # fmt: skip
# … whose rules know lists that are written there, and tables of constants.
_OF_LISTS = {np.max, np.min, np.amax, np.amin}
_OF_TABLES = {np.polyval, np.interp}
_ASARRAY = of(np.asarray)


def _as_arrays(frame: Frame, prim: Primitive, args: tuple[Operand, ...]) -> tuple[Operand, ...]:
    """Arguments of functions of arrays, as NumPy makes arrays of them first."""
    known = _OF_ARRAYS | _OF_LISTS | _OF_TABLES
    if prim.function not in known and not isinstance(prim.function, np.ufunc):
        return args
    names = [*prim.params, *prim.params[-1:] * (len(args) - len(prim.params))]
    return tuple(
        frame.emit(_ASARRAY, arg) if name not in prim.static and _is_list(frame, prim, arg) else arg
        for name, arg in zip(names, args, strict=True)
    )


def _is_list(frame: Frame, prim: Primitive, arg: Operand) -> bool:
    """Is this a list or tuple whose place an array should take?"""
    if not isinstance(type_of_operand(arg), SequenceType):
        return False
    op = frame.builder.made.get(arg) if isinstance(arg, Value) else None
    if prim.function in _OF_LISTS:
        return op is None or op.prim is not of(list)
    if prim.function in _OF_TABLES:
        constant = op is not None and all(isinstance(item, Const) for item in op.args)
        return not constant and isinstance(arg, Value)
    return True


@functools.cache
def _positions_agree(prim: Primitive, count: int) -> bool:
    """Do the function's own first parameters stand where the fact's do (facts leave some out)?"""
    if isinstance(prim.function, np.ufunc) or not prim.name.startswith("np."):
        return True
    try:
        names = list(inspect.signature(prim.function).parameters)
    except (TypeError, ValueError):
        return True
    return all(a == b or b not in names for a, b in zip(names[:count], prim.params, strict=False))
