"""Sweeps for unit vectors: a loop over them, or one sweep for all of them at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradscribe.differentiate.batch import Batcher
from gradscribe.differentiate.stacks import CannotBatch, batched_type
from gradscribe.frontend.lower import inline_rule
from gradscribe.ir import helpers
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Attrs, Op, Operand, Region, Value
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.primitives import FOR, of
from gradscribe.ir.rewrite import operands_in
from gradscribe.ir.types import Sequence, Type, dims_of, dtype_of

# Made to be written to, each time anew.
_BLANK = frozenset(
    of(f) for f in (helpers.zeros_like, helpers.fill_like, helpers.zero_tree, helpers.zero_entries)
)


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


def _turned(stack):  # type: ignore[no-untyped-def]
    return stack.T


def _moved(stack):  # type: ignore[no-untyped-def]
    return np.moveaxis(stack, 0, -1)


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


def of_rows(builder: Builder, rows: Operand, y: Operand, x: Operand) -> Operand:
    """The block of y by x from its rows, each in the shape of x."""
    return _stacked(builder, _rows, rows, y, x)


def of_columns(builder: Builder, columns: Operand, y: Operand, x: Operand) -> Operand:
    """The block of y by x from its columns, each in the shape of y."""
    return _stacked(builder, _columns, columns, y, x)


def of_stack(builder: Builder, stack: Operand, y: Operand, kind: Type, x: Operand) -> Operand:
    """A stack of tangents as an array, the axes of y before those of x."""
    rank = len(dims_of(kind) or ())
    if rank:
        stack = _inlined(builder, _turned if rank == 1 else _moved, stack=stack)
    if len(dims_of(type_of_operand(x)) or ()) == 1:
        return stack
    return _inlined(builder, _block, stacked=stack, y=y, x=x)


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
    region, names = around(builder, kind, hint, body)
    return loop_over(builder, unit_vectors(builder, x(), kind), region, names)


def around(
    builder: Builder,
    kind: Type,
    hint: str,
    body: Callable[[Value], list[tuple[Operand, str]]],
) -> tuple[Region, list[str]]:
    """One sweep for a unit vector; what does not depend on it stands before."""
    item = Value(hint, adjoint_type(kind))
    region = Region([item])
    with builder.into(region):
        given = body(item)
    region.yields = [operand for operand, _ in given]
    _hoist(builder, region)
    return region, [name for _, name in given]


def loop_over(builder: Builder, units: Operand, region: Region, names: list[str]) -> list[Operand]:
    """``for x_dot in units``: what the sweep gives for each, in lists of these names."""
    kinds = map(type_of_operand, region.yields)
    results = tuple(
        Value(name, Sequence("list", None, kind)) for name, kind in zip(names, kinds, strict=True)
    )
    builder.append(Op(FOR, (units,), results, (region,), Attrs(seqs=1)))
    return list(results)


def all_at_once(builder: Builder, x: Operand, kind: Type, region: Region) -> list[Operand] | None:
    """What a sweep gives for all unit vectors, stacked; None where it cannot work on stacks."""
    dims = dims_of(kind)
    length = dims[0] if dims is not None and len(dims) == 1 else None
    (item,) = region.params
    made = Region()
    with builder.into(made):
        units = unit_vectors(builder, x, kind)
        try:
            assert isinstance(units, Value)
            units.hint, units.type = item.hint, batched_type(item.type, length)
            batcher = Batcher(builder, {item: units}, lambda: _size(builder, x), length)
            batcher.region(region)
            given = [batcher.whole(o, type_of_operand(o)) for o in region.yields]
        except CannotBatch:
            return None
    builder.region.ops += made.ops
    return given


def _size(builder: Builder, x: Operand) -> Operand:
    return builder.emit(of(np.size), x)


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
