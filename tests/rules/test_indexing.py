"""Reading and writing entries: derivatives, repeated indices among them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from table import NAMES, Row, check_fact, check_rules, draw, row

from gradscribe.ir import helpers, transposes
from gradscribe.ir.abstraction import constant_type
from gradscribe.ir.facts.indexing import index_type
from gradscribe.ir.types import Array, Sequence, Slice, dims_of

NAMES |= {"helpers": helpers, "transposes": transposes}

INDICES = [
    "1", "-1", "slice(1, None)", "slice(None, None, -1)", "(0, slice(1, 3))", "(..., 0)",
    "(slice(None, None), None, 1)", "np.array([0, 1, 1])", "[1, 0]",
    "(np.array([0, 1]), np.array([2, 2]))",
    "(np.array([0, 0]), np.array([2, 2]))", "(slice(None, None), [2, 0, 2])",
    "np.array([True, False])",
    "(slice(None, None), np.array([True, False, True]))", "slice(0, 0)", "(1, 2)", "...",
    "np.array([[0, 1], [1, 1]])",
]  # fmt: skip

X = draw(2, 3)

ROWS: list[Row] = [
    *(row(f"operator.getitem(x, {i})", x=X) for i in INDICES),
    *(row(f"helpers.setitem(x, {i}, v)", x=X, v=draw()) for i in INDICES),
    *(row(f"helpers.setitem(x, {i}, v)", x=X, v=draw(*X[eval(i)].shape) + 1) for i in INDICES),
    *(row(f"helpers.index_add(x, {i}, v)", x=X, v=draw()) for i in INDICES),
    *(row(f"helpers.index_add(x, {i}, v)", x=X, v=draw(*X[eval(i)].shape) + 1) for i in INDICES),
    *(row(f"transposes.last_written(x, {i})", x=X) for i in INDICES[7:]),
    row("operator.getitem(x, 0)", x=draw(3)),
    row("helpers.setitem(x, 0, v)", x=draw(1), v=draw()),
    row("helpers.setitem(x, slice(1, None), v)", x=draw(3), v=draw(1)),
    *(
        row(f"np.take(x, {i}, axis={axis})", x=draw(2, 3, 2))
        for axis in (None, 0, 1, -1, -2)
        for i in ("1", "[1, 0, 1]", "(1, 1)", "np.array([[0, 1], [1, 1]])")
    ),
    *(
        row(f"np.take_along_axis(x, i, {axis})", x=draw(3, 2), i=np.argsort(draw(3, 2), axis))
        for axis in (0, 1, -1)
    ),
    row("np.take_along_axis(x, i, 1)", x=draw(3, 2), i=np.array([[1, 1, 1]])),
    row("np.take_along_axis(x, i, None)", x=draw(3, 2), i=np.array([4, 4, 0])),
    row("np.compress(c, x, axis=1)", x=X, c=np.array([True, False, True])),
    row("np.compress(c, x)", x=X, c=np.array([True, False, True])),
    row("np.extract(c, x)", x=X, c=X > 0),
    row("transposes.take_adjoint(g, a, [1, 1], 0)", g=draw(2, 3), a=np.zeros((2, 3), int)),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_rules_agree_with_differences_in_both_modes(row: Row) -> None:
    check_rules(row)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_type_is_that_of_the_result(row: Row) -> None:
    check_fact(row)
    check_fact(row, known_dims=False)


PARTS = [1, slice(None), slice(1, 3), None, ..., np.array([0, 1]), np.array([[0], [1], [2]])]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_the_dims_of_every_mix_of_indices_are_numpys(count: int) -> None:
    x = np.zeros((3, 4, 5, 6))
    for parts in itertools.product(PARTS, repeat=count):
        try:
            expected = np.shape(x[parts])
        except IndexError:
            continue
        kinds = [
            Slice(p.start, p.stop, p.step) if isinstance(p, slice) else constant_type(p)
            for p in parts
        ]
        found = index_type(Array(x.dtype, x.shape), Sequence("tuple", tuple(kinds)))
        assert dims_of(found) == expected, parts
