"""Text for arrays of other libraries: it calls what NumPy hands over to them, and nothing else.

``dispatching`` writes out what other libraries understand less often than NumPy's own arrays do::

    np.full_like(x, s)                       np.zeros_like(x) + s
    x_bar[:, None] += g                      x_bar[:] += g[:, 0]

What makes NumPy arrays of them whatever they are, or adds up entries one by one, is refused; what
writes to them is refused where the primal is read (``refuse_writes``): see ``gradscribe.arrays``.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import numpy as np

from gradscribe.errors import UnsupportedError
from gradscribe.ir import helpers, transposes
from gradscribe.ir.build import complete, type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value, walk
from gradscribe.ir.facts.indexing import index_type, is_basic
from gradscribe.ir.primitives import Primitive, of
from gradscribe.ir.types import Array, Scalar, Unknown, foreign_in, is_scalar
from gradscribe.passes.clean import clean

FULL_LIKE, ZEROS_LIKE, ADD = of(np.full_like), of(np.zeros_like), of(operator.add)
INDEX_ADD, SETITEM, LIKE = of(helpers.index_add), of(helpers.setitem), of(helpers.like)
SUM, GETITEM, ASTYPE = of(np.sum), of(operator.getitem), of(np.ndarray.astype)

_HANDED_OVER = type(np.sum)  # the class of NumPy's functions that ask ``__array_function__``

# Helpers, copied into the text, that ask nothing of arrays, or what other libraries answer.
_NEUTRAL = {
    f.__name__
    for f in (
        helpers.append, helpers.without, helpers.inserted, helpers.joined, helpers.repeated,
        helpers.copy_list, helpers.as_tuple, helpers.entries, helpers.bounds, helpers.ordered,
        helpers.stop_gradient, helpers.checkpoint, helpers.add_trees, helpers.add_entry,
        helpers.own, helpers.as_long, helpers.by_place, helpers.check_finite, helpers.expand,
        transposes.matmul_left, transposes.matmul_right, transposes.dot_left, transposes.dot_right,
        transposes.diff_adjoint, transposes.tile_adjoint, transposes.pad_adjoint,
        transposes.reshape_like, transposes.untransposed, transposes.split_like,
        transposes.stacked_like, transposes.joined_like, transposes.unstack,
    )
}  # fmt: skip

_WRITES = "a write to an array is not followed where arguments are arrays of another library"
_WRITES_HINT = "make a new array of it: np.where(…), np.concatenate(…), x = x + y"
_CONVERT_HINT = "pass NumPy arrays: np.asarray(x)"


def reads_foreign(functions: Iterable[Function]) -> bool:
    """Are there arrays of another library among the arguments, or the globals that are read?"""
    return any(
        foreign_in(*(param.type for param in function.body.params))
        or any(
            isinstance(arg, Const) and foreign_in(type_of_operand(arg))
            for op in operations_of(function)
            for arg in op.args
        )
        for function in functions
    )


def refuse_writes(primal: Function) -> Function:
    """The primal, unless it writes to arrays and some are of another library."""
    if reads_foreign([primal]):
        for op in operations_of(primal):
            place = op.prim.mutates
            if place is None or op.derived:
                continue
            kind = type_of_operand(op.args[place])
            if isinstance(kind, Unknown | Array):
                raise UnsupportedError(_WRITES, op.span, _WRITES_HINT)
    return primal


def operations_of(function: Function) -> Iterator[Op]:
    """The operations of a function and of all that it calls."""
    seen, work = {id(function)}, [function]
    while work:
        for op in walk(work.pop().body):
            yield op
            callee = op.attrs.callee
            if callee is not None and id(callee) not in seen:
                seen.add(id(callee))
                work.append(callee)


def dispatching(function: Function) -> None:
    """Rewrite a function for arrays of another library, in place."""
    _rewrite(function.body)
    clean(function)


def refuse_helpers(functions: Iterable[Function], names: Iterable[str]) -> None:
    """Refuse helpers that the text of functions carries along and that make NumPy arrays."""
    for name in names:
        if name not in _NEUTRAL:
            made = (op for function in functions for op in operations_of(function))
            helper = next((op for op in made if _name(op) == name), None)
            _refuse(helper)


def _name(op: Op) -> str | None:
    return getattr(op.prim.function, "__name__", None)


def _refuse(op: Op | None) -> NoReturn:
    raise UnsupportedError(
        "the derivative of this is written for NumPy arrays only, and is given another library's",
        op.span if op is not None else None,
        _CONVERT_HINT,
    )


def _rewrite(region: Region) -> None:
    ops: list[Op] = []
    for op in region.ops:
        for inner in op.regions:
            _rewrite(inner)
        if _makes_numpy(op):
            _refuse(op)
        if op.prim is FULL_LIKE and not _is_number(op.args[1]):
            _fill(op, ops)
        elif op.prim in (INDEX_ADD, SETITEM) and isinstance(type_of_operand(op.args[0]), Array):
            _write_at(op, ops)
        elif op.prim is LIKE and _is_one(op):
            op.prim, op.args = SUM, complete(SUM, op.args[:1])
        ops.append(op)
    region.ops = ops


def _makes_numpy(op: Op) -> bool:
    """Does an operation make a NumPy array of whatever array it is given?"""
    function = op.prim.function
    module = getattr(function, "__module__", None) or ""
    if module.split(".")[0] not in ("numpy", "scipy"):
        return False
    if isinstance(function, np.ufunc | _HANDED_OVER):
        return False
    return any(isinstance(arg, Value) and isinstance(arg.type, Array | Unknown) for arg in op.args)


def _is_number(operand: Operand) -> bool:
    return isinstance(operand, Const) and operand.name is None


def _emit(op: Op, ops: list[Op], prim: Primitive, *args: Any) -> Value:
    """The result of an operation that comes before ``op``."""
    operands = complete(prim, args)
    value = Value(op.results[0].hint, prim.result_type(operands))
    ops.append(Op(prim, operands, (value,), (), None, op.span, op.statement, True, op.sweep))
    return value


def _fill(op: Op, ops: list[Op]) -> None:
    """An array filled with what is no literal is the sum of zeros and that."""
    like, value, *_ = op.args
    zeros = _emit(op, ops, ZEROS_LIKE, like)
    kind = op.results[0].type
    operands = zeros, value
    total = ADD.result_type(operands)
    if isinstance(kind, Array) and kind.dtype is not None and _dtype(total) != kind.dtype:
        operands, op.prim = (_emit(op, ops, ADD, *operands), Const(kind.dtype)), ASTYPE
        op.args = complete(ASTYPE, operands)
        return
    op.prim, op.args = ADD, operands


def _dtype(kind: Any) -> Any:
    return getattr(kind, "dtype", None)


def _is_one(op: Op) -> bool:
    """Is a cotangent summed up to that of one number, of the dtype that it has?"""
    total = SUM.result_type(complete(SUM, op.args[:1]))
    return is_scalar(type_of_operand(op.args[1])) and _dtype(total) == _dtype(op.results[0].type)


def _write_at(op: Op, ops: list[Op]) -> None:
    """Write, or add, without new axes; an index that may name an entry twice is refused."""
    base, index, value = op.args
    target = type_of_operand(base)
    assert isinstance(target, Array)
    place = index.type if isinstance(index, Value) else index.value
    if not is_basic(place):
        _refuse(op)
    parts = _parts(index, ops)
    if parts is None or not _has(parts, None):
        return
    kind, whole = type_of_operand(value), index_type(target, place)
    if isinstance(kind, Array) and kind.dims != ():
        if _rank(kind) is None or _rank(kind) != _rank(whole) or _has(parts, Ellipsis):
            _refuse(op)
        # What is one place in the index is no axis of what is written there.
        axes = [part for part in parts if not isinstance(type_of_operand(part), Scalar)]
        taken = tuple(0 if _is_literal(part, None) else slice(None) for part in axes)
        value = _emit(op, ops, GETITEM, value, Const(taken))
    kept = [part for part in parts if not _is_literal(part, None)]
    op.args = base, _tuple(op, ops, kept), value


def _parts(index: Operand, ops: list[Op]) -> list[Operand] | None:
    """The entries of an index that is a tuple."""
    if isinstance(index, Const):
        return list(map(Const, index.value)) if isinstance(index.value, tuple) else None
    made = next((op for op in ops if index in op.results), None)
    return list(made.args) if made is not None and made.prim.function is tuple else None


def _tuple(op: Op, ops: list[Op], parts: list[Operand]) -> Operand:
    if len(parts) == 1:
        return parts[0]
    if all(isinstance(part, Const) for part in parts):
        return Const(tuple(part.value for part in parts if isinstance(part, Const)))
    return _emit(op, ops, of(tuple), *parts)


def _rank(kind: Any) -> int | None:
    dims = getattr(kind, "dims", None)
    return None if dims is None else len(dims)


def _has(parts: list[Operand], value: Any) -> bool:
    return any(_is_literal(part, value) for part in parts)


def _is_literal(part: Operand, value: Any) -> bool:
    return isinstance(part, Const) and part.value is value
