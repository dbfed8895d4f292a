"""Which results of branches must be bound in both arms, not only where they are computed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import UNDEF, Const, Op, Operand, Region, Value, walk
from gradscribe.ir.loops import first_carry
from gradscribe.ir.primitives import FOR, IF, SCOPE, WHILE
from gradscribe.ir.scopes import COMPLETED, HEAD, catches, head, raises
from gradscribe.ir.types import Mapping, Scalar, is_array


def must_bind(body: Region) -> set[Value]:
    """Results of branches that are read where the arm that defines them may not have run."""
    homes: dict[Value, tuple[Operand, int]] = {}
    flags: dict[Value, Sequence[Value]] = {}
    same: dict[Value, Value] = {}
    regions = [body, *(inner for op in walk(body) for inner in op.regions)]
    for op, after in (pair for region in regions for pair in _pairs(region)):
        if op.prim is IF and not any(map(raises, op.regions)):
            for k, result in enumerate(op.results):
                arms = [n for n, arm in enumerate(op.regions) if arm.yields[k] is not UNDEF]
                if len(arms) == 1:
                    homes[result] = (op.args[0], arms[0])
        elif op.prim in (FOR, WHILE):
            inits = op.args[first_carry(op) :]
            pairs = zip(op.results, inits, strict=False)
            flags |= {result: op.results for result, init in pairs if init is UNDEF}
        elif op.prim is SCOPE:
            same |= handed_on(op)
            if catches(op) and not _is_guard(op, after):
                completed = op.results[COMPLETED]
                homes.update((result, (completed, 0)) for result in op.results[HEAD:])
    found: set[Value] = set()
    if not homes and not flags:
        return found
    _Reads(homes, flags, same, found).region(body, frozenset())
    return found


def _is_guard(op: Op, after: Op | None) -> bool:
    """Do all handlers of a ``try`` raise?"""
    asks = after is not None and after.args[0] is op.results[COMPLETED]
    return asks and raises(after.regions[1])  # type: ignore[union-attr]  # it is a branch


def stand_in(value: Value) -> Const:
    """What a variable holds that is bound only so that it is: of the kind it has elsewhere."""
    kind = value.type
    if isinstance(kind, Mapping) and kind.items is None:
        return Const({})
    if not isinstance(kind, Scalar) or not kind.weak:
        return UNDEF
    return {"f": Const(math.nan), "b": Const(False), "i": Const(0)}.get(kind.dtype.kind, UNDEF)


def handed_on(scope: Op) -> dict[Value, Value]:
    """The results of a scope whose body computes them itself: both are one variable."""
    (body,) = scope.regions
    made = {result for op in body.ops for result in op.results}
    pairs = list(zip(scope.results, body.yields, strict=True))[head(scope) :]
    return {r: v for r, v in pairs if isinstance(v, Value) and v in made}


def _pairs(region: Region) -> Iterable[tuple[Op, Op | None]]:
    """The operations of a region, each with the branch after it, if it is one."""
    for op, after in zip(region.ops, [*region.ops[1:], None], strict=False):
        yield op, after if after is not None and after.prim is IF else None


@final
@dataclass(slots=True)
class _Reads:
    """Collects the values read where not all that defines them is known to have run."""

    homes: dict[Value, tuple[Operand, int]]
    flags: dict[Value, Sequence[Value]]  # what a loop binds, and what may tell whether it did
    same: dict[Value, Value]
    found: set[Value]

    def region(
        self,
        region: Region,
        taken: frozenset[tuple[Operand, int]],
        handed: frozenset[Operand] = frozenset(),
    ) -> None:
        for op in region.ops:
            self._read(op.args, taken)
            if op.derived:
                self._after_loop(op, taken)
            on = frozenset(handed_on(op).values() if op.prim is SCOPE else ())
            for n, inner in enumerate(op.regions):
                arm = {(self._one(op.args[0]), n)} if op.prim is IF else set()
                self.region(inner, taken | arm, on)
        self._read((o for o in region.yields if o not in handed), taken)

    def _read(self, operands: Iterable[Operand], taken: frozenset[tuple[Operand, int]]) -> None:
        for operand in operands:
            current: Operand | None = operand
            while isinstance(current, Value):
                home = self.homes.get(current)
                if home is not None and (self._one(home[0]), home[1]) not in taken:
                    self.found.add(current)
                current = self.same.get(current)

    def _after_loop(self, op: Op, taken: frozenset[tuple[Operand, int]]) -> None:
        """A derivative may ask for the shape of what a loop binds, or save it, where the loop did
        not run."""
        operands: Iterable[Operand] = ()
        if op.prim.function in (np.zeros_like, helpers.zeros_like):
            operands = op.args
        elif op.prim.function is helpers.own and is_array(type_of_operand(op.args[0])):
            # An array would be copied by its method if it were there for certain.
            operands = op.args
        elif op.prim.name == "tuple":
            # First comes the value; if it is unbound, that is the program's own error.
            operands = op.args[1:]
        for operand in operands:
            flags = self.flags.get(operand) if isinstance(operand, Value) else None
            if flags is not None and not any((flag, 0) in taken for flag in flags):
                self.found.add(operand)  # type: ignore[arg-type]  # it is a value

    def _one(self, operand: Operand) -> Operand:
        """A flag as it is called where it is made."""
        while isinstance(operand, Value) and operand in self.same:
            operand = self.same[operand]
        return operand
