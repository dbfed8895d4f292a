"""Imports inside functions: done when the function is read; what they bind is known."""

from __future__ import annotations

import importlib
from typing import Any

import gast

from gradscribe.frontend import opaque
from gradscribe.frontend.arms import NEVER, Ended
from gradscribe.frontend.frame import Frame
from gradscribe.ir.abstraction import is_static
from gradscribe.ir.core import Const


def import_(frame: Frame, node: Any, rest: list[Any]) -> tuple[Ended, bool]:
    """Lower an import; one that fails raises where it stands."""
    try:
        bind = _from if isinstance(node, gast.ImportFrom) else _modules
        bind(frame, node)
    except ImportError:
        opaque.statement(frame, node)
        return NEVER, False
    return None, False


def _modules(frame: Frame, node: gast.Import) -> None:
    for alias in node.names:
        module = importlib.import_module(alias.name)
        if alias.asname is None:
            first = alias.name.split(".")[0]
            frame.bind(first, Const(importlib.import_module(first)))
        else:
            frame.bind(alias.asname, Const(module))


def _from(frame: Frame, node: gast.ImportFrom) -> None:
    name = "." * (node.level or 0) + (node.module or "")
    module = importlib.import_module(name, frame.definition.globals.get("__package__"))
    for alias in node.names:
        if not hasattr(module, alias.name):
            try:
                importlib.import_module(f"{module.__name__}.{alias.name}")
            except ModuleNotFoundError as error:
                raise ImportError(str(error)) from error
        value = getattr(module, alias.name)
        known = is_static(value)
        constant = Const(value) if known else Const(value, alias.name, module.__name__)
        frame.bind(alias.asname or alias.name, constant)


def into_global(frame: Frame, name: str) -> bool:
    """Is a global what the function itself imports when it is first called? It stands for that.

    ::

        global quad
        if quad is None:
            from scipy.integrate import quad
    """
    statements = [
        node
        for node in gast.walk(frame.definition.node)
        if isinstance(node, gast.Import | gast.ImportFrom)
        and any((alias.asname or alias.name) == name for alias in node.names)
    ]
    stores = (n for n in gast.walk(frame.definition.node) if isinstance(n, gast.Name))
    if len(statements) != 1 or any(n.id == name and isinstance(n.ctx, gast.Store) for n in stores):
        return False
    try:
        import_(frame, statements[0], [])
    except ImportError:
        return False
    found = frame.env.get(name)
    held = frame.definition.globals.get(name)
    return isinstance(found, Const) and (held is None or held is found.value)
