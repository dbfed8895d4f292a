"""Derivatives of functions that exist only inside the function being differentiated."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
import oracles
from oracles import assert_close
from pipeline import define

X = np.array([0.3, 0.5, 0.9])
EXACT = {"rtol": 1e-12, "atol": 1e-13, "check_dtype": False}
CLOSE = {"rtol": 1e-6, "atol": 1e-7, "check_dtype": False}


def test_perturbations_are_not_confused() -> None:
    def f(x):
        return x * gs.grad(lambda y: x + y)(x)

    def tangent(x):
        return gs.jvp(lambda x: x * gs.jvp(lambda y: x + y)((1.0,), (1.0,))[1])((x,), (1.0,))[1]

    assert gs.grad(f)(3.0) == 1.0
    assert gs.grad(f, mode="forward")(3.0) == 1.0
    assert gs.jvp(f)((3.0,), (1.0,)) == (3.0, 1.0)
    assert tangent(3.0) == 1.0


# D over x of a derivative over y, taken at y = x, of a function of both.
TAKEN = {
    "grad": ("gs.grad(lambda y: x * y * y)(x)", lambda x: 2 * x**2),
    "value_and_grad": ("gs.value_and_grad(lambda y: x * y * y)(x)[1]", lambda x: 2 * x**2),
    "grad twice": ("gs.grad(gs.grad(lambda y: x * y**3))(x)", lambda x: 6 * x**2),
    "jvp": ("gs.jvp(lambda y: x * y * y)((x,), (x,))[1]", lambda x: 2 * x**3),
    "vjp": ("gs.vjp(lambda y: x * y * y)(x)[1](x)[0]", lambda x: 2 * x**3),
    "linearize": ("gs.linearize(lambda y: x * y * y)(x)[1](x)", lambda x: 2 * x**3),
    "jacobian": ("gs.jacobian(lambda y: x * y * y)(x)", lambda x: 2 * x**2),
    "hessian": ("gs.hessian(lambda y: x * y**3)(x)", lambda x: 6 * x**2),
    "hvp": ("gs.hvp(lambda y: x * y**3)(x, x)", lambda x: 6 * x**3),
    "elementwise_grad": ("gs.elementwise_grad(lambda y: x * y * y)(x)", lambda x: 2 * x**2),
    "aux": ("gs.grad(lambda y: (x * y * y, y), has_aux=True)(x)[0]", lambda x: 2 * x**2),
    "jvp of grad": ("gs.jvp(gs.grad(lambda y: x * y**3))((x,), (1.0,))[1]", lambda x: 6 * x**2),
    "grad of jvp": (
        "gs.grad(lambda z: gs.jvp(lambda y: z**2 * y * y)((x,), (1.0,))[1])(x)", lambda x: 4 * x**2
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_what_a_function_captures_is_differentiated_apart(name: str) -> None:
    body, formula = TAKEN[name]
    main = define(f"import numpy as np\ndef main(x):\n    return {body}\n", gs=gs)
    assert_close(gs.value_and_grad(main)(1.3)[0], formula(1.3), **EXACT)
    first = oracles.gradient_by_differences(formula, (1.3,), 0)
    second = oracles.second_by_differences(formula, (1.3,), 0)
    for mode in ("forward", "reverse"):
        assert_close(gs.grad(main, mode=mode)(1.3), first, **CLOSE)  # type: ignore[arg-type]
    assert_close(gs.jvp(main)((1.3,), (1.0,))[1], first, **CLOSE)
    assert_close(gs.grad(gs.grad(main))(1.3), second, **CLOSE)


def test_arrays_that_are_captured_are_differentiated_too() -> None:
    def f(x):
        matrix = gs.hessian(lambda y: np.sum(y**3 * x))(x)
        return np.sum(matrix)

    assert_close(gs.grad(f)(X), 12 * X, **EXACT)

    def g(x):
        return gs.jacobian(lambda y: np.sin(y) * np.sum(x * y))(x)

    expected = np.stack(
        [
            oracles.gradient_by_differences(
                lambda x, i=i, j=j: ((i == j) * np.cos(x[i]) * np.sum(x * x) + np.sin(x[i]) * x[j]),
                (X,),
                0,
            )
            for i in range(3)
            for j in range(3)
        ]
    ).reshape(3, 3, 3)
    assert_close(gs.jacobian(g)(X), expected, **CLOSE)
    assert_close(gs.jacrev(g)(X), expected, **CLOSE)


def test_a_derivative_sees_what_is_bound_when_it_is_called() -> None:
    def f(x, n):
        slope = gs.grad(lambda y: y**3 * x)
        total = 0.0
        for _ in range(n):
            total = total + slope(1.0)
            x = x * x
        return total

    def plain(x, n):
        total = 0.0
        for _ in range(n):
            total = total + 3 * x
            x = x * x
        return total

    for n in (0, 1, 3):
        expected = oracles.gradient_by_differences(plain, (1.1, n), 0)
        assert_close(gs.value_and_grad(f)(1.1, n), (plain(1.1, n), expected), **CLOSE)


def test_newtons_method_takes_the_derivative_of_what_it_is_given() -> None:
    def root(x, n):
        def newton(g, y):
            slope = gs.grad(g)
            for _ in range(n):
                y = y - g(y) / slope(y)
            return y

        return newton(lambda y: y * y - x, 1.0)

    assert_close(gs.grad(root)(2.0, 8), 0.5 / np.sqrt(2), **EXACT)
    assert_close(gs.grad(gs.grad(root))(2.0, 8), -0.25 * 2**-1.5, **EXACT)


def test_defaults_and_keywords_of_nested_functions() -> None:
    def f(x):
        def g(y, c=3.0, *, d=1.0):
            return y * y * x * c * d

        return gs.grad(g)(x) + gs.grad(g, "d")(x, d=2.0) + gs.grad(g)(x, d=2.0)

    assert_close(gs.grad(f)(2.0), 12 * 2 + 9 * 4 + 24 * 2, **EXACT)


@dataclass
class Model:
    w: Any

    def loss(self, x):
        return np.sum(self.w**2 * x**2)

    def __call__(self, x):
        return np.sum(self.w**3 * x)


class Plain:
    def __init__(self, w):
        self.w = w

    def loss(self, x):
        return np.sum(self.w**2 * x**2)


MODEL = Model(X)
GRADIENT = gs.grad(MODEL.loss)
HESSIAN = gs.hessian(functools.partial(np.dot, X))


def test_methods_of_objects_at_hand() -> None:
    def made(w, x):
        return np.sum(gs.grad(Plain(w).loss)(x))

    def of_parameter(m, x):
        return np.sum(gs.grad(m.loss, "self.w")(x))

    def whole(w, x):
        model = Model(w)
        return np.sum(gs.grad(model.loss, None)(x).w)

    def along(w, x):
        return gs.jvp(Model(w).loss)((x,), (x,))[1]

    assert_close(gs.grad(made)(X, X), 4 * X**2, **EXACT)
    assert_close(gs.grad(of_parameter, "m.w")(Model(X), X), 2 * X**2, **EXACT)
    assert_close(gs.grad(whole)(X, X), 2 * X**2, **EXACT)
    assert_close(gs.grad(along)(X, X), 4 * X**3, **EXACT)


def test_methods_of_objects_of_the_module() -> None:
    def f(x):
        return np.sum(gs.grad(MODEL.loss)(x)) + np.sum(gs.grad(MODEL.loss, "self.w")(x))

    def g(x):
        return np.sum(GRADIENT(x)) + np.sum(gs.grad(MODEL)(x) * x)

    assert_close(gs.grad(f)(X), 2 * X**2 + 4 * X**2, **EXACT)
    assert_close(gs.grad(g)(X), 2 * X**2 + X**3, **EXACT)


def test_partials_of_what_is_at_hand() -> None:
    def f(w, x):
        def h(a, b, c):
            return np.sum(a * b**2 * c)

        return np.sum(gs.grad(functools.partial(h, w, c=w))(x))

    assert_close(gs.grad(f)(X, X), 4 * X**2, **EXACT)


def test_what_changes_its_surroundings_has_no_derivative_of_its_own() -> None:
    def f(x):
        seen = [x]

        def g(y):
            seen.append(y)
            return y * y

        return gs.grad(g)(x)

    with pytest.raises(gs.UnsupportedError, match="changes what it does not own"):
        gs.grad(f)(2.0)


def test_prints_of_a_nested_function_run_once(capsys: Any) -> None:
    def f(x):
        def g(y):
            print("here")
            return y * y * x

        return gs.grad(g)(x)

    gs.grad(f)
    assert gs.grad(f)(2.0) == 8.0
    assert capsys.readouterr().out == "here\n"
