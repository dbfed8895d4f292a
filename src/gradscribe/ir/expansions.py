"""Calls that are written out: helpers in whose place the types allow plain NumPy.

An *expansion* is a function from the types of the arguments, given as to a fact, to the text of an
expression in the helper's parameters; ``BODY`` stands for the helper's own body, all of whose
branches the types decide; None leaves the call, and the helper is copied into the file::

    split_like(g, [a, b, c])       a: (1,), c: (1,)       [g[:1], g[1:-1], g[-1:]]
    matmul_left(g, a, b)           a: (m, n), b: (n,)     np.outer(g, b)

What is written out keeps what the helper's fact knows of the result: see ``refined``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from gradscribe.errors import UnsupportedError
from gradscribe.ir import subscripts as einstein
from gradscribe.ir import transposes
from gradscribe.ir.facts.dimensions import array_of, axes_of, axis_of, known
from gradscribe.ir.facts.indexing import index_parts, is_basic, lists_once
from gradscribe.ir.facts.products import tensordot_axes
from gradscribe.ir.types import FLOAT, INT, UNKNOWN, Array, Dim, Scalar, Sequence, Type, is_array

Expansion = Callable[..., str | None]
F = TypeVar("F", bound=Expansion)

BODY = "the helper's own body"

EXPANSIONS: dict[Any, Expansion] = {}


def expansion(function: Any) -> Callable[[F], F]:
    """Declare the expansion of a helper."""

    def declare(text: F) -> F:
        EXPANSIONS[function] = text
        return text

    return declare


def refined(found: Type, declared: Type) -> Type:
    """What is known of a value by its own operation and by the fact of the helper it expands."""
    if isinstance(found, Array) and isinstance(declared, Array):
        if found.dims is None or declared.dims is None:
            return Array(found.dtype or declared.dtype, found.dims or declared.dims)
        pairs = zip(found.dims, declared.dims, strict=True)
        dims = tuple(one if other is None else other for one, other in pairs)
        return Array(found.dtype or declared.dtype, dims)
    return found


def _rank(x: Any) -> int | None:
    dims = array_of(x).dims
    return None if dims is None else len(dims)


# ---------------------------------------------------------------------------- products


def _by_ranks(*arguments: Any) -> str | None:
    """The helper's branches ask for the ranks of these arguments only."""
    return None if any(_rank(x) is None for x in arguments) else BODY


@expansion(transposes.matmul_left)
def _(g: Type, a: Type, b: Type) -> str | None:
    return _by_ranks(a, b)


@expansion(transposes.matmul_right)
def _(g: Type, a: Type, b: Type) -> str | None:
    return _by_ranks(a, b)


@expansion(transposes.dot_left)
def _(g: Type, a: Type, b: Type) -> str | None:
    return _by_ranks(a, b)


@expansion(transposes.dot_right)
def _(g: Type, a: Type, b: Type) -> str | None:
    return _by_ranks(a, b)


def _tensordot_sides(a: Type, b: Type, axes: Any) -> tuple[list[int], ...] | None:
    """The axes of a and of b that are kept, and those that are summed over."""
    x, y = array_of(a).dims, array_of(b).dims
    over = None if x is None or y is None else tensordot_axes(axes, x, y)
    if over is None or x is None or y is None:
        return None
    kept_a = [i for i in range(len(x)) if i not in over[0]]
    kept_b = [i for i in range(len(y)) if i not in over[1]]
    return kept_a, kept_b, *over


def _rearranged(text: str, order: list[int]) -> str:
    """The text of an array whose axis i is to become axis ``order[i]``."""
    if order == sorted(order):
        return text
    inverse = tuple(order.index(i) for i in range(len(order)))
    return f"{text}.T" if order == [1, 0] else f"np.transpose({text}, {inverse})"


def _contraction(left: str, right: str, rank: int, over: list[int], with_: list[int]) -> str:
    """The text of a sum over axes of the left factor, of that rank, with axes of the right one."""
    axes = f"({tuple(over)}, {tuple(with_)})"
    if over == [*range(rank - len(over), rank)] and with_ == [*range(len(over))]:
        axes = f"{len(over)}"
    elif len(over) == 1:
        axes = f"({over[0]}, {with_[0]})"
    return f"np.tensordot({left}, {right}, {axes})"


