"""dask.distributed: derivatives in other processes, of data in more chunks than one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close
from peers.shown import misfit

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # what servers in the background say
]

rng = np.random.default_rng(5)
X = rng.normal(size=(100_000, 4))
Y = np.tanh(X @ [0.5, -1.0, 0.25, 2.0]) + 0.01 * rng.normal(size=len(X))
W = np.array([0.1, 0.2, -0.3, 0.4])


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as made:
        yield made


@pytest.fixture
def chunked(client: Any) -> tuple[Any, Any]:
    return da.from_array(X, chunks=(8_000, 4)), da.from_array(Y, chunks=8_000)


def test_a_gradient_of_chunked_data_is_that_of_the_whole(chunked: tuple[Any, Any]) -> None:
    x, y = chunked
    assert x.npartitions > 10
    found = gs.grad(misfit)(W, x, y)
    assert isinstance(found, da.Array)
    assert_close(found.compute(), gs.grad(misfit)(W, X, Y), rtol=1e-11)
    by_data = gs.grad(misfit, "x")(W, x, y)
    assert by_data.chunks == x.chunks
    assert_close(by_data.compute(), gs.grad(misfit, "x")(W, X, Y), rtol=1e-11)


def test_second_derivatives_of_chunked_data(chunked: tuple[Any, Any]) -> None:
    expected = gs.hessian(misfit)(W, X, Y)
    assert_close(gs.hessian(misfit)(W, *chunked).compute(), expected, rtol=1e-10)
    assert_close(gs.hvp(misfit)(W, W, *chunked).compute(), expected @ W, rtol=1e-10)


def test_workers_call_the_derivative_of_their_chunk(client: Any) -> None:
    def total(w, x, y):
        return np.sum((np.tanh(x @ w) - y) ** 2)

    parts = zip(np.split(X, 10), np.split(Y, 10), strict=True)
    gradient = gs.grad(misfit)
    futures = [client.submit(gradient, W, x, y) for x, y in parts]
    found = sum(client.gather(futures)) / len(futures)
    assert_close(found, gradient(W, X, Y), rtol=1e-11)
    assert gs.grad(total)(W, X, Y) is not None


def test_a_descent_on_the_cluster_finds_the_weights(client: Any, chunked: Any) -> None:
    x, y = (part.persist() for part in chunked)
    w = np.zeros(4)
    for _ in range(25):
        gradient, hessian = gs.grad(misfit)(w, x, y), gs.hessian(misfit)(w, x, y)
        g, h = client.gather(client.compute([gradient, hessian]))
        w = w - np.linalg.solve(h + 1e-2 * np.eye(4), g)
    assert_close(w, np.array([0.5, -1.0, 0.25, 2.0]), rtol=0, atol=5e-3)
