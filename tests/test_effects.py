"""Code that passes through and may run twice: it only reads, or it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import gradscribe as gs
from pipeline import check_everything, check_first, define

TABLE = {"parts": [{"lo": 0.0, "hi": 1.0, "c": [1.0, 2.0]}, {"lo": 1.0, "hi": 9.0, "c": [0.5, 3]}]}

HEAD = """
import collections, json, os
from scipy.optimize import fsolve
class Table:
    def value(self, t):
        p = None
        name = os.path.join(FOLDER, "%s.json" % self.__class__.__name__)
        if os.path.isfile(name):
            with open(name) as f:
                for part in json.load(f)["parts"]:
                    lo, hi = part["lo"], part["hi"]
                    if lo <= t <= hi:
                        p = part["c"][0] * t + part["c"][1] * t * t
                        break
        if p is None:
            p = t
        return p
"""

PROGRAMS = {
    "what is solved reads a file": """
def main(x):
    def f(pair):
        a, b = pair
        return Table().value(a) - x, b - a * x
    r, s = fsolve(f, [1.5, 2.0])
    return r * s
""",
    "a checkpoint does": """
import gradscribe as gs
@gs.checkpoint
def part(x):
    return Table().value(x) * x
def main(x):
    return part(x) * part(x * 0.4)
""",
    "lines of a file": """
import gradscribe as gs
@gs.checkpoint
def part(x):
    with open(os.path.join(FOLDER, "numbers.txt")) as f:
        for line in f.read().splitlines():
            x = x * float(line.strip())
    return x * x
def main(x):
    return part(x)
""",
    "the body of a try does": """
def main(x):
    try:
        y = Table().value(x)
        if y > 100.0:
            raise ValueError("far")
    except ValueError:
        y = x
    return y * x
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "Table.json").write_text(json.dumps(TABLE))
    (tmp_path / "numbers.txt").write_text("2.0\n 3.5\n")
    return str(tmp_path)


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_read_can_be_read_again(name: str, folder: str) -> None:
    main = define(HEAD + PROGRAMS[name], "main", "text", FOLDER=folder)
    if name == "what is solved reads a file":
        check_first(main, (1.7,), (0,))
    else:
        check_everything(main, (1.7,))


ACTS = {
    "printing": "print(len(NAMES))",
    "writing": 'open(os.path.join(FOLDER, "new"), "w").close()',
    "writing, as is not known": 'open(os.path.join(FOLDER, "new"), MODE).close()',
    "drawing a number": "k = int(np.random.default_rng().random())",
    "reading on in a file of the module": "k = len(NUMBERS.readline())",
    "reading the rest of one": "k = json.load(NUMBERS)",
    "an object's method": "k = COUNTS.most_common(1)",
}


@pytest.mark.parametrize("line", ACTS.values(), ids=ACTS.keys())
def test_what_is_seen_is_refused(line: str, folder: str) -> None:
    source = f"""
import collections, json, os
import numpy as np
import gradscribe as gs
@gs.checkpoint
def part(x):
    {line}
    return x * x
def main(x):
    return part(x)
"""
    with open(Path(folder) / "numbers.txt") as numbers:
        names: dict[str, Any] = {
            "FOLDER": folder, "MODE": "w", "NUMBERS": numbers,
            "NAMES": ["a"], "COUNTS": __import__("collections").Counter("aab"),
        }  # fmt: skip
        with pytest.raises(gs.GradscribeError, match="a checkpoint is computed twice"):
            gs.grad(define(source, "main", "text", **names))(1.7)
