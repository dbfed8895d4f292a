"""Context managers: which object one is, whether it lets exceptions pass, what may be repeated."""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
import types
from typing import Any

import gast
import numpy as np

from gradscribe.frontend import opaque
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Closure
from gradscribe.frontend.procedures import Procedure
from gradscribe.ir.core import Const

# What is derived of a body under one of these stands under it too.
_REPEATED = (np.errstate, np.printoptions)

# Functions that make managers of C's, and the modules of such managers.
_PASSING = (open, io.open)
_MODULES = {"_io", "_thread", "decimal", "_decimal", "threading", "numpy"}


def object_of(frame: Frame, node: Any) -> Any:
    """The object that a context expression names, or whose call it is; None if not known."""
    if isinstance(node, gast.Call):
        node = node.func
    return _named(frame, node)


def _named(frame: Frame, node: Any) -> Any:
    if isinstance(node, gast.Attribute):
        return getattr(_named(frame, node.value), node.attr, None)
    if not isinstance(node, gast.Name):
        return None
    bound = frame.env.get(node.id)
    if bound is None and node.id not in frame.definition.locals:
        bound = frame.lookup(node)
    known = isinstance(bound, Const) and not isinstance(bound, Closure | Procedure)
    return bound.value if known else None  # type: ignore[union-attr]  # a Const


def is_repeated(manager: Any) -> bool:
    """May its body be divided between several of it?"""
    return any(manager is known for known in _REPEATED)


def check(frame: Frame, node: Any, manager: Any) -> None:
    """Refuse a manager that may swallow exceptions, or change what is followed."""
    if isinstance(node, gast.Call):
        opaque.check_call(frame, node)
    kind = manager if isinstance(node, gast.Call) else type(manager)
    if manager is None or not _passes(kind):
        frame.refuse(
            node,
            f"cannot know whether {gast.unparse(node)} lets exceptions pass",
            "write the try statement that it stands for",
        )


def _passes(kind: Any) -> bool:
    """Do exceptions of the body certainly pass this manager (a class, or what makes one)?"""
    if isinstance(kind, type):
        leave = getattr(kind, "__exit__", None)
        if isinstance(leave, types.FunctionType):
            return _returns_nothing(leave)
        return kind.__module__.split(".")[0] in _MODULES
    if any(kind is known for known in _PASSING):
        return True
    made = getattr(kind, "__wrapped__", None)
    if isinstance(made, types.FunctionType) and inspect.isgeneratorfunction(made):
        return _catches_nothing(made)
    return getattr(kind, "__module__", None) in _MODULES


def _tree(function: types.FunctionType) -> ast.AST | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):
        return None


def _returns_nothing(function: types.FunctionType) -> bool:
    tree = _tree(function)
    if tree is None:
        return False
    values = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    return all(v is None or (isinstance(v, ast.Constant) and not v.value) for v in values)


def leaves_alone(function: Any) -> bool:
    """Is this an ``__exit__`` that asks nothing about exceptions, and lets them pass?"""
    tree = _tree(function) if isinstance(function, types.FunctionType) else None
    if tree is None or not _returns_nothing(function):
        return False
    (definition,) = tree.body  # type: ignore[attr-defined]  # a module
    given = definition.args
    asked = {arg.arg for arg in (*given.args[1:], *given.posonlyargs[1:], given.vararg) if arg}
    read = {n.id for part in definition.body for n in ast.walk(part) if isinstance(n, ast.Name)}
    return asked.isdisjoint(read)


def _catches_nothing(function: types.FunctionType) -> bool:
    tree = _tree(function)
    if tree is None:
        return False
    tries = [node for node in ast.walk(tree) if isinstance(node, ast.Try) and node.handlers]
    withs = [node for node in ast.walk(tree) if isinstance(node, ast.With)]
    return not any(
        isinstance(inner, ast.Yield) for node in [*tries, *withs] for inner in ast.walk(node)
    )
