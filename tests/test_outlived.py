"""Objects, lists of unlike things and dicts that a loop is the first to make, read after it."""

from __future__ import annotations

import pytest

import gradscribe as gs
from pipeline import check_everything, define

HEAD = """
from dataclasses import dataclass
@dataclass
class P:
    u: float
    v: float
"""

PROGRAMS = {
    "an object": """
def main(x):
    for k in range(3):
        if k % 2 == 0:
            p = P(x * k, x)
    return p.u * p.v
""",
    "an object that is returned": """
def found(x):
    for k in range(5):
        p = P(x * k, x)
        if p.u > 2.0:
            return p
    return P(x, x * x)
def main(x):
    p, q = found(x), found(x * 0.1)
    return p.u * p.v + q.v
""",
    "what is nested": """
def main(x):
    for k in range(3):
        p = [x, P(x * k, [x, "a"])] if k else [x * x, P(x, [x * 3, "b"])]
        s = p[1].v[1]
    return p[0] * p[1].u * p[1].v[0] + (5 * x if s == "a" else 0)
""",
    "a dict in a tuple": """
def main(x):
    for k in range(3):
        t = x * k, {"a": x * x, "b": [k, x]}
    n, d = t
    d["a"] *= n
    return d["a"] * d["b"][1]
""",
    "the second of two loops": """
def main(x):
    j = [[x, 0.0], [1.0, x]]
    n = 0
    while n < 3:
        for factor in (1.0, 0.5):
            try:
                jnew = [[j[0][0] * factor, 0.0], [-1.0, x * j[1][1]]]
            except ZeroDivisionError:
                continue
            if jnew[1][1] > 0:
                break
        j = jnew
        n += 1
    return j[0][0] * j[1][1]
""",
    "a loop that does not run": """
def main(x):
    for k in range(0):
        p = P(x, x)
    try:
        return p.u
    except NameError:
        return x * x
""",
}


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_what_a_loop_makes_can_be_read_after_it(source: str) -> None:
    check_everything(define(HEAD + source), (1.7,))


# Right where it is understood, and else refused: two names for one object after a loop.
SHARED = {
    "one of two objects from outside": """
def main(x):
    a, b = P(x, 1.0), P(2 * x, 1.0)
    for k in range(3):
        best = a
        if k == 1:
            best = b
    best.u = x * x * x
    return a.u + b.u * 2
""",
    "two names": """
def main(x):
    for k in range(3):
        p = P(x * k, x)
        q = p
    q.u = x * x * x
    return p.u * x
""",
    "an entry of a list": """
def main(x):
    ps = []
    for k in range(3):
        p = P(x * k, x)
        ps.append(p)
    p.u = x * x * x
    return ps[2].u * x
""",
    "an entry of a list, under a name that was bound before": """
def main(x):
    ps, p = [], P(x, x)
    for k in range(3):
        p = P(x * k, x)
        ps.append(p)
    p.u = x * x * x
    return ps[2].u * x
""",
    "an entry of a tuple that is one of a list": """
def main(x):
    ps, p = [], (x, P(x, x))
    for k in range(3):
        p = x * k, P(x, x)
        ps.append(p[1])
    p[1].u = x * x * x
    return ps[2].u * x
""",
    "one row twice": """
def main(x):
    for k in range(3):
        row = [x * k, "a"]
        m = [row, row, 2]
    m[0][0] = x * x
    return m[1][0] * x
""",
}


@pytest.mark.parametrize("source", SHARED.values(), ids=SHARED.keys())
def test_a_write_that_another_name_may_see_is_refused(source: str) -> None:
    for mode in ("reverse", "forward"):
        with pytest.raises(gs.GradscribeError, match=r"cannot (write|know)"):
            gs.grad(define(HEAD + source), mode=mode)(1.7)
