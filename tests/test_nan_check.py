"""NaN blame: with ``nan_check`` a derivative names the line where a NaN first comes up."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from gradscribe import cli
from oracles import assert_close
from pipeline import EXACT, define, quietly, without_gradscribe

X = np.array([1.2, 0.7, 1.9])


def blamed(call: Any, *args: Any) -> str:
    """What a call is refused with, without the number of the text it is about."""
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError) as caught:
        quietly(call, *args)
    return re.sub(r"<text \d+>", "model.py", str(caught.value))


PROGRAM = """
import numpy as np

def half(x):
    return np.sqrt(x) / 2

def main(x, n):
    total = 0.0
    for i in range(n):
        r = half(x - i)
        total = total + np.sum(r * x)
    scaled = np.log(total)
    return scaled
"""


def test_a_value_is_blamed_on_its_line() -> None:
    main = define(PROGRAM)
    gradient = gs.grad(main, nan_check=True)
    assert_close(gradient(X, 1), gs.grad(main)(X, 1), **EXACT)
    assert blamed(gradient, X, 2) == "model.py:5: NaN in np.sqrt(x) / 2"
    assert blamed(gradient, X, 0) == "model.py:12: infinity in scaled = np.log(total)"
    assert blamed(gradient, X * np.nan, 1) == "model.py:7: NaN in the argument x"


def test_an_adjoint_is_blamed_on_its_line() -> None:
    main = define(PROGRAM)
    x = np.array([0.0, 1.0])
    expected = "model.py:5: NaN in the derivative of np.sqrt(x)"
    assert blamed(gs.grad(main, nan_check=True), x, 1) == expected
    assert blamed(gs.value_and_grad(main, nan_check=True), x, 1) == expected
    value, pullback = gs.vjp(main, 0, nan_check=True)(x, 1)
    assert value == main(x, 1)
    assert blamed(pullback, 1.0) == expected


def test_an_adjoint_of_a_variable_is_named() -> None:
    main = define("""
def main(x):
    y = x * 1e200
    return y**2 * 1e-100 * y
""")
    text = blamed(gs.grad(main, nan_check=True), np.array([1e10]))
    assert text == "model.py:4: infinity in y**2 * 1e-100 * y"
    main = define("""
import numpy as np
def main(x):
    y = x * 3.0
    return np.sqrt(y)
""")
    text = blamed(gs.grad(main, nan_check=True), np.zeros(2))
    assert text == "model.py:5: infinity in the adjoint of y, from: return np.sqrt(y)"


def test_a_tangent_is_blamed_on_its_line() -> None:
    main = define(PROGRAM)
    tangent = gs.jvp(main, nan_check=True)
    text = blamed(tangent, (np.array([0.0, 1.0]), 1), (np.ones(2), None))
    assert text == "model.py:5: infinity in the tangent of r, from: return np.sqrt(x) / 2"
    assert_close(tangent((X, 1), (X, None)), gs.jvp(main)((X, 1), (X, None)), **EXACT)


def test_a_value_that_no_derivative_reads_is_checked() -> None:
    main = define("import numpy as np\ndef main(x):\n    return np.log(x)\n")
    assert blamed(gs.grad(main, nan_check=True), -1.0) == "model.py:3: NaN in np.log(x)"


def test_what_a_mask_leaves_out_is_not_blamed() -> None:
    main = define("""
import numpy as np
def main(x):
    return np.sum(np.where(x > 0, np.log(x), 0.0))
""")
    x = np.array([-1.0, 2.0])
    with np.errstate(all="ignore"):
        got = gs.grad(main, nan_check=True)(x)
    assert_close(got, gs.grad(main)(x), **EXACT)


def test_infinities_that_the_program_writes_are_not_blamed() -> None:
    main = define("""
import numpy as np
def main(x):
    best = np.inf
    masked = np.where(x > 1, x, -np.inf)
    for v in x:
        if v < best:
            best = v
    return best * np.max(masked)
""")
    assert_close(gs.grad(main, nan_check=True)(X), gs.grad(main)(X), **EXACT)


def test_recursion_is_followed() -> None:
    main = define("""
def power(x, n):
    if n == 0:
        return 1.0
    return x * power(x, n - 1)

def main(x, n):
    return power(x, n)
""")
    assert_close(gs.grad(main, nan_check=True)(1.5, 3), 3 * 1.5**2, **EXACT)
    assert blamed(gs.grad(main, nan_check=True), 1e200, 3) == (
        "model.py:5: infinity in x * power(x, n - 1)"
    )
    gs.grad(main)(1.5, 3)  # its own functions have no checks
    assert "check_finite" not in gs.grad(main).source


def test_second_derivatives_are_checked() -> None:
    main = define("import numpy as np\ndef main(x):\n    return np.sum(x**1.5)\n")
    x = np.array([0.0, 4.0])
    for twice in (
        gs.grad(gs.grad(main), nan_check=True),
        gs.grad(gs.grad(main, nan_check=True), nan_check=True),
    ):
        assert blamed(twice, x).startswith("model.py:3: infinity in the ")
        assert_close(twice(X), gs.grad(gs.grad(main))(X), **EXACT)
    assert_close(gs.grad(gs.grad(main, nan_check=True))(X), gs.grad(gs.grad(main))(X), **EXACT)


def test_a_checked_text_can_be_read_again() -> None:
    main = define(PROGRAM)
    gradient = gs.grad(main, nan_check=True)
    gradient(X, 1)
    again = define(gradient.source, "main_checked_grad", "checked", np=np)
    assert_close(gs.grad(again)(X, 1), gs.grad(gs.grad(main))(X, 1), **EXACT)
    assert "check_finite(" in gs.grad(again).source


def test_arguments_that_are_written_to_and_structures() -> None:
    main = define("""
import numpy as np
def main(p, u):
    u[1:] = np.sqrt(u[:-1] - p["a"])
    return p["b"] * np.sum(u)
""")
    p, u = {"a": 0.1, "b": 2.0}, X.copy()
    assert_close(gs.grad(main, nan_check=True)(p, u), gs.grad(main)(p, u), **EXACT)
    assert blamed(gs.grad(main, nan_check=True), {"a": 5.0, "b": 2.0}, u) == (
        'model.py:4: NaN in np.sqrt(u[:-1] - p["a"])'
    )
    assert_close(u, X)


def test_it_is_pickled_with_its_checks() -> None:
    gradient = gs.grad(half, nan_check=True)
    again = pickle.loads(pickle.dumps(gradient))
    assert "infinity" in blamed(again, np.zeros(2))


def half(x: Any) -> Any:
    return x**0.5


def test_the_command_writes_checks(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(PROGRAM)
    words = [f"{tmp_path / 'model.py'}:main", "--nan-check", "--example", "np.ones(3), 2"]
    assert cli.main(["write", *words]) == 0
    text = (tmp_path / "main_checked_grad.py").read_text()
    assert "--nan-check" in text
    assert str(tmp_path) not in text.replace(text.splitlines()[0], "").split("Regenerate")[0]
    with without_gradscribe():
        alone: dict[str, Any] = {}
        exec(text, alone)
    assert blamed(alone["main_checked_grad"], X, 2) == "model.py:5: NaN in np.sqrt(x) / 2"
    assert cli.main(["write", *words, "--check"]) == 0
