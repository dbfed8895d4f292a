"""Dicts with computed keys: exact where their entries are numbers or arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close, gradient_by_differences
from pipeline import FIRST, check_everything, fresh, quietly
from snippets import compiled, programs

EXACT = programs("""
# entries are tuples | x, s
names = ["u", "v", "u", "w"]
table = {}
for k, name in enumerate(names):
    table[name] = (x[k], x[k] * s)
a, b = table["u"]
return a * b + table["v"][0] * table["w"][1]

# entries are tuples of unlike things | x, s, n
table = {}
for k in range(n):
    table[k] = (x[k] * s, k, x[k] ** 2)
r = 0.0
for key, (a, b, c) in table.items():
    r += a * b * c + key
return r

# tuples by words | x, n
def build(x, n):
    out = {}
    for k in range(n):
        out[f"p{k}"] = (x[k], x[k + 1])
    return out
---
t = build(x, n)
return sum(a * b for a, b in t.values())

# entries are named tuples | x, s, n
from collections import namedtuple
P = namedtuple("P", "pos vel")
---
table = {}
for k in range(n):
    table[k] = P(x[k], s * k)
for k in range(n):
    p = table[k]
    table[k] = p._replace(pos=p.pos + p.vel * 0.1)
return sum(p.pos ** 2 for p in table.values())

# dicts of a comprehension | x, n
d = {k: {"a": x[k], "b": x[k] * k} for k in range(n)}
return sum(v["a"] * v["b"] for v in d.values()) + d[1]["a"]

# walked by pairs | x, n
d = {}
for i in range(n):
    for j in range(n):
        d[(i, j)] = x[i] * x[j + 1]
r = 0.0
for (i, j), v in d.items():
    r += v * i + j
return r * d[1, 1]

# entries are objects | x, n
from dataclasses import dataclass
@dataclass(frozen=True)
class Node:
    value: float
    weight: float = 1.0
---
d = {}
for k in range(n):
    d[k] = Node(x[k], x[k] ** 2)
return sum(node.value * node.weight for node in d.values()) + d[2].value

# a graph | x
from collections import defaultdict
edges = [(0, 1), (1, 2), (0, 2), (2, 3)]
adj = defaultdict(list)
for (a, b), w in zip(edges, x):
    adj[a].append((b, w))
    adj[b].append((a, w))
total = 0.0
for a in adj:
    for b, w in adj[a]:
        total += w * w * (a + b)
return total

# tuples that are replaced | x, n
d = {0: (0.0, 1.0), 1: (0.0, 1.0)}
for k in range(n):
    a, b = d[k % 2]
    d[k % 2] = (a + x[k], b * x[k])
return d[0][0] * d[0][1] + d[1][1]

# tuples by default | x, n
d = {}
for k in range(n):
    a, b = d.get(k % 2, (0.0, 1.0))
    d[k % 2] = (a + x[k], b * x[k])
return d[0][0] * d[0][1] + d[1][1]

# sums by group | x, i
total = {}
for k in range(4):
    g = k % 2
    total[g] = total.get(g, 0.0) + x[k] ** 2
s = 0.0
for v in total.values():
    s += v * v
return s

# a table filled from the bottom | s, n
table = {0: 1.0, 1: s}
for k in range(2, n + 3):
    table[k] = s * table[k - 1] + table[k - 2] * 0.5
return table[n + 2] * table[2]

# a known dict written at computed keys | s, n
d = {0: s, 1: s * s}
for k in range(n):
    d[k % 2] *= s
    d[k % 2] += k
return d[0] * d[1]

# entries overwritten and deleted | s, c, n
d = {}
for k in range(n):
    d[k] = s * k + c
d[1] = d[0] * d[2]
del d[n - 1]
for k in list(d):
    d[k] = d[k] ** 2
if 7 in d:
    return s
return sum(d.values()) * len(d)

# a comprehension with computed keys | s, n
d = {k: s**k for k in range(n)}
r = 0.0
for k, v in d.items():
    r += k * v
return r

# arrays of one shape | x, y, n
d = {}
for k in range(n):
    d[k % 2] = d.get(k % 2, np.zeros(4)) + x * y[k]
return d[0] * d[1]

# arrays of several shapes | x, y, n
d = {}
for k in range(n):
    d[k] = x[k:] * y[k]
