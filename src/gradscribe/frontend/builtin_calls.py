"""Calls of builtins on what is followed part by part: ``super``, ``getattr``, ``dict``, copies."""

from __future__ import annotations

import collections
import copy
import dataclasses
from typing import Any

import numpy as np

from gradscribe.errors import UnsupportedError
from gradscribe.frontend import comprehensions, containers, dicts, lists, records
from gradscribe.frontend.frame import GETITEM, Frame
from gradscribe.frontend.heap import Bound, Closure, Fields, Ref, Super, TupleOf
from gradscribe.ir import helpers
from gradscribe.ir.core import Const
from gradscribe.ir.primitives import of
from gradscribe.ir.types import Array, Sequence

Keywords = dict[Any, Bound]


def _super(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound:
    """``super()``, also with the class and the object given."""
    if positional:
        cls, receiver = positional
    else:
        cell = frame.definition.cells.get("__class__")
        first = frame.definition.node.args.args[:1]
        if cell is None or not first:
            frame.refuse(node, "super() outside a method")
        cls, receiver = Const(cell.cell_contents), frame.env[first[0].id]
    if not isinstance(cls, Const) or not isinstance(cls.value, type):
        frame.refuse(
            node,
            "the class that super() is given is not known here",
            "write super(), or name the class",
        )
    return Super(cls.value, receiver)


def _named(frame: Frame, positional: list[Bound]) -> tuple[Bound, str] | None:
    """The object and the name of ``getattr(x, "name")``, where both are followed."""
    if len(positional) < 2:
        return None
    base, name = positional[:2]
    if records.class_of(frame, base) is None or not isinstance(name, Const):
        return None
    return base, str(name.value)


def getattr_(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    found = _named(frame, positional)
    if found is None:
        return None
    if len(positional) == 3 and not records.has(frame, node, *found):
        return positional[2]
    return records.attribute(frame, node, *found)


def hasattr_(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    found = _named(frame, positional)
    return None if found is None else Const(records.has(frame, node, *found))


def _setattr(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    found = _named(frame, positional)
    if found is None:
        return None
    records.set_attribute(frame, node, *found, positional[2])
    return Const(None)


def _set_plainly(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    """``object.__setattr__(x, "name", value)``, as frozen dataclasses and ``super()`` do it."""
    found = _named(frame, positional)
    if found is None or not isinstance(found[0], Ref):
        return None
    records.set_plainly(frame, node, found[0], found[1], positional[2])
    return Const(None)


def _holding(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    """``holding(cls, name=value)`` of a text that is read again."""
    cls = positional[0].value if isinstance(positional[0], Const) else None
    if not isinstance(cls, type):
        return None
    return frame.heap.new(Fields("object", keywords, cls), "", frame.builder.span)


def _dict(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    """``dict(…)``, with keys that are known or computed."""
    sources = [
        comprehensions.as_list(frame, node, arg) if isinstance(arg, Closure) else arg
        for arg in positional
    ]
    entries: containers.Entries = {}
    for source in sources:
        pairs = containers.pairs_of(frame, source)
        if pairs is None:
            return _computed(frame, node, [*sources, containers.make_dict(frame, keywords)])
        entries |= pairs
    return containers.make_dict(frame, entries | keywords)


def _computed(frame: Frame, node: Any, sources: list[Bound]) -> Bound | None:
    """A dict whose keys are computed; None where it may as well hold anything."""
    before = frame.mark()
    try:
        return dicts.merged(frame, node, sources)
    except UnsupportedError:
        frame.back(before)
        return None


def _replace(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound:
    return records.replace(frame, node, positional[0], keywords)


def _copied(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    """``copy.copy(x)``."""
    bound = records.apart(frame, positional[0])
    fields = frame.heap.fields(bound)
    if fields is not None:
        return frame.heap.new(fields, "", frame.builder.span)
    if not isinstance(bound, Ref):
        return bound
    kind = frame.type(bound)
    if isinstance(kind, Sequence) and kind.kind == "list":
        return lists.method(frame, node, bound, "copy", [], {})
    if not isinstance(kind, Array):
        return None
    if kind.dims:
        return frame.wrap(frame.emit(of(np.ndarray.copy), frame.read(bound)))
    # It may be a number, which has no method of this name.
    made = frame.emit(of(np.array), frame.read(bound))
    return frame.wrap(made if kind.dims is not None else frame.emit(GETITEM, made, Const(())))


def _deeply_copied(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    """``copy.deepcopy(x)``: what is shared within x is shared within the copy."""
    known: dict[Any, Ref] = {}

    def copied(bound: Bound) -> Bound:
        bound = records.apart(frame, bound)
        if isinstance(bound, TupleOf):
            return TupleOf(tuple(map(copied, bound.items)), bound.cls)
        if not isinstance(bound, Ref):
            return bound
        key = (bound.loc, bound.path)
        if key not in known:
            fields = frame.heap.fields(bound)
            if fields is None:
                known[key] = made = frame.heap.new(frame.look(bound), "", frame.builder.span)
                if not bound.path and bound.loc in frame.heap.own:
                    frame.heap.own.add(made.loc)
            else:
                known[key] = frame.heap.new(Fields(fields.kind, {}, fields.cls))
                entries = {k: copied(item) for k, item in fields.entries.items()}
                frame.heap.values[known[key].loc] = Fields(fields.kind, entries, fields.cls)
        return known[key]

    return copied(positional[0])


def _taken_apart(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    """``dataclasses.asdict(x)`` and ``astuple(x)``: dataclasses within x are taken apart, too."""
    if keywords or len(positional) != 1 or records.object_of(frame, positional[0]) is None:
        return None

    def apart(bound: Bound) -> Bound:
        if isinstance(bound, TupleOf):
            return TupleOf(tuple(map(apart, bound.items)), bound.cls)
        fields = frame.heap.fields(bound)
        if fields is None:
            return bound
        if fields.kind == "list":
            return containers.make_list(frame, [apart(item) for item in fields.entries.values()])
        if fields.kind == "dict":
            return containers.make_dict(frame, {k: apart(v) for k, v in fields.entries.items()})
        if fields.cls is None or not dataclasses.is_dataclass(fields.cls):
            return bound
        names = [field.name for field in dataclasses.fields(fields.cls)]
        parts = {name: apart(records.attribute(frame, node, bound, name)) for name in names}
        if function is dataclasses.astuple:
            return TupleOf(tuple(parts.values()))
        return containers.make_dict(frame, parts)

    copied = _deeply_copied(frame, node, copy.deepcopy, positional, {})
    return None if copied is None else apart(copied)


def _defaultdict(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    """``defaultdict(float)``: keys that are not there get what the factory makes."""
    factory, *others = positional or [Const(None)]
    made = _dict(frame, node, dict, others, keywords)
    fields = frame.heap.fields(made)
    if fields is None or not isinstance(made, Ref):
        return None
    default: Any = dicts.Factory(factory)
    if isinstance(factory, Const) and factory.value in (None, dict, *dicts.PLAIN):
        default = factory.value
    frame.heap.values[made.loc] = Fields("dict", fields.entries, default)
    return made


def _counter(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    """``Counter()``, which gives 0 for keys that are not there; those that count pass through."""
    if positional:
        return None
    made = Fields("dict", dict(keywords), collections.Counter)
    return frame.heap.new(made, "", frame.builder.span)


SPECIAL: dict[Any, Any] = {
    super: _super, setattr: _setattr, object.__setattr__: _set_plainly,
    dict: _dict, collections.OrderedDict: _dict, collections.defaultdict: _defaultdict,
    collections.Counter: _counter,
    dataclasses.asdict: _taken_apart, dataclasses.astuple: _taken_apart,
    dataclasses.replace: _replace, copy.copy: _copied, copy.deepcopy: _deeply_copied,
    helpers.holding: _holding,
}  # fmt: skip
