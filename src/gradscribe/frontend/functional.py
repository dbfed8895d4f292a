"""Calls that are more than their arguments' types: builtins on containers.

``special`` looks a callable up in a table of functions from a call's bound arguments to its bound
result; what is not there is a primitive, a user's function, or passes through.
"""

from __future__ import annotations

import functools
import operator
from typing import Any

import gast
import numpy as np

from gradscribe.frontend import (
    aliasing,
    arrays,
    asking,
    broadcasting,
    builtin_calls,
    calls,
    checkpoints,
    collected,
    comprehensions,
    containers,
    dicts,
    iterators,
    library,
    opaque,
    records,
    wrappers,
)
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, Ref, TupleOf
from gradscribe.frontend.hidden import hidden
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.recognise import helper_of
from gradscribe.frontend.renaming import scope_of
from gradscribe.frontend.streams import Stream, item, load, store, stream_in
from gradscribe.ir import control, helpers
from gradscribe.ir.core import Const, Value
from gradscribe.ir.joins import element_type
from gradscribe.ir.primitives import find, of
from gradscribe.ir.types import (
    PY_INT,
    Array,
    Range,
    Scalar,
    Sequence,
    Static,
    Struct,
    holds_numbers,
    is_scalar,
    maybe_float,
)

Positional = list[Bound]
_NONE, _FALSE = Const(None), Const(False)
Keywords = dict[str, Bound]


