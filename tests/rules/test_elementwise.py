"""NumPy's functions of one entry at a time: types, derivatives, special values."""

from __future__ import annotations

import numpy as np
import pytest
from table import (
    TABLE,
    Row,
    adjoint_by_rules,
    check_fact,
    check_rules,
    draw,
    evaluate,
    primitive_call,
    row,
)

from gradscribe.ir.special import sinc_derivative

# name, and an interval on which the function is smooth
UNARY = {
    "np.exp": (-2, 2), "np.exp2": (-2, 2), "np.expm1": (-2, 2),
    "np.log": (0.2, 3), "np.log2": (0.2, 3), "np.log10": (0.2, 3), "np.log1p": (-0.8, 2),
    "np.sqrt": (0.2, 3), "np.cbrt": (0.2, 3), "np.square": (-2, 2), "np.reciprocal": (0.4, 2),
    "np.negative": (-2, 2), "np.positive": (-2, 2), "np.conjugate": (-2, 2),
    "np.fabs": (0.2, 2), "np.abs": (-2, -0.2),
    "np.sin": (-2, 2), "np.cos": (-2, 2), "np.tan": (-1, 1),
    "np.arcsin": (-0.8, 0.8), "np.arccos": (-0.8, 0.8), "np.arctan": (-2, 2),
    "np.sinh": (-2, 2), "np.cosh": (-2, 2), "np.tanh": (-2, 2),
    "np.arcsinh": (-2, 2), "np.arccosh": (1.4, 3), "np.arctanh": (-0.8, 0.8),
    "np.deg2rad": (-2, 2), "np.rad2deg": (-2, 2), "np.radians": (-2, 2), "np.degrees": (-2, 2),
    "np.nan_to_num": (-2, 2), "np.sinc": (-3, 3), "np.float64": (-2, 2),
}  # fmt: skip

BINARY = {
    "np.add": (-2, 2), "np.subtract": (-2, 2), "np.multiply": (-2, 2), "np.divide": (0.5, 2),
    "np.power": (0.4, 2), "np.float_power": (0.4, 2),
    "np.remainder": (0.5, 3), "np.fmod": (0.5, 3),
    "np.maximum": (-2, 2), "np.minimum": (-2, 2), "np.fmax": (-2, 2), "np.fmin": (-2, 2),
    "np.hypot": (-2, 2), "np.arctan2": (0.2, 2),
    "np.logaddexp": (-2, 2), "np.logaddexp2": (-2, 2), "np.copysign": (0.2, 2),
}  # fmt: skip

CONSTANT_UNARY = [
    "np.sign", "np.rint", "np.floor", "np.ceil", "np.trunc", "np.fix", "np.round", "np.spacing",
    "np.signbit", "np.isnan", "np.isinf", "np.isfinite", "np.isposinf", "np.isneginf",
    "np.isreal", "np.iscomplex", "np.isscalar", "np.isrealobj", "np.iscomplexobj",
    "np.logical_not", "np.bool_", "np.int64", "np.float32", "np.float64", "np.float16",
]  # fmt: skip

CONSTANT_BINARY = [
    "np.less", "np.less_equal", "np.greater", "np.greater_equal", "np.equal", "np.not_equal",
    "np.logical_and", "np.logical_or", "np.logical_xor", "np.heaviside", "np.floor_divide",
    "np.nextafter", "np.isclose", "np.allclose", "np.array_equal",
]  # fmt: skip

SHAPES = [(), (3,), (2, 3), (0,), (1,), (2, 0)]
PAIRS = [((), ()), ((3,), (3,)), ((), (2,)), ((3,), ()), ((2, 1), (3,)), ((1,), (4,)), ((0,), (1,))]

