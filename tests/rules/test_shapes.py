"""Rearranging entries: types and derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from table import Row, check_fact, check_rules, draw, row

from gradscribe.ir import transposes

A23 = draw(2, 3)
F32 = draw(2, 3, dtype=np.float32)

CALLS = {
    (6,): ["np.reshape(x, (2, 3))", "np.reshape(x, -1)", "np.reshape(x, (-1, 2), order='F')"],
    (2, 3): [
        "np.reshape(x, (3, -1))", "np.reshape(x, 6)", "np.reshape(x, (3, 2), 'F')",
        "np.ravel(x)", "np.ravel(x, order='F')", "np.ndarray.flatten(x)",
        "np.ndarray.flatten(x, 'F')", "np.ndarray.copy(x)",
        "np.transpose(x)", "np.transpose(x, (1, 0))", "np.transpose(x, (0, -1))",
        "np.matrix_transpose(x)", "np.swapaxes(x, 0, -1)", "np.moveaxis(x, 0, 1)",
        "np.expand_dims(x, 1)", "np.expand_dims(x, (0, -1))", "np.squeeze(x)",
        "np.broadcast_to(x, (4, 2, 3))", "np.atleast_1d(x)", "np.atleast_2d(x)", "np.atleast_3d(x)",
        "np.flip(x)", "np.flip(x, 0)", "np.flip(x, (0, 1))", "np.fliplr(x)", "np.flipud(x)",
        "np.roll(x, 1)", "np.roll(x, -2, axis=1)", "np.roll(x, (1, 2), axis=(0, 1))",
        "np.rot90(x)", "np.rot90(x, 2)", "np.rot90(x, -1)",
        "np.triu(x)", "np.tril(x, -1)", "np.triu(x, k=1)",
        "np.diag(x)", "np.diag(x, 1)", "np.diag(x, -1)", "np.diagflat(x)", "np.diagonal(x)",
        "np.diagonal(x, 1)", "np.diagonal(x, -1)", "np.trace(x)", "np.trace(x, 1)",
        "np.tile(x, 2)", "np.tile(x, (2, 1, 3))", "np.repeat(x, 3)", "np.repeat(x, 2, axis=1)",
        "np.repeat(x, np.array([1, 3]), axis=0)",
        "np.pad(x, 1)", "np.pad(x, ((1, 0), (2, 1)))", "np.pad(x, 1, 'edge')",
        "np.pad(x, 1, mode='wrap')", "np.pad(x, 1, 'reflect')", "np.pad(x, 2, 'symmetric')",
        "np.diff(x)", "np.diff(x, 2)", "np.diff(x, axis=0)",
        "np.split(x, 3, axis=1)", "np.split(x, [1], 0)", "np.array_split(x, 2, axis=1)",
        "np.vsplit(x, 2)", "np.hsplit(x, [1, 2])",
        "np.stack(x)", "np.concatenate(x)", "np.vstack(x)",
    ],
    (3,): [
        "np.triu(x)", "np.diag(x)", "np.diag(x, 2)", "np.diag(x, -1)", "np.diagflat(x, 1)",
        "np.tile(x, 2)", "np.repeat(x, 2)", "np.atleast_2d(x)", "np.atleast_3d(x)",
        "np.hsplit(x, 3)", "np.roll(x, 5)", "np.transpose(x)", "np.pad(x, (2, 1))",
        "np.broadcast_to(x, (2, 3))", "np.diff(x)",
    ],
    (2, 3, 3): [
        "np.transpose(x, (2, 0, 1))", "np.transpose(x)", "np.moveaxis(x, (0, 1), (-1, 0))",
        "np.diagonal(x, 0, 1, 2)", "np.diagonal(x, -1, 0, 2)", "np.trace(x, 1, 2, 0)",
        "np.trace(x)", "np.swapaxes(x, 0, 1)", "np.rot90(x, 1, (1, 2))", "np.triu(x)",
        "np.dsplit(x, 3)", "np.squeeze(x)", "np.diff(x, 1, 1)",
        "np.pad(x, ((0, 0), (1, 2), (1, 0)))",
        "np.repeat(x, 2, 2)",
    ],
    (1,): [
        "np.reshape(x, ())", "np.squeeze(x)", "np.broadcast_to(x, (3,))", "np.flip(x)",
        "np.diag(x)", "np.tile(x, 3)", "np.repeat(x, 3)", "np.diff(x)", "np.expand_dims(x, 0)",
    ],
    (2, 1, 3): ["np.squeeze(x)", "np.squeeze(x, 1)", "np.squeeze(x, axis=(-2,))"],
    (0,): ["np.reshape(x, (0, 2))", "np.ravel(x)", "np.diag(x)", "np.flip(x)", "np.roll(x, 1)"],
    (0, 3): ["np.transpose(x)", "np.ravel(x)", "np.triu(x)", "np.diagonal(x)", "np.trace(x)"],
    (): [
        "np.reshape(x, (1, 1))", "np.ravel(x)", "np.expand_dims(x, 0)",
        "np.broadcast_to(x, (2, 3))", "np.atleast_1d(x)", "np.atleast_2d(x)", "np.tile(x, 2)",
        "np.repeat(x, 3)", "np.transpose(x)",
    ],
}  # fmt: skip

JOINS = [
    ("np.concatenate(xs)", [draw(3), draw(2)]),
    ("np.concatenate(xs, None)", [draw(3), draw(2, 2)]),
    ("np.concatenate(xs)", (draw(1), draw(4), draw(1))),
    ("np.concatenate(xs, axis=0)", [draw(2, 3), draw(1, 3), draw(0, 3)]),
    ("np.concatenate(xs, 1)", [draw(2, 3), draw(2, 1)]),
    ("np.concatenate(xs, -1)", [draw(2, 1, 3), draw(2, 1, 2)]),
    ("np.concatenate(xs)", [draw(3), draw(2, dtype=np.float32)]),
    ("np.stack(xs)", [draw(3), draw(3)]),
    ("np.stack(xs, axis=1)", [draw(2, 3), draw(2, 3), draw(2, 3)]),
    ("np.stack(xs, -1)", (draw(2), draw(2))),
    ("np.stack(xs)", [draw(), draw()]),
    ("np.vstack(xs)", [draw(3), draw(3)]),
    ("np.vstack(xs)", [draw(3), draw(2, 3)]),
    ("np.hstack(xs)", [draw(3), draw(2)]),
    ("np.hstack(xs)", [draw(), draw(2)]),
    ("np.hstack(xs)", [draw(2, 3), draw(2, 2)]),
    ("np.dstack(xs)", [draw(3), draw(3)]),
    ("np.dstack(xs)", [draw(2, 3), draw(2, 3, 2)]),
    ("np.column_stack(xs)", (draw(3), draw(3, 2), draw(3))),
]

ROWS: list[Row] = [
    *(row(call, x=draw(*shape)) for shape, calls in CALLS.items() for call in calls),
    *(row(call, x=F32) for call in CALLS[2, 3]),
    *(row(call, xs=xs) for call, xs in JOINS),
    row("np.append(x, v)", x=draw(3), v=draw()),
    row("np.append(x, v)", x=draw(2, 2), v=draw(3)),
    row("np.append(x, v, axis=1)", x=draw(2, 2), v=draw(2, 1)),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_rules_agree_with_differences_in_both_modes(row: Row) -> None:
    check_rules(row)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_type_is_that_of_the_result(row: Row) -> None:
    check_fact(row)
    check_fact(row, known_dims=False)


def test_stacked_like_cuts_what_the_stacking_functions_join() -> None:
    vectors = [draw(3), draw(3) * 2]
    for function, axis in ((np.vstack, 0), (np.dstack, 2), (np.column_stack, 1)):
        for piece, x in zip(
            transposes.stacked_like(function(vectors), vectors, axis), vectors, strict=True
        ):
            np.testing.assert_array_equal(piece, x)
