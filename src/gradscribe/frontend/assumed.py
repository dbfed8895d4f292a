"""Numbers of a module whose truth is decided when a function is read.

Numbers of a module are read when a derivative runs, so a branch on one is lowered as any other.
Where a function cannot be lowered so, or calls itself with objects (one that makes another of its
class, unless numbers in a table say otherwise), it is lowered again with these branches decided.
If that helps, the derivative begins with a check that they are what they were::

    if MEoS.kwargs["P"]:
        raise NotImplementedError("cannot differentiate this: … is not what it was")
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import final

from gradscribe.ir.build import Builder
from gradscribe.ir.core import Attrs, Const, Op, Region
from gradscribe.ir.primitives import IF, OPAQUE, of


@final
class Recursion(Exception):
    """A function calls itself with objects, which to decide branches may spare."""


@final
class Assumptions:
    """The numbers whose truth was asked, by name.

    ``decide``: is it given? ``recursion``: may functions call themselves with objects?
    """

    def __init__(self, decide: bool, recursion: bool) -> None:
        self.decide = decide
        self.recursion = recursion
        self.asked: dict[tuple[str | None, str | None], Const] = {}


_MADE: ContextVar[Assumptions | None] = ContextVar("assumptions", default=None)


@contextmanager
def assuming(decide: bool, recursion: bool) -> Iterator[Assumptions]:
    """Note whose truth is asked in the meantime."""
    token = _MADE.set(made := Assumptions(decide, recursion))
    try:
        yield made
    finally:
        _MADE.reset(token)


def truth(test: Const) -> bool | None:
    """Whether a number of a module counts as true, where that is to be decided."""
    made = _MADE.get()
    if made is None or not isinstance(test.value, int | float):
        return None
    made.asked[test.name, test.home] = test
    return bool(test.value) if made.decide else None


def meet_recursion() -> None:
    """A function calls itself with objects here: see first whether that can be spared."""
    made = _MADE.get()
    if made is not None and made.asked and not made.recursion:
        raise Recursion


def check(body: Region, made: Assumptions) -> None:
    """Raise, first of all, where a number whose truth was decided is not what it was."""
    if not made.decide:
        return
    builder = Builder()
    for const in made.asked.values():
        said = f"cannot differentiate this: {const.name} is not what it was when this was compiled"
        stop = ast.parse(f"raise NotImplementedError({said!r})").body[0]
        changed = Region([], [Op(OPAQUE, (), (), attrs=Attrs(template=stop))])
        test = builder.emit(of(operator.not_), const) if const.value else const
        builder.append(Op(IF, (test,), (), (changed, Region())))
    body.ops[:0] = builder.region.ops
