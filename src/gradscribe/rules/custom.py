"""How users declare derivatives, with the decorators that the compiler's own rules are written in.

A rule's parameters are bound *by name*. It may read any parameter of the function, ``y`` (the
result), ``y_bar`` (the cotangent of the result), ``x_dot`` (the tangent of ``x``), and any variable
of the function, as it is where the function returns (where the function has a parameter ``y_bar``,
the cotangent is ``result_bar``)::

    def sinh(x):
        ex, enx = np.exp(x), np.exp(-x)
        return (ex - enx) / 2

    @partial(sinh)
    def sinh_x(ex, enx):
        return (ex + enx) / 2

``partial``, ``linear``, ``tangent``, ``adjoint`` and ``constant`` hold everywhere. The methods of a
``RuleSet`` declare the same where it is entered.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar, final

from gradscribe.errors import ArgumentError, SourceUnavailableError
from gradscribe.frontend.declared import (
    EVERYWHERE,
    Declared,
    Path,
    Rule,
    Table,
    dot_of,
    enter,
    key_of,
    leave,
    parameters_of,
    path_of,
)
from gradscribe.frontend.resolve import TOUCHED, definition_of
from gradscribe.rules import hidden

F = TypeVar("F", bound=Callable[..., Any])
Names = str | tuple[str, ...] | None


@final
class RuleSet:
    """Declarations that hold where the set is entered, before those that hold everywhere.

    ``with rules: g = grad(f)`` and ``grad(f, rules=rules)`` make a derivative that uses them.

    >>> import numpy as np, gradscribe as gs
    >>> def step(x):
    ...     return np.where(x > 0, 1.0, 0.0)
    >>> straight_through = gs.RuleSet()
    >>> @straight_through.adjoint(step)
    ... def step_adjoint(y_bar):
    ...     return y_bar
    >>> def loss(x):
    ...     return np.sum(step(x) * x)
    >>> gs.grad(loss)(np.array([-1.0, 2.0]))
    array([0., 1.])
    >>> with straight_through:
    ...     through = gs.grad(loss)
    >>> through(np.array([-1.0, 2.0]))
    array([-1.,  3.])
    """

    def __init__(self) -> None:
        self._table: Table = {}

    def __enter__(self) -> RuleSet:
        enter(self._table)
        return self

    def __exit__(self, *_: object) -> None:
        leave(self._table)

    def partial(
        self,
        function: Any,
        argument: Names = None,
        *,
        forward: Callable[..., Any] | None = None,
        opaque: bool = False,
    ) -> Callable[[F], F]:
        """Declare the partial derivative of an elementwise function; it serves both modes.

        The rule gives ∂y/∂x, entry by entry. ``argument`` is the parameter it is for, the first
        where there is one; ``forward`` and ``opaque`` as for ``adjoint``.

        >>> import math, gradscribe as gs
        >>> def softplus(x):
        ...     return math.log1p(math.exp(x))
        >>> @gs.partial(softplus)
        ... def softplus_x(x, y):
        ...     return math.exp(x - y)
        >>> gs.grad(softplus)(0.0), gs.jvp(softplus)((0.0,), (2.0,))[1]
        (0.5, 1.0)
        """
        return self._rule("partial", function, argument, forward, opaque)

    def linear(
        self,
        function: Any,
        argument: Names = None,
        *,
        forward: Callable[..., Any] | None = None,
        opaque: bool = False,
    ) -> Callable[[F], F]:
        """Declare the transpose of a function that is linear in an argument.

        The rule takes ``y_bar`` and gives ``x_bar``. Forward mode applies the function itself to
        the tangent. With a tuple of names the function is linear in them jointly, and the rule
        gives a tuple.

        >>> import numpy as np, gradscribe as gs
        >>> def mirrored(x):
        ...     return np.flip(x)
        >>> @gs.linear(mirrored)
        ... def mirrored_x(y_bar):
        ...     return np.flip(y_bar)
        >>> value, pullback = gs.vjp(mirrored, wrt="x")(np.array([1.0, 2.0]))
        >>> pullback(np.array([3.0, 4.0]))
        array([4., 3.])
        """
        return self._rule("linear", function, argument, forward, opaque)

    def tangent(
        self,
        function: Any,
        argument: Names = None,
        *,
        forward: Callable[..., Any] | None = None,
        opaque: bool = False,
    ) -> Callable[[F], F]:
        """Declare what a tangent ``x_dot`` of an argument gives for the tangent of the result.

        With a tuple of names the rule takes a tangent of each, and gives their sum. In reverse mode
        the rule is transposed, unless there is an ``adjoint`` too.

        >>> import gradscribe as gs
        >>> def area(a, b):
        ...     return a * b
        >>> @gs.tangent(area, ("a", "b"))
        ... def area_tangent(a, b, a_dot, b_dot):
        ...     return a_dot * b + a * b_dot
        >>> gs.grad(area, ("a", "b"))(3.0, 2.0)
        (2.0, 3.0)
        """
        return self._rule("tangent", function, argument, forward, opaque)

    def adjoint(
        self,
        function: Any,
        argument: Names = None,
        *,
        forward: Callable[..., Any] | None = None,
        opaque: bool = False,
    ) -> Callable[[F], F]:
        """Declare what a cotangent ``y_bar`` of the result gives for the adjoint of an argument.

        With a tuple of names the rule gives a tuple. ``argument`` may name a part of a parameter:
        "self.w". In forward mode the rule is transposed, unless there is a ``tangent`` too.

        ``forward`` is a function that computes the same value and has variables that rules read; it
        stands for ``function`` in derivatives. ``opaque``: the function is called as it is, and its
        source is not looked into; it is imported by files, and must be pure.

        >>> import numpy as np, gradscribe as gs
        >>> def clipped(x):
        ...     return np.clip(x, -1.0, 1.0)
        >>> @gs.adjoint(clipped)
        ... def clipped_adjoint(x, y_bar):  # inwards it lets pass, too, where x is outside
        ...     return np.where((abs(x) < 1) | (x * y_bar > 0), y_bar, 0.0)
        >>> gs.grad(clipped)(np.array([-2.0, 0.5, 2.0]))
        array([0., 1., 1.])
        """
        return self._rule("adjoint", function, argument, forward, opaque)

    def constant(self, *functions: Any, argument: Names = None, opaque: bool = False) -> None:
        """Declare functions (or one argument of them) whose derivative is zero.

        >>> import numpy as np, gradscribe as gs
        >>> def scale_of(x):
        ...     return np.max(np.abs(x))
        >>> gs.constant(scale_of)
        >>> def scaled(x):
        ...     return np.sum(x / scale_of(x))
        >>> gs.grad(scaled)(np.array([1.0, -2.0]))
        array([0.5, 0.5])
        """
        for function in functions:
            about = self._about(function, ())
            about.opaque |= opaque
            names = (argument,) if isinstance(argument, str) else argument or ()
            about.constants |= {_path(about, name) for name in names}
            about.constant |= argument is None
            self._table[key_of(about.function)] = about

    def _rule(
        self, kind: str, function: Any, argument: Names, forward: Any, opaque: bool
    ) -> Callable[[F], F]:
        if argument is not None and not _is_names(argument):
            raise ArgumentError(
                f"@{kind} takes the name of a parameter or a tuple of names, "
                f"not {_shown(argument)}",
                hint="the rule is the function that is decorated",
            )
        _check_function(kind, function)
        if forward is not None and not isinstance(forward, types.FunctionType):
            raise ArgumentError(
                f"forward= takes a Python function, not {_shown(forward)}",
                hint="wrap it: def forward(x): …",
            )

        def register(rule: F) -> F:
            read = _parameters(kind, rule)
            about = self._about(function, read)
            about.opaque |= opaque
            if forward is not None:
                about.forward = forward
            paths = _paths(about, kind, argument, read)
            made = Rule(kind, paths, isinstance(argument, tuple), rule, read)
            _check_names(about, made)
            hidden.check(about, made)
            about.rules = [r for r in about.rules if (r.kind, r.arguments) != (kind, paths)]
            about.rules.append(made)
            self._table[key_of(about.function)] = about
            return rule

        return register

    def _about(self, function: Any, read: tuple[str, ...]) -> Declared:
        """A copy of what is declared so far; derivatives keep what held when they were made."""
        function = getattr(function, "__func__", function)
        known = self._table.get(key_of(function))
        if known is not None:
            return replace(
                known, rules=list(known.rules), saved=dict(known.saved),
                constants=set(known.constants),
            )  # fmt: skip
        name = str(getattr(function, "__qualname__", None) or getattr(function, "__name__", ""))
        params = parameters_of(function) or tuple(
            name for name in read if name not in _MEANT and not name.endswith("_dot")
        )
        return Declared(function, name.rpartition("<locals>.")[2] or "a function", params)


# What rules call the result and its cotangent; the longer names are for functions that have
# parameters called y or y_bar.
_MEANT = ("y", "result", "y_bar", "result_bar")


def _is_names(argument: object) -> bool:
    names = argument if isinstance(argument, tuple) else (argument,)
    return bool(names) and all(isinstance(name, str) for name in names)


def _check_function(kind: str, function: Any) -> None:
    if not callable(function):
        raise ArgumentError(
            f"@{kind} declares a rule for a function, not for {_shown(function)}",
            hint="name the function: @adjoint(f, 'x')",
        )
    if isinstance(function, type):
        raise ArgumentError(
            f"@{kind} declares a rule for a function, not for the class {function.__name__}",
            hint="declare it for the method that computes",
        )


def _shown(value: object) -> str:
    return f"a value of type {type(value).__name__}"


def _parameters(kind: str, rule: Any) -> tuple[str, ...]:
    """What a rule reads, by name."""
    if not callable(rule):
        raise ArgumentError(
            f"a rule is a function, not {_shown(rule)}", hint="write @partial(f) above a def"
        )
    try:
        parameters = inspect.signature(rule, follow_wrapped=False).parameters.values()
    except (TypeError, ValueError):
        raise ArgumentError(
            f"the parameters of the rule {getattr(rule, '__name__', 'given')} are not known",
            hint="wrap it: def rule(x, y_bar): return …",
        ) from None
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        raise ArgumentError(
            f"the rule {rule.__name__} has * parameters, and a rule is bound by name",
            hint="write the names out",
        )
    return tuple(p.name for p in parameters)


def _path(about: Declared, name: str) -> Path:
    """``"self.w"`` as ``("self", "w")``."""
    first, *rest = path_of(name) or (name,)
    if first not in about.params:
        known = ", ".join(about.params) or "none that are known"
        raise ArgumentError(
            f"{about.name} has no parameter {first!r} (it has {known})",
            hint="name one of its parameters",
        )
    return (first, *rest)


def _paths(about: Declared, kind: str, argument: Names, read: tuple[str, ...]) -> tuple[Path, ...]:
    """What a rule is for; without a name the first parameter, or that whose tangent it reads."""
    if argument is None:
        dots = (
            [n.removesuffix("_dot") for n in read if n.endswith("_dot")]
            if kind == "tangent"
            else []
        )
        names = tuple(name for name in dots if name in about.params) or about.params[:1]
        if not names:
            raise ArgumentError(
                f"the parameters of {about.name} are not known",
                hint="name the argument: @partial(f, 'x')",
            )
    else:
        names = (argument,) if isinstance(argument, str) else argument
    return tuple(_path(about, name) for name in names)


def _check_names(about: Declared, rule: Rule) -> None:
    """Every parameter of a rule must mean something."""
    allowed = {*about.params, "y", "result"}
    if rule.kind in ("adjoint", "linear"):
        allowed |= {"y_bar", "result_bar"}
    if rule.kind == "tangent":
        allowed |= {dot_of(path) for path in rule.arguments}
    unknown = [name for name in rule.read if name not in allowed]
    source = about.forward or about.function
    variables = _variables(source) if unknown else frozenset()
    for name in unknown:
        if name in variables and (about.forward is not None or not about.opaque):
            about.saved.setdefault(name)
        else:
            _refuse_name(about, rule, name, sorted(allowed), variables)


def _variables(function: Any) -> frozenset[str]:
    """The variables of a function whose source can be read."""
    if not isinstance(function, types.FunctionType):
        return frozenset()
    token = TOUCHED.set(None)
    try:
        return frozenset(definition_of(function).locals)
    except SourceUnavailableError:
        return frozenset()
    finally:
        TOUCHED.reset(token)


def _refuse_name(
    about: Declared, rule: Rule, name: str, allowed: list[str], variables: frozenset[str]
) -> None:
    own = f"; {about.name} has the variables {', '.join(sorted(variables))}" if variables else ""
    wrong = {"y_bar": "@adjoint and @linear", "_dot": "@tangent"}
    for suffix, kinds in wrong.items():
        if name.endswith(suffix) and re.fullmatch(rf"\w*{suffix}", name):
            own = f"; {name} is for {kinds}"
    raise ArgumentError(
        f"the rule {getattr(rule.function, '__name__', 'given')} of {about.name} reads {name!r}, "
        "which is not known",
        hint=f"it may read {', '.join(allowed)}{own}",
    )


_everywhere = RuleSet()
_everywhere._table = EVERYWHERE

partial = _everywhere.partial
linear = _everywhere.linear
tangent = _everywhere.tangent
adjoint = _everywhere.adjoint
constant = _everywhere.constant

__all__ = ["RuleSet", "adjoint", "constant", "linear", "partial", "tangent"]
