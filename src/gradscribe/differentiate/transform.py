"""Derivatives of functions as functions: gradients, pullbacks, tangents.

Each takes an ``ir.Function`` and gives a new one, which may be differentiated again.
"""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from functools import partial
from typing import final

import numpy as np

from gradscribe.differentiate import blame, snapshots
from gradscribe.differentiate.activity import Activity
from gradscribe.differentiate.bars import (
    ADD,
    FILL_LIKE,
    GETITEM,
    TUPLE,
    Bar,
    Entries,
    Scope,
    bar_name,
    is_literal,
)
from gradscribe.differentiate.forward import Forwarder, dot_name, repeats_effects, stand
from gradscribe.differentiate.inputs import Place, inputs_of, unused
from gradscribe.differentiate.outputs import take_aux, with_aux
from gradscribe.differentiate.reverse import reverse_sweep
from gradscribe.differentiate.unreached import activity_of
from gradscribe.errors import ArgumentError, UnsupportedError
from gradscribe.ir import trees
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Attrs, Const, Function, Op, Operand, Parameter, Region, Value, walk
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.hooks import spend
from gradscribe.ir.primitives import OPAQUE, of
from gradscribe.ir.rewrite import copy_function, copy_params, free_values, mapped, substitute
from gradscribe.ir.types import (
    FLOAT,
    PY_FLOAT,
    UNKNOWN,
    Array,
    Mapping,
    Scalar,
    Sequence,
    Static,
    Struct,
    Type,
    Unknown,
    dtype_of,
    is_scalar,
    maybe_float,
)
from gradscribe.passes import simplify
from gradscribe.passes.clean import clean


@final
@dataclass(frozen=True, slots=True)
class Split:
    """A function in two: ``forward`` gives ``(value, residuals…)``, ``linear`` what is linear.

    ``linear`` takes the residuals, and then the cotangent of the value (a pullback) or the tangents
    of the inputs. An auxiliary part of the value comes right after it.
    """

    forward: Function
    linear: Function
    directions: int = 1  # how many parameters it is linear in


@final
@dataclass(frozen=True, slots=True)
class Ground:
    """A copy of a function, for a reverse sweep to be appended to.

    ``builder`` appends; ``aux`` is the auxiliary part that was taken away.
    """

    function: Function
    aux: Operand | None
    inputs: list[Value]
    active: Activity
    builder: Builder


def ground(function: Function, wrt: list[Place], who: str, has_aux: bool) -> Ground:
    """A copy of a function in which what a reverse sweep for ``wrt`` is about is known."""
    new, _ = copy_function(function)
    snapshots.expand(new)
    aux = take_aux(new, who) if has_aux else None
    inputs = inputs_of(new, wrt)
    return Ground(new, aux, inputs, activity_of(new, inputs), Builder(new.body, derived=True))


def gradient(
    function: Function,
    wrt: list[Place],
    single: bool,
    with_value: bool,
    name: str,
    has_aux: bool = False,
) -> Function:
    """The gradient of the sum of a function's floating outputs, with respect to some parameters."""
    below = ground(function, wrt, name, has_aux)
    new, inputs, active, builder = below.function, below.inputs, below.active, below.builder
    new.name, new.order = name, function.order + 1
    result = new.result
    seeds: list[tuple[Value, Bar]] = []
    if isinstance(result, Value):
        seed = ones(builder, result, result.type, function)
        if seed is not None and result in active:
            seeds.append((result, seed))
    else:
        ones(builder, result, constant_output(result), function)
    scope = reverse_sweep(builder, new.body, active, seeds, new.body.params)
    if function.order == 0:
        _rename_sweep(new.body, f"reverse sweep of {function.name}")
    bars = [_final(scope, value, new) for value in inputs]
    _name_gradients(inputs, bars)
    gradients = bars[0] if single else builder.emit(TUPLE, *bars)
    new.body.yields = [_handed_out(builder, result, gradients, below.aux, with_value)]
    spend(new.body)
    return clean(new)


