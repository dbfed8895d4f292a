"""``grad``, ``value_and_grad`` and ``elementwise_grad``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from gradscribe.differentiate import blame, transform
from gradscribe.differentiate.entries import check_entries
from gradscribe.errors import ArgumentError
from gradscribe.ir.core import Function, walk
from gradscribe.ir.primitives import FOR, HOOK, WHILE
from gradscribe.ir.types import is_scalar
from gradscribe.passes import simplify
from gradscribe.primal import (
    Types,
    base_name,
    summed_name,
)
from gradscribe.specification import core


@final
@dataclass(slots=True, eq=False)
class Gradient(core.OfArguments):
    """The gradient of the sum of a function's floating outputs.

    ``elementwise``: refused unless each entry of the value depends on its own entry alone.
    """

    with_value: bool = False
    nan_check: bool = False
    elementwise: bool = False

    @property
    def name(self) -> str:
        return summed_name(core.checked(self._kind, self.nan_check), self.function)

    @property
    def _kind(self) -> str:
        if self.elementwise:
            return "elementwise_grad"
        return "value_and_grad" if self.with_value else "grad"

    @property
    def aux_is_second(self) -> bool:
        return not self.with_value

    def doc(self) -> str:
        what = "Value and gradient" if self.with_value else "Gradient"
        if self.elementwise:
            what = "Derivative"
        given = core.with_respect_to(self.function, self.wrt)
        end = ", entry by entry" if self.elementwise else ""
        beside = ", and its auxiliary part" if self.has_aux else ""
        return f"{what} of {base_name(self.function)} with respect to {given}{end}{beside}."

    def made(self, kinds: Types) -> Function:
        kinds, wrt, single = self.asked(kinds)
        primal = core.watched(self.function, kinds, wrt, self.nan_check)
        asked = self.kinds_at(primal, wrt)
        if self.elementwise:
            check_entries(primal, wrt, self.name)
        forward = self.mode == "forward" or (
            self.mode == "auto"
            and single
            and is_scalar(asked[0])
            and any(op.prim in (FOR, WHILE) for op in walk(primal.body))
            and not any(op.prim is HOOK for op in walk(primal.body))
        )
        if forward and not all(map(is_scalar, asked)):
            raise ArgumentError(
                f"{self.name}: forward mode takes scalar parameters, one sweep for each",
                hint="use mode='reverse', or jvp for a directional derivative",
            )
        make = transform.forward_gradient if forward else transform.gradient
        made = make(primal, wrt, single, self.with_value, self.name, self.has_aux)
        return simplify(blame.watch(made) if self.nan_check else made)

    def reduce(self) -> tuple[Any, ...]:
        from gradscribe import api

        make = getattr(api, self._kind)
        keywords: dict[str, Any] = {"mode": self.mode}
        if not self.elementwise:
            keywords |= {"has_aux": self.has_aux, "nan_check": self.nan_check}
        return core.restore, (make, self.function, (self.wrt,), keywords, self.signature())
