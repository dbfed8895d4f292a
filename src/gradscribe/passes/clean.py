"""Remove what is not needed: dead pure operations, results and carries, carries that never change.

Before::                                    After::

    %i = for (i, x, k) in (%r; a, b):           %x = for (i, x) in (%r; a):
        %t = sin(k)                                 %y = mul(x, b)
        %y = mul(x, k)                              yield %y
        yield %y, k

Liveness starts at the function's result and at effects, and goes backwards; a carry is live if its
result is, or if something live in the body reads its param.
"""

from __future__ import annotations

from dataclasses import replace
from typing import final

from gradscribe.ir.core import UNDEF, Attrs, Const, Function, Op, Operand, Region, Value, walk
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, HOOK, IF, SCOPE, STRUCTURED, WHILE
from gradscribe.ir.rewrite import substitute
from gradscribe.ir.scopes import catches, head, is_repeated, may_raise


def clean(function: Function) -> Function:
    """Remove dead code from a function, in place."""
    clean_region(function.body)
    return function


def clean_region(body: Region) -> None:
    """Remove dead code from a region whose yields and effects are what is needed."""
    mapping: dict[Value, Operand] = {}
    _unchanged(body, mapping)
    substitute(body, mapping)
    live = _Liveness(body)
    live.run()
    _sweep(body, live)


def _unchanged(region: Region, mapping: dict[Value, Operand]) -> None:
    """Carries that yield what they got, and results of ``if`` that are the same in both arms."""
    for op in region.ops:
        for inner in op.regions:
            _unchanged(inner, mapping)
        if op.prim is HOOK and op.attrs.callee is None:
            mapping[op.results[0]] = op.args[0]
        if op.prim is IF:
            then, other = op.regions
            inside = _defined_directly(then)
            for result, one, two in zip(op.results, then.yields, other.yields, strict=True):
                a, b = _resolve(one, mapping), _resolve(two, mapping)
                if (a is b or _equal(a, b)) and a not in inside:
                    mapping[result] = a
        elif op.prim is SCOPE:
            (body,) = op.regions
            inside = _defined_directly(body).union(body.params)
            for result, operand in list(zip(op.results, body.yields, strict=True))[head(op) :]:
                value = _resolve(operand, mapping)
                if value not in inside:
                    mapping[result] = value
        elif op.prim in (FOR, WHILE):
            start = first_carry(op)
            for k in range(carries(op)):
                value = _resolve(op.regions[-1].yields[k], mapping)
                params = [r.params[start + k] for r in op.regions[:-1]] if op.prim is WHILE else []
                param = op.regions[-1].params[(start if op.prim is FOR else 0) + k]
                unchanged = value is param or value is _resolve(op.args[start + k], mapping)
                if unchanged and not _is_renaming(param, op.args[start + k]):
                    for old in (param, op.results[k], *params):
                        if old not in mapping:
                            mapping[old] = op.args[start + k]


def _equal(a: Operand, b: Operand) -> bool:
    """The same literal?"""
    return (
        isinstance(a, Const)
        and isinstance(b, Const)
        and a.name == b.name
        and type(a.value) is type(b.value)
        and isinstance(a.value, int | float | str)
        and repr(a.value) == repr(b.value)
    )


def _is_renaming(param: Value, init: Operand) -> bool:
    """``x_bar = v`` before a loop says what v is there; the text keeps it."""
    return isinstance(init, Value) and init.named and param.hint.endswith("_bar")


def _resolve(operand: Operand, mapping: dict[Value, Operand]) -> Operand:
    while isinstance(operand, Value) and operand in mapping:
        operand = mapping[operand]
    return operand


def _defined_directly(region: Region) -> set[Operand]:
    return {result for op in region.ops for result in op.results}


