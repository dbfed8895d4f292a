"""The checks at the entry of a derivative in a file.

In memory a dispatcher picks the variant that was written for the arguments. A file holds one
variant, so it checks what that was written for: every assumption that NumPy would not trip over by
itself. Before::

    def loss_grad(w, b, x, y):              # for w[n], a number b, x[m, n] and y[m]
        p = 1 / (1 + np.exp(-(x @ w + b)))  # for b[m] the sum over b_bar below would be wrong

After::

    def loss_grad(w, b, x, y):
        if isinstance(b, np.ndarray):
            raise TypeError("b must be a number, not an array")
        if w.ndim != 1 or x.ndim != 2 or y.shape != x.shape[:1]:
            raise ValueError("expected w[n], x[m, n], y[m]")
        …

Two lengths that meet elementwise, both other than 1 while the derivative was made, must be equal.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, final

import numpy as np

from gradscribe.emit.requirements import Requirements
from gradscribe.ir import trees
from gradscribe.ir import types as ir
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Attrs, Function, Op, Operand, Value, walk
from gradscribe.ir.facts.indexing import is_basic
from gradscribe.ir.helpers import index_add, setitem
from gradscribe.ir.primitives import BY_FUNCTION, OPAQUE

WIDTH = 66  # of a message, so that its line fits

_NUMPY = "_numpy"  # stands for whatever name the module has in the text

_WRITES = {setitem, index_add}


def open_lengths(kinds: Sequence[ir.Type]) -> tuple[ir.Type, ...]:
    """The types with a symbol of its own for every length, by which to see which of them meet."""
    count = iter(range(1_000_000))
    return tuple(_opened(kind, count) for kind in kinds)


def _opened(kind: ir.Type, count: Iterator[int]) -> ir.Type:
    parts = trees.part_types(kind)
    if parts is not None:
        return trees.with_parts(kind, [_opened(part, count) for part in parts])
    place = next(count)
    if not isinstance(kind, ir.Array) or kind.dims is None:
        return kind
    lengths = (
        ir.Sym((place, axis), not_one=dim.not_one) if isinstance(dim, ir.Sym) else dim
        for axis, dim in enumerate(kind.dims)
    )
    return ir.Array(kind.dtype, tuple(lengths))


def _leaves(name: str, kind: ir.Type) -> Iterator[tuple[str, ir.Type]]:
    """The arguments that have no parts, and the parts of those that have."""
    parts = trees.part_types(kind)
    if parts is None:
        yield name, kind
    for key, part in zip(trees.keys(kind), parts or (), strict=True):
        step = f".{key}" if isinstance(kind, ir.Struct) else f"[{key!r}]"
        yield from _leaves(name + step, part)


def _has_rank(kind: ir.Type) -> bool:
    return isinstance(kind, ir.Array) and bool(kind.dims)


def _has_parts(kind: ir.Type) -> bool:
    return trees.part_types(kind) is not None


@final
class Guard:
    """The assumptions of one function; ``primal`` is its IR for ``open_lengths(kinds)``.

    ``single``: its derivative converts to single precision somewhere. A *place* is the number of a
    leaf, a *key* a place and an axis.
    """

    def __init__(
        self, primal: Function, names: Sequence[str], kinds: Sequence[ir.Type], single: bool
    ) -> None:
        self.single = single
        self.primal = primal
        self.params = list(zip(names, kinds, strict=True))
        leaves = [leaf for name, kind in self.params for leaf in _leaves(name, kind)]
        self.names = [name for name, _ in leaves]
        self.kinds = [kind for _, kind in leaves]
        self.same: dict[tuple[int, int], tuple[int, int]] = {}
        self.wide: set[tuple[int, int]] = set()
        for dims in _meetings(primal):
            self._meet(dims)

    def statements(
        self, needs: Requirements, dots: dict[str, str], stacked: bool = False
    ) -> list[ast.stmt]:
        """The checks: of numbers, then of everything else.

        ``needs`` learns what they use; ``dots`` are the parameters that are tangents of others,
        ``stacked`` ones for several directions.
        """
        checks = []
        numbers = [n for k, n in enumerate(self.names) if self._is_number(k)]
        tangents = [
            pair
            for name, kind in self.params
            if name in dots
            for pair in zip(_leaves(dots[name], kind), _leaves(name, kind), strict=True)
        ]
        if not stacked:
            numbers += [dot for (dot, kind), _ in tangents if isinstance(kind, ir.Scalar)]
        if numbers:
            classes = ", ".join(f"type({name})" for name in numbers)
            test = f"{_NUMPY}.ndarray in ({classes})"
            message = f"{listed(numbers)} must be numbers, not arrays"
            if len(numbers) == 1:
                test = f"isinstance({numbers[0]}, {_NUMPY}.ndarray)"
                message = f"{numbers[0]} must be a number, not an array"
            checks.append(_check(test, "TypeError", message))
        conditions = [text for name, kind in self.params for text in _counts(name, kind)]
        conditions += [text for k in range(len(self.kinds)) for text in self._conditions(k)]
        shaped = [(dot, name) for (dot, kind), (name, _) in tangents if _has_rank(kind)]
        rest = "[1:]" if stacked else ""
        conditions += [f"{dot}.shape{rest} != {name}.shape" for dot, name in shaped]
        if conditions:
            like = "one for each direction, like" if stacked else "like"
            described = [*self._described(), *(f"{dot} {like} {name}" for dot, name in shaped)]
            message = f"expected {', '.join(described)}"
            checks.append(_check(" or ".join(conditions), "ValueError", message))
        for node in (node for check in checks for node in ast.walk(check)):
            if isinstance(node, ast.Name) and node.id == _NUMPY:
                node.id = needs.alias("numpy")
        return checks

    def _described(self) -> list[str]:
        """The parameters that are checked as mathematics would write them: ``x[m, n]``."""
        found, places = [], iter(range(len(self.kinds)))
        for name, kind in self.params:
            own = [next(places) for _ in _leaves(name, kind)]
            conditions = [text for place in own for text in self._conditions(place)]
            if _has_parts(kind) or any(".dtype" in text for text in conditions):
                found.append(f"{name}: {self._spelled(kind, iter(own))}")
            elif conditions:
                shown = f": {kind}" if isinstance(kind, ir.Immutable) else self._shape(own[0])
                if isinstance(kind, ir.Static):
                    shown = f"={kind}"
                found.append(f"{name}{shown}")
        return found

    def typed(self) -> list[str]:
        """The parameters with their types, equal lengths by one name."""
        places = iter(range(len(self.kinds)))
        return [f"{name}: {self._spelled(kind, places)}" for name, kind in self.params]

    def _spelled(self, kind: ir.Type, places: Iterator[int]) -> str:
        parts = trees.part_types(kind)
        if isinstance(kind, ir.Sequence) and parts is not None:
            return f"{kind.kind}({', '.join(self._spelled(item, places) for item in parts)})"
        if parts is not None:
            pairs = zip(trees.keys(kind), parts, strict=True)
            shown = ", ".join(f"{key}: {self._spelled(part, places)}" for key, part in pairs)
            return f"{kind.cls.__name__ if isinstance(kind, ir.Struct) else 'dict'}({shown})"
        place = next(places)
        if isinstance(kind, ir.Array) and kind.dims:
            return f"{kind.dtype or 'array'}{self._shape(place)}"
        return "anything" if isinstance(kind, ir.Unknown) else str(kind)

    # ------------------------------------------------------------------ lengths

    def _meet(self, dims: list[ir.Dim]) -> None:
        """Lengths that meet elementwise: equal where the derivative takes them to be."""
        keys = list(filter(None, map(_own, dims)))
        sure = [key for key in keys if self._symbol(key).not_one]
        if len(sure) < sum(dim != 1 for dim in dims):
            self.wide |= set(sure)
        for one, other in itertools.combinations(keys, 2):
            alike = self._symbol(one) == self._symbol(other)
            first, last = sorted((self._root(one), self._root(other)))
            if first != last and (alike or (one in sure and other in sure)):
                self.same[last] = first

    def _symbol(self, key: tuple[int, int]) -> Any:
        kind = self.kinds[key[0]]
        assert isinstance(kind, ir.Array) and kind.dims is not None
        return kind.dims[key[1]]

    def _root(self, key: tuple[int, int]) -> tuple[int, int]:
        while key in self.same:
            key = self.same[key]
        return key

    def _roots(self, place: int) -> list[Any]:
        kind = self.kinds[place]
        assert isinstance(kind, ir.Array) and kind.dims is not None
        return [
            self._root((place, axis)) if isinstance(dim, ir.Sym) else dim
            for axis, dim in enumerate(kind.dims)
        ]

    def _shape(self, place: int) -> str:
        kind = self.kinds[place]
        if not isinstance(kind, ir.Array) or kind.dims is None or not kind.dims:
            return ""
        return f"[{', '.join(self._lengths(place))}]"

    def _lengths(self, place: int) -> list[str]:
        found = []
        for root in self._roots(place):
            dim = self._symbol(root) if isinstance(root, tuple) else root
            found.append("?" if dim is None else str(dim))
        return found

    # ------------------------------------------------------------------ conditions

    def _is_number(self, place: int) -> bool:
        """Is the argument assumed to be a number, where an array would give another result?"""
        kind, name = self.kinds[place], self.names[place]
        if not isinstance(kind, ir.Scalar):
            return False
        own = [
            v for v, (n, _) in zip(self.primal.body.params, self.params, strict=True) if n == name
        ]
        return kind.dtype.kind != "i" or not own or self._calculates(own[0])

    def _conditions(self, place: int) -> Iterator[str]:
        name, kind = self.names[place], self.kinds[place]
        match kind:
            case ir.Array() if kind.dims:
                yield from self._array(place, name, kind)
            case ir.Static(None):
                yield f"{name} is not None"
            case ir.Static(str() | bytes() as text):
                yield f"{name} != {text!r}"
            case ir.Immutable(cls):
                yield f"type({name}).__name__ != {cls.__name__!r}"
            case ir.Sequence(_, None, ir.Scalar()):
                yield f"any(isinstance(v, {_NUMPY}.ndarray) for v in {name})"
            case ir.Mapping(None, ir.Scalar()):
                yield f"any(isinstance(v, {_NUMPY}.ndarray) for v in {name}.values())"

    def _array(self, place: int, name: str, kind: ir.Array) -> Iterator[str]:
        """Rank, lengths and dtype of an array, in as few words as they take."""
        assert kind.dims is not None
        roots = self._roots(place)
        rank = len(roots)
        twin = self._twin(place, roots)
        if all(isinstance(root, int) for root in roots):
            twin = repr(kind.dims)
            roots = []
        if twin is None:
            yield f"{name}.ndim != {rank}"
        else:
            yield f"{name}.shape != {twin}"
        for axis, root in enumerate(roots):
            length = f"len({name})" if rank == 1 else f"{name}.shape[{axis}]"
            if isinstance(root, int):
                yield f"{length} != {root}"
            elif isinstance(root, tuple):
                if twin is None and root != (place, axis):
                    other = self.names[root[0]]
                    single = len(self._roots(root[0])) == 1
                    first = f"len({other})" if single else f"{other}.shape[{root[1]}]"
                    yield f"{length} != {first}"
                if root == (place, axis) and any(self._root(key) == root for key in self.wide):
                    yield f"{length} == 1"
        checked = self._written() or (self.single and kind.dtype == np.float32)
        if checked and kind.dtype is not None and kind.dtype.kind == "f":
            yield f"{name}.dtype != {_NUMPY}.{kind.dtype}"

    def _twin(self, place: int, roots: list[Any]) -> str | None:
        """An earlier array whose leading lengths are all of this one's, as an expression."""
        if not roots or any(not isinstance(root, tuple) for root in roots):
            return None
        first = roots[0][0]
        if first == place or [(first, axis) for axis in range(len(roots))] != roots:
            return None
        rest = len(self._roots(first)) - len(roots)
        return f"{self.names[first]}.shape{f'[:{len(roots)}]' if rest else ''}"

    def _written(self) -> bool:
        """Does the function write into arrays, where integers would be cut off in silence?"""
        return any(op.prim.function in _WRITES for op in walk(self.primal.body))

    def _calculates(self, number: Value) -> bool:
        """Is an int used for more than counting and indexing, which refuse arrays themselves?"""
        return any(
            number in op.args and op.prim.function is not range and not _only_index(op, number)
            for op in walk(self.primal.body)
        )


