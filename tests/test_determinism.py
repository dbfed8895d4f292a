"""One program, one text: byte for byte, in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent

SCRIPT = """
import contextlib, io, warnings
warnings.simplefilter("ignore")
import gradscribe as gs
from pipeline import define, fresh
from test_hostile import EXACT
from test_ownership import PROGRAMS

for source, args, wrt in [*EXACT.values(), *PROGRAMS.values()][::4]:
    function = define(source)
    gradient = gs.grad(function, wrt, mode="reverse")
    second = gs.grad(gs.grad(function, wrt[0], mode="reverse"), wrt[0], mode="reverse")
    for derivative in (gradient, second, gs.vjp(function)):
        try:
            derivative(*fresh(args))
            text = derivative.source
        except gs.GradscribeError as error:
            text = error.message
        print(text)
    try:
        print(gs.grad(function, wrt).source)
    except gs.GradscribeError as error:
        print(error.message)
"""


def texts(seed: str) -> str:
    paths = [str(TESTS), str(TESTS.parent / "src"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_texts_do_not_depend_on_the_hash_seed() -> None:
    reference = texts("0")
    assert "def main_grad(" in reference
    assert texts("12345") == reference
