"""``try`` and ``with``: derivatives follow the path taken, and nothing in a body is lost."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close, second_by_differences
from pipeline import (
    EXACT,
    SECOND,
    check_everything,
    check_first,
    check_second,
    define,
    fresh,
    printed,
    quietly,
    reread,
    round_trip,
)

A = np.array

# name: (source, the arguments of several calls, which are differentiated)
PROGRAMS: dict[str, tuple[str, list[tuple[Any, ...]], tuple[int, ...]]] = {
    "a return in the body and in the handler": (
        """
import math
def main(x):
    try:
        return math.sqrt(x) * x
    except ValueError:
        return -x * 3.0
""",
        [(2.0,), (-1.5,)],
        (0,),
    ),
    "a write that fails": (
        """
import numpy as np
def main(x, k):
    y = np.array([x, 2 * x])
    try:
        y[k] = x * x
    except IndexError:
        y = y * x
    return y[0] * y[1]
""",
        [(2.0, 1), (1.5, 2)],
        (0,),
    ),
    "a name bound before, in the body and in the handler": (
        """
import math
def main(x):
    y = x * x
    try:
        y = math.log(x) * y
    except ValueError:
        y = y * x
    return y * x
""",
        [(2.0,), (-1.5,)],
        (0,),
    ),
    "a handler that passes": (
        """
import math
def main(x):
    y = x * x
    try:
        y = math.log(x)
    except ValueError:
        pass
    return y * x
""",
        [(2.0,), (-1.5,)],
        (0,),
    ),
    "two handlers and an else": (
        """
import math
def main(x, n):
    try:
        t = x / n
        y = math.sqrt(t)
    except ZeroDivisionError:
        y = x * x
    except ValueError as e:
        y = -x ** 3
    else:
        y = y * t
    return y * x
""",
        [(2.0, 3), (2.0, 0), (2.0, -2)],
        (0,),
    ),
    "a tuple of exceptions, from a name": (
        """
import math
def main(x, n):
    errors = (ValueError, ZeroDivisionError)
    try:
        y = math.sqrt(x / n)
    except errors:
        y = x ** 3
    return y
""",
        [(2.0, 3), (2.0, 0), (2.0, -2)],
        (0,),
    ),
    "what is raised again": (
        """
import math
def main(x):
    try:
        y = math.sqrt(x)
    except ValueError:
        print("no root")
        raise
    except ZeroDivisionError as e:
        raise RuntimeError("bad %s" % x) from e
    return y * x
""",
        [(2.0,)],
        (0,),
    ),
    "a try in a loop, twice": (
        """
import math
def main(x, n):
    s = 0.0
    for i in range(n):
        try:
            s = s + math.sqrt(x - i)
        except ValueError:
            s = s * x
        try:
            s += x / (i - 2)
        except ZeroDivisionError:
            continue
    return s * s
""",
        [(2.5, 5), (2.5, 0)],
        (0,),
    ),
    "break, continue and return in a body": (
        """
import math
def main(x, n):
    s = 0.0
    for i in range(n):
        try:
            if i == 1:
                continue
            t = math.sqrt(x - i) * x
            if t < 0.3:
                break
            if t > 100.0:
                return s * t
        except ValueError:
            s += x * x
            continue
        s += t
    return s
""",
        [(2.5, 5), (1.1, 5), (30.0, 2)],
        (0,),
    ),
    "break in a handler": (
        """
import math
def main(x, n):
    s = 0.0
    for i in range(n):
        try:
            t = math.sqrt(x - i) * x
        except ValueError:
            break
        s += t
    else:
        s = s * 2.0
    return s
""",
        [(2.5, 5), (2.5, 2)],
        (0,),
    ),
    "return from a handler in a loop": (
        """
import math
def main(x, n):
    s = x
    for i in range(n):
        try:
            s = s * math.sqrt(x - i)
        except ValueError:
            return s * x
    return s
""",
        [(2.5, 5), (2.5, 2)],
        (0,),
    ),
    "a loop in the body": (
        """
import math
def main(x, n):
    try:
        s = 0.0
        for i in range(n):
            s += math.sqrt(x - i) * s + x
    except ValueError:
        s = x * x
    return s
""",
        [(2.5, 5), (2.5, 2)],
        (0,),
    ),
    "a while loop until something is raised": (
        """
