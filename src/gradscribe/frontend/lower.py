"""Lowering a function: its statements, and the entry points of the frontend.

``lower_function`` gives the IR of a user's function for given parameter types; ``inline`` lowers a
function's body in the middle of another (a callee, or a derivative rule).
"""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Sequence
from typing import Any

import gast
import numpy as np

from gradscribe.errors import UnsupportedError
from gradscribe.frontend import (
    calls,
    containers,
    control,
    expressions,
    imports,
    lists,
    loops,
    numbers,
    opaque,
    opened,
    patterns,
    raising,
    records,
    recursion,
    scopes,
    sharing,
    stars,
    writes,
)
from gradscribe.frontend.control import LEFT, NEVER, Ended
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Cell, Fields, Loc, Ref, TupleOf
from gradscribe.frontend.resolve import assigned_names, definition_of, shared_names
from gradscribe.frontend.ways import Jump
from gradscribe.ir import helpers
from gradscribe.ir.build import Builder
from gradscribe.ir.core import Attrs, Const, Function, Op, Operand, Parameter, Value
from gradscribe.ir.primitives import OPAQUE, of
from gradscribe.ir.types import UNKNOWN, Array, Type, Unknown, foreign_in, is_array
from gradscribe.ir.types import Sequence as SequenceType

IN_PLACE: dict[Any, Any] = {
    operator.add: operator.iadd,
    operator.sub: operator.isub,
    operator.mul: operator.imul,
    operator.truediv: operator.itruediv,
    operator.pow: operator.ipow,
    operator.floordiv: operator.ifloordiv,
    operator.mod: operator.imod,
    operator.matmul: operator.imatmul,
    operator.and_: operator.iand,
    operator.or_: operator.ior,
    operator.xor: operator.ixor,
}


def lower_function(function: types.FunctionType, param_types: Sequence[Type]) -> Function:
    """The IR of ``function`` for parameters of these types, in the order of its signature."""
    constants: list[Const] = []
    while True:
        try:
            made = _lowered(function, param_types, constants)
        except opened.Written as written:
            constants.append(written.constant)
            continue
        opened.check(made, constants)
        return made


def _lowered(
    function: types.FunctionType, param_types: Sequence[Type], constants: list[Const]
) -> Function:
    definition = definition_of(function)
    builder = Builder(foreign=foreign_in(*param_types))
    builder.opens = True
    frame = Frame(definition, builder)
    opened.open_(frame, constants)
    params = parameters(definition.node)
    take_defaults(function, params)
    for param, kind in zip(params, param_types, strict=True):
        value = Value(param.name, kind, named=True)
        builder.region.params.append(value)
        frame.env[param.name] = frame.wrap(value, param.name)
        sharing.receive(frame, frame.env[param.name])
    given = {
        loc: frame.heap.values[loc]
        for bound in frame.env.values()
        for loc in frame.heap.within(bound)
    }
    try:
        result = body(frame, definition.node)
    except recursion.Recursive as found:
        if found.node is not definition.node:
            raise
        builder.region.ops.clear()
        frame = Frame(definition, builder)
        values = zip(params, builder.region.params, strict=True)
        bound = [(p.name, frame.wrap(value, p.name)) for p, value in values]
        result = recursion.call(frame, definition.node, definition, bound)
    builder.region.yields = [frame.read(result)]
    doc = function.__doc__ if isinstance(definition.node, gast.FunctionDef) else None
    name = function.__name__ if function.__name__ != "<lambda>" else "function"
    made = Function(name, params, builder.region, doc, definition.span(definition.node))
    made.changes = any(
        isinstance(held, Fields) and frame.heap.values.get(loc, held) is not held
        for loc, held in given.items()
    )
    return made


def inline_rule(
    rule: Callable[..., Any], args: dict[str, Operand], builder: Builder
) -> Operand | list[Operand]:
    """Lower the body of a derivative rule, its parameters bound by name, into ``builder``.

    A rule that returns a tuple gives its entries.
    """
    assert isinstance(rule, types.FunctionType)
    definition = definition_of(rule)
    frame = Frame(definition, builder)
    for param in parameters(definition.node):
        value = args[param.name]
        frame.env[param.name] = frame.wrap(value) if isinstance(value, Value) else value
    result = body(frame, definition.node)
    if isinstance(result, TupleOf):
        return [frame.read(item) for item in result.items]
    return frame.read(result)


