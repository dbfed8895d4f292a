"""Comprehensions, generators, builtins on containers, list methods, and functions of functions."""

from __future__ import annotations

import functools
import heapq
import itertools
import math
import operator
import statistics
import typing
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from pipeline import check_everything, define, quietly

A = np.array
X = A([0.7, 1.9, 1.2])
MODULES = {
    "np": np,
    "math": math,
    "functools": functools,
    "heapq": heapq,
    "itertools": itertools,
    "operator": operator,
    "statistics": statistics,
    "typing": typing,
}

Cases = dict[str, tuple[str, tuple[Any, ...]]]

COMPREHENSIONS: Cases = {
    "a list": ("def main(x): return np.array([v * v for v in x]).sum()", (X,)),
    "a list of a list": ("def main(x): return sum([v * v for v in x])", ([0.7, 1.9],)),
    "a sum of lists": ("def main(x): return sum([[x[0]], [x[1] * x[2]]], [])[1]", (X,)),
    "a sum of rows": ("def main(x): return sum(sum([[v, v * v] for v in x], []))", (X,)),
    "a sum of lists of all lengths": (
        "def main(x):\n"
        "    f = sum([[v] * k for k, v in enumerate(x)], [x[0]])\n"
        "    return f[0] * f[-1]",
        (X,),
    ),
    "a sum of tuples": ("def main(x): return sum([(x[0], 2.0), (x[1],)], ())[2] ** 2", (X,)),
    "a sum that begins with a list": (
        "def main(x):\n    a = [x[0]]\n    b = sum([[x[1]], [x[2]]], a)\n    b[0] = x[2]\n"
        "    return a[0] * b[0] * b[2]",
        (X,),
    ),
    "NumPy's sum of a list": (
        "def main(x): return np.sum([x[0] * x[1], x[2] ** 2]) * np.mean([x, x * x], axis=0)[1]",
        (X,),
    ),
    "a filter": ("def main(x): return sum([v ** 3 for v in x if v > 1 if v < 5])", (X,)),
    "no entries": ("def main(x): return sum([v * v for v in x if v > 9]) + x[0]", (X,)),
    "several parts": (
        "def main(x): return sum([u * v * w for u in x for v in x if v > u for w in (u, v)])",
        (X,),
    ),
    "a later iterable that depends on an earlier target": (
        "def main(m): return sum([v * v * len(row) for row in m for v in row])",
        (A([[1.0, 2.0], [3.0, 4.0]]),),
    ),
    "a comprehension of comprehensions": (
        """
def main(x):
    m = [[u * v * v for v in x] for u in x]
    return sum([sum(row) for row in m]) + m[0][1]
""",
        (X,),
    ),
    "targets that do not leak": (
        """
def main(x):
    v = x[0] * 3
    ys = [v * v for v in x]
    return v * sum(ys)
""",
        (X,),
    ),
    "the first iterable is evaluated outside": (
        "def main(x):\n    return sum([x * x for x in x]) * x[0]",
        (X,),
    ),
    "one target in two comprehensions on one line": (
        "def main(x): return sum([v * v for v in x]) * sum([v + 1 for v in x if v > 1])",
        (X,),
    ),
    "a target pattern": (
        "def main(x): return sum([a * b * i for i, (a, b) in enumerate(zip(x, x[::-1]))])",
        (X,),
    ),
    "a lambda inside": (
        "def main(x): return sum([(lambda v: v * u)(u + 1) for u in x])",
        (X,),
    ),
    "a name that a lambda inside binds itself": (
        "def main(x): return sum([(lambda u: u * u)(x[0]) * u for u in x])",
        (X,),
    ),
    "in a loop": (
        """
def main(x, n):
    y = x
    for k in range(n):
        y = np.array([v * v * 0.5 + k for v in y])
    return y.sum()
""",
        (X, 3),
    ),
    "in a branch that is not taken": (
        "def main(x): return sum([v * v for v in x]) if x[0] > 5 else x[1] ** 3",
        (X,),
    ),
    "over a tuple of unlike things": (
        "def main(x): return sum([f(x) for f in (np.sin, math.exp, lambda t: t * t)])",
        (0.7,),
    ),
    "over a range": ("def main(x, n): return sum([x ** k for k in range(n)])", (1.3, 4)),
    "over strings": (
        "def main(x): return sum([x ** len(s) for s in ('a', 'bc', 'def')])",
        (1.3,),
    ),
    "a walrus": (
        "def main(x):\n    ys = [last := v * v for v in x]\n    return sum(ys) * last",
        (X,),
    ),
    "an inactive one passes through": (
        """
def main(x, names):
    lengths = [len(s.strip()) for s in names]
    return x ** lengths[1]
""",
        (1.3, (" a ", " bcd")),
    ),
    "dicts over known keys": (
        """
def main(x):
    d = {k: x * i for i, k in enumerate(("a", "b", "c"), 1)}
    e = dict((k, v * x) for k, v in d.items())
    f = {k: g(x) for k, g in (("sin", np.sin), ("exp", np.exp)) if k != "exp"}
    return d["b"] * e["c"] + sum(v * v for v in d.values()) * f["sin"] * len(f)
""",
        (0.7,),
    ),
    "an inactive dict": (
        """
def main(x, names):
    lengths = {name: len(name) for name in names}
    return x ** lengths["bcd"]
""",
        (1.3, ("a", "bcd")),
    ),
    "a set": ("def main(x, n): return x ** len({k % 2 for k in range(n)})", (1.3, 5)),
    "rows of an array": (
        "def main(m): return np.array([row / row.sum() for row in m])[0, 1]",
        (A([[1.0, 2.0], [3.0, 4.0]]),),
    ),
    "stacked rows": (
        "def main(x): return np.vstack([x * k for k in range(3)])[2, 1] * x[0]",
        (X,),
    ),
}

