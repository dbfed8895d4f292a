"""Dicts with known keys and lists of unlike things: their entries are followed one by one.

``{"w": w, "b": b}`` and ``[layer, activation]`` are ``heap.Fields``: an entry that is read is what
was put there itself. What cannot be followed entry by entry any longer (a key that is computed,
a list that grows in a loop) becomes one value of the functional IR (``wholes.settle``).
"""

from __future__ import annotations

import collections
import enum
from typing import Any, NoReturn

import gast

from gradscribe.frontend import aliasing, dicts, wholes
from gradscribe.frontend.frame import GETITEM, SETITEM, Frame
from gradscribe.frontend.heap import Bound, Fields, Ref, TupleOf
from gradscribe.frontend.raising import certainly
from gradscribe.frontend.wholes import part_name
from gradscribe.ir.abstraction import is_static
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.joins import element_type, is_unlike
from gradscribe.ir.primitives import of
from gradscribe.ir.types import PY_INT, Array, Mapping, Scalar, Sequence, Type, maybe_float
from gradscribe.objects import is_followed

Entries = dict[Any, Bound]
NOTHING = Const(None)


# ---------------------------------------------------------------------------- making them


def make_dict(frame: Frame, entries: Entries) -> Ref:
    """A new dict with known keys."""
    return frame.heap.new(Fields("dict", entries), "", frame.builder.span)


def make_list(frame: Frame, items: list[Bound]) -> Ref:
    """A new list whose entries are followed."""
    return frame.heap.new(Fields("list", dict(enumerate(items))), "", frame.builder.span)


def is_followed_list(frame: Frame, items: list[Bound]) -> bool:
    """Is a list of these things followed entry by entry (rather than one value)?"""
    if any(not isinstance(item, Value | Const | Ref) for item in items):
        return True
    kinds = [frame.type(item) for item in items]
    plain = all(isinstance(kind, Scalar | Array) for kind in kinds)
    return bool(items) and (not plain or is_unlike(kinds))


def dict_display(frame: Frame, node: gast.Dict) -> Bound | None:
    """``{key: value, **other}``; None where it may as well hold what has no derivative."""
    from gradscribe.frontend.expressions import lower

    steps: list[tuple[Bound | None, Bound]] = []
    for key, value in zip(node.keys, node.values, strict=True):
        place = None if key is None else lower(frame, key)
        steps.append((place, lower(frame, value)))
    entries = _known_entries(frame, steps)
    if entries is not None:
        return make_dict(frame, entries)
    if any(place is None and not _is_dict(frame, value) for place, value in steps):
        return None
    kinds = [_held(frame, place, value) for place, value in steps]
    if not any(map(maybe_float, kinds)) or not dicts.may_be_one_value(kinds):
        return None
    made = make_dict(frame, {})
    for place, value in steps:
        if place is None:
            dicts.update(frame, node, made, value)
        else:
            assign_item(frame, node, made, _operand_of(frame, place), value)
    return made


def _known_entries(frame: Frame, steps: list[tuple[Bound | None, Bound]]) -> Entries | None:
    """The entries of a display whose keys are all known."""
    entries: Entries = {}
    for place, value in steps:
        if place is None:
            other = pairs_of(frame, value)
            if other is None:
                return None
            entries |= other
            continue
        known = known_key(place)
        if known is UNKNOWN_KEY:
            return None
        entries[known] = value
    return entries


def _is_dict(frame: Frame, bound: Bound) -> bool:
    return isinstance(bound, Ref) and isinstance(frame.type(bound), Mapping)


def _held(frame: Frame, place: Bound | None, value: Bound) -> Type:
    """The type of what a part of a display puts into the dict."""
    kind = frame.type(value)
    return kind if place is not None else element_type(kind) or PY_INT


def _operand_of(frame: Frame, place: Bound) -> Operand:
    key = known_key(place)
    return frame.read(place) if key is UNKNOWN_KEY else Const(key)


