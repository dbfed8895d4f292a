"""Calls of functions whose derivative the user declared, and the rules that are declared.

The function is lowered in place like any other, or called if it is opaque. Its result then goes
through a RULED operation, which computes nothing::

    def sinh(x):                        %ex = exp(%x)
        ex = np.exp(x)                  …
        return (ex - 1 / ex) / 2        %y0 = div(…, 2)
                                        %y = ruled(%y0, %x, %ex)

The derivative of %y is what the rules say, by what was given (%x) and from what the function's
variables were (%ex); %y0 is not differentiated. Before text is written %y is %y0 again.
"""

from __future__ import annotations

import copy
import inspect
import sys
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, final

import gast
import numpy as np

from gradscribe.errors import ArgumentError
from gradscribe.frontend import calls, packed
from gradscribe.frontend.declared import PURE, RELIED_ON, Declared, Path, Rule, declared, key_of
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Fields, Ref, TupleOf
from gradscribe.frontend.packed import Leaf, Tree
from gradscribe.frontend.resolve import Definition, definition_of, is_written
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import (
    UNDEF,
    Attrs,
    Const,
    Function,
    Op,
    Operand,
    Parameter,
    Region,
    Value,
    walk,
)
from gradscribe.ir.facts.calls import called
from gradscribe.ir.loops import first_carry
from gradscribe.ir.primitives import BY_FUNCTION, FOR, RULED, WHILE, of
from gradscribe.ir.rewrite import defined_in
from gradscribe.ir.types import (
    PY_FLOAT,
    UNKNOWN,
    Type,
    Unknown,
    is_foreign,
    is_scalar,
    maybe_float,
)

CALLED = of(called)


@final
@dataclass(frozen=True, eq=False, slots=True)
class RuledCall:
    """What a RULED operation knows of the call that it is for.

    Its args are the primals of its results, and after them the operands in the trees: those of
    arguments have a path. ``given`` are the arguments in the order of the call, and whether each
    was given by name.
    """

    declared: Declared
    callee: Const
    given: tuple[tuple[str, bool], ...]
    args: dict[str, Tree]
    saved: dict[str, Tree]
    y: Tree
    paths: tuple[Path | None, ...]
    results: int

    def varying(self, args: Sequence[Operand]) -> list[Operand]:
        """The operands that the results depend on differentiably."""
        return [args[place] for place, _ in self.places(args)]

    def places(self, args: Sequence[Operand]) -> list[tuple[int, Path]]:
        """The places of operands that have a derivative, with the parts of arguments they are."""
        pairs = enumerate(self.paths, self.results)
        return [
            (place, path)
            for place, path in pairs
            if path is not None
            and maybe_float(args[place].type)  # type: ignore[union-attr]  # a leaf is a Value
            and not self.declared.is_constant(path)
        ]

    def plain_arguments(self, args: Sequence[Operand]) -> list[Operand] | None:
        """The arguments, if each is one operand and there is one result."""
        found: list[Operand] = []
        for tree in self.args.values():
            if isinstance(tree, Leaf):
                found.append(args[tree.place])
            elif isinstance(tree, Const) and isinstance(tree.value, int | float | str | None):
                found.append(tree)
            else:
                return None
        return found if self.y == Leaf(0, result=True) else None

    def is_read(self) -> bool:
        """Is the source of the function what computes its value?"""
        return not self.declared.opaque and is_written(self.declared.function)


