"""The functions that users call, each against numbers that owe nothing to it."""

from __future__ import annotations

import ast
import copy
import functools
import pickle
import textwrap
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import gradscribe as gs
import oracles
from gradscribe import files
from oracles import assert_close, unchanged
from pipeline import define, without_gradscribe

X = np.array([0.3, 0.5, 0.9])
M = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2]])
EXACT = {"rtol": 1e-12, "atol": 1e-13, "check_dtype": False}
CLOSE = {"rtol": 1e-7, "atol": 1e-8, "check_dtype": False}


def coupled(x, c):
    return np.sin(x) * np.sum(x) * c


def stencil(x, c):
    y = x.copy()
    for _ in range(3):
        y[1:] = y[1:] * y[:-1] + c
    return y


def damped(x, c):
    for _ in range(3):
        x = np.sin(x) * c
    return x


def until(x, c):
    while np.sum(x) > 0.4:
        x = x * x * c if x[0] > 0.2 else 0.5 * x
    return x


def product(x, c):
    return np.outer(x, x) * c


def total(x, c):
    return np.sum(np.sin(x) * x) * c


def curved(m, c):
    return np.tanh(m @ m.T) * c


def recursive(x, n):
    return x if n < 1 else np.sin(recursive(x, n - 1)) * x


VECTOR_FUNCTIONS = [coupled, stencil, damped, until, product, total]


def by_complex_step(function: Any, x: np.ndarray, *rest: Any) -> np.ndarray:
    """The Jacobian of an analytic function, to the last digits."""
    columns = []
    for k in range(x.size):
        moved = x.astype(complex)
        moved.flat[k] += 1e-30j
        columns.append(np.imag(function(moved, *rest)) / 1e-30)
    return np.stack(columns, axis=-1).reshape(np.shape(function(x, *rest)) + x.shape)


# ---------------------------------------------------------------------------- jacobian


@pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
@pytest.mark.parametrize("function", VECTOR_FUNCTIONS)
def test_a_jacobian_is_that_of_the_complex_step(function: Any, mode: Any) -> None:
    def analytic(x: Any, c: Any) -> Any:
        return function(x, c)

    expected = by_complex_step(function, X, 1.7) if function is not until else None
    if expected is None:
        rows = [
            oracles.gradient_by_differences(lambda x, c, k=k: until(x, c)[k], (X, 1.7), 0)
            for k in range(3)
        ]
        expected = np.stack(rows)
    with unchanged((X,)):
        got = gs.jacobian(function, mode=mode)(X, 1.7)
    assert_close(got, expected, **(EXACT if function is not until else CLOSE))


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_the_axes_of_the_value_come_first(mode: Any) -> None:
    got = gs.jacobian(curved, mode=mode)(M, 0.5)
    assert got.shape == (2, 2, 2, 3)
    assert_close(got, by_complex_step(curved, M, 0.5), **EXACT)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_number_has_a_jacobian_of_the_values_shape(mode: Any) -> None:
    got = gs.jacobian(coupled, "c", mode=mode)(X, 1.7)
    assert_close(got, np.sin(X) * np.sum(X), **EXACT)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_several_parameters_give_a_tuple_of_blocks(mode: Any) -> None:
    by_x, by_c = gs.jacobian(damped, ("x", "c"), mode=mode)(X, 1.7)
    assert_close(by_x, by_complex_step(damped, X, 1.7), **EXACT)
    rows = by_complex_step(lambda c: damped(X, c[0]), np.array([1.7]))
    assert_close(by_c, rows[:, 0], **EXACT)


@pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
def test_several_numbers_give_the_gradient_of_each(mode: Any) -> None:
    def moments(x):
        return np.mean(x), np.mean(x**2)

    first, second = gs.jacobian(moments, mode=mode)(X)
    assert_close(first, np.full(3, 1 / 3), **EXACT)
    assert_close(second, 2 * X / 3, **EXACT)


def test_several_gradients_share_one_forward_sweep() -> None:
    def moments(x):
        e = np.exp(np.sin(x))
        return np.mean(e), np.mean(e**2)

    text = gs.jacobian(moments).source_for(X)
    code = ast.unparse(ast.parse(text))
    assert code.count("np.exp(") == 1
    assert "for " not in code


class Line(NamedTuple):
    slope: Any
    offset: Any


