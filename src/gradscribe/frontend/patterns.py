"""``match`` as a chain of ``if``: each case becomes a test, what it binds, and its body.

::

    match p:                        if isinstance(p, (list, tuple)) and len(p) == 2:
        case [a, 0.0]:                  …
            …

The subject is computed once, and kept under a name that no program can contain.
"""

from __future__ import annotations

from typing import Any

import gast

from gradscribe.frontend import control, managers
from gradscribe.frontend.arms import Ended
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Ref
from gradscribe.frontend.hidden import hidden

# Classes whose one positional pattern is matched against the subject itself.
_SELF = (bool, bytearray, bytes, dict, float, frozenset, int, list, set, str, tuple)

Bindings = list[tuple[str, Any]]


def match_(frame: Frame, node: gast.Match, rest: list[Any]) -> tuple[Ended, bool]:
    """Lower a ``match``: how the block ended, and whether ``rest`` was lowered in its arms."""
    from gradscribe.frontend.expressions import lower
    from gradscribe.frontend.lower import block

    name = hidden("subject", f"{node.lineno}:{node.col_offset}")
    frame.env[name] = subject = lower(frame, node.subject)
    if isinstance(node.subject, gast.Name) and not isinstance(subject, Ref):
        name = node.subject.id
    cases = _Cases(frame, node)
    chain: list[Any] = []
    for case in reversed(node.cases):
        bindings: Bindings = []
        tests = cases.tests(case.pattern, _load(name), bindings)
        if case.guard is not None:
            tests.append(_Named(dict(bindings)).visit(case.guard))
        body = [*(cases.placed(gast.Assign([_store(n)], e, None)) for n, e in bindings), *case.body]
        if tests:
            test = tests[0] if len(tests) == 1 else gast.BoolOp(gast.And(), tests)
            chain = [cases.placed(gast.If(cases.placed(test), body, chain))]
        else:
            chain = body
    if len(chain) == 1 and isinstance(chain[0], gast.If):
        return control.if_(frame, chain[0], rest)
    return block(frame, [*chain, *rest]), True


class _Named(gast.NodeTransformer):  # type: ignore[misc]  # gast has no type information
    """A guard with what the pattern binds in the place of the names."""

    def __init__(self, bound: dict[str, Any]) -> None:
        self.bound = bound

    def visit_Name(self, node: gast.Name) -> Any:
        return self.bound.get(node.id, node)


