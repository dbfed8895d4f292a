"""A sum of terms as operations: numbers first, then larger and larger arrays."""

from __future__ import annotations

from typing import final

import numpy as np

from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Op, Operand, Value
from gradscribe.ir.primitives import Primitive
from gradscribe.ir.types import dims_of, dtype_of, wraps
from gradscribe.passes.terms import ADD, DIV, MUL, NEG, POW, SUB, Term


@final
class Writer:
    """Writes a sum of terms as operations, the last of which defines the value it replaces."""

    def __init__(self, op: Op) -> None:
        self.op = op
        self.hint = op.results[0].hint  # partial sums have it, too, but no part of a product
        self.ops: list[Op] = []

    def write(self, form: list[Term]) -> list[Op]:
        first = next((k for k, t in enumerate(form) if t.coefficient > 0), 0)
        ordered = [form[first], *form[:first], *form[first + 1 :]]
        atoms = [a for term in ordered for a in (*term.num, *term.den)]
        total = self._term(ordered[0], floating=all(map(_is_integer, atoms)))
        if len(ordered) > 1 and self.ops and self.ops[-1].results == (total,):
            self.ops[-1].results[0].hint = self.hint
        for term in ordered[1:]:
            negative = term.coefficient < 0
            part = self._term(term.scaled(-1) if negative else term)
            total = self._make(SUB if negative else ADD, (total, part), self.hint).results[0]
        (result,) = self.op.results
        last = self.ops[-1] if self.ops and self.ops[-1].results == (total,) else None
        if last is None:
            last = self._make(MUL, (Const(1), total))
        last.results = (result,)
        return self.ops

    def _term(self, term: Term, floating: bool = False) -> Operand:
        coefficient = _integral(term.coefficient)
        num = [f for a, p in term.num.items() for f in self._power(a, p)]
        den = [f for a, p in term.den.items() for f in self._power(a, p)]
        # Numbers first, then larger and larger arrays; and among NumPy's integers, only products
        # with a float are exact.
        if len(num) > 1:
            num.sort(key=lambda f: (_wraps(f), _rank(f)))
        if len(den) > 1:
            den.sort(key=_rank)
        total: Operand | None = None
        if floating or (num and _wraps(num[0])):
            total = Const(float(coefficient))
        elif coefficient == -1 and num:
            total = self._emit(NEG, num[0])
            num = num[1:]
        elif coefficient != 1 or not num:
            total = Const(coefficient)
        for factor in num:
            while total is not None and den and _rank(den[0]) < _rank(factor):
                total = self._emit(DIV, total, den.pop(0))
            total = factor if total is None else self._emit(MUL, total, factor)
        assert total is not None
        for factor in den:
            total = self._emit(DIV, total, factor)
        if term.divisor != 1:
            total = self._emit(DIV, total, Const(_integral(term.divisor)))
        return total

    def _power(self, atom: Operand, power: int) -> list[Operand]:
        """The factors of a power."""
        if _wraps(atom):
            boolean = dtype_of(type_of_operand(atom)) == np.bool_
            return [atom] * (1 if boolean else power)  # a mask is its own square
        return [atom if power == 1 else self._emit(POW, atom, Const(power))]

    def _emit(self, prim: Primitive, *args: Operand) -> Operand:
        return self._make(prim, args).results[0]

    def _make(self, prim: Primitive, args: tuple[Operand, ...], hint: str = "") -> Op:
        kind = prim.result_type(args)
        op = Op(
            prim,
            args,
            (Value(hint, kind),),
            (),
            None,
            self.op.span,
            self.op.statement,
            True,
            self.op.sweep,
        )
        self.ops.append(op)
        return op


def _integral(value: float) -> float:
    return (
        int(value)
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e6
        else value
    )


def _rank(operand: Operand) -> int:
    """How many axes of more than one entry an operand may have."""
    dims = dims_of(type_of_operand(operand))
    return 1 if dims is None else sum(dim != 1 for dim in dims)


def _is_integer(operand: Operand) -> bool:
    dtype = dtype_of(type_of_operand(operand))
    return dtype is not None and dtype.kind in "iub"


def _wraps(operand: Operand) -> bool:
    return wraps(type_of_operand(operand))
