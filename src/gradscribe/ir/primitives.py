"""What an operation is, apart from its derivative.

A *fact* about a Python callable is a function from the types of its arguments to the type of its
result; its own signature gives parameter names and defaults::

    @fact(np.sum, static="axis keepdims")
    def _(x, axis=None, keepdims=False):
        return reduced(x, axis, keepdims)

A parameter named in ``static`` is handed over as the Python constant it is, where it is one, and as
its type otherwise (``isinstance(axis, Type)`` tells); all other parameters are handed over as
types.

Facts stand below the frontend; derivatives of the same callables are in ``gradscribe.rules``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from gradscribe.ir.abstraction import constant_type
from gradscribe.ir.core import Const, Operand, Value
from gradscribe.ir.joins import there
from gradscribe.ir.types import UNKNOWN, Type


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
    ``part``: the attribute that it is of the value of a call of ``name`` (``lambertw(z).real``).
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
    part: str | None = None
    known: dict[tuple[Type, ...], Type] = field(default_factory=dict, init=False)

    def result_type(self, args: tuple[Operand, ...]) -> Type:
        """The type of the result for these operands."""
        if self.result is None:
            return UNKNOWN
        views: list[Any] = []
        only_types = True
        last = len(self.params) - 1
        for place, arg in enumerate(args):
            if isinstance(arg, Value):  # what is written to is there, or it raises
                views.append(there(arg.type) if place == self.mutates else arg.type)
            elif self.static and arg.fixed and self.params[min(place, last)] in self.static:
                views.append(arg.value)
                only_types = False
            else:
                views.append(constant_type(arg.value))
        # Constants are no part of a key: 2 and 2.0 are equal.
        return self._remembered(tuple(views)) if only_types else self.result(*views)

    def _remembered(self, types: tuple[Type, ...]) -> Type:
        """The result for types alone, which a long function asks for again and again."""
        assert self.result is not None
        try:
            result = self.known.get(types)
        except TypeError:  # the type of an object that cannot be hashed
            return self.result(*types)
        if result is None:
            result = self.result(*types)
            if len(self.known) >= _REMEMBERED:
                self.known.clear()
            self.known[types] = result
        return result

    def __repr__(self) -> str:
        return f"<{self.name}>"


_REMEMBERED = 1000

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
        params, defaults, variadic = _signature(result)
        BY_FUNCTION[function] = Primitive(
            name=name or printed_name(function),
            function=function,
            params=params,
            defaults=defaults,
            static=frozenset(static.split()),
            result=result,
            variadic=variadic,
            storage=storage,
            mutates=mutates,
            effect=effect,
            elementwise=elementwise,
            cheap=cheap,
        )
        return result

    return declare


def _signature(result: Any) -> tuple[tuple[str, ...], dict[str, Any], bool]:
    """A fact's parameters in the order of its signature, their defaults, and whether one gathers.

    Read from the code object: there are hundreds of facts, and ``inspect`` is slow.
    """
    code = result.__code__
    named = code.co_varnames[: code.co_argcount]
    keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    variadic = bool(code.co_flags & _VARIADIC)
    gathering = (code.co_varnames[len(named) + len(keywords)],) if variadic else ()
    given = result.__defaults__ or ()
    defaults = dict(zip(named[len(named) - len(given) :], given, strict=True))
    return (*named, *gathering, *keywords), defaults | (result.__kwdefaults__ or {}), variadic


_VARIADIC = 0x04  # the flag of code with a parameter ``*args``


def printed_name(function: Any) -> str:
    """``np.linalg.norm`` for NumPy's functions, ``math.log`` for math's, else the name."""
    module = public_module(function) or ""
    name = getattr(function, "__name__", repr(function))
    if isinstance(function, np.ufunc):
        return f"{_home_of(function, name)}.{name}"
    if module == "numpy":
        return f"np.{name}"
    if module.startswith("numpy."):
        return f"np.{module.removeprefix('numpy.')}.{name}"
    return name if module in ("builtins", "_operator", "") else f"{module}.{name}"


def public_module(function: Any) -> str | None:
    """The module of a function; of SciPy's the public one that has it, not the private one."""
    module: str | None = getattr(function, "__module__", None)
    if module is None or not module.startswith("scipy."):
        return module
    public = module.partition("._")[0]
    found = getattr(sys.modules.get(public), getattr(function, "__name__", ""), None)
    return public if found is function else module


