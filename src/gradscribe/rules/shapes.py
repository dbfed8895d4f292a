"""Rules: rearranging entries. All linear: the transpose puts every entry back where it was."""

from __future__ import annotations

import numpy as np

from gradscribe.ir.transposes import (
    diagonal_adjoint,
    diff_adjoint,
    eye_like,
    joined_like,
    pad_adjoint,
    repeat_adjoint,
    reshape_like,
    split_like,
    stacked_like,
    tile_adjoint,
    unstack,
    untransposed,
)
from gradscribe.rules.declare import adjoint, constant, constant_in, linear, tangent

constant(
    np.shape, np.broadcast_shapes, np.ndim, np.size, np.nonzero, np.unravel_index,
    np.diag_indices_from, np.tril_indices_from, np.triu_indices_from,
)  # fmt: skip


# ---------------------------------------------------------------------------- one array, new shape


@linear(np.reshape, "a")
def reshape(a, shape, order="C", *, y_bar):
    if order == "F":
        return np.reshape(y_bar, np.shape(a), "F")
    return reshape_like(y_bar, a)


@linear(np.ravel, "a")
def ravel(a, order="C", *, y_bar):
    if order == "F":
        return np.reshape(y_bar, np.shape(a), "F")
    return reshape_like(y_bar, a)


@linear(np.ndarray.flatten, "x")
def flatten(x, order="C", *, y_bar):
    if order == "F":
        return np.reshape(y_bar, np.shape(x), "F")
    return reshape_like(y_bar, x)


@linear(reshape_like, "g")
def reshape_like_g(g, x, *, y_bar):
    return reshape_like(y_bar, g)


@linear(np.transpose, "a")
def transpose(a, axes=None, *, y_bar):
    if np.ndim(a) == 0:
        return y_bar
    if axes is None:
        return y_bar.T
    return untransposed(y_bar, axes)


@linear(untransposed, "g")
def untransposed_g(g, axes, *, y_bar):
    return np.transpose(y_bar, axes)


@linear(np.matrix_transpose, "x")
def matrix_transpose(x, *, y_bar):
    return np.swapaxes(y_bar, -1, -2)


@linear(np.swapaxes, "a")
def swapaxes(a, axis1, axis2, *, y_bar):
    return np.swapaxes(y_bar, axis1, axis2)


@linear(np.moveaxis, "a")
def moveaxis(a, source, destination, *, y_bar):
    return np.moveaxis(y_bar, destination, source)


@linear(np.expand_dims, "a")
def expand_dims(a, axis, *, y_bar):
    return reshape_like(y_bar, a)


@linear(np.squeeze, "a")
def squeeze(a, axis=None, *, y_bar):
    if axis is None:
        return reshape_like(y_bar, a)
    return np.expand_dims(y_bar, axis)


@linear(np.broadcast_to, "array")
def broadcast_to(array, shape, *, y_bar):
    return y_bar


@linear(np.atleast_1d, "x")
def atleast_1d(x, *, y_bar):
    return reshape_like(y_bar, x)


@linear(np.atleast_2d, "x")
def atleast_2d(x, *, y_bar):
    return reshape_like(y_bar, x)


@linear(np.atleast_3d, "x")
def atleast_3d(x, *, y_bar):
    return reshape_like(y_bar, x)


# ---------------------------------------------------------------------------- one array, new order


@linear(np.flip, "m")
def flip(m, axis=None, *, y_bar):
    return np.flip(y_bar, axis)


@linear(np.fliplr, "m")
def fliplr(m, *, y_bar):
    return np.fliplr(y_bar)


@linear(np.flipud, "m")
def flipud(m, *, y_bar):
    return np.flipud(y_bar)


@linear(np.roll, "a")
def roll(a, shift, axis=None, *, y_bar):
    if isinstance(shift, tuple):
        return np.roll(y_bar, np.negative(shift), axis)
    return np.roll(y_bar, -shift, axis)


@linear(np.rot90, "m")
def rot90(m, k=1, axes=(0, 1), *, y_bar):
    return np.rot90(y_bar, -k, axes)


@linear(np.triu, "m")
def triu(m, k=0, *, y_bar):
    return np.triu(y_bar, k)


@linear(np.tril, "m")
def tril(m, k=0, *, y_bar):
    return np.tril(y_bar, k)


# ---------------------------------------------------------------------------- diagonals


@linear(np.diag, "v")
def diag(v, k=0, *, y_bar):
    if np.ndim(v) == 1:
        return np.diagonal(y_bar, k)
    return diagonal_adjoint(y_bar, v, k, 0, 1)


@linear(np.diagflat, "v")
def diagflat(v, k=0, *, y_bar):
    return reshape_like(np.diagonal(y_bar, k), v)


@linear(np.diagonal, "a")
def diagonal(a, offset=0, axis1=0, axis2=1, *, y_bar):
    return diagonal_adjoint(y_bar, a, offset, axis1, axis2)


@linear(diagonal_adjoint, "g")
def diagonal_adjoint_g(g, a, offset, axis1, axis2, *, y_bar):
    return np.diagonal(y_bar, offset, axis1, axis2)


@linear(np.trace, "a")
def trace(a, offset=0, axis1=0, axis2=1, *, y_bar):
    if np.ndim(a) == 2:
        return y_bar * eye_like(a, offset)
    unit = np.eye(np.shape(a)[axis1], np.shape(a)[axis2], offset)
    return np.moveaxis(np.expand_dims(y_bar, (-2, -1)) * unit, (-2, -1), (axis1, axis2))