def call(
    frame: Frame,
    node: Any,
    about: Declared,
    callee: Const,
    positional: Sequence[Bound],
    keywords: Mapping[Any, Bound],
) -> Bound:
    """Lower a call of a function for which something is declared."""
    if callee.value is not about.function:
        positional, keywords = _as_of_original(callee.value, about, positional, keywords)
        callee = Const(about.function)
    callee = named(frame, node, callee)
    env, given = _bind(frame, node, about, list(positional), dict(keywords))
    operands: list[Value] = []
    paths: list[Path | None] = []

    def place(operand: Value, path: tuple[Any, ...] | None) -> Leaf:
        operands.append(operand)
        paths.append(path)
        return Leaf(len(operands) - 1)

    args = {name: packed.pack(frame, bound, (name,), place) for name, bound in env.items()}
    before = {loc: frame.heap.values[loc] for b in env.values() for loc in frame.heap.within(b)}
    variables: dict[str, Bound] = {}
    built = len(frame.builder.region.ops)
    result = _primal(frame, node, about, callee, list(positional), dict(keywords), variables)
    changed = next((loc for loc, held in before.items() if frame.heap.values[loc] != held), None)
    if changed is not None:
        frame.refuse(
            node,
            f"{about.name} has a rule, and changes its argument {changed.name or ''}".rstrip(),
            "let it change a copy, and return that",
        )
    if about.constant:
        return _stopped(frame, node, about, result, before)
    saved = {}
    made = frame.builder.region.ops[built:] if about.saved else []
    for name in about.saved:
        first = len(operands)
        if name in variables:
            saved[name] = packed.pack(frame, variables[name], (), lambda o, _: place(o, None))
        if name not in variables or not _are_bound(operands[first:], made):
            frame.refuse(
                node,
                f"a rule of {about.name} reads its variable {name!r}, which not every path binds",
                "bind it on every path, or compute it in the rule",
            )
    _annotate(frame, about, result, args.values(), operands)
    primals: list[Value] = []

    def result_of(operand: Value, _: tuple[Any, ...]) -> Leaf:
        if not maybe_float(operand.type):
            return place(operand, None)
        if operand not in primals:
            primals.append(operand)
        return Leaf(primals.index(operand), result=True)

    y = packed.pack(frame, result, (), result_of)
    if not primals:
        return result
    shift = len(primals)

    def moved(tree: Tree) -> Tree:
        if isinstance(tree, Leaf):
            return tree if tree.result else Leaf(tree.place + shift)
        if isinstance(tree, packed.Node):
            entries = {key: moved(below) for key, below in tree.entries.items()}
            return packed.Node(tree.kind, entries, tree.cls)
        return tree

    about_call = RuledCall(
        about, callee, given, {n: moved(t) for n, t in args.items()},
        {n: moved(t) for n, t in saved.items()}, moved(y), tuple(paths), shift,
    )  # fmt: skip
    values = tuple(Value(p.hint, p.type, p.named) for p in primals)
    op = Op(RULED, (*primals, *operands), values, attrs=Attrs(ruled=about_call))
    frame.builder.append(op)
    return _instead(frame, result, dict(zip(primals, values, strict=True)), set(before))


def _annotate(
    frame: Frame,
    about: Declared,
    result: Bound,
    args: Iterable[Tree],
    operands: Sequence[Value],
) -> None:
    """Where nothing tells the type of a result, the function's annotation may: ``-> float``.

    It is believed where all arguments are numbers.
    """
    value = frame.read(result) if isinstance(result, Value | Ref) else None
    if not isinstance(value, Value) or not isinstance(value.type, Unknown):
        return
    said = getattr(about.function, "__annotations__", {}).get("return")
    places = [leaf.place for tree in args for leaf in packed.leaves(tree)]
    if said in (float, "float") and all(is_scalar(operands[place].type) for place in places):
        value.type = PY_FLOAT


def _are_bound(operands: Sequence[Operand], ops: Sequence[Op]) -> bool:
    """Is what variables are in the end, after some operations, bound on every path through them?"""
    origin = {r: (op, k) for op in walk(Region([], list(ops))) for k, r in enumerate(op.results)}
    inside = {value for op in ops for inner in op.regions for value in defined_in(inner)}
    if not inside.isdisjoint(operands):
        return False
    work, seen = list(operands), set()
    while work:
        operand = work.pop()
        if operand is UNDEF:
            return False
        if operand in seen or operand not in origin:
            continue
        seen.add(operand)
        op, k = origin[operand]
        if op.prim in (FOR, WHILE):
            work += op.args[first_carry(op) + k : first_carry(op) + k + 1]
        work += [inner.yields[k] for inner in op.regions if k < len(inner.yields)]
    return True


def _stopped(
    frame: Frame, node: Any, about: Declared, result: Bound, before: Mapping[Any, Any]
) -> Bound:
    """What a constant function gives: it depends on nothing."""
    primals: list[Value] = []

    def place(operand: Value, _: tuple[Any, ...]) -> Leaf:
        if maybe_float(operand.type) and operand not in primals:
            primals.append(operand)
        return Leaf(0)

    y = packed.pack(frame, result, (), place)
    _relied_on(about, None)
    values = tuple(Value(p.hint, p.type, p.named) for p in primals)
    known = RuledCall(about, Const(about.function), (), {}, {}, y, (), len(primals))
    if primals:
        frame.builder.append(Op(RULED, tuple(primals), values, attrs=Attrs(ruled=known)))
    return _instead(frame, result, dict(zip(primals, values, strict=True)), set(before))


