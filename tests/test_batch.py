"""Forward Jacobians in one sweep: operations on stacks of directions, and when it is a loop."""

from __future__ import annotations

import ast
import warnings
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close
from pipeline import define

X = np.array([0.3, 0.5, 0.9, 1.4])
W = np.array([[0.4, 0.3, 0.1, 0.7], [0.3, 1.5, 0.2, 0.5], [0.9, 0.1, 0.8, 0.6]])
S = W[:, :3] @ W[:, :3].T + np.eye(3)
VALUES: dict[str, Any] = {"x": X, "w": W, "s": S, "a": 1.3, "n": 3, "i": np.array([2, 0, 2])}
EXACT = {"rtol": 1e-11, "atol": 1e-12, "check_dtype": False}

# By what is differentiated first: programs whose forward Jacobian is one sweep.
ONE_SWEEP = {
    "elementwise": ("x, a", "np.sin(x) * a + x / (1 + x**2)"),
    "a number spread over an array": ("x", "np.sum(x) * x"),
    "a number that is taken": ("x", "x[1] * x"),
    "a row against a table": ("x, w", "w * x"),
    "a number against a table": ("x, w", "x[2] * w"),
    "sums of all": ("x", "np.sum(x**2)"),
    "sums along an axis": ("w", "np.sum(w**2, axis=0)"),
    "sums that keep axes": ("w", "w / np.sum(w, axis=1, keepdims=True)"),
    "means": ("w", "np.mean(w**2, axis=-1) * np.mean(w)"),
    "cumulative sums": ("x", "np.cumsum(x) * x"),
    "a vector by a vector": ("x", "(x @ x) * x"),
    "a matrix by a vector": ("x, w", "np.tanh(w @ x)"),
    "a vector by a matrix": ("x, w", "x[:3] @ w"),
    "a matrix by a fixed vector": ("w, x", "np.tanh(w @ x)"),
    "a matrix by a matrix": ("w", "w @ w.T"),
    "dot": ("x, w", "np.dot(w, x)"),
    "outer": ("x", "np.outer(x, x**2)"),
    "slices": ("x", "x[1:] * x[:-1] + x[::2][0]"),
    "entries of tables": ("w", "w[1] * w[:, 2][0] + w[0, 1]"),
    "fancy indices": ("x, i", "x[i] * x[i][::-1]"),
    "rows by index": ("w, i", "w[i]**2"),
    "masks": ("x", "np.where(x > 0.6, x**2, 3 * x)"),
    "reshaping": ("w", "np.reshape(w**2, (2, 6))[0]"),
    "flattening": ("w", "w.ravel()**2"),
    "transposing": ("w", "(w.T * w.T[0]).T"),
    "new axes": ("x", "x[:, None] * x"),
    "flipping": ("x", "np.flip(x) * x"),
    "rolling": ("x", "np.roll(x, 1) * x"),
    "stacking": ("x", "np.stack((x, x**2), axis=1)"),
    "joining": ("x", "np.concatenate((x, x**2, np.ones(2)))"),
    "an array of entries": ("x", "np.array([x[0] * x[1], x[2], 1.0])"),
    "solving": ("x, s", "np.linalg.solve(s, x[:3]**2)"),
    "an inverse": ("s", "np.linalg.inv(s)"),
    "extremes": ("x", "np.maximum(x, 0.6)**2"),
    "norms": ("x", "x / np.linalg.norm(x)"),
}

