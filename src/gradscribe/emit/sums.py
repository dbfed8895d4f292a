"""Sums of derivatives that are written in place: ``x_bar = x_bar + t`` as ``x_bar += t``."""

from __future__ import annotations

import operator

from gradscribe.emit.memory import Memory
from gradscribe.ir.core import Op, Region, Value
from gradscribe.ir.primitives import of
from gradscribe.ir.types import as_large, is_array

_IADD, _ISUB = of(operator.iadd), of(operator.isub)
_IN_PLACE = {operator.add: _IADD, operator.sub: _ISUB}


def accumulate(memory: Memory, op: Op) -> None:
    """``x_bar = x_bar + t`` as ``x_bar += t`` where x_bar is ours, dead and large enough."""
    sign = _IN_PLACE.get(op.prim.function)
    if sign is None or not op.derived:
        return
    (result,) = op.results
    if result in memory.live.nesting.inlined:
        return
    places = (0, 1) if sign is _IADD else (0,)
    for place in places:
        target = op.args[place]
        if (
            isinstance(target, Value)
            and target not in memory.live.nesting.inlined
            and is_array(result.type)
            and as_large(target.type, result.type)
            and target is not op.args[1 - place]
            and memory.may_write(op, target)
        ):
            op.prim = sign
            op.args = (target, op.args[1 - place])
            return


def add_to_carries(memory: Memory, body: Region, carried: list[Value]) -> None:
    """Let a loop write the sums that it carries in place."""
    for op in body.ops:
        sign = _IN_PLACE.get(op.prim.function)
        target = op.args[0] if sign is not None and op.derived else None
        if (
            sign is not None
            and isinstance(target, Value)
            and target in carried
            and is_array(op.results[0].type)
            and op.results[0] not in memory.live.nesting.inlined
            and as_large(target.type, op.results[0].type)
            and target is not op.args[1]
            and not memory.live.live_after(op, target)
        ):
            op.prim = sign
