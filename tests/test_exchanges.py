"""Writes at literal places: swaps, zeroes that are replaced, and reads between them."""

from __future__ import annotations

from typing import Any

import pytest

import gradscribe as gs
from pipeline import check_first, check_second, define
from snippets import compiled, programs

EXACT = programs("""
# a swap | x
x = x * 1.0
x[0], x[1] = x[1], x[0]
return x[0] ** 2 * x[1] + x[2]

# a swap of the argument | x
x[0], x[3] = x[3], x[0]
return x[0] ** 2 * x[3] + x[1]

# a swap that is seen by a view | x
x = x.copy()
v = x[:2]
x[0], x[1] = x[1] * 2.0, x[0]
return v[0] ** 2 * v[1] * x[0]

# the old value is read once more | x
x = x.copy()
old = x[0]
x[0] = x[1]
x[1] = old
return x[0] ** 2 * x[1] * old

# a print stands between | x
x = x.copy()
old = x[0]
x[0] = x[1] * x[2]
print(x[0] > 5.0)
x[1] = old
return x[0] ** 2 * x[1]

# the other place is computed of what was written | x, n
x = x.copy()
old = x[n]
x[n] = x[1] * 3.0
x[int(x[n] > 100.0)] = old
return x[0] ** 2 * x[1] + x[3]

# places that may be the same | x, n
x = x.copy()
i = n - 3
x[0], x[i] = x[1] * x[2], x[0] * 3.0
return x[0] ** 2 * x[1]

# places counted from the end | x
x = x.copy()
x[3], x[-1] = x[1] * x[2], x[3] * 3.0
x[0] = x[-1] * x[3]
return x[0] ** 2 * x[3]

# three in a round | x
x = x.copy()
x[0], x[1], x[2] = x[1], x[2], x[0]
x[0], x[1] = x[1] * x[2], x[0] * x[2]
return x[0] ** 2 * x[1] * x[2]

# in a loop | x, n
x = x.copy()
for k in range(n):
    x[0], x[1] = x[1] * 1.1, x[0] * x[2]
    x[2], x[3] = x[3], x[2]
return x[0] * x[1] + x[2] ** 2

# in a branch | x, s
x = x.copy()
if s > 1.0:
    x[0], x[1] = x[1], x[0]
else:
    x[0] = x[1]
return x[0] ** 2 * x[1]

# rows that are read before they are written | m, s
m = m * s
r = m[0] * 2.0
m[0] = m[1]
m[1] = r
return m[0] * m[1] ** 2

# rows that are views | m
m = m.copy()
m[0], m[1] = m[1], m[0]
return m[0] * m[1] ** 2

# of a list | xs, s
xs = [v * s for v in xs]
xs[0], xs[1] = xs[1], xs[0]
xs[2] = xs[0] * xs[1] ** 2
return xs[0] * xs[2] + xs[1]

# two at a time | x, y
x, y = x.copy(), y.copy()
x[0], x[1], y[0], y[1] = x[1], x[0], y[1], x[0]
return x[0] ** 2 * y[1] + x[1] * y[0]

# written twice | x, s
x = x.copy()
x[1] = s * x[0]
x[2] = x[1] ** 2
x[1] = x[2] * x[3]
return x[1] * x[2] ** 2 + x[0]
""")


@pytest.mark.parametrize("name", EXACT)
def test_derivatives_are_exact(name: str) -> None:
    _, args, wrt = EXACT[name]
    function: Any = compiled(EXACT[name])
    check_first(function, args, wrt)
    for place in wrt:
        check_second(function, args, place)


def test_a_swap_is_a_swap_in_reverse() -> None:
    swapped = define("""
def main(x: "float[:]"):
    x[0], x[1] = x[1], x[0]
    return x[0] ** 2 * x[1]
""")
    derivative = gs.grad(swapped)
    derivative(EXACT["a swap"][1][0])
    assert "x_bar[0], x_bar[1] = x_bar[1], x_bar[0]" in derivative.source
