"""Derivatives called inside a function that is being lowered: ``grad(g)(x)`` within ``f``.

The derivative's IR for the argument types at hand is copied into f's, so differentiating f
differentiates it like any other code.
"""

from __future__ import annotations

import functools
import inspect
import operator
import types
from typing import Any, final

import gast

from gradscribe import api
from gradscribe import specification as spec
from gradscribe.frontend import calls, expressions
from gradscribe.frontend.declared import under
from gradscribe.frontend.expressions import spelled
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, Method, TupleOf
from gradscribe.frontend.local import Local, captured_by
from gradscribe.frontend.procedures import Procedure, splice
from gradscribe.frontend.streams import stream_in
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function, Operand
from gradscribe.ir.primitives import of
from gradscribe.maps import linear_map
from gradscribe.objects import is_followed
from gradscribe.primal import local_of, tuple_type
from gradscribe.runtime.bound import Bound as BoundDerivative
from gradscribe.runtime.dispatch import Derivative
from gradscribe.sparse import SparseJacobian, sparse_hessian, sparse_jacobian

GETITEM = of(operator.getitem)
_SPARSE = (sparse_jacobian, sparse_hessian)


def lower(frame: Frame, node: Any, function: Any) -> Bound | None:
    """Lower a call of ``grad`` and the like, or of a derivative; None for anything else."""
    if any(function is transform for transform in (*api.TRANSFORMS, *_SPARSE)):
        return _transform(frame, node, function)
    if isinstance(function, Derivative | BoundDerivative | SparseJacobian):
        positional, keywords = calls.arguments(frame, node)
        if isinstance(function, BoundDerivative):
            function = _named(frame, node, function)
        with under(function.rules):
            return _call(frame, node, function, positional, keywords)
    return None


def _named(frame: Frame, node: Any, bound: BoundDerivative) -> BoundDerivative:
    """A derivative whose arguments are given, these by their place in what its name denotes."""
    if any(isinstance(a, _Held) for a in (*bound.args, *bound.keywords.values())):
        return bound
    name, home = spelled(frame, Const(bound), node.func)
    args = [_Held(Const(a, f"{name}.args[{k}]", home)) for k, a in enumerate(bound.args)]
    named = bound.keywords.items()
    keywords = {k: _Held(Const(a, f"{name}.keywords[{k!r}]", home)) for k, a in named}
    return type(bound)(bound.func, *args, **keywords)


def _transform(frame: Frame, node: Any, function: Any) -> Bound:
    """``grad(g, …)``: made now, if what it is given is known now; else where it is called."""
    positional, keywords = calls.arguments(frame, node)
    positional = [*(_as_method(frame, node, b) for b in positional[:1]), *positional[1:]]

    given = _arguments(frame, node, function, positional, keywords)
    differentiated = given.pop("function")
    given.pop("pattern", None)  # of a sparse Jacobian, which says nothing of its products

    def make(inner: Frame, node: Any) -> Any:
        named = {name: _known(inner, node, bound) for name, bound in given.items()}
        wrt = named.get("wrt", 0)
        return function(_function(inner, node, differentiated, wrt), **named)

    if not any(isinstance(bound, Closure | Procedure | Method) for bound in positional):
        return Const(make(frame, node))

    def run(inner: Frame, node: Any, given: list[Bound], named: dict[str, Bound]) -> Bound:
        derivative = make(inner, node)
        with under(derivative.rules):
            return _call(inner, node, derivative, given, named)

    return Procedure(run, make)


def _arguments(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: dict[str, Bound]
) -> dict[str, Bound]:
    """The arguments of ``grad`` and the like, by name."""
    try:
        return dict(inspect.signature(function).bind(*positional, **keywords).arguments)
    except TypeError as error:
        frame.refuse(node, f"{getattr(function, '__name__', 'jacobian')}: {error}")


def _as_method(frame: Frame, node: Any, bound: Bound) -> Bound:
    """A method of an object of the module's, and an object that is called, taken apart."""
    value = bound.value if isinstance(bound, Const) else None
    first = node.args[0] if node.args else None
    if isinstance(value, types.MethodType) and isinstance(first, gast.Attribute):
        return Method(value.__func__, expressions.lower(frame, first.value))
    if isinstance(bound, Const) and is_followed(type(value)) and callable(value):
        return Method(type(value).__call__, bound)
    return bound


