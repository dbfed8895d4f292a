"""What a loop computes anew in each iteration, though it is always the same.

Before::                                    After::

    s_saved = []                                for i in range(n):
    for i in range(n):                              …
        s = np.sum(u)                               x = x * np.sum(u)
        s_saved.append(s)
        x = x * s                               s = np.sum(u)
    for s, … in zip(reversed(s_saved), …):      for … in …:

The reverse sweep computes it once, before its loop. Only what cannot raise is, for the loop may run
no time, and only from arguments, numbers, and arrays that nothing is ever written to.
"""

from __future__ import annotations

import operator
from collections.abc import Collection

import numpy as np

from gradscribe.differentiate.plans import recomputable
from gradscribe.ir.core import Op, Operand, Region, Value, walk
from gradscribe.ir.loops import first_carry
from gradscribe.ir.primitives import FOR, WHILE
from gradscribe.ir.types import Array, Scalar, dims_of, is_scalar

_SUMS = {np.sum, np.mean, np.linalg.norm}
_ARITHMETIC = {operator.add, operator.sub, operator.mul, operator.neg, operator.pos}


def written_to(region: Region) -> set[Operand]:
    """The values whose memory may change: what operations write to, and what loops begin with."""
    found: set[Operand] = set()
    for op in walk(region):
        if op.prim.mutates is not None:
            found.add(op.args[op.prim.mutates])
        elif op.prim in (FOR, WHILE):
            found.update(op.args[first_carry(op) :])
    return found.difference(region.params)


def unchanging(
    body: Region, inside: Collection[Value], written: Collection[Operand]
) -> dict[Value, Op]:
    """The values of a loop's body that are the same in all iterations, and what makes each.

    ``inside`` are the values of all loops around, ``written`` those whose memory may change.
    """
    found: dict[Value, Op] = {}
    for op in body.ops:
        if len(op.results) == 1 and _never_raises(op):
            values = [a for a in op.args if isinstance(a, Value)]
            if all(a in found or _stays(a, inside, written) for a in values):
                found[op.results[0]] = op
    return found


def worth_keeping(found: dict[Value, Op]) -> list[Value]:
    """Those of the values that are not as good as there anyway."""
    return [value for value, op in found.items() if not recomputable(op)]


def _stays(value: Value, inside: Collection[Value], written: Collection[Operand]) -> bool:
    return value not in inside and (is_scalar(value.type) or value not in written)


def _never_raises(op: Op) -> bool:
    function, kind = op.prim.function, op.results[0].type
    if not isinstance(kind, Scalar | Array) or (isinstance(kind, Array) and kind.dims is None):
        return False
    values = [a for a in op.args if isinstance(a, Value)]
    if not values or any(dims_of(a.type) is None for a in values):
        return False
    if len(values) == 1 and (function in _SUMS or isinstance(function, np.ufunc)):
        return True
    ranks = {dims_of(a.type) for a in values} - {()}
    return function in _ARITHMETIC and len(ranks) <= 1
