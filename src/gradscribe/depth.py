"""How deep a program may be: blocks in blocks, calls in calls, expressions in expressions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# So many calls in each other are made for a program. Python's own limit is for functions that call
# themselves without end; a piece of a program in which others stand takes several calls each.
CALLS = 6000

INDENTED = 99  # Python reads no text with more blocks in each other


@contextmanager
def deep() -> Iterator[None]:
    """Let functions call each other deeply enough to read, and write, a deep program."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, CALLS))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
