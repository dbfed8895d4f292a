"""Arrays that a loop writes to in places: what the reverse sweep may read at the loop's end.

Wherever a place read is written to later on, what was read must have been saved.
"""

import random

import numpy as np
import pytest

from gradscribe import grad, jvp
from pipeline import define


def down(x):
    x = x.copy()
    for k in range(len(x) - 2, -1, -1):
        x[k] = np.sin(x[k]) * x[k + 1]
    return np.sum(x)


def behind(x):
    x = x.copy()
    for k in range(1, len(x)):
        x[k] = np.sin(x[k]) * x[k - 1]
    return np.sum(x**2)


def ahead(x):
    x = x.copy()
    for k in range(len(x) - 1):
        x[k] = np.sin(x[k]) * x[k + 1]
    return np.sum(x**2)


def from_the_end(x):
    x = x.copy()
    for k in range(len(x) - 1):
        x[k] = x[k] * x[k - 1]
    return np.sum(x**2)


def down_a_column(x):
    y = np.zeros_like(x)
    y[0] = x[0]
    for k in range(1, len(x)):
        y[k] = np.sin(x[k]) * y[k - 1] ** 2
    return np.sum(y**2)


def the_same_place(x):
    x = x.copy()
    for k in range(3):
        x[2] = np.sin(x[2]) * x[k]
    return np.sum(x**2)


def in_steps(x):
    x = x.copy()
    for k in range(2, len(x), 2):
        x[k] = x[k - 1] * x[k - 2] * x[k]
    return np.sum(x**2)


def overlapping_steps(x):
    x = x.copy()
    for k in range(0, 4):
        x[2 * k] = x[k] * x[2 * k]
    return np.sum(x**2)


def halves(x):
    x = x.copy()
    for k in range(1, 4):
        x[k:] = np.sin(x[k:]) * np.sum(x[:k] ** 2)
    return np.sum(x)


def again_and_again(x):
    x = x.copy()
    for _ in range(3):
        for k in range(1, len(x)):
            x[k] = x[k] * x[k - 1]
    return np.sum(x)


def left_early(x):
    x = x.copy()
    for k in range(1, len(x)):
        x[k] = x[k] * x[k - 1]
        if x[k] > 2:
            break
    return np.sum(x)


def afterwards(x):
    x = x.copy()
    for k in range(1, len(x)):
        x[k] = x[k] * x[k - 1]
    x[0] = np.sin(x[1])
    x[2] = x[0] * x[2]
    return np.sum(x)


def in_a_branch(x):
    x = x.copy()
    for k in range(1, len(x)):
        if k % 2:
            x[k] = x[k] * x[k - 1]
        else:
            x[0] = np.cos(x[k]) * x[0]
    return np.sum(x)


def made_in_the_loop(x):
    total = 0.0
    for i in range(3):
        y = np.zeros(4)
        y[0] = x[i]
        for k in range(1, 4):
            y[k] = np.sin(y[k - 1]) * x[k]
        total = total * y[3] + np.sum(y**2)
    return total


def a_second_sweep(x):
    x = x.copy()
    for k in range(1, len(x)):
        x[k] = x[k] * x[k - 1]
    for k in range(len(x) - 2, -1, -1):
        x[k] = x[k] * x[k + 1]
    return np.sum(x)


def before_it_is_touched(x):
    y = x.copy()
    for i in range(len(x) - 1):
        y[i] = y[i] ** 2
        for j in range(2):
            y[i] += np.sin(y[i + 1]) * y[i] * j
    return np.sum(y)


def touched_the_step_before(x):
    y = x.copy()
    for k in range(1, len(x)):
        y[k - 1] = y[k] ** 2 * y[k - 1]
        y[k] = np.cos(y[k]) * y[k]
    return np.sum(y)


def the_argument_itself(x):
    for k in range(len(x) - 1):
        x[k] = x[k] * np.sin(x[k + 1])
    return np.sum(x**2)


def untouched_in_a_branch(x):
    y = x.copy()
    for k in range(len(x) - 1):
        if k % 2:
            y[k] = y[k] ** 2
            y[k] = y[k] * y[k + 1]
        else:
            y[k + 1] = np.exp(y[k + 1])
    return np.sum(y)


