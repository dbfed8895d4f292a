"""Out of SSA: which values share a variable, and what the variables are called.

Values that never live at the same time may share one. Loops must (a carry, its init, what it yields
and its result are one variable wherever that is possible), a value written in place must share with
the old one, and values of one name in the user's program do if they can; the rest keep their own.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable
from typing import final

from gradscribe.emit.bindings import handed_on
from gradscribe.emit.liveness import Liveness
from gradscribe.ir.core import Function, Op, Operand, Region, Value, walk
from gradscribe.ir.hints import DEFAULT
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, SCOPE, WHILE


@final
class Names:
    """The variable of every value that has one."""

    def __init__(self, function: Function, live: Liveness, reserved: Iterable[str]) -> None:
        self.live = live
        self.parent = {v: v for v in live.order}
        self.members = {v: 1 << live.bit[v] for v in live.order}
        self.conflicts = {v: live.conflicts.get(v, 0) for v in live.order}
        self._structure(function.body)
        self._preferences(function.body)
        self.names: dict[Value, str] = {}
        self._choose(function, set(reserved))

    def __getitem__(self, value: Value) -> str:
        return self.names[self.find(value)]

    def same(self, a: Operand, b: Operand) -> bool:
        """Are these two values kept in one variable?"""
        return (
            isinstance(a, Value)
            and isinstance(b, Value)
            and a in self.parent
            and b in self.parent
            and self.find(a) is self.find(b)
        )

    # ------------------------------------------------------------------ sharing

    def find(self, value: Value) -> Value:
        root = value
        while self.parent[root] is not root:
            root = self.parent[root]
        while self.parent[value] is not root:
            self.parent[value], value = root, self.parent[value]
        return root

    def unite(self, a: Operand, b: Operand, force: bool = False) -> bool:
        """Let two values share a variable, if none of either's conflicts with the other's."""
        if not (isinstance(a, Value) and isinstance(b, Value)):
            return False
        if a not in self.parent or b not in self.parent:
            return False
        x, y = self.find(a), self.find(b)
        if x is y:
            return True
        if not force and not self.compatible(x, y):
            return False
        if self.live.bit[y] < self.live.bit[x]:
            x, y = y, x
        self.parent[y] = x
        self.members[x] |= self.members[y]
        self.conflicts[x] |= self.conflicts[y]
        return True

    def compatible(self, x: Value, y: Value) -> bool:
        return not (self.conflicts[x] & self.members[y] or self.conflicts[y] & self.members[x])

    def _structure(self, region: Region) -> None:
        """The params of a loop and its results are one variable each, by construction."""
        for op in region.ops:
            if op.prim in (FOR, WHILE):
                start = first_carry(op)
                for k in range(carries(op)):
                    for inner in op.regions:
                        self.unite(inner.params[start + k], op.results[k], force=True)
            elif op.prim is SCOPE:
                for result, value in handed_on(op).items():
                    self.unite(value, result, force=True)
            for inner in op.regions:
                self._structure(inner)

    def _preferences(self, region: Region) -> None:
        self._mutations(region)
        self._around(region)
        self._chains(region)

    def _mutations(self, region: Region) -> None:
        for op in region.ops:
            if op.prim.mutates is not None and op.results:
                self.unite(op.args[op.prim.mutates], op.results[0])
            for inner in op.regions:
                self._mutations(inner)

    def _around(self, region: Region) -> None:
        for op in region.ops:
            if op.prim in (FOR, WHILE):
                start = first_carry(op)
                for k in range(carries(op)):
                    self.blend(op.results[k], op.regions[-1].yields[k])
            for inner in op.regions:
                self._around(inner)
            if op.prim in (IF, SCOPE):
                for k, result in enumerate(op.results):
                    for arm in op.regions:
                        self.blend(result, arm.yields[k])
            elif op.prim in (FOR, WHILE):
                for k in range(carries(op)):
                    self.blend(op.results[k], op.args[start + k])

    def blend(self, a: Operand, b: Operand) -> None:
        """Let two values share a variable unless a reader would know them by different names."""
        if (
            isinstance(a, Value)
            and isinstance(b, Value)
            and (a.hint == b.hint or not (_known(a) and _known(b)))
        ):
            self.unite(a, b)

    def _chains(self, region: Region) -> None:
        """``x = x + 1``: an updated value goes where the old one was, if both have one name."""
        for op in region.ops:
            for result in op.results:
                for arg in op.args:
                    if isinstance(arg, Value) and arg.hint == result.hint and arg.hint:
                        self.unite(arg, result)
            for inner in op.regions:
                self._chains(inner)

    # ------------------------------------------------------------------ naming

    def _choose(self, function: Function, reserved: set[str]) -> None:
        groups: dict[Value, list[Value]] = {}
        for value in self.live.order:
            groups.setdefault(self.find(value), []).append(value)
        taken: dict[str, Value] = {}
        full: dict[tuple[str, bool], list[int]] = {}
        for param, declared in zip(function.body.params, function.params, strict=True):
            root = self.find(param)
            self._share(root, declared.name, taken)
        own = {p.name for p in function.params}
        blocked = (reserved | set(keyword.kwlist)) - own
        gradients = self._gradients(function, groups)
        ordered = sorted(
            (root for root in groups if root not in self.names),
            key=lambda root: (
                not any(v.named for v in groups[root]),
                root not in gradients,
                self.live.bit[groups[root][0]],
            ),
        )
        ours = blocked | {v.hint for v in self.live.order if v.named} | own
        # A loop does not bind the name of a parameter that the text leaves as it is.
        items = {self.find(item) for item in _items(function)}
        constant = {
            p.name
            for p, v in zip(function.params, function.body.params, strict=True)
            if len(groups.get(self.find(v), ())) == 1
        }
        for root in ordered:
            wish = gradients.get(root) or self._wish(groups[root])
            mine = any(v.named for v in groups[root])
            searched = full.setdefault((wish, mine), [])
            hidden = blocked if mine else ours
            if root in items and wish in constant:
                hidden = hidden | constant
            name = self._free(root, wish, taken, hidden, searched)
            self._share(root, name, taken)

    def _gradients(self, function: Function, groups: dict[Value, list[Value]]) -> dict[Value, str]:
        """The variables that are handed out as what a parameter's derivative is called.

        One that is known by another name of the user's keeps it.
        """
        own = {p.name for p in function.params}
        users = {v.hint for v in self.live.order if v.named} | own
        found: dict[Value, str] = {}
        for value in _handed_out(function):
            if not isinstance(value, Value) or value not in self.parent or not _known(value):
                continue
            known = {_stem(v) for v in groups[self.find(value)] if _stem(v) in users}
            if _stem(value) in own and known <= {_stem(value)}:
                found[self.find(value)] = value.hint
        return found

    def _wish(self, group: list[Value]) -> str:
        named = [v.hint for v in group if v.named and v.hint]
        hints = named or [v.hint for v in group if v.hint and v.hint != DEFAULT] or [DEFAULT]
        return hints[0]

    def _share(self, root: Value, name: str, taken: dict[str, Value]) -> None:
        """Give a variable a name; ``taken`` holds the last to get it, which stands for all."""
        other = taken.get(name)
        if other is not None and other is not root:
            self.conflicts[root] |= self.conflicts[other]
            self.members[root] |= self.members[other]
        taken[name] = root
        self.names[root] = name

    def _free(
        self,
        root: Value,
        wish: str,
        taken: dict[str, Value],
        blocked: set[str],
        full: list[int],
    ) -> str:
        """The wished name, or the first numbered one that no conflicting variable has.

        ``full`` holds, for each block of numbers that were all taken, the latest member of each of
        their variables: who conflicts with them all need not look at the block again.
        """
        mine = self.conflicts[root]
        number = 0
        while True:
            block = number // _BLOCK
            if number % _BLOCK == 0 and block < len(full) and full[block] & mine == full[block]:
                number += _BLOCK
                continue
            name = _numbered(wish, number)
            other = taken.get(name)
            if name not in blocked and (other is None or self.compatible(root, other)):
                return name
            number += 1
            if number % _BLOCK == 0:
                names = (_numbered(wish, k) for k in range(number - _BLOCK, number))
                owners = [self.members[taken[name]] for name in names if name in taken]
                full[block : block + 1] = [sum(1 << mask.bit_length() - 1 for mask in owners)]


_BLOCK = 32


def _items(function: Function) -> list[Value]:
    """What the loops of a function bind to what they walk."""
    loops = (op for op in walk(function.body) if op.prim is FOR)
    return [item for op in loops for item in op.regions[0].params[: op.attrs.seqs]]


def _stem(value: Value) -> str:
    """What a value is, or is a derivative of."""
    return value.hint.removesuffix("_bar").removesuffix("_dot")


def _handed_out(function: Function) -> list[Operand]:
    """What a function returns, and the parts of the tuples that it makes for that."""
    made: dict[Operand, Op] = {
        op.results[0]: op for op in function.body.ops if op.prim.function is tuple
    }
    found = list(function.body.yields)
    for operand in found:
        found += made[operand].args if operand in made else ()
    return found


def _numbered(wish: str, number: int) -> str:
    return f"{wish}_{number}" if number else wish


def _known(value: Value) -> bool:
    """Is this value known by its name: the user's, or an adjoint's?"""
    return value.named or value.hint.endswith(("_bar", "_dot", "_saved"))
