"""What the README and the pages under docs/ show is what gradscribe does.

``make golden`` writes their outputs anew; then read the diff.
"""

from __future__ import annotations

import ast
import code
import contextlib
import io
import re
import shlex
import sys
from pathlib import Path

import pytest

from gradscribe import cli

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]

INCLUDED = re.compile(r"<!-- (source|function) (\S+) -->\n```python\n.*?```\n", re.DOTALL)
SESSION = re.compile(r"```(pycon|console)\n(.*?)```\n", re.DOTALL)


def source_of(place: str) -> str:
    """A function without decorators and docstring."""
    path, name = place.split(":")
    text = (ROOT / path).read_text()
    found = next(
        n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == name
    )
    lines = text.splitlines()
    first = found.body[1].lineno if ast.get_docstring(found) else found.body[0].lineno
    return "\n".join([lines[found.lineno - 1], *lines[first - 1 : found.end_lineno]]) + "\n"


def without_head(path: str) -> str:
    """A generated file from its first import or definition on."""
    lines = (ROOT / path).read_text().splitlines(keepends=True)
    return "".join(lines[next(k for k, line in enumerate(lines) if not line.startswith("#")) :])


def in_python(session: str) -> str:
    """A Python session with what it prints now."""
    console = code.InteractiveConsole({"__name__": "session"})
    made = []
    for line in session.splitlines():
        if not line.startswith((">>>", "...")):
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            console.push(line[4:])
        made.append(f"{line}\n{printed.getvalue()}")
    return "".join(made)


def in_shell(session: str) -> str:
    """Commands with what they print now."""
    made = []
    for line in session.splitlines():
        if not line.startswith("$ "):
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            cli.main(shlex.split(line)[2:])
        made.append(f"{line}\n{printed.getvalue()}")
    return "\n".join(made)


def renewed(page: str) -> str:
    """A page with everything it shows made anew."""

    def include(match: re.Match[str]) -> str:
        kind, place = match.groups()
        text = source_of(place) if kind == "source" else without_head(place)
        return f"<!-- {kind} {place} -->\n```python\n{text}```\n"

    def run(match: re.Match[str]) -> str:
        kind, session = match.groups()
        return f"```{kind}\n{in_python(session) if kind == 'pycon' else in_shell(session)}```\n"

    return SESSION.sub(run, INCLUDED.sub(include, page))


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_a_page_shows_what_is(
    path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(ROOT / "docs")
    sys.modules.pop("model", None)
    now = renewed(path.read_text(encoding="utf-8"))
    if request.config.getoption("--update-golden"):
        path.write_text(now, encoding="utf-8", newline="\n")
    assert path.read_text(encoding="utf-8") == now, "make golden writes it anew"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_a_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (path.parent / target).exists(), target
