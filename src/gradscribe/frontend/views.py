"""Which results are views of an array, and what the array becomes when such a view is written.

::

    t = m.T                     t ↦ Ref(M, [.T])
    t[0] = v                    heap: M ↦ setitem(%t, 0, v).T

``PUT`` says for each function how its result is turned back into what it is a view of. Where it
depends on the layout of the array in memory whether there is a view at all (``reshape``, ``ravel``)
only arrays that are certainly contiguous have views that are written through.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradscribe.frontend.frame import GETITEM, Frame
from gradscribe.frontend.heap import Bound, Ref
from gradscribe.ir import helpers, trees
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.facts.methods import ATTRIBUTES
from gradscribe.ir.facts.records import instance
from gradscribe.ir.primitives import Primitive, of
from gradscribe.ir.transposes import untransposed
from gradscribe.ir.types import Array, Scalar, Slice, Struct, dims_of
from gradscribe.ir.types import Sequence as SequenceType

RESHAPE, SHAPE, CONCATENATE = of(np.reshape), of(np.shape), of(np.concatenate)
RAVEL = of(np.ravel)

VIEW, SAME, COPY, UNKNOWN = "view", "the array itself", "copy", "unknown"


def take(frame: Frame, base: Ref, prim: Primitive, args: tuple[Operand, ...]) -> Bound:
    """``prim(base, *args)``, as the view, the array or the copy that it is."""
    relation = _relation(frame, base, prim, args)
    if relation == SAME:
        return base
    if relation == COPY:
        return frame.wrap(frame.emit(prim, frame.read(base), *args))
    return frame.view(base, prim, args, certain=relation == VIEW)


def flat(frame: Frame, base: Ref) -> Ref:
    """The array that an index of ``base.flat`` is one of."""
    result = frame.view(base, RAVEL, (Const("C"),), certain=True)
    assert isinstance(result, Ref)
    return result


def _relation(frame: Frame, base: Ref, prim: Primitive, args: tuple[Operand, ...]) -> str:
    kind = frame.type(base)
    function = prim.function
    if not isinstance(kind, Array):
        return VIEW if prim.storage == "view" and function not in _ATTRIBUTES else UNKNOWN
    if function in _REAL and kind.dtype is not None and kind.dtype.kind != "c":
        return SAME
    if prim.storage == "view":
        return VIEW
    if function in (np.asarray, np.asanyarray, np.ascontiguousarray):
        return _as_array(frame, base, kind, args)
    rank = None if kind.dims is None else len(kind.dims)
    if rank is None:
        return UNKNOWN
    if function in _AT_LEAST:
        return SAME if rank >= _AT_LEAST[function] else VIEW
    if function is np.diag:
        return COPY if rank == 1 else VIEW
    if function in (np.reshape, np.ravel):
        order = args[-1]
        plain = isinstance(order, Const) and order.value == "C"
        if plain and ((rank == 1 and function is np.reshape) or contiguous(frame, base)):
            return VIEW
    return UNKNOWN


def _as_array(frame: Frame, base: Ref, kind: Array, args: tuple[Operand, ...]) -> str:
    wanted = args[0] if args else Const(None)
    if kind.dtype is None or kind.dims == () or not isinstance(wanted, Const):
        return UNKNOWN
    try:
        other = wanted.value is not None and np.dtype(wanted.value) != kind.dtype
    except TypeError:
        return UNKNOWN
    return COPY if other else SAME


_ATTRIBUTES = set(ATTRIBUTES.values())
_REAL = {ATTRIBUTES["real"]}
_AT_LEAST = {np.atleast_1d: 1, np.atleast_2d: 2, np.atleast_3d: 3}


# ---------------------------------------------------------------------------- layout


def contiguous(frame: Frame, ref: Ref) -> bool:
    """Do the entries of an array certainly stand one after the other in memory, row by row?"""
    if not _made_contiguous(frame, ref.loc.origin):
        return False
    for step in ref.path:
        if step.prim is GETITEM and not _keeps_contiguous(frame, step.args[0]):
            return False
        if step.prim not in (GETITEM, RESHAPE, RAVEL):
            return False
    return True


# They give an array with the layout of C whatever they are given.
_ROW_BY_ROW = {
    np.zeros, np.ones, np.empty, np.full, np.eye, np.identity, np.arange, np.linspace, np.outer,
    np.ndarray.copy, np.ndarray.flatten, operator.matmul, np.matmul, np.dot,
}  # fmt: skip


def _made_contiguous(frame: Frame, operand: Operand | None) -> bool:
    op = frame.builder.made.get(operand) if isinstance(operand, Value) else None
    if op is None or op.prim.function is None:
        return False
    if op.prim.mutates is not None:
        return _made_contiguous(frame, op.args[op.prim.mutates])
    if op.prim.function in _ROW_BY_ROW:
        return True
    if op.prim.storage != "fresh" or op.prim.effect:
        return False
    dims = dims_of(op.results[0].type)
    if dims is not None and len(dims) == 1:
        return True
    if not op.prim.elementwise:
        return False
    arrays = [a for a in op.args if not isinstance(type_of_operand(a), Scalar)]
    return all(_made_contiguous(frame, a) for a in arrays)


def _keeps_contiguous(frame: Frame, index: Operand) -> bool:
    """Integers, then at most one slice without a step."""
    kind = type_of_operand(index)
    if isinstance(index, Const):
        parts = index.value if isinstance(index.value, tuple) else (index.value,)
        steps = [p.step if isinstance(p, slice) else 0 for p in parts]
        plain = all(isinstance(p, int | slice) for p in parts)
    else:
        items = kind.items if isinstance(kind, SequenceType) else (kind,)
        if items is None or not all(isinstance(p, Scalar | Slice) for p in items):
            return False
        steps = [p.step if isinstance(p, Slice) else 0 for p in items]
        plain = True
    return plain and all(s == 0 for s in steps[:-1]) and steps[-1] in (0, None, 1)


# ---------------------------------------------------------------------------- writing through

Put = Callable[[Frame, Operand, tuple[Operand, ...], Operand], Operand]


def put(
    frame: Frame, prim: Primitive, base: Operand, args: tuple[Operand, ...], value: Operand
) -> Operand | None:
    """What ``base`` becomes when its view ``prim(base, *args)`` becomes ``value``."""
    way = PUT.get(prim.function)
    if way is None:
        return None
    new = way(frame, base, args, value)
    kind = type_of_operand(base)
    if isinstance(new, Value) and isinstance(kind, Array):
        new.type = kind  # whatever is written, an array stays one of its shape
    return new


def _again(function: Any) -> Put:
    """The function is its own inverse."""
    return lambda frame, base, args, value: frame.emit(of(function), value, *args)


def _in_shape(frame: Frame, base: Operand, args: tuple[Operand, ...], value: Operand) -> Operand:
    return frame.emit(RESHAPE, value, frame.emit(SHAPE, base))


def _transpose(frame: Frame, base: Operand, args: tuple[Operand, ...], value: Operand) -> Operand:
    if isinstance(args[0], Const) and args[0].value is None:
        return frame.emit(of(np.transpose), value)
    return frame.emit(of(untransposed), value, *args)


def _move_axis(frame: Frame, base: Operand, args: tuple[Operand, ...], value: Operand) -> Operand:
    return frame.emit(of(np.moveaxis), value, *args[::-1])


def _rotate(frame: Frame, base: Operand, args: tuple[Operand, ...], value: Operand) -> Operand:
    back = frame.emit(of(operator.neg), args[0])
    return frame.emit(of(np.rot90), value, back, *args[1:])


def _join(axis: int | None) -> Put:
    def join(frame: Frame, base: Operand, args: tuple[Operand, ...], value: Operand) -> Operand:
        along = args[1] if axis is None else Const(axis)
        dims = dims_of(type_of_operand(base))
        if axis == 1 and dims is not None and len(dims) == 1:  # what hsplit does to a vector
            along = Const(0)
        return frame.emit(CONCATENATE, value, along)

    return join


def _attribute(frame: Frame, base: Operand, args: tuple[Operand, ...], value: Operand) -> Operand:
    """An object of the same attributes but one."""
    kind, (written,) = type_of_operand(base), args
    assert isinstance(kind, Struct) and isinstance(written, Const)
    parts = [
        value if name == written.value else trees.part(frame.builder, base, place, name)
        for place, name in enumerate(trees.keys(kind))
    ]
    return frame.emit(of(instance), Const(kind.cls), Const(tuple(trees.keys(kind))), *parts)


PUT: dict[Any, Put] = {
    getattr: _attribute,
    **{f: _again(f) for f in (np.flip, np.flipud, np.fliplr, np.swapaxes, np.matrix_transpose)},
    **{f: _again(f) for f in (ATTRIBUTES["T"], ATTRIBUTES["mT"])},
    **dict.fromkeys((np.reshape, np.ravel, np.expand_dims, np.squeeze, *_AT_LEAST), _in_shape),
    np.transpose: _transpose,
    np.moveaxis: _move_axis,
    np.rot90: _rotate,
    np.split: _join(None),
    np.array_split: _join(None),
    np.vsplit: _join(0),
    np.hsplit: _join(1),
    np.dsplit: _join(2),
    operator.getitem: lambda frame, base, args, value: frame.emit(
        of(helpers.setitem), base, args[0], value
    ),
}

# Views that NumPy does not let anybody write to.
READ_ONLY = {np.broadcast_to, np.diagonal, np.diag}
