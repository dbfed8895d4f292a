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

from gradscribe.ir import helpers, trees
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value
from gradscribe.ir.facts.methods import ATTRIBUTES
from gradscribe.ir.primitives import of
from gradscribe.ir.rewrite import substitute
from gradscribe.ir.types import (
    Array,
    Dim,
    Sequence,
    dims_of,
    dtype_of,
    has_known_shape,
    is_array,
    is_scalar,
    not_one,
)

SIZE, SHAPE, NDIM, TRANSPOSED = (of(ATTRIBUTES[n]) for n in ("size", "shape", "ndim", "T"))
_OWN_INVERSE = {TRANSPOSED, of(reversed)}
_ATTRIBUTE_OF = {of(np.size): SIZE, of(np.shape): SHAPE, of(np.ndim): NDIM}
_ASK_SHAPE = {SIZE, SHAPE, NDIM, *_ATTRIBUTE_OF}
_COPIES = {of(np.ndarray.copy), of(np.copy)}
_OF_ITS_SHAPE = {of(np.zeros_like), of(np.ones_like), of(helpers.zeros_like)}
LIKE, GETITEM, LIST = of(helpers.like), of(operator.getitem), of(list)
MATMUL, OUTER, NEG = of(operator.matmul), of(np.outer), of(operator.neg)
_ASK_DTYPE = {of(np.zeros_like), of(np.ones_like), of(np.full_like)}


def ask_shapes(function: Function) -> Function:
    """Redirect questions about shapes, in place."""
    origin: dict[Value, Op] = {}
    mapping: dict[Value, Operand] = {}
    params = [p for p in function.sure_params if is_array(p.type)]
    _region(function.body, origin, mapping, params)
    substitute(function.body, mapping)
    return function


def _region(
    region: Region, origin: dict[Value, Op], mapping: dict[Value, Operand], params: list[Value]
) -> None:
    new: list[Op] = []
    for op in region.ops:
        for inner in op.regions:
            _region(inner, origin, mapping, params)
        for result in op.results:
            origin[result] = op
        prim = op.prim
        if prim is LIKE:
            op.args = (op.args[0], _source(op.args[1], origin, params, dtype=True))
        elif prim in _ASK_SHAPE or (prim in _ASK_DTYPE and op.derived):
            source = _source(op.args[0], origin, params, dtype=prim in _ASK_DTYPE)
            op.args = (source, *op.args[1:])
            if (prim in _ATTRIBUTE_OF and len(op.args) == 1) or _plain_size(op):
                _as_attribute(op)
            if op.prim is SIZE and op.derived and source in origin:
                _read_off(op, origin[source], params, new)
        elif prim in (trees.GETITEM, trees.GETATTR):
            entry = _entry(op, origin)
            if entry is not None:
                mapping[op.results[0]] = entry
                if isinstance(entry, Value) and not entry.hint:
                    entry.hint = op.results[0].hint
        elif prim.function is tuple:
            whole = _whole(op, origin)
            if whole is not None:
                mapping[op.results[0]] = whole
        elif prim in _OWN_INVERSE and isinstance(op.args[0], Value):
            inner_op = origin.get(op.args[0])
            if inner_op is not None and inner_op.prim is prim:
                mapping[op.results[0]] = inner_op.args[0]
            elif inner_op is not None and op.derived and inner_op.derived:
                _transpose(op, inner_op, origin, new)
        new.append(op)
    region.ops = new


def _transpose(op: Op, inner: Op, origin: dict[Value, Op], new: list[Op]) -> None:
    """``(a.T @ b).T`` as ``b.T @ a``, and ``(-np.outer(a, b)).T`` as ``-np.outer(b, a)``."""
    if inner.prim is MATMUL:
        _transpose_product(op, inner, origin, new)
        return
    minus = False
    made: Op | None = inner
    while made is not None and made.prim is NEG and made.derived:
        minus = not minus
        made = origin.get(made.args[0]) if isinstance(made.args[0], Value) else None
    if made is None or made.prim is not OUTER or not made.derived:
        return
    a, b, *rest = made.args
    if not minus:
        op.prim, op.args = OUTER, (b, a, *rest)
        return
    turned = Value("", op.results[0].type)
    whence = (op.span, op.statement, True, op.sweep)
    new.append(Op(OUTER, (b, a, *rest), (turned,), (), None, *whence))
    origin[turned] = new[-1]
    op.prim, op.args = NEG, (turned,)


