"""Values with parts: tuples, lists, dicts and objects whose parts are known one by one.

``t[k]``, ``d[key]`` and ``p.name`` read one part; ``(a, b)``, ``[a, b]``, ``{key: a}`` and
``Point(a, b)`` make the whole. Places count from zero in the order of the type's parts.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence as Items
from typing import Any

from gradscribe.ir import helpers
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Const, Op, Operand
from gradscribe.ir.facts.records import instance
from gradscribe.ir.primitives import of
from gradscribe.ir.types import (
    Mapping,
    Scalar,
    Sequence,
    Static,
    Struct,
    Type,
    holds_numbers,
    holds_records,
    maybe_float,
)
from gradscribe.objects import taken_by

GETITEM, GETATTR = of(operator.getitem), of(getattr)

# How many args of a display come before its parts.
_DISPLAYS: dict[Any, int] = {tuple: 0, list: 0, dict: 1, instance: 2}


def part_types(kind: Type) -> tuple[Type, ...] | None:
    """The types of the parts of a value; None for a value that has none, or unknown ones."""
    match kind:
        case Sequence(_, items, _):
            return items
        case Mapping(items, _):
            return None if items is None else tuple(item for _, item in items)
        case Struct(_, fields):
            return tuple(item for _, item in fields)
        case _:
            return None


def with_parts(kind: Type, parts: Items[Type]) -> Type:
    """A type of the same structure whose parts have other types."""
    match kind:
        case Mapping():
            return Mapping(tuple(zip(keys(kind), parts, strict=True)))
        case Struct(cls):
            return Struct(cls, tuple(zip(keys(kind), parts, strict=True)))
        case Sequence(name):
            return Sequence(name, tuple(parts))
    raise AssertionError("only these have parts")


def keys(kind: Type) -> list[Any]:
    """What the parts of a value are read by: positions, keys or names of attributes."""
    match kind:
        case Mapping(items, _):
            return [key for key, _ in items or ()]
        case Struct(_, fields):
            return [name for name, _ in fields]
        case Sequence(_, items, _):
            return list(range(len(items or ())))
        case _:
            return []


def part(
    builder: Builder, whole: Operand, place: int, hint: str = "", kind: Type | None = None
) -> Operand:
    """Read one part; of a display that was just made, what was put there.

    ``kind`` says where it is, if the type of ``whole`` does not: a dict of the same keys may have
    them in another order.
    """
    made = builder.made.get(whole) if not isinstance(whole, Const) else None
    if made is not None and made.prim.function in (tuple, dict, instance):
        if isinstance(kind, Mapping):
            place = keys(type_of_operand(whole)).index(keys(kind)[place])
        return made.args[_DISPLAYS[made.prim.function] + place]
    return read(builder, whole, place, hint, kind)


def read(
    builder: Builder, whole: Operand, place: int, hint: str = "", kind: Type | None = None
) -> Operand:
    """Read one part where it is, in the place of the type's parts."""
    kind = kind or type_of_operand(whole)
    if isinstance(kind, Struct):
        return builder.emit(GETATTR, whole, kind.fields[place][0], hint=hint)
    if isinstance(kind, Mapping) and kind.items is not None:
        return builder.emit(GETITEM, whole, Const(kind.items[place][0]), hint=hint)
    return builder.emit(GETITEM, whole, place, hint=hint)


def display(builder: Builder, kind: Type, parts: Items[Operand], hint: str = "") -> Operand:
    """Make a whole of the structure of ``kind`` from its parts."""
    if isinstance(kind, Mapping):
        return builder.emit(of(dict), Const(tuple(keys(kind))), *parts, hint=hint)
    if isinstance(kind, Struct):
        named: dict[str, Operand] = dict(zip(keys(kind), parts, strict=True))
        taken = taken_by(kind.cls)
        if taken is not None and named.keys() <= set(taken):
            named = {name: named.get(name, Const(None)) for name in taken}
        names = Const(tuple(named))
        return builder.emit(of(instance), Const(kind.cls), names, *named.values(), hint=hint)
    made = list if isinstance(kind, Sequence) and kind.kind == "list" else tuple
    return builder.emit(of(made), *parts, hint=hint)


def displayed(op: Op) -> tuple[Operand, ...] | None:
    """The parts that a display puts together; None for any other operation."""
    skipped = _DISPLAYS.get(op.prim.function) if op.prim.function is not None else None
    return None if skipped is None else op.args[skipped:]


def zeros(builder: Builder, whole: Operand, hint: str = "") -> Operand:
    """A zero adjoint for an array or a whole with parts."""
    kind = type_of_operand(whole)
    if holds_numbers(kind):
        return builder.emit(of(helpers.zero_entries), whole, hint=hint)
    if is_flat(kind):
        parts = [Const(0.0 if maybe_float(part) else None) for part in part_types(kind) or ()]
        return display(builder, kind, parts, hint)
    zero = helpers.zero_tree if holds_records(kind) else helpers.zeros_like
    return builder.emit(of(zero), whole, hint=hint)


def is_flat(kind: Type | None) -> bool:
    """Is this an object whose attributes are numbers, or nothing that is differentiated?"""
    return isinstance(kind, Struct) and all(isinstance(x, Scalar | Static) for _, x in kind.fields)


def part_read(op: Op) -> tuple[Operand, int, Type] | None:
    """For an operation that reads one part of a tuple, dict or object: the whole, the place."""
    if op.prim not in (GETITEM, GETATTR):
        return None
    whole, key = op.args
    kind = type_of_operand(whole)
    parts = part_types(kind)
    if parts is None or not isinstance(key, Const) or not key.fixed:
        return None
    if isinstance(kind, Sequence):
        if kind.kind != "tuple" or type(key.value) is not int:
            return None
        return whole, key.value % len(parts), kind
    known = keys(kind)
    return (whole, known.index(key.value), kind) if key.value in known else None
