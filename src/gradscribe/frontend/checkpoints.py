"""``checkpoint(f)(x)`` and ``for i in checkpoint(range(n))``: what reverse mode computes again.

A checkpointed function keeps its own text, as recursive ones do: it is lowered by itself, and its
calls become CALL operations. Derivatives know these by their form.
"""

from __future__ import annotations

import ast
from typing import Any

from gradscribe.errors import SourceUnavailableError
from gradscribe.frontend import records, recursion
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, Method
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.resolve import definition_of, is_written
from gradscribe.frontend.streams import stream_in
from gradscribe.ir import control, helpers
from gradscribe.ir.core import Const, Function, Op, walk
from gradscribe.ir.primitives import OPAQUE, SCOPE, of
from gradscribe.ir.scopes import catches, is_repeated
from gradscribe.ir.types import RANGE

Keywords = dict[str, Bound]


def checkpoint(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound | None:
    """``checkpoint(what, snapshots=None)``."""
    what, *more = positional or [Const(None)]
    more += [keywords[name] for name in keywords if name == "snapshots"]
    walked = not isinstance(what, Closure | Method | Procedure) and frame.type(what) == RANGE
    if len(more) > walked or set(keywords) - {"snapshots"}:
        frame.refuse(
            node,
            "checkpoint takes one function, or a range and how many snapshots to keep",
            "write checkpoint(f)(x)",
        )
    if walked:
        snapshots = frame.read(more[0]) if more else Const(None)
        return frame.wrap(frame.emit(of(helpers.checkpoint), frame.read(what), snapshots))
    if isinstance(what, Closure) and stream_in(what) is None:
        return _procedure(what)
    known = isinstance(what, Const) and callable(what.value)
    if known or isinstance(what, Method | Procedure) or _method(frame, what) is not None:
        return _procedure(what)
    frame.refuse(
        node,
        "this is no range, and no function that is known before the program runs",
        "checkpoint a function and call what it returns, or walk checkpoint(range(n))",
    )


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
    for op in walk(function.body):
        if acts(op):
            where = f" in line {op.span.line}" if op.span is not None else ""
            frame.refuse(
                node,
                f"{why}, and what {function.name} does{where} is seen from outside, or differs "
                "from time to time",
                "do it outside, and hand in what it gives",
            )
        callee = op.attrs.callee
        if callee is not None and id(callee) not in seen:
            check(frame, node, callee, why, seen)


def acts(op: Op) -> bool:
    """Is an operation seen from outside, so that it cannot be repeated?"""
    if op.prim is SCOPE:
        return not catches(op) and not is_repeated(op)
    if op.prim is OPAQUE:
        return not isinstance(op.attrs.template, ast.Raise | ast.Assert | ast.JoinedStr)
    return op.prim.effect and op.prim.function not in _CHECKS


_CHECKS = (helpers.as_long, helpers.apart, helpers.check_finite)