def _transpose_product(op: Op, product: Op, origin: dict[Value, Op], new: list[Op]) -> None:
    """``(a.T @ b).T`` as ``b.T @ a``: of matrices, with one turn less."""
    args = [origin.get(a) if isinstance(a, Value) else None for a in product.args]
    if not any(a is not None and a.prim is TRANSPOSED for a in args):
        return
    if any(len(dims_of(type_of_operand(a)) or ()) != 2 for a in product.args):
        return
    turned: list[Operand] = []
    for operand, made in zip(reversed(product.args), reversed(args), strict=True):
        if made is not None and made.prim is TRANSPOSED:
            turned.append(made.args[0])
            continue
        value = Value("", TRANSPOSED.result_type((operand,)))
        new.append(
            Op(TRANSPOSED, (operand,), (value,), (), None, op.span, op.statement, True, op.sweep)
        )
        turned.append(value)
    op.prim, op.args = MATMUL, tuple(turned)


def _read_off(op: Op, source: Op, params: list[Value], new: list[Op]) -> None:
    """The length of a vector that a sum leaves, off a parameter that is as long: ``x.shape[0]``."""
    kind = type_of_operand(op.args[0])
    if source.prim.elementwise or not isinstance(kind, Array) or len(kind.dims or ()) != 1:
        return
    (dim,) = kind.dims or ()
    for param in params:
        dims = dims_of(param.type) or ()
        if dim is not None and dim in dims:
            shape = Value("", SHAPE.result_type((param,)))
            made = Op(SHAPE, (param,), (shape,), (), None, op.span, op.statement, True, op.sweep)
            new.append(made)
            op.prim, op.args = GETITEM, (shape, Const(dims.index(dim)))
            return


def _entry(op: Op, origin: dict[Value, Op]) -> Operand | None:
    """What ``(a, b)[k]`` is; and ``[a, b][k]`` that the user did not write."""
    base, key = op.args[:2]
    if op.derived and op.prim is GETITEM and isinstance(base, Value) and isinstance(key, Const):
        listed = origin.get(base)
        if listed is not None and listed.prim is LIST and type(key.value) is int:
            return listed.args[key.value]
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
    while isinstance(operand, Value) and operand in origin:
        op = origin[operand]
        if op.prim in _COPIES and (not operand.named or op.args[0] in params):
            operand = op.args[0]
            continue
        if op.prim in _OF_ITS_SHAPE and not dtype and not operand.named:
            operand = op.args[0]
            continue
        if operand.named or not op.prim.elementwise:
            break
        arrays = [a for a in op.args if not is_scalar(type_of_operand(a))]
        same = next((a for a in arrays if _alike(a, operand, dtype)), None)
        if same is None and len(arrays) == 1 and is_array(type_of_operand(arrays[0])):
            same = arrays[0] if not dtype or _same_dtype(arrays[0], operand) else None
        if same is None or (dtype and not _is_sure(same, origin)):
            break
        operand = same
    if dtype and isinstance(operand, Value) and operand in origin and has_known_shape(operand.type):
        return next((p for p in params if p.type == operand.type), operand)
    return operand


def _is_sure(operand: Operand, origin: dict[Value, Op]) -> bool:
    """Is the dtype what its type says? A number of Python's that may be an int is called a float.

    So an array of integers times such a number may be one of integers.
    """
    op = origin.get(operand) if isinstance(operand, Value) else None
    if op is None or not op.prim.elementwise or op.prim.function is operator.truediv:
        return True
    kinds = [type_of_operand(arg) for arg in op.args]
    arrays = [a for a, kind in zip(op.args, kinds, strict=True) if not is_scalar(kind)]
    floats = [
        a for a in arrays if dtype_of(type_of_operand(a)) == dtype_of(type_of_operand(operand))
    ]
    return len(arrays) == 0 or any(_is_sure(a, origin) for a in floats)


def _same_dtype(a: Operand, b: Operand) -> bool:
    found = dtype_of(type_of_operand(a))
    return found is not None and found == dtype_of(type_of_operand(b))


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
