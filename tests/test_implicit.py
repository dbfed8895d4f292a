"""Roots and fixed points: differentiated at the solution, to second order, in both modes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close
from pipeline import EXACT, check_everything, check_file, define, quietly, reread

HEAD = "import math\nimport numpy as np\nimport gradscribe as gs\n"
A = np.array([[3.0, 1.0], [0.5, 2.0]])
B = np.array([1.0, 2.0])

# name: (source, arguments, wrt)
PROGRAMS: dict[str, tuple[str, tuple[Any, ...], tuple[int, ...]]] = {
    "a root": (
        """
def equation(x, a, b):
    return x**3 + a * x - b
def main(a, b):
    x = gs.root(equation, 1, a, b)
    return x * a + x**2
""",
        (1.3, 2.1),
        (0, 1),
    ),
    "a root of several equations": (
        """
def equation(x, w, b):
    return w @ x + 0.1 * x**3 - b
def main(w, b):
    return np.sum(gs.root(equation, np.zeros(2), w, b) ** 2 * b)
""",
        (A, B),
        (0, 1),
    ),
    "a root that is a matrix": (
        """
def equation(x, w):
    return x @ x - w
def main(w):
    x = gs.root(equation, np.eye(2), w)
    return np.sum(np.sin(x) * w)
""",
        (A,),
        (0,),
    ),
    "a fixed point": (
        """
def main(a):
    return a * gs.fixed_point(lambda x, a: math.cos(a * x), 1.0, a)
""",
        (0.8,),
        (0,),
    ),
    "a fixed point of an array": (
        """
def layer(x, w, b):
    return np.tanh(0.3 * w @ x + b)
def main(w, b):
    return np.sum(gs.fixed_point(layer, np.zeros(2), w, b) ** 2)
""",
        (A, B),
        (0, 1),
    ),
    "what the equation captures": (
        """
def main(a, b):
    scale = a * b
    def equation(x):
        return x**3 + scale * x - a
    x = gs.root(equation, 0.5)
    return x**2 * b + gs.root(lambda y: y**2 - x * b, 1.0)
""",
        (1.3, 2.1),
        (0, 1),
    ),
    "a method": (
        """
class Spring:
    def __init__(self, k):
        self.k = k
    def force(self, x, load):
        return self.k * x + x**3 - load
def main(k, load):
    spring = Spring(k)
    return gs.root(spring.force, 0.0, load, tolerance=1e-12, max_steps=30) ** 2
""",
        (1.3, 2.1),
        (0, 1),
    ),
    "in a loop": (
        """
def implicit_euler(x, last, h):
    return x - last + h * x**3
def main(x, h, n):
    for _ in range(n):
        x = gs.root(implicit_euler, x, x, h)
    return x**2
""",
        (1.3, 0.2, 4),
        (0, 1),
    ),
    "in a checkpointed loop": (
        """
def implicit_euler(x, last, h):
    return x - last + h * x**3
def main(x, h, n):
    for _ in gs.checkpoint(range(n), 2):
        x = gs.root(implicit_euler, x, x, h)
    return np.sum(x**2)
""",
        (B, 0.2, 4),
        (0, 1),
    ),
    "in a branch": (
        """
def equation(x, a):
    return x**2 - a
def main(a, k):
    x = a
    if k > 0:
        x = gs.root(equation, 1.0, a)
    return x * a
""",
        (1.7, 1),
        (0,),
    ),
    "an equation with a loop in it": (
        """
def equation(x, a, n):
    total = -2.0
    for i in range(n):
        total = total + a * x**i / (i + 1)
    return total
def main(a, n):
    return gs.root(equation, 0.5, a, n) * a
""",
        (1.2, 4),
        (0,),
    ),
    "a root within an equation": (
        """
def inner(y, x, a):
    return y**3 + y - x * a
def outer(x, a):
    return x + gs.root(inner, 0.5, x, a) - 2.0
def main(a):
    return gs.root(outer, 1.0, a) ** 2
""",
        (1.2,),
        (0,),
    ),
    "a search that began with what is differentiated": (
        """
def equation(x, a):
    return x**2 - a
def main(a):
    return gs.root(equation, a, a) + gs.solution(equation, math.sqrt(a), a) * a
""",
        (1.7,),
        (0,),
    ),
    "twice with one equation": (
        """
def equation(x, a):
    return np.exp(x) * x - a
def main(a):
    x = gs.root(equation, 0.5, a)
    return gs.root(equation, 0.5, x * a) * gs.root(equation, x, a)
