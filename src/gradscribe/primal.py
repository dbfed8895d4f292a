"""What is differentiated: its Python function, its signature, its IR for given types.

A primal is a Python function, a derivative (which is differentiated again), or a function of NumPy
or Python that has a rule.
"""

from __future__ import annotations

import contextlib
import inspect
import types
from collections.abc import Callable, Sequence
from typing import Any

import gradscribe.rules  # noqa: F401 (loading them declares every rule)
from gradscribe.arrays import library_name, unlike_arrays
from gradscribe.differentiate.inputs import Place
from gradscribe.emit.dispatching import refuse_writes
from gradscribe.errors import ArgumentError
from gradscribe.frontend.apart import keep_apart
from gradscribe.frontend.applied import lower_ruled
from gradscribe.frontend.declared import declared, path_of, under
from gradscribe.frontend.local import Local
from gradscribe.frontend.lower import lower_function
from gradscribe.frontend.resolve import is_written
from gradscribe.ir import trees
from gradscribe.ir.abstraction import type_of
from gradscribe.ir.build import Builder
from gradscribe.ir.core import Function, Parameter, Value
from gradscribe.ir.primitives import find
from gradscribe.ir.types import (
    PY_FLOAT,
    PY_INT,
    Array,
    Mapping,
    Scalar,
    Static,
    Struct,
    Type,
    Unknown,
    maybe_float,
)
from gradscribe.ir.types import Sequence as SequenceType
from gradscribe.passes.clean import clean
from gradscribe.passes.displays import read_displays
from gradscribe.passes.share import share_views
from gradscribe.runtime.dispatch import Derivative

Types = tuple[Type, ...]


def local_of(function: Callable[..., Any]) -> Any:
    """What is at the bottom of a tower of derivatives, which may be a function of a program."""
    while isinstance(function, Derivative):
        function = function.specification.function
    return function


def primal_of(function: Callable[..., Any]) -> types.FunctionType:
    """The Python function at the bottom of a tower of derivatives."""
    if isinstance(function, Derivative):
        return primal_of(function.specification.function)
    if _is_read(function):
        return function  # type: ignore[return-value]  # it is a Python function
    return _stand_in(function)


def _is_read(function: Callable[..., Any]) -> bool:
    """Is this a Python function whose source says what it computes?"""
    if not isinstance(function, types.FunctionType):
        return False
    return is_written(function) or find(function) is None


def _stand_in(function: Callable[..., Any]) -> types.FunctionType:
    """For a callable that is no Python function: one whose globals hold nothing."""
    about = declared(function)
    if about is not None:
        signature = ", ".join(about.params)
    else:
        prim = _primitive(function)
        signature = ", ".join(n for n in prim.params if n not in prim.defaults)
    namespace: dict[str, Any] = {"__name__": getattr(function, "__module__", None) or "numpy"}
    exec(f"def {function.__name__}({signature}): ...", namespace)
    made: types.FunctionType = namespace[function.__name__]
    return made


def _primitive(function: Callable[..., Any]) -> Any:
    known = None
    with contextlib.suppress(TypeError):  # what cannot be hashed
        known = find(function)
    if known is None:
        # No repr: that of a module holds a path, that of an object an address.
        kind = type(function).__name__
        name = getattr(function, "__qualname__", None) or getattr(function, "__name__", "a value")
        raise ArgumentError(
            f"cannot differentiate {name} of type {kind}: it is not a Python function",
            hint="wrap it in a function of yours, or declare a rule for it",
        )
    return known


def primal_signature(function: Callable[..., Any]) -> inspect.Signature:
    if isinstance(function, Derivative):
        signature: inspect.Signature = function.specification.signature()
        return signature
    if isinstance(function, Local):
        return function.signature()
    if _is_read(function):
        return inspect.signature(function, follow_wrapped=False)
    return inspect.signature(_stand_in(function))


def primal_ir(function: Callable[..., Any], kinds: Types) -> Function:
    """The IR of what is differentiated: a function's own, or a derivative's."""
    if isinstance(function, Derivative):
        with under(function.rules):
            made: Function = function.specification.ir(kinds)
        return made
    about = declared(function)
    if about is not None:
        return _cleaned(lower_ruled(about, kinds))
    if isinstance(function, Local):
        return _cleaned(function.ir(kinds))
    if _is_read(function):
        return _cleaned(lower_function(function, kinds))  # type: ignore[arg-type]  # it is one
    prim = _primitive(function)
    builder = Builder()
    names = [n for n in prim.params if n not in prim.defaults]
    values = [Value(n, kind, named=True) for n, kind in zip(names, kinds, strict=True)]
    builder.region.params = values
    builder.region.yields = [builder.emit(prim, *values)]
    return Function(function.__name__, [Parameter(n) for n in names], builder.region)


def _cleaned(lowered: Function) -> Function:
    return keep_apart(clean(share_views(clean(read_displays(refuse_writes(lowered))))))


def base_name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", "function")
    return name if name.isidentifier() else "function"


def places(function: Callable[..., Any], wrt: Any) -> tuple[list[Place], bool]:
    """The parameters, or parts of parameters, that ``wrt`` names, and whether it is one alone."""
    names = list(primal_signature(function).parameters)
    single = not isinstance(wrt, tuple)
    if wrt == ():
        raise ArgumentError(f"wrt=(): it names nothing to differentiate {base_name(function)} by")
    return [_place(function, names, item) for item in ((wrt,) if single else wrt)], single


