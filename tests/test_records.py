"""Objects, dicts, lists of unlike things and closures: followed part by part, or refused."""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close, gradient_by_differences, unchanged
from pipeline import (
    EXACT,
    FIRST,
    check_everything,
    check_first,
    check_second,
    define,
    fresh,
    quietly,
    reread,
)
from programs import import_file

A = np.array

CLASSES = """
import dataclasses, math, copy, collections
from typing import NamedTuple
import numpy as np

class Point:
    SCALE = 3.0
    def __init__(self, x, y=2.0):
        self.x = x
        self.y = y
    def norm2(self):
        return self.x ** 2 + self.y ** 2 * self.SCALE
    @property
    def total(self):
        return self.x + self.y
    @total.setter
    def total(self, value):
        self.x = value - self.y
    @staticmethod
    def twice(t):
        return 2 * t
    @classmethod
    def diagonal(cls, t):
        return cls(t, t)
    def __add__(self, other):
        if not isinstance(other, Point):
            return NotImplemented
        return Point(self.x + other.x, self.y + other.y)
    def __mul__(self, k):
        return Point(self.x * k, self.y * k)
    __rmul__ = __mul__
    def __neg__(self):
        return Point(-self.x, -self.y)
    def __iadd__(self, other):
        self.x += other.x
        self.y += other.y
        return self
    def __call__(self, t):
        return self.x * t + self.y
    def __len__(self):
        return 2
    def __getitem__(self, i):
        return self.x if i == 0 else self.y
    def __setitem__(self, i, value):
        if i == 0:
            self.x = value
        else:
            self.y = value
    def __lt__(self, other):
        return self.x < other.x
    def __contains__(self, t):
        return t == 1
    def __abs__(self):
        return math.sqrt(self.norm2())
    def __float__(self):
        return self.x * 1.0

class Space(Point):
    def __init__(self, x, y, z):
        super().__init__(x, y)
        self.z = z
    def norm2(self):
        return super().norm2() + self.z ** 2
    @property
    def total(self):
        return super().total * self.z

@dataclasses.dataclass
class Data:
    a: float
    b: float = 2.0
    c: list = dataclasses.field(default_factory=list)
    def total(self):
        return self.a * self.b + sum(self.c)

@dataclasses.dataclass(frozen=True)
class Frozen:
    u: float
    v: float = dataclasses.field(default=1.5)
    w: float = dataclasses.field(init=False, default=4.0)

@dataclasses.dataclass
class Post:
    x: float
    def __post_init__(self):
        self.square = self.x * self.x

class Pair(NamedTuple):
    u: float
    v: float = 1.0
    def product(self):
        return self.u * self.v

Old = collections.namedtuple("Old", "p q", defaults=[2.5])
ORIGIN = Point(2.0, 5.0)
TABLE = {"a": 2.0, "deep": {"c": 3.0, "d": [1.0, 4.0]}, "f": math.sin, 7: (1.5, math.cos)}
"""

STATE = """
class Phase:
    def __init__(self, x):
        self.rho = x * x
class State:
    kwargs = {"T": 0.0, "P": 0.0, "h": None}
    def __init__(self, **kwargs):
        self.kwargs = State.kwargs.copy()
        self.kwargs.update(kwargs)
        self.status = 0
        if self.kwargs["T"] > 0.1:
            self.liquid = Phase(self.kwargs["T"])
            self.rho = self.liquid.rho * self.kwargs["P"]
            self.status = 1
def mixed(a, phase):
    if a and phase:
        return phase.rho * a
    if not a or phase:
        return a
    return 0.0
def main(x, y):
    s = State(T=x, P=y)
    if s.status and (x or s):
        return s.rho * mixed(y, Phase(x)) + dict(State.kwargs, T=x)["T"]
    return x * y * mixed(0.0, Phase(x)) + {**State.kwargs, "T": y}["T"]
"""

