"""Iterators: ``iter(xs)`` and ``next(it)``, and objects of the user's that are walked.

An iterator over what is followed is an object with the sequence and the position in it, so that a
loop goes on where ``next`` left off::

    it = iter(xs)                         it.xs, it.at = xs, 0
    first = next(it)                      first, it.at = it.xs[0], 1
    for x in it:                          while it.at < len(it.xs):
        s += x * first                        x, it.at = it.xs[it.at], it.at + 1
                                              s += x * first
"""

from __future__ import annotations

from typing import Any

from gradscribe.frontend import containers, opaque, records
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, Fields, Ref
from gradscribe.frontend.library import WRITTEN
from gradscribe.frontend.streams import stream_in
from gradscribe.ir.core import Const
from gradscribe.ir.types import Array, Range, Sequence

Keywords = dict[str, Bound]


class Iterator:
    """What ``iter(xs)`` gives."""

    xs: Any
    at: int


# ---------------------------------------------------------------------------- written out


def _entry(xs: Any, at: Any) -> Any:
    if at >= len(xs):
        raise StopIteration
    return xs[at]


def _next(it: Any) -> Any:
    if it.at >= len(it.xs):
        raise StopIteration
    it.at += 1
    return it.xs[it.at - 1]


def _next_or(it: Any, default: Any) -> Any:
    if it.at >= len(it.xs):
        return default
    it.at += 1
    return it.xs[it.at - 1]


def _rest(it: Any) -> Any:
    while it.at < len(it.xs):
        it.at += 1
        yield it.xs[it.at - 1]


def _of_users(it: Any) -> Any:
    while True:
        try:
            value = it.__next__()
        except StopIteration:
            break
        yield value


def _by_places(xs: Any) -> Any:
    place = 0
    while True:
        try:
            value = xs[place]
        except IndexError:
            break
        yield value
        place += 1


def _of_users_or(it: Any, default: Any) -> Any:
    try:
        value = it.__next__()
    except StopIteration:
        return default
    return value


# ---------------------------------------------------------------------------- calls


def iter_(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    """``iter(xs)`` of what is followed."""
    if len(positional) != 1 or keywords:
        return None
    (source,) = positional
    if stream_in(source):
        return source
    method = records.special_method(frame, source, "__iter__")
    if method is not None:
        made = records.call_method(frame, node, method, [])
        if isinstance(made, Closure) or is_iterator(frame, made):
            return made
        source = made
    if isinstance(source, Closure) or _is_ours(frame, source):
        return source
    source = opaque.listed(frame, source) if not opaque.made(frame, source) else source
    known = containers.items_of(frame, source)
    if known is None and not isinstance(frame.type(source), Array | Sequence | Range):
        return None
    entries = {"xs": source, "at": Const(0)}
    return frame.heap.new(Fields("object", entries, Iterator), "", frame.builder.span)


def next_(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    """``next(it)`` and ``next(it, default)``."""
    from gradscribe.frontend.inlining import inline_for

    if not positional or keywords:
        return None
    source, *default = positional
    if stream_in(source):
        return inline_for(frame, node, WRITTEN[next], positional, {})
    if _is_ours(frame, source):
        return _advance(frame, node, source, default)
    if records.special_method(frame, source, "__next__") is None:
        return None
    if default:
        return inline_for(frame, node, _of_users_or, positional, {})
    method = records.special_method(frame, source, "__next__")
    assert method is not None
    return records.call_method(frame, node, method, [])


def _advance(frame: Frame, node: Any, it: Bound, default: list[Bound]) -> Bound:
    from gradscribe.frontend.inlining import inline_for

    fields = frame.heap.fields(it)
    assert fields is not None and isinstance(it, Ref)
    at = fields.entries["at"]
    if default or not isinstance(at, Const):
        return inline_for(frame, node, _next_or if default else _next, [it, *default], {})
    found = inline_for(frame, node, _entry, [fields.entries["xs"], at], {})
    frame.heap.values[it.loc] = fields.replaced("at", Const(at.value + 1))
    return found


def _is_ours(frame: Frame, bound: Bound) -> bool:
    return records.class_of(frame, bound) is Iterator


def is_iterator(frame: Frame, bound: Bound) -> bool:
    """Is this an object that gives one item after another, each once?"""
    return _is_ours(frame, bound) or records.special_method(frame, bound, "__next__") is not None


# ---------------------------------------------------------------------------- walking


def stream_of(frame: Frame, node: Any, bound: Bound) -> Bound | None:
    """The stream of what an object gives that is walked; None for anything else."""
    from gradscribe.frontend.inlining import inline_for

    if _is_ours(frame, bound):
        return inline_for(frame, node, _rest, [bound], {})
    method = records.special_method(frame, bound, "__iter__")
    if method is None:
        indexed = records.special_method(frame, bound, "__getitem__")
        return None if indexed is None else inline_for(frame, node, _by_places, [bound], {})
    made = records.call_method(frame, node, method, [])
    if stream_in(made):
        return made
    if _is_ours(frame, made):
        return inline_for(frame, node, _rest, [made], {})
    if records.special_method(frame, made, "__next__") is not None:
        return inline_for(frame, node, _of_users, [made], {})
    return made
