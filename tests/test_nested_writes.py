"""Writes to what lists hold: exact where it is known who else holds it, refused elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close, gradient_by_differences
from pipeline import FIRST, check_first, check_second, fresh, quietly
from snippets import compiled, programs

EXACT = programs("""
# lists of lists | s, c
a = [[s, 2.0], [c, 1.0]]
a[0][1] = a[0][0] * c
a[1][0] += a[0][1] ** 2
a[1][1] *= s
a[0], a[1] = a[1], a[0]
return a[0][0] * a[0][1] + a[1][0] * a[1][1] * c

# lists of arrays | x, y
a = [x * 1.0, y * x]
a[0][1] = y[0] * a[1][2]
a[1][2:] += a[0][:2]
a[1][0] *= 3.0
a[0] *= 2.0
a[1] = a[0] * a[1]
return a[0] * a[1]

# an argument that is a list of lists | table, s
table[0][1] = s * table[1][0]
table[1][0] *= table[0][0]
table[1][1] += table[0][1]
return table[0][0] * table[0][1] + table[1][0] * table[1][1]

# an argument that is a list of arrays | rows, s
rows[0][1] = s * rows[1][0]
rows[1] *= rows[0]
rows[1][:] += s
rows[0] = rows[1] * rows[0]
return rows[0] * rows[1]

# a dictionary of arrays | x, y
d = {"p": x * 1.0, "q": y * 2.0}
d["p"][1] = y[0] * x[2]
d["q"][1:] += d["p"][:-1]
d["p"] *= d["q"]
d["q"] = d["p"] * x
return d["p"] * d["q"]

# rows of a list of lists walked and written | table, s
for row in table:
    row[0] *= s
    row[1] += row[0]
for k, row in enumerate(table):
    for j in range(len(row)):
        row[j] *= k + j + 1.0
        table[k][j] += s
return table[0][0] * table[0][1] + table[1][0] * table[1][1]

# a table filled row by row | s, n
t = []
for i in range(n):
    row = []
    for j in range(n):
        row.append(s * i + j)
    t.append(row)
for i in range(1, n):
    for j in range(n):
        t[i][j] += t[i - 1][j] * s
return t[n - 1][n - 1] * t[1][0]

# a table of zeros made by repetition | s, n
t = []
for i in range(3):
    t.append([0.0] * 3)
for i in range(n):
    for j in range(n):
        t[i][j] = s * (i + 1.0) ** j
        if i > 0:
            t[i][j] += t[i - 1][j] * s
return t[2][2] + t[1][0] * t[0][1]

# a table made by a comprehension | s, n
t = [[0.0] * 3 for _ in range(3)]
for i in range(n):
    for j in range(n):
        t[i][j] = s * (i + 1.0) ** j
        if i > 0:
            t[i][j] += t[i - 1][j] * s
return t[2][2] + t[1][0] * t[0][1]

# elimination on a list of lists | table, s
a = table
for k in range(2):
    for i in range(k + 1, 2):
        f = a[i][k] / a[k][k]
        for j in range(k, 2):
            a[i][j] -= f * a[k][j]
return a[0][0] * a[1][1] * s

# a list of arrays in loops | rows, s, n
for k in range(n):
    rows[k % 2][0] = s * rows[1 - k % 2][1]
    rows[k % 2] *= 1.1
    rows[0][1:] += rows[1][:1]
return rows[0] * rows[1]

# a list of arrays that a loop fills | x, n
out = []
for k in range(n):
    out.append(x * k)
    out[k][0] = x[1] * x[2]
    if k > 0:
        out[k] += out[k - 1]
        out[k - 1][1] = 2.0
return out[0] * out[1] * out[2]

# an entry is replaced while its old value has a name | x, y
a = [x * 1.0, y * 1.0]
for k in range(2):
    v = a[k]
    a[k] = v * x
    v[0] = 3.0
return a[0] * a[1]

# entries change places | x, y, n
a = [x * 1.0, y * x]
for k in range(n):
    a[0], a[1] = a[1], a[0]
    a[0] = a[0] * x
return a[0] * a[1]