# name: (body of a module, arguments, wrt)
PROGRAMS: dict[str, tuple[str, tuple[Any, ...], tuple[int, ...]]] = {
    "a state with an object on one path, and with keywords that its class lists": (
        STATE,
        (0.7, 0.4),
        (0, 1),
    ),
    "the same on the other path": (
        STATE,
        (0.05, 0.4),
        (0, 1),
    ),
    "an object made inside": (
        """
def main(x, y):
    p = Point(x)
    q = Point(y=x * y, x=y)
    return p.norm2() * q.total + Point.twice(x) + Point.diagonal(y).norm2() * p.SCALE
""",
        (0.7, 1.3),
        (0, 1),
    ),
    "operators and special methods": (
        """
def main(x):
    p = Point(x) + 2.0 * Point(x * x, 1.0) * x
    q = -p
    q += Point(1.0, x)
    p[1] = q[0] * p[0]
    r = p.x if p < q else q.y
    s = 3.0 if 1 in p else x
    return p(x) * len(p) + abs(q) * r * s + float(q) * (2.0 if q else x)
""",
        (0.7,),
        (0,),
    ),
    "inheritance, super and properties": (
        """
def main(x, y):
    s = Space(x, y, x * y)
    s.z *= 2
    t = s.total
    Point.total.fset(s, x * x)
    return s.norm2() * t + isinstance(s, Point) * s.x
""",
        (0.7, 1.3),
        (0, 1),
    ),
    "a property that is set": (
        """
def main(x):
    p = Point(x, 3.0 * x)
    p.total = x * x
    return p.x * p.norm2()
""",
        (0.7,),
        (0,),
    ),
    "dataclasses": (
        """
def main(x):
    d = Data(x, c=[x, x * x])
    e = dataclasses.replace(d, b=x ** 3)
    d.c[0] = 5.0 * x
    f = Frozen(x)
    g = dataclasses.replace(f, v=f.u * f.w)
    return d.total() * e.total() + g.u * g.v * g.w + Post(x * x).square
""",
        (0.7,),
        (0,),
    ),
    "named tuples": (
        """
def main(x):
    n = Pair(x)
    m = n._replace(v=x * x)
    u, v = m
    old = Old(x, q=u)
    total = sum(m) + max(Pair(x, 0.1)) + np.sum(np.array(Pair(x, x * x)))
    return n.product() + m.product() * m[0] + u * v + old.p * old.q + m._asdict()["v"] * total
""",
        (0.7,),
        (0,),
    ),
    "objects are shared by their names": (
        """
def bump(p, t):
    p.x = p.x * t
    return p
def main(x):
    p = Point(x)
    q = p
    q.x = x * x
    box = {"p": p, "list": [p, q]}
    box["list"][1].y = x ** 3
    r = bump(p, x)
    return p.norm2() * q.x + r.y + (p is q) * x + (r is not q) * 5.0
""",
        (0.7,),
        (0,),
    ),
    "arrays inside objects are shared": (
        """
class Holder:
    def __init__(self, u):
        self.u = u
        self.v = u
def main(x):
    a = x * 1.0
    h = Holder(a)
    h.u[0] = 3.0 * a[1]
    h.v *= 2
    a[1] = h.u[0] * h.v[1]
    return np.sum(a * h.u * h.v)
""",
        (A([0.5, 1.2]),),
        (0,),
    ),
    "objects that a loop changes": (
        """
def main(x):
    p = Point(x)
    q = Point(0.0, 1.0)
    for i in range(4):
        p.x = p.x * x + 0.1 * q.y
        q = q + p * 0.5
        if i == 2:
            q.extra = p.x
    return p.norm2() * q.norm2()
""",
        (0.7,),
        (0,),
    ),
    "objects that swap places in a loop": (
        """
def main(x):
    p, q = Point(x, 1.0), Point(1.0, x)
    for i in range(3):
        p, q = q, p
        p.x = p.x * q.y + 0.5
        q.y = q.y * 2.0 - p.x
    return p.norm2() - q.norm2() * x
""",
        (0.7,),
        (0,),
    ),
    "objects chosen by a branch": (
        """
def main(x):
    if x > 0.5:
        p = Point(x, 1.0)
        q = p
    else:
        p = Point(1.0, x)
        q = Point(x)
    r = p if x > 0 else q
    s = p.norm2() * r.x
    p = Point(x)
    p.x = p.x * 3
    return s * p.x + q.y
""",
        (0.7,),
        (0,),
    ),
    "an object set in one branch only": (
        """
class Bare:
    pass
def main(x):
    b = Bare()
    b.k = x
    if x > 0.1:
        b.k = x * x
        b.extra = 2.0 * x
    else:
        b.extra = 1.0
    t = getattr(b, "k") * getattr(b, "missing", 3.0)
    setattr(b, "k", t)
    return b.k * b.extra + (2.0 if hasattr(b, "extra") else x)
""",
        (0.7,),
        (0,),
    ),
    "dicts": (
        """
def main(x):
    d = {"a": x, "b": x * x}
    d["c"] = d["a"] * d["b"]
    d["a"] += 1.0
    e = d.copy()
    e.update(a=5.0 * x, z=x)
    d |= {"k": x}
    t = 0.0
    for k, v in d.items():
        t += v * len(k)
    for v in e.values():
        t *= v
    if "zz" in d or "b" not in e:
        t += 100.0
    t += e.pop("z") + e.pop("nothing", 7.0 * x) + e.setdefault("new", x ** 3) + e.get("q", x)
    del e["a"]
    return t * e["new"] + len(d) * sum(e.values()) + {**d, "a": 3.0}["a"] + (d | e)["b"]
""",
        (0.7,),
        (0,),
    ),
    "dicts of functions and of dicts": (
        """
def main(x, kind):
    acts = {"sin": math.sin, "square": lambda t: t * t, "table": TABLE["f"]}
    conf = dict(kind=kind, deep=dict(a=x), pairs=dict([("u", x), ("v", 2.0)]))
    conf["deep"]["a"] *= 3.0
    return acts[conf["kind"]](x) * conf["deep"]["a"] * conf["pairs"]["u"] + acts["table"](x)
""",
        (0.7, "square"),
        (0,),
    ),
    "constants of the module": (
        """
def main(x):
    s = TABLE["a"] * x + TABLE["deep"]["c"] * x + TABLE["f"](x) + TABLE[7][1](x) * TABLE[7][0]
    for k in range(2):
        s *= TABLE["deep"]["d"][k] + x
    return s + ORIGIN.norm2() * x + ORIGIN(x) + ORIGIN.total * Point.SCALE + ORIGIN.x ** x
""",
        (0.7,),
        (0,),
    ),
    "lists of unlike things": (
        """
def main(x, w):
    layers = [(w, math.sin), (2 * w.T, math.cos)]
    layers.append((w, abs))
    layers.insert(0, (w * w, float))
    s = 0.0
    for m, act in layers:
        s += act(np.sum(m) * x)
        if s > 1000:
            break
    layers[0] = [x, "text", None]
    things = layers[:1] + [[x * x]] + [Point(x)] * 2
    things[-1].x = 4.0 * x
    first, *rest = things
    rest.reverse()
    last = rest.pop()
    return s * first[0] + rest[0].x * rest[1].x + last[0] * len(things)
""",
        (0.7, A([[0.5, 0.2], [0.1, 0.3]])),
        (0, 1),
    ),
    "a list of objects that grows": (
        """
def main(x):
    points = []
    points.append(Point(x))
    points.append(Point(x * x, x))
    points.extend([Point(1.0, x), Point(x, x)])
    total = 0.0
    for k, p in enumerate(points):
        p.x = p.x * (k + 1)
        total += p.norm2()
    return total * points[1].x
""",
        (0.7,),
        (0,),
    ),
    "copies": (
        """
def main(x):
    p = Point(x)
    p.sub = {"w": [x, "a"], "p": p.x}
    q = copy.copy(p)
    r = copy.deepcopy(p)
    p.sub["w"][0] = x ** 3
    p.x = 9.0 * x
    return p.x * q.x + q.sub["w"][0] + r.sub["w"][0] * r.x
""",
        (0.7,),
        (0,),
    ),
    "an attribute and an entry that are added to, number or array": (
        """
TABLE = [{"scale": 2.0}, None]
class Sum:
    def __init__(self, x):
        self.total = x * TABLE[0]["scale"]
        self.parts = {"a": x * TABLE[0]["scale"]}
    def add(self, v):
        self.total += v
        self.parts["a"] *= v
def main(x):
    s = Sum(x)
    s.add(x * x)
    s.add(x)
    return s.total * s.parts["a"]
""",
        (0.7,),
        (0,),
    ),
    "a dict that has more entries on some paths": (
        """
class Asked:
    AREA = 1
    TIME = 2
    LENGTH = 4
def measures(x, asked):
    found = {"side": x * x}
    if asked & Asked.AREA:
        found["area"] = x ** 4
    if asked & Asked.LENGTH:
        found["side"] = found["side"] * x
        found["length"] = 4 * x
    if asked & Asked.TIME:
        found["time"] = x / found["side"]
    return found
def main(x, asked):
    first = measures(x, asked)
    return first["side"] * x + measures(x * x, 7)["time"] * first["length"]
""",
        (0.7, 5),
        (0,),
    ),
    "a constructor that is called by itself with other keywords": (
        """
class Turn:
    def __init__(self, *args, **kwargs):
        if not args:
            if "vector" in kwargs:
                self.q = np.hstack((float(kwargs.get("scalar", 0.0)), kwargs["vector"]))
            elif "axis" in kwargs:
                self.q = Turn.about(kwargs["axis"], kwargs.get("angle") or 0.0).q
            else:
                options = {key: kwargs[key] for key in kwargs if key in ["scale", "shift"]}
                self.q = self.scaled(kwargs["array"], **options).q
        elif isinstance(args[0], Turn):
            self.q = args[0].q
        else:
            self.q = np.array([args[0], 0.0, 0.0])
    @classmethod
    def about(cls, axis, angle):
        return cls(scalar=np.cos(angle), vector=np.sin(angle) * axis)
    @classmethod
    def scaled(cls, array, scale=2.0, shift=0.0):
        return cls(scalar=scale + shift, vector=array * scale)
    def __add__(self, other):
        if isinstance(other, Turn):
            return Turn(scalar=self.q[0] + other.q[0], vector=self.q[1:] + other.q[1:])
        return self + Turn(other)
def main(x):
    v = np.array([x, 1.5])
    turned = Turn(axis=v, angle=x * x) + x
    grown = Turn(array=v, scale=x, unit="m")
    return np.sum(turned.q * grown.q) + Turn(turned).q[0]
""",
        (0.7,),
        (0,),
    ),
    "an attribute that is not there, where nothing goes": (
        """
class Line:
    def __init__(self, x, caps):
        self.x = x
        if caps & 1:
            self.area = 2.0
    def total(self, mask):
        s = self.x * 3.0
        if mask & 1:
            s = s + self.area
        return s
LINE = Line(2.0, 0)
def main(x):
    made = Point(x)
    scale = made.width if x > 5 else made.x
    try:
        scale = scale + LINE.area
    except AttributeError:
        scale = scale * x
    y = np.array([x, 1.0])
    if x > 7:
        y = y.__class__(x)
    return LINE.total(2) * x * scale * y[0]
""",
        (0.7,),
        (0,),
    ),
    "an object of one class or another": (
        """
@dataclasses.dataclass
class Miss:
    depth: float
@dataclasses.dataclass
class Hit:
    place: float
    depth: float = 0.0
@dataclasses.dataclass
class Far(Hit):
    when: int = 3
def event(x, y):
    if x * y < 0:
        return Miss(x * y)
    d = x * x - y
    if d < 0:
        return Miss(d * x)
    if d > 5:
        return Far(x, d, 7)
    return Hit(x * y, depth=d * d)
def main(x):
    total = 1.0
    for y in (1.5, -0.5, 3.0, 7.0):
        first = event(x * 4.0, y)
        total = total * first.depth + event(x + 1.0, 0.5).place
    return total
""",
        (0.7,),
        (0,),
    ),
    "closures with nonlocal": (
        """
def main(x):
    n = 0.0
    calls = 0
    def add(v):
        nonlocal n, calls
        n = n * v + v
        calls += 1
    def late():
        return scale * n
    for i in range(3):
        add(x * (i + 1))
    add(x * x)
    scale = x ** 3
    first = late()
    scale = 2.0
    return first + late() * calls
""",
        (0.7,),
        (0,),
    ),
    "nonlocal in branches and in nested closures": (
        """
def main(x):
    state = x
    u = np.array([x, 1.0])
    def outer(k):
        def inner(t):
            nonlocal state, u
            if t > 1:
                state = state * t
                u = u * t
            else:
                state = state + t
            u[0] += state
        inner(k)
        inner(k * x)
    outer(2.0)
    outer(0.3)
    return state * np.sum(u)
""",
        (0.7,),
        (0,),
    ),
    "a counter object used in loops and branches": (
        """
class Meter:
    def __init__(self):
        self.sum = 0.0
        self.n = 0
    def add(self, v):
        if v > 0:
            self.sum += v
            self.n += 1
        return self
    def mean(self):
        return self.sum / self.n if self.n else 0.0
def main(v):
    m = Meter()
    for t in v:
        m.add(t).add(t * t)
    while m.n < 12:
        m.add(m.mean() * 0.5)
    return m.mean() * m.sum
""",
        (A([0.5, -1.2, 2.0]),),
        (0,),
    ),
    "objects returned from loops and kept in fields": (
        """
class Node:
    def __init__(self, value, left=None):
        self.value = value
        self.left = left
    def depth(self):
        return 1 if self.left is None else 1 + self.left.value
def step(node, x):
    return Node(node.value * x, Node(node.value + 1.0))
def main(x):
    node = Node(x, Node(1.0))
    for _ in range(3):
        node = step(node, x)
    tip = Node(x)
    return node.value * node.left.value * node.depth() + tip.depth() * x
""",
        (0.7,),
        (0,),
    ),
    "an object stays what it was where the loop never runs": (
        """
def main(x, n):
    p = Point(x)
    d = {"a": x, "b": [x, "t"]}
    for i in range(n):
        p = p * 2.0
        d["a"] = d["a"] * x
        d["b"][0] = 3.0
    return p.norm2() * d["a"] * d["b"][0]
""",
        (0.7, 0),
        (0,),
    ),
    "leaving a walk over unlike things early": (
        """
def main(x):
    best = 0.0
    for name, f in (("sin", math.sin), ("cos", math.cos), ("exp", math.exp)):
        if name == "cos":
            continue
        v = f(x)
        if v > 1.5:
            best = v * x
            break
        best += v
    else:
        best = 100.0
    for k, v in {"a": x, "b": 2.0 * x}.items():
        if v > 1.0:
            return best * v
    return best
""",
        (0.7,),
        (0,),
    ),
}


