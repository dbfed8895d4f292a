"""``np.broadcast_arrays``: each of its arguments as a view in the shape of all of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradscribe.frontend import views
from gradscribe.frontend.frame import GETITEM, Frame
from gradscribe.frontend.heap import Bound, Ref, TupleOf
from gradscribe.ir.broadcasting import broadcast
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.facts.dimensions import array_of
from gradscribe.ir.primitives import of
from gradscribe.ir.types import Array, Dim, dims_of

SHAPE, BROADCAST_TO = of(np.shape), of(np.broadcast_to)


def arrays(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: dict[str, Bound]
) -> Bound | None:
    """``np.broadcast_arrays(…)`` of numbers and arrays whose ranks are known."""
    operands = [frame.read(bound) for bound in positional]
    dims = broadcast(*(dims_of(type_of_operand(operand)) for operand in operands))
    shape = None if dims is None or keywords else _shape(frame, operands, dims)
    if dims is None or shape is None:
        return None
    results = []
    for bound, operand in zip(positional, operands, strict=True):
        if isinstance(bound, Ref):
            result = views.take(frame, bound, BROADCAST_TO, (shape,))
        else:
            result = frame.wrap(frame.emit(BROADCAST_TO, operand, shape))
        value = frame.read(result)
        assert isinstance(value, Value)
        value.type = Array(array_of(type_of_operand(operand)).dtype, dims)
        results.append(result)
    return TupleOf(tuple(results))


def _shape(frame: Frame, operands: list[Operand], dims: tuple[Dim, ...]) -> Operand | None:
    """The shape that has these dimensions, each read where it is known to be."""
    for operand in operands:
        if dims_of(type_of_operand(operand)) == dims and None not in dims:
            return Const(()) if not dims else frame.emit(SHAPE, operand)
    lengths: list[Operand] = []
    for axis in range(-len(dims), 0):
        home = next((o for o in operands if _has(o, axis, dims[axis])), None)
        if home is None:
            return None
        lengths.append(frame.emit(GETITEM, frame.emit(SHAPE, home), axis))
    return frame.emit(of(tuple), *lengths)


def _has(operand: Operand, axis: int, dim: Dim) -> bool:
    """Is a dimension of this operand certainly the one asked for?"""
    dims = dims_of(type_of_operand(operand))
    return dim is not None and dims is not None and len(dims) >= -axis and dims[axis] == dim
