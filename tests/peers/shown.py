"""The code that ``docs/integration.md`` shows, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

import gradscribe as gs

PAGE = Path(__file__).parent.parent.parent / "docs" / "integration.md"


def misfit(w, x, y):
    return np.mean((np.tanh(x @ w) - y) ** 2)


def shown(section: str) -> dict[str, Any]:
    """The names that the code of a section defines."""
    text = PAGE.read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    names: dict[str, Any] = {"np": np, "gs": gs, "misfit": misfit}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, str(PAGE), "exec", dont_inherit=True), names)
    return names


rng = np.random.default_rng(3)
W, X, Y = rng.normal(size=3), rng.normal(size=(10, 3)), rng.normal(size=10)
EXPECTED = gs.grad(misfit, wrt=("w", "x", "y"))(W, X, Y)
