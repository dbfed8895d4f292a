"""Which operations are written inside the expression that uses them.

A result used once goes into its use, unless the user named it, it has an effect, its text would
overflow the line, or an array that it reads is changed in between. Everything else is a statement.
"""

from __future__ import annotations

import operator
from typing import final

from gradscribe.emit.clauses import find_clauses
from gradscribe.emit.sharing import Buffers
from gradscribe.ir import helpers
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value, walk
from gradscribe.ir.facts.methods import ATTRIBUTES
from gradscribe.ir.loops import carries
from gradscribe.ir.primitives import CALL, FOR, IF, OPAQUE, SCOPE, STRUCTURED, WHILE
from gradscribe.ir.rewrite import use_counts
from gradscribe.ir.types import Scalar, Static, as_large, is_array
from gradscribe.passes.contributions import IN_PLACE, Growth, alike, is_derived_sum

WIDTH = 88

# Written wherever they are used, however often: an iterator can be walked only once, and reading an
# attribute says more than a name for it would.
_EVERYWHERE = {
    reversed,
    ATTRIBUTES["size"],
    ATTRIBUTES["shape"],
    ATTRIBUTES["T"],
    ATTRIBUTES["ndim"],
}


@final
class Nesting:
    """The values that are written inside another expression, and the operation that makes each."""

    def __init__(self, function: Function) -> None:
        self.counts = use_counts(function.body)
        self.indices = _index_tuples(function.body)
        for op in walk(function.body):
            if op.prim is IF and op.attrs.form in ("and", "or"):
                for arm in op.regions:  # ``a`` stands once in ``a and b``
                    if arm.yields[0] is op.args[0] and isinstance(arm.yields[0], Value):
                        self.counts[arm.yields[0]] -= 1
        self.inlined: dict[Value, Op] = {}
        self.clauses = find_clauses(function.body, self.counts)
        self.lengths: dict[Value, int] = {}
        self.collected = collected_values(function.body)
        self.apart = _returned_gradients(function)
        self.buffers = Buffers(function.body)
        self.growth = Growth(self.counts)
        self.growth.region(function.body)
        self._region(function.body, 4)

    def leaves(self, operand: Operand) -> list[Value]:
        """The named values that an operand's text reads."""
        if not isinstance(operand, Value):
            return []
        op = self.inlined.get(operand)
        return [operand] if op is None else self.leaves_of(op)

    def leaves_of(self, op: Op) -> list[Value]:
        """The named values that the text of an operation reads."""
        found = [leaf for arg in op.args for leaf in self.leaves(arg)]
        for region in op.regions if op.prim is IF and op.attrs.form else ():
            found += [leaf for operand in region.yields for leaf in self.leaves(operand)]
        return found

    # ------------------------------------------------------------------ deciding

    def _region(self, region: Region, indent: int, yields: bool = True) -> None:
        """Decide for a region; what it yields is nested only where it is an expression's
        (``yields``).

        The others are assigned where they are computed: at the end of a loop's body the variables
        that they read may be needed no more.
        """
        uses = self._single_uses(region, yields)
        for place, op in enumerate(region.ops):
            for inner in op.regions:
                test = op.prim is WHILE and inner is op.regions[0]
                self._region(
                    inner, indent + 4, yields=test or (op.prim is IF and bool(op.attrs.form))
                )
            if op.prim is IF and op.attrs.form and not self._is_expression(op):
                op.attrs = type(op.attrs)()
            room = WIDTH - indent - (len(op.results[0].hint) + 5 if op.results else 2)
            self._sum_in_place(op)
            self._fit(op, room)
            if not self._may_nest(op):
                continue
            value = op.results[0]
            if (
                op.prim.function in _EVERYWHERE
                or value in self.indices
                or (
                    value in uses
                    and (
                        value in self.collected
                        or not self._changed_between(op, region.ops[place + 1 : uses[value]])
                    )
                )
            ):
                self.inlined[value] = op
                self.lengths[value] = self._length(op)

    def _single_uses(self, region: Region, yields: bool) -> dict[Value, int]:
        """The values used once, directly in this region, with the place of the use."""
        uses: dict[Value, int] = {}
        for place, op in enumerate(region.ops):
            # What the clauses of a try read is read later than where it stands.
            for arg in op.args if op.prim is not SCOPE else ():
                if isinstance(arg, Value) and self.counts[arg] == 1:
                    uses[arg] = place
        for operand in region.yields:
            nested = yields or operand in self.collected
            if isinstance(operand, Value) and self.counts[operand] == 1 and nested:
                uses[operand] = len(region.ops)
        return uses

    def _may_nest(self, op: Op) -> bool:
        if len(op.results) != 1 or op.prim.effect or op.prim in (OPAQUE, CALL):
            return False
        if op.prim in STRUCTURED and not (op.prim is IF and op.attrs.form):
            return False
        if op.prim.mutates is not None or op.prim.function is helpers.append:
            return False
        value = op.results[0]
        return (not value.named or op.derived) and value not in self.apart | self.growth.stages

    def _is_expression(self, op: Op) -> bool:
        """Can a conditional be written as ``a if c else b`` (or and/or)?"""
        return len(op.results) == 1 and all(
            all(len(o.results) == 1 and o.results[0] in self.inlined for o in region.ops)
            for region in op.regions
        )

    def _sum_in_place(self, op: Op) -> None:
        """Let a sum whose second term is computed from whole arrays grow as a statement.

        In ``(w / s - np.sum(w * e)) * e`` the first term would be kept while ``w * e`` is made.
        """
        if not (is_derived_sum(op) and op.args[0] in self.inlined):
            return
        if not is_array(type_of_operand(op.args[1])) or not self._sums_up(op.args[1], op):
            return
        old = op.args[0]
        assert isinstance(old, Value)
        if as_large(old.type, op.results[0].type) and self.inlined[old].prim.storage == "fresh":
            self._take_out(old, op)
            self.growth.stages.add(op.results[0])

    def _sums_up(self, operand: Operand, total: Op) -> bool:
        """Does the text of a term reduce an array of the size of the ``total``, made there?"""
        op = self.inlined.get(operand) if isinstance(operand, Value) else None
        if op is None:
            return False
        made = [self.inlined[a] for a in op.args if isinstance(a, Value) and a in self.inlined]
        whole = not op.prim.elementwise and any(
            o.prim.storage == "fresh" and alike(o.results[0].type, total.results[0].type)
            for o in made
        )
        return whole or any(self._sums_up(arg, total) for arg in op.args)

    def _changed_between(self, op: Op, between: list[Op]) -> bool:
        """Is something that the text reads changed in place before the text stands?"""
        leaves = [v for v in self.leaves_of(op) if not isinstance(v.type, Scalar | Static)]
        if not leaves:
            return False
        read = {self.buffers.of(leaf) for leaf in leaves}
        return any(
            inner.prim.mutates is not None
            and self.buffers.of(inner.args[inner.prim.mutates]) in read
            for other in between
            for inner in (other, *(o for region in other.regions for o in walk(region)))
        )

    # ------------------------------------------------------------------ width

    def _fit(self, op: Op, room: int) -> None:
        """Take the longest nested operands out again while the text of ``op`` is too long."""
        while self._length(op) > room:
            nested = [a for a in self._shown(op) if isinstance(a, Value) and a in self.inlined]
            deeper = [
                a for v in nested for a in self.inlined[v].args
                if isinstance(a, Value) and a in self.inlined
            ]  # fmt: skip
            candidates = [
                v for v in nested + deeper
                if self.lengths[v] > 12 and self.inlined[v].prim.function not in _EVERYWHERE
            ]  # fmt: skip
            if not candidates:
                return
            target = max(candidates, key=lambda v: min(self.lengths[v], room))
            self._take_out(target, op)

    def _take_out(self, value: Value, op: Op) -> None:
        gone = self.lengths[value] - len(value.hint) - 2
        del self.inlined[value]
        for arg in op.args:
            if isinstance(arg, Value) and arg in self.inlined and value in self.inlined[arg].args:
                self.lengths[arg] -= gone

    def _length(self, op: Op) -> int:
        """How many characters the text of an operation takes, a little generously."""
        strength = _STRENGTH.get(op.prim.function)
        if op.prim in IN_PLACE:
            return self._operand_length(op.args[1]) + 1  # x += …
        if op.prim.function in (helpers.setitem, helpers.index_add):
            return sum(self._operand_length(a) for a in op.args[1:]) + 3  # x[…] += …
        if strength is None:
            shown = [a for a in self._shown(op) if not (isinstance(a, Const) and a.value is None)]
            return len(op.prim.name) + 2 + sum(self._operand_length(a) + 2 for a in shown)
        sign = 1 if len(op.args) == 1 else 2 if strength == _POWER else 3
        return sign + sum(self._within(a, strength) for a in op.args)

    def _shown(self, op: Op) -> tuple[Operand, ...]:
        """The args that stand on the line of an operation: of a loop, what it walks."""
        if op.prim in (FOR, WHILE):
            return op.args[: op.attrs.seqs]
        return op.args

    def _within(self, operand: Operand, strength: int) -> int:
        """The length of an operand, with the parentheses it needs within a stronger operator."""
        op = self.inlined.get(operand) if isinstance(operand, Value) else None
        weaker = op is not None and _STRENGTH.get(op.prim.function, _ATOM) < strength
        return self._operand_length(operand) + (2 if weaker else 0)

    def _operand_length(self, operand: Operand) -> int:
        if isinstance(operand, Value):
            return self.lengths[operand] if operand in self.inlined else max(1, len(operand.hint))
        if operand.name is not None:
            return len(operand.name) + 3
        return _literal_length(operand.value)


