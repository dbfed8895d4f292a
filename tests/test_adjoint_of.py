"""Blocks in the backward sweep: ``with adjoint_of(x) as x_bar``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close
from pipeline import EXACT, SECOND, define, printed, quietly, reread, without_gradscribe

X = np.array([0.7, 1.2, 0.4])

HEAD = "import numpy as np\nimport gradscribe as gs\n"

# name: (program, the gradient of main as a program, arguments)
PROGRAMS: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "clipped in place": (
        """
def main(x, k):
    y = x**2
    with gs.adjoint_of(y) as y_bar:
        np.clip(y_bar, -k, k, out=y_bar)
    return np.sum(y * np.arange(3.0))
""",
        "def wanted(x, k): return np.clip(np.arange(3.0), -k, k) * 2 * x",
        (X, 1.5),
    ),
    "another value": (
        """
def main(x, k):
    y = np.sin(x)
    with gs.adjoint_of(y) as y_bar:
        y_bar = y_bar * y * k
    return np.sum(y**2)
""",
        "def wanted(x, k): return 2 * np.sin(x) * np.sin(x) * k * np.cos(x)",
        (X, 1.5),
    ),
    "one number for all": (
        """
def main(x, k):
    y = np.sin(x)
    with gs.adjoint_of(y) as y_bar:
        if np.sum(y_bar) > 0:
            y_bar = k
    return np.sum(y**2)
""",
        "def wanted(x, k): return k * np.cos(x)",
        (X, 1.5),
    ),
    "of attributes": (
        """
class Model:
    def __init__(self, w, scale):
        self.w = w
        self.scale = scale
    def loss(self, x):
        with gs.adjoint_of(self.scale) as scale_bar:
            scale_bar = 2 * scale_bar
        with gs.adjoint_of(self.w) as w_bar:
            w_bar *= 3.0
        return np.sum(self.w * x) * self.scale
def main(x, k):
    return Model(x**2, k * np.sum(x)).loss(np.arange(3.0))
""",
        "def wanted(x, k): return 6 * x * np.arange(3.0) * k * np.sum(x)"
        " + 2 * k * np.sum(x**2 * np.arange(3.0))",
        (X, 1.5),
    ),
    "of entries": (
        """
def main(x, k):
    p = {"a": x * 2, "b": np.sum(x)}
    q = (x * k, 3.0)
    with gs.adjoint_of(p["a"]) as a_bar:
        a_bar = 2 * a_bar
    with gs.adjoint_of(p["b"]) as b_bar:
        b_bar = 5.0
    with gs.adjoint_of(q[0]) as q_bar:
        q_bar = q_bar + 1.0
    return np.sum(p["a"] * q[0]) * p["b"]
""",
        "def wanted(x, k): return 4 * k * x * np.sum(x) + 5.0 + (2 * x * np.sum(x) + 1) * k",
        (X, 1.5),
    ),
    "of a number that a tuple holds too": (
        """
def main(x, k):
    s = np.sum(x)
    p = (s, s * k)
    with gs.adjoint_of(s) as s_bar:
        s_bar = 2 * s_bar
    return p[0] * s
""",
        "def wanted(x, k): return 4 * np.sum(x) * np.ones(3)",
        (X, 1.5),
    ),
    "of a parameter": (
        """
def main(x, k):
    with gs.adjoint_of(x) as x_bar:
        x_bar *= x
        x_bar[0] = k
    return np.sum(x**2)
""",
        """
def wanted(x, k):
    g = 2 * x**2
    g[0] = k
    return g
""",
        (X, 1.5),
    ),
    "of a number": (
        """
def main(x, k):
    with gs.adjoint_of(x) as x_bar:
        x_bar = x_bar / abs(x_bar) * k
    return -x**3
""",
        "def wanted(x, k): return -k + 0 * x",
        (1.2, 1.5),
    ),
    "in a loop, reading what is overwritten": (
        """
def main(x, n):
    for i in range(n):
        scale = np.sum(x)
        x = np.sin(x)
        with gs.adjoint_of(x) as x_bar:
            x_bar = x_bar * scale + i
    return np.sum(x)
