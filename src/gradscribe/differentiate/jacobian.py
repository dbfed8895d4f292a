"""Jacobians: a reverse sweep for each entry of the value, or a tangent sweep for each of an input.

Each is the loop over unit vectors that one would write by hand around a single sweep::

    rows = []                                   columns = []
    for y_bar in np.eye(y.size):                for x_dot in np.eye(x.size):
        …                                           …
        rows.append(x_bar)                          columns.append(y_dot)
    return np.stack(rows)                       return np.stack(columns, axis=-1)

What does not depend on the unit vector stands before the loop. A Hessian is the forward Jacobian of
a gradient. Values and inputs with parts give a block for each pair of floating leaves, in the
structure of the value outside and that of what is asked for inside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradscribe.differentiate.activity import Activity
from gradscribe.differentiate.bars import TUPLE, Bar, Scope, bar_name
from gradscribe.differentiate.batch import Batcher
from gradscribe.differentiate.forward import Forwarder, dot_name, repeats_effects, stand
from gradscribe.differentiate.inputs import Place, inputs_of
from gradscribe.differentiate.leaves import Path, alone, at, leaves, rebuilt
from gradscribe.differentiate.outputs import take_aux, with_aux
from gradscribe.differentiate.reverse import reverse_sweep
from gradscribe.differentiate.stacks import CannotBatch, batched_type
from gradscribe.differentiate.transform import constant_output, floating, ground, independent, ones
from gradscribe.differentiate.units import (
    all_at_once,
    around,
    for_each_unit,
    loop_over,
    of_columns,
    of_rows,
    of_stack,
    unit_vectors,
)
from gradscribe.differentiate.unreached import activity_of
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.hooks import spend
from gradscribe.ir.primitives import of
from gradscribe.ir.rewrite import copy_function, copy_params, mapped
from gradscribe.ir.types import Type, dims_of, is_scalar
from gradscribe.passes.clean import clean

# ---------------------------------------------------------------------------- reverse


def reverse_jacobian(
    function: Function, wrt: list[Place], single: bool, name: str, has_aux: bool = False
) -> Function:
    """The Jacobian by one forward sweep and a reverse sweep for each entry of the value."""
    below = ground(function, wrt, name, has_aux)
    new, inputs, active, builder = below.function, below.inputs, below.active, below.builder
    new.name, new.order = name, function.order + 1
    result = new.result
    for op in new.body.ops:
        builder.note(op)
    kind = output_type(builder, new, result)
    rows = _Rows(builder, new, inputs, active, single, _called(function, result))
    blocks = {path: rows.of_leaf(result, kind, path) for path, _ in leaves(kind, name)}
    jacobian = rebuilt(builder, kind, blocks.__getitem__)
    _note_independent(new, inputs, active)
    new.body.yields = [with_aux(builder, jacobian, below.aux)]
    spend(new.body)
    return clean(new)


def output_type(builder: Builder, function: Function, result: Operand) -> Type:
    """The type of what a function returns, which must be floating as for a gradient."""
    kind = result.type if isinstance(result, Value) else constant_output(result)
    with builder.into(Region()):
        ones(Builder(Region(), derived=True), result, kind, function)
    return kind


def _called(function: Function, result: Operand) -> str:
    """What the value of a function is called: its name in the program, or the function's."""
    return result.hint if isinstance(result, Value) and result.named else function.name


def _note_independent(new: Function, inputs: list[Value], active: Activity) -> None:
    new.notes += [independent(value) for value in inputs if value not in active]


