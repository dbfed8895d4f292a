"""Many tangents in one sweep: the operations of a tangent, with a leading axis of directions.

``x_dot`` stands for one direction; let it hold one in each row instead. A tangent is linear in
``x_dot``, so only linear operations meet it, and nearly all of NumPy's work on such a stack once
their axes are counted from one place further on. Before::

    for x_dot in np.eye(x.size):                    %d = mul(%c, %x_dot)
        s_dot = np.sum(c * x_dot)                   %s_dot = np.sum(%d)
        y_dot = s_dot * x + a @ x_dot               …

After, for all rows at once::

    x_dot = np.eye(x.size)
    s_dot = np.sum(c * x_dot, axis=1)
    y_dot = s_dot[:, None] * x + x_dot @ a.T

What is not in ``_RULES`` is not done (``CannotBatch``): the loop over directions stands instead.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any, final

import numpy as np

from gradscribe.ir import helpers, trees
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import UNDEF, Const, Op, Operand, Region, Value
from gradscribe.ir.facts.methods import attribute_T
from gradscribe.ir.facts.records import instance
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, STRUCTURED, WHILE, of
from gradscribe.ir.rewrite import copy_op, copy_value, mapped, operands_in
from gradscribe.ir.types import (
    FLOAT,
    Array,
    Dim,
    Mapping,
    Scalar,
    Sequence,
    Slice,
    Struct,
    Type,
    dims_of,
    dtype_of,
    is_scalar,
    maybe_float,
)

GETITEM, SETITEM, TUPLE = of(operator.getitem), of(helpers.setitem), of(tuple)
TRANSPOSED = of(attribute_T)
_ZEROS = (of(helpers.zeros_like), of(np.zeros_like))
_ALL = slice(None)


class CannotBatch(Exception):
    """An operation that is not known to work on a stack of directions."""


def batched_type(kind: Type, length: Dim) -> Type:
    """The type of a stack of values of a type, one along the first axis for each direction."""
    if isinstance(kind, Scalar | Array):
        dims = dims_of(kind)
        if dims is None:
            raise CannotBatch
        return Array(dtype_of(kind), (length, *dims))
    parts = trees.part_types(kind)
    if parts is not None:
        stacked = [batched_type(p, length) if maybe_float(p) else p for p in parts]
        return trees.with_parts(kind, stacked)
    if isinstance(kind, Sequence) and kind.element is not None:
        return Sequence(kind.kind, None, batched_type(kind.element, length))
    raise CannotBatch


@final
class Batcher:
    """Builds operations for stacks; ``stacked`` holds those of the values that depend on one.

    ``count`` makes the number of directions, ``length`` is what is known of it.
    """

    def __init__(
        self,
        builder: Builder,
        given: dict[Value, Operand],
        count: Callable[[], Operand],
        length: Dim,
    ) -> None:
        self.builder = builder
        self.stacked: dict[Value, Operand] = dict(given)
        self.mapping: dict[Value, Operand] = {}
        self.count = count
        self.length = length

    # ------------------------------------------------------------------ operands

    def is_stacked(self, operand: Operand) -> bool:
        return operand in self.stacked

    def plain(self, operand: Operand) -> Operand:
        """The copy of an operand that does not depend on the direction."""
        if self.is_stacked(operand):
            raise CannotBatch
        return mapped(operand, self.mapping)

    def either(self, operand: Operand) -> Operand:
        return self.stacked[operand] if operand in self.stacked else self.plain(operand)

    def whole(self, operand: Operand, kind: Type) -> Operand:
        """The stack of an operand; the same in each row if it does not depend on the direction."""
        if operand in self.stacked:
            return self.stacked[operand]
        if operand is UNDEF or not maybe_float(kind):
            return operand
        plain = self.plain(operand)
        parts = trees.part_types(kind)
        if parts is not None:
            made = [
                self.whole_of(trees.part(self.builder, plain, k), p) for k, p in enumerate(parts)
            ]
            return trees.display(self.builder, kind, made)
        return self.whole_of(plain, kind)

    def whole_of(self, plain: Operand, kind: Type) -> Operand:
        if isinstance(kind, Sequence):
            op = self.builder.made.get(plain) if isinstance(plain, Value) else None
            if op is not None and op.prim is of(list) and not op.args:
                return plain  # nothing is in it yet
            raise CannotBatch
        if not maybe_float(kind):
            return plain
        dims = dims_of(kind)
        if dims is None:
            raise CannotBatch
        made = self.builder.made.get(plain) if isinstance(plain, Value) else None
        blank = made is not None and made.prim in _ZEROS
        zero = isinstance(plain, Const) and plain.name is None and plain.value == 0
        source = made.args[0] if blank and made is not None else plain
        if self.rank(source) != len(dims):
            raise CannotBatch  # it stands for more than it is
        shape = self.shape_of(source, len(dims))
        if zero or blank:
            dtype = dtype_of(kind)
            known = () if dtype in (None, FLOAT) or dtype is None else (Const(dtype.type),)
            found = self.builder.emit(of(np.zeros), shape, *known)
        else:
            found = self.builder.emit(of(np.broadcast_to), plain, shape)
        return self.typed(found, kind)

    def shape_of(self, plain: Operand, rank: int) -> Operand:
        """``(count, *np.shape(plain))``."""
        lengths = []
        if rank:
            shape = self.builder.emit(of(np.shape), plain)
            lengths = [self.builder.emit(GETITEM, shape, k) for k in range(rank)]
        return self.builder.emit(TUPLE, self.count(), *lengths)

    def typed(self, operand: Operand, kind: Type) -> Operand:
        """An operand whose type says that it is a stack of values of this type."""
        if isinstance(operand, Value):
            operand.type = batched_type(kind, self.length)
        return operand

    def aligned(self, operand: Operand, rank: int) -> Operand:
        """An operand of an elementwise operation whose result has this rank, without its stack."""
        if not self.is_stacked(operand):
            return self.plain(operand)
        found = self.stacked[operand]  # type: ignore[index]  # a Value
        missing = rank - self.rank(operand)
        if missing <= 0:
            return found
        return self.builder.emit(GETITEM, found, Const((_ALL, *(None,) * missing)))

    def rank(self, operand: Operand) -> int:
        dims = dims_of(type_of_operand(operand))
        if dims is None:
            raise CannotBatch
        return len(dims)

    # ------------------------------------------------------------------ operations

    def region(self, region: Region) -> None:
        for op in region.ops:
            with self.builder.origin(op):
                self.op(op)

    def op(self, op: Op) -> None:
        read = {*op.args, *(o for inner in op.regions for o in operands_in(inner))}
        if not any(operand in self.stacked for operand in read):
            copy = copy_op(op, self.mapping)
            self.builder.region.ops.append(copy)
            self.builder.note(copy)
        elif op.prim is IF:
            self._if(op)
        elif op.prim in (FOR, WHILE):
            self._loop(op)
        elif op.prim in STRUCTURED or op.prim.effect or op.prim.function is None:
            raise CannotBatch
        else:
            self._simple(op)

    def _simple(self, op: Op) -> None:
        (result,) = op.results
        rule = _RULES.get(op.prim.function)
        if rule is not None:
            made = rule(self, op)
        elif op.prim.elementwise and op.prim.function not in _OF_NUMBERS:
            rank = self.rank(result)
            args = [self.aligned(arg, rank) for arg in op.args]
            if op.prim.mutates is not None:  # ``x += x_dot``: the result is a stack
                args[op.prim.mutates] = self.whole(op.args[op.prim.mutates], result.type)
            made = self.builder.emit(op.prim, *args, hint=result.hint)
        else:
            raise CannotBatch
        if isinstance(made, Value) and made not in self.stacked.values():
            self.typed(made, result.type)
            made.hint = made.hint or result.hint
        self.stacked[result] = made

    def _if(self, op: Op) -> None:
        arms, stacked = [], set()
        for region in op.regions:
            arm = Region()
            with self.builder.into(arm):
                self.region(region)
            arms.append(arm)
            stacked |= {k for k, o in enumerate(region.yields) if o in self.stacked}
        for region, arm in zip(op.regions, arms, strict=True):
            with self.builder.into(arm):
                arm.yields = [
                    self.whole(o, op.results[k].type) if k in stacked else self.plain(o)
                    for k, o in enumerate(region.yields)
                ]
        args = tuple(map(self.plain, op.args))
        results = tuple(self._result(r, k in stacked) for k, r in enumerate(op.results))
        self._append(op, Op(IF, args, results, tuple(arms), op.attrs))

    def _loop(self, op: Op) -> None:
        start, count = first_carry(op), carries(op)
        body = op.regions[-1]
        stacked = self._dependent(op)
        seqs = [self._walked(arg, k in stacked) for k, arg in enumerate(op.args[:start])]
        inits = [
            self.whole(arg, op.results[k].type) if start + k in stacked else self.plain(arg)
            for k, arg in enumerate(op.args[start:])
        ]
        regions = []
        for region in op.regions:
            params = []
            for k, param in enumerate(region.params):
                place = k if region is body or op.prim is WHILE else k + start
                params.append(self._result(param, place in stacked))
            new = Region(params)
            with self.builder.into(new):
                self.region(region)
                new.yields = [
                    (
                        self.whole(o, op.results[k].type)
                        if region is body and k < count and start + k in stacked
                        else self.either(o)
                    )
                    for k, o in enumerate(region.yields)
                ]
            regions.append(new)
        results = tuple(
            self._result(r, start + k in stacked if k < count else body.yields[k] in self.stacked)
            for k, r in enumerate(op.results)
        )
        self._append(op, Op(op.prim, (*seqs, *inits), results, tuple(regions), op.attrs))

    def _dependent(self, op: Op) -> set[int]:
        """Which params of a loop's body depend on the direction, to a fixpoint."""
        start, count = first_carry(op), carries(op)
        body = op.regions[-1]
        found = {k for k, arg in enumerate(op.args) if arg in self.stacked}
        while True:
            varying: set[Operand] = {*self.stacked, *(body.params[k] for k in found)}
            _spread(body, varying)
            more = {start + k for k in range(count) if body.yields[k] in varying} - found
            if not more:
                return found
            found |= more

    def _walked(self, seq: Operand, stacked: bool) -> Operand:
        """What a loop walks: of an array the second axis now."""
        if not stacked:
            return self.plain(seq)
        found = self.stacked[seq]  # type: ignore[index]  # a Value
        if isinstance(type_of_operand(seq), Array):
            return self.builder.emit(of(np.swapaxes), found, 0, 1)
        return found

    def _result(self, value: Value, stacked: bool) -> Value:
        new = copy_value(value)
        if stacked:
            new.type = batched_type(value.type, self.length)
            self.stacked[value] = new
        else:
            self.mapping[value] = new
        return new

    def _append(self, old: Op, new: Op) -> None:
        new.span, new.statement, new.derived = old.span, old.statement, old.derived
        new.attrs = replace(old.attrs)
        self.builder.region.ops.append(new)


