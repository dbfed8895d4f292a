"""Rules: Python's builtins on numbers and sequences of them."""

from __future__ import annotations

import builtins
import math

import numpy as np

from gradscribe.ir.helpers import fill_like, index_add, like, zeros_like
from gradscribe.ir.transposes import unstack
from gradscribe.rules.declare import adjoint, constant, linear, partial, tangent


@partial(abs)
def abs_(x, *, y):
    """0 at 0."""
    if isinstance(y, float) and not isinstance(y, np.generic):
        return math.copysign(1, x) if x != 0 else 0.0
    return np.sign(x)


@partial(float)
def float_(x):
    return 1


# ---------------------------------------------------------------------------- divmod


@tangent(divmod, "x1")
def divmod_1_tangent(x1, x2, *, x1_dot):
    return 0, x1_dot


@adjoint(divmod, "x1")
def divmod_1_adjoint(x1, x2, *, y_bar):
    return y_bar[1]


@tangent(divmod, "x2")
def divmod_2_tangent(x1, x2, *, y, x2_dot):
    return 0, -y[0] * x2_dot


@adjoint(divmod, "x2")
def divmod_2_adjoint(x1, x2, *, y, y_bar):
    return -y[0] * y_bar[1]


# ---------------------------------------------------------------------------- max, min
# Among equals Python takes the first, and so does the derivative.


@tangent(max, "a")
def max_a_tangent(a, b=None, c=None, *, y, a_dot):
    if b is None:
        return a_dot[np.argmax(a)]
    if c is None:
        return a_dot if a >= b else 0.0
    return a_dot if a == y else 0.0


@adjoint(max, "a")
def max_a_adjoint(a, b=None, c=None, *, y, y_bar):
    if b is None:
        return index_add(zeros_like(a), np.argmax(a), y_bar)
    if c is None:
        return y_bar if a >= b else 0.0
    return y_bar if a == y else 0.0


@tangent(max, "b")
def max_b_tangent(a, b, c=None, *, y, b_dot):
    if c is None:
        return b_dot if b > a else 0.0
    return b_dot if b == y and a != y else 0.0


@adjoint(max, "b")
def max_b_adjoint(a, b, c=None, *, y, y_bar):
    if c is None:
        return y_bar if b > a else 0.0
    return y_bar if b == y and a != y else 0.0


@tangent(max, "c")
def max_c_tangent(a, b, c, *, y, c_dot):
    return c_dot if c == y and y not in (a, b) else 0.0


@adjoint(max, "c")
def max_c_adjoint(a, b, c, *, y, y_bar):
    return y_bar if c == y and y not in (a, b) else 0.0


@tangent(max, "d")
def max_d_tangent(a, b, c, d, *, y, d_dot):
    return d_dot if d == y and y not in (a, b, c) else 0.0


@adjoint(max, "d")
def max_d_adjoint(a, b, c, d, *, y, y_bar):
    return y_bar if d == y and y not in (a, b, c) else 0.0


@tangent(min, "a")
def min_a_tangent(a, b=None, c=None, *, y, a_dot):
    if b is None:
        return a_dot[np.argmin(a)]
    if c is None:
        return a_dot if a <= b else 0.0
    return a_dot if a == y else 0.0


@adjoint(min, "a")
def min_a_adjoint(a, b=None, c=None, *, y, y_bar):
    if b is None:
        return index_add(zeros_like(a), np.argmin(a), y_bar)
    if c is None:
        return y_bar if a <= b else 0.0
    return y_bar if a == y else 0.0


@tangent(min, "b")
def min_b_tangent(a, b, c=None, *, y, b_dot):
    if c is None:
        return b_dot if b < a else 0.0
    return b_dot if b == y and a != y else 0.0


@adjoint(min, "b")
def min_b_adjoint(a, b, c=None, *, y, y_bar):
    if c is None:
        return y_bar if b < a else 0.0
    return y_bar if b == y and a != y else 0.0


@tangent(min, "c")
def min_c_tangent(a, b, c, *, y, c_dot):
    return c_dot if c == y and y not in (a, b) else 0.0


@adjoint(min, "c")
def min_c_adjoint(a, b, c, *, y, y_bar):
    return y_bar if c == y and y not in (a, b) else 0.0


@tangent(min, "d")
def min_d_tangent(a, b, c, d, *, y, d_dot):
    return d_dot if d == y and y not in (a, b, c) else 0.0


@adjoint(min, "d")
def min_d_adjoint(a, b, c, d, *, y, y_bar):
    return y_bar if d == y and y not in (a, b, c) else 0.0


# ---------------------------------------------------------------------------- sum


@linear(sum, ("iterable", "start"))
def sum_(iterable, start=0, *, y_bar):
    if isinstance(iterable, list):
        return [y_bar] * len(iterable), y_bar
    if isinstance(iterable, tuple):
        return (y_bar,) * len(iterable), y_bar
    if np.ndim(start) > 0:  # it may be larger than the rows that are added to it
        return fill_like(like(y_bar, np.sum(iterable, axis=0)), iterable), y_bar
    return fill_like(y_bar, iterable), y_bar


@tangent(sorted, "iterable")
def sorted_tangent(iterable, *, iterable_dot):
    if np.ndim(iterable) != 1:
        raise NotImplementedError("sorting sequences of sequences")
    places = np.argsort(iterable, kind="stable")
    return np.take(np.asarray(iterable_dot), places).tolist()


@adjoint(sorted, "iterable")
def sorted_adjoint(iterable, *, y_bar):
    """Sorting permutes; the order of the order is the permutation back."""
    if np.ndim(iterable) != 1:
        raise NotImplementedError("sorting sequences of sequences")
    places = np.argsort(np.argsort(iterable, kind="stable"))
    return unstack(np.take(np.asarray(y_bar), places), iterable)


constant(
    int, bool, round, any, all, isinstance, callable, id, hash, builtins.type,
)  # fmt: skip