def _instead(frame: Frame, bound: Bound, values: dict[Value, Value], given: set[Any]) -> Bound:
    """A bound value with other operands in the places of some."""
    if isinstance(bound, TupleOf):
        return TupleOf(tuple(_instead(frame, b, values, given) for b in bound.items), bound.cls)
    if isinstance(bound, Value):
        return values.get(bound, bound)
    if not isinstance(bound, Ref):
        return bound
    held = None if bound.path else frame.heap.values[bound.loc]
    if isinstance(held, Fields):
        parts = held.entries.items()
        entries = {key: _instead(frame, item, values, given) for key, item in parts}
        new = Fields(held.kind, entries, held.cls)
        if bound.loc in given:
            return frame.heap.new(new)
        frame.heap.values[bound.loc] = new
        return bound
    operand = frame.read(bound)
    if operand not in values:
        return bound
    assert isinstance(operand, Value)
    if held is not None and bound.loc not in given and bound.loc not in frame.heap.standing:
        frame.heap.values[bound.loc] = values[operand]
        return bound
    made = frame.heap.new(values[operand])
    frame.heap.relate(made.loc, bound.loc)
    return made


# ---------------------------------------------------------------------------- the primal


def _as_of_original(
    copied: Any, about: Declared, positional: Sequence[Bound], keywords: Mapping[Any, Bound]
) -> tuple[list[Bound], dict[str, Bound]]:
    """The arguments of a call of a file's copy of a function, for the function itself."""
    names = tuple(inspect.signature(copied).parameters)
    given = {**dict(zip(names, positional, strict=False)), **keywords}
    kinds = {p.name: p.kind for p in inspect.signature(about.function).parameters.values()}
    by_name = [name for name in given if kinds[name] is inspect.Parameter.KEYWORD_ONLY]
    return [given[n] for n in given if n not in by_name], {n: given[n] for n in by_name}


def _bind(
    frame: Frame, node: Any, about: Declared, positional: list[Bound], keywords: dict[Any, Bound]
) -> tuple[dict[str, Bound], tuple[tuple[str, bool], ...]]:
    """The arguments by the names of the parameters, and how they are given in a call."""
    function = about.function
    if isinstance(function, types.FunctionType):
        definition = definition_of(function)
        inner = Frame(definition, frame.builder, frame.heap, frame)
        calls.bind_parameters(frame, inner, node, definition, positional, keywords)
        kinds = {p.name: p.kind for p in inspect.signature(function).parameters.values()}
        keyword = inspect.Parameter.KEYWORD_ONLY
        given = tuple((name, kind is keyword) for name, kind in kinds.items())
        return {name: inner.env[name] for name in kinds}, given
    if len(positional) > len(about.params) or not set(keywords) <= set(about.params):
        frame.refuse(
            node,
            f"{about.name} is called with arguments that its rules have no names for",
            f"its rules know {', '.join(about.params)}",
        )
    env = dict(zip(about.params, positional, strict=False)) | keywords
    given = tuple((name, name in keywords) for name in env)
    return {**_defaults(about), **env}, given


def _defaults(about: Declared) -> dict[str, Bound]:
    """The defaults of a function that is not Python's."""
    try:
        parameters = inspect.signature(about.function).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {p.name: Const(p.default) for p in parameters if p.default is not p.empty}


def _primal(
    frame: Frame,
    node: Any,
    about: Declared,
    callee: Const,
    positional: list[Bound],
    keywords: dict[Any, Bound],
    variables: dict[str, Bound],
) -> Bound:
    """What the function gives; ``variables`` takes up what its own are in the end."""
    function = about.forward or about.function
    read = is_written(function)
    if read and (about.forward is not None or not about.opaque):
        return _inlined(frame, node, function, positional, keywords, variables)
    prim = None if about.opaque else BY_FUNCTION.get(key_of(function))
    if prim is not None:
        result = calls.apply(frame, node, prim, positional, keywords)
        if result is not None:
            return result
    return opaque_call(frame, node, callee, positional, keywords, _result_type(about))


def _inlined(
    frame: Frame,
    node: Any,
    function: types.FunctionType,
    positional: list[Bound],
    keywords: dict[Any, Bound],
    variables: dict[str, Bound],
) -> Bound:
    token = PURE.set(True)
    try:
        definition = definition_of(function)
        return calls.inline(frame, node, definition, None, positional, keywords, variables)
    finally:
        PURE.reset(token)