_SUM, _PRODUCT, _POWER, _ATOM = 1, 2, 3, 4
_STRENGTH = {
    operator.add: _SUM, operator.sub: _SUM, operator.mul: _PRODUCT, operator.truediv: _PRODUCT,
    operator.matmul: _PRODUCT, operator.neg: _PRODUCT, operator.pow: _POWER,
    operator.lt: 0, operator.le: 0, operator.gt: 0, operator.ge: 0, operator.eq: 0,
    operator.getitem: _ATOM,
}  # fmt: skip


def _index_tuples(body: Region) -> set[Value]:
    """Tuples and slices that are only ever indices: ``a[i, j]`` says more than ``a[t]``."""
    found = {op.results[0]: True for op in walk(body) if op.prim.function in (tuple, slice)}
    for op in walk(body):
        place = 1 if op.prim.function in _INDEXED else None
        for k, arg in enumerate(op.args):
            if arg in found and k != place and op.prim.function is not tuple:
                found[arg] = False
        for region in op.regions:
            found.update((o, False) for o in region.yields if o in found)
    found.update((o, False) for o in body.yields if o in found)
    for op in walk(body):
        if op.prim.function is tuple and not found[op.results[0]]:
            found.update((a, False) for a in op.args if a in found)
    return {value for value, only in found.items() if only}


