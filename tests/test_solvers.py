"""SciPy's solvers of equations, and its integrals: differentiated by what they solve for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq

import gradscribe as gs
from oracles import assert_close
from pipeline import EXACT, check_everything, check_file, define, quietly, reread

HEAD = """\
import math
import numpy as np
import scipy.optimize
from scipy.integrate import quad
from scipy.optimize import bisect, brenth, brentq, fsolve, newton, ridder
"""

# name: (source, arguments, wrt)
PROGRAMS: dict[str, tuple[str, tuple[Any, ...], tuple[int, ...]]] = {
    "what the equation captures": (
        """
def main(a, b):
    scale = a * b
    def equation(x):
        return x**3 + scale * x - a
    return brentq(equation, 0.0, 9.0, xtol=1e-15) ** 2 * b
""",
        (1.3, 2.1),
        (0, 1),
    ),
    "arguments of the equation": (
        """
def equation(x, a, power):
    return math.exp(x) - a ** power
def main(a, b):
    x = scipy.optimize.ridder(equation, -1.0, 9.0, (a, 2), 1e-15)
    return x * b + brenth(equation, -1.0, b * 9.0, args=(b, 3), xtol=1e-15)
""",
        (1.3, 2.1),
        (0, 1),
    ),
    "one argument": (
        """
def main(a):
    return fsolve(lambda x, c: x**2 - c, a, args=a, xtol=1e-12)[0] + bisect(
        lambda x: x - a, 0, 2, xtol=1e-15
    )
""",
        (1.3,),
        (0,),
    ),
    "newton from what is computed": (
        """
def main(a, b):
    x = newton(lambda x: x**3 - a * b, 1 / a, tol=1e-14)
    return x * newton(lambda y: np.tanh(y) + y * x - b, 0, tol=1e-14)
""",
        (1.3, 2.1),
        (0, 1),
    ),
    "a system": (
        """
def main(a, b):
    def equations(p):
        x, y = p
        return (x + 0.1 * y**2 - a, y - 0.2 * x**2 - b)
    x, y = fsolve(equations, [1.0, 2.0])
    return x * y + x
""",
        (4.0, 3.0),
        (0, 1),
    ),
    "a vector": (
        """
def main(w, b):
    x = fsolve(lambda x: w @ x + 0.1 * x**3 - b, np.zeros(2), xtol=1e-12)
    return np.sum(x**2 * b)
""",
        (np.array([[3.0, 1.0], [0.5, 2.0]]), np.array([1.0, 2.0])),
        (0, 1),
    ),
    "one equation of a vector": (
        """
def main(a, b):
    return fsolve(lambda x: x**2 - a, b, xtol=1e-12)[0] * fsolve(lambda x: x[0] - a, b)[0]
""",
        (2.0, 1.0),
        (0,),
    ),
    "the whole output": (
        """
def main(a, b):
    sol = fsolve(lambda x: x**2 - a, b, xtol=1e-12, full_output=True)
    if sol[2] != 1:
        raise ValueError(sol[3])
    x, report = brentq(lambda x: x**3 - a, 0.0, 9.0, xtol=1e-15, full_output=True)
    return sol[0][0] + (x if report.converged else 0.0)
""",
        (2.0, 1.0),
        (0,),
    ),
    "in a loop and in a branch": (
        """
def main(a, n):
    x = a
    for i in range(n):
        if i % 2 == 0:
            x = x + brentq(lambda y: y**3 - x * (i + 1), 0.0, 9.0, xtol=1e-15)
    return x
""",
        (1.3, 4),
        (0,),
    ),
    "in a loop that may not run": (
        """
def main(a, n):
    x = a
    while n > 0:
        x = newton(lambda y: y**2 - x, 1.0, tol=1e-14)
        n -= 1
    return x * a
""",
        (1.3, 0),
        (0,),
    ),
    "an integral, by its limits and under its sign": (
        """
def main(a, p):
    y, error = quad(lambda t, c: math.exp(-p * t * c) * t, 0.5 * a, a * p, args=(a,))
    return y * a
""",
        (1.3, 2.1),
        (0, 1),
    ),
    "an integral without end": (
        """
