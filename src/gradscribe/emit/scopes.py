"""``try`` and ``with`` as statements.

A SCOPE with handlers and the branch on whether its body was completed, right after it, are one
statement: the branch's arms are the ``else`` and ``except`` clauses. Anything else that asks which
way was taken reads variables that the clauses set::

    try:                                try:
        y = f(x)                            y = f(x)
    except ValueError:                      completed = True
        y = 0.0                         except ValueError:
                                            completed = False
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, final

from gradscribe.emit.bindings import stand_in
from gradscribe.emit.syntax import LOAD, STORE, assign
from gradscribe.ir.core import Op, Operand, Region
from gradscribe.ir.rewrite import operands_in
from gradscribe.ir.scopes import CAUGHT, COMPLETED, ERROR, HEAD, catches, head

if TYPE_CHECKING:
    from gradscribe.emit.statements import Statements


@final
class Scopes:
    """Writes the scopes of a function, whose bodies ``statements`` writes."""

    def __init__(self, statements: Statements) -> None:
        self.statements = statements
        self.nesting = statements.nesting
        self.names = statements.names
        self.expressions = statements.expressions
        self.copies = statements.assignments.copies

    def write(self, op: Op) -> list[ast.stmt]:
        if not catches(op):
            return self._around(op)
        clauses = self.nesting.clauses.get(id(op))
        if clauses is None:
            count = len(op.attrs.template.handlers)  # type: ignore[union-attr]  # a Try
            return self.tried(op, [], [[] for _ in range(count)])
        then = self.statements.arm(clauses.branch, clauses.branch.regions[0])
        return self.tried(op, then, [self._handler(*handler) for handler in clauses.handlers])

    def _handler(self, region: Region, levels: list[tuple[Op, Region]]) -> list[ast.stmt]:
        (inner, arm), *outer = levels
        made = self.statements.arm(inner, region if arm is region else arm)
        for branch, around in outer:
            made += self.statements.handed_out(branch, around)
        return made

    # ------------------------------------------------------------------ with, finally

    def _around(self, op: Op) -> list[ast.stmt]:
        node: Any = self.expressions.template(op)
        node.body = self._body(op) or [ast.Pass()]
        (region,) = op.regions
        only = node.body[0] if len(node.body) == 1 else None
        if isinstance(node, ast.With):
            for param in region.params:
                read = self.nesting.counts.get(param, 0)
                name = ast.Name(self.names[param], STORE) if read else None
                node.items[0].optional_vars = name
            if isinstance(only, ast.With):
                node.items, node.body = [*node.items, *only.items], only.body
        elif isinstance(only, ast.Try) and not only.finalbody:
            only.finalbody = node.finalbody
            return [only]
        return [node]

    def _body(self, op: Op) -> list[ast.stmt]:
        """The statements of the body, its results assigned at its end."""
        (region,) = op.regions
        statements = self.statements.region(region)
        pairs = list(zip(op.results, region.yields, strict=True))[head(op) :]
        return statements + self.copies(pairs)

    # ------------------------------------------------------------------ try

    def tried(self, op: Op, then: list[ast.stmt], handled: list[list[ast.stmt]]) -> list[ast.stmt]:
        """A ``try`` with what follows its body, and what each handler does."""
        node: Any = self.expressions.template(op)
        marks = self._marks(op)
        body = self._body(op)
        body += [assign(name, ast.Constant(done)) for name, done, _ in marks]
        if then and self._only_copies(op):
            body, then = body + then, []
        node.body, node.orelse = body or [ast.Pass()], then
        for k, (clause, statements) in enumerate(zip(node.handlers, handled, strict=True)):
            failed = [assign(name, ast.Constant(value(k))) for name, _, value in marks]
            clause.body = [*failed, *self._unbound(op), *self._with_error(op, clause, statements)]
            clause.body = clause.body or [ast.Pass()]
        return [node]

    def _only_copies(self, op: Op) -> bool:
        """Does what follows the body only move values, which cannot raise?"""
        then, _ = self.nesting.clauses[id(op)].branch.regions
        return not then.ops

    def _marks(self, op: Op) -> list[tuple[str, Any, Any]]:
        """The variables that say which way was taken, with their values for each."""
        clauses = self.nesting.clauses.get(id(op))
        counts = self.nesting.counts
        own = {COMPLETED: 0, CAUGHT: 0}
        if clauses is not None:
            asked = len(clauses.handlers) - 1 if clauses.branch.regions[1].ops else 0
            own = {COMPLETED: 1, CAUGHT: asked}
        marks: list[tuple[str, Any, Any]] = []
        if counts.get(op.results[COMPLETED], 0) > own[COMPLETED]:
            marks.append((self.names[op.results[COMPLETED]], True, lambda k: False))
        if counts.get(op.results[CAUGHT], 0) > own[CAUGHT]:
            marks.append((self.names[op.results[CAUGHT]], 0, lambda k: k + 1))
        return marks

    def _unbound(self, op: Op) -> list[ast.stmt]:
        """What is read whichever way was taken is bound also where the body did not bind it."""
        return [
            assign(self.names[result], self.expressions.operand(stand_in(result)))
            for result in op.results[HEAD:]
            if result in self.statements.must_bind
        ]

    def _with_error(
        self, op: Op, clause: ast.ExceptHandler, statements: list[ast.stmt]
    ) -> list[ast.stmt]:
        """Name the exception in a clause; Python forgets the name at its end."""
        error = op.results[ERROR]
        if not self.nesting.counts.get(error, 0):
            return statements
        name = self.names[error]
        if self._read_after(op, error):
            clause.name = self._unused(f"{name}_caught")
            return [assign(name, ast.Name(clause.name, LOAD)), *statements]
        statements = [_Reraise(name).visit(node) for node in statements]
        if any(isinstance(n, ast.Name) and n.id == name for s in statements for n in ast.walk(s)):
            clause.name = name
        return statements

    def _read_after(self, op: Op, error: Operand) -> bool:
        clauses = self.nesting.clauses.get(id(op))
        inside = operands_in(clauses.branch.regions[1]) if clauses is not None else ()
        return sum(o is error for o in inside) < self.nesting.counts[error]  # type: ignore[index]

    def _unused(self, wish: str) -> str:
        taken = set(self.names.names.values())
        while wish in taken:
            wish += "_"
        return wish


@final
class _Reraise(ast.NodeTransformer):
    """``raise`` for ``raise e`` in the clause that caught e."""

    def __init__(self, name: str) -> None:
        self.name = name

    def visit_Raise(self, node: ast.Raise) -> ast.Raise:
        if isinstance(node.exc, ast.Name) and node.exc.id == self.name and node.cause is None:
            return ast.Raise(None, None)
        return node

    def visit_Try(self, node: ast.Try) -> ast.Try:
        return node  # in its clauses another exception is at hand