class _Cases:
    """Makes tests of patterns."""

    def __init__(self, frame: Frame, node: gast.Match) -> None:
        self.frame = frame
        self.node = node

    def placed(self, node: Any) -> Any:
        """A node that was made here stands where the statement does."""
        for part in gast.walk(node):
            if not hasattr(part, "lineno"):
                gast.copy_location(part, self.node)
        return node

    def tests(self, pattern: Any, subject: Any, bindings: Bindings) -> list[Any]:
        """The tests that all must hold; what the pattern binds is added to ``bindings``."""
        match pattern:
            case gast.MatchValue(value=value):
                return [gast.Compare(subject, [gast.Eq()], [value])]
            case gast.MatchSingleton(value=value):
                return [gast.Compare(subject, [gast.Is()], [gast.Constant(value, None)])]
            case gast.MatchAs(pattern=inner, name=name):
                tests = self.tests(inner, subject, bindings) if inner is not None else []
                if name is not None:
                    bindings.append((name, subject))
                return tests
            case gast.MatchOr(patterns=patterns):
                return self._either(patterns, subject)
            case gast.MatchSequence(patterns=patterns):
                return self._sequence(patterns, subject, bindings)
            case gast.MatchClass():
                return self._class(pattern, subject, bindings)
        return self._mapping(pattern, subject, bindings)

    def _either(self, patterns: list[Any], subject: Any) -> list[Any]:
        alternatives = []
        for pattern in patterns:
            bound: Bindings = []
            tests = self.tests(pattern, subject, bound)
            if bound:
                self.frame.refuse(
                    pattern, "a name in one of several patterns is not supported", "write two cases"
                )
            if not tests:
                return []
            alternatives.append(tests[0] if len(tests) == 1 else gast.BoolOp(gast.And(), tests))
        return [gast.BoolOp(gast.Or(), alternatives)]

    def _sequence(self, patterns: list[Any], subject: Any, bindings: Bindings) -> list[Any]:
        stars = [k for k, p in enumerate(patterns) if isinstance(p, gast.MatchStar)]
        kinds = gast.Tuple([self._builtin("list"), self._builtin("tuple")], gast.Load())
        length = _call(self._builtin("len"), subject)
        count = gast.Constant(len(patterns) - len(stars), None)
        fits = gast.Compare(length, [gast.GtE() if stars else gast.Eq()], [count])
        tests = [_call(self._builtin("isinstance"), subject, kinds), fits]
        for k, pattern in enumerate(patterns):
            after = len(patterns) - k - 1
            if stars and k == stars[0]:
                stop = gast.Constant(-after, None) if after else None
                part = gast.Slice(gast.Constant(k, None), stop, None)
                if pattern.name is not None:
                    rest = gast.Subscript(subject, part, gast.Load())
                    bindings.append((pattern.name, _call(self._builtin("list"), rest)))
                continue
            place = gast.Constant(k if not stars or k < stars[0] else -after - 1, None)
            tests += self.tests(pattern, gast.Subscript(subject, place, gast.Load()), bindings)
        return tests

    def _class(self, pattern: Any, subject: Any, bindings: Bindings) -> list[Any]:
        cls = managers.object_of(self.frame, pattern.cls)
        if not isinstance(cls, type):
            self.frame.refuse(
                pattern, "the class of this pattern is not known here", "name a class of the module"
            )
        tests = [_call(self._builtin("isinstance"), subject, pattern.cls)]
        names = getattr(cls, "__match_args__", ())
        for k, inner in enumerate(pattern.patterns):
            if cls in _SELF:
                tests += self.tests(inner, subject, bindings)
            elif k < len(names):
                part = gast.Attribute(subject, names[k], gast.Load())
                tests += self.tests(inner, part, bindings)
            else:
                self.frame.refuse(pattern, f"{cls.__name__} has no positional patterns")
        for name, inner in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
            tests += self.tests(inner, gast.Attribute(subject, name, gast.Load()), bindings)
        return tests

    def _mapping(self, pattern: Any, subject: Any, bindings: Bindings) -> list[Any]:
        tests = [_call(self._builtin("isinstance"), subject, self._builtin("dict"))]
        for key, inner in zip(pattern.keys, pattern.patterns, strict=True):
            tests.append(gast.Compare(key, [gast.In()], [subject]))
            tests += self.tests(inner, gast.Subscript(subject, key, gast.Load()), bindings)
        if pattern.rest is not None:
            bindings.append((pattern.rest, self._rest(pattern.keys, subject)))
        return tests

    def _rest(self, keys: list[Any], subject: Any) -> gast.DictComp:
        """The entries of a dict under other keys than these."""
        key, value = (hidden(name, f"{self.node.lineno} rest") for name in ("key", "value"))
        both = gast.Tuple([_store(key), _store(value)], gast.Store())
        items = _call(gast.Attribute(subject, "items", gast.Load()))
        other = gast.Compare(_load(key), [gast.NotIn()], [gast.Tuple(keys, gast.Load())])
        each = gast.comprehension(both, items, [other] if keys else [], 0)
        return gast.DictComp(_load(key), _load(value), [each])

    def _builtin(self, name: str) -> gast.Name:
        if name in self.frame.env or name in self.frame.definition.globals:
            self.frame.refuse(
                self.node,
                f"a pattern where {name!r} means something else",
                "call that by another name",
            )
        return _load(name)


def _load(name: str) -> gast.Name:
    return gast.Name(name, gast.Load(), None, None)


def _store(name: str) -> gast.Name:
    return gast.Name(name, gast.Store(), None, None)


def _call(function: Any, *args: Any) -> gast.Call:
    return gast.Call(function, list(args), [])
