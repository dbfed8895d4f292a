"""Which values may be one buffer, whatever is decided about writing in place.

A coarse and quick answer: views, writes, branches and loops put what goes in and what comes out in
one class. Values of different classes never share memory.
"""

from __future__ import annotations

from typing import final

from gradscribe.ir.core import Op, Operand, Region, Value
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, WHILE


@final
class Buffers:
    """Classes of values, by one of their members."""

    def __init__(self, body: Region) -> None:
        self.parent: dict[Operand, Operand] = {}
        self._region(body)

    def of(self, operand: Operand) -> Operand:
        """The member that stands for the class of an operand."""
        found = operand
        while found in self.parent:
            found = self.parent[found]
        while operand is not found:
            self.parent[operand], operand = found, self.parent[operand]
        return found

    def _join(self, a: Operand, b: Operand) -> None:
        one, other = self.of(a), self.of(b)
        if one is not other and isinstance(one, Value) and isinstance(other, Value):
            self.parent[one] = other

    def _region(self, region: Region) -> None:
        for op in region.ops:
            for inner in op.regions:
                self._region(inner)
            if op.prim in (FOR, WHILE):
                self._loop(op)
            elif op.regions:
                for inner in op.regions:
                    for result, operand in zip(op.results, inner.yields, strict=False):
                        self._join(result, operand)
            elif op.prim.mutates is not None and op.results:
                self._join(op.results[0], op.args[op.prim.mutates])
            elif op.prim.storage != "fresh" or op.prim.function is None or _holds(op):
                for result in op.results:
                    for arg in op.args:
                        self._join(result, arg)

    def _loop(self, op: Op) -> None:
        start, body = first_carry(op), op.regions[-1]
        for k, seq in enumerate(op.args[:start]):
            self._join(body.params[k], seq)
        for k in range(carries(op)):
            for operand in (op.args[start + k], body.yields[k], *(
                region.params[start + k] for region in op.regions
            )):  # fmt: skip
                self._join(op.results[k], operand)
        for k in range(carries(op), len(op.results)):
            self._join(op.results[k], body.yields[k])


def _holds(op: Op) -> bool:
    """May a container come of it, which holds what went in? (Numbers need not be told apart.)"""
    return any(not hasattr(r.type, "dtype") for r in op.results)
