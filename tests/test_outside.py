"""Functions of several modules: what each reads keeps the meaning it has where it was written."""

from __future__ import annotations

import sys
import textwrap
import warnings
from pathlib import Path
from typing import Any

import pytest

import gradscribe as gs
from oracles import assert_close, gradient_by_differences
from pipeline import FIRST, define

TOOLS = """
import enum
import math
import warnings
from math import sqrt as root


class Unit(str, enum.Enum):
    METER = "m"
    FOOT = "ft"


class Direction(enum.Enum):
    UP = 0.5
    DOWN = 0.25


class TooLarge(ValueError):
    pass


class K:
    T0 = 273.15
    TABLE = [1.0, 2.0, 3.0]


LIMIT = 10.0
FACTORS = {Unit.METER: 1.0, Unit.FOOT: 0.3048}


def guarded(x):
    if x > LIMIT:
        raise TooLarge(f"too large: {x}")
    if x < 0:
        warnings.warn("negative")
    return root(abs(x)) * K.T0 + math.sin(x) + K.TABLE[1] * x


def lookup(x, unit=Unit.FOOT):
    return K.TABLE[int(x)] * x**2 * FACTORS[unit]


def turned(x, direction):
    return x**3 if direction == Direction.UP else x**2 * Direction.DOWN.value


def attached(x):
    return attached.factor * x**2


attached.factor = 3.0
"""


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A package whose namesake function hides the module ``tools.tools``."""
    package = tmp_path / "tools"
    package.mkdir()
    (package / "tools.py").write_text(TOOLS + "\n\ndef tools(x):\n    return LIMIT * x**2\n")
    (package / "__init__.py").write_text("from tools.tools import *\n")
    (tmp_path / "plain.py").write_text(TOOLS)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("tools", "tools.tools", "plain"):
        sys.modules.pop(name, None)
    yield __import__("plain"), __import__("tools")
    for name in ("tools", "tools.tools", "plain"):
        sys.modules.pop(name, None)


PROGRAMS = {
    "a guard that raises and warns": "guarded(x) * x",
    "a table read by a computed place, and by a member of an enum": "lookup(x)",
    "a member of an enum passed": "lookup(x, Unit.METER)",
    "a member of an enum compared": "turned(x, Direction.DOWN)",
    "an attribute of a function": "attached(x)",
}


@pytest.mark.parametrize("which", [0, 1], ids=["module", "shadowed module"])
@pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_a_callee_of_another_module_reads_its_own_names(tools: Any, text: str, which: int) -> None:
    names = vars(tools[which])
    used = {n: names[n] for n in ("guarded", "lookup", "turned", "attached", "Unit", "Direction")}
    main = define(f"def main(x):\n    return {text}\n", **used)
    expected = gradient_by_differences(main, (1.3,))
    assert_close(gs.grad(main, mode="reverse")(1.3), expected, **FIRST)
    value, tangent = gs.jvp(main)((1.3,), (1.0,))
    assert value == main(1.3)
    assert_close(tangent, expected, **FIRST)


def test_the_exception_and_the_warning_are_those_of_the_callee(tools: Any) -> None:
    plain, _ = tools
    main = define("def main(x):\n    return guarded(x)\n", guarded=plain.guarded)
    gradient = gs.grad(main)
    with pytest.raises(plain.TooLarge, match="too large: 11"):
        gradient(11.0)
    with pytest.warns(UserWarning, match="negative"):
        gradient(-1.0)


def test_constants_of_a_callee_are_read_when_the_derivative_runs(tools: Any) -> None:
    plain, _ = tools
    main = define("def main(x):\n    return lookup(x)\n", lookup=plain.lookup)
    gradient = gs.grad(main)
    before = gradient(1.5)
    plain.K.TABLE[1] = 20.0
    assert_close(gradient(1.5), 10 * before)


def test_classes_of_one_name_in_two_modules_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, factor in (("first", 2.0), ("second", 5.0)):
        text = f"""
            import enum

            class Unit(enum.Enum):
                A = {factor}

            FACTORS = {{Unit.A: {factor}}}

            def scaled(x, unit=Unit.A):
                return FACTORS[unit] * x**2
            """
        (tmp_path / f"{name}_units.py").write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(tmp_path)
    import first_units  # type: ignore[import-not-found]
    import second_units  # type: ignore[import-not-found]

    main = define(
        "def main(x):\n    return one(x) + two(x)\n",
        one=first_units.scaled,
        two=second_units.scaled,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_close(gs.grad(main)(3.0), 2 * 7.0 * 3.0)
