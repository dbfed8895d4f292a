"""Arrays without axes: written to like any other, though their derivatives are numbers."""

from __future__ import annotations

from typing import Any

import pytest

import gradscribe as gs
from oracles import assert_close
from pipeline import check_everything, define, fresh, quietly, round_trip

PROGRAMS: dict[str, str] = {
    "masks": """
import numpy as np
def main(x, y):
    x = np.asarray(x)
    r = np.sqrt(x * x + y * y)
    b = np.empty_like(r)
    bad = r < 0.5
    b[~bad] = np.sin(r[~bad]) * x[~bad]
    b[~bad] += r[~bad] * b[~bad]
    b[bad] = 0.25 * y
    c = np.where(b > 10, 0, b)
    return c * b * x
""",
    "all of it": """
import numpy as np
def main(x, y):
    b = np.array(x * y)
    b[x > 1] = y * y
    d = 2 * b
    e = b.copy()
    e[...] = x * d
    e[y > 1] *= 3
    return (e * d).squeeze()[()] + e[None][0] + e[()] + np.sum(e[None])
""",
    "what was read before it is written": """
import numpy as np
def main(x, y):
    b = np.array(x * x)
    d = b * b
    b[...] = d * x
    b[()] += y
    return b * d * b
""",
    "entries of numbers": """
import numpy as np
def main(x, y):
    r = np.hypot(x, y)
    q = np.asarray(x)
    return r[r > 0.5].sum() * r + q[q > 0.5].sum() * q[...] + np.sum(r[None] * q[None])
""",
    "sums in a loop beside one in place": """
import numpy as np
def main(x, y):
    b = np.array(x * x)
    s = b
    d = b * 1
    for i in range(3):
        d = d + x
        s = s + d
        b += d * y
    return b * d * s
""",
    "one of unknown shape": """
import numpy as np
def main(x, y):
    v = np.array([x, y])
    k = 1 if x > 0 else 2
    s = v[:k].squeeze()[()]
    return np.sum(s * s * y)
""",
    "copies": """
from copy import copy
import numpy as np
def main(x, y):
    a = np.array(x * y)
    b = copy(a)
    z = [copy(y), x]
    w = copy(z)
    w[0] = x * x
    a += 1
    c = np.zeros(3)
    c[0] = x
    d = copy(c)
    c[0] = 3 * x
    e = copy(c.reshape(-1)[:1].squeeze())
    return a * b * w[0] * z[0] * np.sum(d) * e
""",
    "broadcast with others": """
import numpy as np
def main(x, y):
    a, b, c = np.broadcast_arrays(x, y, 2.0)
    d, e, f = np.broadcast_arrays(a * b, np.array([x, y]), np.array([[1.0], [x], [y]]))
    return a * b * c + np.sum(d * e * f * e)
""",
    "limits of a dtype": """
import numpy as np
from numpy import finfo
def main(x, y):
    z = np.asarray(x) * y
    limit = 0.5 - finfo(z.dtype).eps
    return np.where(z > limit, z * x, z * y * (1 + np.finfo(float).eps)) + np.iinfo(int).max * 0
""",
}
POINTS = [(0.7, 1.3), (0.2, 0.3), (1.4, 0.3)]


@pytest.mark.parametrize("args", POINTS)
@pytest.mark.parametrize("name", PROGRAMS)
def test_arrays_without_axes(name: str, args: tuple[Any, ...]) -> None:
    function = define(PROGRAMS[name])
    for place in (0, 1):
        check_everything(function, args, (place,))
    memory, text, _ = round_trip(function, fresh(args))
    for written in (memory, text):
        assert_close(quietly(written, *args), quietly(function, *args), rtol=1e-14, atol=0.0)


def test_limits_are_written_as_they_are_read() -> None:
    text = gs.grad(define(PROGRAMS["limits of a dtype"])).source_for(0.7, 1.3)
    assert 'np.finfo("float64").eps' in text
