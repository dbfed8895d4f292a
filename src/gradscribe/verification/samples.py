"""Arguments of given types, drawn at random: the same on every run."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradscribe.errors import ArgumentError
from gradscribe.ir.types import Array, Mapping, Scalar, Sequence, Static, Struct, Type

_UNKNOWN_HINT = "give an example: --example 'np.ones(3), 0.1'"


def sample(kinds: tuple[Type, ...], names: list[str], seed: int) -> tuple[Any, ...]:
    """A value of each type; dimensions of one name have one length."""
    random = np.random.default_rng(seed)
    lengths: dict[Any, int] = {}
    return tuple(_drawn(k, name, random, lengths) for k, name in zip(kinds, names, strict=True))


def _drawn(kind: Type, name: str, random: np.random.Generator, lengths: dict[Any, int]) -> Any:
    match kind:
        case Scalar(dtype, weak):
            value = _numbers(dtype, (), random)
            return value.item() if weak else dtype.type(value)
        case Array(dtype, dims) if dtype is not None and dims is not None:
            shape = tuple(_length(d, lengths) for d in dims)
            return _numbers(dtype, shape, random).astype(dtype)
        case Sequence(form, items, _) if items is not None:
            drawn = [_drawn(item, name, random, lengths) for item in items]
            return drawn if form == "list" else tuple(drawn)
        case Mapping(items, _) if items is not None:
            return {key: _drawn(item, name, random, lengths) for key, item in items}
        case Static(value):
            return value
        case Struct():
            pass
    raise ArgumentError(f"cannot draw an argument {name!r} of type {kind}", hint=_UNKNOWN_HINT)


def _length(dim: Any, lengths: dict[Any, int]) -> int:
    return dim if isinstance(dim, int) else lengths.setdefault(dim, 3 + len(lengths))


def _numbers(dtype: np.dtype[Any], shape: tuple[int, ...], random: np.random.Generator) -> Any:
    if dtype.kind == "b":
        return random.integers(0, 2, shape).astype(bool)
    if dtype.kind in "iu":
        return random.integers(1, 4, shape)
    return random.uniform(0.2, 1.2, shape)