GENERATORS: Cases = {
    "vectorized where it is called": (
        "def main(x, y):\n    f = np.vectorize(lambda u, v: u**2 * v)\n"
        "    return f(x, x).sum() * f(y, y) + np.vectorize(math.sin)(x)[0]",
        (X, 0.7),
    ),
    "bisected tables": (
        "import bisect\nT = [0.0, 1.0, 1.5, 5.0]\ndef main(x):\n    s = 0.0\n    for v in x:\n"
        "        i = bisect.bisect(T, v) - 1\n        k = bisect.bisect_left(T, v, 1)\n"
        "        s += (v - T[i]) ** 2 / (T[i + 1] - T[i]) + k * v\n    return s",
        (X,),
    ),
    "the only entry": (
        "def main(x): return np.float64(x).item() ** 2 * np.array([x]).item()",
        (0.7,),
    ),
    "a constant expression": ("def main(x): return x**2 * eval('2 + 1')", (0.7,)),
    "enumerated, without an end": (
        """
def chebyshev(x):
    a, b = 1.0, x
    while True:
        yield a
        a, b = b, 2 * x * b - a
def main(x):
    s = 0.0
    for k, t in enumerate(chebyshev(x), 1):
        if k > 4:
            break
        if k == 2:
            continue
        s += k * t
    return s
""",
        (0.3,),
    ),
    "zipped before and after, without an end": (
        """
def powers(x):
    y = 1.0
    while True:
        yield y
        y = y * x
def main(x, c):
    s = sum(ck * t for ck, t in zip(c, powers(x)))
    for t, ck in zip(powers(x), c):
        if t > 2:
            continue
        s += t * ck**2
    for a, t, b in zip(c, powers(x), range(2)):
        s += a * t * b
    return s + len([u * t for u, t in zip(c[3:], powers(x))]) + list(zip(c, powers(x)))[1][1]
""",
        (0.7, [0.5, 1.5, 2.0]),
    ),
    "sum": ("def main(x): return sum(v * v for v in x)", (X,)),
    "sum of a list": ("def main(x): return sum(v * v for v in x)", ([0.7, 1.9],)),
    "sum with a start": ("def main(x): return sum((v * v for v in x), x[0])", (X,)),
    "sum of arrays": ("def main(x): return sum(v * x for v in x)[1]", (X,)),
    "sum of nothing": ("def main(x): return sum(v * v for v in x if v > 9) + x[1] ** 2", (X,)),
    "sum of two": ("def main(x): return sum(u * v for u in x for v in x if u != v)", (X,)),
    "max and min": (
        "def main(x): return max(v * v for v in x) * min(math.sin(v) for v in x)",
        (X,),
    ),
    "any and all": (
        """
def main(x):
    y = x[0] ** 3 if any(v > 1.5 for v in x) else x[0]
    return y * x[1] ** 2 if all(v > 0 for v in x) else y
""",
        (X,),
    ),
    "any that stops early": (
        "def main(x): return x[0] ** 2 * any(1 / (v - 1.2) > 1 for v in x)",
        (X,),
    ),
    "list and tuple": (
        "def main(x): return list(v * v for v in x)[1] * tuple(v + 1 for v in x)[2]",
        (X,),
    ),
    "sorted": ("def main(x): return sorted(v * v for v in x)[1]", (X,)),
    "product": ("def main(x): return math.prod(v + 1 for v in x)", (X,)),
    "a name": ("def main(x):\n    g = (v * v for v in x)\n    return sum(g)", (X,)),
    "the first iterable is evaluated where it is made": (
        """
def main(x):
    y = x
    g = (v * k for v in y)
    y, k = x * 7, x[1]
    return sum(g)
""",
        (X,),
    ),
    "a loop": (
        """
def main(x):
    s = 0.0
    for u in (np.sin(v) for v in x if v > 1):
        s += u * u
    return s
""",
        (X,),
    ),
    "a loop that is left": (
        """
def main(x):
    s = 0.0
    for u in (w * v for v in x for w in x):
        if u > 3.0:
            break
        if u < 0.6:
            continue
        s += u * u
    else:
        s = s * 5
    return s
""",
        (X,),
    ),
    "a loop that is returned from": (
        """
def main(x):
    for u in (v * v for v in x):
        if u > 1:
            return u * x[0]
    return x[0]
""",
        (X,),
    ),
    "passed to a function": (
        """
def total(items):
    s = 1.0
    for v in items:
        s = s * v + 1
    return s
def main(x):
    k = x[0]
    return total(v * k for v in x)
""",
        (X,),
    ),
    "next": ("def main(x): return next(v * v for v in x if v > 1)", (X,)),
    "next with a default": ("def main(x): return next((v for v in x if v > 9), x[1] ** 2)", (X,)),
    "a generator function": (
        """
def powers(x, n):
    p = x
    for k in range(n):
        yield p
        p = p * x
def main(x, n):
    s = 0.0
    for p in powers(x, n):
        s += p * p
    return s * sum(powers(x, 2)) + list(powers(x, 3))[1]
""",
        (0.7, 3),
    ),
    "a generator function left early": (
        """
def count(x):
    while True:
        yield x
        x = x * 1.5
def main(x):
    total = 0.0
    for v in count(x):
        if v > 9.0:
            break
        total += v * v
    return total
""",
        (0.7,),
    ),
    "generator functions inside each other": (
        """
def inner(x, n):
    for i in range(n):
        yield x * i
def outer(x, n):
    for i in range(n):
        yield from inner(x + i, n)
def main(x, n):
    s = 0.0
    for v in outer(x, n):
        for w in inner(v, n):
            if w > 4.0:
                break
            s += w * v
    return s
""",
        (0.7, 3),
    ),
    "several yields, a return and leaving": (
        """
def steps(x, n):
    yield x
    for i in range(n):
        x = x * 1.3
        if x > 3.0:
            return
        yield x * x
        yield x + 1
    yield -x
def main(x, n):
    s = 0.0
    for v in steps(x, n):
        if v < 1.5:
            continue
        s += v * v
        if s > 40:
            break
    else:
        s *= 2
    return s
""",
        (0.7, 9),
    ),
    "a nested generator function": (
        """
def main(x):
    k = x[0]
    def scaled(ys):
        for y in ys:
            yield y * k
    return sum(scaled(x))
""",
        (X,),
    ),
    "a generator with the names of its consumer": (
        """
def gen(s, v):
    k = 0
    for x in v:
        k += 1
        yield x * s * k
def main(x):
    s = 0.0
    k = 2.0
    for v in gen(x[0], x):
        s += v * k
    return s * k
""",
        (X,),
    ),
}