@dataclass
class Model:
    w: Any
    name: str
    b: float

    def __call__(self, x):
        return self.w * x + self.b

    def loss(self, x):
        return np.sum((self.w * x + self.b) ** 2)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_blocks_stand_in_the_structure_of_value_and_parameter(mode: Any) -> None:
    def both(p):
        return {"sum": np.sum(p["w"] * p["b"]), "line": p["w"] + p["b"]}

    point = {"w": X, "b": 2.0, "name": "model"}
    got = gs.jacobian(both, mode=mode)(point)
    assert list(got) == ["sum", "line"]
    assert got["sum"]["name"] is None
    assert_close(got["sum"]["w"], np.full(3, 2.0), **EXACT)
    assert_close(got["sum"]["b"], np.sum(X), **EXACT)
    assert_close(got["line"]["w"], np.eye(3), **EXACT)
    assert_close(got["line"]["b"], np.ones(3), **EXACT)


def test_a_jacobian_prints_once_what_the_function_prints(capsys: Any) -> None:
    def talking(x):
        for k in range(2):
            print("step", k)
            x = np.sin(x) * x
        return x

    for mode in ("forward", "reverse"):
        got = gs.jacobian(talking, mode=mode)(X)  # type: ignore[arg-type]
        assert capsys.readouterr().out == "step 0\nstep 1\n"

        def silent(x):
            for _ in range(2):
                x = np.sin(x) * x
            return x

        assert_close(got, by_complex_step(silent, X), **EXACT)


def test_aliases_choose_the_mode() -> None:
    assert_close(gs.jacfwd(coupled)(X, 1.0), gs.jacrev(coupled)(X, 1.0), **EXACT)
    assert "x_dot" in gs.jacfwd(coupled).source_for(X, 1.0)
    assert "_bar" in gs.jacrev(coupled).source_for(X, 1.0)


def test_single_precision_stays() -> None:
    x = X.astype(np.float32)
    for mode in ("forward", "reverse"):
        got = gs.jacobian(coupled, mode=mode)(x, 2.0)  # type: ignore[arg-type]
        assert got.dtype == np.float32


def test_forward_gradients_of_several_parameters_print_once(capsys: Any) -> None:
    def talking(a, b):
        print("here")
        return a * a * b

    assert gs.grad(talking, ("a", "b"), mode="forward")(2.0, 3.0) == (12.0, 4.0)
    assert capsys.readouterr().out == "here\n"


# ---------------------------------------------------------------------------- second order


@pytest.mark.parametrize("function", [coupled, stencil, damped, until, total, product])
def test_a_hessian_is_the_jacobian_of_the_gradient(function: Any) -> None:
    gradient = gs.grad(function)
    rows = [
        oracles.gradient_by_differences(lambda x, c, k=k: gradient(x, c)[k], (X, 1.7), 0)
        for k in range(3)
    ]
    with unchanged((X,)):
        got = gs.hessian(function)(X, 1.7)
    assert_close(got, np.stack(rows), **CLOSE)
    assert_close(got, got.T, **EXACT)
    with unchanged((X,)):
        assert_close(gs.hvp(function)(X, X, 1.7), got @ X, rtol=1e-10, atol=1e-10)
    assert_close(gs.jacobian(gradient, mode="reverse")(X, 1.7), got, rtol=1e-10, atol=1e-10)


def test_a_hessian_by_several_parameters_has_all_blocks() -> None:
    def energy(x, k):
        return 0.5 * k**2 * np.sum(x**3)

    (xx, xk), (kx, kk) = gs.hessian(energy, ("x", "k"))(X, 2.0)
    assert_close(xx, np.diag(12 * X), **EXACT)
    assert_close(xk, 6 * X**2, **EXACT)
    assert_close(kx, 6 * X**2, **EXACT)
    assert_close(kk, np.sum(X**3), **EXACT)
    by_x, by_k = gs.hvp(energy, ("x", "k"))(X, 2.0, (np.ones(3), 1.0))
    assert_close(by_x, 12 * X + 6 * X**2, **EXACT)
    assert_close(by_k, np.sum(6 * X**2) + np.sum(X**3), **EXACT)


def test_the_vector_stands_after_what_it_belongs_to() -> None:
    def energy(a, x, *, scale=2.0, k):
        return a**2 * scale * k**2 * np.sum(x**3)

    product_ = gs.hvp(energy, "x")
    assert_close(product_(2.0, X, np.ones(3), k=1.0), 48 * X, **EXACT)
    assert_close(gs.hvp(energy, "k")(2.0, X, k=1.0, v=3.0), 48 * np.sum(X**3), **EXACT)
    assert_close(gs.hvp(energy)(2.0, 1.0, X, k=1.0), 4 * np.sum(X**3), **EXACT)


