"""Applying rules: what an operation contributes to the adjoints of its args (see ``tangents``)."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from gradscribe.differentiate import masks
from gradscribe.differentiate.activity import Activity
from gradscribe.differentiate.bars import (
    FILL_LIKE,
    GETITEM,
    INDEX_ADD,
    Scope,
    bar_name,
    is_literal,
    like,
    same_dtype,
    same_shape,
    times,
)
from gradscribe.errors import NoRuleError
from gradscribe.frontend.lower import inline_rule
from gradscribe.frontend.primals import CALLED
from gradscribe.ir import helpers, transposes, trees
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Const, Op, Operand, Value
from gradscribe.ir.facts.containers import adjoint_type
from gradscribe.ir.joins import element_type
from gradscribe.ir.primitives import OPAQUE, of, printed_name
from gradscribe.ir.scopes import ERROR, catches
from gradscribe.ir.types import (
    PY_FLOAT,
    TEXT,
    Array,
    Mapping,
    Scalar,
    Sequence,
    Slice,
    Static,
    Type,
    Unknown,
    dims_of,
    dtype_of,
    holds_numbers,
    holds_records,
    is_scalar,
    maybe_float,
)
from gradscribe.rules.declare import TABLE, Rules

EXPAND = of(helpers.expand)
_PRODUCTS = {operator.matmul, np.matmul, np.dot}


# What operators do to lists and tuples is a matter of other rules.
_OF_SEQUENCES: dict[Any, Any] = {
    operator.add: helpers.joined, operator.iadd: helpers.joined,
    operator.mul: helpers.repeated, operator.imul: helpers.repeated,
}  # fmt: skip
_INDEXED = {GETITEM, of(helpers.setitem), INDEX_ADD, of(transposes.last_written)}


def _is_complex(operand: Operand) -> bool:
    dtype = dtype_of(type_of_operand(operand))
    return dtype is not None and dtype.kind == "c"


def rules_of(op: Op) -> Rules:
    """The rules of an operation's primitive; refused where there are none."""
    if any(_is_complex(o) for o in (*op.args, *op.results)):
        raise NoRuleError(
            "complex numbers are not differentiated yet",
            op.span,
            "write real and imaginary parts apart",
        )
    function = op.prim.function
    if op.results and isinstance(op.results[0].type, Sequence):
        function = _OF_SEQUENCES.get(function, function)
    rules = TABLE.get(function) if op.prim is not OPAQUE else None
    if rules is None:
        name = _opaque_name(op) if op.prim in (OPAQUE, CALLED) else op.prim.name
        raise NoRuleError(
            f"cannot differentiate {name}: no rule",
            op.span,
            "declare one with @linear or @adjoint, or wrap the argument in stop_gradient(...)",
        )
    return rules


def check_scope(op: Op, active: Activity) -> None:
    """Refuse a derivative of what a ``with`` binds, or of the exception that a ``try`` caught."""
    what = "what the with statement binds" if op.regions[0].params else "the exception caught"
    bound = op.regions[0].params or ([op.results[ERROR]] if catches(op) else [])
    if any(value in active for value in bound):
        raise NoRuleError(
            f"cannot differentiate {what}: no rule",
            op.span,
            "wrap what is inactive in stop_gradient(...)",
        )


def _opaque_name(op: Op) -> str:
    """What passes through uninterpreted: the function called, as the user wrote it."""
    if op.prim is CALLED:
        callee = op.args[0]
        assert isinstance(callee, Const)
        return callee.name or printed_name(callee.value)
    template = op.attrs.template
    if not isinstance(template, ast.Call):
        return op.span.one_line(40) if op.span is not None else "this expression"
    text = ast.unparse(template.func)
    for place, arg in enumerate(op.args):
        name = arg.hint or "…" if isinstance(arg, Value) else arg.name or printed_name(arg.value)
        text = re.sub(rf"\b_{place}\b", name, text)
    return text.replace("numpy.", "np.")


def no_rule(op: Op, name: str, missing: str) -> NoReturn:
    raise NoRuleError(
        f"cannot differentiate {op.prim.name} with respect to its argument {name!r}: no rule",
        op.span,
        f"declare one with {missing}, or wrap the argument in stop_gradient(...)",
    )


def named_args(op: Op) -> dict[str, Operand]:
    """The args of an operation by parameter name; a variadic parameter's as a tuple constant."""
    prim = op.prim
    if not prim.variadic:
        return dict(zip(prim.params, op.args, strict=True))
    fixed = len(prim.params) - 1
    named = dict(zip(prim.params[:fixed], op.args[:fixed], strict=True))
    return named


