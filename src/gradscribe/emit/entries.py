"""Entries that are added to once are assigned; those that are not read again are not set to zero.

Before::                                    After::

    d_bar = np.zeros_like(d)                    d_bar = np.zeros_like(d)
    for k in reversed(range(n)):                for k in reversed(range(n)):
        value_bar = y_bar[k].copy()                 d_bar[k] = y_bar[k] / m[k]
        y_bar[k] = 0.0
        d_bar[k] += value_bar / m[k]

The functional form says it either way, and says it better for the next derivative: what is added
has the adjoint of the sum, and nothing need be set to zero before. So this is a matter of text.
An array is followed through the loops that carry it, and two of its places are compared in one
iteration and in different ones (``ir/places.py``).
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import final

import numpy as np

from gradscribe.ir import helpers
from gradscribe.ir.bounds import Bounds, Origins
from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value
from gradscribe.ir.facts.indexing import is_basic
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.places import Places, apart
from gradscribe.ir.primitives import FOR, WHILE, Primitive, of
from gradscribe.ir.rewrite import defined_in, substitute
from gradscribe.ir.types import is_array

GETITEM, SETITEM, INDEX_ADD = (
    of(f) for f in (operator.getitem, helpers.setitem, helpers.index_add)
)
_ZEROS = {of(f) for f in (np.zeros_like, np.zeros)}
_MANY = 40  # uses of one array, all pairs of which are compared


@final
@dataclass(frozen=True, slots=True)
class Use:
    """A use of an array: where it is in the text, and the loops around it.

    ``op`` reads or writes some of its entries; None stands for any other use.
    """

    op: Op | None
    at: tuple[int, ...]
    loops: tuple[Op, ...] = ()

    def does(self, prim: Primitive) -> bool:
        return self.op is not None and self.op.prim is prim

    @property
    def zeroes(self) -> bool:
        if self.op is None or self.op.prim is not SETITEM or not self.op.derived:
            return False
        value = self.op.args[2]
        return isinstance(value, Const) and value.name is None and value.value == 0


def settle_entries(function: Function) -> None:
    """Assign in place of adding, and drop zeros, in place."""
    arrays = _Arrays(function.body)
    if not arrays.begun:
        return
    order = _Order(Places(Origins(function.body)))
    mapping: dict[Value, Operand] = {}
    for root, (region, place) in arrays.begun.items():
        uses = _Follower(root).uses(region, place)
        if not uses or len(uses) > _MANY:
            continue
        for use in [u for u in uses if u.zeroes]:
            if all(order.apart(use, other) for other in uses if not other.does(SETITEM)):
                assert use.op is not None
                mapping[use.op.results[0]] = use.op.args[0]
                uses.remove(use)
        if region.ops[place].prim in _ZEROS:
            _assign(uses, order)
    _remove(function.body, mapping)
    substitute(function.body, mapping)


def _assign(uses: list[Use], order: _Order) -> None:
    """Assign to entries of zeros that nothing was written to before."""
    writes = [use for use in uses if use.does(SETITEM) or use.does(INDEX_ADD)]
    first = [use for use in writes if all(order.apart(other, use) for other in writes)]
    for use in first:
        if use.op is None or use.op.prim is not INDEX_ADD or not use.op.derived:
            continue
        index = use.op.args[1]
        if is_basic(index.type if isinstance(index, Value) else index.value):  # each entry once
            use.op.prim = SETITEM


def _remove(region: Region, mapping: dict[Value, Operand]) -> None:
    region.ops = [op for op in region.ops if not op.results or op.results[0] not in mapping]
    for op in region.ops:
        for inner in op.regions:
            _remove(inner, mapping)


@final
class _Arrays:
    """The arrays that derived operations write to in places: ``begun`` by the value they were."""

    def __init__(self, body: Region) -> None:
        self.made: dict[Value, tuple[Region, int]] = {}
        self.inits: dict[Value, Operand] = {}
        self.begun: dict[Value, tuple[Region, int]] = {}
        writes = self._writes(body)
        for op in writes:
            root = self._root(op.args[0])
            if isinstance(root, Value) and root in self.made and is_array(root.type):
                self.begun[root] = self.made[root]

    def _writes(self, region: Region) -> list[Op]:
        found: list[Op] = []
        for place, op in enumerate(region.ops):
            if op.prim in (SETITEM, INDEX_ADD):
                self.inits[op.results[0]] = op.args[0]
                found += [op] if op.derived else []
            elif op.prim in (FOR, WHILE):
                start = first_carry(op)
                for k in range(carries(op)):
                    for value in (op.results[k], *(r.params[start + k] for r in op.regions)):
                        self.inits[value] = op.args[start + k]
            else:
                self.made.update(dict.fromkeys(op.results, (region, place)))
            for inner in op.regions:
                found += self._writes(inner)
        return found

    def _root(self, version: Operand) -> Operand:
        while isinstance(version, Value) and version in self.inits:
            version = self.inits[version]
        return version


@final
class _Follower:
    """Finds every use of an array and of what writes make of it."""

    def __init__(self, root: Value) -> None:
        self.versions: set[Operand] = {root}
        self.found: list[Use] = []
        self.lost = False

    def uses(self, region: Region, place: int) -> list[Use] | None:
        """Its uses in the region where it begins, after that place; None if it is lost sight of."""
        self._region(region, (), (), set(self.versions), place + 1)
        if any(operand in self.versions for operand in region.yields):
            self.found.append(Use(None, (len(region.ops),)))
        return None if self.lost else self.found

    def _region(
        self,
        region: Region,
        at: tuple[int, ...],
        loops: tuple[Op, ...],
        here: set[Operand],
        start: int = 0,
    ) -> None:
        """``here``: the versions that this very region may write to."""
        for place, op in enumerate(region.ops[start:], start):
            if op.prim in (FOR, WHILE):
                self._loop(op, (*at, place), loops, here)
                continue
            about_entries = op.prim in (GETITEM, SETITEM, INDEX_ADD)
            if about_entries and op.args[0] in self.versions:
                self.found.append(Use(op, (*at, place), loops))
                if op.prim is not GETITEM:
                    self.lost |= op.args[0] not in here
                    self.versions.add(op.results[0])
                    here.add(op.results[0])
            if any(arg in self.versions for arg in op.args[about_entries:]):
                self.found.append(Use(None, (*at, place), loops))
            if op.regions:
                for k, inner in enumerate(op.regions):
                    self._region(inner, (*at, place, k), loops, set())
                    self.lost |= any(operand in self.versions for operand in inner.yields)
            if self.lost:
                return

    def _loop(self, op: Op, at: tuple[int, ...], loops: tuple[Op, ...], here: set[Operand]) -> None:
        start, count = first_carry(op), carries(op)
        if any(arg in self.versions for arg in op.args[:start]):
            self.found.append(Use(None, at, loops))
        carried = [op.args[start + k] in self.versions for k in range(count)]
        for k, inner in enumerate(op.regions):
            params = {inner.params[start + j] for j in range(count) if carried[j]}
            self.versions |= params
            self._region(inner, (*at, k), (*loops, op), set(params))
        body = op.regions[-1]
        for k, operand in enumerate(body.yields):
            goes_on = operand in self.versions
            if goes_on != (k < count and carried[k]):
                self.lost = True  # another array in its place, or it in another's
                return
            if not goes_on:
                continue
            self.versions.add(op.results[k])
            here.add(op.results[k])


@final
class _Order:
    """Compares uses of one array: does one that comes first touch what a later one does?"""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.now = Bounds(places.origins)
        self.bounds: dict[int, Bounds | None] = {}

    def apart(self, first: Use, then: Use) -> bool:
        """Wherever ``first`` comes before ``then``, are they about different entries?"""
        shared = [a for a, b in zip(first.loops, then.loops, strict=False) if a is b]
        before = first.at < then.at
        if first.op is None or then.op is None:
            return not shared and not before
        for loop in shared:
            bounds = self._around(loop)
            if bounds is None:
                return False
            place = self.places.of_write(first.op, bounds)
            if not apart(place, self.places.of_write(then.op, bounds, later=True), bounds):
                return False
        if not before:
            return True
        place = self.places.of_write(first.op, self.now)
        return apart(place, self.places.of_write(then.op, self.now), self.now)

    def _around(self, loop: Op) -> Bounds | None:
        """What is known of one iteration and a later one."""
        if id(loop) not in self.bounds:
            inside = frozenset().union(*map(defined_in, loop.regions))
            bounds = Bounds(self.places.origins, inside)
            params = loop.regions[0].params[: first_carry(loop)]
            ordered = [bounds.order(param) for param in params] if loop.prim is FOR else []
            self.bounds[id(loop)] = bounds if any(ordered) else None
        return self.bounds[id(loop)]
