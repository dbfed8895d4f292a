"""One activation of a function being lowered: its names, the heap, and reading and writing."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any, NoReturn, final

import gast

from gradscribe.arrays import foreign_of
from gradscribe.errors import AliasError, UnsupportedError
from gradscribe.frontend import aliasing, raising, wholes
from gradscribe.frontend.heap import (
    Bound,
    Cell,
    Closure,
    Fields,
    Heap,
    Loc,
    Lost,
    Method,
    Ref,
    Rest,
    Step,
    Super,
    TupleOf,
)
from gradscribe.frontend.hidden import is_hidden, plain
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.resolve import Definition
from gradscribe.frontend.unbound import flag_of, flagged
from gradscribe.frontend.wholes import is_structured, part_name
from gradscribe.ir import helpers
from gradscribe.ir.abstraction import is_static
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.facts.containers import make_tuple
from gradscribe.ir.facts.records import instance
from gradscribe.ir.primitives import Primitive, of
from gradscribe.ir.types import (
    UNKNOWN,
    Array,
    Mapping,
    Sequence,
    Static,
    Struct,
    Type,
    Unknown,
    is_number,
)
from gradscribe.objects import is_named_tuple
from gradscribe.source import Span

TUPLE, INSTANCE = of(tuple), of(instance)
GETITEM = of(operator.getitem)
SETITEM = of(helpers.setitem)


@final
class Frame:
    """The state of lowering one function body.

    ``env`` maps local names to what they are bound to; ``stack`` the functions being lowered, for
    recursion; ``parent`` the frame that this one was inlined into.
    """

    def __init__(
        self,
        definition: Definition,
        builder: Builder,
        heap: Heap | None = None,
        parent: Frame | None = None,
    ) -> None:
        self.definition = definition
        self.builder = builder
        self.heap = heap if heap is not None else Heap()
        self.parent = parent
        self.flagged = flagged(definition.node, definition.locals)
        self.env: dict[str, Bound] = {flag_of(name): Const(False) for name in self.flagged}
        self.raised: Any = None  # the last raise that was lowered
        # The loops and scopes around the statement being lowered (``exits``).
        self.exits: list[Any] = []
        # The ``try`` bodies around it that may be decided, and the last statement known to raise.
        self.attempts: list[Any] = []
        self.raises: raising.Raises | None = None
        # How many ``try`` bodies are around it that stay what they are.
        self.trying = 0
        # The exceptions that the handlers around the statement being lowered have caught.
        self.caught: list[Value] = []
        # Names that a loop body may read before this iteration binds them, and those that it did.
        self.unbound: set[str] = set()
        self.read_unbound: set[str] = set()
        self.tolerant = False
        self.structure: tuple[Any, ...] = ()  # of what the parameters were bound to
        self.undecided: set[str] = set()  # names of one function or another

    # ------------------------------------------------------------------ errors and origins

    def refuse(self, node: Any, message: str, hint: str | None = None) -> NoReturn:
        raise UnsupportedError(message, self.here(node), hint)

    def refuse_here(self, message: str, hint: str | None) -> NoReturn:
        """Refuse what is being lowered, where its node is not known."""
        raise UnsupportedError(message, self.here(), hint)

    def refuse_lost(self, node: Any, lost: Lost) -> NoReturn:
        """Refuse to read what an exception may have kept from being done."""
        raise raising.Untold(lost.why.message, self.here(node), lost.why.attempt)

    def refuse_where_reached(self, node: Any, message: str, hint: str) -> NoReturn:
        """Refuse what is being lowered where it is reached: on one way through a branch it raises.

        A handler around it could take that exception for one of the program's.
        """
        frame: Frame | None = self
        while frame is not None and not frame.trying:
            frame = frame.parent
        span = self.here(node)
        if frame is not None:
            raise UnsupportedError(message, span, hint)
        where = f"{PurePath(span.file.path).name}:{span.line}: " if span else ""
        said = f"{where}cannot differentiate this: {message}"
        raise raising.certainly(self, NotImplementedError, said, node, message, hint)

    def here(self, node: Any = None) -> Span | None:
        """Where a node stands, or what is being lowered."""
        definition = self.definition
        if self.builder.derived and self.builder.span is not None and definition.ours:
            return self.builder.span  # the user's code that a rule is for
        return definition.span(node) or self.builder.span or definition.header(definition.node)

    @contextmanager
    def statement(self, node: Any) -> Iterator[None]:
        """What is built belongs to this statement.

        Rules, and statements that the compiler writes in place of others, keep the one around.
        """
        builder = self.builder
        if builder.derived or self.definition.at is not None or not hasattr(node, "lineno"):
            yield
            return
        saved = builder.span, builder.statement
        builder.span = builder.statement = self.definition.header(node)
        try:
            yield
        finally:
            builder.span, builder.statement = saved

    def tries(self) -> bool:
        """Does a ``try`` stand around what is being lowered, here or in a caller?"""
        frame: Frame | None = self
        while frame is not None and not frame.attempts:
            frame = frame.parent
        return frame is not None

    # ------------------------------------------------------------------ trying

    def mark(self) -> Any:
        """The state before something that may turn out to be impossible; see ``back``."""
        region = self.builder.region
        env, unbound = dict(self.env), set(self.unbound)
        counts = len(region.ops), len(self.exits), len(self.builder.spent)
        return region, env, unbound, self.heap.copy(), counts

    def back(self, mark: Any) -> None:
        """Forget what was lowered since the mark."""
        self.builder.region, env, unbound, heap, (built, depth, spent) = mark
        del self.builder.region.ops[built:]
        for stream in self.builder.spent[spent:]:
            stream.spent = False
        del self.builder.spent[spent:]
        del self.exits[depth:]
        self.env, self.unbound, heap = dict(env), set(unbound), heap.copy()
        frame: Frame | None = self
        while frame is not None:
            frame.heap = heap
            frame = frame.parent

    # ------------------------------------------------------------------ values

    def emit(self, prim: Primitive, *args: Any, hint: str = "") -> Operand:
        return self.builder.emit(prim, *args, hint=plain(hint))

    def wrap(self, operand: Operand, name: str = "") -> Bound:
        """Bind a computed operand: a number itself, a tuple's entries, the rest by reference."""
        if isinstance(operand, Const):
            if type(operand.value) is tuple and operand.name is None:
                return TupleOf(tuple(Const(item) for item in operand.value))
            return operand
        kind = operand.type
        if isinstance(kind, Static):
            return Const(kind.value)
        if isinstance(kind, Sequence) and kind.kind == "tuple" and kind.items is not None:
            return TupleOf(tuple(map(self.wrap, wholes.parts_of(self, operand))))
        if isinstance(kind, Struct) and is_named_tuple(kind.cls):
            return TupleOf(tuple(map(self.wrap, wholes.parts_of(self, operand))), kind.cls)
        if is_structured(kind):
            return wholes.opened(self, operand, name)
        return self.heap.new(operand, name) if is_mutable(kind) else operand

    def read(self, bound: Bound) -> Operand:
        """The SSA operand that a bound value is now."""
        if isinstance(bound, Value | Const):
            return bound
        if isinstance(bound, TupleOf):
            items = [self.read(item) for item in bound.items]
            if bound.cls is not None:
                names: Any = bound.cls._fields  # type: ignore[attr-defined]  # a named tuple
                return self.emit(INSTANCE, Const(bound.cls), Const(names), *items)
            return self.emit(TUPLE, *items)
        if isinstance(bound, Procedure):
            if bound.member is not None:
                bound.member(self, None, "as a value")
            self.refuse_here("a derivative is used as a value here", "call it")
        if isinstance(bound, Closure):
            self.refuse_where_reached(
                None,
                "a nested function is used as a value here",
                "call it where its value is needed",
            )
        if isinstance(bound, Method | Cell | Super | Rest):
            self.refuse_here("a method is used as a value here", "call it")
        if isinstance(bound, Lost):
            self.refuse_lost(None, bound)
        value = self.look(bound)
        if not self.tolerant and not isinstance(type_of_operand(value), Array):
            self.heap.own.discard(self.stands_for(bound).loc)  # others may hold its entries now
        return value

    def look(self, bound: Bound) -> Operand:
        """The operand that a bound value is now, where only this container is asked about it."""
        if not isinstance(bound, Ref):
            return self.read(bound)
        lost = self.heap.lost_in(bound)
        if lost is not None:
            self.refuse_lost(None, lost)
        bound = self.stands_for(bound)
        if bound.loc in self.heap.stale and not self.tolerant:
            aliasing.refuse_stale(self, bound.loc)
        if not bound.path:
            value = self.heap.values[bound.loc]
            return wholes.as_one(self, bound.loc, value) if isinstance(value, Fields) else value
        base = self.look(Ref(bound.loc, bound.path[:-1]))
        known = self.heap.views.get((bound.loc, bound.path))
        if known is not None and known[0] is base:
            return known[1]
        step = bound.path[-1]
        if known is not None and not step.certain:
            raise AliasError(
                f"cannot know whether the {step.prim.name} of {bound.loc.name or 'an object'} "
                f"taken at {step.span} is a view of it, and it was written to since",
                self.here(),
                "copy it where it is taken, or take it of a copy: x = x.copy()",
            )
        value = self.emit(step.prim, base, *step.args)
        self.heap.views[bound.loc, bound.path] = (base, value)
        return value

    def stands_for(self, ref: Ref) -> Ref:
        """The place in a list that an object stands for, or the object itself."""
        place = self.heap.standing.get(ref.loc)
        return ref if place is None else Ref(place.loc, (*place.path, *ref.path))

    @contextmanager
    def handing_on(self) -> Iterator[None]:
        """While what names hold is handed on, not used: it may be stale there, too."""
        saved, self.tolerant = self.tolerant, True
        try:
            yield
        finally:
            self.tolerant = saved

    def type(self, bound: Bound) -> Type:
        """The type of a bound value, without emitting a view where one is not needed yet."""
        if isinstance(bound, TupleOf):
            kinds = tuple(self.type(item) for item in bound.items)
            if bound.cls is not None:
                return Struct(bound.cls, tuple(zip(bound.cls._fields, kinds, strict=True)))  # type: ignore[attr-defined]  # a named tuple
            return make_tuple(*kinds)
        fields = self.heap.fields(bound)
        if fields is not None:
            pairs = tuple((key, self.type(item)) for key, item in fields.entries.items())
            if fields.kind == "dict":
                return Mapping(pairs)
            if fields.kind == "list":
                return Sequence("list", tuple(kind for _, kind in pairs))
            return Struct(fields.cls or object, pairs)
        if isinstance(bound, Method | Closure | Procedure | Cell | Super):
            return UNKNOWN
        with self.handing_on():
            return type_of_operand(self.read(bound))

    def view(self, ref: Ref, prim: Primitive, args: tuple[Operand, ...], certain: bool) -> Bound:
        """A view of a reference, read at once so that it is computed where the user wrote it."""
        result = Ref(ref.loc, (*ref.path, Step(prim, args, certain, self.builder.span)))
        value = self.look(result)
        return result if isinstance(value, Value) and is_mutable(value.type) else value

    # ------------------------------------------------------------------ writing

    def write(self, ref: Ref, value: Operand, node: Any) -> None:
        """Make ``value`` what the reference denotes, through its views to the root."""
        from gradscribe.frontend import sharing

        ref = self.stands_for(ref)
        aliasing.check_write(self, ref.loc, node)
        sharing.written(self, ref, value, node)
        while ref.path:
            step = ref.path[-1]
            base_ref = Ref(ref.loc, ref.path[:-1])
            base = self.look(base_ref)
            value = self._put(step, base, value, node)
            ref = base_ref
        self.heap.values[ref.loc] = value

    def _put(self, step: Step, base: Operand, value: Operand, node: Any) -> Operand:
        """What ``base`` becomes when its view ``step`` becomes ``value``."""
        from gradscribe.frontend import views

        name, taken = step.prim.name, f" taken at {step.span}" if step.span else ""
        if step.prim.function in views.READ_ONLY:
            self.refuse(
                node, f"cannot write through the result of {name}{taken}: NumPy makes it read-only"
            )
        if step.certain:
            new = views.put(self, step.prim, base, step.args, value)
            if new is not None:
                return new
        self.refuse(
            node,
            f"cannot write through the result of {name}{taken}, which may be a view",
            "index the array itself, or make a copy before: x = x.copy()",
        )

    def holds_views(self, ref: Ref) -> bool:
        """Is this a list of views of one array, as ``np.split`` gives it?"""
        ref = self.stands_for(ref)
        whole = self.heap.operand(ref.loc) if ref.path else None
        return whole is not None and not isinstance(type_of_operand(whole), Sequence)

    # ------------------------------------------------------------------ names

    def bind(self, name: str, bound: Bound) -> None:
        """Bind a name of this function, or of the one around it that it shares."""
        known = self.env.get(name)
        if isinstance(known, Cell):
            held = self.heap.values[known.loc]
            assert isinstance(held, Fields)
            self.heap.values[known.loc] = held.replaced(None, bound)
        else:
            self.env[name] = bound
        if name in self.flagged:
            self.env[flag_of(name)] = Const(True)
        self.unbound.discard(name)
        self.name(bound, name)

    def name(self, bound: Bound, name: str) -> None:
        """Hint that the value just computed is what the user calls ``name``."""
        operand: Any = bound
        name = plain(name)
        if not name:
            return
        fields = self.heap.fields(bound)
        if fields is not None and isinstance(bound, Ref):
            self._name_parts(bound.loc, fields, name)
            return
        if isinstance(bound, Ref):
            operand = self.heap.operand(bound.loc)
            if bound.path:
                known = self.heap.views.get((bound.loc, bound.path))
                operand = known[1] if known else None
            elif not bound.loc.name:
                bound.loc.name = name
        if isinstance(operand, Value) and not operand.named:
            if self.builder.derived:
                operand.hint = operand.hint or name
            else:
                operand.hint, operand.named = name, True

    def _is_seen(self, name: str) -> bool:
        """Does the function that is differentiated see this variable of another one, too?"""
        root = self
        while root.parent is not None:
            root = root.parent
        if root.builder.derived:  # a rule, which has variables of its own
            return False
        return root.definition.cells.get(name) is self.definition.cells[name]

    def _name_parts(self, loc: Loc, fields: Fields, name: str) -> None:
        """What an object holds is called after its name, where it has no name of its own."""
        if loc.name:
            return
        loc.name = name
        for key, item in fields.entries.items():
            held = self.heap.operand(item.loc) if isinstance(item, Ref) and not item.path else item
            if isinstance(held, Value) and not held.named:
                held.hint = part_name(name, key)

    def local(self, name: str) -> Bound | None:
        """What is bound to a name of this function, or to one that it shares with another."""
        bound = self.env.get(name)
        held = self.heap.values[bound.loc] if isinstance(bound, Cell) else None
        return held.entries.get(None) if isinstance(held, Fields) else bound

    def lookup(self, node: Any) -> Bound:
        """What a name stands for: a local, or a constant of the closure, the module or Python."""
        name = node.id
        bound = self.env.get(name)
        if isinstance(bound, Cell):
            held = self.heap.values[bound.loc]
            assert isinstance(held, Fields)
            if bound.loc in self.heap.lost:
                self.refuse_lost(node, self.heap.lost[bound.loc])
            if None not in held.entries:
                self.refuse(node, f"{name!r} may be read before it is bound")
            bound = held.entries[None]
        if isinstance(bound, Lost):
            self.refuse_lost(node, bound)
        if name in self.flagged and (self.attempts or self.trying):
            self._check_bound(node)
            bound = self.env.get(name)
        if bound is not None:
            return bound
        if name in self.undecided:
            self.refuse_undecided(node, repr(name))
        if name in self.definition.locals or is_hidden(name):
            if name in self.unbound:
                self.read_unbound.add(name)
                return Value(plain(name), Unknown(), named=True)
            if self.definition.function is None or name not in self.definition.cells:
                self.refuse(
                    node, f"{plain(name)!r} may be read before it is bound", "bind it on every path"
                )
        try:
            value = self.definition.lookup(name)
        except KeyError:
            said = f"name {name!r} is not defined"
            raise raising.certainly(self, NameError, said, node, f"the {said}") from None
        if is_static(value):
            return Const(value)
        if self.definition.captures(name) and not self._is_seen(name):
            if not isinstance(value, int | float | complex | tuple) or self.definition.rebinds(
                name
            ):
                self.refuse(
                    node,
                    f"{name!r} is captured by a function that is called here, and may change",
                    "pass it as an argument",
                )
            self.builder.foreign = max(self.builder.foreign, foreign_of(value))
            return self.wrap(Const(value))
        self.builder.foreign = max(self.builder.foreign, foreign_of(value))
        home = self.definition.globals.get("__name__")
        known_builtin = value is getattr(builtins, name, None)
        return Const(value, name, None if known_builtin else home)

    def refuse_undecided(self, node: Any, what: str) -> NoReturn:
        """Refuse to read what is one function or another."""
        self.refuse(
            node,
            f"{what} is one function or another, depending on the path taken",
            "call each of them on its path: f(x) if test else g(x)",
        )

    def _check_bound(self, node: Any) -> None:
        """Raise, where the program does, what a handler around this catches."""
        from gradscribe.frontend import control, lower

        flag = self.env[flag_of(node.id)]
        assert isinstance(flag, Value | Const)
        if isinstance(flag, Const) and flag.value is True:
            return
        said = f"name {node.id!r} is not defined"
        if isinstance(flag, Const):
            raise raising.certainly(self, UnboundLocalError, said, node)
        statement = gast.parse(f"raise UnboundLocalError({said!r})").body[0]
        for part in gast.walk(statement):
            gast.copy_location(part, node)
        control.branch(self, flag, lambda: None, lambda: lower.block(self, [statement]))


def is_mutable(kind: Type) -> bool:
    """May a value of this type be changed in place?"""
    if isinstance(kind, Array):
        return not is_number(kind)
    if isinstance(kind, Sequence):
        return kind.kind == "list" or kind.items is None
    return isinstance(kind, Mapping | Struct | Unknown)
