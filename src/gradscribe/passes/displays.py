"""An entry of a list that the program displays is what stands there; so is the list's length.

Before::                                    After::

    %xs = list(%a, %b)                          %xs = list(%a, %b)
    %ys = setitem(%xs, 0, %c)                   %ys = setitem(%xs, 0, %c)
    %x = getitem(%ys, -1)                       %y = mul(%b, 2)
    %n = len(%ys)
    %y = mul(%x, %n)

Where nothing else reads the list, ``clean`` takes it away, and there is no adjoint of it.
"""

from __future__ import annotations

import operator

from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Value, walk
from gradscribe.ir.primitives import of
from gradscribe.ir.rewrite import substitute
from gradscribe.ir.types import Sequence

GETITEM, SETITEM, LEN = of(operator.getitem), of(helpers.setitem), of(len)
_DISPLAYS = {of(list), of(tuple)}


def read_displays(function: Function) -> Function:
    """Read entries where lists and tuples were displayed, in place."""
    made: dict[Operand, Op] = {}
    mapping: dict[Value, Operand] = {}
    for op in walk(function.body):
        if op.prim in _DISPLAYS or op.prim is SETITEM:
            made[op.results[0]] = op
        elif op.prim is GETITEM or op.prim is LEN:
            base = _resolved(op.args[0], mapping)
            found = _length(base, made) if op.prim is LEN else _entry(op, base, made)
            if found is not None:
                mapping[op.results[0]] = found = _resolved(found, mapping)
                if isinstance(found, Value) and not found.hint:
                    found.hint = op.results[0].hint
    substitute(function.body, mapping)
    return function


def _resolved(operand: Operand, mapping: dict[Value, Operand]) -> Operand:
    return mapping.get(operand, operand) if isinstance(operand, Value) else operand


def _entry(read: Op, base: Operand, made: dict[Operand, Op]) -> Operand | None:
    op = made.get(base)
    place = _place(read.args[1])
    if op is None or place is None:
        return None
    count = _count(base)
    if count is None or not -count <= place < count:
        return None
    while op is not None and op.prim is SETITEM:
        written = _place(op.args[1])
        if written is None or not -count <= written < count:
            return None
        if written % count == place % count:
            return _alike(op.args[2], read)
        op = made.get(op.args[0])
    return None if op is None else _alike(op.args[place], read)


def _alike(entry: Operand, read: Op) -> Operand | None:
    """The entry, if it is known to be just what is read."""
    return entry if type_of_operand(entry) == read.results[0].type else None


def _length(base: Operand, made: dict[Operand, Op]) -> Const | None:
    count = _count(base) if base in made else None
    return None if count is None else Const(count)


def _count(base: Operand) -> int | None:
    kind = type_of_operand(base)
    known = kind.items if isinstance(kind, Sequence) else None
    return None if known is None else len(known)


def _place(index: Operand) -> int | None:
    literal = isinstance(index, Const) and index.name is None and type(index.value) is int
    return index.value if literal else None  # type: ignore[union-attr]  # a Const