CONTAINERS: Cases = {
    "map": ("def main(x): return sum(map(lambda v: v ** 3, x))", (X,)),
    "map of several": ("def main(x): return sum(map(lambda u, v: u * v, x, x[::-1]))", (X,)),
    "map of a builtin": ("def main(x): return sum(map(math.sin, x))", (X,)),
    "filter": ("def main(x): return sum(filter(lambda v: v > 1, [v * v for v in x]))", (X,)),
    "filter without a function": ("def main(x): return sum(filter(None, [x, 0.0, x * x]))", (0.7,)),
    "zip as a list": ("def main(x): return sum([u * v for u, v in list(zip(x, x[1:]))])", (X,)),
    "zip of a star": (
        """
def main(x):
    a, b = zip(*[(x, x * x), (x + 1, 2 * x)])
    return a[0] * b[1] + a[1]
""",
        (0.7,),
    ),
    "enumerate of a generator": (
        "def main(x): return sum(i * v for i, v in enumerate((v * v for v in x), 2))",
        (X,),
    ),
    "max with a key": (
        "def main(x): return max(x, key=lambda v: -(v - 1) ** 2) ** 2",
        (X,),
    ),
    "min with a key of pairs": (
        "def main(x): return min(zip(x, x * x), key=lambda p: p[1])[1]",
        (X,),
    ),
    "max with a default": (
        "def main(x): return max([v for v in x if v > 9], default=x[0] ** 2)",
        (X,),
    ),
    "max of many": ("def main(x): return max(x, 0.1, 0.2, x * x, 0.3, 0.4, 2 * x) ** 2", (0.7,)),
    "max of a star": ("def main(x): return max(*[x, x * x, 2.0 * x])", (0.7,)),
    "sorted with a key": (
        "def main(x): return sorted(x, key=lambda v: (v - 1) ** 2)[1] ** 2",
        (X,),
    ),
    "sorted in reverse": ("def main(x): return sorted(x, reverse=True)[0] ** 2 * x[0]", (X,)),
    "sorted pairs": (
        "def main(x): return sorted([(v, v * v) for v in x], key=lambda p: -p[0])[0][1]",
        (X,),
    ),
    "all sorts of numbers": (
        """
def main(x):
    q, r = divmod(x * 7, 3)
    y = abs(-x) * pow(x, 3) + float(x) * np.float64(x) + r * q + round(x) * x
    return y + np.asarray(x, float) * bool(x) + int(x * 4) * x
""",
        (0.7,),
    ),
    "isinstance of many classes": (
        """
def main(x, n):
    if isinstance(x, (int, (np.ndarray, float))) and isinstance(n, int | str):
        return x * x * n
    return x
""",
        (0.7, 3),
    ),
    "type, callable, hasattr and getattr": (
        """
def f(x): return x * x
def main(x):
    y = f(x) if callable(f) and not callable(x) else x
    y = y * x if type(x) is float else y
    y = y * 3 if hasattr(math, "sin") and not hasattr(x, "nothing") else y
    return y * getattr(math, "sin")(x) * getattr(x, "nothing", x)
""",
        (0.7,),
    ),
    "is None of everything": (
        """
def f(x): return x
def main(x):
    t = (x, x)
    y = x * x if f is not None and t is not None else x
    g = None
    return y if g is None else x
""",
        (0.7,),
    ),
    "math.prod": ("def main(x): return math.prod([v * v for v in x]) * math.prod((x[0], 2))", (X,)),
    "statistics": (
        """
def main(x):
    xs = [v * v for v in x]
    return statistics.mean(xs) + statistics.stdev(xs) * statistics.pvariance(xs)
""",
        (X,),
    ),
}

