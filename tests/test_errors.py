"""How refusals show where they stand. What is refused is in ``refusals.py``."""

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
    "columns are characters, not bytes": (
        "import numpy as np\ndef main(x):\n    é = x; return np.linalg.tensorsolve(é, é)\n",
        """\
:3:19: error: cannot differentiate np.linalg.tensorsolve: no rule
    3 |     é = x; return np.linalg.tensorsolve(é, é)
      |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^
   help: declare one with @linear or @adjoint, or wrap the argument in stop_gradient(...)""",
    ),
    "an expression over several lines": (
        "import numpy as np\ndef main(x):\n    return np.sum(\n        np.linalg.tensorsolve(\n            x, x\n"
        "        )[0]\n    )\n",
        """\
:4:9: error: cannot differentiate np.linalg.tensorsolve: no rule
    4 |         np.linalg.tensorsolve(
      |         ^^^^^^^^^^^^^^^^^^^^^^
   help: declare one with @linear or @adjoint, or wrap the argument in stop_gradient(...)""",
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
    source = "import numpy as np\ndef main(x):\n    y = x * x\n    return np.linalg.tensorsolve(y, y)[0]\n"
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
            "'x' is a numpy.matrix",
        ),
        (lambda: gs.grad(square)(np.ma.array([1.0])), "'x' is a numpy.MaskedArray"),
        (lambda: gs.grad(square, 3), "wrt=3: square has 1 parameters"),
        (lambda: gs.grad(square, "z"), "wrt='z': square has no parameter of that name"),
        (lambda: gs.grad(square, mode="x"), "mode must be"),  # type: ignore[arg-type]
        (lambda: gs.grad(square, mode="forward")(X), "forward mode takes scalar parameters"),
        (lambda: gs.grad(3), "cannot differentiate a value of type int"),  # type: ignore[arg-type]
        (lambda: gs.jvp(square)((1.0,), ()), "1 arguments and 0 tangents"),
        (lambda: gs.jvp(square)((1.0,), (X,)), "the tangent of 'x' has shape"),
        (lambda: gs.vjp(square)(X)[1](1.0), "the cotangent has shape"),
    ],
)
def test_a_wrong_argument_is_named(ask: Callable[[], Any], message: str) -> None:
    with pytest.raises(gs.ArgumentError, match=re.escape(message)):
        ask()
