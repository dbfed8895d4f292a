"""Objects of the module or the closure that a function writes to.

Their attributes are read where they are used (``MODEL.k``), as long as nothing is written. A
function that does write is lowered anew, and such an object is then one of the function's own,
which holds what it finds there when it is called::

    MODEL.count = MODEL.count + x           count = MODEL.count + x
    return MODEL.count * x                  return count * x

So a derivative sees what its primal writes, and leaves the caller's object as it is.
"""

from __future__ import annotations

import functools
import operator
import sys
import types
from collections.abc import Iterable
from typing import Any, final

import numpy as np

from gradscribe.errors import UnsupportedError
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Fields
from gradscribe.ir.abstraction import is_static
from gradscribe.ir.core import Const, Function, Operand, walk
from gradscribe.objects import attributes_of


@final
class Written(Exception):
    """An attribute of a constant object is assigned to: the function is lowered anew."""

    def __init__(self, constant: Const) -> None:
        super().__init__(constant)
        self.constant = constant


def open_(frame: Frame, constants: Iterable[Const]) -> None:
    """Make objects of these constants that are followed."""
    for constant in constants:
        attributes = attributes_of(constant.value) or {}
        entries: dict[Any, Bound] = {
            name: (
                Const(value)
                if is_static(value)
                else Const(value, f"{constant.name}.{name}", constant.home)
            )
            for name, value in attributes.items()
        }
        held = Fields("object", entries, type(constant.value))
        name = (constant.name or "").rpartition(".")[2]
        ref = frame.heap.new(held, name if name.isidentifier() else "")
        frame.builder.opened[id(constant.value)] = ref


def followed(frame: Frame, bound: Bound) -> Bound:
    """What stands for a constant object that the function writes to."""
    if isinstance(bound, Const) and frame.builder.opened:
        return frame.builder.opened.get(id(bound.value), bound)  # type: ignore[no-any-return]  # a Ref
    return bound


def write(frame: Frame, base: Bound) -> None:
    """Begin again where a constant object is written to that can be followed."""
    if isinstance(base, Const) and base.name is not None and attributes_of(base.value) is not None:
        if frame.builder.opens:
            raise Written(base)


def refuse_if_any(frame: Frame, node: Any) -> None:
    """A derivative that is taken here reads these objects as they were before."""
    if frame.builder.opened:
        frame.refuse(
            node,
            "a derivative is taken in a function that writes to an object of the module",
            "pass the object as an argument",
        )


def check(function: Function, constants: list[Const]) -> None:
    """Refuse what would read one of these objects elsewhere, as it was before it was written."""
    ours = {id(constant.value) for constant in constants}
    for op in walk(function.body):
        held = [*op.args, *(_read_within(op.attrs.callee) if op.attrs.callee is not None else ())]
        for operand in held:
            if isinstance(operand, Const) and _reaches(operand.value, ours):
                raise UnsupportedError(
                    f"{operand.name or 'a constant'} is or holds an object that this function "
                    "writes to, and is used as a whole here",
                    op.span,
                    "pass the object as an argument",
                )


def _read_within(function: Function, seen: tuple[Function, ...] = ()) -> list[Operand]:
    """The constants that a function that is called reads, and what their names begin with."""
    if function in seen:
        return []
    found: list[Operand] = [arg for op in walk(function.body) for arg in op.args]
    for op in walk(function.body):
        if op.attrs.callee is not None:
            found += _read_within(op.attrs.callee, (*seen, function))
    named = [operand for operand in found if isinstance(operand, Const) and operand.name]
    modules = [vars(sys.modules.get(constant.home or "", operator)) for constant in named]
    roots = [Const(m.get(c.root), c.root) for m, c in zip(modules, named, strict=True)]
    return [*found, *roots]


_MOST = 10_000


def _reaches(value: Any, ours: set[int]) -> bool:
    """Is this one of these objects, or does it hold one?"""
    work, seen = [value], set[int]()
    while work and len(seen) < _MOST:
        x = work.pop()
        if id(x) in ours:
            return True
        if id(x) in seen or isinstance(x, str | bytes | int | float | np.ndarray | type):
            continue
        seen.add(id(x))
        if isinstance(x, list | tuple | set | frozenset):
            work += x
        elif isinstance(x, dict):
            work += x.values()
        elif isinstance(x, types.MethodType):
            work.append(x.__self__)
        elif isinstance(x, functools.partial):
            work += [x.func, *x.args, *x.keywords.values()]
        elif not isinstance(x, types.ModuleType | types.FunctionType):
            work += getattr(x, "__dict__", {}).values()
    return False
