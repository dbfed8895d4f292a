"""Reverse mode: the adjoint of a function, region by region, backwards.

The forward sweep is a copy of the primal; the reverse sweep walks it from the end. Each operation
takes the adjoint of its result and contributes to those of its args. ::

    IF      the same condition; an arm reverses its arm, and yields the adjoints of what it read
    SCOPE   of a try a branch on whether its body was completed; of a ``with`` its body alone, or
            under the same ``with``
    FOR     a FOR over what the forward loop saved, last iteration first; carries thread their
    WHILE   adjoints through, and values from outside accumulate theirs

The reverse body of a loop or arm simply names the primal values it reads; ``residuals`` then makes
them available: still there, computed again, put back, or collected by the forward loop.
"""

from __future__ import annotations

from typing import final

import numpy as np

from gradscribe.differentiate import apply, calls, implicit, residuals, ruled, surgery
from gradscribe.differentiate.activity import Activity
from gradscribe.differentiate.afresh import compute_afresh
from gradscribe.differentiate.bars import Bar, Entries, Scope, bar_name
from gradscribe.differentiate.extents import Extents
from gradscribe.differentiate.lasting import Lasting
from gradscribe.ir import trees
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import UNDEF, Attrs, Op, Operand, Region, Value, walk
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import CALL, FOR, HOOK, IF, IMPLICIT, RULED, SCOPE, WHILE, of
from gradscribe.ir.rewrite import defined_in
from gradscribe.ir.scopes import COMPLETED, catches, is_repeated, raises
from gradscribe.ir.types import has_known_shape, is_array
from gradscribe.passes.clean import clean_region

REVERSED, COPY = of(reversed), of(np.ndarray.copy)


