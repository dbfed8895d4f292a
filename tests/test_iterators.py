"""Iterators: ``iter`` and ``next``, objects that are walked, and rows turned into columns."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from gradscribe import files
from oracles import assert_close, gradient_by_differences
from pipeline import FIRST, check_everything, quietly
from snippets import compiled, programs

EXACT = programs("""
# products of a sequence with itself | x
from itertools import product
return sum(a * b * c for a, b, c in product(x, repeat=3))

# pairs in any order | x
from itertools import permutations
return sum(a * b * b for a, b in permutations(x, 2))

# pairs with repetition | x
from itertools import combinations_with_replacement
return sum(a * b * b for a, b in combinations_with_replacement(x, 2))

# groups of places | x
from itertools import groupby
r = 0.0
for key, group in groupby(range(4), key=lambda k: k // 2):
    r += sum(x[k] for k in group) ** 2
return r

# groups of rows | x
from itertools import groupby
from operator import itemgetter
data = [("a", x[0]), ("a", x[1]), ("b", x[2])]
r = 0.0
for key, group in groupby(data, key=itemgetter(0)):
    vals = [v for _, v in group]
    r += sum(vals) ** 2 / len(vals)
return r

# the longer of two | x, xs
from itertools import zip_longest
return sum(a * b for a, b in zip_longest(x, xs, fillvalue=1.0))

# a function and a repeated argument | x, s
from itertools import repeat
return sum(map(pow, x, repeat(s)))

# rows as arguments | x, y
from itertools import starmap
return sum(starmap(lambda a, b: a * b * b, zip(x, y)))

# one generator after another | x, y
from itertools import chain
return sum(chain((v * v for v in x), (v ** 3 for v in y)))

# groups of what is zipped | x
from itertools import groupby
r = 0.0
for key, group in groupby(zip([0, 0, 1, 1], x), key=lambda p: p[0]):
    r += sum(v for _, v in group) ** 2
return r

# groups are walked once | x
from itertools import groupby
r = 0.0
for key, group in groupby(range(4), key=lambda k: k // 2):
    r += sum(x[k] for k in group) ** 2
    r += sum(x[k] for k in group) * 5 + key
return r

# neighbours of what is zipped | x, y
from itertools import pairwise
return sum((b[0] - a[0]) * b[1] for a, b in pairwise(zip(x, y)))

# an array in parts | x
a, *b = x
return a * sum(b) ** 2

# both ends of an array | x
a, *b, c = x * 2
return a * b[0] * c + len(b)

# rows in parts | m
first, *rest = m
return np.sum(first * rest[0]) + np.sum(rest[1])

# parts that are written | x
y = x * 1.0
a, *b = y
b[0] = 5.0
return np.sum(y * x) * b[1]

# the rest of a list | x
it = iter([v * v for v in x])
next(it)
first = next(it)
r = 0.0
for v in it:
    r += v * first
return r + sum(it)

# a default at the end | x
it = iter(x)
r = 0.0
while True:
    v = next(it, None)
    if v is None:
        break
    r = r * 1.5 + v * v
return r

# a loop goes on where another was left | x
it = iter(list(x))
r = 0.0
for v in it:
    if v > 1.5:
        break
    r += v
for v in it:
    r += v * v
return r * next(it, x[0])

# an iterator over a tuple and one over an array | x, s, c
it = iter((s, c, s * c))
a, b = next(it), next(it)
rows = iter(x * s)
return a * b * next(it) + next(rows) * max([*rows])

# items that satisfy a condition | x
return next(v for v in x if v > 1.0) * next(iter(x)) + next((v for v in x if v > 99.0), x[1])

# an iterator of the user's | s, n
class Powers:
    def __init__(self, x, n):
        self.x, self.n, self.k = x, n, 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.k >= self.n:
            raise StopIteration
        self.k += 1
        return self.x**self.k
---
powers = Powers(s, n + 1)
r = next(powers)
for v in powers:
    r += v * v
return r + next(powers, s)

# an object with a generator | s, n
class Grid:
    def __init__(self, h, n):
        self.h, self.n = h, n

    def __iter__(self):
        for k in range(self.n):
            yield self.h * k
---
grid = Grid(s, n)
r = 0.0
for v in grid:
    r += v * v
for v in Grid(s * s, n):
    if v > 3.0:
        break
    r += v
return r + sum(grid) + max(v for v in grid)

# an object with places | x
class Doubled:
    def __init__(self, xs):
        self.xs = xs

    def __getitem__(self, k):
        return self.xs[k] * 2
---
r = 0.0
for v in Doubled(list(x)):
    r = r * 1.5 + v * v
return r

# an object that counts within a comprehension | s, n
class Counter:
    def __init__(self):
        self.k = 1

    def step(self):
        self.k += 1
        return self.k
---
counter = Counter()
return sum([s**counter.step() for _ in range(n)]) * counter.k

# columns of rows | x, n
rows = [[x[k], x[k] * k, 1.0] for k in range(n)]
a, b, ones = zip(*rows)
r = sum(a) * sum(b)
for column in zip(*rows):
    r += sum(column) ** 2
return r

# a table turned over | table
t = list(zip(*table))
return t[0][1] * t[1][0] + sum(t[1])

# pairs taken apart | x
pairs = [(v, v * v) for v in x]
values, squares = zip(*pairs)
return sum(values) * sum(squares)
""")


@pytest.mark.parametrize("name", EXACT)
def test_what_is_walked_item_by_item_is_differentiated_exactly(name: str) -> None:
    _, args, wrt = EXACT[name]
    function = compiled(EXACT[name])
    if isinstance(args[wrt[0]] if wrt else args[0], list):
        got = gs.grad(function)(*args)
        assert_close(got, gradient_by_differences(function, args), **FIRST)
        return
    check_everything(function, args, wrt)


def twice(x: float, again: Any) -> float:
    matches = re.finditer("a", "banana")
    total = 0.0
    for match in matches:
        total += x * match.start()
        if match.start() > 2:
            break
    for match in again(matches):
        total += x**2 * match.start()
    return total


def test_an_iterator_that_passes_through_is_not_walked_again_where_it_was_left() -> None:
    with pytest.raises(gs.AliasError, match="it may be an iterator, of which a part was taken"):
        gs.grad(twice)(1.5, lambda matches: matches)


def in_two_steps(x: float) -> float:
    matches = re.finditer("a", "banana")
    first = next(matches)
    total = x * first.start()
    for match in matches:
        total += x**2 * match.start()
    return total


def test_an_iterator_that_passes_through_is_walked_to_its_end() -> None:
    assert_close(gs.grad(in_two_steps)(1.5), gradient_by_differences(in_two_steps, (1.5,)), **FIRST)


def beside(x: np.ndarray) -> float:
    it = iter(x)
    total = 0.0
    for a, b in zip(it, it):  # noqa: B905 (pairs of neighbours)
        total += a * b
    return total


def test_an_iterator_is_not_walked_beside_itself() -> None:
    with pytest.raises(gs.UnsupportedError, match="walked beside another sequence"):
        quietly(gs.grad(beside), np.array([1.0, 2.0, 3.0, 4.0]))


def paired(x: float) -> float:
    matches = re.finditer("a", "banana")
    return sum(x * a.start() * b.start() for a, b in zip(matches, matches))  # noqa: B905


def left_in_enumerate(x: float) -> float:
    matches = re.finditer("a", "banana")
    total = 0.0
    for k, match in enumerate(matches):
        total += x * match.start() * k
        if k == 0:
            break
    for _ in matches:
        total += x * x
    return total


@pytest.mark.parametrize("function", [paired, left_in_enumerate])
def test_an_iterator_that_passes_through_is_not_shared_by_walks(function: Any) -> None:
    with pytest.raises(gs.AliasError, match="it may be an iterator"):
        gs.grad(function)(1.5)


def named_twice(x: np.ndarray, text: str) -> float:
    names = text.split(",")
    total = 0.0
    for name, v in zip(names, x):  # noqa: B905 (as users write)
        total += v * len(name)
    for name in names:
        if len(name) > 2:
            break
        total += x[0] ** 2
    return total + len(names)


def test_what_can_be_walked_again_is_walked_again() -> None:
    args = (np.array([1.5, 0.7]), "a,bbb")
    got = gs.grad(named_twice)(*args)
    assert_close(got, gradient_by_differences(named_twice, args), **FIRST)


def test_a_text_for_anything_refuses_a_dict_that_it_walks_by_place(tmp_path: Path) -> None:
    source = tmp_path / "sums.py"
    source.write_text(
        "def f(x: float, d):\n    s = x\n    for k in d:\n        s += k * x\n    return s\n"
    )
    target = files.find(source, "f")
    text = files.compose(target, files.Wish((0,))).text
    namespace: dict[str, Any] = {"__name__": "alone"}
    exec(compile(text, "<sums>", "exec", dont_inherit=True), namespace)
    assert namespace["f_grad"](1.0, [2.0, 3.0]) == 6.0
    with pytest.raises(TypeError, match="a dict is walked"):
        namespace["f_grad"](1.0, {0: 2.0, 1: 3.0})
