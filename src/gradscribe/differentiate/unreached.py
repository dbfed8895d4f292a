"""Branches with what cannot be differentiated: refused where they are taken, not where they stand.

A function without a rule in one arm of a branch does not keep the other arm from being
differentiated. In the derivative that arm raises, before the call, what would have been refused::

    if region == 3:                     if region == 3:
        rho = newton(residual, guess)       raise NotImplementedError("cannot differentiate …")
    else:                               else:
        rho = p / (r * t)                   rho = p / (r * t)

Where every way leads there it is refused at once, and so it is in the body of a ``try`` whose
handlers might take the exception for one of the program's.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import final

from gradscribe.differentiate.activity import Activity, check_given
from gradscribe.differentiate.apply import rules_of
from gradscribe.errors import NoRuleError, refusing
from gradscribe.ir import trees
from gradscribe.ir.core import UNDEF, Attrs, Function, Op, Operand, Region, Value
from gradscribe.ir.primitives import CALL, HOOK, IF, IMPLICIT, OPAQUE, RULED, SCOPE, STRUCTURED
from gradscribe.ir.scopes import catches, head, raises


def activity_of(function: Function, inputs: Iterable[Value]) -> Activity:
    """The active values of a function, after its arms are cut off where they have no rule."""
    inputs = list(inputs)
    cut = _Cut(Activity(function, inputs, checked=False))
    if cut.region(function.body, arm=False):
        raise cut.errors[0]
    return Activity(function, inputs)


@final
class _Cut:
    """Cutting arms off (not handlers); ``errors`` are what their derivatives raise."""

    def __init__(self, active: Activity) -> None:
        self.active = active
        self.errors: list[NoRuleError] = []
        self.completed: set[Operand] = set()  # whether the bodies of ``try`` statements were

    def region(self, region: Region, arm: bool) -> bool:
        """Cut a region off at what has no rule; does it raise then, whatever way it takes?"""
        for place, op in enumerate(region.ops):
            if op.prim is IF:
                ends = [raises(inner) for inner in op.regions]
                handles = op.args[0] in self.completed
                cut = [self.region(inner, arm=not handles) for inner in op.regions]
                if any(cut) and all(a or b for a, b in zip(ends, cut, strict=True)):
                    _end(region, place + 1)
                    return True
            elif op.prim in STRUCTURED:
                self.completed.update(op.results[: head(op)])
                if not catches(op):
                    for inner in op.regions:
                        self.region(inner, arm=False)
            elif arm:
                error = _refused(op, self.active)
                if error is not None:
                    self.errors.append(error)
                    region.ops[place] = _raising(op, error)
                    _end(region, place + 1)
                    return True
        return False


def _raising(op: Op, error: NoRuleError) -> Op:
    """The statement that refuses ``op`` where it is reached."""
    attrs = Attrs(template=ast.parse(refusing(error)).body[0])
    return Op(OPAQUE, (), (), attrs=attrs, span=op.span, statement=op.statement)


def _end(region: Region, place: int) -> None:
    del region.ops[place:]
    region.yields = [UNDEF] * len(region.yields)


def _refused(op: Op, active: Activity) -> NoRuleError | None:
    """Why an operation cannot be differentiated, if it is one of those that have no rule at all."""
    if op.prim in (CALL, HOOK, IMPLICIT, RULED, SCOPE):
        return None
    try:
        check_given(op, active)
        plain = trees.displayed(op) is None and trees.part_read(op) is None
        if active.passes(op) and plain:
            rules_of(op)
    except NoRuleError as error:
        return error
    return None
