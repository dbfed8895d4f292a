"""Assignment: what binding a target, augmenting it and deleting it do."""

from __future__ import annotations

import operator
from typing import Any

import gast
import numpy as np

from gradscribe.frontend import (
    aliasing,
    container_methods,
    containers,
    dicts,
    expressions,
    lists,
    numbers,
    records,
    ruled,
    sharing,
    stars,
    writes,
)
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Loc, Ref, TupleOf
from gradscribe.ir import helpers
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.primitives import of
from gradscribe.ir.types import Array, Mapping, Unknown, dtype_of, is_array
from gradscribe.ir.types import Sequence as SequenceType

IN_PLACE: dict[Any, Any] = {
    operator.add: operator.iadd,
    operator.sub: operator.isub,
    operator.mul: operator.imul,
    operator.truediv: operator.itruediv,
    operator.pow: operator.ipow,
    operator.floordiv: operator.ifloordiv,
    operator.mod: operator.imod,
    operator.matmul: operator.imatmul,
    operator.and_: operator.iand,
    operator.or_: operator.ior,
    operator.xor: operator.ixor,
}


def assignment(frame: Frame, node: gast.Assign) -> None:
    value = expressions.lower(frame, node.value)
    for target in node.targets:
        assign(frame, target, value)


def assign(frame: Frame, target: Any, value: Bound) -> None:
    """Bind a target (a name, a pattern of names, an item) to a value."""
    if isinstance(target, gast.Name):
        frame.bind(target.id, value)
    elif isinstance(target, gast.Tuple | gast.List):
        if _is_swap_of_entries(frame, target, value):
            return
        for part, item in zip(target.elts, stars.unpack(frame, target, value), strict=True):
            assign(frame, part.value if isinstance(part, gast.Starred) else part, item)
    elif isinstance(target, gast.Subscript):
        base = expressions.indexed(frame, target)
        method = records.special_method(frame, base, "__setitem__")
        if method is not None:
            args = [expressions.key(frame, target.slice), value]
            records.call_method(frame, target, method, args)
            return
        place = expressions.index(frame, target.slice)
        followed = frame.heap.fields(base) is not None or dicts.is_one_value(frame, base)
        if followed and isinstance(base, Ref):
            containers.assign_item(frame, target, base, place, value)
            return
        if lists.is_slice(place) and isinstance(base, Ref) and lists.is_list(frame, base):
            lists.set_slice(frame, target, base, place, value)
            return
        new = frame.look(value)
        if isinstance(base, Ref) and isinstance(frame.type(base), SequenceType):
            sharing.replaced(frame, base, place)
        writes.set_item(frame, target, base, place, new)
        if not isinstance(frame.type(base), Array):
            sharing.store(frame, base, value, target)
    else:
        base = expressions.lower(frame, target.value)
        records.set_attribute(frame, target, base, target.attr, value)


def _is_swap_of_entries(frame: Frame, target: Any, value: Bound) -> bool:
    """Lower ``a[i], a[j] = a[j], a[i]`` where a is a list that holds these entries alone."""
    if not isinstance(value, TupleOf) or not len(value.items) == len(target.elts) == 2:
        return False
    if not all(isinstance(part, gast.Subscript) for part in target.elts):
        return False
    places = [frame.heap.standing.get(x.loc) for x in value.items if isinstance(x, Ref)]
    if len(places) != 2 or places[0] is None or places[1] is None:
        return False
    homes = [Ref(place.loc, place.path[:-1]) for place in places if place is not None]
    bases = [expressions.indexed(frame, part) for part in target.elts]
    indices = [expressions.index(frame, part.slice) for part in target.elts]
    taken = [place.path[-1].args[0] for place in places if place is not None]
    lists = [frame.stands_for(base) if isinstance(base, Ref) else None for base in bases]
    if lists != homes or homes[0] != homes[1] or not _same_places(indices, taken[::-1]):
        return False
    return sharing.swapped(frame, homes[0], indices, target)


def _same_places(a: list[Operand], b: list[Operand]) -> bool:
    return all(
        x is y or (isinstance(x, Const) and isinstance(y, Const) and x.value == y.value)
        for x, y in zip(a, b, strict=True)
    )


def augmented(frame: Frame, node: gast.AugAssign) -> None:
    target = node.target
    function = expressions.BINARY[type(node.op)]
    if isinstance(target, gast.Name):
        old = frame.lookup(gast.Name(target.id, gast.Load(), None, None))
        new = _augmented_value(frame, node, target.id, old, function)
        if new is not None:
            frame.bind(target.id, new)
        return
    if isinstance(target, gast.Attribute):
        base = expressions.lower(frame, target.value)
        old = expressions.attribute(frame, target, base, target.attr)
        home = (base.loc, target.attr) if isinstance(base, Ref) else None
        new = _augmented_value(frame, node, target.attr, old, function, home)
        if new is not None:
            records.set_attribute(frame, target, base, target.attr, new)
        elif records.decides(frame, base, target.attr):  # it is given what was changed in place
            records.set_attribute(frame, target, base, target.attr, old)
        return
    base = expressions.indexed(frame, target)
    if _through_methods(frame, node, base, function):
        return
    place = expressions.index(frame, target.slice)
    followed = frame.heap.fields(base) is not None or dicts.is_one_value(frame, base)
    if followed and isinstance(base, Ref):
        old = expressions.item(frame, base, place)
        at = place.value if isinstance(place, Const) else None
        new = _augmented_value(frame, node, "", old, function, (base.loc, at))
        if new is not None:
            containers.assign_item(frame, node, base, place, new)
        return
    before = frame.look(base)
    value = expressions.operand(frame, node.value)
    ruled.refuse_in_place(frame, node, function, (before, value))
    writes.augment_item(frame, node, base, place, before, function, value)


