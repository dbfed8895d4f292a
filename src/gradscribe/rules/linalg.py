"""Rules: linear algebra, of one matrix or of a stack of them.

Sources: M. B. Giles, "Collected matrix derivative results for forward and reverse mode AD" (2008);
I. Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527 (2016). The dot on a
matrix is its tangent, the bar its cotangent, T the transpose of the last two axes.
"""

from __future__ import annotations

import numpy as np

from gradscribe.ir.helpers import expand
from gradscribe.ir.transposes import eye_like, outer_last
from gradscribe.rules.declare import adjoint, linear, reduction, tangent


def t(a):
    """The transpose of each matrix of a stack."""
    if np.ndim(a) == 2:
        return a.T
    return np.swapaxes(a, -1, -2)


def each(numbers, a):
    """Numbers, one for each matrix, as factors of the matrices."""
    if np.ndim(a) == 2:
        return numbers
    return np.expand_dims(numbers, (-1, -2))


def trace(a):
    """The trace of each matrix of a stack."""
    if np.ndim(a) == 2:
        return np.trace(a)
    return np.trace(a, 0, -2, -1)


# ---------------------------------------------------------------------------- inverse and solution


@tangent(np.linalg.inv, "a")
def inv_tangent(a, *, y, a_dot):
    return -y @ a_dot @ y


@adjoint(np.linalg.inv, "a")
def inv_adjoint(a, *, y, y_bar):
    return -t(y) @ y_bar @ t(y)


def solve_vectors(a, b):
    """As ``np.linalg.solve``, for a vector b for each matrix of a stack."""
    if np.ndim(a) == 2:
        return np.linalg.solve(a, b)
    return np.linalg.solve(a, np.expand_dims(b, -1))[..., 0]


@linear(np.linalg.solve, "b")
def solve_b(a, b, *, y_bar):
    if np.ndim(b) == 1:
        return solve_vectors(t(a), y_bar)
    return np.linalg.solve(t(a), y_bar)


@tangent(np.linalg.solve, "a")
def solve_tangent(a, b, *, y, a_dot):
    if np.ndim(b) == 1:
        if np.ndim(a) == 2:
            return -np.linalg.solve(a, a_dot @ y)
        return -solve_vectors(a, (a_dot @ np.expand_dims(y, -1))[..., 0])
    return -np.linalg.solve(a, a_dot @ y)


@adjoint(np.linalg.solve, "a")
def solve_a(a, b, *, y, y_bar):
    if np.ndim(b) == 1 and np.ndim(a) == 2:
        return -np.outer(np.linalg.solve(t(a), y_bar), y)
    if np.ndim(b) == 1:
        return -outer_last(solve_vectors(t(a), y_bar), y)
    return -np.linalg.solve(t(a), y_bar) @ t(y)


@linear(outer_last, "a")
def outer_last_a(a, b, *, y_bar):
    return (y_bar @ np.expand_dims(b, -1))[..., 0]


@linear(outer_last, "b")
def outer_last_b(a, b, *, y_bar):
    return (np.expand_dims(a, -2) @ y_bar)[..., 0, :]


# Where the rank is constant: G. H. Golub, V. Pereyra, "The differentiation of pseudo-inverses and
# nonlinear least squares problems whose variables separate" (1973).


@tangent(np.linalg.pinv, "a")
def pinv_tangent(a, *, y, a_dot):
    left = t(a_dot) - t(a_dot) @ a @ y
    right = t(a_dot) - y @ a @ t(a_dot)
    return -y @ a_dot @ y + y @ t(y) @ left + right @ t(y) @ y


@adjoint(np.linalg.pinv, "a")
def pinv_adjoint(a, *, y, y_bar):
    left = t(y_bar) @ y @ t(y)
    right = t(y) @ y @ t(y_bar)
    return -t(y) @ y_bar @ t(y) + left - a @ y @ left + right - right @ y @ a


# Least squares: ``x = pinv(a) @ b``, with the residual r that is orthogonal to the columns of a.


@tangent(np.linalg.lstsq, "a")
def lstsq_a_tangent(a, b, *, y, a_dot):
    x, inverse = y[0], np.linalg.pinv(a)
    r, moved = b - a @ x, a_dot @ x
    across = t(a_dot) @ (t(inverse) @ x)
    x_dot = inverse @ (t(inverse) @ (t(a_dot) @ r) - moved) + across - inverse @ (a @ across)
    u, _, v = np.linalg.svd(a, False)
    return x_dot, sums(-2 * r * moved, y[1]), 0, np.sum(u * (a_dot @ t(v)), axis=0)


@adjoint(np.linalg.lstsq, "a")
def lstsq_a_adjoint(a, b, *, y, y_bar):
    x, inverse = y[0], np.linalg.pinv(a)
    r, x_bar = b - a @ x, y_bar[0]
    q = t(inverse) @ x_bar
    across = x_bar - inverse @ (a @ x_bar)
    u, _, v = np.linalg.svd(a, False)
    a_bar = product(r, inverse @ q) - product(q, x) + product(t(inverse) @ x, across)
    return a_bar - 2 * product(r * spread(y_bar[1], y[1]), x) + u * y_bar[3] @ v


