"""Which reads of an array within a loop give the same at the loop's end, or at its beginning.

In the forward sweep of a factorisation in place, ::

    for i in range(n):
        for j in range(i):
            a[i, j] -= a[i, :j] @ a[j, :j]
            a[i, j] /= a[j, j]

nothing that is written after ``a[i, :j]`` was read lies in it: the writes are at ``a[i, j']`` with
``j <= j'`` and at ``a[i', …]`` with ``i < i'``. So the reverse sweep reads it off the final array,
and nothing need be saved. Entries that nothing was written to before they are read, it reads off
the array that the loop began with, if that is an argument: those are never changed. Two places are
*apart* if along some axis one ends before the other begins, which is a matter of the order of
integers (``bounds``).
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import final

import numpy as np

from gradscribe.differentiate.bars import same_shape
from gradscribe.differentiate.unchanging import written_to
from gradscribe.ir import helpers
from gradscribe.ir.bounds import GETITEM, Bounds, Origins
from gradscribe.ir.core import Op, Operand, Region, Value, walk
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.places import Places, apart
from gradscribe.ir.primitives import FOR, IF, SCOPE, WHILE, of
from gradscribe.ir.rewrite import defined_in
from gradscribe.ir.types import Array, Sequence, dims_of, dtype_of

SETITEM, INDEX_ADD, COPY = (of(f) for f in (helpers.setitem, helpers.index_add, np.ndarray.copy))
_READS = (GETITEM, of(len), of(operator.contains))


@final
@dataclass(slots=True)
class Chain:
    """The versions of an array in a body, by the place of the operation that makes them; and its
    writes with their places (None for one that may be anywhere in the array)."""

    versions: dict[Value, int]
    writes: list[tuple[int, Op | None]] = field(default_factory=list)

    def follow(self, region: Region, place: int | None = None) -> None:
        """Find the versions and writes of a region; of an inner one all at one place."""
        for k, op in enumerate(region.ops):
            at = k if place is None else place
            if op.prim in (IF, SCOPE):
                for arm in op.regions:
                    self.follow(arm, at)
                for result, *ends in zip(op.results, *(r.yields for r in op.regions), strict=True):
                    if any(end in self.versions for end in ends):
                        self._next(result, at, all(end in self.versions for end in ends))
            elif op.prim in (FOR, WHILE):
                self._loop(op, at)
            elif op.prim.mutates is not None and op.args[op.prim.mutates] in self.versions:
                known = op.prim in (SETITEM, INDEX_ADD)
                self.writes.append((at, op if known else None))
                self._next(op.results[0], at)

    def _next(self, version: Value, at: int, known: bool = True) -> None:
        self.versions[version] = at
        if not known:
            self.writes.append((at, None))

    def _loop(self, op: Op, at: int) -> None:
        start = first_carry(op)
        inits = op.args[start:]
        for k in range(carries(op)):
            if inits[k] in self.versions:
                for region in op.regions:
                    self.versions[region.params[start + k]] = at
        for region in op.regions:
            self.follow(region, at)
        for k in range(carries(op)):
            if inits[k] in self.versions:
                self._next(op.results[k], at, op.regions[-1].yields[k] in self.versions)


@final
class Lasting:
    """Answers for the loops of a function's forward sweep; ``nest`` are those around a place."""

    def __init__(self, region: Region) -> None:
        self.region = region
        self.places: Places | None = None
        self.chains: dict[Value, Chain] = {}
        self.inside: dict[int, frozenset[Value]] = {}
        self.direct: dict[int, frozenset[Value]] = {}  # what a loop's body itself defines
        self.stored: dict[int, dict[Operand, Op]] = {}  # the writes of a body, by what is written
        self.lists: set[Operand] | None = None
        self.changing: set[Operand] | None = None

    def prepare(self, nest: list[Op], reverse: Region) -> None:
        """Know what the forward sweep defines, and what the reverse of the innermost loop does."""
        if self.places is None:
            self.places = Places(Origins(self.region))
        self.places.origins.add(reverse)
        for loop in nest:
            body = loop.regions[-1]
            if id(loop) not in self.inside:
                self.inside[id(loop)] = frozenset().union(*map(defined_in, loop.regions))
                self.direct[id(loop)] = frozenset(body.params).union(*(o.results for o in body.ops))
                writes = (o for o in body.ops if o.prim is SETITEM)
                self.stored[id(loop)] = {o.args[2]: o for o in writes}

    def final(self, nest: list[Op], version: Operand, index: Operand) -> Value | None:
        """The array after the innermost loop, if ``version[index]`` can be read off it.

        It must not be written to by what is around that loop either.
        """
        result: Value | None = None
        current = version
        for loop in reversed(nest):
            if loop.prim in (IF, SCOPE):
                return None  # what an arm leaves behind would have to be handed out of it
            carry = self._carry(loop, current)
            if carry is None:
                # The array is one of this very iteration: what is around it does not see it.
                return result if current not in loop.regions[-1].params else None
            if not self._lasts(loop, carry, current, index):
                return None
            current = loop.results[carry]
            result = result or current
        return result

    def unchanged(self, nest: list[Op], version: Operand, index: Operand) -> Value | None:
        """An array that is there in the reverse sweep, with the entries ``version[index]``."""
        return self.final(nest, version, index) or self.initial(nest, version, index)

    def initial(self, nest: list[Op], version: Operand, index: Operand) -> Value | None:
        """The argument that ``version[index]`` can be read off."""
        current = version
        for loop in reversed(nest):
            carry = None if loop.prim in (IF, SCOPE) else self._carry(loop, current)
            if carry is None:
                if current in self.inside[id(loop)]:
                    return None  # an array of this very iteration, or of this arm
            elif self._lasts(loop, carry, current, index, backwards=True):
                current = loop.args[first_carry(loop) + carry]
            else:
                return None
        assert self.places is not None
        origins = self.places.origins.made
        made = origins.get(current) if isinstance(current, Value) else None
        while made is not None and made.prim is COPY:
            current = made.args[0]
            made = origins.get(current) if isinstance(current, Value) else None
        return current if isinstance(current, Value) and current in self.region.params else None

    def _carry(self, loop: Op, version: Operand) -> int | None:
        """Which carry of a loop a value is a version of."""
        if not isinstance(version, Value):
            return None
        start, body = first_carry(loop), loop.regions[-1]
        for k in range(carries(loop)):
            param = body.params[start + k]
            if not isinstance(param.type, Array) or not dims_of(param.type):
                continue
            if param not in self.chains:
                self.chains[param] = chain = Chain({param: -1})
                chain.follow(body)
            found = self.chains[param].versions
            if version in found and body.yields[k] in found:
                return k
        return None

    def _lasts(
        self, loop: Op, carry: int, version: Operand, index: Operand, backwards: bool = False
    ) -> bool:
        """Is nothing written there after ``version``, until the loop ends?

        ``backwards``: nor before it, since the loop began.
        """
        assert self.places is not None and isinstance(version, Value)
        origins, places = self.places.origins, self.places
        body, start = loop.regions[-1], first_carry(loop)
        chain = self.chains[body.params[start + carry]]
        if version not in self.direct[id(loop)]:
            return False
        now = Bounds(origins)
        place = places.of(version, index, now)
        for at, write in chain.writes:
            follows = at > chain.versions[version]
            if follows != backwards:
                if write is None or not apart(place, places.of_write(write, now), now):
                    return False
        then = Bounds(origins, self.inside[id(loop)])
        if not any(then.order(param) for param in body.params[:start]):
            return not chain.writes
        place = places.of(version, index, then, later=backwards)
        return all(
            write is not None
            and apart(place, places.of_write(write, then, later=not backwards), then)
            for _, write in chain.writes
        )

    # ------------------------------------------------------------------ lists

    def standing(self) -> set[Operand]:
        """The lists whose entries are the same to the end: nothing does more than read them.

        A list that is an argument is copied before it is changed.
        """
        if self.lists is None:
            made = (result for op in self.region.ops for result in op.results)
            lists: set[Operand] = {value for value in made if isinstance(value.type, Sequence)}
            for op in walk(self.region):
                reads = op.prim in _READS and not isinstance(op.results[0].type, Sequence)
                first = 1 if reads else first_carry(op) if op.prim is FOR else 0
                lists.difference_update(op.args[first:])
            self.lists = lists.union(self.region.params)
        return self.lists

    def written(self) -> set[Operand]:
        """The values whose memory may change."""
        if self.changing is None:
            self.changing = written_to(self.region)
        return self.changing

    # ------------------------------------------------------------------ values

    def read(self, nest: list[Op], value: Value, op: Op | None) -> Op | None:
        """An operation that reads a value of the innermost loop's body off a final array."""
        if op is not None and op.prim is GETITEM:
            final = self.unchanged(nest, op.args[0], op.args[1])
            return None if final is None else _reading(final, op.args[1], value, op)
        write = self.stored[id(nest[-1])].get(value)
        if write is None:
            return None
        index = write.args[1]
        kind = GETITEM.result_type((write.results[0], index))
        if dtype_of(kind) != dtype_of(value.type) or not same_shape(kind, value.type):
            return None
        final = self.final(nest, write.results[0], index)
        return None if final is None else _reading(final, index, value, write)


def _reading(final: Value, index: Operand, value: Value, op: Op) -> Op:
    return Op(GETITEM, (final, index), (value,), (), None, op.span, op.statement)
