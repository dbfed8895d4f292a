"""Loops: lowered to a fixpoint of the types and aliases at their head (see ``fixpoint``).

Arrays and lists are walked by position (``for v in x`` is ``for i in range(len(x))`` with
``v = x[i]``), which is what Python does, also when the body changes them (``growing``: how many
there are, too); emission writes the ``for v in x``, ``enumerate`` and ``zip`` again.
"""

from __future__ import annotations

from functools import partial
from typing import Any, final

import gast

from gradscribe.frontend import opaque
from gradscribe.frontend.arms import LEFT, NEVER, Ended
from gradscribe.frontend.carries import Carries
from gradscribe.frontend.control import branch
from gradscribe.frontend.exits import Exits, leaves, returns
from gradscribe.frontend.fixpoint import Fixpoint
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.growing import Lengths, Resized, by_place
from gradscribe.frontend.heap import Bound, Closure, Fields, Ref
from gradscribe.frontend.hidden import hidden, plain
from gradscribe.frontend.resolve import assigned_names, reads
from gradscribe.frontend.streams import bound_stream, consumed
from gradscribe.frontend.unbound import with_flags
from gradscribe.ir.core import Attrs, Const, Op, Region, Value
from gradscribe.ir.primitives import FOR, WHILE
from gradscribe.ir.types import PY_INT


def loop(frame: Frame, node: Any, rest: list[Any]) -> tuple[Ended, bool]:
    """Lower a loop. Returns how the block ended, and whether ``rest`` was lowered after it here."""
    from gradscribe.frontend.lower import block

    source = bound_stream(frame, node.iter) if isinstance(node, gast.For) else None
    if isinstance(source, Closure):
        made = consumed(frame, node, source, node.target, node.body, node.orelse)
        return block(frame, [*made, *rest]), True
    if isinstance(node, gast.For) or not _names(node.test):
        before = frame.mark()
        try:
            return _loop(frame, node, rest)
        except Changing as found:
            if found.node is not node:
                raise
        frame.back(before)
    done, inside = _with_test_inside(frame, node)
    frame.env[done] = Const(False)
    after = [gast.copy_location(gast.If(_name(done), node.orelse, []), node)] if node.orelse else []
    return block(frame, [inside, *after, *rest]), True


@final
class Changing(Exception):
    """The test of a ``while`` loop changes something that was there before."""

    def __init__(self, node: gast.While) -> None:
        super().__init__(node)
        self.node = node


def _names(test: Any) -> bool:
    """Does a test name what it computes?"""
    return any(isinstance(part, gast.NamedExpr) for part in gast.walk(test))


def _with_test_inside(frame: Frame, node: gast.While) -> tuple[str, gast.While]:
    """``while (t := f(x)) > 0`` as ``while True: if not (t := f(x)) > 0: break``.

    Also the name of the flag that says that the test failed, for the ``else`` clause.
    """
    done = hidden("done", f"test {len(frame.exits)}")
    says = gast.Assign([gast.Name(done, gast.Store(), None, None)], gast.Constant(True, None), None)
    stops = [*([says] if node.orelse else []), gast.Break()]
    leave = gast.If(gast.UnaryOp(gast.Not(), node.test), stops, [])
    always = gast.While(gast.Constant(True, None), [leave, *node.body], [])
    for part in (leave, leave.test, *stops, always.test):
        gast.copy_location(part, node.test)
    return done, gast.copy_location(always, node)


def _name(name: str) -> Any:
    return gast.Name(name, gast.Load(), None, None)


