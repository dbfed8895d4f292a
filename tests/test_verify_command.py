"""gradscribe verify: what is right is said to be; of what is not, the wrong adjoint is named."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradscribe import cli

MODEL = '''\
import numpy as np


def loss(w, b, x, y):
    """A loss.

    >>> loss(np.ones(3), 0.1, np.ones((4, 3)), np.ones(4))
    """
    e = np.exp(-(x @ w + b))
    r = 1 / (1 + e) - y
    return np.mean(r**2)


def steps(x: float, n: int) -> float:
    for _ in range(n):
        x = x - 0.1 * np.sin(x)
    return x**2
'''


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    known = sys.path[:]
    yield tmp_path
    sys.path[:] = known
    sys.modules.pop("model", None)


def edited(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, text
    path.write_text(text.replace(old, new))


WRITES = [
    ["model.py:loss", "--wrt", "w,b"],
    ["model.py:loss", "--wrt", "w,b", "--value"],
    ["model.py:loss", "--wrt", "w", "--wrt", "w"],
    ["model.py:loss", "--wrt", "w,x", "--jvp"],
    ["model.py:loss", "--wrt", "w,b", "--vjp"],
    ["model.py:steps", "--mode", "reverse"],
    ["model.py:steps", "--order", "2"],
]


@pytest.mark.parametrize("options", WRITES, ids=" ".join)
def test_what_was_written_is_verified(
    options: list[str], work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["write", *options]) == 0
    (path,) = work.glob("*_*.py")
    assert cli.main(["verify", path.name]) == 0
    assert (
        f"verified: {path.name} agrees with the derivative of model.py:" in capsys.readouterr().out
    )


def test_an_edit_that_is_right_is_verified(work: Path) -> None:
    cli.main(["write", "model.py:steps", "--mode", "reverse"])
    path = work / "steps_grad.py"
    text = path.read_text().replace("2 * x", "x + x")
    path.write_text(text)
    assert cli.main(["verify", path.name]) == 0


def test_the_first_adjoint_that_differs_is_named_with_its_statement(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["write", "model.py:steps", "--mode", "reverse"])
    path = work / "steps_grad.py"
    text = path.read_text()
    (line,) = [row for row in text.splitlines() if row.strip().startswith("x_bar -= ")]
    edited(path, line, line.replace("-=", "+="))
    capsys.readouterr()
    assert cli.main(["verify", path.name]) == 1
    lines = capsys.readouterr().out.splitlines()
    number = text.splitlines().index(line) + 1
    assert lines[0] == "wrong: steps_grad.py differs from the derivative of model.py:steps"
    assert lines[1] == f"steps_grad.py:{number}: the first adjoint that differs is x_bar"
    assert lines[2].endswith(line.strip().replace("-=", "+="))
    assert lines[3] == "   it belongs to model.py:16: x = x - 0.1 * np.sin(x)"
    assert lines[4].startswith("   expected ") and lines[5].startswith("   got      ")


def test_a_result_that_differs_alone_is_named(
    work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (work / "mine.py").write_text("def dsteps(x, n):\n    return -2.0 * x if n == 0 else 1.0\n")
    options = ["--of", "model.py:steps", "--example", "0.5, 0"]
    assert cli.main(["verify", "mine.py:dsteps", *options]) == 1
    assert "the result differs, and no variable before it" in capsys.readouterr().out


def test_a_derivative_by_hand_is_verified_with_what_it_is_of(work: Path) -> None:
    (work / "mine.py").write_text(
        "import numpy as np\n\n\ndef dsteps(x, n):\n    d = 1.0\n    for _ in range(n):\n"
        "        d *= 1 - 0.1 * np.cos(x)\n        x = x - 0.1 * np.sin(x)\n    return 2 * x * d\n"
    )
    assert cli.main(["verify", "mine.py:dsteps", "--of", "model.py:steps"]) == 0


def test_what_raises_is_wrong(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (work / "mine.py").write_text("def dsteps(x, n):\n    raise KeyError('a')\n")
    assert cli.main(["verify", "mine.py:dsteps", "--of", "model.py:steps"]) == 1
    assert "it raises KeyError: 'a'" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.py"], "there is no file nowhere.py"),
        (["model.py"], "has no head that says what it is the derivative of"),
        (["model.py:dloss", "--of", "model.py:loss"], "model.py does not define dloss"),
        (["model.py:loss", "--of", "model.py:nothing"], "nothing does not exist in model.py"),
    ],
)
def test_mistakes_are_named(
    arguments: list[str], message: str, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["verify", *arguments]) == 2
    assert message in capsys.readouterr().err
