"""``check_grads``: derivatives of any order held against differences."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradscribe import api
from gradscribe.differentiate.inputs import Place
from gradscribe.errors import ArgumentError
from gradscribe.frontend.declared import RELIED_ON
from gradscribe.primal import base_name, places, primal_signature
from gradscribe.runtime.load import register_source
from gradscribe.verification.differences import Difference, difference
from gradscribe.verification.leaves import (
    Path,
    at,
    is_float,
    leaves,
    moved,
    replaced,
    spelled,
    unit,
)
from gradscribe.verification.report import Entry, WrongDerivativeError, cause, table

_MODES = ("forward", "reverse")
_MOST = 40  # entries that are looked at one by one

# What Python and NumPy raise outside a function's domain.
_DOMAIN = (ArithmeticError, ValueError, np.linalg.LinAlgError)


def check_grads(
    function: Callable[..., Any],
    args: Sequence[Any],
    order: int = 1,
    modes: Sequence[str] = _MODES,
    *,
    wrt: int | str | tuple[int | str, ...] | None = None,
    derivative: Callable[..., Any] | None = None,
    rtol: float = 1e-5,
    atol: float = 1e-7,
) -> None:
    """Check derivatives of a function at a point, up to an order, against central differences.

    Every entry of every floating argument (of those in ``wrt``; of many entries some) is moved; the
    derivative of a weighted sum of all outputs is compared. Order 2 checks the derivatives, in each
    mode, of the derivatives in each mode: what a rule hides from the second derivative shows here.
    ``derivative`` is a foreign one to check in place of gradscribe's: it takes the arguments and
    gives the gradient of the sum of the outputs as ``grad(function, wrt)`` would.

    Raises WrongDerivativeError with a report of what differs, and NoRuleError and the like where
    there is no derivative.

    >>> import numpy as np, gradscribe as gs
    >>> def f(x, n):
    ...     return np.sin(x) ** n
    >>> gs.check_grads(f, (np.ones(3), 2), order=2)
    >>> gs.check_grads(f, (0.5, 2), derivative=lambda x, n: -n * np.sin(x) * np.cos(x))
    Traceback (most recent call last):
        ...
    gradscribe.verification.report.WrongDerivativeError: the derivative of f is wrong (given)
      argument  entry  expected    got          step
      x                0.84147098  -0.84147098  0.0039
    likely cause: the sign is turned
    """
    if not isinstance(args, tuple | list):
        raise ArgumentError("check_grads takes the arguments as a tuple", hint="write (x,)")
    if isinstance(modes, str):
        modes = (modes,)
    if not set(modes) <= set(_MODES) or not modes:
        raise ArgumentError(
            f"modes are 'forward' and 'reverse', not {modes!r}", hint="modes=('reverse',)"
        )
    if not isinstance(order, int) or order < 1:
        raise ArgumentError(f"order must be a positive integer, not {order!r}")
    given = complete(function, tuple(args))
    asked = _asked(function, given, wrt)
    if derivative is not None:
        single = not isinstance(wrt, tuple) and len(asked) == 1
        found = [Place(k) for k in asked] if wrt is None else places(function, wrt)[0]
        ones = random_cotangent(function, given)
        for path, weight in list(leaves(ones)):
            ones = replaced(ones, path, None if weight is None else np.ones_like(weight)[()])
        check_foreign(function, given, found, single, derivative, ones, (rtol, atol))
        if order > 1:
            check_grads(derivative, given, order - 1, modes, wrt=wrt, rtol=rtol, atol=atol)
        return
    _check(function, given, asked, order, modes, (rtol, atol), ())


def complete(function: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with defaults filled in."""
    try:
        bound = primal_signature(function).bind(*args)
    except TypeError as error:
        raise ArgumentError(f"check_grads: {error}", hint="give every argument in args") from None
    bound.apply_defaults()
    kinds = {p.kind for p in primal_signature(function).parameters.values()}
    if kinds & {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}:
        return args
    return (
        tuple(bound.arguments.values()) if inspect.Parameter.VAR_POSITIONAL not in kinds else args
    )


def _asked(function: Callable[..., Any], args: tuple[Any, ...], wrt: Any) -> list[int]:
    """The positions of the arguments that are moved."""
    if wrt is not None:
        return [place.param for place in places(function, wrt)[0]]
    found = [k for k, arg in enumerate(args) if any(is_float(leaf) for _, leaf in leaves(arg))]
    if not found:
        raise ArgumentError(
            "check_grads: no argument is floating", hint="pass floats: 1.0 and not 1"
        )
    return found


# ---------------------------------------------------------------------------- checking


