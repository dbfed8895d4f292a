"""Programs that set out to break the compiler: each is differentiated exactly, or refused."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close, gradient_by_differences, unchanged
from pipeline import FIRST, check_first, check_second, define, fresh

A = np.array

# name: (source, arguments, wrt)
EXACT: dict[str, tuple[str, tuple[Any, ...], tuple[int, ...]]] = {
    "names that ours would be": (
        """
def main(x):
    e = x * 2
    t = e + 1
    x_bar = e * t
    x_saved = x_bar * x
    x_dot = x_saved * t
    for i in range(2):
        x_saved = x_saved * x_bar * x_dot
    return x_saved
""",
        (0.7,),
        (0,),
    ),
    "names that a loop binds before, and after, something sees them": (
        """
import numpy as np
def main(x, n):
    late = last = x[0]
    seen = lambda: late * x[1]
    total = 0.0
    for k in range(n):
        total += seen()
        late = np.sin(x[2] + k)
        if k == 1:
            continue
        first, (second, third) = x[0] * k, (x[1], late)
        row = x * second
        row[0] = first
        total += np.sum(row) * third + last
        last = row[0]
    return total + first * second + last * np.sum(row)
""",
        (A([0.4, 1.2, 0.3]), 3),
        (0,),
    ),
    "a loop that ends with an array that it made, and is begun with the same again": (
        """
import numpy as np
def main(x, n):
    out = np.zeros(3)
    for k in range(n):
        for j in range(2):
            part = x * j
            part[0] = out[1] * k
            kept = part
            kept[1] += x[2]
            out = out + part * kept
        out[0] += kept[2]
    return np.sum(out * part)
""",
        (A([0.4, 1.2, 0.3]), 2),
        (0,),
    ),
    "a test of a loop, and a generator, that read what the loop binds": (
        """
import numpy as np
def main(x, n):
    v = x
    found = 0.0
    items = [0.5, 1.5]
    while v < 3.0:
        w = sum(v * c for c in items)
        c = w * x
        for v in (v + c * 0.1 * d for d in items):
            found += v * c
        v = v + 0.7
    return found * v * c * w
""",
        (0.8, 2),
        (0,),
    ),
    "entries that a mask, and lists in several orders, select again and again": (
        """
import numpy as np
def main(x, s):
    m = np.outer(x, x) * s
    m[[0, 1, 2]] = m[[2, 0, 1]]
    m[[1, 0]] = m[[0, 1]] * x
    m[[0, 2]] = np.sin(m[[2, 0]])
    y = x * s
    y[[0, 1]] = y[[1, 0]]
    y[[0, 1]] += m[[1, 2], 0]
    inside = y > 0.1
    y[inside] = s * y[inside]
    y[inside] += np.sin(s)
    y[inside] = y[inside] ** 2
    return np.sum(m * m[::-1]) + np.sum(y * x)
""",
        (A([0.2, 0.7, 1.3]), 0.6),
        (0, 1),
    ),
    "a product of vectors where it is a number, in a function that calls itself": (
        """
import numpy as np
def descend(x, depth=2):
    return np.array([x]) @ np.array([x]) if depth <= 0 else np.sin(descend(x, depth - 1)) * x
def main(u):
    return descend(np.sum(u))
""",
        (A([0.4]),),
        (0,),
    ),
    "a name that is nothing, or bound for the first time in a loop of a loop": (
        """
import numpy as np
def main(x):
    returned = False
    for i in range(2):
        m = np.outer(x, x)
        found = False
        for j in range(len(m)):
            t = np.sum(m[j]) + i
            if t >= 0.1:
                value = t / 8
                found = True
                break
            value = None
        if found:
            returned = True
            break
        value = None
    if not returned:
        value = x[0]
    return value
""",
        (A([1.3, 0.4]),),
        (0,),
    ),
    "an array returned from a loop that does not run": (
        """
