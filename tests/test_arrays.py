"""Functions of NumPy that are written out in functions with rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close
from pipeline import FIRST, check_first, check_second, define, fresh

V, M = np.array([0.4, 1.3, 2.7, 1.9]), np.array([[0.4, 1.3], [2.7, 1.9]])

PROGRAMS: dict[str, tuple[str, Any]] = {
    "r_ of a number, an array and an int": ("np.r_[x[0] * x[1], x, 2] ** 2", V),
    "r_ of rows, after r_ of what is constant": (
        "np.r_[x, np.r_[1.0:4.0, 7.0].reshape(2, 2)] * 2",
        M,
    ),
    "r_ with slices": ("np.r_[0:2, x[1:], 1.0:2.0:0.5] * x[0]", V),
    "r_ of lists of what is constant": ("np.r_[[1.0, 2.0], 0:4:3j][:4] * x", V),
    "c_ of vectors": ("np.c_[x, x**2, np.arange(4)] ** 2", V),
    "c_ of a matrix and a vector": ("np.c_[x, x[0]].T @ x", M),
    "c_ of numbers": ("np.c_[x[0], x[1] * x[0]]", V),
    "select": ("np.select([x < 1, x < 2], [x**2, x**3], 5.0) * x", V),
    "select of numbers, nothing else": ("np.select([x < 1, x < 2], [x, 3 * x])", V),
    "piecewise": ("np.piecewise(x, [x < 1, x >= 1], [lambda t: t**2, lambda t: t**3])", V),
    "piecewise with a constant": ("np.piecewise(x, [x < 1], [2.0, np.sin]) * x", V),
    "gradient": ("np.gradient(x) ** 2", V),
    "gradient with a spacing": ("np.gradient(x**2, 0.5)", V),
    "gradient along coordinates": ("np.gradient(x, np.array([0.0, 1.0, 1.5, 4.0])) ** 2", V),
    "gradient by coordinates": ("np.gradient(np.sin(x[:2]), np.cumsum(x[:2]))", V),
    "meshgrid": ("np.meshgrid(x, x[:2])[0] * np.meshgrid(x, x[:2])[1]", V),
    "meshgrid by indices": ("np.multiply(*np.meshgrid(x, x[:2], indexing='ij')) * x[0]", V),
    "broadcast_arrays": ("np.multiply(*np.broadcast_arrays(x, x[:, :1])) ** 2", M),
    "broadcast_arrays of a number": ("sum(np.broadcast_arrays(x[0], 2.0, x)) ** 2", M),
    "asanyarray": ("np.multiply(*map(np.ravel, list(map(np.asanyarray, (x, x.T)))))", M),
    "insert": ("np.insert(x, 1, x[0] ** 2) ** 2", V),
    "insert from the end": ("np.insert(x, -1, [x[0], 2.0]) ** 2", V),
    "delete": ("np.delete(x, -2) ** 2", V),
    "ediff1d": ("np.ediff1d(x) ** 2", M),
    "real": ("np.real(x) ** 2", V),
    "polyval of polynomials": ("np.polynomial.polynomial.polyval(x, [1.0, 2.0, 3.0])", V),
    "add.reduce": ("np.add.reduce(x) ** 2", M),
    "multiply.reduce": ("np.multiply.reduce(x, axis=1)", M),
    "maximum.reduce": ("np.maximum.reduce(x, axis=None) * x", M),
    "minimum.reduce": ("np.minimum.reduce(x) ** 2", M),
    "add.accumulate": ("np.add.accumulate(x, 1) ** 2", M),
    "multiply.accumulate": ("np.multiply.accumulate(x) ** 2", V),
    "multiply.outer": ("np.multiply.outer(x, x[:2]) * 2", V),
    "subtract.outer": ("np.subtract.outer(x, x) ** 2", V),
    "divide.outer": ("np.divide.outer(x, x)[0]", V),
    "maximum.accumulate": ("np.maximum.accumulate(x[::-1]) * x", V),
    "minimum.accumulate": ("np.minimum.accumulate(x) ** 2 * x[0]", V),
    "vectorize": ("bent(x) * 2", V),
    "vectorize of two": ("joined(x, x + 1.0)", M),
    "vectorize of what is broadcast": ("joined(x[:, None], x) * joined(2.0, x[0])", V),
    "vectorize to floats": ("np.vectorize(lambda v, k: v**k, otypes=[float])(x, 2)", M),
    "apply_along_axis": ("np.apply_along_axis(lambda r: r / np.sum(r**2), 1, x)", M),
    "apply_along_axis 0": ("np.apply_along_axis(lambda c, k: c[::-1] * c[0]**k, 0, x, 2)", M),
    "apply_along_axis to a number": ("np.apply_along_axis(np.sum, -1, x) * x[:, 0]", M),
    "piecewise of a number": ("np.piecewise(x[0], [x[0] < 0], [2.0, lambda v: v**2]) * x", V),
    "ndenumerate": ("sum([v**i * (j + 1) for (i, j), v in np.ndenumerate(x)])", M),
    "flat": ("sum([v**2 * k for k, v in enumerate(x.T.flat)])", M),
}


@np.vectorize
def bent(x: Any) -> Any:
    return x**2 if x > 1 else 3 * x


@np.vectorize
def joined(x: Any, y: Any) -> Any:
    return max(x, 1.0) * y


@pytest.mark.parametrize(("text", "x"), PROGRAMS.values(), ids=PROGRAMS.keys())
def test_functions_that_are_written_out(text: str, x: Any) -> None:
    main = define(f"def main(x):\n    return {text}\n", np=np, bent=bent, joined=joined)
    check_first(main, (x,), (0,))
    check_second(main, (x,), 0)


def test_what_is_not_written_out_is_refused() -> None:
    for text in ("np.gradient(x, axis=0)", "np.insert(x, [0, 1], 2.0)", "np.delete(x, [0])"):
        main = define(f"def main(x):\n    return {text}\n", np=np)
        with pytest.raises(gs.GradscribeError, match="cannot differentiate np"):
            gs.grad(main)(M)


def test_arrays_made_by_map_are_followed_one_by_one() -> None:
    """What is not differentiated has no tangent: 0 times the pole of its root would be NaN."""
    main = define(
        "def main(s, t):\n"
        "    s, t = list(map(np.asanyarray, (s, t)))\n"
        "    return t * s * s**0.5 + s * t**2\n",
        np=np,
    )
    s, t = np.array([0.0, 35.0]), np.array([3.0, 4.0])
    _, dot = gs.jvp(main)((s, t), (None, np.ones(2)))
    assert_close(dot, s**1.5 + 2 * s * t, **FIRST)
    assert_close(gs.grad(main, 1, mode="reverse")(*fresh((s, t))), s**1.5 + 2 * s * t, **FIRST)


@pytest.mark.parametrize("part", [0, 1, 3], ids=["solution", "residuals", "singular values"])
@pytest.mark.parametrize("shapes", [((5, 2), (5,)), ((5, 2), (5, 3)), ((2, 4), (2,))], ids=str)
def test_least_squares(shapes: Any, part: int) -> None:
    rng = np.random.default_rng(3)
    a, b = (rng.normal(size=shape) for shape in shapes)
    if part == 1 and shapes[0] == (2, 4):
        pytest.skip("there are no residuals of a system with fewer rows than columns")
    text = f"def main(a, b):\n    return np.linalg.lstsq(a, b, rcond=None)[{part}] ** 2\n"
    main = define(text, np=np)
    wrt = (0,) if part == 3 else (0, 1)
    check_first(main, (a, b), wrt)
    for place in wrt:
        check_second(main, (a, b), place)
