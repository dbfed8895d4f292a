"""Lowering calls: what is called, with which arguments, and methods."""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from typing import Any

import gast
import numpy as np

from gradscribe.errors import SourceUnavailableError
from gradscribe.frontend import (
    collected,
    comprehensions,
    container_methods,
    containers,
    dicts,
    lists,
    opaque,
    opened,
    records,
    wholes,
    wrappers,
    writes,
)
from gradscribe.frontend.application import apply
from gradscribe.frontend.assignments import ASSIGNMENTS
from gradscribe.frontend.declared import PURE, declared
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import (
    Bound,
    Closure,
    Fields,
    Loc,
    Method,
    Ref,
    Super,
    TupleOf,
)
from gradscribe.frontend.inlining import inline, inline_for
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.recognise import helper_of
from gradscribe.frontend.resolve import definition_of, is_written
from gradscribe.frontend.streams import stream_in
from gradscribe.ir.abstraction import is_static
from gradscribe.ir.core import Const, Value
from gradscribe.ir.facts.methods import ATTRIBUTES, METHODS, Gathered
from gradscribe.ir.primitives import find, of, printed_name
from gradscribe.ir.types import TEXT, UNKNOWN, Array, Scalar, Unknown
from gradscribe.ir.types import Sequence as SequenceType
from gradscribe.objects import is_followed, is_named_tuple

Keywords = dict[Any, Bound]

# What compilers of other derivatives leave behind: objects that are called like functions and can
# be lowered in place (``grad(g)(x)`` inside a function). Filled by ``gradscribe.api``.
LOWERERS: list[Any] = []


def call(frame: Frame, node: gast.Call) -> Bound:
    """Lower ``function(arguments)``."""
    from gradscribe.frontend.expressions import attribute, lower
    from gradscribe.frontend.functional import SPECIAL

    if isinstance(node.func, gast.Attribute):
        base = lower(frame, node.func.value)
        if isinstance(base, Const) and isinstance(base.value, str | bytes):
            return opaque.method(frame, node, base)
        if not followed(frame, base) and not _is_static(base):
            return _method(frame, node, base)
        callee = attribute(frame, node.func, base, node.func.attr)
    else:
        callee = lower(frame, node.func)
    function = callee.value if isinstance(callee, Const) else None
    if isinstance(callee, Const) and records.class_of(frame, callee) is None:
        if function is print or _is_exception(function):
            opaque.statement(frame, gast.Expr(node))
            return Const(None)
        for lowerer in LOWERERS:
            result: Bound | None = lowerer(frame, node, function)
            if result is not None:
                opened.refuse_if_any(frame, node)
                return result
    kept = not _hashable(function) or function in SPECIAL or find(helper_of(function)) is None
    return call_bound(frame, node, callee, *arguments(frame, node, kept, callee), written=True)


def _is_exception(function: Any) -> bool:
    return isinstance(function, type) and issubclass(function, BaseException)


def followed(frame: Frame, bound: Bound) -> bool:
    """Are the attributes of this known by themselves?"""
    if isinstance(bound, Closure | Procedure | Method | Super):
        return True
    return records.class_of(frame, bound) is not None


def call_bound(
    frame: Frame,
    node: Any,
    callee: Bound,
    positional: list[Bound],
    keywords: Keywords,
    written: bool = False,
) -> Bound:
    """Call what an expression was lowered to, with arguments that are lowered already.

    ``written``: they are those that stand in ``node``, so that the call may pass through as it is.
    """
    if isinstance(callee, Procedure):
        return callee.run(frame, node, positional, keywords)  # type: ignore[no-any-return]  # bound
    if isinstance(callee, Closure) and stream_in(callee) is None:
        return inline(frame, node, callee.definition, callee.frame, positional, keywords)
    if isinstance(callee, Method):
        return call_object(frame, node, callee.function, [callee.receiver, *positional], keywords)
    method = records.special_method(frame, callee, "__call__")
    if method is not None:
        return call_object(frame, node, method.function, [callee, *positional], keywords)
    if isinstance(callee, Const) and (callee.name is None or callable(callee.value)):
        return call_object(frame, node, callee.value, positional, keywords, written, callee)
    if isinstance(node, gast.Call) and written and isinstance(callee, Value | Ref):
        return opaque.call(frame, node, None, positional, keywords, callee)
    frame.refuse(
        node,
        "the function called here is not known before the program runs",
        "call a function that is defined at module level, or pass it as an argument",
    )


def _is_static(bound: Bound) -> bool:
    return isinstance(bound, Const) and (
        is_static(bound.value)
        or (bound.name is not None and not isinstance(bound.value, np.ndarray | list | dict))
    )


