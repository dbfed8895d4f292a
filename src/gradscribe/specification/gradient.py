"""``grad``, ``value_and_grad`` and ``elementwise_grad``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
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
    differentiable,
    kind_at,
    places,
    primal_signature,
    summed_name,
)
from gradscribe.runtime.dispatch import Variant
from gradscribe.specification import core


@final
@dataclass(slots=True, eq=False)
class Gradient:
    """The gradient of the sum of a function's floating outputs.

    ``elementwise``: refused unless each entry of the value depends on its own entry alone.
    """

    function: Callable[..., Any]
    wrt: Any
    mode: str
    with_value: bool = False
    has_aux: bool = False
    nan_check: bool = False
    elementwise: bool = False
    cache: dict[Types, Function] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.mode not in ("auto", "reverse", "forward"):
            raise ArgumentError(f"mode must be 'auto', 'reverse' or 'forward', not {self.mode!r}")
        places(self.function, self.wrt)
        core.check_aux(self.function, self.has_aux, self.name)

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

    def signature(self) -> inspect.Signature:
        return primal_signature(self.function)

    def doc(self) -> str:
        what = "Value and gradient" if self.with_value else "Gradient"
        if self.elementwise:
            what = "Derivative"
        given = core.with_respect_to(self.function, self.wrt)
        end = ", entry by entry" if self.elementwise else ""
        beside = ", and its auxiliary part" if self.has_aux else ""
        return f"{what} of {base_name(self.function)} with respect to {given}{end}{beside}."

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
        wrt, single = places(self.function, self.wrt)
        names = list(self.signature().parameters)
        kinds, wrt = differentiable(kinds, wrt, names, self.name)
        primal = core.watched(self.function, kinds, wrt, self.nan_check)
        asked = [kind_at(primal.body.params[p.param].type, p.path, self.name)[0] for p in wrt]
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
        result = simplify(blame.watch(made) if self.nan_check else made)
        result.doc = self.doc()
        return result

    def variant(self, kinds: Types) -> Variant:
        return core.simple_variant(self, kinds)

    def reduce(self) -> tuple[Any, ...]:
        from gradscribe import api

        make = getattr(api, self._kind)
        keywords: dict[str, Any] = {"mode": self.mode}
        if not self.elementwise:
            keywords |= {"has_aux": self.has_aux, "nan_check": self.nan_check}
        return core.restore, (make, self.function, (self.wrt,), keywords, self.signature())
