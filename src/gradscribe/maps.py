"""Sparse Jacobians inside functions that are differentiated: linear maps, and never matrices.

``J = sparse_jacobian(g)(x)`` in a function computes nothing there. What is asked of J is written
instead, as any derivative inside a function is::

    J @ v           jvp(g)((x,), (v,))
    u @ J, J.T @ u  the pullback of vjp(g)(x)
    J.toarray()     jacobian(g)(x), as a matrix
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradscribe import api
from gradscribe.frontend.frame import GETITEM, TUPLE, Frame
from gradscribe.frontend.heap import Bound
from gradscribe.frontend.procedures import Procedure
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Operand
from gradscribe.ir.primitives import of
from gradscribe.ir.types import Array, Sequence, is_scalar
from gradscribe.sparse import SparseJacobian

Call = Any  # the lowering of a call of a derivative: ``call(frame, node, derivative, args)``
RESHAPE, SHAPE, RAVEL, SIZE = of(np.reshape), of(np.shape), of(np.ravel), of(np.size)
MATMUL, TRANSPOSE = of(operator.matmul), of(np.transpose)


def linear_map(
    frame: Frame, node: Any, sparse: SparseJacobian, args: list[Operand], call: Call
) -> Procedure:
    """What a sparse Jacobian is at these arguments."""
    x = args[sparse.place]

    def forth(inner: Frame, node: Any, v: Bound) -> Bound:
        dots: list[Any] = [None] * len(args)
        dots[sparse.place] = _shaped(inner, inner.read(v), x)
        made = call(inner, node, api.jvp(sparse.function), args, dots)
        return inner.wrap(inner.emit(RAVEL, inner.emit(GETITEM, inner.read(made), 1)))

    def back(inner: Frame, node: Any, u: Bound) -> Bound:
        value, pullback = call(inner, node, api.vjp(sparse.function, sparse.place), args).items
        y = inner.read(value)
        if isinstance(type_of_operand(y), Sequence):
            inner.refuse(node, f"{sparse.name} does not return one array", "return one")
        bar = pullback.run(inner, node, [inner.wrap(_shaped(inner, inner.read(u), y))], {})
        return inner.wrap(inner.emit(RAVEL, inner.read(bar)))

    def dense(inner: Frame, node: Any) -> Operand:
        made = inner.read(call(inner, node, api.jacobian(sparse.function, sparse.place), args))
        columns = inner.emit(SIZE, x)
        return inner.emit(RESHAPE, made, inner.emit(TUPLE, -1, columns))

    return _map(forth, back, dense, turned=False)


Product = Callable[[Frame, Any, Bound], Bound]


def _map(
    forth: Product, back: Product, dense: Callable[[Frame, Any], Operand], turned: bool
) -> Procedure:
    """A matrix that is known by its products with vectors; ``turned``: its transpose."""

    def matrix(frame: Frame, node: Any) -> Operand:
        made = dense(frame, node)
        return frame.emit(TRANSPOSE, made) if turned else made

    def product(of_vector: Product, left: bool) -> Procedure:
        def run(frame: Frame, node: Any, positional: list[Bound], _: Any) -> Bound:
            (other,) = positional
            operand = frame.read(other)
            kind = type_of_operand(operand)
            if isinstance(kind, Array) and kind.dims is not None and len(kind.dims) == 1:
                return of_vector(frame, node, operand)
            made = matrix(frame, node)
            pair = (operand, made) if left else (made, operand)
            return frame.wrap(frame.emit(MATMUL, *pair))

        return Procedure(run)

    def member(frame: Frame, node: Any, name: str) -> Procedure:
        if name in ("__matmul__", "dot"):
            return product(forth, left=False)
        if name == "__rmatmul__":
            return product(back, left=True)
        if name in ("toarray", "todense"):
            return Procedure(lambda inner, node, *_: inner.wrap(matrix(inner, node)))
        transposed = _map(back, forth, dense, not turned)
        if name == "T":
            return transposed
        if name == "transpose":
            return Procedure(lambda *_: transposed)
        frame.refuse_where_reached(
            node,
            "a sparse Jacobian inside a function that is differentiated is known by its products",
            "write J @ v or J.T @ v, or take what you need from J.toarray()",
        )

    return Procedure(_uncalled, member=member)


def _uncalled(frame: Frame, node: Any, *_: Any) -> Bound:
    frame.refuse(node, "a matrix is called", "write J @ v")


def _shaped(frame: Frame, vector: Operand, like: Operand) -> Operand:
    """A vector in the shape of something."""
    if is_scalar(type_of_operand(like)):
        return frame.emit(GETITEM, vector, 0)
    return frame.emit(RESHAPE, vector, frame.emit(SHAPE, like))
