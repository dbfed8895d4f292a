"""Writing into arrays: items, ``out=``, and the functions that change an argument.

A call with ``out`` is the call without it and an assignment, and so are the calls that
``assignments`` lists::

    np.add(x, y, out=z[1:])         z[1:][...] = np.add(x, y)
    np.copyto(z, x)                 z[...] = x
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Sequence
from typing import Any

import gast
import numpy as np

from gradscribe.frontend import assignments
from gradscribe.frontend.frame import GETITEM, SETITEM, Frame
from gradscribe.frontend.heap import Bound, Ref, TupleOf
from gradscribe.frontend.raising import certainly
from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.facts.indexing import is_basic, lists_once
from gradscribe.ir.primitives import BY_FUNCTION, Primitive, of
from gradscribe.ir.transposes import is_whole as _is_whole
from gradscribe.ir.types import (
    TEXT,
    Array,
    Scalar,
    Type,
    Unknown,
    class_name,
    dims_of,
    dtype_of,
    not_one,
)
from gradscribe.ir.types import Sequence as SequenceType

INDEX_ADD, SHAPE = of(helpers.index_add), of(np.shape)

Keywords = dict[str, Bound]


# ---------------------------------------------------------------------------- items


def set_item(frame: Frame, node: Any, base: Bound, place: Operand, value: Operand) -> None:
    """``base[place] = value``."""
    _check_keys(frame, node, base, place)
    if not isinstance(base, Ref):
        message = "item assignment needs an array or a list that is local to the function"
        hint = "copy it first: x = x.copy()"
        kind = frame.type(base)
        if isinstance(kind, Scalar):
            said = f"{class_name(kind)!r} object does not support item assignment"
            raise certainly(frame, TypeError, said, node, message, hint)
        frame.refuse(node, message, hint)
    while base.path:
        within = _within(frame, base, place)
        if within is None:
            break
        base, place = Ref(base.loc, base.path[:-1]), within
    if is_whole(place) and isinstance(value, Value) and _takes_the_place(frame, base, value):
        value.type = frame.type(base)  # of the same lengths, or NumPy raises
        frame.write(base, value, node)
        frame.name(base, base.loc.name)
        return
    frame.write(base, frame.emit(SETITEM, frame.look(base), place, value), node)


def _check_keys(frame: Frame, node: Any, base: Bound, place: Operand) -> None:
    """Refuse to write to an entry of something unknown which is no array: it has a key of text."""
    text = type_of_operand(place) == TEXT or (
        isinstance(place, Const) and isinstance(place.value, str)
    )
    if text and isinstance(frame.type(base), Unknown):
        frame.refuse(
            node,
            "an entry of something that is not understood is assigned here",
            "use a dict: d[key] = d.get(key, 0.0) + …",
        )


def _takes_the_place(frame: Frame, base: Ref, value: Value) -> bool:
    """Is a value that was just computed what a whole array becomes, in its shape and dtype?"""
    kind = type_of_operand(frame.look(base))
    op = frame.builder.made.get(value)
    return (
        op is not None
        and not value.named
        and op.prim.function is not None
        and op.prim.storage == "fresh"
        and op.prim.mutates is None
        and isinstance(kind, Array)
        and isinstance(type_of_operand(value), Array)
        and dtype_of(kind) == dtype_of(type_of_operand(value))
        and kind.dtype is not None
        and _same_shape(kind, type_of_operand(value))
    )


def _same_shape(a: Type, b: Type) -> bool:
    """Do arrays of these types certainly have one shape, where one is assigned to the other?"""
    x, y = dims_of(a), dims_of(b)
    if x is None or y is None or len(x) != len(y):
        return False
    pairs = zip(x, y, strict=True)
    return all((p == q and p is not None) or (not_one(p) and not_one(q)) for p, q in pairs)


def is_whole(place: Operand) -> bool:
    """Is this the index of everything: ``...`` or ``:``?"""
    return isinstance(place, Const) and place.name is None and _is_whole(place.value)


def _within(frame: Frame, view: Ref, place: Operand) -> Operand | None:
    """``place`` of the view ``x[index]`` as an index of x itself, where it is simply one."""
    step = view.path[-1]
    whole = Ref(view.loc, view.path[:-1])
    if step.prim is not GETITEM or not step.certain or not isinstance(frame.type(whole), Array):
        return None
    (index,) = step.args
    if is_whole(place):
        return index
    first, then = (_parts(frame, part) for part in (index, place))
    if first is None or then is None or not is_basic(type_of_operand(place)):
        return None
    if any(not isinstance(type_of_operand(part), Scalar) for part in first):
        return None
    return frame.emit(of(tuple), *first, *then)


def _parts(frame: Frame, index: Operand) -> list[Operand] | None:
    """The entries of an index."""
    if isinstance(index, Const):
        parts = index.value if isinstance(index.value, tuple) else (index.value,)
        return [Const(part) for part in parts]
    if not isinstance(index.type, SequenceType):
        return [index]
    op = frame.builder.made.get(index)
    return list(op.args) if op is not None and op.prim.function is tuple else None


def augment_item(
    frame: Frame,
    node: Any,
    base: Bound,
    place: Operand,
    before: Operand,
    function: Any,
    value: Operand,
) -> None:
    """``base[place] += value``: accumulated at basic indices; else read, changed and written.

    ``before`` is what the base was when ``base[place]`` was read, before the value was computed.
    """
    _check_keys(frame, node, base, place)
    old = frame.look(base)
    kind = type_of_operand(old)
    basic = is_basic(place.type if isinstance(place, Value) else place.value)
    element = GETITEM.result_type((old, place))
    if basic and isinstance(element, Array) and element.dims != ():
        before = old  # a view: what was written meanwhile is seen through it
    if (
        function in (operator.add, operator.sub)
        and basic
        and isinstance(base, Ref)
        and before is old
        and isinstance(element, Scalar | Array | Unknown)
        and isinstance(kind, Array | Unknown)
    ):
        if function is operator.sub:
            value = frame.emit(of(operator.neg), value)
        frame.write(base, frame.emit(INDEX_ADD, old, place, value), node)
        return
    item = frame.emit(GETITEM, before, place)
    set_item(frame, node, base, place, frame.emit(of(function), item, value))


# ---------------------------------------------------------------------------- ``out``


def take_out(
    frame: Frame, node: Any, prim: Primitive, positional: Sequence[Bound], keywords: Keywords
) -> tuple[Ref, list[Bound], Keywords] | None:
    """The array that a call writes its result to, and the call's other arguments."""
    place = _place_of_out(prim.function)
    given = list(positional)
    keywords = dict(keywords)
    if place is not None and len(given) == place + 1:
        target = given.pop()
    elif "out" in keywords:
        target = keywords.pop("out")
    else:
        return None
    if isinstance(target, TupleOf) and len(target.items) == 1:
        (target,) = target.items
    if isinstance(target, Const) and target.value is None:
        return None
    if not isinstance(target, Ref) or not isinstance(frame.type(target), Array):
        frame.refuse(
            node,
            f"the out argument of {prim.name} is not an array that is followed here",
            "make the array in the function: z = np.empty(…)",
        )
    for name in ("casting", "subok"):
        keywords.pop(name, None)
    return target, given, keywords


