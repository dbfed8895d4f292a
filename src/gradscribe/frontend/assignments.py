"""Functions of NumPy that write into an argument, as the assignments that they are.

They are lowered in place of the call, like a user's function, so that what holds for an assignment
holds for them. Where the shape of an argument decides, the test is decided by its type.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar

import numpy as np

from gradscribe.ir.transposes import places_along_axis

Writer = TypeVar("Writer", bound=Callable[..., None])

# By NumPy's function, the one to lower in its place: it has the same parameters.
ASSIGNMENTS: dict[Any, FunctionType] = {}


def _instead_of(*functions: Any) -> Callable[[Writer], Writer]:
    def declare(body: Writer) -> Writer:
        assert isinstance(body, FunctionType)
        ASSIGNMENTS.update(dict.fromkeys(functions, body))
        return body

    return declare


@_instead_of(np.copyto)
def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = None) -> None:
    if where is None:
        dst[...] = src
    else:
        dst[...] = np.where(where, src, dst)


@_instead_of(np.put, np.ndarray.put)
def put(a: Any, ind: Any, v: Any, mode: Any = "raise") -> None:
    if mode != "raise":
        raise NotImplementedError("np.put with a mode", 'leave the mode "raise"')
    place = ind if np.ndim(a) == 1 else np.unravel_index(ind, np.shape(a))
    if np.ndim(v) == 0:
        a[place] = v
    else:
        a[place] = np.ravel(v)[np.arange(np.size(ind)) % np.size(v)].reshape(np.shape(ind))


@_instead_of(np.putmask)
def putmask(a: Any, mask: Any, values: Any) -> None:
    if np.ndim(values) == 0:
        a[mask] = values
    else:
        a[mask] = np.ravel(values)[np.flatnonzero(mask) % np.size(values)]


@_instead_of(np.place)
def place(arr: Any, mask: Any, vals: Any) -> None:
    if np.ndim(vals) == 0:
        arr[mask] = vals
    else:
        arr[mask] = np.ravel(vals)[np.arange(np.count_nonzero(mask)) % np.size(vals)]


@_instead_of(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: Any = False) -> None:
    if wrap or np.ndim(a) != 2:
        raise NotImplementedError("np.fill_diagonal of anything but a matrix, or with wrap")
    k = np.arange(min(np.shape(a)[0], np.shape(a)[1]))
    if np.ndim(val) == 0:
        a[k, k] = val
    else:
        a[k, k] = np.ravel(val)[k % np.size(val)]


@_instead_of(np.put_along_axis)
def put_along_axis(arr: Any, indices: Any, values: Any, axis: Any) -> None:
    if axis is None:
        raise NotImplementedError("np.put_along_axis without an axis", "flatten the array first")
    arr[places_along_axis(indices, np.shape(arr), axis)] = values


@_instead_of(np.ndarray.fill)
def fill(x: Any, value: Any) -> None:
    x[...] = value


@_instead_of(np.ndarray.sort)
def sort(a: Any, axis: Any = -1, kind: Any = None) -> None:
    a[...] = np.sort(a, axis)


# ---------------------------------------------------------------------------- ``ufunc.at``


def at_once(function: Any, x: Any, index: Any, value: Any) -> None:
    """``function.at(x, index, value)`` at places of which none comes twice."""
    x[index] = function(x[index], value)


def one_by_one(function: Any, x: Any, index: Any, value: Any) -> None:
    """``function.at(x, index, value)`` along a list of positions, in their order."""
    values = value if np.ndim(value) == 0 else np.broadcast_to(value, np.shape(x[index]))
    for k in range(len(index)):
        if np.ndim(value) == 0:
            x[index[k]] = function(x[index[k]], values)
        else:
            x[index[k]] = function(x[index[k]], values[k])
