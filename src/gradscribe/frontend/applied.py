"""Rules that users declare, lowered: what they are given, what they return, and other calls."""

from __future__ import annotations

import copy
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, final

import gast

from gradscribe.errors import ArgumentError
from gradscribe.frontend import packed, primals, ruled
from gradscribe.frontend.declared import Declared, Rule, declared
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, TupleOf
from gradscribe.frontend.packed import Leaf, Tree
from gradscribe.frontend.resolve import Definition, definition_of, has_source, is_written
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import (
    Const,
    Function,
    Operand,
    Parameter,
    Value,
    walk,
)
from gradscribe.ir.types import (
    Type,
    foreign_in,
)


def outlined(known: ruled.RuledCall, args: Sequence[Operand]) -> Function | None:
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
    result = primals.inlined(frame, node, about.function, positional, keywords, {})
    builder.region.yields = [frame.read(result)]
    made = Function(about.function.__name__, [Parameter(v.hint) for v in values], builder.region)
    made.internal = True
    has_effects = any(op.prim.effect for op in walk(made.body))
    return None if has_effects else made


def lower_ruled(about: Declared, kinds: Sequence[Type]) -> Function:
    """The IR of a function for which something is declared, for parameters of these types."""
    builder = Builder(foreign=foreign_in(*kinds))
    function = about.function
    names = list(about.params)
    frame = Frame(_around(function), builder)
    values = [Value(name, kind, named=True) for name, kind in zip(names, kinds, strict=True)]
    builder.region.params = values
    bound = [frame.wrap(value, value.hint) for value in values]
    params = [Parameter(name) for name in names]
    node = frame.definition.node
    positional, keywords = bound, {}
    if has_source(function):
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
    result = ruled.call(frame, node, about, Const(function), positional, keywords)
    builder.region.yields = [frame.read(result)]
    return Function(about.name, params, builder.region, span=builder.span)


def _around(function: Any) -> Definition:
    """A definition to call a function from, which is not its own."""
    if has_source(function):
        own = definition_of(function)
        return Definition(copy.copy(own.node), own.file, own.globals, own.cells, function)
    from gradscribe.source import SourceFile

    node = gast.parse("lambda: None").body[0].value
    return Definition(node, SourceFile("", ""), {}, {}, None)


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
    ruled.relied_on(about, rule)
    function = rule.function
    own = declared(function)
    frame = Frame(_around(function), builder)
    bound = {name: given[name](frame) for name in rule.read}
    if own is not None:
        return Ran(
            rule, frame, ruled.call(frame, frame.definition.node, own, Const(function), [], bound)
        )
    if not is_written(function):
        result = primals.opaque_call(frame, frame.definition.node, Const(function), [], bound)
        return Ran(rule, frame, result)
    from gradscribe.frontend.lower import body

    frame.env.update(bound)
    return Ran(rule, frame, body(frame, frame.definition.node))


def calling_frame(rule: Rule, builder: Builder) -> Frame:
    """A frame to call functions from, in place of a rule."""
    return Frame(_around(rule.function), builder)


def again(known: ruled.RuledCall, bound: Mapping[str, Bound], frame: Frame) -> Bound:
    """The same call with other arguments."""
    positional = [bound[name] for name, by_name in known.given if not by_name]
    keywords = {name: bound[name] for name, by_name in known.given if by_name}
    node = frame.definition.node
    return ruled.call(frame, node, known.declared, known.callee, positional, keywords)
