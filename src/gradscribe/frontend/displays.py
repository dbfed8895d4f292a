"""Displays of tuples, lists and dicts, with stars in them."""

from __future__ import annotations

import operator
from typing import Any

import gast

from gradscribe.frontend import (
    aliasing,
    containers,
    functional,
    opaque,
    sharing,
)
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, TupleOf
from gradscribe.frontend.procedures import Procedure
from gradscribe.ir.core import Operand
from gradscribe.ir.primitives import of
from gradscribe.ir.types import (
    Sequence,
)


def tuple_(frame: Frame, node: gast.Tuple) -> Bound:
    parts = [_tuple_part(frame, element) for element in node.elts]
    if all(isinstance(part, TupleOf) for part in parts):
        return TupleOf(tuple(item for part in parts for item in part.items))  # type: ignore[union-attr]  # tuples
    # ``(*t, x)`` with a t of unknown length is ``t + (x,)``.
    total = frame.read(parts[0])
    for part in parts[1:]:
        total = frame.emit(of(operator.add), total, frame.read(part))
    return frame.wrap(total)


def _tuple_part(frame: Frame, element: Any) -> Bound:
    """What an entry of a tuple display contributes, as a tuple."""
    from gradscribe.frontend.expressions import lower

    if not isinstance(element, gast.Starred):
        return TupleOf((lower(frame, element),))
    inner = lower(frame, element.value)
    if not isinstance(inner, TupleOf | Closure | Procedure):
        kind = frame.type(inner)
        if isinstance(kind, Sequence) and kind.kind == "tuple":
            return inner
    return functional.as_tuple(frame, element, inner)


def _concatenated(frame: Frame, node: gast.List) -> Bound:
    """``[*xs, x]`` with an xs of unknown length is ``xs + [x]``."""
    from gradscribe.frontend.expressions import lower

    total: Operand | None = None
    for element in node.elts:
        if isinstance(element, gast.Starred):
            source = lower(frame, element.value)
            part = frame.read(functional.as_list(frame, element, source, fresh=total is None))
        else:
            bound = lower(frame, element)
            aliasing.keep(frame, bound, element)
            part = frame.emit(of(list), frame.read(bound))
        total = part if total is None else frame.emit(of(operator.add), total, part)
    assert total is not None
    return frame.wrap(total)


def _elements(frame: Frame, node: Any, kept: bool = True) -> list[Bound] | None:
    """The entries of a display; None where a star among them has an unknown number."""
    from gradscribe.frontend.expressions import lower

    mark = frame.mark()
    items: list[Bound] = []
    for element in node.elts:
        if isinstance(element, gast.Starred):
            entries = functional.spread(frame, element, lower(frame, element.value))
            if entries is None:
                frame.back(mark)
                return None
            items.extend(entries)
        elif isinstance(element, gast.List):
            items.append(display(frame, element, kept))
        else:
            items.append(lower(frame, element))
    return items


def list_(frame: Frame, node: gast.List) -> Bound:
    return display(frame, node, kept=True)


def display(frame: Frame, node: gast.List, kept: bool) -> Bound:
    """``[a, b, …]``; not ``kept`` where it is only read and gone (``np.array([a, b])``)."""
    items = _elements(frame, node, kept)
    if items is None:
        return _concatenated(frame, node)
    if kept and containers.is_followed_list(frame, items):
        return containers.make_list(frame, items)
    result = frame.wrap(frame.emit(of(list), *(frame.look(item) for item in items)))
    if kept:
        sharing.claim(frame, result, items, node)
    return result


def dict_(frame: Frame, node: gast.Dict) -> Bound:
    return containers.dict_display(frame, node) or opaque.expression(frame, node)
