"""Which constants a value may be, where branches chose between constants.

A branch that sets a name to one of a few constants, and others that ask which one it is::

    if T and P:                          %mode = if …: yield "TP" else: yield ""
        mode = "TP"
    else:
        mode = ""
    if mode == "Ph": …                   decided: it is neither
    if mode:                             in this arm it is "TP":
        if mode == "TP": …               decided

What is decided leaves no branch behind, so the ways that a program cannot take are not lowered.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gradscribe.frontend import assumed
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Ref, TupleOf
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import UNDEF, Const, Op, Operand, Value
from gradscribe.ir.primitives import IF
from gradscribe.ir.scopes import raises
from gradscribe.ir.types import Array, Scalar

Constants = tuple[Any, ...]

_MOST = 64  # constants that a value is one of, and branches between it and them
_ORDERS = (operator.lt, operator.le, operator.gt, operator.ge)
_MIRRORED = {
    operator.lt: operator.gt, operator.gt: operator.lt, operator.le: operator.ge,
    operator.ge: operator.le, operator.eq: operator.eq, operator.ne: operator.ne,
}  # fmt: skip
_KINDS = (str, bool, int, type(None))


def constants(frame: Frame, operand: Operand) -> Constants | None:
    """The constants that an operand is one of; None if it may be something else."""
    return _Search(frame).of(operand)


def decided(frame: Frame, test: Callable[..., Any], left: Bound, right: Bound) -> Const | None:
    """``test(left, right)`` where it is the same whichever constants these are."""
    if test is operator.contains:
        among, sought = _entries(frame, left), _constants_of(frame, right)
        found = None if among is None or sought is None else {x in among for x in sought}
        return Const(found.pop()) if found is not None and len(found) == 1 else None
    if not any(isinstance(bound, Value | Ref) for bound in (left, right)):
        return None
    first, second = _constants_of(frame, left), _constants_of(frame, right)
    if first is None or second is None:
        return None
    if test in (operator.is_, operator.is_not) and not any(map(_singletons, (first, second))):
        return None
    if test in _ORDERS and not all(isinstance(x, int) for x in (*first, *second)):
        return None
    found = {test(a, b) for a in first for b in second}
    return Const(found.pop()) if len(found) == 1 else None


def truth(frame: Frame, test: Operand) -> bool | None:
    """Whether a test holds, where that is decided."""
    if isinstance(test, Const):
        return _truth_of(test)
    among = constants(frame, test)
    if among is not None:
        found = set(map(bool, among))
        return found.pop() if len(found) == 1 else None
    return _of_sides(frame.builder.made.get(test))


def _truth_of(test: Const) -> bool | None:
    if not isinstance(test.value, type(None) | str | int | float):
        return None
    return bool(test.value) if test.name is None else assumed.truth(test)


def _of_sides(op: Op | None) -> bool | None:
    """Whether ``a and b`` or ``a or b`` holds, where one side decides it.

    The other side must be a number, of which truth can be asked without raising.
    """
    if op is None or op.prim is not IF or op.attrs.form not in ("and", "or"):
        return None
    both = op.attrs.form == "and"
    last = op.regions[0 if both else 1].yields[0]
    known = _truth_of(last) if isinstance(last, Const) else None
    decides = known is not None and known != both
    return known if decides and isinstance(type_of_operand(op.args[0]), Scalar) else None


def settled(frame: Frame, bound: Bound) -> Bound:
    """The constant that a value is known to be in the arm of a branch that asked."""
    if isinstance(bound, Value) and bound in frame.builder.narrowed:
        known = frame.builder.narrowed[bound]
        return Const(known[0]) if len(known) == 1 else bound
    return bound


@contextmanager
def narrowed(frame: Frame, test: Operand, when: bool) -> Iterator[None]:
    """While an arm is lowered, where ``test`` is known to be ``when``."""
    saved = frame.builder.narrowed
    frame.builder.narrowed = saved | _narrower(frame, test, when)
    try:
        yield
    finally:
        frame.builder.narrowed = saved


class _Search:
    """Follows a value to the branches that chose it."""

    def __init__(self, frame: Frame) -> None:
        self.made = frame.builder.made
        self.narrowed = frame.builder.narrowed
        self.known: dict[Value, Constants | None] = {}

    def of(self, operand: Operand) -> Constants | None:
        if isinstance(operand, Const):
            plain = operand.name is None and type(operand.value) in _KINDS
            return (operand.value,) if plain else None
        if operand in self.narrowed:
            return self.narrowed[operand]
        if operand not in self.known:
            self.known[operand] = None
            op = self.made.get(operand)
            if op is not None and op.prim is IF and len(self.known) <= _MOST:
                self.known[operand] = self._chosen(op, op.results.index(operand))
        return self.known[operand]

    def _chosen(self, op: Op, place: int) -> Constants | None:
        found: dict[tuple[type, Any], Any] = {}
        for region in op.regions:
            value = region.yields[place]
            if value is UNDEF and raises(region):
                continue
            among = self.of(value)
            if among is None:
                return None
            found |= {(type(x), x): x for x in among}
        return tuple(found.values()) if len(found) <= _MOST else None


def _constants_of(frame: Frame, bound: Bound) -> Constants | None:
    if isinstance(bound, Ref):
        found = frame.heap.values.get(bound.loc)
        if bound.path or bound.loc in frame.heap.lost or not isinstance(found, Value):
            return None
        bound = found
    if not isinstance(bound, Value | Const):
        return None
    if isinstance(bound, Value) and isinstance(bound.type, Array):
        return None
    return constants(frame, bound)


def _entries(frame: Frame, bound: Bound) -> Constants | str | None:
    """What a container of constants holds; a string holds its parts."""
    if isinstance(bound, Const) and bound.name is None:
        if isinstance(bound.value, str):
            return bound.value
        if type(bound.value) in (tuple, list, frozenset):
            return tuple(bound.value) if all(type(x) in _KINDS for x in bound.value) else None
    fields = frame.heap.fields(bound)
    items = bound.items if isinstance(bound, TupleOf) else None
    if fields is not None and fields.kind == "list":
        items = tuple(fields.entries.values())
    if items is None or not all(isinstance(x, Const) for x in items):
        return None
    found = [constants(frame, x) for x in items if isinstance(x, Const)]
    return None if None in found else tuple(x for known in found if known for x in known)


def _singletons(values: Constants) -> bool:
    """Are all of these objects of which there is one?"""
    return all(x is None or type(x) is bool for x in values)


def _narrower(frame: Frame, test: Operand, when: bool) -> dict[Value, Constants]:
    """What is known of values where ``test`` is ``when``."""
    if not isinstance(test, Value):
        return {}
    op = frame.builder.made.get(test)
    if op is None or op.prim is IF:
        return {} if op is None else _of_choice(frame, op, test, when)
    function: Callable[..., Any] = op.prim.function
    if function in (operator.not_, bool):
        return _narrower(frame, op.args[0], when == (function is bool))
    if function not in _MIRRORED or len(op.args) != 2:
        return {}
    value, other = op.args
    if isinstance(other, Value):
        value, other, function = other, value, _MIRRORED[function]
    if not isinstance(value, Value) or not isinstance(other, Const):
        return {}
    among, known = constants(frame, value), constants(frame, other)
    if among is None or known is None:
        return {}
    if function in _ORDERS and not all(isinstance(x, int) for x in (*among, *known)):
        return {}
    return {value: tuple(x for x in among if function(x, other.value) == when)}


def _of_choice(frame: Frame, op: Op, test: Value, when: bool) -> dict[Value, Constants]:
    """Of a chosen value, and of the sides of ``a and b`` that holds or ``a or b`` that does not."""
    known: dict[Value, Constants] = {}
    if op.attrs.form == ("and" if when else "or"):
        inner = op.regions[0 if when else 1].yields[0]
        known |= _narrower(frame, op.args[0], when) | _narrower(frame, inner, when)
    among = constants(frame, test)
    if among is not None:
        known[test] = tuple(x for x in among if bool(x) == when)
    return known