def entry(test: ast.stmt) -> Op:
    """A check as an operation of a function: it names parameters as the text does."""
    return Op(OPAQUE, (), (), attrs=Attrs(template=test))


def listed(names: Sequence[str]) -> str:
    """``x, y and z``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _check(test: str, error: str, message: str) -> ast.stmt:
    if len(message) > WIDTH:
        message = "an argument is not of the kind that this was written for"
    return ast.parse(f"if {test}:\n    raise {error}({message!r})").body[0]


def _counts(name: str, kind: ir.Type) -> Iterator[str]:
    """Conditions on the numbers of entries of tuples, and on the keys of dicts."""
    parts = trees.part_types(kind)
    if parts is not None and isinstance(kind, ir.Sequence):
        yield f"len({name}) != {len(parts)}"
    elif parts is not None and isinstance(kind, ir.Mapping):
        yield f"list({name}) != {trees.keys(kind)!r}"
    for key, part in zip(trees.keys(kind), parts or (), strict=True):
        step = f".{key}" if isinstance(kind, ir.Struct) else f"[{key!r}]"
        yield from _counts(name + step, part)


def _own(dim: ir.Dim) -> tuple[int, int] | None:
    """Which parameter's which length this is, if it is one as it stands."""
    key = dim.key if isinstance(dim, ir.Sym) and not dim.offset else None
    return key if isinstance(key, tuple) and isinstance(key[0], int) else None


def _meetings(function: Function) -> Iterator[list[ir.Dim]]:
    """The lengths that meet along an axis of some elementwise operation."""
    for op in walk(function.body):
        if op.prim.elementwise:
            shapes = [ir.dims_of(type_of_operand(arg)) for arg in op.args]
        elif op.prim.function in _WRITES:
            shapes = [_place_written(op), ir.dims_of(type_of_operand(op.args[2]))]
        else:
            continue
        known = [shape for shape in shapes if shape]
        for axis in range(1, max((len(shape) for shape in known), default=0) + 1):
            dims = [shape[-axis] for shape in known if len(shape) >= axis]
            if len(dims) > 1:
                yield dims


def _place_written(op: Op) -> tuple[ir.Dim, ...] | None:
    getitem = next(p for f, p in BY_FUNCTION.items() if getattr(f, "__name__", "") == "getitem")
    return ir.dims_of(getitem.result_type(op.args[:2]))


def _only_index(op: Op, number: Operand) -> bool:
    place = op.args[1] if op.prim.name == "getitem" and len(op.args) == 2 else None
    return place is number and isinstance(number, Value) and is_basic(number.type)
