"""Derivatives whose text is hard to read again: it means the same, and has derivatives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close, second_by_differences
from pipeline import (
    EXACT,
    SECOND,
    check_file,
    check_first,
    check_second,
    define,
    fresh,
    quietly,
    reread,
)

A = np.array

# name: (source of main, arguments); the first argument is differentiated twice
PROGRAMS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "entries of lists of lists, one of which is read in some iterations only": (
        """
def main(u):
    xs = [[1.5, 0.5], [u[1], u[0] * u[1]]]
    for j in range(2):
        for k in range(2):
            xs[j][k] /= 1 + (u[0] if u[1] > 1 + j - k else xs[0][1]) ** 2
    return xs[1][1] + xs[1][0] + xs[0][1] ** 2 + xs[0][0]
""",
        (A([0.2871, 1.4258]),),
    ),
    "arrays of a try that may not have got so far, kept in an order of their own": (
        """
def last(x):
    return np.max(np.array([2.0, x]))
def main(x, y):
    i = 0
    while i < 3 and -y < 0.9:
        i += 1
        try:
            a = np.sum(np.outer(np.array([x, y]), np.array([x, y]))) / 8
            if -0.4 < x < 1.1:
                raise ValueError("as planned")
            x = sorted([last(-y), np.cos(a), x], key=lambda t: -t)[0]
        except ValueError:
            g = np.zeros((2, 2))
    return x * y + y + x
""",
        (0.2871, 1.4234),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_derivative_read_again_has_the_derivative_that_it_has_in_memory(
    name: str, tmp_path: Path
) -> None:
    source, args = PROGRAMS[name]
    source = f"import math\nimport numpy as np\n{source}"
    function = define(source)
    check_first(function, args, (0,))
    check_second(function, args, 0, modes=("reverse",))
    again = reread(function, args, 0)
    gradient = gs.grad(function, 0, mode="reverse")
    assert_close(quietly(again, *fresh(args)), quietly(gradient, *fresh(args)), **EXACT)
    second = quietly(gs.grad(again, 0, mode="reverse"), *fresh(args))
    assert_close(second, second_by_differences(function, args, 0), **SECOND)
    check_file(source, args, 0, tmp_path)
