"""Names of the user's that mean something else to the text that is written, and their like."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradscribe.cli import main
from pipeline import check_everything, define

X = np.array([0.7, 1.9, 1.2])

# name: (source, arguments, wrt)
CASES: dict[str, tuple[str, tuple[Any, ...], tuple[int, ...]]] = {
    "np as a parameter": (
        """
import numpy as np
import numpy
def main(np, x): return numpy.sin(x) * np * x
""",
        (0.7, 1.2),
        (0, 1),
    ),
    "np as a variable": (
        """
import numpy
def main(x):
    np = x * 2
    return numpy.sum(numpy.exp(np) * np)
""",
        (X,),
        (0,),
    ),
    "math as a variable": (
        """
import math as m
def main(x):
    math = x * 2
    return m.sin(math) * math
""",
        (0.7,),
        (0,),
    ),
    "sum as a variable": (
        """
import numpy as np
def main(x):
    sum = x * 2
    return (sum * x).mean() * sum[0]
""",
        (X,),
        (0,),
    ),
    "builtins that loops need as variables": (
        """
import numpy as np
def main(x, n):
    zip, range_, reversed, list, len = x[0], 2.0, x[1], x[2], 3.0
    s = 0.0
    for v in x:
        s += v * v * zip * s
    for k in range(n):
        s = s * reversed * list + len
    return s
""",
        (X, 3),
        (0,),
    ),
    "builtins that loops need as parameters": (
        """
def main(x, range, len, zip, enumerate, reversed):
    s = 0.0
    for v in x:
        s = s * v + v * range + len * zip * enumerate
    return s * reversed
""",
        (X, 1.0, 2.0, 3.0, 4.0, 5.0),
        (0, 1),
    ),
    "builtins that containers need as parameters": (
        """
def main(x, tuple, float, list):
    t = (x * tuple, x * float)
    ys = [x, x * list]
    ys.append(t[0])
    return ys[2] * ys[1] * t[1]
""",
        (0.7, 1.0, 2.0, 3.0),
        (0, 1),
    ),
    "list as a parameter beside a comprehension": (
        """
def main(x, list):
    ys = [v * v * list for v in x]
    ys.append(list)
    return sum(ys) * sum(tuple(ys)[1:2])
""",
        (X, 2.0),
        (0, 1),
    ),
    "functions imported under names of modules": (
        """
from numpy import exp as e, sin as np
from math import cos as math
def main(x): return e(x) * np(x) * math(x)
""",
        (0.7,),
        (0,),
    ),
    "numpy under its own name": (
        """
import numpy
import numpy.linalg as la
def main(x): return numpy.exp(x).sum() * la.norm(x)
""",
        (X,),
        (0,),
    ),
    "numpy under another name": (
        """
import numpy as n
def main(x): return n.exp(x).sum() * n.linalg.norm(x)
""",
        (X,),
        (0,),
    ),
    "constants called np and math": (
        """
import numpy
np = 3.0
math = 2.0
def main(x): return numpy.sum(numpy.exp(x)) * np * math + numpy.maximum(x, 1.0).sum()
""",
        (X,),
        (0,),
    ),
    "names that differ by case": (
        """
def main(X, x):
    Y = X * x
    y = Y * x
    X_bar = y * Y
    x_Bar = X_bar * x
    return x_Bar * X
""",
        (0.7, 1.3),
        (0, 1),
    ),
    "Unicode names, also ones that Python normalises": (
        """
def main(λ, x):
    µ = λ * x
    é = µ ** 2
    ﬁ = é * λ
    return ﬁ * µ
""",
        (0.7, 1.3),
        (0, 1),
    ),
    "Unicode names beside those made of them": (
        """
import numpy as np
def main(θ):
    θ_bar = θ * 2
    s = 0.0
    for θ_i in θ:
        s = s * θ_i + np.sin(θ_i)
    return s * θ_bar.sum()
""",
        (X,),
        (0,),
    ),
    "soft keywords": (
        """