import math
def main(x):
    y = x * x
    while True:
        try:
            y = math.log(y) + 1.5 * x
        except ValueError:
            break
        if y > 2.0:
            y = y - 6.0 * x
    return y * x
""",
        [(1.3,)],
        (0,),
    ),
    "nested": (
        """
import math
def main(x):
    try:
        try:
            y = math.sqrt(x)
        except ValueError:
            y = 1.0 / (x + 2.0)
        y = y * x
    except ZeroDivisionError:
        y = x * 5
    return y * x
""",
        [(2.5,), (-1.5,)],
        (0,),
    ),
    "a handler that tries": (
        """
import math
def main(x, n):
    try:
        y = math.sqrt(x)
    except ValueError:
        try:
            y = x / n
        except ZeroDivisionError:
            y = x ** 3
    return y * x
""",
        [(2.5, 1), (-1.5, 1), (-1.5, 0)],
        (0,),
    ),
    "in functions that are called": (
        """
import math
def root(x):
    try:
        return math.sqrt(x)
    except ValueError:
        return x * x
def main(x):
    y = root(x) + root(-x) * x
    return root(y) * y
""",
        [(2.5,), (-1.5,)],
        (0,),
    ),
    "in a recursive function": (
        """
import math
def down(x, n):
    if n == 0:
        return x
    try:
        y = math.sqrt(x - n)
    except ValueError:
        y = x * x
    return down(y, n - 1)
def main(x, n):
    return down(x, n)
""",
        [(2.5, 3)],
        (0,),
    ),
    "arrays in the body": (
        """
import numpy as np
def main(x, m):
    try:
        y = np.linalg.inv(m) @ x
    except np.linalg.LinAlgError:
        y = x * x
    return np.sum(y * x)
""",
        [(A([1.0, 2.0]), A([[2.0, 0.3], [0.1, 1.0]])), (A([1.0, 2.0]), np.zeros((2, 2)))],
        (0,),
    ),
    "an array that is written to, and read where nothing was raised": (
        """
import numpy as np
def main(x, n):
    y = x * 2.0
    try:
        y[0] = x[1] * x[n]
        y *= x
    except IndexError:
        return np.sum(x * x * x)
    return np.sum(y * y)
""",
        [(A([1.0, 2.0, 0.5]), 1), (A([1.0, 2.0, 0.5]), 7)],
        (0,),
    ),
    "an array written to outside a body that reads it": (
        """
import numpy as np
def main(x, n):
    y = x * 2.0
    y[0] = x[0] ** 2
    try:
        t = y[n]
    except IndexError:
        t = y[0] * x[1]
    y[1] = t * t
    return np.sum(y * y)
""",
        [(A([1.0, 2.0, 0.5]), 1), (A([1.0, 2.0, 0.5]), 7)],
        (0,),
    ),
    "a table that ends": (
        """
def main(x, n):
    table = [x, x * x, x ** 3]
    s = 0.0
    for i in range(n):
        try:
            s += table[i] * x
        except IndexError:
            s -= x
    return s
""",
        [(1.3, 2), (1.3, 5)],
        (0,),
    ),
    "a list that grows": (
        """
import math
def main(x, n):
    out = []
    for i in range(n):
        try:
            out.append(math.sqrt(x - i))
        except ValueError:
            out.append(x * i)
    return sum(out) * x
""",
        [(2.5, 5), (2.5, 2)],
        (0,),
    ),
    "again with half the step": (
        """
import math
def main(x):
    h = 4.0
    while True:
        try:
            y = math.log(x - h)
            break
        except ValueError:
            h *= 0.5
    return y * h * x
""",
        [(2.5,)],
        (0,),
    ),
    "finally that computes": (
        """
import math
def main(x):
    y = x
    try:
        z = math.sqrt(x) * y
        return z
    finally:
        y = y * x
""",
        [(1.3,)],
        (0,),
    ),
    "finally that is read after": (
        """
import math
def main(x):
    try:
        z = math.sqrt(x)
    except ValueError:
        z = x * x
    finally:
        y = x * 3.0
    return z * y
""",
        [(1.3,), (-1.3,)],
        (0,),
    ),
    "finally that acts": (
        """
