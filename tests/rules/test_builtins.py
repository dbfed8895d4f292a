"""Python's operators and builtins on numbers: types, derivatives, special values."""

from __future__ import annotations

import numpy as np
import pytest
from table import Row, adjoint_by_rules, assert_type, check_fact, check_rules, draw, row

ROWS: list[Row] = [
    *(
        row(f"operator.{name}(a, b)", a=a, b=b)
        for name in ("add", "sub", "mul", "truediv", "mod", "pow")
        for a, b in [
            (1.7, 0.6),
            (draw(3, low=0.4), draw(3, low=0.5)),
            (draw(3, low=0.4), 1.3),
            (1.3, draw(3, low=0.4)),
            (draw(2, 1, low=0.4), draw(3, low=0.5)),
            (draw(0), draw(1, low=0.5)),
        ]
    ),
    row("operator.pow(a, n)", a=draw(4), n=3),
    row("operator.pow(a, n)", a=draw(4), n=np.array([0, 1, 2, 3])),
    row("operator.pow(a, -2)", a=draw(4)),
    row("operator.pow(2, b)", b=1.3),
    row("operator.pow(2, b)", b=draw(4)),
    row("operator.neg(a)", a=draw(4)),
    row("operator.pos(a)", a=1.3),
    row("pow(base, exp)", base=1.3, exp=0.7),
    row("pow(base, 3)", base=-1.3),
    row("abs(x)", x=-1.3),
    row("abs(x)", x=draw(4)),
    row("abs(x)", x=np.float64(1.3)),
    row("float(x)", x=1.3),
    row("float(x)", x=np.float64(1.3)),
    row("divmod(x1, x2)", x1=7.3, x2=-2.1),
    row("divmod(x1, x2)", x1=draw(4) * 4, x2=2.1),
    row("max(a, b)", a=1.3, b=0.7),
    row("max(a, b)", a=0.3, b=0.7),
    row("min(a, b)", a=1.3, b=0.7),
    row("min(a, b)", a=0.3, b=0.7),
    *(
        row(f"{name}(a, b, c)", a=a, b=b, c=c)
        for name in ("max", "min")
        for a, b, c in [(1.0, 2.0, 3.0), (3.0, 1.0, 2.0), (2.0, 3.0, 1.0)]
    ),
    row("max(a, b, c, d)", a=1.0, b=2.0, c=3.0, d=4.0),
    row("min(a, b, c, d)", a=1.0, b=2.0, c=3.0, d=0.4),
    row("max(xs)", xs=draw(5)),
    row("min(xs)", xs=[2.5, 1.5, 3.5]),
    row("sum(xs)", xs=[2.5, 1.5, 3.5]),
    row("sum(xs)", xs=draw(3)),
    row("sum(xs)", xs=draw(3, 2)),
    row("sum(xs, start)", xs=draw(3), start=1.5),
    row("sum(xs, start)", xs=(1.5, 2.5), start=1.5),
    row("sorted(xs)", xs=[2.5, 1.5, 3.5]),
    row("sorted(xs)", xs=draw(5)),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rules_give_what_differences_give(row: Row) -> None:
    check_rules(row)


NUMBERS = [1.5, 2, True, np.float64(2), np.float32(2), np.int64(2), np.array([1.0, 2.0], "f4")]


@pytest.mark.parametrize("x", NUMBERS, ids=repr)
@pytest.mark.parametrize(
    "call", ["abs(x)", "float(x)", "int(x)", "bool(x)", "round(x)", "round(x, 1)", "divmod(x, 2)"]
)
def test_facts_of_conversions_hold_for_every_kind_of_number(call: str, x: object) -> None:
    if isinstance(x, np.ndarray) and call not in ("abs(x)", "divmod(x, 2)"):
        return
    check_fact(row(call, x=x))


@pytest.mark.parametrize(
    ("call", "xs"),
    [
        ("sum(xs)", [1.5, 2.5]),
        ("sum(xs)", (1, 2)),
        ("sum(xs)", np.array([1.0, 2.0], "f4")),
        ("sum(xs)", [np.float32(1.0)]),
        ("sum(xs, 0.5)", (1, 2)),
        ("sum(xs)", draw(3, 2)),
        ("max(xs)", [1.5, 2.5]),
        ("max(xs)", (1, 2)),
        ("max(xs)", np.array([1.0, 2.0], "f4")),
        ("any(xs)", [1.5, 2.5]),
        ("all(xs)", draw(3)),
    ],
)
def test_facts_of_folds_hold(call: str, xs: object) -> None:
    check_fact(row(call, xs=xs))


@pytest.mark.parametrize(
    ("call", "name", "values", "expected"),
    [
        ("abs(x)", "x", {"x": 0.0}, 0.0),
        ("abs(x)", "x", {"x": np.array(0.0)}, 0.0),
        ("max(a, b)", "a", {"a": 1.0, "b": 1.0}, 1.0),
        ("max(a, b)", "b", {"a": 1.0, "b": 1.0}, 0.0),
        ("min(a, b, c)", "b", {"a": 2.0, "b": 1.0, "c": 1.0}, 1.0),
        ("min(a, b, c)", "c", {"a": 2.0, "b": 1.0, "c": 1.0}, 0.0),
        ("operator.pow(a, b)", "a", {"a": 0.0, "b": 0.0}, 0.0),
        ("operator.pow(a, b)", "a", {"a": 0.0, "b": 0}, 0.0),
        ("operator.pow(a, b)", "a", {"a": 0.0, "b": 1}, 1.0),
        ("operator.pow(a, b)", "b", {"a": 0.0, "b": 2.0}, 0.0),
        ("operator.pow(a, b)", "b", {"a": np.zeros(1), "b": np.ones(1)}, 0.0),
        ("operator.pow(a, b)", "a", {"a": np.zeros(1), "b": np.zeros(1)}, 0.0),
    ],
)
def test_special_values(call: str, name: str, values: dict, expected: float) -> None:
    assert adjoint_by_rules(row(call, **values), name, 1.0) == expected


def test_a_type_check_notices_a_wrong_type() -> None:
    from gradscribe.ir.types import PY_FLOAT

    with pytest.raises(AssertionError):
        assert_type(PY_FLOAT, 1, "a row")