UNKNOWN_KEY = object()


def known_key(bound: Bound) -> Any:
    """The key that a bound value is for certain, or ``UNKNOWN_KEY``."""
    if isinstance(bound, TupleOf):
        parts = [known_key(item) for item in bound.items]
        return UNKNOWN_KEY if any(part is UNKNOWN_KEY for part in parts) else tuple(parts)
    if not isinstance(bound, Const) or not bound.fixed:
        return UNKNOWN_KEY
    if isinstance(bound.value, slice):
        return bound.value
    try:
        hash(bound.value)
    except TypeError:
        return UNKNOWN_KEY
    return bound.value


# ---------------------------------------------------------------------------- entries


def items_of(frame: Frame, bound: Bound) -> list[Bound] | None:
    """What iterating over a followed container gives; None for anything else."""
    if isinstance(bound, TupleOf):
        return list(bound.items)
    if isinstance(bound, Const):
        return constant_items(bound)
    fields = frame.heap.fields(bound)
    if fields is None:
        return None
    if fields.kind == "list":
        return list(fields.entries.values())
    return [constant_key(key) for key in fields.entries] if fields.kind == "dict" else None


def constant_key(key: Any) -> Bound:
    return TupleOf(tuple(map(constant_key, key))) if isinstance(key, tuple) else Const(key)


def get_item(frame: Frame, node: Any, base: Ref, fields: Fields, place: Operand) -> Bound:
    """``base[place]``."""
    key = known_key(place)
    if fields.kind == "list" and isinstance(key, slice):
        return make_list(frame, list(fields.entries.values())[key])
    if key is not UNKNOWN_KEY:
        found = fields.entries.get(_position(fields, key), NOTHING)
        if found is not NOTHING:
            return found
        if fields.cls is collections.Counter:
            return Const(0)
        if fields.cls is not None:
            made = dicts.missing_entry(frame, node, fields.cls)
            set_item(frame, node, base, fields, place, made)
            return made
        lacking(frame, node, fields.kind, key)
    if fields.kind == "dict" and fields.cls is None and not fields.entries:
        raise certainly(frame, KeyError, "the dict is empty", node)
    if fields.cls is not None or (fields.kind == "dict" and dicts.holds_lists(frame, fields)):
        wholes.settle(frame, base)
        return dicts.get_item(frame, base, place)
    if fields.kind == "list" and _are_alike(frame, list(fields.entries.values())):
        from gradscribe.frontend.expressions import item

        wholes.settle(frame, base)
        return item(frame, base, place)
    aliasing.keep(frame, TupleOf(tuple(fields.entries.values())), node)
    entry = frame.wrap(frame.emit(GETITEM, frame.read(base), place))
    aliasing.keep(frame, entry)
    return entry


def lacking(frame: Frame, node: Any, kind: str, key: Any) -> NoReturn:
    """Raise what reading an entry raises that is not there."""
    message = f"the {kind} has no entry {key!r} here"
    if kind == "dict":
        raise certainly(frame, KeyError, key, node, message, "give a default: d.get(key, …)")
    said = f"{kind} index out of range"
    raise certainly(frame, IndexError, said, node, message, "use an entry that is there")


def _are_alike(frame: Frame, items: list[Bound]) -> bool:
    """Are these lists (of lists) of things of one kind, which one value can hold?"""
    if not all(isinstance(item, Ref) for item in items):
        return False
    kinds = [frame.type(item) for item in items]
    return all(isinstance(kind, Sequence) for kind in kinds) and not is_unlike(kinds)


def _position(fields: Fields, key: Any) -> Any:
    """A place in a list counted from the front, however it is written."""
    if fields.kind == "list" and isinstance(key, int) and key < 0:
        return key + len(fields.entries)
    return key