_INDEXED = {operator.getitem, helpers.setitem, helpers.index_add}


def _literal_length(value: object) -> int:
    """The length of a literal, which may be an index: ``1:-1, :`` for a tuple of slices."""
    if isinstance(value, slice):
        parts = (value.start, value.stop, value.step)
        return 1 + sum(
            len(repr(part)) + (k == 2) for k, part in enumerate(parts) if part is not None
        )
    if isinstance(value, tuple):
        return sum(_literal_length(part) + 2 for part in value)
    if value is Ellipsis:
        return 3
    return 12 if callable(value) else len(repr(value))


def collected_values(region: Region) -> set[Value]:
    """The values that loops collect right where their body defines them."""
    found: set[Value] = set()
    for op in walk(region):
        if op.prim in (FOR, WHILE):
            body = op.regions[-1]
            own = set(body.params).union(*(o.results for o in body.ops))
            found |= {v for v in body.yields[carries(op) :] if isinstance(v, Value) and v in own}
    return found


def _returned_gradients(function: Function) -> set[Value]:
    """Derived values handed out together: each gets a name of its own (or is minus one)."""
    made = {op.results[0]: op for op in function.body.ops if len(op.results) == 1}
    apart: set[Value] = set()
    work = list(function.body.yields)
    while work:
        operand = work.pop()
        op = made.get(operand) if isinstance(operand, Value) else None
        if op is not None and op.prim.function is tuple and op.derived:
            parts = [a for a in op.args if isinstance(a, Value)]
            nested = [a for a in parts if a in made and made[a].prim.function is tuple]
            apart.update(a for a in parts if a not in nested and a.hint.endswith(("_bar", "_dot")))
            work += nested
    negated = {v for v in apart if v in made and made[v].prim.function is operator.neg}
    return apart - {v for v in negated if made[v].args[0] in apart}
