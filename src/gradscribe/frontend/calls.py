"""Lowering calls: primitives, methods, user functions (inlined), derivatives, and opaque calls."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Sequence
from typing import Any

import gast
import numpy as np

from gradscribe.errors import SourceUnavailableError, UnsupportedError
from gradscribe.frontend import (
    comprehensions,
    containers,
    expand,
    generators,
    lists,
    opaque,
    opened,
    records,
    recursion,
    sharing,
    views,
    writes,
)
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
    locations,
)
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.raising import certainly
from gradscribe.frontend.recognise import helper_of
from gradscribe.frontend.resolve import TOUCHED, Definition, definition_of, is_written
from gradscribe.frontend.streams import stream_in
from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Attrs, Const, Operand, Value
from gradscribe.ir.facts.methods import ATTRIBUTES, METHODS, Gathered
from gradscribe.ir.primitives import BY_FUNCTION, Primitive, of, printed_name
from gradscribe.ir.transposes import holds_lists, is_dict, is_whole, may_repeat
from gradscribe.ir.types import (
    TEXT,
    UNKNOWN,
    Array,
    Mapping,
    Scalar,
    Unknown,
    class_name,
    dims_of,
    element_type,
    holds_records,
    is_array,
    is_static,
    not_one,
)
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
    kept = not _hashable(function) or function in SPECIAL or helper_of(function) not in BY_FUNCTION
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
    from gradscribe.frontend.expressions import display, lower
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
    prim = BY_FUNCTION.get(function)
    if "like" in keywords and _is_numpy(frame, keywords["like"], function):
        keywords = {key: bound for key, bound in keywords.items() if key != "like"}
    if prim is not None:
        positional = [
            (
                comprehensions.as_list(frame, node, bound)
                if isinstance(bound, Closure) and stream_in(bound)
                else bound
            )
            for bound in positional
        ]
        made = apply(frame, node, prim, positional, keywords)
        if made is not None:
            return made
        writes.refuse_unknown(frame, node, prim.function, positional, keywords)
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


# Helpers that return what the in-place form would leave behind.
_FUNCTIONAL = (helpers.setitem, helpers.index_add, helpers.append, helpers.without)


def _as_plain(bound: Bound) -> Bound:
    """Functions of NumPy and Python take a named tuple for the tuple that it is."""
    return TupleOf(bound.items) if isinstance(bound, TupleOf) and bound.cls else bound


def apply(
    frame: Frame,
    node: Any,
    prim: Primitive,
    positional: Sequence[Bound],
    keywords: Keywords,
    form: str | None = None,
) -> Bound | None:
    """Apply a primitive to bound arguments; None where one of them has no place in it."""
    if prim.function is helpers.zeros_like and holds_records(frame.type(positional[0])):
        prim = of(helpers.zero_tree)
    decided = _by_structure(frame, node, prim.function, positional) if not keywords else None
    if decided is not None:
        return decided
    if getattr(prim.function, "__module__", "") != helpers.__name__:
        positional = [_as_plain(bound) for bound in positional]
    taken = writes.take_out(frame, node, prim, positional, keywords)
    if taken is not None:
        into, positional, keywords = taken
        if "where" in keywords:
            return writes.put_where(frame, node, prim, into, positional, keywords)
        value = apply(frame, node, prim, positional, keywords, form)
        if value is None:
            return None
        return writes.put_out(frame, node, prim, into, value)
    bound = _bind(frame, node, prim, positional, keywords)
    if bound is None:
        return None
    args = tuple(map(frame.look, bound))
    if sharing.hands_on(prim, args):
        args = tuple(map(frame.read, bound))
    try:
        written = expand.written_out(frame, prim, bound, args)
        if written is not None:
            return written
        arrays = _as_arrays(frame, prim, args)
        bound = [
            b if a is x else frame.wrap(a) for b, a, x in zip(bound, arrays, args, strict=True)
        ]
        args = arrays
        prim.result_type(args)
    except UnsupportedError as error:
        if error.span is None:  # a fact's: it knows what, not where
            frame.refuse(node, error.message, error.hint)
        raise
    if prim.mutates is not None and prim.function not in _FUNCTIONAL:
        target = bound[prim.mutates]
        if isinstance(target, Ref):
            value = frame.emit(prim, *args)
            frame.write(target, value, node)
            return Const(None)
    if (
        prim.storage in ("view", "maybe")
        and bound
        and isinstance(bound[0], Ref)
        and prim.function is not helpers.stop_gradient
    ):
        return views.take(frame, bound[0], prim, args[1:])
    folded = known_answer(frame, prim, args)
    if folded is not None:
        return folded
    result = frame.emit(prim, *args)
    if form is not None and frame.builder.region.ops and isinstance(result, Value):
        op = frame.builder.region.ops[-1]
        if op.results == (result,):
            op.attrs = Attrs(form=form)
    made = frame.wrap(result)
    if prim.function is helpers.stop_gradient:  # it is what it was given
        for loc in locations(made):
            for other in frame.heap.within(bound[0]):
                frame.heap.relate(loc, other)
    return made


_SPECIAL_METHODS: dict[Any, str] = {
    len: "__len__", abs: "__abs__", float: "__float__", int: "__int__", round: "__round__",
    complex: "__complex__", bool: "__bool__",
}  # fmt: skip


def _by_structure(
    frame: Frame, node: Any, function: Any, positional: Sequence[Bound]
) -> Bound | None:
    """``len(xs)`` of what is followed part by part, and what a class of the user's decides."""
    from gradscribe.frontend.expressions import truth

    if not positional or function not in _SPECIAL_METHODS:
        return None
    method = records.special_method(frame, positional[0], _SPECIAL_METHODS[function])
    if method is not None:
        return records.call_method(frame, node, method, list(positional[1:]))
    if function is len:
        items = containers.items_of(frame, positional[0])
        kind = frame.type(positional[0]) if items is None else None
        if kind is not None and kind != TEXT and dims_of(kind) == ():
            said = f"object of type {class_name(kind)!r} has no len()"
            raise certainly(frame, TypeError, said, node)
        return None if items is None else Const(len(items))
    if function in (float, int) and any(map(not_one, dims_of(frame.type(positional[0])) or ())):
        said = "only 0-dimensional arrays can be converted to Python scalars"
        raise certainly(frame, TypeError, said, node)
    if function is bool and frame.heap.fields(positional[0]) is not None:
        return truth(frame, node, positional[0])
    return None


