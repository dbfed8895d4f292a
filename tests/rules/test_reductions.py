"""NumPy's reductions, moments and orderings: types, derivatives, special values."""

from __future__ import annotations

import numpy as np
import pytest
from table import Row, adjoint_by_rules, check_fact, check_rules, draw, row

AXES = ["", ", axis=0", ", axis=-1", ", axis=1, keepdims=True", ", keepdims=True", ", axis=(0, 1)"]
REDUCTIONS = [
    "np.sum", "np.mean", "np.prod", "np.max", "np.min", "np.amax", "np.amin", "np.ptp",
    "np.var", "np.std", "np.median",
    "np.nansum", "np.nanmean", "np.nanprod", "np.nanmax", "np.nanmin", "np.nanvar", "np.nanstd",
]  # fmt: skip
PLACES = ["np.argmax", "np.argmin", "np.any", "np.all", "np.count_nonzero", "np.nanargmax"]
NO_TUPLE = {"np.median", "np.argmax", "np.argmin", "np.nanargmax"}


def holed(*shape: int) -> np.ndarray:
    """Numbers of which some are missing."""
    x = draw(*shape)
    x.flat[::5] = np.nan
    return x


ROWS: list[Row] = [
    *(
        row(f"{name}(x{axis})", x=draw(3, 4))
        for name in REDUCTIONS
        for axis in AXES
        if not (name in NO_TUPLE and "(" in axis)
    ),
    *(row(f"{name}(x)", x=draw(5)) for name in REDUCTIONS),
    *(row(f"{name}(x, axis=1)", x=draw(2, 3, 2)) for name in REDUCTIONS),
    *(
        row(f"{name}(x)", x=draw(1))
        for name in REDUCTIONS
        if name not in ("np.std", "np.nanstd", "np.ptp")
    ),
    *(
        row(f"{name}(x)", x=draw())
        for name in REDUCTIONS
        if name not in ("np.std", "np.nanstd", "np.ptp") and not name.startswith("np.nan")
    ),
    *(row(f"{name}(x{axis})", x=draw(0, 3)) for name in ("np.sum", "np.prod") for axis in AXES[:4]),
    *(
        row(f"{name}(x{axis})", x=holed(3, 4))
        for name in REDUCTIONS
        if name.startswith("np.nan")
        for axis in AXES[:5]
    ),
    row("np.var(x, ddof=1)", x=draw(5)),
    row("np.std(x, axis=0, ddof=1)", x=draw(5, 2)),
    row("np.sum(x, axis=0, dtype=np.float64)", x=draw(3, 2)),
    row("np.mean(x, dtype=np.float64)", x=draw(3, 2)),
    *(
        row(f"{name}(x{axis})", x=draw(*shape))
        for name in ("np.cumsum", "np.cumprod", "np.sort", "np.nancumsum")
        for axis, shape in [
            ("", (5,)), (", axis=0", (3, 2)), (", axis=1", (3, 2)), (", axis=-1", (2, 2, 3)),
            (", axis=None", (3, 2)), ("", (1,)), (", axis=0", (0, 2)),
        ]
    ),
    row("np.nancumsum(x, 0)", x=holed(3, 4)),
    row("np.prod(x)", x=np.array([1.5, 0.0, -2.0])),
    row("np.prod(x)", x=np.array([1.5, 0.0, -2.0, 0.0])),
    row("np.prod(x, axis=1)", x=np.array([[0.0, 0.0, 2.0], [1.0, 0.0, 3.0]])),
    row("np.cumprod(x)", x=np.array([1.5, 0.0, -2.0, 0.0, 1.0])),
    row("np.average(x, axis=0)", x=draw(3, 4)),
    row("np.average(x, weights=w)", x=draw(5), w=draw(5, low=0.5)),
    row("np.average(x, axis=1, weights=w)", x=draw(2, 3), w=draw(3, low=0.5)),
    row("np.average(x, axis=-2, weights=w)", x=draw(2, 3, 2), w=draw(3, low=0.5)),
    row("np.average(x, axis=0, weights=w)", x=draw(2, 3), w=draw(2, 3, low=0.5)),
    row("np.average(x, axis=0, weights=w, keepdims=True)", x=draw(2, 3), w=draw(2, low=0.5)),
    row("np.trapezoid(f)", f=draw(5)),
    row("np.trapezoid(f, dx=h)", f=draw(5), h=0.3),
    row("np.trapezoid(f, axis=0)", f=draw(3, 4)),
    row("np.trapezoid(f, x)", f=draw(5), x=np.sort(draw(5))),
    row("np.trapezoid(f, x, axis=0)", f=draw(5, 2), x=np.sort(draw(5))),
    row("np.trapezoid(f, x, axis=0)", f=draw(4, 2), x=np.sort(draw(4, 2), axis=0)),
    row("np.quantile(x, 0.3)", x=draw(7)),
    row("np.quantile(x, 0.5, axis=0)", x=draw(4, 3)),
    row("np.quantile(x, 1.0)", x=draw(7)),
    row("np.percentile(x, 20, axis=1, keepdims=True)", x=draw(3, 4)),
    row("np.interp(x, xp, fp)", x=draw(9), xp=np.array([-1.5, 0.1, 1.0]), fp=draw(3)),
    row("np.interp(x, xp, fp)", x=draw(2, 3), xp=np.array([-1.5, 0.1, 1.0]), fp=draw(3)),
    row("np.interp(x, xp, fp)", x=0.3, xp=np.array([-1.5, 0.1, 1.0]), fp=draw(3)),
    row(
        "np.interp(x, xp, fp, left=a, right=b)",
        x=draw(9), xp=np.array([-1.5, 0.1, 1.0]), fp=draw(3), a=3.0, b=4.0,
    ),
    row("np.bincount(x, weights=w)", x=np.array([0, 2, 2, 1]), w=draw(4)),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rules_give_what_differences_give(row: Row) -> None:
    check_rules(row)


OPERANDS = [
    draw(3, 4), draw(3, 4, dtype=np.float32), draw(3, 4, dtype=np.float16),
    np.arange(12).reshape(3, 4), np.arange(12, dtype=np.int32).reshape(3, 4),
    np.arange(12, dtype=np.uint8).reshape(3, 4), np.arange(12).reshape(3, 4) % 2 == 0,
    draw(3, 1), draw(1, 1),
]  # fmt: skip


@pytest.mark.parametrize("name", [*REDUCTIONS, *PLACES])
@pytest.mark.parametrize("known_dims", [True, False])
def test_facts_of_reductions_hold(name: str, known_dims: bool) -> None:
    for x in OPERANDS:
        if name == "np.ptp" and x.dtype == bool:
            continue  # NumPy refuses
        for axis in AXES:
            if name in NO_TUPLE and name != "np.median" and "(" in axis:
                continue
            check_fact(row(f"{name}(x{axis})", x=x), known_dims)
    for scalar in (1.5, 2, np.float32(1.5), np.array(1.5)):
        if not name.startswith("np.nanarg"):
            check_fact(row(f"{name}(x)", x=scalar), known_dims)


@pytest.mark.parametrize(
    "call",
    [
        "np.cumsum(x)", "np.cumprod(x, 0)", "np.nancumsum(x, axis=1)", "np.sort(x)",
        "np.argsort(x, axis=0)", "np.sort(x, axis=None)", "np.sum(x, dtype=np.float32)",
        "np.mean(x, axis=0, dtype=np.float32)", "np.average(x, axis=0)", "np.trapezoid(x)",
        "np.trapezoid(x, axis=0)", "np.quantile(x, 0.5)", "np.quantile(x, [0.5, 0.2], axis=0)",
        "np.percentile(x, 50, axis=1, keepdims=True)", "np.interp(x, [0.0, 1.0], [1.0, 2.0])",
        "np.searchsorted([0.0, 1.0], x)", "np.partition(x, 1)", "np.argpartition(x, 1, axis=0)",
        "np.lexsort((x[0], x[-1]))", "np.isin(x, [0.5])", "np.flatnonzero(x)", "np.unique(x)",
        "np.digitize(x, [0.0, 1.0])", "np.var(x, ddof=1)",
    ],
)  # fmt: skip
@pytest.mark.parametrize("known_dims", [True, False])
def test_facts_of_other_functions_hold(call: str, known_dims: bool) -> None:
    for x in OPERANDS[:6]:
        if x.shape[-1] > 1:
            check_fact(row(call, x=x), known_dims)


@pytest.mark.parametrize(
    ("call", "x", "expected"),
    [
        ("np.max(x)", [1.0, 3.0, 3.0], [0.0, 0.5, 0.5]),
        ("np.min(x)", [1.0, 1.0, 3.0], [0.5, 0.5, 0.0]),
        ("np.median(x)", [2.0, 2.0, 2.0], [1 / 3, 1 / 3, 1 / 3]),
        ("np.ptp(x)", [1.0, 2.0, 3.0], [-1.0, 0.0, 1.0]),
        ("np.var(x)", [2.0, 2.0], [0.0, 0.0]),
        ("np.prod(x)", [0.0, 0.0, 5.0], [0.0, 0.0, 0.0]),
        ("np.prod(x)", [0.0, 3.0, 5.0], [15.0, 0.0, 0.0]),
        ("np.nanmax(x)", [np.nan, 3.0, 1.0], [0.0, 1.0, 0.0]),
    ],
)
def test_special_values(call: str, x: list, expected: list) -> None:
    made = row(call, x=np.array(x))
    np.testing.assert_array_equal(adjoint_by_rules(made, "x", 1.0), expected)


def test_the_standard_deviation_of_equal_entries_has_the_least_subgradient() -> None:
    made = row("np.std(x)", x=np.array([2.0, 2.0]))
    assert np.array_equal(adjoint_by_rules(made, "x", 1.0), [0.0, 0.0])


def test_products_of_others_are_exact_to_fourth_order() -> None:
    x = np.array([[0.0, 1.5, 0.0], [2.0, -1.0, 0.5]])
    u, v, w = (draw(2, 3, low=low) for low in (-1, 0, 1))
    for axis in (None, 0, 1, (0, 1)):
        names = {"x": x, "axis": axis, "u": u, "v": v}
        check_rules(row("products_of_others(x, axis)", x=x, axis=axis))
        check_rules(row("products_of_others(x, axis, u)", x=x, axis=axis, u=u))
        check_rules(row("products_of_others(x, axis, u, v)", **names))
    whole = row("products_of_others(x, None, u, v, w)", x=x, u=u, v=v, w=w)
    y_bar = draw(2, 3)
    u_bar = adjoint_by_rules(whole, "u", y_bar)
    w_bar = adjoint_by_rules(whole, "w", y_bar)
    assert np.isclose(np.sum(u_bar * u), np.sum(w_bar * w))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("name", ["recurrence", "recurrence_back"])
def test_recurrences_are_differentiable_again(name: str, axis: int) -> None:
    check_rules(row(f"{name}(a, b, {axis})", a=draw(4, 3), b=draw(4, 3)))
    check_rules(row(f"{name}(a, b, {axis})", a=draw(1, 1), b=draw(1, 1)))


@pytest.mark.parametrize("by", [1, -1])
def test_shifting_is_differentiable_again(by: int) -> None:
    check_rules(row(f"shift(x, {by}, 0)", x=draw(4, 3)))
    check_rules(row(f"shift(x, {by}, 1, 1)", x=draw(4, 3)))
    check_rules(row(f"shift(x, {by}, 0)", x=draw(0, 3)))