def _check(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    asked: list[int],
    order: int,
    modes: Sequence[str],
    tolerance: tuple[float, float],
    before: tuple[str, ...],
) -> None:
    weights = random_cotangent(function, args)
    entries = entries_of(args, [(place,) for place in asked])
    expected = [_expected(function, args, weights, path, index) for path, index in entries]
    for mode in modes:
        with _relying() as relied:
            found = (_reverse if mode == "reverse" else _forward)(
                function, args, asked, weights, entries
            )
        weighted = _is_weighted(weights)
        steps = (*before, mode)
        _compare(function, args, entries, expected, found, tolerance, steps, relied, weighted)
    if order > 1:
        for mode in modes:
            if mode == "reverse":
                inner: Any = api.grad(function, tuple(asked), mode="reverse")
                _check(inner, args, asked, order - 1, modes, tolerance, (*before, mode))
            else:
                inner = _directional(function, asked)
                dots = tuple(_directions(args[place]) for place in asked)
                _check(inner, (*args, *dots), asked, order - 1, modes, tolerance, (*before, mode))


def random_cotangent(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """A random cotangent: a number for each floating entry of the result."""
    value = quietly(function, *copy.deepcopy(args))
    random = np.random.default_rng(7)
    weights = value
    if is_float(value) and np.ndim(value) == 0:
        return 1.0
    for path, leaf in list(leaves(value)):
        weight: Any = None
        if is_float(leaf) or isinstance(leaf, int | np.integer):
            drawn = random.uniform(0.5, 1.5, np.shape(leaf))
            weight = drawn if np.ndim(leaf) else float(drawn)
        weights = replaced(weights, path, weight)
    return weights


def _directional(function: Callable[..., Any], asked: list[int]) -> Callable[..., Any]:
    """The derivative along tangents that are arguments too, as a function that can be read."""
    names = list(primal_signature(function).parameters)
    dots = [f"{names[place]}_dot" for place in asked]
    while not set(dots).isdisjoint(names):
        dots = [f"{dot}_1" for dot in dots]
    given = ["None"] * len(names)
    for place, dot in zip(asked, dots, strict=True):
        given[place] = dot
    name = f"{base_name(function)}_directional"
    text = (
        f"def {name}({', '.join([*names, *dots])}):\n"
        f"    return derivative(({', '.join(names)},), ({', '.join(given)},))[1]\n"
    )
    namespace: dict[str, Any] = {"derivative": api.jvp(function), "__name__": __name__}
    exec(compile(text, register_source(name, text), "exec", dont_inherit=True), namespace)
    made: Callable[..., Any] = namespace[name]
    made.__dict__["primal"] = function
    return made


def _directions(arg: Any) -> Any:
    """A random tangent."""
    random = np.random.default_rng(11)
    dot = arg
    for path, leaf in list(leaves(arg)):
        drawn: Any = None
        if is_float(leaf):
            drawn = random.uniform(0.5, 1.5, np.shape(leaf))
            drawn = drawn.astype(leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(drawn)
        dot = replaced(dot, path, drawn)
    return dot


def entries_of(args: tuple[Any, ...], asked: Sequence[Path]) -> list[tuple[Path, tuple[int, ...]]]:
    """The floating entries of (parts of) arguments; of very many, some of each leaf."""
    found = [
        (path, index)
        for path, leaf in leaves(args)
        if is_float(leaf) and any(path[: len(whole)] == whole for whole in asked)
        for index in np.ndindex(np.shape(leaf))
    ]
    if len(found) <= _MOST:
        return found
    chosen = np.random.default_rng(5).choice(len(found), _MOST, replace=False)
    return [found[k] for k in sorted(chosen)]


def weighted_sum(value: Any, weights: Any) -> float:
    """The sum of the entries of a result times their weights."""
    total = 0.0
    for path, leaf in leaves(value):
        weight = at(weights, path)
        if weight is not None and leaf is not None:
            total += float(np.sum(np.asarray(leaf, dtype=float) * weight))
    return total


def _is_weighted(weights: Any) -> bool:
    return any(weight is not None and np.any(weight != 1.0) for _, weight in leaves(weights))


def _expected(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    weights: Any,
    path: Path,
    index: tuple[int, ...],
) -> Difference:
    def along(step: float) -> float:
        try:
            with np.errstate(all="ignore"):
                return weighted_sum(quietly(function, *moved(args, path, index, step)), weights)
        except _DOMAIN:
            return float("nan")

    leaf = at(args, path)
    return difference(along, float(leaf[index] if isinstance(leaf, np.ndarray) else leaf))


def _reverse(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    asked: list[int],
    weights: Any,
    entries: list[tuple[Path, tuple[int, ...]]],
) -> list[float]:
    value, pullback = quietly(api.vjp(function, tuple(asked)), *args)
    bars = dict(zip(asked, quietly(pullback, as_cotangent(weights, value)), strict=True))
    return [_entry(at(bars[path[0]], path[1:]), index) for path, index in entries]


def as_cotangent(weights: Any, value: Any) -> Any:
    """A cotangent in the structure and precision of the value."""
    cotangent = value
    for path, leaf in list(leaves(value)):
        weight = at(weights, path)
        if isinstance(leaf, np.ndarray | np.floating) and weight is not None:
            weight = np.asarray(weight).astype(leaf.dtype)[()]
        cotangent = replaced(cotangent, path, weight)
    return cotangent


def _entry(leaf: Any, index: tuple[int, ...]) -> float:
    return float(np.asarray(0.0 if leaf is None else leaf)[index])


def _forward(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    asked: list[int],
    weights: Any,
    entries: list[tuple[Path, tuple[int, ...]]],
) -> list[float]:
    derivative = api.jvp(function)
    found = []
    for path, index in entries:
        _, dot = quietly(derivative, args, unit(args, path, index, set(asked)))
        found.append(weighted_sum(dot, weights))
    return found


def check_foreign(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    asked: Sequence[Place],
    single: bool,
    derivative: Callable[..., Any],
    weights: Any,
    tolerance: tuple[float, float],
) -> None:
    """Hold a gradient of the sum of all outputs, each times its weight, against differences."""
    ways = [(place.param, *place.path) for place in asked]
    entries = entries_of(args, ways)
    expected = [_expected(function, args, weights, path, index) for path, index in entries]
    given = quietly(derivative, *copy.deepcopy(args))
    bars = (given,) if single else given
    if not isinstance(bars, tuple | list) or len(bars) != len(ways):
        raise ArgumentError(
            f"the derivative given returns what is no tuple of {len(ways)} gradients",
            hint="name what it is with respect to: wrt='x'",
        )
    found: dict[Path, Any] = {}
    for way, bar in zip(ways, bars, strict=True):
        for path, leaf in leaves(at(args, way)):
            part = found[*way, *path] = at(bar, path)
            if is_float(leaf) and np.shape(part) != np.shape(leaf):
                raise ArgumentError(
                    f"the derivative given has shape {np.shape(part)} for an argument "
                    f"of shape {np.shape(leaf)}",
                    hint="a gradient has the shape of its argument",
                )
    got = [_entry(found[path], index) for path, index in entries]
    weighted = _is_weighted(weights)
    _compare(function, args, entries, expected, got, tolerance, ("given",), [], weighted)


# ---------------------------------------------------------------------------- comparing


def _compare(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    entries: list[tuple[Path, tuple[int, ...]]],
    expected: list[Difference],
    found: list[float],
    tolerance: tuple[float, float],
    steps: tuple[str, ...],
    relied: list[str],
    weighted: bool = False,
) -> None:
    names = list(primal_signature(function).parameters)
    single = any(
        getattr(leaf, "dtype", None) in (np.float32, np.float16) for _, leaf in leaves(args)
    )
    rtol, atol = (max(t, 1e-3) if single else t for t in tolerance)
    scale = max((abs(e.value) for e in expected if np.isfinite(e.value)), default=0.0)
    rows = []
    for (path, index), wanted, got in zip(entries, expected, found, strict=True):
        slack = rtol * max(abs(wanted.value), 1e-3 * scale) + atol + 10 * min(wanted.error, 1.0)
        agrees = bool(abs(got - wanted.value) <= slack) and wanted.left is None
        rows.append(Entry(spelled(names, path), index, wanted, got, agrees))
    if all(row.agrees for row in rows):
        return
    what = (
        "given" if steps == ("given",) else f"{' over '.join(steps[::-1])} mode, order {len(steps)}"
    )
    lines = [f"the derivative of {_plain(function)} is wrong ({what})", *table(rows)]
    if weighted:
        lines.append("  (of the sum of all outputs, each times a random number from 0.5 to 1.5)")
    lines.append(f"likely cause: {cause(rows)}")
    if len(steps) > 1:
        lines.append("lower orders agree: something hides how it depends on the arguments")
    lines += [f"it relies on {rule}" for rule in relied]
    raise WrongDerivativeError("\n".join(lines))


def _plain(function: Callable[..., Any]) -> str:
    """The name of what was given at first."""
    about = getattr(function, "specification", None)
    inner = getattr(function, "primal", None) if about is None else about.function
    return base_name(function) if inner is None else _plain(inner)


@contextmanager
def _relying() -> Iterator[list[str]]:
    """Collect the custom rules that derivatives compiled meanwhile rely on."""
    used: dict[Any, None] = {}
    lines: list[str] = []
    token = RELIED_ON.set(used)
    try:
        yield lines
    finally:
        RELIED_ON.reset(token)
        for about, rule in used:
            if rule is None:
                lines.append(f"{about.name} being declared constant")
            else:
                name = getattr(rule.function, "__name__", "a rule")
                lines.append(f"the rule {name} ({rule.spelled()} of {about.name})")


def quietly(function: Callable[..., Any], *args: Any) -> Any:
    """Call without being told of gradients that are zero."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(gradient|tangent) is zero")
        return function(*args)
