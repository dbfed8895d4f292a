"""``jacobian`` and ``hessian``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Function, walk
from gradscribe.ir.primitives import HOOK
from gradscribe.ir.types import Sequence as SequenceType
from gradscribe.ir.types import Type
from gradscribe.passes import simplify
from gradscribe.primal import (
    Types,
    base_name,
    primal_ir,
)
from gradscribe.specification import core


@final
@dataclass(slots=True, eq=False)
class Jacobian(core.OfArguments):
    """The Jacobian of a function; of a gradient, the Hessian ``of`` the function below."""

    of: Callable[..., Any] | None = None

    @property
    def name(self) -> str:
        named = self.function if self.of is None else self.of
        return f"{base_name(named)}_{'jacobian' if self.of is None else 'hessian'}"

    def doc(self) -> str:
        what = "Jacobian" if self.of is None else "Hessian"
        given = core.with_respect_to(self.function, self.wrt)
        beside = ", and its auxiliary part" if self.has_aux else ""
        return f"{what} of {base_name(self.of or self.function)} with respect to {given}{beside}."

    def made(self, kinds: Types) -> Function:
        from gradscribe.differentiate import jacobian

        kinds, wrt, single = self.asked(kinds)
        primal = primal_ir(self.function, kinds)
        asked = self.kinds_at(primal, wrt)
        value = type_of_operand(primal.result)
        if self.has_aux and isinstance(value, SequenceType) and value.items:
            value = value.items[0]
        made = None
        if self._goes_forward(primal, value, asked):
            made = jacobian.forward_jacobian(primal, wrt, single, self.name, self.has_aux)
        if made is None:
            made = jacobian.reverse_jacobian(primal, wrt, single, self.name, self.has_aux)
        return simplify(made)

    def _goes_forward(self, primal: Function, value: Type, asked: list[Type]) -> bool:
        from gradscribe.differentiate import jacobian

        if self.mode == "reverse" or not jacobian.has_ranks(value, primal, asked):
            return False
        if self.mode != "forward" and any(op.prim is HOOK for op in walk(primal.body)):
            return False  # only reverse mode has adjoints
        return self.mode == "forward" or jacobian.is_tall(value, asked)

    def reduce(self) -> tuple[Any, ...]:
        from gradscribe import api

        keywords = {"has_aux": self.has_aux}
        if self.of is not None:
            return core.restore, (api.hessian, self.of, (self.wrt,), keywords, self.signature())
        keywords["mode"] = self.mode  # type: ignore[assignment]  # any keyword
        return core.restore, (api.jacobian, self.function, (self.wrt,), keywords, self.signature())