def _result_type(about: Declared) -> Callable[[dict[str, Operand]], Type] | None:
    """The type of what an opaque function gives: of an elementwise one, by broadcasting."""
    names = [a[0] for rule in about.rules if rule.kind == "partial" for a in rule.arguments]
    if not names:
        return None

    def kind(args: dict[str, Operand]) -> Type:
        kinds = [of(np.exp).result_type((args[name],)) for name in names if name in args]
        while len(kinds) > 1:
            a, b = (Value("", k) for k in kinds[-2:])
            kinds[-2:] = [of(np.add).result_type((a, b))]
        return kinds[0]

    return kind


def opaque_call(
    frame: Frame,
    node: Any,
    callee: Const,
    positional: Sequence[Bound],
    keywords: Mapping[Any, Bound],
    kind: Callable[[dict[str, Operand]], Type] | None = None,
) -> Bound:
    """A call of a function that is not looked into and taken to be pure."""
    callee = named(frame, node, callee)
    given = [frame.read(bound) for bound in positional]
    by_name = {key: frame.read(bound) for key, bound in keywords.items()}
    about = declared(callee.value)
    result: Type = UNKNOWN
    if kind is not None and about is not None:
        result = kind(dict(zip(about.params, given, strict=False)) | by_name)
    args = (callee, Const(tuple(by_name)), *given, *by_name.values())
    value = frame.builder.emit(CALLED, *args, type=result)
    op = frame.builder.region.ops[-1]
    op.span = frame.here(node)
    return frame.wrap(value)


def named(frame: Frame, node: Any, callee: Const) -> Const:
    """A function as text may name it: where it lives, else as the program names it here."""
    function = callee.value
    if callee.name is not None or is_importable(function):
        return callee
    path: list[str] = []
    part = node.func if isinstance(node, gast.Call) else None
    while isinstance(part, gast.Attribute):
        path.insert(0, part.attr)
        part = part.value
    if not isinstance(part, gast.Name) or part.id in frame.definition.locals:
        return callee
    found: Any = frame.definition.globals.get(part.id)
    home, name = frame.definition.globals.get("__name__"), [part.id]
    for attribute in path:
        home, name = (
            (found.__name__, [attribute])
            if isinstance(found, types.ModuleType)
            else (home, [*name, attribute])
        )
        found = getattr(found, attribute, None)
    return Const(function, ".".join(name), home) if found is function else callee


def is_importable(function: Any) -> bool:
    """Is a function what its own name denotes in its own module?"""
    found: Any = sys.modules.get(getattr(function, "__module__", None) or "")
    for attribute in (getattr(function, "__qualname__", None) or "").split("."):
        found = getattr(found, attribute, None)
    return found is function


def outlined(known: RuledCall, args: Sequence[Operand]) -> Function | None:
    """A function of its own that computes what a call does; None where that cannot be."""
    about, given = known.declared, known.plain_arguments(args)
    if given is None or not known.is_read():
        return None
    frame = Frame(_around(about.function), Builder())
    builder = frame.builder
    pairs = zip(known.args, given, strict=True)
    values = [Value(name, type_of_operand(operand), named=True) for name, operand in pairs]
    builder.region.params = values
    bound = {value.hint: frame.wrap(value) for value in values}
    positional = [bound[name] for name, by_name in known.given if not by_name]
    keywords = {name: bound[name] for name, by_name in known.given if by_name}
    node = frame.definition.node
    result = _inlined(frame, node, about.function, positional, keywords, {})
    builder.region.yields = [frame.read(result)]
    made = Function(about.function.__name__, [Parameter(v.hint) for v in values], builder.region)
    made.internal = True
    has_effects = any(op.prim.effect for op in walk(made.body))
    return None if has_effects else made


