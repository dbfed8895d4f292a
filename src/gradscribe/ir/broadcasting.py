"""Broadcasting and promotion: the type of what NumPy computes entry by entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradscribe.ir.types import (
    FLOAT,
    Array,
    Dim,
    Scalar,
    Type,
    dims_of,
    dtype_of,
    is_number,
    not_one,
)


def broadcast_dim(a: Dim, b: Dim) -> Dim:
    """The length where two dimensions meet elementwise; of two names for it the first.

    So ``x = x + v`` in a loop keeps the dimensions of x.
    """
    if b in (a, 1) or not_one(a):
        return a
    return b if a == 1 or not_one(b) else None


def broadcast(*shapes: tuple[Dim, ...] | None) -> tuple[Dim, ...] | None:
    """The dimensions of an elementwise result; None where some rank is unknown."""
    result: tuple[Dim, ...] = ()
    for shape in shapes:
        if shape is None:
            return None
        longer, shorter = (result, shape) if len(result) >= len(shape) else (shape, result)
        gap = len(longer) - len(shorter)
        result = longer[:gap] + tuple(
            broadcast_dim(x, y) for x, y in zip(longer[gap:], shorter, strict=True)
        )
    return result


def promote(*types: Type) -> np.dtype[Any] | None:
    """The dtype NumPy's arithmetic gives these operands (Python scalars follow the others)."""
    if any(dtype_of(t) is None for t in types):
        return None
    samples = [
        (
            {"f": 1.0, "i": 1, "b": True, "c": 1j}[t.dtype.kind]
            if isinstance(t, Scalar) and t.weak
            else dtype_of(t)
        )
        for t in types
    ]
    try:
        return np.result_type(*samples)
    except TypeError:
        return None


def elementwise(
    *types: Type, dtype: Callable[[np.dtype[Any]], np.dtype[Any]] | np.dtype[Any] | None = None
) -> Type:
    """The type of a NumPy elementwise result: broadcast dimensions, promoted (or given) dtype."""
    if not all(isinstance(t, Scalar | Array) for t in types):
        known = dtype if isinstance(dtype, np.dtype) else None
        return Array(known, None)
    dims = broadcast(*(dims_of(t) for t in types))
    result = dtype if isinstance(dtype, np.dtype) else promote(*types)
    if result is not None and callable(dtype):
        result = dtype(result)
    if dims == () and result is None:
        return Array(None, (), number=all(map(is_number, types)))
    return Scalar(result) if dims == () and result is not None else Array(result, dims)


def inexact(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of a transcendental function's result: integers become float64."""
    return dtype if dtype.kind in "fc" else FLOAT
