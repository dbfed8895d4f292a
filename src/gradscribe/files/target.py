"""From ``FILE.py:FUNCTION`` to the function and the types of its arguments."""

from __future__ import annotations

import ast
import contextlib
import difflib
import doctest
import importlib
import importlib.util
import inspect
import os
import sys
import traceback
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from gradscribe import specification as spec
from gradscribe.annotations import parameter_types, says_rank
from gradscribe.errors import ArgumentError
from gradscribe.ir.types import Type, Unknown
from gradscribe.primal import argument_types
from gradscribe.source import SourceFile, Span


@final
@dataclass(frozen=True, slots=True)
class Target:
    """A function of a user's file. ``path`` is as given, ``name`` its place in the module."""

    function: types.FunctionType
    path: Path
    name: str

    @property
    def place(self) -> str:
        """``model.py:f``, the same on every system."""
        return f"{relative(self.path)}:{self.name}"

    @property
    def request(self) -> spec.Request | None:
        """What ``@differentiate`` was asked for, if the function has it."""
        found = vars(self.function).get("differentiated")
        return found if isinstance(found, spec.Request) else None


def relative(path: Path) -> str:
    """A path as seen from the working directory, with forward slashes."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()


# ---------------------------------------------------------------------------- the module


def load(path: Path) -> types.ModuleType:
    """Import a file as Python would: within its package, or with its directory on the path."""
    if not path.is_file():
        raise ArgumentError(f"there is no file {relative(path)}", hint=_near_file(path))
    if path.suffix != ".py":
        raise ArgumentError(f"{relative(path)} is not a Python file")
    absolute = path.resolve()
    parts, root = [absolute.stem], absolute.parent
    while (root / "__init__.py").is_file():
        parts.insert(0, root.name)
        root = root.parent
    name = ".".join(parts)
    known = sys.modules.get(name)
    if known is not None:
        if Path(getattr(known, "__file__", None) or "").resolve() == absolute:
            return known
        raise ArgumentError(
            f"{relative(path)} has the name of another module, {name!r}", hint="rename the file"
        )
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    with _reported(path), contextlib.redirect_stdout(sys.stderr):
        if len(parts) > 1:
            return importlib.import_module(name)
        # Not by name: a module of the same name may stand earlier on the path.
        described = importlib.util.spec_from_file_location(name, absolute)
        assert described is not None and described.loader is not None
        module = importlib.util.module_from_spec(described)
        sys.modules[name] = module
        try:
            described.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module


@contextlib.contextmanager
def _reported(path: Path) -> Iterator[None]:
    """Whatever goes wrong while a user's file runs, as an error about that file."""
    try:
        yield
    except SyntaxError as error:
        raise ArgumentError(error.msg, _syntax_span(error)) from error
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        own = [f for f in frames if Path(f.filename).resolve() == path.resolve()]
        what = "".join(traceback.format_exception_only(error)).strip()
        raise ArgumentError(
            f"importing {relative(path)} failed: {what}", _frame_span(own[-1]) if own else None
        ) from error


def _syntax_span(error: SyntaxError) -> Span | None:
    if error.filename is None or error.lineno is None:
        return None
    column = max(0, (error.offset or 1) - 1)
    file = SourceFile(relative(Path(error.filename)), error.text or "", error.lineno)
    return Span(
        file, error.lineno, column, error.lineno, max(column + 1, (error.end_offset or 0) - 1)
    )


def _frame_span(frame: traceback.FrameSummary) -> Span | None:
    if frame.lineno is None:
        return None
    text = frame.line or ""
    file = SourceFile(relative(Path(frame.filename)), text, frame.lineno)
    return Span(file, frame.lineno, 0, frame.lineno, len(text))


def _near_file(path: Path) -> str | None:
    names = [p.name for p in path.parent.glob("*.py")] if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, names, 1, cutoff=0.8)
    return f"did you mean {relative(path.parent / near[0])}?" if near else None


# ---------------------------------------------------------------------------- the function


def find(path: Path, name: str) -> Target:
    """The function of that name (dotted for one in a class) in a file."""
    module = load(path)
    found: Any = module
    for part in name.split("."):
        found = vars(found).get(part) if isinstance(found, type | types.ModuleType) else None
    if isinstance(found, staticmethod | classmethod):
        found = found.__func__
    if isinstance(found, types.FunctionType):
        return Target(found, path, name)
    what = "is not a Python function" if found is not None else "does not exist"
    raise ArgumentError(f"{name} {what} in {relative(path)}", hint=_near_function(module, name))


