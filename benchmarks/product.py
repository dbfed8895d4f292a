"""What compiled derivatives cost beside those written by hand, and beside their primals.

    python benchmarks/product.py

The compiled variant is called itself, without the dispatcher, whose cost for two floats is given
apart. All of a row take turns and the least of many repeats counts: a busy machine only ever adds.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradscribe import grad

REPEATS = 100
SECONDS = 0.002  # for one repeat of one function


# ---------------------------------------------------------------------------- by hand


def listing_1(x1, x2):
    return np.log(x1) + x1 * x2 - np.sin(x2)


def listing_1_by_hand(x1, x2):
    return 1 / x1 + x2, x1 - np.cos(x2)


def loss(w, b, x, y):
    p = 1 / (1 + np.exp(-(x @ w + b)))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def loss_by_hand(w, b, x, y):
    e = np.exp(-(x @ w + b))
    p = 1 / (1 + e)
    p_bar = (1 - y) / (1 - p) / p.size - y / p / p.size
    t_bar = p_bar / (1 + e) ** 2 * e
    return x.T @ t_bar, np.sum(t_bar)


def newton(a, n):
    x = a
    for i in range(n):  # noqa: B007 - as a user writes it
        x = 0.5 * (x + a / x)
    return x


def newton_by_hand(a, n):
    x = a
    x_saved = []
    for _ in range(n):
        x_saved.append(x)
        x = 0.5 * (x + a / x)
    a_bar = 0.0
    x_bar = 1.0
    for x in reversed(x_saved):
        t_bar = 0.5 * x_bar
        a_bar += t_bar / x
        x_bar = t_bar - t_bar * a / x**2
    return a_bar + x_bar


def burgers(u, steps, c):
    u = u.copy()
    for t in range(steps):  # noqa: B007 - as a user writes it
        u[1:-1] -= c * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u**2)


def burgers_by_hand(u, steps, c):
    u = u.copy()
    u_saved = []
    for _ in range(steps):
        u_saved.append(u[1:-1].copy())
        u[1:-1] -= c * u[1:-1] * (u[2:] - u[:-2])
    u_bar = 2 * u
    for inner in reversed(u_saved):
        u[1:-1] = inner
        t_bar = u_bar[1:-1] * c
        u_bar[1:-1] -= t_bar * (u[2:] - u[:-2])
        t_bar *= inner
        u_bar[2:] -= t_bar
        u_bar[:-2] += t_bar
    return u_bar


# ---------------------------------------------------------------------------- the table


@dataclass
class Case:
    """A primal with arguments, its gradient by hand, and the ratio to it that is allowed."""

    name: str
    primal: Callable[..., Any]
    by_hand: Callable[..., Any]
    args: tuple[Any, ...]
    wrt: Any
    mode: Any = "reverse"
    allowed: float | None = None


def cases() -> list[Case]:
    generator = np.random.default_rng(0)
    few, many = ((generator.normal(size=(n, 10)), generator.random(n)) for n in (100, 10_000))
    weights = generator.normal(size=10)
    wave = 0.1 * generator.normal(size=1000)
    return [
        Case("listing 1, floats", listing_1, listing_1_by_hand, (2.0, 5.0), (0, 1), allowed=1.1),
        Case("logistic loss, 100 rows", loss, loss_by_hand, (weights, 0.1, *few), ("w", "b")),
        Case("logistic loss, 10,000 rows", loss, loss_by_hand, (weights, 0.1, *many), ("w", "b")),
        Case("Newton, 50 steps", newton, newton_by_hand, (2.0, 50), 0),
        Case("Newton, 50 steps, forward", newton, newton_by_hand, (2.0, 50), 0, "forward"),
        Case("Burgers, 1000 points, 50 steps", burgers, burgers_by_hand, (wave, 50, 0.1), 0),
    ]


def least_seconds(functions: list[Callable[..., Any]], args: tuple[Any, ...]) -> list[float]:
    """The least time that a call of each function takes, the functions taking turns."""
    names = {f"a{k}": argument for k, argument in enumerate(args)}
    call = f"f({', '.join(names)})"
    timers = [timeit.Timer(call, globals={"f": function, **names}) for function in functions]
    calls = [max(1, int(SECONDS / min(timer.repeat(3, 1)))) for timer in timers]
    rounds = [
        [timer.timeit(count) / count for timer, count in zip(timers, calls, strict=True)]
        for _ in range(REPEATS)
    ]
    return [min(times) for times in zip(*rounds, strict=True)]


def main() -> None:
    """Print the table."""
    print(f"{'microseconds':31} {'primal':>9} {'by hand':>9} {'compiled':>9}", end="")
    print(f" {'/ primal':>9} {'/ by hand':>10} {'allowed':>8}")
    dispatch = 0.0
    for case in cases():
        derivative = grad(case.primal, case.wrt, mode=case.mode)
        specification = derivative.specification
        variant = specification.variant(specification.prepare(case.args)).function
        for given, expected in zip(
            np.atleast_1d(*as_tuple(variant(*case.args))),
            np.atleast_1d(*as_tuple(case.by_hand(*case.args))),
            strict=True,
        ):
            np.testing.assert_allclose(given, expected, rtol=1e-10)
        derivative(*case.args)
        functions = [case.primal, case.by_hand, variant, derivative]
        primal, by_hand, compiled, called = least_seconds(functions, case.args)
        allowed = "" if case.allowed is None else f"{case.allowed:8.2f}"
        print(
            f"{case.name:31} {primal * 1e6:9.2f} {by_hand * 1e6:9.2f} {compiled * 1e6:9.2f}", end=""
        )
        print(f" {compiled / primal:9.2f} {compiled / by_hand:10.2f} {allowed}")
        if case.allowed is not None:
            dispatch = called - compiled
    print(f"\ndispatch for two floats: {dispatch * 1e6:.3f} microseconds (allowed: 0.150)")


def as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


if __name__ == "__main__":
    main()
