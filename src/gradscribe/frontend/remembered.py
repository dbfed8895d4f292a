"""Rules that are lowered once for operands of the same types, and copied from then on.

What a rule of ours says of an operation depends on the types of its operands alone, unless lowering
asks how one of them was made. Then, and where more than plain operations came of it, nothing is
remembered.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

from gradscribe.frontend.resolve import TOUCHED, touch
from gradscribe.ir.build import Builder
from gradscribe.ir.core import Const, Op, Operand, Value
from gradscribe.ir.primitives import Primitive
from gradscribe.ir.types import Array, Scalar, Type

Result = Operand | list[Operand]
Slot = int | Const  # a place among the operands and what was made of them, or a constant


@final
@dataclass(slots=True)
class _Template:
    """What a rule emits, by places: those of its operands first, then those of results."""

    ops: list[tuple[Primitive, tuple[Slot, ...], list[tuple[str, Type, bool]]]]
    hints: list[tuple[int, str]]
    result: Slot | list[Slot]
    read: tuple[types.FunctionType, ...]  # the functions whose source this comes of

    def copy(self, operands: list[Operand], builder: Builder) -> Result:
        """The operations again, for other operands."""
        touch(self.read)
        known = list(operands)
        for prim, slots, results in self.ops:
            made = tuple(Value(*result) for result in results)
            args = tuple(known[s] if isinstance(s, int) else s for s in slots)
            builder.append(Op(prim, args, made))
            known += made
        for place, hint in self.hints:
            operand = known[place]
            assert isinstance(operand, Value)
            operand.hint = operand.hint or hint
        if isinstance(self.result, list):
            return [known[s] if isinstance(s, int) else s for s in self.result]
        return known[self.result] if isinstance(self.result, int) else self.result


@final
class _Asked(dict[Value, Op]):
    """What made the values so far; notes whether somebody asks about one from outside."""

    def __init__(self, outer: dict[Value, Op]) -> None:
        super().__init__()
        self.outer = outer
        self.asked = False

    def get(self, key: Any, default: Any = None) -> Any:
        if dict.__contains__(self, key):
            return dict.__getitem__(self, key)
        self.asked = True
        return self.outer.get(key, default)

    def __contains__(self, key: object) -> bool:
        return self.get(key) is not None

    def __getitem__(self, key: Value) -> Op:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found  # type: ignore[no-any-return]  # an Op

    def values(self) -> Any:
        self.asked = True
        return [*self.outer.values(), *dict.values(self)]


_TEMPLATES: dict[Any, _Template | None] = {}
_MOST = 4096


def remembered(
    rule: types.FunctionType,
    args: dict[str, Operand],
    builder: Builder,
    lower: Callable[[], Result],
) -> Result:
    """What ``lower()`` emits into ``builder`` and returns, without doing it twice."""
    operands = list(args.values())
    key = _key(rule, operands, builder)
    if key is None:
        return lower()
    if key in _TEMPLATES:
        known = _TEMPLATES[key]
        return lower() if known is None else known.copy(operands, builder)
    outer, region, foreign = builder.made, builder.region, builder.foreign
    first, hints = len(region.ops), [getattr(o, "hint", "") for o in operands]
    builder.made = asked = _Asked(outer)
    touched = TOUCHED.set({})
    try:
        result = lower()
    finally:
        builder.made = outer
        outer.update(asked.items())
        read = tuple(TOUCHED.get() or ())
        TOUCHED.reset(touched)
        touch(read)
    if len(_TEMPLATES) >= _MOST:
        _TEMPLATES.clear()
    here = builder.span, builder.statement, builder.derived, builder.sweep
    made = region.ops[first:]
    plain = (
        not asked.asked
        and builder.region is region
        and builder.foreign is foreign
        and all((op.span, op.statement, op.derived, op.sweep) == here for op in made)
    )
    named = [
        (k, o.hint)
        for k, o in enumerate(operands)
        if isinstance(o, Value) and o.hint != hints[k] and not hints[k]
    ]
    _TEMPLATES[key] = _template(operands, made, named, result, read) if plain else None
    return result


def _template(
    operands: list[Operand],
    ops: list[Op],
    hints: list[tuple[int, str]],
    result: Result,
    read: tuple[types.FunctionType, ...],
) -> _Template | None:
    places: dict[Operand, int] = {o: k for k, o in reversed(list(enumerate(operands)))}
    count = len(operands)

    def slot(operand: Operand) -> Slot:
        return places[operand] if isinstance(operand, Value) else places.get(operand, operand)

    made = []
    for op in ops:
        if op.regions or op.attrs is not _PLAIN.attrs or op.prim.function is None:
            return None
        if any(isinstance(arg, Value) and arg not in places for arg in op.args):
            return None
        results = [(r.hint, r.type, r.named) for r in op.results]
        made.append((op.prim, tuple(map(slot, op.args)), results))
        for value in op.results:
            places[value], count = count, count + 1
    found = result if isinstance(result, list) else [result]
    if any(isinstance(o, Value) and o not in places for o in found):
        return None
    slots = [slot(o) for o in found]
    return _Template(made, hints, slots if isinstance(result, list) else slots[0], read)


_PLAIN = Op(Primitive("plain"), (), ())


def _key(rule: types.FunctionType, operands: list[Operand], builder: Builder) -> Any:
    """What the operations depend on; None where that may be more than types."""
    if not rule.__module__.startswith("gradscribe.") or builder.watchers or builder.opened:
        return None
    key: list[Any] = [rule, builder.derived, builder.foreign]
    for place, operand in enumerate(operands):
        if isinstance(operand, Value):
            if not isinstance(operand.type, Scalar | Array):
                return None
            same = next(k for k, other in enumerate(operands) if other is operand)
            key.append(operand.type if same == place else same)
        elif operand.value is None or type(operand.value) in _LITERALS:
            key.append((type(operand.value), repr(operand.value), operand.name, operand.home))
        else:
            return None
    return tuple(key)


_LITERALS = frozenset({int, float, bool, str})
