"""``try`` step by step: each statement of the body is tried by itself.

Where a handler, or what comes after it, reads what the body may or may not have changed when it
raised, the function is lowered anew, and that ``try`` in steps::

    try:                            try: y = x * x          (nothing here raises: no try is left)
        y = x * x                   except ValueError: jump
        z = math.sqrt(y - 4)        try: z = math.sqrt(y - 4)
    except ValueError:              except ValueError: jump
        z = y                       …  where it jumped: z = y

A handler then finds the state before the statement that raised, on each way to it. Branches, loops
and ``with`` stay, with steps in their bodies; a step in a loop breaks out of it before it jumps. If
what stands between the steps may raise, as a loop's test may, the ``try`` is refused as it was.
"""

from __future__ import annotations

import operator
from typing import Any, final

import gast

from gradscribe.frontend import raising
from gradscribe.frontend.arms import NEVER, Ended
from gradscribe.frontend.control import branch
from gradscribe.frontend.decided import asks_what, caught_by_any
from gradscribe.frontend.exits import leaves, returns
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.hidden import hidden
from gradscribe.frontend.ways import Jump, Step, Ways
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import UNDEF, Const, Op, Operand, Region, Value
from gradscribe.ir.primitives import FOR, IF, SCOPE, WHILE, of
from gradscribe.ir.raising import is_walked, may_raise_one
from gradscribe.ir.scopes import catches, is_repeated, may_raise
from gradscribe.ir.types import UNKNOWN
from gradscribe.ir.unfit import is_decisive

Taken = tuple[Ended, bool]


def steps(frame: Frame, node: gast.Try, rest: list[Any]) -> Taken:
    """Lower a ``try`` in steps: how the block ended, and whether ``rest`` was lowered here."""
    return _Steps(frame, node).lower(rest)


