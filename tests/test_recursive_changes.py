"""Recursive functions that change what they are given: memos, lists of results, arrays in place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close
from pipeline import EXACT as CLOSE
from pipeline import check_first, check_second, fresh
from snippets import compiled, programs

EXACT = programs("""
# a memo | s, n
def fib(n, s, memo):
    if n in memo:
        return memo[n]
    if n < 2:
        return s * n + 1.0
    memo[n] = fib(n - 1, s, memo) + s * fib(n - 2, s, memo)
    return memo[n]
---
return fib(n + 3, s, {})

# a memo that is made where there is none | s, n
def fib(n, s, memo=None):
    if memo is None:
        memo = {}
    if n in memo:
        return memo[n]
    if n < 2:
        return s * n + 1.0
    memo[n] = fib(n - 1, s, memo) + s * fib(n - 2, s, memo)
    return memo[n]
---
return fib(n + 3, s)

# a memo around the function | s, n
memo = {}
def fib(k):
    if k in memo:
        return memo[k]
    if k < 2:
        r = s * k + 1.0
    else:
        r = fib(k - 1) + s * fib(k - 2)
    memo[k] = r
    return r
return fib(n + 3) + len(memo)

# a memo with entries, read and used again | s, n
def fib(k, s, memo):
    if k not in memo:
        memo[k] = fib(k - 1, s, memo) * s + fib(k - 2, s, memo)
    return memo[k]
---
memo = {0: 1.0, 1: s}
r = fib(n + 3, s, memo)
return r + fib(n + 1, s, memo) * memo[2] + len(memo)

# a memo of a grid | m, n
def cost(i, j, m, memo):
    if (i, j) in memo:
        return memo[i, j]
    if i == 0 and j == 0:
        r = m[0, 0]
    elif i == 0:
        r = cost(i, j - 1, m, memo) + m[i, j]
    elif j == 0:
        r = cost(i - 1, j, m, memo) + m[i, j]
    else:
        r = cost(i - 1, j, m, memo) * 0.5 + cost(i, j - 1, m, memo) * m[i, j]
    memo[i, j] = r
    return r
---
return cost(n - 1, n - 1, m, {})

# a list of results | s, n
def walk(v, depth, out):
    out.append(v * v)
    if depth > 0:
        walk(v * 0.5, depth - 1, out)
        walk(v + 1.0, depth - 1, out)
---
out = []
walk(s, n - 1, out)
return sum(out) * out[2]

# an array in place | x, n
def fill(a, k):
    if k <= 0:
        return
    a[k] = a[k] * a[k - 1]
    fill(a, k - 1)
---
y = x * 1.0
z = y
fill(y, n)
return np.sum(y) * z[1]

# parts of an array | x
def down(a, lo, hi):
    if hi - lo < 1:
        return 0.0
    mid = (lo + hi) // 2
    a[mid] = a[mid] * a[lo] + 1.0
    left = down(a, lo, mid - 1)
    right = down(a, mid + 1, hi)
    return left * 0.5 + right + a[mid]
---
y = x.copy()
return down(y, 0, 3) + np.sum(y * y)

# a view | x, n
def halve(a):
    if len(a) > 1:
        k = len(a) // 2
        a[0] = a[0] * a[k]
        halve(a[k:])
---
y = x * 2.0
halve(y[1:])
return np.sum(y * x)

# nothing to do | s, none
def walk(k, out):
    if k > 0:
        out.append(s * k)
        walk(k - 1, out)
out = [s * s]
walk(none, out)
return sum(out)
""")


@pytest.mark.parametrize("name", EXACT)
def test_what_a_recursive_function_changes_is_differentiated(name: str) -> None:
    _, args, wrt = EXACT[name]
    function = compiled(EXACT[name])
    check_first(function, args, wrt)
    check_second(function, args, wrt[0])


@pytest.mark.parametrize("name", EXACT)
def test_its_text_gives_the_same(name: str) -> None:
    _, args, wrt = EXACT[name]
    gradient = gs.grad(compiled(EXACT[name]), wrt[0], mode="reverse")
    expected = gradient(*fresh(args))
    names: dict[str, Any] = {"np": np}
    exec(compile(gradient.source, "<text>", "exec"), names)
    assert_close(names["main_grad"](*fresh(args)), expected, **CLOSE)
