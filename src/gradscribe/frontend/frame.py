"""One activation of a function being lowered: its names, the heap, and reading and writing."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, final

from gradscribe.errors import AliasError, UnsupportedError
from gradscribe.frontend.heap import Bound, Closure, Heap, Loc, Ref, Step, TupleOf, locations
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.resolve import Definition
from gradscribe.ir import helpers
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.facts.containers import make_tuple
from gradscribe.ir.primitives import Primitive, of
from gradscribe.ir.types import (
    Array,
    Mapping,
    Sequence,
    Struct,
    Type,
    Unknown,
    is_static,
)

TUPLE = of(tuple)
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
        self.env: dict[str, Bound] = {}
        self.raised: Any = None  # the last raise that was lowered
        # The loops around the statement being lowered (``exits.Exits``).
        self.exits: list[Any] = []
        # Names that a loop body may read before this iteration binds them, and those that it did.
        self.unbound: set[str] = set()
        self.read_unbound: set[str] = set()

    # ------------------------------------------------------------------ errors and origins

    def refuse(self, node: Any, message: str, hint: str | None = None) -> NoReturn:
        raise UnsupportedError(message, self.definition.span(node), hint)

    @contextmanager
    def statement(self, node: Any) -> Iterator[None]:
        """What is built belongs to this statement (rules keep the one they are applied at)."""
        builder = self.builder
        if builder.derived or self.definition.at is not None:
            yield
            return
        saved = builder.span, builder.statement
        builder.span = builder.statement = self.definition.header(node)
        try:
            yield
        finally:
            builder.span, builder.statement = saved

    # ------------------------------------------------------------------ values

    def emit(self, prim: Primitive, *args: Any, hint: str = "") -> Operand:
        return self.builder.emit(prim, *args, hint=hint)

    def wrap(self, operand: Operand, name: str = "") -> Bound:
        """Bind a computed operand: a number itself, a tuple's entries, the rest by reference."""
        if isinstance(operand, Const):
            if type(operand.value) is tuple and operand.name is None:
                return TupleOf(tuple(Const(item) for item in operand.value))
            return operand
        kind = operand.type
        if isinstance(kind, Sequence) and kind.kind == "tuple" and kind.items is not None:
            return TupleOf(
                tuple(self.wrap(self.emit(GETITEM, operand, i)) for i in range(len(kind.items)))
            )
        return self.heap.new(operand, name) if is_mutable(kind) else operand

    def read(self, bound: Bound) -> Operand:
        """The SSA operand that a bound value is now."""
        if isinstance(bound, Value | Const):
            return bound
        if isinstance(bound, TupleOf):
            return self.emit(TUPLE, *(self.read(item) for item in bound.items))
        if isinstance(bound, Procedure):
            self.refuse(self.definition.node, "a derivative is used as a value here", "call it")
        if isinstance(bound, Closure):
            self.refuse(bound.definition.node, "a nested function is used as a value here")
        if not bound.path:
            return self.heap.values[bound.loc]
        base = self.read(Ref(bound.loc, bound.path[:-1]))
        known = self.heap.views.get((bound.loc, bound.path))
        if known is not None and known[0] is base:
            return known[1]
        step = bound.path[-1]
        if known is not None and not step.certain:
            raise AliasError(
                f"cannot know whether the {step.prim.name} of {bound.loc.name or 'an object'} "
                f"taken at {step.span} is a view of it, and it was written to since",
                self.builder.span or self.definition.header(self.definition.node),
                "copy it where it is taken, or take it of a copy: x = x.copy()",
            )
        value = self.emit(step.prim, base, *step.args)
        self.heap.views[bound.loc, bound.path] = (base, value)
        return value

    def type(self, bound: Bound) -> Type:
        """The type of a bound value, without emitting a view where one is not needed yet."""
        if isinstance(bound, TupleOf):
            return make_tuple(*(self.type(item) for item in bound.items))
        return type_of_operand(self.read(bound))

    def view(self, ref: Ref, prim: Primitive, args: tuple[Operand, ...], certain: bool) -> Bound:
        """A view of a reference, read at once so that it is computed where the user wrote it."""
        result = Ref(ref.loc, (*ref.path, Step(prim, args, certain, self.builder.span)))
        value = self.read(result)
        return result if isinstance(value, Value) and is_mutable(value.type) else value

    # ------------------------------------------------------------------ writing

    def write(self, ref: Ref, value: Operand, node: Any) -> None:
        """Make ``value`` what the reference denotes, through its views to the root."""
        self.check_write(ref.loc, node)
        while ref.path:
            step = ref.path[-1]
            base_ref = Ref(ref.loc, ref.path[:-1])
            base = self.read(base_ref)
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
        return bool(ref.path) and not isinstance(
            type_of_operand(self.heap.values[ref.loc]), Sequence
        )

    def keep(self, bound: Bound, node: Any = None) -> None:
        """What is stored in a container, or read from one, may not be written to from now on."""
        span = self.definition.span(node) if node is not None else None
        why = f"was stored in a container at {span}" if span else "is an entry of a container"
        for loc in locations(bound):
            self.heap.kept.setdefault(loc, why)

    def check_write(self, loc: Loc, node: Any) -> None:
        """Refuse a write to what another live name may or may not denote."""
        if loc in self.heap.kept:
            raise AliasError(
                f"cannot write to {loc.name or 'this object'}: it {self.heap.kept[loc]}, "
                "which would change too",
                self.definition.span(node),
                "write to the object before it is stored, or copy it: x = x.copy()",
            )
        for other in self.heap.aliases.get(loc, ()):
            name = self.reachable(other)
            if name is not None:
                raise AliasError(
                    f"cannot write to {loc.name or 'this object'}: it may be the same object as "
                    f"{name!r}, depending on the path taken",
                    self.definition.span(node),
                    f"copy one of them: {name} = {name}.copy()",
                )

    def reachable(self, loc: Loc) -> str | None:
        """A name in this frame or one around it through which a location can be read."""
        frame: Frame | None = self
        while frame is not None:
            for name, bound in frame.env.items():
                if loc in locations(bound):
                    return name
            frame = frame.parent
        return None

    def shared(self, loc: Loc, name: str) -> str | None:
        """Another name than ``name`` for the same object, or for one that may be it."""
        frame: Frame | None = self
        others = self.heap.aliases.get(loc, frozenset()) | {loc}
        while frame is not None:
            for other, bound in frame.env.items():
                if not (frame is self and other == name) and not others.isdisjoint(
                    locations(bound)
                ):
                    return other
            frame = frame.parent
        return None

    # ------------------------------------------------------------------ names

    def name(self, bound: Bound, name: str) -> None:
        """Hint that the value just computed is what the user calls ``name``."""
        operand: Any = bound
        if isinstance(bound, Ref):
            operand = self.heap.values[bound.loc]
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

    def lookup(self, node: Any) -> Bound:
        """What a name stands for: a local, or a constant of the closure, the module or Python."""
        name = node.id
        bound = self.env.get(name)
        if bound is not None:
            return bound
        if name in self.definition.locals:
            if name in self.unbound:
                self.read_unbound.add(name)
                return Value(name, Unknown(), named=True)
            if self.definition.function is None or name not in self.definition.cells:
                self.refuse(
                    node, f"{name!r} may be read before it is bound", "bind it on every path"
                )
        try:
            value = self.definition.lookup(name)
        except KeyError:
            self.refuse(node, f"the name {name!r} is not defined")
        if is_static(value):
            return Const(value)
        home = self.definition.globals.get("__name__")
        known_builtin = value is getattr(builtins, name, None)
        return Const(value, name, None if known_builtin else home)


def is_mutable(kind: Type) -> bool:
    """May a value of this type be changed in place?"""
    if isinstance(kind, Array):
        return True
    if isinstance(kind, Sequence):
        return kind.kind == "list" or kind.items is None
    return isinstance(kind, Mapping | Struct | Unknown)