d[1] = x * d[2][0]
return d[0] * d[1]

# numbers and arrays | x, s, n
d = {0: s, 1: s}
for k in range(n):
    d[k % 2] = d[k % 2] * x
return d[0] + d[1]

# setdefault and pop | x, n
d = {}
for k in range(4):
    d.setdefault(k % n, x[k])
    d[k % n] = d[k % n] * x[k]
last = d.pop(n - 1)
none = d.pop(99, 1.0)
return last * d[0] + d[1] * none

# update and copy | s, c, n
d = {k: s * k for k in range(n)}
e = d.copy()
e[0] = c
d.update(e)
d.update({n: c * s})
e[1] = 100.0
return d[0] * d[1] + d[n] * e[2]

# cleared | s, n
d = {k: s * k for k in range(n)}
r = d[1]
d.clear()
d[n] = r * s
return d[n] * len(d)

# an argument of a function that writes it | s, n
def fill(d, n, v):
    for k in range(n):
        d[k] = d.get(k, 1.0) * v
---
d = {}
fill(d, n, s)
fill(d, n - 1, s * s)
return d[0] * d[n - 1]

# keys in order | x
d = {}
for k in range(4):
    d[(3 * k) % 4] = x[k] ** 2
r = 0.0
for k in sorted(d):
    r = r * 1.5 + d[k]
for k, v in sorted(d.items()):
    r = r * 1.5 + v
return r

# the largest entry | x
d = {}
for k in range(4):
    d[k] = x[k] ** 2
best = max(d, key=lambda k: d[k])
return d[best] * max(d.values())

# known words in order | s, c
d = {"b": s, "a": c, "c": s * c}
r = 0.0
for key in sorted(d):
    r = r * 2.0 + d[key]
for key in sorted(d, reverse=True):
    r = r * 3.0 + d[key]
return r

# keys are tuples | s, n
d = {(0, 0): 1.0}
for i in range(n):
    for j in range(n):
        left = d.get((i, j - 1), 0.0)
        up = d.get((i - 1, j), 0.0)
        d[i, j] = s * left + up / s + d.get((i, j), 0.0)
return d[n - 1, n - 1]

# keys are words | x
names = ["a", "b", "a", "c"]
d = {}
for k in range(4):
    d[names[k]] = d.get(names[k], 0.0) + x[k] ** 3
return d["a"] * d["b"] + d["c"]

# a memo of numbers that are differentiated | s, c
memo = {}
r = 0.0
for v in (s, c, s * 2.0):
    if v not in memo:
        memo[v] = v**3
    r += memo[v] * v
return r

# zero trips | s, none
d = {}
for k in range(none):
    d[k] = s * k
r = s * s
for v in d.values():
    r += v
return r + d.get(0, s)

# written in branches | x, flag, n
d = {0: 1.0}
for k in range(n):
    if x[k] > 1.0:
        d[k] = x[k] * d[0]
    elif k in d:
        d[k] = d[k] + x[k]
    else:
        continue
    if k == 2:
        break
return sum(d[k] * d[k] for k in d)

# swapped | s, c, n
d = {0: s, 1: c, 2: s * c}
for k in range(n):
    d[k], d[(k + 1) % 3] = d[(k + 1) % 3] * 1.5, d[k]
return d[0] * d[1] + d[2]

# two dicts change places | s, n
a = {0: s}
b = {0: 1.0}
for k in range(n):
    a[k] = b.get(k, s) * s
    a, b = b, a
return sum(a.values()) * sum(b.values())

# a result that is read twice | s, n
d = {k: s + k for k in range(n)}
r = d[0] * d[0]
d[0] = r
return d[0] * d[0] * d[1]

# lists by group | x
groups = {}
for k in range(4):
    if k % 2 in groups:
        groups[k % 2].append(x[k] ** 2)
    else:
        groups[k % 2] = [x[k]]
s = 0.0
for k, vs in groups.items():
    s += sum(vs) ** 2 * (k + 1)
return s

# lists by group with setdefault | x
groups = {}
for k in range(4):
    groups.setdefault(k % 2, []).append(x[k] ** 2)
return sum(groups[0]) * sum(groups[1])

