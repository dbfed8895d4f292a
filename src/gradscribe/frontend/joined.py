"""``np.r_[a, b]`` and ``np.c_[a, b]``: objects that join what they are indexed with."""

from __future__ import annotations

from typing import Any

import gast
import numpy as np

from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound
from gradscribe.frontend.inlining import inline_for
from gradscribe.ir.core import Const
from gradscribe.ir.types import Array, Scalar, dtype_of, maybe_float


def _rows(*parts: Any) -> Any:
    return np.concatenate([np.atleast_1d(x) for x in parts])


def _span(start: Any, stop: Any, step: Any) -> Any:
    return np.arange(start, stop, step)


def _columns(*parts: Any) -> Any:
    return np.column_stack(parts)


_WRITTEN: dict[type, Any] = {type(np.r_): _rows, type(np.c_): _columns}


def joined(frame: Frame, node: gast.Subscript, base: Bound) -> Bound | None:
    """What is joined; None where this is not one of those objects, or not written out."""
    written = _WRITTEN.get(type(base.value)) if isinstance(base, Const) else None
    if written is None:
        return None
    parts = node.slice.elts if isinstance(node.slice, gast.Tuple) else [node.slice]
    before = frame.mark()
    given = [_part(frame, part) for part in parts]
    kinds = [frame.type(bound) for bound in given]
    # Python's numbers follow the dtype of the arrays beside them, which joining them would not do.
    weak = any(isinstance(kind, Scalar) and kind.weak for kind in kinds)
    wide = all(dtype_of(kind) in _WIDE for kind in kinds)
    plain = all(isinstance(kind, Scalar | Array) for kind in kinds)
    if not plain or (weak and not wide) or not any(map(maybe_float, kinds)):
        frame.back(before)
        return None
    return inline_for(frame, node, written, given, {})


def _part(frame: Frame, node: Any) -> Bound:
    from gradscribe.frontend.expressions import lower

    if not isinstance(node, gast.Slice):
        return lower(frame, node)
    ends = (node.lower, Const(0)), (node.upper, Const(None)), (node.step, Const(1))
    given = [other if end is None else lower(frame, end) for end, other in ends]
    return inline_for(frame, node, _span, given, {})


_WIDE = tuple(map(np.dtype, (np.float64, np.int64, np.bool_)))
