"""``match``, walrus, imports, and code that is not understood: inactive, it passes as it is."""

from __future__ import annotations

import datetime
import random
import types
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from oracles import assert_close, gradient_by_differences, second_by_differences
from pipeline import (
    EXACT,
    SECOND,
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

# name: (source, the arguments of several calls); the first argument is differentiated
PROGRAMS: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "match of strings": (
        """
def main(x, kind):
    match kind:
        case "sq" | "square":
            return x * x
        case "cube":
            y = x ** 3
        case None:
            y = x * 2.0
        case _:
            raise ValueError(kind)
    return y * x
""",
        [(1.2, "cube"), (1.2, "square"), (1.2, None)],
    ),
    "match of dicts and what is left of them": (
        """
def priced(x, options):
    match options:
        case {"scale": s, **rest}:
            return s * priced(x, rest)
        case {"shift": s, **rest}:
            return s + x * len(rest) + priced(x, rest)
        case {}:
            return x * x

def main(x, k):
    match {"a": x * x, "b": x, "c": 2.0}:
        case {"a": a, **rest}:
            x = a + rest["b"] * len(rest)
    return priced(x, {"shift": x, "scale": k})
""",
        [(1.2, 3.0)],
    ),
    "match of numbers": (
        """
def main(x, n):
    match n:
        case 0:
            return x
        case 1 | 2:
            return x * x
        case -1:
            return x ** 3
    return x ** 4
""",
        [(1.2, 0), (1.2, 2), (1.2, -1), (1.2, 7)],
    ),
    "match of sequences": (
        """
def main(x, p):
    match p:
        case (a, 0.0):
            return x * a
        case [a, b]:
            return x * a + b * x * x
        case (a, *rest, c):
            return x * a + c * len(rest) * x ** 3
        case _:
            return x
""",
        [(1.2, (2.0, 0.0)), (1.2, (2.0, 3.0)), (1.2, [2.0, 3.0, 4.0]), (1.2, (1.0,))],
    ),
    "match with guards and captures of what is active": (
        """
def main(x):
    match x * x:
        case y if y > 4.0:
            return y * x
        case float(y) if y > 1.0:
            z = y * y * x
        case y:
            z = y
    return z * y
""",
        [(0.5,), (1.2,), (2.5,)],
    ),
    "match of a pair that is made on the spot": (
        """
def main(x, y):
    match (x * y, x > y):
        case (t, True):
            return t * t
        case (t, _):
            return t * x
""",
        [(1.2, 0.5), (1.2, 2.5)],
    ),
    "match of classes": (
        """
def main(x, k):
    match k:
        case int():
            return x * x * k
        case str(text):
            return x * len(text)
        case float(v):
            return x * v * v
        case _:
            return x ** 3
""",
        [(1.2, 3), (1.2, "abc"), (1.2, 0.5), (1.2, None)],
    ),
    "match in a loop, with break and continue": (
        """
def main(x, codes):
    s = x
    for code in codes:
        match code:
            case 0:
                continue
            case 9:
                break
            case k:
                s = s * x + k
    return s
""",
        [(1.2, [1, 0, 2, 9, 3])],
    ),
    "walrus in the test of a while loop": (
        """
def main(x):
    s = x
    n = 0
    while (t := s * 0.5) > 0.1 and (n := n + 1) < 20:
        s = t * x
    return s * t
""",
        [(1.2,), (0.1,)],
    ),
    "walrus everywhere": (
        """
import math
def main(x):
    y = math.sin(z := x * x) + z
    w = [a := y * x, a * 2.0][1]
    return b * w if (b := y * w) > 0.1 else b
""",
        [(1.2,), (0.1,)],
    ),
    "imports inside": (
        """
def main(x):
    import math
    import os.path
    import numpy.linalg as la
    import numpy as np
    from math import exp as e, sin
    return math.sin(x) * e(x) + sin(x) * la.norm(np.array([x, 1.0]))
""",
        [(1.2,)],
    ),
    "an import that fails": (
        """
def main(x):
    try:
        import nothing_of_that_name as no
    except ImportError:
        no = None
    if no is None:
        return x * x
    return no.f(x)
""",
        [(1.2,)],
    ),
    "a class, a global, del and annotations": (
        """
from typing import Optional
K = 3.0
def main(x: "float", n: int) -> "float":
    global K
    class Options:
        k = 3
    options = Options()
    y: float = x * x
    z: Optional[list[int]]
    w: float
    w = y * K * options.k
    del y
    y = w * n
    return y * w
""",
        [(1.2, 2)],
    ),
    "strings": (
        """
def main(x, name):
    s = "%s and %d" % (x, 3)
    t = "{} {}".format(x, s)
    u = f"{x:.3f} {t!r} {x * x}"
    if name.lower().startswith("a") and u and ",".join([s, t]):
        return x * x * len(name)
    return x
""",
        [(1.2, "Abc"), (1.2, "b")],
    ),
    "sets, dicts and their views": (
        """
TABLE = {"a": 2.0, "b": 3.0}
def main(x, n, key):
    seen = {1, 2, n}
    s = 0.0
    for k, v in TABLE.items():
        s += v * x
    for k in sorted(seen):
        s = s * x + k
    if n in seen and key in TABLE:
        return s * TABLE[key] + TABLE.get(key, 1.0) * x
    return s
""",
        [(1.2, 3, "a"), (1.2, 1, "c")],
    ),
    "objects that nobody knows": (
        """
import datetime, time, logging, random, json
log = logging.getLogger("tests")
def main(x, day, thing):
    start = time.perf_counter()
    age = day - datetime.date(2000, 1, 1)
    log.debug("x is %s", x)
    r = random.Random(3).random()
    numbers = json.loads("[1, 2, 3]")
    spent = time.perf_counter() - start
    return x * x * age.days * r + thing.scale * x * numbers[2] * len(json.dumps(numbers))
""",
        [(1.2, datetime.date(2020, 2, 1), types.SimpleNamespace(scale=2.0))],
    ),
    "print, assert and raise": (
        """
def main(x):
    assert 0 < x < 10 and isinstance(x, float), f"bad {x}"
    if x > 5:
        raise ValueError("too large", x * x)
    print("x is", x, sep=" ")
    return x * x * x
""",
        [(1.2,)],
    ),
    "a call once, wherever it stands": (
        """
import json
def main(x, text):
    print(json.loads(json.dumps(print(text)) or "2"))
    return x * len(json.dumps(json.loads(text)))
""",
        [(1.2, "[1, 2]")],
    ),
    "a starred pattern of a list": (
        """
def main(x, xs):
    a, *b = xs
    *c, d = xs
    e, *f, g = xs
    return x * a + d * len(b) * x * x + f[0] * g * e * x
""",
        [(1.2, [1.0, 2.0, 3.0])],
    ),
    "methods of arrays with keywords that others take": (
        """
import numpy as np
def sibling(value, like):
    return np.asarray(value, like=like)
def main(x, w):
    y = x * w
    copied = len((y * 2.0).astype(float, order="F"))
    y = y.astype(w.dtype, copy=False)
    y[0] = y[0] * x
    total = np.sum(y).astype(w.dtype, copy=False)
    return np.sum(y.clip(max=3.0) * sibling(1.0, y)) + total.clip(min=0.0) * copied
""",
        [(1.2, np.array([0.5, 1.5, 4.0]))],
    ),
    "what is tried for its type": (
        """
def main(x):
    try:
        n = len(x)
    except TypeError:
        n = 1
    return x * x * n
""",
        [(1.2,)],
    ),
}
CASES = [(name, k) for name, (_, calls) in PROGRAMS.items() for k in range(len(calls))]