def known_answer(frame: Frame, prim: Primitive, args: tuple[Operand, ...]) -> Bound | None:
    """What is asked of a shape that is known, and what a rule asks of the index it is given."""
    if prim.name in ("np.ndim", ".ndim"):
        kind = type_of_operand(args[0])
        if isinstance(kind, SequenceType) and isinstance(element_type(kind), Scalar):
            return Const(1)
        dims = dims_of(kind)
        return None if dims is None else Const(len(dims))
    if prim.name in (".shape", ".size", "np.shape"):
        dims = dims_of(type_of_operand(args[0]))
        if dims is None or any(dim != 1 for dim in dims):
            return None
        return Const(1) if prim.name == ".size" else TupleOf((Const(1),) * len(dims))
    if prim.function is helpers.is_one:
        one = args[0]
        return Const(isinstance(one, Const) and one.name is None and helpers.is_one(one.value))
    if prim.function is helpers.is_slow_inverse:
        array, exponent = is_array(type_of_operand(args[0])), args[1]
        if not array or not isinstance(exponent, Const) or not exponent.fixed:
            return Const(False)
        return Const(helpers.is_slow_inverse((1,), exponent.value))
    if prim.function is may_repeat:
        return None if writes.may_name_twice(frame, args[0]) else Const(False)
    if prim.function is holds_lists:
        return Const(isinstance(sharing.element_of(type_of_operand(args[0])), SequenceType))
    if prim.function is is_dict:
        return Const(isinstance(type_of_operand(args[0]), Mapping))
    if prim.function is is_whole:
        return Const(writes.is_whole(args[0]))
    return None


def _bind(
    frame: Frame, node: Any, prim: Primitive, positional: Sequence[Bound], keywords: Keywords
) -> list[Bound] | None:
    """The arguments in the order of the primitive's parameters; None if one has no place."""
    if prim.variadic:
        fixed = len(prim.params) - 1
        if keywords or len(positional) < fixed:
            return None
        return list(positional)
    if len(positional) > len(prim.params) or not set(keywords) <= set(prim.params):
        return None
    if not _positions_agree(prim, len(positional)):
        return None
    bound: list[Bound] = list(positional)
    for name in prim.params[len(positional) :]:
        if name in keywords:
            bound.append(keywords[name])
        elif name in prim.defaults:
            bound.append(Const(prim.defaults[name]))
        else:
            frame.refuse(node, f"{prim.name} needs the argument {name!r}")
    if any(name in keywords for name in prim.params[: len(positional)]):
        frame.refuse(node, f"{prim.name} got an argument twice")
    return bound


