"""The verifier refuses every broken invariant of the IR."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

import pytest

import gradscribe.rules  # noqa: F401 (loading them declares every primitive)
from gradscribe.frontend.lower import lower_function
from gradscribe.ir.core import Const, Function, Op, Parameter, Value, walk
from gradscribe.ir.primitives import FOR, IF, WHILE, of
from gradscribe.ir.types import PY_FLOAT, PY_INT
from gradscribe.ir.verify import InvalidIR, verify
from gradscribe.passes.clean import clean

MUL = of(operator.mul)


def sample() -> Function:
    """An ``if``, a ``for`` and a ``while`` in one function."""

    def f(x, n):
        y = x * 2
        if x > 1:
            y = y * x
        for i in range(n):
            y = y * x
        while y > 3:
            y = y * 0.5
        return y

    return clean(lower_function(f, (PY_FLOAT, PY_INT)))


def first(function: Function, prim: object) -> Op:
    return next(op for op in walk(function.body) if op.prim is prim)


def test_what_the_frontend_makes_is_valid() -> None:
    verify(sample())


def parameter_without_a_value(f: Function) -> None:
    f.params.append(Parameter("z"))


def operand_that_is_no_operand(f: Function) -> None:
    first(f, MUL).args = (f.body.params[0], 2)  # type: ignore[assignment]  # the point


def value_used_before_it_is_defined(f: Function) -> None:
    f.body.ops.reverse()


def value_of_an_arm_used_outside(f: Function) -> None:
    inner = first(f, IF).regions[0].ops[0]
    f.body.yields = [inner.result]


def value_defined_twice(f: Function) -> None:
    op = first(f, MUL)
    f.body.ops.append(Op(MUL, op.args, op.results))


def operation_in_two_places(f: Function) -> None:
    f.body.ops.append(first(f, MUL))


def unknown_value_returned(f: Function) -> None:
    f.body.yields = [Value("stray", PY_FLOAT)]


def arm_that_yields_too_little(f: Function) -> None:
    first(f, IF).regions[1].yields = []


def arm_with_a_parameter(f: Function) -> None:
    first(f, IF).regions[0].params.append(Value("p", PY_FLOAT))


def loop_with_an_argument_too_few(f: Function) -> None:
    first(f, FOR).args = first(f, FOR).args[:1]


def loop_with_a_yield_too_many(f: Function) -> None:
    first(f, FOR).regions[0].yields.append(Const(1.0))


def condition_with_a_parameter_too_few(f: Function) -> None:
    first(f, WHILE).regions[0].params.pop()


def condition_that_yields_two_values(f: Function) -> None:
    first(f, WHILE).regions[0].yields.append(Const(1.0))


def while_body_that_yields_nothing(f: Function) -> None:
    first(f, WHILE).regions[1].yields = []


def operation_with_an_argument_too_few(f: Function) -> None:
    op = first(f, MUL)
    op.args = op.args[:1]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (parameter_without_a_value, "3 parameters, 2 values"),
        (operand_that_is_no_operand, "2 is no operand"),
        (value_used_before_it_is_defined, "used where it is not defined"),
        (value_of_an_arm_used_outside, "used where it is not defined"),
        (value_defined_twice, "is defined twice"),
        (operation_in_two_places, "stands in two places"),
        (unknown_value_returned, "%stray: float is used where it is not defined"),
        (arm_that_yields_too_little, "an arm yields 0 for 1 results"),
        (arm_with_a_parameter, "an arm yields 1 for 1 results"),
        (loop_with_an_argument_too_few, "params, args, yields and results do not match"),
        (loop_with_a_yield_too_many, "params, args, yields and results do not match"),
        (condition_with_a_parameter_too_few, "the params do not match the args"),
        (condition_that_yields_two_values, "the yields do not match the results"),
        (while_body_that_yields_nothing, "the yields do not match the results"),
        (operation_with_an_argument_too_few, "1 args for"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_broken_invariant_is_reported(damage: Callable[[Function], None], message: str) -> None:
    function = sample()
    damage(function)
    with pytest.raises(InvalidIR, match=re.escape(message)):
        verify(function)
