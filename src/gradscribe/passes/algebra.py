"""Collect like terms and fold ones, signs and powers in what differentiation made.

Before::                                After::

    %t = mul(x, x)          (primal)        %x_bar = mul(3, x**2)
    %a = mul(t_bar, x)
    %b = add(%t, %a)        (derived)
    …

Every derived sum, difference, product, quotient and integer power of real numbers is read as a *sum
of terms*: a coefficient times powers of atoms, over powers of atoms. A value used once is read
through; a sum within a product stays a factor. ``0 * x`` stays, for x may be infinite; what a
derivative divides by cancels. The primal's own operations are never rearranged; one that only a
single derived term reads is part of that term.
"""

from __future__ import annotations

from typing import final

from gradscribe.ir.broadcasting import broadcast
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value, walk
from gradscribe.ir.rewrite import substitute, use_counts
from gradscribe.ir.types import UNKNOWN, dims_of, is_array, is_scalar, not_one
from gradscribe.passes.contributions import Growth
from gradscribe.passes.terms import (
    ADD,
    ARITHMETIC,
    DIV,
    MUL,
    NEG,
    POW,
    PRODUCTS,
    SUB,
    SUM,
    Term,
    apart,
    as_operand,
    collected,
    is_plain_atom,
    is_real,
    is_same,
    is_trivial,
)
from gradscribe.passes.written import Writer

_MAX_TERMS = 12


def simplify_algebra(function: Function) -> Function:
    """Simplify derived arithmetic in a function, in place."""
    algebra = _Algebra(use_counts(function.body), _changing(function.body))
    algebra.region(function.body)
    substitute(function.body, algebra.mapping)
    return function


