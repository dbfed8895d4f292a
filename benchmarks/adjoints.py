"""What compiled gradients of numerical programs cost beside adjoints written by hand.

    python benchmarks/adjoints.py [program …] [--text]

Each program is a module of the package ``kernels``. The primal, its adjoint by hand and the
compiled variant (without the dispatcher) take turns in one process: a ratio is the median of those
of turns next to each other, in time of this process, so that a busy machine matters little. Memory
is the peak that ``tracemalloc`` sees, which includes NumPy's. ``--text`` shows what was compiled.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import kernels

from gradscribe import grad

ROUNDS = 60
SECONDS = 0.004  # for one repeat of one function
ALLOWED = {"median": 1.1, "worst": 1.5, "memory": 1.3}


@dataclass
class Program:
    """A program, its adjoint by hand, its compiled gradient, and arguments for them."""

    name: str
    primal: Callable[..., Any]
    by_hand: Callable[..., Any]
    compiled: Callable[..., Any]
    text: str
    args: tuple[Any, ...]


def names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(kernels.__path__))


def load(name: str, scale: int) -> Program:
    """A program with its gradient compiled for its arguments."""
    module = importlib.import_module(f"kernels.{name}")
    args = module.arguments(scale)
    wrt = module.WRT if len(module.WRT) > 1 else module.WRT[0]
    specification = grad(module.primal, wrt, mode="reverse").specification
    variant = specification.variant(specification.prepare(args))
    return Program(name, module.primal, module.by_hand, variant.function, variant.source, args)


def turns(functions: list[Callable[..., Any]], args: tuple[Any, ...]) -> list[list[float]]:
    """The seconds that a call of each function takes, the functions taking turns."""

    def once(function: Callable[..., Any], calls: int) -> float:
        start = time.process_time()
        for _ in range(calls):
            function(*args)
        return (time.process_time() - start) / calls

    calls = [max(1, int(SECONDS / min(once(f, 1) for _ in range(3)))) for f in functions]
    return [[once(f, n) for f, n in zip(functions, calls, strict=True)] for _ in range(ROUNDS)]


def peak_bytes(function: Callable[..., Any], args: tuple[Any, ...]) -> int:
    """The most memory that a call holds at once, its result included."""
    function(*args)
    tracemalloc.start()
    function(*args)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Compiled gradients beside adjoints by hand.")
    parser.add_argument("programs", nargs="*", help="all of them where none is named")
    parser.add_argument("--text", action="store_true", help="show the compiled gradients")
    options = parser.parse_args()
    print(f"{'milliseconds':14} {'primal':>8} {'by hand':>8} {'compiled':>9}", end="")
    print(f" {'/ primal':>9} {'(by hand)':>9} {'/ by hand':>10} {'memory / by hand':>17}")
    rows = []
    for name in options.programs or names():
        program = load(name, 1)
        if options.text:
            print(program.text)
        rounds = turns([program.primal, program.by_hand, program.compiled], program.args)
        seconds = [min(times) for times in zip(*rounds, strict=True)]
        row = (
            statistics.median(compiled / primal for primal, _, compiled in rounds),
            statistics.median(by_hand / primal for primal, by_hand, _ in rounds),
            statistics.median(compiled / by_hand for _, by_hand, compiled in rounds),
            peak_bytes(program.compiled, program.args) / peak_bytes(program.by_hand, program.args),
        )
        rows.append(row)
        print(f"{name:14} {seconds[0] * 1e3:8.3f} {seconds[1] * 1e3:8.3f}", end="")
        print(f" {seconds[2] * 1e3:9.3f} {row[0]:9.2f} {row[1]:9.2f}", end="")
        print(f" {row[2]:10.2f} {row[3]:17.2f}")
    for word, pick in (("median", statistics.median), ("worst", max)):
        to_primal, hand_to_primal, to_hand, memory = (
            pick(column) for column in zip(*rows, strict=True)
        )
        print(f"{word:41} {to_primal:9.2f} {hand_to_primal:9.2f}", end="")
        print(f" {to_hand:10.2f} {memory:17.2f}")
    print(f"{'allowed: median':41} {1.7:9.2f} {'':9} {ALLOWED['median']:10.2f}")
    print(f"{'allowed: worst':41} {4.0:9.2f} {'':9}", end="")
    print(f" {ALLOWED['worst']:10.2f} {ALLOWED['memory']:17.2f}")


if __name__ == "__main__":
    main()
