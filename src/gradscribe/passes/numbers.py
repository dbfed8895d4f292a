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
from gradscribe.ir.types import Array, Scalar, dims_of, dtype_of

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
    """Is this an array without axes of a number of NumPy's, which can be indexed like one?"""
    given, made = type_of_operand(op.args[0]), op.results[0].type
    return isinstance(given, Scalar) and not given.weak and made == Array(given.dtype, ())


def _region(region: Region) -> None:
    ops: list[Op] = []
    for op in region.ops:
        if op.prim in (FOR, WHILE):
            _agree(op)
        for inner in op.regions:
            _region(inner)
        if op.prim in STRUCTURED:
            _agree(op)
        writes = op.prim in (SETITEM, INDEX_ADD) and op.derived
        if writes and dims_of(type_of_operand(op.args[0])) == ():
            ops += _through_array(op)
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
    base, (result,) = op.args[0], op.results
    kind = Array(dtype_of(type_of_operand(base)), ())
    array, written = Value("", kind), Value(result.hint, kind)
    rest = tuple(map(Const, ARRAY.defaults.values()))

    def made(prim: Primitive, args: tuple[Operand, ...], value: Value) -> Op:
        return Op(prim, args, (value,), (), None, op.span, op.statement, op.derived, op.sweep)

    return [
        made(ARRAY, (base, *rest), array),
        made(op.prim, (array, *op.args[1:]), written),
        made(GETITEM, (written, Const(())), result),
    ]