def _through_methods(frame: Frame, node: gast.AugAssign, base: Bound, function: Any) -> bool:
    """Lower ``base[key] ⊕= value`` where a class says what reading and writing an entry is."""
    getter, setter = (
        records.special_method(frame, base, f"__{name}item__") for name in ("get", "set")
    )
    if getter is None or setter is None:
        return False
    key = expressions.key(frame, node.target.slice)
    old = records.call_method(frame, node, getter, [key])
    home = (base.loc, None) if isinstance(base, Ref) else None
    new = _augmented_value(frame, node, "", old, function, home)
    records.call_method(frame, node, setter, [key, old if new is None else new])
    return True


def _augmented_value(
    frame: Frame,
    node: Any,
    name: str,
    old: Bound,
    function: Any,
    home: tuple[Loc, Any] | None = None,
) -> Bound | None:
    """What ``name ⊕= value`` binds: a new value for numbers and tuples, None where it is in place.

    Arrays and lists are changed in place. ``home``: the object and its entry that are written to.
    """
    if isinstance(old, Const) and isinstance(old.value, np.ndarray | list | dict | set):
        frame.refuse(
            node,
            f"{name or 'this'} {_sign(node)}= … changes {old.name or 'a constant'}, which the "
            "function was not given",
            "copy it first: x = x.copy()",
        )
    method = records.special_method(frame, old, f"__i{function.__name__.strip('_')}__")
    if method is not None:
        right = expressions.lower(frame, node.value)
        return records.call_method(frame, node, method, [right])
    if dicts.is_counter(frame, old):
        dicts.refuse_counter(frame, node, "an operator")
    fields = frame.heap.fields(old)
    if function is operator.or_ and isinstance(old, Ref) and isinstance(frame.type(old), Mapping):
        dicts.update(frame, node, old, expressions.lower(frame, node.value))
        return None
    if fields is not None and fields.kind != "object" and isinstance(old, Ref):
        named = {operator.add: "extend", operator.or_: "update"}.get(function)
        right = expressions.lower(frame, node.value)
        if named is None or (
            container_methods.method(frame, node, old, fields, named, [right], {}) is None
        ):
            frame.refuse(
                node,
                "a container whose parts are followed one by one grows by what is not known here",
                "keep things of one kind in lists of their own",
            )
        return None
    if not isinstance(old, Ref) or fields is not None:
        numbers.refuse_shared(frame, node, name, old, home)
        right = expressions.lower(frame, node.value)
        return expressions.binary(frame, node, function, old, right)
    value = expressions.operand(frame, node.value)
    kind = frame.type(old)
    ruled.refuse_in_place(frame, node, function, (frame.read(old), value))
    new = frame.emit(of(IN_PLACE[function]), frame.read(old), value, hint=name)
    if isinstance(kind, Array) and kind.dims == () and isinstance(new, Value):
        new.type = Array(dtype_of(new.type), ())  # it is an array without axes still, if it was one
    if is_array(kind) or isinstance(kind, SequenceType):
        frame.write(old, new, node)
        frame.name(Ref(old.loc), name)
        return None
    own = name if home is None else None
    other = (
        aliasing.shared(frame, old.loc, own, home) if not old.path else old.loc.name or "an object"
    )
    if other is None and old.loc in frame.heap.kept:
        other = "the container it is in"
    if other is not None:
        frame.refuse(
            node,
            f"cannot know whether {name} {_sign(node)}= … changes {other!r} too: "
            f"it does if {name} is an array, not if it is a number",
            f"write {name} = {name} {_sign(node)} …, or annotate the parameter",
        )
    return frame.wrap(new, name)


def annotated(frame: Frame, node: gast.AnnAssign) -> None:
    if node.value is not None:
        assign(frame, node.target, expressions.lower(frame, node.value))


def delete(frame: Frame, node: gast.Delete) -> None:
    """``del`` of names, attributes, and entries of lists, dicts and objects."""
    for target in node.targets:
        if isinstance(target, gast.Attribute):
            base = expressions.lower(frame, target.value)
            records.delete_attribute(frame, node, base, target.attr)
            continue
        if isinstance(target, gast.Name):
            frame.lookup(gast.Name(target.id, gast.Load(), None, None))
            frame.env.pop(target.id, None)
            continue
        if isinstance(target, gast.Tuple | gast.List):
            delete(frame, gast.copy_location(gast.Delete(target.elts), node))
            continue
        base = expressions.lower(frame, target.value)
        method = records.special_method(frame, base, "__delitem__")
        if method is not None:
            records.call_method(frame, node, method, [expressions.key(frame, target.slice)])
            continue
        fields = frame.heap.fields(base)
        if fields is not None and isinstance(base, Ref):
            place = expressions.index(frame, target.slice)
            containers.delete_item(frame, node, base, fields, place)
            continue
        kind = frame.type(base) if isinstance(base, Ref) else None
        if not isinstance(base, Ref) or not isinstance(kind, SequenceType | Unknown | Mapping):
            frame.refuse(node, "del of anything but entries of lists and dicts is not supported")
        place = expressions.index(frame, target.slice)
        if lists.is_slice(place):
            lists.set_slice(frame, node, base, place, None)
            continue
        if isinstance(kind, Mapping):
            dicts.delete_item(frame, node, base, place)
            continue
        frame.write(base, frame.emit(of(helpers.without), frame.look(base), place), node)


def _sign(node: gast.AugAssign) -> str:
    return {"add": "+", "sub": "-", "mul": "*", "truediv": "/"}.get(
        expressions.BINARY[type(node.op)].__name__, "op"
    )