# entries change places and are written | x, y, n
a = [x * 1.0, y * x]
for k in range(n):
    a[0], a[1] = a[1], a[0]
    a[0][1] *= 2.0
return a[0] * a[1]

# pivots | table, s
a = table
p = 0
if abs(a[1][0]) > abs(a[0][0]):
    p = 1
a[0], a[p] = a[p], a[0]
f = a[1][0] / a[0][0]
for j in range(2):
    a[1][j] -= f * a[0][j]
return a[0][0] * a[1][1] * s

# a stored array is written and its list is not read | x, y
u = y * 2.0
a = [u, x * 1.0]
u[0] = x[1]
return u * x

# an entry is written and what was stored is not read | x, y, n
u = y * 2.0
a = [u, x * 1.0]
for k in range(2):
    a[k][0] = x[1]
return a[0] * a[1]

# popped and written | x, y, n
a = [x * 1.0, y * 2.0]
for k in range(1):
    v = a.pop()
    v[0] = 3.0
return v * a[0]

# an entry is bound before the loop that replaces it | rows, n
v = rows[0]
for k in range(n):
    rows[0] = rows[0] * rows[1]
return v * rows[0]

# an entry is bound before the loop that writes it | rows, n
v = rows[0]
for k in range(n):
    v[0] *= 1.5
    rows[0][1] += v[0]
return v * rows[0] * rows[1]

# an entry in one branch | rows, flag, s
if flag:
    v = rows[0]
else:
    v = rows[1]
v[0] = s
return v * 2.0

# entries handed to a function that writes | rows, s
def scale(r, f):
    r *= f
    r[0] += f
---
for r in rows:
    scale(r, s)
scale(rows[0], 2.0)
return rows[0] * rows[1]

# a list handed to a function that writes its entries | rows, s
def scale(rs, f):
    for k in range(len(rs)):
        rs[k] *= f
        rs[k][0] = f * k
    rs[0] = rs[0] * rs[1]
---
scale(rows, s)
scale(rows, 2.0)
return rows[0] * rows[1]

# either list, and only that is read | rows, flag, s
b = [rows[0] * 2.0, rows[1] * 3.0]
c = rows if flag else b
c[0] = c[1] * s
return c[0] * c[1]

# views of entries | rows, s
v = rows[0][1:]
for k in range(2):
    rows[0][1] = s * rows[k][0]
v[0] *= 2.0
return rows[0] * v

# an entry through a lambda | rows, s
g = lambda k: rows[k]
g(0)[1] = s
g(1)[:] *= s
return rows[0] * rows[1]

# a list in a tuple | rows, s
t = (rows, s)
t[0][0][1] = s * s
for k in range(2):
    t[0][k][0] *= t[1]
return rows[0] * rows[1]

# a display of lists, by computed places | s
xs = [[s, 2.0], [1.0, s * s]]
for i in range(2):
    for j in range(2):
        xs[i][j] -= s
return xs[0][1] * xs[1][1]

# rows of a display, each entry | s
xs = [[s, 2.0], [1.0, s * s]]
for i in range(2):
    for j in range(2):
        xs[i][j] = xs[i][j] * s
s = 0.0
for row in xs:
    s += sum(row)
return s

# a row by its name and by computed places | s
xs = [[s, 2.0], [1.0, s * s]]
r = xs[0]
for i in range(2):
    xs[i][0] = s * xs[1][1]
return r[0] * xs[1][0]

# a stored list and the display that holds it | s
c = [s, 2.0, 1.0]
m = [c, [1.0, s, s]]
for i in range(3):
    c[i] *= s
return m[0][1] * m[1][1]

# products of matrices that are lists of lists | s
m = [[s, 0.0], [0.0, 1.0]]

def mul(a, b):
    n = 2
    c = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i][j] += a[i][k] * b[k][j]
    return c

p = mul(m, mul(m, m))
return p[0][0] + p[1][1]

# rows of a display that are swapped | s
m = [[s, 0.1], [0.2, 1.0]]
m[0][1] *= s
m[0], m[1] = m[1], m[0]
for i in range(2):
    m[i][0] += s
return m[0][0] * m[1][1] + m[1][0]

