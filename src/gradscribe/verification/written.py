"""``gradscribe verify``: a written or edited derivative held against the compiler's own.

Both are run on the same arguments. Where the results differ, both are run again step by step, and
the first variable that gets another value tells which adjoint is wrong: its line, and the statement
of the user's that it belongs to.
"""

from __future__ import annotations

import copy
import importlib.util
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from gradscribe import files
from gradscribe.emit.headings import EVERYWHERE
from gradscribe.errors import ArgumentError
from gradscribe.files import Target, Wish
from gradscribe.files.target import kinds_of
from gradscribe.frontend.resolve import definition_of
from gradscribe.primal import places, primal_signature
from gradscribe.runtime.load import register_source
from gradscribe.verification.leaves import at, is_float, leaves, replaced
from gradscribe.verification.samples import sample
from gradscribe.verification.tracing import Assigned, traced

_SAMPLES = 3


@final
@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a derivative is right, on how many arguments it was tried, and what is wrong."""

    right: bool
    tried: int
    lines: tuple[str, ...] = ()


def verify(path: Path, name: str, target: Target, wish: Wish, examples: list[str]) -> Verdict:
    """Compare the function ``name`` (or what the wish calls it) of a file with the compiler's."""
    own = _with_headings(target, wish, path.parent)
    written = _loaded(path)
    function = getattr(written, name or own.name, None)
    if not callable(function):
        raise ArgumentError(
            f"{files.relative(path)} does not define {name or own.name}",
            hint="name the function: FILE.py:FUNCTION",
        )
    filename = register_source(own.name, own.text)
    namespace: dict[str, Any] = {"__name__": "verified"}
    exec(compile(own.text, filename, "exec", dont_inherit=True), namespace)
    tried = 0
    for args in _arguments(target, wish, examples):
        calls = _calls(wish, target, args)
        try:
            expected = calls(namespace[own.name])
        except (ArithmeticError, ValueError, np.linalg.LinAlgError):
            continue  # outside the function's domain
        tried += 1
        try:
            got = calls(function)
        except Exception as error:
            what = f"it raises {type(error).__name__}: {error}"
            return Verdict(False, tried, (what, *_shown(args)))
        where = _difference(expected, got)
        if where is not None:
            expected, ours = _steps(calls, namespace[own.name], filename)
            home = getattr(function, "__code__", None)
            got, theirs = _steps(calls, function, home.co_filename if home else str(path))
            first = _first(ours, theirs)
            lines = _where(path, target, own.text, first, (where, expected, got))
            return Verdict(False, tried, (*lines, *_shown(args)))
    if not tried:
        raise ArgumentError(
            f"no arguments were found at which {target.name} has a derivative",
            hint="give some: --example 'np.ones(3), 0.1'",
        )
    return Verdict(True, tried)


def _with_headings(target: Target, wish: Wish, directory: Path) -> files.File:
    """The compiler's own text, in which every group says which statement it belongs to."""
    token = EVERYWHERE.set(True)
    try:
        return files.compose(target, wish, directory)
    finally:
        EVERYWHERE.reset(token)


def _loaded(path: Path) -> Any:
    if not path.is_file():
        raise ArgumentError(f"there is no file {files.relative(path)}")
    described = importlib.util.spec_from_file_location(f"{path.stem}_verified", path)
    assert described is not None and described.loader is not None
    module = importlib.util.module_from_spec(described)
    try:
        described.loader.exec_module(module)
    except Exception as error:
        raise ArgumentError(f"importing {files.relative(path)} failed: {error}") from error
    return module


# ---------------------------------------------------------------------------- arguments


def _arguments(target: Target, wish: Wish, examples: list[str]) -> Iterator[tuple[Any, ...]]:
    """The arguments that are given, that the file was written for, and some at random."""
    from gradscribe.files.target import _given, _in_docstring

    given = [_given(target, text) for text in examples]
    if wish.example is not None:
        given.append(_given(target, wish.example))
    shown = _in_docstring(target)
    given += [shown] if shown is not None else []
    yield from given
    names = list(primal_signature(target.function).parameters)
    for seed in range(_SAMPLES):
        if given:
            yield _near(given[seed % len(given)], seed)
        else:
            yield sample(kinds_of(target, None), names, seed)


