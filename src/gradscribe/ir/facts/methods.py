"""Methods and attributes of arrays and NumPy scalars: which functions they are.

A method is the function of the same name, given the array first::

    METHODS["sum"].function                     np.sum
    METHODS["reshape"].bind([2, 3], {})         ([Gathered((2, 3))], {}): np.reshape(x, (2, 3))
    METHODS["clip"].bind([], {"min": 0.0})      ([], {"a_min": 0.0, "a_max": None}): np.clip(x, …)

``Gathered`` marks entries of which a tuple is to be built. ``unbind`` is the way back, for text. An
attribute is a function of the array with a primitive of its own, whose name is ``.T`` or the like;
methods that no function can stand for are primitives named ``.copy`` or the like.
"""

from __future__ import annotations

from collections.abc import Sequence as Items
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from gradscribe.ir.facts.dimensions import array_of, dtype_from, times
from gradscribe.ir.facts.shapes import check_order, shape, transpose
from gradscribe.ir.joins import there
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import (
    PY_BOOL,
    PY_COMPLEX,
    PY_FLOAT,
    PY_INT,
    UNKNOWN,
    Array,
    Scalar,
    Sequence,
    Static,
    Type,
    scalar_of,
)


@final
class Gathered(tuple[Any, ...]):
    """Positional arguments of a method that its function takes as one tuple."""


