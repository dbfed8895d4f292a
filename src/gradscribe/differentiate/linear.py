"""Linearization: the value of a function, and its tangent for any number of directions.

A pullback is linear in its cotangent; transposed, it takes tangents forward::

    f_forward   (x)                → value, residuals
    f_reverse   (residuals, y_bar) → x_bar             linear in y_bar, and transposed:
    f_tangent   (residuals, x_dot) → y_dot

So what the tangent needs of the primal is found by the same means as for a reverse sweep, and a
loop over what the reverse loop saved runs forward again.
"""

from __future__ import annotations

import ast

from gradscribe.differentiate import surgery
from gradscribe.differentiate.bars import FILL_LIKE, TUPLE
from gradscribe.differentiate.forward import dot_name
from gradscribe.differentiate.inputs import Place, inputs_of, unused
from gradscribe.differentiate.transform import Split, pullback, split
from gradscribe.ir import trees
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Attrs, Const, Function, Op, Operand, Parameter, Value, walk
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.primitives import OPAQUE
from gradscribe.ir.rewrite import copy_function, copy_region
from gradscribe.ir.types import Type, is_scalar, maybe_float
from gradscribe.passes import simplify
from gradscribe.passes.clean import clean


def linearization(function: Function, wrt: list[Place], name: str, has_aux: bool = False) -> Split:
    """The value with its residuals, and the function from residuals and tangents to its tangent."""
    surgery.refuse_tangents(function)
    pair = pullback(function, wrt, False, name, has_aux)
    back = pair.linear
    forth = pullback(back, [Place(len(back.params) - 1)], True, name)
    new, _ = copy_function(pair.forward)
    builder = Builder(new.body, derived=True)
    for op in new.body.ops:
        builder.note(op)
    handed, count = _parts(builder, new.result), len(back.params) - 1
    results, residuals = handed[: len(handed) - count], handed[len(handed) - count :]
    # Any cotangent will do, for what is linear in it; ones are folded away and leave the shapes.
    y_bar = _ones(builder, results[0], type_of_operand(results[0]))
    both = _inline(builder, forth.forward, [*residuals, y_bar])
    _, *kept = _parts(builder, both)
    builder.append(border := Op(OPAQUE, (), (), attrs=Attrs(template=ast.Pass())))
    inputs = inputs_of(copy_function(function)[0], wrt)
    dots = [Value(dot_name(value), adjoint_type(value.type)) for value in inputs]
    for dot in dots:
        new.params.append(Parameter(unused(dot.hint, new.params)))
    new.body.params += dots
    y_dot = _inline(builder, forth.linear, [*kept, builder.emit(TUPLE, *dots)])
    if isinstance(y_dot, Value) and not y_dot.hint:
        y_dot.hint = f"{name}_dot"
    new.body.yields = [builder.emit(TUPLE, y_dot, *results)]
    _call_dots(new)
    new.notes = list(back.notes)
    simplify(clean(new))
    return split(new, border, len(dots), f"{name}_forward", f"{name}_tangent")


def _parts(builder: Builder, made: Operand) -> tuple[Operand, ...]:
    """What a tuple is made of, which may be known before."""
    return tuple(map(Const, made.value)) if isinstance(made, Const) else builder.made[made].args


def _ones(builder: Builder, value: Operand, kind: Type) -> Operand:
    parts = trees.part_types(kind)
    if parts is not None:
        ones = [
            (
                _ones(builder, trees.part(builder, value, k), part)
                if maybe_float(part)
                else Const(None)
            )
            for k, part in enumerate(parts)
        ]
        return trees.display(builder, kind, ones)
    return Const(1.0) if is_scalar(kind) else builder.emit(FILL_LIKE, 1.0, value)


def _inline(builder: Builder, function: Function, args: list[Operand]) -> Operand:
    """Copy a function's body in; its result."""
    mapping = dict(zip(function.body.params, args, strict=True))
    params, function.body.params = function.body.params, []
    copy = copy_region(function.body, mapping)
    function.body.params = params
    for op in copy.ops:
        builder.region.ops.append(op)
        builder.note(op)
    return copy.yields[0]


def _call_dots(function: Function) -> None:
    """The adjoint of an adjoint is a tangent, and is called one."""
    for op in walk(function.body):
        op.sweep = None
        for value in (*op.results, *(p for region in op.regions for p in region.params)):
            if value.hint.endswith("_bar_bar"):
                value.hint = value.hint.removesuffix("_bar_bar") + "_dot"
