"""Functions that derivatives call beside NumPy's.

The compiler knows them as primitives and writes plain NumPy in their place wherever types allow;
where they do not, the function's own source is copied into the emitted file. So each stands alone:
it uses NumPy and its arguments, nothing else of this package.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def like(g: Any, x: Any) -> Any:
    """Sum a cotangent over the axes along which x was broadcast, in the shape and dtype of x."""
    if isinstance(x, (list, tuple)):
        return type(x)([like(a, b) for a, b in zip(g, x, strict=True)])
    g = np.asarray(g)
    shape = np.shape(x)
    if g.shape != shape:
        g = np.broadcast_to(g, np.broadcast_shapes(g.shape, shape))
        g = g.sum(axis=tuple(range(g.ndim - len(shape))))
        ones = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
        g = np.broadcast_to(g.sum(axis=ones, keepdims=True) if ones else g, shape)
    dtype = getattr(x, "dtype", g.dtype)
    return g.astype(dtype if dtype.kind in "fc" else g.dtype)[()]


def zeros_like(x: Any) -> Any:
    """A zero adjoint for x: a float for a scalar, a fresh array for an array, lists for lists."""
    if isinstance(x, (list, tuple)):
        return type(x)([zeros_like(v) for v in x])
    dtype = getattr(x, "dtype", np.dtype(float))
    return np.zeros(np.shape(x), dtype if dtype.kind in "fc" else float)[()]


def fill_like(value: Any, x: Any) -> Any:
    """``value`` broadcast to the shape of x: fresh memory, in x's dtype if that is floating."""
    if isinstance(x, (list, tuple)):
        return type(x)([fill_like(value, v) for v in x])
    dtype = getattr(x, "dtype", None)
    keep = dtype if dtype is not None and dtype.kind in "fc" else None
    return np.array(np.broadcast_to(value, np.shape(x)), keep)[()]


def expand(g: Any, x: Any, axis: Any, keepdims: Any) -> Any:
    """Put back the axes that reducing x over ``axis`` removed, with length 1."""
    if keepdims or axis is None or np.ndim(x) == 0:
        return g
    return np.expand_dims(g, axis)


def setitem(x: Any, index: Any, value: Any) -> Any:
    """A copy of x in which ``x[index]`` is ``value``."""
    x = x.copy()
    x[index] = value
    return x


def index_add(x: Any, index: Any, value: Any) -> Any:
    """A copy of x with ``value`` added at ``x[index]``, once per occurrence of an index."""
    if isinstance(x, np.ndarray):
        x = x.copy()
        np.add.at(x, index, value)
        return x
    entries = list(x)
    entry = entries[index]
    if isinstance(entry, (list, tuple)):
        for place, part in enumerate(value):
            entry = index_add(entry, place, part)
    elif value is not None:
        entry = entry + value
    entries[index] = entry
    return type(x)(*entries) if hasattr(x, "_fields") else type(x)(entries)


def append(xs: Any, value: Any) -> Any:
    """A copy of the list xs with one more entry."""
    return [*xs, value]


def without(xs: Any, place: Any) -> Any:
    """A copy of the list xs without the entry at ``place``."""
    xs = list(xs)
    del xs[place]
    return xs


def inserted(xs: Any, place: Any, value: Any) -> Any:
    """A copy of the list xs with ``value`` as one more entry, found at ``place``."""
    xs = list(xs)
    xs.insert(place if place >= 0 else len(xs) + 1 + place, value)
    return xs


def joined(a: Any, b: Any) -> Any:
    """The list or tuple ``a + b``."""
    return a + b


def repeated(a: Any, b: Any) -> Any:
    """The list or tuple ``a * b``, where either is the number."""
    return a * b


def folded(g: Any, xs: Any) -> Any:
    """The cotangent of the list xs in ``xs * n``."""
    zeros = [np.zeros(np.shape(x), getattr(x, "dtype", float))[()] for x in xs]
    return type(xs)([sum(g[k :: len(xs)], zero) for k, zero in enumerate(zeros)])


def copy_list(xs: Any) -> Any:
    """A copy of the list xs."""
    return list(xs)


def copy_dict(d: Any) -> Any:
    """A copy of the dict d."""
    return dict(d)


def as_tuple(xs: Any) -> Any:
    """The entries of the list xs as a tuple."""
    return tuple(xs)


def entries(xs: Any, count: Any) -> Any:
    """The entries of xs, of which there must be exactly ``count``."""
    found = tuple(xs)
    if len(found) != count:
        raise ValueError(f"{len(found)} values where {count} are unpacked")
    return found


def bounds(part: Any, length: Any) -> Any:
    """Where a slice of a list of that length begins, and where what follows it does."""
    start, stop, _ = part.indices(length)
    return start, max(start, stop)


def ordered(keys: Any, reverse: Any) -> Any:
    """The positions of the keys in the order in which ``sorted`` puts them."""
    return sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse)


def stop_gradient(x: Any) -> Any:
    """x itself, with derivative zero at every order."""
    return x


def solution(f: Any, x: Any, *args: Any) -> Any:
    """x, a root: f(x, *args) is 0. Its derivatives are those of the root as a function of args."""
    return x


def fixed(f: Any, x: Any, *args: Any) -> Any:
    """x, a fixed point: f(x, *args) is x. Its derivatives are those of the point, as of args."""
    return x


