"""What a check found, entry by entry, and what probably causes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from gradscribe.errors import GradscribeError
from gradscribe.verification.differences import Difference

_SHOWN = 6


class WrongDerivativeError(GradscribeError, AssertionError):
    """A derivative does not agree with differences, or with another derivative.

    The message is a report: which argument and entry, what was expected, what was found, with which
    step, and what probably causes it::

        the derivative of f is wrong (reverse mode, order 1)
          argument  entry  expected   got        step
          x         [0]    1.5430806  -1.543081  0.00098
          x         [1]    3.7621957  -3.762196  0.00098
        likely cause: the sign is turned
        it relies on the rule sinh_adjoint (@adjoint of 'x' of sinh)
    """


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """One number of a derivative: where, what differences give, and what was found."""

    argument: str
    index: tuple[int, ...]
    expected: Difference
    got: float
    agrees: bool


def table(entries: Sequence[Entry]) -> list[str]:
    """The entries that disagree, in columns."""
    wrong = [entry for entry in entries if not entry.agrees]
    rows = [("argument", "entry", "expected", "got", "step")]
    for entry in wrong[:_SHOWN]:
        where = str(list(entry.index)) if entry.index else ""
        step = f"{entry.expected.step:.2g}" if entry.expected.step else ""
        rows.append(
            (entry.argument, where, f"{entry.expected.value:.8g}", f"{entry.got:.8g}", step)
        )
    widths = [max(len(row[k]) for row in rows) for k in range(5)]
    lines = [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    if len(wrong) > _SHOWN:
        lines.append(f"  … and {len(wrong) - _SHOWN} more of {len(entries)}")
    return lines


def cause(entries: Sequence[Entry]) -> str:
    """What probably makes the entries disagree."""
    wrong = [entry for entry in entries if not entry.agrees]
    kinks = [entry.expected for entry in wrong if entry.expected.left is not None]
    if kinks:
        first = kinks[0]
        return (
            f"the function has a kink here: from the left its derivative is {first.left:.6g}, "
            f"from the right {first.right:.6g}"
        )
    got = np.array([entry.got for entry in wrong])
    expected = np.array([entry.expected.value for entry in wrong])
    if not np.all(np.isfinite(expected)):
        return "the function has no value near this point"
    if not np.all(np.isfinite(got)):
        return "it is not finite: a pole, or the infinite derivative of a branch not taken"
    if not any(entry.got for entry in entries):
        return "it is zero: a constant, a stop_gradient, or a term that a rule leaves out"
    if np.allclose(got, -expected, rtol=1e-4):
        return "the sign is turned"
    if _is_transposed(entries):
        return "it is transposed"
    ratios = got / np.where(expected == 0, np.nan, expected)
    if (
        np.all(got)
        and np.all(np.isfinite(ratios))
        and np.ptp(ratios) <= 1e-4 * np.abs(ratios).max()
    ):
        return f"a factor: it is {ratios[0]:.6g} times what it should be"
    gaps = got - expected
    if len(gaps) > 1 and np.ptp(gaps) <= 1e-4 * np.abs(gaps).max():
        return f"a term: it is off by {gaps[0]:.6g} everywhere"
    if len(wrong) < len(entries):
        return f"{len(wrong)} of {len(entries)} entries: an index, a mask or a branch"
    return "a term or factor that depends on the argument"


def _is_transposed(entries: Sequence[Entry]) -> bool:
    """Is what was found for entry (i, j) what was expected for (j, i)?"""
    if any(len(entry.index) != 2 for entry in entries):
        return False
    expected = {(e.argument, e.index): e.expected.value for e in entries}
    pairs = [(e.got, expected.get((e.argument, e.index[::-1]))) for e in entries]
    return all(b is not None and np.isclose(a, b, rtol=1e-4, atol=1e-8) for a, b in pairs)
