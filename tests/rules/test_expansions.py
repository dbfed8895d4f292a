"""What a helper is written out as computes what the helper computes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from table import draw

from gradscribe.ir import transposes
from gradscribe.ir.abstraction import type_of
from gradscribe.ir.core import Const, Value
from gradscribe.ir.expansions import BODY, EXPANSIONS, refined
from gradscribe.ir.primitives import BY_FUNCTION, of
from gradscribe.ir.types import FLOAT, Array, Scalar, Sequence, Sym, Type
from gradscribe.rules.declare import TABLE
from oracles import leaves

M23, M33, V3, V2 = draw(2, 3), draw(3, 3), draw(3), draw(2)

CASES: list[tuple[Callable[..., Any], tuple[Any, ...], str]] = [
    (transposes.reshape_like, (draw(6), M23), "g.reshape(x.shape)"),
    (transposes.reshape_like, (1.0, M23[:1, :1]), "np.reshape(g, np.shape(x))"),
    (transposes.split_like, (draw(5), [V3, V2], 0), "[g[:len(arrays[0])], g[len(arrays[0]):]]"),
    (transposes.split_like, (draw(6), ([1.0], V3, [1.0, 2.0]), 0), "[g[:1], g[1:-2], g[-2:]]"),
    (transposes.split_like, (draw(4), [[1.0], V3], 0), "[g[:1], g[1:]]"),
    (
        transposes.split_like,
        (draw(8), [V3, V2, V3], -1),
        "[g[:len(arrays[0])], g[len(arrays[0]):len(arrays[0]) + len(arrays[1])], "
        "g[len(arrays[0]) + len(arrays[1]):]]",
    ),
    (
        transposes.split_like,
        (draw(2, 5), [M23, draw(2, 2)], 1),
        "[g[:, :arrays[0].shape[1]], g[:, arrays[0].shape[1]:]]",
    ),
    (
        transposes.split_like,
        (draw(2, 2, 5), [draw(2, 2, 3), draw(2, 2, 2)], -1),
        "[g[..., :arrays[0].shape[2]], g[..., arrays[0].shape[2]:]]",
    ),
    (transposes.stacked_like, (draw(2, 3), [V3, V3], 0), "[g[0], g[1]]"),
    (transposes.stacked_like, (draw(3, 2), [V3, V3], 1), "[g[:, 0], g[:, 1]]"),
    (
        transposes.stacked_like,
        (draw(3, 4), [V3, draw(3, 2), V3], 1),
        "[g[:, 0], g[:, 1:-1], g[:, -1]]",
    ),
    (transposes.unstack, (V2, [1.0, 2.0]), "[g[0], g[1]]"),
    (transposes.unstack, (M23, (V3, V3)), "(g[0], g[1])"),
    (transposes.unstack, (draw(1, 2), [[1.0, 2.0]]), "[[g[0, 0], g[0, 1]]]"),
    (transposes.unstack, (M23.T, [V3, V3], 1), "[g[:, 0], g[:, 1]]"),
    (transposes.unstack, (M23.T, [V3, V3], -1), "[g[..., 0], g[..., 1]]"),
    (transposes.unstack, (M23, M23), "g"),
    (transposes.untransposed, (M23, (1, 0)), "g.T"),
    (transposes.untransposed, (draw(2, 3, 4), (2, 0, 1)), "np.transpose(g, (1, 2, 0))"),
    (transposes.joined_like, ([V3, V2], draw(5), 0), "np.concatenate(pieces, axis)"),
    (transposes.eye_like, (M23,), "np.eye(len(a), a.shape[1])"),
    (transposes.eye_like, (M23, 1), "np.eye(len(a), a.shape[1], k=k)"),
    (
        transposes.eye_like,
        (draw(4, 2, 3, dtype=np.float32),),
        "np.eye(a.shape[-2], a.shape[-1], dtype=a.dtype)",
    ),
    (transposes.tensordot_left, (draw(2, 4), M23, draw(3, 4), 1), "np.tensordot(g, b, (1, 1))"),
    (transposes.tensordot_right, (draw(2, 4), M23, draw(3, 4), 1), "np.tensordot(a, g, (0, 0))"),
    (
        transposes.tensordot_left,
        (draw(3, 5), draw(2, 3, 4), draw(4, 2, 5), ((-1, 0), (0, 1))),
        "np.transpose(np.tensordot(g, b, (1, 2)), (2, 0, 1))",
    ),
    (
        transposes.tensordot_right,
        (draw(3, 5), draw(2, 3, 4), draw(4, 2, 5), ((-1, 0), (0, 1))),
        "np.transpose(np.tensordot(a, g, (1, 0)), (1, 0, 2))",
    ),
    (transposes.convolve_full, (draw(4), V3, V2, "full"), "g"),
    (transposes.may_repeat, (slice(1, None),), "False"),
    (transposes.may_repeat, ((0, ..., slice(2)),), "False"),
    (transposes.may_repeat, (np.array([True, False]),), "False"),
    (transposes.may_repeat, (np.array([0, 0]),), "True"),
    (transposes.may_repeat, ([0, 1],), "True"),
    (transposes.may_repeat, ((slice(None), np.array([0, 0])),), "True"),
    (transposes.matmul_left, (V2, M23, V3), BODY),
    (transposes.dot_right, (V2, M23, V3), BODY),
]  # fmt: skip


def _operand(value: Any, name: str) -> Any:
    if value is None or isinstance(value, int | str | slice):
        return Const(value)
    if isinstance(value, tuple) and all(
        isinstance(v, int | slice | type(...) | tuple) for v in value
    ):
        return Const(value)
    return Value(name, _exact(value, name))


def _exact(value: Any, name: str) -> Type:
    """The type of a value, lists being displays of known length."""
    if isinstance(value, list | tuple):
        kinds = tuple(_exact(v, f"{name}{i}") for i, v in enumerate(value))
        return Sequence(type(value).__name__, kinds)
    return type_of(value, name)


@pytest.mark.parametrize(
    ("helper", "args", "text"), CASES, ids=lambda x: getattr(x, "__name__", "")
)
def test_a_helper_is_written_out(helper: Callable[..., Any], args: tuple, text: str) -> None:
    prim = of(helper)
    full = [
        *args,
        *list(prim.defaults.values())[len(prim.defaults) - len(prim.params) + len(args) :],
    ]
    views = [
        operand.value if isinstance(operand, Const) else operand.type
        for operand in (_operand(value, f"n{i}") for i, value in enumerate(full))
    ]
    assert EXPANSIONS[helper](*views) == text
    if text != BODY:
        scope = {"np": np} | dict(zip(prim.params, full, strict=True))
        found, expected = leaves(eval(text, scope)), leaves(helper(*full))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_no_parameter_has_a_name_that_means_something_else_in_a_rule() -> None:
    for function in TABLE:
        if function in BY_FUNCTION:
            assert not {"y", "y_bar"} & set(BY_FUNCTION[function].params)


def test_of_arrays_of_unknown_rank_products_stay_calls() -> None:
    unknown = Array(FLOAT)
    assert EXPANSIONS[transposes.matmul_left](unknown, unknown, type_of(V3)) is None
    assert EXPANSIONS[transposes.split_like](unknown, Sequence("list", None, unknown), 0) is None


def test_what_is_written_out_keeps_what_the_fact_knows() -> None:
    n = Sym("n")
    assert refined(Array(FLOAT, (None, 2)), Array(None, (n, None))) == Array(FLOAT, (n, 2))
    assert refined(Array(FLOAT), Array(FLOAT, (n,))) == Array(FLOAT, (n,))
    assert refined(Scalar(FLOAT), Array(FLOAT, (n,))) == Scalar(FLOAT)
