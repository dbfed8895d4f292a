"""Facts: linear algebra. Matrices stand in the last two axes; the axes before them are a stack."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradscribe.errors import UnsupportedError
from gradscribe.ir import transposes
from gradscribe.ir.broadcasting import broadcast, inexact, promote
from gradscribe.ir.facts.dimensions import (
    Dims,
    DType,
    array_of,
    axes_of,
    composed,
    int_of,
    known,
    rank_of,
    result_of,
    unknown_dims,
)
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import UNKNOWN, Array, Dim, Scalar, Sequence, Sym, Type


def _dtype(*operands: Any) -> DType | None:
    dtype = promote(*(array_of(x) for x in operands))
    return None if dtype is None else inexact(dtype)


def _square(a: Any) -> Type:
    """An array of floats like a."""
    return Array(_dtype(a), array_of(a).dims)


def _per_matrix(a: Any, *trailing: Dim) -> Type:
    """One result for each matrix of a stack."""
    dims = array_of(a).dims
    return result_of(_dtype(a), None if dims is None or len(dims) < 2 else (*dims[:-2], *trailing))


@fact(np.linalg.inv)
def _(a: Type) -> Type:
    return _square(a)


@fact(np.linalg.pinv)
def _(a: Type) -> Type:
    """The Moore–Penrose inverse."""
    dims = array_of(a).dims
    swapped = None if dims is None else (*dims[:-2], dims[-1], dims[-2])
    return Array(_dtype(a), swapped)


@fact(np.linalg.solve)
def solve(a: Type, b: Type) -> Type:
    """The x with ``a @ x == b``; b is one vector, or a stack of matrices."""
    x, y = array_of(a), array_of(b)
    dtype = _dtype(a, b)
    if x.dims is None or y.dims is None or len(x.dims) < 2:
        return Array(dtype, None)
    if len(y.dims) == 1:
        return Array(dtype, x.dims[:-1])
    stack = broadcast(x.dims[:-2], y.dims[:-2]) or ()
    return Array(dtype, (*stack, *y.dims[-2:]))


@fact(np.linalg.det)
def _(a: Type) -> Type:
    return _per_matrix(a)


@fact(np.linalg.slogdet)
def _(a: Type) -> Type:
    return Sequence("tuple", (_per_matrix(a), _per_matrix(a)))


@fact(np.linalg.cholesky, static="upper")
def _(a: Type, upper: Any = False) -> Type:
    return _square(a)


@fact(np.linalg.norm, static="ord axis keepdims")
def norm(x: Type, ord: Any = None, axis: Any = None, keepdims: Any = False) -> Type:
    """The length of vectors, or the Frobenius norm of matrices."""
    array = array_of(x)
    check_norm(array, ord, axis)
    dtype = _dtype(x)
    keep = known(keepdims)
    if known(axis) is None:
        if keep is True:
            return Array(dtype, None if array.dims is None else (1,) * len(array.dims))
        return result_of(dtype, ()) if keep is False else Array(dtype, None)
    if array.dims is None or keep is UNKNOWN:
        return Array(dtype, None)
    places = axes_of(axis, len(array.dims))
    if places is None:
        return Array(dtype, None)
    if keep:
        return Array(dtype, tuple(1 if i in places else d for i, d in enumerate(array.dims)))
    return result_of(dtype, tuple(d for i, d in enumerate(array.dims) if i not in places))


def check_norm(x: Array, ord: Any, axis: Any) -> None:
    """Refuse the norms that have no rule: those made of singular values, and unusual orders."""
    order, axes = known(ord), known(axis)
    if order is None or (isinstance(order, str) and order == "fro"):
        return
    if axes is None:
        rank = None if x.dims is None else len(x.dims)
    elif axes is UNKNOWN:
        rank = None
    else:
        rank = len(axes) if isinstance(axes, tuple) else 1
    if rank == 1 and not isinstance(order, str) and order is not UNKNOWN and order != 0:
        return
    raise UnsupportedError(
        "np.linalg.norm with this ord",
        hint="of vectors every number but 0 has a rule, of matrices None and 'fro'",
    )


@fact(np.linalg.eigh, static="UPLO")
def _(a: Type, UPLO: Any = "L") -> Type:
    dims = array_of(a).dims
    values = _per_matrix(a, dims[-1] if dims else None)
    return Sequence("tuple", (values, _square(a)))


@fact(np.linalg.eigvalsh, static="UPLO")
def _(a: Type, UPLO: Any = "L") -> Type:
    dims = array_of(a).dims
    return _per_matrix(a, dims[-1] if dims else None)


def _smaller(dims: Dims) -> Dim:
    rows, columns = dims[-2:]
    if rows == columns:
        return rows
    if isinstance(rows, int) and isinstance(columns, int):
        return min(rows, columns)
    if isinstance(rows, Sym) and isinstance(columns, Sym):
        return composed("least", [rows, columns], 0, rows.not_one and columns.not_one)
    return None


@fact(np.linalg.svd, static="full_matrices compute_uv")
def _(a: Type, full_matrices: Any = True, compute_uv: Any = True) -> Type:
    dims = array_of(a).dims
    if dims is None or len(dims) < 2:
        loose = Array(_dtype(a), unknown_dims(rank_of(array_of(a))))
        return loose if compute_uv is False else Sequence("tuple", (loose, Array(), loose))
    rank = _smaller(dims)
    values = _per_matrix(a, rank)
    if compute_uv is False:
        return values
    rows, columns = (dims[-2], dims[-1]) if full_matrices is True else (rank, rank)
    left, right = _per_matrix(a, dims[-2], rows), _per_matrix(a, columns, dims[-1])
    return Sequence("tuple", (left, values, right)) if compute_uv is True else UNKNOWN


@fact(np.linalg.lstsq)
def _(a: Type, b: Type, rcond: Any = None) -> Type:
    """Solution, sums of squared residuals, rank and singular values."""
    x, y = array_of(a), array_of(b)
    dtype = _dtype(a, b)
    solution, residuals, values = Array(dtype), Array(dtype), Array(dtype)
    if x.dims is not None and y.dims is not None and len(x.dims) == 2:
        solution = Array(dtype, (x.dims[-1], *y.dims[1:]))
        # There are none where the rank is not full.
        residuals = Array(dtype, (Sym(("residuals", x.dims, y.dims)),))
        values = Array(dtype, (_smaller(x.dims),))
    return Sequence("tuple", (solution, residuals, Scalar(np.dtype(np.int32)), values))


@fact(np.linalg.qr, static="mode")
def _(a: Type, mode: Any = "reduced") -> Type:
    if known(mode) != "reduced":
        raise UnsupportedError(
            "np.linalg.qr with a mode other than 'reduced'", hint="take q and r of np.linalg.qr(a)"
        )
    dims = array_of(a).dims
    if dims is None or len(dims) < 2:
        return Sequence("tuple", (Array(_dtype(a)), Array(_dtype(a))))
    rank = _smaller(dims)
    left, right = _per_matrix(a, dims[-2], rank), _per_matrix(a, rank, dims[-1])
    return Sequence("tuple", (left, right))


@fact(np.linalg.matrix_power, static="n")
def _(a: Type, n: Any) -> Type:
    power = int_of(n)
    array = array_of(a)
    dtype = array.dtype if power is not None and power >= 0 else _dtype(a)
    return Array(None if power is None else dtype, array.dims)


@fact(transposes.outer_last)
def _(a: Type, b: Type) -> Type:
    x, y = array_of(a), array_of(b)
    if x.dims is None or y.dims is None or not x.dims or not y.dims:
        return Array(promote(x, y), None)
    stack = broadcast(x.dims[:-1], y.dims[:-1]) or ()
    return Array(promote(x, y), (*stack, x.dims[-1], y.dims[-1]))
