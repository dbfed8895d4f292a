"""Integrals: differentiated by their limits, and under the integral sign (Leibniz).

With ``y = quad(f, a, b, args=(p, …))``, of which the integrand may have any number of parameters::

    y_dot = f(b, p) b_dot - f(a, p) a_dot + quad(f_tangent, a, b, args=(p, p_dot))
    b_bar = f(b, p) y_bar       a_bar = -f(a, p) y_bar
    p_bar = quad(f_tangent, a, b, args=(p, 1.0)) y_bar

The derivative is an integral like any other, and so has derivatives itself.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping

import numpy as np

from gradscribe.differentiate.activity import Activity
from gradscribe.differentiate.bars import GETITEM, NEG, Bar, Scope
from gradscribe.differentiate.inputs import Place
from gradscribe.differentiate.surgery import placed
from gradscribe.errors import NoRuleError
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Attrs, Const, Function, Op, Operand, Value, walk
from gradscribe.ir.primitives import IF, IMPLICIT, SCOPE, SEARCH, WHILE, of, varying_of_integral
from gradscribe.ir.types import PY_FLOAT, UNKNOWN, is_scalar

MUL, ADD = of(operator.mul), of(operator.add)
EXACT = Const(1e-13)
LIMITS = slice(3, 5)  # among the args: the value, the function, the layout, from where, to where


def parameters(op: Op) -> slice:
    """Where the args are that are parameters of what is integrated."""
    return slice(LIMITS.stop, varying_of_integral(op).stop)


def reverse(op: Op, bar: Bar | None, scope: Scope, active: Activity) -> None:
    """Add what an integral contributes to the adjoints of its limits and parameters."""
    builder = scope.builder
    y_bar = scope.whole(bar, op.results[0])
    lower, upper = op.args[LIMITS]
    given = op.args[parameters(op)]
    for limit, upward in ((lower, False), (upper, True)):
        if limit in active:
            scope.add(limit, builder.emit(MUL, y_bar, _at(op, limit, upward, given, builder)))
    for k, arg in enumerate(given):
        if arg not in active:
            continue
        if not is_scalar(type_of_operand(arg)):
            raise NoRuleError(
                "an integral is differentiated backwards by numbers alone",
                op.span,
                "pass the entries that the function reads one by one, or use forward mode",
            )
        slope = _integral(op, _tangent(op, [k]), [*given, Const(1.0)], builder)
        scope.add(arg, builder.emit(MUL, y_bar, slope))


def tangent(op: Op, new: Op, dots: Mapping[Value, Operand], builder: Builder) -> Operand:
    """The tangent of an integral."""
    terms: list[Operand] = []
    given = new.args[parameters(op)]
    for limit, at, upward in zip(op.args[LIMITS], new.args[LIMITS], (False, True), strict=True):
        if isinstance(limit, Value) and limit in dots:
            terms.append(builder.emit(MUL, _at(new, at, upward, given, builder), dots[limit]))
    moved = [k for k, arg in enumerate(op.args[parameters(op)]) if arg in dots]
    if moved:
        along = [dots[arg] for k, arg in enumerate(op.args[parameters(op)]) if k in moved]  # type: ignore[index]  # they have tangents: Values
        terms.append(_integral(new, _tangent(op, moved), [*given, *along], builder))
    total, *rest = terms
    for term in rest:
        total = builder.emit(ADD, total, term)
    return total


def _at(
    op: Op, limit: Operand, upward: bool, given: tuple[Operand, ...], builder: Builder
) -> Operand:
    """What a limit adds to the integral as it moves up."""
    assert op.attrs.callee is not None
    value = placed(op.attrs.callee, [limit, *given], builder, derived=True)
    return value if upward else builder.emit(NEG, value)


def _tangent(op: Op, moved: list[int]) -> Function:
    """The tangent of what is integrated, along some of its parameters."""
    from gradscribe.differentiate import transform

    function = op.attrs.callee
    assert function is not None
    if _chooses(function):
        raise NoRuleError(
            "what is integrated takes one branch here and another there, by what is differentiated",
            op.span,
            "integrate from edge to edge: where they move, the integral does, too",
        )
    key = f"tangent {[k + 1 for k in moved]}"
    known = function.derivatives.get(key)
    if known is None:
        name, wrt = f"{function.name}_tangent", [Place(k + 1) for k in moved]
        known = transform.tangent(function, wrt, name, with_value=False)
        function.derivatives[key] = known
    assert isinstance(known, Function)
    return known


def _chooses(function: Function) -> bool:
    """May the function, or one that it calls, jump or bend between the limits?"""
    for op in walk(function.body):
        if op.prim in (IF, WHILE, SCOPE) or op.prim.function in _BENT:
            return True
        if op.attrs.callee is not None and _chooses(op.attrs.callee):
            return True
    return False


_BENT = {
    np.where, np.maximum, np.minimum, np.fmax, np.fmin, np.clip, np.abs, np.fabs, np.sign, np.floor,
    np.ceil, np.rint, np.round, np.heaviside, np.select, np.interp, np.max, np.min, np.searchsorted,
    abs, max, min, math.fabs, math.floor, math.ceil, math.copysign, operator.mod, math.fmod,
    operator.floordiv, np.remainder, np.piecewise, np.sort, operator.lt, operator.gt, operator.le,
    operator.ge,
}  # fmt: skip


def _integral(op: Op, function: Function, given: list[Operand], builder: Builder) -> Operand:
    """The integral of another function, from and to where ``op`` is.

    How large it is has nothing to do with how large ``op`` is: what is asked for is relative.
    """
    _, solver, layout, *_ = op.args
    assert isinstance(layout, Const)
    names = layout.value[1]
    options = dict(zip(names, op.args[parameters(op).stop :], strict=True)) | {"epsabs": EXACT}
    layout = Const((layout.value[0], tuple(options)))
    call = (solver, layout, *op.args[LIMITS], *given, *options.values())
    attrs = Attrs(callee=function, form="integral")
    found, result = Value("", UNKNOWN), Value("", PY_FLOAT)
    builder.append(Op(SEARCH, call, (found,), attrs=attrs))
    value = builder.emit(GETITEM, found, 0, type=PY_FLOAT)
    builder.append(Op(IMPLICIT, (value, *call), (result,), attrs=attrs))
    return result
