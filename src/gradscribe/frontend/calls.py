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
    builtin_calls,
    containers,
    expand,
    opaque,
    records,
    recursion,
    views,
    writes,
)
from gradscribe.frontend.assignments import ASSIGNMENTS
from gradscribe.frontend.frame import GETITEM, Frame
from gradscribe.frontend.heap import Bound, Closure, Fields, Method, Ref, Super, TupleOf
from gradscribe.frontend.procedures import Procedure
from gradscribe.frontend.recognise import helper_of
from gradscribe.frontend.resolve import Definition, definition_of
from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Attrs, Const, Operand, Value
from gradscribe.ir.facts.methods import ATTRIBUTES, METHODS, Gathered
from gradscribe.ir.primitives import BY_FUNCTION, Primitive, of
from gradscribe.ir.transposes import is_whole, may_repeat
from gradscribe.ir.types import (
    Array,
    Mapping,
    Scalar,
    Static,
    Struct,
    Type,
    Unknown,
    dims_of,
    is_static,
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

    if isinstance(node.func, gast.Attribute):
        base = lower(frame, node.func.value)
        if not followed(frame, base) and not _is_static(base):
            return _method(frame, node, base)
        callee = attribute(frame, node.func, base, node.func.attr)
    else:
        callee = lower(frame, node.func)
    plain = isinstance(callee, Const) and records.class_of(frame, callee) is None
    if isinstance(callee, Const) and plain and (callee.name is None or callable(callee.value)):
        return _static_call(frame, node, callee.value)
    return call_bound(frame, node, callee, *arguments(frame, node))


def followed(frame: Frame, bound: Bound) -> bool:
    """Are the attributes of this known by themselves?"""
    if isinstance(bound, Closure | Procedure | Method | Super):
        return True
    return records.class_of(frame, bound) is not None


def call_bound(
    frame: Frame, node: Any, callee: Bound, positional: list[Bound], keywords: Keywords
) -> Bound:
    """Call what an expression was lowered to, with arguments that are lowered already."""
    if isinstance(callee, Procedure):
        return callee.run(frame, node, positional, keywords)  # type: ignore[no-any-return]  # bound
    if isinstance(callee, Closure):
        return _inline(frame, node, callee.definition, callee.frame, positional, keywords)
    if isinstance(callee, Method):
        return call_object(frame, node, callee.function, [callee.receiver, *positional], keywords)
    method = records.special_method(frame, callee, "__call__")
    if method is not None:
        return call_object(frame, node, method.function, [callee, *positional], keywords)
    if isinstance(callee, Const) and callable(callee.value):
        return call_object(frame, node, callee.value, positional, keywords)
    frame.refuse(
        node,
        "the function called here is not known before the program runs",
        "call a function that is defined at module level, or pass it as an argument",
    )


def call_object(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: Keywords
) -> Bound:
    """Call a Python object that is known, with arguments that are lowered already."""
    if isinstance(function, types.MethodType):
        receiver = Const(function.__self__)
        return call_object(frame, node, function.__func__, [receiver, *positional], keywords)
    if isinstance(function, type):
        made = records.construct(frame, node, function, positional, keywords)
        if made is not None:
            return made
        if function in (list, tuple) and not positional:
            return TupleOf(()) if function is tuple else frame.wrap(frame.emit(of(list)))
        if function is dict and not positional:
            return containers.make_dict(frame, {**keywords})
    if function is object.__init__ or function is object.__init_subclass__:
        return Const(None)
    function = helper_of(function)
    prim = BY_FUNCTION.get(function) if _hashable(function) else None
    if prim is not None:
        return apply(frame, node, prim, positional, keywords)
    if isinstance(function, types.FunctionType) and not _is_library(function):
        try:
            definition = definition_of(function)
        except SourceUnavailableError as error:
            frame.refuse(node, error.message, error.hint)
        return _inline(frame, node, definition, None, positional, keywords)
    frame.refuse(node, f"{getattr(function, '__name__', function)!r} cannot be called here")


def _is_static(bound: Bound) -> bool:
    return isinstance(bound, Const) and (
        is_static(bound.value)
        or (bound.name is not None and not isinstance(bound.value, np.ndarray | list | dict))
    )


def arguments(frame: Frame, node: gast.Call, kept: bool = True) -> tuple[list[Bound], Keywords]:
    """The positional and keyword arguments of a call; may the callee keep a list written there?"""
    from gradscribe.frontend.expressions import display, lower

    positional: list[Bound] = []
    for arg in node.args:
        if isinstance(arg, gast.Starred):
            inner = lower(frame, arg.value)
            if not isinstance(inner, TupleOf):
                frame.refuse(arg, "star of something whose length is not known here")
            positional.extend(inner.items)
        elif isinstance(arg, gast.List):
            positional.append(display(frame, arg, kept))
        else:
            positional.append(lower(frame, arg))
    keywords: Keywords = {}
    for keyword in node.keywords:
        if keyword.arg is None:
            frame.refuse(node, "** in a call is not supported yet")
        keywords[keyword.arg] = lower(frame, keyword.value)
    return positional, keywords


def _static_call(frame: Frame, node: gast.Call, function: Any) -> Bound:
    if function is print or (isinstance(function, type) and issubclass(function, BaseException)):
        opaque.statement(frame, gast.Expr(node))
        return Const(None)
    special = _SPECIAL.get(function) if _hashable(function) else None
    result: Bound | None
    if special is not None:
        result = special(frame, node)
        if result is not None:
            return result
    for lowerer in LOWERERS:
        result = lowerer(frame, node, function)
        if result is not None:
            return result
    if isinstance(function, type) and not issubclass(function, BaseException):
        if is_followed(function) or is_named_tuple(function):
            return call_object(frame, node, function, *arguments(frame, node))
    if isinstance(function, types.MethodType) and isinstance(function.__func__, types.FunctionType):
        owner = function.__self__
        if is_followed(owner if isinstance(owner, type) else type(owner)):
            return call_object(frame, node, function, *arguments(frame, node))
    if not _hashable(function):
        frame.refuse(node, f"cannot call {function!r}")
    if isinstance(getattr(function, "__self__", None), np.ufunc) and function.__name__ == "at":
        return writes.ufunc_at(frame, node, function.__self__, *arguments(frame, node, kept=False))
    if function in ASSIGNMENTS:
        return inline_for(frame, node, ASSIGNMENTS[function], *arguments(frame, node, kept=False))
    function = _ATTRIBUTE_OF.get(function, helper_of(function))
    prim = BY_FUNCTION.get(function)
    if prim is not None:
        positional, keywords = arguments(frame, node, kept=False)
        return apply(frame, node, prim, positional, keywords)
    if isinstance(function, types.FunctionType) and not _is_library(function):
        try:
            definition = definition_of(function)
        except SourceUnavailableError as error:
            frame.refuse(node, error.message, error.hint)
        return _inline(frame, node, definition, None, *arguments(frame, node))
    return _opaque_call(frame, node, function)


def _hashable(function: Any) -> bool:
    try:
        hash(function)
    except TypeError:
        return False
    return True


def _is_library(function: types.FunctionType) -> bool:
    """NumPy's and SciPy's own Python functions are not looked into."""
    return function.__module__.split(".")[0] in ("numpy", "scipy")


# Helpers that return what the in-place form would leave behind.
_FUNCTIONAL = (helpers.setitem, helpers.index_add, helpers.append, helpers.without)


def apply(
    frame: Frame,
    node: Any,
    prim: Primitive,
    positional: Sequence[Bound],
    keywords: Keywords,
    form: str | None = None,
) -> Bound:
    """Apply a primitive to bound arguments."""
    decided = _by_structure(frame, node, prim.function, positional) if not keywords else None
    if decided is not None:
        return decided
    taken = writes.take_out(frame, node, prim, positional, keywords)
    if taken is not None:
        into, positional, keywords = taken
        value = apply(frame, node, prim, positional, keywords, form)
        return writes.put_out(frame, node, prim, into, value)
    bound = _bind(frame, node, prim, positional, keywords)
    if bound is None:
        writes.refuse_unknown(frame, node, prim.function, positional, keywords)
        return _opaque_call(frame, node, prim.function)
    args = tuple(frame.read(b) for b in bound)
    try:
        written = expand.written_out(frame, prim, bound, args)
        if written is not None:
            return written
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
    folded = _known_answer(frame, prim, args)
    if folded is not None:
        return folded
    result = frame.emit(prim, *args)
    if form is not None and frame.builder.region.ops and isinstance(result, Value):
        op = frame.builder.region.ops[-1]
        if op.results == (result,):
            op.attrs = Attrs(form=form)
    return frame.wrap(result)


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
        return None if items is None else Const(len(items))
    if function is bool and frame.heap.fields(positional[0]) is not None:
        return truth(frame, node, positional[0])
    return None


def _known_answer(frame: Frame, prim: Primitive, args: tuple[Operand, ...]) -> Const | None:
    """``np.ndim(x)`` where the rank is known, and what a rule asks of the index it is given."""
    if prim.name in ("np.ndim", ".ndim"):
        dims = dims_of(type_of_operand(args[0]))
        return None if dims is None else Const(len(dims))
    if prim.function is helpers.is_one:
        one = args[0]
        return Const(isinstance(one, Const) and one.name is None and helpers.is_one(one.value))
    if prim.function is may_repeat:
        return None if writes.may_name_twice(frame, args[0]) else Const(False)
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
    name = node.func.attr
    fields = frame.heap.fields(base)
    if fields is None and name == "append" and containers.is_empty_list(frame, base):
        fields = Fields("list", {})
    if fields is not None and isinstance(base, Ref):
        given, named = arguments(frame, node)
        if not fields.entries and fields.kind == "list":
            if not containers.is_followed_list(frame, given):
                return _list_call(frame, node, base, name, given, named)
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
    if isinstance(kind, SequenceType) or (isinstance(kind, Unknown) and name in ("append", "pop")):
        return _list_method(frame, node, base, name)
    instead = ASSIGNMENTS.get(getattr(np.ndarray, name, None))
    if instead is not None and isinstance(kind, Array | Unknown):
        if name == "sort" and isinstance(kind, Unknown):
            frame.refuse(node, "cannot know whether an array or a list is sorted here")
        positional, keywords = arguments(frame, node)
        return inline_for(frame, node, instead, [base, *positional], keywords)
    method = METHODS.get(name)
    if method is None or not isinstance(kind, Scalar | Array | Unknown):
        frame.refuse(node, f"the method .{name}() is not supported here")
    positional, keywords = arguments(frame, node)
    positional, keywords = method.bind(positional, keywords)
    positional = [_gathered(arg) for arg in positional]
    return apply(frame, node, of(method.function), [base, *positional], keywords, form="method")


_BOUND = (Value, Const, Ref, TupleOf, Closure, Procedure, Method, Super)


def _gathered(arg: Any) -> Bound:
    """Arguments as ``METHODS`` binds them: tuples to build, and plain objects it fills in."""
    if isinstance(arg, Gathered):
        return TupleOf(tuple(arg))
    return arg if isinstance(arg, _BOUND) else Const(arg)


def _list_method(frame: Frame, node: gast.Call, base: Bound, name: str) -> Bound:
    return _list_call(frame, node, base, name, *arguments(frame, node))


def _list_call(
    frame: Frame,
    node: gast.Call,
    base: Bound,
    name: str,
    positional: list[Bound],
    keywords: Keywords,
) -> Bound:
    if keywords or not isinstance(base, Ref):
        frame.refuse(node, f"the list method .{name}() is not supported here")
    xs = frame.read(base)
    if name == "append" and len(positional) == 1:
        value = positional[0]
        frame.keep(value, node)
        frame.write(base, frame.emit(of(helpers.append), xs, frame.read(value)), node)
        return Const(None)
    if name == "pop" and len(positional) <= 1:
        place = frame.read(positional[0]) if positional else Const(-1)
        item = frame.emit(GETITEM, xs, place)
        frame.write(base, frame.emit(of(helpers.without), xs, place), node)
        popped = frame.wrap(item)
        frame.keep(popped)
        return popped
    if name == "copy" and not positional:
        return frame.wrap(frame.emit(of(helpers.copy_list), xs))
    frame.refuse(node, f"the list method .{name}() is not supported yet")


# ---------------------------------------------------------------------------- user functions


def _inline(
    frame: Frame,
    node: gast.Call,
    definition: Definition,
    outer: Frame | None,
    positional: list[Bound],
    keywords: Keywords,
) -> Bound:
    """Lower the callee's body in place, its parameters bound to the arguments."""
    from gradscribe.frontend.lower import body, parameters

    current: Frame | None = frame
    while current is not None and not recursion.in_progress(definition):
        if current.definition.node is definition.node:
            raise recursion.Recursive(definition)
        current = current.parent
    inner = Frame(definition, frame.builder, frame.heap, frame)
    bind_parameters(frame, inner, node, definition, positional, keywords)
    bound = [(p.name, inner.env[p.name]) for p in parameters(definition.node)]
    if recursion.in_progress(definition):
        return recursion.call(frame, node, definition, bound)
    if outer is not None:
        for name, value in outer.env.items():
            if name not in definition.locals:
                inner.env.setdefault(name, value)
    built = len(frame.builder.region.ops)
    try:
        return body(inner, definition.node)
    except recursion.Recursive as found:
        if found.node is not definition.node or outer is not None:
            raise
        del frame.builder.region.ops[built:]
        return recursion.call(frame, node, definition, bound)


def inline_for(
    frame: Frame,
    node: gast.Call,
    function: types.FunctionType,
    positional: list[Bound],
    keywords: Keywords,
) -> Bound:
    """Lower a function of ours in place of a call, to which all that it does belongs."""
    definition = definition_of(function)
    definition.at = frame.definition.span(node)
    return _inline(frame, node, definition, None, positional, keywords)


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

    keywords = dict(keywords)
    rest = list(positional)
    for param in parameters(definition.node):
        if param.kind == "args":
            inner.env[param.name] = TupleOf(tuple(rest))
            rest = []
        elif param.kind == "kwargs":
            if keywords:
                frame.refuse(node, "a callee with ** parameters is not supported yet")
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
        value = function.__kwdefaults__[name]
    else:
        place = code.co_varnames.index(name) - code.co_argcount
        value = (function.__defaults__ or ())[place]
    if isinstance(value, list | dict | np.ndarray):
        frame.refuse(
            node, f"the default of {name!r} is a mutable object", "use None and make it inside"
        )
    return frame.wrap(Const(value))


# ---------------------------------------------------------------------------- the unknown


def _opaque_call(frame: Frame, node: gast.Call, function: Any) -> Bound:
    """A call that passes through. It must not be able to change an object that we follow."""
    positional, keywords = arguments(frame, node)
    writes.refuse_unknown(frame, node, function, positional, keywords)
    module = getattr(function, "__module__", None) or ""
    trusted = module.split(".")[0] in ("numpy", "math", "builtins") or isinstance(
        function, np.ufunc
    )
    for bound in [*positional, *keywords.values()]:
        if isinstance(bound, Ref) and not trusted and not isinstance(frame.type(bound), Unknown):
            frame.refuse(
                node,
                f"{getattr(function, '__name__', function)!r} is not understood "
                "and might change its argument",
                "declare a rule for it, or pass a copy and use its result as a constant",
            )
    return opaque.expression(frame, node)


def _isinstance(frame: Frame, node: gast.Call) -> Bound | None:
    """``isinstance(x, float)``, decided where the type is known."""
    positional, keywords = arguments(frame, node)
    if len(positional) != 2 or keywords:
        return None
    classes = positional[1]
    parts = classes.items if isinstance(classes, TupleOf) else (classes,)
    if not all(isinstance(p, Const) for p in parts):
        return None
    kind = frame.type(positional[0])
    answers = [_instance_of(kind, p.value) for p in parts if isinstance(p, Const)]
    if any(answer is True for answer in answers):
        return Const(True)
    if frame.builder.derived and [p.value for p in parts if isinstance(p, Const)] == [float]:
        return Const(False)  # what a rule writes for NumPy holds for Python's floats too
    return Const(False) if all(answer is False for answer in answers) else None


def _instance_of(kind: Type, cls: Any) -> bool | None:
    if not isinstance(cls, type):
        return None
    python = {"f": float, "i": int, "b": bool, "c": complex}
    match kind:
        case Scalar(dtype, weak):
            own = python[dtype.kind] if weak and dtype.kind in python else dtype.type
            return issubclass(own, cls)
        case Array(_, dims) if dims:
            return issubclass(np.ndarray, cls)
        case SequenceType(name):
            return issubclass({"list": list, "tuple": tuple}[name], cls)
        case Struct(own):
            return issubclass(own, cls)
        case Mapping():
            return issubclass(dict, cls)
        case Static(value):
            return isinstance(value, cls)
        case _:
            return None


def _sequence(frame: Frame, node: gast.Call) -> Bound:
    """``list(xs)`` and ``tuple(xs)``."""
    positional, keywords = arguments(frame, node)
    as_tuple = frame.lookup(node.func).value is tuple  # type: ignore[union-attr]  # a Const
    source = positional[0] if positional else TupleOf(())
    kind = frame.type(source)
    if isinstance(source, TupleOf):
        if as_tuple:
            return source
        frame.keep(source, node)
        return frame.wrap(frame.emit(of(list), *(frame.read(item) for item in source.items)))
    if (
        keywords
        or len(positional) > 1
        or not (isinstance(kind, SequenceType) and kind.kind == "list")
    ):
        frame.refuse(node, f"a {'tuple' if as_tuple else 'list'} of {kind} is not supported yet")
    if as_tuple:
        frame.refuse(node, "a tuple of a list is not supported yet", "keep the list")
    return frame.wrap(frame.emit(of(helpers.copy_list), frame.read(source)))


# Functions that read an attribute.
_ATTRIBUTE_OF = {np.real: ATTRIBUTES["real"], np.imag: ATTRIBUTES["imag"]}


def _where(frame: Frame, node: gast.Call) -> Bound | None:
    """``np.where(condition)`` alone gives positions."""
    if len(node.args) != 1 or node.keywords or isinstance(node.args[0], gast.Starred):
        return None
    return apply(frame, node, of(np.nonzero), arguments(frame, node, kept=False)[0], {})


_SPECIAL: dict[Any, Any] = {
    np.where: _where, isinstance: _isinstance, list: _sequence, tuple: _sequence,
    **builtin_calls.SPECIAL,
}  # fmt: skip
