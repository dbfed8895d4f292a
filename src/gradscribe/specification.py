"""What a derivative is a derivative of, and how: the specifications behind ``grad``, ``jvp`` and ``vjp``.

A specification knows the IR of its derivative for given types, which is what differentiating it again
and calling it inside another function need, and how to build the variant for a call.
"""

from __future__ import annotations

import inspect
import types
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, final

import numpy as np

import gradscribe.rules  # noqa: F401 (loading them declares every rule)
from gradscribe.annotations import parameter_types
from gradscribe.differentiate import transform
from gradscribe.errors import ArgumentError
from gradscribe.frontend.lower import lower_function
from gradscribe.ir.build import Builder
from gradscribe.ir.core import Function, Operand, Parameter, Region, Value, walk
from gradscribe.ir.primitives import BY_FUNCTION, FOR, WHILE
from gradscribe.ir.rewrite import copy_region
from gradscribe.ir.types import (
    PY_FLOAT,
    PY_INT,
    Array,
    Scalar,
    Static,
    Type,
    Unknown,
    is_scalar,
    maybe_float,
    type_of,
)
from gradscribe.ir.types import Sequence as SequenceType
from gradscribe.passes import simplify
from gradscribe.passes.clean import clean
from gradscribe.passes.share import share_views
from gradscribe.runtime import variants
from gradscribe.runtime.dispatch import Derivative, Variant, make_derivative

Types = tuple[Type, ...]


class Specification(Protocol):
    """What every kind of derivative can say of itself."""

    function: Callable[..., Any]

    @property
    def name(self) -> str: ...
    def ir(self, kinds: Types) -> Function: ...
    def signature(self) -> inspect.Signature: ...
    def variant(self, kinds: Types) -> Variant: ...
    def prepare(self, args: tuple[Any, ...]) -> Types: ...


# ---------------------------------------------------------------------------- the primal


def primal_of(function: Callable[..., Any]) -> types.FunctionType:
    """The Python function at the bottom of a tower of derivatives."""
    if isinstance(function, Derivative):
        return primal_of(function.specification.function)
    if isinstance(function, types.FunctionType):
        return function
    return _stand_in(function)


def _stand_in(function: Callable[..., Any]) -> types.FunctionType:
    """For a callable that is no Python function: one whose globals hold nothing."""
    prim = _primitive(function)
    signature = ", ".join(n for n in prim.params if n not in prim.defaults)
    namespace: dict[str, Any] = {"__name__": getattr(function, "__module__", None) or "numpy"}
    exec(f"def {function.__name__}({signature}): ...", namespace)
    made: types.FunctionType = namespace[function.__name__]
    return made


def _primitive(function: Callable[..., Any]) -> Any:
    try:
        return BY_FUNCTION[function]
    except (KeyError, TypeError):
        raise ArgumentError(
            f"cannot differentiate {function!r}: it is not a Python function",
            hint="wrap it in a function of yours, or declare a rule for it",
        ) from None


def primal_signature(function: Callable[..., Any]) -> inspect.Signature:
    if isinstance(function, Derivative):
        return function.specification.signature()
    if isinstance(function, types.FunctionType):
        return inspect.signature(function, follow_wrapped=False)
    return inspect.signature(_stand_in(function))


def primal_ir(function: Callable[..., Any], kinds: Types) -> Function:
    """The IR of what is differentiated: a function's own, or a derivative's."""
    if isinstance(function, Derivative):
        return function.specification.ir(kinds)  # type: ignore[no-any-return]  # a Specification's
    if isinstance(function, types.FunctionType):
        return clean(share_views(clean(lower_function(function, kinds))))
    prim = _primitive(function)
    builder = Builder()
    names = [n for n in prim.params if n not in prim.defaults]
    values = [Value(n, kind, named=True) for n, kind in zip(names, kinds, strict=True)]
    builder.region.params = values
    builder.region.yields = [builder.emit(prim, *values)]
    return Function(function.__name__, [Parameter(n) for n in names], builder.region)


def base_name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", "function")
    return name if name.isidentifier() else "function"


def places(function: Callable[..., Any], wrt: Any) -> tuple[list[int], bool]:
    """The positions of the parameters that ``wrt`` names, and whether it is one alone."""
    names = list(primal_signature(function).parameters)
    single = not isinstance(wrt, tuple)
    found = []
    for item in (wrt,) if single else wrt:
        if isinstance(item, bool) or not isinstance(item, int | str):
            raise ArgumentError(f"wrt takes positions and names of parameters, not {item!r}")
        if isinstance(item, int):
            if not -len(names) <= item < len(names):
                raise ArgumentError(
                    f"wrt={item}: {base_name(function)} has {len(names)} parameters"
                )
            found.append(item % len(names))
        elif item in names:
            found.append(names.index(item))
        else:
            raise ArgumentError(
                f"wrt={item!r}: {base_name(function)} has no parameter of that name "
                f"(it has {', '.join(names)})"
            )
    return found, single


