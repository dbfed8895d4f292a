"""Names that no program can contain: variables of the compiler's own, beside those of the user.

``hidden("v", "12:4")`` is a variable of its own for the place it is made at; text calls it ``v``.
"""

from __future__ import annotations


def hidden(name: str, scope: str) -> str:
    """A variable that text calls ``name`` (nothing in particular if that is empty)."""
    return f" {name or '-'} {scope}"


def is_hidden(name: str) -> bool:
    return name.startswith(" ")


def plain(name: str) -> str:
    """What a variable is called in the text: a hidden one without what hides it."""
    if not is_hidden(name):
        return name
    word = name.split(maxsplit=1)[0]
    return "" if word == "-" else word
