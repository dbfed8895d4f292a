"""Views that a write in place leaves as they are: ``x[k]`` where ``x[k + 1]`` is written to."""

from __future__ import annotations

import operator
from functools import cached_property
from typing import final

from gradscribe.ir import helpers
from gradscribe.ir.bounds import Bounds, Origins
from gradscribe.ir.core import Op, Operand, Region, Value
from gradscribe.ir.places import Places, apart
from gradscribe.ir.primitives import of

GETITEM = of(operator.getitem)
_WRITES = {of(helpers.setitem), of(helpers.index_add)}


@final
class Overlaps:
    """Answers about views and writes of one iteration of what is around them."""

    def __init__(self, body: Region) -> None:
        self.body = body
        self.arrays: dict[Operand, Operand] = {}

    @cached_property
    def places(self) -> Places:
        return Places(Origins(self.body))

    @cached_property
    def now(self) -> Bounds:
        return Bounds(self.places.origins)

    def none(self, view: Op, write: Op) -> bool:
        """Has a view certainly no entry that a write changes?"""
        if view.prim is not GETITEM or write.prim not in _WRITES:
            return False
        if self._array(view.args[0]) is not self._array(write.args[0]):
            return False
        place = self.places.of_write(view, self.now)
        return apart(place, self.places.of_write(write, self.now), self.now)

    def _array(self, version: Operand) -> Operand:
        """What an array was before the writes in this very region."""
        later: list[Operand] = []
        while version not in self.arrays:
            op = self.places.origins.made.get(version) if isinstance(version, Value) else None
            if op is None or op.prim not in _WRITES:
                self.arrays[version] = version
                break
            later.append(version)
            version = op.args[0]
        found = self.arrays[version]
        self.arrays.update(dict.fromkeys(later, found))
        return found
