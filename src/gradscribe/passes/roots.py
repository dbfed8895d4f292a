"""Nothing is divided by the sum of the squares of two roots that is a number.

Before::                                After::

    %r = sqrt(t)            (primal)        %r = sqrt(t)
    %d = sub(1, t)          (primal)        %d = sub(1, t)
    %s = sqrt(d)            (primal)        %s = sqrt(d)
    %n = %r**2 + %s**2
    %p = truediv(%s, %n)                    %p = truediv(%s, 1)

So it is in the derivative of ``arctan2(sqrt(t), sqrt(1 - t))``, the angle between two places on a
sphere. Where a root is no number, neither is what is divided.
"""

from __future__ import annotations

import math

import numpy as np

from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value
from gradscribe.ir.primitives import of
from gradscribe.passes.terms import ADD, DIV, POW, SUB, is_as_large, is_real

ROOTS = {of(np.sqrt), of(math.sqrt)}


def add_squares_of_roots(function: Function) -> Function:
    """Divide by a number instead of the sum of the squares of roots, in place."""
    _region(function.body, {}, {})
    return function


def _region(region: Region, origin: dict[Operand, Op], numbers: dict[Operand, Const]) -> None:
    for op in region.ops:
        for inner in op.regions:
            _region(inner, origin, numbers)
        origin.update(dict.fromkeys(op.results, op))
        if not op.derived or len(op.results) != 1 or not is_real(op):
            continue
        if op.prim is ADD:
            a, b = (_squared_root(arg, origin) for arg in op.args)
            number = _sum_of_squares(a, b, origin)
            if number is not None:
                numbers[op.results[0]] = number
        elif op.prim is DIV and op.args[1] in numbers:
            if is_as_large(type_of_operand(op.args[0]), op.results[0].type):
                op.args = (op.args[0], numbers[op.args[1]])


def _squared_root(operand: Operand, origin: dict[Operand, Op]) -> Operand | None:
    """What ``operand`` is the square of the root of."""
    power = origin.get(operand)
    if power is None or power.prim is not POW or not _is_two(power.args[1]):
        return None
    root = origin.get(power.args[0])
    return root.args[0] if root is not None and root.prim in ROOTS else None


def _sum_of_squares(
    a: Operand | None, b: Operand | None, origin: dict[Operand, Op]
) -> Const | None:
    """The number that ``a + b`` is."""
    for one, other in ((a, b), (b, a)):
        rest = origin.get(one) if isinstance(one, Value) else None
        if rest is not None and rest.prim is SUB and rest.args[1] is other:
            number = rest.args[0]
            if isinstance(number, Const) and number.name is None and number.value:
                return number
    return None


def _is_two(operand: Operand) -> bool:
    return isinstance(operand, Const) and operand.name is None and operand.value == 2
