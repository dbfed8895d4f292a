"""How long compiling a derivative takes: differentiating, emitting, loading.

    python benchmarks/compiler.py

A small function from a warm import, then straight-line functions of more and more statements, whose
time per statement should stay the same. The least of several repeats counts, in time of this
process: what other processes take does not.
"""

from __future__ import annotations

import importlib.util
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gradscribe import grad

SIZES = {100: 6, 300: 5, 1000: 3, 3000: 2}  # statements: repeats
ALLOWED = {1000: 2.0}  # seconds
ALLOWED_SMALL = 0.020


def loss(w, b, x, y):
    p = 1 / (1 + np.exp(-(x @ w + b)))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def straight_line(statements: int) -> str:
    """The text of a module whose function ``f`` has this many statements and no branches."""
    generator = random.Random(0)
    lines = ["import numpy as np", "", "", "def f(x, y):", "    v0 = x * y"]
    for number in range(1, statements):
        a, b = (f"v{generator.randrange(max(0, number - 8), number)}" for _ in range(2))
        forms = [
            f"np.sin({a}) + {b}",
            f"{a} * {b} / (1 + {b}**2)",
            f"np.tanh({a} - {b})",
            f"0.5 * {a} + np.cos({b})",
        ]
        lines.append(f"    v{number} = {generator.choice(forms)}")
    lines.append(f"    return v{statements - 1}")
    return "\n".join(lines) + "\n"


def imported(path: Path, text: str) -> Any:
    """The module that a text is, fresh."""
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def seconds(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


def main() -> None:
    """Print the table."""
    generator = np.random.default_rng(0)
    args = (generator.normal(size=3), 0.1, generator.normal(size=(5, 3)), generator.random(5))

    def compile_loss() -> object:
        return grad(loss, ("w", "b"))(*args)

    first = seconds(compile_loss)
    again = min(seconds(compile_loss) for _ in range(30))
    print(f"{'':28} {'ms':>8} {'per statement':>14} {'allowed':>8}")
    print(f"{'listing 2, first of all':28} {first * 1e3:8.1f}")
    print(f"{'listing 2':28} {again * 1e3:8.1f} {again * 1e3 / 2:14.2f} {ALLOWED_SMALL * 1e3:8.0f}")
    with tempfile.TemporaryDirectory() as directory:
        for size, repeats in SIZES.items():
            text = straight_line(size)
            times = []
            for repeat in range(repeats):  # another module each time: nothing of it is known yet
                module = imported(Path(directory, f"straight_{size}_{repeat}.py"), text)
                derivative = grad(module.f, (0, 1))
                times.append(seconds(lambda call=derivative: call(0.3, 0.7)))
            least = min(times) * 1e3
            allowed = f"{ALLOWED[size] * 1e3:8.0f}" if size in ALLOWED else ""
            print(f"{f'{size} statements':28} {least:8.1f} {least / size:14.2f} {allowed}")


if __name__ == "__main__":
    main()