@final
@dataclass(slots=True)
class _Rows:
    """The blocks of a Jacobian row by row."""

    builder: Builder
    function: Function
    inputs: list[Value]
    active: Activity
    single: bool
    name: str

    def of_leaf(self, result: Operand, kind: Type, path: Path) -> Operand:
        """What one leaf of the value gives: a block for each leaf of each input."""
        builder = self.builder
        y = at(builder, result, path)
        places = [(value, leaf) for value in self.inputs for leaf in leaves(value.type, self.name)]
        if is_scalar(type_of_operand(y)):
            bars = self._sweep(result, kind, path, Const(1.0))
            blocks = [at(builder, bars[value], where) for value, (where, _) in places]
            blocks = [
                floating(builder, bar, leaf, at(builder, value, where))
                for bar, (value, (where, leaf)) in zip(blocks, places, strict=True)
            ]
        else:
            blocks = self._loop(result, kind, path, y, places)
        of = dict(zip([(value, where) for value, (where, _) in places], blocks, strict=True))
        made = [
            rebuilt(builder, value.type, lambda where, value=value: of[value, where])  # type: ignore[misc]  # bound now
            for value in self.inputs
        ]
        return made[0] if self.single else builder.emit(TUPLE, *made)

    def _loop(
        self,
        result: Operand,
        kind: Type,
        path: Path,
        y: Operand,
        places: list[tuple[Value, tuple[Path, Type]]],
    ) -> list[Operand]:
        def body(y_bar: Value) -> list[tuple[Operand, str]]:
            bars = self._sweep(result, kind, path, y_bar)
            found = []
            for value, (where, leaf) in places:
                bar = at(self.builder, bars[value], where)
                given = floating(self.builder, bar, leaf, at(self.builder, value, where))
                found.append((given, "rows" if len(places) == 1 else f"{value.hint}_rows"))
            return found

        kind_of_y = type_of_operand(y)
        lists = for_each_unit(self.builder, lambda: y, kind_of_y, f"{self.name}_bar", body)
        return [
            of_rows(self.builder, rows, y, at(self.builder, value, where))
            for rows, (value, (where, _)) in zip(lists, places, strict=True)
        ]

    def _sweep(
        self, result: Operand, kind: Type, path: Path, y_bar: Operand
    ) -> dict[Value, Operand]:
        """The adjoints of the inputs for this one of a leaf of the value."""
        seeds: list[tuple[Value, Bar]] = []
        if isinstance(result, Value) and result in self.active:
            seeds.append((result, alone(kind, path, y_bar)))
        body = self.function.body
        scope: Scope = reverse_sweep(self.builder, body, self.active, seeds, body.params)
        bars = {value: scope.whole(scope.peek(value), value) for value in self.inputs}
        for value, bar in bars.items():
            if isinstance(bar, Value) and not bar.named and bar is not y_bar:
                bar.hint = bar_name(value)
        return bars


# ---------------------------------------------------------------------------- forward


def has_ranks(value: Type, function: Function, inputs: list[Type]) -> bool:
    """Is it known of all that a forward Jacobian is about which axes are whose?"""
    outputs = [kind for _, kind in leaves(value, function.name)]
    asked = [leaf for kind in inputs for _, leaf in leaves(kind, function.name)]
    return all(dims_of(kind) is not None for kind in (*outputs, *asked))


def forward_jacobian(
    function: Function, wrt: list[Place], single: bool, name: str, has_aux: bool = False
) -> Function | None:
    """The Jacobian by a tangent sweep for the entries of what is asked for (``has_ranks``).

    One sweep for all of them where that is possible, else a loop; None where a loop would repeat
    what must happen once.
    """
    old, _ = copy_function(function)
    aux = take_aux(old, name) if has_aux else None
    inputs = inputs_of(old, wrt)
    active = activity_of(old, inputs)
    params, mapping = copy_params(old)
    builder = Builder(body := Region(params), derived=True)
    kind = output_type(builder, old, old.result)
    outputs = leaves(kind, name)
    places = [(k, *leaf) for k, value in enumerate(inputs) for leaf in leaves(value.type, name)]
    blocks: dict[tuple[Path, int, Path], Operand] = {}
    columns = _Columns(builder, old, mapping, {}, outputs)
    given = columns.in_one_sweep(inputs[places[0][0]], *places[0][1:]) if len(places) == 1 else None
    if given is None and repeats_effects(old.body):
        return None
    if given is None:
        columns.standing |= stand(builder, old.body, mapping)
    for place, where, leaf in places:
        found = columns.of_leaf(inputs[place], where, leaf) if given is None else given
        blocks |= {(path, place, where): block for path, block in found.items()}

    def of_output(path: Path) -> Operand:
        made = [
            rebuilt(builder, value.type, lambda where, place=place: blocks[path, place, where])  # type: ignore[misc]  # bound now
            for place, value in enumerate(inputs)
        ]
        return made[0] if single else builder.emit(TUPLE, *made)

    jacobian = rebuilt(builder, kind, of_output)
    body.yields = [with_aux(builder, jacobian, None if aux is None else mapped(aux, mapping))]
    new = Function(name, list(function.params), body, span=function.span)
    new.notes, new.order = list(function.notes), function.order + 1
    _note_independent(new, inputs, active)
    return clean(new)


