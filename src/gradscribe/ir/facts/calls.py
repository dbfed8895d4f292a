"""Facts: calls of functions that are not looked into, which are taken to be pure."""

from __future__ import annotations

from typing import Any

from gradscribe.ir.primitives import fact
from gradscribe.ir.types import UNKNOWN, Type


def called(function: Any, names: tuple[str, ...], *args: Any) -> Any:
    """``function(*args)``, of which the last ones are given by name."""
    count = len(args) - len(names)
    return function(*args[:count], **dict(zip(names, args[count:], strict=True)))


@fact(called, static="function names", name="called")
def _(function: Any, names: Any, *args: Type) -> Type:
    return UNKNOWN
