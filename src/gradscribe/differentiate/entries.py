"""Does each entry of a value depend on one entry of an input alone, the one at its place?

Then the derivative of the value by the input is an array of the input's shape: the diagonal of the
Jacobian, which is the gradient of the sum. What is active is followed with the indices that it was
taken at, so that it may be put back where it was: ``y[m] = x[m]**2``.
"""

from __future__ import annotations

import operator
from typing import Any, NoReturn, final

import numpy as np

from gradscribe.differentiate.activity import Activity
from gradscribe.differentiate.bars import LIKE, same_shape
from gradscribe.differentiate.inputs import Place, inputs_of
from gradscribe.errors import UnsupportedError
from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value, walk
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, RULED, WHILE, of
from gradscribe.ir.rewrite import copy_function
from gradscribe.ir.types import is_scalar

GETITEM, SETITEM = of(operator.getitem), of(helpers.setitem)
_COPIES = frozenset(of(f) for f in (np.copy, np.ndarray.copy, np.array, np.asarray, float))

Taken = tuple[Any, ...]  # the indices that lead from an input to a value


def check_entries(function: Function, wrt: list[Place], who: str) -> None:
    """Refuse a function whose entries meet, naming the operation where they do."""
    function, _ = copy_function(function)
    inputs = inputs_of(function, wrt)
    follower = _Entries(function, Activity(function, inputs), who)
    follower.taken.update(dict.fromkeys(inputs, ()))
    follower.region(function.body)
    result = function.result
    if isinstance(result, Value) and result in follower.active:
        for value in inputs:
            if follower.taken.get(result) != () or not same_shape(result.type, value.type):
                raise UnsupportedError(
                    f"{who}: the value has not the shape of {value.hint}", function.span, _HINT
                )


_HINT = "use grad for the derivative of the sum, or jacobian for all of them"


@final
class _Entries:
    """Follows what is active through the operations of a function."""

    def __init__(self, function: Function, active: Activity, who: str) -> None:
        self.active = active
        self.who = who
        self.made = {result: op for op in walk(function.body) for result in op.results}
        self.taken: dict[Operand, Taken] = {}

    def region(self, region: Region) -> None:
        for op in region.ops:
            if self.active.passes(op):
                self.op(op)

    def op(self, op: Op) -> None:
        if op.prim is IF:
            for arm in op.regions:
                self.region(arm)
            for k, result in enumerate(op.results):
                self._meet(op, result, [arm.yields[k] for arm in op.regions])
        elif op.prim in (FOR, WHILE):
            self._loop(op)
        elif op.prim is GETITEM and op.args[0] in self.taken and not is_scalar(_kind(op, 0)):
            self.taken[op.result] = (*self.taken[op.args[0]], self._key(op.args[1]))
        elif op.prim is SETITEM:
            self._put(op)
        elif op.prim is LIKE and self.taken.get(op.args[0]) == self.taken.get(op.args[1]):
            self.taken[op.result] = self.taken[op.args[0]]  # of one shape already
        elif op.prim in _COPIES or self._is_elementwise(op):
            self._meet(op, op.result, list(op.args))
        else:
            self._refuse(op)

    def _is_elementwise(self, op: Op) -> bool:
        kinds = [type_of_operand(arg) for arg in op.args if arg in self.active]
        others = [type_of_operand(arg) for arg in op.args if arg not in self.active]
        if op.prim is RULED and len(op.results) != 1:
            return False
        if all(map(is_scalar, (*kinds, op.result.type))):
            return True
        alike = all(same_shape(kind, op.result.type) for kind in kinds)
        if op.prim is RULED:
            return alike and bool(op.attrs.ruled.is_elementwise(op.args, self.active))
        return op.prim.elementwise and (alike or all(map(is_scalar, others)))

    def _put(self, op: Op) -> None:
        base, index, value = op.args
        if value not in self.active:
            self.taken[op.result] = self.taken[base]
            return
        *before, last = (*self.taken[value],) or (None, None)
        around = self.taken.get(base, tuple(before))
        if last != self._key(index) or around != tuple(before):
            self._refuse(op)
        self.taken[op.result] = around

    def _loop(self, op: Op) -> None:
        start, count = first_carry(op), carries(op)
        body = op.regions[-1]
        if any(param in self.active for param in body.params[:start]):
            self._refuse(op)
        for k in range(count):
            if body.params[start + k] in self.active:
                inits = self.taken.get(op.args[start + k], ())
                self.taken.update({r.params[start + k]: inits for r in op.regions})
        self.region(body)
        for k, result in enumerate(op.results):
            if result in self.active:
                if k >= count:
                    self._refuse(op)
                self._meet(op, result, [op.args[start + k], body.yields[k]])

    def _meet(self, op: Op, result: Value, operands: list[Operand]) -> None:
        found = {self.taken[o] for o in operands if o in self.active}
        if len(found) > 1:
            self._refuse(op)
        if found:
            self.taken[result] = found.pop()

    def _key(self, index: Operand, depth: int = 4) -> Any:
        """Equal for indices that are one value or literal, or made of such in one way."""
        if isinstance(index, Const):
            return repr(index.value)
        op = self.made.get(index)
        if depth == 0 or op is None or op.regions or op.prim.effect or op.prim.function is None:
            return index
        return op.prim, *(self._key(arg, depth - 1) for arg in op.args)

    def _refuse(self, op: Op) -> NoReturn:
        raise UnsupportedError(f"{self.who}: entries meet here", op.span, _HINT)


def _kind(op: Op, place: int) -> Any:
    return type_of_operand(op.args[place])
