"""PyTorch: a derivative as a node of its graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close
from peers.shown import EXPECTED, W, X, Y, misfit, shown

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def names() -> Any:
    return shown("PyTorch")


def tensors() -> list[Any]:
    return [torch.tensor(a, requires_grad=True) for a in (W, X, Y)]


def test_backward_gives_what_the_derivative_gives(names: Any) -> None:
    args = tensors()
    value = names["Misfit"].apply(*args)
    (3 * value).backward()
    assert_close(float(value.detach()), float(misfit(W, X, Y)), rtol=1e-14)
    for tensor, expected in zip(args, EXPECTED, strict=True):
        assert_close(tensor.grad.numpy(), 3 * expected, rtol=1e-13)


def test_it_stands_within_a_graph(names: Any) -> None:
    w, x, y = tensors()
    loss = torch.log(names["Misfit"].apply(torch.sin(w), x, y)) + (w**2).sum()
    loss.backward()
    inner = gs.value_and_grad(misfit)(np.sin(W), X, Y)
    assert_close(w.grad.numpy(), np.cos(W) * inner[1] / inner[0] + 2 * W, rtol=1e-12)


def test_gradcheck_finds_nothing_wrong(names: Any) -> None:
    assert torch.autograd.gradcheck(names["Misfit"].apply, tensors())


def test_a_second_derivative_is_refused_until_there_is_one(names: Any) -> None:
    value = names["Misfit"].apply(*tensors())
    with pytest.raises(NotImplementedError, match="once only"):
        value.backward(create_graph=True)


def test_a_second_function_gives_the_second_derivative() -> None:
    gradient = gs.grad(misfit)

    class Slope(torch.autograd.Function):
        @staticmethod
        def forward(ctx, w, x, y):
            value, ctx.pullback = gs.vjp(gradient, "w")(*(t.detach().numpy() for t in (w, x, y)))
            return torch.as_tensor(value)

        @staticmethod
        def backward(ctx, bar):
            assert not torch.is_grad_enabled()
            return torch.as_tensor(ctx.pullback(bar.numpy())), None, None

    class Value(torch.autograd.Function):
        @staticmethod
        def forward(ctx, w, x, y):
            ctx.save_for_backward(w, x, y)
            return w.new_tensor(misfit(*(t.detach().numpy() for t in (w, x, y))))

        @staticmethod
        def backward(ctx, bar):
            return bar * Slope.apply(*ctx.saved_tensors), None, None

    w, x, y = tensors()
    found = torch.autograd.functional.hessian(lambda w: Value.apply(w, x.detach(), y.detach()), w)
    assert_close(found.numpy(), gs.hessian(misfit)(W, X, Y), rtol=1e-12)
    assert torch.autograd.gradgradcheck(lambda w: Value.apply(w, x.detach(), y.detach()), (w,))


def test_tensors_themselves_are_refused() -> None:
    with pytest.raises(gs.ArgumentError, match=r"'w' is a torch\.Tensor, which does not follow"):
        gs.grad(misfit)(torch.tensor(W), X, Y)
