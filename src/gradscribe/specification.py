"""What a derivative is a derivative of, and how: what is behind ``grad``, ``jvp`` and ``vjp``.

A specification knows the IR of its derivative for given types, which is what differentiating it
again and calling it inside another function need, and how to build the variant for a call.
"""

from __future__ import annotations

import inspect
import operator
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, final

import numpy as np

import gradscribe.rules  # noqa: F401 (loading them declares every rule)
from gradscribe.annotations import parameter_types
from gradscribe.differentiate import blame, transform
from gradscribe.differentiate.inputs import Place
from gradscribe.errors import ArgumentError
from gradscribe.ir.build import Builder
from gradscribe.ir.core import Function, Operand, Parameter, Region, Value, walk
from gradscribe.ir.primitives import FOR, WHILE, of
from gradscribe.ir.rewrite import copy_region
from gradscribe.ir.types import (
    PY_INT,
    Type,
    is_scalar,
    maybe_float,
    type_of,
)
from gradscribe.ir.types import Sequence as SequenceType
from gradscribe.passes import simplify
from gradscribe.primal import (
    Types,
    argument_types,
    base_name,
    differentiable,
    kind_at,
    places,
    primal_ir,
    primal_of,
    primal_signature,
    spelled,
    summed_name,
)
from gradscribe.runtime import variants
from gradscribe.runtime.dispatch import Derivative, Variant, make_derivative

_GETITEM = of(operator.getitem)


class Specification(Protocol):
    """What every kind of derivative can say of itself."""

    @property
    def function(self) -> Callable[..., Any]: ...
    @property
    def name(self) -> str: ...
    def ir(self, kinds: Types) -> Function: ...
    def signature(self) -> inspect.Signature: ...
    def variant(self, kinds: Types) -> Variant: ...
    def prepare(self, args: tuple[Any, ...]) -> Types: ...
    def doc(self) -> str: ...
    def reduce(self) -> tuple[Any, ...]: ...


@final
@dataclass(slots=True, eq=False)
class Gradient:
    """``grad`` and ``value_and_grad``."""

    function: Callable[..., Any]
    wrt: Any
    mode: str
    with_value: bool
    nan_check: bool = False
    cache: dict[Types, Function] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.mode not in ("auto", "reverse", "forward"):
            raise ArgumentError(f"mode must be 'auto', 'reverse' or 'forward', not {self.mode!r}")
        places(self.function, self.wrt)

    @property
    def name(self) -> str:
        kind = "value_and_grad" if self.with_value else "grad"
        return summed_name(_checked(kind, self.nan_check), self.function)

    def signature(self) -> inspect.Signature:
        return primal_signature(self.function)

    def doc(self) -> str:
        wrt, _ = places(self.function, self.wrt)
        names = list(self.signature().parameters)
        what = "Value and gradient" if self.with_value else "Gradient"
        given = _listed([spelled(names[place.param], place.path) for place in wrt])
        return f"{what} of {base_name(self.function)} with respect to {given}."

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
        kinds, wrt = differentiable(kinds, wrt, names, self.name)
        primal = _primal(self.function, kinds, wrt, self.nan_check)
        asked = [kind_at(primal.body.params[p.param].type, p.path, self.name)[0] for p in wrt]
        forward = self.mode == "forward" or (
            self.mode == "auto"
            and single
            and is_scalar(asked[0])
            and any(op.prim in (FOR, WHILE) for op in walk(primal.body))
        )
        if forward and not all(map(is_scalar, asked)):
            raise ArgumentError(
                f"{self.name}: forward mode takes scalar parameters, one sweep for each",
                hint="use mode='reverse', or jvp for a directional derivative",
            )
        make = transform.forward_gradient if forward else transform.gradient
        result = make(primal, wrt, single, self.with_value, self.name)
        result = simplify(blame.watch(result) if self.nan_check else result)
        result.doc = self.doc()
        return result

    def variant(self, kinds: Types) -> Variant:
        return _simple_variant(self, kinds)

    def reduce(self) -> tuple[Any, ...]:
        from gradscribe import api

        make = api.value_and_grad if self.with_value else api.grad
        keywords = {"mode": self.mode, "nan_check": self.nan_check}
        return _restore, (make, self.function, (self.wrt,), keywords, self.signature())