@expansion(transposes.tensordot_left)
def _(g: Type, a: Type, b: Type, axes: Any) -> str | None:
    sides = _tensordot_sides(a, b, axes)
    if sides is None:
        return None
    kept_a, kept_b, over_a, over_b = sides
    rank = len(kept_a) + len(kept_b)
    last = [*range(len(kept_a), rank)]
    paired = [over_a[over_b.index(i)] for i in sorted(over_b)]
    return _rearranged(_contraction("g", "b", rank, last, kept_b), kept_a + paired)


@expansion(transposes.tensordot_right)
def _(g: Type, a: Type, b: Type, axes: Any) -> str | None:
    sides = _tensordot_sides(a, b, axes)
    if sides is None:
        return None
    kept_a, kept_b, over_a, over_b = sides
    first, rank = [*range(len(kept_a))], len(kept_a) + len(over_a)
    paired = [over_b[over_a.index(i)] for i in sorted(over_a)]
    return _rearranged(_contraction("a", "g", rank, kept_a, first), paired + kept_b)


@expansion(transposes.convolve_full)
def _(g: Type, a: Type, v: Type, mode: Any) -> str | None:
    return "g" if known(mode) == "full" else None


@expansion(einstein.einsum_adjoints)
def _(subscripts: Any, g: Type, *operands: Type) -> str | None:
    names = [f"operands[{place}]" for place in range(len(operands))]
    ranks = [_rank(x) for x in operands]
    texts = einstein.adjoint_expressions(known(subscripts), "g", names, ranks)
    if texts is None:
        raise UnsupportedError(
            "the derivative of np.einsum with ... other than in front, of arrays of unknown rank",
            hint="annotate the arrays, or write the subscripts out",
        )
    return f"({', '.join(texts)},)"


# ---------------------------------------------------------------------------- shapes


@expansion(transposes.reshape_like)
def _(g: Type, x: Type) -> str:
    return "g.reshape(x.shape)" if is_array(x) and is_array(g) else "np.reshape(g, np.shape(x))"


@expansion(transposes.untransposed)
def _(g: Type, axes: Any) -> str | None:
    order = known(axes)
    places = axes_of(axes, len(order)) if isinstance(order, tuple | list) else None
    if not places:
        return None
    inverse = tuple(places.index(i) for i in range(len(places)))
    return "g.T" if inverse == (1, 0) else f"np.transpose(g, {inverse})"


@expansion(transposes.split_like)
def _(g: Type, arrays: Any, axis: Any = 0) -> str | None:
    if not isinstance(arrays, Sequence) or arrays.items is None:
        return None
    ranks = {_rank(item) for item in arrays.items}
    rank = ranks.pop() if len(ranks) == 1 else None
    place = None if rank is None or known(axis) is None else axis_of(axis, rank)
    return None if place is None or rank is None else _cut(arrays.items, place, rank)


@expansion(transposes.stacked_like)
def _(g: Type, arrays: Any, axis: Any) -> str | None:
    rank = _rank(g)
    if not isinstance(arrays, Sequence) or arrays.items is None or rank is None:
        return None
    place = axis_of(axis, rank)
    return None if place is None else _cut(arrays.items, place, rank)


def _cut(items: tuple[Type, ...], axis: int, rank: int) -> str | None:
    """Slices of g, whose bounds are counted from whichever end they are known from.

    What has fewer dimensions than g lies in it with length 1 along the axis.
    """
    lengths: list[Dim] = []
    texts = []
    for place, item in enumerate(items):
        dims = array_of(item).dims
        if dims is None or rank - len(dims) > 1:
            return None
        lengths.append(dims[axis] if len(dims) == rank else 1)
        texts.append(_length(f"arrays[{place}]", item, axis))
    pieces = []
    for place, item in enumerate(items):
        start, stop = _sum(lengths[:place], texts[:place]), ""
        if place < len(items) - 1:
            stop = _sum(lengths[: place + 1], texts[: place + 1])
            if not stop.isdigit() and (back := _total(lengths[place + 1 :])):
                stop = f"-{back}"
        if not start.isdigit() and (back := _total(lengths[place:])):
            start = f"-{back}"
        whole = _rank(item) == rank
        part = f"{start if place else ''}:{stop}" if whole else start
        before = "..., " if axis == rank - 1 and rank > 2 else ":, " * axis
        pieces.append(f"g[{before}{part}]")
    return f"[{', '.join(pieces)}]"


