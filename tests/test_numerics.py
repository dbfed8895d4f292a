"""Points at which a formula has a pole and the function has none; lists where arrays are meant."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close, gradient_by_differences
from pipeline import EXACT, FIRST, check_second, define, fresh

AT_POLES: dict[str, tuple[str, Any, Any]] = {
    "a root that max does not take": ("max(math.sqrt(x), 0.5)", 0.0, 0.0),
    "a scaled root that min does not take": ("min(1.0 - 2 * math.sqrt(x), 0.5)", 0.0, 0.0),
    "a power that max does not take": ("max(x**0.5, 0.5)", 0.0, 0.0),
    "a power of math that max does not take": ("max(math.pow(x, 0.3), 0.5)", 0.0, 0.0),
    "a cube root that max does not take": ("max(math.cbrt(x), 0.5)", 0.0, 0.0),
    "an arc cosine that min does not take": ("min(math.acos(x), 0.0 - 1.0)", 1.0, 0.0),
    "an arc tangent that max does not take": ("max(math.atan2(x, x), 0.5) * x", 0.0, 0.5),
    "a root that a conditional does not take": ("(math.sqrt(x) if x > 0 else 0.0) + x", 0.0, 1.0),
    "the spread of equal entries": ("np.std(x)", np.array([2.0, 2.0]), np.zeros(2)),
    "the spread of equal rows": ("x.std(axis=1)", np.array([[2.0, 2.0]]), np.zeros((1, 2))),
    "the spread of equal entries, one missing": (
        "np.nanstd(x)",
        np.array([2.0, np.nan, 2.0]),
        np.zeros(3),
    ),
    "a distance from the point itself": ("math.hypot(x, 0.0)", 0.0, 0.0),
    "the absolute value of zero": ("abs(x) + np.abs(x) + x**2", 0.0, 0.0),
    "a power with the exponent zero": ("x**0 + x**1.0 + x**2.0", 0.0, 1.0),
}


@pytest.mark.parametrize(("text", "x", "expected"), AT_POLES.values(), ids=AT_POLES.keys())
def test_what_is_not_taken_has_no_pole(text: str, x: Any, expected: Any) -> None:
    main = define(f"def main(x):\n    return {text}\n", math=math, np=np)
    gradient = gs.grad(main, mode="reverse")
    assert_close(gradient(x), expected, **EXACT)
    assert np.all(np.isfinite(gs.grad(gradient, mode="reverse")(x)))


# What has a pole at 0, where ``np.where`` and others take something else.
NOT_TAKEN = {
    "np.where(x > 0, np.log(x), 0.0)": 0.0,
    "np.where(x > 0, x * np.log(x), 0.0)": 0.0,
    "np.where(x > 0, np.log2(x) + np.log10(x), x)": 1.0,
    "np.where(x > 0, 1 / np.sqrt(x), 0.0)": 0.0,
    "np.where(x > 0, np.power(x, 0.5), 2 * x)": 2.0,
    "np.where(x > 0, np.divide(1.0, x), 0.0)": 0.0,
    "np.where(x > 0, np.reciprocal(x), 0.0)": 0.0,
    "np.where(x > 0, np.arctanh(1 - x), 0.0)": 0.0,
    "np.where(x > 0, np.arctan2(x, 0.0), 0.0)": 0.0,
    "np.where(x > 0, np.fmod(1.0, x) + np.mod(1.0, x), 2 * x)": 2.0,
    "np.where(x > 0, 2.0 ** np.log(x), x)": 1.0,
    "np.maximum(np.log(x), -5.0)": 0.0,
    "np.clip(np.log(x), -5.0, 5.0)": 0.0,
    "np.nan_to_num(np.log(x), neginf=-5.0)": 0.0,
    "np.where(np.isfinite(np.log(x)), np.log(x), 0.0)": 0.0,
    "np.select([x > 0, x <= 0], [np.log(x), 2 * x])": 2.0,
    "np.piecewise(np.asarray(x), [x > 0], [np.log, lambda v: 3 * v])": 3.0,
}


@pytest.mark.parametrize(("text", "slope"), NOT_TAKEN.items())
@pytest.mark.parametrize("x", [0.0, np.float64(0.0), np.float32(0.0), np.zeros(1), np.array(0.0)])
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_numpy_decides_at_the_edge_of_a_domain(text: str, slope: float, x: Any) -> None:
    main = define(f"def main(x):\n    return x**2 + {text}\n", np=np)
    one = np.ones_like(x) if isinstance(x, np.ndarray) else type(x)(1.0)
    gradient = gs.grad(main, mode="reverse")
    for got in (gradient(x), gs.jvp(main)((x,), (one,))[1], gs.jacobian(main)(x)):
        assert np.asarray(got).item() == slope
    assert np.asarray(gs.grad(gradient, mode="reverse")(x)).item() == 2.0


ON_LISTS = [
    "np.dot(x, [3.0, 4.0])", "np.dot([[1.0, 2.0], [3.0, 4.0]], x)", "np.inner(x, x)",
    "np.outer(x, [1.0, 2.0])", "np.vdot(x, x)", "np.matmul(x, x)", "np.kron(x, x)",
    "np.cross([x[0], x[1], 1.0], [1.0, 2.0, 3.0])", "np.linalg.norm(x)",
    "np.linalg.solve([[1.0, 2.0], [3.0, 4.0]], x)", "np.average(x, weights=[1.0, 2.0])",
    "np.hypot(x, [1.0, 2.0])", "np.multiply(x, x)", "np.power(x, 2.0)", "np.sqrt(x)",
    "np.maximum(x, 1.5)", "np.sort(x)", "np.deg2rad(x)", "np.arctan2(x, [1.0, 2.0])",
    "np.sum(x) + np.mean(x) * np.std(x) * np.prod(x)", "np.asanyarray(x) ** 2",
    "np.interp(1.5, [1.0, 2.0], x)", "np.polyval(x, 2.0)", "np.vander(x)",
]  # fmt: skip


@pytest.mark.parametrize("text", ON_LISTS)
@pytest.mark.parametrize("kind", [list, tuple])
def test_functions_of_arrays_take_lists(text: str, kind: Callable[[Any], Any]) -> None:
    main = define(f"def main(x):\n    return {text}\n", np=np)
    x = kind([1.2, 2.7])
    expected = gradient_by_differences(main, (x,))
    assert_close(gs.grad(main, mode="reverse")(*fresh((x,))), expected, **FIRST)
    _, dot = gs.jvp(main)((x,), (kind([1.0, 1.0]),))
    assert_close(np.sum(dot), np.sum(expected), **FIRST)
    check_second(main, (x,), 0)


def test_lambdas_on_one_line_are_told_apart() -> None:
    both = {"a": lambda x: np.dot(x, [3.0, 4.0]), "b": lambda x: np.dot(x, x) * 2.0}  # fmt: skip
    assert_close(gs.grad(both["a"])(np.array([1.0, 2.0])), np.array([3.0, 4.0]))
    assert_close(gs.grad(both["b"])(np.array([1.0, 2.0])), np.array([4.0, 8.0]))


def test_a_tangent_is_taken_with_arguments_left_to_their_defaults() -> None:
    def scaled(x, factor=3.0, *, power=2):
        return factor * x**power

    assert gs.jvp(scaled)((2.0,), (1.0,)) == (12.0, 12.0)
    assert gs.jvp(scaled)((2.0, 1.0), (1.0, 1.0)) == (4.0, 8.0)
    with pytest.raises(gs.ArgumentError, match="0 arguments and 0 tangents"):
        gs.jvp(scaled)((), ())


def test_a_number_read_back_from_a_text_is_refused() -> None:
    for text in ("float(str(x)) * x", "sum([float(repr(v)) for v in [x, 2 * x]])"):
        main = define(f"def main(x):\n    return {text}\n")
        with pytest.raises(gs.GradscribeError, match=r"made of a string|cannot differentiate repr"):
            gs.grad(main)(1.5)
    named = define("def main(x, table):\n    return table[str(round(x))] * float('2.5') * x\n")
    assert_close(gs.grad(named)(3.2, {"3": 2.0}), 5.0)


def test_an_axis_is_given_to_a_number() -> None:
    def tensor(t: Any) -> Any:
        t = np.asarray(t, dtype=float)
        if t.ndim == 0:
            t = t[None]
        return t * 2 + t[0] ** 2

    for x in (1.5, np.array([1.0, 2.0])):
        assert_close(
            gs.grad(tensor, mode="reverse")(x), gradient_by_differences(tensor, (x,)), **FIRST
        )
        check_second(tensor, (x,), 0)


DEFAULTS = """
import numpy as np

