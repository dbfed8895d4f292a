"""Calls of builtins on what is followed part by part: ``super``, ``getattr``, ``dict``, copies."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import gast

from gradscribe.frontend import containers, records
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Fields, Ref, Super, TupleOf
from gradscribe.ir.core import Const


def _super(frame: Frame, node: gast.Call) -> Bound:
    """``super()``, also with the class and the object given."""
    from gradscribe.frontend.expressions import lower

    if node.args:
        cls, receiver = (lower(frame, arg) for arg in node.args)
    else:
        cell = frame.definition.cells.get("__class__")
        first = frame.definition.node.args.args[:1]
        if cell is None or not first:
            frame.refuse(node, "super() outside a method")
        cls, receiver = Const(cell.cell_contents), frame.env[first[0].id]
    if not isinstance(cls, Const) or not isinstance(cls.value, type):
        frame.refuse(node, "the class that super() is given is not known here")
    return Super(cls.value, receiver)


def _named(frame: Frame, node: gast.Call) -> tuple[Bound, str] | None:
    """The object and the name of ``getattr(x, "name")``, where both are followed."""
    from gradscribe.frontend.expressions import lower

    if len(node.args) < 2 or node.keywords:
        return None
    base, name = lower(frame, node.args[0]), lower(frame, node.args[1])
    if records.class_of(frame, base) is None or not isinstance(name, Const):
        return None
    return base, str(name.value)


def _getattr(frame: Frame, node: gast.Call) -> Bound | None:
    from gradscribe.frontend.expressions import lower

    found = _named(frame, node)
    if found is None:
        return None
    if len(node.args) == 3 and not records.has(frame, *found):
        return lower(frame, node.args[2])
    return records.attribute(frame, node, *found)


def _hasattr(frame: Frame, node: gast.Call) -> Bound | None:
    found = _named(frame, node)
    return None if found is None else Const(records.has(frame, *found))


def _setattr(frame: Frame, node: gast.Call) -> Bound | None:
    from gradscribe.frontend.expressions import lower

    found = _named(frame, node)
    if found is None:
        return None
    records.set_attribute(frame, node, *found, lower(frame, node.args[2]))
    return Const(None)


def _dict(frame: Frame, node: gast.Call) -> Bound | None:
    """``dict(…)`` with keys that are known."""
    from gradscribe.frontend.calls import arguments

    positional, keywords = arguments(frame, node)
    entries: containers.Entries = {}
    for arg in positional:
        pairs = containers.pairs_of(frame, arg)
        if pairs is None:
            return None
        entries |= pairs
    return containers.make_dict(frame, entries | keywords)


def _replace(frame: Frame, node: gast.Call) -> Bound:
    from gradscribe.frontend.calls import arguments

    positional, keywords = arguments(frame, node)
    return records.replace(frame, node, positional[0], keywords)


def _copied(frame: Frame, node: gast.Call) -> Bound | None:
    """``copy.copy(x)`` of what is followed part by part."""
    from gradscribe.frontend.expressions import lower

    bound = lower(frame, node.args[0])
    fields = frame.heap.fields(bound)
    if isinstance(bound, TupleOf):
        return bound
    return None if fields is None else frame.heap.new(fields, "", frame.builder.span)


def _deeply_copied(frame: Frame, node: gast.Call) -> Bound | None:
    """``copy.deepcopy(x)``: what is shared within x is shared within the copy."""
    from gradscribe.frontend.expressions import lower

    known: dict[Any, Ref] = {}

    def copied(bound: Bound) -> Bound:
        if isinstance(bound, TupleOf):
            return TupleOf(tuple(map(copied, bound.items)), bound.cls)
        if not isinstance(bound, Ref):
            return bound
        key = (bound.loc, bound.path)
        if key not in known:
            fields = frame.heap.fields(bound)
            if fields is None:
                known[key] = frame.heap.new(frame.read(bound), "", frame.builder.span)
            else:
                known[key] = frame.heap.new(Fields(fields.kind, {}, fields.cls))
                entries = {k: copied(item) for k, item in fields.entries.items()}
                frame.heap.values[known[key].loc] = Fields(fields.kind, entries, fields.cls)
        return known[key]

    return copied(lower(frame, node.args[0]))


SPECIAL: dict[Any, Any] = {
    super: _super, getattr: _getattr, hasattr: _hasattr, setattr: _setattr, dict: _dict,
    dataclasses.replace: _replace, copy.copy: _copied, copy.deepcopy: _deeply_copied,
}  # fmt: skip
