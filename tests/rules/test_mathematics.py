"""The math module: types, derivatives, special values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import special as scipy_special
from table import (
    TABLE,
    Row,
    adjoint_by_rules,
    check_fact,
    check_rules,
    draw,
    evaluate,
    primitive_call,
    row,
)

from gradscribe.ir.special import polygamma

UNARY = {
    "math.exp": (-2, 2), "math.exp2": (-2, 2), "math.expm1": (-2, 2),
    "math.log": (0.2, 3), "math.log2": (0.2, 3), "math.log10": (0.2, 3), "math.log1p": (-0.8, 2),
    "math.sqrt": (0.2, 3), "math.cbrt": (0.2, 3), "math.fabs": (-2, -0.2),
    "math.sin": (-2, 2), "math.cos": (-2, 2), "math.tan": (-1, 1),
    "math.asin": (-0.8, 0.8), "math.acos": (-0.8, 0.8), "math.atan": (-2, 2),
    "math.sinh": (-2, 2), "math.cosh": (-2, 2), "math.tanh": (-2, 2),
    "math.asinh": (-2, 2), "math.acosh": (1.4, 3), "math.atanh": (-0.8, 0.8),
    "math.degrees": (-2, 2), "math.radians": (-2, 2),
    "math.erf": (-2, 2), "math.erfc": (-2, 2), "math.gamma": (0.5, 4), "math.lgamma": (0.5, 4),
}  # fmt: skip

CONSTANT_UNARY = [
    "math.floor", "math.ceil", "math.trunc", "math.isnan", "math.isinf", "math.isfinite",
    "math.ulp",
]  # fmt: skip

ROWS: list[Row] = [
    *(
        row(f"{name}(x)", x=low + (high - low) * place)
        for name, (low, high) in UNARY.items()
        for place in (0.13, 0.77)
    ),
    row("math.gamma(x)", x=-1.7),
    row("math.lgamma(x)", x=-0.4),
    row("math.log(x, base)", x=2.3, base=3.1),
    row("math.log(x, 10)", x=2.3),
    row("math.pow(x1, x2)", x1=1.3, x2=2.4),
    row("math.atan2(x1, x2)", x1=-1.3, x2=-2.4),
    row("math.hypot(x1, x2)", x1=-1.3, x2=-2.4),
    row("math.hypot(x1)", x1=-1.3),
    row("math.hypot(x1, x2, x3)", x1=-1.3, x2=-2.4, x3=0.3),
    row("math.hypot(x1, x2, x3, x4)", x1=-1.3, x2=-2.4, x3=0.3, x4=1.0),
    row("math.fmod(x1, x2)", x1=-7.3, x2=2.4),
    row("math.remainder(x1, x2)", x1=-7.3, x2=2.4),
    row("math.remainder(x1, x2)", x1=6.3, x2=-2.4),
    row("math.copysign(x1, x2)", x1=6.3, x2=-2.4),
    row("math.copysign(x1, x2)", x1=-6.3, x2=-2.4),
    row("math.ldexp(x1, x2)", x1=-6.3, x2=3),
    row("math.frexp(x)", x=-6.3),
    row("math.modf(x)", x=-6.3),
    row("math.fsum(xs)", xs=[1.5, -2.5, 0.5]),
    row("math.fsum(xs)", xs=(1.5, -2.5, 0.5)),
    row("math.fsum(xs)", xs=draw(4)),
    row("math.fsum(xs)", xs=[]),
    row("math.prod(xs)", xs=[1.5, -2.5, 0.5]),
    row("math.prod(xs)", xs=[1.5, 0.0, 0.5]),
    row("math.prod(xs)", xs=[1.5, 0.0, 0.0]),
    row("math.prod(xs, start=s)", xs=(1.5, -2.5), s=3.0),
    row("math.dist(p, q)", p=[1.5, 2.0, -0.5], q=[1.0, -1.0, 0.3]),
    row("math.dist(p, q)", p=(1.5, 2.0), q=draw(2)),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rules_give_what_differences_give(row: Row) -> None:
    if row.active:
        check_rules(row)


@pytest.mark.parametrize("name", [*UNARY, *CONSTANT_UNARY, "math.modf", "math.frexp"])
def test_facts_hold_for_every_kind_of_number(name: str) -> None:
    place = 2 if name == "math.acosh" else 0.5
    for x in (place, np.float64(place), np.float32(place), np.array(place), 1, True, np.int64(1)):
        made = row(f"{name}(x)", x=x)
        try:
            evaluate(made)
        except (ValueError, TypeError):
            continue  # outside the domain, or an array where Python has no such method
        check_fact(made)


@pytest.mark.parametrize(
    "call",
    [
        "math.factorial(n)", "math.isqrt(n)", "math.comb(n, n)", "math.perm(n)", "math.perm(n, 2)",
        "math.isclose(n, 4)", "math.ldexp(n, 3)", "math.fmod(n, 3)", "math.remainder(n, 3)",
        "math.pow(n, 2)", "math.copysign(n, -1)", "math.nextafter(n, 1)", "math.log(n, 3)",
        "math.fsum([n, n])", "math.prod([n, n])", "math.dist([n], [n])", "math.hypot(n, n)",
    ],
)  # fmt: skip
def test_facts_hold_for_integers(call: str) -> None:
    check_fact(row(call, n=4))


@pytest.mark.parametrize(
    ("call", "x1", "x2", "name", "expected"),
    [
        ("math.pow(x1, x2)", 0.0, 0.0, "x1", 0.0),
        ("math.pow(x1, x2)", 0.0, 1.0, "x1", 1.0),
        ("math.pow(x1, x2)", 0.0, 2.0, "x2", 0.0),
        ("math.hypot(x1, x2)", 0.0, 0.0, "x1", 0.0),
        ("math.copysign(x1, x2)", 0.0, -1.0, "x1", 0.0),
        ("math.fmod(x1, x2)", 0.9999999999999999 * 3, 1.0, "x2", -2.0),
    ],
)
def test_special_values(call: str, x1: float, x2: float, name: str, expected: float) -> None:
    assert adjoint_by_rules(row(call, x1=x1, x2=x2), name, 1.0) == expected


def test_the_distance_of_a_point_to_itself_has_the_subgradient_zero() -> None:
    made = row("math.dist(p, q)", p=[1.0, 2.0], q=[1.0, 2.0])
    assert list(adjoint_by_rules(made, "p", 1.0)) == [0.0, 0.0]


@pytest.mark.parametrize("n", range(5))
def test_polygamma_agrees_with_scipy(n: int) -> None:
    for x in (1e-3, 0.1, 0.5, 1.0, 1.4, 2.0, 3.7, 15.9, 30.0, 1e3, 1e6, -0.5, -1.3, -7.9, -100.25):
        expected = scipy_special.digamma(x) if n == 0 else scipy_special.polygamma(n, x)
        assert math.isclose(polygamma(n, x), expected, rel_tol=1e-13, abs_tol=1e-15), x


def test_polygamma_is_the_derivative_of_the_one_before() -> None:
    for n in range(3):
        check_rules(row(f"polygamma({n}, x)", x=1.7))
        check_rules(row(f"polygamma({n}, x)", x=-1.7))


def test_rules_of_the_math_module_stay_in_it() -> None:
    for name in UNARY:
        prim, _ = primitive_call(row(f"{name}(x)", x=0.5))
        for rule in TABLE[prim.function].partials.values():
            assert "np" not in rule.__code__.co_names
