"""Adopted derivatives: checked when they are declared, and the rule from then on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from gradscribe.frontend.declared import EVERYWHERE
from pipeline import check_everything

X = np.array([0.3, 1.2, -0.7])


@pytest.fixture(autouse=True)
def _no_rule_stays() -> Iterator[None]:
    before = dict(EVERYWHERE)
    yield
    EVERYWHERE.clear()
    EVERYWHERE.update(before)


def energy(x: Any, w: Any) -> Any:
    return np.sum(w * x**4) / 4


def test_an_adopted_gradient_is_the_rule_at_every_order() -> None:
    @gs.adopt(energy, ("x", "w"), args=[(X, X + 2.0), (X[:2], X[:2])])
    def energy_grad(x, w):
        cubed = x * x * x
        return w * cubed, cubed * x / 4

    def f(x):
        return np.sin(energy(x, 2.0 * x)) * x[0]

    check_everything(f, (X,))
    derivative = gs.grad(energy, ("x", "w"))
    derivative(X, X)
    assert "cubed = x * x * x" in derivative.source or "x**3" in derivative.source


def test_an_adopted_value_and_gradient() -> None:
    @gs.adopt(energy, args=(X, 2.0 * X), value=True)
    def energy_value_and_grad(x, w):
        third = w * x**3
        return np.sum(third * x) / 4, third

    np.testing.assert_allclose(gs.grad(energy)(X, X), X**4)
    np.testing.assert_allclose(gs.grad(gs.grad(energy))(X, X), 3 * X**3)


def test_a_wrong_derivative_is_not_adopted() -> None:
    with pytest.raises(gs.WrongDerivativeError, match="a factor: it is 2 times"):

        @gs.adopt(energy, args=(X, X))
        def energy_grad(x, w):
            return 2 * w * x**3

    np.testing.assert_allclose(gs.grad(energy)(X, X), X**4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gs.adopt(energy, args=X), "needs arguments to try the gradient at"),
        (lambda: gs.adopt(energy, "z", args=(X, X)), "no parameter of that name"),
        (lambda: gs.adopt(energy, "x.w", args=(X, X)), "with respect to whole parameters"),
        (
            lambda: gs.adopt(lambda x: x * x, args=(X,))(lambda x: 2 * x),
            "does not give one number",
        ),
    ],
)
def test_mistakes_are_named(make: Any, message: str) -> None:
    with pytest.raises(gs.ArgumentError, match=message):
        make()
