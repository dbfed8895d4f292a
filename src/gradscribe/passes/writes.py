"""Writes that follow one another at the same place become one; a read after a write is not needed.

Before::                                    After::

    %a = setitem(%x, 1:-1, 0.0)                 %b = setitem(%x, 1:-1, v)
    %b = index_add(%a, 1:-1, v)
    %c = getitem(%b, 1:-1)                      v for %c

Writes to other entries may stand between them, where both places are literals. A write that another
at its place follows before anybody reads there is not needed: so a swap is a swap in reverse.
"""

from __future__ import annotations

import operator

import numpy as np

from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value
from gradscribe.ir.facts.indexing import is_basic, lists_once
from gradscribe.ir.primitives import of
from gradscribe.ir.rewrite import substitute, use_counts
from gradscribe.ir.types import Array, dims_of, dtype_of, is_scalar, not_one

SETITEM, INDEX_ADD = of(helpers.setitem), of(helpers.index_add)
GETITEM, ZEROS, EXPAND_DIMS = of(operator.getitem), of(np.zeros_like), of(np.expand_dims)


def join_writes(function: Function) -> Function:
    """Join a zeroing with the sum that follows it, in place; ``clean`` takes the zeroing away."""
    counts = use_counts(function.body)
    mapping: dict[Value, Operand] = {}
    _region(function.body, counts, mapping)
    substitute(function.body, mapping)
    return function


def _region(region: Region, counts: dict[Value, int], mapping: dict[Value, Operand]) -> None:
    zeroed: dict[Value, Op] = {}
    written: dict[Operand, Op] = {}
    blank: dict[Operand, Op] = {}  # zeros that are written to once
    columns: dict[Operand, Operand] = {}  # vectors, by value the columns that they are
    reads: dict[Operand, list[Operand]] = {}  # places, by array
    for op in region.ops:
        for inner in op.regions:
            _region(inner, counts, mapping)
        if op.prim is GETITEM and op.derived and op.args[0] in written:
            write = written[op.args[0]]
            known = write.prim is SETITEM and _same(write.args[1], op.args[1])
            if known and _is_entry(write.args[2], op.results[0]):
                mapping[op.results[0]] = write.args[2]
        if op.prim is GETITEM:
            reads.setdefault(op.args[0], []).append(op.args[1])
        if op.prim is INDEX_ADD and op.derived and _is_number(op.args[1]):
            before = _before(op, written)
            if before is not None and before.derived and _is_zero(before.args[2]):
                op.prim = SETITEM
        if op.prim is SETITEM and op.derived and _is_number(op.args[1]):
            lost = _before(op, written)
            if lost is not None and lost.derived and _is_unread(lost, op, written, reads, counts):
                mapping[lost.results[0]] = lost.args[0]
        if op.prim is SETITEM and op.derived and _is_zero(op.args[2]):
            zeroed[op.results[0]] = op
        elif op.prim is INDEX_ADD and op.args[0] in blank and _turns(op):
            op.prim, op.args = GETITEM, (op.args[2], op.args[1])
        elif op.prim is INDEX_ADD and op.args[0] in blank and _narrows(op):
            op.prim, op.args = GETITEM, (op.args[2], Const((slice(None), 0)))
            columns[op.results[0]] = op.args[0]
        elif op.prim is EXPAND_DIMS and op.args[0] in columns and _is_literal(op.args[1], 1):
            mapping[op.results[0]] = columns[op.args[0]]
        elif op.prim is INDEX_ADD and isinstance(op.args[0], Value):
            before = zeroed.get(op.args[0])
            if (
                before is not None
                and counts.get(op.args[0]) == 1
                and _are_the_same_entries(before.args[1], op.args[1])
            ):
                op.prim = SETITEM
                op.args = (before.args[0], *op.args[1:])
        if op.prim is ZEROS and op.derived and counts.get(op.results[0]) == 1:
            blank[op.results[0]] = op
        if op.prim in (SETITEM, INDEX_ADD):
            written[op.results[0]] = op


