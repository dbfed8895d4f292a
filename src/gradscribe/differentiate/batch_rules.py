"""How each linear operation works on a stack of directions; what is not here is not done.

``np.sum(x_dot, axis=0)`` of one direction is ``np.sum(x_dot, axis=1)`` of a stack: axes are counted
from one place further on, and what has fewer axes than the result gets new ones.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradscribe.differentiate.stacks import GETITEM, TUPLE, CannotBatch, Stacks
from gradscribe.ir import helpers, trees
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Op, Operand
from gradscribe.ir.facts.methods import attribute_T
from gradscribe.ir.facts.records import instance
from gradscribe.ir.primitives import of
from gradscribe.ir.types import (
    Array,
    Mapping,
    Scalar,
    Sequence,
    Slice,
    Struct,
    dims_of,
    dtype_of,
    is_scalar,
)

TRANSPOSED = of(attribute_T)
_ALL = slice(None)


Rule = Callable[[Stacks, Op], Operand]
RULES: dict[Any, Rule] = {}
# Elementwise, but for numbers alone.
OF_NUMBERS = {f for f in (abs, int, bool, round, pow)}


def _rule(*functions: Any) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        for function in functions:
            RULES[function] = rule
        return rule

    return register


def _static(operand: Operand) -> Any:
    """The literal that an operand must be."""
    if not isinstance(operand, Const):
        raise CannotBatch
    return operand.value


def _axes(axis: Any, rank: int) -> Any:
    """Axes counted from the front, behind the axis of directions."""
    if axis is None:
        return tuple(range(1, rank + 1)) if rank != 1 else 1
    if isinstance(axis, tuple):
        return tuple(_axes(one, rank) for one in axis)
    if type(axis) is not int:
        raise CannotBatch
    return axis % rank + 1


@_rule(np.sum, np.mean)
def _reduced(b: Stacks, op: Op) -> Operand:
    a, axis, *rest = op.args
    rank = b.rank(a)
    if rank == 0:
        return b.stacked[a]  # type: ignore[index]  # a Value
    rest = [b.plain(arg) for arg in rest]
    return b.builder.emit(op.prim, b.either(a), _axes(_static(axis), rank), *rest)


@_rule(np.cumsum)
def _cumulated(b: Stacks, op: Op) -> Operand:
    a, axis, *rest = op.args
    rank = b.rank(a)
    if _static(axis) is None and rank != 1:
        raise CannotBatch
    return b.builder.emit(op.prim, b.either(a), _axes(_static(axis) or 0, rank), *rest)


@_rule(operator.matmul, np.matmul, np.dot)
def _product(b: Stacks, op: Op) -> Operand:
    left, right = op.args[:2]
    ranks = b.rank(left), b.rank(right)
    both = b.is_stacked(left) and b.is_stacked(right)
    if both or 0 in ranks or max(ranks) > 2:
        raise CannotBatch
    matmul = of(operator.matmul)
    x, y = b.either(left), b.either(right)
    if b.is_stacked(right) and ranks == (1, 1):
        return b.builder.emit(matmul, y, x)
    if b.is_stacked(right) and ranks == (2, 1):
        return b.builder.emit(matmul, y, b.builder.emit(TRANSPOSED, x))
    return b.builder.emit(matmul, x, y)


@_rule(np.outer)
def _outer(b: Stacks, op: Op) -> Operand:
    left, right = op.args[:2]
    if b.rank(left) != 1 or b.rank(right) != 1:
        raise CannotBatch
    index = (_ALL, _ALL, None) if b.is_stacked(left) else (_ALL, None)
    x = b.builder.emit(GETITEM, b.either(left), Const(index))
    y = b.either(right)
    if b.is_stacked(right):
        y = b.builder.emit(GETITEM, y, Const((_ALL, None)))
    return b.builder.emit(of(operator.mul), x, y)


@_rule(np.linalg.solve)
def _solved(b: Stacks, op: Op) -> Operand:
    a, right = op.args
    if b.rank(a) != 2 or b.is_stacked(a):
        raise CannotBatch
    x, y = b.plain(a), b.either(right)
    if b.rank(right) == 2:
        return b.builder.emit(op.prim, x, y)
    turned = b.builder.emit(op.prim, x, b.builder.emit(TRANSPOSED, y))
    return b.builder.emit(TRANSPOSED, turned)


def _index(b: Stacks, index: Operand, rank: int) -> Operand:
    """An index of an array, behind the axis of directions."""
    parts = _parts(b, index)
    advanced = [k for k, part in enumerate(parts) if _is_advanced(part)]
    arrays = [k for k in advanced if not is_scalar(type_of_operand(parts[k]))]
    if arrays and advanced != list(range(advanced[0], advanced[-1] + 1)):
        raise CannotBatch  # NumPy would put their axes first
    return b.builder.emit(TUPLE, Const(_ALL), *parts)


def _parts(b: Stacks, index: Operand) -> list[Operand]:
    if isinstance(index, Const):
        value = index.value
        return [Const(part) for part in value] if isinstance(value, tuple) else [index]
    plain = b.plain(index)
    kind = type_of_operand(plain)
    if isinstance(kind, Sequence) and kind.kind == "tuple":
        if kind.items is None:
            raise CannotBatch
        return [trees.part(b.builder, plain, k) for k in range(len(kind.items))]
    return [plain]


def _is_advanced(part: Operand) -> bool:
    """Is this part of an index a number or an array, and no slice?"""
    if isinstance(part, Const):
        return not (part.value is None or part.value is Ellipsis or isinstance(part.value, slice))
    return not isinstance(part.type, Slice)


@_rule(operator.getitem)
def _item(b: Stacks, op: Op) -> Operand:
    base, index = op.args
    found = b.either(base)
    if isinstance(type_of_operand(base), Sequence | Mapping):
        return b.builder.emit(GETITEM, found, b.plain(index))
    return b.builder.emit(GETITEM, found, _index(b, index, b.rank(base)))


@_rule(getattr)
def _attribute(b: Stacks, op: Op) -> Operand:
    return b.builder.emit(op.prim, b.either(op.args[0]), op.args[1])


@_rule(helpers.setitem, helpers.index_add)
def _put(b: Stacks, op: Op) -> Operand:
    base, index, value = op.args
    kind = type_of_operand(base)
    whole = b.whole(base, kind)
    if isinstance(kind, Sequence | Mapping | Struct):
        entry = GETITEM.result_type((base, index))
        return b.builder.emit(op.prim, whole, b.plain(index), b.whole(value, entry))
    place = GETITEM.result_type((base, index))
    dims = dims_of(place)
    if dims is None:
        raise CannotBatch
    given = b.aligned(value, len(dims))
    return b.builder.emit(op.prim, whole, _index(b, index, b.rank(base)), given)


@_rule(np.reshape)
def _reshaped(b: Stacks, op: Op) -> Operand:
    a, shape, *order = op.args
    if any(_static(o) != "C" for o in order):
        raise CannotBatch
    if isinstance(shape, Const):
        value = shape.value
        listed = value if isinstance(value, tuple | list) else (value,)
        lengths: list[Operand] = [Const(n) for n in listed]
    else:
        lengths = _parts(b, shape)
    made = b.builder.emit(TUPLE, b.count(), *lengths)
    return b.builder.emit(of(np.reshape), b.either(a), made)


@_rule(np.ravel)
def _flat(b: Stacks, op: Op) -> Operand:
    a, order = op.args
    if _static(order) != "C":
        raise CannotBatch
    made = b.builder.emit(TUPLE, b.count(), Const(-1))
    return b.builder.emit(of(np.reshape), b.either(a), made)


@_rule(np.transpose, attribute_T)
def _turned(b: Stacks, op: Op) -> Operand:
    a, *axes = op.args
    rank = b.rank(a)
    if rank < 2:
        return b.either(a)
    order = _static(axes[0]) if axes else None
    order = tuple(reversed(range(rank))) if order is None else order
    return b.builder.emit(of(np.transpose), b.either(a), Const((0, *_axes(tuple(order), rank))))


@_rule(np.swapaxes, np.moveaxis)
def _moved(b: Stacks, op: Op) -> Operand:
    a, *axes = op.args
    rank = b.rank(a)
    places = [_axes(_static(axis), rank) for axis in axes]
    return b.builder.emit(op.prim, b.either(a), *places)


@_rule(np.expand_dims)
def _expanded(b: Stacks, op: Op) -> Operand:
    a, axis = op.args
    return b.builder.emit(op.prim, b.either(a), _axes(_static(axis), b.rank(op.result)))


@_rule(np.squeeze, np.flip)
def _along(b: Stacks, op: Op) -> Operand:
    a, axis = op.args
    rank = b.rank(a)
    if _static(axis) is None and (op.prim.function is np.squeeze or rank == 0):
        raise CannotBatch
    return b.builder.emit(op.prim, b.either(a), _axes(_static(axis), rank))


@_rule(np.roll)
def _rolled(b: Stacks, op: Op) -> Operand:
    a, shift, axis = op.args
    rank = b.rank(a)
    if _static(axis) is None and rank != 1:
        raise CannotBatch
    return b.builder.emit(op.prim, b.either(a), b.plain(shift), _axes(_static(axis), rank))


@_rule(np.stack, np.concatenate)
def _joined(b: Stacks, op: Op) -> Operand:
    given, axis = op.args[:2]
    rank = b.rank(op.result)
    if _static(axis) is None:
        raise CannotBatch
    return b.builder.emit(op.prim, b.either(given), _axes(_static(axis), rank))


@_rule(helpers.expand)
def _put_back(b: Stacks, op: Op) -> Operand:
    g, _, axis, keepdims = op.args
    if _static(keepdims) or _static(axis) is None or b.rank(op.result) == b.rank(g):
        return b.either(g)
    return b.builder.emit(of(np.expand_dims), b.either(g), _axes(_static(axis), b.rank(op.result)))


@_rule(helpers.fill_like, np.full_like)
def _filled(b: Stacks, op: Op) -> Operand:
    value, x, *_ = op.args if op.prim.function is helpers.fill_like else op.args[1::-1]
    rank = b.rank(x)
    if b.is_stacked(x):
        raise CannotBatch
    ones = b.builder.emit(of(np.ones_like), b.plain(x))
    return b.builder.emit(of(operator.mul), b.aligned(value, rank), ones)


@_rule(float, np.float64, np.float32)
def _converted(b: Stacks, op: Op) -> Operand:
    (a,) = op.args
    if dtype_of(type_of_operand(a)) != dtype_of(op.result.type):
        raise CannotBatch
    return b.either(a)


@_rule(tuple, list, dict, instance)
def _displayed(b: Stacks, op: Op) -> Operand:
    parts = trees.displayed(op) or ()
    kinds = trees.part_types(op.result.type)
    kinds = tuple(map(type_of_operand, parts)) if kinds is None else kinds
    made = [b.whole(part, kind) for part, kind in zip(parts, kinds, strict=True)]
    before = op.args[: len(op.args) - len(parts)]
    return b.builder.emit(op.prim, *before, *made)


@_rule(np.array, np.asarray)
def _as_array(b: Stacks, op: Op) -> Operand:
    given, *rest = op.args
    kind = type_of_operand(given)
    if not isinstance(kind, Sequence):
        return b.builder.emit(op.prim, b.either(given), *map(b.plain, rest))
    entries = kind.items if kind.items is not None else (kind.element,)
    if any(_static(o) not in (None, True, "K") for o in rest) or not all(
        isinstance(entry, Scalar | Array) for entry in entries
    ):
        raise CannotBatch
    return b.builder.emit(of(np.stack), b.whole(given, kind), Const(1))


@_rule(helpers.append)
def _appended(b: Stacks, op: Op) -> Operand:
    xs, value = op.args
    return b.builder.emit(
        op.prim, b.whole(xs, type_of_operand(xs)), b.whole(value, type_of_operand(value))
    )


@_rule(
    reversed, np.copy, np.ndarray.copy, helpers.zeros_like, helpers.copy_list, helpers.as_tuple,
    helpers.own, np.zeros_like,
)  # fmt: skip
def _same(b: Stacks, op: Op) -> Operand:
    return b.builder.emit(op.prim, *map(b.either, op.args))
