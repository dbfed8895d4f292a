"""Write the compiler's broadcasting helpers as plain NumPy, or not at all, wherever types allow.

Before::                                     After::

    %a: f[m,n] = fill_like(%g, %x)               %b: f[m,n] = mul(%g, %x)
    %b: f[m,n] = mul(%a, %x)                     %c: f[n] = np.sum(%b, axis=0)
    %c: f[n] = like(%b, %w)

A broadcast that meets an operand of the full shape anyway is left to NumPy.
"""

from __future__ import annotations

import operator
from typing import final

import numpy as np

from gradscribe.ir import helpers
from gradscribe.ir.broadcasting import broadcast
from gradscribe.ir.build import complete, type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value
from gradscribe.ir.primitives import Primitive, of
from gradscribe.ir.rewrite import substitute
from gradscribe.ir.types import (
    Array,
    Dim,
    Scalar,
    Type,
    at_most_one,
    dims_of,
    dtype_of,
    is_array,
    is_scalar,
    not_one,
)

LIKE, FILL, EXPAND, ZEROS = (
    of(f) for f in (helpers.like, helpers.fill_like, helpers.expand, helpers.zeros_like)
)
SUM, EXPAND_DIMS, ONES_LIKE, ZEROS_LIKE, FULL_LIKE, BROADCAST_TO, ASTYPE = (
    of(f)
    for f in (
        np.sum, np.expand_dims, np.ones_like, np.zeros_like, np.full_like, np.broadcast_to,
        np.ndarray.astype,
    )
)  # fmt: skip
SETITEM, INDEX_ADD = of(helpers.setitem), of(helpers.index_add)
GETITEM = of(operator.getitem)


def fold_broadcasts(function: Function) -> Function:
    """Fold and lower the broadcasting helpers of a function, in place."""
    _Folder().region(function.body, function.body)
    return function


