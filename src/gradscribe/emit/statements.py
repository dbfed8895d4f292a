"""From the regions of a function to statements; each kind of operation has its own writer."""

from __future__ import annotations

import ast
from typing import final

from gradscribe.emit.assignments import Assignments
from gradscribe.emit.bindings import must_bind, stand_in
from gradscribe.emit.comprehensions import comprehended
from gradscribe.emit.exchanges import Exchange, exchanges
from gradscribe.emit.expressions import Expressions
from gradscribe.emit.headings import Headings
from gradscribe.emit.loops import Loops
from gradscribe.emit.names import Names
from gradscribe.emit.nest import Nesting
from gradscribe.emit.scopes import Scopes
from gradscribe.emit.symbols import call, name
from gradscribe.emit.syntax import LOAD, STORE, assign, negation, popped
from gradscribe.ir.core import UNDEF, Function, Op, Region, Value
from gradscribe.ir.primitives import FOR, IF, OPAQUE, SCOPE, UNPACK, WHILE
from gradscribe.ir.scopes import raises


@final
class Statements:
    """Writes one function's body."""

    def __init__(
        self, function: Function, nesting: Nesting, names: Names, expressions: Expressions
    ) -> None:
        self.function = function
        self.nesting = nesting
        self.names = names
        self.expressions = expressions
        self.headings = Headings(function)
        self.must_bind = must_bind(function.body)
        self.assignments = Assignments(function, nesting, names, expressions)
        self.loops = Loops(self)
        self.scopes = Scopes(self)
        self.clauses = {id(clauses.branch) for clauses in nesting.clauses.values()}

    def body(self) -> list[ast.stmt]:
        region = self.function.body
        statements = self.region(region)
        (result,) = region.yields
        value = self.expressions.operand(result)
        if not (isinstance(value, ast.Constant) and value.value is None):
            statements.append(ast.Return(value))
        return comprehended(statements) or [ast.Pass()]

    # ------------------------------------------------------------------ regions

    def region(
        self, region: Region, collects: dict[Value, list[str]] | None = None
    ) -> list[ast.stmt]:
        """The statements of a region; ``collects`` says which lists a value is appended to."""
        statements: list[ast.stmt] = []
        collects = collects or {}
        self.headings.depth += 1
        for param in region.params:
            statements += self._appends(param, collects)
        found = exchanges(region, self.nesting, self.names)
        for op in region.ops:
            if not (len(op.results) == 1 and op.results[0] in self.nesting.inlined):
                exchange = found.get(id(op))
                made = self._statement(op) if exchange is None else self._exchange(op, exchange)
                if made:
                    statements += self.headings.headed(op, made, bool(statements))
            for result in op.results:
                statements += self._appends(result, collects)
        self.headings.depth -= 1
        return comprehended(popped(statements))

    def _appends(self, value: Value, collects: dict[Value, list[str]]) -> list[ast.stmt]:
        return [
            ast.Expr(call(name(f"{listed}.append"), self.expressions.operand(value)))
            for listed in collects.get(value, ())
        ]

    # ------------------------------------------------------------------ single operations

    def _statement(self, op: Op) -> list[ast.stmt]:
        if op.prim is IF and id(op) in self.clauses:
            return []  # written with the try before it
        if op.prim is IF:
            return [self.assignments.result(op)] if op.attrs.form else self._if(op)
        if op.prim is FOR:
            return self.loops.walk(op)
        if op.prim is WHILE:
            return self.loops.repeat(op)
        if op.prim is SCOPE:
            return self.scopes.write(op)
        if op.prim is OPAQUE:
            return self._opaque(op)
        if op.prim.mutates is not None and op.results:
            return self.assignments.in_place(op)
        if not op.results:
            return [ast.Expr(self.expressions.op(op))]
        if op.prim is UNPACK and op.args[0] in self.loops.unpacked:
            return []
        if len(op.results) > 1:
            targets: list[ast.expr] = [ast.Name(self.names[r], STORE) for r in op.results]
            return [ast.Assign([ast.Tuple(targets, STORE)], self.expressions.op(op), lineno=0)]
        if not self.nesting.counts.get(op.results[0], 0):  # it stands for what it may raise
            return [ast.Expr(self.expressions.op(op))]
        return [self.assignments.result(op)]

    def _exchange(self, op: Op, exchange: Exchange) -> list[ast.stmt]:
        """All of it stands where its first write does."""
        if op is not exchange.first:
            return []
        variable = self.names[op.results[0]]
        places = [self.expressions.index(write.args[1]) for write in exchange[1:]]
        targets: list[ast.expr] = [ast.Subscript(name(variable), p, STORE) for p in places]
        values = [self.expressions.operand(op.args[2]), self.expressions.op(exchange.read)]
        return [ast.Assign([ast.Tuple(targets, STORE)], ast.Tuple(values, LOAD), lineno=0)]

    def _opaque(self, op: Op) -> list[ast.stmt]:
        node = self.expressions.template(op)
        if isinstance(node, ast.ClassDef):
            node.name = self.names[op.results[0]]
            return [node]
        if op.results and not self.nesting.counts.get(op.results[0], 0):
            return [ast.Expr(node)]  # type: ignore[arg-type]  # an expression
        if op.results:
            assert isinstance(node, ast.expr)
            return [assign(self.names[op.results[0]], node)]
        assert isinstance(node, ast.stmt)
        return [node]

    # ------------------------------------------------------------------ structure

    def _if(self, op: Op) -> list[ast.stmt]:
        then, other = (self.arm(op, arm) for arm in op.regions)
        if not then and not other:
            return []
        test = self.expressions.operand(op.args[0])
        if not then:
            then, other = other, []
            test = negation(test)
        return [ast.If(test, then, other)]

    def arm(self, op: Op, arm: Region) -> list[ast.stmt]:
        """The statements of one arm of a branch."""
        heading = self.headings.statement
        statements = self.region(arm)
        self.headings.statement = heading
        return statements + self.handed_out(op, arm)

    def handed_out(self, op: Op, arm: Region, but: int | None = None) -> list[ast.stmt]:
        """The assignments at the end of an arm, without that of one result."""
        if raises(arm):
            return []
        pairs = [
            (result, operand if operand is not UNDEF else stand_in(result))
            for k, (result, operand) in enumerate(zip(op.results, arm.yields, strict=True))
            if k != but and (operand is not UNDEF or result in self.must_bind)
        ]
        return self.assignments.copies(pairs)
