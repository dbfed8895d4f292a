"""The variables that values get: the user's names, and made-up ones that step aside in order."""

from __future__ import annotations

import operator

import numpy as np

import gradscribe.rules  # noqa: F401 (loading them declares every primitive)
from gradscribe.emit.module import text_of
from gradscribe.frontend.lower import lower_function
from gradscribe.ir.core import Function, Op, Parameter, Region, Value
from gradscribe.ir.primitives import of
from gradscribe.ir.types import PY_FLOAT, PY_INT
from gradscribe.passes.clean import clean


def names_of(*hints: str) -> str:
    """The text of a function with one value per hint, all alive at the end."""
    x = Value("x", PY_FLOAT, named=True)
    region = Region([x])
    values = [Value(hint, PY_FLOAT) for hint in hints]
    for value in values:
        region.ops.append(Op(of(np.sin), (x,), (value,)))
    for _ in range(2):  # what is read twice keeps a name
        for value in values:
            made = Value("", PY_FLOAT)
            region.ops.append(Op(of(operator.mul), (x, value), (made,)))
            x = made
    region.yields = [x]
    return text_of(Function("f", [Parameter("x")], region))


def test_values_alive_together_get_numbers_in_order() -> None:
    text = names_of("e", "e", "e")
    assert [line.split(" = ")[0].strip() for line in text.splitlines() if " = np.sin" in line] == [
        "e",
        "e_1",
        "e_2",
    ]


def test_names_are_the_same_every_time() -> None:
    assert len({names_of("e", "e", "c", "e", "x") for _ in range(5)}) == 1


def test_a_name_of_the_users_is_kept_and_a_made_up_one_steps_aside() -> None:
    def f(e, n):
        for i in range(n):
            e = np.exp(e) * np.exp(e)
        return e

    text = text_of(clean(lower_function(f, (PY_FLOAT, PY_INT))))
    assert "def f(e, n):" in text
    assert text.endswith("return e\n")


def test_names_that_are_python_keywords_are_not_used() -> None:
    assert "lambda =" not in names_of("lambda")
    assert "lambda_1 = np.sin(x)" in names_of("lambda")
