"""Refusals say what is not understood, where it stands and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from pipeline import define

X = np.array([1.2, 1.9])

# name: (program, rendered error after the file's name)
REFUSED: dict[str, tuple[str, str]] = {
    "a name that an exception may have kept from being bound": (
        "import math\ndef main(x):\n    y = x\n    try:\n        y = x * x\n"
        "        y = math.sqrt(y - 9.0)\n    except ValueError:\n        return y\n    return y\n",
        """\
:8:16: error: the try at line 4 binds 'y', and may or may not have done so when it raised an exception: here its value is not known
    8 |         return y
      |                ^
   help: let the try body bind new names, and take them over after it, in its else clause""",
    ),
    "a manager that may swallow exceptions": (
        "class Calm:\n    def __enter__(self): pass\n    def __exit__(self, *about): return True\n"
        "def main(x):\n    with Calm():\n        y = x * x\n    return y\n",
        """\
:5:10: error: cannot know whether Calm() lets exceptions pass
    5 |     with Calm():
      |          ^^^^^^
   help: write the try statement that it stands for""",
    ),
    "an attribute assigned": (
        "class C: pass\nc = C()\ndef main(x):\n    c.k = x\n    return x\n",
        """\
:4:5: error: the attribute .k is assigned to something that is not followed here
    4 |     c.k = x
      |     ^^^
   help: assign to attributes of objects that the function was given or has made""",
    ),
    "a global that is written to": (
        "K = 1.0\ndef main(x):\n    global K\n    K = x\n    return x\n",
        """\
:3:5: error: the function writes to the global 'K'
    3 |     global K
      |     ^^^^^^^^
   help: return the new value, and let the caller assign it""",
    ),
    "a function without a rule": (
        "import numpy as np\ndef main(x):\n    return np.linalg.lstsq(x, x)[0]\n",
        """\
:3:12: error: cannot differentiate np.linalg.lstsq: no rule
    3 |     return np.linalg.lstsq(x, x)[0]
      |            ^^^^^^^^^^^^^^^^^^^^^
   help: declare one with @linear or @adjoint, or wrap the argument in stop_gradient(...)""",
    ),
    "columns are characters, not bytes": (
        "import numpy as np\ndef main(x):\n    é = x; return np.linalg.lstsq(é, é)\n",
        """\
:3:19: error: cannot differentiate np.linalg.lstsq: no rule
    3 |     é = x; return np.linalg.lstsq(é, é)
      |                   ^^^^^^^^^^^^^^^^^^^^^
   help: declare one with @linear or @adjoint, or wrap the argument in stop_gradient(...)""",
    ),
    "an expression over several lines": (
        "import numpy as np\ndef main(x):\n    return np.sum(\n        np.linalg.lstsq(\n            x, x\n"
        "        )[0]\n    )\n",
        """\