DIRECTORY = Path(tempfile.mkdtemp())


def main_of(body: str) -> Any:
    """The function ``main`` of a module in a file (dataclasses look their module up)."""
    source = CLASSES + body
    name = f"records_{hashlib.sha256(source.encode()).hexdigest()[:12]}"
    return import_file(DIRECTORY / f"{name}.py", source).main


PROGRAMS |= {
    "dicts and dataclasses gathered in a loop": (
        """
def main(x, n):
    rows, points = [], []
    history = {"t": [], "v": []}
    v = x
    for i in range(n):
        rows.append({"t": i * x, "u": x ** i})
        points.append(Data(i * x, b=x ** 2))
        history["t"].append(i * 0.1)
        history["v"].append(v)
        v = v * x + history["t"][-1]
    s = sum(history["v"]) * v
    for r, p in zip(rows, points):
        s += r["t"] * r["u"] + p.a * p.b
    return s + rows[1]["t"] * points[2].b
""",
        (0.7, 4),
        (0,),
    ),
    "parts of objects in code that is not understood": (
        """
class Guarded(Point):
    def __init__(self, x):
        super().__init__(x)
        self.name = "g"
        self.log = [x, "start"]
    def check(self, t):
        assert self.x < t, f"{self.name} is {self.x}"
        if self.norm2() > 1e6:
            raise ValueError("%s: %s %s" % (self.name, self.log[1], self.norm2()))
        print(self.name.upper(), self.log[1])
        return self.x * t
def main(x):
    g = Guarded(x)
    return g.check(5.0) * g.norm2()
""",
        (0.7,),
        (0,),
    ),
    "dicts of the collections module": (
        """
def main(x):
    total = collections.defaultdict(float)
    for k, v in (("a", x), ("b", x * x), ("a", 2.0)):
        total[k] += v
    lists = collections.defaultdict(list)
    for k in ("p", "q", "p"):
        lists[k].append(x * len(lists))
    ordered = collections.OrderedDict()
    ordered["z"] = x
    ordered["y"] = 2 * x
    s = total["a"] * total["b"] + sum(ordered.values()) + sum(lists["p"]) * total["new"]
    return s + lists["p"][1] * len(total)
""",
        (0.7,),
        (0,),
    ),
    "objects, lists and dicts of the module": (
        """
class Layer:
    def __init__(self, w, act):
        self.w = w
        self.act = act
    def __call__(self, t):
        return self.act(self.w * t)
class Net:
    def __init__(self, *layers):
        self.layers = list(layers)
    def __call__(self, t):
        for layer in self.layers:
            t = layer(t)
        return t
NET = Net(Layer(0.5, math.tanh), Layer(2.0, math.sin))
STEPS = [("square", 2.0), ("cube", 3.0)]
UNITS = {"m": 1.0, "cm": 0.01, "ft": 0.3048}
def main(x):
    t = NET(x)
    for name, power in STEPS:
        t = t * x ** power if name == "square" else t + x ** power
    for unit, factor in UNITS.items():
        t = t + factor * x if unit != "cm" else t
    return t * sum(UNITS.values()) * NET.layers[1].w + UNITS.get("ft", 0.0) * x
""",
        (0.7,),
        (0,),
    ),
    "dicts with other keys in the arms of a branch": (
        """
def main(x, n):
    d = {"a": x}
    if n == 1:
        d["a"] = x * x
    else:
        d["b"] = x * x
    return d["a"] * x
""",
        (0.7, 2),
        (0,),
    ),
    "keys that are computed": (
        """
def main(x, words):
    counts = {"a": 0.0, "b": x, "c": 1.0}
    for w in words:
        counts[w] = counts.get(w, 0.0) * x + x
    return counts["a"] * x + counts["b"]
""",
        (0.7, ["a", "b", "a"]),
        (0,),
    ),
    "dataclasses that are taken apart into dicts and tuples": (
        """
@dataclasses.dataclass
class Inner:
    w: float
    k: float = 2.0
@dataclasses.dataclass
class Outer:
    x: float
    inner: Inner
    many: list
    table: dict
def main(x):
    o = Outer(x * x, Inner(x * 3), [Inner(x, x), 3.0], {"q": x})
    d = dataclasses.asdict(o)
    d["inner"]["w"] = d["inner"]["w"] * x
    d["many"][0]["k"] *= 2
    o.inner.w = 7.0
    y, (v, k), many, table = dataclasses.astuple(o)
    p = Inner(**{**dataclasses.asdict(o.inner), "k": x})
    total = d["x"] * d["inner"]["w"] + d["many"][0]["k"] * k + y * v
    return total + table["q"] * many[1] + p.k * p.w + many[0][1]
""",
        (0.7,),
        (0,),
    ),
    "nested functions that call themselves": (
        """
def main(x, n):
    w = x * x
    def helper(t):
        return t * w
    def down(k):
        if k == 0:
            return x
        return helper(down(k - 1)) + w
    def even(k):
        return x if k == 0 else odd(k - 1) * x
    def odd(k):
        return 1.0 if k == 0 else even(k - 1) + x
    return down(n) * even(n)
""",
        (0.7, 4),
        (0,),
    ),
}


