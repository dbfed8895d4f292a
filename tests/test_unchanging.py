"""What is the same in every iteration is computed once before the reverse loop, and not saved."""

from __future__ import annotations

from typing import Any

import pytest

import gradscribe as gs
from pipeline import check_first, check_second
from snippets import compiled, programs

EXACT = programs("""
# a sum | x, s, n
for k in range(n):
    s = s * np.sum(x) / (1 + s**2)
return s

# no iteration | x, s, none
for k in range(none):
    s = s * np.sum(x) * np.linalg.norm(x)
return s + x

# one of another | x, y, n
for k in range(n):
    y = y * np.exp(np.sum(x**2) / 9) + np.sin(x) * y**2 / 7
return y

# of what the loop changes | x, y, n
x = x.copy()
for k in range(n):
    y = y * np.sum(x) / 5
    x[k] *= y[k]
return x * y

# of the beginning of what the loop changes | x, y, n
u = x * 1.0
w = u
for k in range(n):
    y = y * np.sum(u) / 5
    w = w * y
return w * y

# of what is written to later | x, y, n
u = x * 1.0
for k in range(n):
    y = y * np.sum(u) / 5
u[0] = 7.0
return u * y

# of what is written to within | x, y, n
u = x * 1.0
for k in range(n):
    y = y * np.sum(u) / 5
    u[1:] = y[1:]
    y = y * np.sum(u)
return u * y

# of an outer loop's | x, y, n
for i in range(n):
    r = np.linalg.norm(y)
    for k in range(2):
        x = x * np.sum(y) / (r + np.sum(x))
    y = y * x
return x * y

# in an arm | x, y, n
for k in range(n):
    if k % 2:
        y = y * np.sum(x) / 5
    else:
        y = y * np.exp(x) / np.mean(x)
return y

# in a loop that is left | x, s, n
for k in range(9):
    s = s * np.sum(x)
    if s > 30.0 * np.linalg.norm(x):
        break
    s = s + np.exp(np.mean(x)) * s
return s

# in a while loop | x, s
while s < 20.0 * np.mean(x):
    s = s * np.sum(x) / (1 + 0.1 * s)
return s

# a loop in an arm | x, s, n, flag
if flag:
    for k in range(n):
        s = s**2 * np.sum(x) / 9
return s

# in a nested function | x, s, n
def scaled(v):
    return v**2 * np.mean(x) / np.linalg.norm(x)
for k in range(n):
    s = scaled(s)
return s

# rows of a table | m, x, n
for k in range(n):
    x = x * np.sum(m[0]) + np.sum(x**2) * np.mean(m, axis=0)[1]
return x

# over and over | x, n
for k in range(n):
    x = x * np.sum(np.sin(x)) / np.linalg.norm(x)
return x
""")


@pytest.mark.parametrize("name", EXACT)
def test_derivatives_are_exact(name: str) -> None:
    _, args, wrt = EXACT[name]
    function: Any = compiled(EXACT[name])
    check_first(function, args, wrt)
    for place in wrt:
        check_second(function, args, place)


def test_it_is_not_saved() -> None:
    program = EXACT["a sum"]
    derivative = gs.grad(compiled(program), (0, 1), mode="reverse")
    derivative(*program[1])
    assert "s_saved" in derivative.source
    assert derivative.source.count(".append(") == 1
