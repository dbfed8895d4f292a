"""Aliases and views: a write is seen through every name of the memory that it changes."""

from __future__ import annotations

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close, gradient_by_differences
from pipeline import FIRST, check_first, check_second, define, fresh, quietly
from snippets import compiled, programs

EXACT = programs("""
# two names for one array | x, s
z = x
z[0] = s
z += x
x[1:] *= z[:-1]
return z * x

# two names for one list | s, c
a = [s, c]
b = a
b[0] = a[1] * s
b.append(s)
a[1] *= b[2]
return a[0] * b[1] * len(a) + a[2]

# slices of slices | x, s
u = x[1:]
v = u[1:]
w = v[::-1]
w[0] = s * u[0]
v *= x[2:]
u[0] = w[1]
return x * x

# a view sees what is written through its parent | x, y
u = x[1:3]
x[1] = y[0] * 2.0
x *= y
return u * u * x[:2]

# the parent sees what is written through a view | m, x
row = m[1]
col = m[:, 1]
row /= row.sum()
col *= x[:3]
row[1:] = col[:2]
return m * m

# rows written as they are walked | m
for row in m:
    row -= row.mean()
    row /= row @ row
for row in m[1:]:
    row[0] = row[1] * row[2]
return m * m

# rows walked by position and by pairs | m, w
for k, row in enumerate(m):
    row *= k + 1.0
for a, b in zip(m, w):
    a += b * b
    b[0] = a[0]
for row in m[::-1]:
    row[0] *= row[1]
return m * w

# either of two, written while neither is read again | x, y, flag
u = x * 2.0
v = y * 3.0
w = u if flag else v
w[0] = 5.0
w *= x
return w * x

# a name first bound in a loop | x, y, n
for k in range(n):
    z = x
    z[k] *= y[k]
    w = z[1:]
    w[0] += 1.0
z[0] = 2.0
return z * x * y

# rows of a transpose | m
for col in m.T:
    col -= col.mean()
    col[0] *= 2.0
return m * m

# the transpose | m, x, s
t = m.T
t[0] = x[:3]
t[1:, 0] *= s
m[0, 1] = t[2, 2]
t += 1.0
m.T[2] *= m.T[1]
return m * t

# every way to transpose | m, t, s
np.transpose(m)[0] *= s
m.transpose()[1, 2] = s
np.swapaxes(m, 0, 1)[2] += 1.0
m.swapaxes(0, 1)[0, 0] = 2.0 * s
np.moveaxis(t, 0, -1)[1] *= s
t.transpose(1, 2, 0)[2, 0] = s
np.transpose(t, (2, 0, 1))[0] -= 1.0
t.T[0, 1] = 2.0
return np.sum(m * m) * t

# new and dropped axes | x, m, s
x[:, None][1] = s
np.expand_dims(x, 0)[0, 2] *= s
c = m[:, :1]
np.squeeze(c)[1] = s
np.squeeze(c, axis=1)[0] *= 3.0
c.squeeze()[2] += s
d = x[np.newaxis, :, np.newaxis]
d[0, 0, 0] = x[1] * x[2]
return x * x * np.sum(m * m)

# flips and rotations | x, m, s
np.flip(x)[0] = s
x[::-1][1] *= s
np.flipud(m)[0] *= 2.0
np.fliplr(m)[:, 0] += s
np.rot90(m)[0] *= s
np.rot90(m, 3)[1, 1] = s
np.flip(m, 0)[0, 0] = x[0]
return x * x * np.sum(m * m)

# the array itself under another name | x, s
z = np.asarray(x)
z[0] = s
u = np.atleast_1d(x)
u[1] *= s
v = np.real(x)
v[2] = u[0]
w = x.real
w[3] -= s
np.asarray(x, dtype=float)[1] += 1.0
return x * z * u * v * w

# one dimension: reshape and ravel are views | x, s
r = x.reshape(2, 2)
r[0] *= s
r[1, 1] = r[0, 0]
x.reshape(-1)[1] += s
x.reshape((4, 1))[2, 0] = s * s
np.reshape(x, (1, 4))[0, 1:] *= 2.0
return x * x * r[0, 1]

# memory of its own: reshape and ravel are views | x, s
m = np.zeros((2, 3))
m.reshape(-1)[:4] = x
m.ravel()[4] = s
np.ravel(m)[5] = s * s
f = m.ravel()
f *= f
m[0, 0] = f[5]
r = m.reshape(3, 2)
r[1] = r[0] * s
m[1].reshape(3, 1)[0] *= 2.0
return m * r.reshape(2, 3) * f[1]

# copies are no views | x, m, s
u = x[[0, 1]]
u[0] = s
v = x[x > 1.0]
v *= 2.0
w = m.flatten()
w[0] = s
z = np.array(x)
z[1] = 5.0
q = m.copy().T
q[0] = 1.0
e = x.astype(float)
e[2] = 3.0
k = np.concatenate([x, x])
k[0] = 7.0
return x * x * np.sum(m * m) * u[0] * w[0] * z[1]

# flat | m, s
m.flat[1] = s
m.flat[2:4] = m.flat[4:6]
m.T.flat[1] *= s
for k in range(2):
    m.flat[k] += m.flat[k + 1]
y = m.flat[3:5]
y[0] = 100.0
return m * m

# pieces | x, m, s
a, b = np.split(x, 2)
a[0] = s
b *= a
p = np.split(m, 3)
p[1][0, 0] = s * x[0]
p[2] *= p[0]
q = np.array_split(x, [1, 3])
q[1][:] = q[1][::-1] * s
return x * np.sum(m * m)

# two buffers that change places | x, y, n
u = x.copy()
v = np.empty_like(u)
for k in range(n):
    v[1:] = u[:-1] * y[1:]
    v[0] = u[-1] ** 2
    u, v = v, u
return u * u * v

# two arguments that change places | x, y, n
for k in range(n):
    y[1:] = x[:-1] * x[1:]
    x, y = y, x
return x * y

# three buffers that go round | x, y, n
a, b, c = x.copy(), x * y, y.copy()
for k in range(n + 1):
    c[:] = a * b
    c[0] = a[1]
    a, b, c = b, c, a
return a * b * c

# an alias made in one branch only | x, y, flag
z = x * 2.0
if flag:
    w = z
else:
    w = y * 3.0
return w * z

# an alias of an alias in a callee | x, y
def fill(u, v):
    w = u
    w[0] = v[1]
    v = w
    v[1] *= 3.0
    return v[1:]
---
z = fill(x, y)
z[0] *= 2.0
t = fill(x[1:], y)
t += z[:2]
return x * y

# arrays in tuples, written | x, y, s
t = (x, y)
t[0][1] = s
t[1][2:] *= t[0][2:]
u, (v, w) = x, (t[1], t)
v[0] = w[0][0]
return x * y * u

# a view in a tuple | m, s
t = (m[0], m[:, 1])
t[0][1] = s
t[1][2] *= t[0][1]
a, b = t
a += b
return m * m

# diagonals and broadcasts that are only read | m, x
d = np.diagonal(m)
e = m.diagonal()
f = np.diag(m)
b = np.broadcast_to(x[:3], (3, 3))
m[0, 0] = x[0]
m[1, 1] *= x[1]
x[0] *= 2.0
return d * e * f * b[1]

# a view that is kept over a loop | m, n
row = m[1]
for k in range(n):
    row[k] *= m[0, k]
    m[1, k] += row[0]
    m[2] = row * k
return row * m

# a view by a position that is computed | m, n
for k in range(n):
    row = m[k]
    other = m[(k + 1) % 3]
    row[1:] -= other[:-1]
    other[0] = row[2]
return m * m

# a name that stays bound to what a loop made of it | x, y, n
z = y
for k in range(n):
    z = x
    z[k] *= y[k]
return z * x * y

# views of what is returned | x
x[1:] *= 2.0
u = x[1:]
u[0] = x[0]
return u

# a view and its parent are both returned in effect | x, s
u = x[:2]
x[0] = s
return u * x[2:] + x[:2]

# the last row written through | m, x
last = m[-1]
last[:] = x[:3]
m[-1] *= 2.0
last[-1] = m[-1, 0] * last[1]
return m * last

# a list and an array take turns | x, y
a = [x * 2.0, y * 1.0]
for k in range(2):
    v = a[k] * a[1 - k]
    a[k] = v
return a[0] * a[1]

# three dimensions | t, s
p = t[1]
q = p[:, 0]
q *= s
r = t[:, 1]
r[1] = q[:2]
r.T[0] *= 2.0
for plane in t:
    for line in plane:
        line[0] += line[1]
return t * t
""")