LISTS: Cases = {
    "extend": (
        """
def main(x):
    xs = [x]
    xs.extend([x * x, x + 1])
    xs.extend(v * x for v in (1.0, 2.0))
    xs.extend((x, 3.0))
    xs += [x ** 3]
    return sum([k * v for k, v in enumerate(xs)])
""",
        (0.7,),
    ),
    "extend in a loop": (
        """
def main(x):
    xs = []
    for v in x:
        xs.extend([v, v * v])
    return sum([k * v for k, v in enumerate(xs)])
""",
        (X,),
    ),
    "insert": (
        """
def main(x):
    xs = [x, x * x]
    xs.insert(0, 2 * x)
    xs.insert(-1, x ** 3)
    xs.insert(99, x + 5)
    xs.insert(-99, 7 * x)
    return sum([(k + 1) * v for k, v in enumerate(xs)])
""",
        (0.7,),
    ),
    "reverse, sort, clear, copy": (
        """
def main(x):
    xs = [v * v for v in x]
    ys = xs.copy()
    ys.reverse()
    xs.sort()
    zs = list(xs)
    zs.sort(key=lambda v: -v)
    total = ys[0] * 2 + xs[1] * 3 + zs[0] * 5
    ys.clear()
    ys.append(x[0])
    return total * ys[0] * len(ys)
""",
        (X,),
    ),
    "remove, index, count": (
        """
def main(x):
    xs = [x, 2.0, x * x, 2.0]
    k = xs.index(2.0) + xs.count(2.0)
    xs.remove(2.0)
    return sum([(j + k) * v for j, v in enumerate(xs)])
""",
        (0.7,),
    ),
    "slices": (
        """
def main(x):
    xs = [v * v for v in x]
    xs[1:2] = [x[0], x[1], x[2]]
    xs[4:] = []
    del xs[:1]
    xs[1:1] = (x[0] * 5,)
    xs[-1:0] = [x[1]]
    return sum([(k + 1) * v for k, v in enumerate(xs)])
""",
        (X,),
    ),
    "concatenation and repetition": (
        """
def main(x):
    xs = [x, x * x] * 2 + [3 * x]
    xs += [x] * 2
    xs *= 2
    ys = 2 * [x]
    return sum([k * v for k, v in enumerate(xs + ys)])
""",
        (0.7,),
    ),
    "stars": (
        """
def f(a, b, *c):
    return a * b + sum(c)
def main(x):
    xs = [x, x * x]
    ys = [*xs, 3 * x, *(x, 2.0)]
    return f(*xs, x) * ys[2] + sum(ys)
""",
        (0.7,),
    ),
    "stars of unknown length": (
        "def main(x):\n    xs = [v * v for v in x]\n    return sum([*xs, x[0], *xs])",
        (X,),
    ),
    "of arrays, ranges and tuples": (
        """
def main(x, n):
    xs = list(x)
    ys = x.tolist()
    ks = list(range(n))
    t = tuple(xs)
    return xs[0] * ys[1] * ks[2] + t[1] * len(t) + sum(tuple([v * v for v in x]))
""",
        (X, 3),
    ),
    "comparison": (
        "def main(x):\n    xs = [x, 2.0]\n    return x * x if xs == [x, 2.0] and xs < [9.0] else x",
        (0.7,),
    ),
    "tuples of unknown length": (
        """
def main(x):
    t = tuple(v * v for v in x)
    u = t + (x[0],) + t
    return sum(u) * u[3]
""",
        (X,),
    ),
}

