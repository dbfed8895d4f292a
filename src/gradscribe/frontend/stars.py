"""Stars and patterns: how many entries are taken apart, and which.

A pattern says how many entries it takes, and so does the signature of what is called:
``model(t, *p)`` hands on as many entries of ``p`` as ``model`` has parameters left, or all the rest
where it has a ``*rest`` of its own.
"""

from __future__ import annotations

import operator
import types
from dataclasses import dataclass
from typing import Any, NoReturn, final

import gast
import numpy as np

from gradscribe.errors import SourceUnavailableError
from gradscribe.frontend import (
    aliasing,
    comprehensions,
    containers,
    expressions,
    functional,
    iterators,
    records,
)
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, Method, Rest, TupleOf
from gradscribe.frontend.raising import certainly
from gradscribe.frontend.resolve import definition_of, is_written
from gradscribe.frontend.streams import stream_in
from gradscribe.ir import helpers
from gradscribe.ir.core import Const, Parameter
from gradscribe.ir.joins import element_type
from gradscribe.ir.primitives import of
from gradscribe.ir.types import Array, Sequence, Type, is_scalar
from gradscribe.objects import is_named_tuple

ENTRIES, TUPLE, ADD, GETITEM = (
    of(f) for f in (helpers.entries, tuple, operator.add, operator.getitem)
)


# ---------------------------------------------------------------------------- patterns


def unpack(frame: Frame, target: Any, value: Bound) -> list[Bound]:
    """The entries of ``value`` for each part of a pattern."""
    parts = target.elts
    starred = [i for i, part in enumerate(parts) if isinstance(part, gast.Starred)]
    walked = iterators.stream_of(frame, target, value)
    value = value if walked is None else walked
    if isinstance(value, Closure) and stream_in(value):
        value = comprehensions.as_list(frame, target, value)
    items = functional.spread(frame, target, value)
    if items is None:
        if starred:
            return _around_star(frame, target, value, frame.type(value), starred[0])
        items = exactly(frame, value, [getattr(part, "id", "") for part in parts])
    if not starred:
        if len(items) != len(parts):
            _wrong_number(frame, target, len(items), len(parts))
        return items
    (place,) = starred
    after = len(parts) - place - 1
    middle = items[place : len(items) - after]
    if containers.is_followed_list(frame, middle):
        gathered: Bound = containers.make_list(frame, middle)
        return [*items[:place], gathered, *items[len(items) - after :]]
    aliasing.keep(frame, TupleOf(tuple(middle)), target)
    gathered = frame.wrap(frame.emit(of(list), *(frame.read(item) for item in middle)))
    return [*items[:place], gathered, *items[len(items) - after :]]


def _wrong_number(frame: Frame, target: Any, given: int, wanted: int) -> NoReturn:
    """Raise what unpacking raises that finds too few or too many."""
    said = f"too many values to unpack (expected {wanted})"
    if given < wanted:
        said = f"not enough values to unpack (expected {wanted}, got {given})"
    raise certainly(frame, ValueError, said, target, f"{given} values for {wanted} names")


def _around_star(frame: Frame, target: Any, value: Bound, kind: Type, place: int) -> list[Bound]:
    """``a, *b, c = xs`` for a list or an array of unknown length."""
    listed = isinstance(kind, Sequence) and kind.kind == "list"
    if not listed and not (isinstance(kind, Array) and kind.dims):
        frame.refuse(
            target,
            "a starred pattern needs a list, or a value whose length is known",
            "use a slice: rest = x[1:]",
        )
    after = len(target.elts) - place - 1
    middle = slice(place, -after if after else None)
    found = [expressions.item(frame, value, Const(k)) for k in range(place)]
    part = expressions.item(frame, value, Const(middle))
    found.append(part if listed else functional.as_list(frame, target, part))
    return found + [expressions.item(frame, value, Const(k - after)) for k in range(after)]


