"""What a program certainly raises, and the ``try`` statements that this decides."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close, gradient_by_differences
from pipeline import check_everything, check_forward, define, fresh, quietly, round_trip

A = np.array

# name: (source, the arguments of several calls)
PROGRAMS: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "items of what may be a number": (
        """
import numpy as np
def small(r):
    try:
        r[r < 0.5] = 0.25 * r[r < 0.5]
    except TypeError:
        if r < 0.5:
            r = 0.25 * r
    return r
def main(x, y):
    return np.sum(small(np.hypot(x, y)) * small(x * y) * x)
""",
        [(0.3, 0.2), (1.3, 0.8), (A([0.3, 1.3]), A([0.2, 0.8]))],
    ),
    "a jump from within a branch": (
        """
import numpy as np
def main(x, y):
    r = np.hypot(x, y)
    inside = r < 1
    try:
        scale = 3.0
        if np.any(inside):
            scale = 2 * y
            r[inside] = -r[inside]
        r = r * x
    except (TypeError, AttributeError):
        if inside:
            r = -scale * r
    return np.sum(r * scale)
""",
        [(0.3, 0.4), (1.3, 0.8), (A([0.3, 1.3]), A([0.4, 0.8]))],
    ),
    "entries that are not there": (
        """
def main(x, y):
    table, pair = {"a": x, "b": x * y}, (x, y)
    try:
        z = table["c"]
    except KeyError as error:
        z = x**3 * len(str(error))
    try:
        z += pair[2]
    except IndexError:
        z += pair[-1] * x
    try:
        a, b, c = pair
    except ValueError:
        a, b, c = z, y, x
    return a * b * c + table.get("d", y)
""",
        [(0.3, 0.4)],
    ),
    "methods that Python's numbers do not have": (
        """
import numpy as np
def main(x, y):
    try:
        y = y.squeeze()[()] * 1.0
        z = (x * y).sum()
    except AttributeError:
        z = x * y * x
    try:
        return z.item() * x.ndim
    except AttributeError:
        return np.sum(x * x) * z
""",
        [(0.3, 0.4), (np.float64(0.3), np.float64(0.4)), (A([0.3, 1.3]), A([0.4]))],
    ),
    "names that nothing binds": (
        """
import numpy as np
def main(x, y):
    z = y
    try:
        z = x * y
        w = Quantity(z)
    except NameError:
        w = z * z
    finally:
        z = z + 1
    return np.sum(w * z)
""",
        [(0.3, 0.4), (A([0.3, 1.3]), A([0.4, 0.2]))],
    ),
    "a path that is not taken": (
        """
import sys
import numpy as np
def with_units(x):
    return Quantity(x) * units.metre
def main(x, y):
    if "no_such_module" in sys.modules:
        z = with_units(x)
    else:
        z = x * y
    w = z * z if np.all(x > -99) else missing(z)
    return np.sum(w) * (1.0 if np.all(x < 99) else missing(w))
""",
        [(0.3, 0.4), (A([0.3, 1.3]), A([0.4, 0.2]))],
    ),
    "a length, and returns within the body": (
        """
import numpy as np
def size(x):
    try:
        if len(x) > 1:
            return len(x) * 1.0
        return 7.0
    except TypeError:
        return 3.0
def main(x, y):
    return np.sum(x * y * size(x) * size(y))
""",
        [(0.3, 0.4), (A([0.3, 1.3]), A([0.4])), (np.array(0.3), np.float64(0.4))],
    ),
    "two handlers, in a loop that is left": (
        """
import numpy as np
def main(x, y):
    t = 0.0
    for k in range(4):
        try:
            if k == 2:
                continue
            t = t + x * y
            y[0] = 1.0
            t = t + 100.0
        except AttributeError:
            t = 0.0
        except TypeError:
            t = t * x
            if k == 3:
                break
        else:
            t = t - x
    return np.sum(t)
""",
        [(0.3, 0.4), (A([0.3, 1.3]), A([0.4, 0.2]))],
    ),
    "what may be a number while the program runs": (
        """
import math
import numpy as np
def main(x, y):
    z = x * y
    if np.any(z > 1):
        z = math.pi
    try:
        i = y < z
        z[i] = -z[i]
    except TypeError:
        if np.any(y < z):
            z = z * x
    return np.sum(z * x)
""",
        [(1.5, 0.3), (1.5, 2.0), (A([1.5, 0.2]), A([0.3, 0.1])), (A([1.5, 0.2]), A([0.3, 1.0]))],
    ),
    "another exception, in a try around": (
        """
import math
def main(x, y):
    try:
        try:
            y[0] = math.log(x)
        except (NameError, AttributeError):
            return x
    except TypeError:
        return math.sin(x) * y * y
    return y[0] * x
""",
        [(0.3, 0.4)],
    ),
    "an exception that the program raises itself": (
        """
import numpy as np
def main(x, y):
    z = x * y
    try:
        z = z * x
        for k in range(2):
            z = z + np.sin(x) / 2
        if np.sum(x) > 1:
            raise ValueError("too large")
        z = z * x
        x = x + z
    except ValueError:
        z = z * z * x
    else:
        z = z + 1
    return np.sum(z * x)
""",
        [(0.3, 0.2), (1.3, 0.8), (A([0.3, 1.3]), A([0.2, 0.8])), (A([0.1, 0.2]), A([0.2, 0.8]))],
    ),
    "exceptions of one's own, raised in one of two tries": (
        """
class Outside(Exception):
    pass