def set_item(
    frame: Frame, node: Any, base: Ref, fields: Fields, place: Operand, value: Bound
) -> None:
    """``base[place] = value``."""
    aliasing.check_write(frame, base.loc, node)
    key = known_key(place)
    if fields.kind == "list" and isinstance(key, slice):
        new = items_of(frame, value)
        if new is None:
            frame.refuse(
                node,
                "a slice of a list of unlike things is assigned things that are not known here",
                "keep things of one kind in lists of their own",
            )
        items = list(fields.entries.values())
        items[key] = new
        frame.heap.values[base.loc] = Fields("list", dict(enumerate(items)))
        return
    if key is not UNKNOWN_KEY:
        position = _position(fields, key)
        if fields.kind == "list" and position not in fields.entries:
            lacking(frame, node, "list", key)
        frame.heap.values[base.loc] = fields.replaced(position, value)
        frame.name(value, part_name(base.loc.name, key))
        return
    if fields.kind == "dict":
        dicts.check_items(frame, node, [value, *fields.entries.values()])
        wholes.settle(frame, base)
        dicts.set_item(frame, node, base, place, value)
        return
    aliasing.keep(frame, value, node)
    wholes.settle(frame, base)
    frame.write(base, frame.emit(SETITEM, frame.read(base), place, frame.read(value)), node)


def assign_item(frame: Frame, node: Any, base: Ref, place: Operand, value: Bound) -> None:
    """``base[place] = value``, whether or not the entries of the dict are still followed."""
    fields = frame.heap.fields(base)
    if fields is not None:
        set_item(frame, node, base, fields, place, value)
        return
    dicts.check_items(frame, node, [value])
    dicts.set_item(frame, node, base, place, value)


def delete_item(frame: Frame, node: Any, base: Ref, fields: Fields, place: Operand) -> None:
    """``del base[place]``."""
    aliasing.check_write(frame, base.loc, node)
    key = known_key(place)
    if fields.kind == "list" and key is not UNKNOWN_KEY:
        items = list(fields.entries.values())
        del items[key]
        frame.heap.values[base.loc] = Fields("list", dict(enumerate(items)))
        return
    if key is not UNKNOWN_KEY and key in fields.entries:
        frame.heap.values[base.loc] = fields.without(key)
        return
    kinds = [frame.type(item) for item in fields.entries.values()]
    computed = key is UNKNOWN_KEY and fields.kind == "dict"
    if not computed or not dicts.may_be_one_value(kinds):
        frame.refuse(
            node,
            "the entry that is deleted here is not known",
            "use keys that are written in the program",
        )
    wholes.settle(frame, base)
    dicts.delete_item(frame, node, base, place)


def constant_entry(base: Bound, place: Operand) -> Const | None:
    """An entry of a dict (or of a table of unlike things) that is a constant of the module."""
    if not isinstance(base, Const) or base.name is None:
        return None
    key = known_key(place)
    table = base.value
    if key is UNKNOWN_KEY or not isinstance(table, dict | list | tuple):
        return None
    try:
        value = table[key]
    except (LookupError, TypeError):
        return None
    if is_static(value):
        return Const(value)
    nested = isinstance(table, dict) or isinstance(value, dict | list | tuple)
    nested = nested or is_followed(type(value))
    if nested and _is_written(key):
        return Const(value, f"{base.name}[{key!r}]", base.home)
    return None


def constant_entries(base: Const) -> Fields | None:
    """A dict that is a constant of the module, its entries read where they are."""
    if base.name is None or not isinstance(base.value, dict):
        return None
    entries = {key: constant_entry(base, Const(key)) for key in base.value}
    if any(entry is None for entry in entries.values()):
        return None
    return Fields("dict", entries)  # type: ignore[arg-type]  # none is None


def constant_items(base: Const) -> list[Bound] | None:
    """The entries of a table of unlike things, or of an enumeration, that the module holds."""
    if isinstance(base.value, enum.EnumMeta):
        members: list[Any] = list(base.value)
        return [Const(member) for member in members]
    if base.name is None or not isinstance(base.value, list | tuple):
        return None
    entries = [constant_entry(base, Const(place)) for place in range(len(base.value))]
    return None if not entries or None in entries else list(entries)  # type: ignore[arg-type]  # none is None


