"""Whether two arrays have one shape, by how they were made, where their types do not tell.

``y[:k]`` and ``y_bar[:k]`` are as long as each other if ``y`` and ``y_bar`` are, whatever k is; and
what is computed entry by entry from an array and numbers has its shape. An *extent* is one key for
each axis: equal keys are equal lengths.
"""

from __future__ import annotations

import operator
from functools import cached_property
from typing import Any, final

import numpy as np

from gradscribe.ir import helpers
from gradscribe.ir.bounds import ZERO, Bounds, Origins
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Op, Operand, Region, Value, walk
from gradscribe.ir.lengths import Lengths, Sum, plus
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, WHILE, of
from gradscribe.ir.types import Array, Scalar, Slice, Sym, dims_of, is_scalar

GETITEM, TUPLE, SLICE = (of(f) for f in (operator.getitem, tuple, slice))
_AS_FIRST = {
    of(f)
    for f in (
        helpers.setitem, helpers.index_add, np.ndarray.copy, np.zeros_like,
        operator.iadd, operator.isub, operator.imul, operator.itruediv,
    )
}  # fmt: skip
_CREATED = {of(f) for f in (np.zeros, np.ones, np.empty, np.full)}
_AS_SECOND = {of(helpers.like), of(helpers.fill_like)}

Extent = tuple[Any, ...]


