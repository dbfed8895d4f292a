"""Which entries of an array an index selects, as far as the order of integers tells.

Two places are *apart* if along some axis one ends before the other begins: ``a[i, :j]`` and
``a[i', …]`` for ``i < i'``, whatever j is.
"""

from __future__ import annotations

from typing import final

from gradscribe.ir.bounds import ZERO, Bounds, Origins, Point
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Op, Operand, Value
from gradscribe.ir.lengths import Lengths
from gradscribe.ir.primitives import of
from gradscribe.ir.types import Dim, Scalar, Slice, Sym, dims_of

TUPLE, SLICE = of(tuple), of(slice)

Interval = tuple[Point, Point | None]  # from, to (without it); to None: the end of the axis


@final
class Places:
    """Places in the arrays of a function, by what makes each index."""

    def __init__(self, origins: Origins) -> None:
        self.origins = origins
        self.lengths = Lengths(Bounds(origins))

    def of(
        self, array: Operand, index: Operand, bounds: Bounds, later: bool = False
    ) -> list[Interval]:
        """What an index selects along each axis, at most; axes not told are selected whole."""
        dims = dims_of(type_of_operand(array)) or ()
        parts = self._parts(index)
        known = [*dims, *([None] * len(parts))]
        return [self._interval(p, d, bounds, later) for p, d in zip(parts, known, strict=False)]

    def of_write(self, write: Op, bounds: Bounds, later: bool = False) -> list[Interval]:
        """Where an operation on ``(array, index, …)`` reads or writes."""
        return self.of(write.args[0], write.args[1], bounds, later)

    def _parts(self, index: Operand) -> list[Operand]:
        op = self.origins.made.get(index) if isinstance(index, Value) else None
        if op is not None and op.prim is TUPLE:
            parts = list(op.args)
        elif isinstance(index, Const) and isinstance(index.value, tuple):
            parts = [Const(part) for part in index.value]
        else:
            parts = [index]
        plain = [part for part in parts if self._is_plain(part)]
        return plain if len(plain) == len(parts) else []

    def _is_plain(self, part: Operand) -> bool:
        if isinstance(part, Const):
            return type(part.value) is int or isinstance(part.value, slice)
        integer = isinstance(part.type, Scalar) and part.type.dtype.kind == "i"
        return integer or isinstance(part.type, Slice)

    def _interval(self, part: Operand, dim: Dim, bounds: Bounds, later: bool) -> Interval:
        whole: Interval = (ZERO, None)
        op = self.origins.made.get(part) if isinstance(part, Value) else None
        if isinstance(part, Const) and isinstance(part.value, slice):
            ends = [Const(end) for end in (part.value.start, part.value.stop, part.value.step)]
        elif op is not None and op.prim is SLICE:
            ends = list(op.args)  # type: ignore[arg-type]  # operands
        else:
            point = self._end(part, dim, bounds, later)
            return whole if point is None else (point, (point[0], point[1] + 1))
        start, stop, step = ends
        if not isinstance(step, Const) or step.value not in (None, 1):
            return whole
        first = self._end(start, dim, bounds, later)
        return first or ZERO, self._end(stop, dim, bounds, later)

    def _end(self, end: Operand, dim: Dim, bounds: Bounds, later: bool) -> Point | None:
        """A position, counted from the front; None where it may be any."""
        if isinstance(end, Const):
            if type(end.value) is not int:
                return None
            if end.value < 0:
                return self._from_the_end(end.value, dim, bounds)
        point = bounds.point(end, later)
        return point if point is not None and bounds.at_most(ZERO, point) else None

    def _from_the_end(self, number: int, dim: Dim, bounds: Bounds) -> Point | None:
        if isinstance(dim, int):
            return None, dim + number
        length = self.lengths.values.get(dim) if isinstance(dim, Sym) else None
        point = bounds.point(length) if length is not None else None
        return None if point is None else (point[0], point[1] + number)


def apart(one: list[Interval], other: list[Interval], bounds: Bounds) -> bool:
    """Have two places certainly no entry in common?"""
    return any(
        (b is not None and bounds.at_most(b, c)) or (d is not None and bounds.at_most(d, a))
        for (a, b), (c, d) in zip(one, other, strict=False)
    )
