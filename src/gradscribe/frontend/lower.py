"""Lowering a function: its statements, and the entry points of the frontend.

``lower_function`` gives the IR of a user's function for given parameter types; ``inline`` lowers a
function's body in the middle of another (a callee, or a derivative rule).
"""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Sequence
from typing import Any

import gast

from gradscribe.errors import UnsupportedError
from gradscribe.frontend import (
    assumed,
    calls,
    control,
    expressions,
    imports,
    loops,
    opaque,
    opened,
    patterns,
    raising,
    recursion,
    scopes,
    sharing,
    surgery,
)
from gradscribe.frontend.arms import LEFT, NEVER, Ended
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Cell, Fields, TupleOf
from gradscribe.frontend.remembered import remembered
from gradscribe.frontend.resolve import assigned_names, definition_of, shared_names
from gradscribe.frontend.targets import annotated, assignment, augmented, delete
from gradscribe.frontend.ways import Jump, Step
from gradscribe.ir.build import Builder
from gradscribe.ir.core import Attrs, Const, Function, Op, Operand, Parameter, Value
from gradscribe.ir.primitives import OPAQUE
from gradscribe.ir.types import UNKNOWN, Type, foreign_in
from gradscribe.source import Span


def lower_function(function: types.FunctionType, param_types: Sequence[Type]) -> Function:
    """The IR of ``function`` for parameters of these types, in the order of its signature."""
    constants: list[Const] = []
    attempts: dict[Span, raising.Untold] = {}
    refused: UnsupportedError | None = None
    decide = recursive = False
    while True:
        try:
            with assumed.assuming(decide, recursive) as numbers:
                made = _lowered(function, param_types, constants, attempts)
            assumed.check(made.body, numbers)
        except opened.Written as written:
            constants.append(written.constant)
            continue
        except raising.Untold as found:
            if found.attempt is None:
                raise
            if found.attempt in attempts:
                raise attempts[found.attempt] from None
            attempts[found.attempt] = found
            continue
        except raising.Raises as found:  # nothing of the function is left to be differentiated
            raise UnsupportedError(found.message, found.span, found.hint) from None
        except (assumed.Recursion, UnsupportedError) as found:
            if isinstance(found, UnsupportedError):
                if recursive or not numbers.asked:
                    raise
                refused = refused or (None if decide else found)
            if decide and refused is not None:
                raise refused from None
            decide, recursive = not decide, decide
            continue
        opened.check(made, constants)
        return made


def _lowered(
    function: types.FunctionType,
    param_types: Sequence[Type],
    constants: list[Const],
    attempts: Collection[Span],
) -> Function:
    definition = definition_of(function)
    builder = Builder(foreign=foreign_in(*param_types))
    builder.stepwise = attempts
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
        isinstance(held, Fields)
        and surgery.is_changed(builder, frame.heap.values.get(loc, held), held)
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
    return remembered(rule, args, builder, lambda: _rule(rule, args, builder))


def _rule(
    rule: types.FunctionType, args: dict[str, Operand], builder: Builder
) -> Operand | list[Operand]:
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


def _expression(frame: Frame, node: gast.Expr) -> None:
    value = node.value
    if isinstance(value, gast.Constant):
        return
    expressions.lower(frame, value)


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
    """Globals can be read; a derivative does not write to them, but imports what they are to be."""
    written = set(assigned_names(frame.definition.node.body))
    for name in node.names:
        if name in written and not imports.into_global(frame, name):
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
    Step: scopes.try_,
    gast.With: scopes.with_,
    gast.Match: patterns.match_,
    gast.Import: imports.import_,
    gast.ImportFrom: imports.import_,
}

_HANDLERS: dict[type, Callable[[Frame, Any], None]] = {
    gast.Assign: assignment,
    gast.AugAssign: augmented,
    gast.AnnAssign: annotated,
    gast.Expr: _expression,
    gast.Assert: _assert,
    gast.Delete: delete,
    gast.FunctionDef: _function,
    gast.Nonlocal: _nonlocal,
    gast.Global: _global,
    gast.ClassDef: _class,
    gast.Pass: _pass,
}
