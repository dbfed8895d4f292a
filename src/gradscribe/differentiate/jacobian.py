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

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from gradscribe.differentiate import snapshots
from gradscribe.differentiate.activity import Activity
from gradscribe.differentiate.bars import TUPLE, Bar, Scope, bar_name
from gradscribe.differentiate.forward import Forwarder, dot_name
from gradscribe.differentiate.inputs import Place, inputs_of
from gradscribe.differentiate.leaves import Path, alone, at, leaves, rebuilt
from gradscribe.differentiate.outputs import take_aux, with_aux
from gradscribe.differentiate.reverse import reverse_sweep
from gradscribe.differentiate.transform import constant_output, floating, independent, ones
from gradscribe.frontend.lower import inline_rule
from gradscribe.ir import helpers
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Attrs, Const, Function, Op, Operand, Region, Value, walk
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.hooks import spend
from gradscribe.ir.primitives import FOR, of
from gradscribe.ir.rewrite import copy_function, copy_op, mapped, operands_in
from gradscribe.ir.types import Sequence, Type, dims_of, dtype_of, is_scalar
from gradscribe.passes.clean import clean

# Made to be written to, each time anew.
_BLANK = frozenset(of(f) for f in (helpers.zeros_like, helpers.fill_like, helpers.zero_tree))

# ---------------------------------------------------------------------------- text around a sweep


def _units(x):  # type: ignore[no-untyped-def]  # lowered, as a rule is
    return np.eye(np.size(x))


def _single_units(x):  # type: ignore[no-untyped-def]
    return np.eye(np.size(x), dtype=np.float32)


def _shaped_units(units, x):  # type: ignore[no-untyped-def]
    return np.reshape(units, (np.size(x), *np.shape(x)))


def _rows(rows):  # type: ignore[no-untyped-def]
    return np.stack(rows)


def _columns(columns):  # type: ignore[no-untyped-def]
    return np.stack(columns, axis=-1)


def _block(stacked, y, x):  # type: ignore[no-untyped-def]
    return np.reshape(stacked, np.shape(y) + np.shape(x))


def unit_vectors(builder: Builder, x: Operand, kind: Type) -> Operand:
    """As many arrays as x has entries, each of its shape, with a one at one entry."""
    make = _single_units if dtype_of(kind) == np.float32 else _units
    units = _inlined(builder, make, x=x)
    dims = dims_of(kind)
    if dims is None or len(dims) != 1:
        units = _inlined(builder, _shaped_units, units=units, x=x)
    return units


def _inlined(builder: Builder, function: Callable[..., object], **args: Operand) -> Operand:
    made = inline_rule(function, args, builder)
    assert not isinstance(made, list)
    return made


def _stacked(
    builder: Builder, stack: Callable[..., object], given: Operand, y: Operand, x: Operand
) -> Operand:
    """Rows or columns as one array, the axes of y before those of x."""
    block = _inlined(builder, stack, **{stack.__name__[1:]: given})
    split = y if stack is _rows else x
    dims = dims_of(type_of_operand(split))
    if dims is not None and len(dims) == 1:
        return block
    return _inlined(builder, _block, stacked=block, y=y, x=x)


def for_each_unit(
    builder: Builder,
    x: Callable[[], Operand],
    kind: Type,
    hint: str,
    body: Callable[[Value], list[tuple[Operand, str]]],
) -> list[Operand]:
    """``for x_dot in np.eye(x.size)``: what the body gives for each, in lists of these names.

    ``x`` is asked for when what does not depend on the unit vector stands before the loop.
    """
    item = Value(hint, adjoint_type(kind))
    region = Region([item])
    with builder.into(region):
        given = body(item)
    region.yields = [operand for operand, _ in given]
    results = tuple(
        Value(name, Sequence("list", None, type_of_operand(operand))) for operand, name in given
    )
    _hoist(builder, region)
    units = unit_vectors(builder, x(), kind)
    builder.append(Op(FOR, (units,), results, (region,), Attrs(seqs=1)))
    return list(results)


def _hoist(builder: Builder, region: Region) -> None:
    """Put what does not depend on the unit vector before the loop, but for arrays to write to."""
    varying: set[Operand] = set(region.params)
    kept = []
    for op in region.ops:
        read = {*op.args, *(o for inner in op.regions for o in operands_in(inner))}
        if read & varying or op.prim in _BLANK:
            varying.update(op.results)
            kept.append(op)
        else:
            builder.region.ops.append(op)
            builder.note(op)
    region.ops = kept


# ---------------------------------------------------------------------------- reverse


