"""Logistic regression on real data, trained with SciPy and a gradient that gradscribe writes."""

from typing import Annotated

import numpy as np

import gradscribe as gs

PENALTY = 1e-2


@gs.differentiate
def loss(
    weights: Annotated[np.ndarray, "float64[n]"],
    bias: float,
    x: Annotated[np.ndarray, "float64[m, n]"],
    y: Annotated[np.ndarray, "float64[m]"],
):
    """The mean of log(1 + exp(-margin)), written so that it does not overflow, and a penalty."""
    z = x @ weights + bias
    return np.mean(np.logaddexp(0, z) - y * z) + PENALTY * np.sum(weights**2) / 2


@gs.differentiate(order=2)
def objective(
    theta: Annotated[np.ndarray, "float64[k]"],
    x: Annotated[np.ndarray, "float64[m, n]"],
    y: Annotated[np.ndarray, "float64[m]"],
):
    """The loss as a function of one vector, as optimisers want it: the bias, then the weights."""
    return loss(theta[1:], theta[0], x, y)


def load():
    """569 tumours, 30 standardised measurements of each, and whether it is benign."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    x = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    return x, data.target.astype(float)


def train(x, y):
    """Minimise the objective from zero."""
    from scipy.optimize import minimize

    start = np.zeros(x.shape[1] + 1)
    gradient = gs.value_and_grad(objective)
    return minimize(gradient, start, args=(x, y), jac=True, method="BFGS", options={"gtol": 1e-6})


def main() -> None:
    x, y = load()
    result = train(x, y)
    right = np.mean((x @ result.x[1:] + result.x[0] > 0) == (y == 1))
    print(f"{result.message} {result.nit} steps, loss {result.fun:.6f}")
    print(f"gradient norm {np.linalg.norm(result.jac):.1e}, accuracy {right:.1%}\n")
    print(gs.grad(objective).source)


if __name__ == "__main__":
    main()