""",
        """
def wanted(x, n):
    xs = [x]
    for i in range(n):
        xs.append(np.sin(xs[-1]))
    g = np.ones_like(x)
    for i in reversed(range(n)):
        g = (g * np.sum(xs[i]) + i) * np.cos(xs[i])
    return g
""",
        (X, 3),
    ),
    "in a loop that does not run": (
        """
def main(x, n):
    for i in range(n):
        with gs.adjoint_of(x) as x_bar:
            x_bar = x_bar * 0
    return np.sum(x**2)
""",
        "def wanted(x, n): return 2 * x",
        (X, 0),
    ),
    "of an array that is written to": (
        """
def main(x, n):
    y = np.zeros_like(x)
    for i in range(n):
        y[i] = x[i] ** 2
        with gs.adjoint_of(y) as y_bar:
            y_bar *= 2
        y[0] = y[0] * x[1]
    return np.sum(y)
""",
        """
def wanted(x, n):
    y, kept = np.zeros_like(x), []
    for i in range(n):
        y[i] = x[i] ** 2
        kept.append(y[0])
        y[0] = y[0] * x[1]
    g, b = np.zeros_like(x), np.ones_like(x)
    for i in reversed(range(n)):
        g[1] += b[0] * kept[i]
        b[0] = b[0] * x[1]
        b = b * 2
        g[i] += 2 * x[i] * b[i]
        b[i] = 0.0
    return g
""",
        (X, 3),
    ),
    "in one arm of a branch": (
        """
def main(x, k):
    y = x * 2
    if k > 0:
        with gs.adjoint_of(y) as y_bar:
            y_bar = -y_bar
    else:
        y = y + 1
    return np.sum(y**2)
""",
        "def wanted(x, k): return -8 * x if k > 0 else 8 * x + 4",
        (X, 1),
    ),
    "twice": (
        """
def main(x, k):
    y = x**2
    with gs.adjoint_of(y) as b:
        b = b + k
    with gs.adjoint_of(y) as b:
        b = b * k
    return np.sum(y)
""",
        "def wanted(x, k): return (k + k) * 2 * x",
        (X, 1.5),
    ),
    "in a function called, and under another name": (
        """
def scaled(y, k):
    with gs.adjoint_of(y) as g:
        g = g * k
    return np.sin(y)
def main(x, k):
    y = x * 2
    z = y
    return np.sum(scaled(z, k) + scaled(np.cos(x), k))
""",
        "def wanted(x, k): return k * 2 * np.cos(2 * x) - k * np.cos(np.cos(x)) * np.sin(x)",
        (X, 1.5),
    ),
    "in a recursive function": (
        """
def power(x, n, k):
    with gs.adjoint_of(x) as x_bar:
        x_bar = x_bar * k
    if n == 0:
        return 1.0
    return x * power(x, n - 1, k)
def main(x, k):
    return power(x, 2, k)
""",
        "def wanted(x, k): return k * x + k * k * x",
        (1.3, 1.5),
    ),
    "in a checkpoint": (
        """
@gs.checkpoint
def layer(x, k):
    y = np.sin(x)
    with gs.adjoint_of(y) as y_bar:
        y_bar = y_bar * k
    return y * x
def main(x, k):
    return np.sum(layer(x, k))
""",
        "def wanted(x, k): return np.sin(x) + x * k * np.cos(x)",
        (X, 1.5),
    ),
    "in a try statement": (
        """
def main(x, k):
    try:
        y = np.sin(x)
        with gs.adjoint_of(y) as y_bar:
            y_bar = y_bar * k
    except ValueError:
        y = x
    return np.sum(y)
""",
        "def wanted(x, k): return k * np.cos(x)",
        (X, 1.5),
    ),
    "an exception": (
        """
def main(x, k):
    y = np.sin(x)
    with gs.adjoint_of(y) as y_bar:
        if np.max(np.abs(y_bar)) > 1e6:
            raise ValueError("too steep")
    return np.sum(y * k)
