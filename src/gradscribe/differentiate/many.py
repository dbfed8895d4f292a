"""Many tangents at once: a tangent function whose tangents have a leading axis of directions."""

from __future__ import annotations

import numpy as np

from gradscribe.differentiate.bars import GETITEM, TUPLE
from gradscribe.differentiate.batch import Batcher
from gradscribe.differentiate.inputs import Place
from gradscribe.differentiate.linear import linearization
from gradscribe.differentiate.stacks import CannotBatch, batched_type
from gradscribe.differentiate.transform import tangent
from gradscribe.errors import ArgumentError
from gradscribe.ir import trees
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Attrs, Const, Function, Op, Operand, Parameter, Region, Value
from gradscribe.ir.primitives import FOR, of
from gradscribe.ir.rewrite import copy_region, copy_value
from gradscribe.ir.types import Array, Scalar, Sequence, Sym, Type, Unknown
from gradscribe.passes.clean import clean

LENGTH = Sym("directions")


def tangents(function: Function, wrt: list[Place], name: str, has_aux: bool = False) -> Function:
    """The function of arguments and stacks of tangents that gives the value and its tangents.

    One sweep for all directions, or where an operation does not work on stacks, a linearization and
    a loop over them.
    """
    one = tangent(function, wrt, name, has_aux=has_aux)
    count = len(wrt)
    params, dots = one.body.params[:-count], one.body.params[-count:]
    try:
        stacks = [Value(dot.hint, batched_type(dot.type, LENGTH)) for dot in dots]
        body = _in_one_sweep(one, params, dots, stacks)
    except CannotBatch:
        body = None
    if body is None:
        body = _in_a_loop(function, wrt, name, has_aux)
    made = Function(name, [Parameter(p.name) for p in one.params], body, span=one.span)
    made.notes, made.order = list(one.notes), one.order
    return clean(made)


def _in_one_sweep(
    one: Function, params: list[Value], dots: list[Value], stacks: list[Value]
) -> Region:
    body = Region([*map(copy_value, params), *stacks])
    builder = Builder(body, derived=True)
    batcher = Batcher(
        builder, dict(zip(dots, stacks, strict=True)), lambda: _count(builder, stacks[0]), LENGTH
    )
    batcher.mapping.update(zip(params, body.params[: len(params)], strict=True))
    ops, handed = one.body.ops[:-1], one.body.ops[-1].args if one.body.ops else ()
    if isinstance(one.result, Const):  # all that is handed out is known already
        ops, handed = one.body.ops, tuple(map(Const, one.result.value))
    batcher.region(Region(ops=ops))
    value, dot, *aux = handed
    given = [batcher.plain(value), batcher.whole(dot, type_of_operand(dot))]
    body.yields = [builder.emit(TUPLE, *given, *map(batcher.plain, aux))]
    return body


def _count(builder: Builder, stack: Operand) -> Operand:
    """The number of directions, off a stack of any structure."""
    while trees.part_types(type_of_operand(stack)) is not None:
        stack = trees.part(builder, stack, 0)
    return builder.emit(GETITEM, builder.emit(of(np.shape), stack), 0)


def _in_a_loop(function: Function, wrt: list[Place], name: str, has_aux: bool) -> Region:
    pair = linearization(function, wrt, name, has_aux)
    body = copy_region(pair.forward.body, {})
    builder = Builder(body, derived=True)
    for op in body.ops:
        builder.note(op)
    beside = 1 + has_aux
    handed = body.ops.pop().args
    results, residuals = handed[:beside], handed[beside:]
    directions = pair.linear.body.params[-pair.directions :]
    for dot in directions:
        if isinstance(dot.type, Unknown):
            raise ArgumentError(
                f"{name}: many tangents at once of an argument of which nothing is known",
                hint="call the derivative with arguments first, or annotate the parameter",
            )
        if not isinstance(dot.type, Scalar | Array):
            raise ArgumentError(
                f"{name}: many tangents at once of what has parts, through an operation that takes "
                "them one by one",
                hint="give the tangents one after the other, to linearize",
            )
    stacks = [Value(dot.hint, batched_type(dot.type, LENGTH)) for dot in directions]
    body.params += stacks
    items = [copy_value(dot) for dot in directions]
    mapping: dict[Value, Operand] = dict(
        zip(pair.linear.body.params, [*residuals, *items], strict=True)
    )
    inner = copy_region(Region([], pair.linear.body.ops, pair.linear.body.yields), mapping)
    loop_body = Region(items, inner.ops, inner.yields)
    kind: Type = type_of_operand(inner.yields[0])
    listed = Value("tangents", Sequence("list", None, kind))
    builder.append(Op(FOR, tuple(stacks), (listed,), (loop_body,), Attrs(seqs=len(stacks))))
    if not isinstance(kind, Scalar | Array):
        raise ArgumentError(
            f"{name}: many tangents at once of a value with parts, through an operation that takes "
            "them one by one",
            hint="give the tangents one after the other, to linearize",
        )
    stacked = builder.emit(of(np.stack), listed, Const(0))
    body.yields = [builder.emit(TUPLE, results[0], stacked, *results[1:])]
    return body
