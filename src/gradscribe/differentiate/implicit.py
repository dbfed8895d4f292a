"""Solutions of equations: differentiated where they are, not through the search for them.

Where ``f(x, p) = 0`` the implicit function theorem has ``f_x x_dot + f_p p_dot = 0``, so ::

    x_dot = solve(f_x, -f_p p_dot)               p_bar = f_p.T solve(f_x.T, -x_bar)

and where ``f(x, p) = x`` the same with ``I - f_x`` for ``f_x``, and no minus. All of it is written
down at the solution x, of which it is a function like any other: so it has derivatives itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradscribe.differentiate import checkpoints, integrals
from gradscribe.differentiate.activity import Activity
from gradscribe.differentiate.bars import GETITEM, NEG, Bar, Scope
from gradscribe.differentiate.inputs import Place
from gradscribe.differentiate.surgery import placed
from gradscribe.frontend.lower import inline_rule
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Value
from gradscribe.ir.types import dtype_of, is_scalar


def reverse(op: Op, bar: Bar | None, scope: Scope, active: Activity) -> None:
    """Add what a solution contributes to the adjoints of the parameters of its equation."""
    if op.attrs.form == "integral":
        integrals.reverse(op, bar, scope, active)
        return
    (x,) = op.results
    equation, free = op.attrs.callee, list(op.args[1:])
    assert equation is not None
    builder = scope.builder
    matrix = _matrix(op, equation, x, free, builder)
    bars = _inlined(builder, _solved_transposed, a=matrix, b=scope.whole(bar, x))
    if op.attrs.form == "root":
        bars = builder.emit(NEG, bars)
    places = tuple(k for k, arg in enumerate(op.args) if k and arg in active)
    function = checkpoints.adjoint(equation, places)
    given = placed(function, [x, *free, bars], builder, derived=True)
    for k, place in enumerate(places):
        single = len(places) == 1
        scope.add(op.args[place], given if single else builder.emit(GETITEM, given, k))


def tangent(op: Op, new: Op, dots: dict[Value, Operand], builder: Builder) -> Operand:
    """The tangent of a solution, from those of the parameters of its equation."""
    from gradscribe.differentiate import transform

    if op.attrs.form == "integral":
        return integrals.tangent(op, new, dots, builder)
    (x,) = new.results
    equation = op.attrs.callee
    assert equation is not None
    places = [k for k, arg in enumerate(op.args) if k and arg in dots]
    key = f"tangent {places}"
    function = equation.derivatives.get(key)
    if function is None:
        name = f"{equation.name}_tangent"
        wrt = [Place(k) for k in places]
        function = transform.tangent(equation, wrt, name, with_value=False)
        equation.derivatives[key] = function
    free = list(new.args[1:])
    given = [dots[op.args[k]] for k in places]  # type: ignore[index]  # they have tangents: Values
    dot = placed(function, [x, *free, *given], builder, derived=True)
    matrix = _matrix(op, equation, x, free, builder)
    made = _inlined(builder, solved, a=matrix, b=dot)
    return builder.emit(NEG, made) if op.attrs.form == "root" else made


def _matrix(op: Op, equation: Function, x: Value, free: list[Operand], builder: Builder) -> Operand:
    """What is solved with: the slope of the equation, or of what is zero at a fixed point."""
    unit = [Const(1.0)] if is_scalar(equation.body.params[0].type) else []
    given = placed(slope(equation), [x, *free, *unit], builder, derived=True)
    if op.attrs.form == "root":
        return given
    single = dtype_of(x.type) == np.float32
    return _inlined(builder, _single_from_identity if single else _from_identity, a=given, x=x)


def slope(equation: Function) -> Function:
    """The Jacobian of an equation in its first parameter; of a number its tangent, given 1."""
    from gradscribe.differentiate import jacobian, transform

    known = equation.derivatives.get("slope")
    if known is None:
        kind, name = equation.body.params[0].type, f"{equation.name}_slope"
        value = type_of_operand(equation.result)
        if is_scalar(kind):
            known = transform.tangent(equation, [Place(0)], name, with_value=False)
        elif jacobian.has_ranks(value, equation, [kind]):
            known = jacobian.forward_jacobian(equation, [Place(0)], True, name)
        if known is None:
            known = jacobian.reverse_jacobian(equation, [Place(0)], True, name)
        equation.derivatives["slope"] = known
    assert isinstance(known, Function)
    return known


# ---------------------------------------------------------------------------- lowered, as rules are


def solved(a: Any, b: Any) -> Any:
    if np.ndim(b) == 0:
        return b / a
    if np.ndim(b) == 1:
        return np.linalg.solve(a, b)
    n = np.size(b)
    return np.reshape(np.linalg.solve(np.reshape(a, (n, n)), np.reshape(b, (n,))), np.shape(b))


def _solved_transposed(a: Any, b: Any) -> Any:
    if np.ndim(b) == 0:
        return b / a
    if np.ndim(b) == 1:
        return np.linalg.solve(a.T, b)
    n = np.size(b)
    return np.reshape(np.linalg.solve(np.reshape(a, (n, n)).T, np.reshape(b, (n,))), np.shape(b))


def _from_identity(a: Any, x: Any) -> Any:
    if np.ndim(x) == 0:
        return 1 - a
    if np.ndim(x) == 1:
        return np.eye(np.size(x)) - a
    return np.reshape(np.eye(np.size(x)), np.shape(a)) - a


def _single_from_identity(a: Any, x: Any) -> Any:
    if np.ndim(x) == 0:
        return 1 - a
    return np.reshape(np.eye(np.size(x), dtype=np.float32), np.shape(a)) - a


def _inlined(builder: Builder, function: Any, **args: Operand) -> Operand:
    made = inline_rule(function, args, builder)
    assert not isinstance(made, list)
    return made