def _spread(region: Region, varying: set[Operand]) -> None:
    """Add what depends on ``varying`` in a region, and in those in it."""
    for op in region.ops:
        if op.prim in (FOR, WHILE):
            start, body = first_carry(op), op.regions[-1]
            while True:
                before = len(varying)
                for k, arg in enumerate(op.args):
                    if arg in varying:
                        varying.add(body.params[k])
                _spread(body, varying)
                for k, result in enumerate(op.results):
                    if body.yields[k] in varying:
                        varying.add(result)
                        if k < carries(op):
                            varying.add(body.params[start + k])
                for k in range(carries(op)):
                    if body.params[start + k] in varying:
                        varying.add(op.results[k])
                if len(varying) == before:
                    break
        elif op.prim is IF:
            for arm in op.regions:
                _spread(arm, varying)
            for k, result in enumerate(op.results):
                if any(arm.yields[k] in varying for arm in op.regions):
                    varying.add(result)
        elif any(operand in varying for operand in op.args):
            varying.update(op.results)


# ---------------------------------------------------------------------------- rules

Rule = Callable[[Batcher, Op], Operand]
_RULES: dict[Any, Rule] = {}
# Elementwise, but for numbers alone.
_OF_NUMBERS = {f for f in (abs, int, bool, round, pow)}


