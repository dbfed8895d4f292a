"""``zip`` and ``enumerate`` of a generator that may not end: it is walked, the others by position.

What else is walked together is made into lists first, which would not end either::

    for k, t in enumerate(powers(x)):          k = 0
        …                                      for t in powers(x):
                                                   …
                                                   k += 1
"""

from __future__ import annotations

import itertools
import types
from typing import Any

import gast

from gradscribe.frontend import generators, walks
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure
from gradscribe.frontend.inlining import inline_for
from gradscribe.frontend.resolve import definition_of
from gradscribe.frontend.streams import Stream, stream_in
from gradscribe.ir.types import Array, Sequence

_ENDING = (itertools.islice, itertools.takewhile)  # whatever they are given
_FINITE = ("range", "zip", "enumerate", "reversed", "sorted")


def lazily(frame: Frame, node: Any) -> Bound | None:
    """The stream of such a call; None for any other iterable."""
    function = _walking(frame, node)
    if function is None or not any(may_be_endless(frame, arg) for arg in node.args):
        return None
    from gradscribe.frontend.expressions import lower

    places = [place for place, arg in enumerate(node.args) if may_be_endless(frame, arg)]
    written = _enumerated if function is enumerate else _ZIPPED.get((len(node.args), *places))
    if written is None or (function is zip and node.keywords):
        frame.refuse(
            node,
            "generators that may not end are walked together here",
            "walk one of them, and make lists of what else is walked: [… for …]",
        )
    given = [lower(frame, arg) for arg in node.args]
    if function is zip:
        pairs = zip(node.args, given, strict=True)
        given = [_indexable(frame, arg, bound) for arg, bound in pairs]
    named = {keyword.arg: lower(frame, keyword.value) for keyword in node.keywords}
    return inline_for(frame, node, written, given, named)


def _indexable(frame: Frame, node: Any, bound: Bound) -> Bound:
    """What is walked by position: a list of what cannot be."""
    from gradscribe.frontend.functional import as_list

    if may_be_endless(frame, node):
        return bound
    known = not isinstance(bound, Closure) and isinstance(frame.type(bound), Array | Sequence)
    return bound if known else as_list(frame, node, bound)


def _walking(frame: Frame, node: Any) -> Any:
    """``zip`` or ``enumerate``, if this is a call of one of them."""
    if not isinstance(node, gast.Call) or not isinstance(node.func, gast.Name):
        return None
    function = walks.builtin(frame, node.func)
    starred = any(isinstance(arg, gast.Starred) for arg in node.args)
    return function if function in (zip, enumerate) and not starred else None


def may_be_endless(frame: Frame, node: Any) -> bool:
    """Is this an iterable that may give items for ever? (Judged by its form, generously.)"""
    if isinstance(node, gast.Name):
        bound = frame.env.get(node.id)
        stream = stream_in(bound)
        return isinstance(bound, Closure) and stream is not None and _runs_on(bound.frame, stream)
    if isinstance(node, gast.GeneratorExp):
        return any(may_be_endless(frame, part.iter) for part in node.generators)
    if not isinstance(node, gast.Call):
        return False
    walking = _walking(frame, node)
    if walking is not None:
        which = all if walking is zip else any
        return which(may_be_endless(frame, arg) for arg in node.args)
    if not generators.makes_stream(frame, node):
        return False
    callee = generators.callee_of(frame, node.func)
    if isinstance(callee, Closure):
        return _has_no_end(callee.definition.node)
    if isinstance(callee, types.FunctionType):
        return _has_no_end(definition_of(callee).node)
    if callee in (itertools.count, itertools.cycle, itertools.repeat):
        return True
    if callee in _ENDING:
        return False
    return any(may_be_endless(frame, arg) for arg in node.args)


def _runs_on(frame: Frame, stream: Stream) -> bool:
    parts = [part for statement in stream.statements for part in gast.walk(statement)]
    return any(
        isinstance(part, gast.While)
        or (isinstance(part, gast.For) and may_be_endless(frame, part.iter))
        for part in parts
    )


def _has_no_end(node: Any) -> bool:
    """Might a generator function give items for ever?"""
    for part in gast.walk(node):
        if isinstance(part, gast.While | gast.YieldFrom):
            return True
        walked = part.iter if isinstance(part, gast.For | gast.comprehension) else None
        if isinstance(walked, gast.Call):
            name = walked.func.id if isinstance(walked.func, gast.Name) else None
            if name not in _FINITE:
                return True
    return False


# ---------------------------------------------------------------------------- written out


def _enumerated(stream: Any, start: Any = 0) -> Any:
    k = start
    for x in stream:
        yield k, x
        k = k + 1


def _then(stream: Any, others: Any) -> Any:
    k = 0
    for x in stream:
        if k >= len(others):
            break
        yield x, others[k]
        k = k + 1


def _after(others: Any, stream: Any) -> Any:
    k = 0
    for x in stream:
        if k >= len(others):
            break
        yield others[k], x
        k = k + 1
        if k >= len(others):  # zip asks the first one first
            break


def _between(firsts: Any, stream: Any, lasts: Any) -> Any:
    k = 0
    for x in stream:
        if k >= len(firsts) or k >= len(lasts):
            break
        yield firsts[k], x, lasts[k]
        k = k + 1
        if k >= len(firsts):
            break


# By the number of iterables, and the places of those that may not end.
_ZIPPED: dict[tuple[int, ...], Any] = {(2, 0): _then, (2, 1): _after, (3, 1): _between}
