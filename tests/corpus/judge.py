"""Judging: a case's derivatives against differences, argument by argument.

Differences are taken of ``f(x * t)`` around ``t = 1``, so that arguments of any size are moved by a
part of themselves. Not judged is where the function has no derivative that differences can see:
where they are uncertain, where the value is a staircase, and at the edge of a branch that the
program takes at the point itself but on neither side of it (``if x == 0``): there a program has a
value but says nothing of a slope.
Nor is where the chain rule meets 0 times infinity, so that the derivative says that it is none.
"""

from __future__ import annotations

import contextlib
import copy
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

import gradscribe as gs
from corpus.cases import Case
from corpus.collect import quiet
from gradscribe.errors import GradscribeError
from oracles import gradient_and_error, leaves, map_leaves, second_and_error

# By order: differences that are less certain than this say nothing, and what is allowed at least.
_TRUSTED = {1: 1e-6, 2: 1e-4}
_RELATIVE = {1: 1e-6, 2: 1e-4}
SECONDS = 60

# How far from the point the path of the program is looked at.
NEAR = 1e-7
# … and how far its derivative, which rounding alone would change so much.
ROUGH = 1e-11
# … and how far its value, which changes unless rounding swallows the argument.
SWALLOWED = 1e-4


@dataclass
class Verdict:
    """What came of one derivative of one case with respect to one argument.

    ``verdict``: "ok", "wrong", "refused", "crashed", "timed out" or "not differentiable".
    """

    target: str
    order: int
    argument: str
    verdict: str
    message: str = ""
    source: str = ""
    detail: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class _TimeOut(BaseException):
    """The time for one derivative is over."""


@contextlib.contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def stop(number: int, frame: Any) -> None:
        raise _TimeOut

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)  # of the processor: others may be busy
    try:
        with quiet():
            yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def judge(case: Case) -> Iterator[Verdict]:
    """The verdicts of a case: two orders per argument."""
    for place, name in enumerate(case.names):
        first = _judged(case, place, name, 1)
        yield first
        if first.verdict == "ok":
            yield _judged(case, place, name, 2)


def _judged(case: Case, place: int, name: str, order: int) -> Verdict:
    verdict = Verdict(case.target, order, name, "not differentiable", source=case.source)
    try:
        with _limited(SECONDS):
            _judge(case, place, order, verdict)
    except GradscribeError as refusal:
        verdict.verdict, verdict.message = "refused", refusal.message
        verdict.detail = str(refusal)
    except _TimeOut:
        verdict.verdict = "timed out"
    except Exception as problem:
        verdict.verdict = "crashed"
        verdict.message = f"{type(problem).__name__}: {problem}"
        verdict.detail = "".join(traceback.format_exception(problem)[-6:])
    return verdict


def _judge(case: Case, place: int, order: int, verdict: Verdict) -> None:
    try:
        expected = _differences(case, place, order)
    except Exception as problem:
        verdict.message = f"{type(problem).__name__}: {problem}"
        return
    if not expected.trusted:
        return
    if order == 1 and _is_stepped(case, place):
        verdict.message = "a staircase: something is rounded on the way"
        return
    for mode in _FIRST if order == 1 else _SECOND:
        try:
            got = mode(case.function, copy.deepcopy(case.args), place)
        except ArithmeticError:
            verdict.message = "the chain rule meets a pole"
            return
        except NotImplementedError as problem:
            if "cannot differentiate" not in str(problem):
                raise
            verdict.verdict, verdict.message = "refused", str(problem)
            return
        if not np.all(np.isfinite(_flat(got))):
            verdict.message = "the chain rule meets a pole"
            return
        if _close(got, expected):
            continue
        if _at_an_edge(case, place, order) or _is_rough(case, place):
            return
        if _is_stepwise(case, place):
            return
        if order == 2 and _slope_agrees(case, place, got):
            return
        verdict.verdict = "wrong"
        verdict.message = mode.__name__.strip("_")
        verdict.detail = f"expected {expected}, got {got!r}, at {case.args!r}"
        return
    verdict.verdict = "ok"


