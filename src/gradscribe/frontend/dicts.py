"""Dicts with computed keys: one value of the IR, whose entries are of one type.

What their methods do is written out as Python and lowered in place of the call, as for the library
(``library``). Walking one walks a list of its keys::

    for k, v in d.items():                for k in list(d):
        s += v                                v = d[k]
                                              s += v

so that only reading and writing entries has a derivative. Keys have none: a dict that is walked has
keys that cannot carry one.
"""

from __future__ import annotations

import collections
import operator
from dataclasses import dataclass
from typing import Any, NoReturn, final

from gradscribe.frontend import aliasing, sharing
from gradscribe.frontend.frame import GETITEM, SETITEM, Frame
from gradscribe.frontend.heap import Bound, Closure, Fields, Ref
from gradscribe.frontend.library import MISSING
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.raising import certainly
from gradscribe.ir import helpers, trees
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.joins import element_type, key_type
from gradscribe.ir.primitives import Primitive, of
from gradscribe.ir.types import (
    Array,
    Mapping,
    Scalar,
    Sequence,
    Static,
    Type,
    Unknown,
    maybe_float,
)


def is_one_value(frame: Frame, bound: Bound | None) -> bool:
    """Is this a dict whose entries are not followed one by one?"""
    if not isinstance(bound, Ref) or frame.heap.fields(bound) is not None:
        return False
    return isinstance(frame.type(bound), Mapping)


def is_empty(frame: Frame, bound: Bound) -> bool:
    """Is this certainly a dict without entries, at this point of a program?"""
    kind = frame.type(bound)
    return isinstance(kind, Mapping) and element_type(kind) is None


def may_be_one_value(kinds: list[Type]) -> bool:
    """Can a dict of these things be one value that is written to: are all numbers or arrays?"""
    return all(_is_plain(kind) or _is_plain_list(kind) for kind in kinds)


def holds_lists(frame: Frame, fields: Fields) -> bool:
    """Are the entries of a dict lists, through which it may be written to?"""
    return bool(fields.entries) and all(
        _is_plain_list(frame.type(item)) for item in fields.entries.values()
    )


def _is_plain(kind: Type) -> bool:
    """Is this a number or an array, or a tuple, dict or object of such?"""
    parts = trees.part_types(kind)
    if parts is not None:
        return not _is_list(kind) and all(map(_is_plain, parts))
    return isinstance(kind, Scalar | Array | Unknown | Static)


def _is_list(kind: Type) -> bool:
    return isinstance(kind, Sequence) and kind.kind == "list"


def _is_plain_list(kind: Type) -> bool:
    if not _is_list(kind):
        return False
    element = element_type(kind)
    return element is None or isinstance(element, Scalar | Array)


def keys(frame: Frame, base: Bound) -> Bound:
    """The list of the keys."""
    kind = frame.type(base)
    assert isinstance(kind, Mapping)
    key = key_type(kind)
    if key is not None and maybe_float(key) and maybe_float(element_type(kind) or key):
        frame.refuse_here(
            "the keys of this dict may be what is differentiated, and they are walked here",
            "use integers or strings as keys",
        )
    return frame.wrap(frame.emit(of(helpers.copy_list), frame.look(base)))


def key_of(frame: Frame, place: Operand) -> Operand:
    """A key, which has no derivative even if it is a number that has one."""
    kind = type_of_operand(place)
    if not isinstance(place, Value) or not maybe_float(kind):
        return place
    return frame.emit(of(helpers.stop_gradient), place)


def check_items(frame: Frame, node: Any, items: list[Bound]) -> None:
    """Refuse entries that a dict with computed keys cannot hold and be differentiated."""
    kinds = [frame.type(item) for item in items]
    if any(map(maybe_float, kinds)) and not may_be_one_value(kinds):
        frame.refuse(
            node,
            "the key of this entry is computed, and the dict may hold what is differentiated",
            "use keys that are written in the program, or entries of numbers and arrays",
        )


_UNDERSTOOD = {len, bool, operator.contains, operator.is_, operator.is_not, operator.not_}


