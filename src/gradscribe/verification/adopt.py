"""``adopt``: a derivative written by hand becomes the rule, once it is shown to be right."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeVar, final, get_args

import numpy as np

from gradscribe import api
from gradscribe.differentiate.inputs import Place
from gradscribe.errors import ArgumentError, GradscribeError
from gradscribe.frontend.declared import dot_of, path_of
from gradscribe.primal import base_name, places, primal_signature
from gradscribe.rules import custom
from gradscribe.runtime.load import register_source
from gradscribe.verification.check import (
    as_cotangent,
    check_foreign,
    complete,
    entries_of,
    quietly,
    random_cotangent,
    weighted_sum,
)
from gradscribe.verification.leaves import (
    Path,
    at,
    is_float,
    leaves,
    parts_of,
    replaced,
    spelled,
    unit,
)

F = TypeVar("F", bound=Callable[..., Any])
Kind = Literal["grad", "value_and_grad", "vjp", "jvp"]
_TOLERANCE = (1e-5, 1e-7)


def adopt(
    function: Callable[..., Any],
    wrt: int | str | tuple[int | str, ...] = 0,
    *,
    args: Sequence[Any],
    kind: Kind = "grad",
    rules: custom.RuleSet | None = None,
    opaque: bool = False,
) -> Callable[[F], F]:
    """Decorate a derivative of ``function`` written by hand: it is checked, then it is the rule.

    The derivative has the parameters of ``function``, and ``kind`` says what it gives: what
    ``grad(function, wrt)`` would ("grad"), ``value_and_grad`` ("value_and_grad"), or ``vjp``: the
    value and a pullback ("vjp"). A "jvp" takes the tangents of what ``wrt`` names after the
    parameters, and gives the value and its tangent. A gradient is for functions that give one
    number, the others for all.

    It is compared at ``args`` (a tuple, or a list of several) with differences, and so is the
    compiler's own, if there is one. From then on derivatives of ``function``, and of whatever
    calls it, use it, in both modes; its own source is differentiated for higher orders. With
    ``rules`` this holds where that ``RuleSet`` is in force. ``opaque`` as for ``adjoint``.

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

    >>> def scaled(w, x):
    ...     return w * x / np.sum(x)
    >>> @gs.adopt(scaled, "w", args=(np.ones(2), np.array([1.0, 3.0])), kind="vjp")
    ... def scaled_vjp(w, x):
    ...     share = x / np.sum(x)
    ...     def pullback(y_bar):
    ...         return share * y_bar
    ...     return w * share, pullback
    >>> gs.grad(scaled)(np.ones(2), np.array([1.0, 3.0]))
    array([0.25, 0.75])
    """
    if kind not in get_args(Kind):
        raise ArgumentError(
            f"kind must be one of {', '.join(map(repr, get_args(Kind)))}, not {kind!r}"
        )
    if rules is not None and not isinstance(rules, custom.RuleSet):
        raise ArgumentError(
            f"rules= takes a RuleSet, not a value of type {type(rules).__name__}",
            hint="rules = gs.RuleSet()",
        )
    asked, single = places(function, wrt)
    points: list[Any] = list(args) if isinstance(args, list) else [args]
    if not points or not all(isinstance(point, tuple) for point in points):
        raise ArgumentError(
            "adopt needs arguments to try the gradient at", hint="args=(x, y), or a list of tuples"
        )
    text = _Text(function, asked, single, kind)

    def register(derivative: F) -> F:
        full = [complete(function, point) for point in points]
        for point in full:
            _check(function, point, asked, single, derivative, kind)
        argument, rule = text.rule(derivative, full[0])
        declare = custom.tangent if kind == "jvp" else custom.adjoint
        if rules is not None:
            declare = rules.tangent if kind == "jvp" else rules.adjoint
        declare(function, argument, opaque=opaque)(rule)
        return derivative

    return register


# ---------------------------------------------------------------------------- checking


def _check(
    function: Callable[..., Any],
    point: tuple[Any, ...],
    asked: list[Place],
    single: bool,
    derivative: Callable[..., Any],
    kind: Kind,
) -> None:
    """Hold a derivative, and the compiler's own if there is one, against differences."""
    value = quietly(function, *copy.deepcopy(point))
    if kind in ("grad", "value_and_grad") and not (is_float(value) and np.ndim(value) == 0):
        raise ArgumentError(
            f"{base_name(function)} does not give one number, so its gradient is no rule",
            hint='give its pullback, with kind="vjp", or its tangent, with kind="jvp"',
        )
    weights = random_cotangent(function, point)
    given = _as_gradient(derivative, kind, value, weights, asked, single)
    check_foreign(function, point, asked, single, given, weights, _TOLERANCE)
    names = list(primal_signature(function).parameters)
    with contextlib.suppress(GradscribeError):
        made = api.vjp(function, tuple(spelled(names, (p.param, *p.path)) for p in asked))
        own = _as_gradient(made, "vjp", value, weights, asked, single=False)
        bars = quietly(own, *copy.deepcopy(point))
        check_foreign(function, point, asked, False, lambda *_: bars, weights, _TOLERANCE)


