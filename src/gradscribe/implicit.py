"""Implicit functions: solutions of equations, whose derivatives are those of the solution.

``root`` and ``fixed_point`` search for a solution in ordinary Python, which is lowered where they
are called. The solution is then marked, as ``solution`` marks one that was found in another way::

    x = root(f, x0, a)                    %x1 = …                      (the search)
                                          %x = implicit f(%x1, %a)     (x1 itself)

Derivatives come from the equation at the solution (``differentiate/implicit.py``), not from the
search, which may be anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from gradscribe import api
from gradscribe.differentiate.implicit import slope, solved
from gradscribe.differentiate.inputs import parameters_of
from gradscribe.frontend import calls, inlining
from gradscribe.frontend.arms import Arm
from gradscribe.frontend.checkpoints import check
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, Method, Ref, TupleOf, locations
from gradscribe.frontend.procedures import Procedure, splice
from gradscribe.frontend.recognise import helper_of
from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Attrs, Const, Function, Op, Operand, Value
from gradscribe.ir.primitives import IMPLICIT, of
from gradscribe.ir.rewrite import copy_region, free_values
from gradscribe.ir.types import PY_FLOAT, Array, Scalar, Type, dims_of, is_scalar

Equation = Callable[..., Any]


def root(f: Equation, x0: Any, *args: Any, tolerance: float = 1e-10, max_steps: int = 50) -> Any:
    """The x with ``f(x, *args) == 0`` that Newton's method finds from ``x0``.

    ``x0`` is a float, or an array of floats; ``f`` gives a value of its shape. The Jacobian is
    written by gradscribe. The search ends when a step is no longer than ``tolerance``, relative to
    x; RuntimeError where that takes more than ``max_steps``.

    Derivatives with respect to ``args`` and to what ``f`` captures are those of the solution
    (implicit function theorem), to any order and in both modes; ``x0`` has none.

    >>> import gradscribe as gs
    >>> def equation(x, a):
    ...     return x**2 - a
    >>> def square_root(a):
    ...     return gs.root(equation, 1.0, a)
    >>> round(square_root(2.0), 12), round(gs.grad(square_root)(2.0), 12)
    (1.414213562373, 0.353553390593)
    """
    jacobian = api.jacobian(f)
    x0 = x0 if isinstance(x0, np.ndarray) else float(x0)
    return _newton(lambda x: f(x, *args), lambda x: jacobian(x, *args), x0, tolerance, max_steps)


def fixed_point(
    f: Equation, x0: Any, *args: Any, tolerance: float = 1e-12, max_steps: int = 10_000
) -> Any:
    """The x with ``f(x, *args) == x`` that repeating f finds from ``x0``.

    As ``root``; the search ends when x moves no further than ``tolerance``, relative to x.

    >>> import gradscribe as gs
    >>> import math
    >>> def cosine(x, a):
    ...     return math.cos(a * x)
    >>> def point(a):
    ...     return gs.fixed_point(cosine, 1.0, a)
    >>> round(point(1.0), 10), round(gs.grad(point)(1.0), 10)
    (0.7390851332, -0.2974743415)
    """
    x0 = x0 if isinstance(x0, np.ndarray) else float(x0)
    return _repeated(lambda x: f(x, *args), x0, tolerance, max_steps)


def solution(f: Equation, x: Any, *args: Any) -> Any:
    """``x``, which was found to solve ``f(x, *args) == 0`` in whatever way.

    Its derivatives are those of the solution, as for ``root``. What found it need not be
    differentiable: nothing goes through it.

    >>> import gradscribe as gs
    >>> from scipy.optimize import brentq
    >>> def equation(x, a):
    ...     return x**3 - a
    >>> def cube_root(a):
    ...     x = float(brentq(lambda x: equation(x, a), 0.0, 10.0, xtol=1e-15))
    ...     return gs.solution(equation, x, a)
    >>> round(gs.grad(cube_root)(8.0), 10)
    0.0833333333
    """
    return x


# ---------------------------------------------------------------------------- the search


def _newton(f: Equation, jacobian: Equation, x: Any, tolerance: Any, max_steps: Any) -> Any:
    for _ in range(max_steps):
        step = solved(jacobian(x), f(x))
        x = x - step
        if np.max(np.abs(step)) <= tolerance * (1 + np.max(np.abs(x))):
            break
    else:
        raise RuntimeError("Newton's method has found no root")
    return x


def _repeated(f: Equation, x: Any, tolerance: Any, max_steps: Any) -> Any:
    for _ in range(max_steps):
        last, x = x, f(x)
        if np.max(np.abs(x - last)) <= tolerance * (1 + np.max(np.abs(x))):
            break
    else:
        raise RuntimeError("no fixed point was found")
    return x


# ---------------------------------------------------------------------------- lowering


_FORMS: dict[Any, str] = {
    root: "root", fixed_point: "fixed", solution: "root",
    helpers.solution: "root", helpers.fixed: "fixed",
}  # fmt: skip
_OPTIONS = {root: (1e-10, 50), fixed_point: (1e-12, 10_000)}


def lower(frame: Frame, node: gast.Call, function: Any) -> Bound | None:
    """Lower a call of ``root`` and the like; None for anything else."""
    try:
        function = helper_of(function)
        form = _FORMS.get(function)
    except TypeError:  # what cannot be hashed
        return None
    if form is None:
        return None
    positional, keywords = calls.arguments(frame, node)
    options = dict(zip(("tolerance", "max_steps"), _OPTIONS.get(function, ()), strict=False))
    if len(positional) < 2 or set(keywords) - set(options):
        frame.refuse(
            node,
            f"{function.__name__} takes an equation, where to begin, and the equation's parameters",
            "write root(f, x0, a, b)",
        )
    f, start, *args = positional
    x = _start(frame, node, start)
    equation, free = equation_of(frame, node, f, type_of_operand(x), args)
    if function in _OPTIONS:
        given = [keywords.get(name, Const(value)) for name, value in options.items()]

        def along(x: Operand) -> list[Operand]:
            return [x, *free]

        values = _calling(equation, along)
        search: Any = _repeated
        more = [values]
        if form == "root":
            unit = [Const(1.0)] if is_scalar(type_of_operand(x)) else []
            jacobian = _calling(slope(equation), lambda x: [*along(x), *unit])
            search, more = _newton, [values, jacobian]
        found = inlining.inline_for(frame, node, search, [*more, frame.wrap(x), *given], {})
        start, x = found, frame.read(found)
    hint = x.hint if isinstance(x, Value) else "x"
    made = Value(hint, _floating(type_of_operand(x)))
    attrs = Attrs(callee=equation, form=form)
    frame.builder.append(Op(IMPLICIT, (x, *free), (made,), attrs=attrs))
    result = frame.wrap(made)
    for loc in locations(result):  # it is what was found, and not a copy of it
        for other in locations(start):
            frame.heap.relate(loc, other)
    return result


def _floating(kind: Type) -> Type:
    return kind if isinstance(kind, Scalar | Array) and kind.dtype is not None else PY_FLOAT


def _start(frame: Frame, node: Any, bound: Bound) -> Operand:
    """Where the search begins: a float, or an array of floats."""
    kind = frame.type(bound) if not isinstance(bound, Closure | Procedure | Method) else None
    if isinstance(bound, TupleOf) or not isinstance(kind, Scalar | Array) or kind.dtype is None:
        frame.refuse(
            node,
            "it must be known whether the solution of an equation is a number or an array",
            "say which: float(x), or np.asarray(x, float)",
        )
    x = frame.read(bound)
    if kind.dtype.kind == "f":
        return x
    if isinstance(kind, Array) or kind.dtype.kind not in "ib":
        frame.refuse(node, f"the solution would be {kind}", "begin with an array of floats")
    return Const(float(x.value)) if isinstance(x, Const) else frame.emit(of(float), x)


def equation_of(
    frame: Frame,
    node: Any,
    f: Bound,
    kind: Type,
    args: list[Bound],
    shaped: Callable[[Frame, Operand], Operand] = lambda _, value: value,
) -> tuple[Function, list[Operand]]:
    """The equation as a function of its unknown and of what else it reads, and these.

    ``kind`` is the type of the unknown; ``shaped`` gives the value of the equation that shape.
    """
    param = Value("x", kind, named=True)
    after: list[Operand] = []

    def run() -> None:
        bound = frame.wrap(param, "x")
        value = frame.read(calls.call_bound(frame, node, f, [bound, *args], {}))
        after.append(shaped(frame, value))

    before = frame.heap.copy()
    arm = Arm(frame, run)
    arm.region.yields = after
    if any(arm.heap.values.get(loc) is not value for loc, value in before.values.items()):
        frame.refuse(node, "the equation changes an object", "let it work on a copy")
    value = type_of_operand(after[0])
    if dims_of(value) is not None and is_scalar(kind) != is_scalar(value):
        frame.refuse(
            node,
            "the value of the equation is not of the shape of its solution",
            "begin with an array of the shape of what the equation gives",
        )
    read = free_values(arm.region)
    given = [frame.read(b) for b in args if isinstance(b, Value | Ref)]
    free = [v for v in dict.fromkeys([*given, *read]) if v in read and v is not param]
    values = [Value(v.hint, v.type, v.named) for v in (param, *free)]
    mapping: dict[Value, Operand] = dict(zip([param, *free], values, strict=True))
    region = copy_region(arm.region, mapping)
    region.params = values
    name = _name(f)
    function = Function(name, parameters_of(values), region, span=frame.builder.span, internal=True)
    check(frame, node, function, f"the search for a solution runs {name} many times")
    return function, list(free)


def _name(f: Bound) -> str:
    if isinstance(f, Closure):
        return getattr(f.definition.node, "name", "equation")
    if isinstance(f, Method):
        return str(getattr(f.function, "__name__", "equation"))
    name = getattr(f.value, "__name__", "equation") if isinstance(f, Const) else "equation"
    return name if str(name).isidentifier() else "equation"


def _calling(function: Function, args: Callable[[Operand], list[Operand]]) -> Procedure:
    """A function of x alone, for the search."""

    def run(frame: Frame, node: Any, positional: list[Bound], keywords: dict[str, Bound]) -> Bound:
        (x,) = positional
        return frame.wrap(splice(function, args(frame.read(x)), frame.builder))

    return Procedure(run)


calls.LOWERERS.append(lower)