def touched_before_the_loop(x):
    y = x.copy()
    y[1] = y[1] ** 2
    for k in range(len(x)):
        y[k] = y[k] ** 2
    return np.sum(y)


def once_more_from_the_start(x):
    total = 0.0
    for i in range(2):
        y = x.copy()
        for k in range(len(x) - 1):
            y[k] = y[k] * y[k + 1] + i
        total += np.sum(y**2)
    return total


PROGRAMS = [
    before_it_is_touched, touched_the_step_before, the_argument_itself, untouched_in_a_branch,
    touched_before_the_loop, once_more_from_the_start,
    down, behind, ahead, from_the_end, the_same_place, in_steps, overlapping_steps, halves,
    down_a_column, again_and_again, left_early,
    afterwards, in_a_branch, made_in_the_loop, a_second_sweep,
]  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_first_and_second_derivatives_of_writes_in_places(program):
    x = np.random.default_rng(0).uniform(0.5, 1.8, size=8)
    check_along(program, grad(program), x)

    def slope(x):
        return np.sum(np.sin(grad(program)(x)))

    check_along(slope, grad(slope), x)


def check_along(function, gradient, x):
    """A gradient along a random direction is what forward mode, which saves nothing, gives."""
    direction = np.random.default_rng(1).normal(size=x.shape)
    _, expected = jvp(function)((x,), (direction,))
    np.testing.assert_allclose(gradient(x) @ direction, expected, rtol=1e-9, atol=1e-9)


def test_a_sweep_that_reads_what_is_final_saves_nothing():
    text = grad(down_a_column).source_for(np.ones(9))
    assert "append" not in text
    assert "append" in grad(again_and_again).source_for(np.ones(9))


def random_sweep(seed):
    """Nested loops that read and write an array of 12 at random places near their positions."""
    choose = random.Random(seed)

    def place():
        base = choose.choice(["i", "j", "i + 1", "j + 1", "i - 1", "j - 1", "2", "-1", "i + j"])
        return choose.choice([base, base, f":{base}", f"{base}:", f"1:{base}"])

    def read():
        where = place()
        return f"np.sum(np.sin(x[{where}]))" if ":" in where else f"x[{where}]"

    outer = choose.choice(["range(4)", "range(1, 4)", "range(3, -1, -1)", "range(1, 6, 2)"])
    inner = choose.choice(["range(i)", "range(i, 5)", "range(1, 3)", "range(4, i, -1)"])
    lines = ["x = x.copy()", f"for i in {outer}:"]
    for indent in random.Random(seed).choice([["    "], ["        "], ["    ", "        "]]):
        if indent == "        ":
            lines.append(f"    for j in {inner}:")
        body = f"x[{place()}] = np.sin({read()}) * np.cos({read()}) + 0.1 * np.sin({read()})"
        if indent == "    ":
            body = body.replace("i + j", "i").replace("j", "i")
        lines.append(indent + body)
    text = "import numpy as np\ndef f(x):\n    " + "\n    ".join([*lines, "return np.sum(x**2)"])
    return text + "\n"


@pytest.mark.parametrize("seed", range(40))
def test_random_sweeps(seed):
    f = define(random_sweep(seed), "f")
    x = np.random.default_rng(seed).uniform(0.5, 1.5, size=12)
    check_along(f, grad(f), x)


def test_arrays_that_an_inner_loop_saved_are_kept_from_the_next_write() -> None:
    def f(u):
        m = np.outer(u, u)
        for _ in range(2):
            m[1:-1] *= np.where(m > 0.1, m, u)[1:-1]
            for _ in range(2):
                m = np.tanh(m)
        return np.sum(m)

    u = np.array([0.9, -1.1, 1.2])
    gradient = grad(f, mode="reverse")(u)
    steps = 1e-6 * np.eye(3)
    differences = [(f(u + step) - f(u - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(gradient, differences, rtol=1e-7)
    tangents = [jvp(f)((u,), (step,))[1] / 1e-6 for step in steps]
    np.testing.assert_allclose(gradient, tangents, rtol=1e-10)