def _as_gradient(
    derivative: Callable[..., Any],
    kind: Kind,
    value: Any,
    weights: Any,
    asked: list[Place],
    single: bool,
) -> Callable[..., Any]:
    """The gradient of the sum of all outputs, each times its weight, from a derivative."""
    second = {"value_and_grad": "the gradient", "vjp": "a pullback", "jvp": "its tangent"}

    def called(*args: Any) -> Any:
        found = derivative(*args)
        if not isinstance(found, tuple) or len(found) != 2:
            raise ArgumentError(
                f"the derivative given, of kind {kind!r}, does not return a value and "
                f"{second[kind]}",
                hint="return a pair, or say which kind it is",
            )
        return found[1]

    def pulled_back(*args: Any) -> Any:
        return called(*args)(as_cotangent(weights, value))

    def pushed_forward(*args: Any) -> Any:
        ways = [(place.param, *place.path) for place in asked]
        params = {place.param for place in asked}
        bars: Any = unit(args, (), (), params)
        for path, index in entries_of(args, ways):
            dots = unit(args, path, index, params)
            entry = weighted_sum(called(*args, *(at(dots, way) for way in ways)), weights)
            leaf = at(bars, path)
            if isinstance(leaf, np.ndarray):
                leaf[index] = entry
            else:
                bars = replaced(bars, path, entry)
        parts = tuple(at(bars, way) for way in ways)
        return parts[0] if single else parts

    by_kind = {"grad": derivative, "value_and_grad": called, "vjp": pulled_back}
    return by_kind.get(kind, pushed_forward)


# ---------------------------------------------------------------------------- declaring


@final
class _Text:
    """The rule that a derivative is: an adjoint or a tangent, whose text calls the derivative."""

    def __init__(
        self, function: Callable[..., Any], asked: list[Place], single: bool, kind: Kind
    ) -> None:
        self.parameters = list(primal_signature(function).parameters)
        self.ways: list[Path] = [(place.param, *place.path) for place in asked]
        self.single, self.kind = single, kind
        self.bar = "y_bar" if "y_bar" not in self.parameters else "result_bar"
        self.given: list[str] = []
        self.named: list[str] = []
        for name, parameter in primal_signature(function).parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise ArgumentError(
                    f"{base_name(function)} has * parameters, and a rule is bound by name",
                    hint="adopt the derivative of a function with a parameter for each",
                )
            if parameter.kind is parameter.KEYWORD_ONLY:
                self.named.append(f"{name}={name}")
            else:
                self.given.append(name)

    def rule(
        self, derivative: Callable[..., Any], point: tuple[Any, ...]
    ) -> tuple[str | tuple[str, ...], Callable[..., Any]]:
        """What the rule is for, and the rule."""
        called = self._fresh("derivative")
        paths = [self._spelled(way) for way in self.ways]
        single, read = self.single, [self.bar]
        if self.kind == "jvp":
            read = [dot_of(path_of(path)) for path in paths]
            lines = [f"return {called}({', '.join([*self.given, *read, *self.named])})[1]"]
        elif self.kind == "vjp":
            lines = [f"return {called}({self._arguments()})[1]({self.bar})"]
        else:
            paths, single, lines = self._gradient(called, point)
        name = base_name(derivative)
        text = f"def {name}({', '.join([*self.parameters, *read])}):\n"
        text += "".join(f"    {line}\n" for line in lines)
        namespace: dict[str, Any] = {called: derivative, "__name__": derivative.__module__}
        exec(compile(text, register_source(name, text), "exec", dont_inherit=True), namespace)
        return paths[0] if single else tuple(paths), namespace[name]

    def _gradient(self, called: str, point: tuple[Any, ...]) -> tuple[list[str], bool, list[str]]:
        """A gradient times the cotangent, part by part: of what, whether of one, and the text."""
        found = self._fresh("found")
        paths: list[str] = []
        bars: list[str] = []
        for k, way in enumerate(self.ways):
            whole = found if self.single else f"{found}[{k}]"
            for rest, leaf, part in _floating_parts(at(point, way), whole):
                paths.append(self._spelled((*way, *rest)))
                product = f"{self.bar} * {part}"
                bars.append(f"[{self.bar} * g for g in {part}]" if _is_list(leaf) else product)
        single = self.single and paths == [self._spelled(self.ways[0])]
        value = "[1]" if self.kind == "value_and_grad" else ""
        result = bars[0] if single else "".join(f"{bar}, " for bar in bars)
        lines = [f"{found} = {called}({self._arguments()}){value}", f"return {result}"]
        return paths, single, lines

    def _arguments(self) -> str:
        return ", ".join([*self.given, *self.named])

    def _fresh(self, name: str) -> str:
        while name in (*self.parameters, self.bar):
            name += "_"
        return name

    def _spelled(self, way: Path) -> str:
        return spelled(self.parameters, way)


def _is_list(tree: Any) -> bool:
    return isinstance(tree, list)


def _floating_parts(tree: Any, text: str) -> Iterator[tuple[Path, Any, str]]:
    """The parts of an argument that a gradient has, and what denotes them; a list is one."""
    parts = None if _is_list(tree) else parts_of(tree)
    if parts is not None:
        indexed = isinstance(tree, tuple | dict)
        for key, part in parts.items():
            denoted = f"{text}[{key!r}]" if indexed else f"{text}.{key}"
            for rest, leaf, found in _floating_parts(part, denoted):
                yield (key, *rest), leaf, found
    elif any(is_float(leaf) for _, leaf in leaves(tree)):
        yield (), tree, text
