"""Functions that call themselves keep their own text: they are lowered once per types and called.

A callee is inlined until a call of it is met, while its body is being lowered, that gives it things
of the same structure: a constructor that calls itself with other keywords is as good as another
function. Then the inlining is given up (``Recursive``), and the function is lowered by itself: its
calls, also those in its own body, become CALL operations. The type of its result is found by
iteration from below. What it changes of what it is given, it returns as well::

    def fib(n, memo):                     def fib(n, memo):
        …                                     …
        memo[n] = fib(n - 1, memo) + …        t, memo = fib(n - 1, memo)
        return memo[n]                        memo[n] = t + …
                                              return memo[n], memo
"""

from __future__ import annotations

from typing import Any, final

from gradscribe.errors import UnsupportedError
from gradscribe.frontend import aliasing, sharing, surgery, wholes
from gradscribe.frontend.frame import GETITEM, Frame, is_mutable
from gradscribe.frontend.heap import (
    Bound,
    Cell,
    Closure,
    Loc,
    Lost,
    Method,
    Ref,
    Super,
    TupleOf,
    locations,
)
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.resolve import Definition, read_names
from gradscribe.ir import trees
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Attrs, Const, Function, Op, Operand, Parameter, Region, Value
from gradscribe.ir.joins import join
from gradscribe.ir.primitives import CALL, of
from gradscribe.ir.types import PY_INT, UNKNOWN, Array, Sequence, Static, Type

_ROUNDS = 8
_DEEPEST = 6  # activations of one function with arguments of different structure
_FARTHEST = 40  # where each activation is given a part of what the one before was given


@final
class Recursive(Exception):
    """The body of this definition calls it again: it cannot be inlined."""

    def __init__(self, definition: Definition) -> None:
        super().__init__(definition.node)
        self.node = definition.node


def structure(frame: Frame) -> tuple[Any, ...]:
    """What a function that was just entered is given, as far as types decide its branches."""
    seen: set[Loc] = set()
    return tuple((name, _structure(frame, bound, seen)) for name, bound in frame.env.items())


def _structure(frame: Frame, bound: Bound, seen: set[Loc]) -> Any:
    """``seen``: the objects that were taken apart already."""
    if isinstance(bound, TupleOf):
        return bound.cls, *(_structure(frame, item, seen) for item in bound.items)
    fields = frame.heap.fields(bound)
    if fields is not None and isinstance(bound, Ref):
        if bound.loc in seen:
            return fields.kind, fields.cls
        seen.add(bound.loc)
        parts = ((k, _structure(frame, item, seen)) for k, item in fields.entries.items())
        return fields.kind, fields.cls, *parts
    if isinstance(bound, Closure | Method | Procedure | Cell | Super | Lost):
        return None
    kind = frame.type(bound)
    return (kind.value,) if isinstance(kind, Static) else None


def repeats(frame: Frame) -> bool:
    """Does a call come back to a function with what it was given before, or ever deeper?

    Going down a tree of objects ends, for what is given gets smaller.
    """
    around = frame.parent
    inner = _size(frame.structure)
    depth = distance = 0
    while around is not None:
        if around.definition.node is frame.definition.node:
            if around.structure in ((), frame.structure):
                return True
            outer = _size(around.structure)
            distance += 1
            depth += outer <= inner
            if depth > _DEEPEST or distance > _FARTHEST:
                return True
            inner = outer
        around = around.parent
    return False


def _size(structure: Any) -> int:
    """How many parts a structure has."""
    return 1 + sum(map(_size, structure)) if isinstance(structure, tuple) else 1


@final
class _Widen(Exception):
    """A recursive call has arguments of other types than the function is being lowered for."""

    def __init__(self, task: _Task, kinds: list[Type]) -> None:
        super().__init__()
        self.task = task
        self.kinds = kinds


@final
class _Changes(Exception):
    """A function changes more of its arguments than was assumed of it."""

    def __init__(self, task: _Task, changed: list[int]) -> None:
        super().__init__()
        self.task = task
        self.changed = changed


@final
class _Task:
    """One function being lowered by itself, for arguments of some types.

    ``names`` are its parameters and, after them, the variables of the function around it that it
    reads, which are handed to it too; ``known`` what else it sees there: functions.
    """

    def __init__(
        self,
        definition: Definition,
        names: list[str],
        kinds: list[Type],
        statics: dict[int, Const],
        known: dict[str, Closure],
        kind: str,
    ) -> None:
        self.definition = definition
        self.names = names
        self.kinds = kinds
        self.statics = statics
        self.known = known
        self.result: Type = PY_INT
        self.changed: list[int] = []  # the places of the arguments that it changes
        name = getattr(definition.node, "name", "function")  # a lambda has none
        self.function = Function(name, [], Region(), internal=True)
        self.kind = kind

    @property
    def name(self) -> str:
        return self.function.name

    def returned(self) -> Type:
        """The type of what a call gives: the result, and the arguments that it changed."""
        if not self.changed:
            return self.result
        return Sequence("tuple", (self.result, *(self.kinds[i] for i in self.changed)))


_active: list[_Task] = []


