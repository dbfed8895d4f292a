"""Loops as statements: what comes before them, what comes round, and how they are left."""

from __future__ import annotations

import ast
from itertools import takewhile
from typing import TYPE_CHECKING, final

from gradscribe.emit.bindings import stand_in
from gradscribe.emit.comprehensions import mark
from gradscribe.emit.symbols import call, name
from gradscribe.emit.syntax import LOAD, STORE, assign, negation
from gradscribe.ir.core import UNDEF, Const, Op, Operand, Region, Value, walk
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, UNPACK, WHILE

if TYPE_CHECKING:
    from gradscribe.emit.statements import Statements


@final
class Loops:
    """Writes the loops of a function, whose bodies ``statements`` writes."""

    def __init__(self, statements: Statements) -> None:
        self.statements = statements
        self.headings = statements.headings
        self.nesting = statements.nesting
        self.names = statements.names
        self.expressions = statements.expressions
        self.copies = statements.assignments.copies
        self.unpacked: set[Operand] = set()  # items whose parts a ``for`` binds
        self.written = {  # lists that a statement changes, for which they need a name
            op.args[op.prim.mutates]
            for op in walk(statements.function.body)
            if op.prim.mutates is not None
        }

    def _loop_frame(self, op: Op) -> tuple[list[ast.stmt], dict[Value, list[str]]]:
        """What comes before a loop, and which lists its values are appended to."""
        start, count = first_carry(op), carries(op)
        body = op.regions[-1]
        hidden = op.attrs.stop if self._breaks_plainly(op) and not self._stop_is_read(op) else None
        before = self.copies(
            [
                (body.params[start + k], op.args[start + k])
                for k in range(count)
                if op.args[start + k] is not UNDEF and k != hidden
            ]
        )
        collects: dict[Value, list[str]] = {}
        for k in range(count, len(op.results)):
            listed = self.names[op.results[k]]
            before.append(assign(listed, ast.List([], LOAD)))
            value = body.yields[k]
            if isinstance(value, Value) and value in self.nesting.collected:
                collects.setdefault(value, []).append(listed)
        return before, collects

    def _loop_body(self, op: Op, collects: dict[Value, list[str]]) -> list[ast.stmt]:
        count = carries(op)
        body = op.regions[-1]
        self.headings.statement = None
        if self._breaks_plainly(op):
            statements = self.statements.region(Region(body.params, self._before(body)), collects)
            statements += self._exit(body, self._stop_yield(op), self._stop_is_read(op))
            self.headings.statement = None
            return statements
        statements = self.statements.region(body, collects)
        for k in range(count, len(op.results)):
            value = body.yields[k]
            if not (isinstance(value, Value) and value in self.nesting.collected):
                append = name(f"{self.names[op.results[k]]}.append")
                statements.append(ast.Expr(call(append, self.expressions.operand(value))))
        statements += self._come_round(op)
        if op.attrs.stop is not None:
            flag = ast.Name(self.names[body.params[first_carry(op) + op.attrs.stop]], LOAD)
            statements.append(ast.If(flag, [ast.Break()], []))
        self.headings.statement = None
        return statements or [ast.Pass()]

    def _unbound(self, op: Op, body: list[ast.stmt]) -> list[ast.stmt]:
        """Bind what is unbound before a loop and moved elsewhere in its body before it is bound,
        or saved there, or asked for its shape after it."""
        start = first_carry(op)
        moved = {
            node.value.id
            for statement in body
            for node in ast.walk(statement)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name)
        }
        params = op.regions[-1].params[start:]
        saved = _saved(op)
        names = {
            self.names[param]: self.expressions.operand(stand_in(param))
            for param, init, result in zip(params, op.args[start:], op.results, strict=False)
            if init is UNDEF
            and (
                self.names[param] in moved or param in saved or result in self.statements.must_bind
            )
        }
        return [assign(name, value) for name, value in names.items()]

    def _come_round(self, op: Op, but: int | None = None) -> list[ast.stmt]:
        """What the body yields, moved to where the next iteration looks for it."""
        start, body = first_carry(op), op.regions[-1]
        return self.copies(
            [
                (body.params[start + k], body.yields[k])
                for k in range(carries(op))
                if body.yields[k] is not UNDEF and k != but
            ]
        )

    def _target(self, item: Value, body: Region) -> ast.expr:
        """What a ``for`` binds: a name, or those of the parts that its body begins by taking."""
        for op in takewhile(lambda op: op.prim is UNPACK, body.ops):
            if op.args[0] is item:
                self.unpacked.add(item)
                return ast.Tuple([ast.Name(self.names[r], STORE) for r in op.results], STORE)
        return ast.Name(self.names[item], STORE)

    # ------------------------------------------------------------------ break

    def _stop_yield(self, op: Op) -> Operand:
        assert op.attrs.stop is not None
        return op.regions[-1].yields[op.attrs.stop]

    def _stop_is_read(self, op: Op) -> bool:
        """Does something ask whether the loop was left early?"""
        assert op.attrs.stop is not None
        values = [op.results[op.attrs.stop]]
        values += [r.params[first_carry(op) + op.attrs.stop] for r in op.regions]
        return any(self.nesting.counts.get(value, 0) for value in values)

    def _breaks_plainly(self, op: Op) -> bool:
        """Can the loop be left by ``break`` right where it is decided to?

        The body must end in branches that decide it, and nothing may be left to do after them.
        """
        if op.attrs.stop is None:
            return False
        body = op.regions[-1]
        own = set(body.ops[-1].results) if body.ops else set()
        later = body.yields[carries(op) :]
        scope = self._tried(body)
        if scope is not None:
            own.update(scope.results)
        if any(v in own or v not in self.nesting.collected for v in later):
            return False
        return not self._come_round(op, op.attrs.stop) and self._decides(body, self._stop_yield(op))

    def _decides(self, region: Region, stop: Operand) -> bool:
        """Is ``stop`` decided by the branch that ends a region, and by nothing after it?"""
        last = region.ops[-1] if region.ops else None
        if last is None or last.prim is not IF or last.attrs.form or stop not in last.results:
            return False
        scope = self._tried(region)
        if scope is not None and len(self.nesting.clauses[id(scope)].handlers) > 1:
            return False
        if not isinstance(stop, Value) or self.nesting.counts.get(stop, 0) != 1:
            return False
        place = last.results.index(stop)
        for arm in last.regions:
            flag = arm.yields[place]
            if isinstance(flag, Const) and isinstance(flag.value, bool):
                continue
            if not self._decides(arm, flag) or self.statements.handed_out(last, arm, place):
                return False
        return True

    def _tried(self, region: Region) -> Op | None:
        """The ``try`` that a region ends in, the branch at its end being its clauses."""
        scope = region.ops[-2] if len(region.ops) > 1 else None
        return scope if scope is not None and id(scope) in self.nesting.clauses else None

    def _before(self, region: Region) -> list[Op]:
        """What stands before the statement that a region ends in."""
        return region.ops[: -1 if self._tried(region) is None else -2]

    def _exit(self, region: Region, stop: Operand, read: bool) -> list[ast.stmt]:
        """The branch that ends a loop's body, with ``break`` where its arms say so."""
        op = region.ops[-1]
        place = op.results.index(stop)
        arms = []
        for arm in op.regions:
            flag = arm.yields[place]
            if isinstance(flag, Const):
                made = self.statements.region(arm) + self.statements.handed_out(op, arm, place)
                if flag.value:
                    mark = [assign(self.names[stop], ast.Constant(True))] if read else []  # type: ignore[index]
                    made += [*mark, ast.Break()]
            else:
                made = self.statements.region(Region([], self._before(arm)))
                made += self._exit(arm, flag, read)
            arms.append(made)
        then, other = arms
        scope = self._tried(region)
        if scope is not None:
            return self.statements.scopes.tried(scope, then, [other])
        test = self.expressions.operand(op.args[0])
        if then and isinstance(then[-1], ast.Break):
            return [ast.If(test, then, []), *other]
        if other and isinstance(other[-1], ast.Break):
            return [ast.If(negation(test), other, []), *then]
        if not then:
            return [ast.If(negation(test), other, [])] if other else []
        return [ast.If(test, then, other)]

    def walk(self, op: Op) -> list[ast.stmt]:
        before, collects = self._loop_frame(op)
        seqs = op.args[: op.attrs.seqs]
        body = op.regions[0]
        targets = [self._target(p, body) for p in body.params[: len(seqs)]]
        target: ast.expr = targets[0] if len(targets) == 1 else ast.Tuple(targets, STORE)
        statements = self._loop_body(op, collects)
        loop = ast.For(target, self._walked(seqs), statements, [], lineno=0)
        if op.attrs.form is not None:
            reads = sum(self.nesting.counts.get(result, 0) for result in op.results)
            mark(loop, once=reads == 1 and self.written.isdisjoint(op.results))
        return [*before, *self._unbound(op, statements), loop]

    def _walked(self, seqs: tuple[Operand, ...]) -> ast.expr:
        if len(seqs) == 1:
            return self._sequence(seqs[0])
        if len(seqs) == 2 and self._is_positions(seqs[0], seqs[1]):
            return call(self._builtin("enumerate"), self._sequence(seqs[1]))
        return call(self._builtin("zip"), *map(self._sequence, seqs))

    def _builtin(self, own: str) -> ast.expr:
        return name(self.expressions.needs.builtin(own))

    def _sequence(self, seq: Operand) -> ast.expr:
        op = self.nesting.inlined.get(seq) if isinstance(seq, Value) else None
        if op is not None and op.prim.function is reversed:
            return call(self._builtin("reversed"), self._sequence(op.args[0]))
        return self.expressions.operand(seq)

    def _is_positions(self, first: Operand, second: Operand) -> bool:
        """Is the first sequence ``range(len(second))``?"""
        op = self.nesting.inlined.get(first) if isinstance(first, Value) else None
        if op is None or op.prim.function is not range or len(op.args) != 1:
            return False
        length = self.nesting.inlined.get(op.args[0]) if isinstance(op.args[0], Value) else None
        return length is not None and length.prim.function is len and length.args[0] is second

    def repeat(self, op: Op) -> list[ast.stmt]:
        before, collects = self._loop_frame(op)
        test = op.regions[0]
        statements = self.statements.region(test)
        condition = self.expressions.operand(test.yields[0])
        body = self._loop_body(op, collects)
        before += self._unbound(op, [*statements, *body])
        if statements:
            leave = ast.If(negation(condition), [ast.Break()], [])
            return [*before, ast.While(ast.Constant(True), [*statements, leave, *body], [])]
        return [*before, ast.While(condition, body, [])]


def _saved(loop: Op) -> set[Operand]:
    """What the body of a loop collects, or hands to a loop in it that collects it at its head."""
    loops = [loop, *(op for op in walk(loop.regions[-1]) if op.prim in (FOR, WHILE))]
    found: set[Operand] = set()
    for op in reversed(loops):
        found.update(op.regions[-1].yields[carries(op) :])
        start = first_carry(op)
        heads = zip(op.regions[-1].params[start:], op.args[start:], strict=True)
        found.update(init for param, init in heads if param in found)
    return found
