"""Which values may denote one object that code which passes through has made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from gradscribe.ir.core import Operand, Region, Value, walk
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, SCOPE, WHILE
from gradscribe.ir.types import UNKNOWN


@final
class Objects:
    """Answers for a function's body: values of unknown type that its structure makes one."""

    def __init__(self, body: Region) -> None:
        self.near: dict[Value, list[Value]] = {}
        for op in walk(body):
            if op.prim in (IF, SCOPE):
                for arm in op.regions:
                    self._join(op.results, arm.yields)
                if op.prim is SCOPE:
                    self._join(op.regions[0].params, op.args)
            elif op.prim in (FOR, WHILE):
                start, count = first_carry(op), carries(op)
                for region in op.regions:
                    self._join(region.params[start:], op.args[start:])
                    self._join(region.params[start:], op.regions[-1].yields[:count])
                self._join(op.results[:count], op.regions[-1].yields)
                self._join(op.results[:count], op.args[start:])

    def _join(self, ones: Sequence[Operand], others: Sequence[Operand]) -> None:
        for one, other in zip(ones, others, strict=False):
            if isinstance(one, Value) and isinstance(other, Value) and one.type == UNKNOWN:
                self.near.setdefault(one, []).append(other)
                self.near.setdefault(other, []).append(one)

    def denoted(self, value: Value) -> set[Value]:
        """Nothing for what cannot change, such as a number or a string."""
        found: set[Value] = set()
        work = [value] if value.type == UNKNOWN else []
        while work:
            value = work.pop()
            if value not in found:
                found.add(value)
                work += self.near.get(value, [])
        return found
