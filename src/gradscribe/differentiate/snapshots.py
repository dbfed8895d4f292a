"""Checkpointed loops: a few states are kept on the way, and the steps between them are run again.

Before::                                    After::

    for i in checkpoint(range(n), k):           for part, left in segments(range(n), k):
        x = body(i, x, a)                           x = checkpoint(steps)(part, left, x, a)
                                                if len(range(n)) > 0:
                                                    x = body(range(n)[-1], x, a)

where ``steps`` runs the loop over its part. (A loop that ends by a test or is left early runs once
before, to count its steps.) The parts are reversed as any other loop is: the state at the beginning
of each is kept. The adjoint of ``steps`` goes back through a part, a step at a time; on the way to
the last step that is left it keeps states again::

    pending, x_saved = [(steps, snapshots)], [x]
    while pending:
        steps, snapshots = pending.pop()
        x = x_saved.pop()
        for part, left in segments(steps, snapshots):
            pending.append((part, left))
            x_saved.append(x)
            x = checkpoint(steps)(part, left, x, a)
        x_bar, t = checkpoint(step_adjoint)(steps[-1], x, a, x_bar)
        a_bar = a_bar + t

``segments`` makes the parts such that each step is run as seldom as so many snapshots allow
(Griewank & Walther, Algorithm 799: Revolve, 2000).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from collections.abc import Sequence as Sequence_
from typing import final

from gradscribe.differentiate.bars import ADD, GETITEM, TUPLE, Scope, bar_name
from gradscribe.differentiate.inputs import parameters_of
from gradscribe.errors import UnsupportedError
from gradscribe.ir import helpers, special
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import (
    UNDEF,
    Attrs,
    Const,
    Function,
    Op,
    Operand,
    Region,
    Value,
    walk,
)
from gradscribe.ir.effects import first_act
from gradscribe.ir.facts.containers import SEGMENTS as SEGMENTS_TYPE
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import CALL, FOR, IF, WHILE, of
from gradscribe.ir.rewrite import copy_function, copy_region, free_values
from gradscribe.ir.types import PY_INT, RANGE, UNKNOWN, Sequence, maybe_float
from gradscribe.passes.clean import clean

CHECKPOINT, SEGMENTS = of(helpers.checkpoint), of(special.segments)
SNAPSHOTS_IN, SLICE, RANGE_OF = of(special.snapshots_in), of(slice), of(range)
MAX = of(max)
LEN, GT, LIST = of(len), of(operator.gt), of(list)
APPEND, WITHOUT = of(helpers.append), of(helpers.without)


def expand(function: Function) -> None:
    """Rewrite the checkpointed loops of a function that is going to be reversed, in place."""
    if any(op.prim is CHECKPOINT for op in walk(function.body)):
        clean(function)
        _rewrite(function.body, {}, _count)
        clean(function)
        _rewrite(function.body, {}, lambda loop, mark: _Loop(loop, mark, function.name).parts())


def _rewrite(region: Region, made: dict[Value, Op], instead: Callable[[Op, Op], list[Op]]) -> None:
    """Put other operations in the places of loops that are checkpointed."""
    ops: list[Op] = []
    for op in region.ops:
        if op.prim is CHECKPOINT:
            made[op.results[0]] = op
        mark = _mark(op, made)
        if mark is not None and any(maybe_float(result.type) for result in op.results):
            _check(op)
            ops += instead(op, mark)
        else:
            ops.append(op)
    region.ops = ops
    for op in region.ops:
        for inner in op.regions:
            _rewrite(inner, made, instead)


def _mark(loop: Op, made: dict[Value, Op]) -> Op | None:
    """What says that a loop is checkpointed, if anything does."""
    if loop.prim is FOR:
        return made.get(loop.args[0])  # type: ignore[arg-type]  # a Const is not made
    return _mark_of_test(loop.regions[0]) if loop.prim is WHILE else None


def _mark_of_test(test: Region) -> Op | None:
    (tested,) = test.yields
    marks = (op for op in test.ops if op.prim is CHECKPOINT)
    return next((mark for mark in marks if mark.result is tested), None)


def _check(loop: Op) -> None:
    """Refuse a loop that cannot be run in parts, or not twice."""
    if len(loop.results) != carries(loop) or UNDEF in loop.args:
        raise UnsupportedError(
            "a checkpointed loop collects values, or binds what is read after it first",
            loop.span,
            "bind what the loop computes before it, as x = x0, and return it after it",
        )
    act = first_act(loop.regions)
    if act is not None:
        raise UnsupportedError(
            "the steps of a checkpointed loop are run more than once, and what this does is "
            "seen from outside, or differs from time to time",
            act.span or loop.span,
            "do it outside the loop",
        )


def _count(loop: Op, mark: Op) -> list[Op]:
    """A loop that may end at any step, as one over a range that is counted first."""
    if loop.prim is FOR and loop.attrs.stop is None:
        return [loop]
    builder = Builder()
    builder.span, builder.statement = loop.span, loop.statement
    count = Value("count", PY_INT)
    inits, said = loop.args[first_carry(loop) :], list(mark.args[1:])
    *tests, body = (copy_region(region, {}) for region in loop.regions)
    for region in (*tests, body):
        region.params.append(Value(count.hint, PY_INT))
    with builder.into(body):
        body.yields.append(builder.emit(ADD, body.params[-1], 1, hint=count.hint))
    for test, given in zip(tests, loop.regions, strict=False):
        made = _mark_of_test(test)
        assert made is not None
        test.yields = [made.args[0]]
        first = Region([], given.ops, said)  # what the mark says may be computed in the test
        copy = copy_region(first, dict(zip(given.params, inits, strict=True)))
        builder.region.ops += copy.ops
        said = copy.yields
    walked = [] if loop.prim is WHILE else [mark.args[0]]
    results = (*(Value(v.hint, v.type) for v in loop.results), count)
    attrs = Attrs(seqs=len(walked), stop=loop.attrs.stop)
    builder.append(Op(loop.prim, (*walked, *inits, Const(0)), results, (*tests, body), attrs))
    if loop.prim is WHILE:
        steps = builder.emit(RANGE_OF, count, hint="steps")
    else:
        steps = builder.emit(GETITEM, walked[0], builder.emit(SLICE, None, count), hint="steps")
    again = copy_region(loop.regions[-1], {})
    if loop.prim is WHILE:
        again.params.insert(0, Value("i", PY_INT))
    marked = builder.emit(CHECKPOINT, steps, *said)
    builder.append(Op(FOR, (marked, *inits), loop.results, (again,), Attrs(seqs=1)))
    return builder.region.ops


@final
class _Loop:
    """A loop ``for i in checkpoint(steps, snapshots)`` in parts."""

    def __init__(self, op: Op, mark: Op, name: str) -> None:
        self.op = op
        self.steps, *self.said = mark.args
        (self.body,) = op.regions
        self.inits = op.args[first_carry(op) :]
        self.states = self.body.params[first_carry(op) :]
        self.free = list(free_values(self.body))
        self.builder = Builder()
        self.builder.span, self.builder.statement = op.span, op.statement
        self.function = op.attrs.callee or self._function(f"{name}_steps")

    def _function(self, name: str) -> Function:
        """The loop as a function of the steps, the state and what else the body reads."""
        steps, snapshots = Value("steps", RANGE), Value("snapshots", PY_INT)
        values = [Value(v.hint, v.type, v.named) for v in (*self.states, *self.free)]
        mapping: dict[Value, Operand] = dict(
            zip(self.free, values[len(self.states) :], strict=True)
        )
        function = Function(name, [], Region(), span=self.op.span, internal=True)
        function.body.params = [steps, snapshots, *values]
        function.params = parameters_of(function.body.params)
        builder = Builder(function.body)
        builder.span, builder.statement = self.op.span, self.op.statement
        marked = builder.emit(CHECKPOINT, steps, snapshots)
        results = tuple(Value(v.hint, v.type, v.named) for v in self.states)
        attrs = Attrs(seqs=1, callee=function)  # it is reversed by the function itself
        args = (marked, *values[: len(self.states)])
        body = copy_region(self.body, mapping)
        builder.append(Op(FOR, args, results, (body,), attrs))
        function.body.yields = [_together(builder, list(results))]
        return function

    def parts(self) -> list[Op]:
        """The operations that do what the loop does."""
        builder = self.builder
        segments = builder.emit(SEGMENTS, self.steps, self._snapshots(), hint="parts")
        part = Value("part", SEGMENTS_TYPE.element or UNKNOWN)
        states = [Value(v.hint, v.type, v.named) for v in self.states]
        walked = Region([part, *states])
        with builder.into(walked):
            piece = builder.emit(GETITEM, part, 0, hint="part")
            left = builder.emit(GETITEM, part, 1, hint="left")
            walked.yields = _run(builder, self.function, [piece, left, *states, *self.free], states)
        reached = tuple(Value(v.hint, v.type, v.named) for v in self.states)
        builder.append(Op(FOR, (segments, *self.inits), reached, (walked,), Attrs(seqs=1)))
        test = builder.emit(GT, builder.emit(LEN, self.steps), 0)
        last = Region()
        with builder.into(last):
            step = builder.emit(GETITEM, self.steps, -1, hint=self.body.params[0].hint)
            mapping: dict[Value, Operand] = dict(
                zip(self.body.params, (step, *reached), strict=True)
            )
            body = Region([], self.body.ops, self.body.yields)
            copy = copy_region(body, mapping)
            last.ops += copy.ops
            last.yields = copy.yields
        arms = (last, Region(yields=list(reached)))
        builder.append(Op(IF, (test,), self.op.results, arms))
        return builder.region.ops

    def _snapshots(self) -> Operand:
        """How many states are kept: as many as were said, or as there is room for."""
        snapshots, memory, *_ = *self.said, Const(None), Const(None)
        if not (isinstance(snapshots, Const) and snapshots.value is None):
            return snapshots
        if isinstance(memory, Const) and memory.value is None:
            return Const(None)
        return self.builder.emit(SNAPSHOTS_IN, memory, *self.inits, hint="snapshots")


def _together(builder: Builder, operands: Sequence_[Operand]) -> Operand:
    """A state as one value."""
    return operands[0] if len(operands) == 1 else builder.emit(TUPLE, *operands)


def _run(
    builder: Builder, function: Function, args: list[Operand], like: Sequence_[Value]
) -> list[Operand]:
    """Call a checkpointed function whose results are as these values are; its results."""
    kinds = [v.type for v in like]
    single = len(kinds) == 1
    kind = kinds[0] if single else Sequence("tuple", tuple(kinds))
    made = Value(like[0].hint if single else "", kind)
    attrs = Attrs(callee=function, form="checkpoint")
    builder.append(Op(CALL, tuple(args), (made,), attrs=attrs))
    if single:
        return [made]
    return [builder.emit(GETITEM, made, k, hint=v.hint) for k, v in enumerate(like)]


# ---------------------------------------------------------------------------- the adjoint


def loop_of(function: Function) -> Op | None:
    """The loop of a function that is nothing but a checkpointed loop."""
    return next((op for op in function.body.ops if op.attrs.callee is function), None)


def with_two(function: Function) -> Function:
    """A loop's function that keeps two states at least, so that parts have few parts in turn."""
    copy, _ = copy_function(function)
    place, mark = next((k, op) for k, op in enumerate(copy.body.ops) if op.prim is CHECKPOINT)
    steps, snapshots = mark.args[:2]
    builder = Builder()
    mark.args = (steps, builder.emit(MAX, snapshots, 2, hint="snapshots"), *mark.args[2:])
    copy.body.ops[place:place] = builder.region.ops
    return copy