def _handed_out(
    builder: Builder, value: Operand, gradient_: Operand, aux: Operand | None, with_value: bool
) -> Operand:
    """``gradient``, ``(value, gradient)``, ``(gradient, aux)`` or ``((value, aux), gradient)``."""
    if with_value:
        return builder.emit(TUPLE, with_aux(builder, value, aux), gradient_)
    return with_aux(builder, gradient_, aux)


def _rename_sweep(body: Region, name: str) -> None:
    """The first reverse sweep is known by the function that it differentiates."""
    for op in walk(body):
        if op.sweep is not None:
            op.sweep = name


def _name_gradients(inputs: list[Value], bars: list[Operand]) -> None:
    """A gradient is called after its parameter, whatever else it is the adjoint of."""
    seen: set[Operand] = set()
    for value, bar in zip(inputs, bars, strict=True):
        if isinstance(bar, Value) and not bar.named and bar not in seen:
            bar.hint = bar_name(value)
            seen.add(bar)


def _final(scope: Scope, value: Value, function: Function) -> Operand:
    bar = scope.peek(value)
    if bar is None:
        function.notes.append(independent(value))
    return floating(scope.builder, scope.whole(bar, value), value.type, value)


def floating(builder: Builder, bar: Operand, kind: Type, value: Operand | None = None) -> Operand:
    """A derivative as it is returned, in the kind of what it is the derivative of.

    Numbers that the compiler or a rule wrote become floats; ``value`` has the shape of an array.
    """
    if isinstance(kind, Sequence) and isinstance(bar, Const) and isinstance(bar.value, tuple):
        kinds = kind.items or (kind.element or UNKNOWN,) * len(bar.value)
        items = (floating(builder, Const(v), k) for v, k in zip(bar.value, kinds, strict=True))
        return builder.emit(TUPLE, *items)
    found = type_of_operand(bar)
    if not is_scalar(found) or not is_scalar(kind):
        lacks_shape = is_literal(bar) and value is not None and not is_scalar(kind)
        return builder.emit(FILL_LIKE, float(bar.value), value) if lacks_shape else bar  # type: ignore[union-attr]  # a literal
    if is_literal(bar):
        bar = Const(float(bar.value))
    dtype = dtype_of(kind)
    if isinstance(found, Scalar) and found.weak:
        if dtype is not None and dtype.kind == "f" and dtype != FLOAT:
            return builder.emit(of(dtype.type), bar)
        return builder.emit(of(float), bar) if found.dtype.kind in "ib" else bar
    return bar


def ones(builder: Builder, value: Operand, kind: Type, function: Function) -> Bar | None:
    """Cotangents of one for the floating leaves of an output; others are refused."""
    if is_scalar(kind):
        dtype = dtype_of(kind)
        if dtype is not None and dtype.kind not in "f":
            _refuse_output(function, kind)
        return Const(1.0)
    if isinstance(kind, Sequence) and kind.items is not None:
        items: list[Bar | None] = [
            ones(builder, builder.emit(GETITEM, value, k), item, function)
            for k, item in enumerate(kind.items)
        ]
        return Entries(items)
    if isinstance(kind, Static) or not maybe_float(kind):
        _refuse_output(function, kind)
    if isinstance(kind, Mapping | Struct):
        parts = enumerate(trees.part_types(kind) or ())
        return Entries(
            [
                (
                    ones(builder, trees.part(builder, value, k), part, function)
                    if maybe_float(part)
                    else None
                )
                for k, part in parts
            ]
        )
    if isinstance(kind, Array | Sequence | Unknown):
        return builder.emit(FILL_LIKE, 1.0, value)
    _refuse_output(function, kind)
    return None


def constant_output(result: Const) -> Type:
    """The type of a constant result; an int of the user's has the derivative of a float."""
    return PY_FLOAT if type(result.value) is int else type_of_operand(result)


def _refuse_output(function: Function, kind: Type) -> None:
    raise ArgumentError(
        f"cannot differentiate {function.name}: its result is {_article(kind)}, not floating-point",
        function.span,
        "return floats or floating arrays alone",
    )


def _article(kind: Type) -> str:
    if isinstance(kind, Scalar):
        return f"of type {kind}"
    return f"{kind}"


