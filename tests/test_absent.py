"""What is None on some paths and a number, an array or a list on others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline import check_everything, define

A = np.array
U = A([0.7, -1.2, 0.4])

# name: (source of main, arguments); every path of a program is taken by one of its rows
PROGRAMS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "the largest so far": (
        """
def main(u):
    best = None
    for x in u:
        if best is None or x * x > best:
            best = x * x
    return best * u[1]
""",
        (U,),
    ),
    "asked for by its class": (
        """
def main(x, n):
    scale = x * 2 if n > 0 else None
    if isinstance(scale, float):
        return scale * x
    return x + (scale is None)
""",
        (0.7, 0),
    ),
    "an argument left out": (
        """
def scaled(x, w=None):
    if w is None:
        return x
    return x * w
def main(u, n):
    w = u * 2 if n > 0 else None
    v = scaled(u, w)
    w = u * 2 if n < 1 else None
    return v * scaled(u, w)
""",
        (U, 0),
    ),
    "weights that may be left out": (
        """
def main(u, n):
    w = u * u if n > 0 else None
    return np.average(u, weights=w) + np.average(u, weights=u * u if n < 1 else None)
""",
        (U, 0),
    ),
    "bounds that may be left out": (
        """
def main(u, n):
    lower = u[0] if n > 0 else None
    upper = u[0] / 2 if n < 1 else None
    return np.clip(u, lower, 1.0) * np.clip(u, -1.0, upper)
""",
        (U, 0),
    ),
    "entries of a list": (
        """
def main(u):
    total, seen = 0.0, []
    for x in u:
        seen.append(x * x if x > 0 else None)
    for s in seen:
        if s is None:
            total = total + u[1]
        else:
            total = total * s + s
    return total
""",
        (U,),
    ),
    "a display of both": (
        """
def main(x):
    total = x
    for s in [None, x * x, None, x]:
        if s is not None:
            total = total * s
    return total
""",
        (0.7,),
    ),
    "compared with None": (
        """
def main(x, n):
    s = x * x if n > 0 else None
    if s == None:
        return x
    return s
""",
        (0.7, 0),
    ),
    "by its truth": (
        """
def main(x, n):
    s = x * x if n > 0 else None
    rows = [x, x * x] if n > 0 else None
    y = s or x * 3
    if rows:
        y = y * rows[1]
    if not rows:
        y = y * x
    return y
""",
        (0.7, 0),
    ),
    "by a pattern": (
        """
def main(x, n):
    s = x * x if n > 0 else None
    match s:
        case None:
            return x * 3
        case float():
            return s
    return x
""",
        (0.7, 0),
    ),
    "the class itself": (
        """
def main(x, n):
    s = x * x if n > 0 else None
    return x * 3 if type(s) is type(None) else s
""",
        (0.7, 0),
    ),
    "a state that starts as nothing": (
        """
def main(u):
    before, total = None, 0.0
    for k in range(3):
        now = u * (k + 1)
        if before is not None:
            total = total + np.sum(now * before)
            before[0] = total
        before = now
    return total
""",
        (U,),
    ),
    "an attribute": (
        """
class Box:
    def __init__(self, held=None):
        self.held = held
    def take(self, x):
        self.held = x if self.held is None else self.held * x
def main(x):
    box = Box()
    for i in range(3):
        box.take(x + i)
    return box.held
""",
        (0.7,),
    ),
    "an array that is written to where it is there": (
        """
def main(u, n):
    v = None
    if n > 0:
        v = u * u
    w = v
    if n > 0:
        v[1:] *= u[0]
        v += 1
        return w * u
    return u
""",
        (U, 0),
    ),
}
ROWS = [(name, source, args) for name, (source, args) in PROGRAMS.items()]
ROWS += [(f"{n}, there", s, (a[0], 1)) for n, s, a in ROWS if len(a) == 2]


@pytest.mark.parametrize(("source", "args"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_what_may_be_none_is_asked_where_the_program_asks(
    source: str, args: tuple[Any, ...]
) -> None:
    check_everything(define(f"import numpy as np\n{source}"), args)
