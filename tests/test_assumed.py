"""Functions that can be lowered only where numbers of a module decide branches."""

from __future__ import annotations

import sys

import pytest

import gradscribe as gs
from pipeline import check_everything, define

STATES = """
class State:
    given = {"T": 0.0, "P": 0.0, "n": 2.0}
    scale = 2.0
    def __init__(self, **given):
        self.given = State.given.copy()
        self.given.update(given)
        self.value = None
        if self.given["T"] and self.given["n"]:
            self.solve()
    def solve(self):
        other = State()
        self.value = self.given["T"] ** 2 * State.scale
        if other.value is not None:
            self.value = self.value * other.value
        if self.given["P"]:
            self.value = self.value * self.given["P"]
def main(x):
    return State(T=x).value * x
"""


def test_an_object_may_make_another_of_its_class() -> None:
    check_everything(define(STATES), (1.7,))


def test_it_is_checked_that_the_numbers_are_what_they_were() -> None:
    main = define(STATES)
    gradient = gs.grad(main)
    assert gradient(1.7) == pytest.approx(6 * 1.7**2)
    state = sys.modules["text"].State  # type: ignore[attr-defined]  # made by define
    state.scale = 3.0  # it is only read
    assert gradient(1.7) == pytest.approx(9 * 1.7**2)
    for key, value in (("P", 2.0), ("n", 0.0)):
        before = state.given[key]
        state.given[key] = value
        with pytest.raises(NotImplementedError, match=f"{key}.* is not what it was"):
            gradient(1.7)
        state.given[key] = before
    assert gradient(1.7) == pytest.approx(9 * 1.7**2)


def test_other_functions_read_them_live() -> None:
    main = define("FLAG = 0\ndef main(x):\n    return x * x if FLAG else x")
    gradient = gs.grad(main)
    assert gradient(1.5) == 1.0
    main.__globals__["FLAG"] = 1
    assert gradient(1.5) == 3.0


def test_what_calls_itself_anyway_reads_them_live() -> None:
    main = define("""
FLAG = 0
class Box:
    def __init__(self, x, depth):
        self.x = x
        self.depth = depth
def total(box):
    if FLAG:
        return box.x
    if box.depth > 2:
        return box.x * box.x
    return total(Box(box.x * 2, box.depth + 1)) + box.x
def main(x):
    return total(Box(x, 0))
""")
    gradient = gs.grad(main)
    assert gradient(1.5) == pytest.approx(128 * 1.5 + 7)
    main.__globals__["FLAG"] = 1
    assert gradient(1.5) == 1.0
