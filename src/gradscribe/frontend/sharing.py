"""Entries of lists that are one value of the IR, and who else holds them.

A list whose entries are different objects, held by no other container, is *own*. An entry of such a
list is written through like a view: ``a[i]`` is an object of its own that *stands for* the place in
the list, for as long as the list itself is not rearranged::

    row = a[i]              row ↦ Ref(R)        standing: R ↦ Ref(A, [a[i]])
    row[0] = v                                  heap: A ↦ setitem(%a, i, setitem(%a[i], 0, v))
    a[i] = b                                    R is what a[i] was before, by itself

What was stored in the list is *held* by it: writing to it makes the list stale, and writing through
the list makes stale what it holds.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping as Items
from typing import Any

from gradscribe.errors import AliasError, UnsupportedError
from gradscribe.frontend import aliasing
from gradscribe.frontend.frame import GETITEM, SETITEM, Frame, is_mutable
from gradscribe.frontend.heap import Bound, Loc, Ref, Step, locations
from gradscribe.frontend.wholes import is_structured
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Operand
from gradscribe.ir.joins import element_type
from gradscribe.ir.primitives import Primitive, of
from gradscribe.ir.types import (
    Array,
    Mapping,
    Scalar,
    Sequence,
    Slice,
    Static,
    Struct,
    Type,
    is_array,
)
from gradscribe.objects import is_followed, is_named_tuple


def element_of(kind: Type) -> Type | None:
    """What a list or a dict holds, if that is of one type."""
    if isinstance(kind, Mapping):
        return element_type(kind)
    if not isinstance(kind, Sequence) or kind.kind != "list":
        return None
    if kind.items is None:
        return kind.element
    return kind.items[0] if kind.items else None


def claim(frame: Frame, bound: Bound, items: list[Bound], node: Any) -> None:
    """A list that was just made of these things is own if they are objects of its alone."""
    if not isinstance(bound, Ref):
        return
    frame.heap.own.add(bound.loc)
    for item in items:
        store(frame, bound, item, node)


def receive(frame: Frame, bound: Bound) -> None:
    """A list that is an argument is own: that its entries are apart is checked at the call."""
    if isinstance(bound, Ref) and element_of(frame.type(bound)) is not None:
        frame.heap.own.add(bound.loc)


def hands_on(prim: Primitive, args: tuple[Operand, ...]) -> bool:
    """May the result of an operation hold what the lists among its arguments hold?"""
    try:
        kind = prim.result_type(args)
    except UnsupportedError:
        return False
    return is_mutable(kind) and not isinstance(kind, Array)


def store(frame: Frame, container: Bound, item: Bound, node: Any) -> None:
    """An object is stored in a container: they change together from now on."""
    heap = frame.heap
    found = locations(item)
    before = [loc for loc in found if loc in heap.kept or loc in heap.standing]
    aliasing.keep(frame, item, node)
    if not isinstance(container, Ref):
        return
    home = frame.stands_for(container).loc
    single = isinstance(item, Ref) and not item.path and not before and _is_own(frame, item)
    if home not in heap.own or (found and not single):
        heap.own.discard(home)
        return
    heap.held.update(dict.fromkeys(found, home))


def stand(frame: Frame, container: Ref, items: Items[Any, Bound]) -> None:
    """What a list or dict that is one value from now on was made of stands for its places."""
    heap = frame.heap
    if container.loc not in heap.own:
        return
    for place, item in items.items():
        if isinstance(item, Ref):
            step = Step(GETITEM, (Const(place),), True, frame.builder.span)
            heap.standing[item.loc] = Ref(container.loc, (step,))
            heap.kept.pop(item.loc, None)
            heap.held.pop(item.loc, None)


def _is_own(frame: Frame, item: Ref) -> bool:
    """May what is stored be written through the container: an array, or an own list?"""
    kind = frame.type(item)
    if isinstance(kind, Struct):
        return is_record(kind)
    element = element_of(kind)
    if element is None or not is_mutable(element):
        return is_array(kind) or isinstance(kind, Sequence)
    return item.loc in frame.heap.own


def is_record(kind: Type) -> bool:
    """Is this an object whose attributes hold nothing that can change by itself?"""
    if not isinstance(kind, Struct) or is_named_tuple(kind.cls) or not is_followed(kind.cls):
        return False
    return all(is_constant(part) for _, part in kind.fields)


def is_constant(kind: Type) -> bool:
    if isinstance(kind, Sequence):
        return kind.kind == "tuple" and kind.items is not None and all(map(is_constant, kind.items))
    return isinstance(kind, Scalar | Static)


def entry(frame: Frame, base: Ref, place: Operand) -> Ref | None:
    """``base[place]`` of an own list, as an object that stands for the place."""
    home = frame.stands_for(base)
    if home.loc not in frame.heap.own or isinstance(type_of_operand(place), Slice):
        return None
    step = Step(GETITEM, (place,), True, frame.builder.span)
    ref = Ref(home.loc, (*home.path, step))
    value = frame.look(ref)
    kind = type_of_operand(value)
    if not is_mutable(kind) or (is_structured(kind) and not is_record(kind)):
        return None
    found = frame.heap.new(value)
    frame.heap.standing[found.loc] = ref
    return found


def written(frame: Frame, ref: Ref, value: Operand, node: Any) -> None:
    """Before ``ref`` (no longer standing for anything) becomes ``value``: who else sees it?"""
    heap = frame.heap
    through = [step for k, step in enumerate(ref.path) if _is_list(frame, ref, k)]
    if through:
        if ref.loc not in heap.own:
            raise AliasError(
                f"cannot write to an entry of {ref.loc.name or 'this list'}: another container or "
                "name may hold it, which would change too",
                frame.here(node),
                "make the entries inside the function, and copy what is stored: x.copy()",
            )
        where = frame.definition.span(node)
        for loc in heap.kept:
            if heap.held.get(loc, ref.loc) is ref.loc:
                why = f"it may be an entry of {ref.loc.name or 'a list'}, written at {where}"
                for other in (loc, *heap.aliases.get(loc, ())):
                    heap.stale.setdefault(other, why)
    if isinstance(type_of_operand(value), Sequence | Mapping):
        release(frame, ref)


def _is_list(frame: Frame, ref: Ref, depth: int) -> bool:
    kind = type_of_operand(frame.look(Ref(ref.loc, ref.path[:depth])))
    if isinstance(kind, Mapping):
        return True
    return isinstance(kind, Sequence) and not frame.holds_views(Ref(ref.loc, ref.path[:depth]))


def release(frame: Frame, ref: Ref) -> None:
    """A list is rearranged: what stood for its entries is by itself, and may still be one."""
    depth = len(ref.path)
    for loc, place in list(frame.heap.standing.items()):
        if place.loc is ref.loc and place.path[:depth] == ref.path and len(place.path) > depth:
            alone(frame, loc)


def replaced(frame: Frame, base: Ref, place: Operand) -> None:
    """Before ``base[place]`` of a list becomes another object: what it was is by itself."""
    home = frame.stands_for(base)
    if home.loc not in frame.heap.own:
        return
    for loc, ref in list(frame.heap.standing.items()):
        if ref.loc is home.loc and ref.path[:-1] == home.path and ref.path[-1].args == (place,):
            alone(frame, loc)
            _by_names_only(frame, loc, home.loc)


def swapped(frame: Frame, base: Ref, places: list[Operand], node: Any) -> bool:
    """``a[i], a[j] = a[j], a[i]`` of an own list, which stays one."""
    home = frame.stands_for(base)
    if home.loc not in frame.heap.own or len(set(map(_key, places))) != len(places):
        return False
    value = frame.look(base)
    entries = [frame.emit(GETITEM, value, place) for place in places]
    for place, entry_ in zip(places, entries[::-1], strict=True):
        value = frame.emit(SETITEM, value, place, entry_)
    frame.write(base, value, node)
    return True


def same_place(frame: Frame, left: Ref, right: Ref) -> Operand | None:
    """Whether two objects that stand for entries are one: entries of one list are all different."""
    a, b = (frame.heap.standing.get(ref.loc) for ref in (left, right))
    if a is None or b is None or left.path or right.path:
        return None
    if a.loc is not b.loc or len(a.path) != len(b.path):
        return Const(False) if a.loc is not b.loc else None
    same: Operand = Const(True)
    for depth, (p, q) in enumerate(zip(a.path, b.path, strict=True)):
        if p == q:
            continue
        holds = frame.emit(of(len), frame.look(Ref(a.loc, a.path[:depth])))
        here, there = (_from_the_front(frame, step.args[0], holds) for step in (p, q))
        test = frame.emit(of(operator.eq), here, there)
        same = test if isinstance(same, Const) else frame.emit(of(operator.and_), same, test)
    return same


def _from_the_front(frame: Frame, place: Operand, holds: Operand) -> Operand:
    if isinstance(place, Const) and isinstance(place.value, int) and place.value >= 0:
        return place
    return frame.emit(of(operator.mod), place, holds)


def _key(place: Operand) -> Any:
    return place.value if isinstance(place, Const) else place


def joined(frame: Frame, loc: Loc, sources: list[Loc], standing: dict[Loc, Ref]) -> None:
    """A joined object that may be what stands for an entry may be one."""
    homes = {standing[source].loc for source in sources if source in standing}
    if homes:
        frame.heap.kept.setdefault(loc, "is an entry of a container")
        others = [frame.heap.held.get(s) for s in sources if s in frame.heap.kept]
        homes.update(home for home in others if home is not None)
        if len(homes) == 1 and None not in others:
            frame.heap.held[loc] = homes.pop()


def alone(frame: Frame, loc: Loc) -> None:
    """What stood for an entry is an object by itself, which a list may still hold."""
    heap = frame.heap
    place = heap.standing[loc]
    with frame.handing_on():
        value = frame.look(place)
    del heap.standing[loc]
    heap.values[loc] = value
    heap.kept.setdefault(loc, "is an entry of a container")
    heap.held[loc] = place.loc
    if place.loc in heap.stale:
        heap.stale[loc] = heap.stale[place.loc]


def taken_out(frame: Frame, base: Ref, item: Bound) -> None:
    """An entry of an own list was popped: no list holds it any more, only names may."""
    heap = frame.heap
    home = frame.stands_for(base).loc
    if home not in heap.own:
        aliasing.keep(frame, item)
        return
    for loc in locations(item):
        _by_names_only(frame, loc, home)


def _by_names_only(frame: Frame, loc: Loc, home: Loc) -> None:
    """What was an entry of an own list is one no more: only names may still denote it."""
    heap = frame.heap
    heap.kept.pop(loc, None)
    heap.held.pop(loc, None)
    for other in heap.kept:
        if heap.held.get(other, home) is home:
            heap.relate(loc, other)
