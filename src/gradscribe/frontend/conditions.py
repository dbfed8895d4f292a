"""Comparisons, tests, and the expressions that evaluate a part of themselves: and, or, if."""

from __future__ import annotations

import operator
from typing import Any

import gast

from gradscribe.frontend import (
    containers,
    control,
    possible,
    records,
    sharing,
)
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, Method, Ref, TupleOf
from gradscribe.frontend.procedures import Procedure
from gradscribe.ir.core import Const, Operand
from gradscribe.ir.primitives import of

COMPARE: dict[type, Any] = {
    gast.Lt: operator.lt,
    gast.LtE: operator.le,
    gast.Gt: operator.gt,
    gast.GtE: operator.ge,
    gast.Eq: operator.eq,
    gast.NotEq: operator.ne,
    gast.Is: operator.is_,
    gast.IsNot: operator.is_not,
}


def compare(frame: Frame, node: gast.Compare) -> Bound:
    from gradscribe.frontend.expressions import lower

    left = lower(frame, node.left)
    return _comparisons(frame, node, left, 0)


def _comparisons(frame: Frame, node: gast.Compare, left: Bound, place: int) -> Bound:
    """``a < b < c`` as ``a < b and b < c`` with b computed once, the rest only if needed."""
    from gradscribe.frontend.expressions import lower

    right = lower(frame, node.comparators[place])
    first = _one_comparison(frame, node, node.ops[place], left, right)
    if place + 1 == len(node.ops):
        return first
    test = frame.read(first)
    rest = lambda: frame.read(_comparisons(frame, node, right, place + 1))  # noqa: E731 (one arm)
    return control.choice(frame, test, rest, lambda: test, "and")


def _one_comparison(frame: Frame, node: Any, kind: Any, left: Bound, right: Bound) -> Bound:
    negated = isinstance(kind, gast.NotIn)
    if isinstance(kind, gast.In | gast.NotIn):
        method = records.special_method(frame, right, "__contains__")
        if method is not None:
            found = truth(frame, node, records.call_method(frame, node, method, [left]))
        else:
            known = containers.contains(frame, right, left)
            known = known or possible.decided(frame, operator.contains, right, left)
            found = known or frame.emit(of(operator.contains), frame.look(right), frame.read(left))
        return frame.emit(of(operator.not_), found) if negated else found
    function = COMPARE[type(kind)]
    if function in (operator.is_, operator.is_not):
        same = identical(frame, node, left, right)
        if same is not None:
            negated = function is operator.is_not
            return frame.emit(of(operator.not_), same) if negated else same
    else:
        decided = records.comparison(frame, node, function.__name__, left, right)
        if decided is not None:
            return decided
    known = possible.decided(frame, function, left, right)
    return known or frame.emit(of(function), frame.read(left), frame.read(right))


def identical(frame: Frame, node: Any, left: Bound, right: Bound) -> Operand | None:
    """``left is right`` where what is known of objects decides it."""
    followed = [
        isinstance(bound, TupleOf | Closure | Method | Procedure)
        or frame.heap.fields(bound) is not None
        or records.placed(frame, bound) is not None
        for bound in (left, right)
    ]
    if not any(followed):
        return None
    if left == right and isinstance(left, TupleOf) and left.items:
        frame.refuse(node, "whether two tuples are one is not known", "compare what they hold")
    if left == right:
        return Const(True)
    if all(followed) and isinstance(left, Ref) and isinstance(right, Ref):
        decided = sharing.same_place(frame, left, right)
        if decided is not None:
            return decided
        heap = frame.heap
        held = all(loc in heap.kept or loc in heap.standing for loc in (left.loc, right.loc))
        if held or right.loc in heap.aliases.get(left.loc, ()):
            frame.refuse(
                node,
                "whether these are one object depends on the path taken",
                "compare what they hold",
            )
    return Const(False)


def condition(frame: Frame, node: Any) -> Operand:
    """The test of a branch or loop."""
    from gradscribe.frontend.expressions import lower

    if isinstance(node, gast.BoolOp):
        return _conditions(frame, node, 0)
    return truth(frame, node, lower(frame, node))


def truth(frame: Frame, node: Any, bound: Bound) -> Operand:
    """What decides whether a bound value counts as true."""
    if isinstance(bound, TupleOf):
        return Const(bool(bound.items))
    if isinstance(bound, Closure | Method | Procedure):
        return Const(True)
    fields = frame.heap.fields(bound)
    if fields is not None and fields.kind != "object":
        return Const(bool(fields.entries))
    if fields is not None:
        for name in ("__bool__", "__len__"):
            method = records.special_method(frame, bound, name)
            if method is not None:
                return truth(frame, node, records.call_method(frame, node, method, []))
        return Const(True)
    return frame.read(bound)


def _conditions(frame: Frame, node: gast.BoolOp, place: int) -> Operand:
    """``a and b`` where only its truth is asked: objects count, but need not be made."""
    first = condition(frame, node.values[place])
    if place + 1 == len(node.values):
        return first
    stops = isinstance(node.op, gast.Or)
    known = possible.truth(frame, first)
    if known is not None:
        return first if known == stops else _conditions(frame, node, place + 1)
    rest = lambda: _conditions(frame, node, place + 1)  # noqa: E731 (one arm only)
    if stops:
        return control.choice(frame, first, lambda: first, rest, "or")
    return control.choice(frame, first, rest, lambda: first, "and")


def boolean(frame: Frame, node: gast.BoolOp) -> Bound:
    return _booleans(frame, node, 0)


def _booleans(frame: Frame, node: gast.BoolOp, place: int) -> Bound:
    from gradscribe.frontend.expressions import lower

    bound = lower(frame, node.values[place])
    if place + 1 == len(node.values):
        return bound
    known = possible.truth(frame, truth(frame, node, bound))
    if known is not None:
        stops = known != isinstance(node.op, gast.And)
        return bound if stops else _booleans(frame, node, place + 1)
    first = frame.read(bound)
    rest = lambda: frame.read(_booleans(frame, node, place + 1))  # noqa: E731 (one arm only)
    if isinstance(node.op, gast.And):
        return control.choice(frame, first, rest, lambda: first, "and")
    return control.choice(frame, first, lambda: first, rest, "or")


def conditional(frame: Frame, node: gast.IfExp) -> Bound:
    from gradscribe.frontend.expressions import lower

    test = condition(frame, node.test)
    known = possible.truth(frame, test)
    if known is not None:
        return lower(frame, node.body if known else node.orelse)
    return control.conditional(frame, node, test)
