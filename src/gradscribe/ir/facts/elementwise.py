"""Facts: NumPy's functions of one entry at a time, and its scalar types as conversions."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from gradscribe.errors import UnsupportedError
from gradscribe.ir import special
from gradscribe.ir.broadcasting import broadcast, elementwise, inexact
from gradscribe.ir.facts.dimensions import array_of, result_of
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import BOOL, PY_BOOL, Array, Scalar, Sequence, Type, dims_of

# ---------------------------------------------------------------------------- dtypes


@lru_cache(maxsize=4096)
def _resolve(ufunc: np.ufunc, operands: tuple[Any, ...]) -> tuple[np.dtype[Any], ...]:
    """The dtypes of a ufunc's results, as NumPy itself resolves them; () where it refuses."""
    try:
        resolved = ufunc.resolve_dtypes((*operands, *[None] * ufunc.nout))
    except TypeError:
        return ()
    return resolved[ufunc.nin :]


def _loop_dtype(kind: Type) -> Any:
    """How NumPy sees an operand: its dtype, or Python's own type where that is weak."""
    if isinstance(kind, Scalar) and kind.weak:
        return {"f": float, "i": int, "c": complex}.get(kind.dtype.kind, kind.dtype)
    return kind.dtype if isinstance(kind, Scalar | Array) else None


def as_array(kind: Type) -> Type:
    """The type of ``np.asarray`` of a list or tuple; any other operand is what it is."""
    return array_of(kind) if isinstance(kind, Sequence) else kind


def ufunc_types(ufunc: np.ufunc, *operands: Type) -> tuple[Type, ...]:
    """The types of a ufunc's results: broadcast dimensions, and a scalar where there are none."""
    kinds = [as_array(operand) for operand in operands]
    known = all(isinstance(k, Scalar | Array) and k.dtype is not None for k in kinds)
    dtypes = _resolve(ufunc, tuple(map(_loop_dtype, kinds))) if known else ()
    dims = broadcast(*(dims_of(k) for k in kinds))
    return tuple(
        result_of(dtypes[place] if dtypes else _certain(ufunc), dims) for place in range(ufunc.nout)
    )


def _certain(ufunc: np.ufunc) -> np.dtype[Any] | None:
    """The dtype of a test's result, which is bool whatever it tests."""
    return BOOL if all(loop.endswith("?") for loop in ufunc.types if "O" not in loop) else None


def ufunc_type(ufunc: np.ufunc, *operands: Type) -> Type:
    """The type of the only result of a ufunc."""
    return ufunc_types(ufunc, *operands)[0]


# ---------------------------------------------------------------------------- ufuncs


def _unary(ufunc: np.ufunc, name: str | None = None) -> None:
    @fact(ufunc, name=name, elementwise=True)
    def _(x: Type) -> Type:
        return ufunc_type(ufunc, x)


def _binary(ufunc: np.ufunc) -> None:
    @fact(ufunc, elementwise=True)
    def _(x1: Type, x2: Type) -> Type:
        return ufunc_type(ufunc, x1, x2)


_test: Any  # NumPy's functions have unlike types
_ufunc: Any  # NumPy's functions have unlike types

for _ufunc in (
    np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p, np.sqrt, np.cbrt, np.square,
    np.reciprocal, np.negative, np.positive, np.fabs, np.conjugate, np.sign,
    np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan,
    np.sinh, np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh,
    np.deg2rad, np.rad2deg, np.radians, np.degrees,
    np.rint, np.floor, np.ceil, np.trunc, np.spacing, np.signbit,
    np.isnan, np.isinf, np.isfinite, np.logical_not, np.invert,
):  # fmt: skip
    _unary(_ufunc)

_unary(np.absolute, "np.abs")

for _ufunc in (
    np.add, np.subtract, np.multiply, np.divide, np.floor_divide, np.power, np.float_power,
    np.remainder, np.fmod, np.maximum, np.minimum, np.fmax, np.fmin, np.hypot, np.arctan2,
    np.logaddexp, np.logaddexp2, np.copysign, np.nextafter, np.heaviside, np.ldexp,
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_xor,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift,
    np.gcd, np.lcm,
):  # fmt: skip
    _binary(_ufunc)


@fact(np.modf)
def _(x: Type) -> Type:
    return Sequence("tuple", ufunc_types(np.modf, x))


