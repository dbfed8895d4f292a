"""Tuples that are only taken apart are, where they stand: ``w, v = np.linalg.eigh(a)``."""

from __future__ import annotations

import operator

from gradscribe.ir import helpers
from gradscribe.ir.core import Const, Op, Operand, Region, Value, walk
from gradscribe.ir.primitives import CALL, FOR, UNPACK
from gradscribe.ir.rewrite import operands_in, substitute
from gradscribe.ir.types import Sequence


def unpack_tuples(body: Region) -> None:
    """Give what makes a tuple that is only taken apart one result per entry, in place."""
    uses: dict[Value, int] = {}
    for operand in operands_in(body):
        if isinstance(operand, Value):
            uses[operand] = uses.get(operand, 0) + 1
    entries: dict[Value, list[Op]] = {}
    for op in walk(body):
        base = op.args[0] if op.args else None
        if op.prim.function is operator.getitem and isinstance(base, Value):
            if isinstance(op.args[1], Const) and type(op.args[1].value) is int:
                entries.setdefault(base, []).append(op)
    mapping: dict[Value, Operand] = {}

    def parts(whole: Value) -> tuple[Value, ...]:
        """What the entries of a tuple are called; nothing where it is needed as a whole."""
        kind, taken = whole.type, entries.get(whole, [])
        if (
            not isinstance(kind, Sequence)
            or kind.kind != "tuple"
            or len(kind.items or ()) < 2
            or len(taken) != uses.get(whole, 0)
        ):
            return ()
        items = kind.items or ()
        values = [Value("_", item) for item in items]
        for entry in taken:
            place = entry.args[1].value  # type: ignore[union-attr]  # an integer
            old = entry.results[0]
            if values[place].hint == "_":
                values[place] = Value(old.hint, old.type, old.named)
            mapping[old] = values[place]
        return tuple(values)

    for op in walk(body):
        if _makes_a_tuple(op):
            op.results = parts(op.results[0]) or op.results
            if op.prim.function is helpers.entries and len(op.results) > 1:
                op.prim, op.args = UNPACK, op.args[:1]
        if op.prim is FOR:
            (inner,) = op.regions
            for item in reversed(inner.params[: op.attrs.seqs]):
                # What is read in a branch alone may be None where that is not taken.
                always = any(entry in inner.ops for entry in entries.get(item, ()))
                values = parts(item) if always else ()
                if values:
                    inner.ops.insert(0, Op(UNPACK, (item,), values, (), None, op.span))
    _drop(body, mapping)
    substitute(body, mapping)


def _makes_a_tuple(op: Op) -> bool:
    """Is this a call whose tuple is new, and not one of what it is given?"""
    if len(op.results) != 1:
        return False
    module = getattr(op.prim.function, "__module__", None) or ""
    return (
        op.prim is CALL
        or op.prim.function in (helpers.entries, divmod)
        or (op.prim.storage == "fresh" and module.split(".")[0] in ("numpy", "math"))
    )


def _drop(region: Region, mapping: dict[Value, Operand]) -> None:
    region.ops = [op for op in region.ops if not (op.results and op.results[0] in mapping)]
    for op in region.ops:
        for inner in op.regions:
            _drop(inner, mapping)