def _near_function(module: types.ModuleType, name: str) -> str | None:
    names = [target for target, _ in _own_functions(module)]
    near = difflib.get_close_matches(name, names, 1)
    if near:
        return f"did you mean {near[0]}?"
    return f"it has {', '.join(names[:10])}" if names else None


def _own_functions(module: types.ModuleType) -> list[tuple[str, types.FunctionType]]:
    return [
        (name, value)
        for name, value in vars(module).items()
        if isinstance(value, types.FunctionType) and value.__module__ == module.__name__
    ]


def marked(path: Path) -> list[Target]:
    """The functions of a file that carry ``@differentiate``, in order."""
    targets = [Target(value, path, name) for name, value in _own_functions(load(path))]
    found = [target for target in targets if target.request is not None]
    if not found:
        raise ArgumentError(
            f"no function in {relative(path)} is marked with @differentiate",
            hint=f"name one: {relative(path)}:{targets[0].name}" if targets else None,
        )
    return found


# ---------------------------------------------------------------------------- its arguments


def kinds_of(target: Target, example: str | None) -> tuple[Type, ...]:
    """The types of a function's arguments: annotations first, then an example call.

    An example is the one given, or the first call in the docstring.
    """
    names = list(inspect.signature(target.function).parameters)
    annotated = parameter_types(target.function, names)
    if example is None and all(says_rank(kind) for kind in annotated):
        return annotated
    given = _given(target, example) if example is not None else _in_docstring(target)
    if given is None:
        return annotated
    shown = argument_types(names, given, sized=False)
    return tuple(
        kind if says_rank(kind) else other for kind, other in zip(annotated, shown, strict=True)
    )


def says_nothing(kinds: tuple[Type, ...]) -> bool:
    """Is nothing known of some argument?"""
    return any(isinstance(kind, Unknown) for kind in kinds)


def _given(target: Target, example: str) -> tuple[Any, ...]:
    try:
        tree = ast.parse(f"f({example})", "--example", mode="eval").body
    except SyntaxError as error:
        raise ArgumentError(
            f"--example {example!r} cannot be read: {error.msg}", hint=_EXAMPLE_HINT
        ) from None
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise ArgumentError(f"--example {example!r} is not a list of arguments", hint=_EXAMPLE_HINT)
    return _evaluated(target, tree, {}, f"--example {example!r}")


_EXAMPLE_HINT = "write what would stand between the parentheses of a call: 'np.ones(3), 0.1, n=5'"


def _in_docstring(target: Target) -> tuple[Any, ...] | None:
    """The arguments of the first ``>>> f(…)`` or ``>>> f.grad(…)``, after the lines before it."""
    called = {target.name, f"{target.name}.grad", f"{target.name}.value_and_grad"}
    local: dict[str, Any] = {}
    for example in doctest.DocTestParser().get_examples(target.function.__doc__ or ""):
        what = f"the example {example.source.strip()!r} in the docstring of {target.name}"
        try:
            tree = ast.parse(example.source)
        except SyntaxError as error:
            raise ArgumentError(f"{what} cannot be read: {error.msg}") from None
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in called:
                return _evaluated(target, node, local, what)
        with _evaluation(what):
            exec(compile(tree, "<docstring>", "exec"), {**_scope(target), **local}, local)
    return None


def _scope(target: Target) -> dict[str, Any]:
    return {"np": np, **target.function.__globals__}


def _evaluated(target: Target, node: ast.Call, local: dict[str, Any], what: str) -> tuple[Any, ...]:
    """The values of a call's arguments, one per parameter, defaults filled in."""
    taken = ast.Call(ast.Name("_arguments", ast.Load()), node.args, node.keywords)
    code = compile(ast.fix_missing_locations(ast.Expression(taken)), "<example>", "eval")
    signature = inspect.signature(target.function)

    def arguments(*args: Any, **keywords: Any) -> tuple[Any, ...]:
        bound = signature.bind(*args, **keywords)
        bound.apply_defaults()
        return tuple(bound.arguments.values())

    with _evaluation(what):
        result: tuple[Any, ...] = eval(code, {**_scope(target), **local, "_arguments": arguments})
    return result


@contextlib.contextmanager
def _evaluation(what: str) -> Iterator[None]:
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except Exception as error:
        raise ArgumentError(f"{what} failed: {type(error).__name__}: {error}") from error