def program(name: str) -> tuple[Any, tuple[Any, ...], tuple[int, ...]]:
    body, args, wrt = PROGRAMS[name]
    return main_of(body), args, wrt


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_first_derivative_is_exact(name: str) -> None:
    function, args, wrt = program(name)
    check_first(function, args, wrt)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_second_derivative_is_exact(name: str) -> None:
    function, args, wrt = program(name)
    check_second(function, args, wrt[0])


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_text_read_again_is_the_same_function(name: str) -> None:
    function, args, wrt = program(name)
    again = reread(function, args, wrt[0])
    expected = quietly(gs.grad(function, wrt[0], mode="reverse"), *fresh(args))
    assert_close(quietly(again, *fresh(args)), expected, **EXACT)


# ---------------------------------------------------------------------------- parameters


class Model:
    def __init__(self, z: float = 3.0) -> None:
        self.z = z
        self.w = A([1.0, 2.0])
        self.name = "model"
        self.sub = {"k": 0.5, "steps": 3}

    def loss(self, x: Any) -> Any:
        total = self.z**2 * x * self.sub["k"] + (self.w * x).sum()
        for _ in range(self.sub["steps"]):
            total = total * x if self.name == "model" else x
        return total

    def changed(self, x: Any) -> Any:
        self.z = self.z * x
        self.w *= self.z
        self.sub["k"] = x
        return self.loss(x)

    def __call__(self, x: Any) -> Any:
        return self.loss(x) * self.z


