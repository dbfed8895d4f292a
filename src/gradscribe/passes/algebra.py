"""Collect like terms and fold ones, signs and powers in what differentiation made.

Before::                                After::

    %t = mul(x, x)          (primal)        %x_bar = mul(3, x**2)
    %a = mul(t_bar, x)
    %b = add(%t, %a)        (derived)
    …

Every derived sum, difference, product, quotient and integer power of real numbers is read as a *sum
of terms*: a coefficient times powers of atoms, over powers of atoms. A value used once is read
through; a sum within a product stays a factor. ``x / x`` and ``0 * x`` stay, for x may be zero or
infinite. The primal's own operations are never rearranged; one that only a single derived term
reads is part of that term.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field
from typing import final

import numpy as np

from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value
from gradscribe.ir.primitives import Primitive, of
from gradscribe.ir.rewrite import substitute, use_counts
from gradscribe.ir.types import (
    UNKNOWN,
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
_PRODUCTS = frozenset({MUL, DIV, POW})
ARITHMETIC = _SUMS | _PRODUCTS
_MAX_TERMS = 12


@final
@dataclass(slots=True)
class Term:
    """``coefficient * num… / den… / divisor``, factors with their powers in order of appearance."""

    coefficient: float = 1
    num: dict[Operand, int] = field(default_factory=dict)
    den: dict[Operand, int] = field(default_factory=dict)
    divisor: float = 1

    def scaled(self, by: float) -> Term:
        return Term(self.coefficient * by, dict(self.num), dict(self.den), self.divisor)

    def times(self, other: Term) -> Term:
        num, den = _merged(self.num, other.num), _merged(self.den, other.den)
        coefficient, divisor = _cut(
            self.coefficient * other.coefficient, self.divisor * other.divisor
        )
        return Term(coefficient, *_reduced(num, den), divisor)

    def over(self, other: Term) -> Term | None:
        if other.coefficient == 0:
            return None
        num, den = _merged(self.num, other.den), _merged(self.den, other.num)
        coefficient, divisor = _cut(
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


def _cut(coefficient: float, divisor: float) -> tuple[float, float]:
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
    """``x / x**4`` as ``1 / x**3``: a pole stays a pole. Nothing that leaves no pole is cut."""
    for atom in [a for a, power in num.items() if den.get(a, 0) > power]:
        den[atom] -= num.pop(atom)
    return num, den


def simplify_algebra(function: Function) -> Function:
    """Simplify derived arithmetic in a function, in place."""
    algebra = _Algebra(use_counts(function.body))
    algebra.region(function.body)
    substitute(function.body, algebra.mapping)
    return function


@final
class _Algebra:
    def __init__(self, counts: dict[Value, int]) -> None:
        self.counts = counts
        self.forms: dict[Value, list[Term]] = {}
        self.mapping: dict[Value, Operand] = {}
        self.cheap: set[Value] = set()
        self.writes = 0  # how many operations so far change something in place
        self.written: dict[Value, int] = {}  # how many had when a value was made

    def region(self, region: Region) -> None:
        outer_forms = dict(self.forms)
        readers = _readers(region)
        new: list[Op] = []
        for op in region.ops:
            for inner in op.regions:
                self.region(inner)
            self.writes += op.prim.mutates is not None
            self.written.update(dict.fromkeys(op.results, self.writes))
            if op.prim in ARITHMETIC and len(op.results) == 1 and _is_real(op):
                self._arithmetic(op, readers, new)
            elif op.prim is SUM and op.derived and _is_real(op):
                self._sum(op, readers, new)
            else:
                if op.prim.cheap and len(op.results) == 1 and is_scalar(op.results[0].type):
                    self.cheap.add(op.results[0])
                new.append(op)
        region.ops = new
        self.forms = outer_forms

    def _arithmetic(self, op: Op, readers: dict[Value, Op], new: list[Op]) -> None:
        (result,) = op.results
        read_through = self._read_through(op, readers)
        if not op.derived:
            if read_through and op.prim in _PRODUCTS | {NEG}:
                form = self._form(op)
                if form is not None and len(form) == 1:
                    self.forms[result] = form
            new.append(op)
            return
        form = self._form(op)
        if form is None:
            new.append(op)
            return
        if read_through or _trivial(form, self.cheap):
            self.forms[result] = form
        plain = _plain(form, result)
        if plain is not None:
            self.mapping[result] = plain
        elif len(form) == 1 and _same(form[0], op):
            new.append(op)
        else:
            new.extend(_Writer(op).write(form))

    def _read_through(self, op: Op, readers: dict[Value, Op]) -> bool:
        """Is a result read only once, by derived arithmetic that may see what it is made of?"""
        (result,) = op.results
        reader = readers.get(result)
        return (
            self.counts.get(result, 0) == 1
            and reader is not None
            and reader.derived
            and (reader.prim in ARITHMETIC or reader.prim is SUM)
            and _is_real(reader)
            and (op.derived or not result.named)
        )

    def _sum(self, op: Op, readers: dict[Value, Op], new: list[Op]) -> None:
        """``np.sum(-a * s)`` as ``-s * np.sum(a)``, where s is one number for each sum."""
        (result,) = op.results
        terms = self._terms(op.args[0])
        # What is summed is computed where the sum is: nothing that it reads may change in between.
        since = self.written.get(op.args[0]) if isinstance(op.args[0], Value) else None
        parts = _apart(terms[0], op) if len(terms) == 1 and since == self.writes else None
        if parts is None:
            new.append(op)
            return
        inside, outside = parts
        total: Operand = next(iter(inside.num)) if _plain_atom(inside) else Value("", UNKNOWN)
        if not _plain_atom(inside):
            kind = type_of_operand(op.args[0])
            shell = Op(MUL, (), (Value("", kind),), (), None, op.span, op.statement, True, op.sweep)
            new.extend(_Writer(shell).write([inside]))
            total = shell.results[0]
        summed = Value(result.hint, result.type)
        args = (total, *op.args[1:])
        new.append(Op(SUM, args, (summed,), (), None, op.span, op.statement, True, op.sweep))
        form = [outside.times(Term(1, {summed: 1}))]
        if self._read_through(op, readers):
            self.forms[result] = form
        new.extend(_Writer(op).write(form))

    # ------------------------------------------------------------------ reading

    def _terms(self, operand: Operand) -> list[Term]:
        """An operand as a sum of terms."""
        if isinstance(operand, Value):
            known = self.forms.get(operand)
            return known if known is not None else [Term(1, {operand: 1})]
        if operand.name is None and type(operand.value) in (int, float):
            return [Term(operand.value)]
        return [Term(1, {operand: 1})]

    def _factor(self, operand: Operand) -> Term:
        """An operand as one term: a sum is an atom."""
        terms = self._terms(operand)
        return terms[0] if len(terms) == 1 else Term(1, {operand: 1})

    def _form(self, op: Op) -> list[Term] | None:
        args = op.args
        if op.prim in (ADD, SUB):
            sign = 1 if op.prim is ADD else -1
            terms = self._terms(args[0]) + [t.scaled(sign) for t in self._terms(args[1])]
            return _collected(terms) if len(terms) <= _MAX_TERMS else None
        if op.prim is NEG:
            return [t.scaled(-1) for t in self._terms(args[0])]
        if op.prim is MUL:
            a, b = self._terms(args[0]), self._terms(args[1])
            for one, many in ((a, b), (b, a)):
                if (
                    len(one) == 1
                    and not one[0].num
                    and not one[0].den
                    and one[0].coefficient in (1, -1)
                    and one[0].divisor == 1
                ):
                    return [t.scaled(one[0].coefficient) for t in many]
            return [self._factor(args[0]).times(self._factor(args[1]))]
        if op.prim is DIV:
            quotient = self._factor(args[0]).over(self._factor(args[1]))
            return None if quotient is None else [quotient]
        return self._power(op)

    def _power(self, op: Op) -> list[Term] | None:
        base, exponent = op.args
        if not isinstance(exponent, Const) or exponent.name is not None:
            return None
        n = exponent.value
        if isinstance(n, float) and n.is_integer() and abs(n) < 64:
            n = int(n)
        if type(n) is not int or n == 0:
            return None
        term = self._factor(base)
        if term.coefficient != 1 or term.divisor != 1:
            return None
        num, den = (term.num, term.den) if n > 0 else (term.den, term.num)
        scale = abs(n)
        return [
            Term(1, {a: p * scale for a, p in num.items()}, {a: p * scale for a, p in den.items()})
        ]


def _apart(term: Term, op: Op) -> tuple[Term, Term] | None:
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


def _plain_atom(term: Term) -> bool:
    return list(term.num.values()) == [1] and not term.den


def _readers(region: Region) -> dict[Value, Op]:
    """The last operation of this very region that reads each value."""
    return {arg: op for op in region.ops for arg in op.args if isinstance(arg, Value)}


def _is_real(op: Op) -> bool:
    """Is the result a real number or array? What rules make of unknown types is."""
    kind = op.results[0].type
    dtype = dtype_of(kind)
    known = isinstance(kind, Scalar | Array) or (op.derived and isinstance(kind, Unknown))
    return known and (dtype is None or dtype.kind == "f")


def _trivial(form: list[Term], cheap: set[Value]) -> bool:
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


def _plain(form: list[Term], result: Value) -> Operand | None:
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
    same = kind == result.type if dims_of(kind) is None else _as_large(kind, result.type)
    return atom if same else None


def _as_large(a: Type, b: Type) -> bool:
    """Are these of one shape, or NumPy would have raised where they met?"""
    p, q = dims_of(a), dims_of(b)
    if p is None or q is None or len(p) != len(q) or dtype_of(a) != dtype_of(b):
        return p == q
    return all(x == y or (not_one(x) and not_one(y)) for x, y in zip(p, q, strict=True))


def _collected(terms: list[Term]) -> list[Term]:
    """Like terms added up; those that would cancel are left as they are."""
    result: list[Term] = []
    places: dict[object, int] = {}
    for term in terms:
        place = places.get(term.key)
        if place is not None and result[place].coefficient + term.coefficient != 0:
            old = result[place]
            total, divisor = _cut(old.coefficient + term.coefficient, old.divisor)
            result[place] = Term(total, old.num, old.den, divisor)
        else:
            places[term.key] = len(result)
            result.append(term)
    # A zero among the terms is the compiler's own: it came of seeds that cancelled.
    return [t for t in result if t.coefficient != 0] or result[:1]


def _same(term: Term, op: Op) -> bool:
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


def _rank(operand: Operand) -> int:
    """How many axes of more than one entry an operand may have."""
    dims = dims_of(type_of_operand(operand))
    return 1 if dims is None else sum(dim != 1 for dim in dims)


def _is_integer(operand: Operand) -> bool:
    dtype = dtype_of(type_of_operand(operand))
    return dtype is not None and dtype.kind in "iub"


def _wraps(operand: Operand) -> bool:
    return wraps(type_of_operand(operand))


@final
class _Writer:
    """Writes a sum of terms as operations, the last of which defines the value it replaces."""

    def __init__(self, op: Op) -> None:
        self.op = op
        self.ops: list[Op] = []

    def write(self, form: list[Term]) -> list[Op]:
        first = next((k for k, t in enumerate(form) if t.coefficient > 0), 0)
        ordered = [form[first], *form[:first], *form[first + 1 :]]
        atoms = [a for term in ordered for a in (*term.num, *term.den)]
        total = self._term(ordered[0], floating=all(map(_is_integer, atoms)))
        for term in ordered[1:]:
            negative = term.coefficient < 0
            part = self._term(term.scaled(-1) if negative else term)
            total = self._emit(SUB if negative else ADD, total, part)
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
        num.sort(key=lambda f: (_wraps(f), _rank(f)))
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

    def _make(self, prim: Primitive, args: tuple[Operand, ...]) -> Op:
        kind = prim.result_type(args)
        hint = self.op.results[0].hint
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
