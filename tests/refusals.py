"""What is refused, and what to write instead: the table behind ``docs/refusals.md``.

Every row is a short program, and the same program as it is accepted. In both, ``np`` is NumPy,
``gs`` is gradscribe, and ``x``, ``n`` and the like are the arguments below. A row without a rewrite
is a program that Python does not run either.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent
from types import SimpleNamespace
from typing import Any, final

import numpy as np

from foreign import Foreign

ARGUMENTS: dict[str, Any] = {
    "x": np.array([1.2, 1.9, 0.7]),
    "m": np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.1]]),
    "s": 1.3,
    "n": 2,
    "k": 1,
    "xs": [1.2, 1.9, 0.7],
    "i": np.array([0, 2, 0]),
    "kinds": SimpleNamespace(first=float),
    "key": "a",
    "foreign": Foreign([1.2, 1.9, 0.7]),
}


@final
@dataclass(frozen=True)
class Refusal:
    """``main(…)`` with these arguments is refused, and as rewritten it is not."""

    what: str
    program: str
    rewrite: str | None = None
    args: str = "x"
    wrt: str | int = 0
    call: str = ""
    instead: str = ""

    def refused(self) -> str:
        """The call that is refused."""
        wrt = "" if self.wrt == 0 else f", {self.wrt!r}"
        return self.call or f"gs.grad(main{wrt})({self.args})"

    def source(self) -> str:
        return dedent(self.program).strip("\n") + "\n"

    def accepted(self) -> str | None:
        if self.rewrite is None:
            return None
        return dedent(self.rewrite).strip("\n") + "\n" if self.rewrite else self.source()


def python_refuses(what: str, program: str, args: str = "x", call: str = "") -> Refusal:
    """A program that Python does not run either."""
    return Refusal(what, program, None, args, call=call)


SECTIONS: dict[str, list[Refusal]] = {}

SECTIONS["Functions that have no rule"] = [
    Refusal(
        "a function of SciPy with options that have no rule",
        """
        from scipy.special import logsumexp

        def main(x):
            return logsumexp(x, b=2.0)
        """,
        """
        from scipy.special import logsumexp

        def main(x):
            return logsumexp(x + np.log(2.0))
        """,
    ),
    Refusal(
        "a function without a rule",
        """
        def main(m, x):
            return np.linalg.tensorsolve(m, x)
        """,
        """
        def main(m, x):
            return np.linalg.solve(m.T @ m, m.T @ x)
        """,
        args="m, x",
        wrt="x",
    ),
    Refusal(
        "a function with a rule for its other arguments only",
        """
        def main(s, x):
            return np.quantile(x, s / 2)
        """,
        """
        def main(s, x):
            at = s / 2 * (x.size - 1)
            return np.interp(at, np.arange(x.size), np.sort(x))
        """,
        args="s, x",
    ),
    Refusal(
        "complex numbers",
        """
        def main(x):
            return abs(x + 2j)
        """,
        """
        def main(x):
            return np.sqrt(x**2 + 4)
        """,
    ),
    Refusal(
        "a result that is not a number",
        """
        def main(x):
            return f"{np.sum(x)}"
        """,
        """
        def main(x):
            return np.sum(x)
        """,
    ),
    Refusal(
        "a compiled function that might change what it is given",
        """
        import bisect

        def main(x):
            ys = [x[0], x[2]]
            bisect.insort(ys, x[1])
            return ys[0] ** 2
        """,
        """
        import bisect

        def main(x):
            ys = [x[0], x[2]]
            ys.insert(bisect.bisect(ys, x[1]), x[1])
            return ys[0] ** 2
        """,
    ),
    Refusal(
        "a function whose source cannot be read",
        """
        exec("def g(x): return x * x")

        def main(x):
            return g(x)
        """,
        """
        def g(x):
            return x * x

        def main(x):
            return g(x)
        """,
    ),
    Refusal(
        "an attribute without a rule",
        """
        def main(x):
            return x.flat
        """,
        """
        def main(x):
            return x.ravel()
        """,
    ),
    Refusal(
        "a function that is handed on and not understood",
        """
        import functools

        binary = functools.partial(int, base=2)

        def main(x):
            return binary("11") * x
        """,
        """
        def main(x):
            return int("11", base=2) * x
        """,
    ),
    Refusal(
        "what is given to an object that may keep it",
        """
        from collections import UserList

        def main(s):
            recent = UserList()
            for k in range(3):
                recent.append(s * k)
            return sum(recent[-2:]) ** 2
        """,
        """
        from collections import deque

        def main(s):
            recent = deque(maxlen=2)
            for k in range(3):
                recent.append(s * k)
            return sum(recent) ** 2
        """,
        args="s",
    ),
    Refusal(
        "what is handed to code that might change it",
        """
        import bisect

        def main(ys):
            bisect.insort(ys, 1.0)
            return ys[0] ** 2
        """,
        """
        def main(ys):
            return np.min(ys) ** 2
        """,
        call="gs.grad(main).source",
        instead="gs.grad(main)(x)",
    ),
    Refusal(
        "what is handed to code that might change it, on every way",
        """
        import bisect

        def main(ys, n):
            if n > 1:
                bisect.insort(ys, 1.0)
                y = ys[0] ** 2
            else:
                bisect.insort(ys, 1.0)
                y = ys[0] * 2
            return y
        """,
        """
        def main(ys, n):
            if n > 1:
                y = np.min(ys) ** 2
            else:
                y = np.min(ys) * 2
            return y
        """,
        call="gs.grad(main).source_for(object(), 2)",
        instead="gs.grad(main)(x, n)",
    ),
    Refusal(
        "the exception that was caught",
        """
        def main(s):
            try:
                raise ValueError(s)
            except ValueError as error:
                return error.args[0] * s
        """,
        """
        def main(s):
            return s * s
        """,
        args="s",
    ),
    Refusal(
        "a method without a rule",
        """
        def main(x):
            return len(x.tobytes()) * x
        """,
        """
        def main(x):
            return 8 * x.size * x
        """,
    ),
    Refusal(
        "an attribute of a function",
        """
        def main(x):
            def f(v):
                return v * v

            return f(x) * len(f.__qualname__)
        """,
        """
        def main(x):
            def f(v):
                return v * v

            return f(x) * len("f")
        """,
    ),
    Refusal(
        "what a with statement binds",
        """
        class Scaled:
            def __init__(self, value):
                self.value = value

            def __enter__(self):
                return 2 * self.value

            def __exit__(self, kind, *about):
                if kind is not None:
                    print("failed")

        def main(s):
            with Scaled(s) as y:
                z = y * y
            return z
        """,
        """
        def main(s):
            y = 2 * s
            return y * y
        """,
        args="s",
    ),
    Refusal(
        "a number that is read from a text",
        """
        def main(s):
            return float(f"{s:.3f}") * s
        """,
        """
        def main(s):
            return s * s
        """,
        args="s",
    ),
    Refusal(
        "a number that is counted in dates",
        """
        import datetime
        def main(s):
            start = datetime.datetime(2020, 1, 1)
            end = start + datetime.timedelta(minutes=s)
            return (end - start) / datetime.timedelta(minutes=1)
        """,
        """
        def main(s):
            start = 0.0
            end = start + s
            return end - start
        """,
        args="s",
        call="gs.grad(main, mode='reverse')(s)",
    ),
]

SECTIONS["NumPy's functions with options that have no rule"] = [
    Refusal(
        "np.vectorize with options",
        """
        def main(x):
            return np.vectorize(lambda u: u * 2, cache=True)(x)
        """,
        """
        def main(x):
            return np.vectorize(lambda u: u * 2)(x)
        """,
    ),
    Refusal(
        "a function that np.vectorize made with options",
        """
        double = np.vectorize(lambda u: u * 2, otypes=[int])

        def main(x):
            return double(x)
        """,
        """
        double = np.vectorize(lambda u: u * 2, otypes=[float])

        def main(x):
            return double(x)
        """,
    ),
    Refusal(
        "np.r_ and np.c_ of lists, or along another axis",
        """
        def main(x):
            return np.r_["0,2", x, x**2]
        """,
        """
        def main(x):
            return np.stack([x, x**2])
        """,
    ),
    Refusal(
        "np.array that may not copy",
        """
        def main(x):
            return np.array(x, copy=None) ** 2
        """,
        """
        def main(x):
            return np.asarray(x) ** 2
        """,
    ),
    Refusal(
        "np.linspace with retstep",
        """
        def main(s):
            points, step = np.linspace(0.0, s, 5, retstep=True)
            return points**2 * step
        """,
        """
        def main(s):
            points, step = np.linspace(0.0, s, 5), s / 4
            return points**2 * step
        """,
        args="s",
    ),
    Refusal(
        "np.logspace with a dtype",
        """
        def main(s):
            return np.logspace(0.0, s, 5, dtype=np.float32)
        """,
        """
        def main(s):
            return np.logspace(0.0, s, 5)
        """,
        args="s",
    ),
    Refusal(
        "np.logspace along another axis",
        """
        def main(x):
            return np.logspace(0.0, x, 5, axis=1)
        """,
        """
        def main(x):
            return np.logspace(0.0, x, 5).T
        """,
    ),
    Refusal(
        "np.nan_to_num in place",
        """
        def main(x):
            y = x * 2
            np.nan_to_num(y, copy=False)
            return y**2
        """,
        """
        def main(x):
            y = x * 2
            y = np.nan_to_num(y)
            return y**2
        """,
    ),
    Refusal(
        "np.linalg.norm of another order",
        """
        def main(m):
            return np.linalg.norm(m, 2)
        """,
        """
        def main(m):
            return np.linalg.svd(m, compute_uv=False)[0]
        """,
        args="m",
    ),
    Refusal(
        "np.linalg.qr of another mode",
        """
        def main(m):
            return np.linalg.qr(m, "r")
        """,
        """
        def main(m):
            return np.linalg.qr(m)[1]
        """,
        args="m",
    ),
    Refusal(
        "np.linalg.svd with all vectors",
        """
        def main(m):
            u, s, v = np.linalg.svd(m)
            return s
        """,
        """
        def main(m):
            u, s, v = np.linalg.svd(m, full_matrices=False)
            return s
        """,
        args="m",
    ),
    Refusal(
        "np.einsum without a string",
        """
        def main(m):
            return np.einsum(m, [0, 1], m, [1, 2])
        """,
        """
        def main(m):
            return np.einsum("ij,jk->ik", m, m)
        """,
        args="m",
    ),
    Refusal(
        "np.cross along another axis",
        """
        def main(m):
            return np.cross(m, m.T**2, axis=0)
        """,
        """
        def main(m):
            return np.cross(m.T, m**2).T
        """,
        args="m",
    ),
    Refusal(
        "np.correlate with a mode",
        """
        def main(x):
            return np.correlate(x, x, "full")
        """,
        """
        def main(x):
            return np.convolve(x, x[::-1], "full")
        """,
    ),
    Refusal(
        "np.polyval of a matrix",
        """
        def main(m, s):
            return np.polyval(m, s)
        """,
        """
        def main(m, s):
            return (m[0] * s + m[1]) * s + m[2]
        """,
        args="m, s",
    ),
    Refusal(
        "an order of memory",
        """
        def main(m):
            return m.ravel("K") ** 2
        """,
        """
        def main(m):
            return m.ravel("C") ** 2
        """,
        args="m",
    ),
    Refusal(
        "np.pad of another mode",
        """
        def main(x):
            return np.pad(x, 1, mode="mean") ** 2
        """,
        """
        def main(x):
            return np.pad(x, 1, mode="edge") ** 2
        """,
    ),
    Refusal(
        "the median over several axes",
        """
        def main(m):
            return np.median(m, axis=(0, 1))
        """,
        """
        def main(m):
            return np.median(m)
        """,
        args="m",
    ),
    Refusal(
        "a reduction whose options stand at places of their own",
        """
        def main(m):
            return np.sum(m, 0, None, None, True)
        """,
        """
        def main(m):
            return np.sum(m, axis=0, keepdims=True)
        """,
        args="m",
    ),
    Refusal(
        "np.einsum with ... behind, of arrays of unknown rank",
        """
        def main(a, b):
            return np.einsum("i...,i->i...", a, b)
        """,
        "",
        call="gs.grad(main, 'b').source",
        instead="gs.grad(main, 'b')(m, x)",
    ),
]

SECTIONS["Calls"] = [
    Refusal(
        "one nested function or another",
        """
        def main(s, n):
            def square(v):
                return v * v

            f = square if n > 2 else lambda v: 3 * v
            return f(s)
        """,
        """
        def main(s, n):
            def square(v):
                return v * v

            return square(s) if n > 2 else 3 * s
        """,
        args="s, n",
    ),
    Refusal(
        "code that reads the variables of the function by their names",
        """
        def main(s):
            return eval("s * 2")
        """,
        """
        def main(s):
            return s * 2
        """,
        args="s",
    ),
    Refusal(
        "a function given to what is not understood that changes a variable",
        """
        import threading
        def main(s):
            found = []
            thread = threading.Thread(target=lambda: found.append(s * 2))
            thread.start()
            thread.join()
            return found[0]
        """,
        """
        def main(s):
            found = []
            found.append(s * 2)
            return found[0]
        """,
        args="s",
    ),
    Refusal(
        "a function that is chosen while the program runs",
        """
        def main(x):
            f = max((np.sin, np.cos), key=id)
            return f(x)
        """,
        """
        def main(x):
            if id(np.sin) > id(np.cos):
                return np.sin(x)
            return np.cos(x)
        """,
    ),
    Refusal(
        "a star of a list of unknown length before other arguments",
        """
        def total(*values):
            return sum(values)

        def main(xs):
            return total(*xs, 1.0) ** 2
        """,
        """
        def total(values):
            return sum(values)

        def main(xs):
            return total([*xs, 1.0]) ** 2
        """,
        args="xs",
    ),
    Refusal(
        "a star among parameters with defaults",
        """
        def line(t, a, b=1.0):
            return a * t + b

        def main(xs):
            return line(2.0, *xs) ** 2
        """,
        """
        def line(t, a, b=1.0):
            return a * t + b

        def main(xs):
            return line(2.0, xs[0], xs[1]) ** 2
        """,
        args="xs",
    ),
    Refusal(
        "two stars of a dict of unknown keys",
        """
        def g(a, b):
            return a * b

        def main(x, n):
            options = {"ab"[j]: float(j + 1) for j in range(n)}
            return g(**options) * x
        """,
        """
        def g(a, b):
            return a * b

        def main(x, n):
            return g(a=1.0, b=2.0) * x
        """,
        args="x, n",
    ),
    Refusal(
        "a default that can be changed, of a function that no module names",
        """
        def make():
            def g(x, weights=[1.0, 2.0]):
                return weights[1] * x
            return g

        g = make()

        def main(x):
            return g(x)
        """,
        """
        def make():
            def g(x, weights=None):
                if weights is None:
                    weights = [1.0, 2.0]
                return weights[1] * x
            return g

        g = make()

        def main(x):
            return g(x)
        """,
    ),
    Refusal(
        "a functools.partial that holds an array",
        """
        import functools

        def g(w, x):
            return w @ x

        h = functools.partial(g, np.eye(3))

        def main(x):
            return h(x)
        """,
        """
        def g(w, x):
            return w @ x

        def main(x):
            return g(np.eye(3), x)
        """,
    ),
    Refusal(
        "getattr of a computed name",
        """
        class Gas:
            def __init__(self, r, g):
                self.r, self.g = r, g

        def main(x, n):
            gas = Gas(x, x * x)
            return getattr(gas, "rg"[n - 1])
        """,
        """
        class Gas:
            def __init__(self, r, g):
                self.r, self.g = r, g

        def main(x, n):
            gas = Gas(x, x * x)
            return gas.r if n == 1 else gas.g
        """,
        args="x, n",
    ),
    Refusal(
        "a nested function as a value",
        """
        def main(x, n):
            def f(v):
                return v * v

            def g(v):
                return v * v * v

            return [f, g][n - 1](x)
        """,
        """
        def main(x, n):
            def f(v):
                return v * v

            def g(v):
                return v * v * v

            return f(x) if n == 1 else g(x)
        """,
        args="x, n",
    ),
    Refusal(
        "a nested function as a value, where exceptions are caught",
        """
        def main(x, n):
            def f(v):
                return v * v

            try:
                y = [f, np.sin][n - 1](x)
            except Exception:
                y = x
            return y
        """,
        """
        def main(x, n):
            try:
                y = x * x if n == 1 else np.sin(x)
            except Exception:
                y = x
            return y
        """,
        args="x, n",
    ),
    Refusal(
        "a nested function as the result",
        """
        def main(x):
            def f(v):
                return v * x

            return f
        """,
        """
        def main(x):
            def f(v):
                return v * x

            return f(2.0)
        """,
    ),
    Refusal(
        "a method as the result",
        """
        class Line:
            def __init__(self, a):
                self.a = a

            def at(self, v):
                return self.a * v

        def main(x):
            return Line(x).at
        """,
        """
        class Line:
            def __init__(self, a):
                self.a = a

            def at(self, v):
                return self.a * v

        def main(x):
            return Line(x).at(2.0)
        """,
    ),
    Refusal(
        "a function that is another one after a loop",
        """
        def main(x, n):
            f = lambda v: v * v
            for _ in range(n):
                x = f(x)
                f = lambda v: np.sin(v)
            return x
        """,
        """
        def main(x, n):
            for k in range(n):
                x = x * x if k == 0 else np.sin(x)
            return x
        """,
        args="x, n",
    ),
    Refusal(
        "a mutable object that a nested function captures and others see",
        """
        def outer():
            weights = [1.0, 2.0]

            def g(x):
                return weights[1] * x

            return g

        g = outer()

        def main(x):
            return g(x)
        """,
        """
        def g(x, weights):
            return weights[1] * x

        def main(x):
            return g(x, [1.0, 2.0])
        """,
    ),
    Refusal(
        "a keyword of an iterator that is computed",
        """
        def main(x, n):
            pairs = enumerate(x, start=n * n)
            return sum([k * v for k, v in pairs])
        """,
        """
        def main(x, n):
            return sum([(k + n * n) * v for k, v in enumerate(x)])
        """,
        args="x, n",
    ),
]

SECTIONS["Recursion"] = [
    Refusal(
        "a recursive function that branches on an argument that changes",
        """
        def main(x, mode):
            if mode == "last":
                return np.sin(x)
            return x * main(x, "last")
        """,
        """
        def main(x, n):
            if n == 0:
                return np.sin(x)
            return x * main(x, n - 1)
        """,
        args="x, 'first'",
        instead="gs.grad(main)(x, 1)",
    ),
    Refusal(
        "an object of the module that a list of it holds, too",
        """
        class Counter:
            def __init__(self):
                self.count = 0

        COUNTERS = [Counter(), Counter()]

        def main(x, n):
            COUNTERS[0].count = x
            return x * COUNTERS[n - 1].count
        """,
        """
        class Counter:
            def __init__(self):
                self.count = 0

        COUNTERS = [Counter(), Counter()]

        def main(x, n):
            COUNTERS[0].count = x
            return x * (COUNTERS[0].count if n == 1 else COUNTERS[1].count)
        """,
        args="x, n",
    ),
    Refusal(
        "a derivative beside an object of the module that is written to",
        """
        class Counter:
            def __init__(self):
                self.count = 0

        COUNTER = Counter()

        def square(x):
            return x * x * COUNTER.count

        def main(s):
            COUNTER.count = 2
            return gs.grad(square)(s) * s
        """,
        """
        def square(x, count):
            return x * x * count

        def main(s):
            count = 2
            return gs.grad(square)(s, count) * s
        """,
        args="s",
    ),
    Refusal(
        "an array of the module that is changed in place",
        """
        TABLE = np.array([1.0, 2.0, 3.0])

        def main(x):
            table = TABLE
            table += 1.0
            return np.sum(x * table)
        """,
        """
        TABLE = np.array([1.0, 2.0, 3.0])

        def main(x):
            table = TABLE.copy()
            table += 1.0
            return np.sum(x * table)
        """,
    ),
    Refusal(
        "a recursive function with * parameters",
        """
        def power(n, *bases):
            return power(n - 1, *bases) * bases[0] if n > 0 else bases[1]

        def main(x, n):
            return power(n, x, x)
        """,
        """
        def power(n, base, start):
            return power(n - 1, base, start) * base if n > 0 else start

        def main(x, n):
            return power(n, x, x)
        """,
        args="x, n",
    ),
    Refusal(
        "a recursive function that changes what outlives the call",
        """
        def power(x, n, known={}):
            if n < 2:
                return x
            if n not in known:
                known[n] = power(x, n // 2) * power(x, n - n // 2)
            return known[n]

        def main(x, n):
            return power(np.sum(x), n + 3)
        """,
        """
        def power(x, n, known):
            if n < 2:
                return x
            if n not in known:
                known[n] = power(x, n // 2, known) * power(x, n - n // 2, known)
            return known[n]

        def main(x, n):
            return power(np.sum(x), n + 3, {})
        """,
        args="x, n",
    ),
    Refusal(
        "a recursive function that changes one of two arguments that are the same",
        """
        def mix(a, b, n):
            if n > 0:
                a[0] = a[0] * b[1]
                mix(a, b, n - 1)

        def main(x, n):
            y = x * x
            mix(y, y, n)
            return y
        """,
        """
        def mix(a, b, n):
            if n > 0:
                a[0] = a[0] * b[1]
                mix(a, b, n - 1)

        def main(x, n):
            y = x * x
            mix(y, y.copy(), n)
            return y
        """,
        args="x, n",
    ),
    Refusal(
        "a checkpointed function that changes an argument",
        """
        @gs.checkpoint
        def double(y):
            y[0] = y[0] * 2.0
            return y[0]

        def main(x):
            y = x * x
            return double(y) + y[0]
        """,
        """
        @gs.checkpoint
        def double(y):
            y = y.copy()
            y[0] = y[0] * 2.0
            return y

        def main(x):
            y = double(x * x)
            return y[0] + y[0]
        """,
    ),
    Refusal(
        "a recursive function that shares a variable with the one around it",
        """
        def main(x, n):
            total = 0.0

            def walk(depth):
                nonlocal total
                if depth > 0:
                    total = total + np.sum(x**depth)
                    walk(depth - 1)

            walk(n)
            return total
        """,
        """
        def main(x, n):
            def walk(depth, total):
                if depth > 0:
                    total = walk(depth - 1, total + np.sum(x**depth))
                return total

            return walk(n, 0.0)
        """,
        args="x, n",
    ),
    Refusal(
        "a recursive generator",
        """
        def powers(x, n):
            yield x
            if n > 0:
                yield from powers(x * x, n - 1)

        def main(x, n):
            return sum(powers(x, n))
        """,
        """
        def powers(x, n):
            for _ in range(n):
                yield x
                x = x * x
            yield x

        def main(x, n):
            return sum(powers(x, n))
        """,
        args="x, n",
    ),
]

SECTIONS["Checkpoints"] = [
    Refusal(
        "a checkpointed function that has effects, or that chance decides",
        """
        @gs.checkpoint
        def noisy(x):
            return x * np.random.default_rng().normal(size=3)

        def main(x):
            return np.sum(noisy(x))
        """,
        """
        @gs.checkpoint
        def noisy(x, noise):
            return x * noise

        def main(x):
            return np.sum(noisy(x, np.linspace(0.0, 1.0, 3)))
        """,
    ),
    Refusal(
        "a checkpoint of a function and its arguments",
        """
        def main(x):
            return np.sum(gs.checkpoint(np.sin, x))
        """,
        """
        def main(x):
            return np.sum(gs.checkpoint(np.sin)(x))
        """,
    ),
    Refusal(
        "a checkpoint of what is no function",
        """
        def main(x):
            return np.sum(gs.checkpoint(np.sin(x)))
        """,
        """
        def main(x):
            return np.sum(gs.checkpoint(np.sin)(x))
        """,
    ),
    Refusal(
        "a checkpointed function whose source cannot be read",
        """
        exec("def hidden(x): return x * x")

        def main(x):
            return np.sum(gs.checkpoint(hidden)(x))
        """,
        """
        def shown(x):
            return x * x

        def main(x):
            return np.sum(gs.checkpoint(shown)(x))
        """,
    ),
    Refusal(
        "a checkpoint that a loop walks together with others",
        """
        def main(x, n):
            for k, i in enumerate(gs.checkpoint(range(1, n), 2)):
                x = x - 0.1 * np.sin(x) * k / i
            return np.sum(x)
        """,
        """
        def main(x, n):
            for i in gs.checkpoint(range(1, n), 2):
                x = x - 0.1 * np.sin(x) * (i - 1) / i
            return np.sum(x)
        """,
        args="x, n",
    ),
    Refusal(
        "a checkpointed loop of two sizes",
        """
        def main(x, n):
            for i in gs.checkpoint(range(n), snapshots=2, memory=1000):
                x = x - 0.1 * np.sin(x)
            return np.sum(x)
        """,
        """
        def main(x, n):
            for i in gs.checkpoint(range(n), memory=1000):
                x = x - 0.1 * np.sin(x)
            return np.sum(x)
        """,
        args="x, n",
    ),
    Refusal(
        "a range that is checkpointed outside of the program, of two sizes",
        """
        def main(x):
            return np.sum(x)
        """,
        "",
        call="gs.checkpoint(range(3), 2, 1000)",
        instead="gs.checkpoint(range(3), memory=1000)",
    ),
    Refusal(
        "a checkpointed function with a number of snapshots",
        """
        def main(x):
            return np.sum(x)
        """,
        "",
        call="gs.checkpoint(main, snapshots=2)",
        instead="gs.checkpoint(main)",
    ),
    Refusal(
        "a checkpointed loop that something is returned from",
        """
        def main(x, n):
            while gs.checkpoint(True, 2):
                x = x - 0.1 * np.sin(x)
                if np.max(x) < 0.5:
                    return np.sum(x)
        """,
        """
        def main(x, n):
            while gs.checkpoint(True, 2):
                x = x - 0.1 * np.sin(x)
                if np.max(x) < 0.5:
                    break
            return np.sum(x)
        """,
        args="x, n",
    ),
    Refusal(
        "a checkpointed loop that binds what is read after it",
        """
        def main(x, n):
            for i in gs.checkpoint(range(n), 2):
                y = np.sin(x) * i
                x = x + y
            return np.sum(x * y)
        """,
        """
        def main(x, n):
            y = 0 * x
            for i in gs.checkpoint(range(n), 2):
                y = np.sin(x) * i
                x = x + y
            return np.sum(x * y)
        """,
        args="x, n",
    ),
    Refusal(
        "a checkpointed loop that prints",
        """
        def main(x, n):
            for i in gs.checkpoint(range(n), 2):
                x = x - 0.1 * np.sin(x)
                print(i)
            return np.sum(x)
        """,
        """
        def main(x, n):
            for i in gs.checkpoint(range(n), 2):
                x = x - 0.1 * np.sin(x)
            print(n)
            return np.sum(x)
        """,
        args="x, n",
    ),
]

SECTIONS["Blocks for adjoints"] = [
    Refusal(
        "the adjoint of a variable that is read before",
        """
        def main(x):
            y = x**2
            z = np.sin(y)
            with gs.adjoint_of(y) as y_bar:
                np.clip(y_bar, -9, 9, out=y_bar)
            return y * z
        """,
        """
        def main(x):
            y = x**2
            with gs.adjoint_of(y) as y_bar:
                np.clip(y_bar, -9, 9, out=y_bar)
            z = np.sin(y)
            return y * z
        """,
    ),
    Refusal(
        "the adjoint of an expression",
        """
        def main(x):
            with gs.adjoint_of(x**2) as y_bar:
                print(y_bar)
            return x**2
        """,
        """
        def main(x):
            y = x**2
            with gs.adjoint_of(y) as y_bar:
                print(y_bar)
            return y
        """,
    ),
    Refusal(
        "the adjoint of a view",
        """
        def main(x):
            y = x * 2
            z = y[1:]
            with gs.adjoint_of(z) as z_bar:
                print(z_bar)
            return np.sum(y) * np.sum(z)
        """,
        """
        def main(x):
            y = x * 2
            z = y[1:].copy()
            with gs.adjoint_of(z) as z_bar:
                print(z_bar)
            return np.sum(y) * np.sum(z)
        """,
    ),
    Refusal(
        "the adjoint of a list",
        """
        def main(x):
            ys = [np.sin(x), np.cos(x)]
            with gs.adjoint_of(ys) as ys_bar:
                print(ys_bar)
            return ys[0] * ys[1]
        """,
        """
        def main(x):
            y = np.sin(x)
            with gs.adjoint_of(y) as y_bar:
                print(y_bar)
            return y * np.cos(x)
        """,
    ),
    Refusal(
        "an adjoint under more than one name",
        """
        def main(x):
            y = x * 2
            with gs.adjoint_of(y) as (first, *rest):
                print(first)
            return np.sum(y)
        """,
        """
        def main(x):
            y = x * 2
            with gs.adjoint_of(y) as y_bar:
                print(y_bar[0])
            return np.sum(y)
        """,
    ),
    Refusal(
        "a block for an adjoint that returns",
        """
        def main(x):
            y = x * 2
            with gs.adjoint_of(y) as y_bar:
                return y_bar
            return np.sum(y)
        """,
        """
        def main(x):
            y = x * 2
            with gs.adjoint_of(y) as y_bar:
                if np.isnan(y_bar).any():
                    raise FloatingPointError("y_bar")
            return np.sum(y)
        """,
    ),
    Refusal(
        "a block for an adjoint that always raises",
        """
        def main(x):
            y = x * 2
            with gs.adjoint_of(y) as y_bar:
                raise ValueError(y_bar)
            return np.sum(y)
        """,
        """
        def main(x):
            y = x * 2
            with gs.adjoint_of(y) as y_bar:
                if np.max(y_bar) > 1e9:
                    raise ValueError(y_bar)
            return np.sum(y)
        """,
    ),
    Refusal(
        "a block for an adjoint that binds a name of the program's",
        """
        def main(x):
            y = x * 2
            size = 0.0
            with gs.adjoint_of(y) as y_bar:
                size = np.max(np.abs(y_bar))
            return np.sum(y) + size
        """,
        """
        def main(x):
            y = x * 2
            with gs.adjoint_of(y) as y_bar:
                size = np.max(np.abs(y_bar))
                print(size)
            return np.sum(y)
        """,
    ),
    Refusal(
        "a block for an adjoint that changes an object of the program's",
        """
        def main(x):
            y = x * 2
            seen = np.zeros(3)
            with gs.adjoint_of(y) as y_bar:
                seen += y_bar
            return np.sum(y * seen)
        """,
        """
        def main(x):
            y = x * 2
            with gs.adjoint_of(y) as y_bar:
                y_bar += 0 * x
            return np.sum(y)
        """,
    ),
    Refusal(
        "a block for an adjoint within another",
        """
        def main(x):
            y, z = x * 2, x * 3
            with gs.adjoint_of(y) as y_bar, gs.adjoint_of(z) as z_bar:
                print(y_bar, z_bar)
            return np.sum(y * z)
        """,
        """
        def main(x):
            y, z = x * 2, x * 3
            with gs.adjoint_of(y) as y_bar:
                print(y_bar)
            with gs.adjoint_of(z) as z_bar:
                print(z_bar)
            return np.sum(y * z)
        """,
    ),
    Refusal(
        "adjoints in forward mode",
        """
        def main(s):
            y = s**2
            with gs.adjoint_of(y) as y_bar:
                print(y_bar)
            return y
        """,
        """
        def main(s):
            y = s**2
            with gs.adjoint_of(y) as y_bar:
                print(y_bar)
            return y
        """,
        args="s",
        call="gs.jvp(main)((s,), (1.0,))",
        instead="gs.grad(main)(s)",
    ),
]

SECTIONS["Roots and fixed points"] = [
    Refusal(
        "an equation that something is missing of",
        """
        def main(s):
            return gs.root(lambda x: x**2 - s)
        """,
        """
        def main(s):
            return gs.root(lambda x: x**2 - s, 1.0)
        """,
        args="s",
    ),
    Refusal(
        "a solution that may be a number or an array",
        """
        import json

        def main(s):
            found = json.loads("1.140175425099138")
            return gs.solution(lambda x, s: x**2 - s, found, s)
        """,
        """
        import json

        def main(s):
            found = json.loads("1.140175425099138")
            return gs.solution(lambda x, s: x**2 - s, float(found), s)
        """,
        args="s",
        instead="gs.grad(main)(s)",
    ),
    Refusal(
        "a search that begins with integers",
        """
        def main(x):
            return gs.root(lambda y: y**3 - x, np.ones(3, int))
        """,
        """
        def main(x):
            return gs.root(lambda y: y**3 - x, np.ones(3))
        """,
    ),
    Refusal(
        "an equation of another shape than its solution",
        """
        def main(x):
            return gs.root(lambda y: y**3 - x, 1.0)
        """,
        """
        def main(x):
            return gs.root(lambda y: y**3 - x, np.ones(3))
        """,
    ),
    Refusal(
        "an equation that changes an object",
        """
        def main(x):
            y = 2 * x

            def equation(r):
                y[0] = r[0]
                return r**3 - y

            return gs.root(equation, np.ones(3))
        """,
        """
        def main(x):
            def equation(r):
                y = 2 * x
                return r**3 - y

            return gs.root(equation, np.ones(3))
        """,
    ),
    Refusal(
        "an equation that prints",
        """
        def main(s):
            def equation(x):
                print(x)
                return x**2 - s

            return gs.root(equation, 1.0)
        """,
        """
        def main(s):
            x = gs.root(lambda x: x**2 - s, 1.0)
            print(x)
            return x
        """,
        args="s",
    ),
]

SECTIONS["SciPy's solvers"] = [
    Refusal(
        "an integral of what jumps where a parameter says",
        """
        from scipy.integrate import quad

        def main(s):
            return quad(lambda t: 1.0 if t < s else 0.0, 0.0, 2.0)[0]
        """,
        """
        from scipy.integrate import quad

        def main(s):
            return quad(lambda t: 1.0, 0.0, s)[0]
        """,
        args="s",
    ),
    Refusal(
        "an integral with a weight",
        """
        from scipy.integrate import quad

        def main(s):
            return quad(lambda t: t * s, 0.0, 1.0, weight="cos", wvar=2.0)[0]
        """,
        """
        from scipy.integrate import quad

        def main(s):
            return quad(lambda t: t * s * np.cos(2.0 * t), 0.0, 1.0)[0]
        """,
        args="s",
    ),
    Refusal(
        "an integral whose function reads an array, backwards",
        """
        from scipy.integrate import quad

        def main(x):
            return quad(lambda t: np.sum(x * t), 0.0, 1.0)[0]
        """,
        """
        from scipy.integrate import quad

        def main(x):
            a, b, c = x
            return quad(lambda t: a * t + b * t + c * t, 0.0, 1.0)[0]
        """,
    ),
    Refusal(
        "a solver that begins with an array, which has an equation for each entry",
        """
        from scipy.optimize import newton

        def main(x):
            return np.sum(newton(lambda y: y**2 - x, np.ones(3)))
        """,
        """
        from scipy.optimize import fsolve

        def main(x):
            return np.sum(fsolve(lambda y: y**2 - x, np.ones(3)))
        """,
    ),
    Refusal(
        "a solver that is given a derivative as well",
        """
        from scipy.optimize import newton

        def main(s):
            return newton(lambda y: y**2 - s, 1.0, fprime=lambda y: 2 * y)
        """,
        """
        from scipy.optimize import newton

        def main(s):
            return newton(lambda y: y**2 - s, 1.0)
        """,
        args="s",
    ),
    Refusal(
        "a solver that may give more than the solution",
        """
        from scipy.optimize import brentq

        def main(s, n):
            found = brentq(lambda y: y**2 - s, 0.0, 9.0, full_output=n > 1)
            return found[0]
        """,
        """
        from scipy.optimize import brentq

        def main(s, n):
            found = brentq(lambda y: y**2 - s, 0.0, 9.0, full_output=True)
            return found[0]
        """,
        args="s, n",
    ),
]

SECTIONS["Generators and comprehensions"] = [
    Refusal(
        "a yield whose value is used",
        """
        def running(x):
            total = 0.0
            for v in x:
                total = total + ((yield total * v) or v)

        def main(x):
            return sum(running(x))
        """,
        """
        def running(x):
            total = 0.0
            for v in x:
                yield total * v
                total = total + v

        def main(x):
            return sum(running(x))
        """,
    ),
    Refusal(
        "generators that may not end, walked together",
        """
        def powers(s):
            y = 1.0
            while True:
                yield y
                y = y * s
        def main(s):
            total = 0.0
            for a, b in zip(powers(s), powers(2 * s)):
                total += a * b
                if total > 5.0:
                    break
            return total
        """,
        """
        def powers(s):
            a, b = 1.0, 1.0
            while True:
                yield a, b
                a, b = a * s, b * 2 * s
        def main(s):
            total = 0.0
            for a, b in powers(s):
                total += a * b
                if total > 5.0:
                    break
            return total
        """,
        args="s",
    ),
    Refusal(
        "a generator that is consumed twice",
        """
        def main(x):
            squares = (v * v for v in x)
            first = sum(squares)
            return first + sum(squares)
        """,
        """
        def main(x):
            squares = [v * v for v in x]
            first = sum(squares)
            return first + sum(squares)
        """,
    ),
    Refusal(
        "a generator with effects beside another sequence",
        """
        def shown(x):
            for v in x:
                print(v)
                yield v

        def main(x):
            total = 0.0
            for a, b in zip(x, shown(x)):
                total = total + a * b
            return total
        """,
        """
        def shown(x):
            for v in x:
                print(v)
            return x

        def main(x):
            total = 0.0
            for a, b in zip(x, shown(x)):
                total = total + a * b
            return total
        """,
    ),
    Refusal(
        "a generator that assigns and is consumed by another function",
        """
        def total(values):
            result = 0.0
            for v in values:
                result = result + v
            return result

        def main(x):
            return total((y := v * v) + y for v in x)
        """,
        """
        def total(values):
            result = 0.0
            for v in values:
                result = result + v
            return result

        def main(x):
            return total([(y := v * v) + y for v in x])
        """,
    ),
    Refusal(
        "a set of what is differentiated",
        """
        def main(x):
            return sum({v * v for v in x})
        """,
        """
        def main(x):
            return sum([v * v for v in x])
        """,
    ),
    Refusal(
        "an async function",
        """
        async def main(x):
            return x * x
        """,
        """
        def main(x):
            return x * x
        """,
    ),
]

SECTIONS["Lists and dicts"] = [
    Refusal(
        "a method of an operator as a value",
        """
        def main(x):
            longest = [x, x**2].__len__
            return x * longest()
        """,
        """
        def main(x):
            longest = len([x, x**2])
            return x * longest
        """,
    ),
    Refusal(
        "an entry of something that is not understood",
        """
        from collections import UserDict
        def main(s):
            weights = UserDict(a=1.0)
            weights["a"] += s
            return weights["a"] * 2
        """,
        """
        def main(s):
            weights = dict(a=1.0)
            weights["a"] += s
            return weights["a"] * 2
        """,
        args="s",
    ),
    Refusal(
        "a list that grows while it is walked with another",
        """
        def main(s):
            xs, total = [s], 0.0
            for k, x in enumerate(xs):
                if k < 3:
                    xs.append(x * s)
                total = total + x
            return total
        """,
        """
        def main(s):
            xs, total, k = [s], 0.0, 0
            for x in xs:
                if k < 3:
                    xs.append(x * s)
                total, k = total + x, k + 1
            return total
        """,
        args="s",
    ),
    Refusal(
        "a dict method with a computed key, of a dict of dicts of lists",
        """
        def main(x, n):
            d = {"a": {"w": [x]}, "b": {"w": [x * x]}}
            return d.pop("ab"[n - 1])["w"][0]
        """,
        """
        def main(x, n):
            d = {"a": x, "b": x * x}
            return d.pop("ab"[n - 1])
        """,
        args="x, n",
    ),
    Refusal(
        "del of a computed key, of a dict of dicts of lists",
        """
        def main(x, n):
            d = {"a": {"w": [x]}, "b": {"w": [x * x]}}
            del d["ab"[n - 1]]
            return sum(v["w"][0] for v in d.values())
        """,
        """
        def main(x, n):
            d = {"a": x, "b": x * x}
            del d["ab"[n - 1]]
            return sum(d.values())
        """,
        args="x, n",
    ),
    Refusal(
        "a slice of a list of unlike things",
        """
        def main(x, xs):
            parts = [x, "text", x * x]
            parts[1:2] = xs
            return parts[0] * parts[-1]
        """,
        """
        def main(x, xs):
            first, last = x, x * x
            return first * last
        """,
        args="x, xs",
    ),
    Refusal(
        "a list of unlike things that grows by what is not known",
        """
        def main(x, xs):
            parts = [x, "text"]
            parts += xs
            return parts[0] ** 2
        """,
        """
        def main(x, xs):
            parts = [x, "text", list(xs)]
            return parts[0] ** 2
        """,
        args="x, xs",
    ),
    Refusal(
        "a list method with a range",
        """
        def main(xs):
            place = xs.index(xs[2], 1)
            return xs[place] ** 2
        """,
        """
        def main(xs):
            place = 1 + xs[1:].index(xs[2])
            return xs[place] ** 2
        """,
        args="xs",
    ),
    Refusal(
        "del of a slice with a step",
        """
        def main(xs):
            ys = list(xs)
            del ys[::2]
            return ys[0] ** 2
        """,
        """
        def main(xs):
            ys = list(xs)
            ys = ys[1::2]
            return ys[0] ** 2
        """,
        args="xs",
    ),
    Refusal(
        "a function for each class, of something of which the class is not known",
        """
        import json
        from functools import singledispatch

        @singledispatch
        def scaled(y, x):
            return y * x

        def main(x):
            return scaled(json.loads("2.0"), x)
        """,
        """
        import json

        def scaled(y, x):
            return y * x

        def main(x):
            return scaled(json.loads("2.0"), x)
        """,
    ),
    Refusal(
        "a deque as a whole",
        """
        from collections import deque

        def main(s):
            p, q = deque([1, 2]), deque([1, 2])
            return s * s if p == q else s
        """,
        """
        from collections import deque

        def main(s):
            p, q = deque([1, 2]), deque([1, 2])
            return s * s if list(p) == list(q) else s
        """,
        args="s",
    ),
    Refusal(
        "an operator of a Counter",
        """
        from collections import Counter

        def main(s):
            d, e = Counter(a=s), Counter(a=s * s)
            return (d + e)["a"]
        """,
        """
        from collections import Counter

        def main(s):
            d, e = Counter(a=s), Counter(a=s * s)
            d.update(e)
            return d["a"]
        """,
        args="s",
    ),
    Refusal(
        "a starred name for the entries of something that is not understood",
        """
        import json

        def main(x):
            first, *rest = json.loads("[1.0, 2.0]")
            return first * x
        """,
        """
        import json

        def main(x):
            values = json.loads("[1.0, 2.0]")
            return values[0] * x
        """,
    ),
    Refusal(
        "sort of what may be an array or a list",
        """
        def main(y):
            y = y + y
            y.sort()
            return y[0]
        """,
        """
        def main(y):
            y = np.sort(y + y)
            return y[0]
        """,
        call="gs.grad(main).source",
        instead="gs.grad(main)(x)",
    ),
    Refusal(
        "a computed key of a dict of tuples that hold lists",
        """
        def main(x, n):
            d = {}
            for k in range(n):
                d[k] = (x, [x * k])
            return d[0][1][0] * d[n - 1][0]
        """,
        """
        def main(x, n):
            d = {}
            for k in range(n):
                d[k] = (x, x * k)
            return d[0][1] * d[n - 1][0]
        """,
        args="x, n",
    ),
    Refusal(
        "a container that is changed while it is walked",
        """
        def main(x):
            d = {"a": x, "b": x * 2}
            total = 0.0
            for value in d.values():
                d["b"] = value * 5
                total += np.sum(value)
            return total
        """,
        """
        def main(x):
            d = {"a": x, "b": x * 2}
            total = 0.0
            for value in list(d.values()):
                d["b"] = value * 5
                total += np.sum(value)
            return total
        """,
    ),
    Refusal(
        "an iterator that is walked beside another sequence",
        """
        def main(x):
            it = iter(x)
            return sum(a * b for a, b in zip(it, it))
        """,
        """
        def main(x):
            return sum(x[k] * x[k + 1] for k in range(0, len(x) - 1, 2))
        """,
    ),
    Refusal(
        "the keys of a dict that are what is differentiated",
        """
        def main(x):
            d = {}
            for k in range(len(x)):
                d[x[k]] = x[k] ** 2
            return sum(key * value for key, value in d.items())
        """,
        """
        def main(x):
            d = {}
            for k in range(len(x)):
                d[k] = x[k] ** 2
            return sum(x[key] * value for key, value in d.items())
        """,
    ),
    Refusal(
        "a function of a dict with computed keys",
        """
        def main(x, n):
            d = {k: x * k for k in range(n)}
            return np.size(d) * d[0]
        """,
        """
        def main(x, n):
            d = {k: x * k for k in range(n)}
            return len(d) * d[0]
        """,
        args="x, n",
    ),
    Refusal(
        "a defaultdict of dicts with a computed key",
        """
        from collections import defaultdict

        def main(x, n):
            d = defaultdict(dict)
            for k in range(n):
                d[k % 2][k] = x * k
            return d[0][0] + d[1][1]
        """,
        """
        def main(x, n):
            d = {}
            for k in range(n):
                d[k % 2, k] = x * k
            return d[0, 0] + d[1, 1]
        """,
        args="x, n",
    ),
]

SECTIONS["Objects"] = [
    Refusal(
        "an attribute of an object that is not followed",
        """
        class Settings(dict):
            pass

        SETTINGS = Settings()

        def main(x):
            SETTINGS.scale = np.sum(x)
            return x * SETTINGS.scale
        """,
        """
        class Settings:
            pass

        def main(x):
            settings = Settings()
            settings.scale = np.sum(x)
            return x * settings.scale
        """,
    ),
    Refusal(
        "hasattr that depends on the path taken",
        """
        class Point:
            pass

        def main(s):
            p = Point()
            if s > 0:
                p.y = s * s
            if hasattr(p, "y"):
                return p.y
            return s
        """,
        """
        class Point:
            pass

        def main(s):
            p = Point()
            p.y = s
            if s > 0:
                p.y = s * s
            return p.y
        """,
        args="s",
    ),
    Refusal(
        "an entry that a tuple has not",
        """
        def main(x):
            pair = (x, x * x)
            return pair[2]
        """,
        """
        def main(x):
            pair = (x, x * x)
            return pair[1]
        """,
    ),
    Refusal(
        "an array as the attribute of an object in a list",
        """
        class Body:
            def __init__(self, v):
                self.v = v

        def main(x):
            bodies = [Body(v) for v in x]
            for body in bodies:
                body.v = body.v * x
            return bodies[0].v
        """,
        """
        class Body:
            def __init__(self, v):
                self.v = v

        def main(x):
            bodies = [Body(v) for v in x]
            bodies = [Body(body.v * x) for body in bodies]
            return bodies[0].v
        """,
    ),
    Refusal(
        "whether two tuples are one",
        """
        def main(x):
            a, b = (x, x), (x, x)
            return x * x if a is b else x
        """,
        """
        def main(x):
            a, b = (x, x), (x, x)
            return x * x if a[0] is b[0] else x
        """,
    ),
    Refusal(
        "whether two objects are one",
        """
        class Body:
            def __init__(self, v):
                self.v = v

        def main(x):
            bodies = [Body(v) for v in x]
            best = bodies[0]
            for body in bodies:
                if body.v > best.v:
                    best = body
            return sum(body.v for body in bodies if body is not best)
        """,
        """
        class Body:
            def __init__(self, v):
                self.v = v

        def main(x):
            bodies = [Body(v) for v in x]
            best = max(bodies, key=lambda body: body.v)
            return sum(body.v for body in bodies if body is not best)
        """,
    ),
    Refusal(
        "a descriptor",
        """
        from functools import partialmethod

        class Point:
            def __init__(self, x):
                self.x = x

            def scaled(self, factor):
                return factor * self.x

            double = partialmethod(scaled, 2)

        def main(x):
            return Point(x).double()
        """,
        """
        class Point:
            def __init__(self, x):
                self.x = x

            def scaled(self, factor):
                return factor * self.x

            def double(self):
                return self.scaled(2)

        def main(x):
            return Point(x).double()
        """,
    ),
    Refusal(
        "a descriptor that is set",
        """
        class Logged:
            def __getattribute__(self, name):
                return object.__getattribute__(self, name)

            def __set__(self, instance, value):
                instance.__dict__["y"] = 2 * value

        class Point:
            y = Logged()

        def main(x):
            p = Point()
            p.y = x
            return x * x
        """,
        """
        class Point:
            @property
            def y(self):
                return self.kept

            @y.setter
            def y(self, value):
                self.kept = 2 * value

        def main(x):
            p = Point()
            p.y = x
            return x * x
        """,
    ),
    Refusal(
        "a frozen dataclass that is assigned to",
        """
        from dataclasses import dataclass

        @dataclass(frozen=True)
        class Point:
            y: float

        def main(x):
            p = Point(x)
            p.y = 2 * x
            return p.y
        """,
        """
        from dataclasses import dataclass, replace

        @dataclass(frozen=True)
        class Point:
            y: float

        def main(x):
            p = Point(x)
            p = replace(p, y=2 * x)
            return p.y
        """,
    ),
    Refusal(
        "a dataclass that decides what assigning does",
        """
        from dataclasses import dataclass

        @dataclass
        class Point:
            y: float

            def __setattr__(self, name, value):
                object.__setattr__(self, name, 2 * value)

        def main(x):
            return Point(x).y
        """,
        """
        class Point:
            def __init__(self, y):
                self.y = y

            def __setattr__(self, name, value):
                object.__setattr__(self, name, 2 * value)

        def main(x):
            return Point(x).y
        """,
    ),
    Refusal(
        "a named tuple that makes itself",
        """
        from typing import NamedTuple

        class Pair(NamedTuple):
            a: float
            b: float

        class Sorted(Pair):
            def __new__(cls, a, b):
                return super().__new__(cls, min(a, b), max(a, b))

        def main(x):
            return Sorted(x[0], x[1]).a ** 2
        """,
        """
        from typing import NamedTuple

        class Pair(NamedTuple):
            a: float
            b: float

        def sorted_pair(a, b):
            return Pair(min(a, b), max(a, b))

        def main(x):
            return sorted_pair(x[0], x[1]).a ** 2
        """,
    ),
    Refusal(
        "a comparison of dataclasses",
        """
        from dataclasses import dataclass

        @dataclass
        class P:
            v: float

        def main(s):
            a, b = P(s), P(s * s)
            return s if a == b else b.v
        """,
        """
        from dataclasses import dataclass

        @dataclass
        class P:
            v: float

        def main(s):
            a, b = P(s), P(s * s)
            return s if a.v == b.v else b.v
        """,
        args="s",
    ),
    Refusal(
        "an object that may be one of two",
        """
        class P:
            def __init__(self, v):
                self.v = v

        def main(x):
            a, b = P(x), P(x * x)
            c = a if x[0] > 0 else b
            c.v = c.v * 2
            return a.v + b.v
        """,
        """
        class P:
            def __init__(self, v):
                self.v = v

        def main(x):
            a, b = P(x), P(x * x)
            if x[0] > 0:
                a.v = a.v * 2
            else:
                b.v = b.v * 2
            return a.v + b.v
        """,
    ),
    Refusal(
        "super of a class that is chosen while the program runs",
        """
        class A:
            def f(self, x):
                return x * x

        class B(A):
            def f(self, x):
                return super((B, C)[len(x) - 3], self).f(x)

        class C(B):
            pass

        def main(x):
            return B().f(x)
        """,
        """
        class A:
            def f(self, x):
                return x * x

        class B(A):
            def f(self, x):
                return super().f(x)

        def main(x):
            return B().f(x)
        """,
    ),
    Refusal(
        "a part of a parameter that is also used as a whole",
        """
        def main(p, n):
            return p["a"] * p["ab"[n - 1]]
        """,
        "",
        args="{'a': s, 'b': s}, n",
        wrt="p['a']",
        instead="gs.grad(main)({'a': s, 'b': s}, n)",
    ),
    Refusal(
        "a parameter that is returned, of which a part is differentiated",
        """
        def main(p):
            return p
        """,
        "",
        args="{'a': s, 'b': s}",
        wrt="p['a']",
        instead="gs.grad(main)({'a': s, 'b': s})",
    ),
    Refusal(
        "setattr of an object that is not followed",
        """
        class Settings(dict):
            pass

        SETTINGS = Settings()

        def main(x):
            setattr(SETTINGS, "scale", np.sum(x))
            return x * SETTINGS.scale
        """,
        """
        class Settings:
            pass

        def main(x):
            settings = Settings()
            setattr(settings, "scale", np.sum(x))
            return x * settings.scale
        """,
    ),
    Refusal(
        "an object that a functools.partial holds",
        """
        import functools

        class Settings:
            def __init__(self):
                self.table = np.ones(3)

        def g(settings, x):
            return settings.table * x

        h = functools.partial(g, Settings())

        def main(x):
            return h(x)
        """,
        """
        class Settings:
            def __init__(self):
                self.table = np.ones(3)

        def g(settings, x):
            return settings.table * x

        SETTINGS = Settings()

        def main(x):
            return g(SETTINGS, x)
        """,
    ),
    Refusal(
        "delattr",
        """
        class Point:
            pass

        def main(x):
            p = Point()
            p.y = x
            delattr(p, "y")
            return x * x
        """,
        """
        class Point:
            pass

        def main(x):
            p = Point()
            p.y = x
            del p.y
            return x * x
        """,
    ),
    Refusal(
        "an enumeration that is defined in a function",
        """
        import enum

        def outer():
            class Mode(enum.Enum):
                FAST = [2.0]

            return Mode

        Mode = outer()

        def g(x, mode=Mode.FAST):
            return x * mode.value[0]

        def main(x):
            return g(x)
        """,
        """
        import enum

        class Mode(enum.Enum):
            FAST = [2.0]

        def g(x, mode=Mode.FAST):
            return x * mode.value[0]

        def main(x):
            return g(x)
        """,
    ),
    Refusal(
        "an object that a loop makes and returns, and that holds a function",
        """
        class P:
            def __init__(self, v, f):
                self.v = v
                self.f = f

        def found(s):
            for k in range(5):
                p = P(s * k, lambda t: t * s)
                if p.v > 2.0:
                    return p
            return P(s, lambda t: t * s)

        def main(s):
            p = found(s)
            return p.f(p.v)
        """,
        """
        class P:
            def __init__(self, v, f):
                self.v = v
                self.f = f

        def found(s):
            v = s
            for k in range(5):
                if s * k > 2.0:
                    v = s * k
                    break
            return P(v, lambda t: t * s)

        def main(s):
            p = found(s)
            return p.f(p.v)
        """,
        args="s",
    ),
]

SECTIONS["Writes and aliases"] = [
    Refusal(
        "a write into an array of the module",
        """
        TABLE = np.zeros(3)

        def main(x):
            TABLE[0] = x[0]
            return TABLE * x
        """,
        """
        TABLE = np.zeros(3)

        def main(x):
            table = TABLE.copy()
            table[0] = x[0]
            return table * x
        """,
    ),
    Refusal(
        "an entry of a list that is written by its own name",
        """
        def main(x):
            u = x * 2
            xs = [u]
            u[0] = 1.0
            return xs[0] * x
        """,
        """
        def main(x):
            u = x * 2
            xs = [u.copy()]
            u[0] = 1.0
            return xs[0] * x
        """,
    ),
    Refusal(
        "a write to an entry of a list that another list holds",
        """
        def main(x, n):
            rows = [x * k for k in range(1, n + 1)]
            row = rows[0]
            other = list(rows)
            row[1] = 5.0
            return other[0] * rows[1]
        """,
        """
        def main(x, n):
            rows = [x * k for k in range(1, n + 1)]
            row = rows[0]
            row[1] = 5.0
            other = list(rows)
            return other[0] * rows[1]
        """,
        args="x, n",
    ),
    Refusal(
        "a write to what was stored",
        """
        def main(x, n):
            u = x * 2
            xs = [[u], [x]]
            u[0] = 1.0
            return xs[n - 2][0] * x
        """,
        """
        def main(x, n):
            u = x * 2
            u[0] = 1.0
            xs = [[u], [x]]
            return xs[n - 2][0] * x
        """,
        args="x, n",
    ),
    Refusal(
        "a write through what may be a view",
        """
        def main(x):
            z = x.ravel()
            z[0] = 1.0
            return z * x
        """,
        """
        def main(x):
            z = x.copy()
            z[0] = 1.0
            return z * x
        """,
        call="gs.grad(main).source",
        instead="gs.grad(main)(x)",
    ),
    Refusal(
        "what may be a view of an array that is written",
        """
        def main(m):
            m = m * 2
            z = np.reshape(m.T, -1)
            m[0, 0] = 1.0
            return z * z
        """,
        """
        def main(m):
            m = m * 2
            z = np.reshape(m.T, -1).copy()
            m[0, 0] = 1.0
            return z * z
        """,
        args="m",
    ),
    Refusal(
        "an update of what is not known",
        """
        def main(x):
            y = x
            y += 1.0
            return x * y
        """,
        """
        def main(x):
            y = x
            y = y + 1.0
            return x * y
        """,
        call="gs.grad(main).source",
        instead="gs.grad(main)(x)",
    ),
    Refusal(
        "identity that depends on the path taken",
        """
        def main(x):
            a, b = {"v": x}, {"v": x * x}
            c = a if x[0] > 0 else b
            return a["v"] if c is a else b["v"]
        """,
        """
        def main(x):
            a, b = {"v": x}, {"v": x * x}
            return a["v"] if x[0] > 0 else b["v"]
        """,
    ),
    Refusal(
        "both out and where of a sum",
        """
        def main(m):
            z = m[0] * 2
            np.sum(m, axis=0, out=z, where=m > 0.5)
            return z
        """,
        """
        def main(m):
            z = m[0] * 2
            z[...] = np.sum(np.where(m > 0.5, m, 0.0), axis=0)
            return z
        """,
        "m",
    ),
    Refusal(
        "an out that is not local",
        """
        BUFFER = np.zeros(3)

        def main(x):
            np.exp(x, out=BUFFER)
            return BUFFER * x
        """,
        """
        def main(x):
            buffer = np.zeros(3)
            np.exp(x, out=buffer)
            return buffer * x
        """,
    ),
    Refusal(
        "ufunc.at of one argument",
        """
        def main(x):
            z = x * 2
            np.negative.at(z, [0, 1])
            return z * x
        """,
        """
        def main(x):
            z = x * 2
            z[[0, 1]] = -z[[0, 1]]
            return z * x
        """,
    ),
    Refusal(
        "ufunc.at of several indices",
        """
        def main(m, i):
            z = m * 2
            np.multiply.at(z, (i, i), 3.0)
            return z
        """,
        """
        def main(m, i):
            z = m * 2
            for k in i:
                z[k, k] = z[k, k] * 3.0
            return z
        """,
        args="m, i",
    ),
    Refusal(
        ".flat of an array of the module",
        """
        TABLE = np.eye(3)

        def main(x):
            return x * TABLE.flat[4]
        """,
        """
        TABLE = np.eye(3)

        def main(x):
            return x * TABLE.ravel()[4]
        """,
    ),
    Refusal(
        "a write to an entry of a tuple",
        """
        def main(x, n):
            pair = (x * 2, x * 3)
            chosen = pair[n - 1]
            chosen[0] = 5.0
            return pair[1] * chosen
        """,
        """
        def main(x, n):
            pair = (x * 2, x * 3)
            chosen = pair[n - 1].copy()
            chosen[0] = 5.0
            return pair[1] * chosen
        """,
        args="x, n",
    ),
]

SECTIONS["Statements and names"] = [
    Refusal(
        "a name that an exception may have kept from being bound",
        """
        import numpy as np

        def main(s):
            table = np.zeros(2)
            y = s
            try:
                y, table[int(s) + 3] = s * s, s
            except IndexError:
                return y
            return y
        """,
        """
        import numpy as np

        def main(s):
            table = np.zeros(2)
            y = s
            try:
                y = s * s
                table[int(s) + 3] = s
            except IndexError:
                return y
            return y
        """,
        args="s",
    ),
    Refusal(
        "an array that a try body may have changed",
        """
        import math

        def fill(y, x):
            y[0] = 1.0
            y[1] = math.sqrt(x[1] - 9.0)

        def main(x):
            y = x * 2
            try:
                fill(y, x)
            except ValueError:
                return y * x
            return y
        """,
        """
        import math

        def main(x):
            y = x * 2
            try:
                y[0] = 1.0
                y[1] = math.sqrt(x[1] - 9.0)
            except ValueError:
                return y * x
            return y
        """,
    ),
    Refusal(
        "a captured name that a try body may have bound",
        """
        import math

        def main(s):
            y = s

            def show():
                return y * s

            def change():
                nonlocal y
                y = s * s
                return math.sqrt(s - 9.0)

            try:
                z = change()
            except ValueError:
                return show()
            return z
        """,
        """
        import math

        def main(s):
            y = s * s
            try:
                z = math.sqrt(s - 9.0)
            except ValueError:
                return y * s
            return z
        """,
        args="s",
    ),
    Refusal(
        "a manager that may swallow exceptions",
        """
        class Calm:
            def __enter__(self):
                pass

            def __exit__(self, *about):
                return True

        def main(x):
            with Calm():
                y = x * x
            return y
        """,
        """
        def main(x):
            try:
                y = x * x
            except Exception:
                raise
            return y
        """,
    ),
    Refusal(
        "an assignment to a global",
        """
        CALLS = 0

        def main(x):
            global CALLS
            CALLS = CALLS + 1
            return x * x
        """,
        """
        CALLS = 0

        def main(x):
            calls = CALLS + 1
            return x * x
        """,
    ),
    Refusal(
        "a class inside a function that reads a variable",
        """
        def main(x):
            scale = x * 2

            class P:
                def value(self):
                    return scale * scale

            return P().value()
        """,
        """
        class P:
            def __init__(self, scale):
                self.scale = scale

            def value(self):
                return self.scale * self.scale

        def main(x):
            return P(x * 2).value()
        """,
    ),
    Refusal(
        "leaving a finally clause early",
        """
        def main(x):
            y = x
            try:
                y = x * x
            finally:
                return y
        """,
        """
        def main(x):
            y = x
            try:
                y = x * x
            finally:
                pass
            return y
        """,
    ),
    Refusal(
        "a finally clause that acts and binds a name",
        """
        def main(x):
            try:
                y = x * x
            finally:
                print("done")
                z = 2.0
            return y * z
        """,
        """
        def main(x):
            z = 2.0
            try:
                y = x * x
            finally:
                print("done")
            return y * z
        """,
    ),
    Refusal(
        "a finally clause that acts and reads what the try binds",
        """
        def main(s):
            y = s
            try:
                y = s * s
            finally:
                print("done", y)
            return y
        """,
        """
        def main(s):
            y = s * s
            try:
                z = y * s
            finally:
                print("done", y)
            return z
        """,
        args="s",
    ),
    Refusal(
        "a finally clause that hands an array to what is not understood",
        """
        import bisect

        def main(x):
            ys = [x[1], x[0]]
            try:
                z = x * x
            finally:
                print("done")
                bisect.insort(ys, 1.0)
            return z * ys[0]
        """,
        """
        def main(x):
            ys = [x[1], x[0]]
            try:
                z = x * x
            finally:
                print("done")
            return z * min(ys)
        """,
    ),
    Refusal(
        "except*",
        """
        def main(x):
            try:
                y = x * x
            except* ValueError:
                y = x
            return y
        """,
        """
        def main(x):
            try:
                y = x * x
            except ValueError:
                y = x
            return y
        """,
    ),
    Refusal(
        "a name in one of several patterns",
        """
        def main(p):
            match p:
                case [a, 1.0] | [1.0, a]:
                    return a * a
            return p[0] * p[1]
        """,
        """
        def main(p):
            match p:
                case [a, 1.0]:
                    return a * a
                case [1.0, a]:
                    return a * a
            return p[0] * p[1]
        """,
        args="[s, 0.5]",
    ),
    Refusal(
        "a pattern of a class that is not known",
        """
        def main(s, kinds):
            match s:
                case kinds.first():
                    return s * s
            return s
        """,
        """
        def main(s, kinds):
            match s:
                case float():
                    return s * s
            return s
        """,
        args="s, kinds",
    ),
    Refusal(
        "a pattern where a builtin means something else",
        """
        def main(s, len):
            match [s, s]:
                case [a, b]:
                    return a * b * len
            return s
        """,
        """
        def main(s, length):
            match [s, s]:
                case [a, b]:
                    return a * b * length
            return s
        """,
        args="s, n",
    ),
    Refusal(
        "what an exception may have kept from being bound, printed",
        """
        import numpy as np

        def main(s):
            table = np.zeros(2)
            y = s
            try:
                y, table[int(s) + 3] = s * s, s
            except IndexError:
                print(y)
            return table[0] * s
        """,
        """
        import numpy as np

        def main(s):
            table = np.zeros(2)
            y = s * s
            try:
                table[int(s) + 3] = s
            except IndexError:
                print(y)
            return table[0] * s
        """,
        args="s",
    ),
    Refusal(
        "an assignment inside an expression that is not followed",
        """
        def main(x):
            assert (size := len(x)) > 1
            return x * size
        """,
        """
        def main(x):
            size = len(x)
            assert size > 1
            return x * size
        """,
    ),
    Refusal(
        "a manager that is given an array",
        """
        from contextlib import contextmanager

        @contextmanager
        def shown(y):
            print(y)
            yield

        def main(x):
            y = x * x
            with shown(y):
                return y * x
        """,
        """
        def main(x):
            y = x * x
            print(y)
            return y * x
        """,
    ),
    Refusal(
        "a hundred blocks in each other",
        """
        def main(x):
            y = np.sum(x)
            for f in (np.sin, np.cos) * 60:
                if y < -3:
                    return y
                y = f(y)
            return y
        """,
        """
        def main(x):
            y = np.sum(x)
            for f in (np.sin, np.cos) * 60:
                y = y if y < -3 else f(y)
            return y
        """,
    ),
]

SECTIONS["Derivatives inside functions"] = [
    Refusal(
        "a derivative of a function that is chosen while the program runs",
        """
        def double(v):
            return 2 * v

        def half(v):
            return 0.5 * v

        def main(s):
            f = double if s > 1 else half
            return gs.grad(f)(s)
        """,
        """
        def double(v):
            return 2 * v

        def half(v):
            return 0.5 * v

        def main(s):
            if s > 1:
                return s * gs.grad(double)(s)
            return s * gs.grad(half)(s)
        """,
        args="s",
    ),
    Refusal(
        "a derivative of a function that changes what is around it",
        """
        def main(s):
            seen = [s]

            def f(v):
                seen.append(v)
                return v * v * s

            return gs.grad(f)(s)
        """,
        """
        def main(s):
            def f(v):
                return v * v * s

            return gs.grad(f)(s)
        """,
        args="s",
    ),
    Refusal(
        "the jvp of a partial with keywords",
        """
        import functools

        def f(a, k):
            return a * a * k

        def main(s):
            return gs.jvp(functools.partial(f, k=s))((s,), (1.0,))[1]
        """,
        """
        def main(s):
            def f(a):
                return a * a * s

            return gs.jvp(f)((s,), (1.0,))[1]
        """,
        args="s",
    ),
    Refusal(
        "a derivative of a function with * parameters",
        """
        def f(*values):
            return values[0] * values[1]

        def main(s):
            return gs.grad(f)(s, s)
        """,
        """
        def f(a, b):
            return a * b

        def main(s):
            return gs.grad(f)(s, s)
        """,
        args="s",
    ),
    Refusal(
        "jvp of tuples that are not written out",
        """
        def f(a):
            return a * a * a

        def main(xs):
            return gs.jvp(f)(xs, xs)[1]
        """,
        """
        def f(a):
            return a * a * a

        def main(xs):
            return gs.jvp(f)((xs[0],), (xs[0],))[1]
        """,
        args="xs",
    ),
    Refusal(
        "a pullback as a value",
        """
        def f(v):
            return v * v

        def main(x):
            return gs.vjp(f)(x)
        """,
        """
        def f(v):
            return v * v

        def main(x):
            value, pullback = gs.vjp(f)(x)
            return value, pullback(x)
        """,
    ),
    Refusal(
        "a tangent of a try body with effects",
        """
        def main(s, n):
            try:
                y = s
                for k in range(n):
                    print(k)
                    y = y * s
            except ValueError:
                return s
            return y
        """,
        "",
        args="s, n",
        call="gs.jvp(main)((s, n), (1.0, None))",
        instead="gs.grad(main, mode='reverse')(s, n)",
    ),
]

SECTIONS["Rules of operators"] = [
    Refusal(
        "an operator that writes, of whose function there is a rule",
        """
        rules = gs.RuleSet()

        @rules.adjoint(np.add, ("x1", "x2"))
        def add_adjoint(y_bar):
            return y_bar, y_bar

        def main(x, y):
            z = x.copy()
            z += x * y
            return np.sum(z)
        """,
        """
        rules = gs.RuleSet()

        @rules.adjoint(np.add, ("x1", "x2"))
        def add_adjoint(y_bar):
            return y_bar, y_bar

        def main(x, y):
            z = x.copy()
            z = z + x * y
            return np.sum(z)
        """,
        args="x, 2.0",
        call="gs.grad(main, rules=rules)(x, 2.0)",
    ),
]

SECTIONS["Sparse Jacobians inside functions"] = [
    Refusal(
        "a sparse Jacobian as a matrix",
        """
        def g(x):
            return x[1:] * x[:-1]

        def main(x):
            J = gs.sparse_jacobian(g)(x)
            return np.sum(J * 2.0)
        """,
        """
        def g(x):
            return x[1:] * x[:-1]

        def main(x):
            J = gs.sparse_jacobian(g)(x)
            return np.sum(J.toarray() * 2.0)
        """,
    ),
    Refusal(
        "a sparse Jacobian that is returned",
        """
        J = gs.sparse_jacobian(lambda x: x[1:] * x[:-1])

        def main(x):
            return J(x)
        """,
        """
        J = gs.sparse_jacobian(lambda x: x[1:] * x[:-1])

        def main(x):
            return J(x).toarray()
        """,
    ),
]

SECTIONS["Arguments of derivatives"] = [
    Refusal(
        "integers",
        "def main(y):\n    return y * y\n",
        "",
        call="gs.grad(main)(np.array([1, 2]))",
        instead="gs.grad(main)(np.array([1.0, 2.0]))",
    ),
    Refusal(
        "a complex argument",
        "def main(y):\n    return y * y\n",
        "",
        call="gs.grad(main)(1 + 2j)",
        instead="gs.grad(main)(1.0)",
    ),
    Refusal(
        "the text for many tangents of arguments of which nothing is known",
        "def main(x, y):\n    return x * y\n",
        "",
        call="gs.jvp(main, batched=True).source",
        instead="gs.jvp(main, batched=True)((1.0, 2.0), (np.ones(2), np.ones(2)))",
    ),
    Refusal(
        "a pattern that is no matrix",
        "def main(x):\n    return x * x\n",
        "",
        call="gs.sparse_jacobian(main, [1, 1, 1])(x)",
        instead="gs.sparse_jacobian(main, np.eye(3))(x)",
    ),
    Refusal(
        "stacks of tangents that are not as many",
        "def main(x, y):\n    return x * y\n",
        "",
        call="gs.jvp(main, batched=True)((1.0, 2.0), (np.ones(2), np.ones(3)))",
        instead="gs.jvp(main, batched=True)((1.0, 2.0), (np.ones(2), np.ones(2)))",
    ),
    Refusal(
        "arrays that are no plain arrays",
        "def main(y):\n    return y * y\n",
        "",
        call="gs.grad(main)(np.ma.array([1.0, 2.0]))",
        instead="gs.grad(main)(np.asarray([1.0, 2.0]))",
    ),
    Refusal(
        "what is not a Python function",
        "def main(y):\n    return np.sin(y)\n",
        "",
        call="gs.grad(np.linalg)",
        instead="gs.grad(main)(1.0)",
    ),
    Refusal(
        "a part of something of which nothing is known",
        """
        def main(p):
            return p[0] ** 2
        """,
        "",
        call="gs.grad(main, 'p[0]').source",
        instead="gs.grad(main, 'p[0]')((s, s))",
    ),
    Refusal(
        "a part that is not there",
        """
        def main(p):
            return p["a"] ** 2
        """,
        "",
        call="gs.grad(main, \"p['b']\")({'a': s})",
        instead="gs.grad(main, \"p['a']\")({'a': s})",
    ),
    Refusal(
        "forward mode for several parameters of a loop that prints",
        """
        def main(v, w):
            for k in range(2):
                print(k)
                v = v * w
            return v
        """,
        "",
        call="gs.grad(main, ('v', 'w'), mode='forward')(s, s)",
        instead="gs.grad(main, ('v', 'w'), mode='reverse')(s, s)",
    ),
    Refusal(
        "a derivative of the jvp of a method",
        """
        class Line:
            def __init__(self, a):
                self.a = a

            def at(self, v):
                return self.a * v * v

        def main(line, v):
            return gs.jvp(Line.at)((line, v), (None, 1.0))[1]
        """,
        "",
        call="gs.grad(gs.jvp(Line(2.0).at))((s,), (1.0,))",
        instead="gs.grad(main, 'v')(Line(2.0), s)",
    ),
    Refusal(
        "wrt=None for what is no method",
        "def main(y):\n    return y * y\n",
        "",
        call="gs.grad(main, None)",
        instead="gs.grad(main, 'y')(s)",
    ),
    Refusal(
        "has_aux of what returns no pair",
        """
        def main(y):
            return np.sum(y), y, y
        """,
        """
        def main(y):
            return np.sum(y), (y, y)
        """,
        call="gs.grad(main, has_aux=True)(x)",
        instead="gs.grad(main, has_aux=True)(x)",
    ),
    Refusal(
        "a derivative of a gradient with an auxiliary part",
        "def main(y):\n    return np.sum(y**3), y\n",
        "",
        call="gs.grad(gs.grad(main, has_aux=True))(x)",
        instead="gs.grad(gs.grad(main, has_aux=True), has_aux=True)(x)",
    ),
    Refusal(
        "a derivative of a value and gradient with an auxiliary part",
        "def main(y):\n    return np.sum(y**3), y\n",
        "",
        call="gs.grad(gs.value_and_grad(main, has_aux=True), has_aux=True)(x)",
        instead="gs.grad(gs.grad(main, has_aux=True), has_aux=True)(x)",
    ),
    Refusal(
        "the Jacobian of a list of any length",
        """
        def main(y):
            return [v * v for v in y]
        """,
        """
        def main(y):
            return np.array([v * v for v in y])
        """,
        call="gs.jacobian(main)(x)",
        instead="gs.jacobian(main)(x)",
    ),
    Refusal(
        "many tangents of a tuple through what takes them one by one",
        """
        def main(p):
            return np.linalg.det(np.outer(p[0], p[1]) + np.eye(3))
        """,
        "",
        call="gs.jvp(main, batched=True)(((x, x),), ((np.eye(3), np.eye(3)),))",
        instead="gs.jacobian(main)((x, x))",
    ),
    Refusal(
        "many tangents with several values through what takes them one by one",
        """
        def main(v):
            return np.linalg.det(np.outer(v, v) + np.eye(3)), v
        """,
        "",
        call="gs.jvp(main, batched=True)((x,), (np.eye(3),))",
        instead="gs.jacobian(main)(x)",
    ),
    Refusal(
        "a sparse Jacobian with respect to several parameters",
        "def main(v, w):\n    return v * w\n",
        "",
        call="gs.sparse_jacobian(main, wrt=('v', 'w'))",
        instead="gs.sparse_jacobian(main, wrt='v')(x, x)",
    ),
    Refusal(
        "a sparse Jacobian of several values",
        "def main(v):\n    return v * v, v\n",
        "",
        call="gs.sparse_jacobian(main)(x)",
        instead="gs.jacobian(main)(x)",
    ),
    Refusal(
        "a pattern that lacks entries of the Jacobian",
        "def main(v):\n    return v * v[::-1]\n",
        "",
        call="gs.sparse_jacobian(main, np.eye(3))(x)",
        instead="gs.sparse_jacobian(main)(x)",
    ),
    Refusal(
        "an elementwise derivative where entries meet",
        "def main(y):\n    return y * np.sum(y)\n",
        "",
        call="gs.elementwise_grad(main)(x)",
        instead="gs.jacobian(main)(x)",
    ),
    Refusal(
        "an elementwise derivative of a value of another shape",
        "def main(y):\n    return y[1:] ** 2\n",
        "",
        call="gs.elementwise_grad(main)(x)",
        instead="gs.jacobian(main)(x)",
    ),
    Refusal(
        "forward mode for an array",
        "def main(y):\n    return np.sum(y * y)\n",
        "",
        call="gs.grad(main, mode='forward')(x)",
        instead="gs.grad(main, mode='reverse')(x)",
    ),
    Refusal(
        "the derivative of a vjp",
        """
        def main(y):
            return y * y * y
        """,
        """
        def main(y):
            return y * y * y

        def pulled(y):
            value, pullback = gs.vjp(main)(y)
            return pullback(1.0)
        """,
        call="gs.grad(gs.vjp(main))(s)",
        instead="gs.grad(pulled)(s)",
    ),
]

# ---------------------------------------------------------------------------- not on the page

SECTIONS["Arrays of other libraries"] = [
    Refusal(
        "a write where arguments are arrays of another library",
        """
        def main(x):
            y = 2 * x
            y[0] = 0.0
            return np.sum(y**2)
        """,
        """
        def main(x):
            return np.sum((2 * x[1:]) ** 2)
        """,
        call="gs.grad(main)(foreign)",
    ),
    Refusal(
        "a number that may be an array of another library, changed where it has two names",
        """
        def main(x):
            s = np.sum(x**2)
            t = s
            s += 1.0
            return s * t
        """,
        """
        def main(x):
            t = np.sum(x**2)
            s = t + 1.0
            return s * t
        """,
        call="gs.grad(main)(foreign)",
    ),
    Refusal(
        "a derivative that adds up entries of an array of another library one by one",
        """
        def main(x):
            return np.sum(x[np.array([0, 2, 0])] ** 2)
        """,
        """
        def main(x):
            return 2 * x[0] ** 2 + x[2] ** 2
        """,
        call="gs.grad(main)(foreign)",
    ),
    Refusal(
        "a derivative whose helpers make NumPy arrays",
        """
        def main(x):
            return np.prod(x)
        """,
        """
        def main(x):
            return np.exp(np.sum(np.log(x)))
        """,
        call="gs.grad(main)(foreign)",
    ),
]

SECTIONS["Rules that users declare"] = [
    Refusal(
        "a function with rules for its other arguments only",
        """
        def g(a, b):
            return a * b

        @gs.partial(g, "a")
        def g_a(b):
            return b

        def main(x):
            return np.sum(g(2.0, x))
        """,
        """
        def g(a, b):
            return a * b

        @gs.partial(g, "a")
        def g_a(b):
            return b

        @gs.partial(g, "b")
        def g_b(a):
            return a

        def main(x):
            return np.sum(g(2.0, x))
        """,
    ),
    Refusal(
        "an adjoint that is not linear, in forward mode",
        """
        def clipped(x):
            return x

        @gs.adjoint(clipped)
        def clipped_adjoint(y_bar):
            return np.clip(y_bar, -1.0, 1.0)

        def main(x):
            return np.sum(clipped(x))
        """,
        call="gs.jvp(main)((x,), (x,))",
        rewrite="""
        def clipped(x):
            return x

        @gs.adjoint(clipped)
        def clipped_adjoint(y_bar):
            return np.clip(y_bar, -1.0, 1.0)

        @gs.tangent(clipped)
        def clipped_tangent(x_dot):
            return x_dot

        def main(x):
            return np.sum(clipped(x))
        """,
    ),
    Refusal(
        "a function without a rule, called by a rule",
        """
        from numpy.polynomial.chebyshev import chebval

        def square(x):
            return chebval(x, (0.5, 0.0, 0.5))

        @gs.partial(square)
        def square_x(x):
            return chebval(x, (0.0, 2.0))

        def main(x):
            return gs.grad(square)(x)
        """,
        """
        from numpy.polynomial.chebyshev import chebval

        def square(x):
            return chebval(x, (0.5, 0.0, 0.5))

        @gs.partial(square)
        def square_x(x):
            return chebval(x, (0.0, 2.0))

        @gs.partial(square_x)
        def square_x_x():
            return 2.0

        def main(x):
            return gs.grad(square)(x)
        """,
    ),
    Refusal(
        "a rule that returns too few adjoints",
        """
        def g(a, b):
            return a * b

        @gs.adjoint(g, ("a", "b"))
        def g_adjoint(a, b, y_bar):
            return y_bar * b

        def main(x):
            return np.sum(g(x, x))
        """,
        """
        def g(a, b):
            return a * b

        @gs.adjoint(g, ("a", "b"))
        def g_adjoint(a, b, y_bar):
            return y_bar * b, y_bar * a

        def main(x):
            return np.sum(g(x, x))
        """,
    ),
    Refusal(
        "a function with a rule that changes its argument",
        """
        def g(a):
            a[0] = 0.0
            return a * a

        @gs.partial(g)
        def g_a(a):
            return 2 * a

        def main(x):
            return np.sum(g(x + 1))
        """,
        """
        def g(a):
            return a * a

        @gs.partial(g)
        def g_a(a):
            return 2 * a

        def main(x):
            z = x + 1
            z[0] = 0.0
            return np.sum(g(z))
        """,
    ),
    Refusal(
        "a variable that only some paths bind, in a rule",
        """
        def g(a):
            if np.sum(a) > 0:
                e = np.exp(a)
                return e
            return np.exp(a)

        @gs.partial(g)
        def g_a(e):
            return e

        def main(x):
            return np.sum(g(x))
        """,
        """
        def g(a):
            e = np.exp(a)
            return e

        @gs.partial(g)
        def g_a(e):
            return e

        def main(x):
            return np.sum(g(x))
        """,
    ),
    Refusal(
        "a rule that reads a nested function",
        """
        def g(a, f):
            return f(a)

        @gs.partial(g)
        def g_a(a, f):
            return f(a)

        def main(x):
            return np.sum(g(x, lambda t: np.exp(t)))
        """,
        """
        def g(a, f):
            return f(a)

        @gs.partial(g)
        def g_a(a, f):
            return f(a)

        def main(x):
            return np.sum(g(x, np.exp))
        """,
    ),
    Refusal(
        "a function with a rule and * parameters, differentiated itself",
        """
        def main(x, *more):
            return np.sum(x)

        @gs.adjoint(main)
        def main_adjoint(x, y_bar):
            return y_bar * np.ones_like(x)
        """,
        """
        def main(x):
            return np.sum(x)

        @gs.adjoint(main)
        def main_adjoint(x, y_bar):
            return y_bar * np.ones_like(x)
        """,
    ),
    Refusal(
        "an argument that the rules of a function have no name for",
        """
        @gs.partial(np.spacing)
        def spacing_x():
            return 0.0

        def main(x):
            return np.sum(np.spacing(x, where=True))
        """,
        """
        @gs.partial(np.spacing)
        def spacing_x():
            return 0.0

        def main(x):
            return np.sum(np.spacing(x) + x)
        """,
    ),
    Refusal(
        "a rule that reads what its opaque function leaves behind",
        """
        SAVED = {}

        def sinh(x):
            SAVED["ex"] = np.exp(x)
            return (SAVED["ex"] - 1 / SAVED["ex"]) / 2

        def sinh_adjoint(y_bar):
            return y_bar * (SAVED["ex"] + 1 / SAVED["ex"]) / 2

        def forward(x):
            ex = np.exp(x)
            return (ex - 1 / ex) / 2
        """,
        call="gs.adjoint(sinh, opaque=True)(sinh_adjoint)",
        instead="gs.partial(sinh, forward=forward)(lambda ex: (ex + 1 / ex) / 2)",
        rewrite="",
    ),
    Refusal(
        "rules that are no RuleSet",
        """
        def main(x):
            return np.sum(x)
        """,
        call="gs.grad(main, rules={})",
        instead="gs.grad(main, rules=gs.RuleSet())",
        rewrite="",
    ),
    Refusal(
        "pickling a derivative made with a RuleSet",
        """
        import pickle

        rules = gs.RuleSet()

        def main(x):
            return np.sum(x)
        """,
        call="pickle.dumps(gs.grad(main, rules=rules))",
        instead="pickle.dumps(gs.grad)",
        rewrite="",
    ),
    Refusal(
        "a rule for an argument that does not exist",
        "def main(x):\n    return x\n",
        call="gs.adjoint(main, 'z')(lambda y_bar: y_bar)",
        instead="gs.adjoint(main, 'x')(lambda y_bar: y_bar)",
        rewrite="",
    ),
    Refusal(
        "a rule that reads what does not exist",
        "def main(x):\n    return x\n",
        call="gs.adjoint(main, 'x')(lambda z, y_bar: z)",
        instead="gs.adjoint(main, 'x')(lambda x, y_bar: y_bar)",
        rewrite="",
    ),
    Refusal(
        "a partial that reads the cotangent",
        "def main(x):\n    return x\n",
        call="gs.partial(main)(lambda y_bar: y_bar)",
        instead="gs.adjoint(main)(lambda y_bar: y_bar)",
        rewrite="",
    ),
    Refusal(
        "a rule for what is no function",
        "def main(x):\n    return x\n",
        call="gs.partial(3.0)(lambda x: x)",
        instead="gs.partial(main)(lambda x: 1.0)",
        rewrite="",
    ),
    Refusal(
        "a rule for a class",
        """
        class Layer:
            def __call__(self, x):
                return x
        """,
        call="gs.partial(Layer)(lambda x: x)",
        instead="gs.partial(Layer.__call__, 'x')(lambda x: 1.0)",
        rewrite="",
    ),
    Refusal(
        "a rule in the place of the argument's name",
        "def main(x):\n    return x\n",
        call="gs.partial(main, lambda x: 1.0)",
        instead="gs.partial(main, 'x')(lambda x: 1.0)",
        rewrite="",
    ),
    Refusal(
        "a rule that is no function",
        "def main(x):\n    return x\n",
        call="gs.partial(main)(1.0)",
        instead="gs.partial(main)(lambda: 1.0)",
        rewrite="",
    ),
    Refusal(
        "a rule whose parameters are not known",
        "def main(x):\n    return x\n",
        call="gs.partial(main)(min)",
        instead="gs.partial(main)(lambda x: min(x, 1.0))",
        rewrite="",
    ),
    Refusal(
        "a rule with * parameters",
        "def main(x):\n    return x\n",
        call="gs.partial(main)(lambda *x: 1.0)",
        instead="gs.partial(main)(lambda x: 1.0)",
        rewrite="",
    ),
    Refusal(
        "a forward part that is no Python function",
        "def main(x):\n    return np.exp(x)\n",
        call="gs.partial(main, forward=np.exp)(lambda y: y)",
        instead="gs.partial(main, forward=lambda x: np.exp(x))(lambda y: y)",
        rewrite="",
    ),
    Refusal(
        "a rule for a function whose parameters are not known",
        "f = min\n",
        call="gs.adjoint(f)(lambda y_bar: y_bar)",
        instead="gs.adjoint(lambda x: x)(lambda y_bar: y_bar)",
        rewrite="",
    ),
]

MISTAKES = [
    python_refuses(
        "an integral from nowhere",
        """
        from scipy.integrate import quad

        def main(s):
            return quad(lambda t: t * s)[0]
        """,
        args="s",
    ),
    python_refuses(
        "a solver that is called with too little",
        """
        from scipy.optimize import brentq

        def main(s):
            return brentq(lambda y: y**2 - s, 0.0)
        """,
        args="s",
    ),
    python_refuses(
        "a name that is read in a try body before anything binds it",
        """
        def main(s):
            try:
                y = later * s
            except NameError:
                raise ValueError("not yet")
            later = y
            return later
        """,
        args="s",
    ),
    python_refuses(
        "an entry of a dict that is read as an attribute",
        """
        def main(s):
            found = {"w": s}
            return found.w * 2
        """,
        args="s",
    ),
    python_refuses(
        "an entry of a dict without entries",
        "def main(x, n):\n    d = {}\n    return d[n] * x\n",
        args="x, n",
    ),
    python_refuses(
        "an entry of a dict that was cleared",
        """
        def main(x, n):
            d = {n: x}
            d.clear()
            return d[n] * x
        """,
        args="x, n",
    ),
    python_refuses("super outside a method", "def main(x):\n    return super().f(x)\n"),
    python_refuses(
        "super of no instance",
        "class A:\n    pass\ndef main(x):\n    return super(A, x).f()\n",
    ),
    python_refuses("a dict of a function", "def main(x):\n    return dict(lambda: x)['a']\n"),
    python_refuses("a call of a list", "K = [1.0]\ndef main(x):\n    return K(x)\n"),
    python_refuses(
        "a matrix that is called",
        "J = gs.sparse_jacobian(lambda x: x * x)\ndef main(x):\n    return J(x)(x)\n",
    ),
    python_refuses(
        "a sparse Jacobian of two arrays",
        "J = gs.sparse_jacobian(lambda x: (x, x))\ndef main(x):\n    return J(x).T @ x\n",
    ),
    python_refuses(
        "too many arguments of grad",
        "def main(x):\n    return gs.grad(np.sum, 0, 0)(x)\n",
    ),
    python_refuses("an argument twice", "def main(x):\n    return np.clip(x, 0.0, a_min=1.0)\n"),
    python_refuses("no argument", "def main(x):\n    return np.dot(x)\n"),
    python_refuses(
        "no argument of a function", "def g(a, b):\n    return a\ndef main(x):\n    return g(x)\n"
    ),
    python_refuses(
        "too many arguments", "def g(a):\n    return a\ndef main(x):\n    return g(x, x)\n"
    ),
    python_refuses("no such key", "def main(x):\n    return {'a': x}['b']\n"),
    python_refuses("no such key to pop", "def main(x):\n    return {'a': x}.pop('b')\n"),
    python_refuses(
        "no such entry", "def main(x):\n    p = [x, 'a']\n    p[2] = x\n    return p[0]\n"
    ),
    python_refuses("no such attribute", "def main(x):\n    return np.sine(x)\n"),
    python_refuses(
        "a read-only view",
        "def main(x):\n    z = np.broadcast_to(x, (2, 3))\n    z[0] = 1.0\n    return z\n",
    ),
    python_refuses(
        "a nonlocal that is not bound",
        """
def main(x):
    def f():
        nonlocal y
        return y * 2

    z = f()
    y = x
    return z
""",
    ),
    python_refuses("an unbound name", "def main(x):\n    return y * x\n    y = x\n"),
    python_refuses("an undefined name", "def main(x):\n    return x * undefined\n"),
    python_refuses("an entry of a number", "def main(s):\n    return s[0]\n", "s"),
    python_refuses("a write into a number", "def main(s):\n    s[0] = 1.0\n    return s\n", "s"),
    python_refuses(
        "what no date has",
        """
        import datetime

        def main(x):
            return x * datetime.timedelta(2).weeks
        """,
    ),
    python_refuses("the length of a number", "def main(s):\n    return s / len(s)\n", "s"),
    python_refuses("a number made of an array", "def main(x):\n    return float(x) * 2.0\n"),
    python_refuses(
        "what no number has, while another exception is caught",
        """
        def main(s):
            try:
                return s.squeeze()
            except NameError:
                return s
        """,
        "s",
    ),
    python_refuses("a list of a function", "def main(x):\n    return list(lambda v: v)\n"),
    python_refuses("a sum of a function", "def main(x):\n    return sum(lambda v: v)\n"),
    python_refuses("a list of a number", "def main(s):\n    return list(s)\n", "s"),
    python_refuses(
        "a loop over a function",
        "def main(x):\n    for v in lambda: 1:\n        x = x * v\n    return x\n",
    ),
    python_refuses(
        "a function where a generator is walked",
        "def main(x):\n    return sum(a * b for a, b in enumerate(lambda: 1))\n",
    ),
    python_refuses("no rule is for", "def main(x):\n    return np.clip(x, 0.0, 2.0, a_min=1.0)\n"),
    python_refuses(
        "a loop over a number",
        "def main(s):\n    for v in s:\n        s = s * v\n    return s\n",
        "s",
    ),
    python_refuses("a function that only raises", "def main(x):\n    raise ValueError(x)\n"),
    python_refuses("too many values", "def main(x):\n    a, b = x, x, x\n    return a\n"),
    python_refuses("del of an entry of an array", "def main(x):\n    del x[0]\n    return x\n"),
    python_refuses(
        "a method that no base class has",
        """
class A:
    def f(self, x):
        return super().f(x)

def main(x):
    return A().f(x)
""",
    ),
    python_refuses(
        "an attribute that an object has not",
        "class A:\n    pass\ndef main(x):\n    return A().f * x\n",
    ),
    python_refuses(
        "fields that do not fit a named tuple",
        """
from typing import NamedTuple

class P(NamedTuple):
    a: float

def main(x):
    return P(x, x).a
""",
    ),
    python_refuses(
        "too many fields",
        """
from dataclasses import dataclass

@dataclass
class P:
    a: float

def main(x):
    return P(x, x).a
""",
    ),
    python_refuses(
        "no field",
        """
from dataclasses import dataclass

@dataclass
class P:
    a: float

def main(x):
    return P().a
""",
    ),
    python_refuses(
        "arguments of a class without __init__",
        "class A:\n    pass\ndef main(x):\n    return A(x).f\n",
    ),
    python_refuses(
        "replace of no dataclass",
        """
import dataclasses

class A:
    def __init__(self, v):
        self.v = v

def main(x):
    return dataclasses.replace(A(x), v=x).v
""",
    ),
    python_refuses(
        "a property that cannot be read",
        """
class A:
    f = property(None)

def main(x):
    return A().f * x
""",
    ),
    python_refuses(
        "a property that cannot be set",
        """
class A:
    @property
    def f(self):
        return 1.0

def main(x):
    a = A()
    a.f = x
    return x
""",
    ),
    python_refuses(
        "del of an attribute that is not there",
        "class A:\n    y = 1.0\ndef main(x):\n    a = A()\n    del a.y\n    return x\n",
    ),
    python_refuses(
        "an out of another dtype",
        "def main(x):\n    z = np.zeros(3, int)\n    np.exp(x, out=z)\n    return z * x\n",
    ),
    python_refuses(
        "positional patterns of a class without them",
        """
class A:
    pass

def main(x):
    match A():
        case A(y):
            return x * y
    return x
""",
    ),
    python_refuses(
        "a pullback of two cotangents",
        "def f(v):\n    return v * v\ndef main(x):\n    return gs.vjp(f)(x)[1](x, x)\n",
    ),
    python_refuses(
        "no argument of a derivative",
        "def g(v, w):\n    return v * w\ndef main(x):\n    return gs.grad(g)(x)\n",
    ),
    python_refuses("keepdims of no bool", "def main(x):\n    return np.sum(x, keepdims=1.0)\n"),
    python_refuses("an order of zero", "", call="gs.differentiate(order=0)(lambda v: v)"),
    python_refuses("no name", "", call="gs.grad(lambda v: v, '3')"),
    python_refuses("no such parameter", "", call="gs.grad(lambda v: v, 'w')"),
    python_refuses("no such position", "", call="gs.grad(lambda v: v, 3)"),
    python_refuses("no position", "", call="gs.grad(lambda v: v, 1.5)"),
    python_refuses("no mode", "", call="gs.grad(lambda v: v, mode='x')"),
    python_refuses("no mode of a Jacobian", "", call="gs.jacobian(lambda v: v, mode='x')"),
    python_refuses("nothing", "", call="gs.grad(lambda v: v, ())"),
    python_refuses(
        "no position that is left",
        "import functools\ndef main(v, w):\n    return v * w\n",
        call="gs.grad(functools.partial(main, 1.0), 1)",
    ),
    python_refuses(
        "a vector of another shape",
        "def main(v):\n    return np.sum(v * v)\n",
        call="gs.hvp(main)(x, x[1:])",
    ),
    python_refuses(
        "too few tangents of a linearization",
        "def main(v, w):\n    return v * w\n",
        call="gs.linearize(main)(s, s)[1](1.0)",
    ),
    python_refuses(
        "a tangent of a linearization of another shape",
        "def main(v):\n    return v * v\n",
        call="gs.linearize(main)(x)[1](1.0)",
    ),
    python_refuses(
        "a cotangent of another structure",
        "def main(v):\n    return v * v, v\n",
        call="gs.vjp(main)(x)[1](x)",
    ),
    python_refuses(
        "stacked tangents without an axis for them",
        "def main(v):\n    return v * v\n",
        call="gs.jvp(main, batched=True)((x,), (x,))",
    ),
    python_refuses(
        "a pattern of too few columns",
        "def main(v):\n    return v * v\n",
        call="gs.sparse_jacobian(main, np.eye(2))(x)",
    ),
    python_refuses(
        "a pattern of too few rows",
        "def main(v):\n    return v * v\n",
        call="gs.sparse_jacobian(main, np.ones((2, 3)))(x)",
    ),
    python_refuses("no tuples", "", call="gs.jvp(lambda v: v)(s, s)"),
    python_refuses("too few tangents", "", call="gs.jvp(lambda v: v)((s,), ())"),
    python_refuses(
        "a tangent of another shape",
        "def main(v):\n    return v * v\n",
        call="gs.jvp(main)((s,), (x,))",
    ),
    python_refuses(
        "a cotangent of another shape",
        "def main(v):\n    return v * v\n",
        call="gs.vjp(main)(x)[1](1.0)",
    ),
]