import numpy as np
def main(x, u):
    i = 0
    while i < 0:
        i += 1
        if x > 5:
            print(i)
        elif x > 4:
            print(i + 1)
        else:
            return np.outer(u, u)
    return x
""",
        (1.5, A([1.5])),
        (0, 1),
    ),
    "shadowed builtins as parameters": (
        """
def main(x, sum, len, range):
    return x * sum + len * range * x
""",
        (1.3, 2.0, 3.0, 4.0),
        (0, 1, 2, 3),
    ),
    "shadowed builtins of the module": (
        """
def sum(x):
    return x * 7.0
def abs(x):
    return x * x
def main(x):
    return sum(x) * abs(x)
""",
        (1.3,),
        (0,),
    ),
    "shadowed builtins as locals": (
        """
def main(x):
    range = 2.0
    s = 0.0
    for zip in (1, 2, 3):
        s += x ** zip * range
    return s
""",
        (1.3,),
        (0,),
    ),
    "a second name for an array, then a write": (
        """
def main(x):
    u = x * 2
    y = u
    y[0] = x[1] * x[1]
    y += 1.0
    return u * y
""",
        (A([1.2, 1.9]),),
        (0,),
    ),
    "a write through a view, and through a view of a view": (
        """
def main(m):
    m = m * 1.0
    row = m[1]
    row[0] = row[1] * m[0, 0]
    tail = row[1:]
    tail[0] *= m[0, 1]
    return m * m
""",
        (A([[1.0, 2.0], [3.0, 4.0]]),),
        (0,),
    ),
    "a swap of rows, which are views": (
        """
def main(m):
    m = m.copy()
    m[0], m[1] = m[1], m[0]
    return m ** 2 * m[::-1]
""",
        (A([[1.0, 2.0], [3.0, 4.0]]),),
        (0,),
    ),
    "a swap of whole contents": (
        """
def main(u, v):
    u, v = u.copy(), v.copy()
    u[:], v[:] = v, u
    return u * v * v
""",
        (A([1.0, 2.0]), A([3.0, 4.5])),
        (0, 1),
    ),
    "buffers that change places in a loop": (
        """
def main(u, n):
    v = u * 0.0
    u = u.copy()
    for i in range(n):
        v[1:] = u[:-1] * u[1:]
        v[0] = u[-1]
        u, v = v, u
    return u * u
""",
        (A([0.7, 1.1, 0.4]), 3),
        (0,),
    ),
    "rows of a matrix written while they are walked": (
        """
def main(m):
    m = m * 1.0
    for row in m:
        row[0] = row[1] * row[0]
    return m * m
""",
        (A([[1.0, 2.0], [3.0, 4.0]]),),
        (0,),
    ),
    "a name that is rebound while its array is walked": (
        """
def main(u):
    s = 0.0
    for v in u:
        u = u * 2
        s = s + v * u[0]
    return s
""",
        (A([1.0, 2.0]),),
        (0,),
    ),
    "a bound and a counter that the body rebinds": (
        """
def main(x, n):
    s = 0.0
    for i in range(n):
        n = 1
        i = i * 2
        s = s + x ** i
    return s * i
""",
        (1.3, 3),
        (0,),
    ),
    "a loop of no trips": (
        """
def main(x, n):
    s = x
    for i in range(n):
        s = s * x
    while n > 0:
        s = s * x
        n = n - 1
    return s
""",
        (1.3, 0),
        (0,),
    ),
    "empty arrays": (
        """
import numpy as np
def main(x, y):
    return np.sum(x * x) * y
""",
        (np.zeros(0), 1.3),
        (0, 1),
    ),
    "a branch never taken and what only it defines": (
        """
def main(x, flag):
    if flag:
        unused = x * 2
        z = unused * x
    else:
        z = x
        other = z * 3
    return z * x
""",
        (1.3, False),
        (0,),
    ),
    "the same argument twice": (
        """
def g(a, b):
    a = a * b
    return a + b
