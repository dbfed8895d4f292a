"""Functions that derivatives of array functions call beside NumPy's: their transposes.

As with ``gradscribe.ir.helpers``, where the types allow the compiler writes plain NumPy in their
place, and elsewhere copies their source into the emitted file: each uses NumPy and its arguments
alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# ---------------------------------------------------------------------------- shapes


def reshape_like(g: Any, x: Any) -> Any:
    """g in the shape of x."""
    return np.reshape(g, np.shape(x))


def untransposed(g: Any, axes: Any) -> Any:
    """The x of which g is ``np.transpose(x, axes)``."""
    return np.moveaxis(g, range(np.ndim(g)), axes)


def split_like(g: Any, arrays: Any, axis: Any = 0) -> Any:
    """Cut g, shaped like the concatenation of ``arrays``, into pieces shaped like them."""
    if axis is None:
        cuts = np.cumsum([np.size(x) for x in arrays])[:-1]
        pieces = np.split(np.ravel(g), cuts)
        return [np.reshape(p, np.shape(x)) for p, x in zip(pieces, arrays, strict=True)]
    cuts = np.cumsum([np.shape(x)[axis] for x in arrays])[:-1]
    return np.split(g, cuts, axis)


def stacked_like(g: Any, arrays: Any, axis: Any) -> Any:
    """Cut g, which vstack, hstack, dstack or column_stack made of ``arrays``, into such arrays."""
    sizes = [np.shape(x)[axis] if np.ndim(x) == np.ndim(g) else 1 for x in arrays]
    pieces = np.split(g, np.cumsum(sizes)[:-1], axis)
    return [np.reshape(p, np.shape(x)) for p, x in zip(pieces, arrays, strict=True)]


def joined_like(pieces: Any, x: Any, axis: Any) -> Any:
    """The array like x of which ``pieces`` are the parts, one after the other."""
    return np.concatenate(pieces, axis)


def unstack(g: Any, xs: Any, axis: Any = 0) -> Any:
    """The entries of g along an axis, in the structure of the nested list xs."""
    if isinstance(xs, (list, tuple)):
        rows = np.moveaxis(g, axis, 0)
        return type(xs)([unstack(row, x) for row, x in zip(rows, xs, strict=True)])
    return g if axis == 0 else np.moveaxis(g, axis, 0)


def eye_like(a: Any, k: Any = 0) -> Any:
    """Ones on a diagonal of matrices shaped as in the last two axes of a."""
    return np.eye(np.shape(a)[-2], np.shape(a)[-1], k, np.result_type(a))


def last_written(x: Any, index: Any) -> Any:
    """``x[index]``, with zero wherever a later occurrence of the same place has overwritten it."""
    entries = x[index]
    order = np.arange(np.size(entries)).reshape(np.shape(entries))
    last = np.zeros(np.shape(x), int)
    last[index] = order
    return np.where(last[index] == order, entries, 0.0)


def may_repeat(index: Any) -> Any:
    """May an index hit one entry twice? Integers, slices and masks do not."""
    parts = index if isinstance(index, tuple) else (index,)
    lists = [np.asarray(p) for p in parts if isinstance(p, (list, np.ndarray))]
    return any(part.dtype != bool for part in lists)


def holds_lists(xs: Any) -> bool:
    """Is this a list of lists or objects, as far as is known? Decided when a rule is lowered."""
    return isinstance(xs, list) and any(isinstance(x, list) for x in xs)


def is_dict(x: Any) -> bool:
    """Is this a dict? Decided when a rule is lowered, never at run time."""
    return isinstance(x, dict)


def is_of_one_shape(d: Any) -> bool:
    """Have the entries of this dict one shape? Decided when a rule is lowered."""
    return len({np.shape(x) for x in d.values()}) < 2


def is_whole(index: Any) -> bool:
    """Is this the index of everything? Decided when a rule is lowered, never at run time."""
    if isinstance(index, tuple):
        return index == ()
    return index is Ellipsis or (isinstance(index, slice) and index == slice(None))


# ---------------------------------------------------------------------------- products
# The cotangents of the factors of a product, up to summing over axes that were broadcast.


def matmul_left(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of a in ``a @ b``."""
    if np.ndim(b) == 1:
        if np.ndim(a) == 1:
            return g * b
        if np.ndim(a) == 2:
            return np.outer(g, b)
        return np.expand_dims(g, -1) * b
    if np.ndim(a) == 1:
        if np.ndim(b) == 2:
            return b @ g
        return (b @ np.expand_dims(g, -1))[..., 0]
    if np.ndim(b) == 2:
        return g @ b.T
    return g @ np.swapaxes(b, -1, -2)


