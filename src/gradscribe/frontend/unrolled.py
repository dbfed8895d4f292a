"""Comprehensions that make functions or objects, a known number of them: written out.

::

    cells = [Cell(w, k) for k in range(3)]         cells = [Cell(w, 0), Cell(w, 1), Cell(w, 2)]

So each is an object of its own, which is followed like one that the program names. A function sees
the variable of the comprehension as it is in the end, as in Python.
"""

from __future__ import annotations

import operator
from typing import Any

import gast

from gradscribe.frontend import containers, generators, targets, walks
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound
from gradscribe.frontend.hidden import hidden
from gradscribe.frontend.renaming import renamed, scope_of, targets_of
from gradscribe.ir.core import Const, Value
from gradscribe.ir.primitives import of
from gradscribe.objects import is_followed, is_named_tuple

_MOST = 32


def entries(frame: Frame, node: Any, *parts: Any) -> list[list[Bound]] | None:
    """What each of ``parts`` (of an entry) is for every item; None for any other comprehension.

    The last of them is what makes a function or an object.
    """
    from gradscribe.frontend.expressions import lower

    first, *more = node.generators
    if more or first.ifs or not _makes_object(frame, parts[-1]):
        return None
    before = frame.mark()
    items = _items(frame, first.iter)
    if items is None:
        frame.back(before)
        return None
    scope = scope_of(node)
    names = {name: hidden(name, scope) for name in targets_of(node)}
    home = frame.definition
    target = renamed(first.target, names, scope, home)
    own = [renamed(part, names, scope, home) for part in parts]
    found = []
    for item in items:
        targets.assign(frame, target, item)
        found.append([lower(frame, part) for part in own])
    return found


def _makes_object(frame: Frame, node: Any) -> bool:
    if isinstance(node, gast.Lambda | gast.Dict):
        return True
    if isinstance(node, gast.ListComp):
        return _makes_object(frame, node.elt)
    made = generators.callee_of(frame, node.func) if isinstance(node, gast.Call) else None
    return isinstance(made, type) and is_followed(made) and not is_named_tuple(made)


def _items(frame: Frame, node: Any) -> list[Bound] | None:
    """The items of an iterable of which it is known how many there are, and not too many."""
    if generators.makes_stream(frame, node) or isinstance(node, gast.GeneratorExp):
        return None
    walk = walks.walk(frame, node)
    if walk.static is not None:
        return walk.static if len(walk.static) <= _MOST else None
    count = walk.count
    length = walk.length()
    if isinstance(length, Const) and type(length.value) is int:
        count = length.value
    if walk.plain:
        places = _range(frame, walk.sequence())
        return None if places is None or len(places) > _MOST else [Const(k) for k in places]
    return None if count is None or count > _MOST else [walk.step(Const(k)) for k in range(count)]


def _range(frame: Frame, value: Any) -> range | None:
    """A range whose bounds are known, perhaps backwards."""
    made = frame.builder.made.get(value) if isinstance(value, Value) else None
    if made is None:
        return None
    if made.prim is of(reversed):
        inner = _range(frame, made.args[0])
        return None if inner is None else inner[::-1]
    bounds = [arg.value for arg in made.args if isinstance(arg, Const) and arg.fixed]
    if made.prim is not of(range) or len(bounds) != len(made.args):
        return None
    return range(*map(operator.index, (bound for bound in bounds if bound is not None)))


def list_(frame: Frame, node: gast.ListComp) -> Bound | None:
    """``[Cell(k) for k in range(3)]``; None for one that stays a loop."""
    found = entries(frame, node, node.elt)
    return None if found is None else containers.make_list(frame, [item for (item,) in found])


def dict_(frame: Frame, node: gast.DictComp) -> Bound | None:
    """``{k: Cell(k) for k in range(3)}``; None for one that stays a loop."""
    before = frame.mark()
    found = entries(frame, node, node.key, node.value)
    if found is None:
        return None
    made: containers.Entries = {}
    for key, value in found:
        known = containers.known_key(key)
        if known is containers.UNKNOWN_KEY:
            frame.back(before)
            return None
        made[known] = value
    return containers.make_dict(frame, made)