def with_z(x: Any, z: Any) -> Any:
    return Model(z).loss(x)


def with_w(x: Any, w: Any) -> Any:
    model = Model()
    model.w = w
    return model.loss(x)


@pytest.mark.parametrize("mode", ["reverse", "auto"])
def test_an_attribute_is_differentiated_with_respect_to(mode: Any) -> None:
    got = gs.grad(Model.loss, "self.z", mode=mode)(Model(), 0.7)
    assert_close(got, gradient_by_differences(with_z, (0.7, 3.0), 1), **FIRST)
    second = gs.grad(gs.grad(Model.loss, "self.z", mode=mode), "self.z")(Model(), 0.7)
    assert_close(second, 2 * 0.7**4 * 0.5, **FIRST)


def test_several_parts_and_parameters_at_once() -> None:
    z_bar, w_bar, x_bar = gs.grad(Model.loss, ("self.z", "self.w", "x"))(Model(), 0.7)
    assert_close(z_bar, gradient_by_differences(with_z, (0.7, 3.0), 1), **FIRST)
    assert_close(w_bar, gradient_by_differences(with_w, (0.7, A([1.0, 2.0])), 1), **FIRST)
    assert_close(x_bar, gradient_by_differences(with_z, (0.7, 3.0), 0), **FIRST)
    mixed = gs.grad(gs.grad(Model.loss, "self.z"), "x")(Model(), 0.7)
    assert_close(mixed, 4 * 2 * 3.0 * 0.7**3 * 0.5, **FIRST)


