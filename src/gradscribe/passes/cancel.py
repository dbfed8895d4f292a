"""Leave out adjoints of which it can be shown that they are zero.

What is subtracted against overflow does not change a softmax. Reverse mode sums what the entries
say about it, and the sum cancels::

    %s = np.sum(%e, 1, True)                      %s = np.sum(%e, 1, True)
    %k = np.sum(%w * %e, 1, True)                 %k = np.sum(%w * %e, 1, True)
    %d_bar = %w / %s * %e - %k / %s**2 * %e       %d_bar = %w / %s * %e - %k / %s**2 * %e
    %top_bar = np.sum(-%d_bar, 1, True)           %x_bar = %d_bar
    %x_bar = %d_bar + np.where(%t, %top_bar, 0)

A value is read as a polynomial: sums are multiplied out, and a sum along axes is taken term by
term, what is the same for all summands being its factor. ``sum(w * e)`` and ``sum(e)`` are then
symbols of which everything else is made. Only a sum is left out whose summands stay: where
one of them is infinite or NaN, that is still seen.
"""

from __future__ import annotations

import math
import operator
from fractions import Fraction
from typing import Any, final

import numpy as np

from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value
from gradscribe.ir.primitives import of
from gradscribe.ir.rewrite import substitute, use_counts
from gradscribe.ir.types import Type, dims_of, not_one
from gradscribe.passes.terms import ADD, DIV, MUL, NEG, POW, SUB, SUM, is_as_large, is_real

WHERE, INDEX_ADD, GETITEM = of(np.where), of(helpers.index_add), of(operator.getitem)
_KEEP_ZERO = {
    of(f)
    for f in (helpers.like, helpers.fill_like, helpers.expand, np.expand_dims, np.broadcast_to)
}
ONES_LIKE = of(np.ones_like)
# What is full of one of its args. (Its shape is that of another, which matters to no product.)
_FULL_OF = {of(helpers.fill_like): 0, of(np.full_like): 1}
_MAX_TERMS = 16
_MAX_DEPTH = 12

# A factor: a value, or the sum of a product along axes (and which axes it has left). A product:
# factors with their powers. A polynomial: products with their coefficients.
Factor = Any
Product = frozenset[tuple[Factor, int]]
Polynomial = dict[Product, Fraction]


def cancel(function: Function) -> Function:
    """Remove from a function, in place, what is added to adjoints and is zero."""
    canceller = _Canceller(use_counts(function.body))
    canceller.region(function.body)
    substitute(function.body, canceller.mapping)
    return function


