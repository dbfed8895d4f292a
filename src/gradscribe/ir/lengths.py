"""Sums of positions and lengths, and which is greater.

In a convolution by shifted slices, ``n = x.shape[0] - k + 1`` and ``for i in range(k)``, the slice
``x[i : i + n]`` has n entries, for ``i + n`` is at most ``x.shape[0]``: their difference is
``i - k + 1``, which is a matter of the order of two integers (``bounds``).
"""

from __future__ import annotations

import operator
from functools import cached_property
from typing import Any, final

from gradscribe.ir.bounds import ADD, GETITEM, LEN, SHAPE, SUB, Bounds, Variable
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Op, Operand, Value
from gradscribe.ir.primitives import of
from gradscribe.ir.types import Dim, Sym, dims_of

NEG = of(operator.neg)

# By value or symbol how often it is added; None is one.
Sum = dict[Any, int]


@final
class Lengths:
    """Answers about the integers of a function."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds

    @cached_property
    def symbols(self) -> dict[Value, Sym]:
        """The lengths that are read off shapes."""
        found: dict[Value, Sym] = {}
        for value, op in self.bounds.origins.made.items():
            read = self._length_read(op)
            dims = dims_of(type_of_operand(read[0])) if read is not None else None
            if read is not None and dims and -len(dims) <= read[1] < len(dims):
                dim = dims[read[1]]
                if isinstance(dim, Sym) and not dim.offset:
                    found[value] = dim
        return found

    def _length_read(self, op: Op) -> tuple[Operand, int] | None:
        """For ``x.shape[axis]`` and ``len(x)``: x and the axis."""
        if op.prim is LEN:
            return op.args[0], 0
        base = op.args[0] if op.prim is GETITEM else None
        shape = self.bounds.origins.made.get(base) if isinstance(base, Value) else None
        if shape is None or shape.prim is not SHAPE or not isinstance(op.args[1], Const):
            return None
        axis = op.args[1].value
        return (shape.args[0], axis) if type(axis) is int else None

    @cached_property
    def values(self) -> dict[Sym, Value]:
        return {symbol: value for value, symbol in reversed(self.symbols.items())}

    def sum_of(self, operand: Operand) -> Sum | None:
        """An integer operand as a sum."""
        if isinstance(operand, Const):
            return {None: operand.value} if type(operand.value) is int else None
        op = self.bounds.origins.made.get(operand)
        if op is not None and op.prim in (ADD, SUB, NEG):
            parts = [self.sum_of(arg) for arg in op.args]
            signs = {ADD: (1, 1), SUB: (1, -1), NEG: (-1,)}[op.prim]
            total: Sum = {}
            for part, sign in zip(parts, signs, strict=True):
                if part is None:
                    return None
                total = plus(total, part, sign)
            return total
        symbol = self.symbols.get(operand)
        return {operand if symbol is None else self.values[symbol]: 1}

    def length(self, dim: Dim) -> Sum:
        """A dimension as a sum."""
        if isinstance(dim, Sym):
            whole = Sym(dim.key, 0, dim.not_one or bool(dim.offset), dim.many)
            known = next((v for s, v in self.values.items() if s.key == dim.key), whole)
            return {known: 1, None: dim.offset}
        return {None: dim or 0}

    def at_most(self, a: Sum, b: Sum) -> bool:
        """Is a certainly not greater than b?"""
        difference = plus(a, b, -1)
        number = difference.pop(None, 0)
        positive: list[Variable] = [None]
        negative: list[Variable] = [None]
        for value, times in difference.items():
            point = self.bounds.point(value) if isinstance(value, Value) else None
            side = {1: positive, -1: negative}.get(times)
            if point is None or side is None or len(side) > 1:
                return False
            side.append(point[0])
            number += times * point[1]
        return self.bounds.at_most((positive[-1], 0), (negative[-1], -number))


def plus(a: Sum, b: Sum, sign: int = 1) -> Sum:
    """The sum of two sums, or their difference."""
    total = dict(a)
    for value, times in b.items():
        total[value] = total.get(value, 0) + sign * times
    return {value: times for value, times in total.items() if times}