def _before(op: Op, written: dict[Operand, Op]) -> Op | None:
    """The last write at the place of a write, if those after it are at other literal places."""
    before = written.get(op.args[0])
    while before is not None and not _same(before.args[1], op.args[1]):
        if not _are_apart(before.args[1], op.args[1]):
            return None
        before = written.get(before.args[0])
    return before if before is not None and before.prim is SETITEM else None


def _is_unread(
    lost: Op,
    write: Op,
    written: dict[Operand, Op],
    reads: dict[Operand, list[Operand]],
    counts: dict[Value, int],
) -> bool:
    """Does nobody read what ``lost`` wrote before ``write`` replaces it?"""
    version = write.args[0]
    while isinstance(version, Value):
        seen = reads.get(version, [])
        if counts.get(version) != 1 + len(seen):
            return False
        if not all(_are_apart(place, write.args[1]) for place in seen):
            return False
        if version is lost.results[0]:
            return True
        version = written[version].args[0]
    return False


def _is_number(place: Operand) -> bool:
    """Is this the literal place of one entry, counted from the front?"""
    return isinstance(place, Const) and type(place.value) is int and place.value >= 0


def _are_apart(a: Operand, b: Operand) -> bool:
    """Are these literal places of different entries?"""
    return _is_number(a) and _is_number(b) and a.value != b.value  # type: ignore[union-attr]  # Const


def _is_entry(value: Operand, read: Value) -> bool:
    """Is what was written just what is read: a number of the array's dtype?"""
    kind = type_of_operand(value)
    return is_scalar(kind) and is_scalar(read.type) and dtype_of(kind) == dtype_of(read.type)


def _turns(op: Op) -> bool:
    """Is all of an array added at ``[::-1]``: back to front, to zeros of its kind?"""
    _, index, value = op.args
    if not isinstance(index, Const) or index.value != slice(None, None, -1):
        return False
    given, kind = type_of_operand(value), op.results[0].type
    p, q = dims_of(given), dims_of(kind)
    if not p or not q or len(p) != len(q) or dtype_of(given) != dtype_of(kind):
        return False
    return all(a != 1 or b == 1 for a, b in zip(p, q, strict=True))


def _narrows(op: Op) -> bool:
    """Is a column added at ``[:, None]``: to zeros, a vector of its length?"""
    _, index, value = op.args
    if not isinstance(index, Const) or index.value != (slice(None), None):
        return False
    p, q = dims_of(type_of_operand(value)), dims_of(op.results[0].type)
    if not p or not q or len(p) != 2 or len(q) != 1 or p[1] != 1:
        return False
    alike = p[0] == q[0] is not None or (not_one(p[0]) and not_one(q[0]))
    return alike and dtype_of(type_of_operand(value)) == dtype_of(op.results[0].type)


def _is_literal(operand: Operand, value: int) -> bool:
    return isinstance(operand, Const) and operand.name is None and operand.value == value


def _is_zero(operand: Operand) -> bool:
    return isinstance(operand, Const) and operand.name is None and operand.value == 0


def _are_the_same_entries(a: Operand, b: Operand) -> bool:
    """Do two places have the same entries, each once? (In a list they may have another order.)"""
    place = _place(b)
    if _same(a, b):
        return is_basic(place) or lists_once(place) or _is_mask(place)
    lists = isinstance(place, list) and isinstance(_place(a), list)
    return lists and lists_once(place) and set(place) == set(_place(a))  # type: ignore[call-overload]  # both are lists


def _is_mask(place: object) -> bool:
    """Does a boolean array select the entries?"""
    return isinstance(place, Array) and place.dtype is not None and place.dtype.kind == "b"


def _place(index: Operand) -> object:
    return index.type if isinstance(index, Value) else index.value


def _same(a: Operand, b: Operand) -> bool:
    if isinstance(a, Const) and isinstance(b, Const):
        return a.name == b.name and repr(a.value) == repr(b.value)
    return a is b
