"""What users call: derivatives as functions, and the decorator.

Every derivative is a callable with the primal's signature. The first call with arguments of a new
kind (scalar or array, rank, dtype, which dimensions are 1) writes and compiles a variant;
``source`` is its text.

``wrt`` says what is differentiated: a position, a parameter's name, a part of one
(``"model.layers[0].w"``), or a tuple of these (then the result is a tuple). For a method, or an
object that is called, ``wrt=None`` is the object itself: its parameters, and nothing else. A dict,
tuple, named tuple, dataclass or list of unlike things gives a derivative of its own structure, with
None for what is not floating.

``has_aux=True`` is for functions that return ``(value, aux)``: the value is differentiated, and
``aux``, whatever it is, handed on. A derivative of such a derivative takes ``has_aux=True`` again.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple

from gradscribe import specification as spec
from gradscribe.errors import ArgumentError
from gradscribe.ir.control import Checkpointed
from gradscribe.objects import is_followed
from gradscribe.primal import base_name, primal_signature
from gradscribe.rules.custom import RuleSet
from gradscribe.rules.scoped import takes_rules
from gradscribe.runtime.bound import Bound, BoundTangent
from gradscribe.runtime.dispatch import Derivative

Mode = Literal["auto", "reverse", "forward"]
Wrt = int | str | tuple[int | str, ...] | None


@takes_rules
def grad(
    function: Callable[..., Any],
    wrt: Wrt = 0,
    *,
    mode: Mode = "auto",
    has_aux: bool = False,
    nan_check: bool = False,
    rules: RuleSet | None = None,
) -> Derivative:
    """The gradient of ``function`` with respect to the parameters ``wrt``.

    Outputs that are not one scalar are summed. A gradient has the shape and dtype of its parameter,
    and is writable memory of its own. With ``has_aux`` the result is ``(gradient, aux)``.

    With ``nan_check`` it raises FloatingPointError where a value or derivative first is NaN or
    infinite, naming the line of ``function`` that it comes from.

    >>> def energy(x, k):
    ...     return 0.5 * k * x**2
    >>> grad(energy)(3.0, 2.0)
    6.0
    >>> grad(energy, ("x", "k"))(3.0, 2.0)
    (6.0, 4.5)
    """
    return _derivative(
        function,
        wrt,
        lambda f, at: spec.Gradient(f, at, mode, has_aux, nan_check=nan_check),
    )


@takes_rules
def value_and_grad(
    function: Callable[..., Any],
    wrt: Wrt = 0,
    *,
    mode: Mode = "auto",
    has_aux: bool = False,
    nan_check: bool = False,
    rules: RuleSet | None = None,
) -> Derivative:
    """The value of ``function`` and its gradient as ``grad`` gives it, from one forward sweep.

    The arguments are not changed, even where ``function`` changes them: the value is what
    ``function`` would return, and its writes are made to copies. With ``has_aux`` the result is
    ``((value, aux), gradient)``.

    >>> def energy(x, k):
    ...     return 0.5 * k * x**2, x / k
    >>> value_and_grad(energy, has_aux=True)(3.0, 2.0)
    ((9.0, 1.5), 6.0)
    """
    return _derivative(
        function,
        wrt,
        lambda f, at: spec.Gradient(f, at, mode, has_aux, with_value=True, nan_check=nan_check),
    )


@takes_rules
def elementwise_grad(
    function: Callable[..., Any],
    wrt: Wrt = 0,
    *,
    mode: Mode = "auto",
    rules: RuleSet | None = None,
) -> Derivative:
    """The derivative of ``function`` at each entry of a parameter by itself.

    A function of numbers that is given arrays: each entry of its value depends on one entry of the
    parameter, the one at its place. Where entries meet it is refused (``UnsupportedError``).

    >>> import numpy as np
    >>> def f(x):
    ...     return np.where(x > 0, x**2, 0.0)
    >>> elementwise_grad(f)(np.array([-1.0, 2.0, 3.0]))
    array([0., 4., 6.])
    """
    return _derivative(function, wrt, lambda f, at: spec.Gradient(f, at, mode, elementwise=True))


@takes_rules
def jvp(
    function: Callable[..., Any],
    *,
    batched: bool = False,
    has_aux: bool = False,
    nan_check: bool = False,
    rules: RuleSet | None = None,
) -> Derivative:
    """Forward mode: ``jvp(f)(args, tangents)`` is the value of f and its tangent.

    ``args`` and ``tangents`` are tuples of one length; a tangent of None means "not
    differentiated". Of a method both are without its object. With ``has_aux`` the result is
    ``(value, tangent, aux)``.

    With ``batched`` a tangent has one more axis in front, with a direction in each row, and so has
    the result's: one sweep for all of them.

    >>> def area(a, b):
    ...     return a * b
    >>> jvp(area)((3.0, 2.0), (1.0, None))
    (6.0, 2.0)
    >>> import numpy as np
    >>> jvp(area, batched=True)((3.0, 2.0), (np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    (6.0, array([2., 3.]))
    """
    core, args, keywords = _taken_apart(function)
    made = spec.derivative(spec.Tangent(core, has_aux, nan_check, batched))
    return BoundTangent(made, *args, **keywords) if args or keywords else made  # type: ignore[return-value]  # it acts as one


@takes_rules
def vjp(
    function: Callable[..., Any],
    wrt: Wrt = None,
    *,
    has_aux: bool = False,
    nan_check: bool = False,
    rules: RuleSet | None = None,
) -> Derivative:
    """Reverse mode: ``vjp(f)(*args)`` is the value of f and its pullback.

    The pullback takes a cotangent of the value and gives a tuple of one gradient per parameter, or
    what ``wrt`` asks for. It may be called any number of times. With ``has_aux`` the result is
    ``(value, pullback, aux)``.

    >>> def area(a, b):
    ...     return a * b
    >>> value, pullback = vjp(area)(3.0, 2.0)
    >>> pullback(10.0)
    (20.0, 30.0)
    """
    return _derivative(
        function,
        wrt,
        lambda f, at: spec.Pullback(f, at, has_aux, nan_check=nan_check),
        every=True,
    )


@takes_rules
def linearize(
    function: Callable[..., Any],
    wrt: Wrt = None,
    *,
    has_aux: bool = False,
    rules: RuleSet | None = None,
) -> Derivative:
    """Forward mode for many directions: ``linearize(f)(*args)`` is the value and a pushforward.

    The pushforward takes one tangent for each floating parameter, or for each of what ``wrt`` asks
    for, and gives that of the value; what it needs of f is computed once. With ``has_aux`` the
    result is ``(value, pushforward, aux)``.

    >>> def area(a, b):
    ...     return a * b
    >>> value, pushforward = linearize(area)(3.0, 2.0)
    >>> pushforward(1.0, 0.0), pushforward(0.0, 1.0)
    (2.0, 3.0)
    """
    return _derivative(function, wrt, lambda f, at: spec.Linearization(f, at, has_aux), every=True)


@takes_rules
def jacobian(
    function: Callable[..., Any],
    wrt: Wrt = 0,
    *,
    mode: Mode = "auto",
    has_aux: bool = False,
    rules: RuleSet | None = None,
) -> Derivative:
    """The Jacobian of ``function``: an array of shape ``np.shape(value) + np.shape(parameter)``.

    ``mode="reverse"`` runs one forward sweep and a reverse sweep for each entry of the value,
    ``"forward"`` a tangent sweep for the entries of the parameter; ``"auto"`` goes forward unless
    the value has fewer axes. Values and parameters with parts give a block for each pair of parts:
    in the structure of the value, and within that of the parameter. Of a function that returns
    several numbers it gives the gradient of each, from one forward sweep. With ``has_aux`` the
    result is ``(jacobian, aux)``.

    >>> import numpy as np
    >>> def polar(z):
    ...     return np.array([z[0] * np.cos(z[1]), z[0] * np.sin(z[1])])
    >>> jacobian(polar)(np.array([2.0, 0.0]))
    array([[1., 0.],
           [0., 2.]])
    """
    return _derivative(function, wrt, lambda f, at: spec.Jacobian(f, at, mode, has_aux))


jacfwd = partial(jacobian, mode="forward")
jacrev = partial(jacobian, mode="reverse")


@takes_rules
def hessian(
    function: Callable[..., Any],
    wrt: Wrt = 0,
    *,
    has_aux: bool = False,
    rules: RuleSet | None = None,
) -> Derivative:
    """The Hessian of ``function`` (of the sum of its value), forward over reverse.

    Its shape is that of the parameter twice over; a tuple ``wrt`` gives a tuple of tuples. With
    ``has_aux`` the result is ``(hessian, aux)``.

    >>> import numpy as np
    >>> def f(x):
    ...     return x[0] ** 2 * x[1]
    >>> hessian(f)(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    return _derivative(
        function,
        wrt,
        lambda f, at: spec.Jacobian(_gradient(f, at, has_aux), at, "forward", has_aux, of=f),
    )


@takes_rules
def hvp(
    function: Callable[..., Any],
    wrt: Wrt = 0,
    *,
    has_aux: bool = False,
    rules: RuleSet | None = None,
) -> Derivative:
    """The Hessian of ``function`` times a vector: ``hvp(f)(x, v)``, without making the Hessian.

    The vector is one more parameter, ``v``, right after the one asked for (before the first that
    has a default), and has its shape; for a tuple ``wrt`` it is a tuple. So it can be the
    ``hessp`` of ``scipy.optimize.minimize``. With ``has_aux`` the result is ``(product, aux)``.

    >>> import numpy as np
    >>> def f(x):
    ...     return x[0] ** 2 * x[1]
    >>> hvp(f)(np.array([1.0, 3.0]), np.array([1.0, 0.0]))
    array([6., 2.])
    """
    return _derivative(
        function,
        wrt,
        lambda f, at: spec.VectorProduct(_gradient(f, at, has_aux), at, f, has_aux),
    )


def _gradient(function: Callable[..., Any], wrt: Any, has_aux: bool) -> Derivative:
    return spec.derivative(spec.Gradient(function, wrt, "auto", has_aux))


# ---------------------------------------------------------------------------- methods and partials


class _Apart(NamedTuple):
    """A function, and arguments of it that are given already."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    keywords: dict[str, Any]


def _taken_apart(function: Callable[..., Any]) -> _Apart:
    """The function in a method, an object that is called, or a ``functools.partial``."""
    if isinstance(function, _Cached):  # the function under ``functools.lru_cache``
        return _taken_apart(function.__wrapped__)
    if isinstance(function, Checkpointed):
        return _taken_apart(function.function)
    if isinstance(function, BoundTangent):
        raise ArgumentError(
            f"cannot differentiate {function.__name__} of a method",
            hint="differentiate a function that calls it",
        )
    if isinstance(function, types.MethodType):
        return _Apart(function.__func__, (function.__self__,), {})
    if isinstance(function, functools.partial) and not isinstance(function, Derivative):
        inner = _taken_apart(function.func)
        keywords = {**inner.keywords, **function.keywords}
        return _Apart(inner.function, (*inner.args, *function.args), keywords)
    if is_followed(type(function)) and callable(function):
        return _Apart(type(function).__call__, (function,), {})
    return _Apart(function, (), {})


_Cached = type(functools.cache(len))


def _derivative(
    function: Callable[..., Any],
    wrt: Any,
    make: Callable[[Any, Any], Any],
    every: bool = False,
) -> Derivative:
    """The derivative of a function; of a method, bound to the method's object again.

    ``every``: for ``wrt=None`` it is with respect to every parameter.
    """
    core, args, keywords = _taken_apart(function)
    if wrt is None and not every:
        wrt = _object(core, args)
    elif args or keywords:
        names = list(primal_signature(core).parameters)
        wrt = _among(names[len(args) :], names, wrt, core)
    made = spec.derivative(make(core, wrt))
    return Bound(made, *args, **keywords) if args or keywords else made  # type: ignore[return-value]  # it acts as one


def _object(core: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """The parameter that is a method's object."""
    names = list(primal_signature(core).parameters)
    if not args or not names:
        raise ArgumentError(
            f"wrt=None: {base_name(core)} is no method of an object with parameters",
            hint='name what is differentiated, as in wrt="model.w"',
        )
    return names[0]


def _among(free: list[str], names: list[str], wrt: Any, core: Callable[..., Any]) -> Any:
    """Positions count the parameters that are not given."""
    if wrt is None:
        return tuple(free)
    if isinstance(wrt, tuple):
        return tuple(_among(free, names, item, core) for item in wrt)
    if type(wrt) is not int:
        return wrt
    if not -len(free) <= wrt < len(free):
        raise ArgumentError(f"wrt={wrt}: {base_name(core)} has {len(free)} parameters left")
    return free[wrt]


def differentiate(
    function: Callable[..., Any] | None = None,
    *,
    wrt: Wrt = 0,
    mode: Mode = "auto",
    order: int = 1,
    has_aux: bool = False,
) -> Any:
    """Decorate a function with its derivatives; bare, or with arguments.

    The function stays as it is and gains ``.grad`` (of the given order), ``.value_and_grad``,
    ``.jvp``, ``.vjp``, ``.linearize``, ``.jacobian``, ``.hessian`` and ``.hvp``. ``gradscribe
    write`` writes the derivatives of decorated functions.

    >>> @differentiate(wrt=("x", "k"))
    ... def energy(x, k):
    ...     return 0.5 * k * x**2
    >>> energy(3.0, 2.0), energy.grad(3.0, 2.0)
    (9.0, (6.0, 4.5))
    """
    if function is None:
        return partial(differentiate, wrt=wrt, mode=mode, order=order, has_aux=has_aux)
    if not isinstance(order, int) or order < 1:
        raise ArgumentError(f"order must be a positive integer, not {order!r}")
    gradient = grad(function, wrt, mode=mode, has_aux=has_aux)
    for _ in range(order - 1):
        gradient = grad(gradient, wrt, mode=mode, has_aux=has_aux)
    vars(function).update(
        grad=gradient,
        value_and_grad=value_and_grad(function, wrt, mode=mode, has_aux=has_aux),
        jvp=jvp(function, has_aux=has_aux),
        vjp=vjp(function, has_aux=has_aux),
        linearize=linearize(function, has_aux=has_aux),
        jacobian=jacobian(function, wrt, mode=mode, has_aux=has_aux),
        hessian=hessian(function, wrt, has_aux=has_aux),
        hvp=hvp(function, wrt, has_aux=has_aux),
        differentiated=spec.Request(wrt, mode, order, has_aux),
    )
    return function


TRANSFORMS = (
    grad, value_and_grad, elementwise_grad, jvp, vjp, linearize, jacobian, hessian, hvp, jacfwd,
    jacrev,
)  # fmt: skip
