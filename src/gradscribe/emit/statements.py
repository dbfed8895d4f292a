"""From the regions of a function to statements: assignments, loops, branches, writes in place."""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterable
from typing import final

from gradscribe.emit.expressions import BINARY, IN_PLACE, Expressions, call, name
from gradscribe.emit.names import Names
from gradscribe.emit.nest import Nesting
from gradscribe.emit.writer import Blank, Comment
from gradscribe.ir import helpers
from gradscribe.ir.core import UNDEF, Const, Function, Op, Operand, Region, Value, walk
from gradscribe.ir.facts.containers import is_basic
from gradscribe.ir.facts.methods import METHODS
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import CALL, FOR, IF, OPAQUE, WHILE
from gradscribe.ir.types import UNKNOWN, Array, Sequence, Type, element_type, is_scalar
from gradscribe.source import Span

LOAD, STORE = ast.Load(), ast.Store()
Target = ast.Name | ast.Subscript
COMMENT_WIDTH = 72


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
        self.comments = function.order < 2 and _wants_comments(function)
        self.loops = any(op.prim in (FOR, WHILE) for op in function.body.ops)
        self.sweep: str | None = None
        self.heading: Span | None = None
        self.depth = -1
        self.must_bind = _must_bind(function.body)

    def body(self) -> list[ast.stmt]:
        region = self.function.body
        statements = self.region(region)
        (result,) = region.yields
        value = self.expressions.operand(result)
        if not (isinstance(value, ast.Constant) and value.value is None):
            statements.append(ast.Return(value))
        return statements or [ast.Pass()]

    # ------------------------------------------------------------------ regions

    def region(
        self, region: Region, collects: dict[Value, list[str]] | None = None
    ) -> list[ast.stmt]:
        """The statements of a region; ``collects`` says which lists a value is appended to."""
        statements: list[ast.stmt] = []
        collects = collects or {}
        self.depth += 1
        for param in region.params:
            statements += self._appends(param, collects)
        for op in region.ops:
            if not (len(op.results) == 1 and op.results[0] in self.nesting.inlined):
                made = self._statement(op)
                if made:
                    statements += self._headed(op, made, bool(statements))
            for result in op.results:
                statements += self._appends(result, collects)
        self.depth -= 1
        return _popped(statements)

    def _appends(self, value: Value, collects: dict[Value, list[str]]) -> list[ast.stmt]:
        return [
            ast.Expr(call(name(f"{listed}.append"), self.expressions.operand(value)))
            for listed in collects.get(value, ())
        ]

    def _headed(self, op: Op, made: list[ast.stmt], follows: bool) -> list[ast.stmt]:
        """Statements under a heading: the user's statement they differentiate, or their sweep."""
        heading: list[ast.stmt] = []
        new_sweep = self.depth == 0 and op.sweep != self.sweep
        if new_sweep:
            self.sweep = op.sweep
            if self.function.order > 1 and op.sweep and self.loops:
                heading = [Comment(op.sweep)]
        if op.prim in (FOR, WHILE):
            self.heading = None
        elif op.prim is IF:
            pass  # the headings are in its arms; its own would repeat the next line
        elif (
            self.comments and op.sweep and op.statement is not None and op.statement != self.heading
        ):
            self.heading = op.statement
            heading.append(Comment(_heading(op.statement)))
        separated = self.depth == 0 and follows and (heading or (new_sweep and self.loops))
        blank: list[ast.stmt] = [Blank()] if separated else []
        return [*blank, *heading, *made]

    # ------------------------------------------------------------------ single operations

    def _statement(self, op: Op) -> list[ast.stmt]:
        if op.prim is IF:
            return [self._assign(op)] if op.attrs.form else self._if(op)
        if op.prim is FOR:
            return self._for(op)
        if op.prim is WHILE:
            return self._while(op)
        if op.prim is OPAQUE:
            return self._opaque(op)
        if op.prim.mutates is not None and op.results:
            return self._mutation(op)
        if not op.results:
            return [ast.Expr(self.expressions.op(op))]
        if op.prim is CALL and len(op.results) > 1:
            targets: list[ast.expr] = [ast.Name(self.names[r], STORE) for r in op.results]
            return [ast.Assign([ast.Tuple(targets, STORE)], self.expressions.op(op), lineno=0)]
        return [self._assign(op)]

    def _assign(self, op: Op) -> ast.stmt:
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
            if is_scalar(op.results[0].type):
                rest = _without_term(value, target)
                if rest is not None:
                    positive = _without_minus(rest)
                    sign: ast.operator = ast.Add() if positive is None else ast.Sub()
                    return ast.AugAssign(ast.Name(target, STORE), sign, positive or rest)
        return _assign(target, value)

    def _augmented(self, target: str | Target, sign: ast.operator, value: Operand) -> ast.stmt:
        """``target += value``, or ``target -= …`` where the value is a negation."""
        node = ast.Name(target, STORE) if isinstance(target, str) else target
        inner = self.nesting.inlined.get(value) if isinstance(value, Value) else None
        if isinstance(sign, ast.Add) and inner is not None and inner.prim.function is operator.neg:
            return ast.AugAssign(node, ast.Sub(), self.expressions.operand(inner.args[0]))
        expression = self.expressions.operand(value)
        if isinstance(sign, ast.Add):
            positive = _without_minus(expression)
            if positive is not None:
                return ast.AugAssign(node, ast.Sub(), positive)
        return ast.AugAssign(node, sign, expression)

    def _accumulates(self, op: Op) -> bool:
        """May ``x = x + y`` be written ``x += y``? For numbers always; arrays are written in place
        only by operations that say so, so not for them."""
        (result,) = op.results
        left, right = op.args
        if not is_scalar(result.type):
            return False
        if self.names.same(left, result) and self._is_variable(left):
            return True
        commutes = op.prim.function in (operator.add, operator.mul) and op.derived
        return commutes and self.names.same(right, result) and self._is_variable(right)

    def _is_variable(self, operand: Operand) -> bool:
        return isinstance(operand, Value) and operand not in self.nesting.inlined

    def _mutation(self, op: Op) -> list[ast.stmt]:
        """A write in place; the ownership pass has made sure that it is safe."""
        assert op.prim.mutates is not None
        target = op.args[op.prim.mutates]
        (result,) = op.results
        variable = self.names[result]
        before: list[ast.stmt] = []
        copied = self.nesting.inlined.get(target) if isinstance(target, Value) else None
        if copied is not None or not self.names.same(target, result):
            before.append(_assign(variable, self.expressions.operand(target)))
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
        if not isinstance(kind, Array) or is_basic(place) or _is_mask(place):
            item = ast.Subscript(ast.Name(variable, LOAD), self.expressions.index(index), STORE)
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
            old = ast.Subscript(ast.Name(variable, LOAD), self.expressions.index(index), LOAD)
            total = ast.BinOp(old, ast.Add(), self.expressions.operand(value))
            return ast.Assign([item], total, lineno=0)
        helper = name(self.expressions.needs.function("index_add", helpers.index_add))
        operands = self.expressions.operand(index), self.expressions.operand(value)
        added = call(helper, ast.Name(variable, LOAD), *operands)
        return ast.Assign([ast.Name(variable, STORE)], added, lineno=0)

    def _opaque(self, op: Op) -> list[ast.stmt]:
        node = self.expressions.template(op)
        if op.results:
            assert isinstance(node, ast.expr)
            return [_assign(self.names[op.results[0]], node)]
        assert isinstance(node, ast.stmt)
        return [node]

    # ------------------------------------------------------------------ structure

    def _if(self, op: Op) -> list[ast.stmt]:
        then, other = (self._arm(op, arm) for arm in op.regions)
        if not then and not other:
            return []
        test = self.expressions.operand(op.args[0])
        if not then:
            then, other = other, []
            test = _negation(test)
        return [ast.If(test, then, other)]

    def _arm(self, op: Op, arm: Region) -> list[ast.stmt]:
        heading = self.heading
        statements = self.region(arm)
        self.heading = heading
        pairs = [
            (result, operand)
            for result, operand in zip(op.results, arm.yields, strict=True)
            if operand is not UNDEF or result in self.must_bind
        ]
        return statements + self._copies(pairs)

    def _copies(self, pairs: list[tuple[Value, Operand]]) -> list[ast.stmt]:
        """Assignments that move operands into variables, all at once."""
        moves = [
            (self.names[variable], operand)
            for variable, operand in pairs
            if not self.names.same(variable, operand) and variable in self.names.parent
        ]
        statements: list[ast.stmt] = []
        while moves:
            ready = [
                move for move in moves
                if not any(move[0] in self._reads(o) for t, o in moves if t != move[0])
            ]  # fmt: skip
            if not ready:
                targets = ast.Tuple([ast.Name(t, STORE) for t, _ in moves], STORE)
                values = ast.Tuple([self.expressions.operand(o) for _, o in moves], LOAD)
                return [*statements, ast.Assign([targets], values, lineno=0)]
            for target, operand in ready:
                statements.append(self._move(target, operand))
            moves = [move for move in moves if move not in ready]
        return statements

    def _move(self, target: str, operand: Operand) -> ast.stmt:
        op = self.nesting.inlined.get(operand) if isinstance(operand, Value) else None
        if op is not None and op.prim.function in BINARY and is_scalar(op.results[0].type):
            left, right = op.args
            if isinstance(left, Value) and self._variable(left) == target:
                return self._augmented(target, BINARY[op.prim.function], right)
            commutes = op.prim.function in (operator.add, operator.mul) and op.derived
            if commutes and isinstance(right, Value) and self._variable(right) == target:
                return self._augmented(target, BINARY[op.prim.function], left)
        if op is not None:
            return self._set(op, target)
        return _assign(target, self.expressions.operand(operand))

    def _variable(self, value: Value) -> str | None:
        return None if value in self.nesting.inlined else self.names[value]

    def _reads(self, operand: Operand) -> set[str]:
        return {self.names[leaf] for leaf in self.nesting.leaves(operand)}

    def _loop_frame(self, op: Op) -> tuple[list[ast.stmt], dict[Value, list[str]]]:
        """What comes before a loop, and which lists its values are appended to."""
        start, count = first_carry(op), carries(op)
        body = op.regions[-1]
        hidden = op.attrs.stop if self._breaks_plainly(op) and not self._stop_is_read(op) else None
        before = self._copies(
            [
                (body.params[start + k], op.args[start + k])
                for k in range(count)
                if op.args[start + k] is not UNDEF and k != hidden
            ]
        )
        collects: dict[Value, list[str]] = {}
        for k in range(count, len(op.results)):
            listed = self.names[op.results[k]]
            before.append(_assign(listed, ast.List([], LOAD)))
            value = body.yields[k]
            if isinstance(value, Value) and value in self.nesting.collected:
                collects.setdefault(value, []).append(listed)
        return before, collects

    def _loop_body(self, op: Op, collects: dict[Value, list[str]]) -> list[ast.stmt]:
        count = carries(op)
        body = op.regions[-1]
        self.heading = None
        if self._breaks_plainly(op):
            first = Region(body.params, body.ops[:-1])
            statements = self.region(first, collects)
            statements += self._exit(body.ops[-1], self._stop_yield(op), self._stop_is_read(op))
            self.heading = None
            return statements
        statements = self.region(body, collects)
        for k in range(count, len(op.results)):
            value = body.yields[k]
            if not (isinstance(value, Value) and value in self.nesting.collected):
                append = name(f"{self.names[op.results[k]]}.append")
                statements.append(ast.Expr(call(append, self.expressions.operand(value))))
        statements += self._come_round(op)
        if op.attrs.stop is not None:
            flag = ast.Name(self.names[body.params[first_carry(op) + op.attrs.stop]], LOAD)
            statements.append(ast.If(flag, [ast.Break()], []))
        self.heading = None
        return statements or [ast.Pass()]

    def _come_round(self, op: Op, but: int | None = None) -> list[ast.stmt]:
        """What the body yields, moved to where the next iteration looks for it."""
        start, body = first_carry(op), op.regions[-1]
        return self._copies(
            [
                (body.params[start + k], body.yields[k])
                for k in range(carries(op))
                if body.yields[k] is not UNDEF and k != but
            ]
        )

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
        if any(v in own or v not in self.nesting.collected for v in later):
            return False
        return not self._come_round(op, op.attrs.stop) and self._decides(body, self._stop_yield(op))

    def _decides(self, region: Region, stop: Operand) -> bool:
        """Is ``stop`` decided by the branch that ends a region, and by nothing after it?"""
        last = region.ops[-1] if region.ops else None
        if last is None or last.prim is not IF or last.attrs.form or stop not in last.results:
            return False
        if not isinstance(stop, Value) or self.nesting.counts.get(stop, 0) != 1:
            return False
        place = last.results.index(stop)
        for arm in last.regions:
            flag = arm.yields[place]
            if isinstance(flag, Const) and isinstance(flag.value, bool):
                continue
            if not self._decides(arm, flag) or self._handed_out(last, arm, place):
                return False
        return True

    def _handed_out(self, op: Op, arm: Region, but: int) -> list[ast.stmt]:
        """The assignments at the end of an arm, without that of one result."""
        pairs = [
            (result, operand)
            for k, (result, operand) in enumerate(zip(op.results, arm.yields, strict=True))
            if k != but and (operand is not UNDEF or result in self.must_bind)
        ]
        return self._copies(pairs)

    def _exit(self, op: Op, stop: Operand, read: bool) -> list[ast.stmt]:
        """The branch that ends a loop's body, with ``break`` where its arms say so."""
        place = op.results.index(stop)
        arms = []
        for arm in op.regions:
            flag = arm.yields[place]
            if isinstance(flag, Const):
                made = self.region(arm) + self._handed_out(op, arm, place)
                if flag.value:
                    mark = [_assign(self.names[stop], ast.Constant(True))] if read else []  # type: ignore[index]
                    made += [*mark, ast.Break()]
            else:
                made = self.region(Region([], arm.ops[:-1]))
                made += self._exit(arm.ops[-1], flag, read)
            arms.append(made)
        then, other = arms
        test = self.expressions.operand(op.args[0])
        if then and isinstance(then[-1], ast.Break):
            return [ast.If(test, then, []), *other]
        if other and isinstance(other[-1], ast.Break):
            return [ast.If(_negation(test), other, []), *then]
        if not then:
            return [ast.If(_negation(test), other, [])] if other else []
        return [ast.If(test, then, other)]

    def _for(self, op: Op) -> list[ast.stmt]:
        before, collects = self._loop_frame(op)
        seqs = op.args[: op.attrs.seqs]
        body = op.regions[0]
        targets: list[ast.expr] = [ast.Name(self.names[p], STORE) for p in body.params[: len(seqs)]]
        target: ast.expr = targets[0] if len(targets) == 1 else ast.Tuple(targets, STORE)
        loop = ast.For(target, self._walked(seqs), self._loop_body(op, collects), [], lineno=0)
        return [*before, loop]

    def _walked(self, seqs: tuple[Operand, ...]) -> ast.expr:
        if len(seqs) == 1:
            return self._sequence(seqs[0])
        if len(seqs) == 2 and self._is_positions(seqs[0], seqs[1]):
            return call(ast.Name("enumerate", LOAD), self._sequence(seqs[1]))
        return call(ast.Name("zip", LOAD), *map(self._sequence, seqs))

    def _sequence(self, seq: Operand) -> ast.expr:
        op = self.nesting.inlined.get(seq) if isinstance(seq, Value) else None
        if op is not None and op.prim.function is reversed:
            return call(ast.Name("reversed", LOAD), self._sequence(op.args[0]))
        return self.expressions.operand(seq)

    def _is_positions(self, first: Operand, second: Operand) -> bool:
        """Is the first sequence ``range(len(second))``?"""
        op = self.nesting.inlined.get(first) if isinstance(first, Value) else None
        if op is None or op.prim.function is not range or len(op.args) != 1:
            return False
        length = self.nesting.inlined.get(op.args[0]) if isinstance(op.args[0], Value) else None
        return length is not None and length.prim.function is len and length.args[0] is second

    def _while(self, op: Op) -> list[ast.stmt]:
        before, collects = self._loop_frame(op)
        test = op.regions[0]
        statements = self.region(test)
        condition = self.expressions.operand(test.yields[0])
        body = self._loop_body(op, collects)
        if statements:
            leave = ast.If(_negation(condition), [ast.Break()], [])
            return [*before, ast.While(ast.Constant(True), [*statements, leave, *body], [])]
        return [*before, ast.While(condition, body, [])]


