"""Checkpoints: what is computed again instead of kept, and that nothing else changes."""

from __future__ import annotations

import functools
import math
import pickle
import re
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from gradscribe.ir.special import snapshots_in
from oracles import assert_close
from pipeline import (
    EXACT,
    check_everything,
    check_file,
    define,
    quietly,
    reread,
)

X = np.array([0.7, 1.2, 0.4])
W = np.array([[0.3, -0.2, 0.5], [0.1, 0.9, -0.4], [0.7, 0.2, 0.6]])

HEAD = "from dataclasses import dataclass\nimport numpy as np\nimport gradscribe as gs\n"

STEPS = """
@gs.checkpoint
def step(x, i):
    return x + 0.1 * np.sin(x * (i + 1))
def main(x, n):
    for i in range(n):
        x = step(x, i)
    return np.sum(x**2)
"""

# name: (source, arguments, wrt)
FUNCTIONS: dict[str, tuple[str, tuple[Any, ...], tuple[int, ...]]] = {
    "where it is called": (
        """
def layer(w, x):
    h = np.tanh(w @ x)
    return h * np.tanh(w @ h)
def main(w, x):
    y = gs.checkpoint(layer)(w, x)
    return np.sum(gs.checkpoint(layer)(w, y) * y)
""",
        (W, X),
        (0, 1),
    ),
    "a decorator": (
        """
@gs.checkpoint
def layer(x, k=2.0, *, shift=0.5):
    return np.sin(k * x) * x + shift
def main(x):
    return np.sum(layer(x) * layer(x, 3.0, shift=x))
""",
        (X,),
        (0,),
    ),
    "in a loop": (
        STEPS,
        (X, 3),
        (0,),
    ),
    "in a loop that does not run": (
        STEPS,
        (X, 0),
        (0,),
    ),
    "in a while loop with a break": (
        """
@gs.checkpoint
def step(x):
    return 0.5 * (x + 2 / x)
def main(x):
    while True:
        y = step(x)
        if abs(y - x) < 1e-3:
            break
        x = y
    return x * y
""",
        (1.7,),
        (0,),
    ),
    "in a branch": (
        """
@gs.checkpoint
def f(x):
    return np.exp(np.sin(x)) * x
def main(x, k):
    y = x
    if k > 0:
        y = f(x)
    else:
        y = x**2
    return np.sum(y * f(y))
""",
        (X, 1),
        (0,),
    ),
    "with loops and branches in it": (
        """
@gs.checkpoint
def f(x, n):
    total = 0.0
    for i in range(n):
        if i % 2:
            continue
        x = np.sin(x) * x
        total = total + np.sum(x)
    return total, x
def main(x, n):
    total, y = f(x, n)
    return total * np.sum(y)
""",
        (X, 4),
        (0,),
    ),
    "a nested function with captured variables": (
        """
def main(w, x):
    scale = np.sum(w)
    @gs.checkpoint
    def f(y):
        return np.sin(y * scale) * scale
    return np.sum(f(x) * f(f(x)))
""",
        (W, X),
        (0, 1),
    ),
    "a lambda": (
        """
def main(x):
    f = gs.checkpoint(lambda y: np.exp(y * x) * y)
    return np.sum(f(x) + f(x**2))
""",
        (X,),
        (0,),
    ),
    "a method": (
        """
@dataclass
class Layer:
    w: object
    def of(self, x):
        return np.tanh(self.w @ x)
    @gs.checkpoint
    def marked(self, x):
        return np.tanh(self.w @ x) * x
def main(w, x):
    layer = Layer(w)
    return np.sum(gs.checkpoint(layer.of)(x) * layer.marked(x))
""",
        (W, X),
        (0, 1),
    ),
    "a callable object": (
        """
@dataclass
class Layer:
    w: object
    def __call__(self, x):
        return np.tanh(self.w @ x) * x
def main(w, x):
    return np.sum(gs.checkpoint(Layer(w))(x) ** 2)
""",
        (W, X),
        (0, 1),
    ),
    "structures": (
        """
@gs.checkpoint
def f(p, xs):
    h = np.tanh(p["w"] @ xs[0] + p["b"])
    return {"h": h, "s": np.sum(h * xs[1])}
def main(w, x):
    r = f({"w": w, "b": x}, (x, x**2))
    return np.sum(r["h"]) * r["s"]
""",
        (W, X),
        (0, 1),
    ),
    "* parameters": (
        """
@gs.checkpoint
def f(x, *more, **named):
    return np.sin(x) * more[0] + sum(more) * named["k"]
def main(w, x):
    return np.sum(f(x, w[0], x**2, k=2.0 * x) * f(x, w[1], k=1.0))
""",
        (W, X),
        (0, 1),
    ),
    "a checkpoint within a checkpoint": (
        """
@gs.checkpoint
def inner(x):
    return np.sin(x) * x
@gs.checkpoint
def outer(x):
    return inner(inner(x)) * np.cos(x)
def main(x):
    return np.sum(outer(outer(x)))
""",
        (X,),
        (0,),
    ),
    "a recursive function": (
        """
@gs.checkpoint
def power(x, n):
    if n == 0:
        return 1.0
    return x * power(x, n - 1)
def main(x, n):
    return power(x, n) * x
""",
        (1.3, 3),
        (0,),
    ),
    "halves of halves": (
        """
def steps(x, n):
    if n == 1:
        return np.sin(x) * x
    y = gs.checkpoint(steps)(x, n // 2)
    return steps(y, n - n // 2)
def main(x, n):
    return np.sum(steps(x, n))
""",
        (X, 5),
        (0,),
    ),
    "functions as arguments": (
        """
def twice(f, x):
    return f(f(x))
def main(x):
    return np.sum(gs.checkpoint(twice)(np.sin, x) * gs.checkpoint(np.cos)(x))
""",
        (X,),
        (0,),
    ),
    "arrays that it makes and writes to": (
        """
@gs.checkpoint
def f(x):
    y = np.zeros_like(x)
    y[1:] = x[:-1] * np.sin(x[1:])
    y += x
    return y
def main(x):
    y = f(x)
    y *= 2
    return np.sum(f(y) * y)
""",
        (X,),
        (0,),
    ),
    "its argument as its result": (
        """
@gs.checkpoint
def f(x, k):
    return x if k > 0 else np.sin(x)
def main(x, k):
    return np.sum(f(x, k) * f(x, -k))
""",
        (X, 1),
        (0,),
    ),
    "a derivative inside": (
        """
def g(x):
    return np.sum(np.sin(x) * x)
@gs.checkpoint
def f(x):
    return gs.grad(g)(x) * x
def main(x):
    return np.sum(f(x))
""",
        (X,),
        (0,),
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_checkpointed_function_has_the_same_derivatives(name: str) -> None:
    source, args, wrt = FUNCTIONS[name]
    main = define(HEAD + source)
    check_everything(main, args, wrt)
    plain = define(
        HEAD + re.sub(r" *@gs.checkpoint\n", "", source).replace("gs.checkpoint(", "("),
        "main",
        "bare",
    )
    for k in wrt:
        assert_close(quietly(gs.grad(main, k), *args), quietly(gs.grad(plain, k), *args), **EXACT)


@pytest.mark.parametrize("name", ["where it is called", "in a loop", "halves of halves"])
def test_a_file_keeps_its_checkpoints(name: str, tmp_path: Path) -> None:
    source, args, wrt = FUNCTIONS[name]
    check_file(HEAD + source, args, wrt[0], tmp_path)
    text = reread(define(HEAD + source), args, wrt[0])
    again = gs.grad(text, wrt[0], mode="reverse")
    quietly(again, *args)
    assert "_adjoint_adjoint(" in again.source


def test_a_checkpoint_of_all_is_the_function() -> None:
    assert_close(gs.grad(gs.checkpoint(_total))(X), np.cos(X), **EXACT)
    assert gs.checkpoint(_total)(X) == _total(X)
    assert gs.checkpoint(_total).__name__ == "_total"
    assert pickle.loads(pickle.dumps(marked)) is marked


def _total(x: Any) -> Any:
    return np.sum(np.sin(x))


@gs.checkpoint
def marked(x: Any) -> Any:
    return x


# ---------------------------------------------------------------------------- memory


def peak(function: Any, *args: Any) -> float:
    """The most memory that a call holds at once, in arrays like its first argument."""
    quietly(function, *args)
    tracemalloc.start()
    try:
        quietly(function, *args)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return most / args[0].nbytes


def test_a_checkpointed_function_keeps_its_arguments_alone() -> None:
    source = """
def layer(x):
    for i in range(10):
        x = np.sin(x) * x
    return x
def main(x, n):
    for i in range(n):
        x = MARK(layer)(x)
    return np.sum(x)
"""
    x = np.linspace(0.1, 1.0, 20_000)
    kept = peak(gs.grad(define(HEAD + source.replace("MARK", ""))), x, 8)
    again = peak(gs.grad(define(HEAD + source.replace("MARK", "gs.checkpoint"))), x, 8)
    assert kept > 80  # ten arrays in each of eight layers, at least
    assert again < 8 + 20 + 6  # the arguments of eight layers, and one layer


# ---------------------------------------------------------------------------- loops

# name: (source, arguments, wrt)
LOOPS: dict[str, tuple[str, tuple[Any, ...], tuple[int, ...]]] = {
    "one state": (
        """
def main(x, w, n):
    for i in gs.checkpoint(range(n), 2):
        x = np.sin(w * x) * (i + 1) + x
    return np.sum(x)
""",
        (X, X + 0.3, 7),
        (0, 1),
    ),
    "no steps": (
        """
def main(x, w, n):
    for i in gs.checkpoint(range(n), 2):
        x = np.sin(w * x) * (i + 1) + x
    return np.sum(x)
""",
        (X, X + 0.3, 0),
        (0,),
    ),
    "as many snapshots as the square root": (
        """
def main(x, n):
    for _ in gs.checkpoint(range(n)):
        x = x - 0.1 * np.sin(x)
    return np.sum(x**2)
""",
        (X, 9),
        (0,),
    ),
    "several states, and numbers of snapshots given when it runs": (
        """
def main(x, v, n, k):
    count = 0
    for t in gs.checkpoint(range(1, 3 * n, 3), snapshots=k):
        x, v = x + 0.1 * v, v - 0.1 * np.sin(x) / t
        count += 1
    return np.sum(x * v) * count
""",
        (X, X**2, 6, 3),
        (0, 1),
    ),
    "an array that is written to": (
        """
def main(u, c, n):
    u = u.copy()
    for t in gs.checkpoint(range(n), 2):
        u[1:-1] -= c * u[1:-1] * (u[2:] - u[:-2])
        u[0] = u[1] ** 2
    return np.sum(u**2)
""",
        (np.array([0.3, 0.9, 0.4, 0.7, 0.5]), 0.3, 5),
        (0, 1),
    ),
    "numbers": (
        """
def main(a, n):
    x = a
    for i in gs.checkpoint(range(n), 2):
        if x > 1.2:
            x = 0.5 * (x + a / x)
        else:
            x = x * a
    return x
""",
        (1.7, 6),
        (0,),
    ),
    "a loop within": (
        """
def main(x, n):
    for i in gs.checkpoint(range(n), 2):
        for j in range(i):
            x = x + 0.1 * np.sin(x * j)
    return np.sum(x)
""",
        (X, 5),
        (0,),
    ),
    "a checkpointed loop within": (
        """
def main(x, n):
    for i in gs.checkpoint(range(n), 1):
        for j in gs.checkpoint(range(i), 2):
            x = x + 0.1 * np.sin(x * j)
        x = x * 0.9
    return np.sum(x)
""",
        (X, 5),
        (0,),
    ),
    "within a loop": (
        """
def main(x, n):
    total = 0.0
    for i in range(2):
        for j in gs.checkpoint(range(n), 2):
            x = x + 0.1 * np.sin(x * j)
        total = total + np.sum(x * i)
    return total
""",
        (X, 5),
        (0,),
    ),
    "within a checkpointed function": (
        """
@gs.checkpoint
def run(x, n):
    for j in gs.checkpoint(range(n), 2):
        x = x + 0.1 * np.sin(x * j)
    return x
def main(x, n):
    return np.sum(run(run(x, n), n))
""",
        (X, 4),
        (0,),
    ),
    "within a recursive function": (
        """
def run(x, n):
    if n == 0:
        return x
    for j in gs.checkpoint(range(n), 2):
        x = x + 0.1 * np.sin(x * j)
    return run(x, n - 1)
def main(x, n):
    return np.sum(run(x, n))
""",
        (X, 3),
        (0,),
    ),
    "two loops, one in a branch": (
        """
def main(x, n, k):
    for j in gs.checkpoint(range(n), 2):
        x = x + 0.1 * np.sin(x * j)
    if k > 0:
        for j in gs.checkpoint(range(n), 1):
            x = x - 0.1 * np.cos(x * j)
    return np.sum(x)
""",
        (X, 4, 1),
        (0,),
    ),
    "as many snapshots as there is room for": (
        """
def main(x, v, n, room):
    for t in gs.checkpoint(range(n), memory=room):
        x, v = x + 0.1 * v, v - 0.1 * np.sin(x) / (t + 1)
    return np.sum(x * v)
""",
        (X, X**2, 7, 100.0),
        (0, 1),
    ),
    "room for a state with lists in it": (
        """
def main(x, n):
    xs = [x, 2 * x]
    for t in gs.checkpoint(range(n), memory=100):
        xs = [np.sin(xs[1]), xs[0] * xs[1]]
    return np.sum(xs[0])
""",
        (X, 6),
        (0,),
    ),
    "left early": (
        """
def main(x, w, n):
    y = x
    for i in gs.checkpoint(range(1, n), 2):
        y = np.sin(w * y) * 1.1
        if np.sum(y) < 0.5:
            break
        y = y + 0.01 * i
    return np.sum(x * y)
""",
        (X, X - 0.2, 30),
        (0, 1),
    ),
    "left before its first step ends": (
        """
def main(x, n):
    y = x
    for i in gs.checkpoint(range(n), 2):
        if np.sum(x) > 0:
            break
        y = y * x
    else:
        y = 2 * y
    return np.sum(x * y)
""",
        (X, 5),
        (0,),
    ),
    "as long as a test holds": (
        """
def main(x, v, dt):
    while gs.checkpoint(np.sum(x) > 0, len(x) * 2 - 3):
        v = v - 9.81 * dt
        if np.sum(v) < -5.0:
            v = 0.5 * v
        x = x + v * dt
    return np.sum(x * v)
""",
        (X, X**2, 0.03),
        (0, 1, 2),
    ),
    "as long as a test holds, which it never does": (
        """
def main(x):
    while gs.checkpoint(np.sum(x) < 0, 3):
        x = x + np.sin(x)
    return np.sum(x**2)
""",
        (X,),
        (0,),
    ),
    "a while loop that is left, twice": (
        """
def main(x, n):
    k = 0
    while gs.checkpoint(True, memory=50):
        x = np.sin(x) * 1.2
        k += 1
        if k > n:
            break
    y = x * k
    while gs.checkpoint(k > 0):
        y = np.cos(y) * x
        k -= 1
    return np.sum(x * y)
""",
        (X, 4),
        (0,),
    ),
    "what does not carry a derivative": (
        """
def main(x, n):
    total = 0.0
    for j in gs.checkpoint(range(n), 2):
        total = total + 0.5 * j
    return np.sum(x) * total
""",
        (X, 4),
        (0,),
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_checkpointed_loop_has_the_same_derivatives(name: str) -> None:
    source, args, wrt = LOOPS[name]
    main = define(HEAD + source)
    check_everything(main, args, wrt)
    bare = re.sub(r"gs.checkpoint\((range\(.*?\))(, .*?)?\):", r"\1:", source)
    bare = re.sub(r"while gs.checkpoint\((.*?)(, .*)?\):", r"while \1:", bare)
    assert "checkpoint(" not in bare.replace("@gs.checkpoint\ndef", "")
    plain = define(HEAD + bare, "main", "bare")
    for k in wrt:
        assert_close(quietly(gs.grad(main, k), *args), quietly(gs.grad(plain, k), *args), **EXACT)


def test_every_number_of_steps_and_snapshots() -> None:
    source = LOOPS["several states, and numbers of snapshots given when it runs"][0]
    main = define(HEAD + source)
    plain = define(HEAD + re.sub(r"gs.checkpoint\((.*), snap.*\)", r"\1", source), "main", "bare")
    ours, theirs = gs.grad(main, (0, 1)), gs.grad(plain, (0, 1))
    for n in range(12):
        for k in (0, 1, 2, 3, 5, 20):
            assert_close(ours(X, X**2, n, k), theirs(X, X**2, n, k), **EXACT)


def test_a_file_keeps_its_checkpointed_loops(tmp_path: Path) -> None:
    source, args, wrt = LOOPS["one state"]
    check_file(HEAD + source, args, wrt[0], tmp_path)


WALK = """
def main(x, n, k):
    for i in gs.checkpoint(range(n), k):
        x = x + 0.1 * np.tanh(x)
    return np.sum(x**2)
"""


def fewest(n: int, s: int) -> int:
    """The steps that reversing n of them with s snapshots takes (Griewank & Walther, 2000)."""
    r = 0
    while math.comb(s + r, s) < n:
        r += 1
    return r * n - math.comb(s + r, s + 1) if r else 0


def test_the_formula_is_what_the_best_of_all_schedules_takes() -> None:
    @functools.cache
    def best(n: int, s: int) -> int:
        if n <= 1:
            return 0
        if s == 1:
            return n * (n - 1) // 2
        return min(m + best(n - m, s - 1) + best(m, s) for m in range(1, n))

    assert all(best(n, s) == fewest(n, s) for n in range(1, 40) for s in range(1, 8))


@pytest.mark.parametrize("snapshots", [1, 2, 3, 6, 50])
def test_steps_are_run_again_as_seldom_as_can_be(snapshots: int) -> None:
    gradient = gs.value_and_grad(define(HEAD + WALK))
    gradient(X, 1, snapshots)
    ran = []

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(np, name)

        def tanh(self, x: Any) -> Any:
            ran.append(None)
            return np.tanh(x)

    source = gradient.source.replace("import numpy as np\n", "")
    run = define(source, "main_value_and_grad", "counted", np=Counting())
    for n in (1, 2, 3, 10, 37):
        ran.clear()
        run(X, n, snapshots)
        assert len(ran) == fewest(n, snapshots) + n  # and every step for its own adjoint


def test_no_more_states_are_held_than_snapshots() -> None:
    x = np.linspace(0.1, 1.0, 20_000)
    gradient = gs.grad(define(HEAD + WALK))
    plain = gs.grad(define(HEAD + WALK.replace("gs.checkpoint(range(n), k)", "range(n)")))
    assert peak(plain, x, 100, 0) > 100
    around = 9  # the state at work, the adjoint, and what a step makes of them
    for snapshots in (2, 5, 20):
        assert peak(gradient, x, 100, snapshots) < snapshots + around


def test_no_more_states_are_held_than_there_is_room_for() -> None:
    x = np.linspace(0.1, 1.0, 20_000)
    program = WALK.replace("(range(n), k)", "(range(n), memory=k)")
    gradient = gs.grad(define(HEAD + program))
    assert_close(gradient(x, 100, 5 * x.nbytes), gs.grad(define(HEAD + WALK))(x, 100, 5), **EXACT)
    for states in (2, 5, 20):
        assert peak(gradient, x, 100, (states + 0.5) * x.nbytes) < states + 9
    assert peak(gradient, x, 100, 0) < 1 + 9


def test_a_while_loop_holds_no_more_states_than_snapshots() -> None:
    x = np.linspace(0.1, 1.0, 20_000)
    program = """
def main(x, n, k):
    while gs.checkpoint(n > 0, k):
        x = x + 0.1 * np.tanh(x)
        n -= 1
    return np.sum(x**2)
"""
    gradient = gs.grad(define(HEAD + program))
    assert_close(gradient(x, 100, 5), gs.grad(define(HEAD + WALK))(x, 100, 5), **EXACT)
    for snapshots in (2, 5, 20):
        assert peak(gradient, x, 100, snapshots) < snapshots + 9


def test_room_is_counted_in_all_of_a_state() -> None:
    array = np.zeros((3, 4), np.float32)
    assert snapshots_in(480, array) == 10
    assert snapshots_in(480, array, array) == 5
    assert snapshots_in(480, [array, (array,)], {"a": array, "b": array}) == 2
    assert snapshots_in(100, 1.0, np.float64(2.0), 3) == 4
    assert snapshots_in(0, array) == 1
    assert snapshots_in(100, np.zeros(0)) == 100


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gs.checkpoint(range(3), 2, 100), "snapshots or memory, not both"),
        (lambda: gs.checkpoint(_total, 2), "keeps nothing of a function but its arguments"),
        (lambda: gs.checkpoint(_total, memory=1e6), "keeps nothing of a function"),
    ],
)
def test_what_checkpoint_does_not_take_is_named(make: Any, message: str) -> None:
    with pytest.raises(gs.ArgumentError, match=message):
        make()


def test_the_derivative_of_a_derivative_keeps_few_states() -> None:
    x = np.linspace(0.1, 1.0, 2_000)
    second = gs.grad(gs.grad(define(HEAD + WALK)))
    plain = gs.grad(gs.grad(define(HEAD + WALK.replace("gs.checkpoint(range(n), k)", "range(n)"))))
    assert peak(plain, x, 300, 0) > 600
    assert peak(second, x, 300, 8) < 130


@pytest.mark.parametrize("order", [2, 3])
def test_every_number_of_steps_and_snapshots_at_higher_orders(order: int) -> None:
    ours = define(HEAD + WALK)
    theirs = define(HEAD + WALK.replace("gs.checkpoint(range(n), k)", "range(n)"), "main", "bare")
    for _ in range(order):
        ours, theirs = gs.grad(ours), gs.grad(theirs)
    for n in (0, 1, 2, 3, 8):
        for k in (1, 2, 4):
            assert_close(ours(X, n, k), theirs(X, n, k), **EXACT)
