"""Methods of lists, and assignment to and deletion of their slices.

A list is a value like any other: what a method changes becomes the new value of the list's
location, and emission writes the method again where that is safe.
"""

from __future__ import annotations

import operator
from typing import Any

import gast

from gradscribe.frontend import sharing
from gradscribe.frontend.frame import GETITEM, Frame
from gradscribe.frontend.heap import Bound, Ref
from gradscribe.frontend.hidden import hidden
from gradscribe.frontend.renaming import scope_of
from gradscribe.frontend.streams import load, store
from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.facts.methods import LIST_METHODS
from gradscribe.ir.primitives import of
from gradscribe.ir.types import Range, Sequence, Slice

BACKWARDS = slice(None, None, -1)
LAST = Const(-1)


def method(
    frame: Frame,
    node: Any,
    base: Bound,
    name: str,
    positional: list[Bound],
    keywords: dict[str, Bound],
) -> Bound:
    """``xs.name(…)``."""
    found = LIST_METHODS.get(name)
    if found is not None and not keywords and len(positional) == 1:
        return frame.emit(of(found.function), frame.read(base), *map(frame.read, positional))
    handler = _WRITERS.get(name)
    if handler is None or not isinstance(base, Ref) or (keywords and name != "sort"):
        frame.refuse(
            node,
            f"the list method .{name}() is not supported with these arguments",
            "call it on a list made in the function, without options; else use slices or a loop",
        )
    result: Bound = handler(frame, node, base, *positional, **keywords)
    return result


def _append(frame: Frame, node: Any, base: Ref, value: Bound) -> Bound:
    added = frame.emit(of(helpers.append), frame.look(base), frame.look(value))
    frame.write(base, added, node)
    sharing.store(frame, base, value, node)
    return Const(None)


def _extend(frame: Frame, node: Any, base: Ref, more: Bound) -> Bound:
    from gradscribe.frontend.functional import as_list

    entries = frame.read(as_list(frame, node, more, fresh=False))
    frame.write(base, frame.emit(of(operator.iadd), frame.read(base), entries), node)
    return Const(None)


def _insert(frame: Frame, node: Any, base: Ref, place: Bound, value: Bound) -> Bound:
    xs, where = frame.look(base), frame.read(place)
    if not (isinstance(where, Const) and where.value == 0):
        where, _ = _bounds(frame, frame.emit(of(slice), where, None), xs)
    frame.write(base, frame.emit(of(helpers.inserted), xs, where, frame.look(value)), node)
    sharing.store(frame, base, value, node)
    return Const(None)


def _pop(frame: Frame, node: Any, base: Ref, place: Bound = LAST) -> Bound:
    xs, where = frame.look(base), frame.read(place)
    item = frame.emit(GETITEM, xs, where)
    frame.write(base, frame.emit(of(helpers.without), xs, where), node)
    popped = frame.wrap(item)
    sharing.taken_out(frame, base, popped)
    return popped


def _remove(frame: Frame, node: Any, base: Ref, value: Bound) -> Bound:
    xs = frame.read(base)
    place = frame.emit(of(list.index), xs, frame.read(value))
    frame.write(base, frame.emit(of(helpers.without), xs, place), node)
    return Const(None)


def _reverse(frame: Frame, node: Any, base: Ref) -> Bound:
    frame.write(base, frame.emit(GETITEM, frame.look(base), Const(BACKWARDS)), node)
    return Const(None)


def _sort(frame: Frame, node: Any, base: Ref, **how: Bound) -> Bound:
    from gradscribe.frontend.functional import in_order

    frame.write(base, frame.read(in_order(frame, node, base, **how)), node)
    return Const(None)


def _clear(frame: Frame, node: Any, base: Ref) -> Bound:
    frame.write(base, frame.emit(of(list)), node)
    return Const(None)


def _copy(frame: Frame, node: Any, base: Ref) -> Bound:
    return frame.wrap(frame.emit(of(helpers.copy_list), frame.read(base)))


_WRITERS: dict[str, Any] = {
    "append": _append,
    "extend": _extend,
    "insert": _insert,
    "pop": _pop,
    "remove": _remove,
    "reverse": _reverse,
    "sort": _sort,
    "clear": _clear,
    "copy": _copy,
}


# ---------------------------------------------------------------------------- slices


def is_slice(place: Operand) -> bool:
    kind = place.type if isinstance(place, Value) else place.value
    return isinstance(kind, Slice | slice)


def set_slice(frame: Frame, node: Any, base: Ref, place: Operand, values: Bound | None) -> None:
    """``xs[i:j] = values``; ``del xs[i:j]`` if there are none."""
    from gradscribe.frontend.functional import as_list

    if not _steps_by_one(place):
        if values is None:
            frame.refuse(
                node,
                "del of a slice with a step is not supported",
                "keep the rest instead: xs = xs[1::2]",
            )
        _set_each(frame, node, base, place, values)
        return
    new = None if values is None else frame.read(as_list(frame, node, values, fresh=False))
    xs = frame.read(base)
    start, stop = _bounds(frame, place, xs)
    result = _part(frame, xs, Const(None), start)
    if new is not None:
        result = frame.emit(of(operator.add), result, new)
    result = frame.emit(of(operator.add), result, _part(frame, xs, stop, Const(None)))
    frame.write(base, result, node)


def _set_each(frame: Frame, node: Any, base: Ref, place: Operand, values: Bound) -> None:
    """``xs[i:j:k] = values``, entry by entry."""
    from gradscribe.frontend.functional import as_list
    from gradscribe.frontend.lower import block

    scope = scope_of(node)
    target, where, new, k, value = (hidden("", f"{scope} {part}") for part in range(5))
    numbers = frame.emit(of(range), frame.emit(of(len), frame.read(base)))
    bound = {
        target: base,
        where: frame.emit(GETITEM, numbers, place),
        new: as_list(frame, node, values),
    }
    frame.env.update(bound)
    entry = gast.Subscript(load(target), load(k), gast.Store())
    pair = gast.Tuple([store(k), store(value)], gast.Store())
    strict = [gast.keyword("strict", gast.Constant(True, None))]
    both = gast.Call(load(hidden("zip", scope)), [load(where), load(new)], strict)
    frame.env[hidden("zip", scope)] = Const(zip)
    body = gast.Assign([entry], load(value), None)
    block(frame, [gast.For(pair, both, [body], [], None)])
    for name in (*bound, hidden("zip", scope)):
        frame.env.pop(name, None)


def _part(frame: Frame, xs: Operand, start: Operand, stop: Operand) -> Operand:
    return frame.emit(GETITEM, xs, frame.emit(of(slice), start, stop))


def _steps_by_one(place: Operand) -> bool:
    kind: Any = place.type if isinstance(place, Value) else place.value
    return kind.step is None or kind.step == 1


def _bounds(frame: Frame, place: Operand, xs: Operand) -> tuple[Operand, Operand]:
    """Where a slice of a list begins and ends, between 0 and its length."""
    length = frame.emit(of(len), xs)
    both = frame.emit(of(helpers.bounds), place, length)
    return frame.emit(GETITEM, both, 0), frame.emit(GETITEM, both, 1)


def is_list(frame: Frame, bound: Bound) -> bool:
    kind = frame.type(bound)
    return isinstance(kind, Sequence) and kind.kind == "list"


def is_plain(operand: Operand) -> bool:
    """Does ``list(x)`` of it hold what has no derivative?"""
    return isinstance(type_of_operand(operand), Range)