@final
class Extents:
    """Extents of the arrays of a function and of its reverse sweep, which is being built."""

    def __init__(self, body: Region, made: dict[Value, Op]) -> None:
        self.body = body
        self.made = made
        self.known: dict[Value, Extent | None] = {}
        self.twins: dict[Value, Value] = {}  # of what is made for a value, and is as large: which

    @cached_property
    def lengths(self) -> Lengths:
        return Lengths(self.bounds)

    @cached_property
    def carried(self) -> dict[Value, Value]:
        """What the arrays that loops change in places began as, by carry and result."""
        found: dict[Value, Value] = {}
        for op in reversed(list(walk(self.body))):  # inner loops first
            if op.prim not in (FOR, WHILE):
                continue
            body, start = op.regions[-1], first_carry(op)
            for k in range(carries(op)):
                init, last = op.args[start + k], body.yields[k]
                while isinstance(last, Value):
                    made = self.origins.made.get(last)
                    if last in found:
                        last = found[last]
                    elif made is not None and made.prim in _AS_FIRST:
                        last = made.args[0]
                    else:
                        break
                if last is body.params[start + k] and isinstance(init, Value):
                    found[last] = found[op.results[k]] = init
        return found

    @cached_property
    def origins(self) -> Origins:
        return Origins(self.body, self.made)

    @cached_property
    def bounds(self) -> Bounds:
        return Bounds(self.origins)

    def fits(self, g: Operand, x: Operand) -> bool:
        """Has g certainly the shape of x, which was broadcast to the shape of g?"""
        a, b = self.of(g), self.of(x)
        return (
            a is not None
            and b is not None
            and len(a) == len(b)
            and all(p == q or self._meet(p, q) for p, q in zip(a, b, strict=True))
        )

    def _meet(self, p: Any, q: Any) -> bool:
        """Are the first so many entries of two long axes equally many, if they are broadcast?

        Then each has one entry only where one was asked for.
        """
        if not (isinstance(p, tuple) and isinstance(q, tuple)):
            return False
        if "length" in (p[0], q[0]):
            return self._fills(q, p) if p[0] == "length" else self._fills(p, q)
        if p[0] != "part" or q[0] != "part":
            return False
        (_, one, *ends), (_, other, *others) = p, q
        lengths = isinstance(one, Sym) and one.many and isinstance(other, Sym) and other.many
        start, stop, step = ends
        if not lengths or ends != others or one.offset or other.offset:
            return False
        return start is step is None and stop is not None and self.bounds.at_most(ZERO, stop)

    def _fills(self, part: Any, length: Any) -> bool:
        """Are there as many entries from one place to another as an array was made with?"""
        if part[0] == "length":
            return bool(part[1] == length[1])
        if part[0] != "part" or part[4] is not None or part[2] is None or part[3] is None:
            return False
        _, dim, start, stop, _ = part
        if not isinstance(dim, int | Sym):
            return False
        lengths, ends = self.lengths, list[Sum]()
        for variable, number in (start, stop) if isinstance(start, tuple) else ():
            whole = {} if variable is None else lengths.sum_of(variable[0])
            if whole is None:
                return False
            ends.append(plus(whole, {None: number}))
        return (
            len(ends) == 2
            and plus(ends[1], ends[0], -1) == dict(length[1])
            and lengths.at_most({}, ends[0])
            and lengths.at_most(ends[1], lengths.length(dim))
        )

    def of(self, operand: Operand) -> Extent | None:
        """The extent of a number or array; None where its rank is not known."""
        if not isinstance(operand, Value):
            return () if is_scalar(type_of_operand(operand)) else None
        if operand not in self.known:
            self.known[operand] = None  # what depends on itself is not known
            self.known[operand] = self._extent(operand)
        return self.known[operand]

    def _extent(self, value: Value) -> Extent | None:
        dims = dims_of(value.type)
        if dims is None:
            return None
        if None in dims and (twin := self.twins.get(value, self.carried.get(value))) is not None:
            return self.of(twin)
        op = self.origins.made.get(value)
        made = self._made(op) if op is not None and None in dims else None
        if made is None or len(made) != len(dims):
            made = tuple((value, axis) for axis in range(len(dims)))
        return tuple(m if dim is None else dim for dim, m in zip(dims, made, strict=True))

    def _made(self, op: Op) -> Extent | None:
        if op.prim in _AS_FIRST:
            return self.of(op.args[0])
        if op.prim in _AS_SECOND:
            return self.of(op.args[1])
        if op.prim in _CREATED:
            return self._created(op.args[0])
        if op.prim is GETITEM:
            return self._part(op)
        if op.prim.elementwise:
            extents = {self.of(arg) for arg in op.args if not is_scalar(type_of_operand(arg))}
            return extents.pop() if len(extents) == 1 else None
        return None

    def _created(self, shape: Operand) -> Extent | None:
        made = self.origins.made.get(shape) if isinstance(shape, Value) else None
        sums = [self.lengths.sum_of(n) for n in made.args] if made and made.prim is TUPLE else []
        return tuple(("length", frozenset((s or {}).items())) for s in sums) if all(sums) else None

    def _part(self, op: Op) -> Extent | None:
        base, index = op.args
        whole = self.of(base)
        made = self.origins.made.get(index) if isinstance(index, Value) else None
        parts: list[Operand] = [index]
        if made is not None and made.prim is TUPLE:
            parts = list(made.args)
        elif isinstance(index, Const) and isinstance(index.value, tuple):
            parts = [Const(part) for part in index.value]
        parts = [self._entry(part) for part in parts]
        if whole is None or not isinstance(type_of_operand(base), Array) or len(parts) > len(whole):
            return None
        found: list[Any] = []
        for axis, part in enumerate(parts):
            kind = type_of_operand(part) if isinstance(part, Value) else None
            if isinstance(part, Const) and type(part.value) is int:
                continue
            if isinstance(kind, Scalar) and kind.dtype.kind == "i":
                continue
            ends = self._ends(part, kind)
            if ends is None:
                return None
            same = ends[:2] == (None, None) and ends[2] in (None, (None, -1))
            found.append(whole[axis] if same else ("part", whole[axis], *ends))
        return (*found, *whole[len(parts) :])

    def _entry(self, part: Operand) -> Operand:
        """What ``(i, j)[0]`` is."""
        op = self.origins.made.get(part) if isinstance(part, Value) else None
        if op is None or op.prim is not GETITEM or not isinstance(op.args[1], Const):
            return part
        base, place = op.args[0], op.args[1].value
        made = self.origins.made.get(base) if isinstance(base, Value) else None
        whole = made is not None and made.prim is TUPLE and type(place) is int
        return made.args[place] if whole else part  # type: ignore[union-attr]  # a tuple

    def _ends(self, part: Operand, kind: Any) -> tuple[Any, ...] | None:
        if isinstance(part, Const) and isinstance(part.value, slice):
            bounds = (part.value.start, part.value.stop, part.value.step)
            return tuple(self._end(Const(end)) for end in bounds)
        made = self.origins.made.get(part) if isinstance(part, Value) else None
        if not isinstance(kind, Slice) or made is None or made.prim is not SLICE:
            return None
        return tuple(self._end(end) for end in made.args)

    def _end(self, end: Operand) -> Any:
        """A bound as a point, so that ``k + 1`` is the same wherever it is computed."""
        if isinstance(end, Const) and end.value is None:
            return None
        return self.bounds.point(end) or end
