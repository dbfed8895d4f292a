"""Lists that become longer or shorter while they are walked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from pipeline import check_everything, define

A = np.array

# name: (source of main, arguments)
PROGRAMS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "longer": (
        """
def main(x):
    xs, s = [x], 0.0
    for y in xs:
        if len(xs) < 4:
            xs.append(0.5 * y * x)
        s = s + y * y
    return s
""",
        (1.3,),
    ),
    "shorter": (
        """
def main(x):
    xs, s = [x, x * x, 2.0 * x, x ** 3], 0.0
    for y in xs:
        s = s * x + y
        xs.pop()
    return s
""",
        (1.3,),
    ),
    "by another name, in a function": (
        """
def main(x):
    def more(zs, z):
        if len(zs) < 5:
            zs.append(z * z)
    xs, s = [x], 0.0
    ys = xs
    for y in xs:
        more(ys, y)
        s = s + y
        xs = [s]
    return s + xs[0]
""",
        (0.8,),
    ),
    "left early, and with an else": (
        """
def main(x):
    xs, s = [x, x * x], 0.0
    for y in xs:
        if y > 2:
            continue
        if len(xs) > 3:
            break
        xs.insert(0, s + y)
        s = s + y * x
    else:
        s = s * 3
    for y in xs:
        if len(xs) < 6:
            xs += [y * x]
    else:
        s = s + xs[-1]
    return s + sum(xs)
""",
        (1.3,),
    ),
    "written to, and no more": (
        """
def main(x):
    xs, s = [x, x * x, 2.0], 0.0
    for i, y in enumerate(xs):
        xs[(i + 1) % 3] = y * x
        s = s + y
    for y in xs:
        if y > 1:
            xs[0] += y
        for k in range(2):
            xs[k] = xs[k] * x
        s = s * y
    return s
""",
        (1.3,),
    ),
    "a copy of an argument": (
        """
def main(x):
    todo = list(x)
    total = 0.0
    for v in todo:
        total += v ** 2
        if len(todo) < 6:
            todo.append(v * 2)
    return total
""",
        (A([1.3, 0.4]),),
    ),
    "through an attribute": (
        """
class Queue:
    def __init__(self, first):
        self.tasks = [first]
    def run(self, x):
        s = 0.0
        for task in self.tasks:
            if len(self.tasks) < 4:
                self.tasks.append(task * x)
            s = s + task * task
        return s
def main(x):
    return Queue(x).run(x * 2)
""",
        (0.7,),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_list_is_walked_as_long_as_it_is(name: str) -> None:
    source, args = PROGRAMS[name]
    check_everything(define(source), args)


def test_a_list_that_is_only_written_to_is_walked_by_its_length() -> None:
    source, args = PROGRAMS["written to, and no more"]
    assert "while" not in gs.grad(define(source)).source_for(*args)
