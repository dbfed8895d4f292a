"""Rules: the functions that derivatives call beside NumPy's. All are linear."""

from __future__ import annotations

import numpy as np

from gradscribe.ir.helpers import (
    add_entry,
    add_trees,
    as_tuple,
    bounds,
    check_finite,
    checkpoint,
    copy_list,
    entries,
    expand,
    fill_like,
    is_one,
    is_slow_inverse,
    like,
    ordered,
    own,
    stop_gradient,
    zero_tree,
    zeros_like,
)
from gradscribe.ir.special import segments, snapshots_in
from gradscribe.rules.declare import constant, constant_in, linear


# Summing what was broadcast, and broadcasting it again, are each other's transposes.
@linear(like, "g")
def like_g(g, x, *, y_bar):
    return like(y_bar, g)


@linear(fill_like, "value")
def fill_like_value(value, x, *, y_bar):
    return like(y_bar, value)


# The inserted axes have length 1.
@linear(expand, "g")
def expand_g(g, x, axis, keepdims, *, y_bar):
    return np.reshape(y_bar, np.shape(g))


@linear(add_trees, ("a", "b"))
def add_trees_both(a, b, *, y_bar):
    return y_bar, y_bar


@linear(add_entry, ("xs", "value"))
def add_entry_both(xs, index, value, *, y_bar):
    return y_bar, y_bar[index]


@linear(own, "x")
def own_x(x, *, y_bar):
    return y_bar


@linear(copy_list, "xs")
def copy_list_xs(xs, *, y_bar):
    if isinstance(xs, list):
        return y_bar
    return tuple(y_bar) if isinstance(xs, tuple) else np.array(y_bar)


@linear(as_tuple, "xs")
def as_tuple_xs(xs, *, y_bar):
    return copy_list(y_bar)


@linear(entries, "xs")
def entries_xs(xs, count, *, y_bar):
    if isinstance(xs, list):
        return list(y_bar)
    return y_bar if isinstance(xs, tuple) else np.array(list(y_bar))


# Walking backwards is its own inverse, and a permutation's transpose is its inverse.
@linear(reversed, "xs")
def reversed_xs(xs, *, y_bar):
    return reversed(y_bar)


constant_in(like, "x")
constant_in(fill_like, "x")
constant_in(expand, "x", "axis", "keepdims")
constant(
    zeros_like, zero_tree, stop_gradient, checkpoint, segments, snapshots_in, check_finite, is_one,
    is_slow_inverse, bounds, ordered, list.index, list.count, len, range, slice,
)  # fmt: skip