def run_several(
    rule: Callable[..., Any], op: Op, builder: Builder, extra: dict[str, Operand]
) -> Operand | list[Operand]:
    """Lower a rule for an operation; ``extra`` holds ``y``, ``y_bar`` or tangents."""
    args = named_args(op)
    prim = op.prim
    if prim.variadic:
        args[prim.params[-1]] = builder.emit(of(tuple), *op.args[len(prim.params) - 1 :])
    return inline_rule(rule, {**args, **extra}, builder)


def run(rule: Callable[..., Any], op: Op, builder: Builder, extra: dict[str, Operand]) -> Operand:
    """Lower a rule whose result is one value (a tuple of them as one tuple)."""
    result = run_several(rule, op, builder, extra)
    return builder.emit(of(tuple), *result) if isinstance(result, list) else result


def _entry(result: Operand | list[Operand], place: int, builder: Builder) -> Operand:
    """One entry of what a rule returned."""
    return result[place] if isinstance(result, list) else trees.part(builder, result, place)


def adjoints(op: Op, y_bar: Operand, scope: Scope, active: Any) -> None:
    """Add what ``op`` contributes to the adjoints of its active args."""
    rules = rules_of(op)
    prim, builder = op.prim, scope.builder
    if rules.constant:
        return
    if prim is GETITEM and op.args[0] not in active:
        no_rule(op, "index", "@adjoint")
    if prim is GETITEM and dims_of(type_of_operand(op.args[0])) == ():
        one = is_scalar(type_of_operand(y_bar))  # else an array that the number, or nothing, is in
        scope.add(op.args[0], y_bar if one else builder.emit(of(np.sum), y_bar))
        return
    if prim is GETITEM and _accumulates(op):
        _scatter(op, y_bar, scope)
        return
    if prim is GETITEM and isinstance(type_of_operand(op.args[1]), Slice):
        base = op.args[0]
        assert isinstance(base, Value)  # it is active
        is_tuple = isinstance(base.type, Sequence) and base.type.kind == "tuple"
        put = of(helpers.index_add if is_tuple else helpers.setitem)
        whole = builder.emit(put, scope.zeros(base), op.args[1], y_bar)
        scope.add(op.args[0], whole)
        return
    extra = {"y": op.results[0], "y_bar": y_bar}
    done: set[str] = set()
    for names, rule in rules.joint.items():
        done |= set(names)
        places = [prim.params.index(name) for name in names]
        if any(op.args[p] in active for p in places):
            bars = run_several(rule, op, builder, extra)
            for k, place in enumerate(places):
                if op.args[place] in active:
                    contribute(op, place, scope, _entry(bars, k, builder))
    last = len(prim.params) - 1
    shared: Operand | list[Operand] | None = None
    for place, arg in enumerate(op.args):
        name = prim.params[min(place, last)]
        if arg not in active or name in done or name in rules.constants or is_index(op, place):
            continue
        if name in rules.partials:
            factor = _partial_away(rules, op, place, y_bar, builder)
            number = _filled_with(y_bar, factor, scope)
            if number is not None:
                contribute(op, place, scope, times(builder, number, factor))
                continue
            if is_scalar(type_of_operand(arg)) and _are_vectors(y_bar, factor, scope):
                contribute(op, place, scope, builder.emit(of(operator.matmul), y_bar, factor))
                continue
            contribute(op, place, scope, times(builder, y_bar, factor))
        elif name in rules.reductions:
            field = run(rules.reductions[name], op, builder, extra)
            args = named_args(op)
            axis, keepdims = args.get("axis", Const(None)), args.get("keepdims", Const(False))
            spread = builder.emit(EXPAND, y_bar, arg, axis, keepdims)
            contribute(op, place, scope, times(builder, spread, field))
        else:
            transposed = rules.linear.get(name) or rules.adjoints.get(name)
            if transposed is None:
                no_rule(op, name, "@adjoint or @linear")
            if prim.variadic and place >= last:
                shared = run_several(transposed, op, builder, extra) if shared is None else shared
                bar = _entry(shared, place - last, builder)
            else:
                bar = run(transposed, op, builder, extra)
            contribute(op, place, scope, bar)


def is_index(op: Op, place: int) -> bool:
    """Is this the place of an entry in an array or a list? Nothing is differentiated by that."""
    if op.prim not in _INDEXED or place != 1:
        return False
    return isinstance(type_of_operand(op.args[0]), Array | Sequence)