# keys that may be missing | s, n
d = {}
r = 0.0
for k in range(n + 2):
    try:
        r += d[k % 2]
    except KeyError:
        d[k % 2] = s * k + 1.0
for k in range(n + 2):
    try:
        v = d[k % 3]
    except KeyError:
        v = 0.0
    d[k % 3] = v + s * k
return r * d[0] * d[2]

# swapped and popped | x
d = {k: v for k, v in enumerate(x)}
d[1], d[2] = d[2], d[1]
return d[1] * d[3] + d.pop(2) * len(d)

# entries that are changed where they are walked | x, s
d = {"a": x, "b": x * 2}
for key in d:
    d[key] = d[key] * s
rows = [x, x[:2], s]
for k, row in enumerate(rows):
    rows[k] = row * 2
for key, value in d.items():
    d[key] = value + np.sum(rows[1])
return np.sum(d["a"] * d["b"] * rows[0]) + rows[2]

# a defaultdict of numbers | x
from collections import defaultdict
d = defaultdict(float)
for k in range(4):
    d[k % 2] += x[k] * k
return d[0] * d[1] + d[2]

# a defaultdict of lists | x
from collections import defaultdict
d = defaultdict(list)
for k in range(4):
    d[k % 2].append(x[k] * k)
return sum(d[0]) * sum(d[1]) + len(d[7])

# displays with stars and computed keys | s, c, n
d = {k: s * k for k in range(n)}
e = {**d, 1: s**3, n - 1: c}
f = d | {0: c}
f |= {n: s * c}
e |= f
return e[1] + e[2] * d[1] + f[0] * f[n] * len(e)

# made of pairs | s, n
d = dict(zip(range(n), [s * k for k in range(n)]))
e = dict(d)
e[0] = s * s
g = dict.fromkeys(range(n), 0.5)
for k in g:
    g[k] *= e[k]
return sum(g.values()) * d[1]

# the last item | s, n
d = {k: s * k for k in range(n)}
r = 0.0
while d:
    k, v = d.popitem()
    r = r * s + v * k
return r

# walked with other things | x, n
d = {k: x[k] for k in range(n)}
r = 0.0
for i, k in enumerate(d):
    r += i * d[k]
for (k, v), y in zip(d.items(), x):
    r += k * v * y
return r + np.sum(np.array(list(d.values())) ** 2) + d[[*d][-1]]

# in an object | s, n
class Cache:
    def __init__(self, x):
        self.x = x
        self.table = {}

    def power(self, k):
        if k not in self.table:
            self.table[k] = self.x**k
        return self.table[k]
---
cache = Cache(s)
r = 0.0
for k in range(n + 3):
    r += cache.power(k % n) * k
return r

# in a closure | s, n
memo = {}
def power(k):
    if k not in memo:
        memo[k] = s**k
    return memo[k]
return sum(power(k % 2 + 1) for k in range(n))
""")


SHARED = programs("""
# an array of an object in a list | x, n
from dataclasses import dataclass
@dataclass
class Node:
    a: object
    b: float
---
qs = []
last = None
for k in range(n):
    node = Node(x * k, x[k])
    qs.append(node)
    node.a[0] = 5.0
return sum(np.sum(q.a * x) for q in qs)

# an array of an object in a dict | x, n
from dataclasses import dataclass
@dataclass
class Node:
    a: object
    b: float
---
qs = {}
for k in range(n):
    node = Node(x * k, x[k])
    qs[k] = node
    node.a[0] = 5.0
return sum(np.sum(q.a * x) for q in qs.values())

# an array in the objects of a dict | x, n
from dataclasses import dataclass
@dataclass
class Node:
    a: object
    b: float
---
qs = {}
y = x * 2
for k in range(n):
    qs[k] = Node(y, x[k])
y[0] = 5.0
return sum(np.sum(q.a * x) for q in qs.values())

# an array in the dicts of a dict | x, n
qs = {}
for k in range(n):
    y = x * k
    qs[k] = {"a": y, "b": k}
    y[0] = 3.0
return sum(np.sum(q["a"] * x) for q in qs.values())

# an array of a tuple in a dict | x, n
qs = {}
for k in range(n):
    qs[k] = (x * k, k)
a, k = qs[1]
a[0] = 3.0
return np.sum(qs[1][0] * x)