def take_defaults(function: types.FunctionType, params: list[Parameter]) -> None:
    """The objects that are the defaults of a function's parameters."""
    plain = [p for p in params if p.kind in ("plain", "positional")]
    for param, value in zip(plain[::-1], (function.__defaults__ or ())[::-1], strict=False):
        param.default = Const(value)
    for param in params:
        if param.kind == "keyword" and param.name in (function.__kwdefaults__ or {}):
            param.default = Const((function.__kwdefaults__ or {})[param.name])


def parameters(node: Any) -> list[Parameter]:
    """The parameters of a function's AST in the order of its signature."""
    arguments = node.args
    kinds = [(a, "positional") for a in arguments.posonlyargs]
    kinds += [(a, "plain") for a in arguments.args]
    first_default = len(kinds) - len(arguments.defaults)
    params = [
        Parameter(a.id, kind, has_default=i >= first_default) for i, (a, kind) in enumerate(kinds)
    ]
    if arguments.vararg:
        params.append(Parameter(arguments.vararg.id, "args"))
    for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        params.append(Parameter(a.id, "keyword", has_default=default is not None))
    if arguments.kwarg:
        params.append(Parameter(arguments.kwarg.id, "kwargs"))
    return params


def body(frame: Frame, node: Any) -> Bound:
    """Lower a function's body; what it returns."""
    if isinstance(node, gast.Lambda):
        with frame.statement(node.body):
            return expressions.lower(frame, node.body)
    for name in shared_names(node):
        if name in frame.definition.locals:
            held: dict[Any, Bound] = {None: frame.env[name]} if name in frame.env else {}
            frame.env[name] = Cell(frame.heap.new(Fields("cell", held), name).loc)
    ended = block(frame, node.body)
    ours = frame.builder.derived or frame.definition.at is not None
    if ended is NEVER and ours and frame.raised is not None:
        message, hint = _refusal(frame.raised)
        raise UnsupportedError(message, frame.builder.span, hint)
    if ended is NEVER or ended is LEFT:
        raise raising.passed_on(frame)
    return Const(None) if ended is None else ended  # type: ignore[return-value]  # NEVER is excluded


def _refusal(node: gast.Raise) -> tuple[str, str | None]:
    """What ``raise NotImplementedError("message", "hint")`` in a rule says to the user."""
    given = node.exc.args if isinstance(node.exc, gast.Call) else []
    words = [arg.value for arg in given if isinstance(arg, gast.Constant)]
    message = words[0] if words else "this has no derivative"
    return f"cannot differentiate {message}", words[1] if len(words) > 1 else None


def block(frame: Frame, statements: list[Any]) -> Ended:
    """Lower statements: None if they run through, else how they ended.

    That is what they return, NEVER after a ``raise``, LEFT after leaving the loop or its iteration.
    """
    for place, node in enumerate(statements):
        with frame.statement(node):
            before = raising.Before(frame) if frame.attempts else None
            try:
                ended, consumed = _one(frame, node, statements[place + 1 :])
            except raising.Raises as found:
                raising.reached(frame, node, found, before)
                return NEVER
            if consumed or ended is not None:
                return ended
    return None


def _one(frame: Frame, node: Any, rest: list[Any]) -> tuple[Ended, bool]:
    """Lower one statement: how it ended, and whether it took ``rest`` along."""
    if isinstance(node, gast.Return):
        value = Const(None) if node.value is None else expressions.lower(frame, node.value)
        if not frame.exits:
            return value, False
        frame.exits[-1].leave_with(frame, value)
        return LEFT, False
    if isinstance(node, gast.Break | gast.Continue):
        way = frame.exits[-1]
        leave = way.skip if isinstance(node, gast.Continue) else way.leave
        (way.jump if isinstance(node, Jump) else leave)(frame)
        return LEFT, False
    compound = _COMPOUND.get(type(node))
    if compound is not None:
        return compound(frame, node, rest)
    if isinstance(node, gast.Raise):
        frame.raised = node
        scopes.raise_(frame, node)
        return NEVER, False
    statement(frame, node)
    return None, False


