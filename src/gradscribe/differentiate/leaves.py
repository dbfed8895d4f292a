"""The floating numbers and arrays in what is differentiated: the leaves of its structure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradscribe.differentiate.bars import Bar, Entries
from gradscribe.errors import ArgumentError
from gradscribe.ir import trees
from gradscribe.ir.build import Builder
from gradscribe.ir.core import Const, Operand
from gradscribe.ir.types import Array, Scalar, Type, Unknown, maybe_float

Path = tuple[int, ...]


def leaves(kind: Type, who: str, path: Path = ()) -> list[tuple[Path, Type]]:
    """The floating leaves of a type, each with the places that lead to it."""
    if not maybe_float(kind):
        return []
    parts = trees.part_types(kind)
    if parts is None:
        if not isinstance(kind, Scalar | Array | Unknown):
            raise ArgumentError(
                f"{who}: a {kind} of any length has no Jacobian",
                hint="make an array of its entries, or a tuple",
            )
        return [(path, kind)]
    found = []
    for place, part in enumerate(parts):
        found += leaves(part, who, (*path, place))
    return found


def at(builder: Builder, whole: Operand, path: Path) -> Operand:
    """The leaf that a path leads to."""
    for place in path:
        whole = trees.part(builder, whole, place)
    return whole


def alone(kind: Type, path: Path, bar: Operand) -> Bar:
    """The adjoint that is ``bar`` for one leaf and zero for all others."""
    if not path:
        return bar
    parts = trees.part_types(kind) or ()
    items: list[Bar | None] = [None] * len(parts)
    items[path[0]] = alone(parts[path[0]], path[1:], bar)
    return Entries(items)


def rebuilt(
    builder: Builder, kind: Type, leaf: Callable[[Path], Operand], path: Path = ()
) -> Operand:
    """A whole of the structure of ``kind``, with None for what is not floating."""
    if not maybe_float(kind):
        return Const(None)
    parts = trees.part_types(kind)
    if parts is None:
        return leaf(path)
    made: list[Any] = [
        rebuilt(builder, part, leaf, (*path, place)) for place, part in enumerate(parts)
    ]
    return trees.display(builder, kind, made)
