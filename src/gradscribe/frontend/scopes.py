"""``try`` and ``with``: a body in a scope of its own, and what comes after it.

The body is lowered into the region of a SCOPE; what it binds and changes are results. The handlers
of a ``try`` are the other arm of a branch on whether the body was completed (see ``ir/scopes.py``).
There the state is that before the body, but what the body may have changed by the time it raised is
*lost*: a name that it binds (unless its last statement does, after which nothing can raise), and
every object that it writes to. Reading such a name is refused.

``finally`` runs on every way out. Where it only computes, it is lowered after the body; where it
acts, it must be code that can stand in the SCOPE's template, which Python runs on every way.
"""

from __future__ import annotations

import contextlib
import operator
from typing import Any, final

import gast

from gradscribe.frontend import managers, opaque, surgery
from gradscribe.frontend.control import NEVER, Arm, Ended, branch, enter, joined, proceed
from gradscribe.frontend.decided import decided
from gradscribe.frontend.exits import leaves, returns
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Heap, Lost
from gradscribe.frontend.resolve import assigned_names
from gradscribe.frontend.ways import Ways
from gradscribe.ir.control import adjoint_of
from gradscribe.ir.core import UNDEF, Attrs, Const, Op, Operand, Value, walk
from gradscribe.ir.primitives import OPAQUE, SCOPE, of
from gradscribe.ir.scopes import is_atomic
from gradscribe.ir.types import PY_BOOL, PY_INT, UNKNOWN

Taken = tuple[Ended, bool]


def try_(frame: Frame, node: gast.Try, rest: list[Any]) -> Taken:
    """Lower a ``try``: how the block ended, and whether ``rest`` was lowered after it here."""
    if node.finalbody:
        return _finally(frame, node, rest)
    taken = decided(frame, node, rest)
    if taken is not None:
        return taken
    early = returns(node) or leaves(node)
    tail = rest if early else []
    before = frame.env, frame.heap
    scope = _Scope(frame, node.body)
    scope.stand(_handlers_alone(node))
    completed, caught = Value("completed", PY_BOOL), Value("caught", PY_INT)
    hints = [handler.name.id for handler in node.handlers if handler.name is not None]
    error = Value(hints[0] if hints else "error", UNKNOWN, named=bool(hints))
    ended = scope.proceed([completed, caught, error], [Const(True), Const(0), UNDEF])

    def through() -> Ended:
        return NEVER if ended is NEVER else scope.ways.after(frame, [*node.orelse, *tail])

    def handle(k: int) -> Ended:
        def run() -> Ended:
            return _handler(frame, node.handlers[k], error, tail)

        if k + 1 == len(node.handlers):
            return run()
        chosen = frame.emit(of(operator.eq), caught, k + 1)
        return branch(frame, chosen, run, lambda: handle(k + 1))

    then = Arm(frame, through)
    enter(frame, *_lost(scope.arm, node, *before))
    other = Arm(frame, lambda: handle(0))
    enter(frame, *before)
    return joined(frame, completed, then, other, flag=True), early


def _handlers_alone(node: gast.Try) -> gast.Try:
    """The skeleton of a ``try``: its handlers without what they do."""
    handlers = [gast.ExceptHandler(h.type, None, [gast.Pass()]) for h in node.handlers]
    return gast.Try([gast.Pass()], handlers, [], [])


def _handler(frame: Frame, node: gast.ExceptHandler, error: Value, tail: list[Any]) -> Ended:
    """Lower what one handler does."""
    from gradscribe.frontend.lower import block

    if node.name is not None:
        frame.env[node.name.id] = frame.wrap(error, node.name.id)
    frame.caught.append(error)
    try:
        ended = block(frame, [*node.body, *tail])
    finally:
        frame.caught.pop()
    if node.name is not None:
        frame.env.pop(node.name.id, None)
    return ended


def raise_(frame: Frame, node: gast.Raise) -> None:
    """``raise``; alone in a handler it raises what was caught."""
    around: Frame | None = frame
    while around is not None and not around.caught:
        around = around.parent
    if node.exc is not None or around is None:
        opaque.statement(frame, node)
        return
    again = gast.gast_to_ast(gast.Raise(gast.Name("_0", gast.Load(), None, None), None))
    frame.builder.append(Op(OPAQUE, (around.caught[-1],), (), attrs=Attrs(template=again)))