def _restore(
    make: Any, function: Any, args: tuple[Any, ...], keywords: dict[str, Any], signature: Any
) -> Any:
    """Make a derivative again; its function may be restored only in part yet (without defaults)."""
    restored = make(function, *args, **keywords)
    return derivative(restored.specification, signature)


def _checked(kind: str, nan_check: bool) -> str:
    return f"checked_{kind}" if nan_check else kind


def _primal(function: Any, kinds: Types, wrt: list[Place], nan_check: bool) -> Function:
    """The IR of what is differentiated; with checks of what it computes if they are wanted."""
    primal = primal_ir(function, kinds)
    if not nan_check:
        return primal
    return blame.watched(primal, [primal.body.params[place.param] for place in wrt])


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + f" and {names[-1]}"


def _simple_variant(specification: Specification, kinds: Types) -> Variant:
    function = specification.ir(kinds)
    primal = primal_of(specification.function)
    signature = list(zip(specification.signature().parameters, kinds, strict=True))
    for note in function.notes:
        warnings.warn(f"{specification.name}: {note}", UserWarning, stacklevel=5)
    head = variants.header("Derivative", primal, signature, function.notes)
    return variants.build([function], function.name, primal, head)


def _items(kind: Type) -> tuple[Type, ...]:
    """The types of the entries of a tuple."""
    assert isinstance(kind, SequenceType)
    return kind.items or ()


def _alike(value: Any, dot: Any) -> bool:
    """Has a tangent the shape of its value?"""
    if isinstance(value, list | tuple):
        return (
            isinstance(dot, list | tuple)
            and len(dot) == len(value)
            and all(map(_alike, value, dot))
        )
    return bool(np.shape(dot) == np.shape(value))


@final
@dataclass(slots=True, eq=False)
class Tangent:
    """``jvp``: a function of ``(args, tangents)``."""

    function: Callable[..., Any]
    nan_check: bool = False
    cache: dict[tuple[Types, tuple[bool, ...]], Function] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return summed_name(_checked("jvp", self.nan_check), self.function)

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
        rest = self._defaults(len(given))
        if rest is None or len(given) != len(tangents):
            raise ArgumentError(
                f"{self.name}: {len(given)} arguments and {len(tangents)} tangents "
                f"for {len(names)} parameters ({', '.join(names)})"
            )
        given, tangents = (*given, *rest), (*tangents, *(None for _ in rest))
        for name, value, dot in zip(names, given, tangents, strict=True):
            if dot is not None and not _alike(value, dot):
                raise ArgumentError(
                    f"{self.name}: the tangent of {name!r} has shape {np.shape(dot)}, "
                    f"the argument {np.shape(value)}"
                )
        kinds = argument_types(names, given)
        dots = tuple(
            type_of(dot, name, sized=True) for name, dot in zip(names, tangents, strict=True)
        )
        return (SequenceType("tuple", kinds), SequenceType("tuple", dots))

    def _defaults(self, count: int) -> tuple[Any, ...] | None:
        """What stands for the arguments that are left out after ``count``; None if one must not."""
        parameters = list(primal_signature(self.function).parameters.values())
        gathered: dict[Any, Any] = {
            inspect.Parameter.VAR_POSITIONAL: (),
            inspect.Parameter.VAR_KEYWORD: {},
        }
        rest = tuple(gathered.get(p.kind, p.default) for p in parameters[count:])
        return None if inspect.Parameter.empty in rest or count > len(parameters) else rest

    def inner(self, kinds: Types) -> Function:
        """The function of arguments and the tangents that are given, one after the other."""
        args, tangents = kinds
        assert isinstance(args, SequenceType) and isinstance(tangents, SequenceType)
        given = tuple(t != type_of(None) for t in tangents.items or ())
        key = ((args, tangents), given)
        known = self.cache.get(key)
        if known is None:
            wrt = [Place(i) for i, flag in enumerate(given) if flag]
            names = list(primal_signature(self.function).parameters)
            floats, _ = differentiable(args.items or (), wrt, names, self.name)
            primal = _primal(self.function, floats, wrt, self.nan_check)
            known = transform.tangent(primal, wrt, self.name)
            known = simplify(blame.watch(known) if self.nan_check else known)
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
        count = len(_items(kinds[0]))
        given = [i for i, t in enumerate(_items(kinds[1])) if t != type_of(None)]
        sources = [(values[0], i) for i in range(count)] + [(values[1], i) for i in given]
        for param, (value, place) in zip(inner.body.params, sources, strict=True):
            mapping[param] = builder.emit(_GETITEM, value, place)
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
        flat = [*_items(args), *(t for t in _items(tangents) if t != type_of(None))]
        for note in function.notes:
            warnings.warn(f"{self.name}: {note}", UserWarning, stacklevel=5)
        head = variants.header(
            "Tangent", primal, list(zip(names, flat, strict=True)), function.notes
        )
        made = variants.build([function], function.name, primal, head)
        call = made.function

        def run(args: tuple[Any, ...], tangents: tuple[Any, ...]) -> object:
            rest = self._defaults(len(args)) or ()
            return call(*args, *rest, *(t for t in tangents if t is not None))

        return Variant(run, made.source)

    def reduce(self) -> tuple[Any, ...]:
        from gradscribe import api

        keywords = {"nan_check": self.nan_check}
        return _restore, (api.jvp, self.function, (), keywords, self.signature())


