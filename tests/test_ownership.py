"""The caller's data is safe: arguments stay as they are, and what is handed out is the caller's."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import (
    assert_close,
    assert_gradient_ownership,
    frozen_copies,
    gradient_by_differences,
    leaves,
    unchanged,
)
from pipeline import FIRST, check_first, define

A = np.array
U, M = A([1.2, 1.9, 0.4]), A([[1.0, 2.0], [3.0, 4.5]])

# name: (source, arguments, wrt)
PROGRAMS: dict[str, tuple[str, tuple[Any, ...], tuple[int, ...]]] = {
    "the argument itself": ("def main(x):\n    return x\n", (U,), (0,)),
    "the argument twice": ("def main(x):\n    return x, x\n", (U,), (0,)),
    "arguments in another order": ("def main(x, y):\n    return y, x\n", (U, M), (0, 1)),
    "a view": ("def main(x):\n    return x[1:], x[:-1], x.T\n", (M,), (0,)),
    "a view of one element": ("def main(x):\n    return x[:1]\n", (U,), (0,)),
    "a size-1 array that comes back": ("def main(x):\n    return x\n", (A([1.5]),), (0,)),
    "a shared gradient": ("def main(x, y):\n    return x + y\n", (U, U + 1), (0, 1)),
    "a gradient shared by three": (
        "def main(x, y, z):\n    return x + y - z\n",
        (U, U + 1, U + 2),
        (0, 1, 2),
    ),
    "a gradient that grows": (
        "import numpy as np\ndef main(x, v):\n    r = x**2 + 0.1\n    a = (x * r) @ v\n"
        "    b = (r * x) @ v\n    c = x - r\n    return np.sum(a * b) + np.sum(np.sin(c) * r)\n",
        (M, A([0.3, -0.7])),
        (0, 1),
    ),
    "a broadcast gradient": (
        "import numpy as np\ndef main(x):\n    return np.sum(x)\n",
        (M,),
        (0,),
    ),
    "a gradient that is another argument": (
        "def main(x, y):\n    return x * y\n",
        (U, U + 1),
        (0, 1),
    ),
    "reshapes": (
        "def main(x):\n    return x.reshape(-1), x.ravel(), x.T.reshape(4)\n",
        (M,),
        (0,),
    ),
    "a loop of no trips": (
        "def main(x, n):\n    y = x\n    for i in range(n):\n        y = y * x\n    return y\n",
        (U, 0),
        (0,),
    ),
    "a branch that hands its argument on": (
        "def main(x, y):\n    return x if x[0] > 0 else y\n",
        (U, U + 1),
        (0, 1),
    ),
    "an argument changed in place and returned": (
        "def main(x):\n    x[0] = x[1] * x[2]\n    x += 1.0\n    return x\n",
        (U,),
        (0,),
    ),
    "a copy changed in a loop": (
        "def main(x, n):\n    u = x.copy()\n    for i in range(n):\n"
        "        u[1:] *= u[:-1]\n    return u, x\n",
        (U, 2),
        (0,),
    ),
    "a loop that keeps views": (
        "def main(m):\n    s = m[0]\n    for row in m:\n        s = s * row\n    return s\n",
        (M,),
        (0,),
    ),
    "entries of a list": (
        "def main(xs):\n    return xs[0] * xs[1], xs[0]\n",
        ([U, U + 1],),
        (0,),
    ),
    "a nested tuple": (
        "def main(t):\n    (a, b), c = t\n    return a * b, c\n",
        (((2.0, U), U + 1),),
        (0,),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_are_owned_and_arguments_stay(name: str) -> None:
    source, args, wrt = PROGRAMS[name]
    check_first(define(source), args, wrt)


@pytest.mark.parametrize("name", PROGRAMS)
def test_read_only_arguments_are_differentiated_too(name: str) -> None:
    source, args, wrt = PROGRAMS[name]
    function = define(source)
    expected = gradient_by_differences(function, args, wrt)
    frozen = frozen_copies(args)
    got = gs.grad(function, wrt, mode="reverse")(*frozen)
    assert_close(got, expected, **FIRST)
    assert_gradient_ownership(got, frozen)


@pytest.mark.parametrize("name", PROGRAMS)
def test_changing_what_was_handed_out_does_not_reach_later_calls(name: str) -> None:
    source, args, wrt = PROGRAMS[name]
    derivative = gs.value_and_grad(define(source), wrt, mode="reverse")
    first = derivative(*args)
    kept = copy.deepcopy(first)
    with unchanged(args):
        for leaf in leaves(first):
            if isinstance(leaf, np.ndarray):
                leaf[...] = -7.0
    assert_close(derivative(*args), kept, rtol=0, atol=0)


def test_a_pullback_may_be_called_many_times_after_the_arguments_have_changed() -> None:
    function = define(
        "def main(u, n):\n    u = u.copy()\n    for i in range(n):\n        u[1:] -= u[1:] * u[:-1]\n    return u\n"
    )
    u = U.copy()
    expected = gs.grad(function, mode="reverse")(u, 3)
    _, pullback = gs.vjp(function, 0)(u, 3)
    seed = np.ones(3)
    for _ in range(3):
        assert_close(pullback(seed), expected)
    assert_close(pullback(2 * seed), 2 * expected)
    assert_close(seed, np.ones(3))


def test_value_and_grad_of_the_identity_gives_two_arrays_of_its_own() -> None:
    x = U.copy()
    value, gradient = gs.value_and_grad(define("def main(x):\n    return x\n"))(x)
    assert_gradient_ownership((value, gradient), (x,))
    assert_close((value, gradient), (U, np.ones(3)))


def test_the_tangent_of_the_identity_is_not_the_tangent_given() -> None:
    x, dot = U.copy(), np.ones(3)
    value, tangent = gs.jvp(define("def main(x):\n    return x\n"))((x,), (dot,))
    assert_gradient_ownership((value, tangent), (x, dot))


def test_a_pullback_of_the_identity_does_not_hand_the_cotangent_back() -> None:
    seed = np.ones(3)
    _, pullback = gs.vjp(define("def main(x, y):\n    return x + y\n"))(U.copy(), U.copy())
    assert_gradient_ownership(pullback(seed), (seed,))


@pytest.mark.parametrize("twice", [U, M])
def test_one_array_passed_for_two_parameters_of_which_one_is_changed(twice: Any) -> None:
    """``a`` is ``b``: what is written into one shows in the other, or the call is refused."""
    function = define("def main(a, b):\n    a *= 2.0\n    return a * b\n")
    x = twice.copy()
    expected = gradient_by_differences(lambda x: function(x, x), (twice.copy(),), 0)
    try:
        first, second = gs.grad(function, (0, 1), mode="reverse")(x, x)
    except (gs.GradscribeError, ValueError):
        return
    assert_close(first + second, expected, **FIRST)


def test_a_copy_that_is_handed_out_in_a_tuple_is_made_before_the_tuple() -> None:
    source = """
import numpy as np
import gradscribe as gs
def main(x, n):
    for i in gs.checkpoint(range(n), 2):
        x = np.sin(x) * 1.2
    return np.sum(x)
"""
    gradient = gs.grad(define(source), ("x",), mode="reverse")
    value, pullback = gs.vjp(gradient, ("x",))(U, 3)
    assert_close(value, gradient(U, 3))
    assert_close(pullback((np.ones(3),)), (gs.hvp(define(source))(U, np.ones(3), 3),))