def statement(frame: Frame, node: Any) -> None:
    """Lower one statement that does not end its block."""
    handler = _HANDLERS.get(type(node))
    if handler is None:
        name, hint = _REFUSED.get(type(node), (f"a {type(node).__name__} statement", ""))
        frame.refuse(node, f"{name} is not supported", hint or None)
    handler(frame, node)


def _assign(frame: Frame, node: gast.Assign) -> None:
    value = expressions.lower(frame, node.value)
    for target in node.targets:
        assign(frame, target, value)


def assign(frame: Frame, target: Any, value: Bound) -> None:
    """Bind a target (a name, a pattern of names, an item) to a value."""
    if isinstance(target, gast.Name):
        frame.bind(target.id, value)
    elif isinstance(target, gast.Tuple | gast.List):
        if _is_swap_of_entries(frame, target, value):
            return
        for part, item in zip(target.elts, stars.unpack(frame, target, value), strict=True):
            assign(frame, part.value if isinstance(part, gast.Starred) else part, item)
    elif isinstance(target, gast.Subscript):
        base = expressions.indexed(frame, target)
        method = records.special_method(frame, base, "__setitem__")
        if method is not None:
            args = [expressions.lower(frame, target.slice), value]
            records.call_method(frame, target, method, args)
            return
        fields = frame.heap.fields(base)
        if fields is not None and isinstance(base, Ref):
            index = expressions.index(frame, target.slice)
            containers.set_item(frame, target, base, fields, index, value)
            return
        place = expressions.index(frame, target.slice)
        if lists.is_slice(place) and isinstance(base, Ref) and lists.is_list(frame, base):
            lists.set_slice(frame, target, base, place, value)
            return
        new = frame.look(value)
        if isinstance(base, Ref) and isinstance(frame.type(base), SequenceType):
            sharing.replaced(frame, base, place)
        writes.set_item(frame, target, base, place, new)
        if not isinstance(frame.type(base), Array):
            sharing.store(frame, base, value, target)
    else:
        base = expressions.lower(frame, target.value)
        records.set_attribute(frame, target, base, target.attr, value)


def _is_swap_of_entries(frame: Frame, target: Any, value: Bound) -> bool:
    """Lower ``a[i], a[j] = a[j], a[i]`` where a is a list that holds these entries alone."""
    if not isinstance(value, TupleOf) or not len(value.items) == len(target.elts) == 2:
        return False
    if not all(isinstance(part, gast.Subscript) for part in target.elts):
        return False
    places = [frame.heap.standing.get(x.loc) for x in value.items if isinstance(x, Ref)]
    if len(places) != 2 or places[0] is None or places[1] is None:
        return False
    homes = [Ref(place.loc, place.path[:-1]) for place in places if place is not None]
    bases = [expressions.indexed(frame, part) for part in target.elts]
    indices = [expressions.index(frame, part.slice) for part in target.elts]
    taken = [place.path[-1].args[0] for place in places if place is not None]
    lists = [frame.stands_for(base) if isinstance(base, Ref) else None for base in bases]
    if lists != homes or homes[0] != homes[1] or not _same_places(indices, taken[::-1]):
        return False
    return sharing.swapped(frame, homes[0], indices, target)


def _same_places(a: list[Operand], b: list[Operand]) -> bool:
    return all(
        x is y or (isinstance(x, Const) and isinstance(y, Const) and x.value == y.value)
        for x, y in zip(a, b, strict=True)
    )


