"""Rules: reading and writing entries. Every one is linear; only which entries matters."""

from __future__ import annotations

import operator

import numpy as np

from gradscribe.ir.helpers import (
    append,
    folded,
    index_add,
    inserted,
    joined,
    repeated,
    setitem,
    unwritten,
    without,
    zero_entries,
    zeros_like,
)
from gradscribe.ir.transposes import (
    holds_lists,
    is_dict,
    is_of_one_shape,
    is_whole,
    last_written,
    may_repeat,
    take_adjoint,
    take_along_axis_adjoint,
)
from gradscribe.rules.declare import constant, constant_in, linear


@linear(operator.getitem, "x")
def getitem_x(x, index, *, y_bar):
    if is_whole(index):
        return y_bar
    return index_add(zeros_like(x), index, y_bar)


@linear(setitem, ("x", "value"))
def setitem_both(x, index, value, *, y_bar):
    if is_whole(index):
        return zeros_like(y_bar), y_bar
    if is_dict(x) and not is_of_one_shape(x):
        return unwritten(y_bar, x, index), y_bar[index]
    if is_dict(x):
        value_bar = y_bar[index]
        if index in x:
            return setitem(y_bar, index, zeros_like(value_bar)), value_bar
        return without(y_bar, index), value_bar
    # The entries are read before they are zeroed, so that zeroing can be in place.
    if holds_lists(x):
        value_bar = y_bar[index]
        return setitem(y_bar, index, zeros_like(x[index])), value_bar
    value_bar = last_written(y_bar, index) if may_repeat(index) else y_bar[index]
    return setitem(y_bar, index, 0.0), value_bar


@linear(unwritten, "g")
def unwritten_g(g, x, key, *, y_bar):
    return unwritten(y_bar, g, key)


@linear(last_written, "x")
def last_written_x(x, index, *, y_bar):
    return index_add(zeros_like(x), index, y_bar * last_written(np.ones_like(x), index))


@linear(index_add, ("x", "value"))
def index_add_both(x, index, value, *, y_bar):
    return y_bar, y_bar[index]


# Putting an entry into a list and taking one out are each other's transposes.
@linear(append, ("xs", "value"))
def append_both(xs, value, *, y_bar):
    value_bar = y_bar[-1]
    return without(y_bar, -1), value_bar


@linear(without, "xs")
def without_xs(xs, place, *, y_bar):
    if is_dict(xs):
        return setitem(y_bar, place, zeros_like(xs[place]))
    if place == -1:
        return append(y_bar, zeros_like(xs[-1]))
    return inserted(y_bar, place, zeros_like(xs[place]))


@linear(inserted, ("xs", "value"))
def inserted_both(xs, place, value, *, y_bar):
    return without(y_bar, place), y_bar[place]


@linear(joined, ("a", "b"))
def joined_both(a, b, *, y_bar):
    return y_bar[: len(a)], y_bar[len(a) :]


@linear(repeated, "a")
def repeated_a(a, b, *, y_bar):
    return folded(y_bar, a)


@linear(repeated, "b")
def repeated_b(a, b, *, y_bar):
    return folded(y_bar, b)


@linear(folded, "g")
def folded_g(g, xs, *, y_bar):
    return repeated(y_bar, len(g) // len(xs))


@linear(np.take, "a")
def take_a(a, indices, axis=None, *, y_bar):
    if isinstance(indices, tuple):
        indices = np.asarray(indices)
    if axis is None:
        return np.reshape(index_add(np.zeros_like(np.ravel(a)), indices, y_bar), np.shape(a))
    if axis == 0:
        return index_add(zeros_like(a), indices, y_bar)
    if axis == -1:
        return index_add(zeros_like(a), (..., indices), y_bar)
    return take_adjoint(y_bar, a, indices, axis)


@linear(take_adjoint, "g")
def take_adjoint_g(g, a, indices, axis, *, y_bar):
    return np.take(y_bar, indices, axis)


@linear(np.take_along_axis, "arr")
def take_along_axis_arr(arr, indices, axis=-1, *, y_bar):
    return take_along_axis_adjoint(y_bar, arr, indices, axis)


@linear(take_along_axis_adjoint, "g")
def take_along_axis_adjoint_g(g, a, indices, axis, *, y_bar):
    return np.take_along_axis(y_bar, indices, axis)


@linear(np.compress, "a")
def compress_a(condition, a, axis=None, *, y_bar):
    return take_a(a, np.flatnonzero(condition), axis, y_bar=y_bar)


@linear(np.extract, "arr")
def extract_arr(condition, arr, *, y_bar):
    return take_a(arr, np.flatnonzero(condition), None, y_bar=y_bar)


constant_in(folded, "xs")
constant(may_repeat, is_whole, is_dict, holds_lists, is_of_one_shape, zero_entries)


constant_in(unwritten, "x", "key")
constant_in(take_adjoint, "a")
constant_in(take_along_axis_adjoint, "a")
