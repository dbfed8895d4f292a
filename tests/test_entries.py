"""What a gradient says of entries: assigned or added to, set to zero or left as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradscribe import grad, jvp


def substitution(x: Any, c: Any) -> Any:
    y = np.zeros_like(x)
    y[-1] = x[-1]
    for k in range(len(x) - 2, -1, -1):
        y[k] = x[k] - np.sin(c[k]) * y[k + 1]
    return np.sum(y**2)


def rows(x: Any, c: Any) -> Any:
    total = 0.0
    for i in range(4):
        for j in range(i, 4):
            total = total + x[i] * x[j] * c[4 * i + j]
    return total


def twice(x: Any, c: Any) -> Any:
    total = 0.0
    for _ in range(2):
        for k in range(len(x)):
            total = total * x[k] + c[k] ** 2
    return total


def repeated(x: Any, c: Any) -> Any:
    return np.sum(x[[0, 2, 0, 2]] ** 2) + np.sum(c**2)


def handed_on(x: Any, c: Any) -> Any:
    y = x * c
    for k in range(3):
        y[k] = c[k]
    return np.sum(y**2)


def shifted(x: Any, c: Any) -> Any:
    y = x * 1.0
    for k in range(1, len(x)):
        y[k - 1] = y[k] * c[k]
        y[k] = np.sin(y[k])
    return np.sum(y**2)


def within_a_view(x: Any, c: Any) -> Any:
    y = x**2
    y[:, None][0, 0] = 3.0
    y[1:][0] = c[1]
    return np.sum(y**2)


PROGRAMS = [substitution, rows, twice, repeated, handed_on, shifted, within_a_view]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_first_and_second_derivatives(program: Callable[..., Any]) -> None:
    generator = np.random.default_rng(0)
    x, c = generator.uniform(0.5, 1.5, size=(2, 16))

    def slope(x: Any, c: Any) -> Any:
        x_bar, c_bar = grad(program, ("x", "c"))(x, c)
        return np.sum(np.sin(x_bar)) + np.sum(np.cos(c_bar))

    for function in (program, slope):
        found = grad(function, ("x", "c"))(x, c)
        directions = tuple(generator.normal(size=(2, 16)))
        _, expected = jvp(function)((x, c), directions)
        along = sum(bar @ dot for bar, dot in zip(found, directions, strict=True))
        np.testing.assert_allclose(along, expected, rtol=1e-9)


def test_what_is_not_read_again_is_not_set_to_zero_and_what_is_added_once_is_assigned() -> None:
    text = grad(substitution, ("x", "c")).source_for(np.ones(9), np.ones(9))
    assert "= 0.0" not in text
    assert "x_bar[k] = " in text and "x_bar[-1] = " in text
    assert "c_bar[k] = " in text


@pytest.mark.parametrize(
    ("program", "line"),
    [
        (rows, "x_bar[i] += "),
        (twice, "c_bar[k] += "),
        (repeated, "np.add.at("),
        (handed_on, "y_bar[k] = 0.0"),
    ],
)
def test_entries_that_come_again_are_added_to(program: Callable[..., Any], line: str) -> None:
    assert line in grad(program, ("x", "c")).source_for(np.ones(16), np.ones(16))
