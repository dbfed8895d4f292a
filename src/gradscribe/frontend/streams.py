"""Iterables whose items are made one at a time, where they are consumed.

A generator expression, a call of a generator function, ``filter(f, xs)`` and the like are kept as
the statements that make their items, each ``yield`` standing for what the consumer does with one::

    for u in (f(v) for v in x if v > 0):         for v in x:
        s += u                                       if v > 0:
                                                         u = f(v)
                                                         s += u

So a generator lives in the one loop that consumes it, with its variables under names that no
program can contain.
"""

from __future__ import annotations

import copy
import functools
from dataclasses import dataclass
from typing import Any, final

import gast

from gradscribe.frontend.exits import leaves, returns
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure
from gradscribe.frontend.hidden import hidden, is_hidden
from gradscribe.frontend.renaming import renamed, scope_of, targets_of
from gradscribe.ir.core import Region

LOOPS = (gast.For, gast.While)
FUNCTIONS = (gast.FunctionDef, gast.Lambda)


@final
@dataclass(slots=True)
class Stream:
    """The statements that make the items, with an expression statement ``yield item`` for each.

    ``node`` is where it is made, ``region`` what was being built then: a stream can be consumed
    once, so not in a loop around which it was made.
    """

    statements: list[Any]
    node: Any
    scope: str
    region: Region
    spent: bool = False


def stream_in(bound: Any) -> Stream | None:
    """The stream that a bound value is, if it is one."""
    found = bound.definition if isinstance(bound, Closure) else None
    return found if isinstance(found, Stream) else None


# ---------------------------------------------------------------------------- pieces of syntax


def load(name: str) -> Any:
    return gast.Name(name, gast.Load(), None, None)


def store(name: str) -> Any:
    return gast.Name(name, gast.Store(), None, None)


def constant(value: Any) -> Any:
    return gast.Constant(value, None)


def assignment(name: str, value: Any) -> Any:
    return gast.Assign([store(name)], value, None)


def item(value: Any) -> Any:
    """What a stream does with an item."""
    return gast.Expr(gast.Yield(value))


def once(body: list[Any], scope: str) -> Any:
    """A block that ``break`` and ``continue`` leave."""
    return gast.For(
        store(hidden("", scope)), gast.Tuple([constant(0)], gast.Load()), body, [], None
    )


# ---------------------------------------------------------------------------- making


def comprehended(frame: Frame, node: Any, entry: Any) -> Closure:
    """The stream of a comprehension or generator expression; ``entry`` is what it makes of each."""
    from gradscribe.frontend.expressions import lower

    scope = scope_of(node)
    names = {name: hidden(name, scope) for name in targets_of(node)}
    home = frame.definition
    statements = [item(renamed(entry, names, scope, home))]
    for place, part in reversed(list(enumerate(node.generators))):
        for test in reversed(part.ifs):
            statements = [gast.If(renamed(test, names, scope, home), statements, [])]
        iterable = part.iter
        if place:
            iterable = renamed(iterable, names, scope, home)
        elif isinstance(node, gast.GeneratorExp) and not _is_walked(iterable):
            # Python evaluates the first iterable where the generator is made.
            frame.env[hidden("", f"{scope} walked")] = lower(frame, iterable)
            iterable = load(hidden("", f"{scope} walked"))
        target = renamed(part.target, names, scope, home)
        loop = gast.For(target, iterable, statements, [], None)
        loop.form = "comprehension"
        statements = [loop]
    return Closure(Stream(statements, node, scope, frame.builder.region), frame)


def _is_walked(node: Any) -> bool:
    """Is this a call that loops know how to walk (``zip``, ``range``), with plain arguments?"""
    return isinstance(node, gast.Call) and not any(
        isinstance(part, gast.NamedExpr | gast.Yield) for part in gast.walk(node)
    )


# ---------------------------------------------------------------------------- consuming


def consume(frame: Frame, node: Any, source: Closure, target: Any, body: list[Any]) -> None:
    """Lower ``for target in source: body`` for a body that does not end its block."""
    from gradscribe.frontend.lower import block

    block(frame, consumed(frame, node, source, target, body, []))


def consumed(
    frame: Frame, node: Any, source: Closure, target: Any, body: list[Any], orelse: list[Any]
) -> list[Any]:
    """The statements of ``for target in source: body``."""
    stream = stream_in(source)
    if stream is None:
        frame.refuse(node, "a function is not a sequence")
    if stream.spent or stream.region is not frame.builder.region:
        frame.refuse(
            node,
            "a generator may be consumed here more than once, or not where it was made",
            "make it where it is consumed, or make a list: [… for …]",
        )
    stream.spent = True
    frame.builder.spent.append(stream)
    if source.frame is not frame:
        _bring(frame, source.frame, stream)
    filled = _Filled(stream.scope, target, body)
    breaks = any(leaves(child, breaks_only=True) for child in body)
    continues = any(leaves(child) for child in body)
    plain = _one_loop(stream.statements)
    if not any(map(returns, stream.statements)) and (plain or not continues):
        made = filled.block(stream.statements)
        if orelse and plain:
            made[-1].orelse = orelse
            return made
        return [*made, *orelse]
    filled.flagged = True
    made = [
        assignment(filled.done, constant(False)),
        assignment(filled.broke, constant(False)),
        once(filled.block(stream.statements), f"{stream.scope} all"),
    ]
    if orelse and breaks:
        return [*made, gast.If(load(filled.broke), [gast.Pass()], orelse)]
    return [*made, *orelse]


