"""What reverse mode computes again: ``checkpoint(f)(x)``, ``for i in checkpoint(range(n))`` and
``while checkpoint(test)``.

A checkpointed function keeps its own text, as recursive ones do: it is lowered by itself, and its
calls become CALL operations. Derivatives know these by their form.
"""

from __future__ import annotations

import types
from typing import Any

import gast

from gradscribe.errors import SourceUnavailableError
from gradscribe.frontend import records, recursion
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, Method
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.recognise import helper_of
from gradscribe.frontend.resolve import definition_of, is_written
from gradscribe.frontend.streams import stream_in
from gradscribe.ir import control, helpers
from gradscribe.ir.core import Const, Function, Operand, walk
from gradscribe.ir.effects import first_act
from gradscribe.ir.primitives import of
from gradscribe.ir.types import RANGE

Keywords = dict[str, Bound]


def checkpoint(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    """``checkpoint(what, snapshots=None, memory=None)``."""
    what, *more = positional or [Const(None)]
    walked = not isinstance(what, Closure | Method | Procedure) and frame.type(what) == RANGE
    if walked:
        return frame.wrap(_mark(frame, node, frame.read(what), more, keywords))
    if more or keywords:
        frame.refuse(
            node,
            "checkpoint takes one function, or a range and how much of its loop to keep",
            "write checkpoint(f)(x)",
        )
    if isinstance(what, Closure) and stream_in(what) is None:
        return _procedure(what)
    known = isinstance(what, Const) and callable(what.value)
    if known or isinstance(what, Method | Procedure) or _method(frame, what) is not None:
        return _procedure(what)
    frame.refuse(
        node,
        "this is no range, and no function that is known before the program runs",
        "checkpoint a function and call what it returns, walk checkpoint(range(n)), or loop while "
        "checkpoint(test)",
    )


def _mark(frame: Frame, node: Any, what: Operand, more: list[Bound], keywords: Keywords) -> Operand:
    """What a loop is governed by, with what is said of the states to keep."""
    names = ("snapshots", "memory")
    given = dict(zip(names, more, strict=False)) | keywords
    said = [frame.read(given[name]) if name in given else Const(None) for name in names]
    known = [operand for operand in said if not _is_none(operand)]
    if len(more) > len(names) or set(given) - {*names} or len(known) > 1:
        frame.refuse(
            node,
            "checkpoint takes a loop's range or test, and how many snapshots to keep or how many "
            "bytes of them",
            "write checkpoint(range(n), snapshots=k) or checkpoint(range(n), memory=2**30)",
        )
    while said and _is_none(said[-1]):
        said.pop()
    return frame.emit(of(helpers.checkpoint), what, *said)


def _is_none(operand: Operand) -> bool:
    return isinstance(operand, Const) and operand.value is None


def condition(frame: Frame, test: Any) -> Operand:
    """The condition of a ``while`` loop, which may be ``checkpoint(condition, …)``."""
    from gradscribe.frontend import calls, conditions

    if not isinstance(test, gast.Call) or not test.args or not _is_checkpoint(frame, test.func):
        return conditions.condition(frame, test)
    what = conditions.condition(frame, test.args[0])
    rest = gast.Call(test.func, test.args[1:], test.keywords)
    return _mark(frame, test, what, *calls.arguments(frame, rest))


def _is_checkpoint(frame: Frame, node: Any) -> bool:
    """Is a function that is called by name ``checkpoint``?"""
    from gradscribe.frontend.expressions import lower

    base = node.value if isinstance(node, gast.Attribute) else node
    bound = lower(frame, base) if isinstance(base, gast.Name) else None
    found = bound.value if isinstance(bound, Const) else None
    if isinstance(node, gast.Attribute):
        found = getattr(found, node.attr, None) if isinstance(found, types.ModuleType) else None
    return helper_of(found) is helpers.checkpoint or found is control.checkpoint


def checkpointed(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    """A call of what ``checkpoint`` made outside."""
    return call(frame, node, Const(function.function), positional, keywords)


def _method(frame: Frame, bound: Bound) -> Method | None:
    """What a call of an object of the user's calls."""
    if isinstance(bound, Closure | Procedure | Method):
        return None
    return records.special_method(frame, bound, "__call__")


def _procedure(callee: Bound) -> Procedure:
    return Procedure(
        lambda frame, node, positional, keywords: call(frame, node, callee, positional, keywords)
    )


def call(
    frame: Frame, node: Any, callee: Bound, positional: list[Bound], keywords: Keywords
) -> Bound:
    """Call a function that reverse mode runs again; what is not the user's holds nothing anyway."""
    from gradscribe.frontend.calls import call_bound
    from gradscribe.frontend.inlining import bind_parameters
    from gradscribe.frontend.lower import parameters

    if isinstance(callee, Method):
        positional = [callee.receiver, *positional]
        callee = Const(callee.function)
    if isinstance(callee, Const) and isinstance(callee.value, control.Checkpointed):
        callee = Const(callee.value.function)
    method = _method(frame, callee)
    if method is not None:
        positional, callee = [callee, *positional], Const(method.function)
    outer = None
    if isinstance(callee, Closure):
        definition, outer = callee.definition, callee.frame
    elif isinstance(callee, Const) and is_written(callee.value):
        try:
            definition = definition_of(callee.value)
        except SourceUnavailableError as error:
            frame.refuse(node, error.message, error.hint)
    else:
        return call_bound(frame, node, callee, positional, keywords)
    inner = Frame(definition, frame.builder, frame.heap, frame)
    bind_parameters(frame, inner, node, definition, positional, keywords)
    bound = [(p.name, inner.env[p.name]) for p in parameters(definition.node)]
    around = {} if outer is None else outer.env
    captured = {name: b for name, b in around.items() if name not in definition.locals}
    result = recursion.call(frame, node, definition, bound, captured, checkpoint=True)
    made = frame.builder.region.ops[-1].attrs.callee
    if made is not None and not recursion.in_progress(definition):
        check(frame, node, made, "a checkpoint is computed twice")
    return result


def check(
    frame: Frame, node: Any, function: Function, why: str, seen: set[int] | None = None
) -> None:
    """Refuse to run twice what must not happen twice."""
    seen = set() if seen is None else seen
    seen.add(id(function))
    act = first_act([function.body])
    if act is not None:
        where = f" in line {act.span.line}" if act.span is not None else ""
        frame.refuse(
            node,
            f"{why}, and what {function.name} does{where} is seen from outside, or differs "
            "from time to time",
            "do it outside, and hand in what it gives",
        )
    for op in walk(function.body):
        callee = op.attrs.callee
        if callee is not None and id(callee) not in seen:
            check(frame, node, callee, why, seen)
