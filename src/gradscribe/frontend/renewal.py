"""Names that a loop binds anew in every iteration, before anything can see what they were.

    for i in range(n):
        t = x[i] * w        # i and t
        if t > 0:
            last = t        # but not last, which may be that of an earlier iteration

Nothing in the body changes with what such a name is when an iteration begins.
"""

from __future__ import annotations

import functools
from typing import Any

import gast

from gradscribe.frontend.exits import leaves, returns
from gradscribe.frontend.resolve import assigned_names

_LATER = gast.FunctionDef | gast.Lambda | gast.ClassDef | gast.GeneratorExp


def renewed(function: Any, head: Any, body: list[Any]) -> frozenset[str]:
    """The names that a loop with this body binds anew, in a function.

    ``head`` is what is done before each iteration: a test, or an assignment of the next item.
    """
    found: set[str] = set()
    seen = set(_read_later(function))
    for statement in (head, *body):
        if isinstance(statement, gast.Assign):
            seen |= _names(statement.value)
            found |= {name for target in statement.targets for name in _bound(target)} - seen
        seen |= _names(statement)
        if leaves(statement) or returns(statement):
            break
    return frozenset(found)


def _bound(target: Any) -> list[str]:
    """The names that are certainly bound where this is assigned to."""
    if isinstance(target, gast.Tuple | gast.List):
        return [name for part in target.elts for name in _bound(part)]
    return [target.id] if isinstance(target, gast.Name) else []


def _names(node: Any) -> set[str]:
    """Every name that stands in a piece of a program."""
    named = {part.id for part in gast.walk(node) if isinstance(part, gast.Name)}
    return named.union(assigned_names([node]))


@functools.lru_cache(maxsize=256)
def _read_later(function: Any) -> frozenset[str]:
    """The names in functions nested in this one, which see what a name is when they run."""
    inner = (part for part in gast.walk(function) if isinstance(part, _LATER))
    return frozenset(name for part in inner if part is not function for name in _names(part))