def _augmented(frame: Frame, node: gast.AugAssign) -> None:
    target = node.target
    function = expressions.BINARY[type(node.op)]
    if isinstance(target, gast.Name):
        old = frame.lookup(gast.Name(target.id, gast.Load(), None, None))
        new = _augmented_value(frame, node, target.id, old, function)
        if new is not None:
            frame.bind(target.id, new)
        return
    if isinstance(target, gast.Attribute):
        base = expressions.lower(frame, target.value)
        old = expressions.attribute(frame, target, base, target.attr)
        home = (base.loc, target.attr) if isinstance(base, Ref) else None
        new = _augmented_value(frame, node, target.attr, old, function, home)
        if new is not None:
            records.set_attribute(frame, target, base, target.attr, new)
        return
    base = expressions.indexed(frame, target)
    if records.special_method(frame, base, "__setitem__") is not None:
        frame.refuse(
            node,
            "augmented assignment through __setitem__ is not supported",
            "write a[i] = a[i] + …",
        )
    place = expressions.index(frame, target.slice)
    fields = frame.heap.fields(base)
    if fields is not None and isinstance(base, Ref):
        old = containers.get_item(frame, node, base, fields, place)
        key = place.value if isinstance(place, Const) else None
        new = _augmented_value(frame, node, "", old, function, (base.loc, key))
        if new is not None:
            fields = frame.heap.fields(base)
            assert fields is not None
            containers.set_item(frame, node, base, fields, place, new)
        return
    before = frame.look(base)
    value = expressions.operand(frame, node.value)
    writes.augment_item(frame, node, base, place, before, function, value)


def _augmented_value(
    frame: Frame,
    node: Any,
    name: str,
    old: Bound,
    function: Any,
    home: tuple[Loc, Any] | None = None,
) -> Bound | None:
    """What ``name ⊕= value`` binds: a new value for numbers and tuples, None where it is in place.

    Arrays and lists are changed in place. ``home``: the object and its entry that are written to.
    """
    if isinstance(old, Const) and isinstance(old.value, np.ndarray | list | dict | set):
        frame.refuse(
            node,
            f"{name or 'this'} {_sign(node)}= … changes {old.name or 'a constant'}, which the "
            "function was not given",
            "copy it first: x = x.copy()",
        )
    method = records.special_method(frame, old, f"__i{function.__name__.strip('_')}__")
    if method is not None:
        right = expressions.lower(frame, node.value)
        return records.call_method(frame, node, method, [right])
    fields = frame.heap.fields(old)
    if fields is not None and fields.kind != "object" and isinstance(old, Ref):
        named = {operator.add: "extend", operator.or_: "update"}.get(function)
        right = expressions.lower(frame, node.value)
        if named is None or (
            containers.method(frame, node, old, fields, named, [right], {}) is None
        ):
            frame.refuse(
                node,
                "a container whose parts are followed one by one grows by what is not known here",
                "keep things of one kind in lists of their own",
            )
        return None
    if not isinstance(old, Ref) or fields is not None:
        numbers.refuse_shared(frame, node, name, old, home)
        right = expressions.lower(frame, node.value)
        return expressions.binary(frame, node, function, old, right)
    value = expressions.operand(frame, node.value)
    kind = frame.type(old)
    new = frame.emit(of(IN_PLACE[function]), frame.read(old), value, hint=name)
    if is_array(kind) or isinstance(kind, SequenceType):
        frame.write(old, new, node)
        frame.name(Ref(old.loc), name)
        return None
    own = name if home is None else None
    other = frame.shared(old.loc, own, home) if not old.path else old.loc.name or "an object"
    if other is None and old.loc in frame.heap.kept:
        other = "the container it is in"
    if other is not None:
        frame.refuse(
            node,
            f"cannot know whether {name} {_sign(node)}= … changes {other!r} too: "
            f"it does if {name} is an array, not if it is a number",
            f"write {name} = {name} {_sign(node)} …, or annotate the parameter",
        )
    return frame.wrap(new, name)


def _annotated(frame: Frame, node: gast.AnnAssign) -> None:
    if node.value is not None:
        assign(frame, node.target, expressions.lower(frame, node.value))


def _expression(frame: Frame, node: gast.Expr) -> None:
    value = node.value
    if isinstance(value, gast.Constant):
        return
    expressions.lower(frame, value)


