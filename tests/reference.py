"""The API reference, docs/api.md, made of the docstrings of the public names."""

from __future__ import annotations

import functools
import inspect
import re
import textwrap
from typing import Any

import gradscribe as gs
from gradscribe import api
from gradscribe.rules import custom
from gradscribe.runtime.dispatch import Derivative

HEAD = """\
# All functions

Made of the docstrings by `make golden`; the tests run every example. The names are those of

```pycon
>>> from gradscribe import *
```
"""

# Titles for the modules that define public names; the others come last.
SECTIONS = {
    "gradscribe.api": "Derivatives",
    "gradscribe.runtime.dispatch": "What they return",
    "gradscribe.sparse": "Sparse matrices",
    "gradscribe.ir": "Inside functions that are differentiated",
    "gradscribe.implicit": "Solutions of equations",
    "gradscribe.rules.custom": "Rules of your own",
    "gradscribe.verification": "Checking and adopting derivatives",
    "gradscribe.errors": "Errors",
    "gradscribe": "More",
}

# Of functions whose docstrings stand in every file that calls them, and so are short.
EXAMPLES = {"stop_gradient": """\
>>> def f(x):
...     return x * stop_gradient(x)
>>> f(3.0), grad(f)(3.0)
(9.0, 3.0)"""}


def reference() -> str:
    """The whole page."""
    shown = [(name, getattr(gs, name)) for name in gs.__all__]
    shown += [
        (f"Derivative.{name}", getattr(Derivative, name)) for name in ("source", "source_for")
    ]
    found: dict[str, list[str]] = {}
    for name, thing in shown:
        found.setdefault(_section(thing), []).append(_entry(name, thing))
    parts = [HEAD]
    for module, title in SECTIONS.items():
        if module in found:
            parts += [f"## {title}\n", *_introduction(module), *found[module]]
    return "\n".join(parts)


def public_functions() -> dict[str, Any]:
    """Every public name but the errors and the other spellings of one function."""
    return {
        name: thing
        for name in gs.__all__
        if not isinstance(thing := getattr(gs, name), functools.partial)
        and not (isinstance(thing, type) and issubclass(thing, Exception))
    }


def documentation(name: str, thing: Any) -> str:
    return "\n\n".join(filter(None, [inspect.getdoc(thing), EXAMPLES.get(name)]))


def _section(thing: Any) -> str:
    if isinstance(thing, type) and issubclass(thing, Exception):
        return "gradscribe.errors"
    if isinstance(thing, property):
        thing = thing.fget
    if isinstance(thing, functools.partial):
        thing = thing.func
    return next(m for m in sorted(SECTIONS, reverse=True) if thing.__module__.startswith(m))


def _introduction(module: str) -> list[str]:
    """What the docstring of a module says after its first line."""
    described = {"gradscribe.api": api, "gradscribe.rules.custom": custom}.get(module)
    if described is None:
        return []
    return [_markdown(inspect.cleandoc(described.__doc__ or "").split("\n", 2)[2])]


def _entry(name: str, thing: Any) -> str:
    if isinstance(thing, functools.partial):
        given = ", ".join(f"{key}={_quoted(value)}" for key, value in thing.keywords.items())
        return f"### `{name}`\n\n`{thing.func.__name__}` with `{given}`.\n"
    doc = _markdown(documentation(name, thing))
    if isinstance(thing, type) and issubclass(thing, Exception):
        return f"### `{name}`\n\n{doc}"
    called = "" if isinstance(thing, property) else f"({_parameters(thing)})"
    methods = _methods(thing) if isinstance(thing, type) else ""
    return f"### `{name}{called}`\n\n{doc}{methods}"


def _methods(cls: type) -> str:
    names = [name for name in vars(cls) if not name.startswith("_") and callable(vars(cls)[name])]
    return f"\nMethods: {', '.join(f'`{name}`' for name in names)}.\n" if names else ""


def _parameters(thing: Any) -> str:
    """The parameters without their types."""
    parts = []
    starred = False
    for p in inspect.signature(thing).parameters.values():
        if p.name == "self":
            continue
        if p.kind is p.VAR_POSITIONAL or (p.kind is p.KEYWORD_ONLY and not starred):
            starred = True
            if p.kind is p.KEYWORD_ONLY:
                parts.append("*")
        star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        parts.append(f"{star}{p.name}{'' if p.default is p.empty else f'={_quoted(p.default)}'}")
    return ", ".join(parts)


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _markdown(doc: str) -> str:
    """A docstring with its examples and indented blocks as fences."""
    made = []
    for block in doc.strip().split("\n\n"):
        text = textwrap.dedent(block)
        if text.startswith(">>>"):
            made.append(f"```pycon\n{text}\n```")
        elif block.startswith("    "):
            made.append(f"```python\n{text}\n```")
        else:
            made.append(re.sub(r"::$", ":", text.replace("``", "`")))
    joined = "\n\n".join(made).replace("\n```\n\n```python\n", "\n\n\n")
    return joined + "\n"
