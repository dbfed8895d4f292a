"""Branches on what is one of a few constants: decided where it can be none of those asked for."""

from __future__ import annotations

import pytest

import gradscribe as gs
from pipeline import check_everything, define

PROGRAMS = {
    "a text that says which": """
def main(x, y):
    if x and y > 2:
        mode = "xy"
    elif y:
        mode = "y"
    else:
        mode = ""
    if mode == "z":
        never(x)
    elif mode in ("xy", "w"):
        z = x * x
    elif mode:
        z = x * 3
    else:
        z = x
    if mode:
        if mode == "xy":
            z = z * x * len(mode)
        elif mode != "y":
            never(x)
    elif not mode == "":
        never(x)
    return z * y
""",
    "a text in an object": """
class State:
    mode = None
    def __init__(self, x, y):
        self.given = {"x": x, "y": y, "z": None}
        self.value = 0.0
        if self.known:
            self.solve()
    @property
    def known(self):
        self.mode = ""
        if self.given["x"] and self.given["y"]:
            self.mode = "xy"
        elif self.given["x"] and self.given["z"] is not None:
            self.mode = "xz"
        return bool(self.mode)
    def solve(self):
        args = self.given[self.mode[0]], self.given[self.mode[1]]
        if self.mode == "xz":
            never(args[0])
        elif self.mode == "xy":
            self.value = args[0] * args[1] ** 2
def main(x, y):
    return State(x, y).value * x
""",
    "a number, or None": """
def which(x):
    if x > 3:
        return 1
    if x > 1:
        return 2
    if x > 9:
        raise ValueError("cannot be")
    return None
def main(x, y):
    k = which(x)
    if k is None:
        return x * y
    if k == 3 or k is True:
        never(x)
    if not (k == 1 or k == 4):
        return x * x * y * k
    return x * y ** 3 + k
""",
    "a text that a loop changes": """
def main(x, y):
    k = "a"
    for i in range(3):
        if k == "b":
            x = x * x
        elif k == "c":
            x = x * y
        k = "b" if i else "c"
    if k == "a":
        return x
    return x * y
""",
    "a text that only one way binds": """
def main(x, y):
    if x > y:
        k = "a"
    try:
        if k == "b":
            never(x)
        return x * x
    except NameError:
        return y * x * 3
""",
    "numbers that are equal but for their kind": """
def main(x, y):
    k = 1 if x > y else True
    n = 0 if x > y else False
    if k == 1 and k is not None and n == 0:
        x = x * k
    if k is True:
        x = x * x
    return x * y + n
""",
}


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_what_cannot_be_asked_for_is_not_lowered(source: str) -> None:
    main = define("import scipy.optimize\n" + source)
    for args in ((1.7, 2.5), (1.7, 1.5), (3.5, 0.5), (0.4, 1.5)):
        check_everything(main, args, (0, 1))


def test_what_can_be_is_lowered() -> None:
    main = define("""
import json
def main(x):
    mode = "a" if x > 2 else "b"
    if mode == "b":
        return json.loads(x)
    return x * x
""")
    with pytest.raises(NotImplementedError, match="cannot differentiate"):
        gs.grad(main)(1.0)
    assert gs.grad(main)(3.0) == 6.0