def test_a_vector_of_integers_is_not_cut_off() -> None:
    def f(x):
        y = x.copy()
        y[0] = y[0] * y[1]
        return np.sum(y**2)

    v = np.array([1, 0, 0])
    assert_close(gs.hvp(f)(X, v), gs.hessian(f)(X)[:, 0], **EXACT)
    assert_close(gs.jvp(f)((X,), (v,))[1], gs.grad(f)(X)[0], **EXACT)


# ---------------------------------------------------------------------------- linearize


@pytest.mark.parametrize("function", VECTOR_FUNCTIONS)
def test_a_linearization_gives_what_jvp_gives(function: Any) -> None:
    rng = np.random.default_rng(3)
    with unchanged((X,)):
        value, pushforward = gs.linearize(function)(X, 1.7)
    for _ in range(2):
        x_dot, c_dot = rng.normal(size=3), 0.4
        expected = gs.jvp(function)((X, 1.7), (x_dot, c_dot))
        assert_close(value, expected[0], **EXACT)
        with unchanged((x_dot, value)):
            got = pushforward(x_dot, c_dot)
        assert_close(got, expected[1], **EXACT)
    alone = gs.linearize(function, "x")(X, 1.7)[1](X)
    assert_close(alone, gs.jvp(function)((X, 1.7), (X, None))[1], **EXACT)


def test_a_linearization_computes_once_what_it_needs() -> None:
    text = gs.linearize(coupled, "x").source_for(X, 1.7)
    tangent = text.split("def coupled_tangent")[1].split("def coupled_linearize")[0]
    assert "np.sin(" not in tangent
    assert "np.cos(" not in tangent


def test_a_linearization_within_a_function_is_differentiated() -> None:
    def along(x, v):
        value, pushforward = gs.linearize(total, "x")(x, 2.0)
        return pushforward(v) * value

    expected = oracles.gradient_by_differences(
        lambda x: gs.jvp(total)((x, 2.0), (X, None))[1] * total(x, 2.0), (X,), 0
    )
    assert_close(gs.grad(along)(X, X), expected, **CLOSE)


# ---------------------------------------------------------------------------- entry by entry


def test_an_elementwise_function_has_a_derivative_at_each_entry() -> None:
    def kinked(x):
        y = np.zeros_like(x)
        y[x > 0.4] = x[x > 0.4] ** 3
        for _ in range(2):
            y = y * np.cos(x)
        return y

    expected = np.diag(by_complex_step(kinked_in_complex, X))
    assert_close(gs.elementwise_grad(kinked)(X), expected, **EXACT)
    assert_close(gs.elementwise_grad(np.sin)(X), np.cos(X), **EXACT)
    assert_close(gs.elementwise_grad(gs.elementwise_grad(np.sin))(X), -np.sin(X), **EXACT)


def kinked_in_complex(x: np.ndarray) -> np.ndarray:
    return np.where(x.real > 0.4, x**3, 0) * np.cos(x) ** 2


def test_entries_that_meet_are_refused() -> None:
    for body in ("x * np.sum(x)", "x[::-1]", "np.cumsum(x)", "np.sum(x)", "x[:, None] * x"):
        function = define(f"import numpy as np\ndef main(x):\n    return {body}\n")
        with pytest.raises(gs.UnsupportedError, match=r"entries meet|has not the shape"):
            gs.elementwise_grad(function)(X)


# ---------------------------------------------------------------------------- auxiliary parts


def fitted(w, x, k=2.0):
    p = x @ w
    return np.sum(p**k), {"p": p, "name": "fit"}


TABLE = np.arange(12.0).reshape(4, 3)