def _home_of(ufunc: np.ufunc, name: str) -> str:
    """The module that has a ufunc, which does not know it: NumPy, else the one of shortest name."""
    if getattr(np, name, None) is ufunc:
        return "np"
    homes = [
        home
        for home, module in list(sys.modules.items())
        if "._" not in home and getattr(module, "__dict__", {}).get(name) is ufunc
    ]
    return min(homes, key=lambda home: (home.count("."), len(home), home), default="np")


def fact_of_part(whole: Any, part: str) -> Callable[[Callable[..., Type]], Callable[..., Type]]:
    """Declare the primitive of one attribute of what a function gives, as ``lambertw(z).real``."""

    def declare(result: Callable[..., Type]) -> Callable[..., Type]:
        params, defaults, _ = _signature(result)
        PARTS[whole, part] = BY_FUNCTION[result] = Primitive(
            BY_FUNCTION[whole].name, result, params, defaults, result=result,
            elementwise=BY_FUNCTION[whole].elementwise, part=part,
        )  # fmt: skip
        return result

    return declare


# By a function and an attribute of its value, the primitive that is both.
PARTS: dict[tuple[Any, str], Primitive] = {}

# What declares facts and rules of a library, by the library's name: it is loaded with the first of
# its functions that is met, so that nobody who does not use the library has to have it.
LIBRARIES: dict[str, Callable[[], None]] = {}


def find(function: Any) -> Primitive | None:
    """The primitive of a callable, if it is one; also of a library that is loaded on demand."""
    known = BY_FUNCTION.get(function)
    if known is None and LIBRARIES:
        load = LIBRARIES.pop(_library_of(function), None)
        if load is not None:
            load()
            known = BY_FUNCTION.get(function)
    return known


def _library_of(function: Any) -> str:
    """The name of the library that a callable is from; a ufunc's by where one of its name is."""
    name = getattr(function, "__name__", "")
    if isinstance(function, np.ufunc):
        special = sys.modules.get("scipy.special")
        return "scipy" if getattr(special, name, None) is function else ""
    return (getattr(function, "__module__", None) or "").partition(".")[0]


def of(function: Any) -> Primitive:
    """The primitive declared for a callable."""
    return BY_FUNCTION[function]


# ---------------------------------------------------------------------------- structure

IF = Primitive("if")
FOR = Primitive("for")
WHILE = Primitive("while")
SCOPE = Primitive("scope")
CALL = Primitive("call")
# Its first arg, which solves an equation (the callee's) with the rest as parameters.
IMPLICIT = Primitive("implicit", storage="view")
# What a solver of a library finds: its args are the solver, of how many it begins with and what the
# options are called, where it begins, the parameters of the equation (the callee's), the options.
SEARCH = Primitive("search")


def varying_of_integral(op: Any) -> slice:
    """Where the limits and parameters are among the args of an IMPLICIT that is an integral.

    Its args are its value and those of the SEARCH that gives it.
    """
    _, names = op.args[2].value
    return slice(3, len(op.args) - len(names))


HOOK = Primitive("hook")  # its first arg; the callee makes of its adjoint, and the rest, another
RULED = Primitive("ruled")
OPAQUE = Primitive("opaque", effect=True)
UNPACK = Primitive("unpack")

STRUCTURED = frozenset({IF, FOR, WHILE, SCOPE})


def constant(value: Any) -> Const:
    """A literal operand."""
    return Const(value)
