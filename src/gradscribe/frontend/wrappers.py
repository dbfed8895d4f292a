"""Functions that are made of functions: ``partial``, decorators, ``vectorize``, getters."""

from __future__ import annotations

import functools
import operator
from typing import Any

import gast
import numpy as np

from gradscribe.frontend import arrays, containers
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, Ref, TupleOf
from gradscribe.frontend.hidden import hidden
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.renaming import scope_of
from gradscribe.frontend.streams import load
from gradscribe.ir.core import Const
from gradscribe.ir.types import Array, Mapping, Sequence

Positional = list[Bound]
Keywords = dict[str, Bound]


def _partial(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``functools.partial(f, …)``."""
    callee, *given = positional

    def run(inner: Frame, node: Any, more: Positional, named: Keywords) -> Bound:
        from gradscribe.frontend.calls import call_bound

        return call_bound(inner, node, callee, [*given, *more], {**keywords, **named})

    return Procedure(run, partial=(callee, given, keywords))


def _vectorize(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``np.vectorize(f)``."""
    cast = _says_float(frame, keywords.get("otypes"))
    if len(positional) != 1 or keywords.keys() - {"otypes"} or ("otypes" in keywords and not cast):
        frame.refuse(node, "np.vectorize with options is not supported", "write a comprehension")

    def run(inner: Frame, node: Any, more: Positional, named: Keywords) -> Bound:
        from gradscribe.frontend.inlining import inline_for

        written = arrays.WRITTEN[np.vectorize]
        return inline_for(inner, node, written, [*positional, Const(cast), *more], named)

    return Procedure(run)


def _says_float(frame: Frame, otypes: Bound | None) -> bool:
    """Is this ``[float]``, however it is written?"""
    items = None if otypes is None else containers.items_of(frame, otypes)
    values = [item.value if isinstance(item, Const) else None for item in items or ()]
    return len(values) == 1 and values[0] in (float, np.float64, "float", "float64", "d", "f8")


def _partial_object(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """A call of a ``functools.partial`` that was made outside."""
    from gradscribe.frontend.calls import call_bound

    given = [_frozen(frame, node, value) for value in function.args]
    named = {name: _frozen(frame, node, value) for name, value in function.keywords.items()}
    callee = Const(function.func)
    return call_bound(frame, node, callee, [*given, *positional], {**named, **keywords})


def _frozen(frame: Frame, node: Any, value: Any) -> Bound:
    if isinstance(value, list | dict | set | np.ndarray):
        frame.refuse(
            node, "a functools.partial holds a mutable object here", "pass it where it is called"
        )
    return frame.wrap(Const(value))


def dispatched(frame: Frame, node: Any, function: Any, positional: Positional) -> Const | None:
    """What a ``singledispatch`` function calls for its first argument; None for any other."""
    from gradscribe.frontend.asking import class_here

    if getattr(function, "__code__", None) is not _DISPATCHES or not positional:
        return None
    first = positional[0]
    cls = None if isinstance(first, Closure | Procedure) else class_here(frame, frame.type(first))
    if cls is None:
        frame.refuse(
            node,
            f"{function.__name__} is chosen by the class of an argument that is not known here",
            "call the function for that class by its name, or annotate the parameter",
        )
    return Const(function.dispatch(cls))


_DISPATCHES = functools.singledispatch(len).__code__  # type: ignore[attr-defined]  # of all that it makes


def _cached(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """A function under ``functools.lru_cache``: the function itself, which gives the same."""
    from gradscribe.frontend.calls import call_bound

    return call_bound(frame, node, Const(function.__wrapped__), positional, keywords)


def _decorator(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``functools.wraps(f)`` and ``lru_cache(…)``: decorators that change no result."""
    if function in (functools.lru_cache, functools.cache) and len(positional) == 1:
        if isinstance(positional[0], Closure) or callable(getattr(positional[0], "value", None)):
            return positional[0]
    return Procedure(lambda inner, place, given, named: given[0])


def _updated(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``functools.update_wrapper(wrapper, wrapped)``."""
    return positional[0]


def _getter(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    """``operator.itemgetter(1)``, ``attrgetter("a")``, ``methodcaller("m")``: known objects."""
    if not all(isinstance(b, Const) and b.name is None for b in positional) or keywords:
        return None
    return Const(function(*(b.value for b in positional if isinstance(b, Const))))


def _getter_object(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound | None:
    from gradscribe.frontend.expressions import item as entry
    from gradscribe.frontend.expressions import lower

    (base,) = positional
    _, wanted = function.__reduce__()[:2]
    if isinstance(function, operator.itemgetter):
        found = [entry(frame, base, Const(place)) for place in wanted]
        return found[0] if len(found) == 1 else TupleOf(tuple(found))
    name = hidden("", f"{scope_of(node)} object")
    frame.env[name] = base
    if isinstance(function, operator.methodcaller):
        attribute = gast.Attribute(load(name), wanted[0], gast.Load())
        call = gast.Call(attribute, [gast.Constant(value, None) for value in wanted[1:]], [])
        return lower(frame, call)
    results = []
    for path in wanted:
        node = load(name)
        for part in path.split("."):
            node = gast.Attribute(node, part, gast.Load())
        results.append(lower(frame, node))
    return results[0] if len(results) == 1 else TupleOf(tuple(results))


def bound_method(frame: Frame, node: Any, base: Bound, name: str) -> Procedure | None:
    """``xs.append`` or ``table.get`` as a value: what it does is lowered where it is called."""
    cls = _class_of(frame, base)
    if cls is None or not callable(getattr(cls, name, None)):
        return None
    if name.startswith("__") and name != "__getitem__":
        frame.refuse(
            node,
            f"the method {name} of a {cls.__name__} is used as a value here",
            "write a lambda, or the operator",
        )

    def run(inner: Frame, node: Any, positional: Positional, named: Keywords) -> Bound:
        from gradscribe.frontend.expressions import lower

        scope = f"{scope_of(node)} .{name}"
        given: Keywords = {hidden("", f"{scope} {k}"): b for k, b in enumerate(positional)}
        words: Keywords = {hidden("", f"{scope} {word}"): b for word, b in named.items()}
        owner = hidden("", f"{scope} object")
        inner.env |= {owner: base, **given, **words}
        if name == "__getitem__":
            index = gast.Subscript(load(owner), load(next(iter(given))), gast.Load())
            return lower(inner, gast.copy_location(index, node))
        keywords = [gast.keyword(word, load(n)) for word, n in zip(named, words, strict=True)]
        attribute = gast.copy_location(gast.Attribute(load(owner), name, gast.Load()), node)
        call = gast.Call(attribute, [load(n) for n in given], keywords)
        result = lower(inner, gast.copy_location(call, node))
        for known in (owner, *given, *words):
            inner.env.pop(known, None)
        return result

    return Procedure(run)


def _class_of(frame: Frame, base: Bound) -> type | None:
    """The class of a list, a dict or an array."""
    if not isinstance(base, Ref):
        return None
    fields = frame.heap.fields(base)
    if fields is not None:
        return {"list": list, "dict": dict}.get(fields.kind)
    kind = frame.type(base)
    if isinstance(kind, Sequence):
        return list if kind.kind == "list" else None
    return dict if isinstance(kind, Mapping) else np.ndarray if isinstance(kind, Array) else None


def _vectorized(
    frame: Frame, node: Any, function: Any, positional: Positional, keywords: Keywords
) -> Bound:
    """A call of what ``np.vectorize`` made."""
    from gradscribe.frontend.inlining import inline_for

    kinds = [np.dtype(kind) for kind in function.otypes or ()]
    if function.excluded or function.signature or kinds not in ([], [np.dtype(float)]):
        frame.refuse(node, "np.vectorize with options is not supported", "write a comprehension")
    called = [Const(function.pyfunc), Const(bool(kinds)), *positional]
    return inline_for(frame, node, arrays.WRITTEN[np.vectorize], called, keywords)


# What makes them, and what was made outside is called.
SPECIAL: dict[Any, Any] = {
    functools.partial: _partial, functools.update_wrapper: _updated, np.vectorize: _vectorize,
    operator.itemgetter: _getter, operator.attrgetter: _getter, operator.methodcaller: _getter,
    functools.wraps: _decorator, functools.lru_cache: _decorator, functools.cache: _decorator,
}  # fmt: skip

BY_CLASS: dict[type, Any] = {
    np.vectorize: _vectorized,
    functools.partial: _partial_object,
    type(functools.cache(len)): _cached,
    operator.itemgetter: _getter_object,
    operator.attrgetter: _getter_object,
    operator.methodcaller: _getter_object,
}