def checkpoint(what: Any, snapshots: Any = None, memory: Any = None) -> Any:
    """what itself, of which derivatives save little and compute the rest again."""
    return what


def by_attribute(f: Any, *objects: Any) -> Any:
    """An object whose attributes are f of those of objects of one class; None for what is none."""
    first = objects[0]
    names = getattr(first, "__dict__", None) or getattr(first, "__slots__", None)
    if not names or isinstance(first, type):
        return None
    made = object.__new__(type(first))
    for name in names:
        object.__setattr__(made, name, f(*[getattr(x, name) for x in objects]))
    return made


def holding(cls: Any, /, **attributes: Any) -> Any:
    """An object of a class that has these attributes, made without its constructor."""
    made = object.__new__(cls)
    for name, value in attributes.items():
        object.__setattr__(made, name, value)
    return made


def add_trees(a: Any, b: Any) -> Any:
    """The sum, part by part, of two adjoints of one list, tuple, dict or object."""
    if isinstance(a, (list, tuple)):
        parts = [add_trees(x, y) for x, y in zip(a, b, strict=True)]
        return type(a)(*parts) if hasattr(a, "_fields") else type(a)(parts)
    if isinstance(a, dict):
        return {k: add_trees(v, b[k]) for k, v in a.items()}
    total = by_attribute(add_trees, a, b)
    if total is not None:
        return total
    return a if a is None else a + b


def zero_tree(x: Any) -> Any:
    """A zero adjoint for a container or object: None for the parts that are not floating."""
    if isinstance(x, (list, tuple)):
        parts = [zero_tree(v) for v in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    if isinstance(x, dict):
        return {k: zero_tree(v) for k, v in x.items()}
    zero = by_attribute(zero_tree, x)
    if zero is not None:
        return zero
    if type(x) is float:
        return 0.0
    floating = getattr(x, "dtype", np.dtype(int)).kind == "f"
    return np.zeros(np.shape(x), getattr(x, "dtype", float))[()] if floating else None


def zero_entries(d: Any) -> Any:
    """A zero adjoint for a dict of numbers."""
    return dict.fromkeys(d, 0.0)


def add_entry(xs: Any, index: Any, value: Any) -> Any:
    """A copy of xs, an adjoint of a list or dict, with ``value`` added to one entry."""
    xs = xs.copy()
    xs[index] = add_trees(xs[index], value)
    return xs


def unwritten(g: Any, x: Any, key: Any) -> Any:
    """The adjoint of the dict x, where g is that of x with another entry at ``key``."""
    return {k: g[k] if k in g and k != key else zero_tree(v) for k, v in x.items()}


def own(x: Any) -> Any:
    """Fresh memory with the value of x, whatever x is."""
    if isinstance(x, (list, tuple)):
        parts = [own(v) for v in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    if isinstance(x, dict):
        return {k: own(v) for k, v in x.items()}
    return np.array(x)[()] if isinstance(x, np.ndarray) else x


def is_one(x: Any) -> bool:
    """Is x written as the literal 1? Decided when a rule is lowered, never at run time."""
    return type(x) is int and x == 1


def is_slow_inverse(x: Any, exponent: Any) -> bool:
    """Is x an array and its exponent written as a negative number that is no integer?

    Decided when a rule is lowered, never at run time.
    """
    literal = isinstance(exponent, float) and exponent < 0 and not exponent.is_integer()
    return literal and np.ndim(x) > 0


def apart(*arguments: Any) -> None:
    """Refuse arguments that share memory, one of which the function is going to change."""
    seen: dict[int, list[Any]] = {}
    work = list(arguments)
    while work:
        x = owner = work.pop()
        if isinstance(x, (list, tuple, dict)):
            work += x.values() if isinstance(x, dict) else x
        holder = hasattr(x, "__dict__") and not hasattr(x, "__name__")
        if holder:
            work += vars(x).values()
        while isinstance(owner, (np.ndarray, memoryview)):
            inner = owner.base if isinstance(owner, np.ndarray) else owner.obj
            if inner is None:
                break
            owner = inner
        if holder or isinstance(x, (list, dict, np.ndarray)):
            others = seen.setdefault(id(owner), [])
            if any(not isinstance(x, np.ndarray) or np.shares_memory(x, y) for y in others):
                raise ValueError("two arguments share memory, and the function changes one of them")
            others.append(x)


def by_place(xs: Any) -> None:
    """Refuse a dict where it is not known what is walked: the loop is over places, not keys."""
    if isinstance(xs, dict):
        raise TypeError("a dict is walked, where a sequence was expected; use --example")


def as_long(*lengths: Any) -> None:
    """Refuse sequences of different lengths, as ``zip(…, strict=True)`` does."""
    if len(set(lengths)) > 1:
        raise ValueError(f"zip() of sequences of different lengths: {lengths}")


def check_finite(x: Any, place: Any, what: Any) -> None:
    """Raise FloatingPointError, saying what x is, if an entry of x is NaN or infinite."""
    if isinstance(x, (list, tuple)):
        for entry in x:
            check_finite(entry, place, what)
    elif np.asarray(x).dtype.kind in "fc" and not np.all(np.isfinite(x)):
        found = "NaN" if np.any(np.isnan(x)) else "infinity"
        raise FloatingPointError(f"{place}: {found} in {what}")