def _loop(frame: Frame, node: Any, rest: list[Any]) -> tuple[Ended, bool]:
    """Lower a loop over what is walked at once, or while a test holds that changes nothing."""
    from gradscribe.frontend.lower import block

    exits = Exits(frame, node)
    exits.begin(frame)
    frame.exits.append(exits)
    try:
        ended = (_for if isinstance(node, gast.For) else _while)(frame, node, exits)
    finally:
        frame.exits.pop()
    if ended is NEVER:
        return NEVER, False
    if exits.returns:
        returned = exits.flag(frame, exits.returned)

        def hand_on() -> Ended:
            value = frame.env.get(exits.value)
            if value is None:
                frame.refuse(
                    node,
                    "an object that is made in this loop is returned from it",
                    "leave the loop with break, and make the object after it",
                )
            if not frame.exits:
                return value
            frame.exits[-1].leave_with(frame, value)
            return LEFT

        return branch(frame, returned, hand_on, lambda: _after(frame, exits, node, rest)), True
    if node.orelse and exits.breaks:
        stopped = exits.flag(frame, exits.stop)
        early = any(returns(child) or leaves(child) for child in node.orelse)
        tail = rest if early else []
        ended = branch(
            frame,
            stopped,
            lambda: block(frame, tail),
            lambda: block(frame, [*node.orelse, *tail]),
        )
        return ended, early
    return block(frame, node.orelse), False


def _after(frame: Frame, exits: Exits, node: Any, rest: list[Any]) -> Ended:
    """What follows a loop that did not return: its ``else`` unless it was left, and the rest."""
    from gradscribe.frontend.lower import block

    if not node.orelse:
        return block(frame, rest)
    stopped = exits.flag(frame, exits.stop)
    return branch(
        frame, stopped, lambda: block(frame, rest), lambda: block(frame, [*node.orelse, *rest])
    )


def _for(frame: Frame, node: gast.For, exits: Exits) -> Ended:
    """Lower ``for target in iterable``."""
    before = frame.mark()
    try:
        return _walked(frame, node, exits)
    except Resized as found:
        if found.node is not node:
            raise
    frame.back(before)
    return by_place(frame, node, lambda loop: _while(frame, loop, exits))


def _walked(frame: Frame, node: gast.For, exits: Exits) -> Ended:
    """Lower ``for target in iterable`` by the length that the iterable has before the loop."""
    from gradscribe.frontend.lower import block
    from gradscribe.frontend.targets import assign
    from gradscribe.frontend.walks import walk

    before = set(frame.env)
    walked = walk(frame, node.iter)
    held = [name for name in frame.env if name not in before]
    source = node.iter
    if isinstance(source, gast.Call) and getattr(source.func, "id", "") == "enumerate":
        source = source.args[0] if source.args else source
    if isinstance(source, gast.Name):
        if exits.breaks or exits.returns or reads(node)[source.id] > 1:
            opaque.take_part(frame, source)
    lists = [frame.env[name] for name in held]
    if walked.static is not None:
        lengths = Lengths(frame, node, lists)
        ended = _unrolled(frame, node, exits, walked.static, _followed(frame, node.iter))
        lengths.check()
        for name in held:
            frame.env.pop(name, None)
        return ended
    targets = [n.id for n in gast.walk(node.target) if isinstance(n, gast.Name)]
    sequence = walked.sequence()
    bound = [*targets, *assigned_names(node.body), *exits.names()]
    item = gast.Assign([node.target], node.iter, None)
    carried = Carries(frame, node, with_flags(frame, bound), node.body, item)
    hint = plain(targets[0]) if isinstance(node.target, gast.Name) and walked.plain else "i"

    def attempt() -> Op:
        param = Value(hint, PY_INT, named=walked.plain)
        body = Region([param])
        with frame.builder.into(body):
            body.params += carried.enter()
            lengths = Lengths(frame, node, lists)
            exits.proceed(frame)
            assign(frame, node.target, walked.at(param))
            block(frame, node.body)
            lengths.check()
            body.yields = carried.leave()
        inits = (slot.init for slot in carried.slots)
        attrs = Attrs(seqs=1, stop=carried.place(exits.stop), form=getattr(node, "form", None))
        return Op(FOR, (sequence, *inits), (), (body,), attrs)

    containers = _followed(frame, node.iter)
    before_it = [frame.heap.fields(ref) for ref in containers]
    Fixpoint(carried).run(attempt)
    _check_entries(frame, node, containers, before_it)
    unread = [name for name in targets if not frame.definition.reads_beside(node, name)]
    for name in [*held, *unread]:
        frame.env.pop(name, None)
    return None