# a row by its name, in the loop that writes it | s
c = [s, 2.0]
m = [c, [1.0, s * s]]
for i in range(2):
    m[i][0] *= s
    c[1] += m[i][0]
    m[1][1] += c[0]
return c[0] * c[1] + m[0][1] * m[1][1]

# rows of a display that are replaced | s
m = [[s, 2.0], [1.0, s]]
a = m[0]
for i in range(2):
    m[i] = [m[i][1], m[i][0] * s]
return a[0] * m[0][1] * m[1][0]

# lists of lists of lists | s
t = [[[s, 1.0], [2.0, s]], [[s * s, 3.0], [1.0, 1.0]]]
for i in range(2):
    for j in range(2):
        for k in range(2):
            t[i][j][k] *= s + i
return t[0][1][1] * t[1][0][0]

# rows that are copied | s
m = [[s, 2.0], [1.0, s]]
n = [row[:] for row in m]
for i in range(2):
    n[i][i] = m[i][1 - i] * s
m[0][0] = 5.0
return n[0][0] * m[1][1] * n[1][0] + m[0][0] * s

# rows of unlike lengths | s
m = [[s, 2.0, s], [1.0, s], [s]]
s = 0.0
for i in range(3):
    for j in range(len(m[i])):
        m[i][j] *= s
        s += m[i][j]
return s

# a display that a dict holds | s
m = [[0.0, 0.0], [0.0, 0.0]]
d = {"m": m}
for i in range(2):
    m[i][i] = s * (i + 1)
return d["m"][0][0] * m[1][1]

# buffers of lists of lists that change places | s
grid = [[s, 1.0, 2.0], [3.0, s, 5.0], [6.0, 7.0, s]]
new = [[0.0] * 3 for _ in range(3)]
for t in range(2):
    for i in range(3):
        for j in range(3):
            new[i][j] = (
                0.25
                * (
                    grid[i - 1][j]
                    + grid[(i + 1) % 3][j]
                    + grid[i][j - 1]
                    + grid[i][(j + 1) % 3]
                )
                * grid[i][j]
            )
    grid, new = new, grid
return grid[0][0] + grid[1][2]

# made buffers that change places | s
grid = [[s] * 3 for _ in range(3)]
new = [[0.0] * 3 for _ in range(3)]
for t in range(2):
    for i in range(3):
        for j in range(3):
            new[i][j] = 0.25 * (grid[i - 1][j] + grid[(i + 1) % 3][j]) * grid[i][j]
    grid, new = new, grid
return grid[0][0] + grid[1][2]

# a new buffer each time | s
grid = [[s] * 3 for _ in range(3)]
for t in range(2):
    new = [[0.0] * 3 for _ in range(3)]
    for i in range(3):
        for j in range(3):
            new[i][j] = 0.25 * (grid[i - 1][j] + grid[(i + 1) % 3][j]) * grid[i][j]
    grid = new
return grid[0][0] + grid[1][2]
""")

# What several names or containers hold.
SHARED = programs("""
# a stored array is written | x, y, n
a = [x * 1.0]
u = y * 2.0
for k in range(n):
    a.append(u)
    u = u * y
u[0] = 2.0
return u * a[1] * a[2]

# a stored array is written and its list is read | x, y
u = y * 2.0
a = [u, x * 1.0]
u[0] = x[1]
return u * a[0]

# an entry is written and what was stored is read | x, y, n
u = y * 2.0
a = [u, x * 1.0]
for k in range(2):
    a[k][0] = x[1]
return u * x

# one object twice in a list | x, n
u = x * 2.0
a = [u, u]
for k in range(2):
    a[k][0] += 1.0
return a[0] * a[1]

# one object twice in a list by appending | x, n
u = x * 2.0
a = []
for k in range(n):
    a.append(u)
for k in range(n):
    a[k][0] += 1.0
return a[0] * a[1]

# one object many times in a comprehension | x, n
u = x * 2.0
a = [u for k in range(n)]
for k in range(n):
    a[k][0] += 1.0
return a[0] * a[1]

# an entry kept in a tuple as well | x, y, n
u = x * 2.0
a = [u, y * 1.0]
t = (u, y)
k = n % 2
v = t[k]
for j in range(2):
    a[j][0] = 5.0
