"""Selections in adjoints: what was not taken contributes exactly zero, whatever its derivative is.

The adjoint of a branch of ``np.where(c, t, b)`` is ``np.where(c, y_bar, 0)``, a *masked* one. Where
t was not taken its own derivative may be infinite or NaN, and ``0 * inf`` is no zero. So what
multiplies a masked adjoint goes inside::

    np.where(c, y_bar, 0) * p      is      np.where(c, y_bar * p, 0)

and a partial that is infinite where its function is finite (that of a square root) is evaluated at
a safe point where the entry was not taken: ``0.5 / np.where(c, y, 1)``. Where the shape of the
condition is lost, zeros of the adjoint tell: ``0.5 / np.where(y_bar != 0, y, 1)``.

Of Python's numbers an adjoint is masked by a conditional expression (``y_bar if a >= b else 0.0``,
which ``max`` leaves), and the safe point is chosen by one: ``0.5 / (y if a >= b else 1.0)``.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import final

import numpy as np

from gradscribe.ir import helpers
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Attrs, Const, Op, Operand, Region, Value, walk
from gradscribe.ir.joins import join
from gradscribe.ir.primitives import BY_FUNCTION, IF, of
from gradscribe.ir.types import Array, dims_of

WHERE = of(np.where)
NE, SETITEM, INDEX_ADD = (of(f) for f in (operator.ne, helpers.setitem, helpers.index_add))
_DIV = of(operator.truediv)
_CASTING = {of(np.ndarray.astype), of(helpers.like)}
_SELECTING = {
    of(f)
    for f in (
        np.where, np.select, np.nan_to_num, np.clip, np.maximum, np.minimum, np.fmax, np.fmin, max,
        min,
    )
    if f in BY_FUNCTION
}  # fmt: skip
_MULTIPLYING = {of(operator.mul), _DIV, of(operator.neg)}
# What changes the shape of an adjoint, or sums it, and keeps the zeros of entries not taken.
_RESHAPING = {
    of(f)
    for f in (
        helpers.like, helpers.fill_like, helpers.expand, helpers.index_add, operator.getitem,
        operator.neg, np.sum,
        np.reshape, np.ndarray.reshape, np.ravel, np.expand_dims, np.squeeze, np.transpose,
        np.swapaxes, np.moveaxis, np.broadcast_to, np.ndarray.astype,
    )
    if f in BY_FUNCTION
}  # fmt: skip


@final
@dataclass(frozen=True, slots=True)
class Mask:
    """One selection: ``select`` is the condition of a ``where``, or an index overwritten."""

    select: Operand
    first: bool  # taken where the condition holds; else where it does not
    written: bool  # ``x[select] = 0`` instead of a ``where``

    def put(self, builder: Builder, inside: Operand, outside: Operand | float) -> Operand:
        """``inside`` where taken, ``outside`` elsewhere."""
        if self.written:
            return builder.emit(SETITEM, inside, self.select, outside)
        pair = (inside, outside) if self.first else (outside, inside)
        return builder.emit(WHERE, self.select, *pair)

    def admits(self, inside: Operand, factor: Operand) -> bool:
        """Can a product of what is inside and a factor take its place?"""
        if not self.written or isinstance(factor, Const):
            return True
        dims = dims_of(type_of_operand(inside))
        return dims is not None and None not in dims and dims == dims_of(type_of_operand(factor))


def selects(region: Region) -> bool:
    """Is there a selection in a region, which may leave out what is NaN or infinite?"""
    return any(op.prim in _SELECTING for op in walk(region))


def taken_apart(builder: Builder, bar: Operand) -> tuple[Mask, Operand] | None:
    """The outermost mask of an adjoint that this builder made, and what is inside it."""
    op = builder.made.get(bar) if isinstance(bar, Value) else None
    if op is None:
        return None
    if op.prim in _CASTING and _keeps_shape(op):
        found = taken_apart(builder, op.args[0])
        if found is None:
            return None
        mask, inside = found
        cast = inside if isinstance(inside, Const) else builder.emit(op.prim, inside, *op.args[1:])
        return mask, cast
    if op.prim is WHERE:
        condition, a, b = op.args
        if _is_zero(b):
            return Mask(condition, True, False), a
        if _is_zero(a):
            return Mask(condition, False, False), b
    if op.prim is SETITEM and _is_zero(op.args[2]):
        if _is_truth(op.args[1]):
            return Mask(op.args[1], False, True), op.args[0]
    return None


def _keeps_shape(op: Op) -> bool:
    """Does a cast do no more than change the dtype?"""
    given, made = (dims_of(type_of_operand(o)) for o in (op.args[0], op.results[0]))
    return given is not None and None not in given and given == made


def _is_truth(index: Operand) -> bool:
    kind = type_of_operand(index)
    return isinstance(kind, Array) and kind.dtype == np.bool_


def _is_zero(operand: Operand) -> bool:
    return isinstance(operand, Const) and operand.name is None and operand.value in (0, 0.0)


def in_common(builder: Builder, a: Operand, b: Operand) -> tuple[Mask, Operand, Operand] | None:
    """The mask that two adjoints have in common, and what is inside each."""
    x, y = taken_apart(builder, a), taken_apart(builder, b)
    if x is None or y is None or x[0] != y[0] or x[0].written:
        return None
    return x[0], x[1], y[1]


def simplest(builder: Builder, bar: Operand) -> Operand:
    """Without a mask that stands around the same mask."""
    outer = taken_apart(builder, bar)
    inner = taken_apart(builder, outer[1]) if outer is not None else None
    return outer[1] if outer is not None and inner is not None and inner[0] == outer[0] else bar


def _choice_of(builder: Builder, bar: Operand) -> Mask | None:
    """How a number's adjoint is zero by choice: ``bar if test else 0.0``."""
    op = builder.made.get(bar) if isinstance(bar, Value) else None
    if op is None or op.prim is not IF or any(region.ops for region in op.regions):
        return None
    then, other = (region.yields[op.results.index(bar)] for region in op.regions)
    if not (_is_zero(then) or _is_zero(other)) or dims_of(type_of_operand(bar)) != ():
        return None
    return Mask(op.args[0], _is_zero(other), False)