import math
def main(x):
    try:
        if x > 2.0:
            return x * x
        z = math.sqrt(x)
    except ValueError:
        z = x * x
    finally:
        print("done", x)
    return z * x
""",
        [(1.3,), (-1.3,), (3.0,)],
        (0,),
    ),
    "with errstate": (
        """
import numpy as np
def main(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.where(x > 0, np.log(x), x * x)
        z = y * 2
    return z * x
""",
        [(A([2.5, -1.0, 3.0]),)],
        (0,),
    ),
    "with in try, and with in that": (
        """
import math
import warnings
import numpy as np
def main(x, e):
    a, b = 1 - e * math.sin(x), 1 - math.sin(x)
    try:
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("error")
            with np.errstate(all="raise"):
                y = a**2
            c = 2 * math.atan(math.sqrt(y / b)) - x
        d = c * y
    except (ArithmeticError, RuntimeWarning):
        d = x * 3.0
    return d * x
""",
        [(0.3, 0.1), (1.2, 0.1)],
        (0, 1),
    ),
    "with in a loop, and a return in with": (
        """
import numpy as np
def main(x, n):
    s = x
    for i in range(n):
        with np.errstate(all="ignore"):
            s = np.sin(s) * x
            if i == 2:
                return s * s
    with np.errstate(all="ignore"), np.printoptions(precision=3):
        return s * x
""",
        [(A([0.5, 1.5]), 2), (A([0.5, 1.5]), 5)],
        (0,),
    ),
    "nullcontext and suppress": (
        """
import math
from contextlib import nullcontext, suppress
def main(x):
    y = x * x
    with nullcontext(x) as z, suppress(ValueError):
        y = math.sqrt(z) * y
    return y * x
""",
        [(1.5,), (-1.5,)],
        (0,),
    ),
    "a context manager of one's own": (
        """
from contextlib import contextmanager
@contextmanager
def section(name):
    print("in", name)
    yield 2
    print("out", name)
class Lock:
    def __enter__(self):
        print("locked")
    def __exit__(self, *about):
        print("unlocked")
lock = Lock()
def main(x):
    with section("first") as k, lock:
        y = x * x
        y = y * x
    return y * x
""",
        [(1.5,)],
        (0,),
    ),
    "what a body does last has not been done where it raised": (
        """
import math
class Box:
    def __init__(self, v):
        self.v = v
    def take(self, x, n):
        try:
            t = math.sqrt(x - n)
            u = t * 2.0
            self.v, self.t = u, t
        except ValueError:
            self.v = self.v * x
            self.t = x
def main(x, n):
    box = Box(x)
    u = x * x
    box.take(x, n)
    box.take(box.v * x, 0.5)
    try:
        s = math.log(x - n) if n > 1 else math.sqrt(x - n)
        u = s * box.v
        box.v = u * s
    except ValueError:
        pass
    return box.v * u * box.t
""",
        [(2.5, 1), (2.5, 2), (2.5, 3)],
        (0,),
    ),
    "a body that cannot raise": (
        """
import numpy as np
class Pair:
    def __init__(self, *given):
        if len(given) == 1:
            try:
                r = float(given[0])
                self.q = np.array([r, 2.0])
                return
            except TypeError:
                pass
            self.q = given[0] * 3.0
            return
        self.q = np.array(given)
def main(x, v):
    return Pair(x).q[0] * np.sum(Pair(v).q) * Pair(x, x * x).q[1]
""",
        [(1.5, A([2.0, 0.5]))],
        (0, 1),
    ),
    "what takes numbers alone is given an array": (
        """
import math
import numpy as np
def sine(x):
    try:
        return math.sin(x) * float(x)
    except TypeError:
        return np.sin(x) * x
def whole(x):
    try:
        return float(x) + int(x)
    except TypeError:
        return np.sum(x)
def main(x, v):
    return np.sum(sine(v) * sine(x)) + whole(v) * whole(x) * sine(v[1:])[0]
""",
        [(1.5, A([2.0, 0.5]))],
        (0, 1),
    ),
    "an exception from deep within a body": (
        """
import numpy as np
def numbers(xs, n):
    if len(xs) == n:
        try:
            found = [float(v) for v in xs]
        except ValueError:
            raise ValueError("no numbers: {!r}".format(xs))
        else:
            return np.asarray(found)
    elif len(xs) == 0:
        return np.zeros(n)
    else:
        raise ValueError("{} instead of {}".format(len(xs), n))
def main(x, n):
    try:
        v = numbers(x, n)
    except (KeyError, ValueError):
        v = 2.0 * x
    return np.sum(v * v)
""",
        [(A([1.5, 0.5]), 2), (A([1.5, 0.5]), 3)],
        (0,),
    ),
    "arithmetic whose derivative raises, in a body": (
        """
import math
def main(x, c):
    try:
        return math.sqrt(c) * x
    except (ValueError, ZeroDivisionError):
        return 0.0 * x
""",
        [(1.5, 0.0), (1.5, -1.0)],
        (0,),
    ),
}
CASES = [(name, k) for name, (_, calls, _) in PROGRAMS.items() for k in range(len(calls))]


@pytest.mark.parametrize(("name", "call"), CASES)
def test_derivatives_of_scopes(name: str, call: int) -> None:
    source, calls, wrt = PROGRAMS[name]
    args = calls[call]
    function = define(source)
    check_first(function, args, wrt)
    second_by = second_by_differences(function, args, wrt[0])
    check_second(function, args, wrt[0])
    if "recursive" in name:  # second derivatives of pairs that were read again are still refused
        return
    again = reread(function, args, wrt[0])
    first = quietly(gs.grad(function, wrt[0], mode="reverse"), *fresh(args))
    assert_close(quietly(again, *fresh(args)), first, **EXACT)
    assert_close(quietly(gs.grad(again, wrt[0]), *fresh(args)), second_by, **SECOND)


@pytest.mark.parametrize(("name", "call"), CASES)
def test_scopes_are_written_as_they_were_read(name: str, call: int) -> None:
    source, calls, _ = PROGRAMS[name]
    function = define(source)
    memory, text, _ = round_trip(function, fresh(calls[call]))
    expected = quietly(function, *fresh(calls[call]))
    for written in (memory, text):
        assert_close(quietly(written, *fresh(calls[call])), expected, **EXACT)
        assert printed(written, *fresh(calls[call])) == printed(function, *fresh(calls[call]))


@pytest.mark.parametrize("name", [n for n, (source, _, _) in PROGRAMS.items() if "print" in source])
def test_what_a_program_prints_is_printed_once(name: str) -> None:
    source, calls, wrt = PROGRAMS[name]
    function = define(source)
    for args in calls:
        expected = printed(function, *fresh(args))
        assert printed(gs.grad(function, wrt[0], mode="reverse"), *fresh(args)) == expected
        dots = tuple(x if k in wrt else None for k, x in enumerate(args))
        assert printed(gs.jvp(function), fresh(args), dots) == expected


def test_exceptions_that_are_not_caught_pass() -> None:
    main = define(PROGRAMS["what is raised again"][0])
    for derivative in (gs.grad(main), gs.grad(main, mode="reverse"), gs.grad(gs.grad(main))):
        with contextlib.redirect_stdout(None), pytest.raises(ValueError, match="math domain error"):
            derivative(-2.0)


def test_a_derivative_that_raises_is_not_caught_by_the_handlers_of_its_primal() -> None:
    main = define(PROGRAMS["arithmetic whose derivative raises, in a body"][0])
    assert gs.jvp(main)((1.5, 0.0), (1.0, None)) == (0.0, 0.0)
    for derivative in (gs.grad(main, 1, mode="reverse"), gs.grad(main, 1, mode="forward")):
        with pytest.raises(ZeroDivisionError):
            derivative(1.5, 0.0)


# What a body has changed when it raises, and what a handler or the code after it reads.
STEPWISE: dict[str, tuple[str, list[tuple[Any, ...]], tuple[int, ...]]] = {
    "an attribute that is set before something raises": (
        """
import math
class Box:
    pass
def main(x):
    box = Box()
    box.v = x
    try:
        box.v = x * x
        y = math.sqrt(x)
    except ValueError:
        y = box.v
    return y
""",
        [(1.3,), (-1.3,), (3.0,)],
        (0,),
    ),
    "a name that a test may raise after": (
        """
import math
def main(x):
    y = x
    try:
        y = x * x
        if math.sqrt(x) > 2.0:
            y = x
    except ValueError:
        return y
    return y
""",
        [(1.3,), (-1.3,), (3.0,)],
        (0,),
    ),
    "an array that is written to by what raises": (
        """
import numpy as np
def main(x):
    y = np.array([x, x])
    try:
        y[0] = x * x
        y[2] = x * x
    except IndexError:
        pass
    return y[0]
""",
        [(1.3,), (-1.3,), (3.0,)],
        (0,),
    ),
    "what a loop in a body changes": (
        """
import math
def main(x):
    y = x
    try:
        for i in range(3):
            y = math.sqrt(y) * x
    except ValueError:
        return y
    return y
""",
        [(1.3,), (-1.3,), (3.0,)],
        (0,),
    ),
    "a name bound before something may raise": (
        """
import math
def main(x):
    y = x
    try:
        y = x * x
        z = math.sqrt(y - 4.0)
    except ValueError:
        z = y
    return z
""",
        [(1.3,), (-1.3,), (3.0,)],
        (0,),
    ),
    "such a name after the try": (
        """
import math
def main(x):
    y = x
    try:
        y = x * x
        z = math.sqrt(y - 4.0)
    except ValueError:
        z = x
    return z * y
""",
        [(1.3,), (-1.3,), (3.0,)],
        (0,),
    ),
    "such a name in the next iteration": (
        """
import math
def main(x):
    y = x
    z = x
    for i in range(3):
        z = z * y
        try:
            y = x * x
            z = math.sqrt(y - 4.0)
        except ValueError:
            continue
    return z
""",
        [(1.3,), (-1.3,), (3.0,)],
        (0,),
    ),
    "an array written to in the body and read in the handler": (
        """
import numpy as np
def main(x):
    y = np.array([x, x])
    try:
        y[0] = x * x
        y[2] = x
    except IndexError:
        return y[0]
    return y[1]
""",
        [(1.3,), (-1.3,), (3.0,)],
        (0,),
    ),
    "a loop that is left by what its test raises": (
        """
import math
def main(x):
    y = x
    n = 0
    try:
        while math.sqrt(y) > 0.4:
            n += 1
            y = y - 0.5 * x
            y = y * math.log(y + 1.0)
    except ValueError:
        y = y * x * n
    return y * x
""",
        [(1.3,), (0.9,), (-1.3,), (3.0,)],
        (0,),
    ),
    "two loops, and continue and break in them": (
        """
import math
def main(x, n):
    y = x
    z = 0.0
    try:
        for i in range(n):
            y = y * x
            for j in range(3):
                if j > i:
                    continue
                z = z + math.sqrt(y - j)
                y = y + 0.25
            else:
                z = z * 0.5
            if z > 4.0:
                break
    except ValueError as e:
        z = z + y * x
    else:
        z = z - y
    return z * y
""",
        [(1.3, 0), (1.3, 3), (0.7, 3), (2.0, 4), (-1.1, 2)],
        (0,),
    ),
    "returns, branches and several handlers": (
        """
import math
def main(x, k):
    y = x
    table = [x, x * x, 3.0]
    try:
        y = y * table[k]
        if math.log(y) > 1.5:
            y = y * x
            return y / (k - 2)
        elif k == 1:
            y = y + 1.0
            y = math.sqrt(x - 1.0) * y
        y = y * 1.0 / k
    except (ValueError, IndexError):
        y = y * y
    except ZeroDivisionError as error:
        y = y * y * y
        if k == 5:
            raise
    finally:
        y = y + x
    return y
""",
        [(1.3, 0), (1.3, 1), (0.7, 1), (1.3, 2), (3.0, 2), (1.3, 3), (-1.3, 1)],
        (0,),
    ),
    "an object, a list and a dict, called twice": (
        """
import math
class Box:
    def __init__(self, v):
        self.v = v
    def add(self, t):
        self.v = self.v + t
        return self.v
def step(box, x):
    xs = [x]
    state = {"a": x, "n": 0}
    try:
        box.add(x)
        xs.append(box.v)
        state["a"] = state["a"] * box.v
        box.v = math.sqrt(box.v - 2.0)
        xs.append(x)
        state["n"] += 1
    except ValueError:
        box.v = box.v * x
    return sum(xs) * state["a"] + state["n"] * box.v
def main(x):
    box = Box(x)
    y = step(box, x)
    return y * box.v + step(box, x * 2.0) * x
""",
        [(1.3,), (-1.3,), (0.8,)],
        (0,),
    ),
    "rows of a matrix, within errstate": (
        """
import math
import numpy as np
def main(m, k):
    m = m * 1.0
    total = 0.0
    try:
        with np.errstate(all="ignore"):
            for i in range(len(m)):
                total = total + math.sqrt(m[i, k])
                m[i, 0] = total
    except (ValueError, IndexError):
        m[0] = m[0] * total
    return total + np.sum(m * m)
""",
        [(A([[1.0, 2.0], [3.0, 4.0]]), 1), (A([[1.0, 2.0], [3.0, -4.0]]), 1), (A([[1.0, 2.0]]), 2)],
        (0,),
    ),
    "a try in a try": (
        """
import math
def main(x, y):
    z = x
    try:
        z = z * y
        try:
            z = z + math.log(x)
            w = z / y
        except ZeroDivisionError:
            w = z * x
        z = z * w
        z = math.sqrt(z)
    except ValueError:
        z = z * 2.0
    return z * x
""",
        [(1.3, 0.7), (1.3, 0.0), (0.5, 0.7)],
        (0,),
    ),
}
STEPS = [(name, k) for name, (_, calls, _) in STEPWISE.items() for k in range(len(calls))]


@pytest.mark.parametrize(("name", "call"), STEPS)
def test_handlers_find_what_the_body_did_before_it_raised(name: str, call: int) -> None:
    source, calls, wrt = STEPWISE[name]
    function, args = define(source), calls[call]
    check_everything(function, args, wrt)
    memory, text, _ = round_trip(function, fresh(args))
    expected = quietly(function, *fresh(args))
    for written in (memory, text):
        assert_close(quietly(written, *fresh(args)), expected, rtol=1e-12, atol=0.0)


REFUSED: dict[str, tuple[str, str]] = {
    "a manager that may swallow exceptions": (
        """
class Swallow:
    def __enter__(self):
        pass
    def __exit__(self, *about):
        return True
def main(x):
    with Swallow():
        x = x * x
    return x
""",
        "lets exceptions pass",
    ),
    "what an exception holds": (
        """
class Found(Exception):
    pass
def main(x):
    try:
        raise Found(x * x)
    except Found as found:
        return found.args[0]
""",
        "",
    ),
    "what a manager hands out": (
        """
from contextlib import contextmanager
@contextmanager
def doubled(x):
    yield 2 * x
def main(x):
    with doubled(x) as y:
        return y * y
""",
        "cannot differentiate",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    source, message = REFUSED[name]
    with pytest.raises(gs.GradscribeError, match=message or None):
        gs.grad(define(source))(1.3)


def test_the_domain_of_a_function_is_where_its_handlers_say() -> None:
    main = define(PROGRAMS["a return in the body and in the handler"][0])
    assert math.isclose(gs.grad(main)(4.0), 3.0)
    assert gs.grad(main)(-4.0) == -3.0


# ---------------------------------------------------------------------------- missing names


MISSING_NAMES = """
import numpy as np
def missing(x):
    t = Thing(x)
    return t.value
def main(x):
    try:
        x = np.asarray(x)
        y = x * 2
    except NameError:
        pass
    try:
        z = missing(y)
    except NameError:
        z = y ** 3
    try:
        return missing(z)
    except NameError:
        return np.sum(z * x)
"""


def test_what_only_a_missing_name_decides_is_decided() -> None:
    function = define(MISSING_NAMES)
    x = np.array([0.7, 1.2])
    check_first(function, (x,), (0,))
    check_second(function, (x,), 0)
    assert "try" not in gs.grad(function).source_for(x)


def test_code_that_is_not_understood_reads_what_a_nested_function_rebinds() -> None:
    source = """
import numpy as np
def main(x, u):
    assert x > -1e6, "too small"
    u = u * x
    print("at first", f"{x:.2f}", u)
    def step(t):
        nonlocal x, u
        x -= t * t
        u = u * x
        return x * t
    y = step(0.5) + step(x)
    assert np.all(u < 1e6), f"{x} is too large"
    return x * y + np.sum(u)
"""
    function, args = define(source), (1.3, A([0.4, 0.2]))
    check_everything(function, args)
    assert printed(gs.grad(function), *args) == printed(function, *args)