@final
class Reverser:
    """Builds the reverse sweep of a region whose forward sweep stands already."""

    def __init__(self, builder: Builder, active: Activity, body: Region) -> None:
        self.builder = builder
        self.active = active
        self.forward = Region()  # the forward region that is being reversed
        self.nest: list[Op] = []  # the operations around it
        self.lasting = Lasting(body)

    def region(self, region: Region, scope: Scope) -> None:
        """Reverse every operation of a region, the last one first."""
        around, self.forward = self.forward, region
        for op in reversed(list(region.ops)):
            if self.active.passes(op):
                with self.builder.origin(op), self.builder.sweeping(_sweep(op)):
                    self.op(op, scope)
        self.forward = around

    def _within(self, op: Op, region: Region, scope: Scope) -> None:
        """Reverse a region of an operation."""
        self.nest.append(op)
        self.region(region, scope)
        self.nest.pop()

    def op(self, op: Op, scope: Scope) -> None:
        """Take the adjoints of the results of ``op`` and add to those of its args."""
        bars = [scope.take(result) for result in op.results]
        if all(bar is None for bar in bars):
            return
        if op.prim is IF:
            self._branch(op, op.args[0], op.regions, bars, scope)
        elif op.prim is SCOPE:
            self._scope(op, bars, scope)
        elif op.prim in (FOR, WHILE):
            self._loop(op, bars, scope)
        elif op.prim is CALL:
            calls.reverse(op, bars, scope, self.active, self.forward)
        elif op.prim is HOOK:
            surgery.reverse(op, bars[0], scope, self.active)
        elif op.prim is IMPLICIT:
            implicit.reverse(op, bars[0], scope, self.active)
        elif op.prim is RULED:
            ruled.reverse(op, bars, scope, self.active)
        else:
            self._simple(op, bars[0], scope)

    def _simple(self, op: Op, bar: Bar | None, scope: Scope) -> None:
        parts = trees.displayed(op)
        if parts is not None:
            for k, arg in enumerate(parts):
                if arg in self.active and bar is not None:
                    scope.add(arg, scope.item(bar, k, op.results[0].type))
            return
        entry = trees.part_read(op)
        if entry is not None:
            base, place, kind = entry
            items: list[Bar | None] = [None] * len(trees.keys(kind))
            items[place] = bar
            scope.add(base, Entries(items))
            return
        apply.adjoints(op, scope.whole(bar, op.results[0]), scope, self.active)

    # ------------------------------------------------------------------ branches

    def _arm(
        self, op: Op, region: Region, bars: list[Bar | None], scope: Scope
    ) -> tuple[Region, Scope]:
        """Reverse a region that runs once or not at all."""
        inner = Scope(self.builder, defined_in(region), scope, arm=True)
        reverse = Region()
        with self.builder.into(reverse):
            for operand, bar in zip(region.yields, bars, strict=True):
                if operand in self.active and operand is not UNDEF:
                    inner.add(operand, bar)
            self._within(op, region, inner)
        return reverse, inner

    def _branch(
        self,
        op: Op,
        test: Operand,
        regions: tuple[Region, ...],
        bars: list[Bar | None],
        scope: Scope,
    ) -> None:
        arms = [self._arm(op, region, bars, scope) for region in regions]
        touched = [v for _, inner in arms for v in inner.bars if v not in (inner.inside or ())]
        results = []
        for value in dict.fromkeys(touched):
            pair = []
            for reverse, inner in arms:
                bar = inner.bars.get(value)
                bar = scope.peek(value) if bar is None else bar
                with self.builder.into(reverse):
                    pair.append(inner.whole(bar, value))
            if pair[0] is pair[1]:
                scope.bars[value] = pair[0]
                continue
            result = Value(bar_name(value), adjoint_type(value.type))
            for (reverse, _), operand in zip(arms, pair, strict=True):
                reverse.yields.append(operand)
            results.append(result)
            scope.bars[value] = result
        new = Op(IF, (test,), tuple(results), tuple(r for r, _ in arms))
        self.builder.append(new)
        for region, (reverse, _) in zip(regions, arms, strict=True):
            residuals.for_arm(op, region, reverse)

    def _scope(self, op: Op, bars: list[Bar | None], scope: Scope) -> None:
        (body,) = op.regions
        apply.check_scope(op, self.active)
        if catches(op) and not self._is_guard(op):
            blank = Region(yields=[UNDEF] * len(op.results))
            self._branch(op, op.results[COMPLETED], (body, blank), bars, scope)
            return
        reverse, inner = self._arm(op, body, bars, scope)
        touched = [v for v in inner.bars if v not in (inner.inside or ())]
        with self.builder.into(reverse):
            reverse.yields += [inner.whole(inner.bars[value], value) for value in touched]
        residuals.for_arm(op, body, reverse)
        handed: list[Operand] = reverse.yields
        if is_repeated(op):
            handed = [Value(bar_name(v), adjoint_type(v.type)) for v in touched]
            self.builder.append(Op(SCOPE, op.args, tuple(handed), (reverse,), op.attrs))  # type: ignore[arg-type]  # Values
        else:
            self.builder.region.ops += reverse.ops
        scope.bars.update(zip(touched, handed, strict=True))

    def _is_guard(self, op: Op) -> bool:
        """Do all handlers of a ``try`` raise? Then what comes after it knows that it completed."""
        place = self.forward.ops.index(op) + 1
        after = self.forward.ops[place] if place < len(self.forward.ops) else None
        asks = after is not None and after.args[:1] == (op.results[COMPLETED],)
        return asks and after.prim is IF and raises(after.regions[1])  # type: ignore[union-attr]

    # ------------------------------------------------------------------ loops

    def _loop(self, op: Op, bars: list[Bar | None], scope: Scope) -> None:
        start, count = first_carry(op), carries(op)
        body = op.regions[-1]
        inner = Scope(self.builder, defined_in(body), scope)
        threaded = [k for k in range(count) if body.params[start + k] in self.active]
        # A carry whose init is inactive and whose param is not read still yields.
        direct = [k for k in range(count) if k not in threaded and body.yields[k] in self.active]
        reverse = Region()
        carried = {
            k: Value(bar_name(body.params[start + k]), adjoint_type(op.results[k].type))
            for k in threaded
        }
        reverse.params = list(carried.values())
        if scope.extents is not None:
            scope.extents.twins.update((bar, body.params[start + k]) for k, bar in carried.items())
        collected: list[tuple[Value, Operand]] = []
        with self.builder.into(reverse):
            for k, param in carried.items():
                if body.yields[k] in self.active:
                    inner.add(body.yields[k], param)
            for k in range(count, len(op.results)):
                bar = bars[k]
                if bar is not None and body.yields[k] in self.active:
                    item = Value("s", adjoint_type(type_of_operand(body.yields[k])))
                    collected.append((item, scope.whole(bar, op.results[k])))
                    inner.add(body.yields[k], item)
            self._within(op, body, inner)
            for k in threaded:
                param = body.params[start + k]
                bar = inner.take(param)
                if bar is None and op.args[start + k] is UNDEF:
                    # Nothing reads it; in the first iteration it is not there to tell its shape.
                    bar = inner.zeros(param, body.yields[k])
                reverse.yields.append(inner.whole(bar, param))
        if any(bars[k] is not None for k in direct):
            raise AssertionError(
                "a carry that is not threaded has an adjoint"
            )  # activity threads it
        inits = [scope.whole(bars[k], op.results[k]) for k in threaded]
        for value, param in inner.accumulators.items():
            reverse.params.append(param)
            with self.builder.into(reverse):
                reverse.yields.append(inner.whole(inner.bars[value], value))
            inits.append(scope.whole(scope.peek(value), value))
        items = [
            k for k in range(start) if body.params[k] in inner.bars and op.args[k] in self.active
        ]
        item_bars = []
        for k in items:
            with self.builder.into(reverse):
                reverse.yields.append(inner.whole(inner.bars[body.params[k]], body.params[k]))
            item_bars.append(Value("s_saved", adjoint_type(type_of_operand(op.args[k]))))
        clean_region(reverse)
        results = [Value(p.hint, p.type) for p in reverse.params] + item_bars
        new = Op(FOR, tuple(inits), tuple(results), (reverse,), Attrs(seqs=0))
        residuals.for_loop(op, new, self.builder, collected, self.lasting, [*self.nest, op])
        self.builder.append(new)
        # Accumulators hold the whole sum so far: they come before what is added on top.
        scope.bars.update(zip(inner.accumulators, results[len(threaded) :], strict=False))
        for k, result in zip(threaded, results, strict=False):
            if op.args[start + k] in self.active:
                scope.add(op.args[start + k], result)
        for k, listed in zip(items, item_bars, strict=True):
            scope.add(op.args[k], self.builder.emit(REVERSED, listed))


def _sweep(op: Op) -> str:
    """The name of the sweep that reverses an operation."""
    if op.sweep is None:
        return "reverse of the forward sweep"
    return f"reverse of the {op.sweep}"


def reverse_sweep(
    builder: Builder,
    region: Region,
    active: Activity,
    seeds: list[tuple[Value, Bar]],
    proxies: list[Value],
) -> Scope:
    """Build the reverse sweep of ``region`` in the builder's region; the final adjoints' scope.

    That is ``region`` itself, or one that stands in it after the forward sweep.
    """
    builder.selects |= active.selects
    scope = Scope(builder)
    scope.proxies = {p.type: p for p in reversed(proxies) if has_known_shape(p.type)}
    scope.extents = Extents(region, builder.made)
    for op in walk(region):
        if op.prim is COPY and isinstance(op.args[0], Value) and is_array(op.args[0].type):
            scope.copies[op.results[0]] = scope.original(op.args[0])
    for value, bar in seeds:
        scope.add(value, bar)
    surgery.check(region, active)
    forward = len(region.ops)
    Reverser(builder, active, region).region(region, scope)
    if builder.region is region:
        compute_afresh(region, forward)
    return scope
