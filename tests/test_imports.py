"""Imports point one way, so that each stage can be read without those above it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gradscribe

ROOT = Path(gradscribe.__file__).parent

# What each package may import, by levels: a package sees those on lower levels and itself.
LEVELS = {
    "source": 0,
    "arrays": 0,
    "objects": 1,
    "depth": 0,
    "errors": 1,
    "ir": 2,
    "frontend": 3,
    "rules": 3,
    "passes": 3,
    "emit": 3,
    "annotations": 4,
    "differentiate": 4,
    "runtime": 5,
    "primal": 6,
    "specification": 7,
    "implicit": 8,
    "solvers": 9,
    "integrals": 9,
    "api": 8,
    "inspect": 9,
    "sparse": 9,
    "maps": 10,
    "files": 9,
    "verification": 10,
    "cli": 11,
    "nested": 11,
}
# Neighbours that may be seen on the same level, and why.
BESIDE = {
    ("emit", "passes"),  # a file's functions are simplified as they are written
    ("rules", "frontend"),  # declaring a rule asks what it reads of the function
    ("specification", "api"),  # a pickle is restored by the function that users call
    ("implicit", "api"),  # the search for a root is what users call, too
}
CALCULUS = {"rules", "differentiate"}


def imports() -> list[tuple[Path, int, str, str]]:
    """Every import in the package: file, line, importing package, imported package."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        package = path.relative_to(ROOT).with_suffix("").parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
                if node.module == "gradscribe":
                    names = [f"gradscribe.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                if name.startswith("gradscribe."):
                    found.append((path, node.lineno, package, name.split(".")[1]))
    return found


def test_every_package_has_a_level() -> None:
    tops = {p.relative_to(ROOT).with_suffix("").parts[0] for p in ROOT.rglob("*.py")}
    assert tops - set(LEVELS) <= {"__init__", "__main__"}


@pytest.mark.parametrize("package", LEVELS)
def test_imports_point_down(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {target}"
        for path, line, source, target in imports()
        if source == package
        and target in LEVELS
        and target != package
        and LEVELS[target] >= LEVELS[package]
        and (package, target) not in BESIDE
    ]
    assert not wrong


@pytest.mark.parametrize("package", ["passes", "emit", "ir", "frontend"])
def test_simplification_and_text_know_nothing_of_derivatives(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {target}"
        for path, line, source, target in imports()
        if source == package and target in CALCULUS
    ]
    assert not wrong
