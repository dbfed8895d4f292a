"""Objects of known structure as one operand each, and operands as objects of known structure."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from gradscribe.frontend.heap import Fields, Loc, Ref, TupleOf, locations
from gradscribe.ir import trees
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.facts.records import instance
from gradscribe.ir.joins import is_unlike
from gradscribe.ir.primitives import of
from gradscribe.ir.types import Mapping, Sequence, Struct, Type

if TYPE_CHECKING:
    from gradscribe.frontend.frame import Frame


_WRITTEN = "gradscribe.frontend."  # where classes of the library are written out


def part_name(whole: str, key: Any) -> str:
    """What a part of an object is called: ``p_x`` for ``p.x`` and ``p["x"]``, ``x`` for self's."""
    if not isinstance(key, str) or not key.isidentifier():
        return whole
    return f"{whole}_{key}" if whole and whole != "self" else key


def is_structured(kind: Type) -> bool:
    """Is a value of this type followed part by part?"""
    if isinstance(kind, Sequence):
        return kind.kind == "list" and kind.items is not None and is_unlike(list(kind.items))
    return isinstance(kind, Struct) or (isinstance(kind, Mapping) and kind.items is not None)


def opened(frame: Frame, operand: Value, name: str) -> Ref:
    """A new object of known structure that holds what ``operand`` holds now."""
    kind = operand.type
    bound = [frame.wrap(part) for part in parts_of(frame, operand)]
    names = {Mapping: "dict", Struct: "object", Sequence: "list"}
    cls = kind.cls if isinstance(kind, Struct) else None
    fields = Fields(names[type(kind)], dict(zip(trees.keys(kind), bound, strict=True)), cls)
    ref = frame.heap.new(fields, name)
    frame.heap.wholes[ref.loc] = (tuple(map(frame.read, bound)), operand)
    return ref


def parts_of(frame: Frame, operand: Value) -> list[Operand]:
    """The parts of a tuple, dict or object, each read here."""
    return [
        trees.part(frame.builder, operand, place, part_name("", key))
        for place, key in enumerate(trees.keys(operand.type))
    ]


def as_one(frame: Frame, loc: Loc, fields: Fields) -> Operand:
    """What an object of known structure is now, as one operand."""
    parts = tuple(frame.read(item) for item in fields.entries.values())
    known = frame.heap.wholes.get(loc)
    if known is not None and len(known[0]) == len(parts):
        if all(a is b for a, b in zip(known[0], parts, strict=True)):
            return known[1]
    if fields.kind == "dict":
        whole = frame.emit(of(dict), Const(tuple(fields.entries)), *parts)
    elif fields.kind == "list":
        whole = frame.emit(of(list), *parts)
    else:
        if fields.cls is not None and fields.cls.__module__.startswith(_WRITTEN):
            frame.refuse_here(
                "a deque or an iterator is used as a whole here", "use what it holds: list(q)"
            )
        names = Const(tuple(fields.entries))
        whole = frame.emit(of(instance), Const(fields.cls), names, *parts)
    frame.heap.wholes[loc] = (parts, whole)
    return whole


def settle(frame: Frame, ref: Ref) -> None:
    """Make a container that was followed entry by entry one value from now on."""
    fields = frame.heap.fields(ref)
    if fields is not None:
        from gradscribe.frontend import sharing

        items = list(fields.entries.values())
        for item in items if fields.kind == "list" else ():
            if isinstance(item, Ref) and not item.path:
                settle(frame, item)
        own = set(frame.heap.own)
        frame.heap.values[ref.loc] = whole = frame.look(ref)
        if fields.kind == "dict" and isinstance(whole, Value) and isinstance(whole.type, Mapping):
            whole.type = dataclasses.replace(whole.type, default=fields.cls)
        frame.heap.own |= own.intersection(locations(TupleOf(tuple(items))))
        sharing.claim(frame, ref, items, None)
        sharing.stand(frame, ref, fields.entries)