def _place(function: Callable[..., Any], names: list[str], item: Any) -> Place:
    if isinstance(item, bool) or not isinstance(item, int | str):
        raise ArgumentError(f"wrt takes positions and names of parameters, not {item!r}")
    if isinstance(item, int):
        if not -len(names) <= item < len(names):
            raise ArgumentError(f"wrt={item}: {base_name(function)} has {len(names)} parameters")
        return Place(item % len(names))
    name, *path = path_of(item) or (None,)
    if name is None:
        raise ArgumentError(
            f"wrt={item!r} is no parameter and no part of one",
            hint='write "x" or "model.layers[0].w"',
        )
    if name not in names:
        raise ArgumentError(
            f"wrt={item!r}: {base_name(function)} has no parameter of that name "
            f"(it has {', '.join(names)})"
        )
    return Place(names.index(name), tuple(path))


def kind_at(kind: Type, path: tuple[Any, ...], who: str) -> tuple[Type, tuple[Any, ...]]:
    """The type of a part, and the way there as the type spells it (positions from the front)."""
    keys: list[Any] = []
    for step in path:
        key, parts, known = step, trees.part_types(kind), trees.keys(kind)
        if parts is None:
            raise ArgumentError(
                f"{who}: nothing is known of the parts of the argument, which is {_describe(kind)}",
                hint="call the derivative with arguments, or annotate the parameter",
            )
        if isinstance(kind, SequenceType) and isinstance(key, int) and key < 0:
            key += len(parts)
        if key not in known:
            raise ArgumentError(
                f"{who}: there is no {key!r} in {_describe(kind)} "
                f"(it has {', '.join(map(str, known))})",
                hint="name a part that it has",
            )
        kind = parts[known.index(key)]
        keys.append(key)
    return kind, tuple(keys)


def argument_types(
    names: Sequence[str], args: Sequence[Any], sized: bool = True, wrt: Sequence[Place] = ()
) -> Types:
    """The types of arguments: of those of a call (``sized``), or of an example for others.

    What is differentiated (``wrt``) and is like an array must follow NumPy's protocols.
    """
    asked = {place.param for place in wrt if not place.path}
    for place, (name, value) in enumerate(zip(names, args, strict=True)):
        _check_arrays(f"the argument {name!r} is", name, value, place in asked)
    return tuple(type_of(value, name, sized) for name, value in zip(names, args, strict=True))


def _check_arrays(what: str, name: str, value: Any, asked: bool) -> None:
    """Refuse what is like an array in an argument, or its parts, and does not act as NumPy's do."""
    if isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            _check_arrays(f"the argument {name!r} holds", name, part, asked)
    elif (why := unlike_arrays(value, asked)) is not None:
        raise ArgumentError(
            f"{what} a {library_name(type(value))}, {why}", hint=f"pass np.asarray({name})"
        )


def tuple_type(kinds: Sequence[Type]) -> SequenceType:
    """The type of a tuple of these types."""
    return SequenceType("tuple", tuple(kinds))


def differentiable(
    kinds: Types, wrt: Sequence[Place], names: Sequence[str], who: str
) -> tuple[Types, list[Place]]:
    """The types, ints that are differentiated as floats; refused where they are not real.

    And the places, with the way to each part as its type spells it.
    """
    result, found = list(kinds), []
    for place in wrt:
        kind, path = kind_at(result[place.param], place.path, who)
        name = spelled(names[place.param], path)
        result[place.param] = _with_part(result[place.param], path, _as_float(kind, name, who))
        found.append(Place(place.param, path))
    return tuple(result), found


def spelled(name: str, path: tuple[Any, ...]) -> str:
    """A parameter's part as a program writes it."""
    return name + "".join(f".{k}" if isinstance(k, str) else f"[{k!r}]" for k in path)


def _with_part(kind: Type, path: tuple[Any, ...], part: Type) -> Type:
    """A type in which the part at the end of a path has another type."""
    if not path:
        return part
    parts, known = list(trees.part_types(kind) or ()), trees.keys(kind)
    place = known.index(path[0])
    parts[place] = _with_part(parts[place], path[1:], part)
    return trees.with_parts(kind, parts)


def _as_float(kind: Type, name: str, who: str) -> Type:
    if kind == PY_INT:
        return PY_FLOAT
    if isinstance(kind, SequenceType) and kind.items is not None:
        return SequenceType(kind.kind, tuple(_as_float(k, name, who) for k in kind.items))
    if isinstance(kind, Mapping | Struct) and maybe_float(kind):
        return kind  # parts that are no floats are left alone
    dtype = kind.dtype if isinstance(kind, Scalar | Array) else None
    if dtype is not None and dtype.kind == "c":
        raise ArgumentError(
            f"{who}: the argument {name!r} is complex, which is not supported yet",
            hint="pass real and imaginary parts apart",
        )
    if not maybe_float(kind):
        raise ArgumentError(
            f"{who}: cannot differentiate with respect to {name!r}, which is {_describe(kind)}",
            hint=(
                f"convert it to floating point: {name}.astype(float)"
                if isinstance(kind, Array)
                else None
            ),
        )
    return kind


def _describe(kind: Type) -> str:
    if isinstance(kind, Array):
        return f"an array of {kind.dtype}"
    if isinstance(kind, Struct):
        return f"an object of the class {kind.cls.__name__}"
    if isinstance(kind, Mapping):
        return "a dict"
    if isinstance(kind, Static):
        return "None" if kind.value is None else f"of type {type(kind.value).__name__}"
    if isinstance(kind, Unknown):
        return "something of which nothing is known"
    return f"of type {kind}"


def summed_name(prefix: str, function: Callable[..., Any]) -> str:
    return f"{base_name(function)}_{prefix}"