def step_of(function: Function, loop: Op) -> Function:
    """One step of the loop, as a function of the position, the state and what else it reads."""
    (body,) = loop.regions
    _, _, *others = function.body.params
    free = others[len(loop.results) :]
    values = [Value(v.hint, v.type, v.named) for v in (*body.params, *free)]
    mapping: dict[Value, Operand] = dict(zip([*body.params, *free], values, strict=True))
    copy = copy_region(Region([], body.ops, body.yields), mapping)
    name = f"{function.name.removesuffix('s')}"
    step = Function(name, [], Region(values, copy.ops), span=function.span, internal=True)
    step.params = parameters_of(values)
    step.body.yields = [_together(Builder(step.body), copy.yields)]
    return step


@final
class Backwards:
    """The body of the adjoint of a function that is a checkpointed loop."""

    def __init__(
        self, function: Function, loop: Op, places: tuple[int, ...], make: Callable[..., Function]
    ) -> None:
        self.function = function
        count = len(loop.results)
        (body,) = loop.regions
        self.params = [Value(v.hint, v.type, v.named) for v in function.body.params]
        self.steps, self.snapshots, *others = self.params
        self.states, self.free = others[:count], others[count:]
        kind = type_of_operand(function.result)
        hint = bar_name(self.states[0]) if count == 1 else f"{function.name}_bar"
        self.y_bar = Value(hint, adjoint_type(kind))
        # What is differentiated of a step: all of the state that is floating, and what is asked
        # for of the rest.
        self.floating = [k for k in range(count) if maybe_float(self.states[k].type)]
        self.summed = [k for k in range(len(self.free)) if 2 + count + k in places]
        step = step_of(function, loop)
        of_step = [1 + k for k in self.floating] + [1 + count + k for k in self.summed]
        self.step = make(step, tuple(of_step))
        self.position = body.params[0].hint
        self.places = places
        self.builder = Builder(Region(), derived=True)
        self.builder.span, self.builder.statement = loop.span, loop.statement
        self.builder.sweep = "reverse of the forward sweep"

    def body(self) -> Region:
        """The region of the adjoint, its parameters those of the function and then the bar."""
        builder, count = self.builder, len(self.states)
        region = builder.region
        region.params = [*self.params, self.y_bar]
        bars: list[Operand] = [
            self.y_bar if count == 1 else builder.emit(GETITEM, self.y_bar, k, hint=bar_name(v))
            for k, v in enumerate(self.states)
            if k in self.floating
        ]
        scope = Scope(builder)
        sums = [scope.zeros(self.free[k]) for k in self.summed]
        first = builder.emit(TUPLE, self.steps, self.snapshots)
        inits: list[Operand] = [builder.emit(LIST, first, hint="pending", type=SEGMENTS_TYPE)]
        for state in self.states:
            kind = Sequence("list", None, state.type)
            inits.append(builder.emit(LIST, state, hint=f"{state.hint}_saved", type=kind))
        inits += [*bars, *sums]
        adjoints = [self.states[k] for k in self.floating] + [self.free[k] for k in self.summed]
        hints = [inits[k].hint for k in range(1 + count)]  # type: ignore[union-attr]  # Values
        kinds = [type_of_operand(init) for init in inits[: 1 + count]]
        hints += [bar_name(v) for v in adjoints]
        kinds += [adjoint_type(v.type) for v in adjoints]
        test, back = Region(), Region()
        for each in (test, back):
            each.params = [Value(h, kind) for h, kind in zip(hints, kinds, strict=True)]
        test.yields = [test.params[0]]
        with builder.into(back):
            back.yields = self._step(back.params)
        results = tuple(Value(h, kind) for h, kind in zip(hints, kinds, strict=True))
        builder.append(Op(WHILE, tuple(inits), results, (test, back)))
        final = dict(zip(adjoints, results[1 + count :], strict=True))
        given = [final[self.params[place]] for place in self.places]
        region.yields = [_together(builder, given)]
        return region

    def _step(self, carried: list[Value]) -> list[Operand]:
        """Go forth to the last step that is pending, keeping states, and back through it."""
        builder, count = self.builder, len(self.states)
        lists, bars = carried[: 1 + count], carried[1 + count :]
        taken, rest = [], []
        for held, hint in zip(lists, ["here", *(v.hint for v in self.states)], strict=True):
            taken.append(builder.emit(GETITEM, held, -1, hint=hint))
            rest.append(builder.emit(WITHOUT, held, -1, hint=held.hint))
        here, *states = taken
        steps = builder.emit(GETITEM, here, 0, hint="steps")
        left = builder.emit(GETITEM, here, 1, hint="snapshots")
        parts = builder.emit(SEGMENTS, steps, left, hint="parts")
        part = Value("part", SEGMENTS_TYPE.element or UNKNOWN)
        kept = [Value(held.hint, held.type) for held in lists]
        inner = [Value(v.hint, v.type) for v in self.states]
        forth = Region([part, *kept, *inner])
        with builder.into(forth):
            more = [
                builder.emit(APPEND, held, entry, hint=held.hint, type=held.type)
                for held, entry in zip(kept, [part, *inner], strict=True)
            ]
            piece = builder.emit(GETITEM, part, 0, hint="part")
            fewer = builder.emit(GETITEM, part, 1, hint="left")
            args = [piece, fewer, *inner, *self.free]
            forth.yields = [*more, *_run(builder, self.function, args, self.states)]
        results = [Value(v.hint, v.type) for v in (*kept, *inner)]
        builder.append(Op(FOR, (parts, *rest, *states), tuple(results), (forth,), Attrs(seqs=1)))
        lists, reached = results[: 1 + count], results[1 + count :]
        position = builder.emit(GETITEM, steps, -1, hint=self.position)
        by_state = dict(zip(self.floating, bars, strict=False))
        bar = _together(builder, [by_state.get(k, Const(0.0)) for k in range(count)])
        asked = [Value(v.hint, v.type) for v in bars]
        made = _run(builder, self.step, [position, *reached, *self.free, bar], asked)
        sums = [
            builder.emit(ADD, old, new, hint=old.hint, type=old.type)
            for old, new in zip(bars[len(self.floating) :], made[len(self.floating) :], strict=True)
        ]
        return [*lists, *made[: len(self.floating)], *sums]
