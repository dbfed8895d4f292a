"""Which values carry a derivative: those that depend on an input asked for and reach the output.

*Varied* goes forwards from the inputs, *useful* backwards from the output; both go to a fixpoint at
loops. Only a value that is both gets a tangent or an adjoint.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from gradscribe.differentiate import masks
from gradscribe.differentiate.objects import Objects, may_keep, objects_read
from gradscribe.errors import NoRuleError
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value, walk
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import (
    FOR,
    HOOK,
    IF,
    IMPLICIT,
    OPAQUE,
    RULED,
    SCOPE,
    SEARCH,
    WHILE,
    varying_of_integral,
)
from gradscribe.ir.rewrite import operands_in
from gradscribe.ir.scopes import ERROR, catches
from gradscribe.ir.types import TEXT, Immutable, Type, dtype_of, is_scalar, maybe_float
from gradscribe.rules.declare import TABLE


@final
class Activity:
    """The active values of a function with respect to some of its parameters."""

    def __init__(
        self,
        function: Function,
        inputs: Iterable[Value],
        outputs: Iterable[Operand] | None = None,
        checked: bool = True,
    ) -> None:
        self.inputs = frozenset(inputs)  # parameters, or parts that operations read of them
        self.varied: set[Value] = set(self.inputs)
        self._forward(function.body)
        self.useful: set[Value] = set()
        self._mark(function.body.yields if outputs is None else outputs)
        self._backward(function.body)
        self.selects = masks.selects(function.body)
        made = [op for op in walk(function.body) if op.prim is OPAQUE]
        self.opaque = {result for op in made for result in op.results}
        self.objects = Objects(function.body if made else Region())
        self.read = objects_read(function.body, self.useful) if made else set()
        for op in made if checked else ():
            check_given(op, self)

    def passes(self, op: Op) -> bool:
        """Does a derivative go through an operation (and not begin at what it reads)?"""
        if not any(result in self and result not in self.inputs for result in op.results):
            return False
        if any(_is_text(type_of_operand(arg)) and arg in self for arg in op.args):
            raise NoRuleError(
                "a number is made of a string that depends on what is differentiated",
                op.span,
                "use the number itself, or wrap it in stop_gradient(...) before it is printed",
            )
        if any(isinstance(type_of_operand(arg), Immutable) and arg in self for arg in op.args):
            raise NoRuleError(
                "a number is made of a date or a duration that depends on what is differentiated",
                op.span,
                "count the time in a number",
            )
        return True

    def __contains__(self, operand: Operand) -> bool:
        return operand in self.varied and operand in self.useful

    # ------------------------------------------------------------------ forwards

    def _vary(self, value: Value) -> None:
        if _may_carry(value):
            self.varied.add(value)

    def _forward(self, region: Region) -> None:
        for op in region.ops:
            if op.prim is IF:
                for arm in op.regions:
                    self._forward(arm)
                for k, result in enumerate(op.results):
                    if any(arm.yields[k] in self.varied for arm in op.regions):
                        self._vary(result)
            elif op.prim is SCOPE:
                self._forward_scope(op)
            elif op.prim in (FOR, WHILE):
                self._forward_loop(op)
            elif any(arg in self.varied for arg in varying_args(op)):
                for result in op.results:
                    self._vary(result)

    def _forward_scope(self, op: Op) -> None:
        (body,) = op.regions
        for param in body.params:
            if any(arg in self.varied for arg in op.args):
                self._vary(param)
        self._forward(body)
        for result, operand in zip(op.results, body.yields, strict=True):
            if operand in self.varied:
                self._vary(result)
        # An exception may hold anything that what raised it was given.
        if catches(op) and any(operand in self.varied for operand in operands_in(body)):
            self._vary(op.results[ERROR])

    def _forward_loop(self, op: Op) -> None:
        start, count = first_carry(op), carries(op)
        body = op.regions[-1]
        for seq, item in zip(op.args[:start], body.params[:start], strict=True):
            if seq in self.varied:
                self._vary(item)
        for region in op.regions:
            for init, param in zip(op.args[start:], region.params[start:], strict=True):
                if init in self.varied:
                    self._vary(param)
        while True:
            self._forward(body)
            before = len(self.varied)
            for k in range(count):
                if body.yields[k] in self.varied or op.args[start + k] in self.varied:
                    for region in op.regions:
                        self._vary(region.params[start + k])
            if len(self.varied) == before:
                break
        for k, result in enumerate(op.results):
            if body.yields[k] in self.varied or (k < count and op.args[start + k] in self.varied):
                self._vary(result)

    # ------------------------------------------------------------------ backwards

    def _mark(self, operands: Iterable[Operand]) -> None:
        self.useful.update(o for o in operands if isinstance(o, Value))

    def _backward(self, region: Region) -> None:
        for op in reversed(region.ops):
            if op.prim is IF:
                for arm in op.regions:
                    self._mark(arm.yields[k] for k, r in enumerate(op.results) if r in self.useful)
                    self._backward(arm)
            elif op.prim is SCOPE:
                (body,) = op.regions
                self._mark(body.yields[k] for k, r in enumerate(op.results) if r in self.useful)
                self._backward(body)
            elif op.prim in (FOR, WHILE):
                self._backward_loop(op)
            elif any(result in self.useful for result in op.results):
                self._mark(varying_args(op))

    def _backward_loop(self, op: Op) -> None:
        start, count = first_carry(op), carries(op)
        body = op.regions[-1]
        self._mark(body.yields[k] for k, r in enumerate(op.results) if r in self.useful)
        while True:
            self._backward(body)
            before = len(self.useful)
            for k in range(count):
                if body.params[start + k] in self.useful:
                    self._mark([body.yields[k]])
            if len(self.useful) == before:
                break
        for k in range(count):
            if body.params[start + k] in self.useful or op.results[k] in self.useful:
                self._mark([op.args[start + k]])
                self.useful.update(region.params[start + k] for region in op.regions)
        for seq, item in zip(op.args[:start], body.params[:start], strict=True):
            if item in self.useful:
                self._mark([seq])


def check_given(op: Op, active: Activity) -> None:
    """Refuse what is active in code that might change or keep it. (Its results have no rule.)"""
    if op.prim is not OPAQUE or not any(arg in active.varied for arg in op.args):
        return
    kept = [arg for arg in op.args if arg not in active.varied] if may_keep(op) else []
    if any(not active.read.isdisjoint(active.objects.denoted(arg)) for arg in kept):
        raise NoRuleError(
            "what is differentiated is given to an object that may keep it and is read again",
            op.span,
            "use a list or a dict, or wrap what is given in stop_gradient(...)",
        )
    given = [arg for arg in op.args if arg in active and arg not in active.opaque]
    if op.attrs.form == "changes" and any(not is_scalar(type_of_operand(arg)) for arg in given):
        raise NoRuleError(
            "what is differentiated is given to code that might change it",
            op.span,
            "pass a copy, or declare a rule for it",
        )


def _may_carry(value: Value) -> bool:
    """May a value carry a derivative, or a string or a duration the number that has one?"""
    return maybe_float(value.type) or _is_text(value.type) or isinstance(value.type, Immutable)


def _is_text(kind: Type) -> bool:
    """Is this a string, or an array of strings?"""
    dtype = dtype_of(kind)
    return dtype is not None and dtype.kind in "US"


def varying_args(op: Op) -> list[Operand]:
    """The args that an operation's results depend on differentiably (or may, if no rule says)."""
    if op.prim is HOOK:
        return [op.args[0]]
    if op.prim is IMPLICIT:  # where the search for a solution began, or ended, does not matter
        among = op.args[varying_of_integral(op)] if op.attrs.form == "integral" else op.args[1:]
        return [arg for arg in among if isinstance(arg, Value) and _may_carry(arg)]
    if op.prim is SEARCH:  # what it finds has derivatives where it is marked as a solution
        return []
    if op.prim is RULED:
        return list(op.attrs.ruled.varying(op.args))
    if op.prim is OPAQUE or op.prim.function is None:
        return list(op.args)
    rules = TABLE.get(op.prim.function)
    made_text = any(result.type == TEXT for result in op.results)
    if rules is not None and rules.constant and not made_text:
        return []
    if rules is None or op.prim.variadic or not rules.constants:
        return [arg for arg in op.args if isinstance(arg, Value) and _may_carry(arg)]
    return [
        arg
        for name, arg in zip(op.prim.params, op.args, strict=True)
        if name not in rules.constants and not isinstance(arg, Const)
    ]