def main(x):
    return g(x, x) * g(b=x, a=x)
""",
        (1.3,),
        (0,),
    ),
    "a callee that changes its argument": (
        """
def scale(u, c):
    u *= c
    u[0] = c * c
def main(x, c):
    u = x * 1.0
    scale(u, c)
    scale(u, c)
    return u * u
""",
        (A([1.2, 1.9]), 1.3),
        (0, 1),
    ),
    "a lambda that sees a name rebound later": (
        """
def main(x):
    a = x
    g = lambda t: t * a
    a = x * x
    return g(x)
""",
        (1.3,),
        (0,),
    ),
    "a default that was evaluated at the definition": (
        """
def main(x):
    a = x
    def g(t, b=a):
        return t * a * b
    a = x * x
    return g(x)
""",
        (1.3,),
        (0,),
    ),
    "keywords and defaults": (
        """
K = 2.5
def g(a, b=K, *, c=3.0):
    return a * b ** c
def main(x, y=1.5):
    return g(x) + g(x, c=y) + g(b=x, a=y)
""",
        (1.3, 1.2),
        (0, 1),
    ),
    "an element of a list read before the list changes": (
        """
def main(u):
    xs = [u * 1.0, u * 2.0]
    v = xs[0]
    xs[0] = u * 3.0
    return v * xs[0] * xs[1]
""",
        (A([1.2, 1.9]),),
        (0,),
    ),
    "lists: joined, repeated, copied, reversed, popped anywhere": (
        """
def main(x):
    xs = [x, 2 * x]
    ys = xs + [x * x] * 2
    zs = list(ys)
    zs[1] = x
    same = xs
    same.append(x * zs[3])
    same += [x]
    del zs[0]
    a = zs.pop(0)
    s = a * zs[-1] * len(zs)
    for i, z in enumerate(2 * ys[::-1]):
        s += z * (i + 1)
    return s * xs[2] * len(xs)
""",
        (1.3,),
        (0,),
    ),
    "arrays kept in a list and summed into": (
        """
def main(u):
    xs = []
    while len(xs) < 3:
        xs.append(u * len(xs))
        u = u * u
    s = 0.0
    while xs:
        v = xs.pop()
        s += v @ u
    return s
""",
        (A([0.7, 1.4]),),
        (0,),
    ),
    "repeated indices": (
        """
import numpy as np
def main(x, i):
    z = np.zeros(3)
    np.add.at(z, i, x)
    np.subtract.at(z, [0, 0], x[1])
    return x[i] * z[i]
""",
        (A([1.0, 2.0, 3.0]), A([0, 0, 2])),
        (0,),
    ),
    "every operator in place": (
        """
def main(u, v):
    u = u.copy()
    u += v
    u *= v
    u /= u[0]
    u -= 3 * v * v
    u **= 2
    return u
""",
        (A([0.7, 1.4]), A([2.3, 1.1])),
        (0, 1),
    ),
    "a matrix product in place": (
        """
def main(a, b):
    a = a.copy()
    a @= b
    return a * b
""",
        (A([[0.7, 1.4], [0.2, 0.3]]), A([[0.7, 1.2], [0.1, 0.5]])),
        (0, 1),
    ),
    "an argument changed in place": (
        """
def main(a, b):
    a += b
    a[0] = a[1] * b[0]
    return a * b
""",
        (A([0.7, 1.4]), A([0.2, 0.3])),
        (0, 1),
    ),
    "reductions of an axis of length 1": (
        """
import numpy as np
def main(v):
    return np.outer(v, v).mean(axis=0) + np.sum(v, axis=0)
""",
        (A([1.3]),),
        (0,),
    ),
    "a name of a view that is changed in place, and what it looks at, in one loop": (
        """
import numpy as np
def main(x):
    u = np.zeros(4)
    inner, right = u[1:-1], u[2:]
    inner[...] = x
    for _ in range(3):
        u[0], u[-1] = u[-2], u[1]
        inner -= 0.1 * np.diff(u * u)[1:] * right
    return np.sum(inner**2) + u[0]
