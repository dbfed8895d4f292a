"""Arrays that are not NumPy's own: those that follow its protocols, and subclasses of its class.

An array of another library that defines ``__array_ufunc__`` and ``__array_function__`` (dask's, for
one) gives NumPy's functions a meaning of its own: chunk by chunk, later, elsewhere. A derivative
treats it as an array, and calls on it nothing but such functions and operators. It is not written
to: what a write changes beside it, a view or another name, is different from library to library.

A subclass of ``np.ndarray`` that changes nothing of what arithmetic does is taken for another
library's, too: what is a number for NumPy's own arrays, a sum or a mean, is an array there.
"""

from __future__ import annotations

import enum
from typing import Any

import numpy as np


def follows_protocols(value: Any) -> bool:
    """Is this an array of another library, of known lengths, that NumPy's functions ask?"""
    cls = type(value)
    if isinstance(value, np.ndarray | np.generic) or not has_protocols(cls):
        return False
    dtype, shape = getattr(value, "dtype", None), getattr(value, "shape", None)
    known = isinstance(shape, tuple) and all(isinstance(n, int | np.integer) for n in shape)
    return known and isinstance(dtype, np.dtype)


# NumPy's classes of arrays that give numbers where their entries are added up.
OWN = (np.ndarray, np.memmap)


class Foreign(enum.IntEnum):
    """What is known of arrays of other libraries: what ``x += y`` does to one."""

    NONE = 0  # there are none
    REBOUND = 1  # x is another array
    IN_PLACE = 2  # x is changed, under all its names


def foreign_of(value: Any) -> Foreign:
    """Is this an array of another library, or of a subclass that keeps to NumPy's arithmetic?"""
    cls = type(value)
    own = cls in OWN or not is_plain(cls) if isinstance(value, np.ndarray) else False
    if own or not (isinstance(value, np.ndarray) or follows_protocols(value)):
        return Foreign.NONE
    in_place = getattr(cls, "__iadd__", None) is not None
    return Foreign.IN_PLACE if in_place else Foreign.REBOUND


def has_protocols(cls: type) -> bool:
    """Do NumPy's functions ask instances of a class what they mean to them?"""
    protocols = ("__array_ufunc__", "__array_function__")
    return all(getattr(cls, name, None) is not None for name in protocols)


def is_plain(cls: type) -> bool:
    """Is this NumPy's array class, or one that inherits everything it says of arithmetic?"""
    known = _PLAIN.get(cls)
    if known is None:
        known = _PLAIN[cls] = issubclass(cls, np.ndarray) and all(
            base is np.memmap or _OPERATIONS.isdisjoint(vars(base))
            for base in cls.__mro__[: cls.__mro__.index(np.ndarray)]
        )
    return known


# What a subclass may say for itself: how it is made, shown, copied and stored.
_HARMLESS = {
    "__array_finalize__", "__array_priority__", "__class_getitem__", "__copy__", "__deepcopy__",
    "__doc__", "__dict__", "__format__", "__init__", "__init_subclass__", "__module__", "__new__",
    "__reduce__", "__reduce_ex__", "__repr__", "__setstate__", "__sizeof__", "__str__",
    "__subclasshook__", "__hash__", "__dir__", "dump", "dumps", "tofile",
}  # fmt: skip
_OPERATIONS = frozenset(dir(np.ndarray)) - _HARMLESS | {"__getattr__"}
_PLAIN: dict[type, bool] = {np.ndarray: True}


def library_name(cls: type) -> str:
    """What a class of arrays is called: ``torch.Tensor``."""
    return f"{cls.__module__.split('.')[0]}.{cls.__name__}"


_NUMBERS = {float, int, bool, str, type(None), np.ndarray}


def unlike_arrays(value: Any, asked: bool) -> str | None:
    """Why something that could be taken for an array is none here; None if it is, or is no array.

    ``asked``: is it to be differentiated by? Then it must be one, if it is like one.
    """
    cls = type(value)
    if cls in _NUMBERS:
        return None
    if isinstance(value, np.generic):
        return None
    if isinstance(value, np.ndarray):
        return None if is_plain(cls) else "whose operations are not those of arrays"
    if not has_protocols(cls):
        like = asked and hasattr(cls, "__array__")
        return "which does not follow NumPy's protocols for arrays" if like else None
    if hasattr(value, "unit") or hasattr(value, "units"):
        return "which has a unit"
    if isinstance(getattr(value, "_meta", None), np.ma.MaskedArray):
        return "whose chunks are masked"
    if not follows_protocols(value):
        return "whose lengths or dtype are not known"
    return None
