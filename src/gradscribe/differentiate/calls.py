"""Calls of functions that keep their own text: they become pairs, a forward and a reverse one."""

from __future__ import annotations

from gradscribe.differentiate.activity import Activity
from gradscribe.differentiate.bars import Bar, Scope
from gradscribe.ir.core import Op


def reverse(op: Op, bars: list[Bar | None], scope: Scope, active: Activity) -> None:
    """Add what a call contributes to the adjoints of its args."""
    raise NotImplementedError
