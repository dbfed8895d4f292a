"""Facts: products of arrays, and polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradscribe.errors import UnsupportedError
from gradscribe.ir import subscripts, transposes
from gradscribe.ir.broadcasting import broadcast, promote
from gradscribe.ir.facts.dimensions import (
    Dims,
    DType,
    array_of,
    int_of,
    known,
    plus,
    result_of,
    times,
    unknown_dims,
)
from gradscribe.ir.facts.joining import entries_of
from gradscribe.ir.facts.operators import matmul
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import Array, Dim, Scalar, Sequence, Type


def product_dtype(*operands: Any) -> DType | None:
    """The dtype of a product; Python's numbers follow the arrays they meet."""
    return promote(*(x if isinstance(x, Scalar) else array_of(x) for x in operands))


def strong_dtype(*operands: Any) -> DType | None:
    """The dtype of a product in which Python's numbers count in full."""
    return promote(*(array_of(x) for x in operands))


@fact(np.matmul, name="np.matmul")
def _(x1: Type, x2: Type) -> Type:
    return matmul(array_of(x1), array_of(x2))


@fact(np.dot)
def dot(a: Type, b: Type) -> Type:
    """The sum over the last axis of a and the last but one (or only) axis of b."""
    x, y = array_of(a), array_of(b)
    dtype = strong_dtype(a, b)
    if x.dims is None or y.dims is None:
        return Array(dtype, None)
    if not x.dims or not y.dims:
        return result_of(dtype, x.dims or y.dims)
    return result_of(dtype, x.dims[:-1] + (y.dims[:-2] + y.dims[-1:] if len(y.dims) > 1 else ()))


@fact(np.inner)
def inner(a: Type, b: Type) -> Type:
    """The sum over the last axes of both."""
    x, y = array_of(a), array_of(b)
    dtype = strong_dtype(a, b)
    if x.dims is None or y.dims is None:
        return Array(dtype, None)
    if not x.dims or not y.dims:
        return result_of(dtype, x.dims or y.dims)
    return result_of(dtype, x.dims[:-1] + y.dims[:-1])


@fact(np.outer)
def outer(a: Type, b: Type) -> Type:
    """All products of entries, as a matrix."""
    sizes = [None if x.dims is None else times(*x.dims) for x in (array_of(a), array_of(b))]
    return Array(strong_dtype(a, b), tuple(sizes))


@fact(np.vdot)
def _(a: Type, b: Type) -> Type:
    return result_of(strong_dtype(a, b), ())


def tensordot_axes(axes: Any, a: Dims, b: Dims) -> tuple[list[int], list[int]] | None:
    """The axes of a and of b that are summed over, counted from the front."""
    value = known(axes)
    if isinstance(value, int):
        return list(range(len(a) - value, len(a))), list(range(value))
    if not isinstance(value, tuple | list) or len(value) != 2:
        return None
    sides = [list(side) if isinstance(side, tuple | list) else [side] for side in value]
    if not all(isinstance(i, int) for side in sides for i in side):
        return None
    return [i % len(a) for i in sides[0]], [i % len(b) for i in sides[1]]


@fact(np.tensordot, static="axes")
def tensordot(a: Type, b: Type, axes: Any = 2) -> Type:
    """The sum over pairs of axes."""
    x, y = array_of(a), array_of(b)
    dtype = strong_dtype(a, b)
    over = None
    if x.dims is not None and y.dims is not None:
        over = tensordot_axes(axes, x.dims, y.dims)
    if over is None or x.dims is None or y.dims is None:
        return Array(dtype, None)
    kept = [d for i, d in enumerate(x.dims) if i not in over[0]]
    kept += [d for i, d in enumerate(y.dims) if i not in over[1]]
    return Array(dtype, tuple(kept))


