"""Names that a ``try`` body may read before they are bound, where a handler would catch that.

Elsewhere whoever reads a name ran what binds it, or raises as the program does. Here the program
goes on, so that it must be known in which runs the name is bound: a flag goes with it::

    if test:                                    if test:
        v = …                                       v, bound = …, True
    try:                                        try:
        y = v                                       if not bound: raise NameError
    except NameError:                               y = v
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

import gast

from gradscribe.frontend.hidden import hidden
from gradscribe.frontend.resolve import statements_in

Names = frozenset[str]

_KNOWN: WeakKeyDictionary[Any, Names] = WeakKeyDictionary()


def flag_of(name: str) -> str:
    """The variable that says whether a name is bound."""
    return hidden("", f"bound {name}")


def with_flags(frame: Any, names: Iterable[str]) -> list[str]:
    """Names, and the flags that go with them."""
    names = list(names)
    return [*names, *(flag_of(name) for name in names if name in frame.flagged)]


def flagged(node: Any, local: Names) -> Names:
    """The names of a function that need a flag."""
    known = _KNOWN.get(node)
    if known is None:
        found: set[str] = set()
        if any(isinstance(part, gast.Try) and _catches(part) for part in statements_in(node)):
            arguments = node.args
            params = [*arguments.args, *arguments.posonlyargs, *arguments.kwonlyargs]
            params += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
            _Walk(found).block(node.body, frozenset(a.id for a in params), False)
        known = _KNOWN[node] = frozenset(found) & local
    return known


def _catches(node: gast.Try) -> bool:
    """May a handler be for a name that is not bound?"""
    for handler in node.handlers:
        kinds = handler.type.elts if isinstance(handler.type, gast.Tuple) else [handler.type]
        named = [getattr(kind, "id", None) for kind in kinds]
        if any(name is None or name in _CAUGHT for name in named):
            return True
    return False


_CAUGHT = {"NameError", "UnboundLocalError", "Exception", "BaseException"}


class _Walk:
    """What is certainly bound where; None where nothing comes."""

    def __init__(self, found: set[str]) -> None:
        self.found = found

    def block(self, body: Iterable[Any], bound: Names | None, trying: bool) -> Names | None:
        for node in body:
            if bound is None:
                return None
            bound = self.statement(node, bound, trying)
        return bound

    def statement(self, node: Any, bound: Names, trying: bool) -> Names | None:
        blocks = [
            value
            for _, value in gast.iter_fields(node)
            if isinstance(value, list) and value and isinstance(value[0], gast.stmt)
        ]
        if isinstance(node, gast.FunctionDef | gast.ClassDef):
            return bound | {node.name}
        if not blocks and not isinstance(node, gast.Try | gast.Match):
            self.read(node, bound, trying)
            ends = isinstance(node, gast.Return | gast.Raise | gast.Break | gast.Continue)
            return None if ends else bound | _stored(node)
        if isinstance(node, gast.Try):
            return self.attempt(node, bound, trying)
        heads = [v for _, v in gast.iter_fields(node) if isinstance(v, gast.AST)]
        heads += getattr(node, "items", [])
        for head in heads:
            self.read(head, bound, trying)
        if isinstance(node, gast.If):
            return _meet(self.block(part, bound, trying) for part in (node.body, node.orelse))
        bound = bound.union(*map(_stored, heads)) if isinstance(node, gast.With) else bound
        if isinstance(node, gast.With):
            return self.block(node.body, bound, trying)
        inner = bound.union(*map(_stored, heads))
        for case in getattr(node, "cases", []):
            self.block(case.body, inner | _stored(case.pattern), trying)
        for part in blocks:
            self.block(part, inner, trying)
        return bound

    def attempt(self, node: gast.Try, bound: Names, trying: bool) -> Names | None:
        tried = self.block(node.body, bound, trying or _catches(node))
        ends = [self.block(node.orelse, tried, trying)]
        for handler in node.handlers:
            ends.append(self.block(handler.body, bound, trying))
        self.block(node.finalbody, bound, trying)
        met = _meet(ends)
        return None if met is None else met | _stored_in(node.finalbody)

    def read(self, node: Any, bound: Names, trying: bool) -> None:
        if trying:
            names = {
                part.id
                for part in gast.walk(node)
                if isinstance(part, gast.Name) and isinstance(part.ctx, gast.Load)
            }
            self.found |= names - bound


def _meet(ends: Iterable[Names | None]) -> Names | None:
    known = [end for end in ends if end is not None]
    return frozenset.intersection(*known) if known else None


def _stored(node: Any) -> Names:
    """The names that a statement, or a part of one, binds."""
    if isinstance(node, gast.Import | gast.ImportFrom):
        return frozenset((a.asname or a.name).split(".")[0] for a in node.names)
    return frozenset(
        part.id
        for part in gast.walk(node)
        if isinstance(part, gast.Name) and isinstance(part.ctx, gast.Store)
    )


def _stored_in(body: list[Any]) -> Names:
    plain = (gast.Assign, gast.Import, gast.ImportFrom)
    return frozenset().union(*(_stored(node) for node in body if isinstance(node, plain)))
