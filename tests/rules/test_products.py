"""Products of arrays: types and derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from table import Row, check_fact, check_rules, draw, row

from gradscribe.ir import subscripts
from gradscribe.ir.abstraction import type_of
from gradscribe.ir.core import Const, Value
from gradscribe.ir.helpers import like
from gradscribe.ir.primitives import of
from oracles import assert_close, directional, random_like

MATMUL = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((4, 2, 3), (3,)),
    ((3,), (4, 3, 2)), ((4, 2, 3), (3, 2)), ((2, 3), (4, 3, 2)), ((4, 2, 3), (4, 3, 2)),
    ((4, 2, 3), (1, 3, 2)), ((5, 1, 2, 3), (4, 3, 2)), ((1, 1), (1, 1)), ((2, 0), (0, 3)),
    ((0, 2), (2, 3)), ((1,), (1,)),
]  # fmt: skip

DOT = [
    *MATMUL[:4], ((4, 2, 3), (3,)), ((3,), (4, 3, 2)), ((4, 2, 3), (3, 2)), ((2, 3), (4, 3, 2)),
    ((4, 2, 3), (5, 3, 2)), ((), ()), ((), (3,)), ((2, 3), ()), ((1,), (1,)), ((2, 0), (0,)),
]  # fmt: skip

INNER = [((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), (4, 3)), ((2, 4, 3), (5, 3)),
         ((2, 3), (2, 4, 3)), ((), (3,)), ((2,), ())]  # fmt: skip

KRON = [
    ((2,), (3,)),
    ((2, 2), (3, 1)),
    ((2,), (2, 3)),
    ((2, 2), (3,)),
    ((2, 1, 2), (2, 2)),
    ((), (2,)),
]

TENSORDOT = [
    ("2", (2, 3, 4), (3, 4, 2)), ("1", (2, 3), (3, 4)), ("0", (2,), (3,)), ("1", (3,), (3,)),
    ("([1], [0])", (2, 3), (3, 4)), ("((0, 1), (1, 0))", (2, 3, 4), (3, 2)),
    ("((-1, 0), (0, 1))", (2, 3, 4), (4, 2, 5)), ("([2, 0], [2, 1])", (2, 3, 4), (5, 2, 4)),
]  # fmt: skip

ROWS: list[Row] = [
    *(
        row(f"{name}(a, b)", a=draw(*a), b=draw(*b))
        for name in ("operator.matmul", "np.matmul")
        for a, b in MATMUL
    ),
    row(
        "operator.matmul(a, b)",
        a=draw(2, 3, dtype=np.float32),
        b=draw(3, dtype=np.float32),
        rtol=1e-6,
    ),
    row("np.dot(a, b)", a=draw(2, 3, dtype=np.float32), b=draw(3), rtol=1e-6),
    *(row("np.dot(a, b)", a=draw(*a), b=draw(*b)) for a, b in DOT),
    *(row("np.inner(a, b)", a=draw(*a), b=draw(*b)) for a, b in INNER),
    *(row("np.kron(a, b)", a=draw(*a), b=draw(*b)) for a, b in KRON),
    *(row("np.outer(a, b)", a=draw(*a), b=draw(*b)) for a, b in [*INNER, ((0,), (2,))]),
    row("np.vdot(a, b)", a=draw(3), b=draw(3)),
    row("np.vdot(a, b)", a=draw(2, 3), b=draw(3, 2)),
    *(row(f"np.tensordot(a, b, {n})", a=draw(*a), b=draw(*b)) for n, a, b in TENSORDOT),
    row("np.cross(a, b)", a=draw(3), b=draw(3) + 1),
    row("np.cross(a, b)", a=draw(2, 3), b=draw(3) + 1),
    row("np.cross(a, b)", a=draw(4, 1, 3), b=draw(2, 3) + 1),
    row("np.linalg.cross(x1, x2)", x1=draw(3), x2=draw(3) + 1),
    row("np.linalg.cross(x1, x2)", x1=draw(4, 1, 3), x2=draw(2, 3) + 1),
    *(
        row(f"np.convolve(a, v, {mode!r})", a=draw(*a), v=draw(*v) + 0.3)
        for mode in ("full", "same", "valid")
        for a, v in [
            ((5,), (3,)),
            ((3,), (5,)),
            ((5,), (4,)),
            ((3,), (3,)),
            ((1,), (2,)),
            ((6,), (1,)),
        ]
    ),
    row("np.correlate(a, v)", a=draw(5), v=draw(3)),
    row("np.correlate(a, v)", a=draw(2), v=draw(3)),
    row("np.linalg.multi_dot(arrays)", arrays=[draw(2, 3), draw(3, 2)]),
    row("np.linalg.multi_dot(arrays)", arrays=[draw(3), draw(3, 2), draw(2, 4)]),
    row("np.linalg.multi_dot(arrays)", arrays=[draw(2, 3), draw(3, 2), draw(2)]),
    row("np.polyval(p, x)", p=draw(4), x=draw()),
    row("np.polyval(p, x)", p=draw(4), x=draw(3)),
    row("np.polyval(p, x)", p=draw(1), x=draw(2, 3)),
    row("np.vander(x)", x=draw(3)),
    row("np.vander(x, 4)", x=draw(3)),
    row("np.vander(x, N=2, increasing=True)", x=draw(3)),
]

EINSUMS = {
    "ij,jk->ik": ((2, 3), (3, 4)), "ij,jk": ((2, 3), (3, 4)), "i,i": ((3,), (3,)),
    "i,j->ij": ((2,), (3,)), "ii": ((3, 3),), "ii->i": ((3, 3),), "ij->": ((2, 3),),
    "ij->i": ((2, 3),), "ij->j": ((2, 3),), "ij->ji": ((2, 3),), "ijk->kij": ((2, 3, 4),),
    "bij,bjk->bik": ((4, 2, 3), (4, 3, 2)), "...ij,...jk->...ik": ((4, 2, 3), (3, 2)),
    "...i->...": ((2, 3),), "i...->i...": ((2, 3),), "i...,i->...": ((2, 3, 4), (2,)),
    "i,ij,j->": ((2,), (2, 3), (3,)), "iij,j->i": ((2, 2, 3), (3,)), "ij,ij->": ((2, 3), (2, 3)),
    "ijj->ij": ((2, 3, 3),), "ij,kl->ik": ((2, 3), (2, 4)), ",ij->ij": ((), (2, 3)),
    "ab,cb,dc->ad": ((2, 3), (4, 3), (5, 4)), "ij,ij->ij": ((1, 3), (2, 3)), "iii->i": ((2, 2, 2),),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_rules_agree_with_differences_in_both_modes(row: Row) -> None:
    check_rules(row)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_type_is_that_of_the_result(row: Row) -> None:
    check_fact(row)
    check_fact(row, known_dims=False)


@pytest.mark.parametrize("text", EINSUMS)
def test_the_adjoints_of_einsum_agree_with_differences(text: str) -> None:
    rng = np.random.default_rng(0)
    operands = [draw(*shape) for shape in EINSUMS[text]]
    y = np.einsum(text, *operands)
    y_bar = random_like(y, rng)
    bars = subscripts.einsum_adjoints(text, y_bar, *operands)
    for place, x in enumerate(operands):
        x_dot = random_like(x, rng)
        dots = [x_dot if i == place else None for i in range(len(operands))]
        y_dot = directional(lambda *xs: np.einsum(text, *xs), operands, dots)
        x_bar = like(bars[place], x)
        assert np.shape(x_bar) == np.shape(x)
        assert_close(np.sum(x_bar * x_dot), np.sum(y_bar * y_dot), 1e-9, 1e-10, check_dtype=False)


@pytest.mark.parametrize("text", EINSUMS)
def test_the_type_of_einsum_is_that_of_the_result(text: str) -> None:
    operands = [draw(*shape) for shape in EINSUMS[text]]
    values = tuple(Value("x", type_of(x, f"x{i}")) for i, x in enumerate(operands))
    kind = of(np.einsum).result_type((Const(text), *values))
    result = np.einsum(text, *operands)
    assert len(kind.dims) == result.ndim if result.ndim else kind == type_of(result[()])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ij,jk->ik", ['np.einsum("ik,jk->ij", g, b)', 'np.einsum("ik,ij->jk", g, a)']),
        ("ij->ji", ["g.T"]),
        ("ij->i", ["g[:, None]"]),
        ("ij->j", ["g"]),
        ("ii", ['np.einsum(",ia->ia", g, np.eye(np.shape(a)[-1]))']),
    ],
)
def test_the_adjoints_of_einsum_read_like_einsum(text: str, expected: list[str]) -> None:
    names = ["a", "b"][: len(expected)]
    assert subscripts.adjoint_expressions(text, "g", names, [2] * len(names)) == expected


@pytest.mark.parametrize("text", ["ij,jk->ii", "ij->k", "ij,jk->i2", "i.j", "ij,jk,kl->il"])
def test_malformed_subscripts_are_not_understood(text: str) -> None:
    assert subscripts.parse(text, 2) is None
