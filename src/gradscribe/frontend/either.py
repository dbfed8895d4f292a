"""Attributes of an object that is of one class or another, depending on the path taken.

Such an object is one value, which nothing is known of; but the branch knows what each arm made::

    if x < 0:                               if x < 0:
        hit = Miss(depth=x)                     depth = x
    else:                                   else:
        hit = Hit(x, depth=x * x)               depth = x * x
    return hit.depth                        return depth

Only numbers are read like this: what is mutable may have been changed since.
"""

from __future__ import annotations

from gradscribe.frontend.frame import Frame
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import UNDEF, Op, Operand, Value
from gradscribe.ir.facts.records import instance
from gradscribe.ir.joins import join_all
from gradscribe.ir.primitives import IF
from gradscribe.ir.types import Scalar


def field_of(frame: Frame, whole: Operand, name: str) -> Operand | None:
    """``whole.name``, where every branch that made the object says what it is."""
    op = frame.builder.made.get(whole) if isinstance(whole, Value) else None
    if op is None or op.prim is not IF or not _has(frame, whole, name):
        return None
    return _read(frame, whole, name)


def _made(frame: Frame, whole: Operand) -> tuple[Op | None, list[Operand]]:
    """What made an object, and for a branch what its arms yield for it."""
    op = frame.builder.made.get(whole) if isinstance(whole, Value) else None
    if op is None or op.prim is not IF:
        return op, []
    place = op.results.index(whole)
    return op, [arm.yields[place] for arm in op.regions]


def _has(frame: Frame, whole: Operand, name: str) -> bool:
    """Is this known on every path, and there on some?"""
    found = _paths(frame, whole, name)
    return None not in found and any(operand is not UNDEF for operand in found)


def _paths(frame: Frame, whole: Operand, name: str) -> list[Operand | None]:
    """The field on each path: UNDEF where there is none, None where nothing is known."""
    if whole is UNDEF:
        return [UNDEF]
    op, arms = _made(frame, whole)
    if arms:
        return [found for arm in arms for found in _paths(frame, arm, name)]
    return [_of_instance(op, name) if op is not None else None]


def _of_instance(op: Op, name: str) -> Operand | None:
    if op.prim.function is not instance:
        return None
    cls, names = (arg.value for arg in op.args[:2])  # type: ignore[union-attr]  # constants
    if name not in names:
        return None if hasattr(cls, name) else UNDEF
    operand = op.args[2 + names.index(name)]
    return operand if isinstance(type_of_operand(operand), Scalar) else None


def _read(frame: Frame, whole: Operand, name: str) -> Operand:
    op, arms = _made(frame, whole)
    if whole is UNDEF:
        return UNDEF
    assert op is not None
    if not arms:
        found = _of_instance(op, name)
        assert found is not None
        return found
    parts = [_read(frame, arm, name) for arm in arms]
    kind = join_all([type_of_operand(part) for part in parts if part is not UNDEF])
    if kind is None:
        return UNDEF
    result = Value(name, kind, named=True)
    op.results = (*op.results, result)
    for arm, part in zip(op.regions, parts, strict=True):
        arm.yields.append(part)
    frame.builder.note(op)
    return result
