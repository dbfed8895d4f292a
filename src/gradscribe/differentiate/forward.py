"""Forward mode: every active operation is followed by its tangent.

``t = sin(x)`` becomes ``t = sin(x); t_dot = cos(x) * x_dot``; a branch or loop hands out the
tangents of what it hands out, and carries and collects those of what it carries and collects. The
tangents of a ``try`` body stand after it, in a branch on whether it was completed: what they raise
is not for its handlers to catch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import final

from gradscribe.differentiate import apply, calls, implicit, residuals, ruled, surgery, tangents
from gradscribe.differentiate.activity import Activity
from gradscribe.differentiate.bars import GETITEM
from gradscribe.errors import UnsupportedError
from gradscribe.ir import trees
from gradscribe.ir.build import Builder
from gradscribe.ir.core import UNDEF, Function, Op, Operand, Region, Value, walk
from gradscribe.ir.effects import first_act
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import CALL, FOR, HOOK, IF, IMPLICIT, RULED, SCOPE, STRUCTURED, WHILE
from gradscribe.ir.rewrite import copy_op, copy_value, mapped, operands_in
from gradscribe.ir.scopes import COMPLETED, catches
from gradscribe.ir.types import Sequence


@final
class Forwarder:
    """Builds the primal and its tangent side by side in the builder's region.

    Of operations that are ``standing`` already (by identity, each with its copy) only the tangent
    is built; loops and branches run once more, for theirs.
    """

    def __init__(
        self,
        builder: Builder,
        active: Activity,
        dots: dict[Value, Operand],
        standing: dict[int, Op] | None = None,
    ) -> None:
        self.builder = builder
        self.builder.selects |= active.selects
        self.active = active
        self.mapping: dict[Value, Operand] = {}
        self.dots = dots
        self.standing = standing or {}

    def region(self, region: Region) -> None:
        for op in region.ops:
            with self.builder.origin(op):
                self.op(op)

    def op(self, op: Op) -> None:
        stands = self.standing.get(id(op))
        if op.prim is HOOK:
            self._hook(op)
        elif stands is None:
            self._both(op)
        elif self.active.passes(op):
            if op.prim in STRUCTURED or op.prim is CALL:
                self._both(op)
            else:
                self._tangent(op, stands, op.results[0])
        if stands is not None and op.prim is not HOOK:
            self.mapping.update(zip(op.results, stands.results, strict=True))

    def _both(self, op: Op) -> None:
        """An operation and, if it is active, its tangent."""
        if not self.active.passes(op):
            copy = copy_op(op, self.mapping)
            self.builder.region.ops.append(copy)
            self.builder.note(copy)
        elif op.prim is IF:
            self._if(op)
        elif op.prim is SCOPE:
            apply.check_scope(op, self.active)
            (self._try if catches(op) else self._with)(op)
        elif op.prim in (FOR, WHILE):
            self._loop(op)
        elif op.prim is CALL:
            self._call(op)
        else:
            self._simple(op)

    def _hook(self, op: Op) -> None:
        if op.results[0] in self.active:
            surgery.refuse_tangent(op)
        self.mapping[op.results[0]] = mapped(op.args[0], self.mapping)

    def _simple(self, op: Op) -> None:
        new = copy_op(op, self.mapping)
        result = op.results[0]
        with self.builder.into(Region()) as beside:
            self._tangent(op, new, result)
        # First the tangent, if it can do without the result: then an update needs no other name.
        read = set(operands_in(beside))
        needed = any(made in read for made in new.results)
        self.builder.region.ops += [new, *beside.ops] if needed else [*beside.ops, new]

    def _tangent(self, op: Op, new: Op, result: Value) -> None:
        if op.prim is IMPLICIT:
            self._record(result, implicit.tangent(op, new, self.dots, self.builder))
            return
        if op.prim is RULED:
            for value, found in ruled.tangents(op, new, self.dots, self.builder).items():
                self._record(value, found)
            return
        parts = trees.displayed(op)
        if parts is not None:
            new_parts = trees.displayed(new) or ()
            dots = [
                tangents.part_tangent(result.type, a, b, self.dots, self.builder)
                for a, b in zip(parts, new_parts, strict=True)
            ]
            hint = dot_name(result)
            self.dots[result] = trees.display(self.builder, new.results[0].type, dots, hint)
            return
        entry = trees.part_read(op)
        if entry is not None:
            base, place, _ = entry
            assert isinstance(base, Value)
            whole = self.dots[base]
            dot: Operand | None = trees.part(self.builder, whole, place, kind=base.type)
        else:
            dot = tangents.tangent(op, self.dots, self.builder, new)
        if dot is not None:
            self._record(result, dot)

    def _record(self, result: Value, dot: Operand) -> None:
        if isinstance(dot, Value) and not dot.hint:
            dot.hint = dot_name(result)
        self.dots[result] = dot

    def _call(self, op: Op) -> None:
        """``y, y_dot = g_jvp(x, x_dot)`` for ``y = g(x)``."""
        callee = op.attrs.callee
        assert callee is not None
        function = calls.tangent_of(callee)
        (result,) = op.results
        args = [mapped(arg, self.mapping) for arg in op.args]
        args += [self.dot(op.args[k]) for k in calls.float_places(callee)]
        both = Value("both", Sequence("tuple", (result.type, adjoint_type(result.type))))
        self.builder.append(
            Op(CALL, tuple(args), (both,), attrs=replace(op.attrs, callee=function))
        )
        self.mapping[result] = self.builder.emit(GETITEM, both, 0, hint=result.hint)
        self.dots[result] = self.builder.emit(GETITEM, both, 1, hint=dot_name(result))

    def dot(self, operand: Operand) -> Operand:
        """The tangent of an operand, or a zero."""
        return tangents.tangent_or_zero(
            operand, mapped(operand, self.mapping), self.dots, self.builder
        )

    def _if(self, op: Op) -> None:
        active = [k for k, r in enumerate(op.results) if r in self.active]
        arms = []
        for region in op.regions:
            arm = Region()
            with self.builder.into(arm):
                self.region(region)
                arm.yields = [mapped(o, self.mapping) for o in region.yields]
                arm.yields += [
                    UNDEF if region.yields[k] is UNDEF else self.dot(region.yields[k])
                    for k in active
                ]
            arms.append(arm)
        results = self._results(op, active)
        args = tuple(mapped(a, self.mapping) for a in op.args)
        self._append(op, Op(IF, args, results, tuple(arms), op.attrs if not active else None))

    def _with(self, op: Op) -> None:
        active = [k for k, r in enumerate(op.results) if r in self.active]
        (body,) = op.regions
        new = Region([copy_value(param) for param in body.params])
        self.mapping.update(zip(body.params, new.params, strict=True))
        with self.builder.into(new):
            self.region(body)
            new.yields = [mapped(o, self.mapping) for o in body.yields]
            new.yields += [self.dot(body.yields[k]) for k in active]
        args = tuple(mapped(a, self.mapping) for a in op.args)
        self._append(op, Op(SCOPE, args, self._results(op, active), (new,), op.attrs))

    def _try(self, op: Op) -> None:
        active = [k for k, r in enumerate(op.results) if r in self.active]
        (body,) = op.regions
        new = copy_op(op, self.mapping)
        self._append(op, new)
        tangents = Region()
        entered: list[Op] = []
        with self.builder.into(tangents):
            self._all_beside(body, new.regions[0], entered)
            tangents.yields = [self.dot(body.yields[k]) for k in active]
        dots = tuple(self._fresh_dot(op.results[k]) for k in active)
        self.dots.update(zip([op.results[k] for k in active], dots, strict=True))
        arms = (tangents, Region(yields=[UNDEF] * len(dots)))
        self.builder.append(Op(IF, (new.results[COMPLETED],), dots, arms))
        for inner in (*reversed(entered), new):
            residuals.for_arm(inner, inner.regions[0], tangents)

    def _all_beside(self, body: Region, new: Region, entered: list[Op]) -> None:
        for old, copy in zip(body.ops, new.ops, strict=True):
            if any(result in self.active for result in old.results):
                with self.builder.origin(old):
                    self._beside(old, copy, entered)

    def _beside(self, op: Op, new: Op, entered: list[Op]) -> None:
        """The tangent of an operation that stands elsewhere; loops and the like run once more.

        What a ``with`` does is not done again: its body's tangents stand here (``entered``).
        """
        if op.prim not in STRUCTURED and op.prim is not CALL:
            self._tangent(op, new, op.results[0])
            return
        if op.prim is SCOPE and not catches(op):
            apply.check_scope(op, self.active)
            entered.append(new)
            self._all_beside(op.regions[0], new.regions[0], entered)
            for result, operand in zip(op.results, op.regions[0].yields, strict=True):
                if result in self.active:
                    self.dots[result] = self.dot(operand)
            return
        if _acts(op):
            raise UnsupportedError(
                "the tangent of code with effects in a try body is not supported",
                op.span,
                "use reverse mode, or move what has effects out of the try body",
            )
        self.op(op)

    def _loop(self, op: Op) -> None:
        start, count = first_carry(op), carries(op)
        body = op.regions[-1]
        seqs = [k for k in range(start) if body.params[k] in self.active]
        threaded = [k for k in range(count) if body.params[start + k] in self.active]
        threaded += [
            k for k in range(count) if k not in threaded and (op.results[k] in self.active)
        ]
        threaded.sort()
        collected = [k for k in range(count, len(op.results)) if op.results[k] in self.active]
        inits = [self.dot(op.args[start + k]) for k in threaded]
        walked = [self.dots[op.args[k]] for k in seqs]  # type: ignore[index]  # active: a Value
        regions = []
        for region in op.regions:
            items = [copy_value(p) for p in region.params[:start]] if op.prim is FOR else []
            item_dots = [self._fresh_dot(body.params[k]) for k in seqs] if op.prim is FOR else []
            params = [copy_value(p) for p in region.params[start:]]
            dots = [self._fresh_dot(region.params[start + k]) for k in threaded]
            self.mapping.update(zip(region.params, [*items, *params], strict=True))
            self.dots.update(zip([region.params[k] for k in seqs], item_dots, strict=True))
            self.dots.update(zip([region.params[start + k] for k in threaded], dots, strict=True))
            new = Region([*items, *item_dots, *params, *dots])
            with self.builder.into(new):
                self.region(region)
                if region is body:
                    yields = [mapped(o, self.mapping) for o in region.yields]
                    new.yields = yields[:count] + [self.dot(region.yields[k]) for k in threaded]
                    new.yields += yields[count:] + [self.dot(region.yields[k]) for k in collected]
                else:
                    new.yields = [mapped(o, self.mapping) for o in region.yields]
            regions.append(new)
        results = [copy_value(r) for r in op.results]
        self.mapping.update(zip(op.results, results, strict=True))
        dot_results = [self._fresh_dot(op.results[k]) for k in threaded]
        dot_lists = [self._fresh_dot(op.results[k]) for k in collected]
        for k, dot in zip([*threaded, *collected], [*dot_results, *dot_lists], strict=True):
            self.dots[op.results[k]] = dot
        args = [mapped(a, self.mapping) for a in op.args]
        new_args = (*args[:start], *walked, *args[start:], *inits)
        ordered = (*results[:count], *dot_results, *results[count:], *dot_lists)
        attrs = replace(op.attrs, seqs=start + len(walked)) if op.prim is FOR else op.attrs
        self._append(op, Op(op.prim, new_args, ordered, tuple(regions), attrs))

    def _fresh_dot(self, value: Value) -> Value:
        return Value(dot_name(value), adjoint_type(value.type))

    def _results(self, op: Op, active: list[int]) -> tuple[Value, ...]:
        results = [copy_value(r) for r in op.results]
        self.mapping.update(zip(op.results, results, strict=True))
        dots = [self._fresh_dot(op.results[k]) for k in active]
        self.dots.update(zip([op.results[k] for k in active], dots, strict=True))
        return (*results, *dots)

    def _append(self, old: Op, new: Op) -> None:
        new.span, new.statement, new.derived = old.span, old.statement, old.derived
        self.builder.region.ops.append(new)


def dot_name(value: Value) -> str:
    return f"{value.hint}_dot" if value.hint else ""


def _acts(op: Op, seen: tuple[Function, ...] = ()) -> bool:
    """Is an operation, or what it calls, seen from outside?"""
    body = Region([], [op])
    callees = [c for o in walk(body) if (c := o.attrs.callee) is not None and c not in seen]
    return first_act([body]) is not None or any(
        _acts(inner, (*seen, *callees)) for callee in callees for inner in callee.body.ops
    )


def stand(builder: Builder, body: Region, mapping: dict[Value, Operand]) -> dict[int, Op]:
    """Let a primal stand by itself; its operations by identity, each with its copy."""
    standing = {}
    for op in body.ops:
        copy = standing[id(op)] = copy_op(op, mapping)
        builder.region.ops.append(copy)
        builder.note(copy)
    return standing


def repeats_effects(body: Region) -> bool:
    """Would a sweep beside a primal that stands be seen, running its loops and calls again?"""
    for op in body.ops:
        inner = list(op.regions)
        inner += [op.attrs.callee.body] if op.attrs.callee is not None else []
        if any(o.prim.effect for region in inner for o in walk(region)):
            return True
    return False
