"""Ask shapes of what is there anyway, and undo what undoes itself.

Before::                                After::

    %t = mul(y, l)                          %n = .size(y)
    %n = np.size(%t)                        %b = matmul(x, v)
    %a = .T(%x)
    %b = matmul(.T(%a), v)

A length read off an elementwise result is read off the operand of that shape, so that the result
need not be computed; zeros and ones are shaped after such an operand too.
"""

from __future__ import annotations

import operator

import numpy as np

from gradscribe.ir import trees
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value
from gradscribe.ir.facts.methods import ATTRIBUTES
from gradscribe.ir.primitives import of
from gradscribe.ir.rewrite import substitute
from gradscribe.ir.types import Array, Dim, Sequence, dims_of, dtype_of, is_array, not_one

SIZE, SHAPE, NDIM, TRANSPOSED = (of(ATTRIBUTES[n]) for n in ("size", "shape", "ndim", "T"))
_OWN_INVERSE = {TRANSPOSED, of(reversed)}
_ATTRIBUTE_OF = {of(np.size): SIZE, of(np.shape): SHAPE, of(np.ndim): NDIM}
_ASK_SHAPE = {SIZE, SHAPE, NDIM, *_ATTRIBUTE_OF}
_ASK_DTYPE = {of(np.zeros_like), of(np.ones_like), of(np.full_like)}


def ask_shapes(function: Function) -> Function:
    """Redirect questions about shapes, in place."""
    origin: dict[Value, Op] = {}
    mapping: dict[Value, Operand] = {}
    params = [p for p in function.body.params if is_array(p.type)]
    _region(function.body, origin, mapping, params)
    substitute(function.body, mapping)
    return function


def _region(
    region: Region, origin: dict[Value, Op], mapping: dict[Value, Operand], params: list[Value]
) -> None:
    for op in region.ops:
        for inner in op.regions:
            _region(inner, origin, mapping, params)
        for result in op.results:
            origin[result] = op
        prim = op.prim
        if prim in _ASK_SHAPE or (prim in _ASK_DTYPE and op.derived):
            source = _source(op.args[0], origin, params, dtype=prim in _ASK_DTYPE)
            op.args = (source, *op.args[1:])
            if (prim in _ATTRIBUTE_OF and len(op.args) == 1) or _plain_size(op):
                _as_attribute(op)
        elif prim in (trees.GETITEM, trees.GETATTR):
            entry = _entry(op, origin)
            if entry is not None:
                mapping[op.results[0]] = entry
        elif prim.function is tuple:
            whole = _whole(op, origin)
            if whole is not None:
                mapping[op.results[0]] = whole
        elif prim in _OWN_INVERSE and isinstance(op.args[0], Value):
            inner_op = origin.get(op.args[0])
            if inner_op is not None and inner_op.prim is prim:
                mapping[op.results[0]] = inner_op.args[0]


def _entry(op: Op, origin: dict[Value, Op]) -> Operand | None:
    """What ``(a, b)[k]`` is."""
    found = trees.part_read(op)
    made = origin.get(found[0]) if found is not None and isinstance(found[0], Value) else None
    parts = trees.displayed(made) if made is not None else None
    return None if parts is None or found is None else parts[found[1]]


def _whole(op: Op, origin: dict[Value, Op]) -> Value | None:
    """The result t of another operation, for ``(t[0], t[1])`` where t has two entries."""
    bases: set[Operand] = set()
    for place, arg in enumerate(op.args):
        made = origin.get(arg) if isinstance(arg, Value) else None
        if made is None or made.prim.function is not operator.getitem:
            return None
        source, index = made.args
        if not isinstance(index, Const) or index.value != place:
            return None
        bases.add(source)
    base = bases.pop() if len(bases) == 1 else None
    if not isinstance(base, Value) or base not in origin or not isinstance(base.type, Sequence):
        return None
    whole = base.type.kind == "tuple" and len(base.type.items or ()) == len(op.args)
    prim = origin[base].prim
    return base if whole and prim.storage == "fresh" and not prim.cheap else None


def _plain_size(op: Op) -> bool:
    """``np.size(x)`` of all axes."""
    return op.prim in _ATTRIBUTE_OF and all(getattr(a, "value", a) is None for a in op.args[1:])


def _as_attribute(op: Op) -> None:
    if op.derived and is_array(type_of_operand(op.args[0])):
        op.prim, op.args = _ATTRIBUTE_OF[op.prim], op.args[:1]


def _source(operand: Operand, origin: dict[Value, Op], params: list[Value], dtype: bool) -> Operand:
    """An operand of the same shape (and dtype) that takes less computing."""
    while isinstance(operand, Value) and operand in origin and not operand.named:
        op = origin[operand]
        if not op.prim.elementwise:
            break
        same = next((a for a in op.args if _alike(a, operand, dtype)), None)
        if same is None:
            break
        operand = same
    if dtype and isinstance(operand, Value) and operand in origin:
        return next((p for p in params if p.type == operand.type), operand)
    return operand


def _alike(a: Operand, b: Operand, dtype: bool) -> bool:
    x, y = type_of_operand(a), type_of_operand(b)
    if not isinstance(x, Array) or (dtype and dtype_of(x) != dtype_of(y)):
        return False
    return _same(dims_of(x), dims_of(y))


def _same(p: tuple[Dim, ...] | None, q: tuple[Dim, ...] | None) -> bool:
    if p is None or q is None or len(p) != len(q):
        return False
    return all(
        (a == b and a is not None) or (not_one(a) and not_one(b)) for a, b in zip(p, q, strict=True)
    )