""",
        (A([0.3, 0.7]),),
        (0,),
    ),
    "a name that is changed in place in a loop, and bound to another array after it": (
        """
def main(x):
    u = x * 2
    v = u.copy()
    for k in range(3):
        u *= x
        if k == 1:
            u = v + x
    return (u * v).sum()
""",
        (A([0.3, 0.7]),),
        (0,),
    ),
    "a tree of objects that visitors go down": (
        """
import operator
class Leaf:
    def __init__(self, value):
        self.value = value
    def accept(self, visitor):
        return visitor.leaf(self)
    def __mul__(self, other):
        return Node(operator.mul, self, other)
    def __add__(self, other):
        return Node(operator.add, self, other)
class Node(Leaf):
    def __init__(self, f, *parts):
        self.f, self.parts = f, parts
    def accept(self, visitor):
        return visitor.node(self)
class Value:
    def leaf(self, leaf):
        return leaf.value
    def node(self, node):
        return node.f(*[part.accept(self) for part in node.parts])
class Depth:
    def leaf(self, leaf):
        return 1
    def node(self, node):
        return 1 + max(part.accept(self) for part in node.parts)
def main(x):
    a, b = Leaf(x), Leaf(2.0)
    tree = (a * b + a) * (a + b * (a * a + b * (b + a)))
    return tree.accept(Value()) * tree.accept(Depth())
""",
        (0.7,),
        (0,),
    ),
    "the names of functions that are printed, from where they were captured": (
        """
import functools
def logged(f):
    @functools.wraps(f)
    def inner(*args, **named):
        result = f(*args, **named)
        print(f"{f.__name__}: {result:.3f}", len(f.__name__))
        return result
    return inner
def at_most(limit):
    def decorate(f):
        @functools.wraps(f)
        def inner(*args, **named):
            name = f.__name__
            return min(f(*args, **named), limit) * len(name)
        return inner
    return decorate
@logged
@at_most(5.0)
def power(x, *powers, scale=1.0):
    return scale * sum(x**p for p in powers)
def main(x):
    def local(t):
        return t * t
    print(local.__name__)
    return power(x, 1, 2, scale=x) + power(*[x, 3], **{"scale": 9.0}) + local(x)
""",
        (0.7,),
        (0,),
    ),
    "an array without axes that is changed is one still, and looked at by others": (
        """
import numpy as np
def main(x):
    z = np.array(x)
    z += 1.0
    w = np.atleast_1d(z)
    w[0] = w[0] * x
    return float(z) * w[0]
""",
        (0.7,),
        (0,),
    ),
    "functions that return what they change, in a loop": (
        """
import numpy as np
class Total:
    def __init__(self, value):
        self.value = value
    def __iadd__(self, other):
        self.value += other
        return self
def shift(v):
    v[1:] = v[:-1] * v[0]
    return v
def main(x):
    a = x * 2
    b, c, total = a, a[::2], Total(a[0])
    same = total
    for i in range(3):
        a[1:3] *= 0.5
        b = shift(b)
        c += a[i % 2]
        total += b[1]
        if i == 1:
            a[[0, 2]] = a[[2, 0]]
    return (a * b).sum() + c.sum() * same.value
""",
        (A([0.3, 0.7, 0.4]),),
        (0,),
    ),
    "places that come out of a tuple or of nothing": (
        """
def first(rows, k):
    for i, row in enumerate(rows):
        for j, v in enumerate(row):
            if v < 0:
                return i, j, v * k
    return None
def main(m):
    found = first(m, m[0, 0])
    if found is None:
        return m.sum()
    i, j, v = found
    return v * m[1, j] + m[i, i] ** 2
""",
        (A([[1.3, -2.0], [3.0, 4.0]]),),
        (0,),
    ),
    "a loop that never runs says nothing of where others write": (
        """
