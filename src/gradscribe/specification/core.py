"""What all specifications share, and the callable that is made of one."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, final

import gradscribe.rules  # noqa: F401 (loading them declares every rule)
from gradscribe.annotations import parameter_types
from gradscribe.differentiate import blame
from gradscribe.differentiate.inputs import Place
from gradscribe.errors import ArgumentError
from gradscribe.frontend.declared import in_force, under
from gradscribe.ir.core import Function
from gradscribe.ir.types import Type
from gradscribe.primal import (
    Types,
    argument_types,
    differentiable,
    kind_at,
    places,
    primal_ir,
    primal_of,
    primal_signature,
    spelled,
)
from gradscribe.runtime import variants
from gradscribe.runtime.dispatch import Derivative, Variant, make_derivative


class Specification(Protocol):
    """What every kind of derivative can say of itself.

    ``has_aux``: there is an auxiliary part in what it returns, if ``aux_is_second`` in the pair
    (derivative, auxiliary part). ``kinds_for`` gives the types of its arguments for those of the
    primal's, and ``prepare`` for a call.
    """

    @property
    def function(self) -> Callable[..., Any]: ...
    @property
    def name(self) -> str: ...
    @property
    def has_aux(self) -> bool: ...
    @property
    def aux_is_second(self) -> bool: ...
    def ir(self, kinds: Types) -> Function: ...
    def signature(self) -> inspect.Signature: ...
    def variant(self, kinds: Types) -> Variant: ...
    def kinds_for(self, kinds: Types) -> Types: ...
    def prepare(self, args: tuple[Any, ...]) -> Types: ...
    def doc(self) -> str: ...
    def reduce(self) -> tuple[Any, ...]: ...


@dataclass(slots=True, eq=False)
class OfArguments:
    """What a derivative that takes the arguments of its primal says: a gradient, a Jacobian."""

    function: Callable[..., Any]
    wrt: Any
    mode: str
    has_aux: bool = False
    cache: dict[Types, Function] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        if self.mode not in ("auto", "reverse", "forward"):
            raise ArgumentError(f"mode must be 'auto', 'reverse' or 'forward', not {self.mode!r}")
        places(self.function, self.wrt)
        check_aux(self.function, self.has_aux, self.name)

    @property
    def name(self) -> str:
        raise NotImplementedError

    @property
    def aux_is_second(self) -> bool:
        return True

    def signature(self) -> inspect.Signature:
        return primal_signature(self.function)

    def kinds_for(self, kinds: Types) -> Types:
        return kinds

    def prepare(self, args: tuple[Any, ...]) -> Types:
        return types_of_call(self, args, places(self.function, self.wrt)[0])

    def asked(self, kinds: Types) -> tuple[Types, list[Place], bool]:
        """The types with floats for what is asked for, the places of that, and: is it one?"""
        wrt, single = places(self.function, self.wrt)
        kinds, wrt = differentiable(kinds, wrt, list(self.signature().parameters), self.name)
        return kinds, wrt, single

    def kinds_at(self, primal: Function, wrt: list[Place]) -> list[Type]:
        """The types of what is asked for."""
        return [kind_at(primal.body.params[p.param].type, p.path, self.name)[0] for p in wrt]

    def ir(self, kinds: Types) -> Function:
        known = self.cache.get(kinds)
        if known is None:
            known = self.cache[kinds] = self.made(kinds)
            known.doc = self.doc()
        return known

    def made(self, kinds: Types) -> Function:
        raise NotImplementedError

    def doc(self) -> str:
        raise NotImplementedError

    def variant(self, kinds: Types) -> Variant:
        return simple_variant(self, kinds)

    def reduce(self) -> tuple[Any, ...]:
        raise NotImplementedError


def check_aux(function: Callable[..., Any], has_aux: bool, who: str) -> None:
    """Refuse to differentiate what stands beside a derivative with ``has_aux``."""
    inner = function.specification if isinstance(function, Derivative) else None
    if inner is None or not inner.has_aux:
        return
    if not inner.aux_is_second:
        raise ArgumentError(
            f"{who}: {inner.name} returns an auxiliary part among several things",
            hint="differentiate grad(f, has_aux=True), with has_aux=True again",
        )
    if not has_aux:
        raise ArgumentError(
            f"{who}: {inner.name} returns an auxiliary part, which is not differentiated",
            hint="pass has_aux=True: the derivative is differentiated, the rest handed on",
        )


def checked(kind: str, nan_check: bool) -> str:
    """The kind of a derivative as its name says it."""
    return f"checked_{kind}" if nan_check else kind


def watched(function: Any, kinds: Types, wrt: list[Place], nan_check: bool) -> Function:
    """The IR of what is differentiated; with checks of what it computes if they are wanted."""
    primal = primal_ir(function, kinds)
    if not nan_check:
        return primal
    return blame.watched(primal, [primal.body.params[place.param] for place in wrt])


def with_respect_to(function: Callable[..., Any], wrt: Any) -> str:
    """``x, y and z``: what a derivative is taken with respect to."""
    found, _ = places(function, wrt)
    names = list(primal_signature(function).parameters)
    given = [spelled(names[place.param], place.path) for place in found]
    return given[0] if len(given) == 1 else ", ".join(given[:-1]) + f" and {given[-1]}"


def types_of_call(
    specification: Specification, args: tuple[Any, ...], wrt: Sequence[Place]
) -> Types:
    """The types of the arguments of a call."""
    return argument_types(list(specification.signature().parameters), args, wrt=wrt)


def restore(
    make: Any, function: Any, args: tuple[Any, ...], keywords: dict[str, Any], signature: Any
) -> Any:
    """Make a derivative again; its function may be restored only in part yet (without defaults)."""
    restored = make(function, *args, **keywords)
    return derivative(restored.specification, signature)


def warn(name: str, notes: list[str]) -> None:
    """Say what is known of a derivative beside its text to who called it."""
    for note in notes:
        warnings.warn(f"{name}: {note}", UserWarning, stacklevel=6)


def simple_variant(specification: Specification, kinds: Types) -> Variant:
    """The variant of a derivative that is one function of its own parameters."""
    function = specification.ir(kinds)
    primal = primal_of(specification.function)
    signature = list(zip(specification.signature().parameters, kinds, strict=True))
    warn(specification.name, function.notes)
    head = variants.header("Derivative", primal, signature, function.notes)
    return variants.build([function], function.name, primal, head)


def derivative(
    specification: Specification, signature: inspect.Signature | None = None
) -> Derivative:
    """The callable derivative of a specification, with its signature or a given one."""
    function = specification.function
    rules = in_force()

    def compile_variant(args: tuple[object, ...]) -> Variant:
        with under(rules):
            return specification.variant(specification.prepare(args))

    def generic() -> Variant:
        with under(rules):
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
    made.specification, made.rules = specification, rules
    return made


def annotated_types(specification: Specification) -> Types:
    """The parameter types that annotations give; unknown where there are none."""
    function = specification.function
    names = primal_signature(function).parameters
    return specification.kinds_for(parameter_types(primal_of(function), names))


@final
@dataclass(frozen=True, slots=True)
class Request:
    """What ``@differentiate`` was asked for."""

    wrt: Any
    mode: str
    order: int
    has_aux: bool = False
