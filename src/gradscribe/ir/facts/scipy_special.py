"""Facts: SciPy's special functions, and its sums of exponentials."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as sp  # type: ignore[import-untyped]  # it has no types

from gradscribe.ir.broadcasting import broadcast, elementwise, inexact
from gradscribe.ir.facts.dimensions import result_of
from gradscribe.ir.facts.elementwise import as_array, ufunc_type
from gradscribe.ir.facts.reductions import reduced_dims
from gradscribe.ir.primitives import fact, fact_of_part
from gradscribe.ir.types import UNKNOWN, Array, Type, dims_of, dtype_of

COMPLEX = np.dtype(np.complex128)


def _unary(function: Any, name: str) -> None:
    @fact(function, name=name, elementwise=True)
    def _(x: Type) -> Type:
        return ufunc_type(function, x)


def _binary(function: Any, name: str) -> None:
    @fact(function, name=name, elementwise=True)
    def _(x1: Type, x2: Type) -> Type:
        return ufunc_type(function, x1, x2)


def _ternary(function: Any, name: str) -> None:
    @fact(function, name=name, elementwise=True)
    def _(x1: Type, x2: Type, x3: Type) -> Type:
        return ufunc_type(function, x1, x2, x3)


def _quaternary(function: Any, name: str) -> None:
    @fact(function, name=name, elementwise=True)
    def _(x1: Type, x2: Type, x3: Type, x4: Type) -> Type:
        return ufunc_type(function, x1, x2, x3, x4)


# By how many arguments they take. They are called by position.
FUNCTIONS = {
    _unary: (
        "erf erfc erfcx erfi dawsn erfinv erfcinv ndtr ndtri log_ndtr expit logit log_expit "
        "gamma gammaln psi exp1 expi spence entr ellipk ellipkm1 ellipe "
        "j0 j1 y0 y1 i0 i1 k0 k1 cbrt exp2 exp10 expm1 log1p cosm1"
    ),
    _binary: (
        "beta betaln gammainc gammaincc gammaincinv gammainccinv expn ellipkinc ellipeinc "
        "jv yv iv kv hyp0f1 xlogy xlog1py rel_entr kl_div"
    ),
    _ternary: "betainc hyp1f1",
    _quaternary: "hyp2f1",
}

for _declare, _names in FUNCTIONS.items():
    for _name in _names.split():
        _declare(getattr(sp, _name), f"scipy.special.{_name}")


@fact(sp.zeta, name="scipy.special.zeta", elementwise=True, static="q")
def _(x: Type, q: Any = None) -> Type:
    """That of Hurwitz; that of Riemann, with one argument, has no rule."""
    if not isinstance(q, Type):
        return ufunc_type(sp.exp1, x)
    return elementwise(as_array(x), as_array(q), dtype=inexact)


@fact(sp.polygamma, name="scipy.special.polygamma", elementwise=True)
def _(n: Type, x: Type) -> Type:
    return Array(np.dtype(np.float64), broadcast(*(dims_of(as_array(k)) for k in (n, x))))


@fact(sp.lambertw, name="scipy.special.lambertw", elementwise=True)
def _(z: Type, k: Any = 0, tol: Any = 1e-08) -> Type:
    return result_of(COMPLEX, dims_of(as_array(z)))


@fact_of_part(sp.lambertw, "real")
def real_lambertw(z: Type, k: Any = 0, tol: Any = 1e-08) -> Type:
    return result_of(np.dtype(np.float64), dims_of(as_array(z)))


@fact(sp.logsumexp, name="scipy.special.logsumexp", static="axis b keepdims return_sign")
def _(
    a: Type, axis: Any = None, b: Any = None, keepdims: Any = False, return_sign: Any = False
) -> Type:
    if b is not None or return_sign is not False:
        return UNKNOWN
    x = as_array(a)
    dims = reduced_dims(dims_of(x), axis, keepdims)
    dtype = dtype_of(x)
    return result_of(None if dtype is None else inexact(dtype), dims)


def _scaled(x: Type, axis: Any = None) -> Type:
    found = elementwise(as_array(x), dtype=inexact)
    return found if isinstance(found, Array) else Array(dtype_of(found), dims_of(found))


fact(sp.softmax, name="scipy.special.softmax", static="axis")(_scaled)
fact(sp.log_softmax, name="scipy.special.log_softmax", static="axis")(_scaled)