return v * u

# an entry kept in two lists by insertion | x, y, n
a = [x * 2.0, y * 1.0]
b = []
for k in range(n - 1):
    b.insert(0, a[k])
for k in range(n - 1):
    b[k][0] = 3.0
return a[0] * a[1] * b[0]

# a list extended by another | rows, x, n
a = []
for k in range(n):
    a.append(x * k)
a.extend(rows)
for k in range(n):
    a[k][0] = 2.0
rows[0][1] = 3.0
return a[0][:2] * a[3] * rows[1]

# a list repeated | s, n
a = [[s * 2.0, 1.0]] * 3
for k in range(n):
    a[k][0] += 1.0
return a[0][0] * a[1][0]

# a copy of a list shares its entries | rows, s
b = list(rows)
for k in range(2):
    b[k][0] = s
return rows[0] * rows[1]

# a slice of a list shares its entries | rows, s
b = rows[:]
for k in range(2):
    rows[k][0] = s
return b[0] * b[1]

# two lists hold one array | x, y, n
u = x * y
a = [u]
b = [u, y * 1.0]
for k in range(1):
    a[k][0] = 3.0
return b[0] * b[1]

# a list in a list | rows, s, n
b = [rows, rows]
for k in range(2):
    b[k][0][0] = s
return rows[0] * rows[1]

# popped, while it has a name | x, y, n
u = x * y
a = [y * 1.0, u]
v = a.pop()
v[0] = 3.0
return v * u

# a list emptied from the front | x, n
a = []
for k in range(n):
    a.append(x * (k + 1.0))
v = a[1]
a.pop(0)
v[1] = 9.0
return a[0] * a[1]

# del from the front | x, n
a = []
for k in range(n):
    a.append(x * (k + 1.0))
v = a[1]
del a[0]
a[0][0] = 7.0
return v * x

# an entry is bound before the loop that rearranges | rows, n
v = rows[0]
for k in range(n):
    rows[0], rows[1] = rows[1], rows[0]
v[0] = 2.0
return rows[0] * rows[1]

# an entry in one branch, and the list | rows, flag, s
if flag:
    v = rows[0]
else:
    v = rows[1]
v[0] = s
return v * rows[0]

# a list replaced in one branch | rows, flag, s
v = rows[0]
if flag:
    rows[0] = rows[1] * s
v[0] = s
return v * rows[1]

# either list | rows, flag, s
b = [rows[0] * 2.0, rows[1] * 3.0]
c = rows if flag else b
c[0][0] = s
return rows[0] * b[1]

# a row of a buffer that changes places | s
def mk(x):
    return [[x * (i + 1) + j for j in range(3)] for i in range(3)]
---
grid = mk(s)
new = mk(2.0)
r = grid[0]
for t in range(3):
    for i in range(3):
        new[i][0] = grid[i][1] * grid[i - 1][0] * 0.1
    grid, new = new, grid
return r[0] * r[1] + grid[0][0]

# a buffer by another name | s
def mk(x):
    return [[x * (i + 1) + j for j in range(3)] for i in range(3)]
---
grid = mk(s)
new = mk(2.0)
keep = grid
for t in range(3):
    for i in range(3):
        new[i][0] = grid[i][1] * grid[i - 1][0] * 0.1
    grid, new = new, grid
return keep[0][0] * keep[1][1] + grid[0][0]

# buffers that are collected | s
def mk(x):
    return [[x * (i + 1) + j for j in range(3)] for i in range(3)]
---
grid = mk(s)
new = mk(2.0)
hist = []
for t in range(3):
    for i in range(3):
        new[i][0] = grid[i][1] * grid[i - 1][0] * 0.1
    hist.append(new)
    grid, new = new, grid
return hist[0][0][0] + hist[1][0][0] * hist[2][1][0]

# a row that outlives its iteration | s
def mk(x):
    return [[x * (i + 1) + j for j in range(3)] for i in range(3)]
