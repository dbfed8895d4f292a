"""Which sums of arrays are adjoints that grow from statement to statement.

::

    # az = (dz * inverse) @ mass
    dz_bar = t_bar * inverse
    …
    # inverse = (dx**2 + dy**2 + dz**2) ** -1.5
    dz_bar += t_bar_1 * dz

What a statement contributes is added where it stands, in place: neither the parts nor what they are
made of have to be kept for a sum at the end.
"""

from __future__ import annotations

import operator
from typing import final

from gradscribe.ir.core import Op, Operand, Region, Value
from gradscribe.ir.loops import carries
from gradscribe.ir.primitives import FOR, WHILE, of
from gradscribe.ir.types import Type, as_large, dims_of, is_array
from gradscribe.passes.terms import ADD, SUB

IN_PLACE = frozenset({of(operator.iadd), of(operator.isub)})
_ADDING = IN_PLACE | {ADD, SUB}


def is_derived_sum(op: Op) -> bool:
    """Does differentiation add or subtract arrays here?"""
    return op.prim in _ADDING and op.derived and is_array(op.results[0].type)


def alike(a: Type, b: Type) -> bool:
    """Are these arrays of one size? (Vectors may have nothing to do with one another.)"""
    return a == b or (as_large(a, b) and len(dims_of(a) or ()) > 1)


@final
class Growth:
    """The adjoints that grow, at each of their stages, among the operations seen so far."""

    def __init__(self, counts: dict[Value, int]) -> None:
        self.counts = counts
        self.made: dict[Value, Op] = {}
        self.carried: set[Value] = set()
        self.stages: set[Value] = set()

    def region(self, region: Region) -> None:
        """See all the operations of a region, and of those in it."""
        for op in region.ops:
            self.enter(op)
            for inner in op.regions:
                self.region(inner)
            self.see(op)

    def enter(self, op: Op) -> None:
        """An operation's regions come next."""
        if op.prim in (FOR, WHILE):
            self.carried.update(op.regions[-1].params[op.attrs.seqs :], op.results[: carries(op)])

    def see(self, op: Op) -> bool:
        """Does ``op`` add a contribution to what other statements have contributed so far?"""
        self.made.update(dict.fromkeys(op.results, op))
        if not is_derived_sum(op):
            return False
        (result,) = op.results
        old = op.args[0]
        if not isinstance(old, Value) or not (result.hint == old.hint and result.hint):
            return False
        if not as_large(old.type, result.type) or self.counts.get(old) != 1:
            return False
        if not (old in self.stages or old in self.carried or self._is_of_another(old, op)):
            return False
        self.stages |= {old, result}
        return True

    def _is_of_another(self, old: Value, op: Op) -> bool:
        """Is this made by another statement, and an array of our own?"""
        maker = self.made.get(old)
        return (
            maker is not None
            and maker.derived
            and maker.prim.storage == "fresh"
            and maker.prim.function is not None
            and maker.statement != op.statement
            and any(self._frees(arg, old) for arg in maker.args)
        )

    def _frees(self, operand: Operand, old: Value, depth: int = 0) -> bool:
        """Does the text of a contribution read an array of its size that differentiation made?

        What is only ever the user's own is there anyway: a sum of that says more on one line.
        """
        op = self.made.get(operand) if isinstance(operand, Value) else None
        if not isinstance(operand, Value) or op is None or not op.derived or depth > _DEPTH:
            return False
        if self.counts.get(operand, 0) > 1:
            return op.prim.storage == "fresh" and alike(operand.type, old.type)
        return any(self._frees(arg, old, depth + 1) for arg in op.args)


_DEPTH = 6  # an expression is hardly ever deeper