def test_one_object_under_two_names_is_refused_where_it_is_changed() -> None:
    def f(a: Any, b: Any, x: Any) -> Any:
        a.z = a.z * x
        return a.z * b.z

    first, second = Model(), Model(2.0)
    assert_close(gs.grad(f, "x")(first, second, 0.7), 6.0, **EXACT)
    with pytest.raises(ValueError, match="share memory"):
        gs.grad(f, "x")(first, first, 0.7)

    def g(a: Any, b: Any, x: Any) -> Any:
        return a.z * b.z * x

    assert_close(gs.grad(g, "x")(first, first, 0.7), 9.0, **EXACT)

    def h(d: Any, u: Any) -> Any:
        d["u"][0] = 2.0
        return np.sum(d["u"] * u)

    u = A([1.0, 3.0])
    assert_close(gs.grad(h, "u")({"u": u.copy()}, u), A([2.0, 3.0]), **EXACT)
    with pytest.raises(ValueError, match="share memory"):
        gs.grad(h, "u")({"u": u}, u)


def test_a_bound_method_and_a_callable_object() -> None:
    model = Model()
    assert_close(gs.grad(model.loss)(0.7), gradient_by_differences(with_z, (0.7, 3.0), 0), **FIRST)
    assert_close(gs.grad(model)(0.7), 3 * gs.grad(model.loss)(0.7), **FIRST)
    assert_close(gs.grad(gs.grad(model.loss))(0.7), quietly(gs.grad(gs.grad(with_z)), 0.7, 3.0))
    value, pullback = gs.vjp(model.loss)(0.7)
    assert_close(pullback(1.0)[0], gs.grad(model.loss)(0.7), **EXACT)
    assert_close(value, model.loss(0.7), **EXACT)


