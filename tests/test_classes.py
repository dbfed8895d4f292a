"""What classes decide: descriptors, assignment, entries, and objects made without a constructor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from pipeline import check_everything, check_file, define

A = np.arange(1.0, 7.0)
X = 1.3

# What each program reads, and the program.
PROGRAMS: dict[str, tuple[Any, str]] = {
    "a data descriptor": (
        X,
        """
class D:
    def __init__(self, scale): self.scale = scale
    def __set_name__(self, owner, name): self.name = "_" + name
    def __get__(self, obj, owner=None): return getattr(obj, self.name) * self.scale
    def __set__(self, obj, v): setattr(obj, self.name, v / 2)
class Q:
    w = D(3.0)
    def __init__(self, w): self.w = w
def main(x):
    q = Q(x * x)
    q.w = q.w + x
    return q.w * x
""",
    ),
    "a descriptor that is hidden by an attribute": (
        X,
        """
class Twice:
    def __get__(self, obj, owner=None): return 2 * obj.v
class Q:
    d = Twice()
    def __init__(self, v): self.v = v
def main(x):
    q = Q(x * x)
    r = q.d
    q.d = 5.0 * x
    return r * q.d
""",
    ),
    "a frozen dataclass that computes a field": (
        X,
        """
import math
from dataclasses import dataclass, field, replace
@dataclass(frozen=True)
class V:
    x: float
    y: float = 0.0
    norm: float = field(init=False)
    def __post_init__(self):
        object.__setattr__(self, "norm", math.hypot(self.x, self.y))
def main(x):
    v = V(x, 2.0)
    w = replace(v, y=x * x)
    return v.norm * w.norm
""",
    ),
    "a class that decides what assigning does": (
        X,
        """
class Base:
    def __setattr__(self, name, value):
        if name.startswith("k_"):
            value = value * 2
        super().__setattr__(name, value)
class Q(Base):
    def __init__(self, v):
        self.k_v = v
        self.w = v
def main(x):
    q = Q(x)
    q.k_v += x * x
    return q.k_v * q.w
""",
    ),
    "a descriptor that checks what is assigned": (
        X,
        """
class Positive:
    def __set_name__(self, owner, name): self.private = "_" + name
    def __get__(self, obj, owner=None):
        if obj is None: return self
        return getattr(obj, self.private)
    def __set__(self, obj, v):
        if v <= 0: raise ValueError("positive!")
        setattr(obj, self.private, v)
class Q:
    a = Positive()
    b = Positive()
    def __init__(self, a, b): self.a = a; self.b = b
def main(x):
    q = Q(x, x * x)
    try:
        q.a = -x
    except ValueError:
        q.b = q.b * 3
    return q.a * q.b
""",
    ),
    "a property that is set": (
        X,
        """
import math
class P:
    def __init__(self, v): self.v = v
    @property
    def r(self): return self.v ** 2
    @r.setter
    def r(self, value): self.v = math.sqrt(value)
def main(x):
    p = P(x)
    p.r = p.r * x
    p.r += 3.0
    return p.v * x
""",
    ),
    "an object that takes entries": (
        A[:3],
        """
class Grid:
    def __init__(self, a): self.a = a.copy()
    def __getitem__(self, k): return self.a[k] * 2
    def __setitem__(self, k, v): self.a[k] = v / 2
def main(a):
    g = Grid(a)
    g[0] = g[1] * g[2]
    g[1] = g[1] + 3 * a[0]
    return g[0] * g[1] + g.a[2]
""",
    ),
    "entries of an object changed in place": (
        A[:3],
        """
class Grid:
    def __init__(self, a): self.a = a.copy()
    def __getitem__(self, k): return self.a[k] * 2
    def __setitem__(self, k, v): self.a[k] = v / 2
def main(a):
    g = Grid(a)
    i = 0
    while i < 2:
        g[i] *= a[i + 1]
        i += 1
    g[1:] += a[0]
    return g[0] * g[1] + g.a[2]
