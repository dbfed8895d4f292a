"""Whole programs drawn at random: every derivative of them agrees with every other.

The quick profile draws a few; ``make fuzz`` draws thousands. A program may be refused, for a
reason that is stated, but not often.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, reject

import gradscribe as gs
from oracles import assert_close, second_by_differences
from pipeline import (
    SECOND,
    check_file,
    check_first,
    check_second,
    define,
    fresh,
    printed,
    quietly,
    reread,
)
from programs import FOUNDATION, Program, programs
from test_programs import sample

PROGRAMS = programs(statements=3) | programs(FOUNDATION, statements=5)


def _function(program: Program) -> Callable[..., Any]:
    return define(program.source, program.name)


@contextlib.contextmanager
def _refusable() -> Iterator[None]:
    """A refusal ends a program's test."""
    try:
        yield
    except gs.GradscribeError as error:
        event(f"refused: {error.message}")
        reject()


@given(PROGRAMS)
def test_reverse_forward_and_differences_agree(program: Program) -> None:
    with _refusable():
        check_first(_function(program), program.args, program.wrt, program.gradient)


@given(PROGRAMS)
def test_second_derivatives_from_the_ir_agree_with_differences(program: Program) -> None:
    with _refusable():
        check_second(_function(program), program.args, program.wrt[0])


@given(PROGRAMS)
def test_a_gradient_read_from_its_text_differentiates_to_the_same_second_derivative(
    program: Program,
) -> None:
    function, place = _function(program), program.wrt[0]
    with _refusable():
        again = reread(function, program.args, place)
        got = quietly(gs.grad(again, place, mode="reverse"), *fresh(program.args))
        assert_close(got, second_by_differences(function, program.args, place), **SECOND)


@given(PROGRAMS)
def test_a_gradient_written_to_a_file_stands_alone_and_differentiates_again(
    program: Program,
) -> None:
    with _refusable(), tempfile.TemporaryDirectory() as directory:
        check_file(program.source, program.args, program.wrt[0], Path(directory))


@given(PROGRAMS)
def test_effects_happen_once_and_in_order_in_a_derivative(program: Program) -> None:
    function = _function(program)
    expected = printed(function, *fresh(program.args))
    with _refusable():
        gradient = gs.grad(function, tuple(program.wrt), mode="reverse")
        assert printed(gradient, *fresh(program.args)) == expected
        assert printed(gs.vjp(function), *fresh(program.args)) == expected


@pytest.mark.fuzz
@pytest.mark.parametrize("features", ["all", "arithmetic"])
def test_few_programs_are_refused(features: str) -> None:
    drawn = programs(statements=3) if features == "all" else programs(FOUNDATION, statements=5)
    refused: list[str] = []
    count = 200
    for program in sample(drawn, count):
        try:
            gradient = gs.grad(_function(program), tuple(program.wrt), mode="reverse")
            quietly(gradient, *fresh(program.args))
        except gs.GradscribeError as error:
            refused.append(error.message)
    assert len(refused) <= 0.05 * count, refused
