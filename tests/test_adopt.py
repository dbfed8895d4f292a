"""Adopted derivatives: checked when they are declared, and the rule from then on."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
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
    @gs.adopt(energy, args=(X, 2.0 * X), kind="value_and_grad")
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
        (
            lambda: gs.adopt(lambda x: x * x, args=(X,))(lambda x: 2 * x),
            'does not give one number(.|\n)*kind="vjp"',
        ),
        (lambda: gs.adopt(energy, args=(X, X), kind="gradient"), "kind must be one of 'grad'"),
        (lambda: gs.adopt(energy, args=(X, X), rules={}), "takes a RuleSet, not a value of type"),
        (lambda: gs.adopt(lambda *xs: xs[0], args=(X,)), "has \\* parameters"),
        (
            lambda: gs.adopt(energy, args=(X, X), kind="vjp")(lambda x, w: w * x**3),
            "of kind 'vjp', does not return a value and a pullback",
        ),
        (
            lambda: gs.adopt(energy, args=(X, X), kind="jvp")(lambda x, w, x_dot: x_dot),
            "of kind 'jvp', does not return a value and its tangent",
        ),
        (
            lambda: gs.adopt(energy, ("x", "w"), args=(X, X))(lambda x, w: w * x**3),
            "no tuple of 2 gradients",
        ),
    ],
)
def test_mistakes_are_named(make: Any, message: str) -> None:
    with pytest.raises(gs.ArgumentError, match=message):
        make()


# ---------------------------------------------------------------------------- kinds


def turned(x: Any, w: Any, shift: float = 0.5) -> Any:
    """A function with several results."""
    return np.sin(w * x) + shift, np.sum(w * x**2)


def test_an_adopted_pullback_is_the_rule_at_every_order_in_both_modes() -> None:
    @gs.adopt(turned, ("x", "w"), args=[(X, X + 2.0), (X[:2], X[:2], 0.1)], kind="vjp")
    def turned_vjp(x, w, shift=0.5):
        angle = w * x
        slope = np.cos(angle)

        def pullback(y_bar):
            first, second = y_bar
            return first * slope * w + 2 * second * angle, first * slope * x + second * x * x

        return (np.sin(angle) + shift, np.sum(angle * x)), pullback

    def f(x, w):
        a, b = turned(x, w * x, shift=0.2)
        return np.sum(a * b) + b

    check_everything(f, (X, X + 1.0), (0, 1))


def test_an_adopted_tangent_is_the_rule_at_every_order_in_both_modes() -> None:
    @gs.adopt(turned, ("x", "w"), args=(X, X + 2.0), kind="jvp")
    def turned_jvp(x, w, shift, x_dot, w_dot):
        angle, angle_dot = w * x, w_dot * x + w * x_dot
        total = np.sum(angle * x)
        total_dot = np.sum(angle_dot * x + angle * x_dot)
        return (np.sin(angle) + shift, total), (np.cos(angle) * angle_dot, total_dot)

    def f(x, w):
        a, b = turned(x, w * x)
        return np.sum(a * b) + b

    check_everything(f, (X, X + 1.0), (0, 1))


def test_a_wrong_pullback_and_a_wrong_tangent_are_not_adopted() -> None:
    with pytest.raises(gs.WrongDerivativeError, match="a factor: it is 2 times"):

        @gs.adopt(turned, args=(X, X), kind="vjp")
        def turned_vjp(x, w, shift):
            return turned(x, w), lambda y_bar: (
                2 * y_bar[0] * w * np.cos(w * x) + 4 * y_bar[1] * w * x
            )

    with pytest.raises(gs.WrongDerivativeError, match="the sign is turned"):

        @gs.adopt(turned, "x", args=(X, X), kind="jvp")
        def turned_jvp(x, w, shift, x_dot):
            return turned(x, w), (-np.cos(w * x) * w * x_dot, -np.sum(2 * w * x * x_dot))


class Model:
    def __init__(self, w: Any, layers: tuple[Any, ...]) -> None:
        self.w = w
        self.layers = layers

    def loss(self, x: Any) -> Any:
        return np.sum(self.w * x**2) + self.layers[0]["b"] * self.layers[1]


def model() -> Model:
    return Model(X + 1.0, ({"b": 2.0}, 3.0, "relu"))


def test_a_gradient_with_respect_to_attributes_is_adopted() -> None:
    @gs.adopt(Model.loss, ("self.w", "x", "self.layers[0]['b']"), args=(model(), X))
    def loss_grad(self, x):
        square = x * x
        return square, 2 * self.w * x, 1.0 * self.layers[1]

    def f(m, x):
        return np.sin(m.loss(x * x))

    slope = np.cos(model().loss(X * X))
    w_bar, x_bar, b_bar = gs.grad(f, ("m.w", "x", "m.layers[0]['b']"))(model(), X)
    np.testing.assert_allclose(w_bar, slope * X**4)
    np.testing.assert_allclose(x_bar, slope * 4 * model().w * X**3)
    np.testing.assert_allclose(b_bar, 3 * slope)
    with pytest.raises(gs.NoRuleError, match=r"self.layers\[1\]"):
        gs.grad(f, "m.layers[1]")(model(), X)


def test_a_gradient_with_the_structure_of_its_parameters_is_adopted() -> None:
    def energy_of(p, x):
        return np.sum(p["w"] * x) + p["pair"][0] * p["pair"][1] ** 2

    point = ({"w": X, "pair": (1.5, 2.5), "name": "a"}, X)

    @gs.adopt(energy_of, args=point)
    def energy_of_grad(p, x):
        a, b = p["pair"]
        return {"w": 1.0 * x, "pair": (b * b, 2 * a * b), "name": None}

    def f(p, x):
        return energy_of(p, x) ** 2

    got = gs.grad(f)(*point)
    total = 2 * energy_of(*point)
    np.testing.assert_allclose(got["w"], total * X)
    np.testing.assert_allclose(got["pair"], (total * 6.25, total * 7.5))
    assert got["name"] is None
    gs.check_grads(f, point, order=2, wrt="p")


def test_keyword_only_parameters_and_names_that_rules_use() -> None:
    def f(derivative, y_bar, *, found=2.0):
        return derivative**2 * y_bar * found

    @gs.adopt(f, ("derivative", "y_bar"), args=[(1.5, 2.5)])
    def f_grad(derivative, y_bar, *, found=2.0):
        return 2 * derivative * y_bar * found, derivative**2 * found

    assert gs.grad(f, ("derivative", "y_bar"))(3.0, 4.0, found=0.5) == (12.0, 4.5)

    def g(a):
        return f(a, a * a, found=3.0)

    check_everything(g, (1.3,))


def test_what_is_adopted_with_rules_holds_where_they_do() -> None:
    rules = gs.RuleSet()

    @gs.adopt(energy, args=(X, X), rules=rules)
    def energy_grad(x, w):
        return w * np.sign(x) * np.exp(3.0 * np.log(abs(x)))

    def f(x):
        return energy(x, 2.0)

    plain, ruled = gs.grad(f), gs.grad(f, rules=rules)
    np.testing.assert_allclose(plain(X), ruled(X))
    assert "np.exp" in ruled.source
    assert "np.exp" not in plain.source


def test_a_derivative_of_what_the_compiler_cannot_read_is_adopted() -> None:
    hidden: dict[str, Any] = {"np": np, "__name__": __name__}
    exec("def hidden(x): return np.sum(x**3)", hidden)
    with pytest.raises(gs.GradscribeError):
        gs.grad(hidden["hidden"])(X)

    @gs.adopt(hidden["hidden"], args=(X,), opaque=True)
    def hidden_grad(x):
        return 3 * x * x

    np.testing.assert_allclose(gs.grad(hidden["hidden"])(X), 3 * X**2)
    np.testing.assert_allclose(gs.grad(lambda x: hidden["hidden"](x) * 2)(X), 6 * X**2)
    np.testing.assert_allclose(gs.grad(gs.grad(hidden["hidden"]))(X), 6 * X)


@pytest.mark.parametrize("derivative", ["grad", "value_and_grad", "vjp", "jvp"])
def test_a_written_file_is_adopted(derivative: str, tmp_path: Path) -> None:
    make = {"grad": gs.grad, "value_and_grad": gs.value_and_grad, "jvp": lambda f, _: gs.jvp(f)}
    made = make.get(derivative, gs.vjp)(energy, ("x", "w"))
    made((X, X), (X, X)) if derivative == "jvp" else made(X, X)
    (tmp_path / "written.py").write_text(made.source, encoding="utf-8")
    names = runpy.run_path(str(tmp_path / "written.py"))
    foreign = names[f"energy_{derivative}"]
    gs.adopt(energy, ("x", "w"), args=[(X, X + 2.0)], kind=derivative)(foreign)  # type: ignore[arg-type]

    def f(x):
        return np.sin(energy(x, 2.0 * x)) * x[0]

    check_everything(f, (X,))
