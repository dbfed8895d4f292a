"""Straight-line code, arrays, loops, branches, writes in place: what gradscribe makes of each."""

import numpy as np

import gradscribe as gs


@gs.differentiate(wrt=("x1", "x2"), order=2)
def f(x1, x2):
    """Straight-line code.

    >>> print(f"{f(2.0, 5.0):.4f}")
    11.6521
    """
    return np.log(x1) + x1 * x2 - np.sin(x2)


@gs.differentiate(order=2)
def cube(x):
    """Like factors are collected.

    >>> cube(2.0)
    8.0
    """
    return x * x * x


@gs.differentiate(wrt=("x", "y"), order=2)
def rosenbrock(x, y):
    """Rosenbrock's valley, whose floor is at (1, 1).

    >>> rosenbrock(-1.0, 2.0)
    104.0
    """
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


@gs.differentiate(wrt=("w", "b"), order=2)
def loss(w, b, x, y):
    """The logistic loss of a linear classifier: arrays, and a number that meets them.

    >>> x = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> print(f"{loss(np.array([0.1, -0.2]), 0.3, x, np.array([0.0, 1.0, 1.0])):.4f}")
    0.8014
    """
    p = 1 / (1 + np.exp(-(x @ w + b)))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


@gs.differentiate(mode="reverse", order=2)
def newton_sqrt(a, n):
    """A loop whose reverse needs what it computed on the way.

    >>> print(f"{newton_sqrt(2.0, 6):.12f}")
    1.414213562373
    """
    x = a
    for i in range(n):
        x = 0.5 * (x + a / x)
    return x


@gs.differentiate(order=2)
def burgers(u, steps, c):
    """Writes in place: of each step only the slice that it overwrites is kept.

    >>> print(f"{burgers(np.array([0.0, 1.0, 2.0, 1.0, 0.0]), 2, 0.1):.4f}")
    6.1696
    """
    u = u.copy()
    for t in range(steps):
        u[1:-1] -= c * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u**2)


@gs.differentiate(order=2)
def diffuse(u, steps):
    """A linear stencil: nothing is kept, and there is no forward sweep.

    >>> print(f"{diffuse(np.array([0.0, 1.0, 2.0, 1.0, 0.0]), 2):.4f}")
    2.6667
    """
    u = u.copy()
    for t in range(steps):
        u[1:-1] = (u[:-2] + u[1:-1] + u[2:]) / 3
    return np.sum(u)


@gs.differentiate(wrt=("x", "v", "dt"), order=2)
def bounce(x, v, dt):
    """A loop that runs until its data say stop, with a branch in it.

    >>> print(f"{bounce(1.0, 2.0, 0.25):.4f}")
    1.3637
    """
    while x > 0:
        v = v - 9.81 * dt
        if v < -5.0:
            v = 0.5 * v
        x = x + v * dt
    return x * v


def main() -> None:
    x = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    y = np.array([0.0, 1.0, 1.0])
    u = np.array([0.0, 1.0, 2.0, 1.0, 0.0])
    calls = [
        (f, (2.0, 5.0)),
        (cube, (2.0,)),
        (rosenbrock, (-1.0, 2.0)),
        (loss, (np.array([0.1, -0.2]), 0.3, x, y)),
        (newton_sqrt, (2.0, 6)),
        (burgers, (u, 2, 0.1)),
        (diffuse, (u, 2)),
        (bounce, (1.0, 2.0, 0.25)),
    ]
    for function, arguments in calls:
        gradient = gs.grad(function, function.differentiated.wrt, mode=function.differentiated.mode)
        print(gradient.source_for(*arguments))
        print(f"# {gradient.__name__} here: {gradient(*arguments)}\n\n")


if __name__ == "__main__":
    main()
