"""Building regions: appending operations with types, spans and constant folding."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, final

import numpy as np

from gradscribe.arrays import Foreign
from gradscribe.ir.abstraction import constant_type
from gradscribe.ir.core import Attrs, Const, Op, Operand, Region, Value
from gradscribe.ir.hints import hint_for
from gradscribe.ir.joins import may_be_none
from gradscribe.ir.primitives import Primitive
from gradscribe.ir.types import UNKNOWN, Static, Type
from gradscribe.source import Span

# What is computed at compile time when every operand is a literal: index arithmetic, the tests that
# rules branch on, and exponents. Floats of the primal are left as the user wrote them.
_FOLDED = {
    operator.add, operator.sub, operator.mul, operator.neg, operator.floordiv, operator.mod,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne, operator.not_,
    operator.is_, operator.is_not, operator.contains, operator.getitem, len, tuple, slice,
}  # fmt: skip


_TESTS = {
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
    operator.is_, operator.is_not, operator.contains,
}  # fmt: skip


@final
class Builder:
    """Appends operations to a region; knows the statement they are for."""

    def __init__(
        self,
        region: Region | None = None,
        derived: bool = False,
        foreign: Foreign = Foreign.NONE,
    ) -> None:
        self.region = region if region is not None else Region()
        self.derived = derived
        self.foreign = foreign  # the arrays of other libraries that were read
        self.span: Span | None = None
        self.statement: Span | None = None
        self.sweep: str | None = None
        self.made: dict[Value, Op] = {}  # what was built, by result
        # What is known, in the arms around, of values that branches chose (``possible``).
        self.narrowed: dict[Value, tuple[Any, ...]] = {}
        self.masked: dict[Operand, bool] = {}  # is it a product with what is zero by choice?
        # Constant objects that the function writes to, by identity; may there be more of them?
        self.opened: dict[int, Any] = {}
        self.opens = False
        # Iterators that were consumed, so that what was given up can be undone.
        self.spent: list[Any] = []
        # Asked before an operation (or, with its operand, a test) that may raise.
        self.watchers: list[Callable[[Op | Operand], None]] = []
        self.stepwise: Collection[Span] = ()  # where a ``try`` stands that is lowered step by step
        self.callees: dict[Any, Any] = {}  # functions that are called, by what they were made of
        self.selects = False  # Is a part of what is computed not taken, such as one that is NaN?

    @contextmanager
    def into(self, region: Region) -> Iterator[Region]:
        """Append to another region for a while."""
        saved, self.region = self.region, region
        try:
            yield region
        finally:
            self.region = saved

    @contextmanager
    def watched(self, watchers: Iterable[Callable[[Op | Operand], None]]) -> Iterator[None]:
        """Ask these, and no others, for a while."""
        saved, self.watchers = self.watchers, list(watchers)
        try:
            yield
        finally:
            self.watchers = saved

    def tested(self, operand: Operand) -> None:
        """A branch tests this."""
        for watcher in self.watchers:
            watcher(operand)

    @contextmanager
    def origin(self, op: Op) -> Iterator[None]:
        """What is built belongs to the statement of ``op`` (to none in particular, for a loop)."""
        saved = self.span, self.statement
        loop = bool(op.regions) and op.prim.name not in ("if", "scope")
        self.span, self.statement = op.span, None if loop else op.statement
        try:
            yield
        finally:
            self.span, self.statement = saved

    @contextmanager
    def sweeping(self, sweep: str | None) -> Iterator[None]:
        """What is built belongs to this sweep."""
        saved, self.sweep = self.sweep, sweep
        try:
            yield
        finally:
            self.sweep = saved

    def emit(
        self,
        prim: Primitive,
        *args: Operand | Any,
        hint: str = "",
        attrs: Attrs | None = None,
        type: Type | None = None,
    ) -> Operand:
        """The result of a primitive; plain Python objects among the args become constants."""
        operands = complete(prim, args)
        folded = fold(prim, operands, self.derived)
        if folded is not None:
            return folded
        if not hint and not self.derived:
            hint = hint_for(prim.function, operands)
        value = Value(hint, type or prim.result_type(operands))
        self.append(Op(prim, operands, (value,), (), attrs))
        return value

    def append(self, op: Op) -> Op:
        """Add an operation, with the origin at hand where it has none."""
        if op.span is None:
            op.span, op.statement, op.derived = self.span, self.statement, self.derived
        if op.sweep is None:
            op.sweep = self.sweep
        for watcher in self.watchers:
            watcher(op)
        self.region.ops.append(op)
        self.note(op)
        return op

    def note(self, op: Op) -> None:
        """Know what makes the results of an operation that was appended elsewhere."""
        self.made.update(dict.fromkeys(op.results, op))


def complete(prim: Primitive, args: Sequence[Operand | Any]) -> tuple[Operand, ...]:
    """The args as operands, with the defaults of the parameters that were left out."""
    operands = [a if isinstance(a, Value | Const) else Const(a) for a in args]
    if not prim.variadic:
        operands += [Const(prim.defaults[name]) for name in prim.params[len(operands) :]]
    return tuple(operands)


def fold(prim: Primitive, args: tuple[Operand, ...], derived: bool = True) -> Operand | None:
    """The literal an operation on literals gives, where it is computed at compile time."""
    function: Callable[..., Any] = prim.function
    if function not in _FOLDED and not (derived and function in (operator.truediv, operator.pow)):
        return None
    if function is operator.neg and _is_numpy_inf(args[0]):
        return Const(-math.inf)  # printed as it was written
    values = []
    for arg in args:
        if isinstance(arg, Value) or not arg.fixed or (arg.name and function not in _TESTS):
            return _fold_identity(function, args, derived)
        values.append(arg.value)
    if function in (operator.is_, operator.is_not) and type(values[0]) is not type(values[1]):
        return Const(function is operator.is_not)
    if not derived and any(isinstance(v, float) for v in values):
        return None
    if function in (tuple, slice):
        return Const(tuple(values) if function is tuple else slice(*values))
    try:
        result = function(*values)
    except Exception:  # it will raise where it runs, as in the primal
        return None
    if function is operator.truediv and not float(result).is_integer():
        return None  # ``/ 3`` is more exact than ``* 0.333…``, and is read more easily
    exact = isinstance(result, int | str | tuple | type(None)) or derived
    return Const(result) if exact and _small(result) else None


def _is_numpy_inf(operand: Operand) -> bool:
    return isinstance(operand, Const) and operand.home == "numpy" and operand.value is np.inf


def _small(value: Any) -> bool:
    return not isinstance(value, int) or abs(value) < 1 << 53


def _fold_identity(function: Any, args: tuple[Operand, ...], derived: bool) -> Operand | None:
    """``x is None`` where the type of x says that it is a number, an array or a container.

    A rule asks it of a global too, whose type is that of the variant.
    """
    if function not in (operator.is_, operator.is_not):
        return None
    one, other = args
    if not isinstance(one, Value) and not derived:
        return None
    own = type_of_operand(one)
    if isinstance(other, Const) and own != UNKNOWN and not may_be_none(own):
        kind = constant_type(other.value)
        if isinstance(kind, Static) and (other.value is None or not isinstance(own, Static)):
            return Const((own == kind) == (function is operator.is_))
    return None


def type_of_operand(operand: Operand) -> Type:
    return operand.type if isinstance(operand, Value) else constant_type(operand.value)
