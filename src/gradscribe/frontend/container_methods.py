"""Methods of dicts with known keys and of lists whose entries are followed one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradscribe.frontend import aliasing
from gradscribe.frontend.containers import (
    NOTHING,
    UNKNOWN_KEY,
    Entries,
    constant_key,
    items_of,
    known_key,
    lacking,
    pairs_of,
    set_item,
)
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Fields, Ref, TupleOf
from gradscribe.ir.core import Const


def method(
    frame: Frame,
    node: Any,
    base: Ref,
    fields: Fields,
    name: str,
    positional: list[Bound],
    keywords: dict[str, Bound],
) -> Bound | None:
    """``base.name(…)``; None for a method that needs the container as one value."""
    table = _DICT_METHODS if fields.kind == "dict" else _LIST_METHODS
    handler = table.get(name)
    return None if handler is None else handler(frame, node, base, fields, positional, keywords)


def _keys(
    frame: Frame, node: Any, base: Ref, fields: Fields, args: list[Bound], named: Entries
) -> Bound | None:
    return TupleOf(tuple(map(constant_key, fields.entries)))


def _values(
    frame: Frame, node: Any, base: Ref, fields: Fields, args: list[Bound], named: Entries
) -> Bound | None:
    return TupleOf(tuple(fields.entries.values()))


def _items(
    frame: Frame, node: Any, base: Ref, fields: Fields, args: list[Bound], named: Entries
) -> Bound | None:
    pairs = (TupleOf((constant_key(k), v)) for k, v in fields.entries.items())
    return TupleOf(tuple(pairs))


def _get(
    frame: Frame, node: Any, base: Ref, fields: Fields, args: list[Bound], named: Entries
) -> Bound | None:
    key = known_key(args[0]) if args else UNKNOWN_KEY
    if key is UNKNOWN_KEY and fields.entries:
        return None
    default = args[1] if len(args) > 1 else NOTHING
    return fields.entries.get(key, default)


def _setdefault(
    frame: Frame, node: Any, base: Ref, fields: Fields, args: list[Bound], named: Entries
) -> Bound | None:
    key = known_key(args[0]) if args else UNKNOWN_KEY
    if key is UNKNOWN_KEY and fields.entries:
        return None
    if key not in fields.entries:
        default = args[1] if len(args) > 1 else NOTHING
        place = frame.read(args[0]) if key is UNKNOWN_KEY else Const(key)
        set_item(frame, node, base, fields, place, default)
        return default
    return fields.entries[key]


def _pop_key(
    frame: Frame, node: Any, base: Ref, fields: Fields, args: list[Bound], named: Entries
) -> Bound | None:
    key = known_key(args[0]) if args else UNKNOWN_KEY
    if key is UNKNOWN_KEY:
        return None
    if key in fields.entries:
        aliasing.check_write(frame, base.loc, node)
        frame.heap.values[base.loc] = fields.without(key)
        return fields.entries[key]
    if len(args) < 2:
        lacking(frame, node, "dict", key)
    return args[1]


def _update(
    frame: Frame, node: Any, base: Ref, fields: Fields, args: list[Bound], named: Entries
) -> Bound | None:
    entries = dict(fields.entries)
    for arg in args:
        pairs = pairs_of(frame, arg)
        if pairs is None:
            return None
        entries |= pairs
    aliasing.check_write(frame, base.loc, node)
    frame.heap.values[base.loc] = Fields("dict", entries | named, fields.cls)
    return NOTHING


def _copy(
    frame: Frame, node: Any, base: Ref, fields: Fields, args: list[Bound], named: Entries
) -> Bound | None:
    return frame.heap.new(fields, "", frame.builder.span)


def _clear(
    frame: Frame, node: Any, base: Ref, fields: Fields, args: list[Bound], named: Entries
) -> Bound | None:
    aliasing.check_write(frame, base.loc, node)
    frame.heap.values[base.loc] = Fields(fields.kind, {}, fields.cls)
    return NOTHING


def _changed(
    change: Callable[[list[Bound], Frame, list[Bound]], Any],
) -> Callable[..., Bound | None]:
    """A list method that rearranges the entries; None is handed on where it cannot be followed."""

    def run(
        frame: Frame, node: Any, base: Ref, fields: Fields, args: list[Bound], named: Entries
    ) -> Bound | None:
        items = list(fields.entries.values())
        result = change(items, frame, args)
        if result is None:
            return None
        aliasing.check_write(frame, base.loc, node)
        frame.heap.values[base.loc] = Fields("list", dict(enumerate(items)))
        return result  # type: ignore[no-any-return]  # a Bound

    return run


def _append(items: list[Bound], frame: Frame, args: list[Bound]) -> Bound:
    items.append(args[0])
    return NOTHING


def _extend(items: list[Bound], frame: Frame, args: list[Bound]) -> Bound | None:
    more = items_of(frame, args[0])
    if more is None:
        return None
    items.extend(more)
    return NOTHING


def _insert(items: list[Bound], frame: Frame, args: list[Bound]) -> Bound | None:
    place = known_key(args[0])
    if not isinstance(place, int):
        return None
    items.insert(place, args[1])
    return NOTHING


def _pop(items: list[Bound], frame: Frame, args: list[Bound]) -> Bound | None:
    place = known_key(args[0]) if args else -1
    if not isinstance(place, int) or not -len(items) <= place < len(items):
        return None
    return items.pop(place)


def _reverse(items: list[Bound], frame: Frame, args: list[Bound]) -> Bound:
    items.reverse()
    return NOTHING


_DICT_METHODS: dict[str, Callable[..., Bound | None]] = {
    "keys": _keys, "values": _values, "items": _items, "get": _get, "setdefault": _setdefault,
    "pop": _pop_key, "update": _update, "copy": _copy, "clear": _clear,
}  # fmt: skip
_LIST_METHODS: dict[str, Callable[..., Bound | None]] = {
    "append": _changed(_append), "extend": _changed(_extend), "insert": _changed(_insert),
    "pop": _changed(_pop), "reverse": _changed(_reverse), "copy": _copy, "clear": _clear,
}  # fmt: skip
