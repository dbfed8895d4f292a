"""Whole programs drawn at random: every derivative of them agrees with every other.

Each program goes once through all checks. ``make test`` draws a few, always the same ones;
``make fuzz`` draws thousands, others on every run, and says how many there were of each kind. A
program may be refused, for a reason that is stated, but not often.
"""

from __future__ import annotations

import contextlib
import io
import re
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

import gradscribe as gs
from oracles import assert_close, gradient_by_differences, second_and_error
from pipeline import (
    EXACT,
    SECOND,
    check_file,
    check_forward,
    check_pullback,
    check_reverse,
    check_second,
    define,
    fresh,
    quietly,
    reread,
)
from programs import FOUNDATION, Program, programs, sample

pytestmark = pytest.mark.hypothesis

# How many programs a test draws at most: tests are what workers share out among themselves.
SHARD = 20

# Mostly short ones, which reach further for their size; long ones, where more things meet.
PROGRAMS = programs(statements=3) | programs(FOUNDATION, statements=5) | programs(statements=8)


class Derivatives:
    """The derivatives of one program, each compiled once, and held against the others."""

    def __init__(self, program: Program, directory: Path) -> None:
        self.source, self.args, self.wrt = program.source, program.args, program.wrt
        self.place, self.expected = program.wrt[0], program.gradient
        self.directory = directory
        self.function: Callable[..., Any] = define(program.source, program.name)

    def checks(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """Every check by its name, in the order in which they build on each other."""
        parts = (self.function, self.args, self.wrt, self.expected)
        yield "reverse", lambda: check_reverse(*parts)
        yield "pullback", lambda: check_pullback(*parts)
        yield "forward", lambda: check_forward(*parts)
        yield "second", self._second_order
        yield "text", self._from_text
        yield "file", self._from_a_file

    @cached_property
    def gradient(self) -> Any:
        return gs.grad(self.function, self.place, mode="reverse")

    @cached_property
    def value(self) -> Any:
        return quietly(self.gradient, *fresh(self.args))

    @cached_property
    def second(self) -> Any:
        """The second derivative by differences of values or, too near to a kink for their long
        steps, by those of the first derivative, which was checked before."""
        with contextlib.redirect_stdout(io.StringIO()):
            second, error = second_and_error(self.function, self.args, self.place)
            if error > SECOND["rtol"] / 10:
                second = gradient_by_differences(self.gradient, self.args, self.place)
        return second

    def _second_order(self) -> None:
        check_second(
            self.function, self.args, self.place, first=self.gradient, expected=self.second
        )

    def _from_text(self) -> None:
        again = reread(self.function, self.args, self.place, self.gradient)
        assert_close(quietly(again, *fresh(self.args)), self.value, **EXACT)
        got = quietly(gs.grad(again, self.place, mode="reverse"), *fresh(self.args))
        assert_close(got, self.second, **SECOND)

    def _from_a_file(self) -> None:
        check_file(self.source, self.args, self.place, self.directory, self.value, self.second)


def outcome(program: Program, directory: Path) -> tuple[str, str]:
    """``right``, ``refused``, ``wrong`` or ``crashed``, and what is to be said of it.

    A check that is refused does not keep the others from being made.
    """
    kind, said = "right", ""
    for name, check in Derivatives(program, directory).checks():
        try:
            check()
        except gs.GradscribeError as error:
            kind, said = "refused", said or f"{name}: {error.message}"
        except AssertionError as error:
            kind = "crashed" if _in_the_compiler(error) else "wrong"
            return kind, f"{name}: {traceback.format_exc()}"
        except Exception:
            return "crashed", f"{name}: {traceback.format_exc()}"
    return kind, said


def _in_the_compiler(error: AssertionError) -> bool:
    """Whether it is one of the compiler's own assertions, which nothing wrong gets past."""
    where = traceback.extract_tb(error.__traceback__)[-1].filename
    return Path(gs.__file__).parent in Path(where).parents


def _without_names(message: str) -> str:
    """What messages of one kind have in common."""
    return re.sub(r"'.*?'|\b\w*\d+\b|<text …>(:…)*", "…", message)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "shard" in metafunc.fixturenames:
        count = metafunc.config.getoption("--programs")
        shards = [(k // SHARD, min(SHARD, count - k)) for k in range(0, count, SHARD)]
        metafunc.parametrize("shard", shards, ids=[f"{number}" for number, _ in shards])


def test_the_derivatives_of_a_program_agree_with_differences_and_each_other(
    shard: tuple[int, int],
    pytestconfig: pytest.Config,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    number, count = shard
    number += 100_003 * pytestconfig.getoption("--programs-seed")
    kinds: Counter[str] = Counter()
    failures = []
    for program in sample(PROGRAMS, count, number):
        kind, said = outcome(program, tmp_path)
        kinds.update(["programs", kind])
        if kind == "refused":
            kinds[f"refused, {_without_names(said)}"] += 1
        elif kind != "right":
            failures.append(f"{kind}\n{program!r}\n{said}")
    for kind, how_many in kinds.items():
        record_property(kind, how_many)
    if failures:
        # The shortest says most: nothing is shrunk, which could take longer than everything else.
        pytest.fail("\n\n".join(sorted(failures, key=len)), pytrace=False)
