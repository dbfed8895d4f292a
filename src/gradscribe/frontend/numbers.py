"""Numbers that may be arrays: those computed from arrays of other libraries, and of subclasses.

The sum of such an array is often an array without axes, which ``s += 1`` changes in place, for
every name that it has (but dask's, which are bound anew). It is refused where it may have two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradscribe.arrays import Foreign
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Cell, Fields, TupleOf
from gradscribe.frontend.hidden import plain
from gradscribe.ir import helpers
from gradscribe.ir.core import Value
from gradscribe.ir.types import Scalar

_STORING = {tuple, list, dict, helpers.append, helpers.setitem, helpers.inserted}


def refuse_shared(
    frame: Frame, node: Any, name: str, old: Bound, home: tuple[Any, Any] | None
) -> None:
    """Refuse ``name += value`` for what may be an array that is known by something else, too."""
    if frame.builder.foreign is not Foreign.IN_PLACE or not isinstance(old, Value):
        return
    if not isinstance(old.type, Scalar) or old.type.weak:
        return
    if any(bound is old for bound in _elsewhere(frame, name, home)) or _is_stored(frame, old):
        frame.refuse(
            node,
            f"cannot know whether {plain(name) or 'this'} is an array of another library, which is "
            "changed here wherever else it is held",
            "write x = x + y",
        )


def _elsewhere(frame: Frame, name: str, home: tuple[Any, Any] | None) -> Iterator[Bound]:
    """All that is bound to anything but the variable, or the place in an object, at hand."""
    around: Frame | None = frame
    while around is not None:
        for other, bound in around.env.items():
            if home is not None or around is not frame or other != name:
                yield from _within(bound)
        around = around.parent
    own = frame.env.get(name)
    for loc, held in frame.heap.values.items():
        if isinstance(held, Fields):
            for key, bound in held.entries.items():
                if (loc, key) != home and not (isinstance(own, Cell) and own.loc is loc):
                    yield from _within(bound)


def _within(bound: Bound) -> Iterator[Bound]:
    if isinstance(bound, TupleOf):
        for item in bound.items:
            yield from _within(item)
    else:
        yield bound


def _is_stored(frame: Frame, value: Value) -> bool:
    """Was a value put into something that is not followed part by part?"""
    return any(
        value in op.args and op.prim.function in _STORING for op in frame.builder.made.values()
    )
