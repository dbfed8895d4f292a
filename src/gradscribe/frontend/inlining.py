"""Lowering the body of a user's function in place of its call, as Python binds its parameters."""

from __future__ import annotations

from typing import Any

import gast
import numpy as np

from gradscribe.frontend import (
    assumed,
    containers,
    generators,
    recursion,
)
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import (
    Bound,
    TupleOf,
)
from gradscribe.frontend.resolve import TOUCHED, Definition, definition_of
from gradscribe.ir.core import Const
from gradscribe.objects import is_followed

Keywords = dict[Any, Bound]


def inline(
    frame: Frame,
    node: gast.Call,
    definition: Definition,
    outer: Frame | None,
    positional: list[Bound],
    keywords: Keywords,
    variables: dict[str, Bound] | None = None,
) -> Bound:
    """Lower the callee's body in place, its parameters bound to the arguments.

    ``variables`` takes up what its variables are in the end.
    """
    from gradscribe.frontend.lower import body, parameters

    if generators.is_generator(definition):
        return generators.called(frame, node, definition, outer, positional, keywords)
    at = frame.definition.at
    if at is not None and definition.file.path == frame.definition.file.path:
        definition.at = at  # a function of ours that one of ours calls
    inner = Frame(definition, frame.builder, frame.heap, frame)
    bind_parameters(frame, inner, node, definition, positional, keywords)
    if not recursion.in_progress(definition):
        inner.structure = recursion.structure(inner)
        if recursion.repeats(inner):
            raise recursion.Recursive(definition)
    bound = [(p.name, inner.env[p.name]) for p in parameters(definition.node)]
    around = {} if outer is None else outer.env
    captured = {name: b for name, b in around.items() if name not in definition.locals}
    if recursion.in_progress(definition):
        return recursion.call(frame, node, definition, bound, captured)
    for name, value in captured.items():
        inner.env.setdefault(name, value)
    built, before = len(frame.builder.region.ops), frame.heap.copy()
    try:
        result = body(inner, definition.node)
        if variables is not None:
            variables.update(inner.env)
        return result
    except recursion.Recursive as found:
        if found.node is not definition.node:
            raise
        del frame.builder.region.ops[built:]
        frame.heap.restore(before)
        if any(frame.heap.fields(value) is not None for _, value in bound):
            assumed.meet_recursion()
        return recursion.call(frame, node, definition, bound, captured)


def inline_for(
    frame: Frame,
    node: Any,
    function: Any,
    positional: list[Bound],
    keywords: Keywords,
) -> Bound:
    """Lower a function of ours in place of a call, to which all that it does belongs."""
    token = TOUCHED.set(None)  # no derivative is said to depend on it
    try:
        definition = definition_of(function)
    finally:
        TOUCHED.reset(token)
    definition.at = frame.definition.span(node) or frame.builder.span
    return inline(frame, node, definition, None, positional, keywords)


def bind_parameters(
    frame: Frame,
    inner: Frame,
    node: Any,
    definition: Definition,
    positional: list[Bound],
    keywords: Keywords,
) -> None:
    """Bind the parameters of a callee as Python does."""
    from gradscribe.frontend.lower import parameters
    from gradscribe.frontend.stars import gathered

    keywords = dict(keywords)
    rest = list(positional)
    for param in parameters(definition.node):
        if param.kind == "args":
            inner.env[param.name] = gathered(frame, node, rest)
            rest = []
        elif param.kind == "kwargs":
            inner.env[param.name] = containers.make_dict(frame, keywords)
            keywords = {}
        elif param.kind in ("plain", "positional") and rest:
            inner.env[param.name] = rest.pop(0)
        elif param.name in keywords and param.kind != "positional":
            inner.env[param.name] = keywords.pop(param.name)
        elif param.has_default:
            inner.env[param.name] = default_of(frame, node, definition, param.name)
        else:
            frame.refuse(node, f"the argument {param.name!r} is missing")
    if rest or keywords:
        frame.refuse(node, "more arguments than the function has parameters")


def default_of(frame: Frame, node: Any, definition: Definition, name: str) -> Bound:
    """The default of a callee's parameter: the object that Python evaluated when it was defined."""
    function = definition.function
    if function is None:
        return definition.defaults[name]  # type: ignore[no-any-return]  # a Bound
    code = function.__code__
    if function.__kwdefaults__ and name in function.__kwdefaults__:
        value, where = function.__kwdefaults__[name], f"__kwdefaults__[{name!r}]"
    else:
        place = code.co_varnames.index(name) - code.co_argcount
        value, where = (function.__defaults__ or ())[place], f"__defaults__[{place}]"
    if isinstance(value, list | dict) and not value and _only_spread(definition, name):
        return TupleOf(()) if isinstance(value, list) else containers.make_dict(frame, {})
    mutable = isinstance(value, list | dict | np.ndarray)
    if (mutable or is_followed(type(value))) and "<locals>" not in function.__qualname__:
        return Const(value, f"{function.__qualname__}.{where}", function.__module__)
    if mutable:
        frame.refuse(
            node, f"the default of {name!r} is a mutable object", "use None and make it inside"
        )
    return frame.wrap(Const(value))


def _only_spread(definition: Definition, name: str) -> bool:
    """Are the entries of a parameter passed on (``f(x, *args, **kwargs)``), and nothing else?"""
    spread = uses = 0
    for node in gast.walk(definition.node):
        if isinstance(node, gast.Call):
            parts = [a.value for a in node.args if isinstance(a, gast.Starred)]
            parts += [k.value for k in node.keywords if k.arg is None]
            spread += sum(isinstance(part, gast.Name) and part.id == name for part in parts)
        elif isinstance(node, gast.Name) and not isinstance(node.ctx, gast.Param):
            uses += node.id == name
    return uses == spread