FUNCTIONS: Cases = {
    "the greatest and least of tuples": (
        """
def main(x):
    best, at = max((v * math.sin(k), k) for k, v in enumerate(x))
    least, other = min(zip(x[::-1], [x[0], 2.0, x[1]]))
    one = max((x[0], 1), (x[0], 5), (x[0] - 1, 9))[1] * min([[x[1], 2], [x[1], 1]])[1]
    return best * (at + 1) + least * other * one
""",
        (X,),
    ),
    "methods of lists, dicts and arrays as values": (
        """
def main(x):
    ys, table = [], {"a": x[0], "b": 3 * x[1], "c": x[2]}
    add, get, total = ys.append, table.get, (x * 2).sum
    for k in range(3):
        add(x[k] * k)
    names = sorted(table, key=table.get, reverse=True)
    top = table[max(table, key=get)] * table[names[1]]
    return sum(ys) * total() + get("q", 2.0) * top + sum(map(table.__getitem__, names))
""",
        (X,),
    ),
    "heaps of numbers": (
        """
def main(x):
    heap = [v * v for v in x]
    heapq.heapify(heap)
    first = heapq.heappop(heap)
    heapq.heappush(heap, first * 5)
    second = heapq.heappushpop(heap, x[0] * 2)
    s = heapq.heapreplace(heap, second * first) + heapq.nlargest(2, heap)[1]
    for k, v in enumerate(heap):
        s += v * (k + 1)
    while heap:
        s = s * 1.1 + heapq.heappop(heap)
    return s * heapq.nsmallest(1, x, key=lambda v: -v)[0]
""",
        (X,),
    ),
    "a queue of events": (
        """
def main(x):
    queue = [(v, k) for k, v in enumerate(x)]
    heapq.heapify(queue)
    last, area = 0.0, 0.0
    while queue:
        t, k = heapq.heappop(queue)
        area += (k + 1) * (t - last) ** 2
        last = t
        if k == 2:
            heapq.heappush(queue, (t * 1.5, 7))
    return area
""",
        (X,),
    ),
    "reduce": ("def main(x): return functools.reduce(operator.mul, [v + 1 for v in x])", (X,)),
    "reduce with a start": (
        "def main(x): return functools.reduce(lambda p, c: p * x + c, (3.0, 2.0, x), 1.0)",
        (0.7,),
    ),
    "partial": (
        """
def f(a, b, c=1.0): return a * b * b + c
def main(x):
    g = functools.partial(f, x, c=x * x)
    h = functools.partial(g, c=3.0)
    return g(2.0) * h(x) + sum(map(functools.partial(operator.mul, x), [1.0, x]))
""",
        (0.7,),
    ),
    "partials of the module": (
        """
def f(a, b, c=1.0): return a * b * b + c
g = functools.partial(f, 2.0, c=3.0)
h = functools.partial(g, c=4.0)
power = functools.partial(math.pow, 2.0)
def main(x): return g(x) * h(x) + power(x)
""",
        (0.7,),
    ),
    "operators": (
        """
def main(x):
    t = (x, x * x, 3.0)
    first, last = operator.itemgetter(0, 2)(t)
    y = operator.add(first, operator.truediv(last, operator.neg(x)))
    return operator.pow(x, 2) * y + operator.itemgetter(1)(t) * operator.attrgetter("pi")(math)
""",
        (0.7,),
    ),
    "methodcaller": (
        "def main(x): return operator.methodcaller('sum')(x * x) * x[0]",
        (X,),
    ),
    "itertools on sequences": (
        """
def main(x):
    a = sum(u * v for u, v in itertools.pairwise(x))
    b = list(itertools.accumulate(x))[2]
    c = list(itertools.accumulate(x, operator.mul, initial=2.0))[-1]
    d = sum(u * v for u, v in itertools.product(x, x))
    e = sum(itertools.chain(x, x * x, [x[0]]))
    f = sum(itertools.islice(x, 1, None)) + sum(itertools.islice(x, 2))
    return a + b * c + d * e + f
""",
        (X,),
    ),
    "itertools that stop": (
        """
def main(x):
    s = 0.0
    for k in itertools.count(1):
        t = x / k
        if t < 0.2:
            break
        s += t * t
    a = sum(itertools.takewhile(lambda v: v < 2, [x, x + 1, x + 5, x]))
    b = sum(itertools.dropwhile(lambda v: v < 2, [x, x + 1, x + 5, x]))
    c = sum(map(operator.mul, itertools.repeat(x, 3), [1.0, x, x * x]))
    return s * a * b * c
""",
        (0.7,),
    ),
    "itertools of tuples": (
        """
def main(x):
    t = (x, x * x, x + 1)
    a = sum(p * q for p, q in itertools.combinations(t, 2))
    b = sum(f(x) for f in itertools.chain((np.sin,), (np.exp, np.cos)))
    c = sum(itertools.starmap(operator.mul, [(x, 2.0), (x, x)]))
    return a * b * c
""",
        (0.7,),
    ),
    "functions in tuples, as arguments and as results": (
        """
def twice(f): return lambda x: f(f(x))
def pick(name): return np.sin if name == "sin" else np.exp
def main(x):
    s = 0.0
    for f in (np.sin, twice(np.cos), pick("exp"), lambda v: v * x):
        s += f(x) * x
    return s
""",
        (0.7,),
    ),
    "star parameters": (
        """
def f(*xs, scale=1.0): return sum(xs) * scale * len(xs)
def main(x): return f(x, x * x, 3.0, scale=x) * f() + f(*(x, 2.0))
""",
        (0.7,),
    ),
    "as many as there are parameters left": (
        """
T = np.linspace(0.0, 1.0, 4)
def model(t, a, b, /, c): return a * np.exp(-b * t) + c
class Scaled:
    def __init__(self, k, w): self.k, self.w = k, w
    def __call__(self, a, b, c): return a * self.k + b * self.w - c
class Point(typing.NamedTuple):
    x: float
    y: float
    z: float
def main(x, ys):
    s = np.sum(model(T, *x) ** 2) + np.sum(model(T, *x[:2], c=x[2]))
    s += Scaled(2.0, x[0])(*x) * Scaled(*x[1:])(x[0], *ys)
    point = Point(*x)
    pair = np.hypot(*ys) + (lambda a, b: a * b)(*(v * v for v in ys))
    return s * pair + point.x * point.z + max(*x) - min(*ys)
""",
        (X, [0.4, 1.1]),
    ),
    "as many as there are": (
        """
def poly(t, *cs):
    r = 0.0
    for c in cs:
        r = r * t + c
    return r
def total(*xs, scale=1.0): return sum(xs) * scale * len(xs)
def passed(a, *xs): return poly(a, a, *xs) + total(*xs, scale=a)
class Vector:
    def __init__(self, *parts): self.parts = list(parts)
    def __mul__(self, k): return Vector(*[part * k for part in self.parts])
    def dot(self, other): return sum(a * b for a, b in zip(self.parts, other.parts))
def main(x, ys):
    both = (*ys, x[0], *ys)
    v = Vector(*x) * ys[0]
    return poly(2.0, *x) * passed(*ys) + total(*both) * v.dot(Vector(*x))
""",
        (X, [0.4, 1.1]),
    ),
    "keyword parameters": (
        """
def f(x, **options): return x * options.get("a", 1.0) * options["b"] + len(options)
def g(x, *args, k=2.0, **rest): return f(x, b=sum(args), **rest) * k
def main(x):
    d = {"a": x, "b": 3.0}
    return f(x, b=x) * f(x, **d) + g(x, 1.0, x, k=x) + g(x, x, **{"a": x})
""",
        (0.7,),
    ),
    "decorators that pass on what they are given": (
        """
def doubled(f):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        return 2 * f(*args, **kwargs)
    return inner
@doubled
def g(x, k=2.0): return x ** k
def main(x): return g(x) * g(x, 3.0) * g(x=x, k=x)
""",
        (0.7,),
    ),
    "keyword only and positional only": (
        """
def f(a, /, b, *, c, d=2.0): return a * b ** 2 + c * d
def main(x): return f(x, b=x, c=x * x) * f(x, 2.0, d=x, c=1.0)
""",
        (0.7,),
    ),
    "defaults of lambdas": (
        """
def main(x):
    fs = (lambda v, k=x: v * k, lambda v, *, k=x * x: v + k)
    return fs[0](2.0) * fs[1](x, k=3.0) * fs[1](x)
""",
        (0.7,),
    ),
    "cached functions": (
        """
@functools.lru_cache(maxsize=None)
def f(x): return x * x
@functools.cache
def g(x): return f(x) * x
def main(x): return f(x) + g(x)
""",
        (0.7,),
    ),
    "decorators inside": (
        """
def main(x):
    def doubled(f):
        @functools.wraps(f)
        def inner(v):
            return 2 * f(v)
        return inner
    @doubled
    def g(v):
        return v * v * x
    @functools.cache
    def h(v):
        return v * x
    return g(x) * h(x)
""",
        (0.7,),
    ),
    "decorators of the module": (
        """
def doubled(f):
    @functools.wraps(f)
    def inner(*args):
        return 2 * f(*args)
    return inner
def scaled(k):
    def decorate(f):
        def inner(x):
            return k * f(x)
        return inner
    return decorate
@doubled
@scaled(3.0)
def g(x): return x * x
@doubled
def h(x, y): return x * y
def main(x): return g(x) * h(x, 3.0)
""",
        (0.7,),
    ),
}

