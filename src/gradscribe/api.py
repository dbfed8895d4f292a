"""What users call: derivatives as functions, and the decorator.

Every derivative is a callable with the primal's signature. The first call with arguments of a new
kind (scalar or array, rank, dtype, which dimensions are 1) writes and compiles a variant;
``source`` is its text.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from gradscribe import specification as spec
from gradscribe.errors import ArgumentError
from gradscribe.ir.control import Checkpointed
from gradscribe.objects import is_followed
from gradscribe.runtime.dispatch import Derivative

Mode = Literal["auto", "reverse", "forward"]
Wrt = int | str | tuple[int | str, ...]


def grad(
    function: Callable[..., Any], wrt: Wrt = 0, *, mode: Mode = "auto", nan_check: bool = False
) -> Derivative:
    """The gradient of ``function`` with respect to the parameters ``wrt``.

    ``wrt`` is a position, a parameter's name, a part of one (``"model.layers[0].w"``), or a tuple
    of these (then the result is a tuple). A dict, tuple, named tuple, dataclass or list of unlike
    things gives a gradient of its own structure, with None for what is not floating.
    Outputs that are not one scalar are summed. A gradient has the shape and dtype of its parameter,
    and is writable memory of its own.

    With ``nan_check`` it raises FloatingPointError where a value or derivative first is NaN or
    infinite, naming the line of ``function`` that it comes from.
    """
    return _derivative(
        function,
        wrt,
        lambda f, places: spec.Gradient(f, places, mode, with_value=False, nan_check=nan_check),
    )


def value_and_grad(
    function: Callable[..., Any], wrt: Wrt = 0, *, mode: Mode = "auto", nan_check: bool = False
) -> Derivative:
    """The value of ``function`` and its gradient as ``grad`` gives it, from one forward sweep.

    The arguments are not changed, even where ``function`` changes them: the value is what
    ``function`` would return, and its writes are made to copies.
    """
    return _derivative(
        function,
        wrt,
        lambda f, places: spec.Gradient(f, places, mode, with_value=True, nan_check=nan_check),
    )


def jvp(function: Callable[..., Any], *, nan_check: bool = False) -> Derivative:
    """Forward mode: ``jvp(f)(args, tangents)`` is the value of f and its tangent.

    ``args`` and ``tangents`` are tuples of one length; a tangent of None means "not
    differentiated".
    """
    if _receiver(function) is not None:
        raise ArgumentError(
            f"jvp of the bound method {function.__name__}",
            hint="take it of the function in the class, and give the object with a tangent of None",
        )
    return spec.derivative(spec.Tangent(_uncached(function), nan_check))


def vjp(
    function: Callable[..., Any], wrt: Wrt | None = None, *, nan_check: bool = False
) -> Derivative:
    """Reverse mode: ``vjp(f)(*args)`` is the value of f and its pullback.

    The pullback takes a cotangent of the value and gives a tuple of one gradient per parameter, or
    what ``wrt`` asks for. It may be called any number of times.
    """
    return _derivative(function, wrt, lambda f, places: spec.Pullback(f, places, nan_check))


def _derivative(
    function: Callable[..., Any], wrt: Any, make: Callable[[Any, Any], Any]
) -> Derivative:
    """The derivative of a function; of a method, bound to the method's object again."""
    function = _uncached(function)
    receiver = _receiver(function)
    if receiver is None:
        return spec.derivative(make(function, wrt))
    method = getattr(function, "__func__", None) or type(function).__call__
    made = spec.derivative(make(method, _after_the_receiver(method, wrt)))
    return types.MethodType(made, receiver)  # type: ignore[return-value]  # it acts as one


def _uncached(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function under ``functools.lru_cache`` or ``checkpoint``, which has its derivatives."""
    if isinstance(function, Checkpointed):
        return function.function
    return function.__wrapped__ if isinstance(function, _Cached) else function


_Cached = type(functools.cache(len))


def _receiver(function: Callable[..., Any]) -> Any:
    """The object of a method, or the object itself if its class makes it callable."""
    if isinstance(function, types.MethodType):
        return function.__self__
    return function if is_followed(type(function)) and callable(function) else None


def _after_the_receiver(method: Callable[..., Any], wrt: Any) -> Any:
    """Positions count from the parameter after ``self``."""
    if wrt is None:
        return tuple(range(1, len(inspect.signature(method).parameters)))
    if isinstance(wrt, tuple):
        return tuple(_after_the_receiver(method, item) for item in wrt)
    return wrt + 1 if type(wrt) is int and wrt >= 0 else wrt


def differentiate(
    function: Callable[..., Any] | None = None,
    *,
    wrt: Wrt = 0,
    mode: Mode = "auto",
    order: int = 1,
) -> Any:
    """Decorate a function with its derivatives; bare, or with arguments.

    The function stays as it is and gains ``.grad`` (of the given order), ``.value_and_grad``,
    ``.jvp`` and ``.vjp``. ``gradscribe write`` writes the derivatives of decorated functions.
    """
    if function is None:
        return partial(differentiate, wrt=wrt, mode=mode, order=order)
    if not isinstance(order, int) or order < 1:
        raise ArgumentError(f"order must be a positive integer, not {order!r}")
    gradient = grad(function, wrt, mode=mode)
    for _ in range(order - 1):
        gradient = grad(gradient, wrt, mode=mode)
    vars(function).update(
        grad=gradient,
        value_and_grad=value_and_grad(function, wrt, mode=mode),
        jvp=jvp(function),
        vjp=vjp(function),
        differentiated=spec.Request(wrt, mode, order),
    )
    return function


TRANSFORMS = (grad, value_and_grad, jvp, vjp)
