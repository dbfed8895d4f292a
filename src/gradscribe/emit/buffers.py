"""What types and operations say of buffers: who has one, which operations write to it."""

from __future__ import annotations

from gradscribe.ir.core import Op, Operand, Region, Value
from gradscribe.ir.facts.indexing import is_basic
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, SCOPE, WHILE
from gradscribe.ir.rewrite import defined_in
from gradscribe.ir.types import (
    Array,
    Mapping,
    Sequence,
    Struct,
    Type,
    Unknown,
    is_number,
)


def has_memory(kind: Type) -> bool:
    """May a value of this type be an object that can be changed, or hold one?"""
    if isinstance(kind, Sequence):
        if kind.kind == "list":
            return True
        items = kind.items if kind.items is not None else (kind.element,)
        return any(item is None or has_memory(item) for item in items)
    return isinstance(kind, Unknown | Mapping | Struct | Array) and not is_number(kind)


def is_list(kind: Type) -> bool:
    return isinstance(kind, Sequence) and kind.kind == "list"


def may_hold_list(kind: Type) -> bool:
    """May a value of this type be a list, or hold one?"""
    if isinstance(kind, Sequence) and kind.kind != "list":
        items = kind.items if kind.items is not None else (kind.element,)
        return any(item is None or may_hold_list(item) for item in items)
    return isinstance(kind, Sequence | Unknown | Mapping | Struct)


def may_own(op: Op) -> bool:
    return op.prim.mutates is not None or any(has_memory(r.type) for r in op.results)


def has_memory_operand(operand: Operand) -> bool:
    return not isinstance(operand, Value) or has_memory(operand.type)


def copies_entries(base: Operand, index: Operand) -> bool:
    """Does ``base[index]`` certainly copy (a fancy index)?"""
    if not isinstance(base, Value) or not isinstance(base.type, Array):
        return False
    place = index.type if isinstance(index, Value) else index.value
    return base.type.dims is not None and not is_basic(place) and not isinstance(place, Unknown)


def written_carries(op: Op, targets: set[Value] | None = None) -> set[int]:
    """The carries of a loop whose buffer an operation in the body writes to (or hands on to be).

    ``targets``: those of the body, where they are known.
    """
    start, count = first_carry(op), carries(op)
    body = op.regions[-1]
    targets = mutated_targets(body) if targets is None else targets
    written = set()
    for k in range(count):
        param = body.params[start + k]
        if has_memory(param.type) and (param in targets or _chain_reaches(body, param, targets)):
            written.add(k)
    # What is written under another name next time round is written too (a swap of buffers).
    while True:
        more = {
            k
            for k in range(count)
            if k not in written and any(body.yields[j] is body.params[start + k] for j in written)
        }
        if not more:
            return written
        written |= more


def mutated_targets(region: Region) -> set[Value]:
    targets: set[Value] = set()
    for op in region.ops:
        if op.prim.mutates is not None:
            target = op.args[op.prim.mutates]
            if isinstance(target, Value):
                targets.add(target)
        found = [mutated_targets(inner) for inner in op.regions]
        targets.update(*found)
        if op.prim in (FOR, WHILE):
            start = first_carry(op)
            for k in written_carries(op, found[-1]):
                init = op.args[start + k]
                if isinstance(init, Value):
                    targets.add(init)
    return targets


def _chain_reaches(body: Region, param: Value, targets: set[Value]) -> bool:
    """Does the buffer of ``param`` reach a write through branches?"""
    reach = {param}
    for op in body.ops:
        if op.prim in (IF, SCOPE):
            for k, result in enumerate(op.results):
                if any(arm.yields[k] in reach for arm in op.regions):
                    reach.add(result)
    return not reach.isdisjoint(targets)


def inner_values(op: Op) -> set[Value]:
    return set().union(*(defined_in(region) for region in op.regions))