# ---------------------------------------------------------------------------- joining and splitting


@linear(np.concatenate, "arrays")
def concatenate(arrays, axis=0, *, y_bar):
    if isinstance(arrays, np.ndarray):
        return np.stack(split_like(y_bar, arrays, axis))
    return split_like(y_bar, arrays, axis)


@linear(split_like, "g")
def split_like_g(g, arrays, axis=0, *, y_bar):
    if axis is None:
        return reshape_like(np.concatenate(y_bar, None), g)
    return np.concatenate(y_bar, axis)


@linear(np.stack, "arrays")
def stack(arrays, axis=0, *, y_bar):
    return unstack(y_bar, arrays, axis)


@linear(unstack, "g")
def unstack_g(g, xs, axis=0, *, y_bar):
    if axis == 0:
        return np.array(y_bar)
    return np.moveaxis(np.array(y_bar), 0, axis)


@linear(np.vstack, "tup")
def vstack(tup, *, y_bar):
    if isinstance(tup, np.ndarray):
        return np.stack(stacked_like(y_bar, tup, 0))
    return stacked_like(y_bar, tup, 0)


@linear(np.hstack, "tup")
def hstack(tup, *, y_bar):
    axis = 0 if np.ndim(y_bar) == 1 else 1
    if isinstance(tup, np.ndarray):
        return np.stack(stacked_like(y_bar, tup, axis))
    return stacked_like(y_bar, tup, axis)


@linear(stacked_like, "g")
def stacked_like_g(g, arrays, axis, *, y_bar):
    if np.ndim(g) == 1:
        return np.hstack(y_bar)
    if axis == 0:
        return np.vstack(y_bar)
    if axis == 2:
        return np.dstack(y_bar)
    return np.column_stack(y_bar)


@linear(np.dstack, "tup")
def dstack(tup, *, y_bar):
    if isinstance(tup, np.ndarray):
        return np.stack(stacked_like(y_bar, tup, 2))
    return stacked_like(y_bar, tup, 2)


@linear(np.column_stack, "tup")
def column_stack(tup, *, y_bar):
    if isinstance(tup, np.ndarray):
        return np.stack(stacked_like(y_bar, tup, 1))
    return stacked_like(y_bar, tup, 1)


@linear(np.append, ("arr", "values"))
def append(arr, values, axis=None, *, y_bar):
    pieces = split_like(y_bar, (arr, values), axis)
    return pieces[0], pieces[1]


@linear(np.split, "ary")
def split(ary, indices_or_sections, axis=0, *, y_bar):
    return joined_like(y_bar, ary, axis)


@linear(np.array_split, "ary")
def array_split(ary, indices_or_sections, axis=0, *, y_bar):
    return joined_like(y_bar, ary, axis)


@linear(np.vsplit, "ary")
def vsplit(ary, indices_or_sections, *, y_bar):
    return joined_like(y_bar, ary, 0)


@linear(np.hsplit, "ary")
def hsplit(ary, indices_or_sections, *, y_bar):
    return joined_like(y_bar, ary, 0 if np.ndim(ary) == 1 else 1)


@linear(np.dsplit, "ary")
def dsplit(ary, indices_or_sections, *, y_bar):
    return joined_like(y_bar, ary, 2)


@linear(joined_like, "pieces")
def joined_like_pieces(pieces, x, axis, *, y_bar):
    return split_like(y_bar, pieces, axis)


# ---------------------------------------------------------------------------- repeating, padding


@linear(np.tile, "A")
def tile(A, reps, *, y_bar):
    return tile_adjoint(y_bar, A, reps)


@linear(tile_adjoint, "g")
def tile_adjoint_g(g, a, reps, *, y_bar):
    return np.tile(y_bar, reps)


@linear(np.repeat, "a")
def repeat(a, repeats, axis=None, *, y_bar):
    return repeat_adjoint(y_bar, a, repeats, axis)


@linear(repeat_adjoint, "g")
def repeat_adjoint_g(g, a, repeats, axis, *, y_bar):
    return np.repeat(y_bar, repeats, axis)


@tangent(np.pad, "array")
def pad_tangent(array, pad_width, mode="constant", *, array_dot):
    return np.pad(array_dot, pad_width, mode)


@adjoint(np.pad, "array")
def pad_array(array, pad_width, mode="constant", *, y_bar):
    return pad_adjoint(y_bar, array, pad_width, mode)


@linear(pad_adjoint, "g")
def pad_adjoint_g(g, a, pad_width, mode, *, y_bar):
    return np.pad(y_bar, pad_width, mode)


@linear(np.diff, "a")
def diff(a, n=1, axis=-1, *, y_bar):
    return diff_adjoint(y_bar, n, axis)


@linear(diff_adjoint, "g")
def diff_adjoint_g(g, n, axis, *, y_bar):
    return np.diff(y_bar, n, axis)


# ---------------------------------------------------------------------------- read for their shape

constant_in(reshape_like, "x")
constant_in(split_like, "arrays")
constant_in(stacked_like, "arrays")
constant(eye_like)
constant_in(joined_like, "x")
constant_in(unstack, "xs")
constant_in(diagonal_adjoint, "a")
constant_in(tile_adjoint, "a")
constant_in(repeat_adjoint, "a")
constant_in(pad_adjoint, "a")