@final
@dataclass(slots=True, eq=False)
class Pullback:
    """``vjp``: value and pullback."""

    function: Callable[..., Any]
    wrt: Any
    nan_check: bool = False
    cache: dict[Types, transform.Pullback] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.wrt is not None:
            places(self.function, self.wrt)

    @property
    def name(self) -> str:
        return summed_name(_checked("vjp", self.nan_check), self.function)

    def signature(self) -> inspect.Signature:
        return primal_signature(self.function)

    def doc(self) -> str:
        return f"Value and pullback of {base_name(self.function)}."

    def prepare(self, args: tuple[Any, ...]) -> Types:
        return argument_types(list(self.signature().parameters), args)

    def asked(self, kinds: Types) -> tuple[list[Place], bool]:
        """The parameters whose gradients the pullback gives."""
        if self.wrt is not None:
            return places(self.function, self.wrt)
        floats = [i for i, k in enumerate(kinds) if k == PY_INT or maybe_float(k)]
        return [Place(i) for i in floats], False

    def pair(self, kinds: Types) -> transform.Pullback:
        known = self.cache.get(kinds)
        if known is None:
            wrt, single = self.asked(kinds)
            names = list(self.signature().parameters)
            floats, wrt = differentiable(kinds, wrt, names, self.name)
            primal = _primal(self.function, floats, wrt, self.nan_check)
            name = base_name(self.function)
            known = transform.pullback(primal, wrt, single, name, self.nan_check)
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
        wrt, _ = self.asked(kinds)
        params = primal_ir(self.function, kinds).params
        extra = variants.pullback_statements(self.name, self.doc(), pair, params)
        made = variants.build([pair.forward, pair.reverse], self.name, primal, head, extra)
        call: Callable[..., Any] = made.function
        count = len(kinds)
        everything = self.wrt is None and len(wrt) != count

        def run(*args: Any, **keywords: Any) -> object:
            value, pullback = call(*args, **keywords)

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
                    spread[place.param] = bar
                return tuple(spread)

            return value, checked

        return Variant(run, made.source)

    def reduce(self) -> tuple[Any, ...]:
        from gradscribe import api

        keywords = {"nan_check": self.nan_check}
        return _restore, (api.vjp, self.function, (self.wrt,), keywords, self.signature())


def derivative(
    specification: Specification, signature: inspect.Signature | None = None
) -> Derivative:
    """The callable derivative of a specification, with its signature or a given one."""
    function = specification.function

    def compile_variant(args: tuple[object, ...]) -> Variant:
        return specification.variant(specification.prepare(args))

    def generic() -> Variant:
        return specification.variant(annotated_types(specification))

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


def annotated_types(specification: Specification) -> Types:
    """The parameter types that annotations give; unknown where there are none."""
    return parameter_types(primal_of(specification.function), specification.signature().parameters)


@final
@dataclass(frozen=True, slots=True)
class Request:
    """What ``@differentiate`` was asked for."""

    wrt: Any
    mode: str
    order: int