def _delete(frame: Frame, node: gast.Delete) -> None:
    """``del xs[i]`` of a list."""
    for target in node.targets:
        if isinstance(target, gast.Attribute):
            base = expressions.lower(frame, target.value)
            records.delete_attribute(frame, node, base, target.attr)
            continue
        if isinstance(target, gast.Name):
            frame.lookup(gast.Name(target.id, gast.Load(), None, None))
            frame.env.pop(target.id, None)
            continue
        if isinstance(target, gast.Tuple | gast.List):
            _delete(frame, gast.copy_location(gast.Delete(target.elts), node))
            continue
        base = expressions.lower(frame, target.value)
        fields = frame.heap.fields(base)
        if fields is not None and isinstance(base, Ref):
            place = expressions.index(frame, target.slice)
            containers.delete_item(frame, node, base, fields, place)
            continue
        kind = frame.type(base) if isinstance(base, Ref) else None
        if not isinstance(base, Ref) or not isinstance(kind, SequenceType | Unknown):
            frame.refuse(node, "del of anything but entries of a list is not supported yet")
        place = expressions.index(frame, target.slice)
        if lists.is_slice(place):
            lists.set_slice(frame, node, base, place, None)
            continue
        frame.write(base, frame.emit(of(helpers.without), frame.look(base), place), node)


def _assert(frame: Frame, node: gast.Assert) -> None:
    opaque.statement(frame, node)


def _function(frame: Frame, node: gast.FunctionDef) -> None:
    decorators = [expressions.lower(frame, part) for part in node.decorator_list]
    made: Bound = expressions.closure(frame, node)
    for decorator in reversed(decorators):
        made = calls.call_bound(frame, node, decorator, [made], {})
    frame.bind(node.name, made)


def _nonlocal(frame: Frame, node: gast.Nonlocal) -> None:
    """The names are ``heap.Cell``s, which the function around this one made."""


def _global(frame: Frame, node: gast.Global) -> None:
    """Globals can be read; a derivative does not write to them."""
    written = set(assigned_names(frame.definition.node.body))
    for name in node.names:
        if name in written:
            frame.refuse(
                node,
                f"the function writes to the global {name!r}",
                "return the new value, and let the caller assign it",
            )


def _class(frame: Frame, node: gast.ClassDef) -> None:
    """A class that is made by each call: its objects are not followed."""
    for part in gast.walk(node):
        if isinstance(part, gast.Name) and part.id in frame.env:
            frame.refuse(
                part,
                f"a class inside a function that reads {part.id!r} from around it",
                "define the class at module level, and pass it what it needs",
            )
    template, operands = opaque.template_of(frame, node)
    value = Value(node.name, UNKNOWN, named=True)
    frame.builder.append(Op(OPAQUE, tuple(operands), (value,), attrs=Attrs(template=template)))
    frame.bind(node.name, frame.wrap(value, node.name))


def _pass(frame: Frame, node: Any) -> None:
    """``pass``."""


def _sign(node: gast.AugAssign) -> str:
    return {"add": "+", "sub": "-", "mul": "*", "truediv": "/"}.get(
        expressions.BINARY[type(node.op)].__name__, "op"
    )


# Statements that are refused: how they are called, and what to write instead.
_REFUSED: dict[type, tuple[str, str]] = {
    gast.AsyncFunctionDef: ("an async function", "write it with def"),
    gast.TryStar: ("except*", "write except"),
}

# Statements that hold others; what follows one may be lowered in its arms.
_COMPOUND: dict[type, Callable[[Frame, Any, list[Any]], tuple[Ended, bool]]] = {
    gast.If: control.if_,
    gast.For: loops.loop,
    gast.While: loops.loop,
    gast.Try: scopes.try_,
    gast.With: scopes.with_,
    gast.Match: patterns.match_,
    gast.Import: imports.import_,
    gast.ImportFrom: imports.import_,
}

_HANDLERS: dict[type, Callable[[Frame, Any], None]] = {
    gast.Assign: _assign,
    gast.AugAssign: _augmented,
    gast.AnnAssign: _annotated,
    gast.Expr: _expression,
    gast.Assert: _assert,
    gast.Delete: _delete,
    gast.FunctionDef: _function,
    gast.Nonlocal: _nonlocal,
    gast.Global: _global,
    gast.ClassDef: _class,
    gast.Pass: _pass,
}