def main(m):
    a = m.copy()
    x = m[0].copy()
    n, _ = a.shape
    for k in range(n):
        for i in range(k + 1, n):
            a[i, k] = 0.0
            a[i, k + 1:] -= 0.1 * a[k, k + 1:]
    for i in range(n - 1, -1, -1):
        x[i] = (x[i] ** 2 - a[i, i + 1:] @ x[i + 1:]) / a[i, i]
    return x.sum()
""",
        (A([[2.5]]),),
        (0,),
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_a_hostile_program_is_differentiated_exactly(name: str) -> None:
    source, args, wrt = EXACT[name]
    check_first(define(source), args, wrt)


@pytest.mark.parametrize("name", [n for n, c in EXACT.items() if np.size(c[1][0])])
def test_a_hostile_program_has_an_exact_second_derivative(name: str) -> None:
    source, args, wrt = EXACT[name]
    check_second(define(source), args, wrt[0])


# ---------------------------------------------------------------------------- exact or refused

# Statements after ``z = x * 1.5`` and ``m = np.outer(x, x)``: some write into z or m, some do not.
STATEMENTS = """
np.copyto(z, x)
np.add(x, z, out=z)
np.add(x, z, z)
np.add(z, x, out=(z,))
np.put(z, [0], 5.0)
np.fill_diagonal(m, 3.0)
z.fill(3.0)
z.sort()
np.place(z, z > 1.5, [7.0])
np.putmask(z, z > 1.5, 9.0)
z.put([0], 5.0)
z.partition(1)
z.flat[0] = 3.0
z.T[0] = 3.0
z.reshape(-1)[0] = 3.0
np.ravel(z)[0] = 3.0
np.asarray(z)[0] = 3.0
np.array(z)[0] = 3.0
z.astype(float, copy=False)[0] = 3.0
z.real[0] = 3.0
np.real(z)[0] = 3.0
np.multiply.at(z, [0], 2.0)
np.put_along_axis(z, np.array([0]), 3.0, 0)
np.ndarray.sort(z)
z[...][0] = 3.0
z[:, None][0, 0] = 3.0
z[[0]][0] = 3.0
z[z > 0][0] = 3.0
np.expand_dims(z, 0)[0, 0] = 3.0
np.moveaxis(z, 0, 0)[0] = 3.0
np.flip(z)[0] = 3.0
m[0][0] = 3.0
m[0, :][1:][0] = x[0]
np.ascontiguousarray(z)[0] = 3.0
np.nan_to_num(z, copy=False)
np.clip(z, 0.5, 1.5, out=z)
z.clip(0.5, 1.5, z)
np.exp(z, z)
z.cumsum(out=z)
np.sum(m, axis=0, out=z)
np.dot(m, x, z)
np.matmul(m, x, out=z)
np.einsum("i,i->i", z, x, out=z)
np.take(z, [1, 0], out=z)
np.frombuffer(z)[0] = 3.0
np.require(z)[0] = 3.0
sorted(z)
setattr(z, "shape", (2,))
"""


@pytest.mark.parametrize("statement", STATEMENTS.strip().splitlines())
def test_a_statement_that_may_write_into_an_array_is_exact_or_refused(statement: str) -> None:
    function = define(f"""
import numpy as np
def main(x):
    z = x * 1.5
    m = np.outer(x, x)
    {statement}
    return np.sum(z * x) + np.sum(m * m)
""")
    args = (A([1.2, 1.9]),)
    expected = gradient_by_differences(function, args, 0)
    try:
        got = gs.grad(function)(*args)
    except gs.GradscribeError as error:
        assert error.line in (6, 7)  # the write, or what reads it through another name
        return
    assert_close(got, expected, **FIRST)


MAY_ALIAS = {
    "an array stored in a list and then written": """
def main(u):
    u = u.copy()
    xs = [u]
    u[0] = u[1] * 3
    return xs[0] * u
""",
    "an array appended in a loop and written in the next iteration": """