""",
        "def wanted(x, k): return k * np.cos(x)",
        (X, 1.5),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_block_is_part_of_the_gradient(name: str) -> None:
    source, expected, args = PROGRAMS[name]
    main = define(HEAD + source)
    wanted = define(HEAD + expected, "wanted", "wanted")
    quietly(main, *args)
    for make in (gs.grad, lambda f: gs.grad(f, mode="reverse"), _pulled):
        assert_close(quietly(make(main), *args), wanted(*args), **EXACT)
    _, got = quietly(gs.value_and_grad(main), *args)
    assert_close(got, wanted(*args), **EXACT)


def _pulled(function: Any) -> Any:
    def run(*args: Any) -> Any:
        value, pullback = gs.vjp(function, 0)(*args)
        assert_close(pullback(np.ones_like(value)[()]), pullback(np.ones_like(value)[()]))
        return pullback(np.ones_like(value)[()])

    return run


@pytest.mark.parametrize("name", PROGRAMS)
def test_second_derivatives_are_those_of_what_the_gradient_computes(name: str) -> None:
    source, expected, args = PROGRAMS[name]
    main = define(HEAD + source)
    wanted = define(HEAD + expected, "wanted", "wanted")
    gradient = gs.grad(main, mode="reverse")
    second = quietly(gs.grad(gradient, mode="reverse"), *args)
    exact = quietly(gs.grad(wanted, mode="reverse"), *args)
    assert_close(second, exact, **EXACT)
    text = reread(main, args, 0)
    assert_close(quietly(text, *args), wanted(*args), **EXACT)
    assert_close(quietly(gs.grad(text, mode="reverse"), *args), exact, **EXACT)
    _, dot = quietly(gs.jvp(gradient), args, (args[0], *[None] * (len(args) - 1)))
    assert_close(np.sum(dot), np.sum(args[0] * exact), **EXACT)


def test_what_it_prints_is_printed_once_by_the_gradient() -> None:
    main = define(HEAD + """
def main(x):
    y = x**2
    with gs.adjoint_of(y) as y_bar:
        print("adjoint", y_bar, "of", y)
    return 3.0 * y
""")
    assert printed(gs.grad(main), 2.0) == "adjoint 3.0 of 4.0\n"
    assert printed(main, 2.0) == ""
    _, pullback = gs.vjp(main)(2.0)
    assert printed(pullback, 1.0) == "adjoint 3.0 of 4.0\n"


def test_a_breakpoint_stops_in_the_backward_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = []
    monkeypatch.setattr("sys.breakpointhook", lambda: stopped.append(True))
    main = define(HEAD + """
def main(x):
    y = x**2
    with gs.adjoint_of(y):
        breakpoint()
    return 3.0 * y
""")
    gradient = gs.grad(main)
    assert gradient(2.0) == 12.0
    assert len(stopped) == 1
    assert "    breakpoint()\n" in gradient.source


def test_without_an_adjoint_the_block_is_not_run() -> None:
    main = define(HEAD + """
def main(x, c):
    y = c**2
    with gs.adjoint_of(y) as y_bar:
        print("of what is not differentiated")
    z = x * 2
    with gs.adjoint_of(z) as z_bar:
        print("of what the result does not depend on")
    k = 3.0
    with gs.adjoint_of(k) as k_bar:
        print("of a constant")
    return x * y * k