:4:9: error: cannot differentiate np.linalg.lstsq: no rule
    4 |         np.linalg.lstsq(
      |         ^^^^^^^^^^^^^^^^
   help: declare one with @linear or @adjoint, or wrap the argument in stop_gradient(...)""",
    ),
    "an unknown method": (
        "def main(x):\n    return x.tobytes()\n",
        """\
:2:12: error: the method .tobytes() is not supported here
    2 |     return x.tobytes()
      |            ^^^^^^^^^^^""",
    ),
    "an undefined name": (
        "def main(x):\n    return x * undefined\n",
        """\
:2:16: error: the name 'undefined' is not defined
    2 |     return x * undefined
      |                ^^^^^^^^^""",
    ),
    "a missing argument": (
        "def g(a, b):\n    return a\ndef main(x):\n    return g(x)\n",
        """\
:4:12: error: the argument 'b' is missing
    4 |     return g(x)
      |            ^^^^""",
    ),
    "an output argument": (
        "import numpy as np\ndef main(x):\n    z = x * 2\n"
        "    np.exp(x, out=z, where=x > 1)\n    return z\n",
        """\
:4:5: error: np.exp with both out and where is not supported
    4 |     np.exp(x, out=z, where=x > 1)
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   help: write where the mask is true: z[mask] = f(x[mask])""",
    ),
    "a write through what may be a view": (
        "def main(x):\n    z = x.ravel()\n    z[0] = 1.0\n    return z\n",
        """\
:3:5: error: cannot write through the result of np.ravel taken at :2:9, which may be a view
    3 |     z[0] = 1.0
      |     ^^^^
   help: index the array itself, or make a copy before: x = x.copy()""",
    ),
    "complex numbers on the way": (
        "def main(x):\n    return abs(x * 1j)\n",
        """\
:2:12: error: complex numbers are not differentiated yet
    2 |     return abs(x * 1j)
      |            ^^^^^^^^^^^
   help: write real and imaginary parts apart""",
    ),
    "text as the result": (
        'def main(x):\n    return "a"\n',
        """\
:1:1: error: cannot differentiate main: its result is 'a', not floating-point
    1 | def main(x):
      | ^^^^^^^^^^^^""",
    ),
}


def message_of(function: Callable[..., Any], *args: Any) -> str:
    with pytest.raises(gs.GradscribeError) as caught:
        function(*args)
    return re.sub(r"<text \d+>", "", str(caught.value))


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_shows_place_and_hint(name: str) -> None:
    source, expected = REFUSED[name]
    got = message_of(gs.grad(define(source), mode="reverse"), X)
    lines = len(expected.splitlines())
    assert "\n".join(got.splitlines()[:lines]) == expected


def test_a_refusal_has_its_parts_as_fields() -> None:
    source = "K = 1.0\ndef main(x):\n    global K\n    K = x\n    return x\n"
    with pytest.raises(gs.UnsupportedError) as caught:
        gs.grad(define(source))(1.0)
    error = caught.value
    assert error.file is not None and error.file.startswith("<text")
    assert (error.line, error.column) == (3, 5)
    assert error.message == "the function writes to the global 'K'"
    assert error.hint == "return the new value, and let the caller assign it"


def test_an_alias_of_an_entry_names_both_places() -> None:
    source = "def main(x):\n    u = x * 2\n    xs = [u]\n    u[0] = 1.0\n    return xs[0]\n"
    assert message_of(gs.grad(define(source)), X) == ("""\
:5:12: error: cannot know what xs is here: it holds u, which is written at :4:5
    5 |     return xs[0]
      |            ^^^^^
   help: store copies: [x.copy()]""")


def test_an_update_of_something_unknown_names_the_other_name() -> None:
    function = define("def main(x):\n    y = x\n    y += 1.0\n    return x * y\n")
    with pytest.raises(gs.UnsupportedError) as caught:
        _ = gs.grad(function).source
    assert re.sub(r"<text \d+>", "", str(caught.value)) == ("""\
:3:5: error: cannot know whether y += … changes 'x' too: it does if y is an array, not if it is a \
number
    3 |     y += 1.0
      |     ^^^^^^^^
   help: write y = y + …, or annotate the parameter""")


def test_an_error_at_the_second_order_points_into_the_users_file() -> None:
    source = (
        "import numpy as np\ndef main(x):\n    y = x * x\n    return np.linalg.lstsq(y, y)[0]\n"
    )
    first = gs.grad(define(source), mode="reverse")
    assert message_of(gs.grad(first, mode="reverse"), X).startswith(":4:12: error: ")


def test_an_error_in_an_indented_decorated_function_shows_its_own_line() -> None:
    source = (
        "def keep(f):\n    return f\n\nif True:\n    @keep\n    def main(x):\n"
        "        y = x\n        global K; K = y\n        return x\n"
    )
    assert message_of(gs.grad(define(source)), 1.0) == ("""\
:8:9: error: the function writes to the global 'K'
    8 |         global K; K = y
      |         ^^^^^^^^
   help: return the new value, and let the caller assign it""")


def square(x: Any) -> Any:
    return x * x


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: gs.grad(square)(np.array([1, 2])), "'x', which is an array of int64"),
        (lambda: gs.grad(square)(1j), "'x' is complex"),
        (lambda: gs.grad(square)("a"), "'x', which is of type str"),
        (lambda: gs.grad(square)(None), "'x', which is None"),
        (lambda: gs.grad(square)(True), "'x', which is of type bool"),
        (
            lambda: gs.grad(square)(np.ones((2, 2)).view(np.matrix)),
            "'x' is a matrix",
        ),
        (lambda: gs.grad(square)(np.ma.array([1.0])), "'x' is a MaskedArray"),
        (lambda: gs.grad(square, 3), "wrt=3: square has 1 parameters"),
        (lambda: gs.grad(square, "z"), "wrt='z': square has no parameter of that name"),
        (lambda: gs.grad(square, mode="x"), "mode must be"),  # type: ignore[arg-type]
        (lambda: gs.grad(square, mode="forward")(X), "forward mode takes scalar parameters"),
        (lambda: gs.grad(3), "cannot differentiate 3"),  # type: ignore[arg-type]
        (lambda: gs.jvp(square)((1.0,), ()), "1 arguments and 0 tangents"),
        (lambda: gs.jvp(square)((1.0,), (X,)), "the tangent of 'x' has shape"),
        (lambda: gs.vjp(square)(X)[1](1.0), "the cotangent has shape"),
    ],
)
def test_a_wrong_argument_is_named(ask: Callable[[], Any], message: str) -> None:
    with pytest.raises(gs.ArgumentError, match=re.escape(message)):
        ask()