def _number_is_masked(builder: Builder, bar: Operand) -> bool:
    """Is a number's adjoint a product with one that is zero by choice?"""
    met: set[Operand] = set()
    work = [bar]
    while work:
        factor = work.pop()
        op = builder.made.get(factor) if isinstance(factor, Value) else None
        if op is None or factor in met or builder.masked.get(factor) is False:
            continue
        met.add(factor)
        if dims_of(type_of_operand(factor)) == () and op.prim in _MULTIPLYING:
            work += op.args[:1] if op.prim is _DIV else op.args
        if builder.masked.get(factor) or _choice_of(builder, factor) is not None:
            builder.masked[bar] = True
            return True
    builder.masked |= dict.fromkeys(met, False)
    return False


def _chosen(builder: Builder, test: Operand, yes: Operand, no: Operand) -> Value:
    """``yes if test else no`` of two numbers that exist already."""
    result = Value("", join(type_of_operand(yes), type_of_operand(no)))
    arms = (Region(yields=[yes]), Region(yields=[no]))
    builder.append(Op(IF, (test,), (result,), arms, Attrs(form="ifexp")))
    return result


def is_masked(builder: Builder, bar: Operand) -> bool:
    """Is an adjoint exactly zero where a selection took no entry, whatever its shape now?"""
    if _number_is_masked(builder, bar):
        return True
    op = builder.made.get(bar) if isinstance(bar, Value) else None
    while op is not None and taken_apart(builder, op.results[0]) is None:
        if op.prim is INDEX_ADD and _is_truth(op.args[1]):
            return True
        whole = op.args[2 if op.prim is INDEX_ADD else 0]  # the rest of it is zeros
        if op.prim not in _RESHAPING or not isinstance(whole, Value):
            return False
        op = builder.made.get(whole)
    return op is not None


def at_safe_point(builder: Builder, bar: Operand, x: Operand, safe: float) -> Operand:
    """``x`` where the entries of a masked adjoint were taken, elsewhere ``safe``."""
    if _number_is_masked(builder, bar):
        choice = _choice_of(builder, bar)
        if choice is None:
            return _chosen(builder, builder.emit(NE, bar, 0), x, Const(safe))
        pair = (x, Const(safe)) if choice.first else (Const(safe), x)
        return _chosen(builder, choice.select, *pair)
    found = taken_apart(builder, bar)
    if found is None:
        lost = is_masked(builder, bar)
        return builder.emit(WHERE, builder.emit(NE, bar, 0), x, safe) if lost else x
    mask, inside = found
    return mask.put(builder, at_safe_point(builder, inside, x, safe), safe)