@final
@dataclass(frozen=True, slots=True)
class Method:
    """How ``x.name(…)`` is a call of ``function(x, …)``.

    ``gathers``: any number of positional arguments is one tuple (``x.reshape(2, 3)``).
    ``renamed``: the function's names for keywords that the method calls otherwise.
    ``optional``: the first parameters, where the method alone has None for those left out.
    """

    function: Any
    gathers: bool = False
    renamed: dict[str, str] = field(default_factory=dict)
    optional: tuple[str, ...] = ()

    def bind(
        self, positional: list[Any], keywords: dict[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """The function's arguments after the array, from the method's."""
        if self.gathers and len(positional) > 1:
            positional = [Gathered(positional)]
        names = {self.renamed.get(name, name): value for name, value in keywords.items()}
        return positional, dict.fromkeys(self.optional[len(positional) :]) | names

    def unbind(
        self, positional: Items[Any], keywords: dict[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """The method's arguments from the function's; a ``Gathered`` first one is spread out.

        The Nones that ``bind`` put in are left out again.
        """
        rest = list(positional)
        if self.gathers and len(rest) == 1 and isinstance(rest[0], Gathered):
            rest = list(rest[0])
        original = {new: old for old, new in self.renamed.items()}
        return rest, {
            original.get(name, name): value
            for name, value in keywords.items()
            if not (name in self.optional and value is None)
        }


# ---------------------------------------------------------------------------- methods alone


@fact(np.ndarray.copy, name=".copy")
def _(x: Type) -> Type:
    """Fresh memory; of a NumPy scalar the scalar itself."""
    return there(x)


@fact(np.ndarray.flatten, static="order", name=".flatten")
def _(x: Type, order: Any = "C") -> Type:
    check_order("flatten", order)
    array = array_of(x)
    return Array(array.dtype, (None if array.dims is None else times(*array.dims),))


@fact(np.ndarray.astype, static="dtype", name=".astype")
def _(x: Type, dtype: Any) -> Type:
    """The entries in another dtype."""
    wanted = dtype_from(dtype, array_of(x).dtype)
    if isinstance(x, Scalar):
        return scalar_of(wanted)
    return Array(wanted, array_of(x).dims)


_PYTHON = {"f": PY_FLOAT, "i": PY_INT, "u": PY_INT, "b": PY_BOOL, "c": PY_COMPLEX}


def _python(dtype: np.dtype[Any] | None) -> Type:
    return UNKNOWN if dtype is None else _PYTHON.get(dtype.kind, UNKNOWN)


@fact(np.ndarray.item, name=".item")
def _(x: Type) -> Type:
    """The only entry, as a Python number."""
    return _python(array_of(x).dtype)


@fact(np.ndarray.tolist, name=".tolist")
def _(x: Type) -> Type:
    """Nested lists of Python numbers."""
    array = array_of(x)
    if array.dims is None:
        return UNKNOWN
    result = _python(array.dtype)
    for dim in reversed(array.dims):
        if isinstance(dim, int) and dim <= 16:
            result = Sequence("list", (result,) * dim)
        else:
            result = Sequence("list", None, result)
    return result


def _same(*names: str) -> dict[str, Method]:
    return {name: Method(getattr(np, name)) for name in names}


for _method in (list.index, list.count):

    @fact(_method, name=f".{_method.__name__}")
    def _(xs: Type, value: Type) -> Type:
        return PY_INT


METHODS: dict[str, Method] = {
    **_same("sum", "mean", "prod", "max", "min", "var", "std", "ptp", "cumsum", "cumprod"),
    **_same("argmax", "argmin", "argsort", "any", "all", "nonzero", "searchsorted", "round"),
    **_same("dot", "trace", "diagonal", "ravel", "swapaxes", "squeeze", "repeat", "take"),
    **_same("conj", "conjugate"),
    "clip": Method(np.clip, False, {"min": "a_min", "max": "a_max"}, ("a_min", "a_max")),
    "reshape": Method(np.reshape, gathers=True),
    "transpose": Method(np.transpose, gathers=True),
    "copy": Method(np.ndarray.copy),
    "flatten": Method(np.ndarray.flatten),
    "astype": Method(np.ndarray.astype),
    "item": Method(np.ndarray.item),
    "tolist": Method(np.ndarray.tolist),
}

# Those of lists that read and return a number.
LIST_METHODS: dict[str, Method] = {"index": Method(list.index), "count": Method(list.count)}


# ---------------------------------------------------------------------------- attributes


def attribute_T(x: Any) -> Any:
    return x.T


def attribute_mT(x: Any) -> Any:
    return x.mT


def attribute_shape(x: Any) -> Any:
    return x.shape


def attribute_size(x: Any) -> Any:
    return x.size


def attribute_ndim(x: Any) -> Any:
    return x.ndim


def attribute_dtype(x: Any) -> Any:
    return x.dtype


def attribute_real(x: Any) -> Any:
    return x.real


def attribute_imag(x: Any) -> Any:
    return x.imag


@fact(attribute_T, name=".T", storage="view", cheap=True)
def _(x: Type) -> Type:
    return x if isinstance(x, Scalar) else transpose(x)


@fact(attribute_mT, name=".mT", storage="view", cheap=True)
def _(x: Type) -> Type:
    dims = array_of(x).dims
    return Array(array_of(x).dtype, dims and (*dims[:-2], dims[-1], dims[-2]))


@fact(attribute_shape, name=".shape", cheap=True)
def _(x: Type) -> Type:
    return shape(x)


@fact(attribute_size, name=".size", cheap=True)
def _(x: Type) -> Type:
    return PY_INT


@fact(attribute_ndim, name=".ndim", cheap=True)
def _(x: Type) -> Type:
    return PY_INT


@fact(attribute_dtype, name=".dtype", cheap=True)
def _(x: Type) -> Type:
    dtype = array_of(x).dtype
    return UNKNOWN if dtype is None else Static(dtype)


def _real_type(x: Type) -> Type:
    dtype = array_of(x).dtype
    if dtype is not None and dtype.kind == "c":
        dtype = np.empty(0, dtype).real.dtype
    if isinstance(x, Scalar) and dtype is not None:
        return Scalar(dtype, x.weak)
    return Array(dtype, array_of(x).dims)


@fact(attribute_real, name=".real", storage="view", cheap=True)
def _(x: Type) -> Type:
    return _real_type(x)


@fact(attribute_imag, name=".imag", storage="view", cheap=True)
def _(x: Type) -> Type:
    """Zeros, read-only, for real numbers."""
    return _real_type(x)


ATTRIBUTES: dict[str, Any] = {
    "T": attribute_T,
    "mT": attribute_mT,
    "shape": attribute_shape,
    "size": attribute_size,
    "ndim": attribute_ndim,
    "dtype": attribute_dtype,
    "real": attribute_real,
    "imag": attribute_imag,
}
