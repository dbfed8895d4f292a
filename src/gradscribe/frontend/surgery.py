"""``with adjoint_of(x) as x_bar:``: a block for the backward sweep.

Before::                              After::

    with adjoint_of(y) as y_bar:          def y_hook(%y_bar, %limit):
        y_bar = y_bar * limit                 %t = mul(%y_bar, %limit)
                                              return %t

                                          %y2 = hook y_hook(%y, %limit)

From here on y is the hook's result, which is y itself. Reverse mode puts the body of ``y_hook``
where it has the adjoint of that result (``differentiate/surgery.py``).
"""

from __future__ import annotations

from typing import Any

import gast

from gradscribe.frontend.arms import Arm
from gradscribe.frontend.exits import leaves, returns
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Fields, Ref, TupleOf
from gradscribe.frontend.hidden import plain
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Attrs, Function, Op, Operand, Parameter, Value, walk
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.primitives import HOOK
from gradscribe.ir.rewrite import copy_region, free_values
from gradscribe.ir.types import Array, Scalar, Unknown


def with_adjoint(frame: Frame, node: gast.With, item: Any, body: list[Any]) -> None:
    """Lower ``with adjoint_of(x) as x_bar``; nothing is computed here."""
    bound, value = _hooked(frame, item.context_expr)
    target = item.optional_vars
    if target is not None and not isinstance(target, gast.Name):
        frame.refuse(target, "the adjoint is one value", "give it a name")
    if any(returns(part) or leaves(part) for part in body):
        frame.refuse(
            node,
            "the backward sweep cannot be left early",
            "let the block change the adjoint, or raise an exception",
        )
    name = target.id if target is not None else "x_bar"
    if not isinstance(value, Value):
        return  # a constant has no adjoint
    param = Value(plain(name), adjoint_type(value.type), named=True)
    arm = _lowered(frame, node, body, name, param)
    function, free = _function(frame, value, param, arm)
    made = Value(value.hint, value.type, value.named)
    attrs = Attrs(callee=function)
    frame.builder.append(Op(HOOK, (value, *free), (made,), attrs=attrs))
    if isinstance(bound, Ref):
        frame.heap.values[frame.stands_for(bound).loc] = made
        return
    for other, held in list(frame.env.items()):
        if held is value:
            frame.env[other] = made
        elif isinstance(held, TupleOf) and value in held.items:
            items = tuple(made if item is value else item for item in held.items)
            frame.env[other] = TupleOf(items, held.cls)
    for loc, holder in list(frame.heap.values.items()):
        if isinstance(holder, Fields) and value in holder.entries.values():
            entries = {k: made if b is value else b for k, b in holder.entries.items()}
            frame.heap.values[loc] = Fields(holder.kind, entries, holder.cls)


def _hooked(frame: Frame, call: gast.Call) -> tuple[Bound, Operand]:
    """The variable whose adjoint is asked for, and its value."""
    named = (gast.Name, gast.Attribute, gast.Subscript)
    if len(call.args) != 1 or call.keywords or not isinstance(call.args[0], named):
        frame.refuse(
            call, "adjoint_of takes one variable", "give what it is a name, and hand that over"
        )
    from gradscribe.frontend.expressions import lower

    bound, spelled = lower(frame, call.args[0]), gast.unparse(call.args[0])
    if isinstance(bound, Ref) and frame.stands_for(bound).path:
        frame.refuse(
            call,
            f"{spelled!r} is a view of another array, whose adjoint is the whole one",
            "take a copy of the view, or the adjoint of the array",
        )
    value = frame.read(bound)
    if not isinstance(type_of_operand(value), Scalar | Array | Unknown):
        frame.refuse(
            call,
            f"{spelled!r} is neither a number nor an array",
            "take the adjoints of its parts, one by one",
        )
    return bound, value


def _lowered(frame: Frame, node: Any, body: list[Any], name: str, param: Value) -> Arm:
    """The block, which binds and changes the adjoint and what it makes itself."""
    from gradscribe.frontend.lower import block

    env, heap = dict(frame.env), frame.heap.copy()
    after: list[Operand] = []

    def run() -> None:
        frame.env[name] = frame.wrap(param, name)
        if block(frame, body) is not None:
            frame.refuse(node, "the block never ends", "let it raise on a condition")
        after.append(frame.read(frame.env[name]))

    arm = Arm(frame, run)
    arm.region.yields = after
    if any(op.prim is HOOK for op in walk(arm.region)):
        frame.refuse(
            node,
            "a block for the adjoint of one variable within another's",
            "write the blocks one after the other",
        )
    for known, held in env.items():
        if known != name and arm.env.get(known) is not held:
            frame.refuse(
                node,
                f"the block binds {known!r}, which the program around it cannot see",
                "use another name",
            )
    for loc, value in heap.values.items():
        if arm.heap.values.get(loc) is not value:
            frame.refuse(
                node,
                f"the block changes {loc.name or 'an object'}, "
                "and runs after the program around it",
                "change the adjoint alone",
            )
    return arm


def _function(frame: Frame, value: Value, param: Value, arm: Arm) -> tuple[Function, list[Value]]:
    """The block as a function of the adjoint and of what else it reads."""
    free = [v for v in free_values(arm.region) if v is not param]
    values = [Value(v.hint, v.type, v.named) for v in (param, *free)]
    mapping: dict[Value, Operand] = dict(zip([param, *free], values, strict=True))
    region = copy_region(arm.region, mapping)
    region.params = values
    params = [Parameter(v.hint or "t") for v in region.params]
    name = f"{plain(value.hint) or 'adjoint'}_hook"
    function = Function(name, params, region, span=frame.builder.span, internal=True)
    return function, free


def is_changed(builder: Builder, now: Any, before: Any) -> bool:
    """Does an object of the heap hold something else than before, hooks aside?"""
    if isinstance(now, Fields) and isinstance(before, Fields):
        entries, old = now.entries, before.entries
        return list(entries) != list(old) or any(
            _without_hooks(builder, entries[key]) != old[key] for key in old
        )
    return bool(_without_hooks(builder, now) != before)


def _without_hooks(builder: Builder, value: Any) -> Any:
    while value in builder.made and builder.made[value].prim is HOOK:
        value = builder.made[value].args[0]
    return value