# What a name denotes depends on the way taken.
MAY_ALIAS = programs("""
# either of two is written, and both are read | x, y, flag
u = x * 2.0
v = y * 3.0
w = u if flag else v
w[0] = 5.0
return u * v * w

# one of two is written, and either is read | x, y, flag
u = x * 2.0
v = y * 3.0
w = u if flag else v
u[0] = 5.0
return w * x

# one of two is written in a loop that reads either | x, y, flag
u = x * 2.0
v = y * 3.0
w = u if flag else v
for k in range(2):
    t = w * x
    u[k] = t[0]
return t

# the second name of one of two is written | x, y, flag
u = x * 2.0
v = y * 3.0
w = u
if flag:
    w = v
z = u
for k in range(2):
    z[k] = 3.0
return w * x

# buffers change places, and one has a third name | x, y, n
u, v = x * 1.0, y * 1.0
z = u
for k in range(n):
    u, v = v, u
    u[0] = k * 2.0
return z * u * v

# buffers have changed places when one is written by its third name | x, y, n
u, v = x * 1.0, y * 1.0
z = u
for k in range(n):
    u, v = v, u
z[0] = 4.0
return u * v

# a name denotes another array from the second iteration on | x, y, n
z = x
for k in range(n):
    z[0] = 2.0 * z[1]
    z = y
return x * y * z

# a name is bound to another array in some iteration | x, y, n
z = x
for k in range(n):
    if k == 1:
        z = y
    z[k] = 3.0
return x * y

# what a recursive function gives back is written | x, n
def down(u, k):
    if k < 0:
        return u
    return down(u, k - 1)
---
z = down(x, n)
z[0] = 2.0
return z * x

# an argument of a recursive function is written | x, n
def down(u, k):
    if k < 0:
        return u
    return down(u, k - 1)
---
z = down(x, n)
x[0] = 2.0
return z * x

# an entry of either tuple is written | x, y, flag
t = (x, y) if flag else (y, x)
t[0][1] = 4.0
return x * y

# an array in either tuple is written | x, y, flag
t = (x, y) if flag else (y, x)
x[1] = 4.0
return t[0] * 3.0 + t[1]

# a tuple whose entries change places is written through | x, y, n
t = (x, y)
for k in range(n):
    t = (t[1], t[0])
t[0][1] = 3.0
return x * y

# a nested function that nobody calls reads what is not bound | x, y, n
def g():
    return z * 2.0
---
return x

# a lambda sees what its name is bound to later | x, y
z = x
g = lambda: z * y
z = y
x[0] = 3.0
return g()

# one array is stored again and again, and written | x, n
rows = []
r = x * 1.0
for k in range(n):
    r[0] += 1.0
    rows.append(r)
return rows[0] * rows[1]

# arrays are written after they were stored | x, n
rows = []
for k in range(n):
    r = x * k
    rows.append(r)
    r[0] += 1.0
return rows[0] * rows[1] * rows[2]

# a name that was bound to another array in one branch is written | x, y, flag
w = x * 2.0
z = w
if flag:
    w = y * 1.0
w[0] = 7.0
return z * y

# a row is written before its name is bound to the next | m, x, n
row = m[0]
for k in range(n):
    row[0] = x[k]
    row = m[k]
return m * m

# a row of the iteration before is read | m, x, n
row = m[0]
for k in range(n):
    other = row
    row = m[k]
    row[1] = 2.0 * x[k]
    m[0, 0] = other[1]
return m * m

# a name is bound to another array before the next iteration | x, y, n
z = x
k = 0
while k < n:
    k += 1
    if k == 2:
        z = y
        continue
    z[k] *= 2.0
return x * y

# a loop is left with one of two arrays | x, y, n
for k in range(n):
    z = x
    if k == 1:
        break
    z = y
z[0] = 9.0
return x * y

# a loop that runs no time leaves a name alone | x, y, none
z = y
for k in range(none):
    z = x
z[0] = 9.0
return x * y

# a loop that runs once binds a name to another array | x, y, none
z = y
for k in range(none + 1):
    z = x
z[0] = 9.0
return x * y

# either of two is written, and then one of them or a third | x, y, flag
if flag:
    z = x
else:
    w = y
    z = w
z += 1.0
if flag:
    q = z
else:
    q = y
return q * 2.0

# an entry is replaced, and what was stored is written | x, y, n
a = [x, y]
b = a
for k in range(n):
    b[0] = b[0] * 2.0
x[0] = 3.0
return a[0] * b[1]

# either of two lists grows | x, y, flag
a = [x * 1.0]
b = [y * 1.0]
c = a if flag else b
c.append(x)
return a[0] * len(a) + len(b)

# a callee gives its arguments back in another order | x, y
def swap(u, v):
    return v, u
---
p, q = swap(x, y)
p[0] = 3.0
q[1] *= p[0]
return x * y

# a callee gives back either argument, which is written | x, y, flag
def pick(u, v, f):
    if f:
        return u
    return v
---
p = pick(x, y, flag)
p[0] = 3.0
return x * y

# a callee gives back either argument, which alone is read | x, y, flag
def pick(u, v, f):
    if f:
        return u
    return v
---
p = pick(x, y, flag)
p[0] = 3.0
return p * 2.0

# a callee leaves a loop with either argument | x, y, n
def early(u, v, n):
    for k in range(n):
        if k == 1:
            return u
        v[k] *= 2.0
    return v
---
p = early(x, y, n)
p[0] = 3.0
return x * y

# a view outlives the name of its parent in a loop | x, y, n
z = x[1:]
for k in range(n):
    z[0] = 2.0 * x[0]
    x = y
return z * 2.0

# a parent is written while its view is bound anew | x, y, n
z = x[1:]
for k in range(n):
    x[1] = 2.0 * z[1]
    z = y[1:]
return z * x[1:]
""")