""",
        (1.7,),
        (0,),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_derivatives_are_those_of_the_solution(name: str) -> None:
    source, args, wrt = PROGRAMS[name]
    check_everything(define(HEAD + source), args, wrt)


def test_they_are_exact_however_the_solution_was_found() -> None:
    main = define(HEAD + """
from scipy.optimize import brentq
def equation(x, a):
    return x**3 - a
def main(a):
    x = brentq(equation, 0.0, 10.0, (a,), 1e-15, 1e-15)
    return gs.solution(equation, float(x), a)
""")
    first = gs.grad(main)
    assert_close(main(8.0), 2.0, rtol=1e-14)
    assert_close(first(8.0), 1 / 12, rtol=1e-14)
    assert_close(gs.grad(first)(8.0), -2 / 9 * 8 ** (-5 / 3), rtol=1e-13)
    assert_close(gs.grad(gs.grad(first))(8.0), 10 / 27 * 8 ** (-8 / 3), rtol=1e-13)
    assert_close(gs.jvp(main)((8.0,), (1.0,))[1], 1 / 12, rtol=1e-14)
    assert_close(quietly(gs.grad(reread(main, (8.0,), 0)), 8.0), gs.grad(first)(8.0), **EXACT)


def test_a_slow_search_has_exact_derivatives() -> None:
    """The derivative of the iteration would converge no faster than the iteration."""
    main = define(HEAD + """
def main(a):
    return gs.fixed_point(lambda x, a: x - 0.01 * (x**2 - a), 1.0, a, tolerance=1e-13)
""")
    gradient = gs.grad(main, mode="reverse")
    assert_close(gradient(2.0), 0.5 / np.sqrt(2), rtol=1e-9)
    assert "_saved" not in gradient.source  # nothing of the search is kept


@pytest.mark.parametrize("name", ["a root of several equations", "a fixed point"])
def test_a_file_stands_alone(name: str, tmp_path: Path) -> None:
    source, args, wrt = PROGRAMS[name]
    check_file(HEAD + source, args, wrt[0], tmp_path)


def test_what_starts_the_search_has_no_derivative() -> None:
    main = define(HEAD + """
def equation(x, a):
    return x**2 - a
def main(x0, a):
    return gs.root(equation, x0, a)
""")
    with pytest.warns(UserWarning, match="gradient is zero"):
        assert gs.grad(main, 0)(1.0, 2.0) == 0.0


def test_single_precision_is_kept() -> None:
    main = define(HEAD + PROGRAMS["a fixed point of an array"][0].replace("np.zeros(2)", "0 * b"))
    w, b = A.astype(np.float32), B.astype(np.float32)
    gradient = gs.grad(main, 1)
    with pytest.raises(RuntimeError, match="no fixed point"):  # to 1e-12, in single precision
        gradient(w * np.float32(np.nan), b)
    exact = gs.grad(main, 1)(A, B)
    assert_close(gradient(w, b), exact.astype(np.float32), rtol=1e-4, atol=1e-4)
    assert gradient(w, b).dtype == np.float32


def test_without_derivatives_they_search() -> None:
    assert_close(gs.root(lambda x, a: x**2 - a, 1, 2.0), np.sqrt(2), rtol=1e-14)
    x = gs.root(lambda x: x @ x - A, np.eye(2))
    assert_close(x @ x, A, rtol=1e-12)
    assert_close(gs.fixed_point(lambda x, a: (x + a / x) / 2, 1.0, 2.0), np.sqrt(2), rtol=1e-12)
    assert gs.solution(lambda x: x, 0.0) == 0.0
    with pytest.raises(RuntimeError, match="no root"):
        gs.root(lambda x: x**2 + 1.0, 0.3)
    with pytest.raises(RuntimeError, match="no fixed point"):
        gs.fixed_point(lambda x: x + 1.0, 0.3)


def test_a_search_that_fails_says_so_in_a_derivative() -> None:
    main = define(HEAD + """
def main(a):
    return gs.root(lambda x, a: x**2 + a, 0.3, a)
""")
    with pytest.raises(RuntimeError, match="no root"):
        gs.grad(main)(1.0)


def test_a_function_of_the_module_that_a_solver_is_given_is_called_by_its_name() -> None:
    source = """
from scipy.optimize import brentq
def equation(x):
    return x**3 - 2.0
def main(a):
    return a * brentq(equation, 0.0, 10.0)
"""
    text = gs.grad(define(source)).source_for(2.0)
    assert "brentq(equation, 0.0, 10.0)" in text
    assert "import text" not in text
