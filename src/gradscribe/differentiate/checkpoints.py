"""Calls of checkpointed functions: nothing of them is kept, and their adjoints compute them again.

``y = checkpoint(g)(x, w)`` stays as it is in the forward sweep. In the reverse sweep ::

    x_bar, w_bar = checkpoint(g_adjoint)(x, w, y_bar)

where ``g_adjoint`` is the body of g with its reverse sweep after it, and a checkpoint itself: so
the derivative of a derivative keeps nothing of either.
"""

from __future__ import annotations

from gradscribe.differentiate import snapshots
from gradscribe.differentiate.activity import Activity
from gradscribe.differentiate.bars import GETITEM, TUPLE, Bar, Scope, bar_name
from gradscribe.differentiate.inputs import unused
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Attrs, Function, Op, Parameter, Region, Value
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.hooks import spend
from gradscribe.ir.primitives import CALL
from gradscribe.ir.rewrite import copy_function
from gradscribe.ir.types import Sequence
from gradscribe.passes.clean import clean


def reverse(op: Op, bars: list[Bar | None], scope: Scope, active: Activity) -> None:
    """Add what a call contributes to the adjoints of its active args."""
    callee = op.attrs.callee
    assert callee is not None
    (result,) = op.results
    places = tuple(k for k, arg in enumerate(op.args) if arg in active)
    function = adjoint(callee, places)
    y_bar = scope.whole(bars[0], result)
    kinds = tuple(adjoint_type(callee.body.params[k].type) for k in places)
    single = len(kinds) == 1
    given = Value("" if single else "bars", kinds[0] if single else Sequence("tuple", kinds))
    builder = scope.builder
    attrs = Attrs(callee=function, form="checkpoint")
    builder.append(Op(CALL, (*op.args, y_bar), (given,), attrs=attrs))
    for k, place in enumerate(places):
        scope.add(op.args[place], given if single else builder.emit(GETITEM, given, k))


# An adjoint that goes back through a loop, a step at a time, knows the loop's function by this. The
# derivative of the adjoint is that of one that goes back part by part, each a call of the adjoint:
# so it keeps what one part needs, and its calls compute theirs again.
_PARTS = "parts"


def adjoint(callee: Function, places: tuple[int, ...]) -> Function:
    """The function of a function's arguments and its result's adjoint that gives theirs.

    It is made once, and known while it is being made: the function may call itself.
    """
    key = f"adjoint {places}"
    known = callee.derivatives.get(key)
    if known is None:
        name = f"{callee.name}_adjoint"
        known = Function(name, [], Region(), span=callee.span, internal=True)
        callee.derivatives[key] = known
        loop = snapshots.loop_of(callee)
        if loop is not None:
            backwards = snapshots.Backwards(callee, loop, places, adjoint)
            _finish(known, callee, backwards.body())
            known.derivatives[_PARTS] = callee, places
        elif _PARTS in callee.derivatives:
            steps, of_steps = callee.derivatives[_PARTS]
            by_parts = Function(callee.name, list(callee.params), Region(), span=callee.span)
            _fill(by_parts, snapshots.with_two(steps), of_steps)
            _fill(known, by_parts, places)
        else:
            _fill(known, callee, places)
    assert isinstance(known, Function)
    return known


def _fill(function: Function, callee: Function, places: tuple[int, ...]) -> None:
    from gradscribe.differentiate.reverse import reverse_sweep

    copy, _ = copy_function(callee)
    snapshots.expand(copy)
    body, result = copy.body, copy.result
    inputs = [body.params[k] for k in places]
    active = Activity(copy, inputs)
    builder = Builder(body, derived=True)
    hint = bar_name(result) if isinstance(result, Value) else ""
    y_bar = Value(hint or f"{callee.name}_bar", adjoint_type(type_of_operand(result)))
    seeds: list[tuple[Value, Bar]] = []
    if isinstance(result, Value) and result in active:
        seeds.append((result, y_bar))
    scope = reverse_sweep(builder, body, active, seeds, body.params)
    bars = [scope.whole(scope.peek(value), value) for value in inputs]
    body.yields = [bars[0] if len(bars) == 1 else builder.emit(TUPLE, *bars)]
    body.params.append(y_bar)
    spend(body)
    _finish(function, callee, body)


def _finish(function: Function, callee: Function, body: Region) -> None:
    """Give an adjoint its body, whose last parameter is the adjoint of what the callee returns."""
    bar = body.params[-1]
    function.params = [*callee.params, Parameter(unused(bar.hint, callee.params))]
    function.body, function.order = body, callee.order + 1
    function.doc = f"Adjoint of {callee.name}, which is computed again."
    clean(function)
