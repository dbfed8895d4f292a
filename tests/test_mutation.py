"""Writes in place: differentiated exactly, whatever they write and however."""

from __future__ import annotations

import pytest

from pipeline import check_first, check_second
from snippets import compiled, programs

EXACT = programs("""
# an item | x, s
x[1] = s * x[2]
x[-1] = x[0] * x[1]
return x * x

# an item and its augmented forms | x, s
x[0] += s * x[1]
x[1] -= x[0] * s
x[2] *= x[1]
x[3] /= x[2]
x[0] **= 2
x[3] **= 2
x[0] **= s
return x * x

# floor division and remainder in place | x, s
x[0] %= s
x[1:] %= 0.5
x[2] //= s
x *= x
x %= 1.1
return x * x * s

# slices from everything that broadcasts | x, y, a, s
x[:2] = y[2:]
x[2:] = a
x[1:] *= a
x[::2] += s
x[1:3] = 2.0
return x * y

# a matrix written from lower rank | m, x, a, s
m[0] = x[:3] * s
m[:, 1] = x[1:]
m[1:, 1:] = a
m[:, :] *= x[:3]
m[2] += a
m[1, :] -= s
m[:2] = x[:3]
return m * m

# a matrix written from a column | m, x, s
m[:] = x[:3, None] * s
m[:, 0] **= 2
m[:, 1:] += x[1:, None]
return m * m

# ellipsis and whole slices | x, y, m
x[...] = y * x
x[:] = x * y
x[...] += y[0]
x[:] *= 2
m[..., 0] = x[:3]
m[0, ...] *= y[:3]
return x * np.sum(m * m)

# an item by a tuple of positions | m, s
m[0, 1] = s * m[1, 0]
m[(1, 2)] *= m[0, 1]
m[-1, -1] -= s
return m * m

# new axes in the target | x, s
x[None, 1:] *= s
x[:, None][1] = x[0]
x[np.newaxis] += 1.0
return x * x

# negative steps and empty slices | x, y
x[::-1] = y * x
x[::-2] *= y[:2]
x[2:2] = 5.0
x[4:] *= 3.0
x[3:0:-1] += y[1:]
return x * x

# an integer array in the target | x, y, i
x[i[:2]] = y[1:3] * x[:2]
return x * y

# repeated positions, the last write wins | x, y, i
x[i] = y[:3] * x[1:]
return x * x

# repeated positions in augmented assignment are buffered | x, y, i
x[i] += y[:3] * x[1:]
x[i] *= y[1:]
x[[0, 0, 1]] -= y[1:]
x[i] /= y[:3]
x[[1, 1]] **= 2
return x * x

# a list in the target | x, s
x[[0, 2]] = x[[2, 0]]
x[[1, 3]] = s
x[[0, 3]] *= x[[1, 2]]
return x * x

# tuples of arrays in the target | m, x, i
m[i, [0, 1, 0]] = x[1:]
m[[0, 1], [1, 2]] *= x[:2]
m[i, 0] += x[:3]
m[[0, 2], :] *= 2.0
m[:, [0, 2]] = m[:, [2, 0]]
m[1:, [0, 1]] -= x[0]
return m * m

# masks | x, y, s
x[x > 1.0] = s
x[y > 1.0] *= y[y > 1.0]
x[x < s] += 1.0
x[(y > 0.5) & (y < 1.5)] = y[1:3] * s
x[~(y > 1.0)] -= y[0]
return x * x

# masks in two dimensions | m, s, a
m[m > 1.2] = s
m[m < 0.0] *= m[m < 0.0]
m[m > 0.55] += a
m[m[:, 0] > 0.5] *= s
m[:, m[0] > 2.0] -= 1.0
m[m > 100.0] = 7.0
return m * m

# a mask that is kept and used again | x, y
k = y > 1.0
x[k] = y[k]
x[~k] = x[~k] ** 2
x[k] /= 3.0
return x * x * y

# where as an index | x, y
x[np.where(y > 1.0)] *= y[np.where(y > 1.0)]
k = np.nonzero(x > 1.0)[0]
x[k] = x[k] * y[k]
x[np.flatnonzero(y > 0.5)] += 1.0
x[np.argmax(y)] = y[0]
x[np.argsort(y)] = x * y
return x * x

# integers become a part of active arithmetic | x, s
k = np.zeros(4)
k[1] = 2
k[2:] = [1, 3]
q = np.arange(4)
q[1] = 7
q[2:] += 1
q[0] -= 2
x[q[2]] = s
return x * q + k * x

# a swap of items | x
x[0], x[1] = x[1], x[0]
x[1], x[2], x[3] = x[3] * x[1], x[1], x[2]
return x * x[::-1] ** 2

# a swap of an item and a name | x, s
x[1], s = s, x[1]
x[2], s = s * x[1], x[2] * s
return x * s

# a swap of slices is what NumPy makes of it | x, m
x[:2], x[2:] = x[2:], x[:2]
m[0], m[1] = m[1], m[0]
m[:, 0], m[:, 2] = m[:, 2].copy(), m[:, 0].copy()
m[[0, 2]] = m[[2, 0]]
return x * np.sum(m ** 2 * m[::-1])

# overlapping slices | x
x[1:] = x[:-1]
x[:-1] *= x[1:]
x[1:] += x[:-1]
x[:-1] = x[1:] * x[:-1]
x[::-1] -= x
x[:] = x[::-1]
return x * x

# a slice written with what it is | x
x[1:] = x[1:]
x[:] = x
x[1:3] *= x[1:3]
x += x
x *= x
x -= 0.5 * x
return x * x

# rows of a matrix, one after the other | m
for i in range(3):
    m[i] = m[i] * m[i - 1]
    m[i][0] = m[i, 1] * m[i][2]
    m[i][1:] += m[i][:-1]
    m[i, 1:][0] *= 2.0
return m * m

# an argument that is a list | xs, s
xs[0] = xs[1] * s
xs[2] += xs[0]
xs[1], xs[2] = xs[2], xs[1]
xs.append(xs[0] * s)
return xs[0] * xs[1] + xs[2] * xs[3]

# out of binary functions | x, y
z = np.empty(4)
np.add(x, y, out=z)
np.multiply(z, 2, z)
np.multiply(x, z, out=x)
np.subtract(z, x, out=z)
np.divide(z, y, out=z)
np.add(z, z, out=(z,))
np.power(y, 2, out=y)
np.maximum(z, y, out=z)
return x * y * z

# out of unary functions | x, y
np.exp(x, out=x)
np.sin(y, y)
np.sqrt(x, out=x)
np.negative(y, out=y)
np.square(x, x)
np.abs(y, out=y)
return x * y

# the value of a call with out | x, y
z = np.zeros(4)
u = np.add(x, y, out=z)
u[0] = 3.0
z[1] *= x[0]
return u * z * x

# out of products and sums | m, w, x
z = np.zeros((3, 3))
np.dot(m, w, out=z)
v = np.zeros(3)
np.dot(z, x[:3], out=v)
np.matmul(z, w, out=m)
np.cumsum(x, out=x)
np.sum(m, axis=0, out=v)
np.mean(w, axis=1, out=v[...])
np.clip(x, 0.5, 2.0, out=x)
np.outer(v, v, out=z)
return x[:3] * v * z[0] * np.sum(m)

# out into a slice | x, y
z = np.zeros(8)
np.add(x, y, out=z[:4])
np.multiply(x, y, out=z[4:])
np.exp(z[2:4], out=z[2:4])
return z * z

# out in a loop | x, y, n
z = np.empty_like(x)
for k in range(n):
    np.multiply(x, y, out=z)
    np.add(x, z, out=x)
    x *= 0.5
return x * z

# sums at repeated positions | x, y, i
np.add.at(x, i, y[:3])
np.subtract.at(x, i, y[1:] * 2)
np.add.at(x, [0, 0], 1.5)
np.add.at(x, 1, y[0])
np.add.at(x, slice(1, 3), y[:2])
return x * x

# products at repeated positions | x, y, i
np.multiply.at(x, i, y[:3])
np.multiply.at(x, [1, 3], 2.0)
np.divide.at(x, [0, 2], y[:2])
return x * x

# extremes at repeated positions | x, y, i
np.maximum.at(x, i, y[:3] * 1.7)
np.minimum.at(x, [0, 1], y[1:3])
return x * x

# copyto | x, y, m, s
np.copyto(x, y * x)
np.copyto(m, x[:3])
np.copyto(x, s, where=y > 1.0)
np.copyto(dst=y, src=x)
return x * y * np.sum(m)

# put, place, putmask | x, y, s
np.put(x, [0, 2], [s, 3.0])
np.put(x, 1, y[0])
np.put(y, [1, 3], x[:2])
np.putmask(x, y > 1.0, y * s)
np.place(y, x > 1.0, s)
x.put([3], s)
return x * y

# put and putmask repeat their values | m, x
np.put(m, [0, 4, 8, 5], x[:2])
np.putmask(m, m > 0.8, x)
np.place(m, m < 0.0, x[:2])
return m * m

# the diagonal | m, w, s, x
np.fill_diagonal(m, s)
np.fill_diagonal(w, x[:3])
return m * w

# put_along_axis | m, w
k = np.argmax(w, axis=1)[:, None]
np.put_along_axis(m, k, w[:, :1], axis=1)
np.put_along_axis(w, k, 0.5, axis=1)
return m * w

# fill | x, m, s
x.fill(s)
m[1].fill(s * s)
m[:, 0].fill(2.0)
return np.sum(m * m) * x

# sort in place | x, m
x.sort()
m.sort(axis=0)
m[1].sort()
m.sort()
x *= x
return x[::-1] * x[0] * np.sum(m * m[::-1])

# a callee that changes its argument, several times | x, y, n
def step(u, v):
    u[1:] *= v[:-1]
    u[0] += v[-1]
    v *= 0.5 * u
def twice(u, v):
    step(u, v)
    step(v, u)
    return u
---
for k in range(n):
    twice(x, y)
    z = twice(y, x)
z[0] = 2.0
return x * y

# loops that run no time | x, y, none
for k in range(none):
    x[k] = y[k]
    z = x
while none > 0:
    x *= y
    none -= 1
for k in range(none):
    for j in range(3):
        y[j] *= x[k]
return x * y

# a callee given a slice | x, y
def scale(u, f):
    u *= f
    u[0] = f * u[1]
---
scale(x[1:], y[0])
scale(x[::2], y[1])
scale(x, x[0])
return x * y

# a callee that returns its argument | x
def touched(u):
    u[0] = u[1] * u[2]
    return u
---
z = touched(x)
z[3] *= z[0]
u = touched(touched(x * 1.0))
return x * z * u

# a parameter that is also a local | x, s
def inner(x):
    x = x * 1.0
    x[0] = 3.0
    return x
---
z = inner(x)
z[1] = s
return z * x

# the same write twice | x, y
x[1:3] = y[:2] * x[:2]
x[1:3] = y[1:3] * x[1:3]
x[1:3] += x[2:]
x[1:3] += x[:2]
return x * x

# nothing is left of what was overwritten | x, y
z = x * y
z[:] = 2.0 * y
z *= z
return z * x

# writes in branches | x, y, flag
if flag:
    x[0] = y[0] * x[1]
else:
    x[1] = 2.0
if x[0] > 100.0:
    x *= 2.0
elif x[1] < 100.0:
    x[1:] *= y[1:]
    if y[0] > 100.0:
        x[0] = 0.0
return x * y

# writes before leaving a loop | x, y, n
for k in range(4):
    x[k] *= y[k]
    if k == n - 1:
        x[0] = x[k] ** 2
        break
    if y[k] > 1.0:
        x[k] += 1.0
        continue
    x[k + 1] -= x[k] * y[k]
else:
    x[:] = 0.0
return x * x

# writes before returning from a loop | x, y, n
for k in range(4):
    x[k] *= y[k]
    for j in range(k):
        x[j] += x[k] * y[j]
        if j == n - 2:
            x[j] *= 2
            return x * y
y[0] = 2.0
return x * x * y

# while, writes and a bound that changes | x, y
k = 0
top = 2
while k < top:
    x[k] *= y[k] * x[k + 1]
    k += 1
    if k == 2:
        top += 1
while True:
    x[0] *= 0.8
    if x[0] < 0.2:
        return x * y
    y[0] += 0.1

# a triangular solve in place | m, x
for i in range(3):
    for j in range(i):
        x[i] -= m[i, j] * x[j]
    x[i] /= m[i, i]
for i in range(2, -1, -1):
    x[i] -= m[i, i + 1:] @ x[i + 1:3]
    x[i] = x[i] / m[i, i]
return x * x

# elimination in place | m, x
for k in range(3):
    for i in range(k + 1, 3):
        m[i, k] /= m[k, k]
        m[i, k + 1:] -= m[i, k] * m[k, k + 1:]
return m * m

# prefix sums and recurrences | x, y
for k in range(1, 4):
    x[k] += x[k - 1] * y[k]
    y[k] = y[k - 1] * x[k]
for k in range(2, -1, -1):
    x[k] *= x[k + 1]
return x * y

# three dimensions | t, s
t[0, 1, :] = t[1, 0, :] * s
t[..., 1] *= t[..., 0]
t[:, 1:, 0] += t[:, :-1, 1]
t[1][2][0] = s
t[0, :, 1][1:] *= 2.0
t[[0, 1], [1, 2]] -= s
return t * t

# the caller's argument becomes the result | x
x *= x
return x

# an augmented name in a branch, seen by another name | x, y, flag
z = x
if flag:
    z += y
else:
    z *= y
z[0] = 2.0 * z[1]
return x * z

# every way to leave a loop, between writes | x, y, n
for k in range(len(x)):
    if k >= n:
        break
    for j in range(k, 4):
        if x[j] > 1.5:
            x[j] *= y[k]
            continue
        if j == 3:
            return x * y
        x[j] += y[j]
    else:
        x[0] = 1.0
return x

# a loop without an end that returns | x, n
while True:
    x[0] *= 0.7
    if x[0] < 0.3:
        return x * x
    x[1:] += x[:-1]

# a bound that the body lowers | x, n
k = 0
stop = n
while k < stop:
    x[k] = x[k] * x[k + 1]
    if k == 0:
        stop -= 1
    k += 1
return x * k

# a list that is changed while it is walked, and left | xs, s
for v in xs:
    if v > 1.5:
        xs[0] = v * s
        break
    xs[1] = v
else:
    return s
return xs[0] * xs[1] * s

# a loop of no trips with a break and an else | x, none
for k in range(none):
    x[k] = 0.0
    break
else:
    x *= 2.0
return x * x

# a recursive function that writes to what it was given back | x, n
def f(u, k):
    if k == 0:
        return u * 1.0
    v = f(u, k - 1)
    v[0] = v[1] * v[0]
    return v
---
return f(x, n) * f(x, 2)

# what stands after a return | x
return x * x
x[0] = 3.0
return x

# a break of the inner loop decides about the outer | x, y
for k in range(3):
    for j in range(3):
        if x[j] > y[k]:
            x[j] = y[k] * x[j]
            break
    else:
        continue
    if k == 1:
        break
    y[k] *= x[0]
return x * y

# continue in a while loop with an else | x, y, n
i = 0
while i < n:
    i += 1
    if i == 2:
        continue
    x[i] += y[i] * x[i - 1]
else:
    y[0] = x[1]
return x * y

# returns from arms that wrote | x, flag
if flag:
    if x[0] > 0:
        x[0] = x[1] * 2.0
        return x * x
    x[1] = 3.0
else:
    return x
return x + 1.0

# arrays appended unless the iteration is left | x, n
out = []
for k in range(n):
    t = x * k
    if k == 1:
        continue
    t[0] = x[1]
    out.append(t)
return out[0] * out[1]

# a callee that writes until it finds | x, s
def search(u, t):
    for k in range(len(u)):
        u[k] *= t
        if u[k] > 2.0:
            return k, u[k]
    return -1, t
---
k, v = search(x, s)
j, w = search(x, s)
return x * v * w

# an array written while it is walked | x
total = 0.0
for k in range(2):
    for v in x:
        if v > 1.0:
            x[k] = v * 0.5
            continue
        total += v
return total * x

# a mask of what the loop writes where it holds | x, s
for i in range(2):
    x[x > 0.2] = x[x > 0.2] * s
return np.maximum(x, x)

# masks taken before and after a write | x, y
total = 0.0
for i in range(3):
    mask = x > 0.1 * i
    total += np.sum(x**2)
    x[mask] *= y[mask] + 0.5
    total += np.sum(x**2)
    x[x > 0.5] *= 0.5
return x**2 * total

# out and where | x, y, s
e = np.divide(s, x, out=np.zeros_like(x), where=np.abs(x) > 0.1)
z = x * 2
np.sqrt(y * y, out=z, where=np.abs(x) > 0.5)
np.multiply(x, y[:1], out=z, where=x[:1] > -9)
np.add(z, e, z, where=True)
np.multiply(z, z, out=z, where=x > y)
return z * e * y

# nothing but statements | x, s
"a string"
...
x[0]
x[0] = s; x[1] = x[0] * s
pass
return x * x
""")


@pytest.mark.parametrize("name", EXACT)
def test_a_write_is_differentiated_exactly(name: str) -> None:
    _, args, wrt = EXACT[name]
    check_first(compiled(EXACT[name]), args, wrt)


@pytest.mark.parametrize("name", EXACT)
def test_a_write_has_an_exact_second_derivative(name: str) -> None:
    _, args, wrt = EXACT[name]
    check_second(compiled(EXACT[name]), args, wrt[0])