ALL = {
    f"{group}: {name}": case
    for group, cases in {
        "comprehensions": COMPREHENSIONS,
        "generators": GENERATORS,
        "containers": CONTAINERS,
        "lists": LISTS,
        "functions": FUNCTIONS,
    }.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize("name", ALL)
def test_derivatives_are_exact_from_memory_and_from_text(name: str) -> None:
    source, args = ALL[name]
    check_everything(define(source, **MODULES), args)


def test_a_cached_function_is_differentiated_through_the_cache() -> None:
    function = define("@functools.cache\ndef main(x): return x * x * x", **MODULES)
    assert gs.grad(function)(2.0) == 12.0
    assert gs.jvp(function)((2.0,), (1.0,)) == (8.0, 12.0)


def test_any_arguments_of_the_function_itself() -> None:
    function = define(
        "def main(x, *args, a=1.0, **kw): return x * sum(args) * a * kw.get('b', 2.0)"
    )
    gradient = gs.grad(function)
    assert gradient(0.7, 1.0, 2.0) == 6.0
    assert gradient(0.7, 1.0, b=3.0) == 3.0
    assert gradient(0.7, 1.0, 1.0, a=2.0, b=2.5) == 10.0


# ---------------------------------------------------------------------------- refusals

REFUSED = {
    "a generator consumed twice": (
        "def main(x):\n    g = (v * v for v in x)\n    return sum(g) + sum(g)"
    ),
    "a generator consumed in a loop around which it is made": """
def main(x):
    g = (v * v for v in x)
    s = 0.0
    for k in range(2):
        s += sum(g)
    return s
""",
    "the value of a yield": """
def gen(x):
    y = yield x
    yield y
def main(x):
    return sum(gen(x[0]))
""",
    "a generator with effects beside another": """
def gen(x):
    for v in x:
        print(v)
        yield v * v
def main(x):
    return sum(u * v for u, v in zip(gen(x), gen(x)))
""",
    "a star among parameters with defaults": (
        "def f(a, b=1.0, c=2.0): return a * b * c\ndef main(x): return f(*x)"
    ),
    "a star before other arguments": "def f(*xs): return sum(xs)\ndef main(x): return f(*x, 1.0)",
    "a star for a function of C's": "def main(x): return divmod(*x)[1]",
    "a generator that is returned": "def main(x): return (v * v for v in x)",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_followed_is_refused(name: str) -> None:
    with pytest.raises(gs.GradscribeError) as found:
        quietly(gs.grad(define(REFUSED[name], **MODULES)), X)
    assert found.value.span is not None