@pytest.mark.parametrize(("name", "call"), CASES)
def test_derivatives_of_statements(name: str, call: int) -> None:
    source, calls = PROGRAMS[name]
    args = calls[call]
    function = define(source)
    expected = gradient_by_differences(function, args, (0,))
    check_first(function, args, (0,), expected)
    check_second(function, args, 0)
    again = reread(function, args, 0)
    first = quietly(gs.grad(function, mode="reverse"), *fresh(args))
    assert_close(quietly(again, *fresh(args)), first, **EXACT)
    second = second_by_differences(function, args, 0)
    assert_close(quietly(gs.grad(again), *fresh(args)), second, **SECOND)


@pytest.mark.parametrize(("name", "call"), CASES)
def test_statements_are_written_as_they_were_read(name: str, call: int) -> None:
    source, calls = PROGRAMS[name]
    function = define(source)
    memory, text, _ = round_trip(function, fresh(calls[call]))
    expected = quietly(function, *fresh(calls[call]))
    for written in (memory, text):
        assert_close(quietly(written, *fresh(calls[call])), expected, **EXACT)
        assert printed(written, *fresh(calls[call])) == printed(function, *fresh(calls[call]))


def test_calls_that_are_not_understood_run_once_and_in_order() -> None:
    source = """
import random
def main(x, rng):
    y = x * rng.randint(0, rng.randint(5, 9)) + rng.random() * x
    rng.shuffle([1, 2, 3])
    return y * x * rng.random()
"""
    function = define(source)
    expected = random.Random(7)
    value = function(1.2, expected)
    derivative = gs.value_and_grad(function, mode="reverse")
    for call in (1, 2):
        rng = random.Random(7)
        got, slope = derivative(1.2, rng)
        assert_close(got, value, **EXACT)
        assert_close(slope, 2 * value / 1.2, **EXACT)
        assert rng.getstate() == expected.getstate(), call
    rng = random.Random(7)
    assert_close(gs.jvp(function)((1.2, rng), (1.0, None))[1], 2 * value / 1.2, **EXACT)
    rng = random.Random(7)
    assert_close(gs.grad(gs.grad(function))(1.2, rng), 2 * value / 1.2**2, **EXACT)


