"""Every row of every table through the compiler: both modes, orders 1 and 2, and how they agree."""

from __future__ import annotations

import copy
import importlib
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from table import Row

from oracles import (
    assert_close,
    assert_gradient_ownership,
    directional,
    dot_product_test,
    frozen_copies,
    gradient_by_differences,
    leaves,
    random_like,
    second_by_differences,
)

api = pytest.importorskip("gradscribe.api")

# The gradient of a linear function is constant, which is worth a warning to a user.
pytestmark = pytest.mark.filterwarnings("ignore:.*does not depend on:UserWarning")

# What makes a function of a row's call out of a call with several results, or an integer one.
FIRST = ("np.frexp", "math.frexp")


def all_rows() -> list[Row]:
    """The rows of all test files beside this one that have something to differentiate."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py"))
    modules = [importlib.import_module(name) for name in names if name != Path(__file__).stem]
    rows = [row for module in modules for row in getattr(module, "ROWS", [])]
    return [row for row in rows if row.active]


ROWS = all_rows()
each_row = pytest.mark.parametrize("row", ROWS, ids=str)


def compiled(row: Row, suffix: str = "") -> Any:
    call = f"{row.call}[0]" if row.call.startswith(FIRST) else row.call
    return Row(f"{call}{suffix}", row.args, row.order).function


def unnamed(value: Any) -> Any:
    """Derivatives of NumPy's named tuples are plain tuples."""
    return tuple(value) if isinstance(value, tuple) else value


def nonempty(row: Row) -> bool:
    return all(np.size(leaf) for leaf in leaves(row.values) if leaf is not None)


def first_of_each(suits: Callable[[Row], bool]) -> Any:
    """The rows that a test is for; all but the first of each function are slow."""
    seen: set[str] = set()
    params = []
    for row in filter(suits, ROWS):
        callee = row.call.split("(", 1)[0]
        params.append(pytest.param(row, id=str(row), marks=[pytest.mark.slow] * (callee in seen)))
        seen.add(callee)
    return pytest.mark.parametrize("row", params)


@each_row
def test_reverse_mode_gives_what_differences_give(row: Row) -> None:
    f = compiled(row)
    args = frozen_copies(row.values)
    gradient = api.grad(f, wrt=row.active)(*args)
    expected = gradient_by_differences(f, row.values, row.active)
    assert_close(gradient, expected, max(row.rtol, 1e-5), max(row.atol, 1e-8))
    assert_gradient_ownership(gradient, args)


@each_row
def test_forward_mode_gives_what_differences_give_and_is_the_transpose(row: Row) -> None:
    f = compiled(row)
    rng = np.random.default_rng(0)
    dots = {name: random_like(row.args[name], rng) for name in row.active}
    tangents = tuple(dots.get(name) for name in row.args)
    value, y_dot = api.jvp(f)(row.values, tangents)
    expected = unnamed(directional(f, row.values, tangents))
    assert_close(y_dot, expected, max(row.rtol, 1e-6), max(row.atol, 1e-8), check_dtype=False)
    y_bar = unnamed(random_like(value, rng))
    _, pullback = api.vjp(f, wrt=row.active)(*row.values)
    x_bar = pullback(y_bar)
    if nonempty(row):
        x_dot = tuple(dots[name] for name in row.active)
        single = any(getattr(v, "dtype", None) == np.float32 for v in leaves(row.values))
        rtol = 1e-5 if single else 1e-10
        dot_product_test(y_bar=y_bar, y_dot=y_dot, x_bar=x_bar, x_dot=x_dot, rtol=rtol)


@pytest.mark.parametrize("row", [row for row in ROWS if row.order > 1], ids=str)
def test_the_second_derivative_is_that_of_differences(row: Row) -> None:
    f = compiled(row)
    twice = api.grad(api.grad(f, wrt=row.active), wrt=row.active)(*row.values)
    expected = second_by_differences(f, row.values, row.active)
    assert_close(twice, expected, 1e-5, 1e-5)


@first_of_each(lambda row: row.order > 1 and nonempty(row))
def test_forward_over_reverse_agrees_with_reverse_over_reverse(row: Row) -> None:
    f = compiled(row)
    name = row.active[0]
    rng = np.random.default_rng(0)
    tangents = tuple(random_like(v, rng) if n == name else None for n, v in row.args.items())
    inner = api.grad(f, wrt=name)
    _, forward = api.jvp(inner)(row.values, tangents)
    expected = directional(inner, row.values, tangents)
    assert_close(forward, expected, 1e-5, 1e-6, check_dtype=False)


@first_of_each(lambda row: len(row.active) > 1)
def test_arguments_one_at_a_time_give_the_same_as_all_together(row: Row) -> None:
    f = compiled(row)
    together = api.grad(f, wrt=row.active)(*row.values)
    alone = tuple(api.grad(f, wrt=name)(*row.values) for name in row.active)
    assert_close(alone, together, 1e-12, 1e-14)


@first_of_each(lambda row: True)
def test_a_result_used_twice_counts_twice(row: Row) -> None:
    if row.call.startswith(("np.modf", "np.divmod", "divmod", "math.modf", *FIRST)):
        pytest.skip("several results")
    f = compiled(row)
    try:
        f(*row.values) * 1.5
    except TypeError:
        pytest.skip("several results")
    doubled = compiled(row, f" * 1.5 + {row.call}")
    once = api.grad(f, wrt=row.active)(*row.values)
    both = api.grad(doubled, wrt=row.active)(*row.values)
    for one, two in zip(leaves(once), leaves(both), strict=True):
        assert_close(two, 2.5 * np.asarray(one), 1e-6, 1e-9, check_dtype=False)


@first_of_each(lambda row: len(row.active) == len(row.args) == 2)
def test_the_same_argument_in_every_place_has_the_sum_of_their_gradients(row: Row) -> None:
    first, second = row.args
    x, other = row.values
    if np.shape(x) != np.shape(other) or not isinstance(x, float | np.ndarray):
        pytest.skip("arguments of different shapes")
    f = Row(row.call, {first: x, second: x}).function
    same = Row(_renamed(row.call, second, first), {first: x}).function
    # Equal, but not one object: what writes to one argument may not share memory with the other.
    g1, g2 = api.grad(f, wrt=(first, second))(x, copy.copy(x))
    total = api.grad(same, wrt=first)(x)
    if not all(map(math.isfinite, np.ravel(g1 + g2))):
        pytest.skip("not finite where the arguments are equal")
    assert_close(total, g1 + g2, 1e-9, 1e-12)


def _renamed(call: str, old: str, new: str) -> str:
    head, arguments = call.split("(", 1)
    renamed = re.sub(rf"\b{old}\b(?!=)", new, arguments)
    return f"{head}({renamed}"