@final
@dataclass(slots=True)
class _Columns:
    """The blocks of a Jacobian column by column.

    ``mapping`` says where the values of the primal are, ``standing`` which of its operations stand
    already.
    """

    builder: Builder
    function: Function
    mapping: dict[Value, Operand]
    standing: dict[int, Op]
    outputs: list[tuple[Path, Type]]

    def in_one_sweep(self, value: Value, where: Path, leaf: Type) -> dict[Path, Operand] | None:
        """The blocks from one sweep, which computes the primal too; None where that cannot be."""
        builder, sweep = self.builder, Region()
        item = Value(dot_name(value), adjoint_type(leaf))
        forwarder = Forwarder(builder, Activity(self.function, [value]), {})
        forwarder.mapping |= self.mapping
        with builder.into(sweep):
            dots = self._sweep(forwarder, value, where, Const(1.0) if is_scalar(leaf) else item)
        made = Region()
        with builder.into(made):
            mapping, blocks = self._stacked(forwarder, sweep, item, value, where, dots)
            if blocks is None:
                return None
        builder.region.ops += made.ops
        self.mapping |= {v: mapped(o, mapping) for v, o in forwarder.mapping.items()}
        return blocks

    def _stacked(
        self,
        forwarder: Forwarder,
        sweep: Region,
        item: Value,
        value: Value,
        where: Path,
        dots: list[Operand],
    ) -> tuple[dict[Value, Operand], dict[Path, Operand] | None]:
        """A sweep for all unit vectors: where its values are, and the blocks."""
        builder, paths = self.builder, [path for path, _ in self.outputs]
        if item.type is None or is_scalar(item.type):
            builder.region.ops += sweep.ops
            return {}, dict(zip(paths, dots, strict=True))
        x = mapped(value, forwarder.mapping)
        while x not in builder.region.params and x not in self.mapping.values():
            op = sweep.ops.pop(0)  # x is a part of a parameter: read it first
            builder.region.ops.append(op)
            if x in op.results:
                break
        x, dims = at(builder, x, where), dims_of(item.type)
        length = dims[0] if dims is not None and len(dims) == 1 else None
        units = unit_vectors(builder, x, item.type)
        assert isinstance(units, Value)
        try:
            units.hint, units.type = item.hint, batched_type(item.type, length)
            batcher = Batcher(builder, {item: units}, lambda: builder.emit(of(np.size), x), length)
            batcher.region(sweep)
            stacks = [batcher.whole(o, type_of_operand(o)) for o in dots]
        except CannotBatch:
            return {}, None
        y = mapped(mapped(self.function.result, forwarder.mapping), batcher.mapping)
        blocks = {
            path: of_stack(builder, stack, at(builder, y, path), kind, x)
            for stack, (path, kind) in zip(stacks, self.outputs, strict=True)
        }
        return batcher.mapping, blocks

    def of_leaf(self, value: Value, where: Path, leaf: Type) -> dict[Path, Operand]:
        """For a leaf of an input, its block for each leaf of the value; the primal stands."""
        builder, paths = self.builder, [path for path, _ in self.outputs]
        forwarder = Forwarder(builder, Activity(self.function, [value]), {}, self.standing)
        forwarder.mapping |= self.mapping
        if is_scalar(leaf):
            dots = self._sweep(forwarder, value, where, Const(1.0))
            return dict(zip(paths, dots, strict=True))

        def body(x_dot: Value) -> list[tuple[Operand, str]]:
            return [(dot, "columns") for dot in self._sweep(forwarder, value, where, x_dot)]

        x = at(builder, mapped(value, self.mapping), where)
        y = mapped(self.function.result, self.mapping)
        region, names = around(builder, leaf, dot_name(value), body)
        stacks = all_at_once(builder, x, leaf, region)
        if stacks is not None:
            return {
                path: of_stack(builder, stack, at(builder, y, path), kind, x)
                for stack, (path, kind) in zip(stacks, self.outputs, strict=True)
            }
        lists = loop_over(builder, unit_vectors(builder, x, leaf), region, names)
        return {
            path: of_columns(builder, columns, at(builder, y, path), x)
            for columns, path in zip(lists, paths, strict=True)
        }

    def _sweep(
        self, forwarder: Forwarder, value: Value, where: Path, x_dot: Operand
    ) -> list[Operand]:
        """The tangents of the leaves of the value for this one of the input's leaf."""
        builder, result = self.builder, self.function.result
        forwarder.dots[value] = rebuilt(
            builder, value.type, lambda path: x_dot if path == where else Const(0.0)
        )
        forwarder.region(self.function.body)
        dot, y = forwarder.dot(result), mapped(result, forwarder.mapping)
        found = []
        for path, kind in self.outputs:
            given = floating(builder, at(builder, dot, path), kind, at(builder, y, path))
            if isinstance(given, Value) and not given.hint:
                given.hint = f"{_called(self.function, result)}_dot"
            found.append(given)
        return found


def is_tall(value: Type, asked: list[Type]) -> bool:
    """Has the value at least as many axes as what is asked for? (Lengths are not known.)"""

    def rank(kinds: list[Type]) -> int:
        found = [dims_of(leaf) for kind in kinds for _, leaf in leaves(kind, "")]
        return max((len(dims or ()) for dims in found), default=0)

    return rank([value]) >= rank(asked)