def main(u):
    x, u = u, u.copy()
    xs = []
    for i in range(2):
        u += x
        xs.append(u)
    return xs[0] * xs[1]
""",
    "an entry of a list": """
def main(u):
    xs = [u * 2, u]
    v = xs[0]
    v[0] = 5.0
    return xs[0] * xs[1]
""",
    "an entry popped from a list": """
def main(u):
    w = u * 2
    xs = [w]
    v = xs.pop()
    v[0] = 5.0
    return w * u
""",
    "a starred pattern": """
def main(u):
    w = u.copy()
    a, *b = u, w, w
    w[0] = 5.0
    return a * b[0]
""",
    "one of two arrays": """
def main(u):
    v = u * 3
    w = u * 2
    y = v if u[0] > 0 else w
    y[0] = 1.0
    return v * w * y
""",
    "the array that a loop walks": """
def main(u):
    s = 0.0
    u = u * 1.0
    for v in u:
        u *= 2
        s = s + v * u[0]
    return s
""",
    "what a lambda holds": """
def main(u):
    w = u * 2
    g = lambda: w
    w[0] = 5.0
    return g() * u
""",
}


@pytest.mark.parametrize("name", MAY_ALIAS)
def test_a_write_that_another_object_may_show_is_exact_or_refused(name: str) -> None:
    function = define(MAY_ALIAS[name])
    args = (A([1.2, 1.9]),)
    expected = gradient_by_differences(function, args, 0)
    try:
        got = gs.grad(function)(*args)
    except gs.GradscribeError as error:
        assert error.line is not None
        return
    assert_close(got, expected, **FIRST)


def test_a_zero_dimensional_array_has_aliases_too() -> None:
    function = define("def main(x):\n    y = x\n    y += 1.0\n    return x * y\n")
    with pytest.raises(gs.GradscribeError, match="cannot know whether"):
        gs.grad(function)(np.array(1.3))
    assert gs.grad(function)(1.3) == pytest.approx(3.6)


# ---------------------------------------------------------------------------- kinds of arguments


def square(x: Any) -> Any:
    return x * x * 1.5


@pytest.mark.parametrize(
    "x", [2, 2.0, np.float64(2.0), np.float32(2.0), np.array(2.0), np.array([2.0], np.float32)]
)
def test_a_gradient_has_the_kind_of_its_argument(x: Any) -> None:
    got = gs.grad(square)(x)
    assert_close(got, np.asarray(6.0).reshape(np.shape(x)), check_dtype=False)
    if isinstance(x, np.ndarray | np.generic):
        assert got.dtype == x.dtype


def test_an_input_that_does_not_matter_is_told_and_gets_zeros() -> None:
    function = define("def main(x, y):\n    return x * x\n")
    with pytest.warns(UserWarning, match="does not depend on y"):
        got = gs.grad(function, (0, 1))(2.0, A([1.0, 2.0]))
    assert_close(got, (4.0, np.zeros(2)))


def test_a_constant_rebound_between_calls_is_seen() -> None:
    function = define("K = 2.0\ndef main(x):\n    return K * x * x\n")
    gradient = gs.grad(function)
    assert gradient(3.0) == 12.0
    function.__globals__["K"] = 5.0
    assert gradient(3.0) == 30.0


def test_a_captured_name_rebound_between_calls_is_seen() -> None:
    source = "def outer():\n    k = 2.0\n    def set(v):\n        nonlocal k\n        k = v\n"
    source += "    def main(x):\n        return k * x * x\n    return main, set\n"
    main, rebind = define(source, "outer")()
    gradient = gs.grad(main)
    assert gradient(3.0) == 12.0
    rebind(5.0)
    assert gradient(3.0) == 30.0


def test_one_derivative_serves_scalars_arrays_and_lists_of_any_length() -> None:
    function = define(
        "def main(xs):\n    s = 0.0\n    for x in xs:\n        s = s + x * x\n    return s\n"
    )
    gradient = gs.grad(function)
    for xs in ([1.0], [1.0, 2.0, 3.0]):
        with unchanged((xs,)):
            assert gradient(xs) == [2 * x for x in xs]
    assert_close(gradient(A([1.0, 2.0])), A([2.0, 4.0]))
    assert_close(gradient((1.0, 2.0)), (2.0, 4.0))


def test_a_function_without_text_is_refused() -> None:
    namespace: dict[str, Any] = {}
    exec("def main(x):\n    return x\n", namespace)
    with pytest.raises(gs.SourceUnavailableError):
        gs.grad(namespace["main"])(1.0)


def test_recursion_is_differentiated() -> None:
    source = (
        "def main(x, n):\n    if n == 0:\n        return x\n    return x * main(x * 0.5, n - 1)\n"
    )
    check_first(define(source), (1.3, 3), (0,))


def test_lambdas_on_one_line_are_told_apart() -> None:
    f, g = (lambda x: x * x, lambda x: x * x * x)
    assert gs.grad(f)(2.0) == 4.0
    assert gs.grad(g)(2.0) == 12.0


def test_a_lambda_within_another_on_one_line_is_found() -> None:
    made = dict(a=lambda: gs.grad(lambda x: np.power(x, 3.0) * [2.0][0]))
    assert made["a"]()(2.0) == 24.0


# ---------------------------------------------------------------------------- generic texts


@pytest.mark.parametrize("x", [1.3, A([0.5, 2.0]), A([[0.5], [2.0]]), np.float32(1.5)])
def test_the_text_before_any_call_is_right_for_every_kind_of_argument(x: Any) -> None:
    function = define("""