""",
    ),
    "a property changed in place": (
        A[:3],
        """
import numpy as np
class P:
    def __init__(self, v):
        self._r = v.copy()
        self.n = 1.0
    @property
    def r(self): return self._r
    @r.setter
    def r(self, value):
        self._r = value * 2
        self.n += 1
def main(a):
    p = P(a)
    p.r += a[0] * a
    p.r[1] = a[2]
    return np.sum(p.r ** 2) * p.n
""",
    ),
    "a list behind a property": (
        X,
        """
class P:
    def __init__(self, v):
        self._r = [v, 2.0]
    @property
    def r(self): return self._r
    @r.setter
    def r(self, value):
        self._r = [w * 2 for w in value]
def main(x):
    p = P(x)
    p.r += [x * x]
    return sum(p.r) * x
""",
    ),
    "entries of an object by name": (
        X,
        """
class P:
    def __init__(self, v):
        self.d = {"a": v}
    def __getitem__(self, k): return self.d.get(k, 0.0)
    def __setitem__(self, k, v): self.d[k] = v
def main(x):
    p = P(x)
    for name in ["a", "b", "a"]:
        p[name] += x * x
    return p["a"] * p["b"]
""",
    ),
    "objects that objects hold": (
        A[:3],
        """
import numpy as np
class M:
    def __init__(self, v): self.v = v.copy()
    def __iadd__(self, o):
        self.v += o.v
        return self
class H:
    def __init__(self, m): self.ms = [m, m]
    def __getitem__(self, k): return self.ms[k]
    def __setitem__(self, k, v): self.ms[k] = v
def main(a):
    h = H(M(a))
    h[0] += M(a * a)
    h[1] += h[0]
    return np.sum(h[0].v * h[1].v)
""",
    ),
    "slices and pairs as keys of an object": (
        A,
        """
import numpy as np
class Grid:
    def __init__(self, a): self.a = a.reshape(2, 3).copy()
    def __getitem__(self, k):
        if isinstance(k, slice):
            return self.a[k, 0] * 2
        i, j = k
        return self.a[i, j] * 2
    def __setitem__(self, k, v):
        i, j = k
        self.a[i, j] = v / 2
    def __delitem__(self, k): self.a[k] = 0.0
def main(a):
    g = Grid(a)
    g[0, 1:] += a[0]
    g[:, 0] = g[1, 1] * a[2:4]
    s = g[0:2]
    del g[0]
    return np.sum(g.a[1:] ** 2) + s[0] * s[1]
""",
    ),
    "named tuples with operators": (
        X,
        """
import math
from typing import NamedTuple
class V(NamedTuple):
    x: float
    y: float
    def __add__(self, o): return V(self.x + o.x, self.y + o.y)
    def __mul__(self, k): return V(self.x * k, self.y * k)
    def __neg__(self): return V(-self.x, -self.y)
    def norm(self): return math.hypot(*self)
class W(V):
    def extra(self): return self.x
class U(W): pass
def main(x):
    a = V(x, 2.0) + V(x * x, x)
    b = a * x
    c = W(x, x) + W(x, 1.0)
    d = U(x, x * x) + U(x, 1.0)
    return b.norm() + len(a) * c.x + (-d).y + U(x, 1.0).extra()
""",
    ),
    "members of an enumeration": (
        X,
        """
from enum import Enum, IntEnum
class K(Enum):
    LIN = 1
    QUAD = 2
    @property
    def power(self): return self.value
    def apply(self, x): return x ** self.value
class I(IntEnum):
    A = 0
    B = 2
def main(x):
    s = 0.0
    for k in K:
        s += k.apply(x) * k.power
        match k:
            case K.LIN: s += x
            case K.QUAD: s *= x
    d = {m: x * m.value for m in K}
    return s * [x, 2.0, x * x][I.B] * d[K.QUAD] * K["QUAD"].power * K(1).power
