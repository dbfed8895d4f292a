"""Whole programs drawn at random: every derivative of them agrees with every other.

The quick profile draws a few; ``make fuzz`` draws thousands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

import gradscribe as gs
from oracles import assert_close, second_by_differences
from pipeline import (
    SECOND,
    check_first,
    check_second,
    define,
    fresh,
    printed,
    quietly,
    reread,
)
from programs import FOUNDATION, Program, programs

PROGRAMS = programs(FOUNDATION, statements=5)


def _function(program: Program) -> Callable[..., Any]:
    return define(program.source, program.name)


@given(PROGRAMS)
def test_reverse_forward_and_differences_agree(program: Program) -> None:
    check_first(_function(program), program.args, program.wrt, program.gradient)


@given(PROGRAMS)
def test_second_derivatives_from_the_ir_agree_with_differences(program: Program) -> None:
    check_second(_function(program), program.args, program.wrt[0])


@pytest.mark.xfail(
    run=False, reason="the text of a recursive program's gradient is refused when read again"
)
@given(PROGRAMS)
def test_a_gradient_read_from_its_text_differentiates_to_the_same_second_derivative(
    program: Program,
) -> None:
    function, place = _function(program), program.wrt[0]
    again = reread(function, program.args, place)
    got = quietly(gs.grad(again, place, mode="reverse"), *fresh(program.args))
    assert_close(got, second_by_differences(function, program.args, place), **SECOND)


@given(PROGRAMS)
def test_effects_happen_once_and_in_order_in_a_derivative(program: Program) -> None:
    function = _function(program)
    expected = printed(function, *fresh(program.args))
    gradient = gs.grad(function, tuple(program.wrt), mode="reverse")
    assert printed(gradient, *fresh(program.args)) == expected
    assert printed(gs.vjp(function), *fresh(program.args)) == expected