def test_the_caller_s_object_stays_as_it_is() -> None:
    model = Model()
    before = dict(vars(model)), model.w.copy(), dict(model.sub)
    gradient = gs.grad(Model.changed, "x")(model, 0.7)
    assert vars(model) == before[0]
    assert_close(model.w, before[1], **EXACT)
    assert model.sub == before[2]

    def changed(x: Any) -> Any:
        return Model().changed(x)

    assert_close(gradient, gradient_by_differences(changed, (0.7,), 0), **FIRST)


class Layer(NamedTuple):
    w: Any
    b: Any


@dataclasses.dataclass
class Params:
    first: Layer
    scale: float
    label: str = "p"
    count: int = 2


def forward(params: Any, x: Any) -> Any:
    y = np.tanh(params.first.w @ x + params.first.b) * params.scale
    for _ in range(params.count):
        y = y * params.scale
    return np.sum(y * y)


def from_parts(w: Any, b: Any, scale: Any, x: Any) -> Any:
    return forward(Params(Layer(w, b), scale), x)


W, B, X = A([[0.5, 0.2], [0.1, 0.3]]), A([0.1, -0.2]), A([0.7, 1.1])


def test_a_gradient_has_the_structure_of_its_parameter() -> None:
    given = Params(Layer(W, B), 1.3)
    expected = gradient_by_differences(from_parts, (W, B, 1.3, X), (0, 1, 2))
    with unchanged((W, B, X)):
        got = gs.grad(forward)(given, X)
    assert type(got) is Params
    assert type(got.first) is Layer
    assert got.label is None
    assert got.count is None
    assert_close((got.first.w, got.first.b, got.scale), expected, **FIRST)
    assert_close(gs.grad(forward, "params.first.b")(given, X), expected[1], **FIRST)


def test_dicts_and_lists_as_parameters() -> None:
    def f(d: Any, layers: Any) -> Any:
        total = 0.0
        for key in d:
            total += np.sum(d[key]) * len(key)
        for w, b in layers:
            total = total * np.sum(w) + b
        d["new"] = total
        return d["new"] * d["a"]

    def flat(a: Any, bb: Any, w: Any, b: Any) -> Any:
        return f({"a": a, "bb": bb}, [(w, b), (3.0, 1.0)])

    expected = gradient_by_differences(flat, (1.5, B, W, 0.4), (0, 1, 2, 3))
    d, layers = {"a": 1.5, "bb": B}, [(W, 0.4), (3.0, 1.0)]
    d_bar, layers_bar = gs.grad(f, ("d", "layers"))(d, layers)
    assert list(d) == ["a", "bb"]
    assert list(d_bar) == ["a", "bb"]
    assert_close((d_bar["a"], d_bar["bb"], *layers_bar[0]), expected, **FIRST)
    assert_close(gs.grad(f, "d['a']")(d, layers), expected[0], **FIRST)
    _, dot = gs.jvp(f)((d, layers), ({"a": 1.0, "bb": np.zeros(2)}, None))
    assert_close(dot, expected[0], **FIRST)


def test_lists_of_dicts_and_of_dataclasses_as_parameters() -> None:
    def f(rows: Any, params: Any, x: Any) -> Any:
        total = 0.0
        for k, r in enumerate(rows):
            total += r["a"] * x**k + r["b"] * x
            if total > 1000:
                break
        for p in params:
            total = total * p.scale + np.sum(p.first.w) * p.count
        return total * rows[0]["a"] * params[-1].scale

    def flat(a: Any, b: Any, w: Any, scale: Any, x: Any) -> Any:
        return f([{"a": a, "b": b}, {"a": 2.0, "b": 3.0}], [Params(Layer(w, B), scale)] * 2, x)

    rows, params = [{"a": 1.5, "b": 0.5}, {"a": 2.0, "b": 3.0}], [Params(Layer(W, B), 1.3)] * 2
    rows_bar, params_bar, x_bar = gs.grad(f, (0, 1, 2))(rows, params, 0.7)
    expected = gradient_by_differences(flat, (1.5, 0.5, W, 1.3, 0.7), (0, 1, 2, 3, 4))
    assert_close((rows_bar[0]["a"], rows_bar[0]["b"], x_bar), (*expected[:2], expected[4]), **FIRST)
    assert_close(params_bar[0].first.w + params_bar[1].first.w, expected[2], **FIRST)
    assert_close(float(params_bar[0].scale + params_bar[1].scale), expected[3], **FIRST)
    assert params_bar[0].label is None