@final
class _Steps:
    """One ``try`` that is lowered step by step."""

    def __init__(self, frame: Frame, node: gast.Try) -> None:
        self.frame = frame
        self.node = node
        depth = str(len(frame.exits))
        self.caught, self.error = hidden("caught", depth), hidden("error", depth)
        self.asked = any(map(asks_what, node.handlers))
        self.kinds = caught_by_any(frame, node)
        self.watched = self.watch  # one object, by which it is known

    def lower(self, rest: list[Any]) -> Taken:
        from gradscribe.frontend.lower import block

        frame, node = self.frame, self.node
        body = [part for statement in node.body for part in self._step(statement, Jump)]
        ways = Ways(frame, body)
        ways.begin(frame)
        frame.env[self.caught], frame.env[self.error] = Const(0), UNDEF
        frame.exits.append(ways)
        try:
            with frame.builder.watched([*frame.builder.watchers, self.watched]):
                ended = block(frame, body)
        finally:
            frame.exits.pop()
        if ended is NEVER:
            return NEVER, True
        early = returns(node) or leaves(node)
        tail = rest if early else []
        return ways.after(frame, [*node.orelse, *tail], lambda: self._handle(0, tail)), early

    def _handle(self, k: int, tail: list[Any]) -> Ended:
        """Lower the handlers from number ``k`` on."""
        from gradscribe.frontend.scopes import handled

        def run() -> Ended:
            error = frame.read(frame.env[self.error]) if self.asked else Value("error", UNKNOWN)
            assert isinstance(error, Value)
            return handled(frame, handlers[k], error, tail)

        frame, handlers = self.frame, self.node.handlers
        if k + 1 == len(handlers):
            return run()
        chosen = frame.emit(_EQUAL, frame.read(frame.env[self.caught]), k + 1)
        return branch(frame, chosen, run, lambda: self._handle(k + 1, tail))

    def watch(self, what: Op | Operand) -> None:
        """Refuse what may raise between the steps."""
        if isinstance(what, Op) and not self._may_raise(what):
            return
        if not isinstance(what, Op) and is_decisive(what):
            return
        frame = self.frame
        raise raising.Untold("", frame.here(self.node), frame.definition.span(self.node))

    def _may_raise(self, op: Op) -> bool:
        """May an operation between steps raise what is caught?"""
        if op.prim is IF or catches(op) or is_repeated(op) or not may_raise(op):
            return False  # what is in them was seen
        if self.kinds is not None and not may_raise_one(op, self.kinds):
            return False
        return op.prim not in (FOR, WHILE) or not _runs(op) or any(map(self._raises, op.regions))

    def _raises(self, region: Region) -> bool:
        """May something in a loop raise what is caught, and is it in none of its steps?"""
        for op in region.ops:
            if self._may_raise(op) or (op.prim is IF and not is_decisive(op.args[0])):
                return True
            if op.prim in (IF, SCOPE) and not catches(op) and any(map(self._raises, op.regions)):
                return True
        return False

    # ------------------------------------------------------------------------ the body

    def _step(self, node: Any, way: type) -> list[Any]:
        """What a statement becomes: a step, or a compound statement with steps in it.

        ``way``: how its handlers go on, with a jump or, in a loop, out of that first.
        """
        if isinstance(node, gast.Return) and not isinstance(node.value, gast.Constant | None):
            kept, value = _kept(node.value, "value")
            return [self._tried(kept, way), gast.copy_location(gast.Return(value), node)]
        if isinstance(node, _UNCAUGHT):
            return [node]
        if isinstance(node, gast.If) and _computes(node.test):
            kept, test = _kept(node.test, "test")
            node = gast.copy_location(gast.If(test, node.body, node.orelse), node)
            return [self._tried(kept, way), self._with_steps(node, way)]
        if isinstance(node, gast.While) and _computes(node.test) and not node.orelse:
            test = gast.If(node.test, node.body, [gast.copy_location(gast.Break(), node)])
            always = gast.Constant(True, None)
            body = [gast.copy_location(test, node)]
            return self._step(gast.copy_location(gast.While(always, body, []), node), way)
        if isinstance(node, gast.If | gast.With):
            return [self._with_steps(node, way)]
        if isinstance(node, gast.For | gast.While):
            loop = self._with_steps(node, gast.Break, way)
            test = gast.Compare(_name(self.caught), [gast.Gt()], [gast.Constant(0, None)])
            raised = gast.If(gast.copy_location(test, node), [way()], [])
            return [loop, gast.copy_location(raised, node)]
        return [self._tried(node, way)]

    def _with_steps(self, node: Any, way: type, after: type | None = None) -> Any:
        """A compound statement with steps in its blocks; ``after``: in what follows a loop."""
        parts = dict(gast.iter_fields(node))
        for name in ("body", "orelse"):
            how = after if after is not None and name == "orelse" else way
            parts[name] = [
                p for statement in parts.get(name, []) for p in self._step(statement, how)
            ]
        if isinstance(node, gast.With):
            del parts["orelse"]
        return gast.copy_location(type(node)(**parts), node)

    def _tried(self, node: Any, way: type) -> Step:
        """A statement alone in a ``try`` whose handlers only say what they caught."""
        handlers = []
        for number, handler in enumerate(self.node.handlers, start=1):
            says: list[Any] = [_assign(self.caught, gast.Constant(number, None))]
            name = None
            if self.asked:
                name = _target(hidden(handler.name.id if handler.name else "error", "step"))
                says.append(_assign(self.error, _name(name.id)))
            body = [gast.copy_location(part, node) for part in (*says, way())]
            handlers.append(gast.ExceptHandler(handler.type, name, body))
        step: Step = gast.copy_location(Step([node], handlers, [], []), node)
        step.attempt, step.watch = self.node, self.watched
        return step


def _name(name: str) -> Any:
    return gast.Name(name, gast.Load(), None, None)


def _target(name: str) -> Any:
    return gast.Name(name, gast.Store(), None, None)


def _assign(name: str, value: Any) -> Any:
    return gast.Assign([_target(name)], value, None)


def _kept(node: Any, name: str) -> tuple[Any, Any]:
    """A statement that keeps the value of an expression, and what reads it."""
    kept = _assign(hidden(name, "step"), node)
    return gast.copy_location(kept, node), gast.copy_location(_name(kept.targets[0].id), node)


def _computes(test: Any) -> bool:
    """Does a test do more than to compare what is there?"""
    return any(isinstance(part, _COMPUTED) for part in gast.walk(test))


def _runs(op: Op) -> bool:
    """Does a loop raise nothing but what its body does?"""
    if op.prim is WHILE:
        return is_decisive(op.regions[0].yields[0])
    return all(is_walked(type_of_operand(arg)) for arg in op.args[: op.attrs.seqs])


_EQUAL = of(operator.eq)
_COMPUTED = (gast.Call, gast.BinOp, gast.Subscript, gast.Attribute, gast.NamedExpr)
# Statements that raise nothing.
_UNCAUGHT = (
    gast.Pass, gast.Break, gast.Continue, gast.Return, gast.FunctionDef, gast.Global, gast.Nonlocal,
)  # fmt: skip
