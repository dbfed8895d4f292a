"""Remove what only says that the derivative of a call is declared.

Before::                                After::

    %e = exp(x)                             %e = exp(x)
    %y = ruled(%e, x)                       %z = mul(%e, 2)
    %z = mul(%y, 2)
"""

from __future__ import annotations

from gradscribe.ir.core import Function, Operand, Region, Value, walk
from gradscribe.ir.primitives import RULED
from gradscribe.ir.rewrite import copy_function, substitute
from gradscribe.passes.clean import clean


def has_rules(function: Function) -> bool:
    """Does a function contain a call whose derivative is declared?"""
    return any(op.prim is RULED for op in walk(function.body))


def written_out(function: Function) -> Function:
    """A copy in which every call is what computes it."""
    function, _ = copy_function(function)
    mapping: dict[Value, Operand] = {}
    _region(function.body, mapping)
    substitute(function.body, mapping)
    return clean(function)


def _region(region: Region, mapping: dict[Value, Operand]) -> None:
    kept = []
    for op in region.ops:
        for inner in op.regions:
            _region(inner, mapping)
        if op.prim is not RULED:
            kept.append(op)
            continue
        for result, primal in zip(op.results, op.args, strict=False):
            mapping[result] = primal
            if isinstance(primal, Value) and not primal.named and result.hint:
                primal.hint, primal.named = result.hint, result.named
    region.ops = kept