@final
class _Algebra:
    def __init__(self, counts: dict[Value, int], changing: set[Operand]) -> None:
        self.counts = counts
        self.changing = changing
        self.forms: dict[Value, list[Term]] = {}
        self.mapping: dict[Value, Operand] = {}
        self.cheap: set[Value] = set()
        self.growth = Growth(counts)
        # Single operations are written where they stood only if more is read of them than terms.
        self.pending: dict[Value, tuple[Op, list[Term], list[Op]]] = {}
        self.writes = 0  # how many operations so far change something in place
        self.written: dict[Value, int] = {}  # how many had when a value was made

    def region(self, region: Region) -> None:
        outer_forms = dict(self.forms)
        readers = _readers(region)
        new: list[list[Op]] = []
        for op in region.ops:
            self.growth.enter(op)
            for inner in op.regions:
                self.region(inner)
            self.writes += op.prim.mutates is not None
            self.written.update(dict.fromkeys(op.results, self.writes))
            grows = self.growth.see(op)
            if op.prim in ARITHMETIC and len(op.results) == 1 and is_real(op):
                self._arithmetic(op, readers, new, grows)
            elif op.prim is SUM and op.derived and is_real(op):
                self._sum(op, readers, new)
            else:
                if op.prim.cheap and len(op.results) == 1 and is_scalar(op.results[0].type):
                    self.cheap.add(op.results[0])
                self._put([op], new)
        region.ops = [op for ops in new for op in ops]
        self.forms = outer_forms

    def _arithmetic(
        self, op: Op, readers: dict[Value, Op], new: list[list[Op]], grows: bool
    ) -> None:
        (result,) = op.results
        read_through = self._read_through(op, readers)
        if not op.derived:
            if read_through and op.prim in PRODUCTS | {NEG}:
                form = self._form(op)
                if form is not None and len(form) == 1:
                    self.forms[result] = form
            elif not result.named and is_array(result.type) and self._is_square(op):
                self.forms[result] = [Term(1, {op.args[0]: 2})]  # not worth keeping
            self._put([op], new)
            return
        form = self._form(op)
        if form is None:
            self._put([op], new)
            return
        if read_through or is_trivial(form, self.cheap):
            self.forms[result] = form
        if grows and len(form) == sum(len(self._terms(arg)) for arg in op.args):
            self._put([op], new)
            return
        plain = as_operand(form, result)
        if plain is not None:
            self.mapping[result] = plain
            self._need(plain)
        elif len(form) == 1 and is_same(form[0], op):
            self._put([op], new)
        elif read_through:
            new.append([])
            self.pending[result] = op, form, new[-1]
        else:
            self._put(Writer(op).write(form), new)

    def _put(self, ops: list[Op], new: list[list[Op]]) -> None:
        """Put operations in the new region, and what they read where it stood."""
        for op in ops:
            for arg in op.args:
                self._need(arg)
        new.append(ops)

    def _need(self, operand: Operand) -> None:
        """Write what was left out so far."""
        work = [operand]
        while work:
            found = self.pending.pop(work.pop(), None)  # type: ignore[arg-type]  # or a Const
            if found is not None:
                op, form, place = found
                place += Writer(op).write(form)
                work += [arg for made in place for arg in made.args]

    def _is_square(self, op: Op) -> bool:
        """Is this the square of an array that stays as it is?"""
        if op.prim is not POW or op.args[0] in self.changing:
            return False
        exponent = op.args[1]
        return isinstance(exponent, Const) and exponent.name is None and exponent.value == 2

    def _read_through(self, op: Op, readers: dict[Value, Op]) -> bool:
        """Is a result read only once, by derived arithmetic that may see what it is made of?"""
        (result,) = op.results
        reader = readers.get(result)
        return (
            self.counts.get(result, 0) == 1
            and reader is not None
            and reader.derived
            and (reader.prim in ARITHMETIC or reader.prim is SUM)
            and is_real(reader)
            and (op.derived or not result.named)
        )

    def _sum(self, op: Op, readers: dict[Value, Op], new: list[list[Op]]) -> None:
        """``np.sum(-a * s)`` as ``-s * np.sum(a)``, where s is one number for each sum."""
        (result,) = op.results
        terms = self._terms(op.args[0])
        # What is summed is computed where the sum is: nothing that it reads may change in between.
        since = self.written.get(op.args[0]) if isinstance(op.args[0], Value) else None
        parts = apart(terms[0], op) if len(terms) == 1 and since == self.writes else None
        if parts is None:
            self._put([op], new)
            return
        inside, outside = parts
        total: Operand = next(iter(inside.num)) if is_plain_atom(inside) else Value("", UNKNOWN)
        if not is_plain_atom(inside):
            kind = type_of_operand(op.args[0])
            shell = Op(MUL, (), (Value("", kind),), (), None, op.span, op.statement, True, op.sweep)
            self._put(Writer(shell).write([inside]), new)
            total = shell.results[0]
        summed = Value(result.hint, result.type)
        args = (total, *op.args[1:])
        made = Op(SUM, args, (summed,), (), None, op.span, op.statement, True, op.sweep)
        self._put([made], new)
        form = [outside.times(Term(1, {summed: 1}))]
        if self._read_through(op, readers):
            self.forms[result] = form
        self._put(Writer(op).write(form), new)

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
            return collected(terms) if len(terms) <= _MAX_TERMS else None
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
            factors = self._factor(args[0]), self._factor(args[1])
            return _of_the_shape(op, factors, factors[0].times(factors[1]))
        if op.prim is DIV:
            factors = self._factor(args[0]), self._factor(args[1])
            return _of_the_shape(op, factors, factors[0].over(factors[1]))
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


def _changing(body: Region) -> set[Operand]:
    """What is written to in places somewhere, and views, for what they view may be."""
    found: set[Operand] = set()
    for op in walk(body):
        if op.prim.mutates is not None:
            found.add(op.args[op.prim.mutates])
        elif op.prim.storage != "fresh":
            found.update(op.results)
    return found


def _of_the_shape(op: Op, factors: tuple[Term, Term], term: Term | None) -> list[Term] | None:
    """The form of a product; None where what cancelled is what gave it its shape (``x / x``)."""
    if term is None:
        return None
    dims = dims_of(op.results[0].type)
    left = {*term.num, *term.den}
    if dims == () or all(left.issuperset((*f.num, *f.den)) for f in factors):
        return [term]
    if dims is None:
        return None
    found = broadcast(*(dims_of(type_of_operand(atom)) for atom in left))
    as_large = (
        found is not None
        and len(found) == len(dims)
        and all(
            (a == b and a is not None) or (not_one(a) and not_one(b))
            for a, b in zip(found, dims, strict=True)
        )
    )
    return [term] if as_large else None


def _readers(region: Region) -> dict[Value, Op]:
    """The last operation of this very region that reads each value."""
    return {arg: op for op in region.ops for arg in op.args if isinstance(arg, Value)}
