"""Things called like functions that are not in the program: derivatives made while lowering.

``grad(g)(x)`` and ``value, pullback = vjp(g)(x)`` inside a function lower to the derivative's own
IR, copied in place. What ``sparse_jacobian(g)(x)`` gives is known by its members alone: products.
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
    arguments and keywords of a ``functools.partial``; ``member(frame, node, name)`` what it has
    under a name, if it is something with members.
    """

    __slots__ = ("make", "member", "partial", "run")

    def __init__(
        self,
        run: Callable[..., Any],
        make: Callable[..., Any] | None = None,
        partial: tuple[Any, list[Any], dict[str, Any]] | None = None,
        member: Callable[..., Any] | None = None,
    ) -> None:
        self.run = run
        self.make = make
        self.partial = partial
        self.member = member


def splice(function: Function, args: list[Operand], builder: Builder) -> Operand:
    """Copy a function's body to the end of the region being built; its result."""
    mapping: dict[Value, Operand] = dict(zip(function.body.params, args, strict=True))
    region = copy_region(Region([], function.body.ops, function.body.yields), mapping)
    for op in region.ops:
        op.span, op.statement = builder.span, builder.statement
    builder.region.ops += region.ops
    return region.yields[0]
