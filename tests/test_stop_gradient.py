"""``stop_gradient``: identity with derivative zero, at every order, for whatever it is given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close
from pipeline import EXACT, define, quietly, reread

X = np.array([0.7, 1.2, 0.4])
HEAD = "from dataclasses import dataclass\nimport numpy as np\nimport gradscribe as gs\n"

# name: (program, arguments, gradient, its gradient)
PROGRAMS: dict[str, tuple[str, tuple[Any, ...], Any, Any]] = {
    "an array": (
        "def main(x): return np.sum(x * gs.stop_gradient(x**2))",
        (X,),
        X**2,
        0 * X,
    ),
    "a number, by keyword": (
        "def main(x): return gs.stop_gradient(x=x) * x**2",
        (1.3,),
        2 * 1.3**2,
        2 * 1.3,
    ),
    "a list": (
        """
def main(x):
    xs = [x, 2 * x]
    return np.sum(gs.stop_gradient(xs)[0] * xs[1] ** 2)
""",
        (X,),
        8 * X**2,
        8 * X,
    ),
    "a tuple": (
        """
def main(x):
    b, c = gs.stop_gradient((x, x * x))
    return x * b * c
""",
        (1.3,),
        1.3**3,
        0.0,
    ),
    "a dict": (
        """
def main(x):
    p = {"a": x, "b": x * x, "name": "p"}
    return p["a"] ** 2 * gs.stop_gradient(p)["b"]
""",
        (1.3,),
        2 * 1.3**3,
        2 * 1.3**2,
    ),
    "an object": (
        """
@dataclass
class P:
    a: float
    b: float
def main(x):
    p = P(x, x * x)
    return p.a**2 * gs.stop_gradient(p).b
""",
        (1.3,),
        2 * 1.3**3,
        2 * 1.3**2,
    ),
    "a view": (
        "def main(x): return np.sum(gs.stop_gradient(x[1:]) * x[:-1])",
        (X,),
        np.array([1.2, 0.4, 0.0]),
        0 * X,
    ),
    "in a loop": (
        """
def main(x, n):
    for _ in range(n):
        x = x * gs.stop_gradient(x)
    return np.sum(x)
""",
        (X, 2),
        X**3,
        0 * X,
    ),
    "in a test and an arm": (
        """
def main(x):
    if gs.stop_gradient(x) > 0:
        return gs.stop_gradient(x) * x
    return x
""",
        (1.3,),
        1.3,
        0.0,
    ),
    "in a checkpoint": (
        """
@gs.checkpoint
def f(x):
    return x**2 * gs.stop_gradient(x)
def main(x):
    return np.sum(f(x))
""",
        (X,),
        2 * X**2,
        2 * X,
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_is_a_constant_at_every_order(name: str) -> None:
    source, args, first, second = PROGRAMS[name]
    main = define(HEAD + source)
    value, got = quietly(gs.value_and_grad(main, mode="reverse"), *args)
    assert_close(value, main(*args), **EXACT)
    assert_close(got, first, **EXACT)
    _, dot = quietly(gs.jvp(main), args, (args[0], *[None] * (len(args) - 1)))
    assert_close(np.sum(dot), np.sum(args[0] * first), **EXACT)
    gradient = gs.grad(main, mode="reverse")
    assert_close(quietly(gs.grad(gradient, mode="reverse"), *args), second, **EXACT)
    text = reread(main, args, 0)
    assert_close(quietly(gs.grad(text, mode="reverse"), *args), second, **EXACT)


def test_what_it_returns_is_what_it_was_given() -> None:
    """In Python it is the same object: a write to one changes the other."""
    for write in ("y[0] = 5.0", "y += 1", "x[0] = 3.0"):
        main = define(HEAD + f"""
def main(x):
    x = x * 1.0
    y = gs.stop_gradient(x)
    {write}
    return np.sum(x * y)
""")
        with pytest.raises(gs.AliasError):
            gs.grad(main)(X)


def test_a_copy_of_it_may_be_written_to() -> None:
    main = define(HEAD + """
def main(x):
    y = gs.stop_gradient(x).copy()
    y[0] = x[1]
    return np.sum(x * y)
""")
    assert_close(gs.grad(main)(X), np.array([1.2, 1.2 + 0.7, 0.4]), **EXACT)
