"""Blocks that see the adjoint of a variable, where the backward sweep has it (``adjoint_of``).

Before (forward)::                    After (backward)::

    %y2 = hook y_hook(%y, %limit)         %y2_bar = …
                                          %y_bar = mul(%y2_bar, %limit)

The adjoint is complete there: all that reads y afterwards reads the hook's result. That nothing
reads y before is checked. After the sweep a hook is what it was in the program, y itself: the
derivative is an ordinary function, the block a part of it.
"""

from __future__ import annotations

from typing import NoReturn

from gradscribe.differentiate.activity import Activity, varying_args
from gradscribe.differentiate.bars import FILL_LIKE, LIKE, Bar, Scope, same_dtype, same_shape
from gradscribe.errors import UnsupportedError
from gradscribe.frontend.procedures import splice
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Function, Op, Operand, Region, Value, walk
from gradscribe.ir.primitives import HOOK, IF
from gradscribe.ir.types import Unknown


def reverse(op: Op, bar: Bar | None, scope: Scope, active: Activity) -> None:
    """Put the block in place, on the adjoint of the hook's result."""
    value, *free = op.args
    if value not in active:
        return
    assert op.attrs.callee is not None and isinstance(value, Value)
    builder = scope.builder
    given = scope.whole(bar, op.results[0])
    made = placed(op.attrs.callee, [given, *free], builder)
    scope.add(value, made if made is given else _shaped(builder, made, value))


def placed(
    function: Function, args: list[Operand], builder: Builder, derived: bool = False
) -> Operand:
    """Copy a function's body in place, as a part of the sweep that is built; its result."""
    place = len(builder.region.ops)
    made = splice(function, args, builder)
    for op in builder.region.ops[place:]:
        for each in (op, *(o for region in op.regions for o in walk(region))):
            each.sweep = builder.sweep
            each.derived = each.derived or derived
        builder.note(op)
    return made


def _shaped(builder: Builder, bar: Operand, value: Value) -> Operand:
    """What the block made, in the shape of the variable: one number may stand for all."""
    kind = type_of_operand(bar)
    if same_shape(kind, value.type) and same_dtype(kind, value.type):
        return bar
    return builder.emit(LIKE if isinstance(value.type, Unknown) else FILL_LIKE, bar, value)


def check(region: Region, active: Activity) -> None:
    """Refuse to show an adjoint that is not complete: its variable is read before the block."""
    for hook in walk(region):
        if hook.prim is HOOK and hook.args[0] in active:
            reader = _reader(region, hook, hook.args[0], active)
            if reader is not None:
                line = f" (line {reader.span.line})" if reader.span is not None else ""
                raise UnsupportedError(
                    f"the adjoint of {hook.results[0].hint!r} is not complete here: "
                    f"it is read before{line}",
                    hook.span,
                    "put the block right after the assignment of the variable",
                )


def _reader(region: Region, hook: Op, value: Operand, active: Activity) -> Op | None:
    """An operation that contributes to the adjoint of a value beside its hook."""
    for op in region.ops:
        if op is hook:
            continue
        around = any(inner is hook for part in op.regions for inner in walk(part))
        if active.passes(op):
            read = set(varying_args(op))
            if not around:  # an arm that the hook is not in hands the value on in its place
                read |= {operand for part in op.regions for operand in part.yields}
            if value in read:
                return op
        for part in op.regions:
            if around and op.prim is IF and all(inner is not hook for inner in walk(part)):
                continue  # one arm runs, or the other
            found = _reader(part, hook, value, active)
            if found is not None:
                return found
    return None


def refuse_tangents(function: Function) -> None:
    """Refuse to make the tangent of a function with hooks from its adjoint."""
    for op in walk(function.body):
        if op.prim is HOOK:
            refuse_tangent(op)


def refuse_tangent(hook: Op) -> NoReturn:
    raise UnsupportedError(
        "forward mode has no adjoints, which this block is about",
        hook.span,
        "use reverse mode: grad(f, mode='reverse') or vjp",
    )
