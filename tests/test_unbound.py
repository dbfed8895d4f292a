"""Names that not every way binds: objects that one branch makes, and reading what none did."""

from __future__ import annotations

from typing import Any

import pytest

import gradscribe as gs
from pipeline import check_everything, define, quietly

# name: (source, arguments with which each way is taken)
PROGRAMS: dict[str, tuple[str, tuple[tuple[Any, ...], ...]]] = {
    "a list of dicts": (
        """
def main(x, n):
    if n > 2:
        xs = [x, {"b": x * x}, {"a": x}]
        ys = xs
    z = x * 3
    if n > 2:
        xs[1]["b"] = xs[1]["b"] * x
        xs[2]["a"] = 5 * x
        z = z + xs[1]["b"] + ys[1]["b"] * ys[2]["a"]
    return z
""",
        ((1.3, 3), (1.3, 1)),
    ),
    "an object": (
        """
class State:
    def __init__(self, T):
        self.status = 0
        if T > 1.0:
            self.status = 1
            self.r = T * 3
def main(T, mode):
    if mode != "z":
        st = State(T)
    if mode == "z":
        return T
    if st.status:
        return st.r * T
    return T * T
""",
        ((2.0, "a"), (0.5, "a"), (2.0, "z")),
    ),
    "in a loop": (
        """
def main(x, n):
    j = [[1.0, 0.0], [0.0, 1.0]]
    x = [x, 2 * x]
    for i in range(n):
        if i > 0:
            jn = [[2 * x[0], 0.0], [0.0, 2 * x[1]]]
        if i > 0:
            j = jn
        x = [x[0] - x[1] / (j[0][0] + 3), x[1] - x[0] / (j[1][1] + 5)]
    return x[0] * x[1]
""",
        ((1.1, 3), (1.1, 1), (1.1, 0)),
    ),
    "caught": (
        """
def main(x, limit):
    if x > limit:
        r = 1.0
    else:
        v = x * 3
        r = v
    try:
        y = v
    except NameError:
        y = None
    return x * r if y is None else x * x * r * y
""",
        ((2.0, 5), (6.0, 5)),
    ),
    "an object, caught": (
        """
class State:
    def __init__(self, T):
        self.r = T * 3
def main(T, limit):
    try:
        if T > limit:
            raise NotImplementedError
        st = State(T)
    except NotImplementedError:
        r = 1.0
    else:
        r = st.r
    try:
        y = st.r * 2
    except (NameError, ValueError):
        y = T
    return y * r
""",
        ((2.0, 5), (6.0, 5)),
    ),
    "caught after a loop": (
        """
def main(x, n):
    for k in range(n):
        if k > 1:
            last = x * k
    try:
        return last * x
    except UnboundLocalError:
        return x
""",
        ((1.3, 0), (1.3, 2), (1.3, 4)),
    ),
    "caught within a loop": (
        """
def main(x, n):
    s = 0.0
    for k in range(n):
        try:
            s = s + last * x
        except NameError:
            s = s + 7 * x
        if k > 0:
            last = x * k
    return s
""",
        ((1.3, 0), (1.3, 1), (1.3, 4)),
    ),
}


@pytest.mark.filterwarnings("ignore:.*does not depend on:UserWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_derivatives_are_those_of_the_way_taken(name: str) -> None:
    source, ways = PROGRAMS[name]
    for args in ways:
        check_everything(define(source), args, (0,))


def test_what_one_branch_makes_is_no_other_object() -> None:
    main = define("""
def main(x, n):
    xs = [x, [x]]
    if n:
        ys = xs
        zs = [x * x, [x]]
    if n:
        ys[1][0] = 2 * x
        zs[1][0] = 3 * x
        return xs[1][0] * zs[1][0] * zs[0]
    return x
""")
    check_everything(main, (1.3, 1), (0,))
    assert quietly(gs.grad(main), 1.3, 0) == 1.0
