"""Making arrays: types and derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from table import NAMES, Row, check_fact, check_rules, draw, row

from gradscribe.ir.facts import methods

NAMES |= {"methods": methods}

ROWS: list[Row] = [
    *(
        row(f"{name}(x)", x=x)
        for name in ("np.array", "np.asarray", "np.ascontiguousarray", "np.copy")
        for x in (draw(), draw(3), draw(2, 3), draw(0), draw(2, dtype=np.float32), np.float64(0.3),
                  np.float32(0.3), [0.1, 0.2, 0.3], (0.1, draw(1)[0]), [[0.1, 0.2], [0.3, 0.4]],
                  [draw(3), draw(3)])
    ),
    row("np.array(x, dtype=float)", x=draw(3)),
    row("np.full(3, x)", x=draw()),
    row("np.full((2, 3), x)", x=draw()),
    row("np.full((2, 3), x)", x=draw(3)),
    row("np.full((), x)", x=np.float32(0.3)),
    row("np.full(0, x)", x=draw()),
    row("np.full_like(np.zeros((2, 3)), x)", x=draw()),
    row("np.linspace(a, b)", a=draw(), b=draw()),
    row("np.linspace(a, b, 5)", a=draw(), b=2.0),
    row("np.linspace(a, b, 1)", a=draw(), b=2.0),
    row("np.linspace(a, b, 0)", a=draw(), b=2.0),
    row("np.linspace(a, b, num=4, endpoint=False)", a=draw(), b=2.0),
    row("np.linspace(a, b, 4)", a=draw(2), b=draw(3, 2)),
    row("np.linspace(a, b, 4)", a=np.float32(0.5), b=np.float32(2)),
    row("np.arange(a, 3.05, b)", a=0.3, b=0.5),
    row("np.logspace(a, b, 5)", a=draw(), b=0.9),
    row("np.logspace(a, b, 5, False, 2.0)", a=draw(), b=0.9),
    row("np.logspace(a, b, 3)", a=draw(2), b=0.9),
    row("np.geomspace(a, b, 5)", a=0.7, b=3.0),
    row("np.geomspace(a, b, 4, endpoint=False)", a=0.7, b=3.0),
    row("np.ndarray.copy(x)", x=draw(2, 3)),
    row("np.ndarray.astype(x, float)", x=draw(2, 3)),
    row("np.ndarray.item(x)", x=draw(1, 1)),
    row("np.ndarray.item(x)", x=draw(1, dtype=np.float32)),
    *(
        row(f"methods.attribute_{name}(x)", x=x)
        for name in ("T", "real")
        for x in (draw(2, 3), draw(3), draw(0, 2), draw(2, 3, 4), np.float64(0.3))
    ),
    row("methods.attribute_mT(x)", x=draw(2, 3, 4)),
]  # fmt: skip

# Too coarse for differences, and lists.
CONVERSIONS = [
    row("np.array(x, np.float32)", x=draw(3)),
    row("np.ndarray.astype(x, np.float32)", x=draw(2, 3)),
    row("np.ndarray.tolist(x)", x=draw(2, 3)),
]

CONSTANT = [
    "np.zeros(3)", "np.zeros((2, 3))", "np.ones(())", "np.ones((2,), dtype=np.float32)",
    "np.zeros(2, int)",
    "np.eye(3)", "np.eye(2, 3)", "np.eye(2, dtype=int)", "np.identity(2)", "np.tri(3)",
    "np.indices((2, 3))", "np.full(3, 2)", "np.full((2, 2), 0.5)",
    "np.arange(3)", "np.arange(3.0)", "np.arange(1, 7, 2)", "np.arange(0, 1, 0.3)", "np.arange(0)",
    "np.arange(5, 0, -1)", "np.arange(3, dtype=float)",
]  # fmt: skip

LIKE = [
    "np.zeros_like(x)", "np.ones_like(x)", "np.zeros_like(x, int)", "np.zeros_like(x, dtype=bool)",
    "np.shape(x)", "np.ndim(x)", "np.size(x)", "methods.attribute_shape(x)",
    "methods.attribute_size(x)", "methods.attribute_ndim(x)", "methods.attribute_imag(x)",
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_rules_agree_with_differences_in_both_modes(row: Row) -> None:
    check_rules(row)


@pytest.mark.parametrize("row", ROWS + CONVERSIONS, ids=str)
def test_the_type_is_that_of_the_result(row: Row) -> None:
    check_fact(row)
    if "tolist" not in row.call:  # how deep the lists are is not known then
        check_fact(row, known_dims=False)


@pytest.mark.parametrize("call", CONSTANT)
def test_the_type_of_a_new_array_is_exact(call: str) -> None:
    check_fact(row(call))


@pytest.mark.parametrize("x", [draw(2, 3), draw(0), np.float64(1.0)], ids=["2x3", "0", "scalar"])
@pytest.mark.parametrize("call", LIKE)
def test_the_type_of_what_depends_on_the_shape_alone(call: str, x: np.ndarray) -> None:
    check_fact(row(call, x=x))
