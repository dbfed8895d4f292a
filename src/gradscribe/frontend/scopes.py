"""``try`` and ``with``: a body in a scope of its own, and what comes after it.

The body is lowered into the region of a SCOPE; what it binds and changes are results. The handlers
of a ``try`` are the other arm of a branch on whether the body was completed (see ``ir/scopes.py``).
There the state is that before the body, but what the body may have changed by the time it raised is
*lost*: a name that it binds, and an object that it writes to, before something else that may raise.
Reading such a name is refused.

``finally`` runs on every way out. Where it only computes, it is lowered after the body; where it
acts, it must be code that can stand in the SCOPE's template, which Python runs on every way.
"""

from __future__ import annotations

import contextlib
import operator
from typing import Any, final

import gast

from gradscribe.frontend import entered, managers, opaque, raising, stepwise, surgery
from gradscribe.frontend.arms import NEVER, Arm, Ended, enter, proceed
from gradscribe.frontend.control import branch, joined
from gradscribe.frontend.decided import caught_by_any, decided
from gradscribe.frontend.exits import leaves, returns
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Heap, Loc, Lost, Why
from gradscribe.frontend.hidden import plain
from gradscribe.frontend.resolve import assigned_names
from gradscribe.frontend.ways import Step, Ways, caught
from gradscribe.ir.control import adjoint_of
from gradscribe.ir.core import UNDEF, Attrs, Const, Op, Operand, Value, walk
from gradscribe.ir.primitives import IF, OPAQUE, SCOPE, of
from gradscribe.ir.raising import Kinds, may_raise_one
from gradscribe.ir.scopes import catches, is_atomic, may_raise
from gradscribe.ir.types import PY_BOOL, PY_INT, UNKNOWN
from gradscribe.ir.unfit import is_decisive

Taken = tuple[Ended, bool]


def try_(frame: Frame, node: gast.Try, rest: list[Any]) -> Taken:
    """Lower a ``try``: how the block ended, and whether ``rest`` was lowered after it here."""
    if node.finalbody:
        return _finally(frame, node, rest)
    taken = decided(frame, node, rest)
    if taken is not None:
        return taken
    if frame.definition.span(node) in frame.builder.stepwise and type(node) is gast.Try:
        return stepwise.steps(frame, node, rest)
    early = returns(node) or leaves(node)
    tail = rest if early else []
    before = frame.env, frame.heap
    watch = _Watch(frame, caught_by_any(frame, node))
    with caught(frame, node), frame.builder.watched([*frame.builder.watchers, watch]):
        scope = _Scope(frame, node.body)
    if not watch.raises:
        ended = scope.dissolve()
        return (NEVER if ended is NEVER else scope.ways.after(frame, [*node.orelse, *tail])), early
    lost = watch.lost(scope.arm, node)
    scope.stand(_handlers_alone(node))
    completed, number = Value("completed", PY_BOOL), Value("caught", PY_INT)
    hints = [plain(handler.name.id) for handler in node.handlers if handler.name is not None]
    error = Value(hints[0] if hints else "error", UNKNOWN, named=bool(hints))
    ended = scope.proceed([completed, number, error], [Const(True), Const(0), UNDEF])

    def through() -> Ended:
        return NEVER if ended is NEVER else scope.ways.after(frame, [*node.orelse, *tail])

    def handle(k: int) -> Ended:
        def run() -> Ended:
            return handled(frame, node.handlers[k], error, tail)

        if k + 1 == len(node.handlers):
            return run()
        chosen = frame.emit(of(operator.eq), number, k + 1)
        return branch(frame, chosen, run, lambda: handle(k + 1))

    then = Arm(frame, through)
    enter(frame, *lost)
    other = Arm(frame, lambda: handle(0))
    enter(frame, *before)
    return joined(frame, completed, then, other, flag=True), early


def _handlers_alone(node: gast.Try) -> gast.Try:
    """The skeleton of a ``try``: its handlers without what they do."""
    handlers = [gast.ExceptHandler(h.type, None, [gast.Pass()]) for h in node.handlers]
    return gast.Try([gast.Pass()], handlers, [], [])


def handled(frame: Frame, node: gast.ExceptHandler, error: Value, tail: list[Any]) -> Ended:
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
        kind = _raised(frame, node)
        if kind is not None:
            raising.met(frame, node, kind)
        opaque.statement(frame, node)
        return
    again = gast.gast_to_ast(gast.Raise(gast.Name("_0", gast.Load(), None, None), None))
    frame.builder.append(Op(OPAQUE, (around.caught[-1],), (), attrs=Attrs(template=again)))


def _raised(frame: Frame, node: gast.Raise) -> type[BaseException] | None:
    """The class that is raised, where making the exception does no more than that."""
    call = isinstance(node.exc, gast.Call)
    found, given = (node.exc.func, node.exc.args) if call else (node.exc, [])
    if node.cause is not None or not isinstance(found, gast.Name) or (call and node.exc.keywords):
        return None
    if not all(isinstance(arg, gast.Constant) for arg in given) or found.id in frame.env:
        return None
    try:
        kind = frame.definition.lookup(found.id)
    except KeyError:
        return None
    plain = isinstance(kind, type) and issubclass(kind, Exception)
    own = plain and (kind.__init__ is not Exception.__init__ and kind.__module__ != "builtins")
    return kind if plain and not own else None


