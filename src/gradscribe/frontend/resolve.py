"""From a function object to its AST and its text, and from names to the objects they stand for."""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import re
import sys
import types
import warnings
from collections import Counter
from collections.abc import Iterator
from contextvars import ContextVar
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from typing import Any, NoReturn, TypeAlias, TypeGuard, final
from weakref import WeakKeyDictionary

import gast

from gradscribe.errors import SourceUnavailableError, UnsupportedError
from gradscribe.source import SourceFile, Span

FunctionNode: TypeAlias = Any  # gast.FunctionDef or gast.Lambda: gast has no type information


@final
class Definition:
    """A function's AST (gast), its text, and the names its body can see outside it."""

    __slots__ = (
        "_reads", "at", "cells", "defaults", "file", "function", "globals", "locals", "node"
    )  # fmt: skip

    def __init__(
        self,
        node: FunctionNode,
        file: SourceFile,
        globals: dict[str, Any],
        cells: dict[str, types.CellType],
        function: types.FunctionType | None,
        locals: frozenset[str] | None = None,
    ) -> None:
        self.node = node
        self.file = file
        self.globals = globals
        self.cells = cells
        self.function = function
        self.locals = local_names(node) if locals is None else locals
        self._reads: Counter[str] | None = None
        self.at: Span | None = None  # the call that a function of ours is lowered in place of
        self.defaults: dict[str, Any] = {}  # of a nested function: what they are bound to

    def __deepcopy__(self, memo: Any) -> Definition:
        return self

    def lookup(self, name: str) -> Any:
        """The object a free name stands for now; KeyError where it is not bound."""
        if name in self.cells:
            try:
                return self.cells[name].cell_contents
            except ValueError:
                raise KeyError(name) from None
        if name in self.globals:
            return self.globals[name]
        return vars(builtins)[name]

    @property
    def ours(self) -> bool:
        """Is this a function of the compiler's own?"""
        return str(self.globals.get("__name__")).split(".")[0] == "gradscribe"

    def captures(self, name: str) -> bool:
        """Is this a variable of a function around that has been left?"""
        return name in self.cells

    def rebinds(self, name: str) -> bool:
        """May a function of the same file rebind a captured variable of this name?"""
        lines = linecache.getlines(self.file.path, self.globals)
        return any(re.search(rf"\bnonlocal\b.*\b{name}\b", line) for line in lines)

    def reads_beside(self, node: Any, name: str) -> bool:
        """Is a name read anywhere in the function but in this statement?"""
        if self._reads is None:
            self._reads = reads(self.node)
        return self._reads[name] > reads(node)[name]

    def span(self, node: Any) -> Span | None:
        """Where a node stands in its file (another's, where it was brought here)."""
        if self.at is not None:
            return self.at
        home = getattr(node, "home", self)
        if home is not self:
            return home.span(node)
        line = getattr(node, "lineno", None)
        if line is None:
            return None
        file = self.file
        return Span(
            file,
            line,
            file.characters(line, node.col_offset),
            node.end_lineno,
            file.characters(node.end_lineno, node.end_col_offset),
        )

    def header(self, node: Any) -> Span | None:
        """Where a statement stands; of a compound one its first line up to the colon."""
        span = self.span(node)
        last = getattr(node, "test", None) or getattr(node, "iter", None)
        if span is not None and isinstance(node, gast.Try):
            return Span(span.file, span.line, span.column, span.line, span.column + len("try"))
        if isinstance(node, gast.With):
            last = node.items[-1].optional_vars or node.items[-1].context_expr
        end = self.span(last) if isinstance(getattr(node, "body", None), list) and last else None
        if span is None or end is None:
            return span
        return Span(span.file, span.line, span.column, end.end_line, end.end_column)


_SHARED: WeakKeyDictionary[FunctionNode, list[str]] = WeakKeyDictionary()

# Equal code in two files has two texts, hence the file's name.
_CACHE: dict[tuple[str, types.CodeType], tuple[FunctionNode, SourceFile, frozenset[str]]] = {}