# an array that was put into a tuple | x, n
qs = {}
for k in range(n):
    y = x * k
    qs[k] = (y, k)
    y[0] = 3.0
return sum(np.sum(q[0] * x) for q in qs.values())

# an array of an object that was read | x, n
from dataclasses import dataclass
@dataclass
class Node:
    a: object
    b: float
---
qs = []
for k in range(n):
    qs.append(Node(x * k, x[k]))
q = qs[1]
q.a[0] = 5.0
return sum(np.sum(q.a * x) for q in qs)

# a list that is replaced while it has a name | s, n
d = {0: [s], 1: [1.0]}
r = d[n - 3]
d[n % 3] = [s, s]
r.append(2.0 * s)
return sum(d[0]) * sum(r)

# a list with two names | s, n
d = {}
for k in range(n):
    d[k] = [s]
r = d[0]
d[n - 3].append(s * s)
return sum(r)

# a list in two dicts | s, n
d = {}
for k in range(n):
    d[k] = [s]
e = d.copy()
e[0].append(s * s)
return sum(d[0])

# a list under two keys | s, n
v = [s]
d = {}
for k in range(n):
    d[k] = v
d[0].append(s * s)
return sum(d[1])

# an array under two keys | x, n
v = x * 2.0
d = {}
for k in range(n):
    d[k] = v
d[0][1] = 3.0
return np.sum(d[1] * x)

# an array of a dict that is written | x, n
d = {}
for k in range(n):
    d[k] = x * k
for k in range(n):
    d[k] += x
    d[k][0] = 1.0
return np.sum(d[1] * d[2])

# a deleted list with a name | s, n
d = {k: [s * k] for k in range(n)}
r = d[1]
del d[n - 2]
r.append(s)
return sum(r) * len(d)

# dicts in dicts | s, n
d = {}
for k in range(n):
    if k % 2 not in d:
        d[k % 2] = {}
    d[k % 2][k] = s * k
return sum(sum(v.values()) for v in d.values())
""")


@pytest.mark.parametrize("name", EXACT)
def test_a_dict_with_computed_keys_is_differentiated_exactly(name: str) -> None:
    _, args, wrt = EXACT[name]
    check_everything(compiled(EXACT[name]), args, wrt)


@pytest.mark.parametrize("name", SHARED)
def test_an_entry_that_has_another_name_is_exact_or_refused(name: str) -> None:
    _, args, wrt = SHARED[name]
    function = compiled(SHARED[name])
    expected = gradient_by_differences(function, args, wrt)
    try:
        got = quietly(gs.grad(function, wrt, mode="reverse"), *fresh(args))
    except (gs.AliasError, gs.UnsupportedError) as error:
        assert error.line is not None
        return
    assert_close(got, expected, **FIRST)


def settled(d: dict[int, float], s: float, n: int) -> float:
    for k in range(n):
        d[k % 2] = d[k % 2] * s + d[1]
    return d[0] * d[1]


def grown(d: dict[int, float], s: float, n: int) -> float:
    for k in range(n + 2):
        d[k] = d.get(k, s) * s
    return d[0] * d[1] * d[n + 1]


@pytest.mark.parametrize("function", [settled, grown])
def test_an_argument_keeps_its_entries_and_its_gradient_has_them(function: Any) -> None:
    args = ({0: 1.2, 1: 0.7}, 1.3, 3)
    given = fresh(args)
    gradient = gs.grad(function, (0, 1))(*given)
    assert given == args
    assert list(gradient[0]) == [0, 1]
    assert_close(gradient, gradient_by_differences(function, args, (0, 1)), **FIRST)
    value, dot = gs.jvp(function)(fresh(args), ({0: 1.0, 1: 2.0}, 0.5, None))
    assert value == function(*fresh(args))
    assert_close(dot, gradient[0][0] + 2 * gradient[0][1] + 0.5 * gradient[1], **FIRST)


def walked(x: np.ndarray) -> float:
    seen = {}
    for k in range(len(x)):
        seen[x[k]] = x[k] ** 2
    return sum(k * v for k, v in seen.items())


def test_keys_that_are_differentiated_are_not_walked() -> None:
    with pytest.raises(gs.UnsupportedError, match="keys of this dict may be what is"):
        gs.grad(walked)(np.array([1.0, 2.0]))
