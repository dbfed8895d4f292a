"""Derivatives called inside a function that is being lowered: ``grad(g)(x)`` within ``f``.

The derivative's IR for the argument types at hand is copied into f's, so differentiating f
differentiates it like any other code.
"""

from __future__ import annotations

import operator
from typing import Any

from gradscribe import api
from gradscribe import specification as spec
from gradscribe.frontend import calls
from gradscribe.frontend.declared import under
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, TupleOf
from gradscribe.frontend.procedures import Procedure, splice
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Operand
from gradscribe.ir.primitives import of
from gradscribe.primal import tuple_type
from gradscribe.runtime.dispatch import Derivative

GETITEM = of(operator.getitem)


def lower(frame: Frame, node: Any, function: Any) -> Bound | None:
    """Lower a call of ``grad`` and the like, or of a derivative; None for anything else."""
    if any(function is transform for transform in api.TRANSFORMS):
        return _transform(frame, node, function)
    if isinstance(function, Derivative):
        positional, keywords = calls.arguments(frame, node)
        with under(function.rules):
            return _call(frame, node, function.specification, positional, keywords)
    return None


def _transform(frame: Frame, node: Any, function: Any) -> Bound:
    """``grad(g, …)``: made now, if what it is given is known now."""
    positional, keywords = calls.arguments(frame, node)
    values = [_known(frame, node, bound) for bound in positional]
    named = {name: _known(frame, node, bound) for name, bound in keywords.items()}
    return Const(function(*values, **named))


def _known(frame: Frame, node: Any, bound: Bound) -> Any:
    if isinstance(bound, Const):
        return bound.value
    if isinstance(bound, TupleOf):
        return tuple(_known(frame, node, item) for item in bound.items)
    frame.refuse(
        node,
        "the function differentiated here is not known before the program runs",
        "differentiate a function defined at module level, and pass it what it captures",
    )


def _call(
    frame: Frame, node: Any, specification: Any, positional: list[Bound], keywords: dict[str, Bound]
) -> Bound:
    """Copy a derivative in, for the types of these arguments."""
    bound = _bind(frame, node, specification, positional, keywords)
    if isinstance(specification, spec.Tangent):
        pair = [_tuple_items(frame, node, b) for b in bound]
        kinds = tuple(tuple_type([type_of_operand(operand) for operand in items]) for items in pair)
        inner = specification.inner(kinds)
        dots = [o for o in pair[1] if not (isinstance(o, Const) and o.value is None)]
        return frame.wrap(splice(inner, [*pair[0], *dots], frame.builder))
    operands = [frame.read(b) for b in bound]
    types = tuple(type_of_operand(operand) for operand in operands)
    if isinstance(specification, spec.Pullback | spec.Linearization):
        return _halves(frame, specification, operands, types)
    return frame.wrap(splice(specification.ir(types), operands, frame.builder))


def _halves(frame: Frame, specification: Any, operands: list[Operand], types: Any) -> Bound:
    """The value, the pullback or pushforward, and the auxiliary part if there is one."""
    pair = specification.pair(types)
    forward = splice(pair.forward, operands, frame.builder)
    beside = int(specification.has_aux)
    count = len(pair.linear.body.params) - pair.directions
    value, *rest = (frame.emit(GETITEM, forward, i) for i in range(1 + beside + count))
    residuals = rest[beside:]

    def run(inner: Frame, node: Any, positional: list[Bound], keywords: dict[str, Bound]) -> Bound:
        if keywords or len(positional) != pair.directions:
            what = "cotangent" if isinstance(specification, spec.Pullback) else "tangent"
            inner.refuse(node, f"{specification.name} gives a function of {pair.directions} {what}")
        given = [inner.read(bound) for bound in positional]
        return inner.wrap(splice(pair.linear, [*residuals, *given], inner.builder))

    aux = [frame.wrap(operand) for operand in rest[:beside]]
    return TupleOf((frame.wrap(value), Procedure(run), *aux))


def _tuple_items(frame: Frame, node: Any, bound: Bound) -> list[Operand]:
    if not isinstance(bound, TupleOf):
        frame.refuse(
            node,
            "jvp takes two tuples, of arguments and of tangents, whose lengths are known",
            "write them out: jvp(f)((x,), (x_dot,))",
        )
    return [frame.read(item) for item in bound.items]


def _bind(
    frame: Frame, node: Any, specification: Any, positional: list[Bound], keywords: dict[str, Bound]
) -> list[Bound]:
    """The arguments in the order of the derivative's signature."""
    signature = specification.signature()
    try:
        bound = signature.bind(*positional, **keywords)
    except TypeError as error:
        frame.refuse(node, str(error))
    result: list[Bound] = []
    for name, parameter in signature.parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            frame.refuse(
                node,
                "a derivative of a function with * parameters is not supported here",
                "give the function parameters with names",
            )
        result.append(bound.arguments.get(name, Const(parameter.default)))
    return result


calls.LOWERERS.append(lower)
