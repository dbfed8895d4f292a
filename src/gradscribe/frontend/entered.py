"""Managers written in Python, as what they do before and after the block.

::

    with at(state, x) as s:               old = state.depth
        y = s.depth * x                   state.depth = x
                                          s = state
    @contextmanager                       try:
    def at(state, x):                         y = s.depth * x
        old = state.depth                 finally:
        state.depth = x                       state.depth = old
        try:
            yield state
        finally:
            state.depth = old

The same for an object with ``__enter__`` and ``__exit__``, if it does not ask about exceptions.
"""

from __future__ import annotations

import contextlib
import types
from typing import Any

import gast

from gradscribe.errors import UnsupportedError
from gradscribe.frontend import managers, records
from gradscribe.frontend.exits import leaves, returns
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, Method, Ref
from gradscribe.frontend.hidden import hidden
from gradscribe.frontend.renaming import scope_of
from gradscribe.frontend.streams import LOOPS, Stream, consumed, load, store, stream_in, yields
from gradscribe.ir.core import Const
from gradscribe.objects import is_followed

_HELPER = contextlib.contextmanager(lambda: iter(())).__code__  # of all that it makes


def written_out(frame: Frame, node: gast.With, body: list[Any]) -> list[Any] | None:
    """The statements of a ``with`` of one manager; None for one that stays what it is."""
    item, *_ = node.items
    if any(returns(part) or leaves(part) for part in body):
        return None
    call = item.context_expr
    before = frame.mark()
    try:
        return _of_generator(frame, node, call, body) or _of_object(frame, node, call, body)
    except UnsupportedError:
        frame.back(before)
        return None


def _of_generator(frame: Frame, node: gast.With, call: Any, body: list[Any]) -> list[Any] | None:
    from gradscribe.frontend.calls import arguments, call_object

    if not isinstance(call, gast.Call):
        return None
    callee = _callee(frame, call.func)
    function = callee.function if isinstance(callee, Method) else getattr(callee, "value", None)
    if not isinstance(function, types.FunctionType) or function.__code__ is not _HELPER:
        return None
    positional, keywords = arguments(frame, call)
    if isinstance(callee, Method):
        positional = [callee.receiver, *positional]
    made = call_object(frame, call, function.__wrapped__, positional, keywords)  # type: ignore[attr-defined]  # what contextmanager wraps
    stream = stream_in(made)
    if stream is None or not isinstance(made, Closure) or not _yields_once(stream):
        return None
    target = node.items[0].optional_vars or store(hidden("", f"{scope_of(node)} entered"))
    return consumed(frame, node, made, target, body, [])


def _callee(frame: Frame, node: Any) -> Bound | None:
    """The function that makes a manager: one of a module, or a method of what is followed."""
    from gradscribe.frontend.expressions import attribute, lower

    if isinstance(node, gast.Attribute) and isinstance(node.value, gast.Name):
        base = frame.env.get(node.value.id)
        if base is not None and records.class_of(frame, base) is not None:
            return attribute(frame, node, lower(frame, node.value), node.attr)
    known = managers.object_of(frame, node)
    return None if known is None else Const(known)


def _yields_once(stream: Stream) -> bool:
    parts = [part for statement in stream.statements for part in gast.walk(statement)]
    found = sum(isinstance(part, gast.Yield | gast.YieldFrom) for part in parts)
    loops = any(isinstance(part, LOOPS) and yields(part) for part in parts)
    return found == 1 and not loops and not any(map(returns, stream.statements))


def _of_object(frame: Frame, node: gast.With, call: Any, body: list[Any]) -> list[Any] | None:
    from gradscribe.frontend.expressions import lower

    known = managers.object_of(frame, call)
    named = frame.env.get(call.id) if isinstance(call, gast.Name) else None
    made_here = isinstance(call, gast.Call) and isinstance(known, type) and is_followed(known)
    if not made_here and not isinstance(named, Ref):
        return None
    manager = lower(frame, call)
    cls: Any = records.class_of(frame, manager)
    enter, leave = (getattr(cls, f"__{name}__", None) for name in ("enter", "exit"))
    if not isinstance(enter, types.FunctionType) or not managers.leaves_alone(leave):
        return None
    name = hidden("manager", scope_of(node))
    frame.env[name] = manager
    target = node.items[0].optional_vars or store(hidden("", f"{scope_of(node)} entered"))
    entering = gast.Call(gast.Attribute(load(name), "__enter__", gast.Load()), [], [])
    nothing = [gast.Constant(None, None) for _ in range(3)]
    leaving = gast.Call(gast.Attribute(load(name), "__exit__", gast.Load()), nothing, [])
    statements = [
        gast.Assign([target], entering, None),
        gast.Try(body, [], [], [gast.Expr(leaving)]),
    ]
    for statement in statements:
        gast.copy_location(statement, node)
    for part in (part for made in (entering, leaving) for part in gast.walk(made)):
        gast.copy_location(part, call)
    gast.copy_location(statements[1].finalbody[0], node)
    return None if _acts(frame, statements[0], statements[1].finalbody) else statements


def _acts(frame: Frame, entering: Any, leaving: list[Any]) -> bool:
    """Has leaving a manager effects, which a scope of Python's own has to see to?"""
    from gradscribe.frontend import scopes
    from gradscribe.frontend.lower import block

    before = frame.mark()
    block(frame, [entering])
    acts = scopes.acts(frame, leaving)
    frame.back(before)
    return acts