def test_structured_results() -> None:
    def f(x: Any) -> Any:
        return {"u": x * x, "layer": Layer(x**3, A([x, 1.0])), "name": "r"}

    value, gradient = gs.value_and_grad(f)(2.0)
    assert value["name"] == "r"
    assert_close(value["layer"].b, A([2.0, 1.0]), **EXACT)
    assert_close(float(gradient), 4.0 + 12.0 + 1.0, **EXACT)
    _, dot = gs.jvp(f)((2.0,), (1.0,))
    assert dot["name"] is None
    assert_close(dot["layer"].w, 12.0, **EXACT)
    _, pullback = gs.vjp(f)(2.0)
    cotangent = {"u": 0.0, "layer": Layer(1.0, np.zeros(2)), "name": None}
    assert_close(float(pullback(cotangent)[0]), 12.0, **EXACT)


@pytest.mark.parametrize(
    ("wrt", "message"),
    [
        ("self.q", "there is no 'q' in an object of the class Model"),
        ("self.sub['z']", "there is no 'z' in a dict"),
        ("self.z.k", "nothing is known of the parts"),
        ("other.z", "has no parameter of that name"),
        ("self.name", "cannot differentiate with respect to 'self.name'"),
        ("self..z", "is no parameter and no part of one"),
    ],
)
def test_parts_that_are_not_there(wrt: str, message: str) -> None:
    with pytest.raises(gs.GradscribeError, match=message):
        gs.grad(Model.loss, wrt)(Model(), 0.7)


REFUSED: dict[str, tuple[str, str]] = {
    "an attribute that may be there": (
        """
def main(x):
    p = Point(x)
    if x > 0.5:
        p.w = np.array([x])
    return p.w[0] if hasattr(p, "w") else x
""",
        "it depends on the path taken",
    ),
    "a number out of a string": (
        "def main(x):\n    return float(str(x)) * x\n",
        "a number is made of a string",
    ),
    "an object of unknown identity is written to": (
        """
def main(x):
    p, q = Point(x), Point(x * x)
    r = p if x > 0.5 else q
    r.x = 3.0
    return p.x * q.x
""",
        "may be the same object",
    ),
    "an attribute of the class is written to": (
        "def main(x):\n    Point.SCALE = x\n    return Point(x).norm2()\n",
        "is assigned to something that is not followed",
    ),
    "a function that changes in a loop": (
        """
def main(x):
    f = lambda t: t
    for i in range(3):
        x = f(x) * 1.1
        f = lambda t: 2 * t
    return x
""",
        "is bound to another one in this loop",
    ),
    "a frozen dataclass is written to": (
        "def main(x):\n    f = Frozen(x)\n    f.u = 2.0\n    return f.u * x\n",
        "decides what assigning to .u does",
    ),
    "a key that is not there": ("def main(x):\n    return {'a': x}['b']\n", "has no entry 'b'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_known_is_refused(name: str) -> None:
    body, message = REFUSED[name]
    function = main_of(body)
    with pytest.raises(gs.GradscribeError, match=message):
        gs.grad(function)(0.7)


def test_either_of_two_dicts_with_other_keys() -> None:
    main = define("""
def cold(t):
    return {"v": t * 2, "h": t}
def hot(t):
    found = {"h": t}
    found["v"] = 3 * t
    found["x"] = 2.0
    return found
def main(t):
    found = None
    if t < 5:
        found = cold(t)
    elif t < 10:
        found = hot(t)
    v = found["v"]
    return v**2 + found["h"]
""")
    for t in (2.0, 6.0):
        check_everything(main, (t,), (0,))


SET = {
    "a frozen dataclass sets what it computes": """
@dataclasses.dataclass(frozen=True)
class F:
    x: float
    y: float = 0.0
    def __post_init__(self):
        object.__setattr__(self, "y", self.x ** 2)
def main(x):
    return F(x).y * x
""",
    "attributes of a dict": """
class G:
    a = None
    def __init__(self, x):
        parts = {"a": x, "b": x * x}
        for key in parts:
            self.__setattr__(key, parts[key])
        self.__setattr__("c", x ** 3)
def main(x):
    g = G(x)
    return g.a * g.b + g.c
""",
    "a handler that raises on, too": """
class State:
    def __init__(self, x):
        self.x = x
        try:
            self.status = "begun"
            self.solve()
            self.status = "done"
        except RuntimeError as error:
            self.status = "failed"
            raise error
    def solve(self):
        if self.x > 3.0:
            raise RuntimeError("far")
        self.x = self.x * self.x
def main(x):
    try:
        return State(2 * x).x + State(x).x
    except RuntimeError:
        return State(x).x * x
""",
}


@pytest.mark.parametrize("source", SET.values(), ids=SET.keys())
def test_attributes_are_set_in_other_ways(source: str) -> None:
    for x in (1.2, 1.7):
        check_everything(define("import dataclasses\n" + source), (x,))