def test_an_auxiliary_part_is_handed_on_and_never_summed_in() -> None:
    expected = 2 * TABLE.T @ (TABLE @ X)
    value = np.sum((TABLE @ X) ** 2)
    gradient, aux = gs.grad(fitted, has_aux=True)(X, TABLE)
    assert_close(gradient, expected, **EXACT)
    assert aux["name"] == "fit"
    assert_close(aux["p"], TABLE @ X, **EXACT)
    (found, aux), gradient = gs.value_and_grad(fitted, has_aux=True)(X, TABLE)
    assert_close((found, gradient, aux["p"]), (value, expected, TABLE @ X), **EXACT)
    found, pullback, aux = gs.vjp(fitted, "w", has_aux=True)(X, TABLE)
    assert_close((found, pullback(1.0), aux["p"]), (value, expected, TABLE @ X), **EXACT)
    found, pushforward, aux = gs.linearize(fitted, "w", has_aux=True)(X, TABLE)
    assert_close((found, pushforward(X)), (value, expected @ X), **EXACT)
    found, dot, aux = gs.jvp(fitted, has_aux=True)((X, TABLE), (X, None))
    assert_close((found, dot, aux["p"]), (value, expected @ X, TABLE @ X), **EXACT)
    for mode in ("forward", "reverse"):
        row, aux = gs.jacobian(fitted, mode=mode, has_aux=True)(X, TABLE)  # type: ignore[arg-type]
        assert_close((row, aux["p"]), (expected, TABLE @ X), **EXACT)
    matrix, aux = gs.hessian(fitted, has_aux=True)(X, TABLE)
    assert_close((matrix, aux["p"]), (2 * TABLE.T @ TABLE, TABLE @ X), **EXACT)
    column, aux = gs.hvp(fitted, has_aux=True)(X, X, TABLE)
    assert_close((column, aux["p"]), (expected, TABLE @ X), **EXACT)


def test_forward_mode_hands_on_the_auxiliary_part() -> None:
    def grown(a, n):
        x = a
        for _ in range(n):
            x = x * a
        return x, n

    assert gs.grad(grown, has_aux=True)(2.0, 3) == (32.0, 3)
    assert gs.value_and_grad(grown, has_aux=True, mode="forward")(2.0, 3) == ((16.0, 3), 32.0)


def test_a_derivative_of_a_derivative_with_aux_says_what_is_differentiated() -> None:
    first = gs.grad(fitted, has_aux=True)
    second, aux = gs.grad(first, has_aux=True)(X, TABLE)
    assert_close(second, 2 * TABLE.T @ TABLE @ np.ones(3), **EXACT)
    assert_close(aux["p"], TABLE @ X, **EXACT)
    for make in (gs.grad, gs.jvp, gs.vjp, gs.jacobian, gs.linearize, gs.hessian):
        with pytest.raises(gs.ArgumentError, match="auxiliary part"):
            make(first)
    with pytest.raises(gs.ArgumentError, match="among several"):
        gs.grad(gs.value_and_grad(fitted, has_aux=True), has_aux=True)


def test_what_is_no_pair_has_no_auxiliary_part() -> None:
    for body in ("np.sum(x)", "(np.sum(x), x, x)", "[np.sum(x), x]", "(np.sum(x),)"):
        function = define(f"import numpy as np\ndef main(x):\n    return {body}\n")
        with pytest.raises(gs.ArgumentError, match=r"a pair \(value, aux\)"):
            gs.grad(function, has_aux=True)(X)


# ---------------------------------------------------------------------------- methods and partials


def test_methods_and_objects_that_are_called_have_every_derivative() -> None:
    model = Model(X.copy(), "line", 2.0)
    x = np.array([1.0, -2.0, 0.5])
    p = model.w * x + model.b
    assert_close(gs.grad(model.loss)(x), 2 * p * model.w, **EXACT)
    assert_close(gs.grad(model.loss, "self.w")(x), 2 * p * x, **EXACT)
    value, dot = gs.jvp(model.loss)((x,), (X,))
    assert_close((value, dot), (np.sum(p**2), np.sum(2 * p * model.w * X)), **EXACT)
    assert_close(gs.jacobian(model)(x), np.diag(model.w), **EXACT)
    assert_close(gs.hessian(model.loss)(x), np.diag(2 * model.w**2), **EXACT)
    assert_close(gs.hvp(model.loss)(x, X), 2 * model.w**2 * X, **EXACT)
    assert_close(gs.linearize(model.loss)(x)[1](X), dot, **EXACT)
    model.w[:] = 0.0
    assert_close(gs.grad(model.loss, "self.w")(x), 2 * model.b * x, **EXACT)