@fact(np.frexp)
def _(x: Type) -> Type:
    return Sequence("tuple", ufunc_types(np.frexp, x))


@fact(np.divmod)
def _(x1: Type, x2: Type) -> Type:
    return Sequence("tuple", ufunc_types(np.divmod, x1, x2))


# ---------------------------------------------------------------------------- other functions


@fact(np.where, elementwise=True)
def _(condition: Type, a: Type, b: Type) -> Type:
    """``np.where`` gives an array even for scalars."""
    condition, a, b = as_array(condition), as_array(a), as_array(b)
    chosen = elementwise(a, b)
    dims = broadcast(*(dims_of(k) for k in (condition, a, b)))
    return Array(chosen.dtype if isinstance(chosen, Scalar | Array) else None, dims)


@fact(np.clip, elementwise=True)
def _(x: Type, a_min: Type, a_max: Type) -> Type:
    bounds = [b for b in (a_min, a_max) if isinstance(b, Scalar | Array | Sequence)]
    result = as_array(x)
    for bound in bounds:
        result = elementwise(result, as_array(bound))
    if isinstance(result, Scalar):
        return Scalar(result.dtype)
    return result


def _rounded(x: Type, decimals: Any = 0) -> Type:
    """Integers stay what they are; a bool becomes float16, as in ``np.rint``."""
    x = as_array(x)
    if isinstance(x, Scalar | Array) and x.dtype is not None:
        dtype = np.dtype(np.float16) if x.dtype.kind == "b" else x.dtype
        return result_of(dtype, dims_of(x))
    return Array(None, dims_of(x))


fact(np.round, elementwise=True)(_rounded)
fact(np.around, elementwise=True)(_rounded)


@fact(np.fix, elementwise=True)
def _(x: Type) -> Type:
    return ufunc_type(np.trunc, x)


@fact(np.sinc, elementwise=True)
def _(x: Type) -> Type:
    return elementwise(as_array(x), dtype=inexact)


@fact(special.sinc_derivative, name="sinc_derivative", elementwise=True)
def _(n: Type, x: Type) -> Type:
    return elementwise(as_array(x), dtype=inexact)


@fact(np.nan_to_num, elementwise=True, static="copy")
def _(x: Type, copy: Any = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Type:
    if copy is not True:
        raise UnsupportedError(
            "np.nan_to_num(…, copy=False) changes its argument in place",
            hint="leave copy out and assign the result",
        )
    x = as_array(x)
    return result_of(x.dtype, x.dims) if isinstance(x, Array) else elementwise(x)


@fact(np.unwrap, static="axis")
def _(x: Type, discont: Any = None, axis: Any = -1) -> Type:
    return Array(inexact(x.dtype), x.dims) if isinstance(x, Array) and x.dtype else Array()


for _test in (np.isposinf, np.isneginf, np.iscomplex):

    @fact(_test, elementwise=True)
    def _(x: Type) -> Type:
        return elementwise(as_array(x), dtype=BOOL)


@fact(np.isclose, elementwise=True)
def _(a: Type, b: Type, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Type:
    return elementwise(as_array(a), as_array(b), dtype=BOOL)


@fact(np.isreal, elementwise=True)
def _(x: Type) -> Type:
    if isinstance(x, Scalar) and x.weak:
        return PY_BOOL
    return elementwise(as_array(x), dtype=BOOL)


for _test in (np.isscalar, np.isrealobj, np.iscomplexobj):

    @fact(_test)
    def _(x: Type) -> Type:
        return PY_BOOL


@fact(np.allclose)
def _(a: Type, b: Type, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Type:
    return PY_BOOL


@fact(np.array_equal)
def _(a: Type, b: Type, equal_nan: Any = False) -> Type:
    return PY_BOOL


# ---------------------------------------------------------------------------- scalar types


def _conversion(kind: type[np.generic]) -> None:
    @fact(kind, elementwise=True)
    def _(x: Type) -> Type:
        dims = dims_of(as_array(x)) if not isinstance(x, Scalar) else ()
        return result_of(np.dtype(kind), dims)


for _kind in (
    np.float16, np.float32, np.float64, np.bool_, np.int8, np.int16, np.int32, np.int64,
    np.uint8, np.uint16, np.uint32, np.uint64,
):  # fmt: skip
    _conversion(_kind)