def _rule(*functions: Any) -> Callable[[Rule], Rule]:
    def register(rule: Rule) -> Rule:
        for function in functions:
            _RULES[function] = rule
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
def _reduced(b: Batcher, op: Op) -> Operand:
    a, axis, *rest = op.args
    rank = b.rank(a)
    if rank == 0:
        return b.stacked[a]  # type: ignore[index]  # a Value
    rest = [b.plain(arg) for arg in rest]
    return b.builder.emit(op.prim, b.either(a), _axes(_static(axis), rank), *rest)


@_rule(np.cumsum)
def _cumulated(b: Batcher, op: Op) -> Operand:
    a, axis, *rest = op.args
    rank = b.rank(a)
    if _static(axis) is None and rank != 1:
        raise CannotBatch
    return b.builder.emit(op.prim, b.either(a), _axes(_static(axis) or 0, rank), *rest)


@_rule(operator.matmul, np.matmul, np.dot)
def _product(b: Batcher, op: Op) -> Operand:
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
def _outer(b: Batcher, op: Op) -> Operand:
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
def _solved(b: Batcher, op: Op) -> Operand:
    a, right = op.args
    if b.rank(a) != 2 or b.is_stacked(a):
        raise CannotBatch
    x, y = b.plain(a), b.either(right)
    if b.rank(right) == 2:
        return b.builder.emit(op.prim, x, y)
    turned = b.builder.emit(op.prim, x, b.builder.emit(TRANSPOSED, y))
    return b.builder.emit(TRANSPOSED, turned)


