"""The numbers in arguments and results, one by one: tuples, lists, dicts and objects of leaves."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradscribe.objects import attributes_of

Path = tuple[Any, ...]


def leaves(tree: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every leaf, with the way there."""
    parts = parts_of(tree)
    if parts is None:
        yield path, tree
        return
    for key, part in parts.items():
        yield from leaves(part, (*path, key))


def parts_of(tree: Any) -> dict[Any, Any] | None:
    """What a tuple, list, dict or object holds; None for a leaf."""
    if isinstance(tree, tuple | list):
        return dict(enumerate(tree))
    if isinstance(tree, dict):
        return tree
    return attributes_of(tree)


def replaced(tree: Any, path: Path, value: Any) -> Any:
    """A copy with another leaf at the end of a path."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(tree, tuple | list):
        items = [replaced(v, rest, value) if k == key else v for k, v in enumerate(tree)]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    if isinstance(tree, dict):
        return {k: replaced(v, rest, value) if k == key else v for k, v in tree.items()}
    made = copy.copy(tree)
    object.__setattr__(made, key, replaced(getattr(tree, key), rest, value))
    return made


def at(tree: Any, path: Path) -> Any:
    """The leaf at the end of a path; None where there is none."""
    for key in path:
        if tree is None:
            return None
        tree = tree[key] if isinstance(tree, tuple | list | dict) else getattr(tree, key)
    return tree


def is_float(leaf: Any) -> bool:
    """Is this a real floating scalar or array?"""
    if isinstance(leaf, np.ndarray | np.generic):
        return leaf.dtype.kind == "f"
    return isinstance(leaf, float)


def in_double(tree: Any) -> Any:
    """A copy in which floating leaves have double precision: differences need room."""
    for path, leaf in list(leaves(tree)):
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f":
            tree = replaced(tree, path, leaf.astype(np.float64))
        elif isinstance(leaf, np.floating):
            tree = replaced(tree, path, np.float64(leaf))
        elif isinstance(leaf, np.ndarray):
            tree = replaced(tree, path, leaf.copy())
    return tree


def moved(args: Sequence[Any], path: Path, index: tuple[int, ...], step: float) -> tuple[Any, ...]:
    """Copies of arguments with one entry moved."""
    doubled = in_double(tuple(args))
    leaf = at(doubled, path)
    if isinstance(leaf, np.ndarray):
        leaf[index] += step
        return doubled  # type: ignore[no-any-return]  # a tuple as given
    return replaced(doubled, path, leaf + step)  # type: ignore[no-any-return]


def unit(args: Sequence[Any], path: Path, index: tuple[int, ...], wrt: set[int]) -> tuple[Any, ...]:
    """The tangents that move one entry alone: None for arguments that are not asked for."""
    made: list[Any] = []
    for place, arg in enumerate(args):
        if place not in wrt:
            made.append(None)
            continue
        zero = arg
        for inner, leaf in list(leaves(arg)):
            dot: Any = None
            if is_float(leaf):
                dot = np.zeros_like(leaf)
                if (place, *inner) == path:
                    dot[index] = 1 if isinstance(leaf, np.ndarray) else 0
                    dot = dot if isinstance(leaf, np.ndarray) else type(leaf)(1.0)
                elif not isinstance(leaf, np.ndarray):
                    dot = type(leaf)(0.0)
            zero = replaced(zero, inner, dot)
        made.append(zero)
    return tuple(made)


def spelled(names: Sequence[str], path: Path) -> str:
    """A leaf as a program writes it: ``model.layers[0].w``."""
    head, *rest = path
    text = names[head] if head < len(names) else f"argument {head}"
    for key in rest:
        text += f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{key!r}]"
    return text