def test_none_is_the_object_with_its_parameters() -> None:
    model = Model(X.copy(), "line", 2.0)
    x = np.array([1.0, -2.0, 0.5])
    p = model.w * x + model.b
    gradient = gs.grad(model.loss, None)(x)
    assert isinstance(gradient, Model)
    assert gradient.name is None  # type: ignore[comparison-overlap]
    assert_close((gradient.w, gradient.b), (2 * p * x, np.sum(2 * p)), **EXACT)
    with pytest.raises(gs.ArgumentError, match="wrt=None"):
        gs.grad(total, None)


def test_a_partial_has_the_derivatives_of_what_is_left() -> None:
    def f(a, x, *, k=1.0):
        return a * k * np.sum(x**3)

    given = functools.partial(f, 2.0, k=3.0)
    assert_close(gs.grad(given)(X), 18 * X**2, **EXACT)
    assert_close(gs.grad(given, "k")(X), 2 * np.sum(X**3), **EXACT)
    assert_close(gs.grad(functools.partial(given, X))(k=1.0), 2 * np.sum(X**3), **EXACT)
    assert_close(gs.hessian(given)(X), np.diag(36 * X), **EXACT)
    assert_close(gs.grad(gs.grad(given))(X), 36 * X, **EXACT)
    assert_close(gs.jvp(given)((X,), (X,))[1], 18 * X**2 @ X, **EXACT)
    assert "f_grad" in gs.grad(given).source_for(X)
    again = pickle.loads(pickle.dumps(gs.grad(functools.partial(total, c=2.0))))
    assert_close(again(X), gs.grad(total)(X, 2.0), **EXACT)


# ---------------------------------------------------------------------------- within functions


def cubed(x):
    return np.sum(x**3)


def fourth(x):
    return np.sum(x**4)


NESTED = {
    "grad": ("np.sum(gs.grad(cubed)(x))", lambda x: np.sum(3 * x**2)),
    "value_and_grad": ("gs.value_and_grad(cubed)(x)[0]", cubed),
    "jvp": ("gs.jvp(cubed)((x,), (x,))[1]", lambda x: np.sum(3 * x**3)),
    "vjp": ("np.sum(gs.vjp(cubed, 0)(x)[1](2.0))", lambda x: np.sum(6 * x**2)),
    "linearize": ("gs.linearize(cubed)(x)[1](x)", lambda x: np.sum(3 * x**3)),
    "jacobian": ("np.sum(gs.jacobian(coupled)(x, 2.0))", None),
    "jacrev": ("np.sum(gs.jacrev(coupled)(x, 2.0))", None),
    "hessian": ("np.sum(gs.hessian(fourth)(x))", lambda x: np.sum(12 * x**2)),
    "hvp": ("np.sum(gs.hvp(fourth)(x, x))", lambda x: np.sum(12 * x**3)),
    "elementwise_grad": ("np.sum(gs.elementwise_grad(np.sin)(x))", lambda x: np.sum(np.cos(x))),
}


@pytest.mark.parametrize("name", NESTED)
def test_derivatives_are_taken_of_functions_that_take_derivatives(name: str) -> None:
    body, formula = NESTED[name]
    text = f"import numpy as np\ndef main(x):\n    return {body}\n"
    main = define(text, gs=gs, cubed=cubed, fourth=fourth, coupled=coupled)
    reference = formula or main
    assert_close(main(X), reference(X), **EXACT)
    expected = oracles.gradient_by_differences(reference, (X,), 0)
    for mode in ("reverse", "auto"):
        assert_close(gs.grad(main, mode=mode)(X), expected, **CLOSE)  # type: ignore[arg-type]
    second = oracles.gradient_by_differences(gs.grad(main), (X,), 0)
    assert_close(gs.grad(gs.grad(main))(X), second, **CLOSE)


def test_derivatives_nest_in_any_order() -> None:
    third = 6 * np.ones(3)
    expected = np.zeros((3, 3, 3))
    expected[range(3), range(3), range(3)] = third
    assert_close(gs.jacobian(gs.hessian(cubed))(X), expected, **EXACT)
    assert_close(gs.jacrev(gs.hessian(cubed))(X), expected, **EXACT)
    assert_close(gs.jacobian(gs.hvp(cubed))(X, X), np.diag(6 * X), **EXACT)
    assert_close(gs.jvp(gs.hessian(cubed))((X,), (X,))[1], np.diag(6 * X), **EXACT)
    assert_close(gs.hessian(gs.grad(cubed))(X), np.diag(third), **EXACT)
    assert_close(gs.vjp(gs.jacobian(coupled))(X, 1.0)[0], gs.jacobian(coupled)(X, 1.0), **EXACT)


