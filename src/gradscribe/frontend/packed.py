"""Bound values taken apart into operands, and put together again in another frame.

What a rule is given (arguments, results, cotangents) may be tuples, dicts and objects. A *tree* is
such a value with its operands taken out: each is a ``Leaf``, a place among the args or the results
of an operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Cell, Closure, Fields, Lost, Method, Super, TupleOf
from gradscribe.frontend.procedures import Procedure
from gradscribe.ir import helpers
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.primitives import of


@final
@dataclass(frozen=True, slots=True)
class Leaf:
    """One operand, by its place."""

    place: int
    result: bool = False


@final
@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """A tuple, or what ``heap.Fields`` is, with a tree for each entry."""

    kind: str
    entries: dict[Any, Tree]
    cls: type | None = None


@final
@dataclass(frozen=True, eq=False, slots=True)
class Nameless:
    """Something that is called and cannot be taken elsewhere: a nested function."""

    what: str


Tree = Leaf | Node | Const | Nameless
Place = Callable[[Value, tuple[Any, ...]], Leaf]


def pack(frame: Frame, bound: Bound, path: tuple[Any, ...], place: Place) -> Tree:
    """The tree of a bound value; ``place`` is told each operand in it, and the way there."""
    if isinstance(bound, Closure | Procedure | Method | Cell | Super | Lost):
        return Nameless(path[0] if path else "it")
    if isinstance(bound, TupleOf):
        items = enumerate(bound.items)
        entries = {k: pack(frame, item, (*path, k), place) for k, item in items}
        return Node("tuple", entries, bound.cls)
    fields = frame.heap.fields(bound)
    if fields is not None:
        parts = fields.entries.items()
        entries = {key: pack(frame, item, (*path, key), place) for key, item in parts}
        return Node(fields.kind, entries, fields.cls)
    operand = frame.read(bound)
    return operand if isinstance(operand, Const) else place(operand, path)


def unpack(
    frame: Frame,
    tree: Tree,
    operand: Callable[[Leaf], Operand],
    constant: Callable[[Frame, Const], Operand] = lambda _, c: c,
) -> Bound:
    """A bound value of this structure that holds what ``operand`` gives for each leaf.

    ``constant`` tells what stands for a constant.
    """
    if isinstance(tree, Leaf):
        return frame.wrap(operand(tree))
    if isinstance(tree, Const):
        return frame.wrap(constant(frame, tree))
    if isinstance(tree, Nameless):
        frame.refuse_here(
            f"a rule reads {tree.what!r}, which is a nested function or a method here",
            "pass a function that is defined at module level",
        )
    parts = tree.entries.items()
    entries = {key: unpack(frame, part, operand, constant) for key, part in parts}
    if tree.kind == "tuple":
        return TupleOf(tuple(entries.values()), tree.cls)
    return frame.heap.new(Fields(tree.kind, entries, tree.cls))


def derivative_of(frame: Frame, constant: Const) -> Operand:
    """The tangent or cotangent of a constant: zero, or None where it is no number."""
    value = constant.value
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
        return frame.emit(of(helpers.zeros_like), constant)
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return Const(0.0 if number else None)


def leaves(tree: Tree) -> Iterator[Leaf]:
    """Every leaf, in order."""
    if isinstance(tree, Leaf):
        yield tree
    elif isinstance(tree, Node):
        for part in tree.entries.values():
            yield from leaves(part)


def part(tree: Tree, path: tuple[Any, ...]) -> Tree:
    """The tree at the end of a path."""
    for key in path:
        assert isinstance(tree, Node)
        tree = tree.entries[key]
    return tree


def matched(frame: Frame, bound: Bound, tree: Tree) -> Iterator[tuple[Leaf, Operand]]:
    """The operands in a bound value for the leaves of a tree; ValueError where they do not match.

    None stands for no entry at all.
    """
    if isinstance(bound, Const) and bound.value is None:
        return
    if isinstance(tree, Leaf):
        yield tree, frame.read(bound)
    elif isinstance(tree, Node):
        entries = _entries(frame, bound)
        if entries is None or len(entries) != len(tree.entries):
            raise ValueError(tree.kind)
        for key, below in tree.entries.items():
            if key not in entries:
                raise ValueError(tree.kind)
            yield from matched(frame, entries[key], below)


def _entries(frame: Frame, bound: Bound) -> dict[Any, Bound] | None:
    if isinstance(bound, TupleOf):
        return dict(enumerate(bound.items))
    fields = frame.heap.fields(bound)
    return None if fields is None else dict(fields.entries)
