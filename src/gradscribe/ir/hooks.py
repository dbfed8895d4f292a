"""Hooks after the backward sweep: each is what it is in the program, its variable itself."""

from __future__ import annotations

from dataclasses import replace

from gradscribe.ir.core import Attrs, Function, Region, walk
from gradscribe.ir.primitives import HOOK
from gradscribe.ir.rewrite import copy_function


def spend(region: Region) -> None:
    """Leave nothing of the hooks in a region, and in the functions that it calls (in copies)."""
    for op in walk(region):
        if op.prim is HOOK:
            op.args, op.attrs = op.args[:1], Attrs()
        elif op.attrs.callee is not None and _has_hooks(op.attrs.callee, set()):
            op.attrs = replace(op.attrs, callee=_spent(op.attrs.callee))


def _spent(function: Function) -> Function:
    known = function.derivatives.get("spent")
    if known is None:
        known, _ = copy_function(function)
        function.derivatives["spent"] = known
        spend(known.body)
    assert isinstance(known, Function)
    return known


def _has_hooks(function: Function, seen: set[int]) -> bool:
    """Does a function, or one that it calls, have hooks that are not spent?"""
    if id(function) in seen:
        return False
    seen.add(id(function))
    return any(
        op.attrs.callee is not None and (op.prim is HOOK or _has_hooks(op.attrs.callee, seen))
        for op in walk(function.body)
    )