def test_pickles_and_copies_are_the_same_derivative() -> None:
    for made in (
        gs.jacobian(coupled, mode="reverse"), gs.hessian(total), gs.jvp(total),
        gs.grad(fitted, has_aux=True), gs.linearize(total), gs.elementwise_grad(np.sin),
    ):  # fmt: skip
        again = pickle.loads(pickle.dumps(made))
        assert again.__name__ == made.__name__
        assert again.specification.has_aux == made.specification.has_aux
        assert copy.deepcopy(made) is made


# ---------------------------------------------------------------------------- what is refused


def test_bad_requests_are_named() -> None:
    model = Model(X, "line", 2.0)
    for make, message in {
        lambda: gs.jacobian(total, "z"): "no parameter of that name",
        lambda: gs.hessian(total, 2): "has 2 parameters",
        lambda: gs.grad(model.loss, 1): "has 1 parameters left",
        lambda: gs.grad(model.loss, "self.z")(X): "there is no 'z'",
        lambda: gs.jacobian(total, mode="fast"): "mode must be",
        lambda: gs.grad(total, ()): "names nothing",
        lambda: gs.hvp(total)(X, np.ones(2), 1.0): "does not have the shape",
        lambda: gs.linearize(total)(X, 1.0)[1](X): "1 tangents for 2",
        lambda: gs.linearize(total)(X, 1.0)[1](1.0, 1.0): "has shape",
        lambda: gs.vjp(total)(X, 1.0)[1](X): "the cotangent has shape",
        lambda: gs.vjp(fitted_pair)(X)[1](1.0): "the structure and shapes",
        lambda: gs.jvp(of_dict)(({"a": X, "n": 1},), ({"a": X},)): "the structure and shapes",
        lambda: gs.jvp(of_dict)(({"a": X, "n": 1},), (X,)): "the structure and shapes",
        lambda: gs.linearize(of_dict)({"a": X, "n": 1})[1]({"b": X, "n": None}): "structure",
        lambda: gs.hvp(of_dict)({"a": X, "n": 1}, {"a": X[1:], "n": None}): "not have the shape",
        lambda: gs.jvp(total)((X, 1.0), (1.0, None)): "the tangent of 'x' has shape",
    }.items():
        with pytest.raises(gs.ArgumentError, match=message):
            make()


def of_dict(d):
    return np.sum(d["a"] ** 3) * d["n"]


def test_tangents_of_parts_that_are_no_numbers_are_none() -> None:
    point, dot = {"a": X, "n": 2}, {"a": X, "n": None}
    expected = 6 * np.sum(X**3)
    assert_close(gs.jvp(of_dict)((point,), (dot,))[1], expected, **EXACT)
    assert_close(gs.linearize(of_dict)(point)[1](dot), expected, **EXACT)
    assert_close(gs.hvp(of_dict)(point, dot)["a"], 12 * X**2, **EXACT)


def fitted_pair(x):
    return np.sum(x), x


def test_a_sum_over_an_axis_of_an_array_of_unknown_rank_is_differentiated_twice() -> None:
    def f(x, index):
        r = x[index, :2]
        return np.sin(np.sum(r, axis=1, keepdims=True) * r)

    x = np.random.default_rng(0).normal(size=(4, 3))
    index = np.array([0, 1, 3, 1])
    _, pushforward = gs.linearize(f, wrt="x")(x, index)
    _, tangent = gs.jvp(f)((x, index), (x**2, None))
    np.testing.assert_allclose(pushforward(x**2), tangent, rtol=1e-12)
    twice = gs.grad(gs.grad(f))(x, index)
    np.testing.assert_allclose(twice, gs.hessian(f)(x, index).sum(axis=(0, 1)), atol=1e-12)


# ---------------------------------------------------------------------------- decorator and files


def test_the_decorator_gives_every_derivative() -> None:
    @gs.differentiate(has_aux=True)
    def energy(x, k):
        return 0.5 * k * np.sum(x**3), x

    assert_close(energy.grad(X, 2.0), (3 * X**2, X), **EXACT)
    assert_close(energy.jacobian(X, 2.0), (3 * X**2, X), **EXACT)
    assert_close(energy.hessian(X, 2.0), (np.diag(6 * X), X), **EXACT)
    assert_close(energy.hvp(X, X, 2.0), (6 * X**2, X), **EXACT)
    assert_close(energy.linearize(X, 2.0)[1](X, 0.0), np.sum(3 * X**3), **EXACT)
    assert_close(energy.jvp((X, 2.0), (X, None))[1], np.sum(3 * X**3), **EXACT)


