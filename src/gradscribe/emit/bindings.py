"""Which results of branches must be bound in both arms, not only where they are computed."""

from __future__ import annotations

from collections.abc import Iterable

from gradscribe.ir.core import UNDEF, Operand, Region, Value, walk
from gradscribe.ir.primitives import IF


def must_bind(body: Region) -> set[Value]:
    """Results of branches that are read where the arm that defines them may not have run."""
    homes: dict[Value, tuple[Operand, int]] = {}
    for op in walk(body):
        if op.prim is IF:
            for k, result in enumerate(op.results):
                arms = [n for n, arm in enumerate(op.regions) if arm.yields[k] is not UNDEF]
                if len(arms) == 1:
                    homes[result] = (op.args[0], arms[0])
    found: set[Value] = set()
    _reads_outside(body, frozenset(), homes, found)
    return found


def _reads_outside(
    region: Region,
    taken: frozenset[tuple[Operand, int]],
    homes: dict[Value, tuple[Operand, int]],
    found: set[Value],
) -> None:
    """Collect the values read in a region where not all that defines them is known to have run."""

    def read(operands: Iterable[Operand]) -> None:
        found.update(o for o in operands if o in homes and homes[o] not in taken)

    for op in region.ops:
        read(op.args)
        for n, inner in enumerate(op.regions):
            arm = {(op.args[0], n)} if op.prim is IF else set()
            _reads_outside(inner, taken | arm, homes, found)
    read(region.yields)
