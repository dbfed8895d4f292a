"""Copying regions, replacing operands, and asking which values a region uses from outside."""

from __future__ import annotations

from collections.abc import Iterable

from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value, walk


def copy_region(region: Region, mapping: dict[Value, Operand]) -> Region:
    """A copy with fresh values; ``mapping`` tells the outer ones and gains the new ones."""
    params = [copy_value(param) for param in region.params]
    mapping.update(zip(region.params, params, strict=True))
    ops = [copy_op(op, mapping) for op in region.ops]
    return Region(params, ops, [mapped(o, mapping) for o in region.yields])


def copy_op(op: Op, mapping: dict[Value, Operand]) -> Op:
    """A copy of one operation; its results are entered into ``mapping``."""
    args = tuple(mapped(arg, mapping) for arg in op.args)
    regions = tuple(copy_region(region, mapping) for region in op.regions)
    results = tuple(copy_value(r) for r in op.results)
    mapping.update(zip(op.results, results, strict=True))
    return Op(
        op.prim, args, results, regions, op.attrs, op.span, op.statement, op.derived, op.sweep
    )


def copy_value(value: Value) -> Value:
    return Value(value.hint, value.type, value.named)


def copy_params(function: Function) -> tuple[list[Value], dict[Value, Operand]]:
    """Fresh parameters for a function, and where each old one went."""
    params = [copy_value(param) for param in function.body.params]
    return params, dict(zip(function.body.params, params, strict=True))


def mapped(operand: Operand, mapping: dict[Value, Operand]) -> Operand:
    return mapping.get(operand, operand) if isinstance(operand, Value) else operand


def copy_function(function: Function) -> tuple[Function, dict[Value, Operand]]:
    """A copy of a function with fresh values, and where each old value went."""
    mapping: dict[Value, Operand] = {}
    body = copy_region(function.body, mapping)
    copy = Function(
        function.name, list(function.params), body, function.doc, function.span,
        list(function.notes), function.order, internal=function.internal,
        residuals=function.residuals,
    )  # fmt: skip
    return copy, mapping


def substitute(region: Region, mapping: dict[Value, Operand]) -> None:
    """Replace operands in place, following chains of replacements."""
    if not mapping:
        return

    def final(operand: Operand) -> Operand:
        while isinstance(operand, Value) and operand in mapping:
            operand = mapping[operand]
        return operand

    _substitute(region, {value: final(value) for value in mapping})


def _substitute(region: Region, mapping: dict[Value, Operand]) -> None:
    for op in region.ops:
        if any(arg in mapping for arg in op.args):
            op.args = tuple(mapped(arg, mapping) for arg in op.args)
        for inner in op.regions:
            _substitute(inner, mapping)
    if any(operand in mapping for operand in region.yields):
        region.yields = [mapped(operand, mapping) for operand in region.yields]


def defined_in(region: Region) -> set[Value]:
    """Every value that a region or a region in it defines."""
    found = set(region.params)
    for op in region.ops:
        found.update(op.results)
        for inner in op.regions:
            found |= defined_in(inner)
    return found


def operands_in(region: Region) -> Iterable[Operand]:
    """Every operand that a region or a region in it reads, in order."""
    for op in walk(region):
        yield from op.args
        for inner in op.regions:
            yield from inner.yields
    yield from region.yields


def free_values(region: Region) -> dict[Value, None]:
    """The values that a region reads and does not define, in order of first use."""
    inside = defined_in(region)
    return {o: None for o in operands_in(region) if isinstance(o, Value) and o not in inside}


def use_counts(region: Region) -> dict[Value, int]:
    """How often each value is read."""
    counts: dict[Value, int] = {}
    for operand in operands_in(region):
        if not isinstance(operand, Const):
            counts[operand] = counts.get(operand, 0) + 1
    return counts