def arguments(
    frame: Frame, node: gast.Call, kept: bool = True, callee: Bound | None = None
) -> tuple[list[Bound], Keywords]:
    """The positional and keyword arguments of a call; may the callee keep a list written there?"""
    from gradscribe.frontend import stars
    from gradscribe.frontend.displays import display
    from gradscribe.frontend.expressions import lower
    from gradscribe.frontend.functional import spread

    positional: list[Bound] = []
    for arg in node.args:
        if isinstance(arg, gast.Starred):
            value = lower(frame, arg.value)
            entries = spread(frame, arg, value)
            if entries is None:
                entries = stars.arguments(frame, node, arg, callee, len(positional), value)
            positional.extend(entries)
        elif isinstance(arg, gast.List):
            positional.append(display(frame, arg, kept))
        else:
            positional.append(lower(frame, arg))
    keywords: Keywords = {}
    for keyword in node.keywords:
        if keyword.arg is not None:
            keywords[keyword.arg] = lower(frame, keyword.value)
            continue
        pairs = containers.pairs_of(frame, lower(frame, keyword.value))
        if pairs is None or not all(isinstance(key, str) for key in pairs):
            frame.refuse(
                node, "** of something whose keys are not known here", "write the keywords out"
            )
        keywords |= pairs
    return positional, keywords


def call_object(
    frame: Frame,
    node: Any,
    function: Any,
    positional: list[Bound],
    keywords: Keywords,
    written: bool = False,
    callee: Const | None = None,
) -> Bound:
    """Call a Python object that is known (as ``callee`` names it), with lowered arguments."""
    from gradscribe.frontend import ruled
    from gradscribe.frontend.functional import special

    about = declared(function)
    if about is not None:
        spelled = callee if callee is not None else Const(function)
        return ruled.call(frame, node, about, spelled, positional, keywords)

    if isinstance(function, types.MethodType) and (not written or _is_users(function)):
        receiver = Const(function.__self__)
        return call_object(frame, node, function.__func__, [receiver, *positional], keywords)
    if isinstance(function, type) and (is_followed(function) or is_named_tuple(function)):
        made = records.construct(frame, node, function, positional, keywords)
        if made is not None:
            return made
    chosen = wrappers.dispatched(frame, node, function, positional)
    if chosen is not None:
        return call_object(frame, node, chosen.value, positional, keywords)
    if typing.is_typeddict(function):
        function = dict
    if function is object.__init__ or function is object.__init_subclass__:
        return Const(None)
    if not _hashable(function):
        return opaque.call(frame, node, function, positional, keywords)
    if function in (np.finfo, np.iinfo):
        limits = _limits(function, positional, keywords)
        if limits is not None:
            return limits
    result = special(frame, node, function, positional, keywords)
    if result is not None:
        return result
    if isinstance(getattr(function, "__self__", None), np.ufunc) and function.__name__ == "at":
        return writes.ufunc_at(frame, node, function.__self__, positional, keywords)
    if function in ASSIGNMENTS:
        return inline_for(frame, node, ASSIGNMENTS[function], positional, keywords)
    function = _ATTRIBUTE_OF.get(function, helper_of(function))
    prim = find(function)
    if "like" in keywords and _is_numpy(frame, keywords["like"], function):
        keywords = {key: bound for key, bound in keywords.items() if key != "like"}
    if prim is not None:
        positional = [
            (
                comprehensions.as_list(frame, node, bound)
                if isinstance(bound, Closure) and stream_in(bound)
                else collected.as_sequence(frame, bound)
            )
            for bound in positional
        ]
        made = apply(frame, node, prim, positional, keywords)
        if made is not None:
            return made
        writes.refuse_unknown(frame, node, prim.function, positional, keywords)
    elif collected.is_ours(function):
        return inline_for(frame, node, function, positional, keywords)
    elif is_written(function):
        try:
            definition = definition_of(function)
        except SourceUnavailableError as error:
            frame.refuse(node, error.message, error.hint)
        return inline(frame, node, definition, None, positional, keywords)
    if not written:
        name = getattr(function, "__name__", repr(function))
        frame.refuse(node, f"{name!r} is not understood where it is called indirectly", "call it")
    return _opaque_call(frame, node, function, positional, keywords)


def _is_numpy(frame: Frame, like: Bound, function: Any) -> bool:
    """Does ``like=`` of a function that makes arrays ask for one of NumPy's own?"""
    return printed_name(function).startswith("np.") and isinstance(frame.type(like), Array)


def _limits(function: Any, positional: list[Bound], keywords: Keywords) -> Const | None:
    """``np.finfo(dtype)``, whose attributes are known where the dtype is."""
    (asked,) = positional if len(positional) == 1 and not keywords else (None,)
    if not isinstance(asked, Const) or not isinstance(asked.value, type | np.dtype | str):
        return None
    try:
        found = function(asked.value)
    except (TypeError, ValueError):  # it will raise where it runs, as in the primal
        return None
    return Const(found, f'{function.__name__}("{found.dtype.name}")', "numpy")


def _is_users(method: types.MethodType) -> bool:
    """Is this a method of the user's own class?"""
    owner = method.__self__
    written = isinstance(method.__func__, types.FunctionType)
    return written and is_followed(owner if isinstance(owner, type) else type(owner))


def _hashable(function: Any) -> bool:
    try:
        hash(function)
    except TypeError:
        return False
    return True


