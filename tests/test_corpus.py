"""The tool behind ``make corpus``, on a package made here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus import report
from corpus.cases import cases_of
from corpus.collect import collect
from corpus.judge import judge

TINY = '''
"""A package that was never made for differentiation."""

import math
import numpy as np

class Point:
    """
    >>> Point(3.0, 4.0).norm()
    5.0
    """

    def __init__(self, x, y):
        self.x, self.y = x, y

    def norm(self):
        return math.hypot(self.x, self.y)

def scaled(x, method="double", steps=2):
    """
    >>> scaled(2.0)
    8.0
    >>> scaled(2.0, method="none")
    2.0
    """
    if method == "double":
        for _ in range(steps):
            x = 2 * x
    return x

def parts(x):
    """
    >>> parts(0.5)["sine"][1]
    0.479...
    """
    return {"sine": (1, math.sin(x)), "name": "x"}

def kinked(x):
    """
    >>> kinked(0.0)
    0.0
    """
    return abs(x)

def at_an_edge(x):
    """
    >>> at_an_edge(2.0)
    4.0
    """
    return 4.0 if x == 2.0 else x * x

def odd(x):
    """
    >>> odd(np.array([2.0, 1.0]))
    """
    return np.i0(x)
'''


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "tiny.py").write_text(TINY)
    monkeypatch.syspath_prepend(tmp_path)
    yield "tiny"
    sys.modules.pop("tiny", None)


def test_calls_are_collected_differentiated_and_classified(tiny: str) -> None:
    verdicts = [
        verdict.as_dict()
        for call in collect(tiny, ("docstrings",))
        for case in cases_of(call)
        for verdict in judge(case)
    ]
    found = {(v["target"], v["argument"], v["order"]): v["verdict"] for v in verdicts}
    assert found["tiny.scaled", "a0", 1] == found["tiny.scaled", "a0", 2] == "ok"
    assert found["tiny.Point", "a0", 1] == found["tiny.Point", "a1", 2] == "ok"
    assert found["tiny.parts", "a0", 2] == "ok"
    assert found["tiny.kinked", "a0", 1] == "not differentiable"
    assert found["tiny.at_an_edge", "a0", 1] == "not differentiable"
    assert found["tiny.odd", "a0", 1] == "refused"
    results = {tiny: verdicts}
    assert "no rule" in report.refusals(results)
    assert "| tiny |" in report.page(results)


REFUSED = {
    "target": "package.f",
    "verdict": "refused",
    "message": "cannot know what y is here: it may be x, written at /somebody/lib/python3.11/"
    "site-packages/package/module.py:12:3",
    "detail": "",
    "source": "",
}


def test_the_page_is_of_no_machine_and_explains_each_refusal() -> None:
    text = report.page({"package": [REFUSED, REFUSED | {"message": "no rule", "target": "g"}]})
    assert "somebody" not in text
    assert (
        "| 1 | cannot know what y is here: it may be x, written somewhere | `package.f` |" in text
    )
    assert "| 1 | no rule | `g` | a function of SciPy" in text
    assert "to be looked at" not in text