def check_application(frame: Frame, node: Any, prim: Primitive, args: tuple[Operand, ...]) -> None:
    """Refuse what is not known of a dict whose entries are not followed."""
    if prim.function in _UNDERSTOOD or getattr(prim.function, "__module__", "") == helpers.__name__:
        return
    for arg in args:
        kind = type_of_operand(arg)
        if isinstance(kind, Mapping) and kind.items is None and maybe_float(kind):
            frame.refuse(
                node,
                f"{prim.name} of a dict with computed keys is not supported",
                "use its entries: [d[key] for key in d]",
            )


def get_item(frame: Frame, base: Bound, place: Operand) -> Bound:
    """``d[key]``; in a ``defaultdict`` what was not there is there from now on."""
    from gradscribe.frontend.inlining import inline_for

    kind = frame.type(base)
    default = kind.default if isinstance(kind, Mapping) else None
    if default is None and is_empty(frame, base):
        raise certainly(frame, KeyError, "the dict is empty", None)
    if frame.definition.ours:  # what is written out there reads what is there
        return read_item(frame, base, place)
    if default is collections.Counter:
        return inline_for(frame, None, _get, [base, frame.wrap(place), Const(0)], {})
    if default in PLAIN:
        missing = missing_entry(frame, None, default)
        inline_for(frame, None, _put_missing, [base, frame.wrap(place), missing], {})
    elif default is not None:
        factory = Procedure(lambda inner, node, *_: missing_entry(inner, node, default))
        inline_for(frame, None, _put_made, [base, frame.wrap(place), factory], {})
    return read_item(frame, base, place)


@final
@dataclass(frozen=True, slots=True, eq=False)
class Factory:
    """What a ``defaultdict`` was given that is no class: what it calls for a missing entry."""

    callee: Bound


# Classes whose empty instances need nothing to be made of.
PLAIN = (float, int, list)


def missing_entry(frame: Frame, node: Any, default: Any) -> Bound:
    """A new entry for a key that is not there."""
    from gradscribe.frontend.calls import call_bound
    from gradscribe.frontend.containers import make_dict

    if default is dict:
        return make_dict(frame, {})
    if default is list:
        return frame.wrap(frame.emit(of(list)))
    if isinstance(default, Factory):
        return call_bound(frame, node, default.callee, [], {})
    return Const(default())


def read_item(frame: Frame, base: Bound, place: Operand) -> Bound:
    """``d[key]`` of a key that is there."""
    if isinstance(base, Ref) and (entry := sharing.entry(frame, base, key_of(frame, place))):
        return entry
    found = frame.wrap(frame.emit(GETITEM, frame.read(base), key_of(frame, place)))
    aliasing.keep(frame, found)
    return found


def set_item(frame: Frame, node: Any, base: Ref, place: Operand, value: Bound) -> None:
    """``d[key] = value``."""
    key = key_of(frame, place)
    sharing.replaced(frame, base, key)
    frame.write(base, frame.emit(SETITEM, frame.look(base), key, frame.look(value)), node)
    sharing.store(frame, base, value, node)


def delete_item(frame: Frame, node: Any, base: Ref, place: Operand) -> None:
    """``del d[key]``."""
    key = key_of(frame, place)
    frame.write(base, frame.emit(of(helpers.without), frame.look(base), key), node)


# ---------------------------------------------------------------------------- methods


def _values(d: Any) -> Any:
    for key in d:
        yield d[key]


def _items(d: Any) -> Any:
    for key in d:
        yield key, d[key]


def _get(d: Any, key: Any, default: Any = None, /) -> Any:
    return d[key] if key in d else default  # noqa: SIM401 (what is written out)


def from_keys(keys: Any, value: Any) -> Any:
    """``dict.fromkeys(keys, value)``, written out."""
    return {key: value for key in keys}


def _put_missing(d: Any, key: Any, default: Any, /) -> Any:
    if key not in d:
        d[key] = default


def _put_made(d: Any, key: Any, factory: Any, /) -> Any:
    if key not in d:
        d[key] = factory()


def _setdefault(d: Any, key: Any, default: Any = None, /) -> Any:
    if key not in d:
        d[key] = default
    return d[key]


def _pop(d: Any, key: Any, default: Any = MISSING, /) -> Any:
    if default is not MISSING and key not in d:
        return default
    value = d[key]
    del d[key]
    return value


def _popitem(d: Any, last: Any = True) -> Any:
    key = list(d)[-1 if last else 0]
    value = d[key]
    del d[key]
    return key, value