def test_objects_that_are_told_and_not_asked() -> None:
    function = define("""
import io
import logging
from collections import deque

def main(x):
    log, buffer = logging.getLogger("told"), io.StringIO()
    log.debug("x is %s", x)
    buffer.write(f"{x}")
    print(x, file=buffer)
    recent = deque([1.0, 2.0])
    recent.append(3.0)
    return recent[0] * x * x * len(recent)
""")
    assert_close(gs.grad(function)(1.3), 6 * 1.3, **EXACT)


def test_what_is_printed_beside_what_is_differentiated_is_kept_by_nobody() -> None:
    function = define("def main(x, n):\n    print(x, n, repr(n))\n    return x * x * n\n")
    again: Any = {}
    exec(gs.grad(function).source, again)  # of any x and n
    assert_close(quietly(again["main_grad"], 1.3, 2.0), 5.2, **EXACT)


REFUSED: dict[str, tuple[str, str]] = {
    "a string as the result": ("def main(x):\n    return str(x)", "type str"),
    "a formatted string as the result": ("def main(x):\n    return f'{x}'", "type str"),
    "a global that is written to": (
        "K = 1.0\ndef main(x):\n    global K\n    K = x\n    return K * x",
        "writes to the global 'K'",
    ),
    "what is active in a call that is not understood": (
        "import json\ndef main(x):\n    return json.loads(json.dumps(x)) * x",
        "json",
    ),
    "what is active in a method that is not understood": (
        "import decimal\ndef main(x):\n    return float(decimal.Decimal(x).sqrt()) * x",
        "cannot differentiate",
    ),
    "what a queue may keep": (
        "from collections import UserList\ndef main(x):\n    d = UserList()\n"
        "    e = d if x > 0 else UserList()\n"
        "    e.append(x * x)\n    return sum(d) * x",
        "may be the same object as e",
    ),
    "what a buffer of C's may keep": (
        "import array\ndef main(x):\n    a = array.array('d')\n    a.append(x * x)\n"
        "    return a[0] * x",
        "may keep it",
    ),
    "a text that a file may keep": (
        "import io\ndef main(x):\n    s = io.StringIO()\n    s.write(repr(x))\n    s.seek(0)\n"
        "    return float(s.read()) * x",
        "may keep it",
    ),
    "what a set in a loop may keep": (
        "def main(x):\n    s = set()\n    for k in range(3):\n        s.add(x * k)\n"
        "    return sum(s) * x",
        "may keep it",
    ),
    "what a queue of the module may keep": (
        "from collections import deque\nQ = deque()\ndef main(x):\n    Q.appendleft(x * x)\n"
        "    return Q[0] * x",
        "may keep it",
    ),
    "what the queue of an object may keep": (
        "from collections import UserList\nclass H:\n    def __init__(self): self.q = UserList()\n"
        "def main(x):\n    h = H()\n    h.q.append(x * x)\n    return sum(h.q) * x",
        "may keep it",
    ),
    "what the queue in a dict may keep": (
        "from collections import UserList\ndef main(x):\n    d = {'q': UserList()}\n"
        "    d['q'].append(x * x)\n    return d['q'][0] * x",
        "may keep it",
    ),
    "what a method in a variable may keep": (
        "from collections import UserList\ndef main(x):\n    d = UserList()\n    put = d.append\n"
        "    put(x * x)\n    return sum(d) * x",
        "may keep it",
    ),
    "variables read by their names": ("def main(x):\n    return locals()['x'] * 2", "can read the"),
    "variables written by their names": (
        "def main(x):\n    exec('x = x * x')\n    return x",
        "can read the variables",
    ),
    "variables read through the frame": (
        "import inspect\ndef main(x):\n    return inspect.currentframe().f_locals['x'] * 2",
        "can read the variables",
    ),
    "a list that another thread changes": (
        "import threading\ndef main(x):\n    r = []\n"
        "    t = threading.Thread(target=lambda: r.append(x * x))\n"
        "    t.start()\n    t.join()\n    return r[0]",
        "'r' is changed by a function",
    ),
    "a number made of an array of strings": (
        "import numpy as np\ndef main(x):\n    return np.asarray(str(x)).astype(float) * x",
        "made of a string",
    ),
    "an array given to what might change it": (
        "import ctypes\ndef main(x):\n    y = x * 2\n    ctypes.memset(y, 0, 1)\n    return y * x",
        "might change",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str) -> None:
    source, message = REFUSED[name]
    argument = A([1.0, 2.0]) if "array" in name else 1.3
    with pytest.raises(gs.GradscribeError, match=message):
        gs.grad(define(source))(argument)
