"""The numerical contract across rules: selections, integers, constants, kinds, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from table import Row, draw

import gradscribe as gs
from gradscribe.errors import GradscribeError
from oracles import assert_close, gradient_by_differences

X = np.array([0.0, 1.0, 4.0])
HOLES = np.array([np.nan, 1.0, 2.0])

# At the first (or last) entry the branch not taken has no finite derivative. The primal is silent.
SELECTIONS = [
    ("np.where(x > 0, np.sqrt(np.abs(x)), 0.0)", X),
    ("np.where(x > 0, np.sqrt(x) * x + np.sqrt(x), 0.0)", X),
    ("np.where(x > 0, x**0.5, 0.0)", X),
    ("np.where(x > 0, x**1.5, 0.0)", X),
    ("np.where(x < 4, np.arcsin(x / 4), 0.0)", X),
    ("np.where(x < 4, np.arccos(x / 4), 0.0)", X),
    ("np.where(x > 0, np.arccosh(x + 1), 0.0)", X),
    ("np.where(x > 0, np.cbrt(x), 0.0)", X),
    ("np.where(x > 0, np.arctan2(x, 3 * x), 1.0)", X),
    ("np.where(x[:, None] > 0, np.sqrt(x)[:, None] * np.ones(2), 0.0)", X),
    ("np.where(x > 0, np.sqrt(x), 0.0)", 0.0),
    ("np.where(x > 0, np.sqrt(x), 0.0)", np.float32(0.0)),
    ("np.maximum(np.sqrt(x), 0.5)", X),
    ("np.minimum(-np.sqrt(x), -0.5)", X),
    ("np.fmax(np.sqrt(x), 0.5)", X),
    ("np.clip(np.sqrt(x), 0.5, 3)", X),
    ("np.sqrt(x)[x > 0]", X),
    ("np.where(np.isnan(x), 0, x**2)", HOLES),
    ("np.where(np.isnan(x), 0, np.sin(x) * x)", HOLES),
    ("np.nan_to_num(x) ** 2", HOLES),
]


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize(("call", "x"), SELECTIONS)
def test_what_is_not_taken_contributes_zero_without_a_warning(
    call: str, x: Any, order: int
) -> None:
    f = Row(call, {"x": x}).function
    gradient: Any = f
    for _ in range(order):
        gradient = gs.grad(gradient)
    assert np.all(np.isfinite(gradient(x)))
    if order == 1 and isinstance(x, np.ndarray):
        inner = slice(1, 2)  # an entry taken by every row
        expected = gradient_by_differences(f, (x[inner].copy(),), 0)
        assert_close(gradient(x)[inner], expected, 1e-6, 1e-8)


@pytest.mark.parametrize("call", ["x * n", "x * n * n", "3.0 - x * n", "x / n + n * x * n"])
def test_small_integers_do_not_wrap_around(call: str) -> None:
    n = np.array([200, 201, 202], np.uint8)
    f = Row(call, {"x": X, "n": n}).function
    expected = gradient_by_differences(Row(call, {"x": X, "n": n * 1.0}).function, (X, n * 1.0), 0)
    assert_close(gs.grad(f)(X, n), expected, 1e-6, 1e-6)


@pytest.mark.filterwarnings("ignore:.*does not depend on:UserWarning")
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("call", ["3 * x", "x * x", "np.square(x)", "-x", "np.array(x)", "x - 1"])
@pytest.mark.parametrize(
    "x", [2.0, np.float64(2), np.float32(2), draw(3), draw(3, dtype=np.float32), draw(2, 1)]
)
def test_gradients_have_the_kind_of_what_they_are_of(call: str, x: Any, order: int) -> None:
    gradient: Any = Row(call, {"x": x}).function
    for _ in range(order):
        gradient = gs.grad(gradient)
    found = gradient(x)
    assert np.shape(found) == np.shape(x)
    assert isinstance(found, float | np.floating | np.ndarray)
    assert np.asarray(found).dtype == np.asarray(x).dtype


def test_tangents_of_tuples_are_added_entry_by_entry() -> None:
    def f(x: Any, y: Any) -> Any:
        return divmod(x, y)

    _, tangent = gs.jvp(f)((7.5, 2.0), (1.0, 1.0))
    assert tangent == (0.0, 1.0 - 3.0)
    (_, shape), (zero, _) = gs.jvp(f)((draw(3) + 5, 2.0), (np.ones(3), 1.0))
    assert np.shape(zero) == np.shape(shape)


def write_to_whole(x: Any) -> Any:
    x = x * 1.0
    first, second = np.split(x, 2)
    x[0] = 5.0
    return np.sum(first * first * second)


def write_to_whole_while_walking(x: Any) -> Any:
    x = x * 1.0
    for piece in np.array_split(x, 2):
        x[0] = 3.0 * x[1]
        x[1] = np.sum(piece)
    return np.sum(x * x)


def write_to_piece(x: Any) -> Any:
    x = x * 1.0
    first, _ = np.split(x, 2)
    first[0] = 5.0
    return np.sum(x * x)


@pytest.mark.parametrize("f", [write_to_whole, write_to_whole_while_walking, write_to_piece])
def test_pieces_of_a_split_array_see_what_is_written_to_it(f: Any) -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert_close(gs.grad(f)(x), gradient_by_differences(f, (x,), 0), 1e-6, 1e-8)


def test_what_a_rule_cannot_do_is_refused_at_the_call() -> None:
    f = Row("np.linalg.svd(a)[1]", {"a": draw(2, 2)}).function
    with pytest.raises(GradscribeError, match=r"full_matrices=True(.|\n)*help: pass") as caught:
        gs.grad(f)(draw(2, 2))
    assert caught.value.line == 2


@pytest.mark.parametrize("shape", [(2,), (2, 2), (3, 2), (4, 2)])
@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors:DeprecationWarning")
def test_cross_products_of_pairs_are_refused(shape: tuple[int, ...]) -> None:
    f = Row("np.cross(a, b)", {"a": draw(*shape), "b": draw(*shape)}).function
    with pytest.raises((ValueError, IndexError)):
        gs.grad(f)(draw(*shape), draw(*shape))