def argument_types(names: Sequence[str], args: Sequence[Any]) -> Types:
    for name, value in zip(names, args, strict=True):
        # Their operators mean other things.
        if isinstance(value, np.matrix | np.ma.MaskedArray):
            kind = type(value).__name__
            raise ArgumentError(f"the argument {name!r} is a {kind}", hint=f"pass np.asarray({name})")
    return tuple(type_of(value, name) for name, value in zip(names, args, strict=True))


def tuple_type(kinds: Sequence[Type]) -> SequenceType:
    """The type of a tuple of these types."""
    return SequenceType("tuple", tuple(kinds))


def differentiable(kinds: Types, wrt: Sequence[int], names: Sequence[str], who: str) -> Types:
    """The types with ints that are differentiated acting as floats; refused where not real numbers."""
    result = list(kinds)
    for place in wrt:
        result[place] = _as_float(kinds[place], names[place], who)
    return tuple(result)


def _as_float(kind: Type, name: str, who: str) -> Type:
    if kind == PY_INT:
        return PY_FLOAT
    if isinstance(kind, SequenceType) and kind.items is not None:
        return SequenceType(kind.kind, tuple(_as_float(k, name, who) for k in kind.items))
    dtype = kind.dtype if isinstance(kind, Scalar | Array) else None
    if dtype is not None and dtype.kind == "c":
        raise ArgumentError(f"{who}: the argument {name!r} is complex, which is not supported yet")
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
    if isinstance(kind, Static):
        return "None" if kind.value is None else f"of type {type(kind.value).__name__}"
    return f"of type {kind}"


def summed_name(prefix: str, function: Callable[..., Any]) -> str:
    return f"{base_name(function)}_{prefix}"


# ---------------------------------------------------------------------------- the kinds


@final
@dataclass(slots=True, eq=False)
class Gradient:
    """``grad`` and ``value_and_grad``."""

    function: Callable[..., Any]
    wrt: Any
    mode: str
    with_value: bool
    cache: dict[Types, Function] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.mode not in ("auto", "reverse", "forward"):
            raise ArgumentError(f"mode must be 'auto', 'reverse' or 'forward', not {self.mode!r}")
        places(self.function, self.wrt)

    @property
    def name(self) -> str:
        return summed_name("value_and_grad" if self.with_value else "grad", self.function)

    def signature(self) -> inspect.Signature:
        return primal_signature(self.function)

    def doc(self) -> str:
        wrt, _ = places(self.function, self.wrt)
        names = list(self.signature().parameters)
        what = "Value and gradient" if self.with_value else "Gradient"
        return f"{what} of {base_name(self.function)} with respect to {_listed([names[i] for i in wrt])}."

    def prepare(self, args: tuple[Any, ...]) -> Types:
        return argument_types(list(self.signature().parameters), args)

    def ir(self, kinds: Types) -> Function:
        known = self.cache.get(kinds)
        if known is None:
            known = self.cache[kinds] = self._make(kinds)
        return known

    def _make(self, kinds: Types) -> Function:
        wrt, single = places(self.function, self.wrt)
        names = list(self.signature().parameters)
        primal = primal_ir(self.function, differentiable(kinds, wrt, names, self.name))
        forward = self.mode == "forward" or (
            self.mode == "auto"
            and single
            and is_scalar(primal.body.params[wrt[0]].type)
            and any(op.prim in (FOR, WHILE) for op in walk(primal.body))
        )
        if forward and not all(is_scalar(primal.body.params[i].type) for i in wrt):
            raise ArgumentError(
                f"{self.name}: forward mode takes scalar parameters, one sweep for each",
                hint="use mode='reverse', or jvp for a directional derivative",
            )
        make = transform.forward_gradient if forward else transform.gradient
        result = simplify(make(primal, wrt, single, self.with_value, self.name))
        result.doc = self.doc()
        return result

    def variant(self, kinds: Types) -> Variant:
        return _simple_variant(self, kinds)

    def reduce(self) -> tuple[Any, ...]:
        from gradscribe import api

        make = api.value_and_grad if self.with_value else api.grad
        return _restore, (make, self.function, (self.wrt,), {"mode": self.mode}, self.signature())


def _restore(
    make: Any, function: Any, args: tuple[Any, ...], keywords: dict[str, Any], signature: Any
) -> Any:
    """Make a derivative again; its function may be restored only in part yet (without defaults)."""
    restored = make(function, *args, **keywords)
    return derivative(restored.specification, signature)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" and {names[-1]}"


