"""How a derivative rule is written: once, as readable Python that the frontend lowers.

A rule's parameters are bound *by name*: those of the primitive's own signature (any of them), then
keyword-only ``y`` (the result), ``y_bar`` (its cotangent) or ``x_dot`` (the tangent of ``x``)::

    @partial(np.sin)                       # elementwise: ẏ = p·ẋ and x̄ += ȳ·p, from one partial
    def sin(x): return np.cos(x)

    @partial(np.arctan2, "x1")             # one declaration for each argument
    def arctan2_1(x1, x2): return x2 / (x1**2 + x2**2)

    @reduction(np.prod)                    # ẏ = sum(p·ẋ, axis), x̄ += expand(ȳ)·p
    def prod(x, axis=None, keepdims=False, *, y): return expand(y, x, axis, keepdims) / x

    @linear(np.matmul, "a")                # forward is the function itself; only the transpose is
    written def matmul_a(a, b, *, y_bar): ...

    @tangent(np.linalg.inv, "a")           # coupled functions: both, held together by the
    dot-product test def inv_tangent(a, *, y, a_dot): return -y @ a_dot @ y @adjoint(np.linalg.inv,
    "a") def inv_adjoint(a, *, y, y_bar): return -y.T @ y_bar @ y.T

    constant(np.argmax, np.floor)          # no derivative, by nature

What a partial or a linear rule returns is summed to the argument's shape and dtype by the compiler.
A linear rule of a variadic parameter returns a tuple, one cotangent per argument. Where no argument
is named, the first parameter of the primitive is meant. Every callee of a rule has a rule itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, final

from gradscribe.ir import primitives

F = TypeVar("F", bound=Callable[..., Any])
Safe = float | Callable[[float | None], float | None]


@final
@dataclass(slots=True)
class Rules:
    """What is declared for one callable: by argument name, the rule functions of each kind."""

    partials: dict[str, Callable[..., Any]] = field(default_factory=dict)
    reductions: dict[str, Callable[..., Any]] = field(default_factory=dict)
    linear: dict[str, Callable[..., Any]] = field(default_factory=dict)
    tangents: dict[str, Callable[..., Any]] = field(default_factory=dict)
    adjoints: dict[str, Callable[..., Any]] = field(default_factory=dict)
    joint: dict[tuple[str, ...], Callable[..., Any]] = field(default_factory=dict)
    safe: dict[str, Safe] = field(default_factory=dict)
    poles: dict[str, float] = field(default_factory=dict)
    constants: set[str] = field(default_factory=set)
    constant: bool = False


TABLE: dict[Any, Rules] = {}


def partial(
    function: Any,
    argument: str | None = None,
    *,
    safe: Safe | None = None,
    pole: float | None = None,
) -> Callable[[F], F]:
    """Declare the partial derivative of an elementwise function.

    ``safe`` is declared where the partial is infinite and the function is not: a point at which all
    derivatives exist. There it is evaluated for entries that a selection did not take. It may be a
    function of the literal that the other argument is (None if it is none).

    ``pole`` is declared where the function may be infinite together with its partial: a point where
    it is not.
    """
    if safe is not None or pole is not None:
        name = argument or primitives.of(function).params[0]
        rules = TABLE.setdefault(function, Rules())
        if safe is not None:
            rules.safe[name] = safe
        if pole is not None:
            rules.poles[name] = pole
    return _declare("partials", function, argument)


def reduction(function: Any, argument: str | None = None) -> Callable[[F], F]:
    """Declare the gradient field of a function that reduces over ``axis`` (with ``keepdims``)."""
    return _declare("reductions", function, argument)


def linear(function: Any, argument: str | tuple[str, ...] | None = None) -> Callable[[F], F]:
    """Declare the transpose of a function that is linear in one argument.

    With a tuple of names the function is linear in these arguments *jointly*: forward applies it to
    all their tangents at once (zeros for those that have none), and the transpose returns a tuple.
    """
    if isinstance(argument, tuple):
        names = argument

        def register(rule: F) -> F:
            TABLE.setdefault(function, Rules()).joint[names] = rule
            return rule

        return register
    return _declare("linear", function, argument)


def tangent(function: Any, argument: str | None = None) -> Callable[[F], F]:
    """Declare what a tangent of one argument contributes to the tangent of the result."""
    return _declare("tangents", function, argument)


def adjoint(function: Any, argument: str | None = None) -> Callable[[F], F]:
    """Declare what a cotangent of the result contributes to the adjoint of one argument."""
    return _declare("adjoints", function, argument)


def constant(*functions: Any) -> None:
    """Declare functions whose derivative is zero by nature."""
    for function in functions:
        TABLE.setdefault(function, Rules()).constant = True


def constant_in(function: Any, *arguments: str) -> None:
    """Declare arguments whose derivative is zero (a function reads their shape, say)."""
    TABLE.setdefault(function, Rules()).constants.update(arguments)


def _declare(kind: str, function: Any, argument: str | None) -> Callable[[F], F]:
    def register(rule: F) -> F:
        name = argument or primitives.of(function).params[0]
        getattr(TABLE.setdefault(function, Rules()), kind)[name] = rule
        return rule

    return register
