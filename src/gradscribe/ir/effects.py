"""What code that passes through does beside giving its value: is it seen, or does it only read?

Only what is not seen from outside, and does not differ from time to time, can be run twice. A file
that is opened for reading, and what is read from it, belong to the run that opens it::

    with open(path) as f:            reads
        table = json.load(f)         reads: f was opened in this run
    print(table)                     is seen
"""

from __future__ import annotations

import ast
import builtins
import io
import json
import os
import re
import types
from collections.abc import Iterable, Iterator
from typing import Any, final

import numpy as np

from gradscribe.ir import helpers
from gradscribe.ir.core import UNDEF, Const, Op, Operand, Region, Value
from gradscribe.ir.primitives import FOR, IF, OPAQUE, SCOPE
from gradscribe.ir.scopes import catches, is_repeated, raises
from gradscribe.ir.types import TEXT, Immutable, Unknown

# Functions that give something new, made of what they are given and of files that stay as they are.
_READING: set[Any] = {
    open, io.open, json.load, json.loads, os.getcwd, os.fspath, os.listdir, os.path.abspath,
    os.path.basename, os.path.dirname, os.path.exists, os.path.expanduser, os.path.getsize,
    os.path.isabs, os.path.isdir, os.path.isfile, os.path.join, os.path.normpath,
    os.path.realpath, os.path.split, os.path.splitext, re.compile, re.findall, re.fullmatch,
    re.match, re.search, re.split, re.sub,
}  # fmt: skip
# … and those whose result may hold what they are given.
_HANDING: set[Any] = {
    abs, all, any, bool, callable, dict, enumerate, float, format, frozenset, hasattr, int,
    isinstance, issubclass, len, list, max, min, range, repr, reversed, round, set, sorted, str,
    sum, tuple, type, zip,
}  # fmt: skip
_OPENING = (open, io.open)
# The packages whose classes make something new; not this one's, which draws numbers.
_MAKING = {"numpy", "collections", "fractions", "decimal", "pathlib"}
_DRAWING = "numpy.random"

# Checks, which raise or do nothing.
_CHECKS = (helpers.as_long, helpers.by_place, helpers.apart, helpers.check_finite)

# Objects of the program that nothing reads twice with another result.
_PLAIN = (
    types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type, dict, list, tuple, set,
    frozenset, str, bytes, int, float, range, np.ndarray, np.dtype, np.generic, np.finfo, np.iinfo,
    np.ufunc,
)  # fmt: skip

_COMPOSED = (
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Tuple, ast.List, ast.Dict,
    ast.Set, ast.Starred, ast.Slice, ast.keyword, ast.JoinedStr, ast.FormattedValue,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context,
)  # fmt: skip


def first_act(regions: Iterable[Region]) -> Op | None:
    """The first operation that is seen from outside, or differs from time to time, if any is."""
    return next(_Acts().within(regions), None)


@final
class _Acts:
    """Finds what acts; ``own`` are the objects that the run itself has made by reading."""

    def __init__(self) -> None:
        self.own: set[Operand] = set()

    def within(self, regions: Iterable[Region]) -> Iterator[Op]:
        for op in (op for region in regions for op in region.ops):
            if self._acts(op):
                yield op
            # What an arm does before it raises is not done again: nothing is run after it.
            yield from self.within(region for region in op.regions if not raises(region))
            self.own.update(self._made(op))

    def _acts(self, op: Op) -> bool:
        if op.prim is SCOPE:
            if op.prim is SCOPE and isinstance(op.attrs.template, ast.With):
                (item,) = op.attrs.template.items
                if _Reading(self, op).quiet(item.context_expr):
                    self.own.update(op.regions[0].params)
                    return False
            return not catches(op) and not is_repeated(op)
        if op.prim is FOR and op.args[0] in self.own:
            self.own.add(op.regions[0].params[0])
        if op.prim is not OPAQUE:
            return op.prim.effect and op.prim.function not in _CHECKS
        if isinstance(op.attrs.template, ast.Raise | ast.Assert | ast.JoinedStr):
            return False
        return not _Reading(self, op).quiet(op.attrs.template)

    def _made(self, op: Op) -> Iterator[Value]:
        """The results of an operation that are the run's own."""
        if op.prim is OPAQUE:
            if op.results and _Reading(self, op).is_new(op.attrs.template):
                yield from op.results
        elif op.prim is IF or op.prim is SCOPE:
            first = len(op.results) - len(op.regions[0].yields) if op.prim is SCOPE else 0
            for place, result in enumerate(op.results[first:]):
                yields = [region.yields[place] for region in op.regions]
                if all(y in self.own or y is UNDEF for y in yields):
                    yield result
        elif not op.regions and op.args and op.args[0] in self.own:
            yield from op.results


