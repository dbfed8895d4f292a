"""Invariants of the IR, checked after every stage while testing.

Every operand is a constant or a value defined before it in the same region or in one around it;
every value is defined once; regions have the params and yields that their operation needs; and no
operation is shared between two places.
"""

from __future__ import annotations

from gradscribe.ir import primitives
from gradscribe.ir.core import Const, Function, Op, Region, Value


class InvalidIR(AssertionError):
    """The compiler broke an invariant: a bug in gradscribe, not in the user's program."""


def verify(function: Function) -> None:
    """Raise InvalidIR where ``function`` breaks an invariant."""
    if len(function.params) != len(function.body.params):
        counts = f"{len(function.params)} parameters, {len(function.body.params)} values"
        raise InvalidIR(f"{function.name}: {counts}")
    _Verifier(function.name).region(function.body, frozenset())


class _Verifier:
    def __init__(self, name: str) -> None:
        self.name = name
        self.defined: set[Value] = set()
        self.scope: set[Value] = set()
        self.ops: set[int] = set()

    def fail(self, op: Op | None, message: str) -> None:
        raise InvalidIR(f"{self.name}: {op!r}: {message}")

    def define(self, value: Value, op: Op | None) -> None:
        if value in self.defined:
            self.fail(op, f"{value} is defined twice")
        self.defined.add(value)
        self.scope.add(value)

    def use(self, operand: object, op: Op | None) -> None:
        if not isinstance(operand, Value | Const):
            self.fail(op, f"{operand!r} is no operand")
        if isinstance(operand, Value) and operand not in self.scope:
            self.fail(op, f"{operand} is used where it is not defined")

    def region(self, region: Region, outer: frozenset[Value]) -> None:
        added = list(region.params)
        for param in region.params:
            self.define(param, None)
        for op in region.ops:
            if id(op) in self.ops:
                self.fail(op, "stands in two places")
            self.ops.add(id(op))
            for arg in op.args:
                self.use(arg, op)
            self.shape(op)
            for inner in op.regions:
                self.region(inner, outer)
            for result in op.results:
                self.define(result, op)
                added.append(result)
        for operand in region.yields:
            self.use(operand, None)
        self.scope.difference_update(added)

    def shape(self, op: Op) -> None:
        results = len(op.results)
        if op.prim is primitives.IF:
            for arm in op.regions:
                if arm.params or len(arm.yields) != results:
                    self.fail(op, f"an arm yields {len(arm.yields)} for {results} results")
        elif op.prim is primitives.FOR:
            (body,) = op.regions
            if len(body.params) != len(op.args) or len(body.yields) != results:
                self.fail(op, "params, args, yields and results do not match")
        elif op.prim is primitives.WHILE:
            test, body = op.regions
            if len(test.params) != len(op.args) or len(body.params) != len(op.args):
                self.fail(op, "the params do not match the args")
            if len(test.yields) != 1 or len(body.yields) != results:
                self.fail(op, "the yields do not match the results")
        elif op.prim is primitives.SCOPE:
            (body,) = op.regions
            if len(body.params) > 1 or len(body.yields) != results:
                self.fail(op, f"its body yields {len(body.yields)} for {results} results")
        elif not op.prim.variadic and op.prim.params and len(op.args) != len(op.prim.params):
            self.fail(op, f"{len(op.args)} args for {op.prim.params}")