@fact(np.einsum, static="subscripts")
def einsum(subscripts: Any, *operands: Type) -> Type:
    """Einstein's sum over repeated labels."""
    terms = einsum_terms(subscripts, operands)
    arrays = [array_of(x) for x in operands]
    dtype = strong_dtype(*arrays)
    if terms is None:
        return Array(dtype, None)
    inputs, output = terms
    lengths: dict[str, list[Dim]] = {}
    for term, array in zip(inputs, arrays, strict=True):
        if array.dims is None or len(array.dims) != len(term):
            return Array(dtype, unknown_dims(len(output)))
        for label, dim in zip(term, array.dims, strict=True):
            lengths.setdefault(label, []).append(dim)
    dims = []
    for label in output:
        shapes = broadcast(*((d,) for d in lengths[label]))
        dims.append(shapes[0] if shapes else None)
    return result_of(dtype, tuple(dims))


def einsum_terms(text: Any, operands: tuple[Type, ...]) -> tuple[list[str], str] | None:
    """The labels with ``...`` spelled out; None where ranks are missing."""
    parsed = _parsed(text, operands)
    ranks = [None if (d := array_of(x).dims) is None else len(d) for x in operands]
    return subscripts.spelled_out(*parsed, ranks)


def _parsed(text: Any, operands: tuple[Type, ...]) -> tuple[list[str], str]:
    notation = known(text)
    parsed = subscripts.parse(notation, len(operands)) if isinstance(notation, str) else None
    if parsed is None:
        raise UnsupportedError(
            "np.einsum without literal subscripts",
            hint='write the sum as a string, like "ij,jk->ik", before the operands',
        )
    return parsed


@fact(np.kron)
def kron(a: Type, b: Type) -> Type:
    x, y = array_of(a), array_of(b)
    dtype = strong_dtype(a, b)
    if x.dims is None or y.dims is None:
        return Array(dtype, None)
    rank = max(len(x.dims), len(y.dims))
    left = (1,) * (rank - len(x.dims)) + x.dims
    right = (1,) * (rank - len(y.dims)) + y.dims
    return result_of(dtype, tuple(times(m, n) for m, n in zip(left, right, strict=True)))


@fact(np.cross, static="axisa axisb axisc axis")
def cross(
    a: Type, b: Type, axisa: Any = -1, axisb: Any = -1, axisc: Any = -1, axis: Any = None
) -> Type:
    """The vector product of 3-vectors in the last axis."""
    x, y = array_of(a), array_of(b)
    plain = all(int_of(place) == -1 for place in (axisa, axisb, axisc))
    if (
        not plain
        or known(axis) not in (None, -1)
        or 2 in (*(x.dims or ())[-1:], *(y.dims or ())[-1:])
    ):
        raise UnsupportedError(
            "np.cross other than of 3-vectors in the last axis", hint="move the axis to the end"
        )
    dims = broadcast(x.dims, y.dims)
    return Array(strong_dtype(a, b), dims and (*dims[:-1], 3))


@fact(np.linalg.cross, static="axis")
def _(x1: Type, x2: Type, axis: Any = -1) -> Type:
    """As ``np.cross``, but it raises for anything but 3-vectors."""
    return cross(x1, x2, axis=axis)


def _length(x: Array) -> Dim:
    return None if x.dims is None else times(*x.dims)


@fact(np.convolve, static="mode")
def convolve(a: Type, v: Type, mode: Any = "full") -> Type:
    """The coefficients of the product of two polynomials, or the middle of them."""
    x, y = array_of(a), array_of(v)
    length = plus(_length(x), _length(y), -1) if known(mode) == "full" else None
    return Array(strong_dtype(a, v), (length,))


@fact(np.correlate, static="mode")
def correlate(a: Type, v: Type, mode: Any = "valid") -> Type:
    """The sliding inner product."""
    if known(mode) != "valid":
        raise UnsupportedError(
            "np.correlate with a mode other than 'valid'",
            hint="np.convolve(a, v[::-1], mode) is the same sum",
        )
    return Array(strong_dtype(a, v), (None,))


