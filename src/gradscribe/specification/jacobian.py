"""``jacobian`` and ``hessian``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, final

from gradscribe.errors import ArgumentError
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Function, walk
from gradscribe.ir.primitives import HOOK
from gradscribe.ir.types import Sequence as SequenceType
from gradscribe.ir.types import Type
from gradscribe.passes import simplify
from gradscribe.primal import (
    Types,
    base_name,
    differentiable,
    kind_at,
    places,
    primal_ir,
    primal_signature,
)
from gradscribe.runtime.dispatch import Variant
from gradscribe.specification import core


@final
@dataclass(slots=True, eq=False)
class Jacobian:
    """The Jacobian of a function; of a gradient, the Hessian ``of`` the function below."""

    function: Callable[..., Any]
    wrt: Any
    mode: str
    has_aux: bool = False
    of: Callable[..., Any] | None = None
    cache: dict[Types, Function] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.mode not in ("auto", "reverse", "forward"):
            raise ArgumentError(f"mode must be 'auto', 'reverse' or 'forward', not {self.mode!r}")
        places(self.function, self.wrt)
        core.check_aux(self.function, self.has_aux, self.name)

    @property
    def name(self) -> str:
        named = self.function if self.of is None else self.of
        return f"{base_name(named)}_{'jacobian' if self.of is None else 'hessian'}"

    @property
    def aux_is_second(self) -> bool:
        return True

    def signature(self) -> inspect.Signature:
        return primal_signature(self.function)

    def doc(self) -> str:
        what = "Jacobian" if self.of is None else "Hessian"
        given = core.with_respect_to(self.function, self.wrt)
        beside = ", and its auxiliary part" if self.has_aux else ""
        return f"{what} of {base_name(self.of or self.function)} with respect to {given}{beside}."

    def kinds_for(self, kinds: Types) -> Types:
        return kinds

    def prepare(self, args: tuple[Any, ...]) -> Types:
        return core.types_of_call(self, args, places(self.function, self.wrt)[0])

    def ir(self, kinds: Types) -> Function:
        known = self.cache.get(kinds)
        if known is None:
            known = self.cache[kinds] = self._make(kinds)
        return known

    def _make(self, kinds: Types) -> Function:
        from gradscribe.differentiate import jacobian

        wrt, single = places(self.function, self.wrt)
        names = list(self.signature().parameters)
        kinds, wrt = differentiable(kinds, wrt, names, self.name)
        primal = primal_ir(self.function, kinds)
        asked = [kind_at(primal.body.params[p.param].type, p.path, self.name)[0] for p in wrt]
        value = type_of_operand(primal.result)
        if self.has_aux and isinstance(value, SequenceType) and value.items:
            value = value.items[0]
        made = None
        if self._goes_forward(primal, value, asked):
            made = jacobian.forward_jacobian(primal, wrt, single, self.name, self.has_aux)
        if made is None:
            made = jacobian.reverse_jacobian(primal, wrt, single, self.name, self.has_aux)
        result = simplify(made)
        result.doc = self.doc()
        return result

    def _goes_forward(self, primal: Function, value: Type, asked: list[Type]) -> bool:
        from gradscribe.differentiate import jacobian

        if self.mode == "reverse" or not jacobian.has_ranks(value, primal, asked):
            return False
        if self.mode != "forward" and any(op.prim is HOOK for op in walk(primal.body)):
            return False  # only reverse mode has adjoints
        return self.mode == "forward" or jacobian.is_tall(value, asked)

    def variant(self, kinds: Types) -> Variant:
        return core.simple_variant(self, kinds)

    def reduce(self) -> tuple[Any, ...]:
        from gradscribe import api

        keywords = {"has_aux": self.has_aux}
        if self.of is not None:
            return core.restore, (api.hessian, self.of, (self.wrt,), keywords, self.signature())
        keywords["mode"] = self.mode  # type: ignore[assignment]  # any keyword
        return core.restore, (api.jacobian, self.function, (self.wrt,), keywords, self.signature())
