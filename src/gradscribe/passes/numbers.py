"""Derivatives of arrays without axes: numbers, except where they are written to.

Before::                            After::

    %a = np.array(%x)                   %x for %a
    %b = setitem(%a, %mask, 0.0)        %t = np.array(%x)
                                        %u = setitem(%t, %mask, 0.0)
                                        %b = getitem(%u, ())

What may be either (``np.where`` gives an array) is one for those who ask its type.
"""

from __future__ import annotations

import operator

import numpy as np

from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value, walk
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, STRUCTURED, WHILE, Primitive, of
from gradscribe.ir.rewrite import substitute
from gradscribe.ir.types import TEXT, Array, Scalar, dims_of, dtype_of

SETITEM, INDEX_ADD = of(helpers.setitem), of(helpers.index_add)
GETITEM, ARRAY, ASARRAY = of(operator.getitem), of(np.array), of(np.asarray)


def write_to_numbers(function: Function) -> Function:
    """Make arrays of the numbers that derivatives write to, and numbers of them again, in place."""
    mapping: dict[Value, Operand] = {}
    for op in walk(function.body):
        if op.derived and op.prim in (ARRAY, ASARRAY) and _is_number_again(op):
            mapping[op.results[0]] = op.args[0]
    substitute(function.body, mapping)
    _region(function.body)
    return function


def _is_number_again(op: Op) -> bool:
    """Is this an array without axes of a number that its dtype leaves as it is?"""
    given, made = type_of_operand(op.args[0]), op.results[0].type
    return isinstance(given, Scalar) and made == Array(given.dtype, ())


def _region(region: Region) -> None:
    ops: list[Op] = []
    for op in region.ops:
        if op.prim in (FOR, WHILE):
            _agree(op)
        for inner in op.regions:
            _region(inner)
        if op.prim in STRUCTURED:
            _agree(op)
        base = type_of_operand(op.args[0]) if op.args and op.derived else None
        if op.prim in (SETITEM, INDEX_ADD) and base is not None and dims_of(base) == ():
            ops += _through_array(op)
        elif op.prim is GETITEM and isinstance(base, Scalar) and base != TEXT:
            ops += _of_array(op)
        else:
            ops.append(op)
    region.ops = ops


def _agree(op: Op) -> None:
    """Let what carries an array without axes, or may be one, say so."""
    for place, result in enumerate(op.results):
        if not isinstance(result.type, Scalar):
            continue
        sources = [region.yields[place : place + 1] for region in op.regions[-2:]]
        params: list[Value] = []
        if op.prim in (FOR, WHILE):
            if place >= carries(op):
                continue
            start = first_carry(op) + place
            sources = [[op.args[start]], op.regions[-1].yields[place : place + 1]]
            params = [region.params[start] for region in op.regions]
        kinds = [type_of_operand(o) for found in sources for o in found]
        if any(isinstance(kind, Array) and kind.dims == () for kind in kinds):
            for value in (result, *params):
                value.type = Array(result.type.dtype, ())


def _through_array(op: Op) -> list[Op]:
    """A write, into a new array."""
    made, (result,) = _made_of(op, ARRAY), op.results
    written = Value(result.hint, made.results[0].type)
    return [
        made,
        _like(op, op.prim, (made.results[0], *op.args[1:]), written),
        _like(op, GETITEM, (written, Const(())), result),
    ]


def _of_array(op: Op) -> list[Op]:
    """A read, by an index that numbers of Python's do not take."""
    made = _made_of(op, ASARRAY)
    return [made, _like(op, GETITEM, (made.results[0], op.args[1]), op.results[0])]


def _made_of(op: Op, prim: Primitive) -> Op:
    """The array that the base of an operation is made into."""
    value = Value("", Array(dtype_of(type_of_operand(op.args[0])), ()))
    return _like(op, prim, (op.args[0], *map(Const, prim.defaults.values())), value)


def _like(op: Op, prim: Primitive, args: tuple[Operand, ...], result: Value) -> Op:
    return Op(prim, args, (result,), (), None, op.span, op.statement, op.derived, op.sweep)