@final
class _Canceller:
    def __init__(self, counts: dict[Value, int]) -> None:
        self.counts = counts
        self.origin: dict[Value, Op] = {}
        self.known: dict[Value, Polynomial] = {}
        self.zeros: set[Operand] = set()
        self.mapping: dict[Value, Operand] = {}

    def region(self, region: Region) -> None:
        for op in region.ops:
            for inner in op.regions:
                self.region(inner)
            self.origin.update(dict.fromkeys(op.results, op))
            if not op.derived or len(op.results) != 1:
                continue
            if self._is_zero(op):
                self.zeros.add(op.results[0])
            elif self.zeros:
                self._without_zeros(op)

    def _without_zeros(self, op: Op) -> None:
        """``a + 0`` is a."""
        (result,) = op.results
        kept: Operand | None = None
        if op.prim is ADD and any(arg in self.zeros for arg in op.args):
            kept = op.args[0] if op.args[1] in self.zeros else op.args[1]
        elif op.prim in (SUB, INDEX_ADD) and op.args[-1] in self.zeros:
            kept = op.args[0]
        if kept is not None and is_as_large(type_of_operand(kept), result.type):
            self.mapping[result] = kept

    def _is_zero(self, op: Op) -> bool:
        args = op.args
        if op.prim is SUM or (op.prim in (ADD, SUB) and any(map(self._is_sum, args))):
            summed = [a for a in args if self._is_sum(a)] if op.prim is not SUM else op.results
            if is_real(op) and all(map(self._is_seen, summed)):
                return not self._polynomial(op.results[0], _MAX_DEPTH)
        if not self.zeros:
            return False
        if op.prim is MUL:
            return any(arg in self.zeros for arg in args)
        if op.prim in (DIV, NEG, SUM) or op.prim in _KEEP_ZERO:
            return args[0] in self.zeros
        return op.prim is WHERE and all(a in self.zeros or _is_literal_zero(a) for a in args[1:])

    def _made(self, operand: Operand) -> Op | None:
        """What made an operand, whatever its sign."""
        op = self.origin.get(operand) if isinstance(operand, Value) else None
        return self._made(op.args[0]) if op is not None and op.prim is NEG else op

    def _is_sum(self, operand: Operand) -> bool:
        op = self._made(operand)
        return op is not None and op.prim is SUM and op.derived

    def _is_seen(self, operand: Operand) -> bool:
        """Are the summands of a sum read by something else, too?"""
        op = self._made(operand)
        summands = self._made(op.args[0]) if op is not None else None
        return summands is not None and self.counts.get(summands.results[0], 0) > 1

    # ------------------------------------------------------------------ polynomials

    def _polynomial(self, operand: Operand, depth: int) -> Polynomial:
        """An operand as a polynomial; as itself where it is not read any deeper."""
        if isinstance(operand, Const):
            if operand.name is None and type(operand.value) in (int, float):
                if math.isfinite(operand.value):
                    number = Fraction(operand.value)
                    return {frozenset(): number} if number else {}
            return {frozenset([(operand, 1)]): Fraction(1)}
        if operand in self.zeros:
            return {}
        operand = self.mapping.get(operand, operand)
        if not isinstance(operand, Value):
            return self._polynomial(operand, depth)
        if operand not in self.known:
            op = self.origin.get(operand)
            whole = {frozenset([(operand, 1)]): Fraction(1)}
            if not depth:
                return whole
            found = self._read(op, depth - 1) if op is not None and is_real(op) else None
            self.known[operand] = whole if found is None or len(found) > _MAX_TERMS else found
        return self.known[operand]

    def _read(self, op: Op, depth: int) -> Polynomial | None:
        if op.prim in (ADD, SUB):
            sign = Fraction(1 if op.prim is ADD else -1)
            a, b = (self._polynomial(arg, depth) for arg in op.args)
            return _plus(a, {product: sign * number for product, number in b.items()})
        if op.prim is NEG:
            return {p: -number for p, number in self._polynomial(op.args[0], depth).items()}
        if op.prim is MUL:
            a, b = (self._polynomial(arg, depth) for arg in op.args)
            return _times(a, b) if len(a) * len(b) <= _MAX_TERMS else None
        if op.prim is DIV:
            below = self._factor(op.args[1], depth)
            above = self._polynomial(op.args[0], depth)
            return None if below is None else _times(above, _power(below, -1))
        if op.prim is POW:
            exponent = op.args[1]
            base = self._factor(op.args[0], depth)
            if base is None or not isinstance(exponent, Const) or type(exponent.value) is not int:
                return None
            return _power(base, exponent.value)
        if op.prim in _FULL_OF:
            return self._polynomial(op.args[_FULL_OF[op.prim]], depth)
        if op.prim is ONES_LIKE:
            return {frozenset(): Fraction(1)}
        if op.prim is SUM:
            return self._summed(op, op.results[0].type, depth)
        vector = op.args[0] if op.prim is GETITEM else None
        whole = self.origin.get(vector) if isinstance(vector, Value) else None
        if whole is not None and whole.prim is SUM and _puts_back(op, whole):
            return self._summed(whole, op.results[0].type, depth)
        return None

    def _factor(self, operand: Operand, depth: int) -> Polynomial | None:
        """An operand as one product, itself if need be."""
        found = self._polynomial(operand, depth)
        if len(found) > 1 and isinstance(operand, Value):
            return {frozenset([(operand, 1)]): Fraction(1)}
        return found if len(found) == 1 else None

    def _summed(self, op: Op, result: Type, depth: int) -> Polynomial | None:
        """A sum along axes, term by term, as large as ``result``."""
        dims = dims_of(type_of_operand(op.args[0]))
        axis, keepdims = op.args[1:3]
        if not dims or not isinstance(axis, Const) or not isinstance(keepdims, Const):
            return None
        every = range(len(dims)) if axis.value is None else np.atleast_1d(axis.value)
        axes = frozenset(int(a) % len(dims) for a in every)
        kept = len(dims_of(result) or ()) == len(dims)
        if not kept and axes != frozenset(range(len(axes))):
            return None  # what it is multiplied by later stands beside other axes
        total: Polynomial = {}
        for product, number in self._polynomial(op.args[0], depth).items():
            varying: list[tuple[Factor, int]] = []
            same: list[tuple[Factor, int]] = []
            for factor, power in product:
                varies = _varies(factor, len(dims), axes)
                if varies is None:
                    return None
                (varying if varies else same).append((factor, power))
            if not varying:
                return None
            symbol = (axes, frozenset(varying), _spread(result))
            whole = _times({frozenset(same): number}, {frozenset([(symbol, 1)]): Fraction(1)})
            total = _plus(total, whole)
        return total


def _puts_back(read: Op, total: Op) -> bool:
    """Is this ``s[:, None]`` of ``s = np.sum(x, axis=1)``?"""
    dims, index = dims_of(type_of_operand(total.args[0])), read.args[1]
    axis, keepdims = (getattr(arg, "value", None) for arg in total.args[1:3])
    columns = isinstance(index, Const) and index.value == (slice(None), None)
    return columns and keepdims is False and axis in (1, -1) and len(dims or ()) == 2


def _varies(factor: Factor, rank: int, axes: frozenset[int]) -> bool | None:
    """Does a factor differ along axes of what it is broadcast to? Along some of them: None."""
    own = factor[2] if isinstance(factor, tuple) else _spread(type_of_operand(factor))
    if own is None:
        return None
    along = {own[a - rank + len(own)] if a >= rank - len(own) else False for a in axes}
    return along.pop() if len(along) == 1 else None


def _spread(kind: Type) -> tuple[bool | None, ...] | None:
    """Of each axis, whether it has more (or less) than one entry."""
    dims = dims_of(kind)
    return None if dims is None else tuple(not_one(d) or (None if d != 1 else False) for d in dims)


def _plus(a: Polynomial, b: Polynomial) -> Polynomial:
    total = dict(a)
    for product, number in b.items():
        total[product] = total.get(product, Fraction(0)) + number
    return {product: number for product, number in total.items() if number}


def _times(a: Polynomial, b: Polynomial) -> Polynomial:
    total: Polynomial = {}
    for one, number in a.items():
        for other, by in b.items():
            powers = dict(one)
            for factor, power in other:
                powers[factor] = powers.get(factor, 0) + power
            product = frozenset((f, p) for f, p in powers.items() if p)
            total = _plus(total, {product: number * by})
    return total


def _power(a: Polynomial, exponent: int) -> Polynomial:
    ((product, number),) = a.items()
    return {frozenset((f, p * exponent) for f, p in product if exponent): number**exponent}


def _is_literal_zero(operand: Operand) -> bool:
    return isinstance(operand, Const) and operand.name is None and operand.value == 0