def pullback(
    function: Function,
    wrt: list[Place],
    single: bool,
    name: str,
    has_aux: bool = False,
    nan_check: bool = False,
) -> Split:
    """The value with its residuals, and the function from residuals and cotangent to the adjoints.

    Both halves are simplified as one function first, so that what the reverse half does not read
    after that is not handed over; before that ``nan_check`` puts checks of it between.
    """
    below = ground(function, wrt, f"{name}_vjp", has_aux)
    new, inputs, active, builder = below.function, below.inputs, below.active, below.builder
    result = new.result
    builder.append(border := Op(OPAQUE, (), (), attrs=Attrs(template=ast.Pass())))
    kind = type_of_operand(result)
    y_bar = Value(f"{name}_bar", adjoint_type(kind))
    seeds: list[tuple[Value, Bar]] = []
    if isinstance(result, Value) and result in active:
        seeds.append((result, y_bar))
    scope = reverse_sweep(builder, new.body, active, seeds, new.sure_params)
    bars = [_final(scope, value, new) for value in inputs]
    _name_gradients(inputs, bars)
    adjoints = bars[0] if single else builder.emit(TUPLE, *bars)
    new.body.params.append(y_bar)
    new.params = [*new.params, Parameter(y_bar.hint)]
    new.body.yields = [
        builder.emit(TUPLE, adjoints, result, *([] if below.aux is None else [below.aux]))
    ]
    spend(new.body)
    simplify(blame.watch(clean(new)) if nan_check else clean(new))
    return split(new, border, 1, f"{name}_forward", f"{name}_reverse")


def split(both: Function, border: Op, count: int, forward_name: str, linear_name: str) -> Split:
    """Cut a function in two at ``border``.

    It gives what is linear in its last ``count`` parameters, the value and what is beside it.
    """
    place = both.body.ops.index(border)
    directions = both.body.params[-count:]
    del both.body.params[-count:]
    (handed,) = both.body.yields
    given: Operand
    results: list[Operand]
    if isinstance(handed, Const):  # all were found to be literals
        given, results = Const(handed.value[0]), [Const(part) for part in handed.value[1:]]
    else:
        given, *results = both.body.ops.pop().args
    linear = Region([], both.body.ops[place + 1 :], [given])
    residuals = [v for v in free_values(linear) if v not in directions]
    forward = Function(
        forward_name,
        [Parameter(p.name) for p in both.params[:-count]],
        Region(both.body.params, both.body.ops[:place]),
        span=both.span, order=both.order,
    )  # fmt: skip
    builder = Builder(forward.body, derived=True)
    forward.body.yields = [builder.emit(TUPLE, *results, *residuals)]
    mapping: dict[Value, Operand] = {}
    for value in [*residuals, *directions]:
        fresh = Value(value.hint, value.type, value.named)
        mapping[value] = fresh
        linear.params.append(fresh)
    substitute(linear, mapping)
    names = _distinct(linear.params)
    second = Function(
        linear_name, [Parameter(n) for n in names], linear, span=both.span,
        notes=both.notes, order=both.order + 1, residuals=len(residuals),
    )  # fmt: skip
    return Split(clean(forward), clean(second), count)


def _distinct(values: list[Value]) -> list[str]:
    """Names for parameters: the user's own first, and a hint that repeats gets a number."""
    names: dict[Value, str] = {}
    for value in sorted(values, key=lambda v: not v.named):
        wish = value.hint or "t"
        number = 0
        while (name := f"{wish}_{number}" if number else wish) in names.values():
            number += 1
        names[value] = name
    return [names[value] for value in values]


