"""Calls of a function from within itself."""

from __future__ import annotations

from typing import Any

from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound
from gradscribe.frontend.resolve import Definition


def call(
    frame: Frame, node: Any, definition: Definition, positional: list[Bound], keywords: dict[str, Bound]
) -> Bound:
    """A recursive call."""
    frame.refuse(node, "recursion is not supported yet", "write it as a loop")