@pytest.mark.parametrize("name", EXACT)
def test_a_write_is_seen_through_every_name(name: str) -> None:
    _, args, wrt = EXACT[name]
    check_first(compiled(EXACT[name]), args, wrt)


@pytest.mark.parametrize("name", EXACT)
def test_a_write_through_a_view_has_an_exact_second_derivative(name: str) -> None:
    _, args, wrt = EXACT[name]
    check_second(compiled(EXACT[name]), args, wrt[0])


@pytest.mark.parametrize("name", MAY_ALIAS)
def test_what_depends_on_the_way_taken_is_exact_or_refused(name: str) -> None:
    _, args, wrt = MAY_ALIAS[name]
    function = compiled(MAY_ALIAS[name])
    expected = gradient_by_differences(function, args, wrt)
    try:
        got = quietly(gs.grad(function, wrt, mode="reverse"), *fresh(args))
    except gs.AliasError as error:
        assert error.line is not None
        assert "written" in error.message or "stored" in error.message
        return
    assert_close(got, expected, **FIRST)


APART = {
    "the same array twice": ("a[0] *= 2.0\nreturn a * b", lambda x: (x, x)),
    "overlapping slices of one array": ("a[0] *= 2.0\nreturn a * b", lambda x: (x[:3], x[1:])),
    "two views in a list": (
        "a[0][0] *= 2.0\nreturn a[0] * a[1] * b",
        lambda x: ([x[:2], x[1:3]], 2.0),
    ),
    "two views in a tuple": (
        "u, v = a\nu *= 2.0\nreturn u * v * b",
        lambda x: ((x[:2], x[1:3]), 2.0),
    ),
    "two views in a dict": (
        'a["p"][0] *= 2.0\nreturn a["p"] * a["q"] * b',
        lambda x: ({"p": x[:2], "q": x[1:3]}, 2.0),
    ),
    "an array and a list that holds it": (
        "for k in range(1):\n    b[k][0] = 3.0\nreturn a * b[0]",
        lambda x: (x, [x]),
    ),
    "one list twice in a list": (
        "a[0][0] *= 2.0\nreturn a[0][0] * a[1][0] * b",
        lambda x: ([[1.0, 2.0]] * 2, 2.0),
    ),
    "one list twice": ("a[0] *= 2.0\nreturn a[0] * b[0]", lambda x: ([1.0, 2.0],) * 2),
}


@pytest.mark.parametrize("name", APART)
def test_arguments_that_share_memory_are_refused_where_one_is_written(name: str) -> None:
    body, arguments = APART[name]
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    function = define(f"def main(a, b):\n{lines}")
    args = arguments(np.arange(1.0, 5.0))
    with pytest.raises(ValueError, match="share memory"):
        gs.grad(function)(*args)


def test_slices_side_by_side_are_no_overlap() -> None:
    function = define("def main(a, b):\n    a[0] *= 2.0\n    return a * b\n")
    x = np.arange(1.0, 5.0)
    assert_close(gs.grad(function)(x[::2], x[1::2]), np.array([4.0, 4.0]))