def matmul_right(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of b in ``a @ b``."""
    if np.ndim(a) == 1:
        if np.ndim(b) == 1:
            return g * a
        if np.ndim(b) == 2:
            return np.outer(a, g)
        return np.expand_dims(a, -1) * np.expand_dims(g, -2)
    if np.ndim(b) == 1:
        if np.ndim(a) == 2:
            return a.T @ g
        return (np.swapaxes(a, -1, -2) @ np.expand_dims(g, -1))[..., 0]
    if np.ndim(a) == 2:
        return a.T @ g
    return np.swapaxes(a, -1, -2) @ g


def dot_left(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of a in ``np.dot(a, b)``."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return g * b
    if np.ndim(b) == 1:
        if np.ndim(a) == 1:
            return g * b
        if np.ndim(a) == 2:
            return np.outer(g, b)
        return np.expand_dims(g, -1) * b
    if np.ndim(b) == 2:
        if np.ndim(a) == 1:
            return b @ g
        return g @ b.T
    return np.tensordot(g, np.swapaxes(b, -1, -2), np.ndim(b) - 1)


def dot_right(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of b in ``np.dot(a, b)``."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return g * a
    if np.ndim(a) == 1:
        if np.ndim(b) == 1:
            return g * a
        if np.ndim(b) == 2:
            return np.outer(a, g)
        return np.expand_dims(a, -1) * np.expand_dims(g, -2)
    if np.ndim(a) == 2 and np.ndim(b) <= 2:
        return a.T @ g
    if np.ndim(b) == 1:
        return np.tensordot(g, a, np.ndim(a) - 1)
    rows = np.tensordot(np.moveaxis(a, -1, 0), g, np.ndim(a) - 1)
    return np.moveaxis(rows, 0, -2)


def tensordot_left(g: Any, a: Any, b: Any, axes: Any) -> Any:
    """The cotangent of a in ``np.tensordot(a, b, axes)``."""
    rank, other = np.ndim(a), np.ndim(b)
    if isinstance(axes, int):
        axes = range(rank - axes, rank), range(axes)
    over_a = [i % rank for i in np.atleast_1d(axes[0])]
    over_b = [i % other for i in np.atleast_1d(axes[1])]
    kept_a = [i for i in range(rank) if i not in over_a]
    kept_b = [i for i in range(other) if i not in over_b]
    a_bar = np.tensordot(g, b, (range(len(kept_a), np.ndim(g)), kept_b))
    paired = [over_a[over_b.index(i)] for i in sorted(over_b)]
    return np.moveaxis(a_bar, range(rank), kept_a + paired)


def tensordot_right(g: Any, a: Any, b: Any, axes: Any) -> Any:
    """The cotangent of b in ``np.tensordot(a, b, axes)``."""
    rank, other = np.ndim(a), np.ndim(b)
    if isinstance(axes, int):
        axes = range(rank - axes, rank), range(axes)
    over_a = [i % rank for i in np.atleast_1d(axes[0])]
    over_b = [i % other for i in np.atleast_1d(axes[1])]
    kept_a = [i for i in range(rank) if i not in over_a]
    kept_b = [i for i in range(other) if i not in over_b]
    b_bar = np.tensordot(a, g, (kept_a, range(len(kept_a))))
    paired = [over_b[over_a.index(i)] for i in sorted(over_a)]
    return np.moveaxis(b_bar, range(other), paired + kept_b)


def kron_left(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of a in ``np.kron(a, b)``."""
    rank = max(np.ndim(a), np.ndim(b))
    shapes = [(1,) * (rank - np.ndim(x)) + np.shape(x) for x in (a, b)]
    blocks = np.reshape(g, [n for pair in zip(*shapes, strict=True) for n in pair])
    a_bar = np.tensordot(blocks, np.reshape(b, shapes[1]), (range(1, 2 * rank, 2), range(rank)))
    return np.reshape(a_bar, np.shape(a))


def kron_right(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of b in ``np.kron(a, b)``."""
    rank = max(np.ndim(a), np.ndim(b))
    shapes = [(1,) * (rank - np.ndim(x)) + np.shape(x) for x in (a, b)]
    blocks = np.reshape(g, [n for pair in zip(*shapes, strict=True) for n in pair])
    b_bar = np.tensordot(np.reshape(a, shapes[0]), blocks, (range(rank), range(0, 2 * rank, 2)))
    return np.reshape(b_bar, np.shape(b))


def convolve_full(g: Any, a: Any, v: Any, mode: Any) -> Any:
    """A cotangent of ``np.convolve(a, v, mode)`` as one of the full convolution."""
    if mode == "full":
        return g
    longer, shorter = max(len(a), len(v)), min(len(a), len(v))
    before = shorter - 1 if mode == "valid" else (shorter - 1) // 2
    after = longer + shorter - 1 - before - len(g)
    return np.pad(g, (before, after))


# ---------------------------------------------------------------------------- linear algebra


def outer_last(a: Any, b: Any) -> Any:
    """The outer products of the vectors in the last axes of a and b."""
    return np.expand_dims(a, -1) * np.expand_dims(b, -2)


# ---------------------------------------------------------------------------- selecting


def take_adjoint(g: Any, a: Any, indices: Any, axis: Any) -> Any:
    """The cotangent of a in ``np.take(a, indices, axis)``."""
    a_bar = np.zeros(np.shape(a), np.result_type(g))
    np.add.at(a_bar, (slice(None),) * (axis % np.ndim(a)) + (np.asarray(indices),), g)
    return a_bar


def take_along_axis_adjoint(g: Any, a: Any, indices: Any, axis: Any) -> Any:
    """The cotangent of a in ``np.take_along_axis(a, indices, axis)``."""
    if axis is None:
        a_bar = np.zeros(np.size(a), np.result_type(g))
        np.add.at(a_bar, indices, g)
        return a_bar.reshape(np.shape(a))
    a_bar = np.zeros(np.shape(a), np.result_type(g))
    grid = np.ogrid[tuple(slice(n) for n in np.shape(g))]
    places = [0 if n == 1 else place for n, place in zip(np.shape(a), grid, strict=True)]
    places[axis] = indices
    np.add.at(a_bar, tuple(places), g)  # type: ignore[arg-type]  # the stub knows one index only
    return a_bar


def places_along_axis(indices: Any, shape: Any, axis: Any) -> Any:
    """The index with which ``np.put_along_axis(x, indices, values, axis)`` writes into x."""
    grid = np.ogrid[tuple(slice(n) for n in np.shape(indices))]
    places = [0 if n == 1 else place for n, place in zip(shape, grid, strict=True)]
    places[axis] = indices
    return tuple(places)


def repeat_adjoint(g: Any, a: Any, repeats: Any, axis: Any) -> Any:
    """The cotangent of a in ``np.repeat(a, repeats, axis)``: sums over runs."""
    if axis is None:
        flat = repeat_adjoint(g, np.ravel(a), repeats, 0)
        return np.reshape(flat, np.shape(a))
    n = np.shape(a)[axis]
    rows = np.zeros((n, *np.shape(np.moveaxis(g, axis, 0))[1:]), np.result_type(g))
    np.add.at(rows, np.repeat(np.arange(n), repeats), np.moveaxis(g, axis, 0))
    return np.moveaxis(rows, 0, axis)


def tile_adjoint(g: Any, a: Any, reps: Any) -> Any:
    """The cotangent of a in ``np.tile(a, reps)``: the sum of the tiles."""
    reps = reps if isinstance(reps, (tuple, list)) else (reps,)
    rank = max(len(reps), np.ndim(a))
    counts = (1,) * (rank - len(reps)) + tuple(reps)
    shape = (1,) * (rank - np.ndim(a)) + np.shape(a)
    tiles = np.reshape(g, [n for pair in zip(counts, shape, strict=True) for n in pair])
    return np.reshape(tiles.sum(axis=tuple(range(0, 2 * rank, 2))), np.shape(a))


def pad_adjoint(g: Any, a: Any, pad_width: Any, mode: Any) -> Any:
    """The cotangent of a in ``np.pad(a, pad_width, mode)``."""
    if mode == "constant":
        frame = np.broadcast_to(pad_width, (np.ndim(a), 2))
        return g[tuple(slice(w[0], w[0] + n) for w, n in zip(frame, np.shape(a), strict=True))]
    # Every other mode copies entries of a: pad their places in the same way.
    places = np.pad(np.arange(np.size(a)).reshape(np.shape(a)), pad_width, mode)
    a_bar = np.zeros(np.size(a), np.result_type(g))
    np.add.at(a_bar, places, g)
    return a_bar.reshape(np.shape(a))


def diagonal_adjoint(g: Any, a: Any, offset: Any, axis1: Any, axis2: Any) -> Any:
    """The cotangent of a in ``np.diagonal(a, offset, axis1, axis2)``."""
    a_bar = np.zeros(np.shape(a), np.result_type(g))
    matrices = np.moveaxis(a_bar, (axis1, axis2), (-2, -1))
    places = np.arange(np.shape(g)[-1])
    matrices[..., places + max(-offset, 0), places + max(offset, 0)] = g
    return a_bar


def diff_adjoint(g: Any, n: Any, axis: Any) -> Any:
    """The cotangent of a in ``np.diff(a, n, axis)``: each entry came in with both signs."""
    for _ in range(n):
        g = np.moveaxis(g, axis, -1)
        wide = np.zeros((*np.shape(g)[:-1], 1), np.result_type(g))
        g = np.concatenate((wide, g), -1) - np.concatenate((g, wide), -1)
        g = np.moveaxis(g, -1, axis)
    return g