def _unrolled(
    frame: Frame,
    node: gast.For,
    exits: Exits,
    items: list[Bound],
    walked: list[Ref],
    place: int = 0,
) -> Ended:
    """Lower the body once for each item; what follows an exit is lowered where it was not taken.

    ``walked``: the containers that the items are in.
    """
    from gradscribe.frontend.lower import block
    from gradscribe.frontend.targets import assign

    while place < len(items):
        exits.proceed(frame)
        before = [frame.heap.fields(ref) for ref in walked]
        assign(frame, node.target, items[place])
        if block(frame, node.body) is NEVER:
            return NEVER
        place += 1
        _check_entries(frame, node, walked, before, place)
        if exits.breaks and place < len(items):
            left = exits.flag(frame, exits.stop)
            others = partial(_unrolled, frame, node, exits, items, walked, place)
            return NEVER if branch(frame, left, lambda: None, others) is NEVER else None
    return None


def _check_entries(
    frame: Frame,
    node: gast.For,
    walked: list[Ref],
    before: list[Fields | None],
    place: int = 0,
) -> None:
    """Refuse a container whose entries from a place on change while they are walked."""
    if isinstance(node.iter, gast.Call) and getattr(node.iter.func, "id", "") == "reversed":
        place = 0
    for ref, held in zip(walked, before, strict=True):
        if not _still_holds(held, frame.heap.fields(ref), place):
            frame.refuse(
                node,
                f"{ref.loc.name or 'a container'} is changed while it is walked",
                "walk a copy: for x in list(xs), or for k, v in list(d.items())",
            )


def _still_holds(before: Fields | None, now: Fields | None, place: int) -> bool:
    """Are the keys of a container the same, and the entries from this place on?"""
    if now is before or before is None:
        return True
    if now is None or list(now.entries) != list(before.entries):
        return False
    pairs = zip(before.entries.values(), now.entries.values(), strict=True)
    return all(old == new for old, new in list(pairs)[place:])


def _followed(frame: Frame, node: Any) -> list[Ref]:
    """The containers, followed entry by entry, that an iterable reads while it is walked."""
    if isinstance(node, gast.Call):
        if getattr(node.func, "id", "") in ("zip", "enumerate", "reversed"):
            return [ref for arg in node.args for ref in _followed(frame, arg)]
        live = isinstance(node.func, gast.Attribute) and node.func.attr in ("items", "values")
        return _followed(frame, node.func.value) if live else []
    found = _bound(frame, node)
    fields = frame.heap.fields(found)
    known = isinstance(found, Ref) and fields is not None and fields.kind in ("list", "dict")
    return [found] if known else []  # type: ignore[list-item]  # a Ref


def _bound(frame: Frame, node: Any) -> Bound | None:
    """What a name, or an attribute of an object that is followed, stands for."""
    if isinstance(node, gast.Name):
        return frame.env.get(node.id)
    if isinstance(node, gast.Attribute):
        fields = frame.heap.fields(_bound(frame, node.value))
        return fields.entries.get(node.attr) if fields is not None else None
    return None


def _while(frame: Frame, node: gast.While, exits: Exits) -> Ended:
    """Lower ``while test``."""
    from gradscribe.frontend.checkpoints import condition
    from gradscribe.frontend.lower import block

    parts = [*node.body, node.test]
    names = with_flags(frame, assigned_names(parts))
    carried = Carries(frame, node, [*names, *exits.names()], parts, node.test)

    def attempt() -> Op:
        test, body = Region(), Region()
        with frame.builder.into(test):
            test.params += carried.enter()
            env, values = dict(frame.env), dict(frame.heap.values)
            test.yields = [condition(frame, node.test)]
            now = frame.heap.values
            if frame.env != env or any(now.get(loc) is not v for loc, v in values.items()):
                raise Changing(node)
        with frame.builder.into(body):
            body.params += carried.enter()
            exits.proceed(frame)
            block(frame, node.body)
            body.yields = carried.leave()
        inits = tuple(slot.init for slot in carried.slots)
        return Op(WHILE, inits, (), (test, body), Attrs(stop=carried.place(exits.stop)))

    Fixpoint(carried).run(attempt)
    return None
