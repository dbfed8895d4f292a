"""Hashes that tell whether what a derivative was made from has changed.

A function counts by its syntax: neither layout nor comments nor docstring matter, nor the version
of Python that parsed it. With it count the functions it calls, and the constants that they read.
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Iterable
from typing import Any

import gast
import numpy as np

from gradscribe.frontend.resolve import Definition, definition_of

_DIGITS = 12
_IGNORED = {"ctx", "decorator_list", "type_comment", "kind", "type_params", "returns"}


def sources_and_rules(functions: Iterable[types.FunctionType]) -> tuple[list[str], list[str]]:
    """What the user's functions and the compiler's own, among those touched, consist of."""
    sources: set[str] = set()
    rules: set[str] = set()
    for function in functions:
        definition = definition_of(function)
        own = (function.__module__ or "").split(".")[0] == "gradscribe"
        described = f"{function.__module__}.{function.__qualname__} {syntax(definition.node)}"
        (rules if own else sources).add(described)
        if not own:
            sources |= _constants(definition)
    return sorted(sources), sorted(rules)


def digest(parts: Iterable[str]) -> str:
    """The first digits of a SHA-256."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:_DIGITS]


def syntax(node: Any) -> str:
    """A syntax tree as text, the same for every version of Python."""
    if isinstance(node, list):
        return f"[{' '.join(syntax(item) for item in node)}]"
    if not isinstance(node, gast.AST):
        return repr(node)
    parts = [type(node).__name__]
    for field in node._fields:
        value = getattr(node, field, None)
        if field in _IGNORED or value is None or value == []:
            continue
        if field == "body" and isinstance(node, gast.FunctionDef) and _is_docstring(value[0]):
            value = value[1:]
        parts.append(f"{field}={syntax(value)}")
    return f"({' '.join(parts)})"


def _is_docstring(node: Any) -> bool:
    return (
        isinstance(node, gast.Expr)
        and isinstance(node.value, gast.Constant)
        and isinstance(node.value.value, str)
    )


def _constants(definition: Definition) -> set[str]:
    """The values of the globals that a function reads, where they are plain data."""
    found = set()
    for node in gast.walk(definition.node):
        if isinstance(node, gast.Name) and node.id not in definition.locals:
            try:
                value = definition.lookup(node.id)
            except KeyError:
                continue
            if isinstance(value, int | float | complex | str | bytes | tuple | None):
                found.add(f"{node.id} = {value!r}")
            elif isinstance(value, np.ndarray):
                found.add(f"{node.id} = {value.dtype}{value.shape}")
    return found