ROWS: list[Row] = [
    *(
        row(f"{name}(x)", x=draw(*shape, low=low, high=high))
        for name, (low, high) in UNARY.items()
        for shape in SHAPES
    ),
    *(
        row(
            f"{name}(x1, x2)",
            x1=draw(*a, low=low, high=high),
            x2=draw(*b, low=low, high=high) * 1.1,
        )
        for name, (low, high) in BINARY.items()
        for a, b in PAIRS
    ),
    row("np.where(c, a, b)", c=np.array([True, False, True]), a=draw(3), b=draw(3)),
    row("np.where(c, a, b)", c=np.array([[True], [False]]), a=draw(3), b=draw()),
    row("np.where(c, a, b)", c=True, a=draw(), b=draw()),
    row("np.clip(x, a_min, a_max)", x=draw(7), a_min=-1.03, a_max=1.04),
    row("np.clip(x, a_min, a_max)", x=draw(7), a_min=draw(7) / 5 - 1, a_max=draw(1) / 5 + 1),
    row("np.clip(x, a_min, a_max)", x=draw(7), a_min=0.91, a_max=-0.93),
    row("np.clip(x, None, a_max)", x=draw(7), a_max=1.04),
    row("np.clip(x, a_min, None)", x=draw(7), a_min=-1.04),
    row("np.clip(x, -1, 1)", x=draw(7)),
    row("np.power(x, n)", x=draw(5), n=3),
    row("np.power(x, n)", x=draw(5), n=np.array([3, 2, 1, 0, 2])),
    row("np.ldexp(x1, x2)", x1=draw(3), x2=np.array([2, -1, 0])),
    row("np.ldexp(x1, x2)", x1=draw(), x2=3),
    row("np.modf(x)", x=draw(4)),
    row("np.frexp(x)", x=draw(4) + 5),
    row("np.unwrap(x)", x=np.array([0.1, 3.0, -3.0, 1.0, 4.5])),
    row("np.divmod(x1, x2)", x1=draw(4) * 3 + 0.1, x2=draw(1, low=1.2)),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_rules_give_what_differences_give(row: Row) -> None:
    check_rules(row)


DTYPES = [np.float64, np.float32, np.float16, np.int64, np.int32, np.uint8, np.bool_]


def _typed(dtype: type) -> list:
    return [
        np.array([1, 2, 0], dtype), np.array([[1], [2]], dtype), np.array([1], dtype),
        np.array(1, dtype), dtype(1), np.zeros((0, 3), dtype),
    ]  # fmt: skip


OPERANDS = [1.0, 2, True, *(value for dtype in DTYPES for value in _typed(dtype))]


def _holds(made: Row) -> None:
    with np.errstate(all="ignore"):
        try:
            evaluate(made)
        except (TypeError, ValueError):
            return  # NumPy has no such operation, or shapes that do not meet
        check_fact(made)
        check_fact(made, known_dims=False)


@pytest.mark.parametrize("name", [*UNARY, *CONSTANT_UNARY, "np.modf", "np.frexp"])
def test_facts_of_one_argument_hold_for_every_kind_of_operand(name: str) -> None:
    for x in OPERANDS:
        _holds(row(f"{name}(x)", x=x))


@pytest.mark.parametrize("name", [*BINARY, *CONSTANT_BINARY, "np.divmod"])
def test_facts_of_two_arguments_hold_for_every_pair_of_operands(name: str) -> None:
    lefts = [1.0, 2, True, *_typed(np.float32), *_typed(np.float64)[:3], *_typed(np.int64)[:3]]
    for x1 in lefts:
        for x2 in OPERANDS:
            if np.shape(x1)[-1:] != (0,) and np.shape(x2)[:1] != (0,):
                try:
                    np.broadcast_shapes(np.shape(x1), np.shape(x2))
                except ValueError:
                    continue
                _holds(row(f"{name}(x1, x2)", x1=x1, x2=np.copy(x2)[()] if x2 is x1 else x2))


@pytest.mark.parametrize("x", OPERANDS, ids=str)
def test_facts_of_functions_with_more_arguments_hold(x: object) -> None:
    _holds(row("np.where(c, x, 0)", c=True, x=x))
    _holds(row("np.where(c, x, 0.5)", c=np.array([[True], [False]]), x=x))
    _holds(row("np.clip(x, 0, 1)", x=x))
    _holds(row("np.clip(x, 0.5, None)", x=x))
    _holds(row("np.clip(x, b, None)", x=x, b=np.zeros(1)))
    _holds(row("np.round(x, 2)", x=x))


SPECIAL = {
    "an exponent of 0 at 0": ("np.power(x1, x2)", "x1", [0.0], [0.0], [0.0]),
    "an integer exponent of 0 at 0": ("np.power(x1, x2)", "x1", 0.0, 0, 0.0),
    "an exponent of 1 at 0": ("np.power(x1, x2)", "x1", [0.0], [1.0], [1.0]),
    "the exponent where the base is 0": ("np.power(x1, x2)", "x2", [0.0], [0.5], [0.0]),
    "an equal pair": ("np.maximum(x1, x2)", "x1", [1.0], [1.0], [0.5]),
    "an equal pair, seen from the other": ("np.minimum(x1, x2)", "x2", [1.0], [1.0], [0.5]),
    "the smaller one": ("np.maximum(x1, x2)", "x1", [0.0], [np.inf], [0.0]),
    "two infinities": ("np.maximum(x1, x2)", "x1", [-np.inf], [-np.inf], [0.5]),
    "the one that is a number": ("np.fmax(x1, x2)", "x1", [1.0], [np.nan], [1.0]),
    "the one that is not": ("np.fmin(x1, x2)", "x2", [1.0], [np.nan], [0.0]),
    "the origin": ("np.hypot(x1, x2)", "x1", [0.0], [0.0], [0.0]),
    "a product with -inf": ("np.logaddexp(x1, x2)", "x1", [-np.inf], [1.0], [0.0]),
    "a quotient that rounds": ("np.fmod(x1, x2)", "x2", [0.9999999999999999 * 3], [1.0], [-2.0]),
}  # fmt: skip


@pytest.mark.parametrize("case", SPECIAL.values(), ids=SPECIAL)
def test_special_values_are_as_documented_and_raise_no_warning(case: tuple) -> None:
    call, name, x1, x2, expected = case
    x1, x2 = (np.array(x) if isinstance(x, list) else x for x in (x1, x2))
    made = row(call, x1=x1, x2=x2)
    y_bar = np.ones(np.shape(expected))
    np.testing.assert_array_equal(adjoint_by_rules(made, name, y_bar), expected)


@pytest.mark.parametrize(
    ("call", "x", "expected"),
    [
        ("np.abs(x)", 0.0, 0.0),
        ("np.fabs(x)", 0.0, 0.0),
        ("np.copysign(x, -1.0)", 0.0, 0.0),
        ("np.nan_to_num(x)", np.nan, 0.0),
        ("np.nan_to_num(x)", -np.inf, 0.0),
        ("np.clip(x, 0, 1)", 0.0, 1.0),
        ("np.clip(x, 0, 1)", 2.0, 0.0),
        ("np.sign(x)", 0.0, None),
    ],
)
def test_kinks_have_the_documented_subgradient(call: str, x: float, expected: float | None) -> None:
    made = row(call, x=np.array([x]))
    if expected is None:
        assert TABLE[primitive_call(made)[0].function].constant
    else:
        assert adjoint_by_rules(made, "x", np.ones(1)) == expected


@pytest.mark.parametrize(
    "call", ["np.maximum(x1, x2)", "np.minimum(x1, x2)", "np.where(c, x1, x2)"]
)
def test_an_infinite_cotangent_of_what_is_not_taken_leaves_zero(call: str) -> None:
    taken = call.startswith("np.max")
    made = row(call, x1=np.array([1.0]), x2=np.array([2.0]), c=np.array([True]))
    lost = "x1" if taken else "x2"
    assert adjoint_by_rules(made, lost, np.array([np.inf])) == 0.0


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_single_precision_stays_single(name: str) -> None:
    low, high = (UNARY | BINARY)[name]
    if name in ("np.float64", "np.float_power"):
        return
    x = draw(3, low=low, high=high, dtype=np.float32)
    made = row(f"{name}(x)", x=x) if name in UNARY else row(f"{name}(x1, x2)", x1=x, x2=x + 1)
    prim, bound = primitive_call(made)
    y = evaluate(made)
    for rule in TABLE[prim.function].partials.values():
        names = rule.__code__.co_varnames[
            : rule.__code__.co_argcount + rule.__code__.co_kwonlyargcount
        ]
        factor = rule(**{n: (bound | {"y": y})[n] for n in names})
        assert (factor * y).dtype == np.float32


@pytest.mark.parametrize("n", range(5))
def test_derivatives_of_sinc_are_exact_near_zero_and_far_from_it(n: int) -> None:
    check_rules(row(f"sinc_derivative({n}, x)", x=draw(9, low=-3, high=3), rtol=1e-6))
    at_zero = 0.0 if n % 2 else (-1) ** (n // 2) * np.pi**n / (n + 1)
    near = sinc_derivative(n, np.array([0.0, 1e-9, -1e-9]))
    np.testing.assert_allclose(near, at_zero, atol=1e-6)
    edge = (n + 2) / np.pi
    below, above = sinc_derivative(n, np.array([edge - 1e-12, edge + 1e-12]))
    assert np.isclose(below, above, rtol=1e-9)