""",
    ),
    "namespaces": (
        X,
        """
from types import SimpleNamespace as NS, MappingProxyType
def main(x):
    n = NS(a=x, b=NS(c=x * x))
    n.b.c += n.a
    n.d = [n.a, n.b.c]
    return n.d[1] * n.b.c
""",
    ),
    "objects with every operator": (
        X,
        """
import functools
import operator
class P:
    def __init__(self, v): self.v = v
    def __add__(self, o): return P(self.v + (o.v if isinstance(o, P) else o))
    __radd__ = __add__
    def __mul__(self, o): return P(self.v * o)
    __rmul__ = __mul__
    def __neg__(self): return P(-self.v)
    def __abs__(self): return P(abs(self.v))
    def __pow__(self, n): return P(self.v ** n)
    def __float__(self): return float(self.v)
    def __bool__(self): return self.v > 2
    def __divmod__(self, o): return (self.v // o, self.v % o)
def main(x):
    s = sum([P(x), P(x * x), P(2.0)])
    t = -s * 3 + 2 * abs(P(-x))
    if t:
        t = t + 100
    q = functools.reduce(operator.add, [P(x), t ** 2])
    a, b = divmod(P(x), 1.0)
    return float(q) * x + b
""",
    ),
    "a sum of objects": (
        X,
        """
class P:
    def __init__(self, v): self.v = v
    def __add__(self, o): return P(self.v + o.v)
def main(x):
    s = sum((P(x * k) for k in range(1, 4)), P(0.0))
    return s.v * x
""",
    ),
    "objects in a list that a comprehension makes": (
        X,
        """
from dataclasses import dataclass
@dataclass
class P:
    v: float
    def __post_init__(self): self.v = self.v * 2
def main(x):
    ps = [P(x * k) for k in range(4)]
    s = 0.0
    for i in range(len(ps) - 1):
        s += ps[i].v * ps[i + 1].v
    return s
""",
    ),
    "objects whose constructor checks": (
        X,
        """
from dataclasses import dataclass
@dataclass
class P:
    v: float
    def __post_init__(self):
        if self.v <= 0: raise ValueError("must be positive")
def main(x):
    ps = [P(x * (k + 1)) for k in range(4)]
    s = 0.0
    for i in range(len(ps) - 1):
        s -= ps[i].v * ps[i + 1].v
    return s
""",
    ),
    "objects appended, whose constructor computes": (
        X,
        """
from dataclasses import dataclass
@dataclass
class P:
    v: float
    def __post_init__(self): self.v = self.v * 2
def main(x):
    ps = []
    for k in range(4):
        p = P(x * k)
        ps.append(p)
    s = 0.0
    for p in ps:
        s += p.v ** 2
    return s
""",
    ),
    "an object with more attributes than its constructor takes": (
        X,
        """
class P:
    def __init__(self, v):
        self.v = v
        self.square = v * v
def main(x):
    best = P(x)
    for k in range(3):
        p = P(x * k)
        best = p if p.v > best.v else best
    ps = [P(x + k) for k in range(3)]
    return best.square * ps[k].square
""",
    ),
    "objects of a list that step": (
        A[:4],
        """
class P:
    def __init__(self, v, w=1.0, name="p"):
        self.v = v
        self.w = w
        self.name = name
    def step(self, h):
        self.v += h * self.w
        self.w -= h * self.v
    def energy(self):
        return self.v ** 2 + self.w ** 2
def main(a):
    ps = [P(a[i], a[i] ** 2) for i in range(4)]
    for _ in range(3):
        for p in ps:
            p.step(0.1)
    return sum(p.energy() for p in ps)
""",
    ),
    "bodies that attract one another": (
        A[:4],
        """
class P:
    def __init__(self, v, w=1.0, name="p"):
        self.v = v
        self.w = w
        self.name = name
    def step(self, h):
        self.v += h * self.w
        self.w -= h * self.v
    def energy(self):
        return self.v ** 2 + self.w ** 2
def main(a):
    ps = [P(a[i], 0.0) for i in range(4)]
    for t in range(2):
        for i, p in enumerate(ps):
            f = 0.0
            for j, q in enumerate(ps):
                if p is q:
                    continue
                f += (q.v - p.v) / (1 + (q.v - p.v) ** 2)
            p.w += 0.1 * f
        for p in ps:
            p.v += 0.1 * p.w
    return sum(p.v * (k + 1) for k, p in enumerate(ps))
""",
    ),
    "an object changed before the list is read": (
        A[:4],
        """
class P:
    def __init__(self, v, w=1.0, name="p"):
        self.v = v
        self.w = w
        self.name = name
    def step(self, h):
        self.v += h * self.w
        self.w -= h * self.v
    def energy(self):
        return self.v ** 2 + self.w ** 2
def main(a):
    p = P(a[0])
    ps = [p, P(a[1])]
    p.v = a[2] * 3
    ps[0].w = a[3]
    return ps[0].v * p.w + ps[1].v
""",
    ),
    "an entry changed by a function that hands it on": (
        A[:4],
        """
class P:
    def __init__(self, v, w=1.0, name="p"):
        self.v = v
        self.w = w
        self.name = name
    def step(self, h):
        self.v += h * self.w
        self.w -= h * self.v
    def energy(self):
        return self.v ** 2 + self.w ** 2
def bump(p, x):
    p.v += x
    return p
def main(a):
    ps = [P(a[k]) for k in range(4)]
    r = bump(ps[1], a[0])
    r.w = 7 * a[2]
    best = max(ps, key=lambda p: p.v)
    return r.v * ps[1].w + best.v
""",
    ),
    "objects in rows": (
        A[:4],
        """
class P:
    def __init__(self, v, w=1.0, name="p"):
        self.v = v
        self.w = w
        self.name = name
    def step(self, h):
        self.v += h * self.w
        self.w -= h * self.v
    def energy(self):
        return self.v ** 2 + self.w ** 2
def main(a):
    grid = [[P(a[i] * a[j]) for j in range(3)] for i in range(3)]
    for i in range(1, 3):
        for j in range(3):
            grid[i][j].v += grid[i - 1][j].v * 0.5
    row = grid[1]
    row[0].w = a[3]
    return sum(p.v * p.w for r in grid for p in r)
""",
    ),
    "objects with names": (
        A[:4],
        """
class P:
    def __init__(self, v, w=1.0, name="p"):
        self.v = v
        self.w = w
        self.name = name
    def step(self, h):
        self.v += h * self.w
        self.w -= h * self.v
    def energy(self):
        return self.v ** 2 + self.w ** 2
def main(a):
    ps = [P(a[k], name=n) for k, n in enumerate(["a", "b", "a", "c"])]
    for p in ps:
        if p.name == "a":
            p.v *= 3
            p.name = "z"
    return sum(p.v * (2.0 if p.name == "z" else 1.0) for p in ps)
""",
    ),
    "entries changed where loops are left": (
        A[:4],
        """
class P:
    def __init__(self, v, w=1.0, name="p"):
        self.v = v
        self.w = w
        self.name = name
    def step(self, h):
        self.v += h * self.w
        self.w -= h * self.v
    def energy(self):
        return self.v ** 2 + self.w ** 2
def main(a):
    ps = [P(v) for v in a]
    total = 0.0
    for p in ps:
        for q in reversed(ps):
            q.v += 0.1 * p.v
            if q.v > 6:
                break
        else:
            continue
        total += p.v
    return total + sum(p.v ** 2 for p in ps)
""",
    ),
    "an object that is not the same as another": (
        X,
        """
from dataclasses import dataclass
@dataclass
class P:
    v: float
def main(x):
    ps = [P(x * k) for k in range(4)]
    s = 0.0
    for i, p in enumerate(ps):
        for q in ps:
            if p is q:
                continue
            s += p.v * q.v * (i + 1)
    return s
""",
    ),
    "objects that are compared as they are": (
        X,
        """
from dataclasses import dataclass
@dataclass(eq=False)
class P:
    v: float
def main(x):
    ps = [P(x * k) for k in range(4)]
    s = 0.0
    for i, p in enumerate(ps):
        for q in ps:
            if p != q:
                s += p.v * q.v * (i + 1)
    r = ps[2]
    if r in ps[1:]:
        s *= 2
    if r in ps[:1]:
        s *= 3
    return s
""",
    ),
    "an object of known place": (
        X,
        """
class P:
    def __init__(self, v): self.v = v
def main(x):
    ps = [P(x), P(x * x), P(3.0)]
    s = 0.0
    for i, p in enumerate(ps):
        for q in ps:
            if p is not q:
                s += p.v * q.v * (i + 1)
    return s + (ps.index(ps[1]) + 1) * x
""",
    ),
    "entries replaced and changed": (
        X,
        """
from dataclasses import dataclass, replace
@dataclass
class P:
    v: float
def main(x):
    ps = [P(x * k) for k in range(4)]
    q = ps[1]
    q.v = q.v * x
    ps[2].v += 1
    q = replace(q, v=0.5 * x)
    ps[3] = q
    return sum(p.v for p in ps) * max(ps, key=lambda p: p.v).v
""",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_derivatives_of_programs_with_classes(name: str, tmp_path: Path) -> None:
    given, source = PROGRAMS[name]
    check_everything(define(source), (given,))
    check_file(source, (given,), 0, tmp_path)


FINALLY = """
import math

def main(x):
    try:
        try:
            y = math.sqrt(1 - x)
        except ValueError as error:
            raise RuntimeError("negative") from error
        finally:
            x = x * 2
    except RuntimeError:
        y = {handled}
    return y
"""


def test_what_a_finally_clause_does_is_lost_where_the_body_raised() -> None:
    with pytest.raises(gs.GradscribeError, match="the try at line 5 binds 'x'"):
        gs.grad(define(FINALLY.format(handled="x * x")))(X)


def test_an_object_of_the_argument_is_not_made_again() -> None:
    source = """
from dataclasses import dataclass

@dataclass
class P:
    v: float
    def __post_init__(self):
        if self.v <= 0:
            raise ValueError("must be positive")

def main(p):
    return -p.v * p.v
"""
    main = define(source)
    given = main.__globals__["P"](2.0)
    gradient = gs.grad(main)(given)
    assert type(gradient) is type(given)
    assert gradient.v == -4.0


REFUSED = {
    "an object that is in a list twice": (
        "    p = P(x)\n    ps = [P(x * k) for k in range(n)]\n    ps += [p, p]\n    ps[0].v = x\n",
        "entry of a container",
    ),
    "two lists of the same objects": (
        "    ps = [P(x * k) for k in range(n)]\n    qs = list(ps)\n    ps[0].v = x\n",
        "entry of a container",
    ),
    "an object that may be an entry": (
        "    ps = [P(x * k) for k in range(n)]\n    p = ps[0]\n    for q in ps:\n"
        "        p = q if q.v > p.v else p\n    x = x if p is ps[0] else 2 * x\n",
        "whether these are one object",
    ),
    "an array as the attribute of an entry": (
        "    ps = [P(x * k) for k in range(n)]\n    for p in ps:\n        p.v = np.array([x])\n",
        "hold numbers alone",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_known_of_the_objects_of_a_list_is_refused(name: str) -> None:
    body, message = REFUSED[name]
    source = "class P:\n    def __init__(self, v):\n        self.v = v\n\n"
    main = define(f"import numpy as np\n{source}def main(x, n):\n{body}    return x * ps[0].v\n")
    with pytest.raises(gs.GradscribeError, match=message):
        gs.grad(main)(X, 3)