# ---------------------------------------------------------------------------- differences


def _scaled(case: Case, place: int) -> tuple[Callable[[Any], Any], Any, Any]:
    """The case as a function of multiples of one argument, that point, and the size of each."""
    value = case.args[place]

    def size(leaf: Any) -> Any:
        magnitude = np.abs(np.asarray(leaf, dtype=np.float64))
        return np.where(magnitude == 0, 1.0, magnitude)[()]

    sizes = map_leaves(size, value)
    parts = iter(leaves(sizes))
    start = map_leaves(lambda leaf: leaf / next(parts), value)

    def function(multiple: Any) -> Any:
        args = copy.deepcopy(list(case.args))
        scales = iter(leaves(sizes))
        args[place] = map_leaves(lambda leaf: _kept(leaf * next(scales), leaf), multiple)
        return case.function(*args)

    return function, start, sizes


def _kept(value: Any, like: Any) -> Any:
    return float(value) if type(like) is float else value


@dataclass
class Expected:
    """A derivative by differences, flat; ``allowed``: how far off another may be, entry by entry.

    ``trusted``: are the differences certain enough to judge by?
    """

    value: np.ndarray
    allowed: np.ndarray
    trusted: bool


def _differences(case: Case, place: int, order: int) -> Expected:
    function, start, sizes = _scaled(case, place)
    numeric = gradient_and_error if order == 1 else second_and_error
    flat_sizes = np.concatenate([np.ravel(leaf) for leaf in leaves(sizes)])
    if order == 2 and np.ptp(flat_sizes) > 0:
        # The second derivative is one of a sum of slopes, which must be of one scale.
        function, start, flat_sizes = _unscaled(case, place), case.args[place], flat_sizes**0
    value, error = numeric(function, (start,), 0)
    flat = np.concatenate([np.ravel(leaf) for leaf in leaves(value)]).astype(np.float64)
    largest = float(np.max(np.abs(flat)))
    result = np.asarray(case.function(*copy.deepcopy(case.args)), dtype=np.float64)
    output = float(np.max(np.abs(result)))
    uncertain = error * max(1.0, largest)
    allowed = _RELATIVE[order] * largest + 20 * uncertain + 1e-13 * output
    value, allowed = flat / flat_sizes**order, allowed / flat_sizes**order
    trusted = uncertain <= _TRUSTED[order] * max(largest, output) and np.all(np.isfinite(value))
    return Expected(value, allowed, bool(trusted))


def _unscaled(case: Case, place: int) -> Callable[[Any], Any]:
    def function(value: Any) -> Any:
        args = copy.deepcopy(list(case.args))
        args[place] = value
        return case.function(*args)

    return function


def _slope_agrees(case: Case, place: int, got: Any) -> bool:
    """Do differences of the first derivative agree with the second?

    Then the program is right, but its values are too rough for second differences: an iteration
    that ends when a tolerance is met is a step function of its start.
    """
    gradient = gs.grad(case.function, place, mode="reverse")
    nearby = Case(case.target, gradient, case.args, case.names, case.source)
    try:
        expected = _differences(nearby, place, 1)
    except Exception:
        return False
    return expected.trusted and _close(got, expected, loose=100.0)


def _is_stepped(case: Case, place: int) -> bool:
    """Is the value exactly the same close by on both sides, though its slope is not zero?

    A date counts whole microseconds: what is computed of it is a staircase of a float.
    """
    function, start, _ = _scaled(case, place)
    values = [
        _flat(function(map_leaves(lambda leaf, s=s: leaf + s * ROUGH, start)))
        for s in (0, 1, -1, 1 / ROUGH * 1e-4)
    ]
    here, *near, away = values
    moved = np.abs(away - here) * ROUGH / 1e-4
    seen = moved > 16 * np.finfo(float).eps * np.abs(here)
    return bool(np.any(seen)) and all(np.array_equal(here, value) for value in near)


