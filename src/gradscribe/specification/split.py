"""``vjp`` and ``linearize``: a value, and a function that is linear in what it is given."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, final

from gradscribe.differentiate import linear, transform
from gradscribe.differentiate.inputs import Place
from gradscribe.errors import ArgumentError
from gradscribe.ir.core import Function
from gradscribe.ir.types import PY_INT, maybe_float
from gradscribe.primal import (
    Types,
    argument_types,
    base_name,
    differentiable,
    places,
    primal_ir,
    primal_of,
    primal_signature,
    spelled,
    summed_name,
)
from gradscribe.runtime import variants
from gradscribe.runtime.dispatch import Variant
from gradscribe.specification import core
from gradscribe.specification.tangent import alike, like_value, misfit, part_of


@dataclass(slots=True, eq=False)
class _Halves:
    """A function in two halves: the value with what is kept of the way there, and a linear map."""

    function: Callable[..., Any]
    wrt: Any
    has_aux: bool = False
    cache: dict[Types, transform.Split] = field(default_factory=dict)

    def __post_init__(self) -> None:
        primal_signature(self.function)  # refuses what is no function
        if self.wrt is not None:
            places(self.function, self.wrt)
        core.check_aux(self.function, self.has_aux, self.name)

    @property
    def name(self) -> str:
        raise NotImplementedError

    @property
    def aux_is_second(self) -> bool:
        return False

    def signature(self) -> inspect.Signature:
        return primal_signature(self.function)

    def kinds_for(self, kinds: Types) -> Types:
        return kinds

    def prepare(self, args: tuple[Any, ...]) -> Types:
        names = list(self.signature().parameters)
        every = [Place(place) for place in range(len(names))]
        wrt = every if self.wrt is None else places(self.function, self.wrt)[0]
        return argument_types(names, args, wrt=wrt)

    def asked(self, kinds: Types) -> tuple[list[Place], bool]:
        """What the linear map is about: what ``wrt`` says, else every floating parameter."""
        if self.wrt is not None:
            return places(self.function, self.wrt)
        floats = [i for i, k in enumerate(kinds) if k == PY_INT or maybe_float(k)]
        return [Place(i) for i in floats], False

    def pair(self, kinds: Types) -> transform.Split:
        known = self.cache.get(kinds)
        if known is None:
            wrt, single = self.asked(kinds)
            names = list(self.signature().parameters)
            floats, wrt = differentiable(kinds, wrt, names, self.name)
            known = self.cache[kinds] = self.split(floats, wrt, single)
        return known

    def split(self, kinds: Types, wrt: list[Place], single: bool) -> transform.Split:
        raise NotImplementedError

    def ir(self, kinds: Types) -> Function:
        raise ArgumentError(
            f"{self.name} returns a function and cannot be differentiated itself",
            hint="differentiate a function that calls it",
        )

    def compiled(self, kinds: Types, what: str, inner: str, doc: str) -> Variant:
        """The function of the primal's parameters as it stands in a file."""
        pair = self.pair(kinds)
        primal = primal_of(self.function)
        signature = list(zip(self.signature().parameters, kinds, strict=True))
        core.warn(self.name, pair.linear.notes)
        head = variants.header(what, primal, signature, pair.linear.notes)
        extra = self.statements(kinds, inner, doc)
        return variants.build([pair.forward, pair.linear], self.name, primal, head, extra)

    def statements(self, kinds: Types, inner: str, doc: str) -> list[ast.stmt]:
        """What ties the two halves together."""
        pair = self.pair(kinds)
        params = primal_ir(self.function, kinds).params
        return variants.tied(self.name, doc, pair, params, inner, self.has_aux)


