"""Rules: products of arrays. Each is linear in each factor; the transposes are products too."""

from __future__ import annotations

import operator

import numpy as np

from gradscribe.ir.subscripts import einsum_adjoints
from gradscribe.ir.transposes import (
    convolve_full,
    dot_left,
    dot_right,
    kron_left,
    kron_right,
    matmul_left,
    matmul_right,
    reshape_like,
    tensordot_left,
    tensordot_right,
)
from gradscribe.rules.declare import TABLE, adjoint, constant_in, linear, partial, tangent


@linear(operator.matmul, "a")
def matmul_a(a, b, *, y_bar):
    return matmul_left(y_bar, a, b)


@linear(operator.matmul, "b")
def matmul_b(a, b, *, y_bar):
    return matmul_right(y_bar, a, b)


TABLE[operator.imatmul] = TABLE[operator.matmul]


@linear(np.matmul, "x1")
def matmul_x1(x1, x2, *, y_bar):
    return matmul_left(y_bar, x1, x2)


@linear(np.matmul, "x2")
def matmul_x2(x1, x2, *, y_bar):
    return matmul_right(y_bar, x1, x2)


# The cotangent of a is linear in g and in b: <left(g, b), h> = <g, h @ b> = <right(g, h), b>.


@linear(matmul_left, "g")
def matmul_left_g(g, a, b, *, y_bar):
    return y_bar @ b


@linear(matmul_left, "b")
def matmul_left_b(g, a, b, *, y_bar):
    return matmul_right(g, y_bar, b)


@linear(matmul_right, "g")
def matmul_right_g(g, a, b, *, y_bar):
    return a @ y_bar


@linear(matmul_right, "a")
def matmul_right_a(g, a, b, *, y_bar):
    return matmul_left(g, a, y_bar)


@linear(np.dot, "a")
def dot_a(a, b, *, y_bar):
    return dot_left(y_bar, a, b)


@linear(np.dot, "b")
def dot_b(a, b, *, y_bar):
    return dot_right(y_bar, a, b)


@linear(dot_left, "g")
def dot_left_g(g, a, b, *, y_bar):
    return np.dot(y_bar, b)


@linear(dot_left, "b")
def dot_left_b(g, a, b, *, y_bar):
    return dot_right(g, y_bar, b)


@linear(dot_right, "g")
def dot_right_g(g, a, b, *, y_bar):
    return np.dot(a, y_bar)


@linear(dot_right, "a")
def dot_right_a(g, a, b, *, y_bar):
    return dot_left(g, a, y_bar)


@linear(np.inner, "a")
def inner_a(a, b, *, y_bar):
    if np.ndim(a) == 0 or np.ndim(b) == 0 or np.ndim(a) == np.ndim(b) == 1:
        return y_bar * b
    if np.ndim(b) == 1:
        return np.expand_dims(y_bar, -1) * b
    return np.tensordot(y_bar, b, np.ndim(b) - 1)


@linear(np.inner, "b")
def inner_b(a, b, *, y_bar):
    if np.ndim(a) == 0 or np.ndim(b) == 0 or np.ndim(a) == np.ndim(b) == 1:
        return y_bar * a
    if np.ndim(a) == 1:
        return np.expand_dims(y_bar, -1) * a
    columns = np.tensordot(np.moveaxis(a, -1, 0), y_bar, np.ndim(a) - 1)
    return np.moveaxis(columns, 0, -1)


@linear(np.outer, "a")
def outer_a(a, b, *, y_bar):
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return y_bar @ b
    return reshape_like(y_bar @ np.ravel(b), a)


@linear(np.outer, "b")
def outer_b(a, b, *, y_bar):
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return a @ y_bar
    return reshape_like(np.ravel(a) @ y_bar, b)


@linear(np.vdot, "a")
def vdot_a(a, b, *, y_bar):
    return reshape_like(y_bar * b, a)


@linear(np.vdot, "b")
def vdot_b(a, b, *, y_bar):
    return reshape_like(y_bar * a, b)


@linear(np.tensordot, "a")
def tensordot_a(a, b, axes=2, *, y_bar):
    return tensordot_left(y_bar, a, b, axes)


@linear(np.tensordot, "b")
def tensordot_b(a, b, axes=2, *, y_bar):
    return tensordot_right(y_bar, a, b, axes)


@linear(tensordot_left, "g")
def tensordot_left_g(g, a, b, axes, *, y_bar):
    return np.tensordot(y_bar, b, axes)


@linear(tensordot_left, "b")
def tensordot_left_b(g, a, b, axes, *, y_bar):
    return tensordot_right(g, y_bar, b, axes)


@linear(tensordot_right, "g")
def tensordot_right_g(g, a, b, axes, *, y_bar):
    return np.tensordot(a, y_bar, axes)


@linear(tensordot_right, "a")
def tensordot_right_a(g, a, b, axes, *, y_bar):
    return tensordot_left(g, a, y_bar, axes)


@linear(np.einsum, "operands")
def einsum(subscripts, *operands, y_bar):
    return einsum_adjoints(subscripts, y_bar, *operands)


@linear(np.kron, "a")
def kron_a(a, b, *, y_bar):
    return kron_left(y_bar, a, b)