def _is_rough(case: Case, place: int) -> bool:
    """Does rounding decide the derivative: is it another close by?"""
    function, start, _ = _scaled(
        Case(**{**vars(case), "function": _gradient_of(case, place)}), place
    )
    sides = [
        _flat(function(map_leaves(lambda leaf, s=s: leaf + s * ROUGH, start))) for s in (1, -1)
    ]
    return not np.allclose(*sides, rtol=1e-6, atol=0)


def _is_stepwise(case: Case, place: int) -> bool:
    """Does rounding swallow small changes of the argument, though not large ones?"""
    function, start, _ = _scaled(case, place)

    def value(step: float) -> Any:
        return function(map_leaves(lambda leaf: leaf * (1 + step), start))

    with contextlib.suppress(Exception):
        small = all(np.array_equal(value(step), value(0.0)) for step in (SWALLOWED, -SWALLOWED))
        return small and not np.array_equal(value(0.5), value(0.0))
    return False


def _gradient_of(case: Case, place: int) -> Callable[..., Any]:
    gradient: Callable[..., Any] = gs.grad(case.function, place, mode="reverse")
    return gradient


def _at_an_edge(case: Case, place: int, order: int) -> bool:
    """Does the program take another path at the point than close by on both sides?

    For the second derivative one side is enough: across an edge slopes may meet and bend apart.
    """
    function, start, _ = _scaled(case, place)
    here = _path(function, start)
    sides = [map_leaves(lambda leaf, s=s: leaf + s * NEAR, start) for s in (1.0, -1.0)]
    apart = [_path(function, side) != here for side in sides]
    return all(apart) if order == 1 else any(apart)


def _path(function: Callable[[Any], Any], value: Any) -> list[tuple[str, int]]:
    """The instructions that a call executes, in order."""
    done: list[tuple[str, int]] = []

    def trace(frame: Any, event: str, _: Any) -> Any:
        frame.f_trace_opcodes = True
        if event == "opcode":
            done.append((frame.f_code.co_filename, frame.f_lasti))
        return trace

    sys.settrace(trace)
    try:
        function(copy.deepcopy(value))
    except Exception:
        done.append(("raised", 0))
    finally:
        sys.settrace(None)
    return done


# ---------------------------------------------------------------------------- derivatives


class Sum(float):
    """A gradient of which only the sum of its entries is known."""


def _reverse(function: Any, args: Any, place: int) -> Any:
    return gs.grad(function, place, mode="reverse")(*args)


def _forward(function: Any, args: Any, place: int) -> Any:
    tangents = [None] * len(args)
    tangents[place] = map_leaves(
        lambda leaf: np.ones_like(leaf) if np.ndim(leaf) else 1.0, args[place]
    )
    _, dot = gs.jvp(function)(args, tuple(tangents))
    return Sum(np.sum(dot))


def _reverse_twice(function: Any, args: Any, place: int) -> Any:
    return gs.grad(gs.grad(function, place, mode="reverse"), place, mode="reverse")(*args)


_FIRST: tuple[Callable[..., Any], ...] = (_reverse, _forward)
_SECOND: tuple[Callable[..., Any], ...] = (_reverse_twice,)


def _flat(tree: Any) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for leaf in leaves(tree)]).astype(np.float64)


def _close(got: Any, expected: Expected, loose: float = 1.0) -> bool:
    if isinstance(got, Sum):
        off = np.abs(np.sum(expected.value) - float(got))
        return bool(off <= loose * np.sum(expected.allowed))
    have = _flat(got)
    if have.shape != expected.value.shape:
        return False
    return bool(np.all(np.abs(expected.value - have) <= loose * expected.allowed))
