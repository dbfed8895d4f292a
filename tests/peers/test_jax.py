"""JAX: a derivative under ``jax.custom_vjp``, also in compiled functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close
from peers.shown import EXPECTED, W, X, Y, misfit, shown

jax = pytest.importorskip("jax")


@pytest.fixture(scope="module")
def function() -> Any:
    jax.config.update("jax_enable_x64", True)
    return shown("JAX")["jax_misfit"]


@pytest.mark.parametrize("compiled", [False, True], ids=["as it stands", "jit"])
def test_gradients_are_what_the_derivative_gives(function: Any, compiled: bool) -> None:
    both = jax.value_and_grad(function, argnums=(0, 1, 2))
    value, bars = (jax.jit(both) if compiled else both)(W, X, Y)
    assert_close(float(value), float(misfit(W, X, Y)), rtol=1e-14)
    for bar, expected in zip(bars, EXPECTED, strict=True):
        assert_close(np.asarray(bar), expected, rtol=1e-13)


def test_it_stands_within_other_functions(function: Any) -> None:
    def outer(w):
        return jax.numpy.log(function(jax.numpy.sin(w), X, Y)) + (w**2).sum()

    inner = gs.value_and_grad(misfit)(np.sin(W), X, Y)
    found = np.asarray(jax.grad(outer)(W))
    assert_close(found, np.cos(W) * inner[1] / inner[0] + 2 * W, rtol=1e-12)


def test_it_agrees_with_jax_s_own_derivative(function: Any) -> None:
    def own(w, x, y):
        return jax.numpy.mean((jax.numpy.tanh(x @ w) - y) ** 2)

    expected = np.asarray(jax.grad(own)(W, X, Y))
    assert_close(np.asarray(jax.grad(function)(W, X, Y)), expected, rtol=1e-12)


def test_vmap_calls_it_for_each(function: Any) -> None:
    many = np.stack([W, 2 * W])
    found = jax.vmap(jax.grad(function), (0, None, None))(many, X, Y)
    expected = np.stack([gs.grad(misfit)(w, X, Y) for w in many])
    assert_close(np.asarray(found), expected, rtol=1e-12)


def test_arrays_of_jax_are_refused(function: Any) -> None:
    with pytest.raises(gs.ArgumentError, match="which does not follow NumPy's protocols"):
        gs.grad(misfit)(jax.numpy.asarray(W), X, Y)
