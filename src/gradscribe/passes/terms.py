"""Sums of terms: a coefficient times powers of atoms, over powers of atoms.

What ``algebra`` reads arithmetic as, and the questions it asks of what it has read.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field
from typing import final

import numpy as np

from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Op, Operand, Value
from gradscribe.ir.primitives import of
from gradscribe.ir.types import (
    Array,
    Scalar,
    Type,
    Unknown,
    dims_of,
    dtype_of,
    is_scalar,
    not_one,
    wraps,
)

ADD, SUB, MUL, DIV, NEG, POW = (
    of(f)
    for f in (
        operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pow,
    )
)  # fmt: skip
SUM = of(np.sum)
_SUMS = frozenset({ADD, SUB, NEG})
PRODUCTS = frozenset({MUL, DIV, POW})
ARITHMETIC = _SUMS | PRODUCTS


@final
@dataclass(slots=True)
class Term:
    """``coefficient * num… / den… / divisor``, factors with their powers in order of appearance."""

    coefficient: float = 1
    num: dict[Operand, int] = field(default_factory=dict)
    den: dict[Operand, int] = field(default_factory=dict)
    divisor: float = 1

    def scaled(self, by: float) -> Term:
        if by == 1:
            return self
        return Term(self.coefficient * by, dict(self.num), dict(self.den), self.divisor)

    def times(self, other: Term) -> Term:
        num, den = _merged(self.num, other.num), _merged(self.den, other.den)
        coefficient, divisor = cut(
            self.coefficient * other.coefficient, self.divisor * other.divisor
        )
        return Term(coefficient, *_reduced(num, den), divisor)

    def over(self, other: Term) -> Term | None:
        if other.coefficient == 0:
            return None
        num, den = _merged(self.num, other.den), _merged(self.den, other.num)
        coefficient, divisor = cut(
            self.coefficient * other.divisor, self.divisor * other.coefficient
        )
        return Term(coefficient, *_reduced(num, den), divisor)

    @property
    def key(self) -> tuple[object, object, float]:
        return frozenset(self.num.items()), frozenset(self.den.items()), self.divisor


def _merged(a: dict[Operand, int], b: dict[Operand, int]) -> dict[Operand, int]:
    result = dict(a)
    for atom, power in b.items():
        result[atom] = result.get(atom, 0) + power
    return result


def cut(coefficient: float, divisor: float) -> tuple[float, float]:
    """A fraction in lowest terms; halves and the like are exact as factors."""
    if divisor < 0:
        coefficient, divisor = -coefficient, -divisor
    if float(coefficient).is_integer() and float(divisor).is_integer():
        shared = math.gcd(int(coefficient), int(divisor)) or 1
        coefficient, divisor = int(coefficient) // shared, int(divisor) // shared
    if divisor != 1 and math.frexp(divisor)[0] == 0.5:  # a power of two
        return coefficient / divisor, 1
    return coefficient, divisor


def _reduced(
    num: dict[Operand, int], den: dict[Operand, int]
) -> tuple[dict[Operand, int], dict[Operand, int]]:
    """``x / x**4`` as ``1 / x**3``, ``x / x`` as 1: the primal has a pole where x is zero.

    Where more is left above than below, nothing is cut: ``x**2 / x`` is the user's own.
    """
    for atom in [a for a, power in num.items() if den.get(a, 0) >= power]:
        den[atom] -= num.pop(atom)
        if not den[atom]:
            del den[atom]
    return num, den


def apart(term: Term, op: Op) -> tuple[Term, Term] | None:
    """What stays within a sum, and what is the same for all its summands; None for nothing."""
    kind = type_of_operand(op.args[0])
    dims = dims_of(kind)
    axis, keepdims = op.args[1:3]
    if not dims or not isinstance(axis, Const) or not isinstance(keepdims, Const):
        return None
    axes = range(len(dims)) if axis.value is None else np.atleast_1d(axis.value)

    def same(atom: Operand) -> bool:
        found = type_of_operand(atom)
        own = dims_of(found)
        if is_scalar(found):
            return True
        ones = own is not None and len(own) == len(dims) and all(own[a] == 1 for a in axes)
        return keepdims.value is True and ones

    inside, outside = Term(), Term(term.coefficient, divisor=term.divisor)
    for factors, ins, outs in (
        (term.num, inside.num, outside.num),
        (term.den, inside.den, outside.den),
    ):
        for atom, power in factors.items():
            (outs if same(atom) else ins)[atom] = power
    ranks = (dims_of(type_of_operand(a)) for a in inside.num)
    whole = any(r is not None and len(r) == len(dims) for r in ranks)
    atoms = [*term.num, *term.den]
    alike = all(
        dtype_of(t) == dtype_of(kind) or (isinstance(t, Scalar) and t.weak)
        for t in map(type_of_operand, atoms)
    )
    nothing = not outside.num and not outside.den and outside.coefficient == outside.divisor == 1
    return None if nothing or not whole or not alike else (inside, outside)


def is_plain_atom(term: Term) -> bool:
    return list(term.num.values()) == [1] and not term.den


def is_real(op: Op) -> bool:
    """Is the result a real number or array? What rules make of unknown types is."""
    kind = op.results[0].type
    dtype = dtype_of(kind)
    known = isinstance(kind, Scalar | Array) or (op.derived and isinstance(kind, Unknown))
    return known and (dtype is None or dtype.kind == "f")


def is_trivial(form: list[Term], cheap: set[Value]) -> bool:
    """A constant (over a length, perhaps), an atom with a sign, a small power: worth no name."""
    if len(form) != 1:
        return False
    (term,) = form
    atoms = [*term.num, *term.den]
    if all(atom in cheap for atom in atoms):
        return len(atoms) <= 1
    if term.den or term.divisor != 1 or len(term.num) != 1:
        return False
    (power,) = term.num.values()
    return (term.coefficient in (1, -1) and power == 1) or (term.coefficient == 1 and power < 4)


def as_operand(form: list[Term], result: Value) -> Operand | None:
    """The operand that a form is, where it is just that."""
    if len(form) != 1 or form[0].den:
        return None
    (term,) = form
    if not term.num and term.divisor == 1:
        return Const(float(term.coefficient)) if is_scalar(result.type) else None
    if term.coefficient != 1 or term.divisor != 1 or list(term.num.values()) != [1]:
        return None
    (atom,) = term.num
    kind = type_of_operand(atom)
    if wraps(kind):
        return None
    same = kind == result.type if dims_of(kind) is None else is_as_large(kind, result.type)
    return atom if same else None


def is_as_large(a: Type, b: Type) -> bool:
    """Are these of one shape, or NumPy would have raised where they met?"""
    p, q = dims_of(a), dims_of(b)
    if p is None or q is None or len(p) != len(q) or dtype_of(a) != dtype_of(b):
        return p == q
    return all(x == y or (not_one(x) and not_one(y)) for x, y in zip(p, q, strict=True))


def collected(terms: list[Term]) -> list[Term]:
    """Like terms added up; those that would cancel are left as they are."""
    result: list[Term] = []
    places: dict[object, int] = {}
    for term in terms:
        place = places.get(term.key)
        if place is not None and result[place].coefficient + term.coefficient != 0:
            old = result[place]
            total, divisor = cut(old.coefficient + term.coefficient, old.divisor)
            result[place] = Term(total, old.num, old.den, divisor)
        else:
            places[term.key] = len(result)
            result.append(term)
    # A zero among the terms is the compiler's own: it came of seeds that cancelled.
    return [t for t in result if t.coefficient != 0] or result[:1]


def is_same(term: Term, op: Op) -> bool:
    """Is the term just what the operation says, in the same order?"""
    if op.prim is MUL:
        a, b = op.args
        if isinstance(a, Const) and a.name is None:
            return term.coefficient == a.value and dict(term.num) == {b: 1} and not term.den
        return term.coefficient == 1 and list(term.num.items()) == [(a, 1), (b, 1)] and not term.den
    if op.prim is DIV:
        a, b = op.args
        if isinstance(b, Const) and b.name is None:
            return term.coefficient == 1 and term.num == {a: 1} and term.divisor == b.value
        return term.coefficient == 1 and term.num == {a: 1} and term.den == {b: 1}
    if op.prim is POW:
        base, exponent = op.args
        return isinstance(exponent, Const) and term.num == {base: exponent.value} and not term.den
    return (
        op.prim is NEG and term.coefficient == -1 and term.num == {op.args[0]: 1} and not term.den
    )
