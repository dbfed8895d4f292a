"""Assignments to variables and places: plain, augmented, in place, and many at once."""

from __future__ import annotations

import ast
import operator
from collections import Counter
from typing import final

from gradscribe.emit.expressions import Expressions
from gradscribe.emit.names import Names
from gradscribe.emit.nest import Nesting
from gradscribe.emit.symbols import BINARY, IN_PLACE, call, name
from gradscribe.emit.syntax import LOAD, STORE, assign, without_minus, without_term
from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Function, Op, Operand, Value, walk
from gradscribe.ir.facts.indexing import is_basic, lists_once
from gradscribe.ir.facts.methods import METHODS
from gradscribe.ir.joins import element_type
from gradscribe.ir.primitives import CALL
from gradscribe.ir.types import UNKNOWN, Array, Mapping, Scalar, Sequence, Type, is_scalar

Target = ast.Name | ast.Subscript


@final
class Assignments:
    """Writes the statements that bind variables or change what they hold."""

    def __init__(
        self, function: Function, nesting: Nesting, names: Names, expressions: Expressions
    ) -> None:
        self.nesting = nesting
        self.names = names
        self.expressions = expressions
        # Where the text is read again, less is known of the parameters of such a function …
        self.untyped = function.internal
        # … and of what calls give, which may be what they were given.
        calls = [op for op in walk(function.body) if op.prim is CALL and op.derived]
        passed = (value for op in calls for value in (*op.args, *op.results))
        variables = (v for v in passed if isinstance(v, Value) and v not in nesting.inlined)
        self.passed = set(map(names.__getitem__, variables))

    def result(self, op: Op) -> ast.stmt:
        (result,) = op.results
        sign = BINARY.get(op.prim.function)
        if sign is not None and self._accumulates(op):
            left, right = op.args
            if self.names.same(right, result) and not self.names.same(left, result):
                left, right = right, left
            return self._augmented(self.names[result], sign, right)
        return self._set(op, self.names[result])

    def _set(self, op: Op, target: str) -> ast.stmt:
        """``target = …``, or ``target += …`` where a derived sum has the target as a term."""
        value = self.expressions.op(op)
        if op.derived and op.prim.function in (operator.add, operator.sub):
            if self._is_of_numbers(op) and self._are_immutable and target not in self.passed:
                rest = without_term(value, target)
                if rest is not None:
                    positive = without_minus(rest)
                    sign: ast.operator = ast.Add() if positive is None else ast.Sub()
                    return ast.AugAssign(ast.Name(target, STORE), sign, positive or rest)
        return assign(target, value)

    def _augmented(self, target: str | Target, sign: ast.operator, value: Operand) -> ast.stmt:
        """``target += value``, or ``target -= …`` where the value is a negation."""
        node = ast.Name(target, STORE) if isinstance(target, str) else target
        inner = self.nesting.inlined.get(value) if isinstance(value, Value) else None
        if isinstance(sign, ast.Add) and inner is not None and inner.prim.function is operator.neg:
            return ast.AugAssign(node, ast.Sub(), self.expressions.operand(inner.args[0]))
        expression = self.expressions.operand(value)
        if isinstance(sign, ast.Add):
            positive = without_minus(expression)
            if positive is not None:
                return ast.AugAssign(node, ast.Sub(), positive)
        return ast.AugAssign(node, sign, expression)

    def _accumulates(self, op: Op) -> bool:
        """May ``x = x + y`` be written ``x += y``? For numbers always; arrays are written in place
        only by operations that say so, so not for them."""
        (result,) = op.results
        left, right = op.args
        if not isinstance(result.type, Scalar) or not self._is_of_numbers(op):
            return False
        if not self._are_immutable or (op.derived and self.names[result] in self.passed):
            return False
        if self.names.same(left, result) and self._is_variable(left):
            return True
        commutes = op.prim.function in (operator.add, operator.mul) and op.derived
        return commutes and self.names.same(right, result) and self._is_variable(right)

    def _is_of_numbers(self, op: Op) -> bool:
        """Does what is written in place of an operation read numbers alone (and no array)?"""
        return all(
            isinstance(type_of_operand(arg), Scalar)
            or (arg in self.nesting.inlined and self._is_of_numbers(self.nesting.inlined[arg]))
            for arg in op.args
        )

    @property
    def _are_immutable(self) -> bool:
        """Are numbers never arrays? Those of other libraries' arrays may be."""
        return not self.expressions.needs.dispatching

    def _is_variable(self, operand: Operand) -> bool:
        return isinstance(operand, Value) and operand not in self.nesting.inlined

    # ------------------------------------------------------------------ writes in place

    def in_place(self, op: Op) -> list[ast.stmt]:
        """A write in place; the ownership pass has made sure that it is safe."""
        assert op.prim.mutates is not None
        target = op.args[op.prim.mutates]
        (result,) = op.results
        variable = self.names[result]
        before: list[ast.stmt] = []
        copied = self.nesting.inlined.get(target) if isinstance(target, Value) else None
        if copied is not None or not self.names.same(target, result):
            before.append(assign(variable, self.expressions.operand(target)))
        return [*before, self._write(op, variable)]

    def _write(self, op: Op, variable: str) -> ast.stmt:
        function, args = op.prim.function, op.args
        target = ast.Name(variable, STORE)
        if function is helpers.setitem:
            place = ast.Subscript(ast.Name(variable, LOAD), self.expressions.index(args[1]), STORE)
            return ast.Assign([place], self.expressions.operand(args[2]), lineno=0)
        if function is helpers.index_add:
            return self._index_add(op, variable)
        if function in IN_PLACE:
            return self._augmented(variable, IN_PLACE[function], args[1])
        if function is helpers.append:
            return ast.Expr(call(name(f"{variable}.append"), self.expressions.operand(args[1])))
        if function is helpers.without:
            item = ast.Subscript(
                ast.Name(variable, LOAD), self.expressions.index(args[1]), ast.Del()
            )
            return ast.Delete([item])
        if op.prim.name.startswith(".") and op.prim.name[1:] in METHODS:
            positional, keywords = self.expressions.arguments(op.prim, args[1:], op.prim.params[1:])
            return ast.Expr(ast.Call(name(f"{variable}{op.prim.name}"), positional, keywords))
        positional, keywords = self.expressions.arguments(op.prim, args, op.prim.params)
        assert op.prim.mutates is not None
        positional[op.prim.mutates] = target
        function_name = name(self.expressions.needs.function(op.prim.name, function))
        return ast.Expr(ast.Call(function_name, positional, keywords))

    def _index_add(self, op: Op, variable: str) -> ast.stmt:
        base, index, value = op.args
        place = index.type if isinstance(index, Value) else index.value
        kind = base.type if isinstance(base, Value) else UNKNOWN
        entry = element_type(kind) or UNKNOWN
        is_tuple = isinstance(kind, Sequence) and kind.kind == "tuple"
        if is_tuple or not (isinstance(kind, Array) or is_scalar(entry)):
            return self._add_to_entry(op, variable, kind)
        if not isinstance(kind, Array) or is_basic(place) or lists_once(place) or _is_mask(place):
            item = ast.Subscript(ast.Name(variable, LOAD), self.expressions.index(index), STORE)
            if isinstance(kind, Mapping) and self.untyped:
                return self._replaced(variable, item, index, value)
            return self._augmented(item, ast.Add(), value)
        numpy = self.expressions.needs.alias("numpy")
        inner = self.nesting.inlined.get(value) if isinstance(value, Value) else None
        function = f"{numpy}.add.at"
        if inner is not None and inner.prim.function is operator.neg:
            function, value = f"{numpy}.subtract.at", inner.args[0]
        operands = self.expressions.operand(index), self.expressions.operand(value)
        return ast.Expr(call(name(function), ast.Name(variable, LOAD), *operands))

    def _add_to_entry(self, op: Op, variable: str, kind: Type) -> ast.stmt:
        """An entry that is an array may be seen elsewhere: it is replaced, not changed."""
        _, index, value = op.args
        item = ast.Subscript(ast.Name(variable, LOAD), self.expressions.index(index), STORE)
        numbers = isinstance(kind, Sequence) and isinstance(element_type(kind), Array)
        if numbers and kind.kind == "list":  # type: ignore[union-attr]  # a Sequence
            return self._replaced(variable, item, index, value)
        helper = name(self.expressions.needs.function("index_add", helpers.index_add))
        operands = self.expressions.operand(index), self.expressions.operand(value)
        added = call(helper, ast.Name(variable, LOAD), *operands)
        return ast.Assign([ast.Name(variable, STORE)], added, lineno=0)

    def _replaced(
        self, variable: str, item: ast.Subscript, index: Operand, value: Operand
    ) -> ast.stmt:
        """``xs[k] = xs[k] + value``, which changes no object."""
        old = ast.Subscript(ast.Name(variable, LOAD), self.expressions.index(index), LOAD)
        total = ast.BinOp(old, ast.Add(), self.expressions.operand(value))
        return ast.Assign([item], total, lineno=0)

    # ------------------------------------------------------------------ moves

    def copies(self, pairs: list[tuple[Value, Operand]]) -> list[ast.stmt]:
        """Assignments that move operands into variables, all at once."""
        moves = [
            (self.names[variable], operand)
            for variable, operand in pairs
            if not self.names.same(variable, operand)
            and variable in self.names.parent
            and self.names[variable] != self._variable_of(operand)
        ]
        waiting = [(t, o, self._reads(o) - {t}) for t, o in moves]
        readers = Counter(variable for _, _, read in waiting for variable in read)
        statements: list[ast.stmt] = []
        while waiting:
            ready = [move for move in waiting if not readers[move[0]]]
            if not ready:
                targets = ast.Tuple([ast.Name(t, STORE) for t, _, _ in waiting], STORE)
                values = ast.Tuple([self.expressions.operand(o) for _, o, _ in waiting], LOAD)
                return [*statements, ast.Assign([targets], values, lineno=0)]
            waiting = [move for move in waiting if readers[move[0]]]
            for target, operand, read in ready:
                statements.append(self._move(target, operand))
                readers.subtract(read)
        return statements

    def _variable_of(self, operand: Operand) -> str | None:
        """The variable that an operand is read from: its own, or one that it shares by name."""
        if (
            isinstance(operand, Value)
            and operand in self.names.parent
            and self._is_variable(operand)
        ):
            return self.names[operand]
        return None

    def _move(self, target: str, operand: Operand) -> ast.stmt:
        op = self.nesting.inlined.get(operand) if isinstance(operand, Value) else None
        augmented = op is not None and op.prim.function in BINARY and self._are_immutable
        if op is not None and augmented and self._is_of_numbers(op):
            left, right = op.args
            if isinstance(left, Value) and self._variable(left) == target:
                return self._augmented(target, BINARY[op.prim.function], right)
            commutes = op.prim.function in (operator.add, operator.mul) and op.derived
            if commutes and isinstance(right, Value) and self._variable(right) == target:
                return self._augmented(target, BINARY[op.prim.function], left)
        if op is not None:
            return self._set(op, target)
        return assign(target, self.expressions.operand(operand))

    def _variable(self, value: Value) -> str | None:
        return None if value in self.nesting.inlined else self.names[value]

    def _reads(self, operand: Operand) -> set[str]:
        return {self.names[leaf] for leaf in self.nesting.leaves(operand)}


def _is_mask(place: object) -> bool:
    """Does a boolean array select the entries? Then none comes twice."""
    return isinstance(place, Array) and place.dtype is not None and place.dtype.kind == "b"