def _simple_variant(specification: Any, kinds: Types) -> Variant:
    function = specification.ir(kinds)
    primal = primal_of(specification.function)
    signature = list(zip(specification.signature().parameters, kinds, strict=True))
    for note in function.notes:
        warnings.warn(f"{specification.name}: {note}", UserWarning, stacklevel=5)
    head = variants.header("Derivative", primal, signature, function.notes)
    return variants.build([function], function.name, primal, head)


def _alike(value: Any, dot: Any) -> bool:
    """Has a tangent the shape of its value?"""
    if isinstance(value, list | tuple):
        return (
            isinstance(dot, list | tuple)
            and len(dot) == len(value)
            and all(map(_alike, value, dot))
        )
    return np.shape(dot) == np.shape(value)


@final
@dataclass(slots=True, eq=False)
class Tangent:
    """``jvp``: a function of ``(args, tangents)``."""

    function: Callable[..., Any]
    cache: dict[tuple[Types, tuple[bool, ...]], Function] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return summed_name("jvp", self.function)

    def signature(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature([inspect.Parameter(n, kind) for n in ("args", "tangents")])

    def doc(self) -> str:
        return f"Value and tangent of {base_name(self.function)}."

    def prepare(self, args: tuple[Any, ...]) -> Types:
        given, tangents = args
        names = list(primal_signature(self.function).parameters)
        if not isinstance(given, tuple) or not isinstance(tangents, tuple):
            raise ArgumentError(f"{self.name} takes two tuples: arguments and tangents")
        if not len(given) == len(tangents) == len(names):
            raise ArgumentError(
                f"{self.name}: {len(given)} arguments and {len(tangents)} tangents "
                f"for {len(names)} parameters ({', '.join(names)})"
            )
        for name, value, dot in zip(names, given, tangents, strict=True):
            if dot is not None and not _alike(value, dot):
                raise ArgumentError(
                    f"{self.name}: the tangent of {name!r} has shape {np.shape(dot)}, "
                    f"the argument {np.shape(value)}"
                )
        kinds = argument_types(names, given)
        dots = tuple(type_of(dot, name) for name, dot in zip(names, tangents, strict=True))
        return (SequenceType("tuple", kinds), SequenceType("tuple", dots))

    def inner(self, kinds: Types) -> Function:
        """The function of arguments and the tangents that are given, one after the other."""
        args, tangents = kinds
        assert isinstance(args, SequenceType) and isinstance(tangents, SequenceType)
        given = tuple(t != type_of(None) for t in tangents.items or ())
        key = ((args, tangents), given)
        known = self.cache.get(key)
        if known is None:
            wrt = [i for i, flag in enumerate(given) if flag]
            names = list(primal_signature(self.function).parameters)
            floats = differentiable(args.items or (), wrt, names, self.name)
            primal = primal_ir(self.function, floats)
            known = simplify(transform.tangent(primal, wrt, self.name))
            known.doc = self.doc()
            self.cache[key] = known
        return known

    def ir(self, kinds: Types) -> Function:
        """The function of two tuples."""
        inner = self.inner(kinds)
        body = Region()
        builder = Builder(body)
        values = [Value(n, k, named=True) for n, k in zip(("args", "tangents"), kinds, strict=True)]
        body.params = values
        mapping: dict[Value, Operand] = {}
        count = len(kinds[0].items or ())  # type: ignore[union-attr]  # a Sequence
        given = [
            i for i, t in enumerate(kinds[1].items or ()) if t != type_of(None)  # type: ignore[union-attr]  # a Sequence
        ]
        sources = [(values[0], i) for i in range(count)] + [(values[1], i) for i in given]
        for param, (value, place) in zip(inner.body.params, sources, strict=True):
            mapping[param] = builder.emit(transform.GETITEM, value, place)
        copied = Region([], inner.body.ops, inner.body.yields)
        region = copy_region(copied, mapping)
        body.ops += region.ops
        body.yields = region.yields
        return Function(self.name, [Parameter("args"), Parameter("tangents")], body)

    def variant(self, kinds: Types) -> Variant:
        function = self.inner(kinds)
        primal = primal_of(self.function)
        args, tangents = kinds
        names = [p.name for p in function.params]
        flat = [*(args.items or ()), *(t for t in tangents.items or () if t != type_of(None))]  # type: ignore[union-attr]  # Sequences
        for note in function.notes:
            warnings.warn(f"{self.name}: {note}", UserWarning, stacklevel=5)
        head = variants.header(
            "Tangent", primal, list(zip(names, flat, strict=True)), function.notes
        )
        made = variants.build([function], function.name, primal, head)
        call = made.function

        def run(args: tuple[Any, ...], tangents: tuple[Any, ...]) -> object:
            return call(*args, *(t for t in tangents if t is not None))

        return Variant(run, made.source)

    def reduce(self) -> tuple[Any, ...]:
        from gradscribe import api

        return _restore, (api.jvp, self.function, (), {}, self.signature())


@final
@dataclass(slots=True, eq=False)
class Pullback:
    """``vjp``: value and pullback."""

    function: Callable[..., Any]
    wrt: Any
    cache: dict[Types, transform.Pullback] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.wrt is not None:
            places(self.function, self.wrt)

    @property
    def name(self) -> str:
        return summed_name("vjp", self.function)

    def signature(self) -> inspect.Signature:
        return primal_signature(self.function)

    def doc(self) -> str:
        return f"Value and pullback of {base_name(self.function)}."

    def prepare(self, args: tuple[Any, ...]) -> Types:
        return argument_types(list(self.signature().parameters), args)

    def asked(self, kinds: Types) -> tuple[list[int], bool]:
        """The parameters whose gradients the pullback gives."""
        if self.wrt is not None:
            return places(self.function, self.wrt)
        return [i for i, k in enumerate(kinds) if k == PY_INT or maybe_float(k)], False

    def pair(self, kinds: Types) -> transform.Pullback:
        known = self.cache.get(kinds)
        if known is None:
            wrt, single = self.asked(kinds)
            names = list(self.signature().parameters)
            primal = primal_ir(self.function, differentiable(kinds, wrt, names, self.name))
            known = transform.pullback(primal, wrt, single, base_name(self.function))
            self.cache[kinds] = known
        return known

    def ir(self, kinds: Types) -> Function:
        raise ArgumentError(
            f"{self.name} returns a function and cannot be differentiated itself",
            hint="differentiate a function that calls the pullback",
        )

    def variant(self, kinds: Types) -> Variant:
        pair = self.pair(kinds)
        primal = primal_of(self.function)
        signature = list(zip(self.signature().parameters, kinds, strict=True))
        notes = pair.reverse.notes
        for note in notes:
            warnings.warn(f"{self.name}: {note}", UserWarning, stacklevel=5)
        head = variants.header("Value and pullback", primal, signature, notes)
        wrt, single = self.asked(kinds)
        params = primal_ir(self.function, kinds).params
        extra = variants.pullback_statements(self.name, self.doc(), pair, params)
        made = variants.build([pair.forward, pair.reverse], self.name, primal, head, extra)
        call = made.function
        count = len(kinds)
        everything = self.wrt is None and len(wrt) != count

        def run(*args: Any, **keywords: Any) -> object:
            value, pullback = call(*args, **keywords)  # type: ignore[misc]  # the pair that it returns

            def checked(y_bar: Any) -> object:
                if not isinstance(value, tuple | list | dict) and np.shape(y_bar) != np.shape(
                    value
                ):
                    raise ArgumentError(
                        f"{self.name}: the cotangent has shape {np.shape(y_bar)}, "
                        f"the value {np.shape(value)}"
                    )
                bars = pullback(y_bar)
                if not everything:
                    return bars
                spread: list[Any] = [None] * count
                for place, bar in zip(wrt, bars, strict=True):
                    spread[place] = bar
                return tuple(spread)

            return value, checked

        return Variant(run, made.source)

    def reduce(self) -> tuple[Any, ...]:
        from gradscribe import api

        return _restore, (api.vjp, self.function, (self.wrt,), {}, self.signature())


def derivative(specification: Any, signature: inspect.Signature | None = None) -> Derivative:
    """The callable derivative of a specification, with its signature or a given one."""
    function = specification.function

    def compile_variant(args: tuple[object, ...]) -> Variant:
        return specification.variant(specification.prepare(args))  # type: ignore[no-any-return]  # a Specification's

    def generic() -> Variant:
        return specification.variant(annotated_types(specification))  # type: ignore[no-any-return]  # a Specification's

    made = make_derivative(
        specification.name,
        signature or specification.signature(),
        compile_variant,
        doc=specification.doc(),
        module=getattr(function, "__module__", None),
        reduce=specification.reduce,
        generic=generic,
    )
    made.specification = specification
    return made


def annotated_types(specification: Any) -> Types:
    """The parameter types that annotations give; unknown where there are none."""
    return parameter_types(primal_of(specification.function), specification.signature().parameters)


@final
@dataclass(frozen=True, slots=True)
class Request:
    """What ``@differentiate`` was asked for."""

    wrt: Any
    mode: str
    order: int