@final
@dataclass(slots=True, eq=False)
class Pullback(_Halves):
    """``vjp``: value and pullback."""

    nan_check: bool = False

    @property
    def name(self) -> str:
        return summed_name(core.checked("vjp", self.nan_check), self.function)

    def doc(self) -> str:
        beside = ", and its auxiliary part" if self.has_aux else ""
        return f"Value and pullback of {base_name(self.function)}{beside}."

    def split(self, kinds: Types, wrt: list[Place], single: bool) -> transform.Split:
        primal = core.watched(self.function, kinds, wrt, self.nan_check)
        name = base_name(self.function)
        return transform.pullback(primal, wrt, single, name, self.has_aux, self.nan_check)

    def tie(self, kinds: Types) -> list[ast.stmt]:
        return self.statements(kinds, "pullback", self.doc())

    def variant(self, kinds: Types) -> Variant:
        made = self.compiled(kinds, "Value and pullback", "pullback", self.doc())
        call: Callable[..., Any] = made.function
        wrt, _ = self.asked(kinds)
        count = len(kinds)
        everything = self.wrt is None and len(wrt) != count

        def run(*args: Any, **keywords: Any) -> object:
            value, pullback, *aux = call(*args, **keywords)

            def checked(y_bar: Any) -> object:
                if not alike(value, y_bar):
                    what = misfit("the cotangent", y_bar, "the value", value)
                    raise ArgumentError(f"{self.name}: {what}")
                bars = pullback(like_value(y_bar, value))
                if not everything:
                    return bars
                spread: list[Any] = [None] * count
                for place, bar in zip(wrt, bars, strict=True):
                    spread[place.param] = bar
                return tuple(spread)

            checked.__name__ = checked.__qualname__ = "pullback"
            return value, checked, *aux

        return Variant(run, made.source)

    def reduce(self) -> tuple[Any, ...]:
        from gradscribe import api

        keywords = {"has_aux": self.has_aux, "nan_check": self.nan_check}
        return core.restore, (api.vjp, self.function, (self.wrt,), keywords, self.signature())


@final
@dataclass(slots=True, eq=False)
class Linearization(_Halves):
    """``linearize``: value and pushforward."""

    @property
    def name(self) -> str:
        return f"{base_name(self.function)}_linearize"

    def doc(self) -> str:
        beside = ", and its auxiliary part" if self.has_aux else ""
        return f"Value and linearization of {base_name(self.function)}{beside}."

    def split(self, kinds: Types, wrt: list[Place], single: bool) -> transform.Split:
        primal = primal_ir(self.function, kinds)
        return linear.linearization(primal, wrt, base_name(self.function), self.has_aux)

    def tie(self, kinds: Types) -> list[ast.stmt]:
        return self.statements(kinds, "pushforward", self.doc())

    def variant(self, kinds: Types) -> Variant:
        made = self.compiled(kinds, "Value and linearization", "pushforward", self.doc())
        call: Callable[..., Any] = made.function
        wrt, _ = self.asked(kinds)
        names = list(self.signature().parameters)
        asked = [spelled(names[place.param], place.path) for place in wrt]
        signature = self.signature()

        def run(*args: Any, **keywords: Any) -> object:
            value, pushforward, *aux = call(*args, **keywords)
            given = list(signature.bind(*args, **keywords).arguments.values())
            points = [part_of(given[place.param], place.path) for place in wrt]

            def checked(*tangents: Any) -> object:
                if len(tangents) != len(points):
                    raise ArgumentError(
                        f"{self.name}: {len(tangents)} tangents for {len(points)} of what is "
                        f"differentiated ({', '.join(asked)})"
                    )
                for name, point, dot in zip(asked, points, tangents, strict=True):
                    if not alike(point, dot):
                        what = misfit(f"the tangent of {name!r}", dot, "the argument", point)
                        raise ArgumentError(f"{self.name}: {what}")
                y_dot = pushforward(*map(like_value, tangents, points))
                if not alike(value, y_dot):
                    raise ArgumentError(
                        f"{self.name}: the tangent lost the shape of the value on its way",
                        hint="use jvp",
                    )
                return y_dot

            checked.__name__ = checked.__qualname__ = "pushforward"
            return value, checked, *aux

        return Variant(run, made.source)

    def reduce(self) -> tuple[Any, ...]:
        from gradscribe import api

        keywords = {"has_aux": self.has_aux}
        return core.restore, (api.linearize, self.function, (self.wrt,), keywords, self.signature())