# NumPy's functions of arrays, which take lists and tuples of numbers as well.
_OF_ARRAYS = {
    np.dot, np.inner, np.outer, np.vdot, np.kron, np.cross, np.tensordot, np.sort, np.average,
    np.vander, np.linalg.norm, np.linalg.solve, np.linalg.det, np.linalg.inv,
    np.std, np.var, np.prod, np.median, np.reshape, np.ravel, np.transpose, np.squeeze,
}  # fmt: skip
# … whose rules know lists that are written there, and tables of constants.
_OF_LISTS = {np.sum, np.mean, np.max, np.min, np.amax, np.amin}
_OF_TABLES = {np.polyval, np.interp}
_ASARRAY = of(np.asarray)


def _as_arrays(frame: Frame, prim: Primitive, args: tuple[Operand, ...]) -> tuple[Operand, ...]:
    """Arguments of functions of arrays, as NumPy makes arrays of them first."""
    known = _OF_ARRAYS | _OF_LISTS | _OF_TABLES
    if prim.function not in known and not isinstance(prim.function, np.ufunc):
        return args
    names = [*prim.params, *prim.params[-1:] * (len(args) - len(prim.params))]
    return tuple(
        frame.emit(_ASARRAY, arg) if name not in prim.static and _is_list(frame, prim, arg) else arg
        for name, arg in zip(names, args, strict=True)
    )


def _is_list(frame: Frame, prim: Primitive, arg: Operand) -> bool:
    """Is this a list or tuple whose place an array should take?"""
    if not isinstance(type_of_operand(arg), SequenceType):
        return False
    op = frame.builder.made.get(arg) if isinstance(arg, Value) else None
    if prim.function in _OF_LISTS:
        return op is None or op.prim is not of(list)
    if prim.function in _OF_TABLES:
        constant = op is not None and all(isinstance(item, Const) for item in op.args)
        return not constant and isinstance(arg, Value)
    return True


@functools.cache
def _positions_agree(prim: Primitive, count: int) -> bool:
    """Do the function's own first parameters stand where the fact's do (facts leave some out)?"""
    if isinstance(prim.function, np.ufunc) or not prim.name.startswith("np."):
        return True
    try:
        names = list(inspect.signature(prim.function).parameters)
    except (TypeError, ValueError):
        return True
    return all(a == b or b not in names for a, b in zip(names[:count], prim.params, strict=False))


def _method(frame: Frame, node: gast.Call, base: Bound) -> Bound:
    from gradscribe.frontend.expressions import check_has

    name = node.func.attr
    check_has(frame, node, base, name)
    fields = frame.heap.fields(base)
    if isinstance(base, Const) and name in ("keys", "values", "items", "get", "copy"):
        table = containers.constant_entries(base)
        found = None
        if table is not None:
            found = containers.method(frame, node, Ref(Loc()), table, name, *arguments(frame, node))
        if found is not None:
            return found
    if fields is None and name == "append" and containers.is_empty_list(frame, base):
        fields = Fields("list", {})
    given: list[Bound] | None = None
    if fields is not None and isinstance(base, Ref):
        given, named = arguments(frame, node)
        if not fields.entries and fields.kind == "list":
            if not containers.is_followed_list(frame, given):
                return lists.method(frame, node, base, name, given, named)
            frame.heap.values[base.loc] = fields
        result = containers.method(frame, node, base, fields, name, given, named)
        if result is not None:
            return result
        if fields.kind == "dict":
            frame.refuse(
                node,
                f"the dict method .{name}() needs a key that is known here",
                "use keys that are written in the program",
            )
        frame.settle(base)
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


# ---------------------------------------------------------------------------- user functions


