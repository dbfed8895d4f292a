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


# ---------------------------------------------------------------------------- what users ask for

MAKERS = [
    gs.grad, gs.value_and_grad, gs.elementwise_grad, gs.vjp, gs.linearize, gs.jacobian, gs.jacfwd,
    gs.jacrev, gs.hessian, gs.hvp,
]  # fmt: skip


def pair(x, y):
    return x * y


class Holder:
    def __init__(self) -> None:
        self.w = np.ones(3)


def held(holder, x):
    return np.sum(holder.w * x)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("wrt", "message"),
    [
        ("z", "no parameter of that name"),
        (5, "has 2 parameters"),
        (1.5, "takes positions and names"),
        (True, "takes positions and names"),
        ((), "names nothing"),
        (("x", ("y",)), "takes positions and names"),
        ("x..y", "is no parameter and no part of one"),
        ("self.z", "no parameter of that name"),
    ],
)
def test_an_unknown_name_is_named_when_a_derivative_is_made(
    make: Any, wrt: Any, message: str
) -> None:
    with pytest.raises(gs.ArgumentError, match=message):
        make(pair, wrt)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("wrt", ["holder.nothing", "holder.w.q", "x.q", "holder.w['a']"])
def test_a_part_that_there_is_not_is_named_when_it_is_called(make: Any, wrt: str) -> None:
    vector = [np.ones(3)] if make is gs.hvp else []
    args = (Holder(), *vector, np.ones(3)) if wrt[0] == "h" else (Holder(), np.ones(3), *vector)
    with pytest.raises(
        gs.ArgumentError, match=r"there is no 'nothing'|nothing is known of the part"
    ):
        make(held, wrt)(*args)


@pytest.mark.parametrize("make", [*MAKERS, gs.jvp, gs.sparse_jacobian, gs.sparse_hessian])
@pytest.mark.parametrize("what", [3, "f", None, Holder(), Holder])
def test_what_is_no_function_is_refused_at_once(make: Any, what: Any) -> None:
    with pytest.raises(gs.ArgumentError, match="it is not a Python function"):
        make(what)


def test_wrong_calls_are_called_by_the_name_of_what_is_called() -> None:
    x = np.ones(3)
    with pytest.raises(TypeError, match=r"^pair_grad\(\) missing 1 required positional"):
        gs.grad(pair)(x)
    with pytest.raises(TypeError, match=r"^pair_hvp\(\) takes 3 positional arguments but 5"):
        gs.hvp(pair)(x, x, x, x, x)
    with pytest.raises(TypeError, match=r"^pullback\(\) missing 1"):
        gs.vjp(pair)(x, x)[1]()
    with pytest.raises(gs.ArgumentError, match="1 tangents for 2"):
        gs.linearize(pair)(x, x)[1](x)


def test_tangents_that_are_not_as_many_are_refused() -> None:
    with pytest.raises(gs.ArgumentError, match="the tangents have 2 and 4 directions"):
        gs.jvp(pair, batched=True)((np.ones(3), np.ones(3)), (np.ones((2, 3)), np.ones((4, 3))))
    with pytest.warns(UserWarning, match="does not depend"):
        value, tangents = gs.jvp(lambda x: 3, batched=True)((np.ones(3),), (np.eye(3),))
    assert value == 3
    np.testing.assert_array_equal(tangents, np.zeros(3))