@final
class _Scope:
    """A body lowered into the region of a SCOPE; the state is that before it until ``proceed``."""

    def __init__(self, frame: Frame, statements: list[Any], target: Any = None) -> None:
        from gradscribe.frontend.lower import assign, block

        self.frame = frame
        self.args: tuple[Operand, ...] = ()
        self.attrs = Attrs()
        self.ways = Ways(frame, statements)
        params = [Value("entered", UNKNOWN)] if target is not None else []

        def run() -> Ended:
            self.ways.begin(frame)
            frame.exits.append(self.ways)
            try:
                for param in params:
                    assign(frame, target, frame.wrap(param))
                return block(frame, statements)
            finally:
                frame.exits.pop()

        self.arm = Arm(frame, run)
        self.arm.region.params = params

    def stand(self, skeleton: Any, form: str | None = None) -> None:
        """Say what the body stands in; what that reads is as it was before the body."""
        template, operands = opaque.template_of(self.frame, skeleton)
        self.args, self.attrs = tuple(operands), Attrs(template=template, form=form)

    def proceed(self, first: list[Value] | None = None, yields: Any = ()) -> Ended:
        """Append the SCOPE, with the results that come first, and go on; how its body ended."""
        frame, region = self.frame, self.arm.region
        defined = {r for op in region.ops for r in op.results}.union(region.params)
        results: dict[Operand, Value] = {}

        def export(operand: Operand) -> Operand:
            if not isinstance(operand, Value) or operand not in defined:
                return operand
            if operand not in results:
                results[operand] = Value(operand.hint, operand.type, operand.named)
            return results[operand]

        ended = proceed(frame, self.arm, export, defined)
        region.yields = [*yields, *results]
        made = (*(first or ()), *results.values())
        frame.builder.append(Op(SCOPE, self.args, made, (region,), self.attrs))
        return ended


# ---------------------------------------------------------------------------- what is lost


def _lost(arm: Arm, node: Any, env: dict[str, Bound], heap: Heap) -> tuple[dict[str, Bound], Heap]:
    """The state before a body as its handlers find it."""
    env, heap = dict(env), heap.copy()
    last = _bound_last(node.body)
    for name in assigned_names(node.body):
        if name not in last:
            env[name] = Lost(
                f"the try at line {node.lineno} binds {name!r}, and may or may not have done so "
                "when it raised an exception: here its value is not known"
            )
    heap.lost |= arm.heap.lost
    done = arm.region.ops[-1] if arm.region.ops else None
    for loc, value in heap.values.items():
        after = arm.heap.values.get(loc)
        if done is not None and is_atomic(done) and done.args[0] is value:
            if done.results == (after,):
                continue
        if after is not value:
            heap.lost[loc] = Lost(
                f"the try at line {node.lineno} writes to {loc.name or 'this object'}, and may or "
                "may not have done so when it raised an exception: here its value is not known"
            )
    return env, heap


def _bound_last(body: list[Any]) -> set[str]:
    """The names that a body binds once everything in it that may raise is done."""
    *rest, last = body
    if rest and _is_harmless(last):
        own = set(assigned_names([last]))
        return own - set(assigned_names(rest)) | _bound_last(rest) - own
    earlier = set(assigned_names(rest))
    if isinstance(last, gast.If):
        inside = set(assigned_names([gast.Expr(last.test)]))
        arms = [_bound_last(arm) for arm in (last.body, last.orelse) if arm]
        others = [set(assigned_names(arm)) for arm in (last.body, last.orelse) if arm]
        early = set().union(*(o - a for o, a in zip(others, arms, strict=True)))
        return set().union(*arms) - early - earlier - inside
    if not isinstance(last, gast.Assign | gast.AnnAssign | gast.AugAssign):
        return set()
    targets = last.targets if isinstance(last, gast.Assign) else [last.target]
    if len(targets) != 1:
        return set()
    (target,) = targets
    parts = target.elts if isinstance(target, gast.Tuple | gast.List) else [target]
    if not all(isinstance(part, gast.Name) for part in parts):
        return set()
    inside = set(assigned_names([gast.Expr(last.value)])) if last.value is not None else set()
    return {part.id for part in parts} - earlier - inside


def _is_harmless(node: Any) -> bool:
    """``a = b``, ``a = 0``, ``break``, ``return a``: nothing that may raise."""
    if isinstance(node, gast.Break | gast.Continue | gast.Pass):
        return True
    if isinstance(node, gast.Return):
        return node.value is None or isinstance(node.value, gast.Name | gast.Constant)
    return (
        isinstance(node, gast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], gast.Name)
        and isinstance(node.value, gast.Name | gast.Constant)
    )


