"""Every refusal is on ``docs/refusals.md``, with its message and with a program that is accepted.

The page is made of the table in ``refusals.py``; ``make golden`` writes it anew. Every place in the
compiler that refuses is reached by a row of the table, or listed here with the reason.
"""

from __future__ import annotations

import ast
import copy
import itertools
import linecache
import re
import sys
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close, gradient_by_differences
from pipeline import FIRST, quietly
from refusals import ARGUMENTS, MISTAKES, SECTIONS, Refusal

ROOT = Path(__file__).parent.parent
SOURCES = ROOT / "src" / "gradscribe"
PAGE = ROOT / "docs" / "refusals.md"
ROWS = [row for rows in SECTIONS.values() for row in rows]

Site = tuple[str, int]

_numbers = itertools.count(1_000_000)


class Refused:
    """What a call was refused with, and which places in the compiler raised it."""

    def __init__(self, row: Refusal) -> None:
        names = namespace(row.source())
        with warnings.catch_warnings(), pytest.raises(gs.GradscribeError) as caught:
            warnings.simplefilter("ignore")
            evaluated(row.refused(), names)
        self.error = caught.value
        self.text = re.sub(r"<text \d+>", "model.py", str(self.error))
        self.sites = set(raised_at(self.error))


def namespace(source: str) -> dict[str, Any]:
    """The names of a program and of the arguments."""
    file = f"<text {next(_numbers)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    module = types.ModuleType("refused_program")
    sys.modules[module.__name__] = module
    names = vars(module)
    names.update(np=np, gs=gs, **copy.deepcopy(ARGUMENTS))
    exec(compile(source, file, "exec", dont_inherit=True), names)
    return names


def evaluated(text: str, names: dict[str, Any]) -> Any:
    return quietly(eval, text, names)


def raised_at(error: BaseException | None) -> Iterator[Site]:
    """The lines of the compiler that raised an error and those that led to it."""
    while error is not None:
        site: Site | None = None
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            path = Path(code.co_filename)
            if path.is_relative_to(SOURCES) and code.co_name not in ("refuse", "refuse_here"):
                site = path.relative_to(SOURCES).as_posix(), trace.tb_lineno
            trace = trace.tb_next
        if site is not None:
            yield site
        error = error.__context__


# ---------------------------------------------------------------------------- rows


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_a_refusal_names_a_place_and_a_rewrite(row: Refusal) -> None:
    refused = Refused(row)
    assert refused.error.hint
    message = refused.error.message
    assert not message.endswith(".") and not message[:2].istitle()
    if not row.call:
        assert re.match(r"model\.py:\d+:\d+: error: ", refused.text)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_the_rewrite_is_accepted_and_right(row: Refusal) -> None:
    names = namespace(row.accepted())
    if row.instead or row.call:
        assert evaluated(row.instead or row.refused(), names) is not None
        return
    args = eval(f"({row.args},)", names)
    expected = quietly(gradient_by_differences, names["main"], args, row.wrt)
    assert_close(quietly(gs.grad(names["main"], row.wrt), *args), expected, **FIRST)


@pytest.mark.parametrize("row", MISTAKES, ids=lambda row: row.what)
def test_what_python_does_not_run_is_refused(row: Refusal) -> None:
    assert Refused(row).error.message
    if not row.call:
        names = namespace(row.source())
        with pytest.raises(Exception):  # noqa: B017 (whichever it is)
            evaluated(f"main({row.args})", names)


# ---------------------------------------------------------------------------- the page


HEAD = """\
# What is refused

Every construct that gradscribe refuses, the message, and a program that is accepted in its place.
`np` is NumPy, `gs` is gradscribe and `foreign` an array of another library. What is not listed here
is differentiated, or is a mistake that Python does not run either.
"""


NAMES = {"del", "hasattr", "setattr", "delattr", "jvp", "super"}


def page() -> str:
    parts = [HEAD, "\n", *(f"- [{name}](#{anchor(name)})\n" for name in SECTIONS)]
    for name, rows in SECTIONS.items():
        parts.append(f"\n## {name}\n")
        parts += map(entry, rows)
    return "".join(parts)


def anchor(name: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", name.lower()).replace(" ", "-")


def entry(row: Refusal) -> str:
    """One refusal as the page shows it."""
    first = row.what.split()[0]
    named = not first.isalpha() or first in NAMES
    what = row.what if named else row.what[0].upper() + row.what[1:]
    parts = [f"\n### {what}\n\n```python\n{row.source()}```\n\n"]
    if row.call:
        parts.append(f"`{row.call}` is refused:\n\n")
    parts.append(f"```\n{Refused(row).text}\n```\n")
    if row.rewrite and row.instead:
        parts.append(f"\nAccepted, with `{row.instead}`:\n\n```python\n{row.accepted()}```\n")
    elif row.rewrite:
        parts.append(f"\nAccepted:\n\n```python\n{row.accepted()}```\n")
    else:
        parts.append(f"\nAccepted: `{row.instead}`\n")
    return "".join(parts)


def test_the_page_is_what_the_table_gives(request: pytest.FixtureRequest) -> None:
    now = page()
    if request.config.getoption("--update-golden"):
        PAGE.write_text(now, encoding="utf-8", newline="\n")
    assert PAGE.read_text(encoding="utf-8") == now, "make golden writes it anew"


# ---------------------------------------------------------------------------- completeness

# The command line, files and checks have messages of their own (test_cli.py, test_files.py,
# test_check_grads.py, test_verify.py).
ELSEWHERE = ("cli.py", "errors.py", "files/", "verification/")
REFUSING = {
    "refuse", "refuse_here", "UnsupportedError", "AliasError", "NoRuleError", "ArgumentError",
    "SourceUnavailableError", "certainly",
}  # fmt: skip

# Places that no short program reaches, by a part of the message, and why.
NOT_REACHED: dict[str, str] = {
    "lost the shape of the value": "only long random programs whose value has no known rank do so",
    "SciPy is not installed": "the tests need SciPy themselves",
    "does not match the function": "the file was changed after the import (test_source.py)",
    "cannot be told apart": "two lambdas of one line that only their closures tell apart",
    "cannot find the type of what": "after some rounds a type is unknown, which fits all",
    "UnboundLocalError": "a handler around it catches that (test_unbound.py)",
    "may be read before it is set": "what a loop may set is carried, whatever it is",
    "relies on a rule for": "a written file is read without its rules (test_custom_rules.py)",
    "cannot be parsed": "the file was changed after the import",
}


def sites() -> Iterator[tuple[str, ast.Call]]:
    """Every place in the compiler that refuses something."""
    for path in sorted(SOURCES.rglob("*.py")):
        name = path.relative_to(SOURCES).as_posix()
        if name.startswith(ELSEWHERE):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if getattr(called, "attr", getattr(called, "id", None)) in REFUSING:
                assert isinstance(node, ast.Call)
                if "message, self.here(" not in ast.unparse(node):  # in ``refuse`` itself
                    yield name, node


def test_every_refusal_of_the_compiler_is_on_the_page() -> None:
    reached = set[Site]().union(*(Refused(row).sites for row in [*ROWS, *MISTAKES]))
    missing = [
        f"{name}:{node.lineno}: {ast.unparse(node)}"
        for name, node in sites()
        if not any((name, line) in reached for line in range(node.lineno, node.end_lineno + 1))
        and not any(text in ast.unparse(node) for text in NOT_REACHED)
    ]
    assert not missing, "no row of the table is refused here:\n" + "\n".join(missing)
