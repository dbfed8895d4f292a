"""Where the carries of a loop stand among its args and params."""

from __future__ import annotations

from gradscribe.ir.core import Op
from gradscribe.ir.primitives import FOR


def first_carry(op: Op) -> int:
    """The place among the params of a loop's body (and among its args) of its first carry."""
    return op.attrs.seqs if op.prim is FOR else 0


def carries(op: Op) -> int:
    """How many carries a loop has."""
    return len(op.args) - first_carry(op)
