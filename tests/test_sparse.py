"""Sparse Jacobians and Hessians: the same numbers as dense ones, in few directions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize
import scipy.sparse

import gradscribe as gs
from gradscribe.sparse import coloured
from oracles import assert_close
from pipeline import define

X = np.linspace(0.3, 2.0, 12)
EXACT = {"rtol": 1e-11, "atol": 1e-12, "check_dtype": False}


def tridiagonal(x):
    y = x**2
    y[1:] += np.sin(x[:-1]) * x[1:]
    y[:-1] -= x[1:] ** 3
    return y


def arrow(x):
    return np.concatenate((x[1:] ** 2 * x[0], np.array([np.sum(x**3)])))


def blocks(x, k):
    m = np.reshape(x, (4, 3))
    return np.ravel(m * np.sum(m, axis=1)[:, None] * k)


def empty_rows(x):
    y = np.zeros(5)
    y[3] = x[2] * x[4]
    return y


def table(m):
    return m[1:] * m[:-1]


FUNCTIONS: list[tuple[Any, tuple[Any, ...], int]] = [
    (tridiagonal, (X,), 3),
    (arrow, (X,), 12),
    (blocks, (X, 1.5), 3),
    (empty_rows, (X,), 2),
    (table, (np.reshape(X, (4, 3)),), 2),
]


@pytest.mark.parametrize(("function", "args", "colours"), FUNCTIONS)
def test_a_sparse_jacobian_is_the_dense_one(
    function: Any, args: tuple[Any, ...], colours: int
) -> None:
    dense = gs.jacobian(function)(*args)
    dense = dense.reshape(-1, args[0].size)
    made = gs.sparse_jacobian(function)
    got = made(*args)
    assert isinstance(got, scipy.sparse.csr_array)
    assert_close(got.toarray(), dense, **EXACT)
    assert made.colours is not None
    assert len(set(made.colours.tolist())) <= colours
    moved = (args[0] * 1.3, *args[1:])
    assert_close(
        made(*moved).toarray(), gs.jacobian(function)(*moved).reshape(dense.shape), **EXACT
    )
    given = gs.sparse_jacobian(function, scipy.sparse.csr_array(dense != 0))
    assert_close(given(*args).toarray(), dense, **EXACT)


def test_a_given_pattern_is_not_found_again() -> None:
    n = 300
    x = np.linspace(0.1, 1.0, n)
    pattern = scipy.sparse.diags_array(
        [np.ones(n - 1), np.ones(n), np.ones(n - 1)], offsets=[-1, 0, 1]
    )
    made = gs.sparse_jacobian(tridiagonal, pattern)
    assert made.colours is not None
    assert set(made.colours.tolist()) == {0, 1, 2}
    assert_close(made(x).toarray(), gs.jacobian(tridiagonal)(x), **EXACT)


def test_a_pattern_that_lacks_an_entry_is_refused_or_found_anew() -> None:
    def switched(x, reverse):
        return x * x[::-1] if reverse else x * x

    with pytest.raises(gs.ArgumentError, match="entries outside the pattern"):
        gs.sparse_jacobian(switched, np.eye(12))(X, True)
    made = gs.sparse_jacobian(switched)
    assert made(X, False).nnz == 12
    assert_close(made(X, True).toarray(), gs.jacobian(switched)(X, True), **EXACT)
    assert_close(made(X, False).toarray(), gs.jacobian(switched)(X, False), **EXACT)


def test_a_zero_at_the_first_point_is_no_zero_of_the_pattern() -> None:
    def f(x):
        return x**2 * x[::-1]

    made = gs.sparse_jacobian(f)
    made(np.zeros(12))
    assert_close(made(X).toarray(), gs.jacobian(f)(X), **EXACT)


def test_a_sparse_hessian_is_the_dense_one() -> None:
    def rosenbrock(x):
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    made = gs.sparse_hessian(rosenbrock)
    assert_close(made(X).toarray(), gs.hessian(rosenbrock)(X), **EXACT)
    assert made.colours is not None
    assert len(set(made.colours.tolist())) == 3
    assert "rosenbrock_grad_jvp" in made.source
    found = scipy.optimize.minimize(
        rosenbrock, np.zeros(6), jac=gs.grad(rosenbrock), hess=gs.sparse_hessian(rosenbrock),
        method="trust-constr", options={"gtol": 1e-8},
    )  # fmt: skip
    assert_close(found.x, np.ones(6), rtol=1e-5, atol=1e-5, check_dtype=False)


def test_methods_names_and_keywords() -> None:
    class Chain:
        def __init__(self, k):
            self.k = k

        def forces(self, n, x):
            return self.k * x[1:] * x[:-1] * n

    chain = Chain(2.0)
    made = gs.sparse_jacobian(chain.forces, wrt="x")
    expected = gs.jacobian(chain.forces, "x")(3.0, X)
    assert_close(made(3.0, X).toarray(), expected, **EXACT)
    assert_close(made(n=3.0, x=X).toarray(), expected, **EXACT)


def test_columns_of_one_colour_meet_in_no_row() -> None:
    rng = np.random.default_rng(2)
    for density in (0.0, 0.05, 0.3, 1.0):
        pattern = scipy.sparse.csr_array(rng.random((30, 20)) < density)
        colours = coloured(pattern)
        for colour in set(colours.tolist()):
            together = pattern.toarray()[:, colours == colour]
            assert together.sum(axis=1).max(initial=0) <= 1


# ---------------------------------------------------------------------------- inside functions


def scaled(x, k=1.0):
    return k * x[1:] * x[:-1] ** 2


def total(x, k=1.0):
    return np.sum(scaled(x, k) ** 2)


SPARSE, DENSE = gs.sparse_jacobian(scaled), gs.jacobian(scaled)
SPARSE_HESSIAN, DENSE_HESSIAN = gs.sparse_hessian(total), gs.hessian(total)
ROWS, COLUMNS = np.linspace(0.2, 1.1, 4), np.linspace(-0.4, 0.9, 5)
POINT = np.array([0.6, 1.3, -0.8, 0.4, 1.7])

# What is written with the sparse matrix and, to compare, with the dense one.
INSIDE = {
    "times a vector": "np.sum((J(x) @ v) ** 2)",
    "with other arguments": "np.sum((J(x, k=x[0] * v[1]) @ (v * x)) ** 2)",
    "a vector times it": "np.sum((ROWS @ J(x) * v) ** 3)",
    "transposed": "np.sum((J(x).T @ ROWS) ** 2 * v**2) + np.sum(ROWS @ J(x).T.T)",
    "by names": "np.sum(J(x).dot(v) ** 2) + np.sum(J(x).transpose().dot(ROWS) * v**2)",
    "as an array": "np.sum(J(x).toarray() ** 2 * v**2) + np.sum(J(x).T.toarray() ** 3)",
    "times a matrix": "np.sum((J(x) @ np.outer(v, x)) ** 2) + np.sum(np.outer(v, ROWS) @ J(x))",
    "of x that is changed later": "np.sum(later(J, x.copy(), v) ** 2)",
    "a Hessian times a vector": "v @ (H(x) @ v) + np.sum(H(x).toarray() ** 2)",
    "in a loop": "walk(J, x, v)",
}


def later(j, x, v):
    found = j(x)
    x[0] = 7.0
    return found @ (v * x)


def walk(j, x, v):
    for _ in range(3):
        x = x + 0.1 * (j(x).T @ (j(x) @ v))
    return np.sum(x)


@pytest.mark.parametrize("name", INSIDE)
def test_a_sparse_jacobian_inside_a_function_is_differentiated(name: str) -> None:
    text = f"def main(x, v):\n    return {INSIDE[name]}\n"
    names = {"np": np, "ROWS": ROWS, "later": later, "walk": walk}
    sparse = define(text, "main", "sparse", **names, J=SPARSE, H=SPARSE_HESSIAN)
    dense_text = text.replace(".toarray()", "")
    dense = define(dense_text, "main", "dense", **names, J=DENSE, H=DENSE_HESSIAN)
    args = (POINT, COLUMNS)
    assert_close(sparse(*args), dense(*args), **EXACT)
    for wrt in (0, 1):
        assert_close(gs.grad(sparse, wrt)(*args), gs.grad(dense, wrt)(*args), **EXACT)
        assert_close(gs.hessian(sparse, wrt)(*args), gs.hessian(dense, wrt)(*args), **EXACT)
    tangents = (np.ones(5), np.ones(5))
    assert_close(gs.jvp(sparse)(args, tangents), gs.jvp(dense)(args, tangents), **EXACT)


def test_a_sparse_jacobian_is_made_inside_a_function_of_what_that_captures() -> None:
    def sparse(x, v):
        return np.sum(gs.sparse_jacobian(lambda z: z * v[0] * z[0], None, 0)(x) @ v)

    def dense(x, v):
        return np.sum(gs.jacobian(lambda z: z * v[0] * z[0])(x) @ v)

    for wrt in (0, 1):
        got = gs.grad(sparse, wrt)(POINT, COLUMNS)
        assert_close(got, gs.grad(dense, wrt)(POINT, COLUMNS), **EXACT)


def test_what_is_written_for_a_product_is_a_tangent_and_no_matrix() -> None:
    def f(x, v):
        return np.sum((SPARSE(x) @ v) ** 2)

    gradient = gs.grad(f)
    gradient(POINT, COLUMNS)
    assert "zeros((" not in gradient.source
    assert "eye(" not in gradient.source
    again = define(gradient.source, "f_grad", "reread")
    assert_close(gs.grad(again)(POINT, COLUMNS), gs.grad(gradient)(POINT, COLUMNS), **EXACT)


def test_products_of_numbers_and_of_unknown_things() -> None:
    square = gs.sparse_jacobian(lambda s: s * s)

    def f(s, v):
        return np.sum(square(s) @ v)

    assert_close(gs.grad(f)(1.5, np.array([2.0])), 4.0)

    def g(x, vs):
        return sum(np.sum(SPARSE(x) @ v) for v in vs)

    def h(x, vs):
        return sum(np.sum(DENSE(x) @ v) for v in vs)

    vs = [COLUMNS, 2 * COLUMNS]
    assert_close(gs.grad(g)(POINT, vs), gs.grad(h)(POINT, vs), **EXACT)
    assert "def g_grad(x, vs):" in gs.grad(g).source


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: gs.sparse_jacobian(3), gs.ArgumentError, "it is not a Python function"),
        (lambda: gs.sparse_jacobian(table, "x"), gs.ArgumentError, "0 axes, and is no matrix"),
        (lambda: gs.sparse_jacobian(table, wrt="k"), gs.ArgumentError, "one parameter"),
        (gs.sparse_jacobian(table), TypeError, r"table_jacobian\(\) missing"),
        (lambda: gs.sparse_jacobian(table)(X, 1), TypeError, r"table_jacobian\(\) too many"),
        (lambda: gs.sparse_jacobian(lambda x: (x, x))(X), gs.ArgumentError, "not return one array"),
    ],
)
def test_what_is_asked_wrongly_is_said(make: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_a_jacobian_of_what_depends_on_nothing_is_empty() -> None:
    with pytest.warns(UserWarning, match="does not depend"):
        assert gs.sparse_jacobian(lambda x: np.ones(3))(X).nnz == 0
    with pytest.warns(UserWarning, match="does not depend"):
        assert gs.sparse_jacobian(lambda x: 3)(X).shape == (1, 12)
