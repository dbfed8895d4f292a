"""Applying rules in forward mode: what an operation contributes to the tangent of its result."""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

from gradscribe.differentiate.apply import is_index, named_args, no_rule, partial, rules_of, run
from gradscribe.differentiate.bars import as_part, empty_list, is_literal, same_shape, times
from gradscribe.ir import helpers, trees
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Const, Op, Operand, Value
from gradscribe.ir.primitives import of
from gradscribe.ir.types import (
    Mapping,
    Sequence,
    Static,
    Struct,
    Type,
    dtype_of,
    is_scalar,
    maybe_float,
)
from gradscribe.rules.declare import Rules


def tangent(op: Op, dots: dict[Value, Operand], builder: Builder, new_args: Op) -> Operand | None:
    """The tangent of the result of ``op``; ``new_args`` is the operation in the derivative."""
    rules = rules_of(op)
    prim = op.prim
    if rules.constant:
        return None
    total: Operand | None = None
    y = new_args.results[0]
    extra: dict[str, Operand] = {"y": y}
    done: set[str] = set()

    def add(term: Operand) -> None:
        nonlocal total
        total = term if total is None else sum_of(total, term, builder)

    for names in rules.joint:
        done |= set(names)
        places = [prim.params.index(name) for name in names]
        if any(op.args[p] in dots for p in places):
            args = list(new_args.args)
            for p in places:
                args[p] = tangent_or_zero(op.args[p], new_args.args[p], dots, builder)
            add(builder.emit(prim, *args))
    last = len(prim.params) - 1
    if prim.variadic and any(arg in dots for arg in op.args[last:]):
        _variadic_tangent(op, dots, builder, new_args, rules, add)
        return total
    for place, arg in enumerate(op.args):
        name = prim.params[min(place, last)]
        if arg not in dots or name in done or name in rules.constants or is_index(op, place):
            continue
        assert isinstance(arg, Value)
        dot = dots[arg]
        if name in rules.partials:
            factor = partial(rules, new_args, place, builder, extra)
            term = times(builder, factor, dot)
            add(spread(term, y, builder))
        elif name in rules.reductions:
            field = run(rules.reductions[name], new_args, builder, extra)
            named = named_args(new_args)
            axis, keepdims = named.get("axis", Const(None)), named.get("keepdims", Const(False))
            add(builder.emit(of(np.sum), times(builder, field, dot), axis, keepdims))
        elif name in rules.linear:
            args = list(new_args.args)
            args[place] = dot
            add(builder.emit(prim, *args))
        elif name in rules.tangents:
            add(run(rules.tangents[name], new_args, builder, {**extra, f"{name}_dot": dot}))
        else:
            no_rule(op, name, "@tangent")
    return None if total is None else _entries_in_shape(total, y, builder)


def _entries_in_shape(dot: Operand, y: Operand, builder: Builder) -> Operand:
    """The tangent of a tuple, with the numbers that a rule wrote for arrays as arrays."""
    kind, of_y = type_of_operand(dot), type_of_operand(y)
    if not isinstance(kind, Sequence) or not isinstance(of_y, Sequence):
        return dot
    if kind.items is None or of_y.items is None:
        return dot
    entries = [trees.part(builder, dot, k) for k in range(len(kind.items))]
    spread = [
        (
            builder.emit(of(helpers.fill_like), float(e.value), trees.part(builder, y, k))
            if is_literal(e) and not is_scalar(of_y.items[k])
            else e
        )
        for k, e in enumerate(entries)
    ]
    return dot if spread == entries else trees.display(builder, kind, spread)


def sum_of(a: Operand, b: Operand, builder: Builder) -> Operand:
    """The sum of two tangents of one value; those of a tuple are added entry by entry."""
    kind, other = type_of_operand(a), type_of_operand(b)
    if isinstance(kind, Sequence | Mapping | Struct):
        parts = trees.part_types(kind)
        if parts is None or trees.part_types(other) is None:
            return builder.emit(of(helpers.add_trees), a, b)
        pairs = [
            (trees.part(builder, a, k), trees.part(builder, b, k, kind=kind))
            for k in range(len(parts))
        ]
        return trees.display(builder, kind, [sum_of(x, y, builder) for x, y in pairs])
    if isinstance(a, Const) and a.value is None:
        return a
    if Static(None) in (kind, other):
        return Const(None)
    for zero, term in ((a, b), (b, a)):
        made = builder.made.get(zero) if isinstance(zero, Value) else None
        zeros = made is not None and made.prim.function is np.zeros_like
        if (zeros or (is_literal(zero) and zero.value == 0)) and (
            same_shape(type_of_operand(zero), type_of_operand(term)) or is_literal(zero)
        ):
            return term
    return builder.emit(of(operator.add), a, b)


def spread(term: Operand, y: Operand, builder: Builder) -> Operand:
    """A tangent term in the full shape of the result that it was broadcast into."""
    a, b = type_of_operand(term), type_of_operand(y)
    if same_shape(a, b) or is_scalar(b):
        return term
    return builder.emit(of(helpers.fill_like), term, y)


def _variadic_tangent(
    op: Op,
    dots: dict[Value, Operand],
    builder: Builder,
    new: Op,
    rules: Rules,
    add: Callable[[Operand], None],
) -> None:
    last = len(op.prim.params) - 1
    name = op.prim.params[-1]
    for place in range(last, len(op.args)):
        arg = op.args[place]
        if arg not in dots:
            continue
        assert isinstance(arg, Value)
        if name in rules.linear:
            args = list(new.args)
            args[place] = dots[arg]
            add(builder.emit(op.prim, *args))
        elif name in rules.tangents:
            zeros = [
                tangent_or_zero(a, b, dots if k == place else {}, builder)
                for k, (a, b) in enumerate(zip(op.args, new.args, strict=True))
                if k >= last
            ]
            dot = builder.emit(of(tuple), *zeros)
            add(run(rules.tangents[name], new, builder, {"y": new.results[0], f"{name}_dot": dot}))
        else:
            no_rule(op, name, "@tangent")


def tangent_or_zero(
    old: Operand, new: Operand, dots: dict[Value, Operand], builder: Builder
) -> Operand:
    """The tangent of an arg, or zeros in its shape."""
    if isinstance(old, Value) and old in dots:
        return dots[old]
    if isinstance(new, Const) and not isinstance(new.value, tuple | list):
        return Const(0.0)
    empty = empty_list(builder, new)
    if empty is not None:
        return empty
    kind = type_of_operand(new)
    parts = trees.part_types(kind)
    if parts is not None:
        entries = (trees.part(builder, new, k) for k in range(len(parts)))
        zeros = [part_tangent(kind, entry, entry, {}, builder) for entry in entries]
        return trees.display(builder, kind, zeros)
    dtype = dtype_of(kind)
    if is_scalar(kind) and dtype is not None and (dtype.kind != "f" or dtype == np.float64):
        return Const(0.0)
    return trees.zeros(builder, new)


def part_tangent(
    whole: Type, old: Operand, new: Operand, dots: dict[Value, Operand], builder: Builder
) -> Operand:
    """The tangent of a part of a tuple, dict or object: None where it is not a number."""
    if not isinstance(whole, Sequence) and not maybe_float(type_of_operand(new)):
        return Const(None)
    return as_part(builder, whole, tangent_or_zero(old, new, dots, builder))