BLOCKS = {
    "loops": """
        def main(x, n):
            y = x
            for k in range(n):
                y = np.sin(y) * x + k
            return y
    """,
    "loops that write": """
        def main(x, n):
            y = np.zeros(4)
            y[0] = x[0] ** 2
            for k in range(1, 4):
                y[k] = y[k - 1] * x[k] + np.sum(x)
            return y
    """,
    "loops over entries": """
        def main(x):
            total = 0.0
            for v in x:
                total = total * v + np.sin(v)
            return total * x
    """,
    "loops over rows": """
        def main(w):
            total = np.zeros(4)
            for row in w:
                total = total * row + np.sin(row)
            return total
    """,
    "lists": """
        def main(x):
            values = []
            for v in x:
                values.append(v * v)
            return np.array(values) * values[0]
    """,
    "branches": """
        def main(x, a):
            if a > 1:
                y = x * x[0]
            else:
                y = np.ones(4)
            return y * x
    """,
    "branches of which one is constant": """
        def main(x, n):
            y = np.ones(4)
            for k in range(n):
                if k > 0:
                    y = y * x
            return y
    """,
    "whiles": """
        def main(x):
            while x[0] < 10:
                x = x * 2 + x[::-1] ** 2
            return x
    """,
    "nested loops": """
        def main(x):
            y = x.copy()
            for i in range(4):
                for j in range(i):
                    y[i] -= y[j] * x[i]
                y[i] = np.sin(y[i])
            return y
    """,
    "several values": """
        def main(x):
            s = np.sum(x)
            return s * s, {"line": s * x, "name": "x"}
    """,
}


def cases() -> list[Any]:
    found = [
        pytest.param(f"def main({args}):\n    return {body}\n", id=name)
        for name, (args, body) in ONE_SWEEP.items()
    ]
    return [*found, *(pytest.param(text, id=name) for name, text in BLOCKS.items())]


def function_of(text: str) -> tuple[Any, tuple[Any, ...]]:
    from textwrap import dedent

    main = define("import numpy as np\n\n" + dedent(text).lstrip("\n"))
    names = main.__code__.co_varnames[: main.__code__.co_argcount]
    return main, tuple(VALUES[name] for name in names)


def by_differences(function: Any, args: tuple[Any, ...]) -> np.ndarray:
    x, columns = args[0], []
    for k in range(x.size):
        step = np.zeros(x.size)
        step[k] = 1e-5
        step = step.reshape(x.shape)
        ends = [np.asarray(function(x + t * step, *args[1:])) for t in (-2, -1, 1, 2)]
        columns.append((ends[0] - 8 * ends[1] + 8 * ends[2] - ends[3]) / 12e-5)
    return np.stack(columns, axis=-1).reshape(columns[0].shape + x.shape)


@pytest.mark.parametrize("text", cases())
def test_all_directions_go_through_one_sweep(text: str) -> None:
    function, args = function_of(text)
    forward = gs.jacfwd(function)
    got = forward(*args)
    assert "np.stack(columns" not in forward.source_for(*args)
    backward = gs.jacrev(function)(*args)
    assert_close(got, backward, **EXACT)
    if not isinstance(got, tuple):
        assert_close(got, by_differences(function, args), rtol=1e-8, atol=1e-8, check_dtype=False)
    assert_close(forward(*args), got, rtol=0, atol=0)


@pytest.mark.parametrize("text", cases())
def test_hessians_of_the_sums_are_those_of_reverse_mode(text: str) -> None:
    function, args = function_of(text)
    if "several" in text or '"line"' in text:
        return
    gradient = gs.grad(function, mode="reverse")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not depend")
        got = gs.hessian(function)(*args)
        expected = gs.jacrev(gradient)(*args)
    assert_close(got, expected, rtol=1e-9, atol=1e-9, check_dtype=False)


LOOPS = {
    "det": ("s", "np.linalg.det(s) * s"),
    "einsum": ("w", "np.einsum('ij,kj->ik', w, w)"),
    "sorted": ("x", "np.sort(x) * x"),
}


@pytest.mark.parametrize("name", LOOPS)
def test_what_does_not_go_through_at_once_is_a_loop(name: str) -> None:
    args, body = LOOPS[name]
    function, values = function_of(f"def main({args}):\n    return {body}\n")
    expected = by_differences(function, values)
    got = gs.jacfwd(function)(*values)
    assert_close(got, expected, rtol=1e-8, atol=1e-8, check_dtype=False)
    assert_close(gs.jacrev(function)(*values), got, **EXACT)