@final
class _Held:
    """An object that is only known while lowering, as an argument of a ``functools.partial``."""

    def __init__(self, bound: Bound) -> None:
        self.bound = bound


def _given(argument: Any) -> Bound:
    return argument.bound if isinstance(argument, _Held) else Const(argument)


def _function(frame: Frame, node: Any, bound: Bound, wrt: Any) -> Any:
    """What is differentiated: of a method with respect to its object, the object is an argument."""
    if isinstance(bound, Procedure) and bound.partial is not None:
        callee, args, keywords = bound.partial
        named = {name: _Held(value) for name, value in keywords.items()}
        return functools.partial(_function(frame, node, callee, wrt), *map(_Held, args), **named)
    if isinstance(bound, Method):
        receiver = next(iter(inspect.signature(bound.function).parameters), "")
        roots = [str(w).partition(".")[0] for w in (wrt if isinstance(wrt, tuple) else (wrt,))]
        if wrt is None or receiver in roots:
            return functools.partial(bound.function, _Held(bound.receiver))
        return Local(frame, node, bound)
    if isinstance(bound, Closure) and stream_in(bound) is None:
        return Local(frame, node, bound)
    if isinstance(bound, Procedure) and bound.make is not None:
        return bound.make(frame, node)
    return _known(frame, node, bound)


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
    frame: Frame, node: Any, derivative: Any, positional: list[Bound], keywords: dict[str, Bound]
) -> Bound:
    """Copy a derivative in, for the types of these arguments."""
    if isinstance(derivative, SparseJacobian):
        bound = _bind(frame, node, derivative, positional, keywords)
        return linear_map(frame, node, derivative, [frame.read(b) for b in bound], _given_all)
    specification = derivative.specification
    is_tangent = isinstance(specification, spec.Tangent)
    if isinstance(derivative, BoundDerivative):
        held = [_given(a) for a in derivative.args]
        given = {name: _given(a) for name, a in derivative.keywords.items()}
        if not is_tangent:
            positional, keywords = [*held, *positional], given | keywords
    bound = _bind(frame, node, specification, positional, keywords)
    if is_tangent:
        pair = [_tuple_items(frame, node, b) for b in bound]
        if isinstance(derivative, BoundDerivative):
            if given:
                frame.refuse(
                    node,
                    "jvp of a functools.partial with keywords",
                    "differentiate a function that passes them",
                )
            pair = [[*map(frame.read, held), *pair[0]], [*(Const(None) for _ in held), *pair[1]]]
        kinds = tuple(tuple_type([type_of_operand(operand) for operand in items]) for items in pair)
        inner = specification.inner(kinds)
        dots = [o for o in pair[1] if not (isinstance(o, Const) and o.value is None)]
        operands = [*pair[0], *_captured(specification, inner), *dots]
        return frame.wrap(splice(inner, operands, frame.builder))
    operands = [frame.read(b) for b in bound]
    types = tuple(type_of_operand(operand) for operand in operands)
    if isinstance(specification, spec.Pullback | spec.Linearization):
        return _halves(frame, specification, operands, types)
    made = specification.ir(types)
    operands += _captured(specification, made)
    return frame.wrap(splice(made, operands, frame.builder))


def _given_all(frame: Frame, node: Any, derivative: Any, *args: Any) -> Bound:
    """Call a derivative with operands; of ``jvp``, two lists of them."""
    if len(args) == 1:
        return _call(frame, node, derivative, [frame.wrap(operand) for operand in args[0]], {})
    pairs: list[Bound] = [
        TupleOf(tuple(Const(None) if o is None else o for o in each)) for each in args
    ]
    return _call(frame, node, derivative, pairs, {})


def _captured(specification: Any, made: Function) -> list[Operand]:
    return captured_by(local_of(specification.function), made)


def _halves(frame: Frame, specification: Any, operands: list[Operand], types: Any) -> Bound:
    """The value, the pullback or pushforward, and the auxiliary part if there is one."""
    pair = specification.pair(types)
    operands = [*operands, *_captured(specification, pair.forward)]
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
    signature = specification.signature
    signature = signature() if callable(signature) else signature
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
