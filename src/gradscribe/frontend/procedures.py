"""Things called like functions that are not in the program: derivatives made while lowering.

``grad(g)(x)`` and ``value, pullback = vjp(g)(x)`` inside a function lower to the derivative's own
IR, copied in place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

from gradscribe.ir.build import Builder
from gradscribe.ir.core import Function, Operand, Region, Value
from gradscribe.ir.rewrite import copy_region


@final
class Procedure:
    """A callable known to the compiler alone: ``run(frame, node, positional, keywords)``.

    ``make(frame, node)`` gives the derivative that it is, if it is one; ``partial`` the function,
    arguments and keywords of a ``functools.partial``.
    """

    __slots__ = ("make", "partial", "run")

    def __init__(
        self,
        run: Callable[..., Any],
        make: Callable[..., Any] | None = None,
        partial: tuple[Any, list[Any], dict[str, Any]] | None = None,
    ) -> None:
        self.run = run
        self.make = make
        self.partial = partial


def splice(function: Function, args: list[Operand], builder: Builder) -> Operand:
    """Copy a function's body to the end of the region being built; its result."""
    mapping: dict[Value, Operand] = dict(zip(function.body.params, args, strict=True))
    region = copy_region(Region([], function.body.ops, function.body.yields), mapping)
    for op in region.ops:
        op.span, op.statement = builder.span, builder.statement
    builder.region.ops += region.ops
    return region.yields[0]
