"""SciPy's special functions, sums of exponentials and splines: types and derivatives."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import interpolate, special
from table import FLAT, PLANE, SINE, Row, check_fact, check_rules, draw, row

import gradscribe as gs
from gradscribe.ir.facts.scipy_special import FUNCTIONS
from gradscribe.rules.declare import TABLE
from gradscribe.solvers import SOLVERS
from oracles import assert_close

UNARY = {
    "erf": (-2, 2), "erfc": (-2, 2), "erfcx": (-1, 2), "erfi": (-1, 1), "dawsn": (-2, 2),
    "erfinv": (-0.8, 0.8), "erfcinv": (0.2, 1.8), "ndtr": (-2, 2), "ndtri": (0.1, 0.9),
    "log_ndtr": (-3, 2), "expit": (-2, 2), "logit": (0.1, 0.9), "log_expit": (-2, 2),
    "gamma": (0.5, 4), "gammaln": (0.5, 4), "psi": (0.5, 4), "exp1": (0.3, 3), "expi": (0.3, 3),
    "spence": (0.2, 0.9), "entr": (0.2, 2), "ellipk": (-2, 0.8), "ellipkm1": (0.2, 2),
    "ellipe": (-2, 0.8), "j0": (-3, 3), "j1": (-3, 3), "y0": (0.5, 3), "y1": (0.5, 3),
    "i0": (-2, 2), "i1": (-2, 2), "k0": (0.5, 3), "k1": (0.5, 3), "cbrt": (0.3, 3),
    "exp2": (-2, 2), "exp10": (-1, 1), "expm1": (-2, 2), "log1p": (-0.8, 2), "cosm1": (-2, 2),
}  # fmt: skip

# The arguments, of which those have a rule whose values are arrays.
MORE: dict[str, tuple[object, ...]] = {
    "beta": (draw(3, low=0.5), draw(3, low=0.4)),
    "betaln": (draw(3, low=0.5), draw(2, 1, low=0.4)),
    "gammainc": (2.3, draw(3, low=0.3)),
    "gammaincc": (0.7, draw(3, low=0.3)),
    "gammaincinv": (2.3, draw(3, low=0.2, high=0.8)),
    "gammainccinv": (2.3, draw(3, low=0.2, high=0.8)),
    "expn": (2, draw(3, low=0.3)),
    "ellipkinc": (draw(3, low=0.3, high=0.9), draw(3, low=0.1, high=0.7)),
    "ellipeinc": (draw(3, low=0.3, high=0.9), draw(3, low=0.1, high=0.7)),
    "jv": (1.5, draw(3, low=0.5)),
    "yv": (1.5, draw(3, low=0.5)),
    "iv": (1.5, draw(3, low=0.5)),
    "kv": (1.5, draw(3, low=0.5)),
    "hyp0f1": (1.5, draw(3, low=0.5)),
    "xlogy": (draw(3, low=0.3), draw(3, low=0.5)),
    "xlog1py": (draw(3), draw(3, low=0.5)),
    "rel_entr": (draw(3, low=0.5), draw(2, 1, low=0.5)),
    "kl_div": (draw(3, low=0.5), draw(3, low=0.4)),
    "betainc": (2.5, 1.5, draw(3, low=0.2, high=0.8)),
    "hyp1f1": (0.5, 1.5, draw(3)),
    "hyp2f1": (0.5, 1.5, 2.0, draw(3, low=-0.8, high=0.6)),
}


def _called(name: str, args: tuple[object, ...]) -> Row:
    """A call in which what is differentiated has a name, and the rest is written down."""
    names = {f"x{k}": value for k, value in enumerate(args) if isinstance(value, np.ndarray)}
    given = (f"x{k}" if f"x{k}" in names else repr(value) for k, value in enumerate(args))
    return row(f"sp.{name}({', '.join(given)})", **names)


ROWS: list[Row] = [
    *(row(f"sp.{name}(x)", x=draw(3, low=low, high=high)) for name, (low, high) in UNARY.items()),
    *(row(f"sp.{name}(x)", x=0.7 * low + 0.3 * high) for name, (low, high) in UNARY.items()),
    *(_called(name, args) for name, args in MORE.items()),
    row("sp.expn(1, x)", x=draw(2, low=0.3)),
    row("sp.expn(0, x)", x=draw(2, low=0.3)),
    row("sp.ellipk(x)", x=0.0),
    row("sp.ellipe(x)", x=1e-9),
    row("sp.j1(x)", x=0.0),
    row("sp.polygamma(1, x)", x=draw(2, low=0.5)),
    row("sp.polygamma(0, x)", x=1.7),
    row("sp.zeta(2, q)", q=draw(2, low=0.5)),
    row("sp.logsumexp(a)", a=draw(3)),
    row("sp.logsumexp(a, axis=1)", a=draw(2, 3)),
    row("sp.logsumexp(a, axis=0, keepdims=True)", a=draw(2, 3)),
    row("sp.softmax(x)", x=draw(3)),
    row("sp.softmax(x, axis=1)", x=draw(2, 3)),
    row("sp.log_softmax(x, axis=0)", x=draw(2, 3)),
    row("interpolate.splev(x, SINE)", x=draw(3, low=0.1, high=1.9)),
    row("interpolate.splev(x, SINE)", x=2.5),
    row("interpolate.splev(x, SINE, 1)", x=draw(2, 2, low=0.1, high=1.9)),
    row("interpolate.splev(x, SINE, 3)", x=draw(3, low=0.1, high=1.9)),
    row("interpolate.splev(x, SINE, ext=1)", x=np.array([0.3, 2.5])),
    row("interpolate.splev(x, SINE, ext=3)", x=np.array([0.3, 2.5])),
    row("interpolate.bisplev(x1, x2, PLANE)", x1=0.31, x2=0.42),
    row("interpolate.bisplev(x1, x2, PLANE, 0, 1)", x1=0.31, x2=0.42),
    row("interpolate.bisplev(x1, x2, PLANE)", x1=draw(2, low=0.1), x2=np.array([0.1, 0.4, 1.2])),
    row("interpolate.bisplev(x1, x2, FLAT)", x1=0.31, x2=0.42),
    row("interpolate.bisplev(x1, x2, FLAT, 1, 0)", x1=0.31, x2=0.42),
    row("interpolate.bisplev(x1, x2, FLAT)", x1=0.31, x2=2.5),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rules_give_what_differences_give(row: Row) -> None:
    check_rules(row)


def test_every_function_has_a_row() -> None:
    names = {name for names in FUNCTIONS.values() for name in names.split()}
    assert names == {*UNARY, *MORE}


@pytest.mark.parametrize("name", UNARY)
def test_facts_hold_for_every_kind_of_number(name: str) -> None:
    for x in (0.5, np.float64(0.5), np.float32(0.5), np.array(0.5), draw(3, low=0.2, high=0.8), 1):
        check_fact(row(f"sp.{name}(x)", x=x))


@pytest.mark.parametrize(
    "row",
    [
        row("interpolate.splev(x, tck)", x=0.5, tck=SINE),
        row("interpolate.splev(x, tck, 1)", x=draw(2, 2, low=0.1, high=1.9), tck=SINE),
        row("interpolate.bisplev(x, y, tck)", x=0.5, y=np.float64(0.3), tck=PLANE),
        row("interpolate.bisplev(x, y, tck)", x=np.array([0.5, 0.6]), y=0.3, tck=FLAT),
        row("sp.lambertw(x)", x=0.5),
        row("sp.lambertw(x, -1)", x=draw(3, low=-0.3, high=-0.1)),
        row("sp.logsumexp(x)", x=[0.5, 1.0]),
        row("sp.logsumexp(x, 0)", x=draw(2, 2, dtype=np.float32)),
        row("sp.softmax(x)", x=draw(3)),
        row("sp.zeta(2, x)", x=1.5),
        row("sp.polygamma(1, x)", x=1.5),
    ],
    ids=str,
)
def test_facts_hold(row: Row) -> None:
    check_fact(row)


@pytest.mark.parametrize(("k", "x"), [(0, 0.0), (0, 1.3), (0, -0.3), (-1, -0.3), (-1, -0.1)])
def test_lambert_w_on_its_real_branches(k: int, x: float) -> None:
    def w(x: float, k: int) -> float:
        return float(special.lambertw(x, k).real)

    gradient = gs.grad(w)
    step = 1e-5
    expected = (w(x + step, k) - w(x - step, k)) / (2 * step)
    assert math.isclose(gradient(x, k), expected, rel_tol=1e-6)
    expected = (gradient(x + step, k) - gradient(x - step, k)) / (2 * step)
    assert math.isclose(gs.grad(gradient)(x, k), expected, rel_tol=1e-6)
    assert math.isclose(gs.jvp(w)((x, k), (1.0, None))[1], gradient(x, k))


def test_lambert_w_beside_its_real_branches_has_no_derivative() -> None:
    def w(x: float) -> float:
        return special.lambertw(x).real * x

    assert math.isnan(gs.grad(w)(-0.5))
    with pytest.raises(gs.NoRuleError, match="complex"):
        gs.grad(lambda x: abs(special.lambertw(x)))(-0.5)


def test_elliptic_integrals_agree_with_carlsons() -> None:
    """Near 0 a difference of K and E would vanish; near 1 and far below 0 the series is another."""
    m = np.array([-1e6, -30.0, -1.0, -1e-12, 0.0, 1e-12, 0.3, 0.9, 0.999999])
    found = gs.elementwise_grad(special.ellipe)(m)
    assert_close(found, -special.elliprd(0, 1 - m, 1) / 6, 1e-12, 0)
    found = gs.elementwise_grad(special.ellipk)(m)
    assert_close(found, special.elliprd(0, 1, 1 - m) / 6, 1e-11, 0)


def test_a_function_of_scipy_is_differentiated_itself() -> None:
    x = np.array([1.0, 2.0])
    p = special.softmax(x)
    assert_close(gs.jacobian(special.softmax)(x), np.diag(p) - np.outer(p, p), 1e-12)
    assert_close(gs.grad(special.logsumexp)(x), p, 1e-12)


def test_options_without_a_rule_are_what_they_are_where_nothing_is_differentiated() -> None:
    def f(x: float) -> float:
        return x * special.zeta(3.0) * special.logsumexp([1.0, 2.0], b=[1.0, 3.0])

    assert_close(gs.grad(f)(2.0), f(1.0), 1e-12, check_dtype=False)


def test_nobody_needs_scipy_who_does_not_use_it(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        "import gradscribe as gs\n"
        "def f(x):\n"
        "    return x * abs(x)\n"
        "assert gs.grad(f)(2.0) == 4.0\n"
        "assert not any(name.split('.')[0] == 'scipy' for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, program], check=True)


def test_the_page_lists_every_function() -> None:
    docs = Path(__file__).parents[2] / "docs" / "rules.md"
    section = docs.read_text(encoding="utf-8").partition("## SciPy")[2].partition("\n## ")[0]
    shown = set(" ".join(re.findall(r"`([\w ]+)`", section)).split())
    found = (*vars(special).values(), interpolate.splev, interpolate.bisplev)
    rules = {f.__name__ for f in found if callable(f) and f in TABLE and f is not np.sinc}
    assert shown >= rules - {"lambertw"} | set(SOLVERS)