---
grid = mk(s)
new = mk(2.0)
row = [0.0, 0.0, 0.0]
for t in range(3):
    row[0] = s * t
    for i in range(3):
        new[i][0] = grid[i][1] * grid[i - 1][0] * 0.1
    row = grid[0]
    grid, new = new, grid
return row[0] * grid[0][0] * new[0][0]

# one buffer under two names | s
def mk(x):
    return [[x * (i + 1) + j for j in range(3)] for i in range(3)]
---
grid = mk(s)
new = mk(2.0)
for t in range(3):
    for i in range(3):
        new[i][0] = grid[i][1] * grid[i - 1][0] * 0.1
    grid = new
return grid[0][0] * new[1][0]

# a row of the other buffer | s
def mk(x):
    return [[x * (i + 1) + j for j in range(3)] for i in range(3)]
---
grid = mk(s)
new = mk(2.0)
row = new[1]
for t in range(3):
    for i in range(3):
        new[i][0] = grid[i][1] * grid[i - 1][0] * 0.1 + row[0]
    row = grid[1]
    grid, new = new, grid
return row[0] * grid[0][0] * new[0][0]

# a list that a buffer holds | s
a = [s, 1.0]
m = [a, [2.0, s]]
n = [[0.0, 0.0], [0.0, 0.0]]
for t in range(3):
    for i in range(2):
        n[i][0] = m[i][0] * m[i - 1][1]
    m, n = n, m
return a[0] * m[0][0] + a[1]

# rows that change places in a loop | s
m = [[s, 1.0], [2.0, s]]
for t in range(2):
    m[t], m[1 - t] = m[1 - t], m[t]
    row = m[t]
    row[0] *= s
    m[0][1] += row[0]
return m[0][0] * m[0][1] + m[1][0] * m[1][1]

# lists of lists of either branch | s
m = [[s, 1.0], [2.0, s]]
b = m
if s > 1:
    b = [[s, s], [s, s]]
for i in range(2):
    b[i][0] = m[i][1] * s
return m[0][0] * b[0][0] + m[1][0]

# one list of lists or another | s
m = [[s, 1.0], [2.0, s]]
n = [r[:] for r in m]
for k in range(3):
    if k == 1:
        m = n
    m[k % 2][0] += n[0][1] * s
return m[0][0] * n[0][0] + m[1][0]

# one row twice | s
r = [s, 2.0]
m = [r, r]
for i in range(2):
    m[i][0] *= s
return r[0]

# rows swapped in a loop and written | s
m = [[s, 2.0], [1.0, s]]
m[0], m[1] = m[1], m[0]
i = 0
while i < 2:
    m[i], m[1 - i] = m[1 - i], m[i]
    m[i][0] *= s
    i += 1
return m[0][0] * m[1][1] + m[1][0]
""")


@pytest.mark.parametrize("name", EXACT)
def test_a_write_to_an_entry_is_differentiated_exactly(name: str) -> None:
    _, args, wrt = EXACT[name]
    check_first(compiled(EXACT[name]), args, wrt)


@pytest.mark.parametrize("name", EXACT)
def test_a_write_to_an_entry_has_an_exact_second_derivative(name: str) -> None:
    _, args, wrt = EXACT[name]
    if isinstance(args[wrt[0]], list):
        return  # the oracle of second derivatives knows arrays and numbers
    check_second(compiled(EXACT[name]), args, wrt[0])


@pytest.mark.parametrize("name", SHARED)
def test_a_write_to_what_is_shared_is_exact_or_refused(name: str) -> None:
    _, args, wrt = SHARED[name]
    function = compiled(SHARED[name])
    expected = gradient_by_differences(function, args, wrt)
    try:
        got = quietly(gs.grad(function, wrt, mode="reverse"), *fresh(args))
    except gs.AliasError as error:
        assert error.line is not None
        return
    assert_close(got, expected, **FIRST)


def replaced_after_a_write(x: Any, n: int) -> Any:
    x = x.copy()
    for i in range(n):
        x[i] += 0.5
        x = x * x
    return np.sum(x)


def test_what_a_loop_replaces_after_a_write_is_not_zeros_in_the_next_iteration() -> None:
    gs.check_grads(replaced_after_a_write, (np.array([0.3, 1.2, 0.8]), 3), order=2)
