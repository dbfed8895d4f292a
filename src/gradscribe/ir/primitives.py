"""What an operation is, apart from its derivative.

A *fact* about a Python callable is a function from the types of its arguments to the type of its
result; its own signature gives parameter names and defaults::

    @fact(np.sum, static="axis keepdims")
    def _(x, axis=None, keepdims=False):
        return reduced(x, axis, keepdims)

A parameter named in ``static`` is handed over as the Python constant it is, where it is one, and as
its type otherwise (``isinstance(axis, Type)`` tells); all other parameters are handed over as types.

Facts stand below the frontend; derivatives of the same callables are in ``gradscribe.rules``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, final

from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.types import UNKNOWN, Type, constant_type


@final
@dataclass(frozen=True, eq=False, slots=True)
class Primitive:
    """One operation.

    ``name``: how text calls it ("np.sum", "math.log"), or the name of a piece of syntax.
    ``params``, ``defaults``: its signature; an op's args are always complete and in this order.
    ``variadic``: the last parameter gathers any number of args.
    ``storage``: the result is "fresh" memory, a "view" of the first arg, or "maybe" one.
    ``mutates``: the place of the arg that the in-place form overwrites (its new value is result 0).
    ``effect``: runs exactly once, in order.
    ``elementwise``: works entry by entry with broadcasting.
    ``cheap``: as quick to compute again as to read back (index arithmetic, views, attributes).
    """

    name: str
    function: Any = None
    params: tuple[str, ...] = ()
    defaults: dict[str, Any] = field(default_factory=dict)
    static: frozenset[str] = frozenset()
    result: Callable[..., Type] | None = None
    variadic: bool = False
    storage: str = "fresh"
    mutates: int | None = None
    effect: bool = False
    elementwise: bool = False
    cheap: bool = False

    def result_type(self, args: tuple[Operand, ...]) -> Type:
        """The type of the result for these operands."""
        if self.result is None:
            return UNKNOWN
        views: list[Any] = []
        last = len(self.params) - 1
        for place, arg in enumerate(args):
            static = self.params[min(place, last)] in self.static if self.params else False
            if isinstance(arg, Value):
                views.append(arg.type)
            elif static and arg.fixed:
                views.append(arg.value)
            else:
                views.append(constant_type(arg.value))
        return self.result(*views)

    def __repr__(self) -> str:
        return f"<{self.name}>"


# Every primitive that stands for a Python object, by that object.
BY_FUNCTION: dict[Any, Primitive] = {}


def fact(
    function: Any,
    *,
    name: str | None = None,
    static: str = "",
    storage: str = "fresh",
    mutates: int | None = None,
    effect: bool = False,
    elementwise: bool = False,
    cheap: bool = False,
) -> Callable[[Callable[..., Type]], Callable[..., Type]]:
    """Declare the primitive of a Python callable; see the head of this module."""

    def declare(result: Callable[..., Type]) -> Callable[..., Type]:
        parameters = inspect.signature(result).parameters.values()
        BY_FUNCTION[function] = Primitive(
            name=name or printed_name(function),
            function=function,
            params=tuple(p.name for p in parameters),
            defaults={p.name: p.default for p in parameters if p.default is not p.empty},
            static=frozenset(static.split()),
            result=result,
            variadic=any(p.kind is p.VAR_POSITIONAL for p in parameters),
            storage=storage,
            mutates=mutates,
            effect=effect,
            elementwise=elementwise,
            cheap=cheap,
        )
        return result

    return declare


def printed_name(function: Any) -> str:
    """``np.linalg.norm`` for NumPy's functions, ``math.log`` for the math module's, else the name."""
    module = getattr(function, "__module__", None) or ""
    name = getattr(function, "__name__", repr(function))
    if type(function).__name__ == "ufunc" or module == "numpy":
        return f"np.{name}"
    if module.startswith("numpy."):
        return f"np.{module.removeprefix('numpy.')}.{name}"
    return name if module in ("builtins", "_operator", "") else f"{module}.{name}"


def of(function: Any) -> Primitive:
    """The primitive declared for a callable."""
    return BY_FUNCTION[function]


# ---------------------------------------------------------------------------- structure

IF = Primitive("if")
FOR = Primitive("for")
WHILE = Primitive("while")
CALL = Primitive("call")
OPAQUE = Primitive("opaque", effect=True)
UNPACK = Primitive("unpack")

STRUCTURED = frozenset({IF, FOR, WHILE})


def constant(value: Any) -> Const:
    """A literal operand."""
    return Const(value)
