"""``jvp``, and a Hessian times a vector, which is the tangent of a gradient."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from gradscribe.arrays import follows_protocols
from gradscribe.differentiate import blame, transform
from gradscribe.differentiate.inputs import Place
from gradscribe.errors import ArgumentError
from gradscribe.ir.abstraction import type_of
from gradscribe.ir.build import Builder
from gradscribe.ir.core import Function, Operand, Parameter, Region, Value
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.primitives import of
from gradscribe.ir.rewrite import copy_region, copy_value, substitute
from gradscribe.ir.types import NONE, Type, maybe_float
from gradscribe.ir.types import Sequence as SequenceType
from gradscribe.objects import attributes_of
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
    summed_name,
)
from gradscribe.runtime import variants
from gradscribe.runtime.dispatch import Variant
from gradscribe.specification import core

_GETITEM = of(operator.getitem)


def _items(kind: Type) -> tuple[Type, ...]:
    """The types of the entries of a tuple."""
    assert isinstance(kind, SequenceType)
    return kind.items or ()


def alike(value: Any, dot: Any) -> bool:
    """Has a tangent the structure and the shapes of its value, and None for what is no number?"""
    if isinstance(value, list | tuple):
        fits = isinstance(dot, list | tuple) and len(dot) == len(value)
        return fits and all(map(alike, value, dot))
    if isinstance(value, dict):
        fits = isinstance(dot, dict) and list(dot) == list(value)
        return fits and all(alike(value[key], dot[key]) for key in value)
    attributes = attributes_of(value)
    if attributes:
        fits = type(dot) is type(value)
        return fits and all(alike(v, getattr(dot, k, ...)) for k, v in attributes.items())
    if dot is None:
        return not _is_floating(value)
    return bool(np.shape(dot) == np.shape(value)) and dot is not ...


def _is_floating(value: Any) -> bool:
    return isinstance(value, float) or getattr(value, "dtype", np.dtype(int)).kind == "f"


def misfit(what: str, dot: Any, whose: str, value: Any) -> str:
    """What is wrong with a tangent or cotangent that is not ``alike``."""
    if isinstance(value, list | tuple | dict) or attributes_of(value):
        return f"{what} has not the structure and shapes of {whose}"
    return f"{what} has shape {np.shape(dot)}, {whose} {np.shape(value)}"


def _check_stack(who: str, name: str, value: Any, dot: Any) -> None:
    """Refuse tangents that are not one of the value's shape for each direction."""
    if isinstance(value, list | tuple) and isinstance(dot, list | tuple):
        if len(value) == len(dot):
            for one, other in zip(value, dot, strict=True):
                _check_stack(who, name, one, other)
            return
    elif np.ndim(dot) > 0 and np.shape(dot)[1:] == np.shape(value):
        return
    raise ArgumentError(
        f"{who}: the tangents of {name!r} have shape {np.shape(dot)}, not one axis before "
        f"{np.shape(value)}"
    )


def _directions(dots: Any) -> int:
    """How many directions there are in a stack of tangents, of any structure."""
    while isinstance(dots, list | tuple) and dots:
        dots = dots[0]
    return int(np.shape(dots)[0])


def like_value(dot: Any, value: Any) -> Any:
    """A tangent in its value's precision: what is written into it must fit."""
    if isinstance(dot, list | tuple) and isinstance(value, list | tuple):
        parts = [like_value(d, v) for d, v in zip(dot, value, strict=True)]
        return type(dot)(*parts) if hasattr(dot, "_fields") else type(dot)(parts)
    is_array = isinstance(dot, np.ndarray) or follows_protocols(dot)
    if not is_array or dot.dtype.kind not in "iubf":
        return dot
    dtype = getattr(value, "dtype", np.dtype(float))
    return dot.astype(dtype if dtype.kind == "f" else float, copy=False)


