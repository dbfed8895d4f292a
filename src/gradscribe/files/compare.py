"""Why a committed file differs from what would be written now."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import final

from gradscribe.files.compose import File
from gradscribe.files.target import relative


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """A stale file. ``source``: what it was made from has changed, or it does not exist yet."""

    why: str
    diff: str
    source: bool


_HASHES = re.compile(r"^# Sources +sha256 (\w+); rules (\w+)", re.MULTILINE)
_VERSION = re.compile(r"^# Written by gradscribe (\S+)", re.MULTILINE)


def compare(file: File, path: Path) -> Difference | None:
    """None where the file at ``path`` is fresh."""
    shown = relative(path)
    if not path.is_file():
        return Difference(f"{shown} does not exist", _diff("", file.text, shown), source=True)
    old = path.read_text(encoding="utf-8")
    if old == file.text:
        return None
    diff = _diff(old, file.text, shown)
    before, now = _HASHES.search(old), _HASHES.search(file.text)
    assert now is not None
    if before is None:
        return Difference(f"{shown} was not written by gradscribe", diff, source=True)
    if before[1] != now[1]:
        return Difference(f"{shown} is stale: its source has changed", diff, source=True)
    versions = [match[1] if match else "?" for match in map(_VERSION.search, (old, file.text))]
    if versions[0] != versions[1]:
        why = f"gradscribe has changed from {versions[0]} to {versions[1]}"
    elif before[2] != now[2]:
        why = "gradscribe's rules have changed"
    else:
        why = "gradscribe now writes another text, or the file was edited"
    return Difference(f"{shown} is stale: {why}", diff, source=False)


def _diff(old: str, new: str, name: str) -> str:
    lines = difflib.unified_diff(
        old.splitlines(keepends=True),
        new.splitlines(keepends=True),
        name,
        f"{name} (as written now)",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
