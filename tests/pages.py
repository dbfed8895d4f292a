"""A page of documentation with everything it shows made anew.

- ``<!-- source FILE.py:NAME -->`` before a block: the function NAME as it stands in FILE.py.
  ``decorated`` in place of ``source`` keeps its decorators.
- ``<!-- function FILE.py -->``: a generated file from its first import or definition on.
- ``<!-- file NAME -->``: the block is written to a file of that name for what follows. A page with
  such a block is run in an empty directory, another in the root of the project.
- A block of ``pycon`` is a session; those of one page share their names.
- A block of ``console`` is commands: ``gradscribe``, and others for the shell.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import linecache
import os
import re
import shlex
import subprocess
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gradscribe import cli

ROOT = Path(__file__).parent.parent

_BLOCK = re.compile(
    r"<!-- (?P<how>source|decorated|function|file) (?P<what>\S+) -->\n"
    r"```(?P<lang>\w*)\n(?P<body>.*?)```\n"
    r"|```(?P<kind>pycon|console)\n(?P<session>.*?)```\n",
    re.DOTALL,
)
# What the shell must not take from the machine it runs on.
_PLAIN = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def works_in_files(page: str) -> bool:
    return "<!-- file " in page


def renewed(page: str, directory: Path) -> str:
    """The page; the working directory must be ``directory``, and modules in it importable."""
    names: dict[str, Any] = {"__name__": "__main__"}

    def renew(match: re.Match[str]) -> str:
        how, what, kind = match["how"], match["what"], match["kind"]
        if kind is not None:
            _forget_modules(directory)
            run = _in_shell(match["session"]) if kind == "console" else None
            return f"```{kind}\n{run or _in_python(match['session'], names)}```\n"
        if how == "file":
            (directory / what).write_text(match["body"], encoding="utf-8", newline="\n")
            sys.modules.pop(Path(what).stem, None)
            return match[0]
        text = without_head(what) if how == "function" else source_of(what, how == "decorated")
        return f"<!-- {how} {what} -->\n```{match['lang']}\n{text}```\n"

    return _BLOCK.sub(renew, page)


def source_of(place: str, decorated: bool = False) -> str:
    """A function without its docstring."""
    path, name = place.split(":")
    text = (ROOT / path).read_text()
    body: list[Any] = ast.parse(text).body
    *classes, name = name.split(".")
    for one in classes:
        body = next(n for n in body if isinstance(n, ast.ClassDef) and n.name == one).body
    found = next(n for n in body if isinstance(n, ast.FunctionDef) and n.name == name)
    lines = text.splitlines()
    first = found.body[1].lineno if ast.get_docstring(found) else found.body[0].lineno
    start = found.decorator_list[0].lineno if decorated else found.lineno
    kept = [*lines[start - 1 : found.lineno], *lines[first - 1 : found.end_lineno]]
    return "\n".join(line[found.col_offset :] for line in kept) + "\n"


def without_head(path: str) -> str:
    """A generated file from its first import or definition on."""
    lines = (ROOT / path).read_text().splitlines(keepends=True)
    return "".join(lines[next(k for k, line in enumerate(lines) if not line.startswith("#")) :])


def _in_python(session: str, names: dict[str, Any]) -> str:
    """A session with what it prints now, in the form of `doctest`.

    Where the page shows no error there must be none.
    """
    made = []
    for example in doctest.DocTestParser().get_examples(session):
        first, *more = example.source.splitlines()
        made += [f">>> {first}\n", *(f"... {line}".rstrip() + "\n" for line in more)]
        with _captured() as printed:
            try:
                exec(_compiled(example.source), names)
            except Exception as error:
                if example.exc_msg is None:
                    raise
                print("Traceback (most recent call last):\n    ...")
                print(*traceback.format_exception_only(error), sep="", end="")
        made.append(printed.getvalue())
    return "".join(made)


def _compiled(source: str) -> Any:
    """Code whose source can be found, as of what is typed into an interpreter."""
    filename = f"<session {len(linecache.cache)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    return compile(source, filename, "single")


def _in_shell(session: str) -> str:
    """Commands with what they print now."""
    made = []
    for line in session.splitlines():
        if not line.startswith("$ "):
            continue
        command = line[2:]
        with _captured() as printed:
            if command.startswith("gradscribe "):
                cli.main(shlex.split(command)[1:])
            else:
                done = subprocess.run(
                    re.sub("^python ", f'"{sys.executable}" ', command),
                    shell=True,
                    check=True,
                    env={**os.environ, **_PLAIN},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
                print(done.stdout, end="")
        made.append(f"{line}\n{printed.getvalue()}")
    return "\n".join(made)


@contextlib.contextmanager
def _captured() -> Iterator[io.StringIO]:
    """What is printed, and warned of."""
    printed = io.StringIO()
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, category, *_: print(
            f"{category.__name__}: {message}"
        )
        yield printed


def _warn(message: Warning | str, category: type[Warning], *_: Any) -> None:
    print(f"{category.__name__}: {message}")


def _forget_modules(directory: Path) -> None:
    """Modules of files that a page may have changed since they were imported."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file is not None and Path(file).parent == directory:
            del sys.modules[name]
            linecache.checkcache(str(file))