def _near(args: tuple[Any, ...], seed: int) -> tuple[Any, ...]:
    """Arguments not far from others: they have their shapes, and probably their domain."""
    random = np.random.default_rng(seed)
    for path, leaf in list(leaves(args)):
        if is_float(leaf):
            factor = random.uniform(0.8, 1.2, np.shape(leaf))
            moved = leaf * factor + random.uniform(0.0, 0.1, np.shape(leaf))
            new = moved.astype(leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(moved)
            args = replaced(args, path, new)
    return args


def _calls(wish: Wish, target: Target, args: tuple[Any, ...]) -> Callable[..., Any]:
    """How a derivative of this kind is called, to the end."""
    asked = [place.param for place in places(target.function, wish.wrt(wish.order))[0]]
    dots = tuple(_drawn(args[place], place) for place in asked)

    def call(function: Callable[..., Any]) -> Any:
        given = copy.deepcopy(args)
        if wish.kind in ("jvp", "hvp"):
            return function(*given, *dots)
        found = function(*given)
        if wish.kind == "vjp":
            value, pullback = found
            return value, pullback(_drawn(value, 17))
        if wish.kind == "linearize":
            value, linear = found
            return value, linear(*dots)
        return found

    return call


def _drawn(tree: Any, seed: int) -> Any:
    """Something of the same structure, drawn at random."""
    random = np.random.default_rng(seed)
    for path, leaf in list(leaves(tree)):
        drawn: Any = random.uniform(0.5, 1.5, np.shape(leaf))
        if isinstance(leaf, np.ndarray):
            drawn = drawn.astype(leaf.dtype) if is_float(leaf) else None
        else:
            drawn = type(leaf)(drawn) if is_float(leaf) else float(drawn)
        tree = replaced(tree, path, drawn)
    return tree


# ---------------------------------------------------------------------------- comparing


def _difference(expected: Any, got: Any) -> tuple[Any, ...] | None:
    """The way to the first part of a result that is not as expected."""
    for path, leaf in leaves(expected):
        try:
            other = at(got, path)
        except (TypeError, IndexError, KeyError, AttributeError):
            return path
        if not _close(leaf, other):
            return path
    return None


def _close(a: Any, b: Any) -> bool:
    if a is None or b is None or isinstance(a, str):
        return a is b or a == b
    if np.shape(a) != np.shape(b):
        return False
    single = np.result_type(np.asarray(a)) in (np.float32, np.float16)
    rtol = 1e-4 if single else 1e-8
    size = float(np.max(np.abs(a), initial=0.0)) if np.asarray(a).dtype.kind in "fiu" else 0.0
    return bool(np.allclose(b, a, rtol=rtol, atol=rtol * max(size, 1e-6), equal_nan=True))


def _steps(
    calls: Callable[..., Any], function: Callable[..., Any], file: str
) -> tuple[Any, list[Assigned]]:
    found: list[Assigned] = []

    def call(*args: Any) -> Any:
        result, steps = traced(function, args, file)
        found.extend(steps)
        if isinstance(result, tuple) and any(map(callable, result)):
            value, inner = result
            return value, lambda *given: _and_steps(inner, given, file, found)
        return result

    return calls(call), found


def _and_steps(
    inner: Callable[..., Any], given: tuple[Any, ...], file: str, found: list[Assigned]
) -> Any:
    result, steps = traced(inner, given, file)
    found.extend(steps)
    return result


def _first(ours: list[Assigned], theirs: list[Assigned]) -> tuple[Assigned, Assigned] | None:
    """The first assignment that gives a variable another value than ours gets."""
    counts: dict[str, int] = {}
    by_name: dict[str, list[Assigned]] = {}
    for step in ours:
        by_name.setdefault(step.name, []).append(step)
    for step in theirs:
        k = counts[step.name] = counts.get(step.name, -1) + 1
        known = by_name.get(step.name, [])
        if k < len(known) and not _close(known[k].value, step.value):
            return known[k], step
    return None


# ---------------------------------------------------------------------------- reporting


def _where(
    path: Path,
    target: Target,
    own: str,
    first: tuple[Assigned, Assigned] | None,
    results: tuple[tuple[Any, ...], Any, Any],
) -> list[str]:
    result, expected, got = results
    text = path.read_text(encoding="utf-8").splitlines()
    shown = files.relative(path)
    if first is None:
        part = "".join(f"[{key!r}]" for key in result)
        lines = [f"the result{part} differs, and no variable before it"]
        expected, got = at(expected, result), _part(got, result)
    else:
        ours, theirs = first
        what = {"bar": "adjoint", "dot": "tangent"}.get(theirs.name.split("_")[-1], "variable")
        lines = [f"{shown}:{theirs.line}: the first {what} that differs is {theirs.name}"]
        lines.append(f"   {theirs.line:>4} | {text[theirs.line - 1].strip()}")
        statement = _statement(own.splitlines(), ours.line)
        if statement is not None:
            lines.append(f"   it belongs to {_in_source(target, statement)}")
        expected, got = ours.value, theirs.value
    return [*lines, f"   expected {_spelled(expected)}", f"   got      {_spelled(got)}"]


def _part(tree: Any, path: tuple[Any, ...]) -> Any:
    try:
        return at(tree, path)
    except (TypeError, IndexError, KeyError, AttributeError):
        return None


def _statement(text: list[str], line: int) -> str | None:
    """The comment that heads the group which a line belongs to."""
    for above in reversed(text[: line - 1]):
        stripped = above.strip()
        if stripped.startswith("# "):
            return stripped[2:]
        if stripped.startswith("def ") or not stripped:
            return None
    return None


def _in_source(target: Target, statement: str) -> str:
    """Where the user's function has a statement, and the statement."""
    definition = definition_of(target.function)
    head = re.split("…", statement)[0].strip()
    lines = definition.file.text.splitlines()
    for number, line in enumerate(lines, definition.file.first_line):
        if head and line.strip().startswith(head):
            return f"{files.relative(target.path)}:{number}: {statement}"
    return statement


def _shown(args: tuple[Any, ...]) -> list[str]:
    return [f"   at       {', '.join(map(_spelled, args))}"]


def _spelled(value: Any) -> str:
    text = " ".join(np.array2string(np.asarray(value), precision=6, threshold=8).split())
    return text if isinstance(value, float | int | np.generic | np.ndarray) else repr(value)