def lower_ruled(about: Declared, kinds: Sequence[Type]) -> Function:
    """The IR of a function for which something is declared, for parameters of these types."""
    builder = Builder(foreign=any(map(is_foreign, kinds)))
    function = about.function
    names = list(about.params)
    frame = Frame(_around(function), builder)
    values = [Value(name, kind, named=True) for name, kind in zip(names, kinds, strict=True)]
    builder.region.params = values
    bound = [frame.wrap(value, value.hint) for value in values]
    params = [Parameter(name) for name in names]
    node = frame.definition.node
    positional, keywords = bound, {}
    if isinstance(function, types.FunctionType):
        from gradscribe.frontend.lower import parameters, take_defaults

        params = parameters(definition_of(function).node)
        take_defaults(function, params)
        by_name = [p.kind == "keyword" for p in params]
        if any(p.kind in ("args", "kwargs") for p in params):
            frame.refuse(
                node,
                f"{about.name} has a rule and * parameters, and is differentiated itself",
                "differentiate a function that calls it",
            )
        positional = [b for b, named in zip(bound, by_name, strict=True) if not named]
        keywords = {p.name: b for p, b in zip(params, bound, strict=True) if p.kind == "keyword"}
        builder.span = builder.statement = definition_of(function).header(node)
    result = call(frame, node, about, Const(function), positional, keywords)
    builder.region.yields = [frame.read(result)]
    return Function(about.name, params, builder.region, span=builder.span)


def _around(function: Any) -> Definition:
    """A definition to call a function from, which is not its own."""
    if isinstance(function, types.FunctionType):
        own = definition_of(function)
        return Definition(copy.copy(own.node), own.file, own.globals, own.cells, function)
    from gradscribe.source import SourceFile

    node = gast.parse("lambda: None").body[0].value
    return Definition(node, SourceFile("", ""), {}, {}, None)


# ---------------------------------------------------------------------------- rules


@final
class Ran:
    """A rule that was lowered: its frame, and what it returned."""

    __slots__ = ("frame", "result", "rule")

    def __init__(self, rule: Rule, frame: Frame, result: Bound) -> None:
        self.rule = rule
        self.frame = frame
        self.result = result

    def bounds(self) -> list[Bound]:
        """What it returned for each of its arguments."""
        if not self.rule.joint:
            return [self.result]
        expected = len(self.rule.arguments)
        items = self.result.items if isinstance(self.result, TupleOf) else None
        if items is None or len(items) != expected:
            found = "one value" if items is None else f"{len(items)} values"
            self.fail(f"returns {found} for {expected} arguments", "return a tuple, one for each")
        return list(items)

    def matched(self, bound: Bound, tree: Tree, what: str) -> list[tuple[Leaf, Operand]]:
        """The operands of (a part of) the result for the leaves of what it is for."""
        try:
            found = list(packed.matched(self.frame, bound, tree))
        except ValueError:
            self.fail(
                f"does not return what has the structure of {what}", "return the same structure"
            )
        if isinstance(tree, Leaf) and isinstance(bound, TupleOf):
            self.fail(
                f"returns {len(bound.items)} values for {what} alone",
                "return one, or declare the rule for a tuple of names",
            )
        return found

    def fail(self, message: str, hint: str) -> NoReturn:
        rule = self.rule.function
        span = None
        if isinstance(rule, types.FunctionType):
            definition = definition_of(rule)
            span = definition.header(definition.node)
        raise ArgumentError(f"the rule {rule_name(self.rule)} {message}", span, hint)


def rule_name(rule: Rule) -> str:
    return getattr(rule.function, "__name__", repr(rule.function))


def run(
    about: Declared, rule: Rule, given: Mapping[str, Callable[[Frame], Bound]], builder: Builder
) -> Ran:
    """Lower a rule, its parameters bound by name."""
    _relied_on(about, rule)
    function = rule.function
    own = declared(function)
    frame = Frame(_around(function), builder)
    bound = {name: given[name](frame) for name in rule.read}
    if own is not None:
        return Ran(rule, frame, call(frame, frame.definition.node, own, Const(function), [], bound))
    if not is_written(function):
        result = opaque_call(frame, frame.definition.node, Const(function), [], bound)
        return Ran(rule, frame, result)
    from gradscribe.frontend.lower import body

    frame.env.update(bound)
    return Ran(rule, frame, body(frame, frame.definition.node))


def _relied_on(about: Declared, rule: Rule | None) -> None:
    relied = RELIED_ON.get()
    if relied is not None:
        relied.setdefault((about, rule))


def calling_frame(rule: Rule, builder: Builder) -> Frame:
    """A frame to call functions from, in place of a rule."""
    return Frame(_around(rule.function), builder)


def again(known: RuledCall, bound: Mapping[str, Bound], frame: Frame) -> Bound:
    """The same call with other arguments."""
    positional = [bound[name] for name, by_name in known.given if not by_name]
    keywords = {name: bound[name] for name, by_name in known.given if by_name}
    node = frame.definition.node
    return call(frame, node, known.declared, known.callee, positional, keywords)
