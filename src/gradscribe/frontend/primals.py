"""The values of functions that have rules: their arguments, by name, and what computes them."""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gast
import numpy as np

from gradscribe.frontend import application, inlining
from gradscribe.frontend.declared import PURE, Declared, declared, key_of
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound
from gradscribe.frontend.resolve import definition_of, has_source, is_written
from gradscribe.ir.core import (
    Const,
    Operand,
    Value,
)
from gradscribe.ir.facts.calls import called
from gradscribe.ir.primitives import find, of
from gradscribe.ir.types import (
    UNKNOWN,
    Type,
)

CALLED = of(called)


def as_of_original(
    copied: Any, about: Declared, positional: Sequence[Bound], keywords: Mapping[Any, Bound]
) -> tuple[list[Bound], dict[str, Bound]]:
    """The arguments of a call of a file's copy of a function, for the function itself."""
    names = tuple(inspect.signature(copied).parameters)
    given = {**dict(zip(names, positional, strict=False)), **keywords}
    kinds = {p.name: p.kind for p in inspect.signature(about.function).parameters.values()}
    by_name = [name for name in given if kinds[name] is inspect.Parameter.KEYWORD_ONLY]
    return [given[n] for n in given if n not in by_name], {n: given[n] for n in by_name}


def bind(
    frame: Frame, node: Any, about: Declared, positional: list[Bound], keywords: dict[Any, Bound]
) -> tuple[dict[str, Bound], tuple[tuple[str, bool], ...]]:
    """The arguments by the names of the parameters, and how they are given in a call."""
    function = about.function
    if has_source(function):
        definition = definition_of(function)
        inner = Frame(definition, frame.builder, frame.heap, frame)
        inlining.bind_parameters(frame, inner, node, definition, positional, keywords)
        kinds = {p.name: p.kind for p in inspect.signature(function).parameters.values()}
        keyword = inspect.Parameter.KEYWORD_ONLY
        given = tuple((name, kind is keyword) for name, kind in kinds.items())
        return {name: inner.env[name] for name in kinds}, given
    if len(positional) > len(about.params) or not set(keywords) <= set(about.params):
        frame.refuse(
            node,
            f"{about.name} is called with arguments that its rules have no names for",
            f"its rules know {', '.join(about.params)}",
        )
    env = dict(zip(about.params, positional, strict=False)) | keywords
    given = tuple((name, name in keywords) for name in env)
    return {**_defaults(about), **env}, given


def _defaults(about: Declared) -> dict[str, Bound]:
    """The defaults of a function that is not Python's."""
    try:
        parameters = inspect.signature(about.function).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {p.name: Const(p.default) for p in parameters if p.default is not p.empty}


def primal(
    frame: Frame,
    node: Any,
    about: Declared,
    callee: Const,
    positional: list[Bound],
    keywords: dict[Any, Bound],
    variables: dict[str, Bound],
) -> Bound:
    """What the function gives; ``variables`` takes up what its own are in the end."""
    function = about.forward or about.function
    read = is_written(function)
    if read and (about.forward is not None or not about.opaque):
        return inlined(frame, node, function, positional, keywords, variables)
    prim = None if about.opaque else find(key_of(function))
    if prim is not None:
        result = application.apply(frame, node, prim, positional, keywords)
        if result is not None:
            return result
    return opaque_call(frame, node, callee, positional, keywords, _result_type(about))


def inlined(
    frame: Frame,
    node: Any,
    function: types.FunctionType,
    positional: list[Bound],
    keywords: dict[Any, Bound],
    variables: dict[str, Bound],
) -> Bound:
    token = PURE.set(True)
    try:
        definition = definition_of(function)
        return inlining.inline(frame, node, definition, None, positional, keywords, variables)
    finally:
        PURE.reset(token)


def _result_type(about: Declared) -> Callable[[dict[str, Operand]], Type] | None:
    """The type of what an opaque function gives: of an elementwise one, by broadcasting."""
    names = [a[0] for rule in about.rules if rule.kind == "partial" for a in rule.arguments]
    if not names:
        return None

    def kind(args: dict[str, Operand]) -> Type:
        kinds = [of(np.exp).result_type((args[name],)) for name in names if name in args]
        while len(kinds) > 1:
            a, b = (Value("", k) for k in kinds[-2:])
            kinds[-2:] = [of(np.add).result_type((a, b))]
        return kinds[0]

    return kind


def opaque_call(
    frame: Frame,
    node: Any,
    callee: Const,
    positional: Sequence[Bound],
    keywords: Mapping[Any, Bound],
    kind: Callable[[dict[str, Operand]], Type] | None = None,
) -> Bound:
    """A call of a function that is not looked into and taken to be pure."""
    callee = named(frame, node, callee)
    given = [frame.read(bound) for bound in positional]
    by_name = {key: frame.read(bound) for key, bound in keywords.items()}
    about = declared(callee.value)
    result: Type = UNKNOWN
    if kind is not None and about is not None:
        result = kind(dict(zip(about.params, given, strict=False)) | by_name)
    args = (callee, Const(tuple(by_name)), *given, *by_name.values())
    value = frame.builder.emit(CALLED, *args, type=result)
    op = frame.builder.region.ops[-1]
    op.span = frame.here(node)
    return frame.wrap(value)


def named(frame: Frame, node: Any, callee: Const) -> Const:
    """A function as text may name it: where it lives, else as the program names it here."""
    function = callee.value
    if callee.name is not None or is_importable(function):
        return callee
    path: list[str] = []
    part = node.func if isinstance(node, gast.Call) else None
    while isinstance(part, gast.Attribute):
        path.insert(0, part.attr)
        part = part.value
    if not isinstance(part, gast.Name) or part.id in frame.definition.locals:
        return callee
    found: Any = frame.definition.globals.get(part.id)
    home, name = frame.definition.globals.get("__name__"), [part.id]
    for attribute in path:
        home, name = (
            (found.__name__, [attribute])
            if isinstance(found, types.ModuleType)
            else (home, [*name, attribute])
        )
        found = getattr(found, attribute, None)
    return Const(function, ".".join(name), home) if found is function else callee


def is_importable(function: Any) -> bool:
    """Is a function what its own name denotes in its own module?"""
    found: Any = sys.modules.get(getattr(function, "__module__", None) or "")
    for attribute in (getattr(function, "__qualname__", None) or "").split("."):
        found = getattr(found, attribute, None)
    return found is function
