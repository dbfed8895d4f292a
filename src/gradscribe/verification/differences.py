"""Central differences, extrapolated to step zero, with an estimate of their error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

_STEPS = 12
_ORDERS = 5


@final
@dataclass(frozen=True, slots=True)
class Difference:
    """A derivative by differences, its error, and the step of the best of them.

    ``left`` and ``right`` are the one-sided derivatives where these are not the same: a kink.
    """

    value: float
    error: float
    step: float
    left: float | None = None
    right: float | None = None


def difference(along: Callable[[float], float], size: float) -> Difference:
    """The derivative of ``along`` at 0, whose argument moves a number of this size.

    Ridders' method: the differences for steps that halve, extrapolated (C. Ridders, Adv. Eng.
    Software 4 (1982) 75).
    """
    here = along(0.0)
    step = 2.0**-4 * max(1.0, abs(size))
    best = Difference(np.nan, np.inf, step)
    previous: list[float] = []
    sides: list[tuple[float, float]] = []
    for _ in range(_STEPS):
        after, before = along(step), along(-step)
        sides.append(((here - before) / step, (after - here) / step))
        noise = np.finfo(float).eps * max(abs(after), abs(before), abs(here)) / step
        row = [(after - before) / (2 * step)]
        for k in range(1, min(len(previous), _ORDERS) + 1):
            factor = 4.0**k
            row.append((factor * row[k - 1] - previous[k - 1]) / (factor - 1))
            change = max(abs(row[k] - row[k - 1]), abs(row[k] - previous[k - 1])) + noise
            if np.isfinite(change) and change <= best.error:
                best = Difference(row[k], change, step)
        previous = row
        step /= 2
    return _with_kink(best, sides)


def _with_kink(best: Difference, sides: list[tuple[float, float]]) -> Difference:
    """The gap between the two sides halves with the step, unless there is a kink."""
    left, right = np.array(sides).T
    gaps = np.abs(right - left)[_STEPS // 2 :]
    scale = max(abs(left[-1]), abs(right[-1]), 1e-12)
    if not np.all(np.isfinite(gaps)) or gaps[-1] < 0.5 * gaps[0] or gaps[-1] < 1e-4 * scale:
        return best
    return Difference(best.value, best.error, best.step, float(left[-1]), float(right[-1]))
