"""Running the compiler on a text: what the tests of whole programs share."""

from __future__ import annotations

import contextlib
import copy
import io
import itertools
import linecache
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import gradscribe as gs
from gradscribe import files
from gradscribe.frontend.lower import lower_function
from gradscribe.ir.core import Function
from gradscribe.ir.text import render
from gradscribe.ir.verify import verify
from gradscribe.passes.clean import clean
from gradscribe.primal import argument_types
from gradscribe.runtime import variants
from oracles import (
    assert_close,
    assert_gradient_ownership,
    gradient_by_differences,
    leaves,
    map_leaves,
    random_like,
    second_by_differences,
    unchanged,
)
from programs import spelled

# Against central differences, whose own error is some 1e-9.
FIRST = {"rtol": 1e-5, "atol": 1e-6, "check_dtype": False}
SECOND = {"rtol": 1e-3, "atol": 1e-4, "check_dtype": False}
# Between two ways of computing the same thing.
EXACT = {"rtol": 1e-9, "atol": 1e-9, "check_dtype": False}

_numbers = itertools.count()


def define(source: str, name: str = "main", module: str = "text", /, **names: Any) -> Any:
    """A function from a text that can be read back and imported from, as a REPL's can."""
    filename = f"<text {next(_numbers)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    made = sys.modules[module] = types.ModuleType(module)
    made.__dict__.update(names)
    exec(compile(source, filename, "exec", dont_inherit=True), made.__dict__)
    return getattr(made, name)


def fresh(args: Sequence[Any]) -> tuple[Any, ...]:
    return copy.deepcopy(tuple(args))


def heard(function: Callable[..., Any], *args: Any) -> tuple[Any, str]:
    """What a call gives, and what it prints."""
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(gradient|tangent) is zero")
        result = function(*args)
    return result, stream.getvalue()


def quietly(function: Callable[..., Any], *args: Any) -> Any:
    """Call without what the program prints, and without being told of gradients that are zero."""
    return heard(function, *args)[0]


def printed(function: Callable[..., Any], *args: Any) -> str:
    """What a call prints."""
    return heard(function, *args)[1]


# ---------------------------------------------------------------------------- first order


def check_first(
    function: Callable[..., Any],
    args: Sequence[Any],
    wrt: Sequence[int],
    expected: Sequence[Any] | None = None,
) -> None:
    """Reverse, forward and differences agree; gradients are owned; the arguments stay.

    What the function prints, each of them prints, once and in order.
    """
    wrt = tuple(wrt)
    if expected is None:
        expected = gradient_by_differences(function, args, wrt)
    expected = tuple(expected)
    check_reverse(function, args, wrt, expected)
    check_pullback(function, args, wrt, expected)
    check_forward(function, args, wrt, expected)


def check_reverse(
    function: Callable[..., Any], args: Sequence[Any], wrt: tuple[int, ...], expected: Any
) -> None:
    given = fresh(args)
    result, said = heard(function, *fresh(args))
    with unchanged(given):
        both, echo = heard(gs.value_and_grad(function, wrt, mode="reverse"), *given)
    value, gradient = both
    assert echo == said
    assert_close(value, result, rtol=1e-12, atol=1e-14)
    assert_gradient_ownership((value, gradient), given)
    assert_close(gradient, expected, **FIRST)
    with unchanged(given):
        alone, echo = heard(gs.grad(function, wrt, mode="reverse"), *given)
    assert echo == said
    assert_gradient_ownership(alone, given)
    assert_close(alone, gradient, **EXACT)


def check_pullback(
    function: Callable[..., Any], args: Sequence[Any], wrt: tuple[int, ...], expected: Any
) -> None:
    """A pullback gives the same however often it is called and whatever is done with the result."""
    given = fresh(args)
    with unchanged(given):
        (value, pullback), echo = heard(gs.vjp(function, wrt), *given)
        assert echo == printed(function, *fresh(args))
        seed = map_leaves(lambda leaf: np.ones_like(leaf) if np.ndim(leaf) else 1.0, value)
        with unchanged((seed,)):
            first = quietly(pullback, seed)
        kept = copy.deepcopy(first)
        for leaf in leaves(first):
            if isinstance(leaf, np.ndarray):
                np.add(leaf, 99.0, out=leaf)
        second = quietly(pullback, seed)
    assert_close(kept, expected, **FIRST)
    assert_close(second, kept, rtol=0, atol=0)
    assert_gradient_ownership((value, second), (*given, seed))


def check_forward(
    function: Callable[..., Any], args: Sequence[Any], wrt: tuple[int, ...], expected: Any
) -> None:
    rng = np.random.default_rng(0)
    given = fresh(args)
    dots = tuple(random_like(x, rng) if k in wrt else None for k, x in enumerate(given))
    result, said = heard(function, *fresh(args))
    with unchanged(given), unchanged(dots):
        (value, dot), echo = heard(gs.jvp(function), given, dots)
    assert echo == said
    assert_close(value, result, rtol=1e-12, atol=1e-14)
    assert_gradient_ownership((value, dot), (*given, *dots))
    total = sum(float(np.sum(leaf)) for leaf in leaves(dot))
    pairs = zip(leaves(expected), leaves(tuple(dots[k] for k in wrt)), strict=True)
    wanted = sum(float(np.sum(np.asarray(a) * np.asarray(b))) for a, b in pairs)
    assert abs(total - wanted) <= 1e-5 * abs(wanted) + 1e-5


