"""Copies of pieces of a program with other names, to be lowered in the place of something else.

A comprehension's targets and a generator's variables are lowered as variables of the function
around, under names that no program can contain (``hidden``)::

    [v * k for v in x]       xs = []
                             for ␣v in x:
                                 xs.append(␣v * k)

Python's scoping holds in the copy: functions and comprehensions inside that bind a name themselves
keep it. Every node of a copy knows its ``scope``, so that what is renamed inside it again gets
names of its own, and its ``home``, the definition that its places in the text belong to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gast

from gradscribe.frontend.resolve import Definition, local_names

_PLACE = ("lineno", "col_offset", "end_lineno", "end_col_offset")
COMPREHENSIONS = (gast.ListComp, gast.SetComp, gast.DictComp, gast.GeneratorExp)


def scope_of(node: Any) -> str:
    """What tells the hidden names of one piece of a program from those of another."""
    line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
    return f"{getattr(node, 'scope', '')}{line}:{column}"


def renamed(node: Any, names: Mapping[str, str], scope: str, home: Definition) -> Any:
    """A copy of ``node`` in which the variables ``names`` have other names."""
    if isinstance(node, list):
        return [renamed(part, names, scope, home) for part in node]
    if not isinstance(node, gast.AST):
        return node
    if isinstance(node, COMPREHENSIONS):
        copy = _comprehension(node, names, scope, home)
    elif isinstance(node, gast.FunctionDef | gast.Lambda):
        copy = _function(node, names, scope, home)
    else:
        fields = {f: renamed(getattr(node, f, None), names, scope, home) for f in node._fields}
        copy = type(node)(**fields)
        if isinstance(node, gast.Name):
            copy.id = names.get(node.id, node.id)
    if hasattr(node, "form"):
        copy.form = node.form
    if home.at is not None:  # it belongs to the statement that it is brought to
        copy.scope = f"{scope}/{scope_of(node)}/"
        return copy
    for attribute in _PLACE:
        if hasattr(node, attribute):
            setattr(copy, attribute, getattr(node, attribute))
    copy.scope = f"{scope}/{getattr(node, 'scope', '')}"
    copy.home = getattr(node, "home", home)
    return copy


def _comprehension(node: Any, names: Mapping[str, str], scope: str, home: Definition) -> Any:
    bound = targets_of(node)
    inner = {name: new for name, new in names.items() if name not in bound}
    fields = {f: renamed(getattr(node, f), inner, scope, home) for f in node._fields}
    copy = type(node)(**fields)
    # The first iterable is evaluated outside.
    copy.generators[0].iter = renamed(node.generators[0].iter, names, scope, home)
    return copy


def _function(node: Any, names: Mapping[str, str], scope: str, home: Definition) -> Any:
    bound = local_names(node)
    inner = {name: new for name, new in names.items() if name not in bound}
    copy = type(node)(**{f: getattr(node, f) for f in node._fields})
    copy.body = renamed(node.body, inner, scope, home)
    copy.args = renamed(node.args, inner, scope, home)
    # Defaults and decorators are evaluated outside.
    copy.args.defaults = renamed(node.args.defaults, names, scope, home)
    copy.args.kw_defaults = renamed(node.args.kw_defaults, names, scope, home)
    if isinstance(node, gast.FunctionDef):
        copy.name = names.get(node.name, node.name)
        copy.decorator_list = renamed(node.decorator_list, names, scope, home)
    return copy


def targets_of(node: Any) -> list[str]:
    """The names that the ``for`` parts of a comprehension bind."""
    found: dict[str, None] = {}
    for generator in node.generators:
        for part in gast.walk(generator.target):
            if isinstance(part, gast.Name) and not isinstance(part.ctx, gast.Load):
                found.setdefault(part.id)
    return list(found)
