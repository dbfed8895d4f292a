"""Linear algebra: types and derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from table import Row, check_fact, check_rules, draw, evaluate, row

from gradscribe.ir.helpers import like
from gradscribe.rules.declare import TABLE
from oracles import assert_close, directional, random_like


def regular(*stack: int, n: int = 3, dtype: type = float) -> np.ndarray:
    """Well conditioned matrices."""
    return draw(*stack, n, n, dtype=dtype) + 4 * np.eye(n, dtype=dtype)


def positive(*stack: int, n: int = 3) -> np.ndarray:
    """Symmetric positive definite matrices with distinct eigenvalues."""
    m = draw(*stack, n, n)
    return m @ np.swapaxes(m, -1, -2) + np.diag(np.arange(1.0, n + 1))


ROWS: list[Row] = [
    *(row("np.linalg.inv(a)", a=a) for a in (regular(), regular(2), regular(n=1), regular(0))),
    row("np.linalg.solve(a, b)", a=regular(), b=draw(3)),
    row("np.linalg.solve(a, b)", a=regular(), b=draw(3, 2)),
    row("np.linalg.solve(a, b)", a=regular(2), b=draw(2, 3, 2)),
    row("np.linalg.solve(a, b)", a=regular(2), b=draw(3, 1)),
    row("np.linalg.solve(a, b)", a=regular(2), b=draw(3)),
    row("np.linalg.solve(a, b)", a=regular(), b=draw(2, 3, 2)),
    row(
        "np.linalg.solve(a, b)",
        a=regular(dtype=np.float32), b=draw(3, dtype=np.float32), rtol=1e-5,
    ),
    row("np.linalg.pinv(a)", a=draw(4, 2)),
    row("np.linalg.pinv(a)", a=draw(2, 3)),
    *(row("np.linalg.det(a)", a=a) for a in (regular(), regular(2), regular(n=1), regular(n=2))),
    *(row("np.linalg.slogdet(a)", a=a) for a in (regular(), -regular(), regular(2))),
    *(row(f"np.linalg.matrix_power(a, {n})", a=regular()) for n in (0, 1, 2, 5, -1, -3)),
    row("np.linalg.matrix_power(a, 3)", a=regular(2)),
    *(row("np.linalg.qr(a)", a=a) for a in (regular(), draw(4, 2), regular(2))),
    *(row("np.linalg.svd(a, compute_uv=False)", a=a)
        for a in (regular(), draw(4, 2), draw(2, 3))),
    *(row("np.linalg.svd(a, full_matrices=False)", a=a) for a in (draw(4, 2), draw(2, 3))),
    row("np.linalg.svd(a, full_matrices=False)", a=draw(2, 3, 2)),
    *(
        row(f"np.linalg.norm(x{arguments})", x=draw(*shape))
        for shape, arguments in [
            ((3,), ""), ((3,), ", 2"), ((3,), ", 1"), ((3,), ", np.inf"), ((3,), ", -np.inf"),
            ((3,), ", 3"), ((3,), ", 1.5"), ((2, 3), ""), ((2, 3), ", 'fro'"), ((2, 3), ", axis=1"),
            ((2, 3), ", 1, axis=0"), ((2, 3), ", axis=1, keepdims=True"),
            ((2, 3), ", keepdims=True"),
            ((2, 3), ", axis=(0, 1)"), ((2, 3, 2), ", 'fro', (1, 2)"), ((2, 3, 2), ", axis=-1"),
            ((2, 3), ", np.inf, -1"), ((1,), ""), ((2, 3, 2), ""), ((3,), ", 3, 0, True"),
        ]
    ),
    row("np.linalg.norm(x)", x=draw(3, dtype=np.float32)),
]  # fmt: skip

# Functions of a symmetric matrix, of which NumPy reads one triangle.
SYMMETRIC: list[Row] = [
    *(row("np.linalg.cholesky(a)", a=a) for a in (positive(), positive(2), positive(n=1))),
    row("np.linalg.cholesky(a, upper=True)", a=positive()),
    *(row("np.linalg.eigh(a)", a=a) for a in (positive(), positive(2), positive(n=1))),
    row("np.linalg.eigh(a, 'U')", a=positive()),
    *(row("np.linalg.eigvalsh(a)", a=a) for a in (positive(), positive(2))),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_rules_agree_with_differences_in_both_modes(row: Row) -> None:
    check_rules(row)


@pytest.mark.parametrize("row", ROWS + SYMMETRIC, ids=str)
def test_the_type_is_that_of_the_result(row: Row) -> None:
    check_fact(row)
    # Of an array of unknown rank, ``ord`` may mean a norm of vectors or of matrices.
    if "norm" not in row.call:
        check_fact(row, known_dims=False)


@pytest.mark.parametrize("row", SYMMETRIC, ids=str)
def test_symmetric_matrices_have_symmetric_cotangents(row: Row) -> None:
    rng = np.random.default_rng(0)
    a = row.args["a"]
    y = evaluate(row)
    y_bar, a_dot = random_like(y, rng), random_like(a, rng)
    a_dot = a_dot + np.swapaxes(a_dot, -1, -2)
    names = {"a": a, "y": y, "UPLO": "L", "upper": "upper" in row.call}

    def call(rule, **extra):
        code = rule.__code__
        wanted = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        return rule(**{name: (names | extra)[name] for name in wanted})

    rules = TABLE[np.linalg.cholesky if "cholesky" in row.call else eval(row.call.split("(")[0])]
    y_dot = call(rules.tangents["a"], a_dot=a_dot)
    expected = directional(row.function, (a,), (a_dot,))
    assert_close(tuple(y_dot), tuple(expected), 1e-7, 1e-9, check_dtype=False)
    a_bar = like(call(rules.adjoints["a"], y_bar=y_bar), a)
    np.testing.assert_allclose(a_bar, np.swapaxes(a_bar, -1, -2), atol=1e-12)
    pairs = zip(y_bar, y_dot, strict=True)
    total = sum(np.sum(bar * dot) for bar, dot in pairs)
    np.testing.assert_allclose(np.sum(a_bar * a_dot), total, rtol=1e-9)


@pytest.mark.parametrize("arguments", ["", ", 2", ", 1", ", np.inf", ", 3", ", axis=0"])
def test_the_gradient_of_a_norm_at_zero_is_zero(arguments: str) -> None:
    x = np.zeros(3)
    bound = {"x": x, "y": eval(f"np.linalg.norm(x{arguments})", {"np": np, "x": x})}
    ord = eval(arguments[2:], {"np": np}) if arguments and "=" not in arguments else None
    gradient = TABLE[np.linalg.norm].reductions["x"](bound["x"], ord, y=bound["y"])
    np.testing.assert_array_equal(gradient, np.zeros(3))


def test_repeated_eigenvalues_do_not_spoil_what_depends_on_eigenvalues_alone() -> None:
    w, v = np.linalg.eigh(np.eye(3))
    a_bar = TABLE[np.linalg.eigh].adjoints["a"](np.eye(3), y=(w, v), y_bar=(w, np.zeros((3, 3))))
    np.testing.assert_allclose(a_bar, np.eye(3))