# ---------------------------------------------------------------------------- with


def with_(frame: Frame, node: gast.With, rest: list[Any]) -> Taken:
    """Lower a ``with``: how the block ended, and whether ``rest`` was lowered after it here."""
    from gradscribe.frontend.lower import block

    item, *more = node.items
    body = node.body
    if more:
        body = [gast.copy_location(gast.With(more, node.body, None), node)]
    call = item.context_expr
    manager = managers.object_of(frame, call)
    if manager is contextlib.nullcontext and isinstance(call, gast.Call):
        bound = []
        if item.optional_vars is not None:
            value = call.args[0] if call.args else gast.Constant(None, None)
            bound = [gast.copy_location(gast.Assign([item.optional_vars], value, None), node)]
        return block(frame, [*bound, *body, *rest]), True
    if manager is adjoint_of and isinstance(call, gast.Call):
        surgery.with_adjoint(frame, node, item, body)
        return block(frame, rest), True
    if manager is contextlib.suppress and isinstance(call, gast.Call):
        kinds = gast.Tuple(call.args, gast.Load())
        handler = gast.ExceptHandler(kinds, None, [gast.copy_location(gast.Pass(), node)])
        return try_(frame, gast.copy_location(gast.Try(body, [handler], [], []), node), rest)
    managers.check(frame, call, manager)
    early = returns(node) or leaves(node)
    target = item.optional_vars
    name = gast.Name("entered", gast.Store(), None, None) if target is not None else None
    skeleton = gast.copy_location(gast.With([gast.withitem(call, name)], [gast.Pass()], None), node)
    form = "repeated" if managers.is_repeated(manager) and target is None else None
    scope = _Scope(frame, body, target)
    scope.stand(skeleton, form)
    ended = scope.proceed()
    if ended is NEVER:
        return NEVER, True
    return scope.ways.after(frame, rest if early else []), early


# ---------------------------------------------------------------------------- finally


def _finally(frame: Frame, node: gast.Try, rest: list[Any]) -> Taken:
    """Lower ``try: … finally: …``, the handlers being part of what is tried."""
    from gradscribe.frontend.lower import block

    body = node.body
    if node.handlers:
        inner = gast.Try(node.body, node.handlers, node.orelse, [])
        body = [gast.copy_location(inner, node)]
    early = returns(node) or leaves(node)
    for statement in node.finalbody:
        if returns(statement) or leaves(statement):
            frame.refuse(
                statement,
                "leaving a finally clause early is not supported",
                "leave after the try statement",
            )
    scope = _Scope(frame, body)
    before = frame.env, frame.heap
    ended = scope.arm.ended
    enter(frame, scope.arm.env, scope.arm.heap)
    if ended is not NEVER and not _acts(frame, node.finalbody):
        frame.builder.region.ops += scope.arm.region.ops
        block(frame, node.finalbody)
    else:
        enter(frame, *before)
        scope.stand(_final(frame, node))
        ended = scope.proceed()
    if ended is NEVER:
        return NEVER, True
    return scope.ways.after(frame, rest if early else []), early


def _final(frame: Frame, node: gast.Try) -> gast.Try:
    """The skeleton of a ``try`` with its ``finally`` clause, which Python runs on every way out."""
    changed = set(assigned_names([*node.body, *node.handlers, *node.orelse]))
    for name in assigned_names(node.finalbody):
        frame.refuse(
            node.finalbody[0],
            f"a finally clause that binds a name ({name!r}) and has effects is not supported",
            "bind the name before the try",
        )
    for part in (part for statement in node.finalbody for part in gast.walk(statement)):
        if isinstance(part, gast.Name) and part.id in changed:
            frame.refuse(
                part,
                f"a finally clause that reads {part.id!r}, which the try binds, is not supported",
                "bind it before the try",
            )
        if isinstance(part, gast.Call):
            opaque.check_call(frame, part)
    return gast.Try([gast.Pass()], [], [], node.finalbody)


def _acts(frame: Frame, statements: list[Any]) -> bool:
    """Does lowering these statements here give operations with effects?"""
    from gradscribe.frontend.lower import block

    trial = Arm(frame, lambda: block(frame, statements))
    return any(op.prim.effect for op in walk(trial.region))
