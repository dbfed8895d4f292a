"""Lists that become longer or shorter while a loop walks them: walked by place, as Python does.

::

    for x in xs:                        k = 0
        if len(xs) < 3:                 while k < len(xs):
            xs.append(x / 2)                x = xs[k]; k += 1
                                            …
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

import gast

from gradscribe.frontend.arms import Ended
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Fields, Ref
from gradscribe.frontend.hidden import hidden
from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Op, Operand, Value
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, SCOPE, WHILE
from gradscribe.ir.types import Sequence, Slice

_WRITES = (helpers.setitem, helpers.index_add)


@final
class Resized(Exception):
    """The body of this loop changes the length of a list that the loop walks."""

    def __init__(self, node: Any) -> None:
        super().__init__(node)
        self.node = node


@final
class Lengths:
    """The lists that a loop walks, as they are where they are watched from."""

    def __init__(self, frame: Frame, node: Any, walked: list[Bound]) -> None:
        self.frame = frame
        self.node = node
        values = frame.heap.values
        self.lists = {
            ref.loc: values[ref.loc]
            for ref in walked
            if isinstance(ref, Ref) and not ref.path and _is_list(values[ref.loc])
        }

    def check(self) -> None:
        """Raise where the length of one of them may be another by now."""
        for loc, before in self.lists.items():
            after = self.frame.heap.values[loc]
            if after is not before and not self._is_as_long(after, before):
                raise Resized(self.node)

    def _is_as_long(self, after: Operand | Fields, before: Operand | Fields) -> bool:
        counts = _count(after), _count(before)
        if None not in counts:
            return counts[0] == counts[1]
        if isinstance(after, Fields) or isinstance(before, Fields):
            return False
        return _only_written(self.frame.builder.made, after, before)


def _is_list(held: Operand | Fields) -> bool:
    if isinstance(held, Fields):
        return held.kind == "list"
    kind = type_of_operand(held)
    return isinstance(kind, Sequence) and kind.kind == "list"


def _count(held: Operand | Fields) -> int | None:
    if isinstance(held, Fields):
        return len(held.entries)
    kind = type_of_operand(held)
    return len(kind.items) if isinstance(kind, Sequence) and kind.items is not None else None


def _only_written(made: Mapping[Value, Op], value: Operand, start: Operand) -> bool:
    """Is a list what writes to its entries made of ``start``?"""
    while value is not start:
        op = made.get(value) if isinstance(value, Value) else None
        if op is None:
            return False
        k = op.results.index(value)
        if op.prim is IF:
            return all(_only_written(made, arm.yields[k], start) for arm in op.regions)
        if op.prim is SCOPE:
            (body,) = op.regions
            value = body.yields[k]
        elif op.prim in (FOR, WHILE) and k < carries(op):
            body, at = op.regions[-1], first_carry(op) + k
            if not _only_written(made, body.yields[k], body.params[at]):
                return False
            value = op.args[at]
        elif op.prim.function in _WRITES and not isinstance(type_of_operand(op.args[1]), Slice):
            value = op.args[0]
        else:
            return False
    return True


def by_place(frame: Frame, node: gast.For, while_: Callable[[gast.While], Ended]) -> Ended:
    """Lower a loop as one over the places that its list has each time."""
    from gradscribe.frontend.expressions import lower
    from gradscribe.frontend.walks import builtin

    call = node.iter
    if isinstance(call, gast.Call) and isinstance(call.func, gast.Name):
        if builtin(frame, call.func) is not None:
            frame.refuse(
                node.iter,
                f"a list becomes longer or shorter while {call.func.id} walks it",
                "walk it alone, or walk a copy of it: list(xs)",
            )
    names = [hidden(what, f"walk {id(node)}") for what in ("walked", "place", "len")]
    walked, place, length = (gast.Name(name, gast.Load(), None, None) for name in names)
    frame.env[names[0]], frame.env[names[1]] = lower(frame, node.iter), Const(0)
    frame.env[names[2]] = Const(len)
    test = gast.Compare(place, [gast.Lt()], [gast.Call(length, [walked], [])])
    item = gast.Subscript(walked, place, gast.Load())
    stored = gast.Name(names[1], gast.Store(), None, None)
    step = gast.AugAssign(stored, gast.Add(), gast.Constant(1, None))
    loop = gast.While(test, [gast.Assign([node.target], item, None), step, *node.body], node.orelse)
    for part in (test, *gast.walk(test), *gast.walk(item), *gast.walk(step)):
        gast.copy_location(part, node.iter)
    for part in (loop, loop.body[0]):
        gast.copy_location(part, node)
    end = node.iter
    loop.body[0].end_lineno, loop.body[0].end_col_offset = end.end_lineno, end.end_col_offset
    ended = while_(loop)
    for name in names:
        frame.env.pop(name, None)
    return ended