@final
class _Liveness:
    """Which values and operations are needed."""

    def __init__(self, body: Region) -> None:
        self.body = body
        self.values: set[Value] = set()
        self.ops: set[int] = set()
        self.origin: dict[Value, tuple[Op, Region | None, int]] = {}
        self.around: dict[int, Op] = {}
        self.work: list[Operand] = []
        self._index(body, None)

    def _index(self, region: Region, around: Op | None) -> None:
        for op in region.ops:
            if around is not None:
                self.around[id(op)] = around
            for k, result in enumerate(op.results):
                self.origin[result] = (op, None, k)
            for inner in op.regions:
                for k, param in enumerate(inner.params):
                    self.origin[param] = (op, inner, k)
                self._index(inner, op)

    def is_collected(self, operand: Operand) -> bool:
        """Is this what a loop collects, backwards perhaps?"""
        op = (
            self.origin[operand][0]
            if isinstance(operand, Value) and operand in self.origin
            else None
        )
        if op is not None and op.prim.function is reversed:
            return self.is_collected(op.args[0])
        return op is not None and op.prim in (FOR, WHILE)

    def run(self) -> None:
        self.work += self.body.yields
        self._effects(self.body)
        while self.work:
            operand = self.work.pop()
            if isinstance(operand, Value) and operand not in self.values:
                self.values.add(operand)
                self._value(operand)

    def _effects(self, region: Region) -> None:
        for op in region.ops:
            if op.prim.effect or (op.prim is SCOPE and not catches(op) and not is_repeated(op)):
                self._op(op)
            for inner in op.regions:
                self._effects(inner)

    def _op(self, op: Op) -> None:
        """An operation is needed, and so are those around it, with what decides that they run."""
        current: Op | None = op
        while current is not None and id(current) not in self.ops:
            self.ops.add(id(current))
            if current.prim is IF:
                self.work.append(current.args[0])
            elif current.prim is FOR:
                self.work += current.args[: current.attrs.seqs]
                self._stop(current)
            elif current.prim is WHILE:
                self.work += current.regions[0].yields
                self._stop(current)
            else:
                self.work += current.args
            current = self.around.get(id(current))

    def _stop(self, loop: Op) -> None:
        """What ends a loop early is needed where the loop is."""
        if loop.attrs.stop is not None:
            self.work.append(loop.results[loop.attrs.stop])

    def _value(self, value: Value) -> None:
        if value not in self.origin:
            return
        op, region, k = self.origin[value]
        self._op(op)
        if op.prim is IF:
            self.work += [arm.yields[k] for arm in op.regions]
        elif op.prim is SCOPE:
            if region is None:
                self.work.append(op.regions[0].yields[k])
            if region is None and k < head(op):
                self._pinned(op)
        elif op.prim in (FOR, WHILE):
            self._loop(op, region, k)

    def _pinned(self, scope: Op) -> None:
        """Whatever may raise in a ``try`` decides which way it takes."""
        for op in walk(scope.regions[0]):
            if op.prim not in STRUCTURED and may_raise(op):
                self._op(op)

    def _loop(self, op: Op, region: Region | None, k: int) -> None:
        start = first_carry(op)
        if region is not None:
            k -= start
            if k < 0:
                return
        self.work.append(op.regions[-1].yields[k])
        if k < carries(op):
            self.work.append(op.args[start + k])
            self.work += [r.params[start + k] for r in op.regions]
            self.work.append(op.results[k])


def _sweep(region: Region, live: _Liveness) -> None:
    kept = []
    for op in region.ops:
        if id(op) not in live.ops:
            continue
        if op.prim in STRUCTURED:
            for inner in op.regions:
                _sweep(inner, live)
            if op.prim is IF:
                _keep_results(op, [k for k, r in enumerate(op.results) if r in live.values])
                if not op.results and not any(arm.ops for arm in op.regions):
                    continue
            elif op.prim is SCOPE:
                kept_head = range(head(op))
                _keep_results(
                    op,
                    [k for k, r in enumerate(op.results) if k in kept_head or r in live.values],
                )
                if not op.regions[0].ops and not any(r in live.values for r in op.results):
                    if catches(op) or is_repeated(op):
                        continue
            else:
                _keep_carries(op, live)
        kept.append(op)
    region.ops = kept


def _keep_results(op: Op, places: list[int]) -> None:
    for arm in op.regions:
        arm.yields = [arm.yields[k] for k in places]
    op.results = tuple(op.results[k] for k in places)
    if not places and op.prim is IF:  # only what it does is left: no expression
        op.attrs = Attrs()


def _keep_carries(op: Op, live: _Liveness) -> None:
    start, count = first_carry(op), carries(op)
    kept = [k for k in range(count) if op.results[k] in live.values]
    collected = [k for k in range(count, len(op.results)) if op.results[k] in live.values]
    for region in op.regions:
        region.params = region.params[:start] + [region.params[start + k] for k in kept]
    body = op.regions[-1]
    body.yields = [body.yields[k] for k in kept + collected]
    op.args = op.args[:start] + tuple(op.args[start + k] for k in kept)
    op.results = tuple(op.results[k] for k in kept + collected)
    if op.attrs.stop is not None:
        op.attrs = replace(op.attrs, stop=kept.index(op.attrs.stop))
    _drop_sequences(op, live)


def _drop_sequences(op: Op, live: _Liveness) -> None:
    """Of sequences walked side by side, keep those whose items are read (and one at least)."""
    if op.prim is not FOR or op.attrs.seqs < 2:
        return
    seqs = op.attrs.seqs
    body = op.regions[0]
    read = [k for k in range(seqs) if body.params[k] in live.values]
    kept = read or [min(range(seqs), key=lambda k: live.is_collected(op.args[k]))]
    if len(kept) == seqs:
        return
    body.params = [body.params[k] for k in kept] + body.params[seqs:]
    op.args = tuple(op.args[k] for k in kept) + op.args[seqs:]
    op.attrs = replace(op.attrs, seqs=len(kept))


def is_undefined(operand: Operand) -> bool:
    return operand is UNDEF or (isinstance(operand, Const) and operand.value is UNDEF.value)
