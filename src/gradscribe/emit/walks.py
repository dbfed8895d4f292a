"""Loops over positions that only read entries there become loops over the entries.

Before::                                    After::

    %r = range(len(x))                          for (%v, …) in (x; …):
    for (%i, …) in (%r; …):                         …
        %v = getitem(x, %i)

``for v in x`` where positions serve nothing else, ``enumerate(x)`` where they do, ``zip(x, y)`` for
several sequences, ``reversed(x)`` for positions in reverse.
"""

from __future__ import annotations

import operator
from dataclasses import replace

from gradscribe.ir.core import Const, Op, Operand, Region, Value
from gradscribe.ir.joins import element_type
from gradscribe.ir.primitives import FOR, of
from gradscribe.ir.rewrite import defined_in, operands_in, substitute
from gradscribe.ir.types import Array, Sequence

RANGE, LEN, REVERSED, MIN, GETITEM = (of(f) for f in (range, len, reversed, min, operator.getitem))


def walk_items(body: Region) -> None:
    """Rewrite the loops of a function's body, in place."""
    _region(body, {})


def _region(region: Region, outer: dict[Value, Op]) -> None:
    origin = dict(outer)
    ops: list[Op] = []
    for op in region.ops:
        for place in reversed(range(op.attrs.seqs)) if op.prim is FOR else ():
            _loop(op, place, origin, ops)
        for inner in op.regions:
            _region(inner, origin)
        origin.update((result, op) for result in op.results)
        ops.append(op)
    region.ops = ops


def _loop(op: Op, place: int, origin: dict[Value, Op], before: list[Op]) -> None:
    """Rewrite what one loop walks at a place; operations it needs first go to ``before``."""
    walked = _sequences(op.args[place], origin)
    if walked is None:
        return
    sequences, backwards = walked
    (body,) = op.regions
    position = body.params[place]
    reads = _reads(body, position, sequences)
    # The shortest of several sequences ends the walk: each must be read, or it would be dropped.
    if not all(reads.values()) or (backwards and len(sequences) > 1):
        return
    uses = sum(o is position for o in operands_in(body))
    only_reads = uses == sum(len(found) for found in reads.values())
    if not only_reads and (len(sequences) > 1 or op.attrs.seqs > 1):
        return
    items: list[Value] = []
    mapping: dict[Value, Operand] = {}
    for sequence in sequences:
        found = reads[sequence]
        first = found[0].results[0] if found else None
        hint = first.hint if first is not None else "_"
        kind = element_type(sequence.type)
        item = Value(hint, first.type if first is not None else kind or position.type)
        item.named = first is not None and first.named
        items.append(item)
        mapping.update({read.results[0]: item for read in found})
    gone = set(mapping)
    body.ops = [o for o in body.ops if not (o.results and o.results[0] in gone)]
    seqs: list[Operand] = []
    for sequence in sequences:
        seqs.append(_reversed(sequence, op, before) if backwards else sequence)
    if not only_reads:
        items, seqs = [position, *items], [op.args[place], *seqs]
    body.params[place : place + 1] = items
    op.args = (*op.args[:place], *seqs, *op.args[place + 1 :])
    op.attrs = replace(op.attrs, seqs=op.attrs.seqs + len(seqs) - 1)
    substitute(body, mapping)


def _reversed(sequence: Value, op: Op, before: list[Op]) -> Value:
    value = Value("", sequence.type)
    before.append(Op(REVERSED, (sequence,), (value,), (), None, None, None, True, op.sweep))
    return value


def _sequences(seq: Operand, origin: dict[Value, Op]) -> tuple[list[Value], bool] | None:
    """The sequences whose positions are walked, and whether from the back."""
    made = origin.get(seq) if isinstance(seq, Value) else None
    backwards = made is not None and made.prim is REVERSED
    if made is not None and backwards:
        base = made.args[0]
        made = origin.get(base) if isinstance(base, Value) else None
    if made is None or made.prim is not RANGE or len(made.args) != 1:
        return None
    length = origin.get(made.args[0]) if isinstance(made.args[0], Value) else None
    if length is None:
        return None
    lengths = _lengths(length, origin)
    if lengths is None:
        return None
    found: list[Value] = []
    for made in lengths:
        base = made.args[0]
        if made.prim is not LEN or not isinstance(base, Value) or base in found:
            return None
        if not isinstance(base.type, Sequence | Array):
            return None
        found.append(base)
    return found, backwards


def _lengths(op: Op, origin: dict[Value, Op]) -> list[Op] | None:
    """The operations whose minimum a number is; None where one is not known."""
    if op.prim is not MIN:
        return [op]
    found: list[Op] = []
    for arg in op.args:
        if isinstance(arg, Const) and arg.value is None:
            continue  # ``min`` of fewer numbers than it has parameters
        inner = _lengths(origin[arg], origin) if isinstance(arg, Value) and arg in origin else None
        if inner is None:
            return None
        found += inner
    return found


def _reads(body: Region, position: Value, sequences: list[Value]) -> dict[Value, list[Op]]:
    """The operations of the body itself that read the entry at the position."""
    inside = defined_in(body)
    reads: dict[Value, list[Op]] = {s: [] for s in sequences}
    for op in body.ops:
        if op.prim is GETITEM and op.args[1] is position and op.args[0] in reads:
            if op.args[0] not in inside:
                reads[op.args[0]].append(op)
    return reads