def _move_to_end(d: Any, key: Any, last: Any = True) -> None:
    value = d[key]
    del d[key]
    if last:
        d[key] = value
    else:
        others = d.copy()
        d.clear()
        d[key] = value
        d.update(others)


def _update(d: Any, other: Any, /) -> None:
    for key, value in other.items():
        d[key] = value


def _update_from_pairs(d: Any, pairs: Any, /) -> None:
    for key, value in pairs:
        d[key] = value


def _add_counts(d: Any, other: Any, /) -> None:
    for key, value in other.items():
        d[key] = value + d.get(key, 0)


def _subtract_counts(d: Any, other: Any, /) -> None:
    for key, value in other.items():
        d[key] = d.get(key, 0) - value


def _total(d: Any, /) -> Any:
    return sum(d.values())


def is_counter(frame: Frame, bound: Bound) -> bool:
    """Is this a ``Counter``, whose methods and operators are those of sums?"""
    fields = frame.heap.fields(bound)
    if fields is not None:
        return fields.kind == "dict" and fields.cls is collections.Counter
    kind = frame.type(bound) if isinstance(bound, Ref) else None
    return isinstance(kind, Mapping) and kind.default is collections.Counter


def of_counter(
    frame: Frame, node: Any, base: Ref, name: str, given: list[Bound], named: dict[str, Bound]
) -> Bound | None:
    """A method that a ``Counter`` has beside those of dicts, or of another meaning."""
    from gradscribe.frontend.containers import make_dict
    from gradscribe.frontend.inlining import inline_for

    others = [*given, make_dict(frame, named)] if named else given
    if name in COUNTING and all(_is_dict(frame, other) for other in others):
        for other in others:
            inline_for(frame, node, COUNTING[name], [base, other], {})
        return Const(None)
    if name == "total" and not others:
        return inline_for(frame, node, _total, [base], {})
    if name in (*COUNTING, "most_common", "elements"):
        refuse_counter(frame, node, f"the method .{name}()")
    return None


def _is_dict(frame: Frame, bound: Bound) -> bool:
    return not isinstance(bound, Closure) and isinstance(frame.type(bound), Mapping)


def refuse_counter(frame: Frame, node: Any, what: str) -> NoReturn:
    frame.refuse(
        node,
        f"{what} of a Counter is not supported with these arguments",
        "use a dict: d[key] = d.get(key, 0.0) + …",
    )


COUNTING = {"update": _add_counts, "subtract": _subtract_counts}
METHODS: dict[str, Any] = {
    "values": _values, "items": _items, "get": _get, "setdefault": _setdefault, "pop": _pop,
    "popitem": _popitem, "move_to_end": _move_to_end,
}  # fmt: skip
STREAMS = ("values", "items")


def update(frame: Frame, node: Any, base: Ref, *others: Bound) -> None:
    """``d.update(other)`` for dicts and for what gives pairs."""
    from gradscribe.frontend.inlining import inline_for

    for other in others:
        is_dict = not isinstance(other, Closure) and isinstance(frame.type(other), Mapping)
        body = _update if is_dict else _update_from_pairs
        inline_for(frame, node, body, [base, other], {})


def merged(frame: Frame, node: Any, parts: list[Bound]) -> Ref:
    """``{**d, **e}``: a new dict of what several dicts, or pairs, hold."""
    from gradscribe.frontend.containers import make_dict

    if is_one_value(frame, parts[0]):
        base = frame.heap.new(frame.read(parts[0]), "", frame.builder.span)
        parts = parts[1:]
    else:
        base = make_dict(frame, {})
    update(frame, node, base, *parts)
    return base


def method(
    frame: Frame, node: Any, base: Ref, name: str, given: list[Bound], named: dict[str, Bound]
) -> Bound | None:
    """``d.name(…)``; None for a method that is not known."""
    from gradscribe.frontend.inlining import inline_for

    if name in METHODS:
        return inline_for(frame, node, METHODS[name], [base, *given], named)
    if name == "update" and len(given) <= 1:
        from gradscribe.frontend.containers import make_dict

        update(frame, node, base, *given, make_dict(frame, named))
        return Const(None)
    if given or named:
        return None
    if name == "keys":
        return keys(frame, base)
    if name == "copy":
        return frame.heap.new(frame.read(base), "", frame.builder.span)
    if name == "clear":
        frame.write(base, frame.emit(of(dict), ()), node)
        return Const(None)
    return None
