"""Facts: SciPy's splines, evaluated."""

from __future__ import annotations

from typing import Any

from scipy.interpolate import bisplev, splev  # type: ignore[import-untyped]  # it has no types

from gradscribe.ir.facts.dimensions import array_of
from gradscribe.ir.facts.elementwise import as_array
from gradscribe.ir.primitives import fact
from gradscribe.ir.types import FLOAT, NP_FLOAT, UNKNOWN, Array, Sequence, Type, dims_of


def coefficients(tck: Type, place: int) -> Type:
    """The type of an entry of what describes a spline."""
    items = tck.items if isinstance(tck, Sequence) else None
    return items[place] if items is not None and len(items) > place else UNKNOWN


@fact(splev, name="scipy.interpolate.splev", elementwise=True)
def _(x: Type, tck: Type, der: Any = 0, ext: Any = 0) -> Type:
    """An array even of a number; of a curve a list of arrays."""
    held = coefficients(tck, 1)
    known = isinstance(held, Array | Sequence) and len(array_of(held).dims or ()) == 1
    return Array(FLOAT, dims_of(as_array(x))) if known else UNKNOWN


@fact(bisplev, name="scipy.interpolate.bisplev")
def _(x1: Type, x2: Type, tck: Type, dx: Any = 0, dy: Any = 0) -> Type:
    """A number of numbers, else the values on a grid."""
    numbers = dims_of(x1) == () and dims_of(x2) == ()
    return NP_FLOAT if numbers else Array(FLOAT, None)