def _filled_with(y_bar: Operand, factor: Operand, scope: Scope) -> Const | None:
    """The literal that y_bar is full of, where the factor has its shape, whatever that is."""
    made = scope.builder.made.get(y_bar) if isinstance(y_bar, Value) else None
    if made is None or made.prim is not FILL_LIKE:
        return None
    number = made.args[0]
    spread = scope.builder.made.get(number) if isinstance(number, Value) else None
    if spread is not None and spread.prim is EXPAND:
        number = spread.args[0]  # a sum's cotangent is a number
    if not is_literal(number):
        return None
    if scope.extents is None or None not in (dims_of(type_of_operand(factor)) or ()):
        return None  # where types tell, it is folded later
    fits = scope.extents.fits(factor, y_bar) and _same_dtypes(
        type_of_operand(factor), type_of_operand(y_bar)
    )
    return number if fits else None


def _are_vectors(y_bar: Operand, factor: Operand, scope: Scope) -> bool:
    """May the sum of the product of these be written ``y_bar @ factor``?"""
    kinds = [type_of_operand(o) for o in (y_bar, factor)]
    vectors = all(isinstance(k, Array) and k.dims is not None and len(k.dims) == 1 for k in kinds)
    same = vectors and dtype_of(kinds[0]) == dtype_of(kinds[1]) is not None
    makers = [scope.builder.made.get(o) for o in (y_bar, factor) if isinstance(o, Value)]
    filled = any(op is not None and op.prim is FILL_LIKE for op in makers)
    if (
        not same
        or filled
        or masks.is_masked(scope.builder, y_bar)
        or masks.is_masked(scope.builder, factor)
    ):
        return False
    extents = scope.extents
    return same_shape(*kinds) or (extents is not None and extents.fits(y_bar, factor))


def partial(
    rules: Rules, op: Op, place: int, builder: Builder, extra: dict[str, Operand]
) -> Operand:
    """The partial derivative by one arg.

    Where it is infinite NumPy says so, and Python's own numbers raise an exception: if a part of
    what is computed may not be taken, they are NumPy's here.
    """
    name = op.prim.params[place]
    if builder.selects and isinstance(op.prim.function, np.ufunc) and (rules.safe or rules.poles):
        numbers = {
            param: builder.emit(of(np.float64), arg)
            for param, arg in named_args(op).items()
            if isinstance(arg, Value) and arg.type == PY_FLOAT and param not in extra
        }
        extra = {**extra, **numbers}
    return run(rules.partials[name], op, builder, extra)


def _partial_away(rules: Rules, op: Op, place: int, y_bar: Operand, builder: Builder) -> Operand:
    """The partial derivative by one arg, away from its own poles where ``y_bar`` is masked."""
    name = op.prim.params[place]
    y = op.results[0]
    may_be = name in rules.safe or name in rules.poles
    masked = may_be and masks.is_masked(builder, y_bar)
    safe = _safe_point(rules, op, name) if masked else None
    if safe is None and masked and masks.taken_apart(builder, y_bar) is None:
        safe = rules.poles.get(name)
    if safe is None:
        return partial(rules, op, place, builder, {"y": y})
    x = masks.at_safe_point(builder, y_bar, op.args[place], safe)
    extra = {"y": y, name: x}
    if len(op.prim.params) == 1:
        extra["y"] = masks.at_safe_point(builder, y_bar, y, float(op.prim.function(safe)))
    return partial(rules, op, place, builder, extra)


def _safe_point(rules: Rules, op: Op, name: str) -> float | None:
    """Where the partial by one arg has no pole of its own; None if it has none anywhere."""
    safe = rules.safe.get(name)
    if not callable(safe):
        return safe
    other = named_args(op)[next(p for p in op.prim.params if p != name)]
    literal = isinstance(other, Const) and other.fixed and isinstance(other.value, int | float)
    return safe(other.value if literal else None)  # type: ignore[union-attr]  # a Const


def _accumulates(op: Op) -> bool:
    """Is this a read of entries whose adjoint can be added to in its place?"""
    kind, index = (type_of_operand(a) for a in op.args)
    if isinstance(kind, Array) and index == Sequence("tuple", ()):
        return False  # it is the array itself, or the number in its place
    return isinstance(kind, Array | Unknown | Mapping) or (
        isinstance(kind, Sequence) and kind.kind == "list" and is_scalar(index)
    )


