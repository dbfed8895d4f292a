"""Which exceptions an operation may raise.

Of operations on numbers and arrays whose types are known it is certain that they raise no
*structural* exception: none that a program raises because it is put together wrongly, rather than
because a number lies outside a domain. Nor do they raise what only statements of a program do: the
exceptions that it defines. ``ir/unfit`` says which raise a ``ValueError``.
"""

from __future__ import annotations

import ast
import builtins
import operator
from typing import Any

import numpy as np

from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Op, Operand, Region, walk
from gradscribe.ir.primitives import CALL, FOR, IF, OPAQUE, UNPACK, WHILE
from gradscribe.ir.types import (
    Array,
    Mapping,
    Range,
    Scalar,
    Sequence,
    Slice,
    Static,
    Type,
    dtype_of,
    is_scalar,
)
from gradscribe.ir.unfit import is_decisive, may_be_unfit

STRUCTURAL = (NameError, AttributeError, TypeError, ImportError)
# … and what only ``raise``, ``assert``, dicts and what is not understood raise.
_OF_STATEMENTS = (AssertionError, KeyError, StopIteration)

Kinds = tuple[type[BaseException], ...]


def is_foreseen(kind: type[BaseException]) -> bool:
    """Is it known of operations on numbers and arrays whether they raise this?"""
    if issubclass(kind, (*STRUCTURAL, *_OF_STATEMENTS)) or kind is ValueError:
        return True
    own = kind.__module__.split(".")[0] not in ("builtins", "numpy", "scipy")
    return own and all(base in _PLAIN for base in kind.__mro__ if base.__module__ == "builtins")


_PLAIN = (Exception, BaseException, object, *STRUCTURAL, *_OF_STATEMENTS, ValueError, LookupError)


def may_raise_any(region: Region, kinds: Kinds) -> bool:
    """May an operation of this region raise one of these exceptions, all of them foreseen?

    Which names there are is known while a program is read, so what is not understood raises no
    ``NameError``.
    """
    return any(_may_raise(op, kinds) for op in walk(region))


def may_raise_one(op: Op, kinds: Kinds) -> bool:
    """May an operation, or one within it, raise one of these exceptions?"""
    return _may_raise(op, kinds) or any(may_raise_any(inner, kinds) for inner in op.regions)


def _may_raise(op: Op, kinds: Kinds) -> bool:
    template = op.attrs.template
    if op.prim is OPAQUE and isinstance(template, ast.Raise):
        return _may_be_one(_raised(op, template), kinds)
    if all(issubclass(kind, NameError) for kind in kinds):
        return False
    values = ValueError in kinds
    if op.prim is UNPACK:
        return values and not _has_length(op)
    if op.prim is IF:
        return values and not is_decisive(op.args[0])
    if op.prim is WHILE:
        return values and not is_decisive(op.regions[0].yields[0])
    if op.prim is FOR:
        return not all(is_walked(type_of_operand(a)) for a in op.args[: op.attrs.seqs])
    if op.prim is CALL or op.prim.function is None:
        return True
    if _reads_dict(op) and any(issubclass(KeyError, kind) for kind in kinds):
        return True
    return _is_ill_typed(op) or (values and may_be_unfit(op))


def _reads_dict(op: Op) -> bool:
    """Does it ask a dict for a key that it may not have?"""
    reads = op.prim.function in (operator.getitem, helpers.without)
    return reads and isinstance(type_of_operand(op.args[0]), Mapping)


def _has_length(op: Op) -> bool:
    """Does what is unpacked certainly have as many entries as there are names?"""
    kind = type_of_operand(op.args[0])
    return isinstance(kind, Sequence) and kind.items is not None


def _may_be_one(kind: type[BaseException] | None, kinds: Kinds) -> bool:
    return kind is None or any(issubclass(kind, k) or issubclass(k, kind) for k in kinds)


