"""What ``print``, ``assert`` and texts compute: once, in order, with all that it changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import check_everything, check_file, define

HEAD = """
import numpy as np
class Box:
    def __init__(self, v):
        self.v = v
    def step(self):
        self.v = self.v * 0.5
        return self.v
def halve(a):
    a[0] = a[0] * 0.5
    return a[0]
def descend(x, depth=2):
    return 0.5 * x if depth <= 0 else np.tanh(descend(x * x, depth - 1) + x)
def main(x):
    a, box, y = [x, x * x], Box(x), x
    def change():
        nonlocal y
        y = y * x
        return y
"""

# Bodies after ``a = [x, x * x]``, ``box = Box(x)`` and ``y = x``.
BODIES = {
    "a function that changes a list, printed twice": """
    print(halve(a), a, halve(a), a[0])
    return a[0] * x
""",
    "a function that changes an array, asserted": """
    b = np.array(a)
    assert halve(b) < 9 and halve(b) < 3, halve(b)
    return np.sum(b)
""",
    "under a condition that does not hold": """
    print(box.step() if x > 30 else 7, x > 30 and halve(a), box.v)
    return box.v * a[0]
""",
    "under a condition that holds": """
    print(box.step() if x < 30 else 7, x < 30 and halve(a), box.v)
    return box.v * a[0]
""",
    "a variable of the function around": """
    print(f"{change():.3f} {y:.3f}", end="")
    return y
""",
    "methods of a list": """
    for i in range(2):
        a.append(x * i)
    print(a.pop(), a.pop(0), a.append(x))
    return sum(a) * len(a)
""",
    "in comprehensions and lambdas": """
    print(sum(halve(a) for i in range(2)), [halve(a) for i in range(2)])
    print((lambda: halve(a))(), sorted([1.0, 2.0], key=lambda t: halve(a)))
    return a[0]
""",
    "a text that is kept": """
    said = f"{halve(a)}" + str(box.step())
    print(len(said) > 0)
    return a[0] * box.v
""",
    "a function that calls itself, with a default": """
    for i in range(2):
        print(f"{descend(y)}")
        y = y * descend(x + i)
    return y
""",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_what_is_printed_is_computed_once_with_all_that_it_changes(
    body: str, tmp_path: Path
) -> None:
    source = HEAD + body
    check_everything(define(source), (1.3,))
    check_file(source, (1.3,), 0, tmp_path)
