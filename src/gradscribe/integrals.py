"""SciPy's ``quad``: an integral is differentiated by its limits and under the integral sign.

::

    y, error = quad(f, a, b, args=(p,))       %found = search f(quad, …, %a, %b, %p)
                                              %y0 = getitem(%found, 0)
                                              %y = implicit f(%y0, quad, …, %a, %b, %p)

What is integrated is called as it was, by SciPy; derivatives (``differentiate/integrals.py``) call
SciPy with the derivative of the integrand.
"""

from __future__ import annotations

import inspect
import operator
import types
from typing import Any

import gast

from gradscribe.frontend import calls, functional, primals
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, TupleOf
from gradscribe.implicit import equation_of
from gradscribe.ir.core import Attrs, Const, Op, Operand, Value
from gradscribe.ir.primitives import IMPLICIT, SEARCH, of
from gradscribe.ir.types import PY_FLOAT, UNKNOWN

GETITEM = of(operator.getitem)
_OPTIONS = ("epsabs", "epsrel", "limit")


def lower(frame: Frame, node: gast.Call, function: Any) -> Bound | None:
    """Lower a call of ``quad``; None for anything else."""
    if not isinstance(function, types.FunctionType) or function.__name__ != "quad":
        return None
    if not function.__module__.startswith("scipy.integrate."):
        return None
    positional, keywords = calls.arguments(frame, node)
    try:
        given = dict(inspect.signature(function).bind(*positional, **keywords).arguments)
    except TypeError as error:
        frame.refuse(node, f"quad: {error}", "call it as SciPy says")
    f, a, b = (given.pop(name) for name in ("func", "a", "b"))
    args = given.pop("args", Const(()))
    entries = functional.spread(frame, node, args)
    if not set(given) <= set(_OPTIONS):
        frame.refuse(
            node,
            "quad with weights, points or the whole output has no rule",
            "integrate from point to point, and write the weight into the function",
        )
    limits = [frame.read(a), frame.read(b)]
    integrand, free = equation_of(frame, node, f, PY_FLOAT, [args] if entries is None else entries)
    integrand.name = "integrand" if integrand.name == "equation" else integrand.name
    options = [frame.read(bound) for bound in given.values()]
    callee = primals.named(frame, node, Const(function))
    call: tuple[Operand, ...] = (callee, Const((2, tuple(given))), *limits, *free, *options)
    found, result = Value("", UNKNOWN), Value("y", PY_FLOAT)
    attrs = Attrs(callee=integrand, form="integral")
    frame.builder.append(Op(SEARCH, call, (found,), attrs=attrs))
    value = frame.builder.emit(GETITEM, found, 0, hint="y", type=PY_FLOAT)
    frame.builder.append(Op(IMPLICIT, (value, *call), (result,), attrs=attrs))
    uncertain = frame.builder.emit(GETITEM, found, 1, hint="error", type=PY_FLOAT)
    return TupleOf((result, uncertain))


calls.LOWERERS.append(lower)
