"""NaN blame: a derivative that says where a value, tangent or adjoint first was NaN or infinite.

Before::                          After::

    p = np.log(x)                     p = np.log(x)
                                      check_finite(p, "model.py:4", "p = np.log(x)")

What the user computes is checked before it is differentiated, so that all of it is computed; what
differentiation adds is checked before it is simplified, so that no two lines are one. A value is
checked where a statement ends with it or names it, not within an expression:
``1 / (1 + np.exp(-x))`` may pass through infinity.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath
from typing import Any, final

import numpy as np

from gradscribe.ir import helpers
from gradscribe.ir.core import Const, Function, Op, Region, Value, walk
from gradscribe.ir.primitives import STRUCTURED, of
from gradscribe.ir.rewrite import copy_function, defined_in, use_counts
from gradscribe.ir.types import Array, Scalar, Unknown
from gradscribe.source import Span

CHECK = of(helpers.check_finite)

_BLANK = {helpers.zeros_like, np.zeros_like, np.ones_like, np.zeros, np.ones}
_WIDTH = 60


def watched(primal: Function, inputs: Iterable[Value]) -> Function:
    """A copy of a function in which the inputs and all that it computes are checked."""
    copy, mapping = copy_function(primal)
    _Watch({}, everything=True).function(copy)
    if primal.span is not None:
        copy.body.ops[:0] = [
            _check(mapping[value], primal.span, f"the argument {value.hint}")  # type: ignore[arg-type]  # a Value
            for value in inputs
            if _is_floating(value)
        ]
    return copy


def watch(derivative: Function) -> Function:
    """Check what differentiation made, in place (but for functions called, which are copied)."""
    _Watch({}, everything=False).function(derivative)
    return derivative


@final
class _Watch:
    """``copies`` are the functions called, with checks, by those without."""

    def __init__(self, copies: dict[int, Function], everything: bool) -> None:
        self.copies = copies
        self.everything = everything

    def function(self, function: Function) -> None:
        self.counts = use_counts(function.body)
        self.named = {v.hint for v in defined_in(function.body) if v.named}
        self.known = {op.args[0] for op in walk(function.body) if op.prim is CHECK}
        self._region(function.body)

    def _region(self, region: Region) -> None:
        readers: dict[Any, Op] = {arg: op for op in region.ops for arg in op.args}
        ops: list[Op] = []
        for op in region.ops:
            for inner in op.regions:
                self._region(inner)
            ops.append(op)
            if op.attrs.callee is not None:
                op.attrs = replace(op.attrs, callee=self._callee(op.attrs.callee))
            elif self._ends(op, readers):
                (result,) = op.results
                assert op.span is not None
                ops.append(_check(result, op.span, self._described(op, result), op))
        region.ops = ops

    def _callee(self, function: Function) -> Function:
        known = self.copies.get(id(function))
        if known is None:
            known, _ = copy_function(function)
            self.copies[id(function)] = known
            _Watch(self.copies, self.everything).function(known)
        return known

    def _ends(self, op: Op, readers: dict[Any, Op]) -> bool:
        """Is what an operation computes checked: not only a step within a larger expression?"""
        if not _computes(op) or not (op.derived or self.everything):
            return False
        (result,) = op.results
        if result in self.known or any(map(_is_infinite, op.args)):
            return False
        reader = readers.get(result)
        if self.counts.get(result, 0) != 1 or reader is None:
            return True
        if reader.statement != op.statement or not _computes(reader):
            return True
        step = reader.results[0].hint == result.hint  # towards the same adjoint
        return result.named or (bool(self._derivative(result)) and not step)

    def _derivative(self, value: Value) -> str:
        """Which derivative of a variable of the user's this is; nothing for any other value."""
        for suffix, what in (("_bar", "adjoint"), ("_dot", "tangent")):
            name = value.hint.removesuffix(suffix)
            if name != value.hint and name in self.named:
                return f"the {what} of {name}"
        return ""

    def _described(self, op: Op, result: Value) -> str:
        """What a value is, in the user's terms."""
        assert op.span is not None
        whole = (op.statement or op.span).one_line(_WIDTH)
        if not op.derived and result.named and whole.startswith(f"{result.hint} "):
            return whole
        derivative = self._derivative(result)
        if derivative:
            return f"{derivative}, from: {whole}"
        text = op.span.one_line(_WIDTH).removeprefix("return ")
        return f"the derivative of {text}" if op.derived else text


def _computes(op: Op) -> bool:
    """Does an operation make floating numbers (and not only move them)?"""
    if op.prim in STRUCTURED or op.prim.function is None or op.prim.effect or op.span is None:
        return False
    if (
        op.prim.function in _BLANK
        or op.prim.cheap
        or op.prim.storage != "fresh"
        or op.prim.mutates is not None
    ):
        return False
    return len(op.results) == 1 and _is_floating(op.results[0])


def _is_floating(value: Value) -> bool:
    if isinstance(value.type, Array | Scalar):
        return value.type.dtype is None or value.type.dtype.kind in "fc"
    return isinstance(value.type, Unknown)


def _is_infinite(operand: Any) -> bool:
    """Is this an infinity (or NaN) that the user wrote?"""
    value = operand.value if isinstance(operand, Const) else None
    return isinstance(value, float | np.floating) and not math.isfinite(value)


def _check(value: Value, span: Span, what: str, op: Op | None = None) -> Op:
    """The operation that checks a value, which belongs to the statement that computes it."""
    place = f"{PurePath(span.file.path).name}:{span.line}"
    check = Op(CHECK, (value, Const(place), Const(what)), (), span=span)
    if op is not None:
        check.statement, check.derived, check.sweep = op.statement, op.derived, op.sweep
    return check
