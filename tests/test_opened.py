"""Objects of the module that a function writes to are the derivative's own."""

from __future__ import annotations

import contextlib
import copy
import io
from typing import Any

import pytest

import gradscribe as gs
from oracles import assert_close, gradient_by_differences, second_by_differences
from pipeline import FIRST, SECOND, define, printed, quietly, reread

SOURCE = """
import numpy as np
class Turn:
    def __init__(self, q):
        self.q = q
        self.n = 0.5
    def unit(self):
        if abs(np.sum(self.q ** 2) - 1.0) > 1e-9:
            self.q = self.q / np.sqrt(np.sum(self.q ** 2))
    def turned(self, x):
        self.unit()
        self.n += x
        print(self.n, MAIN.n)
        return self.q * x + self.n
MAIN = Turn(np.array([1.0, 2.0]))
WINDOW = [Turn(np.array([1.0, 0.0])), Turn(np.array([3.0, 4.0]))]
def main(x):
    v = np.sum(MAIN.turned(x)) * MAIN.n
    if WINDOW[1].n < x:
        WINDOW[1].n = WINDOW[1].n + x * x
    for i in range(3):
        WINDOW[0].n = WINDOW[0].n * x + 1.0
    for turn in WINDOW:
        turn.unit()
        v = v + turn.q[1] * turn.n
    return v * WINDOW[1].n * WINDOW[0].n + MAIN.q[0] * x
"""


@pytest.mark.parametrize("x", [0.3, 0.7])
def test_what_is_written_is_seen_and_the_object_stays(x: float) -> None:
    main = define(SOURCE)
    names = main.__globals__
    before = copy.deepcopy((names["MAIN"], names["WINDOW"]))

    def restore() -> None:
        names["MAIN"], names["WINDOW"] = copy.deepcopy(before)

    def primal(x: Any) -> Any:
        restore()
        with contextlib.redirect_stdout(io.StringIO()):
            return main(x)

    first = gradient_by_differences(primal, (x,), 0)
    second = second_by_differences(primal, (x,), 0)
    restore()
    for mode in ("reverse", "forward"):
        gradient = gs.grad(main, mode=mode)
        assert_close(quietly(gradient, x), first, **FIRST)
        assert_close(quietly(gs.grad(gradient), x), second, **SECOND)
    again = reread(main, (x,), 0)
    assert_close(quietly(again, x), first, **FIRST)
    assert_close(quietly(gs.grad(again), x), second, **SECOND)
    assert (names["MAIN"].n, names["WINDOW"][1].n) == (0.5, 0.5)
    assert printed(gs.grad(main), x) == printed(main, x)
