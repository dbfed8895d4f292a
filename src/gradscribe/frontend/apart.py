"""Arguments that share memory, where a function writes to one of them, are refused at the call.

``f(x, x)`` with ``def f(a, b): a *= 2; return a * b`` sees one array under two names; its
derivative with respect to one of them is no derivative of what the text says.
"""

from __future__ import annotations

from gradscribe.ir import helpers
from gradscribe.ir.core import Function, Op, Region, Value
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, SCOPE, WHILE, of
from gradscribe.ir.types import Array, Mapping, Sequence, Struct, Type, Unknown


def keep_apart(function: Function) -> Function:
    """Put the check at the entry of a function that writes to a parameter, in place."""
    objects = [p for p in function.body.params if _objects(p.type)]
    several = len(objects) > 1 or any(_objects(p.type) > 1 for p in objects)
    if several and (function.changes or _writes(function.body, set(objects))):
        check = Op(of(helpers.apart), tuple(objects), (), span=function.span)
        function.body.ops.insert(0, check)
    return function


def _objects(kind: Type | None) -> int:
    """How many objects that can be changed an argument of this type may be: 0, 1 or 2 for more."""
    if isinstance(kind, Unknown):
        return 1
    if isinstance(kind, Array):
        return kind.dims != ()
    if isinstance(kind, Mapping | Struct):
        return 2
    if isinstance(kind, Sequence):
        entries = kind.items if kind.items is not None else (kind.element,) * 2
        return min(2, (kind.kind == "list") + sum(map(_objects, entries)))
    return 0


def _writes(region: Region, reach: set[Value]) -> bool:
    """Does a region write to one of the arrays in ``reach``, by whatever name it goes there?"""
    for op in region.ops:
        if op.prim.mutates is not None and op.args[op.prim.mutates] in reach:
            return True
        if op.prim.storage != "fresh" and op.args[0] in reach:
            reach.update(op.results)
        if op.prim in (FOR, WHILE):
            start = first_carry(op)
            for k in range(carries(op)):
                if op.args[start + k] in reach:
                    reach.add(op.results[k])
                    reach.update(inner.params[start + k] for inner in op.regions)
        if any(_writes(inner, reach) for inner in op.regions):
            return True
        if op.prim in (IF, SCOPE):
            for k, result in enumerate(op.results):
                if any(arm.yields[k] in reach for arm in op.regions):
                    reach.add(result)
    return False