def main(x, _, __, match, type):
    case = x * _
    self = case * __ * match
    cls = self * type
    return cls * x
""",
        (0.7, 1.0, 2.0, 3.0, 4.0),
        (0,),
    ),
    "functions called like our helpers": (
        """
import numpy as np
def zeros_like(x): return x * 3
def index_add(x): return x * 4
def main(x):
    ys = [x, x * x]
    k = 0
    for i in range(2):
        ys[i] = ys[i] * zeros_like(x)
        k += i
    return ys[k] * index_add(ys[0])
""",
        (0.7,),
        (0,),
    ),
    "a function called like a derivative": (
        """
def main_grad(x): return x * x
def main(x): return main_grad(x) * x
""",
        (0.7,),
        (0,),
    ),
    "functions called like the parts of a recursive one": (
        """
def f_forward(x): return x
def f(x, n): return x if n == 0 else x * f(x * f_forward(0.5), n - 1)
def main(x): return f(x, 3)
""",
        (0.7,),
        (0,),
    ),
    "constants called like variables of ours": (
        """
e = 2.0
s = 3.0
t = 5.0
import numpy as np
def main(x): return np.exp(x) * np.sin(x) * e * s * t
""",
        (0.7,),
        (0,),
    ),
    "a constant and a variable of a callee": (
        """
k = 2.0
def g(x):
    k = x * 3
    return k * x
def main(x):
    return g(x) * k * g(x * k)
""",
        (0.7,),
        (0,),
    ),
    "variables of a callee called like the caller's": (
        """
def g(x, y):
    s = x * y
    for i in range(2):
        s = s * x
    return s
def main(x):
    s = x
    for i in range(2):
        s = s * g(s, x) * (i + 1)
    return s
""",
        (0.7,),
        (0,),
    ),
    "names that classes mangle": (
        """
class A:
    @staticmethod
    def f(__x): return __x * __x
def main(x): return A.f(x) * x
""",
        (0.7,),
        (0,),
    ),
    "builtins that the module replaces": (
        """
def len(x): return 2.0
def range(n): return [n, n]
import numpy as np
def main(x):
    s = x[0]
    for v in x:
        s = s * v
    return s * len(x) + sum(range(s))
""",
        (X,),
        (0,),
    ),
    "parameters that are rebound": (
        """
def main(x):
    y = x * x
    x = y
    y = x * y
    return x * y
""",
        (0.7,),
        (0,),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_name_means_what_the_user_means(name: str) -> None:
    source, args, wrt = CASES[name]
    check_everything(define(source), args, wrt)


PACKAGE = {
    "relative/__init__.py": "",
    "relative/sub/__init__.py": "",
    "relative/constants.py": """
import numpy as np
K = 3.0
TABLE = np.array([1.0, 2.0])
def g(x, n=2): return x if n == 0 else x * g(x * K, n - 1)
""",
    "relative/sub/other.py": "Q = [2.5, 1.5]\ndef q(x): return x * Q[0] + Q[1]\n",
    "relative/sub/model.py": """
import functools
import numpy
from math import exp as e
from .. import constants
from ..constants import TABLE, K, g
from . import other as see

@functools.lru_cache
def h(x): return x * constants.K

def f(x: float) -> float:
    y = g(x) * K + constants.g(x, 1) * TABLE[1] + see.q(x) * e(x) * h(x)
    return y + numpy.sin(x) * constants.TABLE[0]
""",
}


def test_a_file_of_a_function_with_relative_imports_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in PACKAGE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["write", "relative/sub/model.py:f", "-o", "out"]) in (0, None)
    check = """
import math, runpy
from relative.sub.model import f
got = runpy.run_path("out/f_grad.py")["f_grad"](0.7)
expected = (f(0.7 + 1e-6) - f(0.7 - 1e-6)) / 2e-6
assert math.isclose(got, expected, rel_tol=1e-7), (got, expected)
"""
    subprocess.run([sys.executable, "-c", check], cwd=tmp_path, check=True, timeout=60)
