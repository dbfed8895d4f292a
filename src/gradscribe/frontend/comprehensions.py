"""Comprehensions, and the builtins that consume an iterable item by item.

``[f(v) for v in x if v > 0]`` is lowered as the loop that it stands for::

    xs = []
    for v in x:
        if v > 0:
            xs.append(f(v))

Emission writes the comprehension again where the loop does nothing else.
"""

from __future__ import annotations

from typing import Any

import gast

from gradscribe.errors import UnsupportedError
from gradscribe.frontend import containers, lists, opaque, sharing
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, Ref
from gradscribe.frontend.hidden import hidden
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.renaming import scope_of
from gradscribe.frontend.streams import (
    comprehended,
    constant,
    consume,
    load,
    store,
)
from gradscribe.ir.core import Const, Op, walk
from gradscribe.ir.types import Unknown, maybe_float


def list_comprehension(frame: Frame, node: gast.ListComp) -> Bound:
    """``[entry for …]``; what is not understood passes through if it can change nothing."""
    from gradscribe.frontend import unrolled

    made = unrolled.list_(frame, node)
    if made is not None:
        return made
    before = frame.mark()
    try:
        return as_list(frame, node, comprehended(frame, node, node.elt))
    except UnsupportedError:
        if not _harmless(frame, node):
            raise
        frame.back(before)
        return opaque.expression(frame, node)


def dict_comprehension(frame: Frame, node: gast.DictComp) -> Bound:
    """``{key: value for …}`` over keys that are known; any other is inactive, or refused."""
    from gradscribe.frontend import unrolled

    made = unrolled.dict_(frame, node)
    if made is not None:
        return made
    before = frame.mark()
    try:
        pair = gast.Tuple([node.key, node.value], gast.Load())
        return _as_dict(frame, node, comprehended(frame, node, pair))
    except UnsupportedError:
        if not _harmless(frame, node):
            raise
        frame.back(before)
        return opaque.expression(frame, node)


def _as_dict(frame: Frame, node: Any, source: Closure) -> Bound:
    scope = scope_of(node)
    gathered, key, value = (hidden("", f"{scope} {part}") for part in ("dict", "key", "value"))
    frame.env[gathered] = containers.make_dict(frame, {})
    entry = gast.Subscript(load(gathered), load(key), gast.Store())
    pair = gast.Tuple([store(key), store(value)], gast.Store())
    consume(frame, node, source, pair, [gast.Assign([entry], load(value), None)])
    for name in (key, value):
        frame.env.pop(name, None)
    return frame.env.pop(gathered)


def set_comprehension(frame: Frame, node: Any) -> Bound:
    """Sets hold what has no derivative."""
    if not _harmless(frame, node):
        frame.refuse(node, "a set of what is differentiated is not supported", "use a list")
    return opaque.expression(frame, node)


def generator_expression(frame: Frame, node: gast.GeneratorExp) -> Bound:
    return comprehended(frame, node, node.elt)


def _harmless(frame: Frame, node: Any) -> bool:
    """Can this not change an object that is followed: does it call nothing that is given one?"""
    names = {part.id for part in gast.walk(node) if isinstance(part, gast.Name)}
    if any(isinstance(part, gast.NamedExpr) for part in gast.walk(node)):
        return False
    if any(isinstance(frame.env.get(name), Closure | Procedure) for name in names):
        return False
    return not any(_is_followed(frame, frame.env[name]) for name in names if name in frame.env)


def _is_followed(frame: Frame, bound: Bound) -> bool:
    """Does this have a derivative that is lost, or might it be changed unseen?"""
    kind = frame.type(bound)
    if isinstance(kind, Unknown):
        return False
    return isinstance(bound, Ref) or maybe_float(kind)


def as_list(frame: Frame, node: Any, source: Closure, at_once: bool = False) -> Bound:
    """The list of the items of a stream.

    ``at_once``: where Python makes the items one by one as they are asked for, so that nothing
    that they do may be seen before its time.
    """
    built = len(frame.builder.region.ops)
    gathered = hidden("", f"{scope_of(node)} list")
    value = hidden("", f"{scope_of(node)} item")
    frame.env[gathered] = containers.make_list(frame, [])
    sharing.claim(frame, frame.env[gathered], [], node)
    gather = hidden("", f"{scope_of(node)} gather")
    frame.env[gather] = Procedure(_gather)
    entry = gast.Expr(gast.Call(load(gather), [load(gathered), load(value)], []))
    consume(frame, node, source, store(value), [entry])
    for name in (value, gather):
        frame.env.pop(name, None)
    if at_once and any(_has_effect(op) for op in frame.builder.region.ops[built:]):
        frame.refuse(
            node,
            "a generator with effects is walked beside another sequence here",
            "make a list of it before",
        )
    return frame.env.pop(gathered)


def _gather(frame: Frame, node: Any, given: list[Bound], _: Any) -> Bound:
    """Append to a list that is followed entry by entry, until a loop makes it grow."""
    base, item = given
    fields = frame.heap.fields(base)
    if fields is None:
        return lists.method(frame, node, base, "append", [item], {})
    assert isinstance(base, Ref)
    frame.heap.values[base.loc] = fields.replaced(len(fields.entries), item)
    return Const(None)


def _has_effect(op: Op) -> bool:
    return op.prim.effect or any(_has_effect(inner) for part in op.regions for inner in walk(part))


def add_up(frame: Frame, node: Any, source: Closure, start: Bound) -> Bound:
    """``sum(items, start)``."""
    total = hidden("", f"{scope_of(node)} total")
    value = hidden("", f"{scope_of(node)} item")
    frame.env[total] = start
    added = gast.BinOp(load(total), gast.Add(), load(value))
    consume(frame, node, source, store(value), [gast.Assign([store(total)], added, None)])
    frame.env.pop(value, None)
    return frame.env.pop(total)


def find(frame: Frame, node: Any, source: Closure, wanted: bool) -> Bound:
    """``any(items)`` and, with ``wanted`` False, ``all(items)``."""
    found = hidden("found", scope_of(node))
    value = hidden("", f"{scope_of(node)} item")
    frame.env[found] = Const(not wanted)
    test = load(value) if wanted else gast.UnaryOp(gast.Not(), load(value))
    hit = [gast.Assign([store(found)], constant(wanted), None), gast.Break()]
    consume(frame, node, source, store(value), [gast.If(test, hit, [])])
    frame.env.pop(value, None)
    return frame.env.pop(found)