@final
class _Folder:
    def __init__(self) -> None:
        self.mapping: dict[Value, Operand] = {}
        self.filled: dict[Value, tuple[Operand, Value]] = {}
        # What may lack axes that its type has, for broadcasting adds them.
        self.flat: set[Operand] = set()

    def region(self, region: Region, root: Region) -> None:
        region.ops = self._ops(region)
        if region is root:
            substitute(root, self.mapping)
            self._lower_fills(root)

    def _ops(self, region: Region) -> list[Op]:
        new: list[Op] = []
        for op in region.ops:
            op.args = tuple(self._resolved(a) for a in op.args)
            for inner in op.regions:
                inner.ops = self._ops(inner)
            if op.prim is FILL and op.args[0] in self.filled:
                number = self.filled[op.args[0]][0]
                if is_scalar(type_of_operand(number)):
                    op.args = (number, op.args[1])
            if op.prim is FILL and isinstance(op.args[1], Value):
                self.filled[op.results[0]] = (op.args[0], op.args[1])
            if op.prim in (LIKE, EXPAND, FILL):
                replacement = self._helper(op, new)
                if replacement is not None:
                    self.mapping[op.results[0]] = replacement
                    if op.prim is EXPAND:
                        self._still_filled(op.args[0], replacement)
                    continue
            elif op.prim is GETITEM and op.derived and op.args[0] in self.filled:
                number = self.filled[op.args[0]][0]
                if is_scalar(type_of_operand(number)) and _is_float(op.results[0].type):
                    self.mapping[op.results[0]] = number
                    continue
            elif op.prim is ZEROS:
                if _is_float(type_of_operand(op.args[0])):
                    self.mapping[op.results[0]] = Const(0.0)
                    continue
                self._zeros(op)
            elif op.prim.elementwise:
                self._note_flat(op)
                self._absorb(op)
                self._spread_later(op, new)
            elif op.prim in (SETITEM, INDEX_ADD):
                value = op.args[2]
                if isinstance(value, Value) and value in self.filled:
                    op.args = (*op.args[:2], self.filled[value][0])
            new.append(op)
        return new

    def _resolved(self, operand: Operand) -> Operand:
        while isinstance(operand, Value) and operand in self.mapping:
            operand = self.mapping[operand]
        return operand

    # ------------------------------------------------------------------ folding

    def _note_flat(self, op: Op) -> None:
        dims = dims_of(op.results[0].type)
        if not dims:
            return
        made = _broadcast(op.args)
        fewer = made is not None and len(made) < len(dims)
        if fewer or not self.flat.isdisjoint(op.args):
            self.flat.add(op.results[0])

    def _absorb(self, op: Op) -> None:
        """Leave a broadcast to an elementwise operation whose other operands are as large."""
        dims = dims_of(op.results[0].type)
        if dims is None:
            return
        for place, arg in enumerate(op.args):
            if not (isinstance(arg, Value) and arg in self.filled):
                continue
            value = self.filled[arg][0]
            args = (*op.args[:place], value, *op.args[place + 1 :])
            if _same(_broadcast(args), dims) and _dtype_holds(op, args):
                op.args = args

    def _spread_later(self, op: Op, new: list[Op]) -> None:
        """An operation on a broadcast and on what is smaller, too: broadcast its result instead."""
        filled = [a for a in op.args if isinstance(a, Value) and a in self.filled]
        if len(filled) != 1 or not op.derived or len(op.results) != 1:
            return
        value, x = self.filled[filled[0]]
        args = tuple(value if a is filled[0] else a for a in op.args)
        if not _dtype_holds(op, args):
            return
        if not all(is_scalar(type_of_operand(a)) for a in args):
            whole, dims = dims_of(x.type), dims_of(op.results[0].type)
            flat = not self.flat.isdisjoint(args)
            if flat or whole is None or dims is None or not _same(whole, dims):
                return
        number = self._emit(op, new, op.prim, *args)
        op.prim, op.args = FILL, (number, x)
        self.filled[op.results[0]] = (number, x)

    def _still_filled(self, g: Operand, replacement: Operand) -> None:
        """A number that fills an array fills it with more axes, too."""
        number = self.filled[g][0] if isinstance(g, Value) and g in self.filled else None
        if number is not None and isinstance(replacement, Value) and replacement is not g:
            if is_scalar(type_of_operand(number)) and is_array(replacement.type):
                self.filled[replacement] = (number, replacement)

    def _helper(self, op: Op, new: list[Op]) -> Operand | None:
        """What stands for a helper call; None where it must stay."""
        g, x = op.args[:2]
        gt, xt = type_of_operand(g), type_of_operand(x)
        if op.prim is EXPAND:
            return self._expand(op, new)
        p, q = dims_of(gt), dims_of(xt)
        if p is None or q is None:
            return None
        if op.prim is FILL:
            return g if _same(p, q) and dtype_of(gt) == dtype_of(op.results[0].type) else None
        return self._like(op, g, p, q, new)

    def _like(
        self, op: Op, g: Operand, p: tuple[Dim, ...], q: tuple[Dim, ...], new: list[Op]
    ) -> Operand | None:
        """Sum the axes that were broadcast; convert back where the dtype was promoted."""
        if isinstance(g, Value) and g in self.filled and len(q) == 0:
            return None
        lead = len(p) - len(q)
        if lead < 0:
            return None
        ones = []
        for axis, (a, b) in enumerate(zip(p[lead:], q, strict=True)):
            if (a == b and a is not None) or not_one(b):
                continue
            if not at_most_one(b) or a is None:
                return None  # of nothing, the sum of an empty axis is one zero that goes nowhere
            ones.append(axis)
        result: Operand = g
        if lead and not q:
            result = self._emit(op, new, SUM, result)
        elif lead:
            axes = 0 if lead == 1 else tuple(range(lead))
            result = self._emit(op, new, SUM, result, axes)
        if ones:
            axes = ones[0] if len(ones) == 1 else tuple(ones)
            result = self._emit(op, new, SUM, result, axes, True)
        want, have = dtype_of(op.results[0].type), dtype_of(type_of_operand(result))
        weak = isinstance(type_of_operand(result), Scalar) and type_of_operand(result).weak  # type: ignore[union-attr]  # a Scalar
        if want is not None and have is not None and want != have and not weak:
            result = self._emit(op, new, ASTYPE, result, want)
        return result

    def _expand(self, op: Op, new: list[Op]) -> Operand | None:
        g, x, axis, keepdims = op.args
        if not isinstance(axis, Const) or not isinstance(keepdims, Const):
            return None
        if keepdims.value is True or axis.value is None or is_scalar(type_of_operand(x)):
            return g
        dims = dims_of(type_of_operand(g))
        if dims is None:
            return None
        if dims_of(op.results[0].type) == dims_of(type_of_operand(x)):
            return self._emit(op, new, EXPAND_DIMS, g, axis.value)  # nothing broadcasts it further
        if dims == () and dims_of(type_of_operand(x)) is not None:
            return g  # a vector's only axis: broadcasting puts it back
        if axis.value in (0, (0,)) and len(dims) == 1:
            return g  # broadcasting adds leading axes by itself
        return self._emit(op, new, EXPAND_DIMS, g, axis.value)

    def _zeros(self, op: Op) -> None:
        kind = op.results[0].type
        dtype = dtype_of(kind)
        if not isinstance(kind, Array) or kind.absent:
            return
        if kind.dims and dtype_of(type_of_operand(op.args[0])) == dtype:
            if dtype is not None:
                op.prim, op.args = ZEROS_LIKE, complete(ZEROS_LIKE, op.args)

    def _emit(self, op: Op, new: list[Op], prim: Primitive, *args: object) -> Operand:
        operands = complete(prim, args)
        hint = op.results[0].hint
        value = Value(hint, prim.result_type(operands))
        new.append(Op(prim, operands, (value,), (), None, op.span, op.statement, True, op.sweep))
        return value

    # ------------------------------------------------------------------ what is left

    def _lower_fills(self, region: Region) -> None:
        """Broadcasts that nothing absorbed, as NumPy's own functions."""
        for op in region.ops:
            for inner in op.regions:
                self._lower_fills(inner)
            if op.prim is not FILL:
                continue
            value, x = op.args
            kind = type_of_operand(x)
            if not isinstance(kind, Array) or not kind.dims or kind.dtype is None:
                continue
            if kind.dtype.kind != "f" or dims_of(type_of_operand(value)) is None:
                continue
            if isinstance(value, Const) and value.value == 1 and value.name is None:
                op.prim, op.args = ONES_LIKE, complete(ONES_LIKE, (x,))
            else:
                op.prim, op.args = FULL_LIKE, complete(FULL_LIKE, (x, value))


def _is_float(kind: Type) -> bool:
    """A number whose zero is the literal 0.0 (single precision has one of its own)."""
    return is_scalar(kind) and dtype_of(kind) == np.float64


def _broadcast(args: tuple[Operand, ...]) -> tuple[Dim, ...] | None:
    return broadcast(*(dims_of(type_of_operand(a)) for a in args))


def _dtype_holds(op: Op, args: tuple[Operand, ...]) -> bool:
    """Does the result keep its dtype with these args?"""
    kind = op.prim.result_type(args)
    return dtype_of(kind) == dtype_of(op.results[0].type)


def _same(p: tuple[Dim, ...] | None, q: tuple[Dim, ...]) -> bool:
    return (
        p is not None
        and len(p) == len(q)
        and all(
            (a == b and a is not None) or (not_one(a) and not_one(b))
            for a, b in zip(p, q, strict=True)
        )
    )