def _index(b: Batcher, index: Operand, rank: int) -> Operand:
    """An index of an array, behind the axis of directions."""
    parts = _parts(b, index)
    advanced = [k for k, part in enumerate(parts) if _is_advanced(part)]
    arrays = [k for k in advanced if not is_scalar(type_of_operand(parts[k]))]
    if arrays and advanced != list(range(advanced[0], advanced[-1] + 1)):
        raise CannotBatch  # NumPy would put their axes first
    return b.builder.emit(TUPLE, Const(_ALL), *parts)


def _parts(b: Batcher, index: Operand) -> list[Operand]:
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
def _item(b: Batcher, op: Op) -> Operand:
    base, index = op.args
    found = b.either(base)
    if isinstance(type_of_operand(base), Sequence | Mapping):
        return b.builder.emit(GETITEM, found, b.plain(index))
    return b.builder.emit(GETITEM, found, _index(b, index, b.rank(base)))


@_rule(getattr)
def _attribute(b: Batcher, op: Op) -> Operand:
    return b.builder.emit(op.prim, b.either(op.args[0]), op.args[1])


@_rule(helpers.setitem, helpers.index_add)
def _put(b: Batcher, op: Op) -> Operand:
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
def _reshaped(b: Batcher, op: Op) -> Operand:
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
def _flat(b: Batcher, op: Op) -> Operand:
    a, order = op.args
    if _static(order) != "C":
        raise CannotBatch
    made = b.builder.emit(TUPLE, b.count(), Const(-1))
    return b.builder.emit(of(np.reshape), b.either(a), made)


@_rule(np.transpose, attribute_T)
def _turned(b: Batcher, op: Op) -> Operand:
    a, *axes = op.args
    rank = b.rank(a)
    if rank < 2:
        return b.either(a)
    order = _static(axes[0]) if axes else None
    order = tuple(reversed(range(rank))) if order is None else order
    return b.builder.emit(of(np.transpose), b.either(a), Const((0, *_axes(tuple(order), rank))))