def _bring(frame: Frame, home: Frame, stream: Stream) -> None:
    """Bind, in the frame of the consumer, what a stream sees in that of its maker."""
    names: dict[str, str] = {}
    for node in (part for statement in stream.statements for part in gast.walk(statement)):
        if isinstance(node, gast.NamedExpr) and not is_hidden(node.target.id):
            frame.refuse(
                node,
                "a generator that assigns is consumed by another function here",
                "make a list: [… for …]",
            )
        if not isinstance(node, gast.Name) or node.id in names:
            continue
        if node.id in home.env:
            names[node.id] = name = _own(node.id, stream.scope)
            frame.env[name] = home.env[node.id]
        elif not is_hidden(node.id) and home.definition.globals is not frame.definition.globals:
            names[node.id] = name = _own(node.id, stream.scope)
            frame.env[name] = home.lookup(node)
    stream.statements = renamed(stream.statements, names, stream.scope, home.definition)


def _own(name: str, scope: str) -> str:
    return name if is_hidden(name) else hidden(name, f"{scope} brought")


def _one_loop(statements: list[Any]) -> bool:
    """Do all items come from one loop, at the end of its body? Then ``break`` ends it all."""
    *before, last = statements
    if any(map(yields, before)) or not isinstance(last, LOOPS) or last.orelse:
        return False
    return _at_end(last.body)


def _at_end(statements: list[Any]) -> bool:
    *before, last = statements
    if any(map(yields, before)):
        return False
    if isinstance(last, gast.If):
        return all(_at_end(arm) for arm in (last.body, last.orelse) if arm)
    return not isinstance(last, LOOPS) or not yields(last)


@functools.lru_cache(maxsize=1 << 14)
def yields(node: Any) -> bool:
    """Does a ``yield`` stand in this piece of a program (not in functions nested in it)?"""
    if isinstance(node, gast.Yield | gast.YieldFrom):
        return True
    if isinstance(node, (*FUNCTIONS, gast.ClassDef, gast.GeneratorExp)):
        return False
    return any(yields(child) for child in gast.iter_child_nodes(node))


@final
class _Filled:
    """The statements of a stream with a consumer's body in place of each ``yield``.

    ``flagged``: the body is left, and the stream ended, by flags: ``done`` after which no further
    item is made, ``broke`` if it was the consumer who wanted none.
    """

    def __init__(self, scope: str, target: Any, body: list[Any]) -> None:
        self.scope = scope
        self.target = target
        self.body = body
        self.flagged = False
        self.done, self.broke = hidden("done", scope), hidden("broke", scope)

    def block(self, statements: list[Any]) -> list[Any]:
        return [made for node in statements for made in self.statement(node)]

    def statement(self, node: Any) -> list[Any]:
        if isinstance(node, gast.Expr) and isinstance(node.value, gast.Yield):
            return self._use(node.value.value or constant(None))
        if isinstance(node, gast.Expr) and isinstance(node.value, gast.YieldFrom):
            each = hidden("", f"{self.scope} from {scope_of(node)}")
            loop = gast.For(store(each), node.value.value, [item(load(each))], [], None)
            return self.statement(loop)
        if isinstance(node, gast.Return):
            return [assignment(self.done, constant(True)), gast.Break()]
        if isinstance(node, (*FUNCTIONS, gast.ClassDef)) or not (yields(node) or returns(node)):
            return [node]
        node = copy.copy(node)
        for name in ("body", "orelse", "finalbody"):
            part = getattr(node, name, None)
            if isinstance(part, list):
                setattr(node, name, self.block(part))
        if isinstance(node, LOOPS) and self.flagged:
            return [node, self._stop()]
        return [node]

    def _stop(self) -> Any:
        return gast.If(load(self.done), [gast.Break()], [])

    def _use(self, value: Any) -> list[Any]:
        bind = gast.Assign([self.target], value, None)
        if not self.flagged:
            return [bind, *self.body]
        body = [self._left(node) for node in self.body]
        flat = [part for parts in body for part in parts]
        return [bind, once(flat, f"{self.scope} item"), self._stop()]

    def _left(self, node: Any) -> list[Any]:
        """A statement of the consumer's body, with its own ``break`` setting the flags."""
        if isinstance(node, gast.Break):
            flags = [assignment(name, constant(True)) for name in (self.broke, self.done)]
            return [*flags, node]
        if not leaves(node, breaks_only=True):
            return [node]
        node = copy.copy(node)
        names = ("orelse",) if isinstance(node, LOOPS) else ("body", "orelse", "finalbody")
        for name in names:
            part = getattr(node, name, None)
            if isinstance(part, list):
                setattr(node, name, [made for child in part for made in self._left(child)])
        return [node]


def bound_stream(frame: Frame, node: Any) -> Bound | None:
    """The stream that the iterable of a loop is, if it is one; lowered only if it may be."""
    from gradscribe.frontend import iterators
    from gradscribe.frontend.endless import lazily
    from gradscribe.frontend.expressions import lower
    from gradscribe.frontend.generators import makes_stream

    if isinstance(node, gast.Name):
        known = frame.env.get(node.id)
        if known is None or stream_in(known):
            return known
        return iterators.stream_of(frame, node, known)
    if isinstance(node, gast.GeneratorExp) or makes_stream(frame, node):
        made = lower(frame, node)
        return made if stream_in(made) else iterators.stream_of(frame, node, made)
    return lazily(frame, node)
