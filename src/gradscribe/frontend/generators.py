"""Generator functions: called where they are consumed, their variables those of the consumer.

The body of a generator function becomes a stream (``streams``) in the frame of its caller: its
parameters and variables get hidden names, and so do the names it sees outside, each bound to what
it stands for there.
"""

from __future__ import annotations

import types
from typing import Any

import gast

from gradscribe.errors import UnsupportedError
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Closure
from gradscribe.frontend.hidden import hidden
from gradscribe.frontend.renaming import renamed, scope_of
from gradscribe.frontend.resolve import Definition
from gradscribe.frontend.streams import FUNCTIONS, Stream, yields
from gradscribe.objects import is_followed


def is_generator(definition: Definition) -> bool:
    """Is this the definition of a generator function?"""
    node = definition.node
    return isinstance(node, gast.FunctionDef) and any(map(yields, node.body))


def called(
    frame: Frame,
    node: Any,
    definition: Definition,
    outer: Frame | None,
    positional: list[Any],
    keywords: dict[str, Any],
) -> Closure:
    """The stream that a call of a generator function gives."""
    from gradscribe.frontend.inlining import bind_parameters

    inner = Frame(definition, frame.builder, frame.heap, frame)
    bind_parameters(frame, inner, node, definition, positional, keywords)
    scope = f"{scope_of(node)}()"
    if scope.count("()") > _DEPTH:
        frame.refuse(
            node, "a generator function that calls itself is not supported", "return a list instead"
        )
    names: dict[str, str] = {}
    for name in _names(definition.node):
        if name in definition.locals:
            names[name] = hidden(name, scope)
            frame.env.pop(names[name], None)
            if name in inner.env:
                frame.env[names[name]] = inner.env[name]
        elif outer is not None and name in outer.env:
            if outer is not frame:
                names[name] = hidden(name, scope)
                frame.env[names[name]] = outer.env[name]
        elif _known_outside(definition, name):
            names[name] = hidden(name, scope)
            frame.env[names[name]] = inner.lookup(gast.Name(name, gast.Load(), None, None))
    body = definition.node.body
    for part in (part for statement in body for part in _own(statement)):
        if isinstance(part, gast.Yield | gast.YieldFrom):
            frame.refuse(
                part, "a yield whose value is used is not supported", "pass it as an argument"
            )
    statements = renamed(body, names, scope, definition)
    return Closure(Stream(statements, node, scope, frame.builder.region), frame)


_DEPTH = 8


def _names(node: Any) -> list[str]:
    """The parameters of a function and the names in its body."""
    parts = [part for statement in (node.args, *node.body) for part in gast.walk(statement)]
    found = {part.id for part in parts if isinstance(part, gast.Name)}
    return sorted(found | {part.name for part in parts if isinstance(part, gast.FunctionDef)})


def _known_outside(definition: Definition, name: str) -> bool:
    """Is this a name of the module (or of a function around), and not only of a part inside?"""
    try:
        definition.lookup(name)
    except KeyError:
        return False
    return True


def _own(node: Any) -> list[Any]:
    """The parts of a statement that are expressions with a value; yields alone have none."""
    if isinstance(node, FUNCTIONS):
        return []
    if isinstance(node, gast.Expr) and isinstance(node.value, gast.Yield | gast.YieldFrom):
        return [part for child in gast.iter_child_nodes(node.value) for part in _own(child)]
    return [node, *(part for child in gast.iter_child_nodes(node) for part in _own(child))]


def makes_stream(frame: Frame, node: Any) -> bool:
    """Is this a call that gives a stream?"""
    from gradscribe.frontend import dicts
    from gradscribe.frontend.library import STREAMS
    from gradscribe.frontend.resolve import definition_of

    if isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute):
        owner = node.func.value
        known = frame.env.get(owner.id) if isinstance(owner, gast.Name) else None
        if node.func.attr in dicts.STREAMS and dicts.is_one_value(frame, known):
            return True
    callee = callee_of(frame, node.func) if isinstance(node, gast.Call) else None
    if isinstance(callee, Closure):
        return isinstance(callee.definition, Definition) and is_generator(callee.definition)
    if isinstance(callee, types.FunctionType):
        return bool(callee.__code__.co_flags & 0x20) and is_generator(definition_of(callee))
    if callee is zip:
        return any(isinstance(arg, gast.Starred) for arg in node.args)
    if callee is iter or (isinstance(callee, type) and is_followed(callee)):
        return callee is iter or hasattr(callee, "__iter__")
    try:
        return callee in STREAMS
    except TypeError:
        return False


def callee_of(frame: Frame, node: Any) -> Any:
    """The function that a name or an attribute of a module stands for, if that is known."""
    from gradscribe.frontend.expressions import lower
    from gradscribe.ir.core import Const

    root = node
    while isinstance(root, gast.Attribute):
        root = root.value
    if not isinstance(root, gast.Name):
        return None
    known = frame.env.get(root.id)
    if known is None and root.id in frame.definition.locals:
        return None
    if known is not None and root is not node and not isinstance(known, Const):
        return None
    try:
        bound = lower(frame, node)
    except UnsupportedError:  # the loop's own lowering says what is wrong with it
        return None
    return bound.value if isinstance(bound, Const) else bound
