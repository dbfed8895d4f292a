"""Comprehensions of functions and of objects, each of which is followed by itself."""

from __future__ import annotations

import pytest

from pipeline import check_everything
from snippets import compiled, programs

EXACT = programs("""
# functions that see the last of a variable | s, n
fs = [lambda v: v * s * k for k in range(3)]
return sum(f(s) for f in fs)

# functions with defaults | s
fs = [lambda v, k=k: v * s * k for k in range(3)]
return sum(f(s) for f in fs)

# functions by name | s
fs = {name: lambda v, p=p: v ** p for name, p in [("sq", 2), ("cu", 3)]}
return fs["sq"](s) * fs["cu"](s)

# objects that move | x, n
class P:
    def __init__(self, pos, vel):
        self.pos = pos
        self.vel = vel
    def step(self, dt):
        self.pos = self.pos + dt * self.vel
        self.vel = self.vel - dt * self.pos
    def energy(self):
        return self.pos ** 2 + self.vel ** 2
---
ps = [P(x[k], x[k + 1]) for k in range(3)]
for t in range(n):
    for p in ps:
        p.step(0.1)
return sum(p.energy() for p in ps)

# layers of a network | x, w
class Layer:
    def __init__(self, w, scale):
        self.w = w * scale
    def __call__(self, v):
        return np.tanh(self.w @ v)
---
layers = [Layer(w, c) for c in (0.5, 0.7, 0.9)]
v = x[:3]
for layer in layers:
    v = layer(v)
layers[0].w[0, 0] = 3.0
return np.sum(v) * np.sum(layers[0].w)

# objects in order | x
class Q:
    def __init__(self, v, w):
        self.v, self.w = v, w
---
qs = [Q(x[k], x[k] ** 2) for k in range(4)]
qs.sort(key=lambda q: q.v)
best = max(qs, key=lambda q: q.w)
return qs[0].v * qs[1].w + best.v

# objects of two lists | s, c
class Q:
    def __init__(self, v, w):
        self.v, self.w = v, w
---
qs = [Q(a, b) for a, b in zip([s, c, s * c], [1.0, 2.0, 3.0])]
qs[0].v = qs[1].v * 2
return sum(q.v * q.w for q in qs)

# objects by number | s, n
class Cell:
    def __init__(self, v):
        self.v = v
---
cells = {k: Cell(s * k) for k in range(3)}
cells[1].v *= s
return cells[1].v * cells[2].v

# a name that is used outside | s
class Q:
    def __init__(self, v):
        self.v = v
---
k = 5
qs = [Q(s * k) for k in range(2)]
return qs[1].v * k

# objects in rows | s
class Q:
    def __init__(self, v):
        self.v = v
---
grid = [[Q(s * i + j) for j in range(2)] for i in range(2)]
grid[1][0].v = s ** 3
return sum(q.v * q.v for row in grid for q in row)

# dicts that are changed | x
qs = [{"v": x[k], "w": x[k] ** 2} for k in range(4)]
for q in qs:
    q["v"] = q["v"] * 2.0
return qs[0]["v"] * qs[1]["w"] + sum(q["v"] for q in qs)
""")


@pytest.mark.parametrize("name", EXACT)
def test_what_a_comprehension_makes_is_followed(name: str) -> None:
    _, args, wrt = EXACT[name]
    check_everything(compiled(EXACT[name]), args, wrt)