def inline(
    frame: Frame,
    node: gast.Call,
    definition: Definition,
    outer: Frame | None,
    positional: list[Bound],
    keywords: Keywords,
    variables: dict[str, Bound] | None = None,
) -> Bound:
    """Lower the callee's body in place, its parameters bound to the arguments.

    ``variables`` takes up what its variables are in the end.
    """
    from gradscribe.frontend.lower import body, parameters

    if generators.is_generator(definition):
        return generators.called(frame, node, definition, outer, positional, keywords)
    inner = Frame(definition, frame.builder, frame.heap, frame)
    bind_parameters(frame, inner, node, definition, positional, keywords)
    if not recursion.in_progress(definition):
        inner.structure = recursion.structure(inner)
        if recursion.repeats(inner):
            raise recursion.Recursive(definition)
    bound = [(p.name, inner.env[p.name]) for p in parameters(definition.node)]
    around = {} if outer is None else outer.env
    captured = {name: b for name, b in around.items() if name not in definition.locals}
    if recursion.in_progress(definition):
        return recursion.call(frame, node, definition, bound, captured)
    for name, value in captured.items():
        inner.env.setdefault(name, value)
    built, before = len(frame.builder.region.ops), frame.heap.copy()
    try:
        result = body(inner, definition.node)
        if variables is not None:
            variables.update(inner.env)
        return result
    except recursion.Recursive as found:
        if found.node is not definition.node:
            raise
        del frame.builder.region.ops[built:]
        frame.heap.restore(before)
        return recursion.call(frame, node, definition, bound, captured)


def inline_for(
    frame: Frame,
    node: Any,
    function: types.FunctionType,
    positional: list[Bound],
    keywords: Keywords,
) -> Bound:
    """Lower a function of ours in place of a call, to which all that it does belongs."""
    token = TOUCHED.set(None)  # no derivative is said to depend on it
    try:
        definition = definition_of(function)
    finally:
        TOUCHED.reset(token)
    definition.at = frame.definition.span(node) or frame.builder.span
    return inline(frame, node, definition, None, positional, keywords)


def bind_parameters(
    frame: Frame,
    inner: Frame,
    node: Any,
    definition: Definition,
    positional: list[Bound],
    keywords: Keywords,
) -> None:
    """Bind the parameters of a callee as Python does."""
    from gradscribe.frontend.lower import parameters
    from gradscribe.frontend.stars import gathered

    keywords = dict(keywords)
    rest = list(positional)
    for param in parameters(definition.node):
        if param.kind == "args":
            inner.env[param.name] = gathered(frame, node, rest)
            rest = []
        elif param.kind == "kwargs":
            inner.env[param.name] = containers.make_dict(frame, keywords)
            keywords = {}
        elif param.kind in ("plain", "positional") and rest:
            inner.env[param.name] = rest.pop(0)
        elif param.name in keywords and param.kind != "positional":
            inner.env[param.name] = keywords.pop(param.name)
        elif param.has_default:
            inner.env[param.name] = default_of(frame, node, definition, param.name)
        else:
            frame.refuse(node, f"the argument {param.name!r} is missing")
    if rest or keywords:
        frame.refuse(node, "more arguments than the function has parameters")


def default_of(frame: Frame, node: Any, definition: Definition, name: str) -> Bound:
    """The default of a callee's parameter: the object that Python evaluated when it was defined."""
    function = definition.function
    if function is None:
        return definition.defaults[name]  # type: ignore[no-any-return]  # a Bound
    code = function.__code__
    if function.__kwdefaults__ and name in function.__kwdefaults__:
        value, where = function.__kwdefaults__[name], f"__kwdefaults__[{name!r}]"
    else:
        place = code.co_varnames.index(name) - code.co_argcount
        value, where = (function.__defaults__ or ())[place], f"__defaults__[{place}]"
    if isinstance(value, list | dict) and not value and _only_spread(definition, name):
        return TupleOf(()) if isinstance(value, list) else containers.make_dict(frame, {})
    mutable = isinstance(value, list | dict | np.ndarray)
    if (mutable or is_followed(type(value))) and "<locals>" not in function.__qualname__:
        return Const(value, f"{function.__qualname__}.{where}", function.__module__)
    if mutable:
        frame.refuse(
            node, f"the default of {name!r} is a mutable object", "use None and make it inside"
        )
    return frame.wrap(Const(value))


def _only_spread(definition: Definition, name: str) -> bool:
    """Are the entries of a parameter passed on (``f(x, *args, **kwargs)``), and nothing else?"""
    spread = uses = 0
    for node in gast.walk(definition.node):
        if isinstance(node, gast.Call):
            parts = [a.value for a in node.args if isinstance(a, gast.Starred)]
            parts += [k.value for k in node.keywords if k.arg is None]
            spread += sum(isinstance(part, gast.Name) and part.id == name for part in parts)
        elif isinstance(node, gast.Name) and not isinstance(node.ctx, gast.Param):
            uses += node.id == name
    return uses == spread


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
