"""Working code is differentiated as it stands: twice, in both modes, and from its own text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import leaves, map_leaves, random_like
from pipeline import fresh, quietly
from working_code import CALLS

# Differences of functions whose arguments run from 1e-4 to 1e6: each is moved by a part of itself.
FIRST, SECOND = 2e-6, 2e-3


def _scaled(
    function: Callable[..., Any], args: Any, wrt: Any
) -> Callable[[np.ndarray], np.ndarray]:
    """The function of one factor for each entry asked for; its result flat."""

    def of_factors(factors: np.ndarray) -> np.ndarray:
        given, rest = list(fresh(args)), iter(factors)
        for k in wrt:
            given[k] = map_leaves(lambda leaf: _times(leaf, rest), given[k])
        return np.concatenate([np.ravel(leaf) for leaf in leaves(function(*given))])

    return of_factors


def _times(leaf: Any, factors: Any) -> Any:
    if isinstance(leaf, np.ndarray):
        return leaf * np.array([next(factors) for _ in range(leaf.size)]).reshape(leaf.shape)
    return leaf * float(next(factors))


def _flat(args: Any, wrt: Any) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for k in wrt for leaf in leaves(args[k])])


def _gradient(f: Callable[[np.ndarray], np.ndarray], count: int, h: float = 1e-3) -> np.ndarray:
    """The gradient of the sum of ``f`` around ones: central differences, extrapolated."""
    rows = []
    for k in range(count):
        unit = np.eye(count)[k]
        d = [np.sum(f(1 + s * unit) - f(1 - s * unit)) / (2 * s) for s in (h, h / 2, h / 4)]
        once = [(4 * d[1] - d[0]) / 3, (4 * d[2] - d[1]) / 3]
        rows.append((16 * once[1] - once[0]) / 15)
    return np.array(rows)


@pytest.mark.parametrize(
    ("function", "args", "wrt"), CALLS, ids=[f"{f.__name__}-{k}" for k, (f, *_) in enumerate(CALLS)]
)
def test_working_code(function: Any, args: Any, wrt: Any) -> None:
    sizes = _flat(args, wrt)
    expected = _gradient(_scaled(function, args, wrt), sizes.size)
    value, gradient = quietly(gs.value_and_grad(function, wrt, mode="reverse"), *fresh(args))
    assert _scaled(lambda *a: value, args, wrt)(sizes) == pytest.approx(
        _scaled(function, args, wrt)(np.ones(sizes.size)), rel=1e-14
    )
    got = _flat(gradient, range(len(wrt))) * sizes
    largest = float(np.max(np.abs(expected)))
    np.testing.assert_allclose(got, expected, rtol=FIRST, atol=FIRST * largest)

    rng = np.random.default_rng(1)
    dots = tuple(random_like(x, rng) if k in wrt else None for k, x in enumerate(args))
    _, dot = quietly(gs.jvp(function), fresh(args), dots)
    total = float(sum(np.sum(leaf) for leaf in leaves(dot)))
    along = float(np.sum(_flat(gradient, range(len(wrt))) * _flat(dots, wrt)))
    assert total == pytest.approx(along, rel=1e-9, abs=1e-9 * largest)

    for place in wrt:
        first = gs.grad(function, place, mode="reverse")

        def slope(*given: Any, first: Any = first) -> Any:
            return quietly(first, *given)

        own = _flat(args, (place,))
        twice = _gradient(_scaled(slope, args, (place,)), own.size)
        second = quietly(gs.grad(first, place, mode="reverse"), *fresh(args))
        scale = float(np.max(np.abs(twice)))
        np.testing.assert_allclose(
            _flat((second,), (0,)) * own, twice, rtol=SECOND, atol=1e-6 * scale + 1e-9 * largest
        )