@final
@dataclass(slots=True, eq=False)
class Tangent:
    """``jvp``: a function of ``(args, tangents)``."""

    function: Callable[..., Any]
    has_aux: bool = False
    nan_check: bool = False
    batched: bool = False
    cache: dict[tuple[Types, tuple[bool, ...]], Function] = field(default_factory=dict)

    def __post_init__(self) -> None:
        primal_signature(self.function)  # refuses what is no function
        core.check_aux(self.function, self.has_aux, self.name)

    @property
    def name(self) -> str:
        return summed_name(core.checked("jvp", self.nan_check), self.function)

    @property
    def aux_is_second(self) -> bool:
        return False

    def signature(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature([inspect.Parameter(n, kind) for n in ("args", "tangents")])

    def of_function(self) -> inspect.Signature:
        """The signature that ``args`` and ``tangents`` are for."""
        return primal_signature(self.function)

    def doc(self) -> str:
        beside = ", and its auxiliary part" if self.has_aux else ""
        many_ = "s" if self.batched else ""
        return f"Value and tangent{many_} of {base_name(self.function)}{beside}."

    def kinds_for(self, kinds: Types) -> Types:
        """A tangent of each argument that may have one."""
        dots = tuple(adjoint_type(kind) if maybe_float(kind) else NONE for kind in kinds)
        return SequenceType("tuple", kinds), SequenceType("tuple", dots)

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
            if dot is not None and self.batched:
                _check_stack(self.name, name, value, dot)
            elif dot is not None and not alike(value, dot):
                what = misfit(f"the tangent of {name!r}", dot, "the argument", value)
                raise ArgumentError(f"{self.name}: {what}")
        counts = {_directions(dot) for dot in tangents if dot is not None} if self.batched else {1}
        if len(counts) > 1:
            several = " and ".join(map(str, sorted(counts)))
            raise ArgumentError(
                f"{self.name}: the tangents have {several} directions",
                hint="give as many rows for each argument",
            )
        wrt = [Place(place) for place, dot in enumerate(tangents) if dot is not None]
        kinds = argument_types(names, given, wrt=wrt)
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
            primal = core.watched(self.function, floats, wrt, self.nan_check)
            if self.batched:
                from gradscribe.differentiate import many

                known = many.tangents(primal, wrt, self.name, has_aux=self.has_aux)
            else:
                known = transform.tangent(primal, wrt, self.name, has_aux=self.has_aux)
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
        body.params = list(values)
        mapping: dict[Value, Operand] = {}
        count = len(_items(kinds[0]))
        given = [i for i, t in enumerate(_items(kinds[1])) if t != type_of(None)]
        split = len(inner.body.params) - len(given)
        captured = inner.body.params[count:split]
        params = [*inner.body.params[:count], *inner.body.params[split:]]
        sources = [(values[0], i) for i in range(count)] + [(values[1], i) for i in given]
        for param, (value, place) in zip(params, sources, strict=True):
            mapping[param] = builder.emit(_GETITEM, value, place)
        for param in captured:
            mapping[param] = copy_value(param)
            body.params.append(mapping[param])  # type: ignore[arg-type]  # a Value
        copied = Region([], inner.body.ops, inner.body.yields)
        region = copy_region(copied, mapping)
        body.ops += region.ops
        body.yields = region.yields
        names = ["args", "tangents", *(p.name for p in inner.params[count:split])]
        return Function(self.name, [Parameter(name) for name in names], body)

    def variant(self, kinds: Types) -> Variant:
        function = self.inner(kinds)
        primal = primal_of(self.function)
        args, tangents = kinds
        names = [p.name for p in function.params]
        flat = [*_items(args), *(t for t in _items(tangents) if t != type_of(None))]
        core.warn(self.name, function.notes)
        head = variants.header(
            "Tangent", primal, list(zip(names, flat, strict=True)), function.notes
        )
        made = variants.build([function], function.name, primal, head)
        call = made.function

        def run(args: tuple[Any, ...], tangents: tuple[Any, ...]) -> object:
            rest = self._defaults(len(args)) or ()
            given = zip(args, tangents, strict=False)
            return call(*args, *rest, *(like_value(dot, x) for x, dot in given if dot is not None))

        return Variant(run, made.source)

    def reduce(self) -> tuple[Any, ...]:
        from gradscribe import api

        keywords = {
            "has_aux": self.has_aux,
            "nan_check": self.nan_check,
            "batched": self.batched,
        }
        return core.restore, (api.jvp, self.function, (), keywords, self.signature())


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@final
@dataclass(slots=True, eq=False)
class VectorProduct:
    """The tangent of a gradient: the Hessian ``of`` a function times a vector.

    The vector is one more parameter ``v``, right after the last one asked for.
    """

    function: Callable[..., Any]
    wrt: Any
    of: Callable[..., Any]
    has_aux: bool = False
    cache: dict[Types, Function] = field(default_factory=dict)

    def __post_init__(self) -> None:
        places(self.function, self.wrt)
        core.check_aux(self.function, self.has_aux, self.name)

    @property
    def name(self) -> str:
        return f"{base_name(self.of)}_hvp"

    @property
    def aux_is_second(self) -> bool:
        return True

    def doc(self) -> str:
        given = core.with_respect_to(self.function, self.wrt)
        beside = ", and its auxiliary part" if self.has_aux else ""
        vector = list(self.signature().parameters)[self._place]
        return f"Hessian of {base_name(self.of)} with respect to {given}, times {vector}{beside}."

    @property
    def _place(self) -> int:
        """Where the vector stands among the parameters."""
        parameters = list(primal_signature(self.function).parameters.values())
        last = max(place.param for place in places(self.function, self.wrt)[0])
        if parameters[last].kind is inspect.Parameter.KEYWORD_ONLY:
            return last + 1
        needed = [p.default is p.empty and p.kind in _POSITIONAL for p in parameters]
        return min(last + 1, needed.index(False) if False in needed else len(needed))

    def signature(self) -> inspect.Signature:
        parameters = list(primal_signature(self.function).parameters.values())
        place, name = self._place, "v"
        while name in (p.name for p in parameters):
            name += "_1"
        around = [p.kind for p in parameters[max(place - 1, 0) : place + 1]]
        kind: Any = inspect.Parameter.POSITIONAL_OR_KEYWORD
        if place and around[0] is inspect.Parameter.KEYWORD_ONLY:
            kind = around[0]
        elif around[place > 0 :] == [inspect.Parameter.POSITIONAL_ONLY]:
            kind = around[-1]
        parameters.insert(place, inspect.Parameter(name, kind))
        return inspect.Signature(parameters)

    def kinds_for(self, kinds: Types) -> Types:
        found, single = places(self.function, self.wrt)
        dots = [adjoint_type(kind_at(kinds[p.param], p.path, self.name)[0]) for p in found]
        vector = dots[0] if single else SequenceType("tuple", tuple(dots))
        return (*kinds[: self._place], vector, *kinds[self._place :])

    def prepare(self, args: tuple[Any, ...]) -> Types:
        names = list(self.signature().parameters)
        found, single = places(self.function, self.wrt)
        wrt = [Place(p.param + (p.param >= self._place), p.path) for p in found]
        kinds = core.types_of_call(self, args, wrt)
        kinds = self.kinds_for((*kinds[: self._place], *kinds[self._place + 1 :]))
        rest = [*args[: self._place], *args[self._place + 1 :]]
        values = [part_of(rest[p.param], p.path) for p in found]
        vector = args[self._place]
        if not alike(values[0] if single else tuple(values), vector):
            raise ArgumentError(
                f"{self.name}: {names[self._place]} does not have the shape of "
                f"{core.with_respect_to(self.function, self.wrt)}"
            )
        return kinds

    def ir(self, kinds: Types) -> Function:
        known = self.cache.get(kinds)
        if known is None:
            known = self.cache[kinds] = self._make(kinds)
        return known

    def _make(self, kinds: Types) -> Function:
        place = self._place
        wrt, single = places(self.function, self.wrt)
        names = list(primal_signature(self.function).parameters)
        floats, wrt = differentiable((*kinds[:place], *kinds[place + 1 :]), wrt, names, self.name)
        gradient = primal_ir(self.function, floats)
        made = transform.tangent(gradient, wrt, self.name, with_value=False, has_aux=self.has_aux)
        made.params = list(gradient.params)
        made.params.insert(place, self._parameter())
        _gather(made, len(wrt), place, single)
        result = simplify(made)
        result.doc = self.doc()
        return result

    def _parameter(self) -> Parameter:
        vector = list(self.signature().parameters.values())[self._place]
        kinds: dict[Any, str] = {
            vector.KEYWORD_ONLY: "keyword",
            vector.POSITIONAL_ONLY: "positional",
        }
        return Parameter(vector.name, kinds.get(vector.kind, "plain"))

    def variant(self, kinds: Types) -> Variant:
        made = core.simple_variant(self, kinds)
        signature, name = self.signature(), self._parameter().name
        found, single = places(self.function, self.wrt)
        names = list(primal_signature(self.function).parameters)
        call = made.function

        def run(*args: Any, **keywords: Any) -> object:
            bound = signature.bind(*args, **keywords)
            values = tuple(part_of(bound.arguments[names[p.param]], p.path) for p in found)
            like = values[0] if single else values
            bound.arguments[name] = like_value(bound.arguments[name], like)
            return call(*bound.args, **bound.kwargs)

        return Variant(run, made.source)

    def reduce(self) -> tuple[Any, ...]:
        from gradscribe import api

        keywords = {"has_aux": self.has_aux}
        return core.restore, (api.hvp, self.of, (self.wrt,), keywords, self.signature())


def part_of(value: Any, path: tuple[Any, ...]) -> Any:
    """The part of an argument that a path leads to."""
    for key in path:
        value = getattr(value, key) if isinstance(key, str) and hasattr(value, key) else value[key]
    return value


def _gather(function: Function, count: int, place: int, single: bool) -> None:
    """Make the last ``count`` values of a body, tangents, those of the one parameter at a place."""
    values, name = function.body.params, function.params[place].name
    dots = values[-count:]
    del values[-count:]
    if single:
        (vector,) = dots
        vector.hint, vector.named = name, True
        values.insert(place, vector)
        return
    vector = Value(name, SequenceType("tuple", tuple(dot.type for dot in dots)), named=True)
    values.insert(place, vector)
    reads = Region()
    builder = Builder(reads, derived=True)
    mapping: dict[Value, Operand] = {
        dot: builder.emit(_GETITEM, vector, k, hint=dot.hint) for k, dot in enumerate(dots)
    }
    substitute(function.body, mapping)
    function.body.ops[:0] = reads.ops
