"""Functions of NumPy as NumPy: what they do, written in functions that have rules.

They are lowered in place of the originals, as those of ``library`` are.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    conditions, choices = tuple(condlist), tuple(choicelist)
    if len(conditions) != len(choices):
        raise ValueError("list of cases must be same length as list of conditions")
    if len(conditions) == 0:
        return default
    return np.where(conditions[0], choices[0], _select(conditions[1:], choices[1:], default))


def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any) -> Any:
    if np.ndim(x) == 0:
        return _piece(x, condlist, funclist, *args)
    x = np.asarray(x)
    y = np.zeros_like(x)
    if len(funclist) > len(condlist):
        rest = funclist[-1]
        y[:] = rest(x, *args) if callable(rest) else rest
    for condition, function in zip(condlist, funclist, strict=False):
        y[condition] = function(x[condition], *args) if callable(function) else function
    return y


def _piece(x: Any, condlist: Any, funclist: Any, *args: Any) -> Any:
    """Of a number, what the last condition says that holds."""
    y = 0.0
    if len(funclist) > len(condlist):
        rest = funclist[-1]
        y = rest(x, *args) if callable(rest) else rest
    for condition, function in zip(condlist, funclist, strict=False):
        if condition:
            y = function(x, *args) if callable(function) else function
    return np.asarray(y, dtype=float)


def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: Any = 1) -> Any:
    if np.ndim(f) != 1 or len(varargs) > 1 or edge_order != 1:
        raise NotImplementedError("np.gradient but along one axis, to the first order at its ends")
    f = np.asarray(f)
    if len(varargs) == 0 or np.ndim(varargs[0]) == 0:
        h = 1.0 if len(varargs) == 0 else varargs[0]
        inner = (f[2:] - f[:-2]) / (2.0 * h)
        return np.concatenate([(f[1:2] - f[:1]) / h, inner, (f[-1:] - f[-2:-1]) / h])
    d = np.diff(np.asarray(varargs[0]))
    left, right = d[:-1], d[1:]
    inner = (
        f[1:-1] * (right - left) / (left * right)
        - f[:-2] * right / (left * (left + right))
        + f[2:] * left / (right * (left + right))
    )
    return np.concatenate([(f[1:2] - f[:1]) / d[:1], inner, (f[-1:] - f[-2:-1]) / d[-1:]])


def _meshgrid(x: Any, y: Any, indexing: Any = "xy") -> Any:
    x, y = np.ravel(x), np.ravel(y)
    if indexing == "xy":
        return np.tile(x, (len(y), 1)), np.tile(np.reshape(y, (-1, 1)), (1, len(x)))
    return np.tile(np.reshape(x, (-1, 1)), (1, len(y))), np.tile(y, (len(x), 1))


def _broadcast_arrays(*args: Any) -> Any:
    shape = np.broadcast_shapes(*[np.shape(x) for x in args])
    return tuple([np.broadcast_to(x, shape) for x in args])


def _insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    if np.ndim(arr) != 1 or np.ndim(obj) != 0:
        raise NotImplementedError("np.insert but at one place of a vector")
    arr = np.asarray(arr)
    place = obj + len(arr) if obj < 0 else obj
    return np.concatenate([arr[:place], np.ravel(values), arr[place:]])


def _delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    if np.ndim(arr) != 1 or np.ndim(obj) != 0:
        raise NotImplementedError("np.delete but of one entry of a vector")
    arr = np.asarray(arr)
    place = obj + len(arr) if obj < 0 else obj
    return np.concatenate([arr[:place], arr[place + 1 :]])


def _real(val: Any) -> Any:
    return val.real


def _ediff1d(ary: Any) -> Any:
    return np.diff(np.ravel(ary))


def _polyval(x: Any, c: Any) -> Any:
    if np.ndim(c) != 1:
        raise NotImplementedError("polyval of several polynomials")
    total = c[-1] + x * 0
    for k in range(2, len(c) + 1):
        total = c[-k] + total * x
    return total


def _sum(array: Any, axis: Any = 0, keepdims: Any = False) -> Any:
    return np.sum(array, axis=axis, keepdims=keepdims)


def _product(array: Any, axis: Any = 0, keepdims: Any = False) -> Any:
    return np.prod(array, axis=axis, keepdims=keepdims)


def _largest(array: Any, axis: Any = 0, keepdims: Any = False) -> Any:
    return np.max(array, axis=axis, keepdims=keepdims)


def _smallest(array: Any, axis: Any = 0, keepdims: Any = False) -> Any:
    return np.min(array, axis=axis, keepdims=keepdims)


def _every(array: Any, axis: Any = 0, keepdims: Any = False) -> Any:
    return np.all(array, axis=axis, keepdims=keepdims)


def _some(array: Any, axis: Any = 0, keepdims: Any = False) -> Any:
    return np.any(array, axis=axis, keepdims=keepdims)


def _sums(array: Any, axis: Any = 0) -> Any:
    return np.cumsum(array, axis=axis)


def _products(array: Any, axis: Any = 0) -> Any:
    return np.cumprod(array, axis=axis)


def _greatest(array: Any, axis: Any = 0) -> Any:
    if np.ndim(array) != 1:
        raise NotImplementedError("np.maximum.accumulate but of a vector")
    result = np.array(array)
    for k in range(1, len(result)):
        result[k] = np.maximum(result[k - 1], result[k])
    return result


def _least(array: Any, axis: Any = 0) -> Any:
    if np.ndim(array) != 1:
        raise NotImplementedError("np.minimum.accumulate but of a vector")
    result = np.array(array)
    for k in range(1, len(result)):
        result[k] = np.minimum(result[k - 1], result[k])
    return result


def _outer_sum(a: Any, b: Any, /) -> Any:
    return np.reshape(a, np.shape(a) + (1,) * np.ndim(b)) + np.asarray(b)


def _outer_difference(a: Any, b: Any, /) -> Any:
    return np.reshape(a, np.shape(a) + (1,) * np.ndim(b)) - np.asarray(b)


def _outer_product(a: Any, b: Any, /) -> Any:
    return np.reshape(a, np.shape(a) + (1,) * np.ndim(b)) * np.asarray(b)


def _outer_quotient(a: Any, b: Any, /) -> Any:
    return np.reshape(a, np.shape(a) + (1,) * np.ndim(b)) / np.asarray(b)


def _vectorized(function: Any, cast: Any, *args: Any) -> Any:
    """``np.vectorize(function)(*args)``; ``cast``: to floats, as ``otypes=[float]`` says."""
    shape = np.broadcast_shapes(*[np.shape(x) for x in args])
    if len(shape) == 0:
        result = function(*args)
    else:
        columns = [np.ravel(np.broadcast_to(x, shape)).copy() for x in args]
        result = np.reshape([function(*entries) for entries in zip(*columns, strict=True)], shape)
    return np.asarray(result, dtype=float) if cast else result


def _along_axis(func1d: Any, axis: Any, arr: Any, *args: Any) -> Any:
    if np.ndim(arr) == 1:
        return np.asarray(func1d(np.asarray(arr).copy(), *args))
    if np.ndim(arr) != 2:
        raise NotImplementedError("np.apply_along_axis but of a vector or a matrix")
    by_rows = axis in (1, -1)
    rows = np.copy(arr) if by_rows else np.copy(arr).T
    results = np.array([func1d(row, *args) for row in rows])
    return results if by_rows or np.ndim(results) == 1 else results.T


WRITTEN: dict[Any, Any] = {
    np.select: _select,
    np.piecewise: _piecewise,
    np.apply_along_axis: _along_axis,
    np.gradient: _gradient,
    np.meshgrid: _meshgrid,
    np.broadcast_arrays: _broadcast_arrays,
    np.insert: _insert,
    np.delete: _delete,
    np.ediff1d: _ediff1d,
    np.real: _real,
    np.vectorize: _vectorized,  # a call of what it made, which is handed over first
    np.polynomial.polynomial.polyval: _polyval,
    np.add.reduce: _sum,
    np.multiply.reduce: _product,
    np.maximum.reduce: _largest,
    np.minimum.reduce: _smallest,
    np.logical_and.reduce: _every,
    np.logical_or.reduce: _some,
    np.add.accumulate: _sums,
    np.multiply.accumulate: _products,
    np.maximum.accumulate: _greatest,
    np.minimum.accumulate: _least,
    np.add.outer: _outer_sum,
    np.subtract.outer: _outer_difference,
    np.multiply.outer: _outer_product,
    np.divide.outer: _outer_quotient,
}
