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

import operator
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from gradscribe.frontend import packed, primals
from gradscribe.frontend.declared import RELIED_ON, Declared, Path, Rule, declared
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Fields, Ref, TupleOf
from gradscribe.frontend.packed import Leaf, Tree
from gradscribe.frontend.resolve import is_written
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import (
    UNDEF,
    Attrs,
    Const,
    Op,
    Operand,
    Region,
    Value,
    walk,
)
from gradscribe.ir.loops import first_carry
from gradscribe.ir.primitives import FOR, RULED, WHILE
from gradscribe.ir.rewrite import defined_in
from gradscribe.ir.types import (
    PY_FLOAT,
    Array,
    Scalar,
    Unknown,
    is_scalar,
    maybe_float,
)


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

    def is_elementwise(self, args: Sequence[Operand], active: Container[Operand]) -> bool:
        """Is there one result, of which each entry depends on its own entry of each argument?"""
        paths = [path for place, path in self.places(args) if args[place] in active]
        return self.results == 1 and all(self.declared.rule(p, "partial") for p in paths)

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


# What NumPy calls for an operator, where one operand is an array.
_OF_OPERATORS: dict[Any, Any] = {
    operator.add: np.add, operator.sub: np.subtract, operator.mul: np.multiply,
    operator.truediv: np.divide, operator.floordiv: np.floor_divide, operator.mod: np.remainder,
    operator.pow: np.power, operator.matmul: np.matmul, operator.neg: np.negative,
}  # fmt: skip


def operator_rule(frame: Frame, function: Any, operands: Sequence[Operand]) -> Declared | None:
    """What is declared for the function of NumPy's that an operator of the user's stands for."""
    about = declared(_OF_OPERATORS[function]) if function in _OF_OPERATORS else None
    if about is None or frame.builder.derived:
        return None
    kinds = [type_of_operand(operand) for operand in operands]
    numpys = any(
        isinstance(kind, Array | Unknown) or (isinstance(kind, Scalar) and not kind.weak)
        for kind in kinds
    )
    return about if numpys else None


def refuse_in_place(frame: Frame, node: Any, function: Any, operands: Sequence[Operand]) -> None:
    """Refuse an operator in place, of whose function a rule would have to give the result."""
    about = operator_rule(frame, function, operands)
    if about is not None:
        frame.refuse(
            node,
            f"np.{about.name} has a rule, and writes into its argument here",
            "write x = x + … and the like, which makes a new array",
        )


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
        positional, keywords = primals.as_of_original(callee.value, about, positional, keywords)
        callee = Const(about.function)
    callee = primals.named(frame, node, callee)
    env, given = primals.bind(frame, node, about, list(positional), dict(keywords))
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
    result = primals.primal(frame, node, about, callee, list(positional), dict(keywords), variables)
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
    computed: list[Value] = []

    def result_of(operand: Value, _: tuple[Any, ...]) -> Leaf:
        if not maybe_float(operand.type):
            return place(operand, None)
        if operand not in computed:
            computed.append(operand)
        return Leaf(computed.index(operand), result=True)

    y = packed.pack(frame, result, (), result_of)
    if not computed:
        return result
    shift = len(computed)

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
    values = tuple(Value(p.hint, p.type, p.named) for p in computed)
    op = Op(RULED, (*computed, *operands), values, attrs=Attrs(ruled=about_call))
    frame.builder.append(op)
    return _instead(frame, result, dict(zip(computed, values, strict=True)), set(before))


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
    computed: list[Value] = []

    def place(operand: Value, _: tuple[Any, ...]) -> Leaf:
        if maybe_float(operand.type) and operand not in computed:
            computed.append(operand)
        return Leaf(0)

    y = packed.pack(frame, result, (), place)
    relied_on(about, None)
    values = tuple(Value(p.hint, p.type, p.named) for p in computed)
    known = RuledCall(about, Const(about.function), (), {}, {}, y, (), len(computed))
    if computed:
        frame.builder.append(Op(RULED, tuple(computed), values, attrs=Attrs(ruled=known)))
    return _instead(frame, result, dict(zip(computed, values, strict=True)), set(before))


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


def relied_on(about: Declared, rule: Rule | None) -> None:
    relied = RELIED_ON.get()
    if relied is not None:
        relied.setdefault((about, rule))