def put_where(
    frame: Frame,
    node: Any,
    prim: Primitive,
    target: Ref,
    given: Sequence[Bound],
    keywords: Keywords,
) -> Bound | None:
    """``ufunc(x, out=z, where=mask)``, which is ``z[mask] = ufunc(x[mask])`` broadcast to z."""
    from gradscribe.frontend.application import apply

    mask = frame.read(keywords.pop("where"))
    if not isinstance(prim.function, np.ufunc) or keywords:
        frame.refuse(
            node,
            f"{prim.name} with out and where is not supported with these arguments",
            "write where the mask is true: z[mask] = f(x[mask])",
        )
    if isinstance(mask, Const) and mask.value is True:
        value = apply(frame, node, prim, given, {})
        return None if value is None else put_out(frame, node, prim, target, value)
    kind = frame.type(target)

    def spread(operand: Operand) -> Operand:
        if _same_shape(kind, type_of_operand(operand)):
            return operand
        return frame.emit(of(np.broadcast_to), operand, frame.emit(SHAPE, frame.read(target)))

    mask = spread(mask)
    operands = [frame.read(bound) for bound in given]
    entries: list[Bound] = [
        (
            x
            if isinstance(type_of_operand(x), Scalar)
            else frame.wrap(frame.emit(GETITEM, spread(x), mask))
        )
        for x in operands
    ]
    value = apply(frame, node, prim, entries, {})
    if value is None:
        return None
    set_item(frame, node, target, mask, frame.read(value))
    return target


def _place_of_out(function: Any) -> int | None:
    """The position at which a function takes ``out``."""
    if isinstance(function, np.ufunc):
        return function.nin
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = _SIGNATURES.get(function, [])
    return names.index("out") if "out" in names else None


_SIGNATURES: dict[Any, list[str]] = {np.dot: ["a", "b", "out"]}  # which ``inspect`` cannot read


def put_out(frame: Frame, node: Any, prim: Primitive, target: Ref, value: Bound) -> Bound:
    """Write the result of a call to its ``out``, which the call gives back."""
    result = frame.read(value)
    old = frame.read(target)
    have, want = dtype_of(type_of_operand(result)), dtype_of(type_of_operand(old))
    if have is not None and want is not None and not np.can_cast(have, want, "same_kind"):
        frame.refuse(node, f"the result of {prim.name}, {have}, is no {want} as its out is")
    set_item(frame, node, target, Const(Ellipsis), result)
    return target


