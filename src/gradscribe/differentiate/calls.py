"""Calls of functions that keep their own text (recursive ones): they become pairs.

``y = g(x)`` becomes ``y, saved = g_forward(x)`` in the forward sweep, where ``saved`` is a tuple of
what ``g_reverse(saved, y_bar)`` reads, the tuples of the calls in it included. In forward mode it
becomes ``y, y_dot = g_jvp(x, x_dot)``. All of them are made once for a function, whatever calls it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from gradscribe.differentiate import checkpoints, snapshots
from gradscribe.differentiate.activity import Activity
from gradscribe.differentiate.bars import GETITEM, TUPLE, Bar, Scope, bar_name
from gradscribe.differentiate.inputs import Place
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Attrs, Function, Op, Operand, Parameter, Region, Value
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.hooks import spend
from gradscribe.ir.primitives import CALL
from gradscribe.ir.rewrite import copy_function, free_values, substitute
from gradscribe.ir.types import UNKNOWN, Sequence, maybe_float
from gradscribe.passes.clean import clean, clean_region

SAVED = Sequence("tuple", None, UNKNOWN)


@final
@dataclass(slots=True)
class Pair:
    """The halves of a function's reverse mode; ``wrt`` are the places of the adjoints given."""

    forward: Function
    reverse: Function
    wrt: list[int]


def float_places(function: Function) -> list[int]:
    return [i for i, p in enumerate(function.body.params) if maybe_float(p.type)]


def pair_of(callee: Function) -> Pair:
    """The pair of a function; made when first asked for, and known while it is being made."""
    known = callee.derivatives.get("pair")
    if known is None:
        known = Pair(
            Function(f"{callee.name}_forward", list(callee.params), Region(), internal=True),
            Function(f"{callee.name}_reverse", [], Region(), internal=True),
            float_places(callee),
        )
        callee.derivatives["pair"] = known
        _fill(callee, known)
    return known


def _fill(callee: Function, pair: Pair) -> None:
    from gradscribe.differentiate.reverse import reverse_sweep

    new, _ = copy_function(callee)
    snapshots.expand(new)
    result = new.result
    inputs = [new.body.params[i] for i in pair.wrt]
    active = Activity(new, inputs)
    region = Region()
    builder = Builder(region, derived=True)
    y_bar = Value(
        bar_name(result) if isinstance(result, Value) else "y_bar",
        adjoint_type(type_of_operand(result)),
    )
    y_bar.hint = y_bar.hint or "y_bar"
    seeds: list[tuple[Value, Bar]] = []
    if isinstance(result, Value) and result in active:
        seeds.append((result, y_bar))
    scope = reverse_sweep(builder, new.body, active, seeds, new.body.params)
    bars = [scope.whole(scope.peek(value), value) for value in inputs]
    region.yields = [bars[0] if len(bars) == 1 else builder.emit(TUPLE, *bars)]
    clean_region(region)
    residuals = [v for v in free_values(region) if v is not y_bar]
    forward_builder = Builder(new.body, derived=True)
    packed = forward_builder.emit(TUPLE, *residuals)
    new.body.yields = [forward_builder.emit(TUPLE, result, packed)]
    pair.forward.body = new.body
    pair.forward.order = callee.order + 1
    spend(new.body)
    clean(pair.forward)
    saved = Value("saved", type_of_operand(packed))
    unpack = Builder(Region(), derived=True)
    mapping: dict[Value, Operand] = {}
    for k, value in enumerate(residuals):
        entry = unpack.emit(GETITEM, saved, k, hint=value.hint)
        mapping[value] = entry
        if isinstance(entry, Value):
            entry.type = value.type
    substitute(region, mapping)
    region.ops[:0] = unpack.region.ops
    region.params = [saved, y_bar]
    pair.reverse.params = [Parameter("saved"), Parameter(y_bar.hint)]
    pair.reverse.body = region
    pair.reverse.order = callee.order + 1


def reverse(op: Op, bars: list[Bar | None], scope: Scope, active: Activity, region: Region) -> None:
    """Turn a call in the forward sweep (in ``region``) into its forward half; call the reverse."""
    callee = op.attrs.callee
    assert callee is not None
    if op.attrs.form == "checkpoint":
        checkpoints.reverse(op, bars, scope, active)
        return
    pair = pair_of(callee)
    (result,) = op.results
    saved = _split(op, pair.forward, result, region)
    y_bar = scope.whole(bars[0], result)
    builder = scope.builder
    kinds = tuple(adjoint_type(callee.body.params[i].type) for i in pair.wrt)
    single = len(kinds) == 1
    given = Value("" if single else "bars", kinds[0] if single else Sequence("tuple", kinds))
    builder.append(Op(CALL, (saved, y_bar), (given,), attrs=Attrs(callee=pair.reverse)))
    for k, place in enumerate(pair.wrt):
        arg = op.args[place]
        if isinstance(arg, Value) and arg in active:
            scope.add(arg, given if single else builder.emit(GETITEM, given, k))


def _split(op: Op, forward: Function, result: Value, region: Region) -> Value:
    """``y = g(x)`` becomes ``both = g_forward(x); y = both[0]; saved = both[1]``, in its place."""
    both = Value("both", Sequence("tuple", (result.type, SAVED)))
    saved = Value("saved", SAVED)
    op.attrs = Attrs(callee=forward)
    op.results = (both,)
    following: list[Op] = []
    for k, value in ((0, result), (1, saved)):
        builder = Builder(Region())
        builder.emit(GETITEM, both, k)
        made = builder.region.ops[0]
        made.results = (value,)
        made.span, made.statement = op.span, op.statement
        following.append(made)
    place = region.ops.index(op) + 1
    region.ops[place:place] = following
    return saved


def tangent_of(callee: Function) -> Function:
    """The function of arguments and tangents that gives the value and its tangent."""
    known = callee.derivatives.get("tangent")
    if known is None:
        from gradscribe.differentiate.transform import tangent

        known = Function(f"{callee.name}_jvp", [], Region(), internal=True)
        callee.derivatives["tangent"] = known
        made = tangent(callee, [Place(k) for k in float_places(callee)], known.name)
        known.params, known.body, known.order = made.params, made.body, made.order
    return known