def exactly(frame: Frame, value: Bound, names: list[str]) -> list[Bound]:
    """The entries of something of unknown length, of which there must be one for each name."""
    count = len(names)
    kind = frame.type(value)
    entry = element_type(kind) if isinstance(kind, Array | Sequence) else None
    if entry is not None and is_scalar(entry):
        taken = frame.emit(ENTRIES, frame.look(value), Const(count))
        return [frame.emit(GETITEM, taken, Const(k), hint=name) for k, name in enumerate(names)]
    return [expressions.item(frame, value, Const(k)) for k in range(count)]


# ---------------------------------------------------------------------------- calls


@final
@dataclass(frozen=True, slots=True)
class _Places:
    """Where the positional arguments of a callee go; ``rest``: it takes any number more."""

    params: list[Parameter]
    rest: bool


def arguments(
    frame: Frame, node: gast.Call, star: Any, callee: Bound | None, given: int, value: Bound
) -> list[Bound]:
    """What ``*value``, the last of a call's positional arguments, stands for."""
    if isinstance(callee, Const) and callee.value in (max, min) and len(node.args) == 1:
        return [value]
    places = _places(frame, callee) if star is node.args[-1] and callee is not None else None
    if places is None:
        frame.refuse(
            star, "star of something whose length is not known here", "hand over the list itself"
        )
    if isinstance(value, Closure) and stream_in(value):
        value = comprehensions.as_list(frame, star, value)
    named = {keyword.arg for keyword in node.keywords}
    left = [param for param in places.params[given:] if param.name not in named]
    if places.rest:
        head = [expressions.item(frame, value, Const(k)) for k in range(len(left))]
        tail = expressions.item(frame, value, Const(slice(len(left), None))) if left else value
        return [*head, Rest(tail)]
    if any(param.has_default for param in left) or None in named:
        frame.refuse(
            star,
            "cannot know how many of the parameters with defaults this star gives",
            "write these arguments out",
        )
    return exactly(frame, value, [param.name for param in left])


def _places(frame: Frame, callee: Bound) -> _Places | None:
    """The positional parameters of what is called; None where they are not known."""
    skipped = 0
    if isinstance(callee, Closure):
        return None if stream_in(callee) else _of_definition(callee.definition, 0)
    method = records.special_method(frame, callee, "__call__")
    callee = method if method is not None else callee
    if isinstance(callee, Method):
        callee, skipped = Const(callee.function), 1
    function = callee.value if isinstance(callee, Const) else None
    if isinstance(function, types.MethodType):
        function, skipped = function.__func__, 1
    if isinstance(function, type) and is_named_tuple(function):
        optional = function._field_defaults  # type: ignore[attr-defined]  # a named tuple's
        fields = function._fields  # type: ignore[attr-defined]
        return _Places([Parameter(f, has_default=f in optional) for f in fields], rest=False)
    if isinstance(function, type):
        function, skipped = getattr(function, "__init__", None), 1
    if is_written(function):
        try:
            return _of_definition(definition_of(function), skipped)  # type: ignore[arg-type]  # a Python function
        except SourceUnavailableError:
            return None
    if not isinstance(function, np.ufunc):
        return None
    return _Places([Parameter(f"x{k}") for k in range(function.nin)], rest=False)


def _of_definition(definition: Any, skipped: int) -> _Places:
    from gradscribe.frontend.lower import parameters

    params = parameters(definition.node)
    plain = [param for param in params if param.kind in ("plain", "positional")]
    return _Places(plain[skipped:], any(param.kind == "args" for param in params))


def gathered(frame: Frame, node: Any, items: list[Bound]) -> Bound:
    """The tuple that ``*rest`` of a callee is bound to."""
    if not items or not isinstance(items[-1], Rest):
        return TupleOf(tuple(items))
    rest = functional.as_tuple(frame, node, items[-1].source)
    if len(items) == 1:
        return rest
    head = frame.emit(TUPLE, *map(frame.read, items[:-1]))
    return frame.wrap(frame.emit(ADD, head, frame.read(rest)))
