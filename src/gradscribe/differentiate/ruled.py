"""Calls whose derivative the user declared: the rules applied, in either mode.

A rule for one mode serves the other. A tangent is linear in the tangents it is given, so its
transpose is the adjoint, and the other way round: the rule is lowered with a placeholder for what
it is linear in, and a reverse sweep over it gives the transpose, in which the placeholder does not
occur any more (if it does, the rule is not linear, and only serves its own mode).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

from gradscribe.differentiate import apply
from gradscribe.differentiate.activity import Activity
from gradscribe.differentiate.bars import (
    FILL_LIKE,
    LIKE,
    ZEROS_LIKE,
    Bar,
    Scope,
    like,
    times,
)
from gradscribe.differentiate.tangents import spread, sum_of, tangent_or_zero
from gradscribe.errors import NoRuleError, UnsupportedError
from gradscribe.frontend import applied, packed
from gradscribe.frontend.declared import Path, Rule, dot_of, spelled
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound
from gradscribe.frontend.packed import Leaf, Tree
from gradscribe.frontend.ruled import RuledCall
from gradscribe.ir import helpers
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.primitives import of
from gradscribe.ir.rewrite import substitute
from gradscribe.ir.types import maybe_float
from gradscribe.passes.clean import clean_region

Given = dict[str, Callable[[Frame], Bound]]
Operands = Mapping[int, Operand]


def reverse(op: Op, bars: list[Bar | None], scope: Scope, active: Any) -> None:
    """Add what a call contributes to the adjoints of its active arguments."""
    known: RuledCall = op.attrs.ruled
    given = _given(op, known)
    whole = {k: scope.whole(b, r) for k, (b, r) in enumerate(zip(bars, op.results, strict=True))}
    given = _with_bar(known, given, whole)
    wanted = [(place, path) for place, path in known.places(op.args) if op.args[place] in active]
    for rule, places in _rules(
        op, known, wanted, "partial", "adjoint", "linear", "tangent"
    ).items():
        if rule.kind == "partial":
            ran = applied.run(known.declared, rule, given, scope.builder)
            factor = ran.frame.read(ran.result)
            for place in places:
                apply.contribute(op, place, scope, times(scope.builder, whole[0], factor))
        elif rule.kind == "tangent":
            found = _adjoint_of_tangent(op, known, rule, given, whole, places, scope)
            for place, bar in found.items():
                apply.contribute(op, place, scope, bar)
        else:
            for place, bar in _contributions(known, rule, given, scope.builder).items():
                if place in places:
                    apply.contribute(op, place, scope, bar)


def tangents(
    op: Op, new: Op, dots: Mapping[Value, Operand], builder: Builder
) -> dict[Value, Operand]:
    """The tangents of the results of ``op``; ``new`` is its copy in the derivative."""
    known: RuledCall = op.attrs.ruled
    given = _given(new, known)
    wanted = [(place, path) for place, path in known.places(op.args) if op.args[place] in dots]
    total: dict[int, Operand] = {}

    def add(k: int, term: Operand) -> None:
        total[k] = sum_of(total[k], term, builder) if k in total else term

    def dot(place: int) -> Operand:
        return tangent_or_zero(op.args[place], new.args[place], dots, builder)  # type: ignore[arg-type]

    for rule, places in _rules(
        op, known, wanted, "partial", "tangent", "linear", "adjoint"
    ).items():
        if rule.kind == "partial":
            ran = applied.run(known.declared, rule, given, builder)
            factor = ran.frame.read(ran.result)
            for place in places:
                term = times(builder, factor, dot(place))
                add(0, spread(term, new.results[0], builder))
        elif rule.kind == "adjoint":
            for k, term in _tangent_of_adjoint(
                new, known, rule, given, places, dot, builder
            ).items():
                add(k, term)
        else:
            run = _linear if rule.kind == "linear" else _tangent
            for k, term in run(known, rule, given, dot, new, builder):
                zero = isinstance(term, Const) and term.value == 0
                add(k, term if zero else like(builder, term, new.results[k]))
    return {op.results[k]: term for k, term in total.items()}


# ---------------------------------------------------------------------------- finding rules


def _rules(
    op: Op, known: RuledCall, wanted: list[tuple[int, Path]], *kinds: str
) -> dict[Rule, list[int]]:
    """The rules to apply, each with the places of the operands that it is applied for."""
    found: dict[Rule, list[int]] = {}
    for place, path in wanted:
        rule = known.declared.rule(path, *kinds)
        if rule is None:
            _missing(op, known, path)
        found.setdefault(rule, []).append(place)
    return found


def _missing(op: Op, known: RuledCall, path: Path) -> NoReturn:
    about = known.declared
    others = [spelled(a) for rule in about.rules for a in rule.arguments]
    has = f" (there are rules for {', '.join(dict.fromkeys(others))})" if others else ""
    raise NoRuleError(
        f"cannot differentiate {about.name} with respect to its argument {spelled(path)}: "
        f"no rule{has}",
        op.span,
        f"declare one: @partial, @linear, @tangent or @adjoint({about.name}, {spelled(path)})",
    )


# ---------------------------------------------------------------------------- what rules read


def _given(op: Op, known: RuledCall) -> Given:
    """What rules may read of a call, by name."""

    def operand(leaf: Leaf) -> Operand:
        return op.results[leaf.place] if leaf.result else op.args[leaf.place]

    def bind(tree: Tree) -> Callable[[Frame], Bound]:
        return lambda frame: packed.unpack(frame, tree, operand)

    trees = {"y": known.y, "result": known.y, **known.saved, **known.args}
    return {name: bind(tree) for name, tree in trees.items()}


def _with_bar(known: RuledCall, given: Given, bars: Operands) -> Given:
    """What a rule may read with the cotangents of the results, unless arguments are called so."""

    def y_bar(frame: Frame) -> Bound:
        return _of_results(frame, known.y, bars)

    return {"y_bar": y_bar, "result_bar": y_bar, **given}


def _of_results(frame: Frame, tree: Tree, values: Operands) -> Bound:
    """Something for each result, in the structure of what the function returns."""

    def of_leaf(leaf: Leaf) -> Operand:
        return values[leaf.place] if leaf.result else Const(None)

    return packed.unpack(frame, tree, of_leaf, packed.derivative_of)


def _of_argument(frame: Frame, tree: Tree, values: Operands) -> Bound:
    """Something for each operand of an argument; None for those that are no floats."""

    def of_leaf(leaf: Leaf) -> Operand:
        return values.get(leaf.place, Const(None))

    return packed.unpack(frame, tree, of_leaf, packed.derivative_of)


def _arguments(known: RuledCall, rule: Rule) -> list[tuple[Path, Tree]]:
    return [(path, packed.part(known.args[path[0]], path[1:])) for path in rule.arguments]


# ---------------------------------------------------------------------------- each kind


def _contributions(
    known: RuledCall, rule: Rule, given: Given, builder: Builder
) -> dict[int, Operand]:
    """What an adjoint, or the transpose of a linear function, gives for each operand."""
    ran = applied.run(known.declared, rule, given, builder)
    found: dict[int, Operand] = {}
    for (path, tree), bound in zip(_arguments(known, rule), ran.bounds(), strict=True):
        for leaf, operand in ran.matched(bound, tree, spelled(path)):
            if not isinstance(operand, Const) or operand.value is not None:
                found[leaf.place] = operand
    return found


def _with_dots(
    known: RuledCall, rule: Rule, given: Given, dot: Callable[[int], Operand], op: Op
) -> Given:
    """What a tangent rule may read: the tangents of its arguments too."""
    made = dict(given)
    for path, tree in _arguments(known, rule):
        values = _dots(tree, dot, op)
        made[dot_of(path)] = lambda frame, t=tree, v=values: _of_argument(frame, t, v)  # type: ignore[misc]
    return made


def _dots(tree: Tree, dot: Callable[[int], Operand], op: Op) -> dict[int, Operand]:
    """The tangents of what is a float in an argument."""
    places = (leaf.place for leaf in packed.leaves(tree))
    return {k: dot(k) for k in places if maybe_float(type_of_operand(op.args[k]))}


def _tangent(
    known: RuledCall,
    rule: Rule,
    given: Given,
    dot: Callable[[int], Operand],
    op: Op,
    builder: Builder,
) -> list[tuple[int, Operand]]:
    ran = applied.run(known.declared, rule, _with_dots(known, rule, given, dot, op), builder)
    return _of_y(ran, known)


def _linear(
    known: RuledCall,
    rule: Rule,
    given: Given,
    dot: Callable[[int], Operand],
    op: Op,
    builder: Builder,
) -> list[tuple[int, Operand]]:
    """The function itself, of the tangents of the arguments that it is linear in."""
    frame = applied.calling_frame(rule, builder)
    bound = {name: given[name](frame) for name in known.args}
    for path, tree in _arguments(known, rule):
        bound[path[0]] = _of_argument(frame, tree, _dots(tree, dot, op))
    result = applied.again(known, bound, frame)
    return _of_y(applied.Ran(rule, frame, result), known)


def _of_y(ran: applied.Ran, known: RuledCall) -> list[tuple[int, Operand]]:
    pairs = ran.matched(ran.result, known.y, "the result")
    return [
        (leaf.place, operand)
        for leaf, operand in pairs
        if leaf.result and not (isinstance(operand, Const) and operand.value is None)
    ]


# ---------------------------------------------------------------------------- transposition


def _adjoint_of_tangent(
    op: Op,
    known: RuledCall,
    rule: Rule,
    given: Given,
    y_bars: Operands,
    places: list[int],
    scope: Scope,
) -> dict[int, Operand]:
    """The transpose of a tangent rule, applied to the cotangents of the results."""
    inputs = {place: _placeholder(op.args[place], "dot") for place in places}

    def dot(place: int) -> Operand:
        arg = op.args[place]
        assert isinstance(arg, Value)
        return inputs[place] if place in inputs else scope.zeros(arg)

    def run(builder: Builder) -> list[tuple[Operand, Operand]]:
        ran = applied.run(
            known.declared, rule,
            _with_dots(known, rule, given, dot, op), builder,
        )  # fmt: skip
        return [
            (like(builder, operand, op.results[k]), y_bars[k]) for k, operand in _of_y(ran, known)
        ]

    stands = {inputs[place]: op.args[place] for place in places}
    bars = _transposed(rule, op, run, stands, scope.builder)
    return {place: bars[inputs[place]] for place in places if inputs[place] in bars}


def _tangent_of_adjoint(
    new: Op,
    known: RuledCall,
    rule: Rule,
    given: Given,
    places: list[int],
    dot: Callable[[int], Operand],
    builder: Builder,
) -> dict[int, Operand]:
    """The transpose of an adjoint rule, applied to the tangents of the arguments."""
    inputs = {k: _placeholder(result, "bar") for k, result in enumerate(new.results)}

    def run(inner: Builder) -> list[tuple[Operand, Operand]]:
        found = _contributions(known, rule, _with_bar(known, given, inputs), inner)
        return [
            (like(inner, bar, new.args[place]), dot(place))
            for place, bar in found.items()
            if place in places
        ]

    bars = _transposed(rule, new, run, {inputs[k]: r for k, r in enumerate(new.results)}, builder)
    return {k: bars[value] for k, value in inputs.items() if value in bars}


def _placeholder(operand: Operand, what: str) -> Value:
    assert isinstance(operand, Value)
    return Value(f"{operand.hint}_{what}", adjoint_type(operand.type))


def _transposed(
    rule: Rule,
    op: Op,
    run: Callable[[Builder], list[tuple[Operand, Operand]]],
    stands: dict[Value, Operand],
    builder: Builder,
) -> dict[Value, Operand]:
    """The adjoints of placeholders, from pairs of what a rule gives and its cotangent.

    ``stands`` has for each placeholder a value of its shape.
    """
    from gradscribe.differentiate.reverse import reverse_sweep

    region = Region()
    inner = Builder(region, derived=True)
    inner.span, inner.statement, inner.sweep = builder.span, builder.statement, builder.sweep
    inner.made = builder.made
    pairs = run(inner)
    region.yields = [given for given, _ in pairs]
    active = Activity(Function("", [], region), stands)
    seeds: list[tuple[Value, Bar]] = [
        (v, bar) for v, bar in pairs if isinstance(v, Value) and v in active
    ]
    scope = reverse_sweep(inner, region, active, seeds, [])
    bars = {
        value: scope.whole(bar, value) for value in stands if (bar := scope.peek(value)) is not None
    }
    region.yields = list(bars.values())
    clean_region(region)
    bars = dict(zip(bars, region.yields, strict=True))
    _shapes_only(region, stands, rule, op)
    substitute(region, stands)
    builder.region.ops += region.ops
    return bars


# What asks an argument for its shape alone, and at which place.
_SHAPE_OF: dict[Any, int] = {
    ZEROS_LIKE: 0, FILL_LIKE: 1, LIKE: 1, of(helpers.expand): 1, of(np.shape): 0, of(np.ndim): 0,
    of(np.size): 0, of(len): 0,
}  # fmt: skip


def _shapes_only(region: Region, stands: Mapping[Value, Operand], rule: Rule, op: Op) -> None:
    """Refuse a transpose that depends on what the rule should be linear in."""
    tainted: set[Operand] = set(stands)

    def reads(inner: Op) -> bool:
        pairs = enumerate(inner.args)
        given = any(arg in tainted and _SHAPE_OF.get(inner.prim) != k for k, arg in pairs)
        return given or any(
            any(map(reads, below.ops)) or not tainted.isdisjoint(below.yields)
            for below in inner.regions
        )

    for inner in region.ops:
        if reads(inner):
            tainted.update(inner.results)
    if tainted.isdisjoint(region.yields):
        return
    linear_in, other = (
        ("y_bar", "tangent") if rule.kind == "adjoint" else ("the tangent", "adjoint")
    )
    raise UnsupportedError(
        f"the rule {applied.rule_name(rule)} is not linear in {linear_in}, so it has no transpose",
        op.span,
        f"declare the other mode too, with @{other}",
    )
