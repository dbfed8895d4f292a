"""Standalone derivative files: what they say at their head, what they check, how they compare.

``target`` finds the user's function and the types of its arguments, ``compose`` makes the text,
``guards`` the checks at its entry, ``fingerprint`` the hashes at its head, and ``compare`` tells
why a committed file is not what would be written now.
"""

from gradscribe.files.compare import Difference, compare
from gradscribe.files.compose import File, Wish, compose, derived, intermediate
from gradscribe.files.target import Target, find, load, marked, relative

__all__ = [
    "Difference",
    "File",
    "Target",
    "Wish",
    "compare",
    "compose",
    "derived",
    "find",
    "intermediate",
    "load",
    "marked",
    "relative",
]
