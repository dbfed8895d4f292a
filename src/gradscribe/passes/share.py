"""Compute once what derivatives compute twice.

Before::                                After::

    %e = exp(x)         (primal)            %e = exp(x)
    %p = exp(x)         (derived)           %b = mul(y_bar, %e)
    %b = mul(y_bar, %p)

The primal's own operations stay as the user wrote them, but for indices: by theirs it is known
that two places are the same. Views and reads of entries are cheap and
are left where they stand, so that they are read after a write and not kept over it. Sums, products
and powers are left to ``algebra``, which would not see through a shared one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from gradscribe.ir import helpers
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value
from gradscribe.ir.primitives import STRUCTURED
from gradscribe.ir.rewrite import mapped, substitute
from gradscribe.ir.types import Array, Type, is_array
from gradscribe.passes.terms import ADD, ARITHMETIC, DIV, SUB

Key = tuple[Any, ...]

_SHARED = {ADD, SUB, DIV}

# Arrays and containers made to be written to: each is somebody's own.
_BLANK = {
    np.zeros_like, np.ones_like, np.full_like, np.empty_like, np.zeros, np.ones, np.full, np.empty,
    np.copy, np.ndarray.copy, helpers.zeros_like, helpers.fill_like, helpers.zero_tree,
    helpers.zero_entries, list, dict,
}  # fmt: skip


def share(function: Function) -> Function:
    """Remove repeated derived operations from a function, in place."""
    mapping: dict[Value, Operand] = {}
    _region(function.body, {}, mapping)
    substitute(function.body, mapping)
    return function


def share_arithmetic(function: Function) -> Function:
    """Compute the same sum, difference or quotient of whole arrays once, in place.

    What they are made of may stand there twice: ``p**2`` says more than a name for it.
    """
    mapping: dict[Value, Operand] = {}
    _arithmetic(function.body, {}, {}, mapping)
    substitute(function.body, mapping)
    return function


def _arithmetic(
    region: Region,
    known: dict[Key, Value],
    first: dict[Value, Operand],
    mapping: dict[Value, Operand],
) -> None:
    known = dict(known)
    kept = []
    for op in region.ops:
        for inner in op.regions:
            _arithmetic(inner, known, first, mapping)
        if op.prim in ARITHMETIC and op.derived and is_array(op.results[0].type):
            key = (op.prim, *(key_of(mapped(a, first)) for a in op.args))
            earlier = known.setdefault(key, op.results[0])
            first[op.results[0]] = earlier
            if earlier is not op.results[0] and op.prim in _SHARED:
                mapping[op.results[0]] = earlier
                continue
        kept.append(op)
    region.ops = kept


def share_views(function: Function) -> Function:
    """Read a view once for all the loops and branches within its scope, in place.

    Lowering reads a view again in a body that might have changed what it views; where it turns out
    not to, the one outside serves.
    """
    mapping: dict[Value, Operand] = {}
    _views(function.body, {}, mapping)
    substitute(function.body, mapping)
    return function


def _views(region: Region, outer: dict[Key, Value], mapping: dict[Value, Operand]) -> None:
    known = dict(outer)
    kept = []
    for op in region.ops:
        for inner in op.regions:
            _views(inner, known, mapping)
        if op.prim.storage in ("view", "maybe") and len(op.results) == 1:
            args = (mapping.get(a, a) if isinstance(a, Value) else a for a in op.args)
            key = (op.prim, *(key_of(a) for a in args))
            if key in outer:
                mapping[op.results[0]] = outer[key]
                continue
            known[key] = op.results[0]
        kept.append(op)
    region.ops = kept


def _region(region: Region, known: dict[Key, Value], mapping: dict[Value, Operand]) -> None:
    known = dict(known)
    views: dict[Any, Value] = {}  # by key the first view of its kind, by value the one it equals
    kept = []
    for op in region.ops:
        for inner in op.regions:
            _region(inner, known, mapping)
        view = op.prim.storage == "view" and op.prim.cheap and len(op.results) == 1
        index = op.prim.function in (tuple, slice) and len(op.results) == 1
        shared = op.prim not in STRUCTURED and (index or may_share(op))
        if not view and not shared:
            kept.append(op)
            continue
        key = (op.prim, *(key_of(_seen(a, mapping, views)) for a in op.args))
        if view:
            views[op.results[0]] = views.setdefault(key, op.results[0])
        if not shared:
            kept.append(op)
            continue
        earlier = known.get(key)
        if (
            earlier is not None
            and (index or op.derived)
            and _alike(earlier.type, op.results[0].type)
        ):
            mapping[op.results[0]] = earlier
            earlier.hint = earlier.hint or op.results[0].hint
            continue
        known.setdefault(key, op.results[0])
        kept.append(op)
    region.ops = kept


def _seen(operand: Operand, mapping: dict[Value, Operand], views: dict[Any, Value]) -> Operand:
    operand = mapping.get(operand, operand) if isinstance(operand, Value) else operand
    return views.get(operand, operand)


def _alike(a: Type, b: Type) -> bool:
    """Are these types of one value? Its lengths may have been found in two ways."""
    if not isinstance(a, Array) or not isinstance(b, Array) or a.dims is None or b.dims is None:
        return a == b
    return len(a.dims) == len(b.dims) and replace(a, dims=None) == replace(b, dims=None)


def may_share(op: Op) -> bool:
    prim = op.prim
    return (
        len(op.results) == 1
        and prim.function is not None
        and not prim.effect
        and prim.mutates is None
        and not prim.cheap
        and prim.storage == "fresh"
        and prim not in ARITHMETIC
        and prim.function not in _BLANK
    )


def key_of(operand: Operand) -> Any:
    if isinstance(operand, Const):
        try:
            hash(operand.value)
        except TypeError:
            return id(operand.value)
        return ("constant", type(operand.value), operand.value, operand.name)
    return operand