def _is_written(key: Any) -> bool:
    """Is a key written in the text as ``repr`` shows it?"""
    if isinstance(key, tuple):
        return all(map(_is_written, key))
    return key is None or type(key) in (str, int, float, bool, bytes)


def contains(frame: Frame, base: Bound, sought: Bound) -> Const | None:
    """``sought in base`` where it is decided by what is known."""
    fields = frame.heap.fields(base)
    key = known_key(sought)
    items = base.items if isinstance(base, TupleOf) else None
    if fields is not None and fields.kind == "list":
        items = tuple(fields.entries.values())
    if items is not None and key is not UNKNOWN_KEY:
        keys = [known_key(item) for item in items]
        return None if any(k is UNKNOWN_KEY for k in keys) else Const(key in keys)
    if fields is not None and fields.kind == "dict" and key is not UNKNOWN_KEY:
        return Const(key in fields.entries)
    return Const(False) if dicts.is_empty(frame, base) else None


# ---------------------------------------------------------------------------- operators


def pairs_of(frame: Frame, bound: Bound) -> Entries | None:
    """What ``dict(bound)`` holds, where that is known."""
    fields = frame.heap.fields(bound)
    if isinstance(bound, Const):
        fields = constant_entries(bound)
    if fields is not None and fields.kind == "dict":
        return dict(fields.entries)
    items = items_of(frame, bound)
    if items is None:
        return None
    entries: Entries = {}
    for item in items:
        pair = items_of(frame, item)
        key = known_key(pair[0]) if pair is not None and len(pair) == 2 else UNKNOWN_KEY
        if pair is None or key is UNKNOWN_KEY:
            return None
        entries[key] = pair[1]
    return entries


def is_empty_list(frame: Frame, base: Bound) -> bool:
    """Is this an empty list that was made here?"""
    if not isinstance(base, Ref) or base.path:
        return False
    held = frame.heap.operand(base.loc)
    made = frame.builder.made.get(held) if isinstance(held, Value) else None
    return made is not None and made.prim is of(list) and not made.args


def concatenated(frame: Frame, left: Bound, right: Bound) -> Bound | None:
    """``xs + ys`` of lists, one of which is followed entry by entry."""
    parts = [frame.heap.fields(bound) for bound in (left, right)]
    if not any(part is not None and part.kind == "list" for part in parts):
        return None
    lists = [_entries(frame, bound) for bound in (left, right)]
    if lists[0] is None or lists[1] is None:
        return None
    return make_list(frame, lists[0] + lists[1])


def _entries(frame: Frame, bound: Bound) -> list[Bound] | None:
    """The entries of a list of known length."""
    found = items_of(frame, bound)
    if found is not None:
        return found
    operand = frame.read(bound)
    made = frame.builder.made.get(operand) if isinstance(operand, Value) else None
    if made is None or made.prim is not of(list):
        return None
    return [frame.wrap(frame.emit(GETITEM, operand, k)) for k in range(len(made.args))]


def repeated(frame: Frame, base: Bound, times: Bound) -> Bound | None:
    """``xs * n`` of a followed list and a known number: every entry is there n times."""
    fields, count = frame.heap.fields(base), known_key(times)
    if fields is None or fields.kind != "list" or not isinstance(count, int):
        return None
    return make_list(frame, list(fields.entries.values()) * count)


def merged(frame: Frame, node: Any, left: Bound, right: Bound) -> Bound | None:
    """``d | e``."""
    parts = [frame.heap.fields(bound) for bound in (left, right)]
    if any(part is None or part.kind != "dict" for part in parts):
        both = all(_is_dict(frame, bound) for bound in (left, right))
        return dicts.merged(frame, node, [left, right]) if both else None
    return make_dict(frame, {**parts[0].entries, **parts[1].entries})  # type: ignore[union-attr]  # dicts
