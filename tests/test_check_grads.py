"""check_grads: right derivatives pass at every order and mode, wrong ones are reported readably."""

from __future__ import annotations

import doctest
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from gradscribe.frontend.declared import EVERYWHERE
from gradscribe.verification import check

X = np.array([0.3, 1.2, -0.7])
A = np.array([[1.2, 0.3], [-0.4, 0.9]])


@pytest.fixture(autouse=True)
def _no_rule_stays() -> Iterator[None]:
    before = dict(EVERYWHERE)
    yield
    EVERYWHERE.clear()
    EVERYWHERE.update(before)


@dataclass
class Model:
    w: Any
    b: float
    size: int


def product(x: Any, n: int) -> Any:
    return np.sin(x) ** n * x


def several(x: Any, w: Any) -> tuple[Any, Any]:
    return np.outer(x, w), np.sum(x * w**2)


def of_model(model: Model, params: dict[str, Any], x: float) -> Any:
    return np.tanh(model.w * x + model.b) * params["scale"]


def matrix(a: Any) -> Any:
    return np.linalg.inv(a) @ a.T


@pytest.mark.parametrize("modes", [("forward", "reverse"), ("reverse",), "forward"])
@pytest.mark.parametrize(
    ("function", "args"),
    [
        (product, (X, 2)),
        (product, (0.7, 3)),
        (product, (X.astype(np.float32), 2)),
        (several, (X, X + 1)),
        (of_model, (Model(X, 0.3, 2), {"scale": 2.0, "name": "a"}, 1.2)),
        (matrix, (A,)),
    ],
)
def test_right_derivatives_pass(
    function: Callable[..., Any], args: tuple[Any, ...], modes: Any
) -> None:
    gs.check_grads(function, args, order=2, modes=modes)


def test_the_examples_in_its_docstring_run() -> None:
    assert doctest.run_docstring_examples(check.check_grads, {}, "check_grads") is None
    assert doctest.testmod(check).failed == 0


def test_it_looks_at_some_of_very_many_entries() -> None:
    gs.check_grads(product, (np.linspace(0.1, 1.0, 500), 2))


def report(function: Callable[..., Any], *args: Any, **options: Any) -> str:
    with pytest.raises(gs.WrongDerivativeError) as caught:
        gs.check_grads(function, *args, **options)
    return str(caught.value)


def square(x: Any) -> Any:
    return x * x


def sum_of_squares(x: Any) -> Any:
    return np.sum(square(x))


def test_a_report_names_argument_entry_numbers_cause_and_rule() -> None:
    @gs.partial(square)
    def square_x(x):
        return -2 * x

    lines = report(sum_of_squares, (X,), modes=("reverse",)).splitlines()
    assert lines[0] == "the derivative of sum_of_squares is wrong (reverse mode, order 1)"
    assert lines[1].split() == ["argument", "entry", "expected", "got", "step"]
    assert lines[2].split()[:4] == ["x", "[0]", "0.6", "-0.6"]
    assert lines[5:] == [
        "likely cause: the sign is turned",
        "it relies on the rule square_x (@partial of 'x' of square)",
    ]


@pytest.mark.parametrize(
    ("rule", "cause"),
    [
        (lambda x: x, "a factor: it is 0.5 times what it should be"),
        (lambda x: 2 * x + 1, "a term: it is off by 1 everywhere"),
        (lambda x: 0.0 * x, "it is zero"),
        (lambda x: 2 * x / (x - x), "it is not finite"),
        (lambda x: np.where(x > 0, 2 * x, 0.0), "1 of 3 entries"),
        (lambda x: 2 * x + np.sin(x), "a term or factor that depends on the argument"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
def test_a_report_guesses_the_cause(rule: Callable[[Any], Any], cause: str) -> None:
    gs.partial(square)(rule)
    assert f"likely cause: {cause}" in report(sum_of_squares, (X,))


def test_a_rule_that_hides_something_from_the_second_derivative_is_found() -> None:
    @gs.partial(square)
    def square_x(x):
        return 2 * gs.stop_gradient(x)

    gs.check_grads(sum_of_squares, (X,))
    found = report(sum_of_squares, (X,), order=2, modes=("reverse",))
    assert "(reverse over reverse mode, order 2)" in found
    assert "lower orders agree: something hides how it depends on the arguments" in found


def test_modes_that_disagree_are_told_apart() -> None:
    @gs.tangent(square)
    def square_tangent(x, x_dot):
        return 2 * x * x_dot

    @gs.adjoint(square)
    def square_adjoint(x, y_bar):
        return 3 * x * y_bar

    gs.check_grads(sum_of_squares, (X,), modes=("forward",))
    assert "square_adjoint" in report(sum_of_squares, (X,))


def magnitude(x: float) -> float:
    return abs(x)


def test_a_kink_is_named_as_such() -> None:
    found = report(magnitude, (0.0,))
    assert "kink here: from the left its derivative is -1, from the right 1" in found


def test_a_foreign_derivative_is_checked() -> None:
    def loss(w, x):
        return np.sum((x @ w) ** 2)

    def right(w, x):
        return 2 * x.T @ (x @ w)

    gs.check_grads(loss, (X[:2], A), wrt="w", derivative=right, order=2)
    found = report(loss, (X[:2], A), wrt="w", derivative=lambda w, x: 2 * x @ (x @ w))
    assert found.startswith("the derivative of loss is wrong (given)")

    def both(w, x):
        return right(w, x), 2 * np.outer(x @ w, w)

    gs.check_grads(loss, (X[:2], A), derivative=both)


def test_a_transposed_gradient_is_named_as_such() -> None:
    def f(a):
        return np.sum(a @ a)

    ones = np.ones((2, 2))
    found = report(f, (A,), derivative=lambda a: (ones @ a.T + a.T @ ones).T)
    assert "likely cause: it is transposed" in found


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gs.check_grads(product, X), "takes the arguments as a tuple"),
        (lambda: gs.check_grads(product, (X,)), "missing a required argument: 'n'"),
        (lambda: gs.check_grads(product, (X, 2), modes="backward"), "modes are 'forward'"),
        (lambda: gs.check_grads(product, (X, 2), order=0), "order must be a positive integer"),
        (lambda: gs.check_grads(product, (3, 2)), "no argument is floating"),
        (lambda: gs.check_grads(product, (X, 2), wrt="z"), "has no parameter of that name"),
        (
            lambda: gs.check_grads(several, (X, X), derivative=lambda x, w: x),
            "no tuple of 2 gradients",
        ),
        (
            lambda: gs.check_grads(product, (X, 2), derivative=lambda x, n: 1.0),
            r"has shape \(\) for an argument of shape \(3,\)",
        ),
    ],
)
def test_mistakes_are_named(call: Callable[[], None], message: str) -> None:
    with pytest.raises(gs.ArgumentError, match=message):
        call()
