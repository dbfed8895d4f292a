"""What a ``for`` loop walks: everything but ``range`` is walked by position."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import gast

from gradscribe.frontend import containers, iterators, opaque, views
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, Ref, TupleOf
from gradscribe.frontend.hidden import hidden
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.streams import stream_in
from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Op, Operand
from gradscribe.ir.joins import join_all
from gradscribe.ir.primitives import of
from gradscribe.ir.types import Array, Range, Scalar, Static, Unknown
from gradscribe.ir.types import Sequence as SequenceType

# A loop over so many things that were just computed is clearer written out.
_FEW = 4


@final
@dataclass(slots=True)
class Walk:
    """A walk: ``sequence()`` the positions, ``at(i)`` the item there, ``length()`` how many.

    ``step(k)`` is the k-th item walked, which is ``at(k)`` for a walk from the front.

    ``plain``: the positions are the items (a range). ``static``: the items, where they are walked
    at compile time because they are not of one kind (a tuple of functions, say). ``count``: how
    many others are, where that is known.
    """

    sequence: Callable[[], Operand]
    at: Callable[[Operand], Bound]
    length: Callable[[], Operand]
    step: Callable[[Operand], Bound]
    plain: bool = False
    static: list[Bound] | None = None
    count: int | None = None


def walk(frame: Frame, node: Any) -> Walk:
    """How to walk the iterable of a ``for`` loop."""
    if isinstance(node, gast.Call) and isinstance(node.func, gast.Name):
        function = builtin(frame, node.func)
        starred = any(isinstance(arg, gast.Starred) for arg in node.args)
        function = None if starred else function
        if function is zip and node.args and _strict(frame, node) is not None:
            walks = []
            for arg in node.args:
                walks.append(_inner(frame, arg))
                if len(node.args) > 1:  # it may not be walked to its end
                    opaque.take_part(frame, arg)
            if _strict(frame, node) and all(w.static is None for w in walks):
                frame.builder.append(Op(of(helpers.as_long), tuple(w.length() for w in walks), ()))
            return _zipped(frame, walks)
        if function is enumerate and node.args:
            starts = [*node.args[1:], *(k.value for k in node.keywords if k.arg == "start")]
            if len(starts) == len(node.args) - 1 + len(node.keywords) <= 1:
                start = _operand(frame, starts[0]) if starts else Const(0)
                return _enumerated(frame, _inner(frame, node.args[0]), start)
        if node.keywords:
            function = None
        if function is reversed and len(node.args) == 1:
            return _reversed(frame, _inner(frame, node.args[0]))
    from gradscribe.frontend.expressions import lower

    flat = isinstance(node, gast.Attribute) and node.attr == "flat"
    bound = lower(frame, node.value if flat else node)
    if flat and isinstance(bound, Ref) and isinstance(frame.type(bound), Array):
        bound = views.flat(frame, bound)
    return _items(frame, node, bound)


def _inner(frame: Frame, node: Any) -> Walk:
    """How to walk something together with others, or backwards."""
    found = walk(frame, node)
    made = frame.builder.made.get(found.sequence()) if found.plain else None  # type: ignore[arg-type]
    if made is not None and made.prim is of(helpers.checkpoint):
        frame.refuse(
            node,
            "only a loop that walks checkpoint(range(n)) itself is checkpointed",
            "compute the rest from its position",
        )
    return found


def _strict(frame: Frame, node: gast.Call) -> bool | None:
    """What ``zip(…, strict=…)`` says; None where that is not a literal, or more is said."""
    if not node.keywords:
        return False
    keyword, *others = node.keywords
    value = keyword.value
    if others or keyword.arg != "strict" or not isinstance(value, gast.Constant):
        return None
    return bool(value.value)


def builtin(frame: Frame, node: gast.Name) -> Any:
    found = frame.env.get(node.id)
    if found is None and node.id not in frame.definition.locals:
        found = frame.lookup(node)
    value = found.value if isinstance(found, Const) else None
    return next((function for function in (zip, reversed, enumerate) if value is function), None)


def _operand(frame: Frame, node: Any) -> Operand:
    from gradscribe.frontend.expressions import operand

    return operand(frame, node)


def _positions(frame: Frame, length: Callable[[], Operand]) -> Callable[[], Operand]:
    return lambda: frame.emit(of(range), length())


def _items(frame: Frame, node: Any, bound: Bound) -> Walk:
    from gradscribe.frontend.comprehensions import as_list
    from gradscribe.frontend.expressions import item

    if iterators.is_iterator(frame, bound):
        frame.refuse(
            node,
            "an iterator is walked beside another sequence here",
            "walk it alone, or make a list of what is left in it before",
        )
    given = iterators.stream_of(frame, node, bound)
    if given is not None:
        bound = given
    if isinstance(bound, Closure) and stream_in(bound):
        bound = as_list(frame, node, bound, at_once=True)
    elif isinstance(bound, Closure):
        frame.refuse(node, "cannot iterate over a function")
    bound = opaque.listed(frame, bound)
    entries = containers.items_of(frame, bound)
    if isinstance(bound, Ref):
        # The loop holds the object, whatever becomes of its name.
        frame.env[hidden("", f"walked by {id(node)}")] = bound
    if entries is not None and not isinstance(bound, TupleOf):
        return _static(entries)
    if isinstance(bound, TupleOf):
        if len(bound.items) == 1:
            return _static(list(bound.items))
        if any(isinstance(x, Closure | Procedure) for x in bound.items):
            return _static(list(bound.items))
        kinds = [frame.type(x) for x in bound.items]
        computed = any(not isinstance(x, Const) for x in bound.items)
        if (
            (computed and len(kinds) <= _FEW and not frame.builder.derived)
            or not all(isinstance(k, Scalar | Array) for k in kinds)
            or not isinstance(join_all(kinds), Scalar | Array)
        ):
            return _static(list(bound.items))
        bound = frame.read(bound)
    if (
        isinstance(bound, Const)
        and bound.name is None
        and isinstance(bound.value, tuple | list | str)
    ):
        return _static([Const(value) for value in bound.value])
    value = frame.look(bound)
    kind = type_of_operand(value)
    if isinstance(kind, Scalar | Static):
        frame.refuse(node, f"cannot iterate over {kind}")
    if isinstance(kind, Unknown):
        checks = [
            op.args[0] for op in frame.builder.region.ops if op.prim.function is helpers.by_place
        ]
        if value not in checks:
            frame.builder.append(Op(of(helpers.by_place), (value,), ()))

    def length() -> Operand:
        return frame.emit(of(len), frame.look(bound))

    if isinstance(kind, Range):
        step = lambda k: frame.emit(of(operator.getitem), value, k)  # noqa: E731 (one line)
        return Walk(lambda: value, lambda i: i, length, step, plain=True)
    at = lambda i: item(frame, bound, i)  # noqa: E731 (one line)
    count = len(kind.items) if isinstance(kind, SequenceType) and kind.items is not None else None
    return Walk(_positions(frame, length), at, length, at, count=count)


def _static(items: list[Bound]) -> Walk:
    def absent(*_: Any) -> Any:
        raise AssertionError("a static walk has no positions")

    return Walk(absent, absent, lambda: Const(len(items)), absent, static=items)


def _reversed(frame: Frame, inner: Walk) -> Walk:
    if inner.static is not None:
        return _static(inner.static[::-1])

    def step(k: Operand) -> Bound:
        last = frame.emit(of(operator.sub), inner.length(), Const(1))
        return inner.step(frame.emit(of(operator.sub), last, k))

    def sequence() -> Operand:
        return frame.emit(of(reversed), inner.sequence())

    return Walk(sequence, inner.at, inner.length, step, inner.plain)


def _enumerated(frame: Frame, inner: Walk, start: Operand) -> Walk:
    if inner.static is not None:
        return _static(
            [TupleOf((_plus(frame, Const(i), start), x)) for i, x in enumerate(inner.static)]
        )

    def at(i: Operand) -> Bound:
        return TupleOf((_plus(frame, i, start), inner.step(i)))

    return Walk(_positions(frame, inner.length), at, inner.length, at, count=inner.count)


def _plus(frame: Frame, i: Operand, start: Operand) -> Operand:
    if isinstance(start, Const) and start.name is None and start.value == 0:
        return i
    return frame.emit(of(operator.add), i, start)


def _zipped(frame: Frame, walks: list[Walk]) -> Walk:
    if all(w.static is not None for w in walks):
        rows = zip(*(w.static or [] for w in walks), strict=False)
        return _static([TupleOf(row) for row in rows])
    if any(w.static is not None for w in walks):
        counts = [w.count if w.static is None else len(w.static) for w in walks]
        # A sequence of unknown length that is shorter raises; Python would stop at its end.
        places = range(min(n for n in counts if n is not None))
        columns = [w.static or [w.step(Const(k)) for k in places] for w in walks]
        return _static([TupleOf(row) for row in zip(*columns, strict=False)])

    def length() -> Operand:
        lengths = [w.length() for w in walks]
        while len(lengths) > 1:  # ``min`` has a fact for up to four numbers
            lengths[:4] = [frame.emit(of(min), *lengths[:4])]
        return lengths[0]

    def at(i: Operand) -> Bound:
        return TupleOf(tuple(w.step(i) for w in walks))

    known = [w.count for w in walks if w.count is not None]
    count = min(known) if len(known) == len(walks) else None
    return Walk(_positions(frame, length), at, length, at, count=count)