def forward_gradient(
    function: Function,
    wrt: list[Place],
    single: bool,
    with_value: bool,
    name: str,
    has_aux: bool = False,
) -> Function:
    """The gradient with respect to scalar parameters by forward mode: one sweep for each."""
    new = Function(name, list(function.params), Region(), span=function.span)
    new.order = function.order + 1
    new.notes = list(function.notes)
    function, _ = copy_function(function)
    aux = take_aux(function, name) if has_aux else None
    new.body.params, mapping = copy_params(function)
    builder = Builder(new.body, derived=True)
    result = function.result
    if isinstance(result, Value):
        ones(Builder(Region(), derived=True), result, result.type, function)
    else:
        ones(builder, result, constant_output(result), function)
    gradients: list[Operand] = []
    value: Operand = result
    inputs = inputs_of(function, wrt)
    activity_of(function, inputs)
    standing: dict[int, Op] = {}
    if len(inputs) > 1 and any(op.prim.effect for op in walk(function.body)):
        if repeats_effects(function.body):
            raise UnsupportedError(
                f"{name}: forward mode for several parameters would repeat what happens in a loop",
                function.span,
                "use mode='reverse'",
            )
        standing = stand(builder, function.body, mapping)
    for input_ in inputs:
        active = Activity(function, [input_])
        forwarder = Forwarder(builder, active, {input_: Const(1.0)}, standing)
        forwarder.mapping.update(mapping)
        forwarder.region(function.body)
        value = mapped(result, forwarder.mapping)
        if result not in active:
            new.notes.append(independent(input_))
        dot = forwarder.dot(result)
        if isinstance(dot, Value) and not dot.hint:
            dot.hint = "y_dot"
        total = _total(builder, dot, type_of_operand(result))
        gradients.append(floating(builder, total, input_.type))
    gradient_ = gradients[0] if single else builder.emit(TUPLE, *gradients)
    handed = None if aux is None else mapped(aux, forwarder.mapping)
    new.body.yields = [_handed_out(builder, value, gradient_, handed, with_value)]
    return clean(new)


def independent(value: Value) -> str:
    return f"the result does not depend on {value.hint}: its gradient is zero"


def _total(builder: Builder, dot: Operand, kind: Type) -> Operand:
    """The sum of all leaves of a tangent."""
    parts = trees.part_types(kind)
    if parts is not None:
        totals = [
            _total(builder, trees.part(builder, dot, k), part)
            for k, part in enumerate(parts)
            if isinstance(kind, Sequence) or maybe_float(part)
        ]
        return functools.reduce(partial(builder.emit, ADD), totals) if totals else Const(0.0)
    if is_scalar(kind) or is_scalar(type_of_operand(dot)):
        return dot
    return builder.emit(of(np.sum), dot)


def tangent(
    function: Function,
    wrt: list[Place],
    name: str,
    with_value: bool = True,
    has_aux: bool = False,
) -> Function:
    """The function of arguments and tangents that gives the value and its tangent.

    An auxiliary part is handed on after them.
    """
    function, _ = copy_function(function)
    aux = take_aux(function, name) if has_aux else None
    inputs = inputs_of(function, wrt)
    active = activity_of(function, inputs)
    body = Region()
    builder = Builder(body, derived=True)
    dots: dict[Value, Operand] = {}
    forwarder = Forwarder(builder, active, dots)
    body.params, mapping = copy_params(function)
    forwarder.mapping.update(mapping)
    params = [Parameter(p.name) for p in function.params]
    for value in inputs:
        dot = Value(dot_name(value), adjoint_type(value.type))
        dots[value] = dot
        body.params.append(dot)
        params.append(Parameter(unused(dot_name(value), params)))
    forwarder.region(function.body)
    result = function.result
    primal = mapped(result, forwarder.mapping)
    dot_result = floating(builder, forwarder.dot(result), type_of_operand(primal), primal)
    made = isinstance(result, Value) and not result.named
    if with_value and made and isinstance(dot_result, Value) and dot_result not in body.params:
        dot_result.hint = f"{function.name}_dot"
    handed = [primal, dot_result] if with_value else [dot_result]
    handed += [] if aux is None else [mapped(aux, forwarder.mapping)]
    body.yields = [handed[0] if len(handed) == 1 else builder.emit(TUPLE, *handed)]
    new = Function(name, params, body, span=function.span, notes=list(function.notes))
    new.order = function.order + 1
    if result not in active:
        new.notes.append("the result does not depend on the inputs asked for: its tangent is zero")
    return clean(new)