# ---------------------------------------------------------------------------- ``ufunc.at``


def ufunc_at(
    frame: Frame, node: gast.Call, ufunc: np.ufunc, positional: list[Bound], keywords: Keywords
) -> Bound:
    """``np.add.at(x, index, value)``."""
    from gradscribe.frontend.inlining import inline_for

    target = positional[0] if positional else None
    if len(positional) != 3 or ufunc.nin != 2 or keywords or not isinstance(target, Ref):
        frame.refuse(
            node,
            f"np.{ufunc.__name__}.at is not supported with these arguments",
            "read, compute and write: x[index] = f(x[index])",
        )
    index = frame.read(positional[1])
    if ufunc not in (np.add, np.subtract):
        combine: list[Bound] = [Const(ufunc, ufunc.__name__, "numpy"), *positional]
        once = not may_name_twice(frame, index)
        body: Any = assignments.at_once if once else assignments.one_by_one
        if not once and not _is_list_of_positions(index):
            frame.refuse(
                node,
                f"np.{ufunc.__name__}.at is supported for lists of positions only",
                "write a loop over the positions",
            )
        return inline_for(frame, node, body, combine, {})
    value = frame.read(positional[2])
    if ufunc is np.subtract:
        value = frame.emit(of(operator.neg), value)
    frame.write(target, frame.emit(INDEX_ADD, frame.read(target), index, value), node)
    return Const(None)


def may_name_twice(frame: Frame, index: Operand) -> bool:
    """May an index name an entry twice? Integers, slices, masks and counted positions do not."""
    place = index.type if isinstance(index, Value) else index.value
    if is_basic(place) or lists_once(place):
        return False
    parts = _parts(frame, index)
    if parts is None:
        return True
    arrays = [part for part in parts if not is_basic(type_of_operand(part))]
    if all(_is_mask(part) for part in arrays) and len(arrays) == 1:
        return False
    ranks = {len(dims) for part in arrays if (dims := dims_of(type_of_operand(part))) is not None}
    return not any(_all_unlike(frame, part) for part in arrays) or not ranks <= {1}


def _is_mask(part: Operand) -> bool:
    dtype = dtype_of(type_of_operand(part))
    return dtype is not None and dtype.kind == "b"


def _all_unlike(frame: Frame, part: Operand) -> bool:
    """Are the positions that this lists certainly all different, or is it a mask?"""
    if _is_mask(part):
        return True
    op = frame.builder.made.get(part) if isinstance(part, Value) else None
    if op is not None and op.prim is GETITEM and isinstance(op.args[0], Value):
        op = frame.builder.made.get(op.args[0])  # an entry of what ``np.nonzero`` gives
        return op is not None and op.prim.function is np.nonzero
    if isinstance(part, Const) and isinstance(part.value, list):
        return lists_once(part.value)
    if op is not None and op.prim is of(list):
        places = [arg.value for arg in op.args if isinstance(arg, Const) and arg.fixed]
        natural = all(type(p) is int and p >= 0 for p in places)
        return natural and len(set(places)) == len(op.args)
    return op is not None and op.prim.function in (np.arange, np.flatnonzero, np.argsort)


def _is_list_of_positions(index: Operand) -> bool:
    kind: Type = type_of_operand(index)
    if isinstance(kind, SequenceType):
        return kind.kind == "list"
    dims, dtype = dims_of(kind), dtype_of(kind)
    return dims is not None and len(dims) == 1 and dtype is not None and dtype.kind in "iu"


# ---------------------------------------------------------------------------- refusals

_WRITERS = (np.nan_to_num, setattr, delattr)


def refuse_unknown(
    frame: Frame, node: gast.Call, function: Any, positional: Sequence[Bound], keywords: Keywords
) -> None:
    """Refuse a call of NumPy's or Python's own that changes an argument in a way not followed."""
    if _changes(function, positional, keywords):
        frame.refuse(
            node,
            f"{gast.unparse(node.func)} is called here in a way that writes into an argument",
            "use its result, and write that: z[...] = …",
        )


def _changes(function: Any, positional: Sequence[Bound], keywords: Keywords) -> bool:
    if function is np.nan_to_num and "copy" not in keywords and len(positional) < 2:
        return False
    prim = BY_FUNCTION.get(function)
    most = len(prim.params) if prim is not None and not prim.variadic else len(positional)
    most = function.nin if isinstance(function, np.ufunc) else most
    extra = positional[most:]
    return function in _WRITERS or "out" in keywords or any(isinstance(b, Ref) for b in extra)