import numpy as np
def main(x, y):
    t = np.exp(-x) * y
    for i in range(2):
        t = t * x + np.sum(t)
    return t / (1 + x * x)
""")
    source = gs.grad(function, (0, 1), mode="reverse").source
    generic = define(source, "main_grad")
    for y in (0.7, A([0.3, 0.4])):
        expected = gradient_by_differences(function, (x, y), (0, 1))
        rough = isinstance(x, np.float32)
        tolerance = {"rtol": 1e-4, "atol": 1e-4, "check_dtype": False} if rough else FIRST
        assert_close(generic(x, y), expected, **tolerance)


# ---------------------------------------------------------------------------- the IR


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pass leaves valid IR behind."""
    from gradscribe import passes
    from gradscribe.ir.verify import verify

    def checked(run: Any) -> Any:
        def inner(function: Any) -> Any:
            verify(function)
            result = run(function)
            verify(function)
            return result

        return inner

    monkeypatch.setattr(passes, "PIPELINE", tuple(map(checked, passes.PIPELINE)))


@pytest.mark.usefixtures("verified")
@pytest.mark.parametrize("name", EXACT)
def test_the_ir_is_valid_after_every_pass(name: str) -> None:
    source, args, wrt = EXACT[name]
    function = define(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gs.grad(gs.grad(function, wrt[0], mode="reverse"), wrt[0])(*fresh(args))
        gs.vjp(function)(*fresh(args))


def test_three_hundred_functions_that_call_each_other() -> None:
    lines = ["import math", "def g0(x):", "    return math.sin(x)"]
    for k in range(1, 300):
        lines += [f"def g{k}(x):", f"    return 0.5 * math.sin(g{k - 1}(x)) + x"]
    lines += ["def main(x):", "    return g299(x)"]
    check_first(define("\n".join(lines)), (0.3,), (0,))


def test_fifteen_loops_in_each_other() -> None:
    lines = ["import math", "def main(x):"]
    for k in range(15):
        lines += ["    " * (k + 1) + f"for i{k} in range(1):"]
        lines += ["    " * (k + 2) + f"t{k} = math.sin(x)", "    " * (k + 2) + f"x = x * t{k}"]
    check_first(define("\n".join([*lines, "    return x"])), (1.3,), (0,))
