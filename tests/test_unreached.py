"""Branches with what cannot be differentiated: refused where they are taken."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

import gradscribe as gs
from pipeline import check_everything, define, quietly, reread

PROGRAM = """
import struct
import types
class State:
    def __init__(self, t, p):
        self.t = t
        if t > 3:
            def residual(r):
                return r ** 3 - self.t * p
            self.rho = types.MethodType(residual, 2.0)()
        elif t > 2:
            self.rho = struct.unpack("d", struct.pack("d", t))[0]
        else:
            self.rho = p / t
def main(x, y):
    s = State(x, y)
    if y > 10:
        z = struct.unpack("d", struct.pack("d", y))[0]
    else:
        z = x * y
    return s.rho * s.t * z + z * y
"""

DERIVATIVES: dict[str, Callable[[Any], Any]] = {
    "grad": lambda f: gs.grad(f, (0, 1)),
    "reverse": lambda f: gs.grad(f, (0, 1), mode="reverse"),
    "value": lambda f: gs.value_and_grad(f, (0, 1)),
    "jvp": lambda f: lambda *args: gs.jvp(f)(args, (1.0, 1.0)),
    "vjp": gs.vjp,
}


def test_what_is_not_taken_is_not_in_the_way() -> None:
    check_everything(define(PROGRAM), (0.7, 0.4), (0, 1))


@pytest.mark.parametrize("name", DERIVATIVES)
@pytest.mark.parametrize(("args", "line"), [((2.5, 0.4), 12), ((3.5, 0.4), 10), ((0.7, 10.4), 18)])
def test_what_is_taken_is_refused(name: str, args: tuple[Any, ...], line: int) -> None:
    derivative = DERIVATIVES[name](define(PROGRAM))
    with pytest.raises(NotImplementedError, match=f":{line}: cannot differentiate"):
        quietly(derivative, *args)


def test_the_text_refuses_as_well() -> None:
    with pytest.raises(NotImplementedError, match=":12: cannot differentiate"):
        gs.grad(gs.grad(define(PROGRAM)))(2.5, 0.4)
    again = reread(define(PROGRAM), (0.7, 0.4), 0)
    with pytest.raises(NotImplementedError, match="cannot differentiate"):
        again(2.5, 0.4)
    with pytest.raises(NotImplementedError, match="cannot differentiate"):
        gs.grad(again)(2.5, 0.4)


def test_what_is_inactive_is_computed() -> None:
    main = define(PROGRAM)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert gs.grad(main, 0)(0.7, 10.4) == pytest.approx(0.0)


EVERY_WAY = """
import struct
def main(x):
    if x > 1:
        return struct.unpack("d", struct.pack("d", x))[0]
    elif x > 0:
        return struct.unpack("f", struct.pack("f", x))[0] * x
    raise ValueError(x)
"""
CAUGHT = """
import struct
def main(x):
    try:
        if x > 1:
            y = struct.unpack("d", struct.pack("d", x))[0]
        else:
            y = x * x
    except Exception:
        y = x
    return y
"""
CAUGHT_FUNCTION = """
import types
def main(x):
    def f(v):
        return v * x
    try:
        y = types.MethodType(f, 2.0)() if x > 1 else x * x
    except Exception:
        y = x
    return y
"""
IN_A_LOOP = """
import struct
def main(x):
    y = x
    if x > 1:
        for k in range(2):
            y = y * struct.unpack("d", struct.pack("d", x))[0]
    return y
"""


@pytest.mark.parametrize("source", [EVERY_WAY, CAUGHT, CAUGHT_FUNCTION, IN_A_LOOP])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_what_is_refused_at_once(source: str, mode: str) -> None:
    with pytest.raises(gs.GradscribeError):
        gs.grad(define(source), mode=mode)(0.5)


DICTS = """
def one(x, y):
    return {"v": x * y, "k": "one", "n": 1}
def two(x, y):
    return {"v": x + y, "w": x * x * y}
def main(x, y):
    p = None
    if x > 1:
        p = one(x, y)
    elif x > 0.5:
        p = two(x, y)
    else:
        p = one(y, x)
    q = p["v"] * x
    if y > 1:
        q = q + p["v"] * p["v"]
    return q * p["v"]
"""


@pytest.mark.parametrize("args", [(1.2, 0.4), (0.7, 0.4), (0.3, 0.3), (1.2, 1.4), (0.7, 1.4)])
def test_entries_of_dicts_that_a_branch_chooses(args: tuple[float, float]) -> None:
    check_everything(define(DICTS), args, (0, 1))