@final
class _Reading:
    """Judges the template of an operation."""

    def __init__(self, acts: _Acts, op: Op) -> None:
        self.own = acts.own
        self.args = op.args

    def quiet(self, node: Any) -> bool:
        """Is evaluating this not seen from outside, and the same each time?"""
        if isinstance(node, ast.Constant):
            return True
        if isinstance(node, ast.Name):  # an iterator from outside would be walked
            return self._operand(node) is None or self._is_plain(node)
        if isinstance(node, ast.Attribute | ast.Subscript):
            parts = [node.slice] if isinstance(node, ast.Subscript) else []
            return self._is_plain(node.value) and all(map(self.quiet, [node.value, *parts]))
        if isinstance(node, ast.Call):
            function = self._function(node.func)
            if function is None or not (_gives_new(function) or _is_among(function, _HANDING)):
                if not self.is_new(_holder(node.func)):
                    return False
            elif function in _OPENING and not _opens_for_reading(node):
                return False
            return all(map(self.quiet, [*node.args, *node.keywords]))
        return isinstance(node, _COMPOSED) and all(map(self.quiet, ast.iter_child_nodes(node)))

    def is_new(self, node: Any) -> bool:
        """Is this an object that only this run knows, or one that cannot be changed?"""
        operand = self._operand(node)
        if operand is not None:
            if isinstance(operand, Const):
                return isinstance(operand.value, str | bytes)
            known = operand.type == TEXT or isinstance(operand.type, Immutable)
            return known or operand in self.own
        if isinstance(node, ast.Attribute | ast.Subscript):
            return self.is_new(node.value)
        if not isinstance(node, ast.Call):
            return isinstance(node, ast.JoinedStr | ast.Constant)
        function = self._function(node.func)
        if function is None:
            return self.is_new(_holder(node.func))
        handing = _is_among(function, _HANDING) and all(map(self.is_new, node.args))
        return handing or _gives_new(function)

    def _is_plain(self, node: Any) -> bool:
        """Does what reads an attribute or an item of this do no more than that?"""
        operand = self._operand(node)
        if isinstance(operand, Const):
            return operand.value is None or isinstance(operand.value, _PLAIN)
        if operand is not None:
            return operand in self.own or not isinstance(operand.type, Unknown)
        if isinstance(node, ast.Attribute | ast.Subscript):
            return self._is_plain(node.value)
        return self.is_new(node)

    def _operand(self, node: Any) -> Operand | None:
        """What fills a hole."""
        hole = re.fullmatch(r"_(\d+)", node.id) if isinstance(node, ast.Name) else None
        place = int(hole[1]) if hole else len(self.args)
        return self.args[place] if place < len(self.args) else None

    def _function(self, node: Any) -> Any:
        """The function of a module that is called; None where it is not known."""
        operand = self._operand(node)
        if operand is not None:
            return operand.value if isinstance(operand, Const) else None
        if isinstance(node, ast.Name):
            return getattr(builtins, node.id, None)
        base = self._function(node.value) if isinstance(node, ast.Attribute) else None
        return getattr(base, node.attr, None) if isinstance(base, types.ModuleType) else None


def _holder(function: ast.expr) -> ast.expr:
    """What is called, or the object before the dot of a method."""
    return function.value if isinstance(function, ast.Attribute) else function


def _gives_new(function: Any) -> bool:
    """Does this give something new, made of what it is given?"""
    module = str(getattr(function, "__module__", ""))
    makes = isinstance(function, type) and module.split(".", maxsplit=1)[0] in _MAKING
    return (makes and not module.startswith(_DRAWING)) or _is_among(function, _READING)


def _is_among(function: Any, known: set[Any]) -> bool:
    try:
        return function in known
    except TypeError:  # it has no hash
        return False


def _opens_for_reading(node: ast.Call) -> bool:
    named = [keyword.value for keyword in node.keywords if keyword.arg == "mode"]
    if any(keyword.arg is None for keyword in node.keywords):
        return False
    mode = (named or node.args[1:2] or [ast.Constant("r")])[0]
    text = mode.value if isinstance(mode, ast.Constant) else None
    return isinstance(text, str) and not set(text) & set("wax+")