# The functions whose source is read while this is set, in order: what a derivative depends on.
TOUCHED: ContextVar[dict[types.FunctionType, None] | None] = ContextVar("TOUCHED", default=None)


def touch(functions: tuple[types.FunctionType, ...]) -> None:
    """The source of these functions is read."""
    touched = TOUCHED.get()
    if touched is not None:
        touched.update(dict.fromkeys(functions))


def definition_of(function: types.FunctionType) -> Definition:
    """The definition of a Python function, read from its file, cell or REPL entry."""
    code = function.__code__
    touch((function,))
    entry = _CACHE.get((code.co_filename, code))
    if entry is None:
        node, file = _read(function)
        entry = _CACHE[code.co_filename, code] = node, file, local_names(node)
    node, file, local = entry
    cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
    return Definition(node, file, function.__globals__, cells, function, local)


def _read(function: types.FunctionType) -> tuple[FunctionNode, SourceFile]:
    code = function.__code__
    linecache.checkcache(code.co_filename)  # the file may have been edited since it was last read
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if not lines:
        raise SourceUnavailableError(
            f"the source of {function.__qualname__} cannot be read (file {code.co_filename!r})",
            hint="define it in a file, a notebook cell or a session that keeps its text",
        )
    if _was_edited(function, "".join(lines)):
        _refuse_edited(function)
    if code.co_name == "<lambda>":
        return _read_lambda(code, lines)
    first = code.co_firstlineno
    if code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        file = SourceFile(code.co_filename, "".join(lines))
        raise UnsupportedError(
            f"{function.__name__} is an async function",
            Span(file, first, 0, first, len(lines[first - 1].rstrip())),
            "write the computation as a function with def, and await its arguments outside",
        )
    block = _block(lines, first - 1)
    node, file = _parse(block, first, code, lines)
    if node is None:
        _refuse_edited(function)
    return node, file


def _refuse_edited(function: types.FunctionType) -> NoReturn:
    name, path = function.__qualname__, function.__code__.co_filename
    raise SourceUnavailableError(
        f"the source of {name} in {path!r} does not match the function",
        hint="the file changed after it was imported: import it again",
    )


def _was_edited(function: types.FunctionType, text: str) -> bool:
    """Is this text of a module another than the one that the function was compiled from?

    Only Python's own import is asked: others (pytest's among them) compile something else.
    """
    home = str(function.__globals__.get("__name__")).split(".")[0]
    if type(function.__globals__.get("__loader__")) is not SourceFileLoader or home == "gradscribe":
        return False
    code = function.__code__
    try:
        found = _codes(code.co_filename, text).get((code.co_name, code.co_firstlineno), [])
    except SyntaxError:
        return True
    return not any(_is_same(code, other) for other in found)