FILES = {
    "jacobian": lambda f: gs.jacobian(f)(X, 1.7),
    "hessian": lambda f: gs.hessian(f)(X, 1.7),
    "hvp": lambda f: gs.hvp(f)(X, X, 1.7),
}


@pytest.mark.parametrize("kind", [*FILES, "linearize", "jvp"])
def test_a_file_says_the_same_without_gradscribe(
    kind: str, tmp_path: Any, monkeypatch: Any
) -> None:
    source = """
    import numpy as np


    def f(x, c: float):
        for _ in range(3):
            x = np.sin(x) * np.sum(x) * c
        return x
    """
    path = tmp_path / f"model_{kind}.py"
    path.write_text(textwrap.dedent(source).lstrip(), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    target = files.find(path, "f")
    wish = files.Wish(kind=kind, example="np.ones(3), 1.0", batched=kind == "jvp")
    text = files.compose(target, wish).text
    names: dict[str, Any] = {"__name__": "alone"}
    with without_gradscribe():
        exec(compile(text, "<file>", "exec", dont_inherit=True), names)
        made = names[f"f_{kind}"]
        if kind == "linearize":
            got = made(X, 1.7)[1](X)
        elif kind == "jvp":
            got = made(X, 1.7, np.stack([X, 2 * X]))[1]
        else:
            got = made(*((X, X, 1.7) if kind == "hvp" else (X, 1.7)))
    dot = gs.jvp(target.function)((X, 1.7), (X, None))[1]
    expected = {"linearize": dot, "jvp": np.stack([dot, 2 * dot])}
    if kind in FILES:
        expected[kind] = FILES[kind](target.function)
    assert_close(got, expected[kind], **EXACT)
    with pytest.raises(ValueError, match=r"shape|expected"):
        if kind == "linearize":
            made(X, 1.7)[1](1.0)
        elif kind == "jvp":
            made(X, 1.7, X)
        elif kind == "hvp":
            made(X, X[1:], 1.7)
        else:
            made(np.ones((3, 3)), 1.7)
    assert "--" + kind in text
    if kind in FILES:
        again = define(text, f"f_{kind}")
        args = (X, X, 1.7) if kind == "hvp" else (X, 1.7)
        direct = {"jacobian": gs.jacobian, "hessian": gs.hessian, "hvp": gs.hvp}[kind]
        second = gs.grad(direct(target.function), "x")(*args)
        assert_close(gs.grad(again, "x")(*args), second, rtol=1e-8, atol=1e-8, check_dtype=False)


ARMS = """
import numpy as np


def main(x):
    t = np.array([x, 2 * x])[:, None][0, 0]
    y = np.array([t, x])[:, None][1, 0] + t
    try:
        if -y >= 0.5:
            raise ValueError("as planned")
        x = x - np.exp(-(y**2))
    except ValueError:
        y = y - x * y / 8
    if np.sin(y) > 0.1:
        return x
    column = np.array([y, x])[:, None]
    return np.sum(column) / 8
"""


@pytest.mark.parametrize("x", [0.1, 0.5, -0.7, 1.5, 2.1, -2.4])
def test_a_shape_is_not_read_off_what_another_branch_would_have_made(x: float) -> None:
    main = define(ARMS)
    value, pushforward = gs.linearize(main)(x)
    assert_close((value, pushforward(1.0)), gs.jvp(main)((x,), (1.0,)))
    assert_close(gs.vjp(main)(x)[1](1.0), (pushforward(1.0),))


@pytest.mark.filterwarnings("ignore:.*does not depend")
@pytest.mark.parametrize("text", ["2.0", "np.float64(2.0)", "x * 0.0 + 2.0", "2.0 + n", "x + 2.0"])
def test_a_linearization_of_what_is_known_before(text: str) -> None:
    main = define(f"import numpy as np\ndef main(x, n):\n    return {text}\n")
    value, pushforward = gs.linearize(main, "x")(1.5, 3)
    assert_close((value, pushforward(1.0)), gs.jvp(main)((1.5, 3), (1.0, None)))