def test_the_text_of_a_sweep_is_what_one_would_write() -> None:
    function, args = function_of("def main(x, w):\n    return np.tanh(w @ x)\n")
    text = ast.unparse(ast.parse(gs.jacfwd(function).source_for(*args)))
    assert "t_dot = np.eye(x.size) @ w.T" in text
    assert "return ((1 - np.tanh(w @ x) ** 2) * t_dot).T" in text


def test_single_precision_stays_in_a_stack() -> None:
    function, args = function_of(ONE_SWEEP_TEXT)
    single = tuple(np.asarray(a, np.float32) if isinstance(a, np.ndarray) else a for a in args)
    assert gs.jacfwd(function)(*single).dtype == np.float32


ONE_SWEEP_TEXT = "def main(x, w):\n    return np.tanh(w @ x) * np.sum(x)\n"


def test_values_returned_from_a_loop_or_after_it() -> None:
    def f(u, m):
        for _ in range(2):
            if np.sum(u) >= 0.1:
                return abs(m) + np.sum(u), np.sum(m)
        return np.outer(u, u), -np.sum(m)

    u = np.array([1.3, -0.6])
    for point in (u, -u):
        for wrt in (0, 1):
            expected = gs.jacrev(f, wrt)(point, W[:2, :2])
            assert_close(gs.jacfwd(f, wrt)(point, W[:2, :2]), expected, **EXACT)


# ---------------------------------------------------------------------------- many tangents at once


def program_of(name: str) -> tuple[Any, tuple[Any, ...]]:
    if name in BLOCKS:
        return function_of(BLOCKS[name])
    args, body = {**ONE_SWEEP, **LOOPS}[name]
    return function_of(f"def main({args}):\n    return {body}\n")


@pytest.mark.parametrize("name", [*ONE_SWEEP, *LOOPS, *BLOCKS])
def test_many_tangents_are_each_its_own(name: str) -> None:
    function, args = program_of(name)
    rng = np.random.default_rng(5)
    many = gs.jvp(function, batched=True)
    for count in (3, 1):
        dots = rng.normal(size=(count, *args[0].shape))
        rest = (None,) * (len(args) - 1)
        value, tangents = many(args, (dots, *rest))
        for k in range(count):
            expected = gs.jvp(function)(args, (dots[k], *rest))
            if isinstance(value, tuple):
                found = tangents[0][k], tangents[1]["line"][k]
                assert_close(found, (expected[1][0], expected[1][1]["line"]), **EXACT)
            else:
                assert_close((value, tangents[k]), expected, **EXACT)


def test_many_tangents_of_several_arguments_with_an_auxiliary_part() -> None:
    def scaled(x, a):
        return x * a, np.sum(x)

    dots, rates = np.ones((2, 4)), np.array([1.0, -1.0])
    value, tangents, aux = gs.jvp(scaled, batched=True, has_aux=True)((X, 2.0), (dots, rates))
    assert_close((value, aux), (2 * X, np.sum(X)), **EXACT)
    assert_close(tangents, 2 * dots + rates[:, None] * X, **EXACT)


def test_many_tangents_within_a_function_are_differentiated() -> None:
    directions = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 1.0]])

    def f(x, directions):
        return np.sum(gs.jvp(lambda y: y * y * np.sum(x), batched=True)((x,), (directions,))[1])

    def plain(x, directions):
        return np.sum(2 * x * directions * np.sum(x))

    assert_close(gs.grad(f)(X, directions), gs.grad(plain)(X, directions), **EXACT)
    second = gs.grad(gs.grad(plain))(X, directions)
    assert_close(gs.grad(gs.grad(f))(X, directions), second, **EXACT)


def test_tangents_without_an_axis_for_directions_are_refused() -> None:
    many = gs.jvp(lambda x, a: x * a, batched=True)
    for dots in ((X, None), (None, 1.0), (np.ones((2, 3)), None)):
        with pytest.raises(gs.ArgumentError, match="not one axis before"):
            many((X, 2.0), dots)