def special(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """The result of a call that is treated here; None for all others."""
    from gradscribe.frontend.inlining import inline_for

    if function in _ITERATING:
        first = 1 if function in (sum, enumerate) else len(positional)
        if function not in (max, min) or len(positional) == 1:
            walked = [_as_walked(frame, node, function, bound) for bound in positional[:first]]
            positional = [*walked, *positional[first:]]
    handler = SPECIAL.get(helper_of(function)) or _BY_CLASS.get(type(function))
    if handler is not None:
        result: Bound | None = handler(frame, node, function, positional, keywords)
        return result
    if function in library.STREAMS:
        return inline_for(frame, node, library.STREAMS[function], positional, keywords)
    if find(function) is not None and any(stream_in(bound) for bound in positional):
        return None
    written = library.WRITTEN.get(function) or arrays.WRITTEN.get(function)
    if written is not None:
        return inline_for(frame, node, written, positional, keywords)
    return None


def zip_of_rows(frame: Frame, node: gast.Call, function: Any) -> Bound | None:
    """``zip(*rows)`` where it is not known how many rows there are."""
    from gradscribe.frontend.expressions import lower
    from gradscribe.frontend.inlining import inline_for

    alone = len(node.args) == 1 and isinstance(node.args[0], gast.Starred)
    if function is not zip or not alone or node.keywords:
        return None
    rows = lower(frame, node.args[0].value)
    known = spread(frame, node, rows)
    if known is not None:
        return _walked(frame, node, zip, known, {})
    return inline_for(frame, node, library.columns, [as_list(frame, node, rows, False)], {})


def _as_walked(frame: Frame, node: Any, function: Any, bound: Bound) -> Bound:
    """What a function walks that is given a dict or an object: its keys, or its items."""
    if dicts.is_one_value(frame, bound):
        return dicts.keys(frame, bound)
    if function in (zip, enumerate, reversed, next):
        return bound
    return iterators.stream_of(frame, node, bound) or bound


def spread(frame: Frame, node: Any, bound: Bound) -> list[Bound] | None:
    """The entries of something whose length is known; None where it is not."""
    known = containers.items_of(frame, bound)
    if known is not None or not isinstance(bound, Value | Const | Ref):
        return known
    kind = frame.type(bound)
    if isinstance(kind, Sequence) and kind.items is not None:
        from gradscribe.frontend.expressions import item as entry

        return [entry(frame, bound, Const(k)) for k in range(len(kind.items))]
    return None


# ---------------------------------------------------------------------------- sequences


def as_list(frame: Frame, node: Any, source: Bound, fresh: bool = True) -> Bound:
    """``list(source)``; the same list where it need not be ``fresh``."""
    if isinstance(source, Closure) and stream_in(source):
        return comprehensions.as_list(frame, node, source)
    given = iterators.stream_of(frame, node, source)
    if given is not None:
        return as_list(frame, node, given, fresh)
    if isinstance(source, Closure | Procedure):
        frame.refuse(node, "a function is not a sequence")
    source = opaque.listed(frame, source)
    known = containers.items_of(frame, source)
    if known is not None:
        if containers.is_followed_list(frame, known):
            return containers.make_list(frame, known)
        aliasing.keep(frame, TupleOf(tuple(known)), node)
        return frame.wrap(frame.emit(of(list), *map(frame.read, known)))
    kind = frame.type(source)
    if isinstance(kind, Sequence) and kind.kind == "list":
        if not fresh:
            return source
        return frame.wrap(frame.emit(of(helpers.copy_list), frame.read(source)))
    if isinstance(kind, Scalar | Static):
        frame.refuse(node, f"a list of {kind} is not supported")
    vector = isinstance(kind, Array) and kind.dims is not None and len(kind.dims) == 1
    if vector or isinstance(kind, Range) or not maybe_float(element_type(kind) or PY_INT):
        return frame.wrap(frame.emit(of(helpers.copy_list), frame.read(source)))
    return comprehensions.as_list(frame, node, _each(frame, node, source))


def _each(frame: Frame, node: Any, source: Bound) -> Closure:
    """The stream of the entries of a sequence."""
    scope = f"{scope_of(node)} each"
    name, each = hidden("", f"{scope} source"), hidden("", f"{scope} entry")
    frame.env[name] = source
    loop = gast.For(store(each), load(name), [item(load(each))], [], None)
    loop.form = "comprehension"
    return Closure(Stream([loop], node, scope, frame.builder.region), frame)


def _list(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``list(xs)``."""
    if keywords or len(positional) > 1:
        return None
    return as_list(frame, node, positional[0]) if positional else frame.wrap(frame.emit(of(list)))


def _tuple(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``tuple(xs)``."""
    if keywords or len(positional) > 1:
        return None
    return as_tuple(frame, node, positional[0]) if positional else TupleOf(())


def as_tuple(frame: Frame, node: Any, source: Bound) -> Bound:
    """``tuple(source)``."""
    known = spread(frame, node, source)
    if known is not None:
        return TupleOf(tuple(known))
    if not isinstance(source, Closure | Procedure):
        kind = frame.type(source)
        if isinstance(kind, Sequence) and kind.kind == "tuple":
            return source
    entries = frame.read(as_list(frame, node, source, fresh=False))
    return frame.wrap(frame.emit(of(helpers.as_tuple), entries))


def _sum(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``sum(items)`` of a stream: a loop that adds up numbers, else the sum of their list.

    Objects are added one by one, as their class says.
    """
    from gradscribe.frontend.expressions import binary
    from gradscribe.frontend.inlining import inline_for

    def add(total: Bound, item: Bound) -> Bound:
        return binary(frame, node, operator.add, total, item)

    start = positional[1] if len(positional) > 1 else keywords.get("start", Const(0))
    known = containers.items_of(frame, positional[0]) if positional else None
    joined = isinstance(frame.type(start), Sequence)  # of lists, or of tuples
    if known is not None and (joined or _objects(frame, positional[:1])):
        return functools.reduce(add, known, start)
    if joined or records.class_of(frame, start) is not None:
        return inline_for(frame, node, library.total, [positional[0], start], {})
    if not positional or not isinstance(positional[0], Closure) or len(positional) > 2:
        return None
    source = _stream(frame, node, positional[0])
    starts = [start]
    if isinstance(start, Const) and start.value == 0 and type(start.value) is int:
        starts.append(Const(0.0))  # of floats it is one at once
    before = frame.mark()
    for begin in starts:
        total = comprehensions.add_up(frame, node, source, begin)
        if isinstance(frame.type(total), Scalar):
            return total
        frame.back(before)
    entries = frame.read(comprehensions.as_list(frame, node, source))
    return frame.wrap(frame.emit(of(sum), entries, frame.read(start)))


def _objects(frame: Frame, iterable: Positional) -> list[Bound] | None:
    """The entries of a list whose length is known, if there are objects among them."""
    known = containers.items_of(frame, iterable[0]) if iterable else None
    found = known is not None and any(records.class_of(frame, item) for item in known)
    return known if found else None


def _reduce(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``functools.reduce(f, objects)``: one call after another."""
    from gradscribe.frontend.inlining import inline_for

    objects = _objects(frame, positional[1:2])
    if objects is None:
        return inline_for(frame, node, library.WRITTEN[function], positional, keywords)

    def step(total: Bound, item: Bound) -> Bound:
        return calls.call_bound(frame, node, positional[0], [total, item], {})

    return functools.reduce(step, [*positional[2:], *objects])


def _stream(frame: Frame, node: Any, bound: Closure) -> Closure:
    if stream_in(bound) is None:
        frame.refuse(node, "a function is not a sequence")
    return bound


def _any_all(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``any(items)`` and ``all(items)`` of a stream, which is left at the first that decides."""
    if len(positional) != 1 or keywords or not isinstance(positional[0], Closure):
        return None
    source = _stream(frame, node, positional[0])
    return comprehensions.find(frame, node, source, wanted=function is any)


def _extreme(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``max`` and ``min`` of a stream, with a key or a default, or of many numbers."""
    from gradscribe.frontend.inlining import inline_for

    if len(positional) == 1 and isinstance(positional[0], Closure):
        positional = [as_list(frame, node, _stream(frame, node, positional[0]))]
    if "key" in keywords and _is_none(keywords["key"]):
        keywords = {name: value for name, value in keywords.items() if name != "key"}
    if keywords:
        if len(positional) > 1:
            positional = [TupleOf(tuple(positional))]
        positional = [_keys_listed(frame, node, positional[0])]
        return inline_for(frame, node, library.WRITTEN[function], positional, keywords)
    kinds = [frame.type(bound) for bound in positional]
    compared = [element_type(kinds[0])] if len(kinds) == 1 else kinds
    if any(isinstance(kind, Sequence | Struct) for kind in compared):
        source = positional[0] if len(positional) == 1 else TupleOf(tuple(positional))
        return inline_for(frame, node, library.EXTREMES[function], [source], {})
    operands = [frame.read(bound) for bound in positional]
    while len(operands) > 4:  # what the primitive takes; ties go to the first either way
        operands[:4] = [frame.emit(of(function), *operands[:4])]
    return frame.wrap(frame.emit(of(function), *operands)) if operands else None


def _keys_listed(frame: Frame, node: Any, source: Bound) -> Bound:
    """The keys of a dict as a list; anything else as it is."""
    fields = frame.heap.fields(source)
    is_dict = fields is not None and fields.kind == "dict"
    return as_list(frame, node, source) if is_dict else source


def _is_none(bound: Bound) -> bool:
    return isinstance(bound, Const) and bound.value is None


def _sorted(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``sorted(xs, key=…, reverse=…)``."""
    if len(positional) != 1 or not set(keywords) <= {"key", "reverse"}:
        return None
    return in_order(frame, node, positional[0], **keywords)


def in_order(
    frame: Frame,
    node: Any,
    source: Bound,
    key: Bound = _NONE,
    reverse: Bound = _FALSE,
) -> Bound:
    """``sorted(source, key=key, reverse=reverse)``: the entries in the order of their keys."""
    source = opaque.listed(frame, source)
    from gradscribe.frontend.inlining import inline_for

    if isinstance(source, Closure):
        source = as_list(frame, node, _stream(frame, node, source))
    source = _keys_listed(frame, node, source)
    words = _words(frame, source)
    if words and _is_none(key) and isinstance(reverse, Const) and reverse.fixed:
        ordered = sorted(words, reverse=bool(reverse.value))
        return containers.make_list(frame, [Const(word) for word in ordered])
    plain = isinstance(reverse, Const) and not reverse.value and _is_none(key)
    if plain and isinstance(element_type(frame.type(source)), Scalar):
        return frame.wrap(frame.emit(of(sorted), frame.read(source)))
    if _is_none(key) and isinstance(element_type(frame.type(source)), Struct):
        return inline_for(frame, node, library.in_order_of_objects, [source, reverse], {})
    how = {"key": key, "reverse": reverse}
    return inline_for(frame, node, library.WRITTEN[sorted], [source], how)


def _words(frame: Frame, source: Bound) -> list[str]:
    """The entries of a sequence, or keys of a dict, that are all known words; else none."""
    items = containers.items_of(frame, source) or []
    words = [containers.known_key(item) for item in items]
    return words if all(type(word) is str for word in words) else []


def _walked(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``zip``, ``enumerate`` and ``reversed`` where they are no loop's iterable: streams of it."""
    if frame.builder.derived:
        return None  # rules mean the primitive, whose result has the type of what it walks
    scope = f"{scope_of(node)} {function.__name__}"
    names = []
    for place, bound in enumerate(positional):
        names.append(hidden("", f"{scope} {place}"))
        frame.env[names[-1]] = bound
    called = hidden("", f"{scope} function")
    frame.env[called] = Const(function)
    each = hidden("", f"{scope} entry")
    given = [
        gast.keyword(name, gast.Constant(value.value, None))
        for name, value in keywords.items()
        if isinstance(value, Const)
    ]
    if len(given) != len(keywords):
        frame.refuse(
            node,
            f"the keywords of {function.__name__} must be literals here",
            "write the values out",
        )
    call = gast.Call(load(called), [load(name) for name in names], given)
    loop = gast.For(store(each), call, [item(load(each))], [], None)
    loop.form = "comprehension"
    return Closure(Stream([loop], node, scope, frame.builder.region), frame)


def _where(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``np.where(condition)`` alone gives positions."""
    from gradscribe.frontend.application import apply

    alone = len(positional) == 1 and not keywords
    return apply(frame, node, of(np.nonzero), positional, {}) if alone else None


def _from_keys(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``dict.fromkeys(keys, value)`` of numbers."""
    from gradscribe.frontend.inlining import inline_for

    if keywords or len(positional) != 2 or not is_scalar(frame.type(positional[1])):
        return None
    keys, value = positional
    zero = isinstance(value, Const) and value.fixed and value.value == 0.0
    if zero and holds_numbers(frame.type(keys)):
        return frame.wrap(frame.emit(of(helpers.zero_entries), frame.look(keys)))
    return inline_for(frame, node, dicts.from_keys, [keys, value], {})


SPECIAL: dict[Any, Any] = {
    **builtin_calls.SPECIAL,
    **asking.SPECIAL,
    np.where: _where,
    np.broadcast_arrays: broadcasting.arrays,
    list: _list,
    tuple: _tuple,
    sum: _sum,
    functools.reduce: _reduce,
    any: _any_all,
    all: _any_all,
    control.checkpoint: checkpoints.checkpoint,
    helpers.checkpoint: checkpoints.checkpoint,
    max: _extreme,
    min: _extreme,
    sorted: _sorted,
    zip: _walked,
    enumerate: _walked,
    reversed: _walked,
    dict.fromkeys: _from_keys,
    iter: iterators.iter_,
    next: iterators.next_,
    **wrappers.SPECIAL,
    **dict.fromkeys(collected.WRITTEN, collected.make),
}


# Functions that walk their arguments, and so the keys of a dict.
_ITERATING = {
    list, tuple, sum, any, all, max, min, sorted, zip, enumerate, reversed, *library.STREAMS,
    *library.WRITTEN,
}  # fmt: skip


_BY_CLASS: dict[type, Any] = {control.Checkpointed: checkpoints.checkpointed, **wrappers.BY_CLASS}


calls.LOWERERS.append(zip_of_rows)