@final
class _Scope:
    """A body lowered into the region of a SCOPE; the state is that before it until ``proceed``."""

    def __init__(self, frame: Frame, statements: list[Any], target: Any = None) -> None:
        from gradscribe.frontend.lower import block
        from gradscribe.frontend.targets import assign

        self.frame = frame
        self.args: tuple[Operand, ...] = ()
        self.attrs = Attrs()
        self.ways = Ways(frame, statements)
        params = [Value("entered", UNKNOWN)] if target is not None else []

        def run() -> Ended:
            self.ways.begin(frame)
            frame.exits.append(self.ways)
            frame.trying += 1
            attempts, frame.attempts = frame.attempts, []  # who catches is not known
            try:
                for param in params:
                    assign(frame, target, frame.wrap(param))
                return block(frame, statements)
            finally:
                frame.attempts = attempts
                frame.exits.pop()
                frame.trying -= 1

        self.arm = Arm(frame, run)
        self.arm.region.params = params

    def stand(self, skeleton: Any, form: str | None = None) -> None:
        """Say what the body stands in; what that reads is as it was before the body."""
        template, operands = opaque.template_of(self.frame, skeleton)
        self.args, self.attrs = tuple(operands), Attrs(template=template, form=form)

    def dissolve(self) -> Ended:
        """Go on from the end of the body without the SCOPE; how the body ended."""
        enter(self.frame, self.arm.env, self.arm.heap)
        self.frame.builder.region.ops += self.arm.region.ops
        return self.arm.ended

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


def _line(frame: Frame, node: Any) -> str:
    """Where a statement stands, or what it was written out for."""
    span = frame.here(node)
    return f" at line {span.line}" if span is not None else ""


@final
class _Watch:
    """What the body of a ``try`` may have done by the time that something in it raises.

    A name that is bound, or an object that is changed, after everything that may raise is as it
    was where a handler runs.
    """

    def __init__(self, frame: Frame, kinds: Kinds | None) -> None:
        self.frame = frame
        self.kinds = kinds  # what the handlers catch, where they catch but what is foreseen
        self.env, self.values = dict(frame.env), dict(frame.heap.values)
        self.names: set[str] = set()
        self.objects: set[Loc] = set()
        self.raises = False

    def __call__(self, what: Op | Operand) -> None:
        """This comes next."""
        if isinstance(what, Op):
            if what.prim is IF or catches(what) or not may_raise(what):
                return  # what is in them was seen
            if self.kinds is not None and not may_raise_one(what, self.kinds):
                return
        elif is_decisive(what):
            return
        self.raises = True
        values, env = self.frame.heap.values, self.frame.env
        self.objects |= {loc for loc, old in self.values.items() if values.get(loc) is not old}
        bound = {*self.env, *env}
        self.names |= {name for name in bound if env.get(name) != self.env.get(name)}
        if isinstance(what, Op) and what.prim.mutates is not None and not is_atomic(what):
            target = what.args[what.prim.mutates]
            self.objects |= {loc for loc in self.values if values.get(loc) is target}

    def lost(self, arm: Arm, node: Any) -> tuple[dict[str, Bound], Heap]:
        """The state before the body as its handlers find it."""
        env, heap = dict(self.frame.env), self.frame.heap.copy()
        whole = node.attempt if isinstance(node, Step) else node
        line, attempt = _line(self.frame, whole), self.frame.definition.span(whole)
        for name in assigned_names(node.body):
            if name in self.names:
                env[name] = Lost(
                    Why(
                        f"the try{line} binds {name!r}, and may or may not have "
                        "done so when it raised an exception: here its value is not known",
                        attempt,
                    )
                )
        heap.lost |= arm.heap.lost
        for loc in (loc for loc in heap.values if loc in self.objects):
            heap.lost[loc] = Lost(
                Why(
                    f"the try{line} writes to {loc.name or 'this object'}, and may or may not "
                    "have done so when it raised an exception: here its value is not known",
                    attempt,
                )
            )
        return env, heap


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
    statements = entered.written_out(frame, node, body)
    if statements is not None:
        return block(frame, [*statements, *rest]), True
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
    if ended is not NEVER and not acts(frame, node.finalbody):
        scope.dissolve()
        block(frame, node.finalbody)
        for watcher in frame.builder.watchers:  # it is done also where the body has raised
            for op in walk(scope.arm.region):
                watcher(op)
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


def acts(frame: Frame, statements: list[Any]) -> bool:
    """Does lowering these statements here give operations with effects?"""
    from gradscribe.frontend.lower import block

    trial = Arm(frame, lambda: block(frame, statements))
    return any(op.prim.effect for op in walk(trial.region))
