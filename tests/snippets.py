"""Tables of small programs as one text: a line ``# name | parameters`` before each body.

Parameters stand for the same arguments everywhere (``ARGUMENTS``). A body may have functions of the
module in front of it, up to a line ``---``.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from pipeline import define

ARGUMENTS: dict[str, Any] = {
    "x": np.array([1.2, 0.7, 1.9, 0.4]),
    "y": np.array([0.3, 1.1, 0.8, 1.6]),
    "m": np.array([[1.1, 0.4, -0.6], [0.3, 1.7, 0.5], [-0.2, 0.9, 1.4]]),
    "w": np.array([[0.7, 1.2, 0.3], [1.5, 0.6, 0.8], [0.4, 1.3, 0.9]]),
    "t": np.arange(1.0, 13.0).reshape(2, 3, 2) / 7,
    "a": np.array([0.8]),
    "s": 1.3,
    "c": 0.7,
    "n": 3,
    "none": 0,
    "i": np.array([2, 0, 2]),
    "flag": True,
    "xs": [1.2, 0.7, 1.9],
    "rows": [np.array([1.2, 0.7]), np.array([0.4, 1.9])],
    "table": [[1.2, 0.7], [0.4, 1.9]],
}


def programs(text: str) -> dict[str, tuple[str, tuple[Any, ...], tuple[int, ...]]]:
    """Each program by its name: source, arguments, and the places of those differentiated."""
    found = {}
    for name, params, body in re.findall(r"^# (.*) \| (.*)\n((?:(?!# ).*\n)*)", text, re.MULTILINE):
        before, _, inside = body.rpartition("---\n")
        lines = "".join(f"    {line}\n" if line else "\n" for line in inside.rstrip().split("\n"))
        source = f"import numpy as np\n{before}def main({params}):\n{lines}"
        args = tuple(ARGUMENTS[p.strip()] for p in params.split(","))
        wrt = tuple(k for k, x in enumerate(args) if _differentiable(x))
        assert name not in found, name
        found[name] = (source, args, wrt)
    return found


def _differentiable(x: Any) -> bool:
    return bool(np.asarray(x).dtype.kind == "f")


def compiled(program: tuple[str, tuple[Any, ...], tuple[int, ...]]) -> Any:
    return define(program[0])
