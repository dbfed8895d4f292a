"""``adopt``: a derivative written by hand becomes the rule, once it is shown to be right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from gradscribe import api
from gradscribe.errors import ArgumentError
from gradscribe.primal import base_name, places, primal_signature
from gradscribe.rules.custom import adjoint
from gradscribe.runtime.load import register_source
from gradscribe.verification.check import check_grads
from gradscribe.verification.leaves import is_float

F = TypeVar("F", bound=Callable[..., Any])


def adopt(
    function: Callable[..., Any],
    wrt: int | str | tuple[int | str, ...] = 0,
    *,
    args: Sequence[Any],
    value: bool = False,
) -> Callable[[F], F]:
    """Decorate a gradient of ``function`` written by hand: it is checked, and then it is the rule.

    ``function`` gives one number; the gradient takes its arguments and gives what
    ``grad(function, wrt)`` would (with ``value``, what ``value_and_grad`` would). It is compared at
    ``args`` (a tuple, or a list of several) with the compiler's own and with differences. From then
    on ``grad`` of ``function``, and of whatever calls it, uses it; its own source is differentiated
    for higher orders.

    Raises WrongDerivativeError where it differs.

    >>> import numpy as np, gradscribe as gs
    >>> def energy(x):
    ...     return np.sum(x**4) / 4
    >>> @gs.adopt(energy, args=(np.array([0.5, 2.0]),))
    ... def energy_grad(x):
    ...     square = x * x
    ...     return square * x
    >>> gs.grad(energy)(np.ones(2))
    array([1., 1.])
    >>> gs.grad(gs.grad(energy))(np.ones(2))
    array([3., 3.])
    """
    asked, single = places(function, wrt)
    parameters = list(primal_signature(function).parameters)
    if any(place.path for place in asked):
        raise ArgumentError(
            "adopt takes gradients with respect to whole parameters",
            hint="name the parameter, and give the gradient its structure",
        )
    points = list(args) if isinstance(args, list) else [args]
    if not points or not all(isinstance(point, tuple) for point in points):
        raise ArgumentError(
            "adopt needs arguments to try the gradient at", hint="args=(x, y), or a list of tuples"
        )

    def register(derivative: F) -> F:
        def gradient(*given: Any) -> Any:
            found = derivative(*given)
            return found[1] if value else found

        for point in points:
            result = function(*point)
            if not is_float(result) or np.ndim(result) != 0:
                raise ArgumentError(
                    f"{base_name(function)} does not give one number, so its gradient is no rule",
                    hint="declare it with @adjoint, which takes the cotangent of the result",
                )
            check_grads(function, point, wrt=wrt, derivative=gradient)
            check_grads(function, point, wrt=wrt, derivative=_own(function, wrt))
        names = [parameters[place.param] for place in asked]
        _declare(function, names, single, parameters, derivative, value)
        return derivative

    return register


def _own(function: Callable[..., Any], wrt: Any) -> Callable[..., Any]:
    """The compiler's own gradient, as far as there is one."""
    return api.grad(function, wrt)


def _declare(
    function: Callable[..., Any],
    names: list[str],
    single: bool,
    parameters: list[str],
    derivative: Callable[..., Any],
    value: bool,
) -> None:
    """Write the rule that multiplies the gradient by the cotangent, and declare it."""
    bar = "y_bar" if "y_bar" not in parameters else "result_bar"
    given = ", ".join(parameters)
    bars = [f"{name}_grad" for name in names]
    found = f"derivative({given}){'[1]' if value else ''}"
    result = ", ".join(f"{bar} * {b}" for b in bars)
    name = base_name(derivative)
    text = (
        f"def {name}({given}, *, {bar}):\n"
        f"    {', '.join(bars)} = {found}\n"
        f"    return {result}\n"
    )
    module = derivative.__module__
    namespace: dict[str, Any] = {"derivative": derivative, "__name__": module}
    exec(compile(text, register_source(name, text), "exec", dont_inherit=True), namespace)
    adjoint(function, names[0] if single else tuple(names))(namespace[name])
