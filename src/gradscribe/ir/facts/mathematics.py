"""Facts: the math module. Its functions take one number at a time and return Python's own."""

from __future__ import annotations

import math
from typing import Any

from gradscribe.ir import special
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import PY_BOOL, PY_FLOAT, PY_INT, Sequence, Type


def _of_one(function: Any, result: Type) -> None:
    @fact(function, elementwise=True)
    def _(x: Type) -> Type:
        return result


def _of_two(function: Any, result: Type) -> None:
    @fact(function, elementwise=True)
    def _(x1: Type, x2: Type) -> Type:
        return result


_function: Any  # functions of unlike types

for _function in (
    math.exp, math.exp2, math.expm1, math.log2, math.log10, math.log1p, math.sqrt, math.cbrt,
    math.sin, math.cos, math.tan, math.asin, math.acos, math.atan,
    math.sinh, math.cosh, math.tanh, math.asinh, math.acosh, math.atanh,
    math.erf, math.erfc, math.gamma, math.lgamma,
    math.fabs, math.degrees, math.radians, math.ulp,
):  # fmt: skip
    _of_one(_function, PY_FLOAT)

for _function in (math.floor, math.ceil, math.trunc, math.isqrt, math.factorial):
    _of_one(_function, PY_INT)

for _function in (math.isnan, math.isinf, math.isfinite):
    _of_one(_function, PY_BOOL)

for _function in (
    math.atan2, math.fmod, math.remainder, math.copysign, math.pow, math.ldexp, math.nextafter,
):  # fmt: skip
    _of_two(_function, PY_FLOAT)

_of_two(math.comb, PY_INT)


@fact(math.log, elementwise=True)
def _(x: Type, base: Any = None) -> Type:
    return PY_FLOAT


@fact(math.perm)
def _(n: Type, k: Any = None) -> Type:
    return PY_INT


@fact(math.modf)
def _(x: Type) -> Type:
    return Sequence("tuple", (PY_FLOAT, PY_FLOAT))


@fact(math.frexp)
def _(x: Type) -> Type:
    return Sequence("tuple", (PY_FLOAT, PY_INT))


@fact(math.hypot)
def _(x1: Type, x2: Any = None, x3: Any = None, x4: Any = None) -> Type:
    """Of up to four coordinates."""
    return PY_FLOAT


@fact(math.dist)
def _(p: Type, q: Type) -> Type:
    return PY_FLOAT


@fact(math.fsum)
def _(seq: Type) -> Type:
    return PY_FLOAT


@fact(math.prod)
def _(iterable: Type, start: Any = 1) -> Type:
    """The product of a sequence: of floats a float, of ints an int, of arrays' entries theirs."""
    from gradscribe.ir.facts.builtins import folded
    from gradscribe.ir.facts.operators import arithmetic

    return folded(arithmetic, iterable, start if isinstance(start, Type) else PY_INT)


@fact(math.isclose)
def _(a: Type, b: Type, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Type:
    return PY_BOOL


for _function in (math.gcd, math.lcm):

    @fact(_function)
    def _(*integers: Type) -> Type:
        return PY_INT


@fact(special.polygamma, name="polygamma", elementwise=True)
def _(n: Type, x: Type) -> Type:
    return PY_FLOAT