def _is_mask(place: object) -> bool:
    """Does a boolean array select the entries? Then none comes twice."""
    return isinstance(place, Array) and place.dtype is not None and place.dtype.kind == "b"


def _popped(statements: list[ast.stmt]) -> list[ast.stmt]:
    """``x = xs.pop()`` for ``x = xs[-1]`` and ``del xs[-1]`` right after it."""
    result: list[ast.stmt] = []
    for node in statements:
        last = result[-1] if result else None
        if isinstance(node, ast.Delete) and isinstance(last, ast.Assign):
            read, (gone,) = last.value, node.targets
            if isinstance(read, ast.Subscript) and isinstance(gone, ast.Subscript):
                place = ast.dump(ast.UnaryOp(ast.USub(), ast.Constant(1)))
                same = isinstance(read.value, ast.Name) and isinstance(gone.value, ast.Name)
                if (
                    same
                    and read.value.id == gone.value.id  # type: ignore[attr-defined]  # both are names
                    and ast.dump(read.slice) == ast.dump(gone.slice) == place
                ):
                    last.value = call(ast.Attribute(read.value, "pop", LOAD))
                    continue
        result.append(node)
    return result


def _heading(statement: Span) -> str:
    """A user's statement on one line; of a compound one its first line."""
    text = statement.one_line(COMMENT_WIDTH)
    compound = text.startswith(("if ", "for ", "while ", "elif "))
    return f"{text}:" if compound and not text.endswith((":", "…")) else text