@lru_cache(maxsize=64)
def _codes(path: str, text: str) -> dict[tuple[str, int], list[types.CodeType]]:
    """What a text compiles to, by the name and the first line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        work = [compile(text, path, "exec", dont_inherit=True)]
    found: dict[tuple[str, int], list[types.CodeType]] = {}
    while work:
        code = work.pop()
        found.setdefault((code.co_name, code.co_firstlineno), []).append(code)
        work += [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return found


def _is_same(a: types.CodeType, b: types.CodeType) -> bool:
    """Do two codes compute the same from the same names?"""
    if (a.co_code, a.co_names, a.co_varnames) != (b.co_code, b.co_names, b.co_varnames):
        return False
    pairs = list(zip(a.co_consts, b.co_consts, strict=False))
    return len(a.co_consts) == len(b.co_consts) and all(
        (
            _is_same(x, y)
            if isinstance(x, types.CodeType) and isinstance(y, types.CodeType)
            else (type(x), repr(x)) == (type(y), repr(y))
        )
        for x, y in pairs
    )


def _block(lines: list[str], start: int) -> list[str]:
    """The lines from ``start`` to the next line that is indented no deeper than the ``def``."""
    header = start
    while header < len(lines) and not lines[header].lstrip().startswith(
        ("def ", "async ", "lambda")
    ):
        header += 1
    if header >= len(lines):
        return lines[start:]
    indent = len(lines[header]) - len(lines[header].lstrip())
    end = header + 1
    for end in range(header + 1, len(lines) + 1):
        if end == len(lines):
            break
        text = lines[end].strip()
        column = len(lines[end]) - len(lines[end].lstrip())
        if text and not text.startswith(("#", ")", "]", "}")) and column <= indent:
            break
    return lines[start:end]


def _parse(
    block: list[str], first: int, code: types.CodeType, lines: list[str]
) -> tuple[Any, SourceFile]:
    indent = len(block[0]) - len(block[0].lstrip())
    margin = [line[:indent].strip() for line in block]  # a blank line may be shorter than it
    dedented = [
        line if left else line[indent:] or "\n" for line, left in zip(block, margin, strict=True)
    ]
    text = "".join(dedented).rstrip()
    try:
        tree = _ast("\n" * (first - 1) + text)  # so that lines are counted as in the file
    except SyntaxError:
        # A string or bracket that runs over lines at the margin: read the whole file instead.
        text, indent, first = "".join(lines), 0, 1
        tree = _ast(text)
    file = SourceFile(code.co_filename, text, first, indent)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if start == code.co_firstlineno:
                return gast.ast_to_gast(node), file
    return None, file


def _ast(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the user has seen the SyntaxWarnings of this text already
        return ast.parse(text)


def _read_lambda(code: types.CodeType, lines: list[str]) -> tuple[FunctionNode, SourceFile]:
    """A lambda by its place: several on one line are told apart by their code."""
    text = "".join(lines)
    try:
        tree: ast.AST = _ast(text)
        file = SourceFile(code.co_filename, text, 1)
    except SyntaxError:
        raise SourceUnavailableError(
            f"the source of the lambda in {code.co_filename!r} cannot be parsed"
        ) from None
    candidates = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda) and node.lineno == code.co_firstlineno
    ]
    if len(candidates) > 1:
        candidates = [node for node in candidates if _same_code(node, code)]
    if len(candidates) != 1 and len({ast.dump(node) for node in candidates}) != 1:
        raise SourceUnavailableError(
            f"{len(candidates)} lambdas on line {code.co_firstlineno} of {code.co_filename!r} "
            "cannot be told apart",
            hint="write them on lines of their own, or use def",
        )
    return gast.ast_to_gast(candidates[0]), file


def _same_code(node: ast.Lambda, code: types.CodeType) -> bool:
    body = node.body
    whole = (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset)
    if whole in code.co_positions():  # one of its instructions computes the whole body
        return True
    compiled = compile(ast.fix_missing_locations(ast.Expression(node)), code.co_filename, "eval")
    inner = next(c for c in compiled.co_consts if isinstance(c, types.CodeType))
    positions = list(inner.co_positions()) == list(code.co_positions())
    return positions or (
        inner.co_code == code.co_code
        and inner.co_names == code.co_names
        and inner.co_consts == code.co_consts
        and inner.co_varnames == code.co_varnames
        and not code.co_freevars
    )


def nested_definition(outer: Definition, node: FunctionNode) -> Definition:
    """The definition of a function or lambda written inside another."""
    return Definition(node, outer.file, outer.globals, outer.cells, None)


def local_names(node: FunctionNode) -> frozenset[str]:
    """The names that are local to a function: its parameters and all that its body binds."""
    arguments = node.args
    names = {a.id for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    names |= {a.id for a in (arguments.vararg, arguments.kwarg) if a is not None}
    body = node.body if isinstance(node.body, list) else [node.body]
    outside: set[str] = set()
    for statement in body:
        _bound(statement, names, outside)
    return frozenset(names - outside)


def _bound(node: Any, names: set[str], outside: set[str]) -> None:
    if isinstance(node, gast.Name):
        if not isinstance(node.ctx, gast.Load):
            names.add(node.id)
        return
    if isinstance(node, gast.Global | gast.Nonlocal):
        outside.update(node.names)
        return
    if isinstance(node, gast.FunctionDef | gast.ClassDef | gast.AsyncFunctionDef):
        names.add(node.name)
        return
    if isinstance(node, gast.Lambda):
        return
    if isinstance(node, gast.comprehension):
        for child in (node.iter, *node.ifs):
            _bound(child, names, outside)  # the targets are the comprehension's own
        return
    if isinstance(node, gast.MatchAs | gast.MatchStar) and node.name is not None:
        names.add(node.name)
    if isinstance(node, gast.Import | gast.ImportFrom):
        names.update(imported_names(node))
        return
    for child in gast.iter_child_nodes(node):
        _bound(child, names, outside)


def read_names(node: FunctionNode) -> set[str]:
    """Every name that is read in a function or in those nested in it."""
    return {
        part.id
        for part in gast.walk(node)
        if isinstance(part, gast.Name) and isinstance(part.ctx, gast.Load)
    }


_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")


def statements_in(node: Any) -> Iterator[Any]:
    """Every statement in a statement, or in a function; what stands in expressions is left out."""
    around = [node]
    while around:
        part = around.pop()
        if part is not node:
            yield part
        blocks = (getattr(part, name, None) for name in _BLOCKS)
        held = [inner for block in blocks if isinstance(block, list) for inner in block]
        around += reversed(held)


def shared_names(node: FunctionNode) -> list[str]:
    """The names that functions nested in this one declare ``nonlocal``."""
    if node not in _SHARED:  # rules are lowered again and again
        found: dict[str, None] = {}
        for part in statements_in(node):
            if isinstance(part, gast.Nonlocal):
                found |= dict.fromkeys(part.names)
        _SHARED[node] = list(found)
    return _SHARED[node]


def imported_names(node: Any) -> list[str]:
    """The names that an import binds."""
    return [(alias.asname or alias.name).split(".")[0] for alias in node.names]


def reads(node: Any) -> Counter[str]:
    """How often each name is read."""
    return Counter(
        part.id
        for part in gast.walk(node)
        if isinstance(part, gast.Name) and not isinstance(part.ctx, gast.Store)
    )


def assigned_names(statements: list[Any]) -> list[str]:
    """The names that statements bind, in order of first appearance."""
    found: dict[str, None] = {}

    def visit(node: Any) -> None:
        if isinstance(node, gast.Name) and isinstance(node.ctx, gast.Store | gast.Del):
            found.setdefault(node.id)
        elif isinstance(node, gast.FunctionDef | gast.ClassDef):
            found.setdefault(node.name)
            return
        elif isinstance(node, gast.MatchAs | gast.MatchStar) and node.name is not None:
            found.setdefault(node.name)
        elif isinstance(node, gast.Import | gast.ImportFrom):
            found.update(dict.fromkeys(imported_names(node)))
        elif isinstance(node, gast.Lambda):
            return
        elif isinstance(node, gast.comprehension):
            for child in (node.iter, *node.ifs):
                visit(child)
            return
        for child in gast.iter_child_nodes(node):
            visit(child)

    for statement in statements:
        visit(statement)
    return list(found)


def has_source(function: Any) -> TypeGuard[types.FunctionType]:
    """Is this a Python function whose source can be read?"""
    try:
        return isinstance(function, types.FunctionType) and bool(definition_of(function))
    except SourceUnavailableError:
        return False


def is_written(function: Any) -> bool:
    """Is this a function of the user's, to be read?"""
    return isinstance(function, types.FunctionType) and not _is_library(function)


def _is_library(function: types.FunctionType) -> bool:
    """The Python functions of NumPy, SciPy and Python itself are not looked into."""
    root = (function.__module__ or "").split(".")[0]
    return root in ("numpy", "scipy") or (root in sys.stdlib_module_names and root not in _READ)


# Modules of Python's own whose functions compute.
_READ = {"__main__", "statistics", "colorsys", "bisect", "heapq", "functools", "fractions"}