def gauss(t, p, power):
    return math.exp(-p * t ** power)
def main(p):
    return quad(gauss, -np.inf, np.inf, (p, 2), epsabs=1e-12)[0] ** 2
""",
        (1.3,),
        (0,),
    ),
    "an integral of an integral": (
        """
def main(p):
    def inner(t):
        return quad(lambda s: math.sin(p * s * t), 0.0, t)[0]
    return quad(inner, 0.0, p)[0]
""",
        (1.3,),
        (0,),
    ),
    "integrals in a loop": (
        """
def main(p, n):
    y = p
    for k in range(n):
        y = y * quad(lambda t: math.cos(y * t + k), 0.0, p)[0] + p
    return y
""",
        (0.7, 3),
        (0,),
    ),
    "a method": (
        """
class Model:
    def __init__(self, k):
        self.k = k
    def excess(self, x, y):
        return x**3 * self.k - y
def main(k, y):
    return brentq(Model(k).excess, 0.0, 9.0, args=(y,), xtol=1e-15)
""",
        (1.3, 2.0),
        (0, 1),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_derivatives_are_those_of_the_solution(name: str) -> None:
    source, args, wrt = PROGRAMS[name]
    check_everything(define(HEAD + source), args, wrt)


@pytest.mark.parametrize(
    "name", ["what the equation captures", "a system", "a method", "integrals in a loop"]
)
def test_a_file_stands_alone(name: str, tmp_path: Path) -> None:
    source, args, wrt = PROGRAMS[name]
    check_file(HEAD + source, args, wrt[0], tmp_path)


def test_the_solver_is_called_as_it_was() -> None:
    """Text that is read again grows no marks, and its derivative is that of the solution."""
    main = define(HEAD + PROGRAMS["what the equation captures"][0])
    gradient = gs.grad(main)
    gradient(1.3, 2.1)
    assert "from scipy.optimize import brentq" in gradient.source
    assert "brentq(equation, 0.0, 9.0, args=(scale, a), xtol=1e-15)" in gradient.source
    assert "solution" not in gradient.source
    again = reread(main, (1.3, 2.1), 0)
    assert_close(quietly(gs.grad(again), 1.3, 2.1), gs.grad(gradient)(1.3, 2.1), **EXACT)


def test_derivatives_are_exact_however_roughly_it_searched() -> None:
    def main(a: float) -> float:
        return brentq(lambda x: x**3 - a, 0.0, 10.0, xtol=1e-9)

    assert_close(gs.grad(main)(8.0), 1 / 12, rtol=1e-8)


def test_where_newton_begins_is_a_number() -> None:
    """Of what is not known it is made sure: an array would be an equation for each entry."""
    main = define(HEAD + """
def main(a, start):
    return newton(lambda x: x**2 - a, start[0], tol=1e-14)
""")
    assert_close(gs.grad(main)(2.0, [[1.0]][0]), 0.5 / 2**0.5, rtol=1e-12)
    with pytest.raises((TypeError, gs.GradscribeError)):
        gs.grad(main)(2.0, [[1.0, 2.0]])


def test_an_integral_has_a_tangent_along_an_array() -> None:
    main = define(HEAD + """
def main(w):
    return quad(lambda t: np.sum(w * t ** np.arange(3)), 0.0, 2.0)[0]
""")
    w, dot = np.array([1.0, 2.0, 0.5]), np.array([0.1, 0.2, -0.3])
    value, tangent = gs.jvp(main)((w,), (dot,))
    assert_close(value, w @ [2.0, 2.0, 8 / 3], rtol=1e-12)
    assert_close(tangent, dot @ [2.0, 2.0, 8 / 3], rtol=1e-12)
    with pytest.raises(gs.NoRuleError, match="by numbers alone"):
        gs.grad(main, mode="reverse")(w)


def test_a_global_that_the_function_imports() -> None:
    main = define("""
quad = None
def integral(f, a, b):
    global quad
    if quad is None:
        from scipy.integrate import quad
    return quad(f, a, b)[0]
def main(p):
    return integral(lambda t: t * p, 0.0, p)
""")
    check_everything(main, (1.3,), (0,))
