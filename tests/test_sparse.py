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