def _length(name: str, x: Type, axis: int) -> str:
    if isinstance(x, Array):
        return f"len({name})" if axis == 0 else f"{name}.shape[{axis}]"
    return f"np.shape({name})[{axis}]"


def _total(lengths: list[Dim]) -> int | None:
    """The sum of lengths that are all known."""
    total = 0
    for length in lengths:
        if not isinstance(length, int):
            return None
        total += length
    return total


def _sum(lengths: list[Dim], texts: list[str]) -> str:
    """The text of a sum of lengths, those known added up."""
    number = sum(length for length in lengths if isinstance(length, int))
    terms = [t for t, length in zip(texts, lengths, strict=True) if not isinstance(length, int)]
    return " + ".join(terms + [str(number)] * (number > 0 or not terms))


@expansion(transposes.joined_like)
def _(pieces: Type, x: Type, axis: Any) -> str:
    return "np.concatenate(pieces, axis)"


@expansion(transposes.eye_like)
def _(a: Type, k: Any = 0) -> str | None:
    x = array_of(a)
    if not is_array(a) or x.dims is None or x.dtype is None or k is UNKNOWN:
        return None
    rows, columns = ("a.shape[-2]", "a.shape[-1]") if len(x.dims) > 2 else ("len(a)", "a.shape[1]")
    square = x.dims[-2] == x.dims[-1] is not None
    sides = rows if square else f"{rows}, {columns}"
    offset = "" if known(k) == 0 else ", k=k"
    kind = "" if x.dtype in (FLOAT, INT) else ", dtype=a.dtype"
    return f"np.eye({sides}{offset}{kind})"


@expansion(transposes.diagonal_adjoint)
def _(g: Type, a: Type, offset: Any, axis1: Any, axis2: Any) -> str | None:
    """Of a square matrix: a matrix made from its diagonal."""
    dims = array_of(a).dims
    places = [known(one) for one in (offset, axis1, axis2)]
    if dims is None or len(dims) != 2 or dims[0] is None or dims[0] != dims[1]:
        return None
    return "np.diag(g)" if places == [0, 0, 1] else None


@expansion(transposes.unstack)
def _(g: Type, xs: Type, axis: Any = 0) -> str | None:
    place = known(axis)
    if place == 0:
        return _entries(xs, ())
    entries = isinstance(xs, Sequence) and all(_rank(x) is not None for x in xs.items or ())
    return _entries(xs, (), place) if entries and type(place) is int and place >= -1 else None


def _entries(xs: Type, index: tuple[int, ...], axis: int = 0) -> str | None:
    """A display of entries of g in the structure of xs."""
    if isinstance(xs, Scalar | Array):
        before = "..., " if axis < 0 else ":, " * axis
        return f"g[{before}{', '.join(map(str, index))}]" if index else "g"
    if isinstance(xs, Sequence) and xs.items is None:
        plain = xs.kind == "list" and not index and isinstance(xs.element, Scalar)
        return "list(g)" if plain else None
    if not isinstance(xs, Sequence) or xs.items is None:
        return None
    texts = [_entries(item, (*index, place), axis) for place, item in enumerate(xs.items)]
    if any(text is None for text in texts):
        return None
    display = ", ".join(text for text in texts if text is not None)
    if xs.kind == "list":
        return f"[{display}]"
    return f"({display},)" if len(texts) == 1 else f"({display})"


@expansion(transposes.may_repeat)
def _(index: Any) -> str:
    if is_basic(index) or lists_once(index):
        return "False"
    parts = index_parts(index) or []
    masks = [p for p in parts if isinstance(p, Array | Scalar)]
    only_masks = all(p.dtype is not None and p.dtype.kind == "b" for p in masks)
    lists = any(isinstance(p, Sequence) for p in parts)
    return "False" if masks and only_masks and not lists and len(masks) == len(parts) else "True"
