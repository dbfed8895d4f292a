"""Stacks: of the values of a sweep, those that hold one row for each direction."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

from gradscribe.ir import helpers, trees
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import UNDEF, Const, Operand, Value
from gradscribe.ir.primitives import of
from gradscribe.ir.rewrite import mapped
from gradscribe.ir.types import (
    FLOAT,
    Array,
    Dim,
    Scalar,
    Sequence,
    Type,
    dims_of,
    dtype_of,
    maybe_float,
)

GETITEM, TUPLE = of(operator.getitem), of(tuple)
_ZEROS = (of(helpers.zeros_like), of(np.zeros_like))


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


class Stacks:
    """Where values stand in a sweep for many directions; ``stacked`` are those that depend on one.

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
        return self.builder.emit(GETITEM, found, Const((slice(None), *(None,) * missing)))

    def rank(self, operand: Operand) -> int:
        dims = dims_of(type_of_operand(operand))
        if dims is None:
            raise CannotBatch
        return len(dims)
