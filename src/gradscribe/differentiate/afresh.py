"""Tables that would be kept while a loop runs are computed again after it.

Before::                                After::

    %d = sub(%row, %column)                 %d = sub(%row, %column)
    …                                       …
    %y = for …                              %y = for …
    %x_bar = mul(%y_bar, %d)                %d.1 = sub(%row, %column)
                                            %x_bar = mul(%y_bar, %d.1)

A table is what is larger than all that it is computed from, entry by entry. The reverse sweep of
straight-line code reads what stands there; where a loop runs in between, its memory comes on top.
"""

from __future__ import annotations

from gradscribe.differentiate.plans import grown
from gradscribe.differentiate.residuals import once
from gradscribe.ir.core import Op, Operand, Region, Value
from gradscribe.ir.primitives import FOR, WHILE
from gradscribe.ir.rewrite import free_values, substitute


def compute_afresh(region: Region, forward: int) -> None:
    """Let the reverse sweep of a region compute tables again; ``forward`` operations precede it."""
    loops = [k for k, op in enumerate(region.ops[:forward]) if op.prim in (FOR, WHILE)]
    if not loops:
        return
    before = region.ops[: loops[-1]]
    tables = grown(before)
    if not tables:
        return
    origin = {op.results[0]: op for op in before if len(op.results) == 1}
    readers = [(k, _tables_read(op, tables)) for k, op in enumerate(region.ops[forward:], forward)]
    readers = [(k, read) for k, read in readers if read]
    if not readers:
        return
    needed: set[Value] = set()
    work = [value for _, read in readers for value in read]
    while work:
        value = work.pop()
        if value not in needed:
            needed.add(value)
            work += [a for a in origin[value].args if a in tables]
    mapping: dict[Value, Operand] = {}
    copies = once([op for op in before if op.results and op.results[0] in needed], mapping)
    reverse = Region([], region.ops[forward:], region.yields)
    substitute(reverse, mapping)
    first = readers[0][0]
    while first > forward and not region.ops[first - 1].regions:
        first -= 1  # where what they belong to begins
    region.ops[first:first] = copies
    region.yields = reverse.yields


def _tables_read(op: Op, tables: set[Value]) -> list[Value]:
    inner = (v for region in op.regions for v in free_values(region))
    return [v for v in (*op.args, *inner) if v in tables]
