"""SciPy's solvers of equations: they search, and what they find is differentiated as a solution.

::

    x = brentq(f, 0.0, 9.0, args=(a,))        %x0 = search f(brentq, …, 0.0, 9.0, %a)
                                              %x = implicit f(%x0, %a)

The search is the solver's own, called as it was, with the equation as a function of its unknown
and of all that it reads. Text shows the same call, and is read again in the same way
(``emit/searches.py``).
"""

from __future__ import annotations

import inspect
import operator
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import gast
import numpy as np

from gradscribe.frontend import calls, functional, primals
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, TupleOf
from gradscribe.implicit import equation_of
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Attrs, Const, Op, Operand, Value
from gradscribe.ir.facts.dimensions import array_of
from gradscribe.ir.primitives import IMPLICIT, SEARCH, of
from gradscribe.ir.types import (
    FLOAT,
    PY_FLOAT,
    UNKNOWN,
    Array,
    Scalar,
    Sequence,
    Type,
    Unknown,
    dims_of,
    dtype_of,
)

GETITEM = of(operator.getitem)


@final
@dataclass(frozen=True, slots=True)
class Solver:
    """A solver: the parameters that say where it begins, and the type of its unknown, by theirs."""

    starts: tuple[str, ...]
    unknown: Callable[[Type], Type | None]


def _number(_: Type) -> Type:
    """SciPy's compiled solvers hand on Python's own floats."""
    return PY_FLOAT


def _doubled(start: Type) -> Type | None:
    """A number begins as a double; of an array each entry would be an equation by itself."""
    weak = isinstance(start, Scalar) and start.weak and start.dtype.kind in "fi"
    double = dims_of(start) == () and dtype_of(start) in (FLOAT, np.dtype(np.int64))
    return Scalar(FLOAT) if weak or double else None


def _may_be_number(start: Type) -> bool:
    """Is it not known, or not known of which dtype?"""
    return isinstance(start, Unknown) or (dtype_of(start) is None and dims_of(start) == ())


def _vector(start: Type) -> Type:
    """Whatever it begins with is made a vector."""
    found = array_of(start) if isinstance(start, Scalar | Array | Sequence) else Array(FLOAT, None)
    dims = found.dims if found.dims is not None and len(found.dims) == 1 else (None,)
    return Array(FLOAT, (1,) if found.dims == () else dims)


SOLVERS = {
    "bisect": Solver(("a", "b"), _number),
    "brenth": Solver(("a", "b"), _number),
    "brentq": Solver(("a", "b"), _number),
    "fsolve": Solver(("x0",), _vector),
    "newton": Solver(("x0",), _doubled),
    "ridder": Solver(("a", "b"), _number),
}


def lower(frame: Frame, node: gast.Call, function: Any) -> Bound | None:
    """Lower a call of one of SciPy's solvers; None for anything else."""
    if not isinstance(function, types.FunctionType):
        return None
    if (
        not (function.__module__ or "").startswith("scipy.optimize.")
        or function.__name__ not in SOLVERS
    ):
        return None
    solver = SOLVERS[function.__name__]
    f, given, args = _bound(frame, node, function)
    starts = [frame.read(given.pop(name)) for name in solver.starts]
    if solver.unknown is _doubled and _may_be_number(type_of_operand(starts[0])):
        starts = [frame.emit(of(float), starts[0])]  # raises where it is an array
    kind = solver.unknown(type_of_operand(starts[0]))
    if kind is None:
        frame.refuse(
            node,
            "it must be known whether the solution of an equation is a number or an array",
            "say that it begins with a number: newton(f, float(x0))",
        )
    if "fprime" in given or "fprime2" in given:
        frame.refuse(
            node,
            f"{function.__name__} is given a derivative as well",
            "leave it out, or write gs.solution(f, x) of what is found",
        )
    shaped = _as_vector if isinstance(kind, Array) else _as_number
    equation, free = equation_of(frame, node, f, kind, args, shaped)
    options = [frame.read(bound) for bound in given.values()]
    whole = _is_true(frame, node, given.get("full_output", Const(False)))
    callee = primals.named(frame, node, Const(function))
    layout = Const((len(starts), tuple(given)))
    found = Value("" if whole else "x", UNKNOWN if whole else kind)
    frame.builder.append(
        Op(
            SEARCH,
            (callee, layout, *starts, *free, *options),
            (found,),
            attrs=Attrs(callee=equation),
        )
    )
    x: Operand = found
    if whole:
        x = frame.builder.emit(GETITEM, found, 0, hint="x", type=kind)
    marked = Value("x", kind)
    attrs = Attrs(callee=equation, form="root")
    frame.builder.append(Op(IMPLICIT, (x, *free), (marked,), attrs=attrs))
    if not whole:
        return frame.wrap(marked)
    count = 4 if function.__name__ == "fsolve" else 2
    rest = [frame.wrap(frame.emit(GETITEM, found, k)) for k in range(1, count)]
    return TupleOf((frame.wrap(marked), *rest))


def _bound(frame: Frame, node: Any, function: Any) -> tuple[Bound, dict[str, Bound], list[Bound]]:
    """The equation, what else was given, by name, and the arguments of the equation."""
    positional, keywords = calls.arguments(frame, node)
    try:
        given = dict(inspect.signature(function).bind(*positional, **keywords).arguments)
    except TypeError as error:
        frame.refuse(node, f"{function.__name__}: {error}", "call it as SciPy says")
    f, *_ = given.values()
    rest = dict(list(given.items())[1:])
    none = [n for n in ("fprime", "fprime2") if isinstance(rest.get(n), Const)]
    for name in none:
        if rest[name].value is None:
            del rest[name]
    args = rest.pop("args", Const(()))
    entries = functional.spread(frame, node, args)
    return f, rest, [args] if entries is None else entries


def _is_true(frame: Frame, node: Any, option: Bound) -> bool:
    if not isinstance(option, Const):
        frame.refuse(node, "full_output is not known before the program runs", "write it out")
    return bool(option.value)


def _as_vector(frame: Frame, value: Operand) -> Operand:
    """The equations of ``fsolve`` may be a list or tuple, or one number."""
    if isinstance(type_of_operand(value), Sequence):
        value = frame.emit(of(np.array), value)
    dims = dims_of(type_of_operand(value))
    return value if dims is not None and len(dims) == 1 else frame.emit(of(np.ravel), value)


def _as_number(frame: Frame, value: Operand) -> Operand:
    return value


calls.LOWERERS.append(lower)
