"""Each pass on the example at its head and at the edges of what it may do."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

import gradscribe.rules  # noqa: F401 (loading them declares every primitive)
from gradscribe.emit.module import text_of
from gradscribe.frontend.lower import lower_function
from gradscribe.ir import helpers
from gradscribe.ir.build import Builder
from gradscribe.ir.core import Const, Function, Operand, Parameter, Value
from gradscribe.ir.primitives import of
from gradscribe.ir.text import render
from gradscribe.ir.types import FLOAT, PY_FLOAT, PY_INT, Array, Sym, Type
from gradscribe.ir.verify import verify
from gradscribe.passes.algebra import simplify_algebra
from gradscribe.passes.broadcasts import fold_broadcasts
from gradscribe.passes.cancel import cancel
from gradscribe.passes.clean import clean
from gradscribe.passes.shapes import TRANSPOSED, ask_shapes
from gradscribe.passes.share import share

M, N = Sym("m", not_one=True), Sym("n", not_one=True)
VECTOR, MATRIX = Array(FLOAT, (N,)), Array(FLOAT, (M, N))


class Draft:
    """A function under construction: parameters, then operations, of the primal or derived."""

    def __init__(self, **params: Type) -> None:
        self.builder = Builder()
        self.values = [Value(name, kind, named=True) for name, kind in params.items()]
        self.builder.region.params = list(self.values)

    def emit(self, function: Any, *args: Any, hint: str = "t", derived: bool = True) -> Any:
        self.builder.derived = derived
        return self.builder.emit(of(function), *args, hint=hint)

    def returning(self, operand: Operand) -> Function:
        self.builder.region.yields = [operand]
        params = [Parameter(value.hint) for value in self.values]
        function = Function("f", params, self.builder.region)
        verify(function)
        return function


def body(function: Function) -> list[str]:
    """The lines of the IR below its heading, without types."""
    verify(function)
    lines = render(function).splitlines()[1:]
    return [_without_types(line.strip()) for line in lines]


def _without_types(line: str) -> str:
    targets, equals, rest = line.partition(" = ")
    if not equals:
        return line
    names = [part.split(":")[0].strip() for part in targets.split(", %")]
    return ", %".join(names) + equals + rest


# ---------------------------------------------------------------------------- clean


def test_a_carry_that_never_changes_is_read_where_it_was_defined() -> None:
    def f(a, b, n):
        x, k = a, b
        for i in range(n):
            t = np.sin(k)
            x = x * k
            k = k
        return x

    found = body(clean(lower_function(f, (PY_FLOAT, PY_FLOAT, PY_INT))))
    assert found == [
        "%positions = range(%n)",
        "%x = for (%i, %x.1) in (%positions; %a):",
        "%x.2 = mul(%x.1, %b)",
        "yield %x.2",
        "return %x",
    ]


def test_effects_and_what_they_read_are_kept() -> None:
    def f(a):
        b = a * 2
        c = a * 3
        print(b)
        return a

    found = body(clean(lower_function(f, (PY_FLOAT,))))
    assert found[0] == "%b = mul(%a, 2)"
    assert len(found) == 3
    assert "print" in found[1]


def test_an_if_with_the_same_result_in_both_arms_goes() -> None:
    def f(a):
        if a > 0:
            b = a
        else:
            b = a
        return b

    assert body(clean(lower_function(f, (PY_FLOAT,)))) == ["return %a"]


def test_a_walk_keeps_only_the_sequences_that_are_read() -> None:
    def f(a, xs, ys):
        for x, y in zip(xs, ys):
            a = a * y
        return a

    lists = lower_function(f, (PY_FLOAT, VECTOR, VECTOR))
    text = render(clean(lists))
    assert "getitem(%xs" not in text
    assert "getitem(%ys" in text


# ---------------------------------------------------------------------------- algebra


def simplified(function: Function) -> str:
    clean(simplify_algebra(function))
    verify(function)
    return text_of(function).split("return ")[-1].strip()


def test_like_terms_of_a_product_are_collected() -> None:
    draft = Draft(x=PY_FLOAT)
    (x,) = draft.values
    square = draft.emit(operator.mul, x, x, derived=False)
    other = draft.emit(operator.mul, draft.emit(operator.mul, 1.0, x), x)
    twice = draft.emit(operator.add, other, draft.emit(operator.mul, x, x))
    assert simplified(draft.returning(draft.emit(operator.add, square, twice))) == "3 * x**2"


def test_operations_of_the_primal_are_not_rearranged() -> None:
    draft = Draft(x=PY_FLOAT)
    (x,) = draft.values
    doubled = draft.emit(operator.add, x, x, derived=False)
    assert simplified(draft.returning(doubled)) == "x + x"


def test_what_may_be_infinite_does_not_cancel() -> None:
    draft = Draft(x=PY_FLOAT)
    (x,) = draft.values
    assert simplified(draft.returning(draft.emit(operator.sub, x, x))) == "x - x"


def test_what_a_derivative_divides_by_cancels() -> None:
    """Where it is zero, the function itself has a pole."""
    draft = Draft(x=PY_FLOAT)
    (x,) = draft.values
    product = draft.emit(operator.mul, x, draft.emit(operator.truediv, 1, x))
    assert simplified(draft.returning(product)) == "1.0"


def test_signs_move_to_the_front() -> None:
    draft = Draft(x=PY_FLOAT, y=PY_FLOAT)
    x, y = draft.values
    negative = draft.emit(operator.neg, draft.emit(operator.mul, x, draft.emit(operator.neg, y)))
    assert simplified(draft.returning(draft.emit(operator.sub, negative, x))) == "x * y - x"


# ---------------------------------------------------------------------------- broadcasts


def test_a_broadcast_that_meets_the_full_shape_is_left_to_numpy() -> None:
    draft = Draft(g=PY_FLOAT, x=MATRIX, w=VECTOR)
    g, x, w = draft.values
    filled = draft.emit(helpers.fill_like, g, x)
    product = draft.emit(operator.mul, filled, x)
    function = draft.returning(draft.emit(helpers.like, product, w, hint="c"))
    fold_broadcasts(function)
    found = body(clean(function))
    assert found[0] == "%t = mul(%g, %x)"
    assert found[1].startswith("%c = np.sum(%t, 0")
    assert found[2] == "return %c"


def test_a_broadcast_of_one_that_nothing_absorbs_is_ones() -> None:
    draft = Draft(x=VECTOR)
    (x,) = draft.values
    function = fold_broadcasts(draft.returning(draft.emit(helpers.fill_like, 1.0, x)))
    assert body(function)[0].startswith("%t = np.ones_like(%x")


def test_an_adjoint_of_the_right_shape_is_not_summed() -> None:
    draft = Draft(g=VECTOR, x=VECTOR)
    g, x = draft.values
    function = clean(fold_broadcasts(draft.returning(draft.emit(helpers.like, g, x))))
    assert body(function) == ["return %g"]


def test_a_dimension_that_may_be_one_keeps_its_helper() -> None:
    draft = Draft(g=MATRIX, x=Array(FLOAT, (None,)))
    g, x = draft.values
    function = clean(fold_broadcasts(draft.returning(draft.emit(helpers.like, g, x))))
    assert body(function)[0].endswith("like(%g, %x)")


# ---------------------------------------------------------------------------- share


def test_a_derived_operation_that_repeats_one_of_the_primal_goes() -> None:
    draft = Draft(x=PY_FLOAT, y_bar=PY_FLOAT)
    x, y_bar = draft.values
    draft.emit(np.exp, x, hint="e", derived=False)
    again = draft.emit(np.exp, x, hint="p")
    function = share(draft.returning(draft.emit(operator.mul, y_bar, again)))
    assert body(function) == ["%e = np.exp(%x)", "%t = mul(%y_bar, %e)", "return %t"]


def test_the_primal_repeats_itself_if_the_user_wrote_so() -> None:
    draft = Draft(x=PY_FLOAT)
    (x,) = draft.values
    one = draft.emit(np.exp, x, derived=False)
    other = draft.emit(np.exp, x, derived=False)
    function = share(draft.returning(draft.emit(operator.mul, one, other, derived=False)))
    assert len(body(function)) == 4


# ---------------------------------------------------------------------------- shapes


def test_a_length_is_read_off_what_is_there_anyway() -> None:
    draft = Draft(x=VECTOR)
    (x,) = draft.values
    logarithm = draft.emit(np.log, x, derived=False)
    function = ask_shapes(draft.returning(draft.emit(np.size, logarithm)))
    assert body(clean(function)) == ["%t = .size(%x)", "return %t"]


def test_a_matrix_transposed_twice_is_the_matrix() -> None:
    draft = Draft(x=MATRIX, v=VECTOR)
    x, v = draft.values
    transposed = _transposed(draft, _transposed(draft, x))
    function = ask_shapes(draft.returning(draft.emit(operator.matmul, transposed, v)))
    assert body(clean(function)) == ["%t = matmul(%x, %v)", "return %t"]


def _transposed(draft: Draft, x: Operand) -> Any:
    draft.builder.derived = True
    return draft.builder.emit(TRANSPOSED, x, hint="t")


def test_constants_are_folded_while_building() -> None:
    draft = Draft(x=PY_FLOAT)
    index = draft.emit(operator.add, Const(1), Const(2), derived=False)
    assert isinstance(index, Const)
    assert index.value == 3


# ---------------------------------------------------------------------------- cancel


def shifted(keep_summands: bool) -> Function:
    """The adjoint into what is subtracted from x in ``sum(w * e) / sum(e)``, e = exp(x - top)."""
    draft = Draft(w=MATRIX, e=MATRIX)
    w, e = draft.values
    s = draft.emit(np.sum, e, 1, True, derived=False)
    k = draft.emit(np.sum, draft.emit(operator.mul, w, e), 1, True)
    one = draft.emit(operator.truediv, draft.emit(operator.mul, w, e), s)
    squared = draft.emit(operator.pow, s, 2)
    other = draft.emit(operator.mul, draft.emit(operator.truediv, k, squared), e)
    d_bar = draft.emit(operator.sub, one, other, hint="d_bar")
    top_bar = draft.emit(np.sum, draft.emit(operator.neg, d_bar), 1, True)
    kept = d_bar if keep_summands else e
    return draft.returning(draft.emit(operator.add, kept, draft.emit(operator.mul, top_bar, e)))


def test_a_sum_that_cancels_is_not_added() -> None:
    lines = body(clean(cancel(shifted(keep_summands=True))))
    assert lines[-1].startswith("return %d_bar")


def test_a_sum_that_cancels_is_added_where_its_summands_are_not_seen() -> None:
    """One of them may be infinite, and then the sum is not zero."""
    lines = body(clean(cancel(shifted(keep_summands=False))))
    assert any(line.startswith("%t") and " = add(%e, " in line for line in lines)