@linear(np.kron, "b")
def kron_b(a, b, *, y_bar):
    return kron_right(y_bar, a, b)


@linear(kron_left, "g")
def kron_left_g(g, a, b, *, y_bar):
    return np.kron(y_bar, b)


@linear(kron_left, "b")
def kron_left_b(g, a, b, *, y_bar):
    return kron_right(g, y_bar, b)


@linear(kron_right, "g")
def kron_right_g(g, a, b, *, y_bar):
    return np.kron(a, y_bar)


@linear(kron_right, "a")
def kron_right_a(g, a, b, *, y_bar):
    return kron_left(g, a, y_bar)


# The triple product: c·(a × b) = a·(b × c) = b·(c × a).


# np.linalg.cross raises where np.cross would take 2-vectors, whose derivative is another.


@linear(np.cross, "a")
def cross_a(a, b, *, y_bar):
    return np.linalg.cross(b, y_bar)


@linear(np.cross, "b")
def cross_b(a, b, *, y_bar):
    return np.linalg.cross(y_bar, a)


@linear(np.linalg.cross, "x1")
def linalg_cross_1(x1, x2, *, y_bar):
    return np.linalg.cross(x2, y_bar)


@linear(np.linalg.cross, "x2")
def linalg_cross_2(x1, x2, *, y_bar):
    return np.linalg.cross(y_bar, x1)


@linear(np.convolve, "a")
def convolve_a(a, v, mode="full", *, y_bar):
    return np.correlate(convolve_full(y_bar, a, v, mode), v, "valid")


@linear(np.convolve, "v")
def convolve_v(a, v, mode="full", *, y_bar):
    return np.correlate(convolve_full(y_bar, a, v, mode), a, "valid")


@linear(convolve_full, "g")
def convolve_full_g(g, a, v, mode, *, y_bar):
    start = 0
    if mode == "valid":
        start = min(len(a), len(v)) - 1
    elif mode == "same":
        start = (min(len(a), len(v)) - 1) // 2
    return y_bar[start : start + len(g)]


# NumPy slides the shorter argument along the longer, and reverses the result if that is the first.


@linear(np.correlate, "a")
def correlate_a(a, v, *, y_bar):
    if len(a) >= len(v):
        return np.convolve(y_bar, v)
    return np.correlate(v, np.flip(y_bar), "valid")


@linear(np.correlate, "v")
def correlate_v(a, v, *, y_bar):
    if len(a) >= len(v):
        return np.correlate(a, y_bar, "valid")
    return np.convolve(np.flip(y_bar), a)


@adjoint(np.linalg.multi_dot, "arrays")
def multi_dot_adjoint(arrays, *, y_bar):
    a, b = arrays[0], arrays[1]
    if len(arrays) == 2:
        return [matmul_left(y_bar, a, b), matmul_right(y_bar, a, b)]
    if len(arrays) == 3:
        c = arrays[2]
        b_c = b @ c
        middle = matmul_left(matmul_right(y_bar, a, b_c), b, c)
        return [matmul_left(y_bar, a, b_c), middle, matmul_right(y_bar, a @ b, c)]
    raise NotImplementedError("np.linalg.multi_dot of more than three matrices")


@tangent(np.linalg.multi_dot, "arrays")
def multi_dot_tangent(arrays, *, arrays_dot):
    a, b = arrays[0], arrays[1]
    if len(arrays) == 2:
        return arrays_dot[0] @ b + a @ arrays_dot[1]
    if len(arrays) == 3:
        c = arrays[2]
        return arrays_dot[0] @ b @ c + a @ arrays_dot[1] @ c + a @ b @ arrays_dot[2]
    raise NotImplementedError("np.linalg.multi_dot of more than three matrices")


# ---------------------------------------------------------------------------- polynomials


@linear(np.polyval, "p")
def polyval_p(p, x, *, y_bar):
    if np.ndim(x) == 0:
        return y_bar * x ** np.arange(len(p) - 1, -1, -1)
    return np.ravel(y_bar) @ np.vander(np.ravel(x), len(p))


@partial(np.polyval, "x")
def polyval_x(p, x):
    return np.polyval(p[:-1] * np.arange(len(p) - 1, 0, -1), x)


@tangent(np.vander, "x")
def vander_tangent(x, N=None, increasing=False, *, y, x_dot):
    return x_dot[:, None] * vander_slope(x, y, increasing)


@adjoint(np.vander, "x")
def vander_adjoint(x, N=None, increasing=False, *, y, y_bar):
    return np.sum(y_bar * vander_slope(x, y, increasing), axis=1)


def vander_slope(x, y, increasing):
    """The derivatives of the powers of x in a Vandermonde matrix y."""
    columns = np.shape(y)[1]
    k = np.arange(columns)
    if not increasing:
        k = np.arange(columns - 1, -1, -1)
    return k * x[:, None] ** np.maximum(k - 1, 0)


# ---------------------------------------------------------------------------- read for their shape

constant_in(matmul_left, "a")
constant_in(matmul_right, "b")
constant_in(dot_left, "a")
constant_in(dot_right, "b")
constant_in(tensordot_left, "a")
constant_in(tensordot_right, "b")
constant_in(kron_left, "a")
constant_in(kron_right, "b")
constant_in(convolve_full, "a", "v")