@tangent(np.linalg.lstsq, "b")
def lstsq_b_tangent(a, b, *, y, b_dot):
    r = b - a @ y[0]
    return np.linalg.pinv(a) @ b_dot, sums(2 * r * b_dot, y[1]), 0, np.zeros_like(y[3])


@adjoint(np.linalg.lstsq, "b")
def lstsq_b_adjoint(a, b, *, y, y_bar):
    r = b - a @ y[0]
    return t(np.linalg.pinv(a)) @ y_bar[0] + 2 * r * spread(y_bar[1], y[1])


def product(a, b):
    """``a @ b.T`` of columns, or of single vectors."""
    return np.outer(a, b) if np.ndim(a) == 1 else a @ t(b)


def sums(squares, residuals):
    """Sums over the columns, where NumPy gives any: for full rank and more rows than columns."""
    return np.reshape(np.sum(squares, axis=0), (-1,))[: np.size(residuals)]


def spread(bar, residuals):
    """The cotangent of the sums over the columns; none where NumPy gives no sums."""
    return bar if np.size(residuals) > 0 else 0.0


# ---------------------------------------------------------------------------- determinant
# Jacobi's formula. The inverse does not exist where the determinant is zero: NumPy raises there.


@tangent(np.linalg.det, "a")
def det_tangent(a, *, y, a_dot):
    return y * trace(np.linalg.solve(a, a_dot))


@adjoint(np.linalg.det, "a")
def det_adjoint(a, *, y, y_bar):
    return each(y_bar * y, a) * t(np.linalg.inv(a))


@tangent(np.linalg.slogdet, "a")
def slogdet_tangent(a, *, y, a_dot):
    return np.zeros_like(y[0]), trace(np.linalg.solve(a, a_dot))


@adjoint(np.linalg.slogdet, "a")
def slogdet_adjoint(a, *, y_bar):
    return each(y_bar[1], a) * t(np.linalg.inv(a))


# ---------------------------------------------------------------------------- factorisations
# The matrix of a Cholesky factorisation or a symmetric eigenproblem is taken as symmetric,
# whichever triangle NumPy reads: its tangent and its cotangent are made so.


def symmetric(m):
    """The symmetric part."""
    return 0.5 * (m + t(m))


def phi(m):
    """The lower triangle with its diagonal halved."""
    if np.ndim(m) == 2:
        return np.tril(m) - 0.5 * np.diag(np.diag(m))
    return np.tril(m) - 0.5 * eye_like(m) * m


@tangent(np.linalg.cholesky, "a")
def cholesky_tangent(a, upper=False, *, y, a_dot):
    if upper:
        return t(factor_tangent(t(y), a_dot))
    return factor_tangent(y, a_dot)


@adjoint(np.linalg.cholesky, "a")
def cholesky_adjoint(a, upper=False, *, y, y_bar):
    if upper:
        return factor_adjoint(t(y), t(y_bar))
    return factor_adjoint(y, y_bar)


def factor_tangent(y, a_dot):
    """Murray (2016), forward mode."""
    inverse = np.linalg.inv(y)
    return y @ phi(inverse @ symmetric(a_dot) @ t(inverse))


def factor_adjoint(y, y_bar):
    """Murray (2016), reverse mode, made symmetric."""
    inverse = np.linalg.inv(y)
    return symmetric(t(inverse) @ phi(t(y) @ y_bar) @ inverse)


@tangent(np.linalg.eigvalsh, "a")
def eigvalsh_tangent(a, UPLO="L", *, a_dot):
    v = np.linalg.eigh(a, UPLO)[1]
    return np.sum(v * (symmetric(a_dot) @ v), axis=-2)


@adjoint(np.linalg.eigvalsh, "a")
def eigvalsh_adjoint(a, UPLO="L", *, y_bar):
    v = np.linalg.eigh(a, UPLO)[1]
    return v * np.expand_dims(y_bar, -2) @ t(v)


# Giles (2008), 3.1. Vectors of a repeated eigenvalue have no derivative: the quotient is not
# finite there, unless nothing depends on them.


def diagonal(w, a):
    """Matrices like a with the entries of w on their diagonals."""
    if np.ndim(a) == 2:
        return np.diag(w)
    return eye_like(a) * np.expand_dims(w, -2)


def over_differences(q, w):
    """The entries q_ij / (w_j - w_i), zero on the diagonal and where q is."""
    q = np.where(eye_like(q) == 1, 0.0, q)
    differences = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    return q / np.where(q == 0, 1.0, differences)


@tangent(np.linalg.eigh, "a")
def eigh_tangent(a, UPLO="L", *, y, a_dot):
    w, v = y
    p = t(v) @ symmetric(a_dot) @ v
    return np.diagonal(p, 0, -2, -1), v @ over_differences(p, w)


