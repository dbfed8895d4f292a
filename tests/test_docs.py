"""What the README and the pages under docs/ show is what gradscribe does.

``make golden`` writes their outputs anew; then read the diff.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from joblib.externals.loky import get_reusable_executor

import pages
import reference

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_a_page_shows_what_is(
    path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    page = path.read_text(encoding="utf-8")
    directory = tmp_path if pages.works_in_files(page) else ROOT
    monkeypatch.chdir(directory)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # files change within a second
    for place in [tmp_path] if directory == tmp_path else [ROOT / "docs", ROOT / "examples"]:
        monkeypatch.syspath_prepend(place)
        for file in place.glob("*.py"):  # other tests have modules of these names, too
            monkeypatch.delitem(sys.modules, file.stem, raising=False)
    if "joblib" in page:  # workers of earlier tests do not look for modules here
        get_reusable_executor().shutdown()
    now = pages.renewed(page, directory)
    if request.config.getoption("--update-golden"):
        path.write_text(now, encoding="utf-8", newline="\n")
    assert path.read_text(encoding="utf-8") == now, "make golden writes it anew"


def test_the_reference_is_made_of_the_docstrings(request: pytest.FixtureRequest) -> None:
    path = ROOT / "docs/api.md"
    made = reference.reference()
    if request.config.getoption("--update-golden"):
        path.write_text(made, encoding="utf-8", newline="\n")
    assert path.read_text(encoding="utf-8") == made, "make golden writes it anew"


@pytest.mark.parametrize("name", reference.public_functions())
def test_a_public_function_has_an_example(name: str) -> None:
    assert ">>>" in reference.documentation(name, reference.public_functions()[name])


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_a_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (path.parent / target).exists(), target


def test_the_index_lists_every_page() -> None:
    listed = re.findall(r"\]\((\w+\.md)\)", (ROOT / "docs/README.md").read_text(encoding="utf-8"))
    pages_there = [path.name for path in ROOT.glob("docs/*.md") if path.name != "README.md"]
    assert sorted(listed) == sorted(pages_there)
