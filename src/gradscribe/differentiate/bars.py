"""Adjoints while a reverse sweep is built: by primal value, a structural zero being absent.

Scopes mirror regions. In the reverse body of a loop a contribution to a value from outside the loop
opens an *accumulator*: a carry that starts as the adjoint so far (or zero). In the arm of a branch
it goes on top of the adjoint so far, and the branch yields the sum.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import TypeGuard, final

import numpy as np

from gradscribe.differentiate import masks
from gradscribe.differentiate.extents import Extents
from gradscribe.ir import helpers, trees
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.primitives import of
from gradscribe.ir.types import (
    Array,
    Dim,
    Mapping,
    Scalar,
    Sequence,
    Struct,
    Type,
    dims_of,
    dtype_of,
    is_scalar,
    maybe_float,
    not_one,
    wraps,
)

ADD, SUB, MUL, NEG = (of(f) for f in (operator.add, operator.sub, operator.mul, operator.neg))
GETITEM = of(operator.getitem)
LIKE, ZEROS_LIKE, FILL_LIKE = (of(f) for f in (helpers.like, helpers.zeros_like, helpers.fill_like))
INDEX_ADD = of(helpers.index_add)
TUPLE = of(tuple)


_TREES = (Sequence, Mapping, Struct)


@final
class Entries:
    """The adjoint of a tuple, dict or object, part by part."""

    def __init__(self, items: list[Bar | None]) -> None:
        self.items = items


Bar = Operand | Entries


@final
class Scope:
    """The adjoints of one region being reversed."""

    def __init__(
        self,
        builder: Builder,
        inside: set[Value] | None = None,
        parent: Scope | None = None,
        arm: bool = False,
    ) -> None:
        self.builder = builder
        self.inside = inside
        self.parent = parent
        self.arm = arm
        self.bars: dict[Value, Bar] = {}
        self.accumulators: dict[Value, Value] = {}
        self.proxies: dict[Type, Value] = parent.proxies if parent else {}
        self.extents: Extents | None = parent.extents if parent else None
        self.copies: dict[Value, Value] = parent.copies if parent else {}

    def original(self, value: Value) -> Value:
        """What a value is a copy of: their adjoints are one."""
        return self.copies.get(value, value)

    def peek(self, value: Value) -> Bar | None:
        """The adjoint of a value so far, opening accumulators on the way in."""
        value = self.original(value)
        if value in self.bars:
            return self.bars[value]
        if self.inside is None or value in self.inside or self.parent is None:
            return None
        if self.arm:
            return self.parent.peek(value)
        param = Value(bar_name(value), adjoint_type(value.type))
        self.accumulators[value] = param
        self.bars[value] = param
        return param

    def take(self, value: Value) -> Bar | None:
        """The complete adjoint of a value whose definition is reached (no copy's: it goes on)."""
        return None if value in self.copies else self.bars.pop(value, None)

    def add(self, value: Operand, bar: Bar | None) -> None:
        """Add a contribution to the adjoint of a value."""
        if bar is None or not isinstance(value, Value):
            return
        value = self.original(value)
        old = self.peek(value)
        new = bar if old is None else self.sum(old, bar, value)
        if isinstance(new, Value):
            if not new.hint:
                new.hint = bar_name(value)
            self._narrow(new, value)
        self.bars[value] = new

    def _narrow(self, bar: Value, value: Value) -> None:
        """An adjoint has the type of its value; the lengths in it, too, are known to be equal."""
        kind = adjoint_type(value.type)
        if not bar.named and isinstance(kind, Array) and isinstance(bar.type, Array):
            if same_shape(bar.type, kind) and bar.type.dtype == kind.dtype:
                bar.type = replace(kind, absent=bar.type.absent)

    def sum(self, a: Bar, b: Bar, value: Value) -> Bar:
        if isinstance(a, Entries) and isinstance(b, Entries):
            pairs = zip(a.items, b.items, strict=True)
            return Entries(
                [y if x is None else x if y is None else self.sum(x, y, value) for x, y in pairs]
            )
        if isinstance(a, Entries) or isinstance(b, Entries):
            a, b = self.whole(a, value), self.whole(b, value)
        common = masks.in_common(self.builder, a, b)
        if common is not None:
            mask, x, y = common
            return mask.put(self.builder, self.builder.emit(ADD, x, y), 0)
        kind = type_of_operand(a)
        if isinstance(kind, _TREES) or isinstance(value.type, _TREES):
            return self.builder.emit(of(helpers.add_trees), a, b, hint=bar_name(value))
        return self.builder.emit(ADD, a, b, hint=bar_name(value), type=adjoint_type(value.type))

    def whole(self, bar: Bar | None, value: Value) -> Operand:
        """An adjoint as one operand: zeros where there is none."""
        if bar is None:
            return self.zeros(value)
        return self._displayed(bar, value, value) if isinstance(bar, Entries) else bar

    def _displayed(self, bar: Entries, whole: Operand, value: Value) -> Operand:
        """The adjoint of ``whole``, a part of ``value``, from those of its parts."""
        kind = type_of_operand(whole)
        parts: list[Operand] = []
        for k, (item, part) in enumerate(zip(bar.items, trees.part_types(kind) or (), strict=True)):
            if isinstance(item, Entries):
                inner = trees.part(self.builder, whole, k)
                parts.append(self._displayed(item, inner, value))
            elif item is not None:
                parts.append(as_part(self.builder, kind, item))
            elif isinstance(kind, Sequence) or maybe_float(part):
                parts.append(self.zeros(value, trees.part(self.builder, whole, k)))
            else:
                parts.append(Const(None))
        return trees.display(self.builder, kind, parts)

    def zeros(self, value: Value, of_operand: Operand | None = None) -> Operand:
        """A zero adjoint for a value; an array's is shaped after a parameter of its type if any."""
        operand = value if of_operand is None else of_operand
        kind = type_of_operand(operand)
        if is_scalar(kind):
            dtype = dtype_of(kind)
            if dtype is None or dtype == np.float64 or dtype.kind != "f":
                return Const(0.0)
        if isinstance(kind, Array) and isinstance(operand, Value):
            operand = self.proxies.get(kind) or self._of_that_shape(operand)
        return trees.zeros(self.builder, operand, bar_name(value))

    def _of_that_shape(self, value: Value) -> Operand:
        """A part of a parameter with the shape of a value, so that the value need not be kept."""
        made = self.extents.origins.made if self.extents is not None else {}
        found = value
        while found in made and made[found].prim.elementwise:
            args = [a for a in made[found].args if isinstance(a, Value)]
            same = [a for a in args if dims_of(a.type) and same_shape(a.type, value.type)]
            if not same or not same_dtype(same[0].type, value.type):
                return value
            found = same[0]
        op = made.get(found)
        if op is None or op.prim is not GETITEM or not isinstance(op.args[1], Const):
            return value
        base = self.proxies.get(type_of_operand(op.args[0]))
        return value if base is None else self.builder.emit(GETITEM, base, op.args[1])

    def item(self, bar: Bar, place: int, kind: Type) -> Bar | None:
        """One part of the adjoint of a tuple, dict or object of this type."""
        if isinstance(bar, Entries):
            return bar.items[place]
        return trees.part(self.builder, bar, place, kind=kind)


def as_part(builder: Builder, whole: Type, derivative: Operand) -> Operand:
    """A derivative as a part of a dict's or object's: an int would not be taken for one later."""
    kind = type_of_operand(derivative)
    if isinstance(whole, Sequence) or not isinstance(kind, Scalar) or kind.dtype.kind not in "ib":
        return derivative
    if is_literal(derivative):
        return Const(float(derivative.value))
    return builder.emit(of(float), derivative)


def empty_list(builder: Builder, operand: Operand) -> Operand | None:
    """Of an empty list that was just made, an empty derivative."""
    made = builder.made.get(operand) if isinstance(operand, Value) else None
    return (
        builder.emit(made.prim)
        if made is not None and made.prim is of(list) and not made.args
        else None
    )


def bar_name(value: Value) -> str:
    return f"{value.hint}_bar" if value.hint else ""


def same_shape(a: Type, b: Type) -> bool:
    """Certainly of one shape: nothing to sum when a cotangent of one becomes that of the other."""
    x, y = dims_of(a), dims_of(b)
    if x is None or y is None or len(x) != len(y):
        return False
    return all(
        (p == q and p is not None) or (not_one(q) and not_one(p)) for p, q in zip(x, y, strict=True)
    )


def fits(g: Type, x: Type) -> bool:
    """Is a cotangent of type g, of a result that x was broadcast into, as it stands one of x?"""
    p, q = dims_of(g), dims_of(x)
    if p is None or q is None or len(p) > len(q):
        return False
    gap = len(q) - len(p)
    return all(
        (b == a and a is not None) or not_one(b) for a, b in zip(p, q[gap:], strict=True)
    ) and (gap == 0 or all(not_one(b) for b in q[:gap]))


def same_dtype(g: Type, x: Type) -> bool:
    a, b = dtype_of(g), dtype_of(adjoint_type(x))
    weak = isinstance(g, Scalar) and g.weak
    return a is None or b is None or a == b or (weak and a.kind in "fib") or b.kind not in "fc"


def like(builder: Builder, g: Operand, x: Operand, hint: str = "") -> Operand:
    """The cotangent ``g`` summed to the shape and dtype of ``x``, unless types prove it fits."""
    gt, xt = type_of_operand(g), type_of_operand(x)
    if same_shape(gt, xt) and same_dtype(gt, xt):
        return g
    if is_scalar(gt) and is_scalar(xt) and same_dtype(gt, xt):
        return g
    p, q = dims_of(gt), dims_of(xt)
    if p is not None and q is not None and _grows(p, q):
        return builder.emit(FILL_LIKE, g, x, hint=hint)
    return builder.emit(LIKE, g, x, hint=hint)


def _grows(p: tuple[Dim, ...], q: tuple[Dim, ...]) -> bool:
    """Is a cotangent of dimensions p smaller than q, and broadcast to it?"""
    if len(p) > len(q):
        return False
    pairs = list(zip(p, q[len(q) - len(p) :], strict=True))
    fit = all((a == b and a is not None) or a == 1 or (not_one(a) and not_one(b)) for a, b in pairs)
    return fit and (len(p) < len(q) or any(a == 1 and b != 1 for a, b in pairs))


Emit = Callable[..., Operand]


def is_literal(operand: Operand) -> TypeGuard[Const]:
    """Is this a number that rules or the compiler wrote?"""
    return (
        isinstance(operand, Const) and operand.name is None and type(operand.value) in (int, float)
    )


def times(builder: Builder, a: Operand, b: Operand) -> Operand:
    """A product in which the ones and minus ones of rules and seeds are folded away.

    A factor of what is masked goes inside its mask. NumPy's integers stay factors of a float.
    """
    if is_literal(a) and is_literal(b):
        return Const(float(a.value * b.value))
    for x, y in ((b, a), (a, b)):
        if is_literal(x) and x.value in (1, -1):
            if wraps(type_of_operand(y)):
                return builder.emit(MUL, float(x.value), y)
            if x.value == 1:
                return y
    for x, y in ((a, b), (b, a)):
        masked = masks.taken_apart(builder, x)
        if masked is not None and masked[0].admits(masked[1], y):
            mask, inside = masked
            pair = (inside, y) if x is a else (y, inside)
            return mask.put(builder, times(builder, *pair), 0)
    for x, y in ((b, a), (a, b)):
        if is_literal(x) and x.value == -1:
            return builder.emit(NEG, y)
    return builder.emit(MUL, a, b)