def _assign(target: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(target, STORE)], value, lineno=0)


def _negation(test: ast.expr) -> ast.expr:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    return ast.UnaryOp(ast.Not(), test)


def _without_minus(node: ast.expr) -> ast.expr | None:
    """``a * b`` for ``-a * b``, so that ``x += -a * b`` is ``x -= a * b``."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node.operand
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.MatMult):
        left = _without_minus(node.left)
        return None if left is None else ast.BinOp(left, node.op, node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        left = _without_minus(node.left)  # -a - b is -(a + b)
        return None if left is None else ast.BinOp(left, ast.Add(), node.right)
    return None


def _without_term(node: ast.expr, target: str) -> ast.expr | None:
    """A sum without the term that is just the name ``target``; None if it has not just one."""
    terms: list[tuple[bool, ast.expr]] = []
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        terms.append((isinstance(node.op, ast.Add), node.right))
        node = node.left
    terms.append((True, node))
    terms.reverse()
    own = [k for k, (plus, term) in enumerate(terms) if plus and _is_name(term, target)]
    names = [n for _, t in terms for n in ast.walk(t) if isinstance(n, ast.Name) and n.id == target]
    if len(own) != 1 or len(names) != 1:
        return None
    rest = terms[: own[0]] + terms[own[0] + 1 :]
    first = next((k for k, (plus, _) in enumerate(rest) if plus), 0)
    plus, total = rest.pop(first)
    if not plus:
        total = ast.UnaryOp(ast.USub(), total)
    for plus, term in rest:
        total = ast.BinOp(total, ast.Add() if plus else ast.Sub(), term)
    return total


def _is_name(node: ast.expr, target: str) -> bool:
    return isinstance(node, ast.Name) and node.id == target


def _wants_comments(function: Function) -> bool:
    """Headings help where several of the user's statements are differentiated."""
    seen = {op.statement for op in _derived(function.body) if op.statement is not None}
    return len(seen) > 1