def reverse_jacobian(
    function: Function, wrt: list[Place], single: bool, name: str, has_aux: bool = False
) -> Function:
    """The Jacobian by one forward sweep and a reverse sweep for each entry of the value."""
    new, _ = copy_function(function)
    snapshots.expand(new)
    new.name, new.order = name, function.order + 1
    aux = take_aux(new, name) if has_aux else None
    result = new.result
    inputs = inputs_of(new, wrt)
    active = Activity(new, inputs)
    builder = Builder(new.body, derived=True)
    for op in new.body.ops:
        builder.note(op)
    kind = output_type(builder, new, result)
    rows = _Rows(builder, new, inputs, active, single, _called(function, result))
    blocks = {path: rows.of_leaf(result, kind, path) for path, _ in leaves(kind, name)}
    jacobian = rebuilt(builder, kind, blocks.__getitem__)
    _note_independent(new, inputs, active)
    new.body.yields = [with_aux(builder, jacobian, aux)]
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
            _stacked(self.builder, _rows, rows, y, at(self.builder, value, where))
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


def can_go_forward(value: Type, function: Function, inputs: list[Type]) -> bool:
    """Can tangent sweeps be repeated, and is it known which axes are whose?"""
    outputs = [kind for _, kind in leaves(value, function.name)]
    asked = [leaf for kind in inputs for _, leaf in leaves(kind, function.name)]
    ranked = all(dims_of(kind) is not None for kind in (*outputs, *asked))
    return ranked and not any(map(_has_effects, function.body.ops))


def _has_effects(op: Op) -> bool:
    """Would running this loop, branch or call once more for its tangent be seen?"""
    inner = [region for region in op.regions]
    inner += [op.attrs.callee.body] if op.attrs.callee is not None else []
    return any(o.prim.effect for region in inner for o in walk(region))


def forward_jacobian(
    function: Function, wrt: list[Place], single: bool, name: str, has_aux: bool = False
) -> Function:
    """The Jacobian by a tangent sweep for each entry of what is asked for (``can_go_forward``)."""
    old, _ = copy_function(function)
    aux = take_aux(old, name) if has_aux else None
    inputs = inputs_of(old, wrt)
    body = Region()
    builder = Builder(body, derived=True)
    mapping: dict[Value, Operand] = {}
    for param in old.body.params:
        fresh = mapping[param] = Value(param.hint, param.type, param.named)
        body.params.append(fresh)
    standing: dict[int, Op] = {}
    for op in old.body.ops:
        copy = standing[id(op)] = copy_op(op, mapping)
        body.ops.append(copy)
        builder.note(copy)
    kind = output_type(builder, old, old.result)
    blocks: dict[tuple[Path, int, Path], Operand] = {}
    for place, value in enumerate(inputs):
        columns = _Columns(builder, old, mapping, standing, value, leaves(kind, name))
        for where, leaf in leaves(value.type, name):
            given = columns.of_leaf(where, leaf)
            blocks |= {(path, place, where): block for path, block in given.items()}

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
    _note_independent(new, inputs, Activity(old, inputs))
    return clean(new)


@final
@dataclass(slots=True)
class _Columns:
    """The blocks of a Jacobian column by column, for one input.

    ``mapping`` says where the values of the primal are, which stands already.
    """

    builder: Builder
    function: Function
    mapping: dict[Value, Operand]
    standing: dict[int, Op]
    value: Value
    outputs: list[tuple[Path, Type]]

    def of_leaf(self, where: Path, leaf: Type) -> dict[Path, Operand]:
        """For a leaf of the input, its block for each leaf of the value."""
        builder, paths = self.builder, [path for path, _ in self.outputs]
        if is_scalar(leaf):
            return dict(zip(paths, self._sweep(where, Const(1.0)), strict=True))

        def body(x_dot: Value) -> list[tuple[Operand, str]]:
            return [(dot, "columns") for dot in self._sweep(where, x_dot)]

        x = at(builder, mapped(self.value, self.mapping), where)
        y = mapped(self.function.result, self.mapping)
        lists = for_each_unit(builder, lambda: x, leaf, dot_name(self.value), body)
        return {
            path: _stacked(builder, _columns, columns, at(builder, y, path), x)
            for columns, path in zip(lists, paths, strict=True)
        }

    def _sweep(self, where: Path, x_dot: Operand) -> list[Operand]:
        """The tangents of the leaves of the value for this one of the input's leaf."""
        builder, result = self.builder, self.function.result
        active = Activity(self.function, [self.value])
        x_dots = rebuilt(
            builder, self.value.type, lambda path: x_dot if path == where else Const(0.0)
        )
        forwarder = Forwarder(builder, active, {self.value: x_dots}, self.standing)
        forwarder.mapping |= self.mapping
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