def _is_text(index: Operand) -> bool:
    """Is this the key of an entry of a dict?"""
    return isinstance(index, Const) and isinstance(index.value, str)


def _scatter(op: Op, y_bar: Operand, scope: Scope) -> None:
    """Reading an entry: add to that entry of the adjoint so far, not to a new array of zeros."""
    x, index = op.args
    assert isinstance(x, Value)
    x = scope.original(x)
    bar = scope.peek(x)
    entry = x.type.element if isinstance(x.type, Sequence) else None
    if trees.is_flat(entry) and is_scalar(type_of_operand(index)):
        _scatter_object(x, index, y_bar, scope)
        return
    if not holds_numbers(x.type) and (
        holds_records(x.type) or type_of_operand(index) == TEXT or _is_text(index)
    ):
        add = of(helpers.add_entry)
        bar = scope.builder.emit(of(helpers.zero_tree), x) if bar is None else bar
    else:
        add = INDEX_ADD
    so_far = scope.whole(bar, x)
    scope.bars[x] = scope.builder.emit(add, so_far, index, y_bar, hint=bar_name(x))


def _scatter_object(x: Value, index: Operand, y_bar: Operand, scope: Scope) -> None:
    """Reading an object of a list: add to each number of that entry of the adjoint so far."""
    builder, bar = scope.builder, scope.peek(x)
    bar = builder.emit(of(helpers.zero_tree), x) if bar is None else bar
    so_far = scope.whole(bar, x)
    entry, kind = builder.emit(GETITEM, so_far, index), type_of_operand(y_bar)
    sums: list[Operand] = []
    for place, part in enumerate(trees.part_types(kind) or ()):
        a, b = (trees.part(builder, whole, place, kind=kind) for whole in (entry, y_bar))
        sums.append(builder.emit(of(operator.add), a, b) if maybe_float(part) else Const(None))
    total = trees.display(builder, kind, sums)
    put = builder.emit(of(helpers.setitem), so_far, index, total, hint=bar_name(x))
    scope.bars[x] = put


def contribute(op: Op, place: int, scope: Scope, bar: Operand) -> None:
    arg = op.args[place]
    if isinstance(arg, Value):
        if holds_records(arg.type):
            pass  # its parts have their own shapes already
        elif isinstance(arg.type, Sequence):
            if not _same_dtypes(type_of_operand(bar), arg.type):
                bar = scope.builder.emit(of(helpers.like), bar, arg, hint=bar_name(arg))
        elif not (_keeps_shape(op, place) and _is_like(bar, arg)):
            bar = masks.simplest(scope.builder, bar)
            if not (scope.extents and _is_like(bar, arg) and scope.extents.fits(bar, arg)):
                bar = like(scope.builder, bar, arg, bar_name(arg))
        scope.add(arg, bar)


def _same_dtypes(bar: Type, kind: Type) -> bool:
    """Have the leaves of a list's or tuple's adjoint its own leaves' dtypes, as far as known?"""
    if not isinstance(kind, Sequence):
        dtype, found = dtype_of(adjoint_type(kind)), dtype_of(bar)
        if isinstance(kind, Scalar):
            return True
        return dtype == found if dtype is not None else not isinstance(kind, Array)
    if not isinstance(bar, Sequence):
        return True
    if bar.items is not None and kind.items is not None:
        return all(map(_same_dtypes, bar.items, kind.items))
    ours, theirs = element_type(kind), element_type(bar)
    return ours is None or theirs is None or _same_dtypes(theirs, ours)


def _keeps_shape(op: Op, place: int) -> bool:
    """Has what a rule gives for this arg certainly its shape, whatever that is?

    So it is where the result has the arg's shape, entry by entry, and in products of vectors and
    matrices, which broadcast nothing.
    """
    kinds = [type_of_operand(a) for a in op.args]
    if op.prim.function in _PRODUCTS:
        return all(isinstance(k, Array) and k.dims and len(k.dims) < 3 for k in kinds)
    if not op.prim.elementwise:
        return False
    if place == op.prim.mutates and isinstance(kinds[place], Array):
        return True
    return all(is_scalar(k) or isinstance(k, Static) for i, k in enumerate(kinds) if i != place)


def _is_like(bar: Operand, arg: Value) -> bool:
    """Has a cotangent of the shape of its value certainly the value's rank and dtype, too?"""
    kind, dims = type_of_operand(bar), dims_of(arg.type)
    if dims is None:
        return True
    found = dims_of(kind)
    return found is not None and len(found) == len(dims) and same_dtype(kind, arg.type)