# ---------------------------------------------------------------------------- second order


def check_second(
    function: Callable[..., Any],
    args: Sequence[Any],
    place: int,
    modes: Sequence[str] = ("reverse", "auto"),
    first: Callable[..., Any] | None = None,
    expected: Any = None,
) -> None:
    """The second derivative from the IR, in several mixes of modes, agrees with differences.

    The gradient in reverse mode and the differences may be given.
    """
    expected = second_by_differences(function, args, place) if expected is None else expected
    first = gs.grad(function, place, mode="reverse") if first is None else first
    for mode in modes:
        given = fresh(args)
        with unchanged(given):
            got = quietly(gs.grad(first, place, mode=mode), *given)  # type: ignore[arg-type]
        assert_gradient_ownership(got, given)
        assert_close(got, expected, **SECOND)


def reread(
    function: Callable[..., Any], args: Sequence[Any], place: int, derivative: Any = None
) -> Any:
    """The gradient's text, read again as a user's program."""
    derivative = gs.grad(function, place, mode="reverse") if derivative is None else derivative
    quietly(derivative, *fresh(args))
    names = {n: v for n, v in function.__globals__.items() if not n.startswith("__")}
    return define(derivative.source, f"{function.__name__}_grad", "derivative", **names)


def check_everything(
    function: Callable[..., Any], args: Sequence[Any], wrt: Sequence[int] = (0,)
) -> None:
    """First and second derivatives, from memory and from the text of the first."""
    check_first(function, args, wrt)
    check_second(function, args, wrt[0])
    gradient = gs.grad(function, wrt[0], mode="reverse")
    text = reread(function, args, wrt[0])
    assert_close(quietly(text, *fresh(args)), quietly(gradient, *fresh(args)), **EXACT)
    again = quietly(gs.grad(gradient, wrt[0]), *fresh(args))
    assert_close(quietly(gs.grad(text, wrt[0]), *fresh(args)), again, **EXACT)


# ---------------------------------------------------------------------------- files


def check_file(
    source: str,
    args: Sequence[Any],
    place: int,
    directory: Path,
    gradient: Any = None,
    expected: Any = None,
) -> None:
    """The gradient of ``main``, written to a file, needs no gradscribe and differentiates again.

    Its value and the second derivative by differences may be given.
    """
    name = f"program_{next(_numbers)}"
    path = directory / f"{name}.py"
    path.write_text(f"import numpy as np\n{source}", encoding="utf-8")
    known = sys.path[:]
    try:
        target = files.find(path, "main")
        example = "".join(f"{spelled(x)}, " for x in args)
        file = files.compose(target, files.Wish((place,), mode="reverse", example=example))
        written = directory / f"{name}_derivative.py"
        written.write_text(file.text, encoding="utf-8")
        with without_gradscribe():
            alone: dict[str, Any] = {"__name__": "alone"}
            exec(compile(file.text, str(written), "exec", dont_inherit=True), alone)
            got = quietly(alone["main_grad"], *fresh(args))
        if gradient is None:
            gradient = quietly(gs.grad(target.function, place, mode="reverse"), *fresh(args))
        assert_close(got, gradient, **EXACT)
        again = files.find(written, "main_grad").function
        second = quietly(gs.grad(again, place, mode="reverse"), *fresh(args))
        if expected is None:
            expected = second_by_differences(target.function, args, place)
        assert_close(second, expected, **SECOND)
    finally:
        sys.path[:] = known
        for module in (name, f"{name}_derivative"):
            sys.modules.pop(module, None)


@contextlib.contextmanager
def without_gradscribe() -> Iterator[None]:
    """No import of gradscribe succeeds."""
    hidden = {name: sys.modules[name] for name in sys.modules if name.split(".")[0] == "gradscribe"}
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None refuses an import
    try:
        yield
    finally:
        sys.modules.update(hidden)


# ---------------------------------------------------------------------------- the round trip


def lowered(function: Callable[..., Any], args: Sequence[Any]) -> Function:
    names = list(function.__code__.co_varnames[: function.__code__.co_argcount])  # type: ignore[attr-defined]
    made = clean(lower_function(function, argument_types(names, args)))  # type: ignore[arg-type]
    verify(made)
    return made


def round_trip(function: Callable[..., Any], args: Sequence[Any]) -> tuple[Any, Any, str]:
    """A program lowered and written again: the function of the new text, in memory and re-read."""
    made = lowered(function, args)
    before = render(made)
    variant = variants.build([made], made.name, function, [])  # type: ignore[arg-type]
    assert render(made) == before, "emission changed the IR it was given"
    names = {n: v for n, v in function.__globals__.items() if not n.startswith("__")}
    return variant.function, define(variant.source, made.name, **names), variant.source
