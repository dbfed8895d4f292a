"""What finding a compiled variant costs, in nanoseconds per call.

    python benchmarks/dispatch.py

The compiled function does nothing, so the difference between calling it bare and
through a derivative is the dispatcher's. The two take turns and the least of many
repeats counts: a busy machine only ever adds.
"""

import inspect
import sys
import timeit
from collections.abc import Callable

import numpy as np

from gradscribe.runtime.dispatch import Derivative, Variant, make_derivative

CALLS = 20_000
REPEATS = 60

VECTOR = np.ones(3)
MATRIX = np.ones((3, 4))


def one(x: object) -> None: ...


def two(x: object, y: object = 2.0) -> None: ...


def three(x: object, y: object, z: object) -> None: ...


CASES: dict[str, tuple[Callable[..., None], str, float]] = {
    # name: primal, call, nanoseconds allowed
    "2 floats": (two, "f(1.0, 2.0)", 150),
    "2 floats, keyword": (two, "f(1.0, y=2.0)", 150),
    "2 floats, default": (two, "f(1.0)", 150),
    "1 array": (one, "f(a)", 350),
    "2 arrays": (two, "f(a, m)", 550),
    "3 arrays": (three, "f(a, m, m)", 750),
    "2 arrays, keyword": (two, "f(a, y=m)", 550),
    "array and float": (two, "f(a, 2.0)", 350),
}


def derivative_of(primal: Callable[..., None]) -> Derivative:
    """Return a derivative all of whose variants are the primal itself."""

    def compile_variant(arguments: tuple[object, ...]) -> Variant:
        return Variant(primal, "")

    return make_derivative(
        primal.__name__,
        inspect.signature(primal),
        compile_variant,
        doc=None,
        module=__name__,
        reduce=lambda: (derivative_of, (primal,)),
        generic=lambda: compile_variant(()),
    )


def measure(primal: Callable[..., None], call: str) -> tuple[float, float]:
    """Return the nanoseconds that a call takes bare and through a derivative."""
    names = {"a": VECTOR, "m": MATRIX}
    timers = [
        timeit.Timer(call, globals=names | {"f": function})
        for function in (primal, derivative_of(primal))
    ]
    rounds = [[timer.timeit(CALLS) for timer in timers] for _ in range(REPEATS)]
    bare, dispatched = (min(times) / CALLS * 1e9 for times in zip(*rounds, strict=True))
    return bare, dispatched


def main() -> None:
    """Print the table."""
    print(f"Python {sys.version.split()[0]}, NumPy {np.__version__}; nanoseconds")
    print(f"{'':18} {'bare':>7} {'call':>7} {'dispatch':>9} {'allowed':>8}")
    for name, (primal, call, allowed) in CASES.items():
        bare, dispatched = measure(primal, call)
        cost = dispatched - bare
        print(f"{name:18} {bare:7.1f} {dispatched:7.1f} {cost:9.1f} {allowed:8.0f}")


if __name__ == "__main__":
    main()