def main(x, y):
    z = x
    try:
        z = z * y
        if x > 1:
            raise Outside("by x")
        z = z * 3
    except (Outside, AssertionError):
        z = z * z
    try:
        if y > 1:
            z = z * y
            raise KeyError
        elif x > 1:
            z = z + x
            raise KeyError("y")
        z = z * x
    except KeyError:
        z = z + y * y
    return z * x
""",
        [(0.3, 0.2), (1.3, 0.8), (0.3, 1.8)],
    ),
}
CASES = [(name, k) for name, (_, calls) in PROGRAMS.items() for k in range(len(calls))]


@pytest.mark.parametrize(("name", "call"), CASES)
def test_derivatives_where_it_is_known_what_raises(name: str, call: int) -> None:
    source, calls = PROGRAMS[name]
    function, args = define(source), calls[call]
    for place in range(len(args)):
        check_everything(function, args, (place,))
        check_forward(function, args, (place,), gradient_by_differences(function, args, place))
    memory, text, _ = round_trip(function, fresh(args))
    expected = quietly(function, *fresh(args))
    for written in (memory, text):
        assert_close(quietly(written, *fresh(args)), expected, rtol=1e-12, atol=0.0)


DECIDED = (
    "items of what may be a number",
    "a jump from within a branch",
    "names that nothing binds",
    "an exception that the program raises itself",
    "exceptions of one's own, raised in one of two tries",
)


@pytest.mark.parametrize("name", DECIDED)
def test_no_try_is_left_where_it_is_decided(name: str) -> None:
    source, calls = PROGRAMS[name]
    for args in calls:
        assert "try" not in gs.grad(define(source)).source_for(*args)


def test_a_path_that_raises_says_what_python_says() -> None:
    main = define("def main(x):\n    if x > 1:\n        return missing(x)\n    return x * x\n")
    assert gs.grad(main)(0.5) == 1.0
    with pytest.raises(NameError, match="name 'missing' is not defined"):
        gs.grad(main)(1.5)


def test_an_exception_of_ones_own_of_that_name_is_another() -> None:
    source = """
class NameError(Exception):
    pass
def main(x):
    if x > 1:
        return missing(x)
    return x * x
"""
    with pytest.raises(__builtins__["NameError"] if isinstance(__builtins__, dict) else NameError):
        gs.grad(define(source))(1.5)


def test_what_acts_before_it_raises_is_not_left_out() -> None:
    source = """
def said(x):
    print("said")
    return x
def main(x):
    try:
        x[0] = said(x)
    except TypeError:
        x = x * x
    return x
"""
    from pipeline import printed

    main = define(source)
    assert gs.grad(main)(1.5) == 3.0
    assert printed(gs.grad(main), 1.5) == "said\n"


def test_nothing_is_decided_where_something_else_may_raise() -> None:
    source = """
def main(x, k):
    y = x
    try:
        y = x * x
        k.missing
        y = y * x
    except AttributeError:
        pass
    return y * x
"""
    derivative = gs.grad(define(source))
    assert "try" in derivative.source_for(1.5, object())
    assert derivative(1.5, object()) == 3 * 1.5**2
    assert derivative(1.5, SimpleNamespace(missing=0)) == 4 * 1.5**3


# name: (a statement in the try, arguments x and k; the ValueError that it raises, perhaps)
UNFIT: dict[str, tuple[str, tuple[Any, ...]]] = {
    "lengths that may differ": ("y = y + np.sum(x * k)", (A([0.3, 0.2]), A([1.0, 2.0, 3.0]))),
    "lengths of a product of matrices": ("y = y + x @ k", (A([0.3, 0.2]), A([1.0, 2.0, 3.0]))),
    "what does not fit where it is written": (
        "x = x * 1.0; x[:1] = k",
        (A([0.3, 0.2]), A([1.0, 2.0])),
    ),
    "the truth of several numbers": ("y = y + (1.0 if x > 0.2 else 2.0)", (A([0.3, 0.2]), 1)),
    "the largest of nothing": ("y = y + np.max(x)", (A([]), 1)),
    "a domain": ("y = y + math.sqrt(k - 1.0)", (A([0.3, 0.2]), 0.5)),
    "an axis that is not there": ("y = y + np.sum(x, axis=k)", (A([0.3, 0.2]), 3)),
    "a step of nothing": ("y = y + np.sum(x[::k])", (A([0.3, 0.2]), 0)),
    "a negative power of an integer": ("y = y + np.sum(k ** -1)", (A([0.3, 0.2]), A([2, 3]))),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_may_be_unfit_decides_nothing(name: str) -> None:
    statement, args = UNFIT[name]
    source = f"""
import math
import numpy as np
def main(x, k):
    y = np.sum(x * x)
    try:
        y = y * 2
        {statement}
        y = y * 3
    except ValueError:
        return np.sum(x) * 5
    return y
"""
    function = define(source)
    assert quietly(function, *args) == np.sum(args[0]) * 5, "the case raises nothing"
    try:
        value, gradient = quietly(gs.value_and_grad(function), *args)
    except gs.GradscribeError:
        return
    assert_close(value, np.sum(args[0]) * 5, rtol=1e-12, atol=0.0)
    assert_close(gradient, np.full_like(args[0], 5.0), rtol=1e-12, atol=0.0)


def test_operators_of_lists_decide_nothing() -> None:
    source = """
def main(x):
    xs = [x]
    try:
        xs += [x * x]
        xs = xs * 2 + [x]
        if xs == [x, 1.0]:
            x = x * 2
        if x > 1:
            raise ValueError("too large")
        x = x * 3
    except ValueError:
        x = x * x
    return sum(xs) * x
"""
    with pytest.raises(gs.GradscribeError, match="may or may not have done so"):
        gs.grad(define(source))(1.3)