""")
    assert printed(gs.grad(main), 2.0, 3.0) == ""
    assert quietly(gs.jvp(main), (2.0, 3.0), (1.0, None))[1] == 27.0


def test_an_exception_of_the_block_is_raised() -> None:
    main = define(HEAD + PROGRAMS["an exception"][0])
    with pytest.raises(ValueError, match="too steep"):
        gs.grad(main)(X, 1e7)


def test_a_file_has_the_block_and_no_gradscribe(tmp_path: Path) -> None:
    from gradscribe import files

    source, expected, args = PROGRAMS["clipped in place"]
    (tmp_path / "clipped.py").write_text(HEAD + source)
    file = files.compose(
        files.find(tmp_path / "clipped.py", "main"), files.Wish(example="np.ones(3), 1.0")
    )
    with without_gradscribe():
        alone: dict[str, Any] = {"__name__": "alone"}
        exec(file.text, alone)
    wanted = define(HEAD + expected, "wanted", "wanted")
    assert_close(alone["main_grad"](*args), wanted(*args), **EXACT)
    assert "np.clip(" in file.text


def test_hessians_by_differences_of_the_gradient() -> None:
    main = define(HEAD + PROGRAMS["another value"][0])
    wanted = define(HEAD + PROGRAMS["another value"][1], "wanted", "wanted")
    second = gs.grad(gs.grad(main))(X, 1.5)
    assert_close(second, _slopes(wanted, X, 1.5), **SECOND)


def _slopes(function: Any, x: Any, k: Any, h: float = 1e-6) -> Any:
    steps = np.eye(len(x)) * h
    return np.array([np.sum(function(x + d, k) - function(x - d, k)) / (2 * h) for d in steps])


def test_jacobians_and_hessians_go_through_it() -> None:
    main = define(HEAD + """
def main(x):
    y = x**2
    with gs.adjoint_of(y) as y_bar:
        y_bar *= 2
    return y * x, np.sum(y)
""")
    rows, total = gs.jacobian(main)(X)
    assert_close(rows, np.diag(5 * X**2), **EXACT)
    assert_close(total, 4 * X, **EXACT)
    scalar = define(HEAD + """
def main(x):
    y = x**2
    with gs.adjoint_of(y) as y_bar:
        y_bar *= 2
    return np.sum(y * x)
""")
    assert_close(gs.hessian(scalar)(X), np.diag(10 * X), **EXACT)
    for forward in (
        lambda: gs.jacobian(scalar, mode="forward")(X),
        lambda: gs.linearize(scalar)(X),
    ):
        with pytest.raises(gs.UnsupportedError, match="forward mode has no adjoints"):
            forward()


# ---------------------------------------------------------------------------- without derivatives


def test_the_function_itself_skips_the_block() -> None:
    ran = []

    def function(x: float) -> float:
        with gs.adjoint_of(x) as x_bar:
            ran.append(x_bar / 0)
            raise AssertionError
        with gs.adjoint_of(x): ran.append(x)  # fmt: skip  # noqa: E701
        for _ in range(2):
            with gs.adjoint_of(x) as x_bar:
                ran.append(x_bar)
        try:
            with gs.adjoint_of(x):
                raise AssertionError
        finally:
            x = x + 1
        return x

    assert function(1.0) == 2.0
    assert ran == []


def test_tracing_goes_on_after_the_block() -> None:
    lines: list[int] = []

    def trace(frame: Any, event: str, argument: Any) -> Any:
        if event == "line" and frame.f_code is function.__code__:
            lines.append(frame.f_lineno - frame.f_code.co_firstlineno)
        return trace

    def function(x: float) -> float:
        y = x + 1
        with gs.adjoint_of(y) as y_bar:
            print(y_bar)
        y = y + 1
        return y

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        assert function(1.0) == 3.0
    finally:
        sys.settrace(before)
    assert lines[:2] == [1, 2]
    assert lines[-2:] == [4, 5]
    assert 3 not in lines


def test_an_attribute_of_an_argument_is_not_changed_by_a_block_for_its_adjoint() -> None:
    class Model:
        def __init__(self, w: Any, k: float) -> None:
            self.w, self.k = w, k

    def f(model, x):
        with gs.adjoint_of(model.k) as k_bar:
            k_bar *= 2  # noqa: PLW2901 (that is what the block is for)
        with gs.adjoint_of(model.w) as w_bar:
            w_bar *= 3  # noqa: PLW2901
        return np.sum(model.w * x) * model.k**2

    k_bar, w_bar = gs.grad(f, ("model.k", "model.w"))(Model(X, 3.0), X)  # they share memory
    assert_close((k_bar, w_bar), (12 * np.sum(X * X), 27 * X))
