"""Recording calls: run what exercises a package, and note the arguments of its own functions."""

from __future__ import annotations

import contextlib
import copy
import doctest
import importlib
import inspect
import io
import logging
import os
import pkgutil
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# How many calls of one function are kept, and how many with arguments of the same kinds.
CALLS = 4
CALLS_ALIKE = 2

# What is recorded is copied, so what is large is not.
LARGEST_ARRAY = 64


@dataclass
class Target:
    """A function of the package and the expression that reaches it.

    ``kind``: "function", "method" (its first argument is the object), "static" (also class methods,
    whose class is in ``path``) or "class" (the constructor).
    """

    module: str
    path: str
    kind: str
    code: types.CodeType

    @property
    def name(self) -> str:
        return f"{self.module}.{self.path}"


@dataclass
class Call:
    """One call: what was passed, by position and by keyword; ``owner`` is a method's object."""

    target: Target
    args: list[Any]
    keywords: dict[str, Any]
    owner: Any = None


def modules_of(package: str) -> list[types.ModuleType]:
    """The package and its importable submodules, without tests and command lines."""
    root = importlib.import_module(package)
    found = [root]
    for info in pkgutil.walk_packages(getattr(root, "__path__", []), f"{package}."):
        if any(part in _NOT_LIBRARY for part in info.name.split(".")):
            continue
        with contextlib.suppress(Exception), quiet():
            found.append(importlib.import_module(info.name))
    return found


_NOT_LIBRARY = {"tests", "test", "__main__", "cli", "numba", "vectorized", "units", "jax"}


def targets_of(modules: list[types.ModuleType]) -> dict[types.CodeType, Target]:
    """Every Python function and method that the modules define, by code."""
    names = {module.__name__ for module in modules}
    found: dict[types.CodeType, Target] = {}

    def add(function: Any, module: str, path: str, kind: str) -> None:
        while function is not None:
            code = getattr(function, "__code__", None)
            if code is not None and code.co_name != "<lambda>":
                found.setdefault(code, Target(module, path, kind, code))
            function = getattr(function, "__wrapped__", None)

    for module in modules:
        for name, value in vars(module).items():
            if getattr(value, "__module__", None) not in names:
                continue
            if isinstance(value, type):
                for attribute, member in vars(value).items():
                    path = f"{name}.{attribute}"
                    if isinstance(member, staticmethod | classmethod):
                        add(member.__func__, value.__module__, path, "static")
                    elif attribute == "__init__":
                        add(member, value.__module__, name, "class")
                    elif isinstance(member, types.FunctionType):
                        add(member, value.__module__, path, "method")
            elif callable(value):
                home = sys.modules[value.__module__]
                at_home = getattr(home, name, None) is value
                add(value, home.__name__ if at_home else module.__name__, name, "function")
    return found


@dataclass
class Recorder:
    """A profile function that keeps copies of the arguments of calls of the targets."""

    targets: dict[types.CodeType, Target]
    calls: list[Call] = field(default_factory=list)
    _counts: dict[Any, int] = field(default_factory=dict)
    _busy: bool = False

    def __call__(self, frame: types.FrameType, event: str, _: Any) -> None:
        if event != "call" or self._busy:
            return
        target = self.targets.get(frame.f_code)
        if target is None or self._counts.get(target.name, 0) >= CALLS:
            return
        self._busy = True
        try:
            self._record(target, frame)
        except Exception:
            pass  # an argument that cannot be copied: not a call that can be repeated
        finally:
            self._busy = False

    def _record(self, target: Target, frame: types.FrameType) -> None:
        code, values = frame.f_code, frame.f_locals
        args = [values[name] for name in code.co_varnames[: code.co_argcount]]
        end = code.co_argcount + code.co_kwonlyargcount
        keywords = {n: values[n] for n in code.co_varnames[code.co_argcount : end]}
        names = list(code.co_varnames[end:])
        if code.co_flags & inspect.CO_VARARGS:
            args += values[names.pop(0)]
        if code.co_flags & inspect.CO_VARKEYWORDS:
            keywords |= values[names.pop(0)]
        owner = None
        if target.kind in ("method", "class") or (target.kind == "static" and _takes_class(args)):
            owner, *args = args
        if target.kind == "class" and type(owner).__name__ != target.path:
            return  # a base class's constructor
        if not any(map(_has_float, [*args, *keywords.values()])):
            return
        kinds = target.name, tuple(map(_kind, [*args, *keywords.values()]))
        if self._counts.get(kinds, 0) >= CALLS_ALIKE:
            return
        kept = owner if target.kind == "method" else None
        args, keywords, kept = copy.deepcopy((args, keywords, kept))
        self._counts[kinds] = self._counts.get(kinds, 0) + 1
        self._counts[target.name] = self._counts.get(target.name, 0) + 1
        self.calls.append(Call(target, args, keywords, kept))


def _takes_class(args: list[Any]) -> bool:
    return bool(args) and isinstance(args[0], type)


def _has_float(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fi" and 0 < value.size <= LARGEST_ARRAY
    if isinstance(value, list | tuple):
        return len(value) <= LARGEST_ARRAY and any(map(_has_float, value))
    return isinstance(value, float | int | np.floating) and not isinstance(value, bool)


def _kind(value: Any) -> Any:
    if isinstance(value, str | bool | type(None)):
        return value
    if isinstance(value, np.ndarray):
        return value.ndim, value.dtype.str
    if isinstance(value, list | tuple):
        return type(value).__name__, tuple(map(_kind, value[:4]))
    return type(value).__name__


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    sink = io.StringIO()
    logging.disable()
    with (
        contextlib.redirect_stdout(sink),
        contextlib.redirect_stderr(sink),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield


def run_docstrings(modules: list[types.ModuleType]) -> None:
    """The examples of every docstring, whether they pass or not."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    for module in modules:
        for test in finder.find(module, module.__name__):
            runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS)
            with contextlib.suppress(Exception):
                runner.run(test, out=lambda text: None)


def run_tests(package: str) -> None:
    """The tests that came with the package."""
    import pytest

    root = os.path.dirname(importlib.import_module(package).__file__ or "")
    pytest.main(["-q", "-x", "--maxfail=1000", "-p", "no:cacheprovider", "-p", "no:doctest", root])


def run_functions(functions: list[Callable[..., Any]]) -> None:
    for function in functions:
        with contextlib.suppress(Exception):
            function()


def collect(package: str, ways: tuple[str, ...]) -> list[Call]:
    """The calls that happen while the package's examples, tests or our list of calls run."""
    with quiet():
        modules = modules_of(package)
        recorder = Recorder(targets_of(modules))
        written = None
        if "calls" in ways:
            written = importlib.import_module(f"corpus.calls.{package}")
            recorder.targets |= targets_of([written])
        sys.setprofile(recorder)
        try:
            if "docstrings" in ways:
                run_docstrings(modules)
            if written is not None:
                run_functions([written.calls])
            if "tests" in ways:
                run_tests(package)
        finally:
            sys.setprofile(None)
    return sorted(recorder.calls, key=lambda call: call.target.name)