@adjoint(np.linalg.eigh, "a")
def eigh_adjoint(a, UPLO="L", *, y, y_bar):
    w, v = y
    w_bar, v_bar = y_bar
    inner = diagonal(w_bar, v) + over_differences(t(v) @ v_bar, w)
    return symmetric(v @ inner @ t(v))


# J. Townsend, "Differentiating the singular value decomposition" (2016); the reduced form.


@tangent(np.linalg.svd, "a")
def svd_tangent(a, full_matrices=True, compute_uv=True, *, y, a_dot):
    if not compute_uv:
        u, s, v = np.linalg.svd(a, False)
        return np.sum(u * (a_dot @ t(v)), axis=-2)
    if full_matrices:
        raise NotImplementedError(
            "np.linalg.svd with full_matrices=True", "pass full_matrices=False"
        )
    u, s, v = y
    p = t(u) @ a_dot @ t(v)
    row, column = np.expand_dims(s, -2), np.expand_dims(s, -1)
    u_dot = u @ over_differences(p * row + column * t(p), s**2) + (a_dot @ t(v) - u @ p) / row
    v_dot = t(v) @ over_differences(column * p + t(p) * row, s**2)
    v_dot = v_dot + (t(a_dot) @ u - t(v) @ t(p)) / row
    return u_dot, np.diagonal(p, 0, -2, -1), t(v_dot)


@adjoint(np.linalg.svd, "a")
def svd_adjoint(a, full_matrices=True, compute_uv=True, *, y, y_bar):
    if not compute_uv:
        u, s, v = np.linalg.svd(a, False)
        return u * np.expand_dims(y_bar, -2) @ v
    if full_matrices:
        raise NotImplementedError(
            "np.linalg.svd with full_matrices=True", "pass full_matrices=False"
        )
    u, s, v = y
    u_bar, s_bar, v_bar = y_bar
    row, column = np.expand_dims(s, -2), np.expand_dims(s, -1)
    p, q = t(u) @ u_bar, v @ t(v_bar)
    inner = over_differences(p - t(p), s**2) * row + column * over_differences(q - t(q), s**2)
    inner = inner + diagonal(s_bar, inner)
    outside = (u_bar - u @ p) / row @ v + u @ ((v_bar - t(q) @ v) / column)
    return u @ inner @ v + outside


# S. F. Walter, L. Lehmann, "Algorithmic differentiation of linear algebra functions" (2010), for
# matrices with at least as many rows as columns; of others R is not square, and NumPy raises.


@tangent(np.linalg.qr, "a")
def qr_tangent(a, mode="reduced", *, y, a_dot):
    q, r = y
    x = t(np.linalg.solve(t(r), t(a_dot)))
    p = t(q) @ x
    lower = np.tril(p, -1)
    turn = lower - t(lower)
    return x + q @ (turn - p), (p - turn) @ r


@adjoint(np.linalg.qr, "a")
def qr_adjoint(a, mode="reduced", *, y, y_bar):
    q, r = y
    q_bar, r_bar = y_bar
    m = r @ t(r_bar) - t(q_bar) @ q
    x = q_bar + q @ (np.tril(m) + t(np.tril(m, -1)))
    return t(np.linalg.solve(r, t(x)))


# ---------------------------------------------------------------------------- powers


@tangent(np.linalg.matrix_power, "a")
def matrix_power_tangent(a, n, *, a_dot):
    if n < 0:
        b = np.linalg.inv(a)
        return power_sum(b, -b @ a_dot @ b, -n)
    return power_sum(a, a_dot, n)


@adjoint(np.linalg.matrix_power, "a")
def matrix_power_adjoint(a, n, *, y_bar):
    if n < 0:
        b = t(np.linalg.inv(a))
        return -b @ power_sum(b, y_bar, -n) @ b
    return power_sum(t(a), y_bar, n)


def power_sum(a, m, n):
    """The sum of a^k m a^(n-1-k) over k = 0, …, n - 1."""
    if n == 0:
        return np.zeros_like(m)
    if n == 2:
        return m @ a + a @ m
    total = power = m
    for _ in range(n - 1):
        power = power @ a
        total = a @ total + power
    return total


# ---------------------------------------------------------------------------- norm


@reduction(np.linalg.norm, "x")
def norm(x, ord=None, axis=None, keepdims=False, *, y):
    """x over its norm, and the like; zero, the subgradient of least norm, where x is zero."""
    y = expand(y, x, axis, keepdims)
    if ord in (None, 2, "fro"):
        return x / np.where(y == 0, 1, y)
    if ord == 1:
        return np.sign(x)
    if ord == np.inf or ord == -np.inf:  # noqa: PLR1714 (a tuple of them is not known beforehand)
        ties = np.abs(x) == y
        return np.sign(x) * ties / np.sum(ties, axis=axis, keepdims=True)
    return np.sign(x) * (np.abs(x) / np.where(y == 0, 1, y)) ** (ord - 1)