def _derived(region: Region) -> list[Op]:
    found = []
    for op in region.ops:
        if op.derived and op.prim not in (IF, FOR, WHILE):
            found.append(op)
        for inner in op.regions:
            found += _derived(inner)
    return found


def _must_bind(body: Region) -> set[Value]:
    """Results of branches that are read where the arm that defines them may not have run."""
    homes: dict[Value, tuple[Operand, int]] = {}
    for op in walk(body):
        if op.prim is IF:
            for k, result in enumerate(op.results):
                arms = [n for n, arm in enumerate(op.regions) if arm.yields[k] is not UNDEF]
                if len(arms) == 1:
                    homes[result] = (op.args[0], arms[0])
    found: set[Value] = set()
    _reads_outside(body, frozenset(), homes, found)
    return found


def _reads_outside(
    region: Region,
    taken: frozenset[tuple[Operand, int]],
    homes: dict[Value, tuple[Operand, int]],
    found: set[Value],
) -> None:
    """Collect the values read in a region where not all that defines them is known to have run."""

    def read(operands: Iterable[Operand]) -> None:
        found.update(o for o in operands if o in homes and homes[o] not in taken)

    for op in region.ops:
        read(op.args)
        for n, inner in enumerate(op.regions):
            arm = {(op.args[0], n)} if op.prim is IF else set()
            _reads_outside(inner, taken | arm, homes, found)
    read(region.yields)