def _method(frame: Frame, node: gast.Call, base: Bound) -> Bound:
    from gradscribe.frontend.expressions import check_has

    name = node.func.attr
    check_has(frame, node, base, name)
    fields = frame.heap.fields(base)
    if isinstance(base, Const) and name in ("keys", "values", "items", "get", "copy"):
        table = containers.constant_entries(base)
        found = None
        if table is not None:
            found = container_methods.method(
                frame, node, Ref(Loc()), table, name, *arguments(frame, node)
            )
        if found is not None:
            return found
    if fields is None and name == "append" and containers.is_empty_list(frame, base):
        fields = Fields("list", {})
    given: list[Bound] | None = None
    if isinstance(base, Ref) and dicts.is_counter(frame, base):
        given, named = arguments(frame, node)
        counted = dicts.of_counter(frame, node, base, name, given, named)
        if counted is not None:
            return counted
    if fields is not None and isinstance(base, Ref):
        if given is None:
            given, named = arguments(frame, node)
        if not fields.entries and fields.kind == "list":
            if not containers.is_followed_list(frame, given):
                return lists.method(frame, node, base, name, given, named)
            frame.heap.values[base.loc] = fields
        result = container_methods.method(frame, node, base, fields, name, given, named)
        if result is not None:
            return result
        if fields.kind == "dict" and not dicts.may_be_one_value(
            [frame.type(item) for item in fields.entries.values()]
        ):
            frame.refuse(
                node,
                f"the dict method .{name}() needs a key that is known here",
                "use keys that are written in the program",
            )
        wholes.settle(frame, base)
    if isinstance(base, Ref) and dicts.is_one_value(frame, base):
        if given is None:
            given, named = arguments(frame, node)
        result = dicts.method(frame, node, base, name, given, named)
        if result is not None:
            return result
    kind = frame.type(base) if not isinstance(base, Closure) else None
    listed = isinstance(kind, Unknown) and name in ("append", "pop")
    if isinstance(kind, SequenceType) or (listed and not opaque.made(frame, base)):
        if given is None:
            given, named = arguments(frame, node)
        return lists.method(frame, node, base, name, given, named)
    if name == "squeeze" and isinstance(kind, Scalar) and not kind.weak and kind != TEXT:
        return base  # what has no axes loses none
    instead = ASSIGNMENTS.get(getattr(np.ndarray, name, None))
    if instead is not None and isinstance(kind, Array | Unknown):
        if name == "sort" and isinstance(kind, Unknown):
            frame.refuse(
                node,
                "cannot know whether an array or a list is sorted here",
                "write np.sort(x) or sorted(x), or annotate the parameter",
            )
        positional, keywords = arguments(frame, node)
        return inline_for(frame, node, instead, [base, *positional], keywords)
    if name == "__class__" and isinstance(kind, Array | Scalar):
        return opaque.call(frame, node, None, *arguments(frame, node), receiver=base)
    method = METHODS.get(name)
    if method is None or not isinstance(kind, Scalar | Array | Unknown) or kind == TEXT:
        if isinstance(kind, Array) or (isinstance(kind, Scalar) and kind != TEXT):
            frame.refuse(
                node,
                f"the method .{name}() is not supported here",
                "use a function of NumPy, or pass what the method gives as an argument",
            )
        return opaque.method(frame, node, base)
    positional, keywords = arguments(frame, node)
    copies = keywords.get("copy") if name == "astype" else None
    if isinstance(copies, Const) and type(copies.value) is bool and kind != UNKNOWN:
        del keywords["copy"]
        if isinstance(kind, Array) and not copies.value:
            return call_object(frame, node, np.asarray, [base, *positional], keywords)
    rest, named = method.bind(positional, keywords)
    prim = of(method.function)
    given = [base, *(_gathered(arg) for arg in rest)]
    named = {key: _gathered(arg) for key, arg in named.items()}
    result = apply(frame, node, prim, given, named, form="method")
    if result is None:
        writes.refuse_unknown(frame, node, prim.function, given, named)
        return opaque.call(frame, node, prim.function, positional, keywords, receiver=base)
    return result


_BOUND = (Value, Const, Ref, TupleOf, Closure, Procedure, Method, Super)


def _gathered(arg: Any) -> Bound:
    """Arguments as ``METHODS`` binds them: tuples to build, and plain objects it fills in."""
    if isinstance(arg, Gathered):
        return TupleOf(tuple(arg))
    return arg if isinstance(arg, _BOUND) else Const(arg)


# ---------------------------------------------------------------------------- the unknown


def _opaque_call(
    frame: Frame, node: gast.Call, function: Any, positional: Sequence[Bound], keywords: Keywords
) -> Bound:
    """A call that passes through. It must not be able to change an object that we follow."""
    from gradscribe.frontend import primals

    if frame.builder.derived or PURE.get():  # what rules call is pure
        return primals.opaque_call(frame, node, Const(function), positional, keywords)
    writes.refuse_unknown(frame, node, function, positional, keywords)
    return opaque.call(frame, node, function, positional, keywords)


# Functions that read an attribute.
_ATTRIBUTE_OF = {np.real: ATTRIBUTES["real"], np.imag: ATTRIBUTES["imag"]}
