"""Judging: a case's derivatives against differences, argument by argument."""

from __future__ import annotations

import contextlib
import copy
import io
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

import gradscribe as gs
from corpus.cases import Case
from gradscribe.errors import GradscribeError
from oracles import gradient_and_error, leaves, second_and_error

# Differences that are less certain than this say nothing.
FIRST_TRUSTED = 1e-6
SECOND_TRUSTED = 1e-4
SECONDS = 60

VERDICTS = ("ok", "wrong", "refused", "crashed", "timed out", "not differentiable")


@dataclass
class Verdict:
    """What came of one derivative of one case with respect to one argument."""

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
    pass


@contextlib.contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def stop(number: int, frame: Any) -> None:
        raise _TimeOut

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    sink = io.StringIO()
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            with contextlib.redirect_stdout(sink), contextlib.redirect_stderr(sink):
                yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


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
            numeric = gradient_and_error if order == 1 else second_and_error
            try:
                expected, error = numeric(case.function, case.args, place)
            except Exception as problem:
                verdict.message = f"{type(problem).__name__}: {problem}"
                return verdict
            if not error < (FIRST_TRUSTED if order == 1 else SECOND_TRUSTED):
                return verdict
            compute = _FIRST if order == 1 else _SECOND
            for mode in compute:
                got = mode(case.function, copy.deepcopy(case.args), place, expected)
                if not _close(got, expected, error, order):
                    verdict.verdict = "wrong"
                    verdict.message = mode.__name__.strip("_")
                    verdict.detail = f"expected {expected!r}, got {got!r}, error {error:.2g}"
                    return verdict
            verdict.verdict = "ok"
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


def _reverse(function: Any, args: Any, place: int, expected: Any) -> Any:
    return gs.grad(function, place, mode="reverse")(*args)


def _forward(function: Any, args: Any, place: int, expected: Any) -> Any:
    """The gradient along one direction, spread as reverse mode gives it: only its sum is known."""
    tangents = [None] * len(args)
    tangents[place] = _ones(args[place])
    _, dot = gs.jvp(function)(args, tuple(tangents))
    return _Sum(float(np.sum(dot)))


def _reverse_twice(function: Any, args: Any, place: int, expected: Any) -> Any:
    return gs.grad(gs.grad(function, place, mode="reverse"), place, mode="reverse")(*args)


class _Sum:
    """The sum of a gradient's entries."""

    def __init__(self, total: float) -> None:
        self.total = total

    def __repr__(self) -> str:
        return f"sum {self.total}"


_FIRST: tuple[Callable[..., Any], ...] = (_reverse, _forward)
_SECOND: tuple[Callable[..., Any], ...] = (_reverse_twice,)


def _ones(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return np.ones_like(value)
    return [1.0] * len(value) if isinstance(value, list) else 1.0


def _close(got: Any, expected: Any, error: float, order: int) -> bool:
    want = np.array(
        [np.sum(leaf) for leaf in leaves(expected)]
        if isinstance(got, _Sum)
        else np.concatenate([np.ravel(leaf) for leaf in leaves(expected)]),
        dtype=np.float64,
    )
    if isinstance(got, _Sum):
        want, have = np.array([want.sum()]), np.array([got.total])
    else:
        have = np.concatenate([np.ravel(leaf) for leaf in leaves(got)]).astype(np.float64)
    if want.shape != have.shape:
        return False
    scale = max(1e-12, float(np.max(np.abs(want), initial=0.0)))
    allowed = (1e-6 if order == 1 else 1e-4) * scale + 20 * error * max(1.0, scale)
    return bool(np.all(np.abs(want - have) <= allowed))