def _raised(op: Op, template: ast.Raise) -> type[BaseException] | None:
    """The class of what a ``raise`` raises, where it stands there."""
    found: object = template.exc.func if isinstance(template.exc, ast.Call) else template.exc
    if isinstance(found, ast.Name) and found.id.startswith("_"):
        operand = op.args[int(found.id[1:])] if found.id[1:].isdigit() else None
        found = operand.value if isinstance(operand, Const) else None
    elif isinstance(found, ast.Name):
        found = getattr(builtins, found.id, None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else None


def is_walked(kind: Type) -> bool:
    return isinstance(kind, Range | Sequence) or (isinstance(kind, Array) and bool(kind.dims))


# ---------------------------------------------------------------------------- types that fit

_OF_ANYTHING = {
    operator.is_, operator.is_not, operator.eq, operator.ne, operator.not_, tuple, list, slice,
    helpers.append, helpers.copy_list,
}  # fmt: skip
_OF_NUMBERS = {abs, float, int, bool, round, pow, divmod, range}
_OF_ONE_NUMBER = {float, int, bool, round, range}
_OF_BITS = {
    operator.invert, operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift,
    operator.iand, operator.ior, operator.ixor,
    np.invert, np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift,
}  # fmt: skip
_NOT_OF_BOOLS = {operator.sub, operator.neg, operator.pos, np.subtract, np.negative, np.positive}
_IN_PLACE = {
    operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow, operator.imod,
    operator.ifloordiv, operator.imatmul,
}  # fmt: skip


def _is_ill_typed(op: Op) -> bool:
    """May the operands of an operation be such that it raises a structural exception?"""
    function, prim = op.prim.function, op.prim
    if function in _OF_ANYTHING:
        return False
    if function is operator.getitem:
        return not _can_be_read(type_of_operand(op.args[0]), op.args[1])
    if function in (helpers.setitem, helpers.index_add):
        return not _can_be_written(function is helpers.index_add, *op.args)
    if function is len:
        return not is_walked(type_of_operand(op.args[0]))
    if not prim.elementwise and not _is_of_numbers(function):
        return True
    names = [*prim.params, *prim.params[-1:] * (len(op.args) - len(prim.params))]
    kinds = [
        type_of_operand(arg)
        for name, arg in zip(names, op.args, strict=True)
        if name not in prim.static or not isinstance(arg, Const)
    ]
    ranked = not prim.elementwise or op.attrs.form == "method"
    if not all(_is_numeric(kind, ranked) for kind in kinds):
        return True
    alone = function in _OF_ONE_NUMBER or getattr(function, "__module__", None) == "math"
    if alone and not all(map(is_scalar, kinds)):
        return True
    dtypes = [dtype_of(kind) for kind in kinds if isinstance(kind, Scalar | Array)]
    if function in _OF_BITS:
        return any(d is None or d.kind not in "iub" for d in dtypes)
    if function in _NOT_OF_BOOLS:
        return any(d is None or d.kind == "b" for d in dtypes)
    return function in _IN_PLACE and (len(dtypes) < 2 or not _fits(dtypes[0], dtypes[1]))


def _is_of_numbers(function: Any) -> bool:
    """Is this a function that takes numbers, and arrays of them wherever it takes arrays?"""
    module = getattr(function, "__module__", None) or "numpy"
    return module.split(".")[0] in ("numpy", "math", "_operator") or function in _OF_NUMBERS


def _is_numeric(kind: Type, ranked: bool = True) -> bool:
    """Is this a real number, an array of them, or a container of such?

    ``ranked``: what may be a number or an array is neither.
    """
    if isinstance(kind, Sequence):
        parts = kind.items if kind.items is not None else (kind.element,)
        return all(part is not None and _is_numeric(part) for part in parts)
    if isinstance(kind, Array):
        known = kind.dims is not None or not ranked
        return known and (kind.dtype is None or kind.dtype.kind in "fiub")
    return isinstance(kind, Scalar) and kind.dtype.kind in "fiub"


def _can_be_read(kind: Type, index: Operand) -> bool:
    if isinstance(kind, Array):
        return _is_numeric(kind) and _is_index(index)
    place = type_of_operand(index)
    if isinstance(kind, Sequence):
        return isinstance(place, Slice) or (isinstance(place, Scalar) and place.dtype.kind in "iub")
    empty = isinstance(index, Const) and index.fixed and index.value == ()
    return isinstance(kind, Scalar) and not kind.weak and empty


def _can_be_written(adds: bool, base: Operand, index: Operand, value: Operand) -> bool:
    kind, written = type_of_operand(base), type_of_operand(value)
    if isinstance(kind, Sequence) and not adds:
        place = type_of_operand(index)
        return kind.kind == "list" and isinstance(place, Scalar) and place.dtype.kind in "iub"
    if not isinstance(kind, Array) or not kind.dims or not _is_index(index):
        return False
    if not _is_numeric(written) or kind.dtype is None or kind.dtype.kind not in "fiub":
        return False
    return not adds or _fits(kind.dtype, dtype_of(written))


def _is_index(index: Operand) -> bool:
    kind = type_of_operand(index)
    parts = kind.items if isinstance(kind, Sequence) and kind.kind == "tuple" else (kind,)
    return parts is not None and all(map(_is_place, parts))


def _is_place(kind: Type) -> bool:
    if isinstance(kind, Scalar | Array):
        dtype = dtype_of(kind)
        return dtype is not None and dtype.kind in "iub"
    return isinstance(kind, Slice) or (
        isinstance(kind, Static) and (kind.value is None or kind.value is Ellipsis)
    )


def _fits(into: np.dtype[Any] | None, dtype: np.dtype[Any] | None) -> bool:
    return into is not None and dtype is not None and np.can_cast(dtype, into, "same_kind")
