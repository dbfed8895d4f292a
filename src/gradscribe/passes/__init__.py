"""Passes from IR to IR that know nothing of derivatives; PIPELINE runs them in order."""

from __future__ import annotations

from gradscribe.ir.core import Function
from gradscribe.passes.algebra import simplify_algebra
from gradscribe.passes.broadcasts import fold_broadcasts
from gradscribe.passes.cancel import cancel
from gradscribe.passes.clean import clean
from gradscribe.passes.fuse import fuse
from gradscribe.passes.numbers import write_to_numbers
from gradscribe.passes.roots import add_squares_of_roots
from gradscribe.passes.shapes import ask_shapes
from gradscribe.passes.share import share, share_arithmetic
from gradscribe.passes.writes import join_writes

PIPELINE = (
    write_to_numbers, fuse, fold_broadcasts, ask_shapes, clean, share, join_writes, cancel,
    add_squares_of_roots, simplify_algebra, share, clean, simplify_algebra, share_arithmetic,
    share, clean,
)  # fmt: skip


def simplify(function: Function) -> Function:
    """Run the pipeline over a function, in place."""
    for run in PIPELINE:
        run(function)
    return function
