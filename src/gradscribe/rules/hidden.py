"""Values that an opaque function leaves somewhere for its rule to read.

A derivative calls neither for the other: what the rule reads may be of an earlier call, and how it
depends on the arguments is not seen, so that the second derivative would lack a part::

    def sinh(x):                          @adjoint(sinh, opaque=True)
        SAVED["ex"] = np.exp(x)           def sinh_adjoint(y_bar):
        …                                     return y_bar * (SAVED["ex"] + …) / 2
"""

from __future__ import annotations

import types
from typing import Any

import gast

from gradscribe.errors import SourceUnavailableError, UnsupportedError
from gradscribe.frontend.declared import Declared, Rule
from gradscribe.frontend.resolve import TOUCHED, Definition, definition_of


def check(about: Declared, rule: Rule) -> None:
    """Refuse a rule that reads what its opaque function writes."""
    if not about.opaque:
        return
    function, own = _definition(about.function), _definition(rule.function)
    if function is None or own is None:
        return
    written = _written(function)
    for node in gast.walk(own.node):
        if isinstance(node, gast.Name) and node.id not in own.locals:
            found = _object(own, node.id)
            if found is not None and any(found is other for other in written):
                raise UnsupportedError(
                    f"the rule reads {node.id}, which {about.name} writes and is not looked into",
                    own.span(node),
                    "return it, or let the rule read a variable of a function that is read "
                    "(forward=)",
                )


def _definition(function: Any) -> Definition | None:
    if not isinstance(function, types.FunctionType):
        return None
    token = TOUCHED.set(None)
    try:
        return definition_of(function)
    except SourceUnavailableError:
        return None
    finally:
        TOUCHED.reset(token)


def _written(definition: Definition) -> list[Any]:
    """The objects outside a function that its source may write to."""
    roots: dict[str, None] = {}
    for node in gast.walk(definition.node):
        if isinstance(node, gast.Global):
            roots |= dict.fromkeys(node.names)
        stored = isinstance(getattr(node, "ctx", None), gast.Store | gast.Del)
        if isinstance(node, gast.Attribute | gast.Subscript) and stored:
            roots[_root(node)] = None
        elif isinstance(node, gast.Call) and isinstance(node.func, gast.Attribute):
            roots[_root(node.func)] = None
    objects = (_object(definition, name) for name in roots if name not in definition.locals)
    return [found for found in objects if found is not None]


def _root(node: Any) -> str:
    while isinstance(node, gast.Attribute | gast.Subscript):
        node = node.value
    return node.id if isinstance(node, gast.Name) else ""


def _object(definition: Definition, name: str) -> Any:
    """What a name outside a function stands for, unless nothing can be written to it."""
    try:
        found = definition.lookup(name)
    except KeyError:
        return None
    return None if isinstance(found, types.ModuleType) else found