@_rule(np.swapaxes, np.moveaxis)
def _moved(b: Batcher, op: Op) -> Operand:
    a, *axes = op.args
    rank = b.rank(a)
    places = [_axes(_static(axis), rank) for axis in axes]
    return b.builder.emit(op.prim, b.either(a), *places)


@_rule(np.expand_dims)
def _expanded(b: Batcher, op: Op) -> Operand:
    a, axis = op.args
    return b.builder.emit(op.prim, b.either(a), _axes(_static(axis), b.rank(op.result)))


@_rule(np.squeeze, np.flip)
def _along(b: Batcher, op: Op) -> Operand:
    a, axis = op.args
    rank = b.rank(a)
    if _static(axis) is None and (op.prim.function is np.squeeze or rank == 0):
        raise CannotBatch
    return b.builder.emit(op.prim, b.either(a), _axes(_static(axis), rank))


@_rule(np.roll)
def _rolled(b: Batcher, op: Op) -> Operand:
    a, shift, axis = op.args
    rank = b.rank(a)
    if _static(axis) is None and rank != 1:
        raise CannotBatch
    return b.builder.emit(op.prim, b.either(a), b.plain(shift), _axes(_static(axis), rank))


@_rule(np.stack, np.concatenate)
def _joined(b: Batcher, op: Op) -> Operand:
    given, axis = op.args[:2]
    rank = b.rank(op.result)
    if _static(axis) is None:
        raise CannotBatch
    return b.builder.emit(op.prim, b.either(given), _axes(_static(axis), rank))


@_rule(helpers.expand)
def _put_back(b: Batcher, op: Op) -> Operand:
    g, _, axis, keepdims = op.args
    if _static(keepdims) or _static(axis) is None or b.rank(op.result) == b.rank(g):
        return b.either(g)
    return b.builder.emit(of(np.expand_dims), b.either(g), _axes(_static(axis), b.rank(op.result)))


@_rule(helpers.fill_like, np.full_like)
def _filled(b: Batcher, op: Op) -> Operand:
    value, x, *_ = op.args if op.prim.function is helpers.fill_like else op.args[1::-1]
    rank = b.rank(x)
    if b.is_stacked(x):
        raise CannotBatch
    ones = b.builder.emit(of(np.ones_like), b.plain(x))
    return b.builder.emit(of(operator.mul), b.aligned(value, rank), ones)


@_rule(float, np.float64, np.float32)
def _converted(b: Batcher, op: Op) -> Operand:
    (a,) = op.args
    if dtype_of(type_of_operand(a)) != dtype_of(op.result.type):
        raise CannotBatch
    return b.either(a)


@_rule(tuple, list, dict, instance)
def _displayed(b: Batcher, op: Op) -> Operand:
    parts = trees.displayed(op) or ()
    kinds = trees.part_types(op.result.type)
    kinds = tuple(map(type_of_operand, parts)) if kinds is None else kinds
    made = [b.whole(part, kind) for part, kind in zip(parts, kinds, strict=True)]
    before = op.args[: len(op.args) - len(parts)]
    return b.builder.emit(op.prim, *before, *made)


@_rule(np.array, np.asarray)
def _as_array(b: Batcher, op: Op) -> Operand:
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
def _appended(b: Batcher, op: Op) -> Operand:
    xs, value = op.args
    return b.builder.emit(
        op.prim, b.whole(xs, type_of_operand(xs)), b.whole(value, type_of_operand(value))
    )


@_rule(
    reversed, np.copy, np.ndarray.copy, helpers.zeros_like, helpers.copy_list, helpers.as_tuple,
    helpers.own, np.zeros_like,
)  # fmt: skip
def _same(b: Batcher, op: Op) -> Operand:
    return b.builder.emit(op.prim, *map(b.either, op.args))
