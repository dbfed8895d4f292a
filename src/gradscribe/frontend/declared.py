"""What users declare of the derivatives of functions, and for which calls it holds.

A declaration is about one callable: the functions that are its rules, by kind and argument. Those
made everywhere stand in one table; a ``RuleSet`` holds others, which go before them while it is
entered.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import itertools
import linecache
import re
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from gradscribe.errors import ArgumentError
from gradscribe.ir.primitives import find

Path = tuple[Any, ...]  # a parameter, and the way to a part of it
Table = dict[Any, "Declared"]


@final
@dataclass(frozen=True, eq=False, slots=True)
class Rule:
    """One rule: its kind, the arguments it is for, and whether it returns a tuple for them."""

    kind: str  # "partial", "linear", "tangent" or "adjoint"
    arguments: tuple[Path, ...]
    joint: bool
    function: Callable[..., Any]
    read: tuple[str, ...]  # its parameters

    def spelled(self) -> str:
        """``@adjoint(model.f, "x")`` without the function."""
        names = ", ".join(map(spelled, self.arguments))
        return f"@{self.kind} of {names}"


@final
@dataclass(eq=False, slots=True)
class Declared:
    """What is declared for one callable.

    ``params``: its parameters. ``forward``: the function that stands for it where it is
    differentiated, if another one does. ``saved``: the variables in that that rules read.
    ``opaque``: it is called, not looked into.
    """

    function: Any
    name: str
    params: tuple[str, ...] = ()
    forward: Any = None
    rules: list[Rule] = field(default_factory=list)
    saved: dict[str, None] = field(default_factory=dict)
    constants: set[Path] = field(default_factory=set)
    constant: bool = False
    opaque: bool = False

    def rule(self, path: Path, *kinds: str) -> Rule | None:
        """The rule for a part of an argument: of the first kind that has one."""
        for kind in kinds:
            for rule in reversed(self.rules):
                if rule.kind == kind and any(is_within(path, a) for a in rule.arguments):
                    return rule
        return None

    def is_constant(self, path: Path) -> bool:
        return self.constant or any(is_within(path, name) for name in self.constants)


def is_within(path: Path, whole: Path) -> bool:
    """Is this the whole, or a part of it?"""
    return path[: len(whole)] == whole


def path_of(text: str) -> Path:
    """``"model.layers[0].w"`` as ``("model", "layers", 0, "w")``; empty if it is no such thing."""
    path: list[Any] = []
    with contextlib.suppress(SyntaxError, ValueError):
        node: ast.expr = ast.parse(text.strip(), mode="eval").body
        while isinstance(node, ast.Attribute | ast.Subscript):
            key = node.attr if isinstance(node, ast.Attribute) else ast.literal_eval(node.slice)
            path.insert(0, key)
            node = node.value
        if isinstance(node, ast.Name):
            return node.id, *path
    return ()


def dot_of(path: Path) -> str:
    """What a rule calls the tangent of an argument."""
    keys = path[1:] if path[0] == "self" and path[1:] else path
    return "_".join(map(str, keys)) + "_dot"


def spelled(path: Path) -> str:
    """``("self", "w")`` as ``'self.w'``."""
    return repr(
        path[0] + "".join(f".{p}" if str(p).isidentifier() else f"[{p!r}]" for p in path[1:])
    )


EVERYWHERE: Table = {}

_SCOPES: ContextVar[tuple[Table, ...]] = ContextVar("_SCOPES", default=())

# The rules that are applied while this is set, in order: what a derivative relies on.
RELIED_ON: ContextVar[dict[tuple[Declared, Rule | None], None] | None] = ContextVar(
    "RELIED_ON", default=None
)

# Is the source of a function that has a rule being read? Such a function is pure.
PURE: ContextVar[bool] = ContextVar("PURE", default=False)


def declared(function: Any) -> Declared | None:
    """What is declared for a callable where this is asked."""
    key = key_of(function)
    for table in (*_SCOPES.get()[::-1], EVERYWHERE):
        found = table.get(key)
        if found is not None:
            return found
    return _of_original(function) if isinstance(function, types.FunctionType) else None


def _of_original(function: types.FunctionType) -> Declared | None:
    """What is declared for the function that one of a written file is a copy of."""
    path = function.__code__.co_filename
    listed = _rules_at_head(path)
    place = next((p for name, p in listed.items() if _is_called(function, name)), None)
    if place is None:
        return None
    original = _at(place)
    found = declared(original) if original is not None and original is not function else None
    if found is None:
        what = "cannot be imported" if original is None else "has none"
        raise ArgumentError(
            f"{path.rpartition('/')[2]} relies on a rule for {place}, which {what}",
            hint="import the module that declares it before the file is differentiated",
        )
    return found


def _rules_at_head(path: str) -> dict[str, str]:
    """The functions with rules that a written file lists at its head, by their own names."""
    lines = linecache.getlines(path)
    if not lines or not lines[0].startswith("# Written by gradscribe"):
        return {}
    head = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    places = re.findall(r"^# Rules +([\w.]+):", "".join(head), re.MULTILINE)
    return {place.rpartition(".")[2]: place for place in places}


def _is_called(function: types.FunctionType, name: str) -> bool:
    """Has a function this name, or the number that makes it another's?"""
    return re.fullmatch(rf"{name}(_\d+)?", function.__name__) is not None


def _at(place: str) -> Any:
    """What a dotted path denotes; None where there is no such thing."""
    parts = place.split(".")
    for k in range(len(parts) - 1, 0, -1):
        with contextlib.suppress(ImportError):
            found: Any = importlib.import_module(".".join(parts[:k]))
            for name in parts[k:]:
                found = getattr(found, name, None)
            return found
    return None


def key_of(function: Any) -> Any:
    """What a callable is found by: itself, or its identity where it cannot be hashed."""
    try:
        hash(function)
    except TypeError:
        return ("unhashable", id(function))
    return function


def in_force() -> tuple[Table, ...]:
    """The tables that go before the one that holds everywhere, the innermost last."""
    return _SCOPES.get()


def enter(table: Table) -> None:
    """Put a table before those in force."""
    _SCOPES.set((*_SCOPES.get(), table))


def leave(table: Table) -> None:
    """Take it away again, where it was put last."""
    tables = list(_SCOPES.get())
    place = max(k for k, other in enumerate(tables) if other is table)
    _SCOPES.set((*tables[:place], *tables[place + 1 :]))


@contextmanager
def under(tables: tuple[Table, ...]) -> Iterator[None]:
    """While these tables are in force."""
    token = _SCOPES.set(tables)
    try:
        yield
    finally:
        _SCOPES.reset(token)


def parameters_of(function: Any) -> tuple[str, ...]:
    """The names of a callable's parameters; empty where nothing tells them."""
    if isinstance(function, np.ufunc):
        prim = find(function)
        names = ("x",) if function.nin == 1 else tuple(f"x{k + 1}" for k in range(function.nin))
        return prim.params if prim is not None else names
    try:
        own = isinstance(function, types.FunctionType)
        return tuple(inspect.signature(function, follow_wrapped=not own).parameters)
    except (TypeError, ValueError):
        return ()