def in_progress(definition: Definition) -> bool:
    """Is this function being lowered by itself?"""
    return any(task.definition.node is definition.node for task in _active)


def call(
    frame: Frame,
    node: Any,
    definition: Definition,
    bound: list[tuple[str, Bound]],
    captured: dict[str, Bound] | None = None,
    checkpoint: bool = False,
) -> Bound:
    """A CALL of a function that keeps its own text: it is recursive, or a checkpoint.

    ``bound`` are its arguments in its parameters' order, ``captured`` the variables around it.
    """
    kind = "checkpointed" if checkpoint else "recursive"
    known, around = _seen(definition, captured or {})
    for name, value in around.items():
        if isinstance(value, Cell | Method | Procedure):
            frame.refuse(
                node,
                f"a {kind} function that shares {name!r} with the function around it",
                "hand it over as an argument, and return what it becomes",
            )
    bound = [*bound, *around.items()]
    for _, argument in bound:
        fields = frame.heap.fields(argument)
        if fields is not None and fields.kind == "dict" and fields.cls is not None:
            wholes.settle(frame, argument)  # type: ignore[arg-type]  # a reference
    operands = [frame.read(b) for _, b in bound]
    statics = {i: o for i, o in enumerate(operands) if isinstance(o, Const) and _is_static(o)}
    exact = [type_of_operand(o) for o in operands]
    kinds = exact if checkpoint else [_general(kind) for kind in exact]
    task = next((t for t in _active if t.definition.node is definition.node), None)
    if task is None:
        names = [name for name, _ in bound]
        fixed = tuple((i, id(constant.value)) for i, constant in statics.items())
        key = definition.node, (*names,), (*kinds,), fixed, checkpoint
        task = frame.builder.callees.get(key)
        if task is None:
            task = _lower(frame, node, _Task(definition, names, kinds, statics, known, kind))
        if not known and not _active:  # nothing in it rests on a guess
            frame.builder.callees[key] = task
    elif {i: c.value for i, c in statics.items()} != {i: c.value for i, c in task.statics.items()}:
        frame.refuse(
            node,
            "a recursive call changes an argument that the function branches on",
            "branch on a number, or write a function for each value",
        )
    else:
        joined = [join(a, b) for a, b in zip(task.kinds, kinds, strict=True)]
        if joined != task.kinds:
            raise _Widen(task, joined)
    args = tuple(o for i, o in enumerate(operands) if i not in task.statics)
    value = Value(task.name, task.returned())
    form = "checkpoint" if checkpoint else None
    attrs = Attrs(callee=task.function, form=form)
    frame.builder.append(Op(CALL, args, (value,), attrs=attrs))
    if task.changed:
        first, *others = [
            frame.emit(GETITEM, value, k, hint=hint)
            for k, hint in enumerate(["", *(bound[i][0] for i in task.changed)])
        ]
        for i, new in zip(task.changed, others, strict=True):
            _take_over(frame, node, task, i, bound, new)
        result = frame.wrap(first)
    else:
        result = frame.wrap(value)
    if _is_fresh(task.function):
        return result
    for loc in locations(result):  # it may be one of the arguments, or hold one
        for _, argument in bound:
            for other in locations(argument):
                frame.heap.relate(loc, other)
    return result


def _take_over(
    frame: Frame, node: Any, task: _Task, place: int, bound: list[tuple[str, Bound]], new: Operand
) -> None:
    """An argument is from now on what the function that was called has made of it."""
    name, argument = bound[place]
    others = [other for k, (_, other) in enumerate(bound) if k != place]
    if not isinstance(argument, Ref):
        frame.refuse(
            node,
            f"a {task.kind} function changes {name!r}, which outlives the call",
            "hand it over as an argument that is made in the function",
        )
    mine = set(frame.heap.within(argument))
    mine |= {loc for own in mine for loc in frame.heap.aliases.get(own, ())}
    homes = {frame.heap.standing[loc].loc for loc in mine if loc in frame.heap.standing}
    if any(not (mine | homes).isdisjoint(frame.heap.within(other)) for other in others):
        frame.refuse(
            node,
            f"a {task.kind} function changes {name!r}, and another of its arguments may hold that",
            "hand over a copy",
        )
    _put_back(frame, node, argument, new)
    if _may_hold_objects(type_of_operand(new)):  # those of the others, perhaps
        for loc in (loc for other in others for loc in frame.heap.within(other)):
            frame.heap.relate(argument.loc, loc)


def _may_hold_objects(kind: Type) -> bool:
    """May what is stored in a value of this type be changed there?"""
    element = sharing.element_of(kind)
    parts = trees.part_types(kind) or ()
    return (element is not None and is_mutable(element)) or any(map(is_mutable, parts))


