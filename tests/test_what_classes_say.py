"""Objects that their class puts in order, functions for each class, dataclasses as dicts."""

from __future__ import annotations

import pytest

from pipeline import check_everything
from snippets import compiled, programs

EXACT = programs("""
# objects in order of their class | x
class Q:
    def __init__(self, v, w):
        self.v, self.w = v, w
    def __lt__(self, o):
        return self.v < o.v
---
qs = [Q(v, v ** 2) for v in x]
qs = sorted(qs)
return qs[0].v * qs[1].w + min(qs).w + max(qs).v

# few objects | s, c
class Q:
    def __init__(self, v):
        self.v = v
    def __lt__(self, o):
        return self.v < o.v
---
a, b = Q(s), Q(c)
w = sorted([a, b, Q(s * c)], reverse=True)
w.sort()
return w[0].v * w[1].v + min(a, b).v * max(a, b, Q(s * 3)).v

# objects with gt | x
class Q:
    def __init__(self, v):
        self.v = v
    def __gt__(self, o):
        return self.v > o.v
---
qs = [Q(v * v) for v in x]
return max(qs).v * 2

# a dataclass as a dict and as a tuple | s, c, x
from dataclasses import asdict, astuple, dataclass
@dataclass
class Inner:
    u: object
@dataclass
class Outer:
    a: float
    inner: Inner
    pair: tuple
---
p = Outer(s, Inner(x * s), (c, s))
d = asdict(p)
p.inner.u[0] = 7.0
a, (u,), pair = astuple(p)
return d["a"] * np.sum(d["inner"]["u"] * u) * d["pair"][0] + a * pair[1]

# a dict with declared keys | s, c
from typing import TypedDict
class P(TypedDict):
    a: float
    b: float
---
p: P = {"a": s, "b": c}
q = P(a=s, b=c * c)
return p["a"] * q["b"]

# a function for each class | s, x
from functools import singledispatch
@singledispatch
def area(v):
    return v * v
@area.register(list)
def _(v):
    return sum(u * u for u in v)
@area.register
def _(v: tuple):
    return v[0] * v[1]
---
return area(s) + area([s, 2 * s]) * area((s, s))
""")


@pytest.mark.parametrize("name", EXACT)
def test_what_classes_say_is_followed(name: str) -> None:
    _, args, wrt = EXACT[name]
    check_everything(compiled(EXACT[name]), args, wrt)
