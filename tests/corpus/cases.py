"""From a recorded call to functions of floats: one case per float leaf of the result.

A call ``f(2.0, "water", table)`` whose result is a pair becomes two functions in a module of their
own, ordinary source that the compiler reads like a user's::

    from package.module import f

    def wrapped(a0):
        return f(a0, 'water', C2)[0]

Floats (and ints that may as well be floats) are parameters; strings and the like are written down;
all other objects stay what they are, constants of that module.
"""

from __future__ import annotations

import contextlib
import copy
import enum
import itertools
import linecache
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from corpus.collect import LARGEST_ARRAY, Call
from oracles import is_floating

# How many leaves of one result are differentiated.
LEAVES = 4
DEPTH = 3

_numbers = itertools.count()


@dataclass
class Case:
    """``function(*args)`` is one float leaf; ``source`` is its text."""

    target: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    names: tuple[str, ...]
    source: str
    constants: dict[str, Any] = field(default_factory=dict)


def cases_of(call: Call) -> list[Case]:
    """The cases of a call; none if it cannot be repeated."""
    drafts = _Draft(_with_floats(call))
    try:
        result = drafts.value()
        again = drafts.value()
    except Exception:
        return []
    paths = [path for path, leaf in _leaves(result) if _smooth(leaf)]
    if not paths or not drafts.params or not _same(result, again, paths):
        return []
    return [drafts.case(path) for path in _spread(paths)]


def _with_floats(call: Call) -> Call:
    """The call with ints replaced by floats where that gives the same."""
    for place, value in [*enumerate(call.args), *call.keywords.items()]:
        if type(value) is not int:
            continue
        trial = Call(call.target, list(call.args), dict(call.keywords), call.owner)
        if isinstance(place, str):
            trial.keywords[place] = float(value)
        else:
            trial.args[place] = float(value)
        with contextlib.suppress(Exception):
            results = [_Draft(c).value() for c in (call, trial)]
            leaves = [list(_leaves(result)) for result in results]
            if leaves[0] and all(
                p == q and np.array_equal(a, b, equal_nan=True)
                for (p, a), (q, b) in zip(*leaves, strict=True)
            ):
                call = trial
    return call


def _spread(paths: list[str]) -> list[str]:
    """A few, evenly chosen."""
    if len(paths) <= LEAVES:
        return paths
    return [paths[i * len(paths) // LEAVES] for i in range(LEAVES)]


def _same(result: Any, again: Any, paths: list[str]) -> bool:
    """Does the call do the same when it is repeated?"""
    first, second = dict(_leaves(result)), dict(_leaves(again))
    return all(
        path in second and np.array_equal(first[path], second[path], equal_nan=True)
        for path in paths
    )


def _smooth(leaf: Any) -> bool:
    return is_floating(leaf) and np.size(leaf) > 0 and bool(np.all(np.isfinite(leaf)))


def _leaves(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """The float leaves of a result, each with the expression that selects it."""
    if is_floating(value):
        yield path, value
    elif depth >= DEPTH:
        return
    elif isinstance(value, tuple | list):
        for place, item in enumerate(value):
            yield from _leaves(item, f"{path}[{place}]", depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str | int):
                yield from _leaves(item, f"{path}[{key!r}]", depth + 1)
    elif hasattr(value, "__dict__") and not isinstance(value, type):
        for name in [*vars(value), *_properties(value)]:
            try:
                item = getattr(value, name)
            except Exception:
                continue
            if not name.startswith("_"):
                yield from _leaves(item, f"{path}.{name}", depth + 1)


def _properties(value: Any) -> list[str]:
    return [
        name
        for cls in type(value).__mro__
        for name, member in vars(cls).items()
        if isinstance(member, property)
    ]


class _Draft:
    """The text of a call, its parameters and its constants."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.params: dict[str, Any] = {}
        self.constants: dict[str, Any] = {}
        target = call.target
        written = [self._argument(value, f"a{i}") for i, value in enumerate(call.args)]
        written += [
            f"{name}={self._argument(value, name)}" for name, value in call.keywords.items()
        ]
        arguments = ", ".join(written)
        self.imports = f"from {target.module} import {target.path.split('.')[0]}"
        if target.kind == "method":
            self.constants["obj"] = call.owner
            self.text = f"{_method(target.path.split('.')[1], arguments)}"
        else:
            self.text = f"{target.path}({arguments})"

    def _argument(self, value: Any, name: str) -> str:
        if _acts_as_float(value):
            name = _unused(name, self.params)
            self.params[name] = value
            return name
        if _is_written(value):
            return repr(value)
        name = f"C_{name}"
        self.constants[name] = value
        return name

    def value(self) -> Any:
        function = self._function("")
        return function(*copy.deepcopy(list(self.params.values())))

    def _source(self, leaf: str) -> str:
        return (
            f"{self.imports}\n\n\n"
            f"def wrapped({', '.join(self.params)}):\n"
            f"    return {self.text}{leaf}\n"
        )

    def _function(self, leaf: str) -> Callable[..., Any]:
        source = self._source(leaf)
        filename = f"<corpus {next(_numbers)}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
        namespace: dict[str, Any] = {"__name__": "corpus_case", **copy.deepcopy(self.constants)}
        exec(compile(source, filename, "exec"), namespace)
        function: Callable[..., Any] = namespace["wrapped"]
        return function

    def case(self, leaf: str) -> Case:
        function = self._function(leaf)
        return Case(
            self.call.target.name,
            function,
            tuple(self.params.values()),
            tuple(self.params),
            self._source(leaf),
            self.constants,
        )


_OPERATORS = {
    "__add__": "obj + {}",
    "__sub__": "obj - {}",
    "__mul__": "obj * {}",
    "__truediv__": "obj / {}",
    "__pow__": "obj ** {}",
    "__radd__": "{} + obj",
    "__rmul__": "{} * obj",
    "__getitem__": "obj[{}]",
    "__call__": "obj({})",
}


def _method(name: str, arguments: str) -> str:
    if name in _OPERATORS:
        return f"({_OPERATORS[name].format(arguments)})"
    return f"obj.{name}({arguments})"


def _unused(name: str, taken: dict[str, Any]) -> str:
    return name if name not in taken else _unused(f"{name}_", taken)


def _is_written(value: Any) -> bool:
    """Is this an object that a program would write down where it is passed?"""
    if isinstance(value, list | tuple):
        return type(value) in (list, tuple) and len(value) <= 20 and all(map(_is_written, value))
    return value is None or type(value) in (str, bool, int, float)


def _acts_as_float(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f" and 0 < value.size <= LARGEST_ARRAY
    if isinstance(value, list):
        return bool(value) and len(value) <= LARGEST_ARRAY and all(map(_is_number, value))
    return _is_number(value)


def _is_number(value: Any) -> bool:
    """A member of an enumeration is a choice, even where it is a number too."""
    return isinstance(value, float | np.floating) and not isinstance(value, enum.Enum)