def _put_back(frame: Frame, node: Any, whole: Bound, new: Operand) -> None:
    """Make ``whole``, and the objects in it, hold what ``new`` holds."""
    fields = frame.heap.fields(whole)
    kind = type_of_operand(new)
    alike = fields is not None and trees.keys(kind) == list(fields.entries)
    if fields is None or not alike or not wholes.is_structured(kind) or isinstance(new, Const):
        if isinstance(whole, Ref):
            frame.write(whole, new, node)
        return
    parts = dict(zip(fields.entries, wholes.parts_of(frame, new), strict=True))
    for key, item in fields.entries.items():
        if isinstance(item, Ref):
            _put_back(frame, node, item, parts[key])
        elif isinstance(item, Value | Const):
            fields = fields.replaced(key, frame.wrap(parts[key]))
    assert isinstance(whole, Ref)
    aliasing.check_write(frame, whole.loc, node)
    frame.heap.values[whole.loc] = fields


def _seen(
    definition: Definition, captured: dict[str, Bound]
) -> tuple[dict[str, Closure], dict[str, Bound]]:
    """The functions around a nested one that it may call, and the variables that they all read."""
    functions: dict[str, Closure] = {}
    read: dict[str, None] = {}
    work = [definition]
    while work:
        for name in sorted(read_names(work.pop().node)):
            read.setdefault(name)
            value = captured.get(name)
            if isinstance(value, Closure) and name not in functions:
                functions[name] = value
                work.append(value.definition)
    rest = {name: captured[name] for name in read if name in captured and name not in functions}
    return functions, rest


def _is_fresh(function: Function) -> bool:
    """Is what a function returns certainly none of its arguments, and no part of one?"""
    result = function.result if function.body.yields else None
    made = next((op for op in function.body.ops if result in op.results), None)
    if made is None or not isinstance(result, Value) or not isinstance(result.type, Array):
        return False
    return made.prim.function is not None and made.prim.storage == "fresh"


def _is_static(constant: Const) -> bool:
    return isinstance(type_of_operand(constant), Static)


def _general(kind: Type) -> Type:
    """Types that recursion does not change from call to call: lengths are forgotten."""
    if isinstance(kind, Array) and kind.dims is not None:
        return Array(kind.dtype, (None,) * len(kind.dims))
    return kind


def _lower(frame: Frame, node: Any, task: _Task) -> _Task:
    for round_ in range(_ROUNDS):
        _active.append(task)
        try:
            result = _attempt(frame, node, task)
        except _Widen as widen:
            if widen.task is not task:
                raise
            task.kinds = widen.kinds if round_ < _ROUNDS - 2 else [UNKNOWN] * len(task.kinds)
            continue
        except _Changes as more:
            if more.task is not task:
                raise
            task.changed = more.changed
            continue
        except UnsupportedError:
            if task.result is not PY_INT:
                raise
            task.result = UNKNOWN  # the first guess may be what is refused
            continue
        finally:
            _active.pop()
        if result == task.result:
            return task
        task.result = result if round_ < _ROUNDS - 2 else UNKNOWN
    frame.refuse(
        node,
        f"cannot find the type of what {task.name} returns",
        "return the same kind of value on every path",
    )


def _attempt(frame: Frame, node: Any, task: _Task) -> Type:
    """Lower the body once, on the assumption made of its result; the type that it has."""
    from gradscribe.frontend.lower import body, parameters

    definition = task.definition
    builder = Builder(derived=frame.builder.derived, foreign=frame.builder.foreign)
    builder.stepwise = frame.builder.stepwise
    inner = Frame(definition, builder)
    for name, closure in task.known.items():
        inner.env[name] = Closure(closure.definition, inner)
    params: list[Parameter] = []
    starred = any(param.kind in ("args", "kwargs") for param in parameters(definition.node))
    if starred and task.kind == "recursive":  # each call may give another number of them
        frame.refuse(
            node,
            "a recursive function with * parameters is not supported",
            "give it the list itself",
        )
    for i, (name, kind) in enumerate(zip(task.names, task.kinds, strict=True)):
        if i in task.statics:
            inner.env[name] = task.statics[i]
            continue
        value = Value(name, kind, named=True)
        builder.region.params.append(value)
        params.append(Parameter(name))
        inner.env[name] = inner.wrap(value, name)
    given = [inner.env[name] for name in task.names]
    before = {
        loc: (place, inner.heap.values[loc])
        for place, bound in enumerate(given)
        for loc in inner.heap.within(bound)
    }
    result = inner.read(body(inner, definition.node))
    found = {
        place
        for loc, (place, held) in before.items()
        if surgery.is_changed(builder, inner.heap.values[loc], held)
    }
    if found and task.kind == "checkpointed":
        frame.refuse(
            node,
            f"a {task.kind} function that changes its argument {task.names[min(found)]!r} is "
            "unsupported",
            "copy it first, and return the copy",
        )
    if not found <= set(task.changed):
        raise _Changes(task, sorted(found.union(task.changed)))
    left = [inner.read(given[place]) for place in task.changed]
    widened = list(task.kinds)
    for place, operand in zip(task.changed, left, strict=True):
        widened[place] = join(widened[place], _general(type_of_operand(operand)))
    if widened != task.kinds:
        raise _Widen(task, widened)
    function = task.function
    function.params, function.body = params, builder.region
    function.span = definition.span(definition.node)
    kind = type_of_operand(result)
    if left:
        result = inner.emit(of(tuple), result, *left)
    builder.region.yields = [result]
    return kind