def newton(f, x0, args=(), kwargs={}, extra=[]):
    x = x0
    for _ in range(20):
        h = 1e-5
        y = f(x, *args, *extra, **kwargs)
        x = x - 2 * y * h / (f(x + h, *args, **kwargs) - f(x - h, *args, *extra))
    return x

def scaled(x, table=[1.0, 2.0], shift=np.ones(2)):
    return x * table[1] + shift

def memo(x, seen=[]):
    seen.append(x)
    return sum(seen)

def root(a):
    return newton(lambda x, a: x * x - a, 1.0, args=(a,))

def shifted(x):
    return scaled(x) * x

def accumulated(x):
    return memo(x) * x
"""


def test_mutable_defaults_are_read_where_they_live_and_never_written() -> None:
    assert_close(gs.grad(define(DEFAULTS, "root"))(2.0), 0.5 / math.sqrt(2), rtol=1e-6)
    x = np.array([1.0, 3.0])
    assert_close(gs.grad(define(DEFAULTS, "shifted"))(x), 4 * x + 1)
    with pytest.raises(gs.GradscribeError, match="append"):
        gs.grad(define(DEFAULTS, "accumulated"))(2.0)


def test_an_array_of_integers_times_what_may_be_an_integer_may_be_one_of_integers() -> None:
    main = define("""
import numpy as np
FACTORS = {"a": [1.0, 1], "b": [2.0, 0.5]}
POWERS = {"a": np.array([0, 3, 4]), "b": np.array([1, 2, 5])}
def main(x):
    kind = "a" if x < 5 else "b"
    v, d = FACTORS[kind]
    return v * np.sum(3.0 * (x - 0.5) ** (POWERS[kind] * d))
""")
    for x in (2.0, 6.0):
        exact = gs.grad(main, mode="reverse")(x)
        assert_close(gs.jvp(main)((x,), (1.0,))[1], exact, rtol=1e-12, check_dtype=False)
        check_second(main, (x,), 0)
