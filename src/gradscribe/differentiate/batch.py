"""Many tangents in one sweep: the operations of a tangent, with a leading axis of directions.

``x_dot`` stands for one direction; let it hold one in each row instead. A tangent is linear in
``x_dot``, so only linear operations meet it, and nearly all of NumPy's work on such a stack once
their axes are counted from one place further on. Before::

    for x_dot in np.eye(x.size):                    %d = mul(%c, %x_dot)
        s_dot = np.sum(c * x_dot)                   %s_dot = np.sum(%d)
        y_dot = s_dot * x + a @ x_dot               …

After, for all rows at once::

    x_dot = np.eye(x.size)
    s_dot = np.sum(c * x_dot, axis=1)
    y_dot = s_dot[:, None] * x + x_dot @ a.T

What has no rule in ``batch_rules`` is not done (``CannotBatch``): the loop over directions stands
instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import final

import numpy as np

from gradscribe.differentiate.batch_rules import OF_NUMBERS, RULES
from gradscribe.differentiate.stacks import CannotBatch, Stacks, batched_type
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Op, Operand, Region, Value
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, STRUCTURED, WHILE, of
from gradscribe.ir.rewrite import copy_op, copy_value, operands_in
from gradscribe.ir.types import Array


@final
class Batcher(Stacks):
    """Builds the operations of a sweep for stacks."""

    def region(self, region: Region) -> None:
        for op in region.ops:
            with self.builder.origin(op):
                self.op(op)

    def op(self, op: Op) -> None:
        read = {*op.args, *(o for inner in op.regions for o in operands_in(inner))}
        if not any(operand in self.stacked for operand in read):
            copy = copy_op(op, self.mapping)
            self.builder.region.ops.append(copy)
            self.builder.note(copy)
        elif op.prim is IF:
            self._if(op)
        elif op.prim in (FOR, WHILE):
            self._loop(op)
        elif op.prim in STRUCTURED or op.prim.effect or op.prim.function is None:
            raise CannotBatch
        else:
            self._simple(op)

    def _simple(self, op: Op) -> None:
        (result,) = op.results
        rule = RULES.get(op.prim.function)
        if rule is not None:
            made = rule(self, op)
        elif op.prim.elementwise and op.prim.function not in OF_NUMBERS:
            rank = self.rank(result)
            args = [self.aligned(arg, rank) for arg in op.args]
            if op.prim.mutates is not None:  # ``x += x_dot``: the result is a stack
                args[op.prim.mutates] = self.whole(op.args[op.prim.mutates], result.type)
            made = self.builder.emit(op.prim, *args, hint=result.hint)
        else:
            raise CannotBatch
        if isinstance(made, Value) and made not in self.stacked.values():
            self.typed(made, result.type)
            made.hint = made.hint or result.hint
        self.stacked[result] = made

    def _if(self, op: Op) -> None:
        arms, stacked = [], set()
        for region in op.regions:
            arm = Region()
            with self.builder.into(arm):
                self.region(region)
            arms.append(arm)
            stacked |= {k for k, o in enumerate(region.yields) if o in self.stacked}
        for region, arm in zip(op.regions, arms, strict=True):
            with self.builder.into(arm):
                arm.yields = [
                    self.whole(o, op.results[k].type) if k in stacked else self.plain(o)
                    for k, o in enumerate(region.yields)
                ]
        args = tuple(map(self.plain, op.args))
        results = tuple(self._result(r, k in stacked) for k, r in enumerate(op.results))
        self._append(op, Op(IF, args, results, tuple(arms), op.attrs))

    def _loop(self, op: Op) -> None:
        start, count = first_carry(op), carries(op)
        body = op.regions[-1]
        stacked = self._dependent(op)
        seqs = [self._walked(arg, k in stacked) for k, arg in enumerate(op.args[:start])]
        inits = [
            self.whole(arg, op.results[k].type) if start + k in stacked else self.plain(arg)
            for k, arg in enumerate(op.args[start:])
        ]
        regions = []
        for region in op.regions:
            params = []
            for k, param in enumerate(region.params):
                place = k if region is body or op.prim is WHILE else k + start
                params.append(self._result(param, place in stacked))
            new = Region(params)
            with self.builder.into(new):
                self.region(region)
                new.yields = [
                    (
                        self.whole(o, op.results[k].type)
                        if region is body and k < count and start + k in stacked
                        else self.either(o)
                    )
                    for k, o in enumerate(region.yields)
                ]
            regions.append(new)
        results = tuple(
            self._result(r, start + k in stacked if k < count else body.yields[k] in self.stacked)
            for k, r in enumerate(op.results)
        )
        self._append(op, Op(op.prim, (*seqs, *inits), results, tuple(regions), op.attrs))

    def _dependent(self, op: Op) -> set[int]:
        """Which params of a loop's body depend on the direction, to a fixpoint."""
        start, count = first_carry(op), carries(op)
        body = op.regions[-1]
        found = {k for k, arg in enumerate(op.args) if arg in self.stacked}
        while True:
            varying: set[Operand] = {*self.stacked, *(body.params[k] for k in found)}
            _spread(body, varying)
            more = {start + k for k in range(count) if body.yields[k] in varying} - found
            if not more:
                return found
            found |= more

    def _walked(self, seq: Operand, stacked: bool) -> Operand:
        """What a loop walks: of an array the second axis now."""
        if not stacked:
            return self.plain(seq)
        found = self.stacked[seq]  # type: ignore[index]  # a Value
        if isinstance(type_of_operand(seq), Array):
            return self.builder.emit(of(np.swapaxes), found, 0, 1)
        return found

    def _result(self, value: Value, stacked: bool) -> Value:
        new = copy_value(value)
        if stacked:
            new.type = batched_type(value.type, self.length)
            self.stacked[value] = new
        else:
            self.mapping[value] = new
        return new

    def _append(self, old: Op, new: Op) -> None:
        new.span, new.statement, new.derived = old.span, old.statement, old.derived
        new.attrs = replace(old.attrs)
        self.builder.region.ops.append(new)


def _spread(region: Region, varying: set[Operand]) -> None:
    """Add what depends on ``varying`` in a region, and in those in it."""
    for op in region.ops:
        if op.prim in (FOR, WHILE):
            start, body = first_carry(op), op.regions[-1]
            while True:
                before = len(varying)
                for k, arg in enumerate(op.args):
                    if arg in varying:
                        varying.add(body.params[k])
                _spread(body, varying)
                for k, result in enumerate(op.results):
                    if body.yields[k] in varying:
                        varying.add(result)
                        if k < carries(op):
                            varying.add(body.params[start + k])
                for k in range(carries(op)):
                    if body.params[start + k] in varying:
                        varying.add(op.results[k])
                if len(varying) == before:
                    break
        elif op.prim is IF:
            for arm in op.regions:
                _spread(arm, varying)
            for k, result in enumerate(op.results):
                if any(arm.yields[k] in varying for arm in op.regions):
                    varying.add(result)
        elif any(operand in varying for operand in op.args):
            varying.update(op.results)