@fact(np.linalg.multi_dot)
def multi_dot(arrays: Any) -> Type:
    """The product of several matrices, of which the first and the last may be vectors."""
    factors = entries_of(arrays)
    if not factors:
        return Array(None, None)
    result: Type = factors[0]
    for factor in factors[1:]:
        result = matmul(array_of(result), factor)
    return result


@fact(np.polyval)
def polyval(p: Type, x: Type) -> Type:
    """The polynomial with these coefficients, highest power first."""
    coefficients, at = array_of(p), array_of(x)
    if len(coefficients.dims or (None,)) != 1:
        raise UnsupportedError(
            "np.polyval of anything but a vector of coefficients",
            hint="write Horner's rule: (p[0] * x + p[1]) * x + p[2]",
        )
    entry = Array(coefficients.dtype, ())
    return result_of(promote(entry, x if isinstance(x, Scalar) else at), at.dims)


@fact(np.vander, static="N increasing")
def vander(x: Type, N: Any = None, increasing: Any = False) -> Type:
    """The powers of the entries of x, one row for each entry."""
    at = array_of(x)
    length = _length(at)
    dtype = None if at.dtype is None else np.promote_types(at.dtype, int)
    columns: Dim = length if known(N) is None else int_of(N)
    return Array(dtype, (length, columns))


# ---------------------------------------------------------------------------- transposes


def _batch(a: Dims, b: Dims) -> Dims:
    """The axes before the matrices of a product; () for a vector."""
    return broadcast(a[:-2], b[:-2]) or ()


@fact(transposes.matmul_left)
def _(g: Type, a: Type, b: Type) -> Type:
    """Like a, with the axes that a was broadcast along."""
    x, y = array_of(a).dims, array_of(b).dims
    dtype = strong_dtype(g, b)
    if not x or not y:
        return Array(dtype, None)
    return Array(dtype, (*_batch(x, y), *x[-2:]))


@fact(transposes.matmul_right)
def _(g: Type, a: Type, b: Type) -> Type:
    x, y = array_of(a).dims, array_of(b).dims
    dtype = strong_dtype(g, a)
    if not x or not y:
        return Array(dtype, None)
    return Array(dtype, (*_batch(x, y), *y[-2:]))


@fact(transposes.dot_left)
def _(g: Type, a: Type, b: Type) -> Type:
    return _dot_adjoint(g, a, b)


@fact(transposes.dot_right)
def _(g: Type, a: Type, b: Type) -> Type:
    return _dot_adjoint(g, b, a)


def _dot_adjoint(g: Type, x: Type, other: Type) -> Type:
    dims, others = array_of(x).dims, array_of(other).dims
    dtype = strong_dtype(g, other)
    if dims is None or others is None:
        return Array(dtype, None)
    if not dims or not others:
        return result_of(dtype, broadcast(array_of(g).dims, others))
    return Array(dtype, dims)


@fact(transposes.tensordot_left, static="axes")
def _(g: Type, a: Type, b: Type, axes: Any) -> Type:
    return Array(strong_dtype(g, b), array_of(a).dims)


@fact(transposes.tensordot_right, static="axes")
def _(g: Type, a: Type, b: Type, axes: Any) -> Type:
    return Array(strong_dtype(g, a), array_of(b).dims)


@fact(transposes.kron_left)
def _(g: Type, a: Type, b: Type) -> Type:
    return Array(strong_dtype(g, b), array_of(a).dims)


@fact(transposes.kron_right)
def _(g: Type, a: Type, b: Type) -> Type:
    return Array(strong_dtype(g, a), array_of(b).dims)


@fact(transposes.convolve_full, static="mode")
def _(g: Type, a: Type, v: Type, mode: Any) -> Type:
    full = plus(_length(array_of(a)), _length(array_of(v)), -1)
    return Array(array_of(g).dtype, (full,))


@fact(subscripts.einsum_adjoints, static="subscripts")
def _(subscripts: Any, g: Type, *operands: Type) -> Type:
    return Sequence("tuple", tuple(Array(strong_dtype(g, *operands), None) for _ in operands))
