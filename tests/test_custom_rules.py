"""Rules that users declare: both modes, two orders, from memory and from files."""

from __future__ import annotations

import ctypes
import math
import pickle
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
from numpy.polynomial.chebyshev import chebval

import gradscribe as gs
from gradscribe import files
from gradscribe.frontend.declared import EVERYWHERE
from oracles import assert_close
from pipeline import check_everything, check_file, check_first, check_second, define

X = np.array([0.3, 1.2, -0.7])
M = np.array([[1.2, 0.3, 0.4], [-0.1, 0.9, 0.8]])


@pytest.fixture(autouse=True)
def _no_rule_stays() -> Iterator[None]:
    before = dict(EVERYWHERE)
    yield
    EVERYWHERE.clear()
    EVERYWHERE.update(before)


# ---------------------------------------------------------------------------- declarations


def square(x: Any) -> Any:
    return x * x


def sinh(x: Any) -> Any:
    ex, enx = np.exp(x), np.exp(-x)
    return (ex - enx) / 2


def scaled(x: Any, a: Any, *, power: int = 2) -> Any:
    return a * x**power


def coupled(x: Any, w: Any) -> tuple[Any, Any, int]:
    return np.sin(x) * w, np.sum(x * w**2), 3


def mixed(x: Any, w: Any) -> Any:
    """Linear in each, not in both together."""
    return 3.0 * np.cumsum(x * w)


@dataclass
class Layer:
    w: Any
    b: Any
    size: int

    def __call__(self, x: Any) -> Any:
        return np.tanh(self.w * x + self.b)

    def scale(self, x: Any) -> Any:
        return self.w * x * self.size


def declare_square() -> None:
    @gs.partial(square)
    def square_x(x):
        return 2 * x


def declare_sinh(kind: str) -> None:
    if kind == "partial":

        @gs.partial(sinh)
        def sinh_partial(ex, enx):
            return (ex + enx) / 2

    elif kind == "adjoint":

        @gs.adjoint(sinh)
        def sinh_adjoint(ex, enx, y_bar):
            return y_bar * (ex + enx) / 2

    else:

        @gs.tangent(sinh)
        def sinh_tangent(ex, enx, *, x_dot):
            return (ex + enx) / 2 * x_dot


def declare_scaled() -> None:
    @gs.partial(scaled, "x")
    def scaled_x(x, a, power):
        return a * power * x ** (power - 1)

    @gs.partial(scaled, "a")
    def scaled_a(x, power):
        return x**power


def declare_coupled(kind: str) -> None:
    if kind == "adjoint":

        @gs.adjoint(coupled, ("x", "w"))
        def coupled_adjoint(x, w, y_bar):
            a, b, _ = y_bar
            return a * np.cos(x) * w + b * w**2, a * np.sin(x) + 2 * b * x * w

    else:

        @gs.tangent(coupled, ("x", "w"))
        def coupled_tangent(x, w, x_dot, w_dot):
            first = np.cos(x) * w * x_dot + np.sin(x) * w_dot
            return first, np.sum(w**2 * x_dot + 2 * x * w * w_dot), None


def declare_mixed() -> None:
    @gs.linear(mixed, "x")
    def mixed_x(w, y_bar):
        return 3.0 * w * np.cumsum(y_bar[::-1])[::-1]

    @gs.linear(mixed, "w")
    def mixed_w(x, y_bar):
        return 3.0 * x * np.cumsum(y_bar[::-1])[::-1]


# ---------------------------------------------------------------------------- true rules


def uses_square(x: Any) -> Any:
    return np.sum(square(x) * x + square(square(x)))


def uses_sinh(x: Any) -> Any:
    return np.sum(sinh(x) * x) + np.sum(sinh(sinh(0.5 * x)))


def uses_scaled(x: Any, a: Any) -> Any:
    return np.sum(scaled(x, a) + scaled(x, a, power=3)) * scaled(a, 2.0)


def uses_coupled(x: Any, w: Any) -> Any:
    a, b, n = coupled(x, w)
    c, _, _ = coupled(a, w)
    return np.sum(a * c) * b + n * b


def uses_mixed(x: Any, w: Any) -> Any:
    return np.sum(np.sin(mixed(x, w)) * mixed(w, x * x))


def in_a_loop(x: Any, n: int) -> Any:
    y = x
    for _ in range(n):
        y = sinh(0.3 * y) + 0.1 * square(y)
    return np.sum(y)


def in_a_while(x: float) -> float:
    while x < 3.0:
        x = x + square(x) + 1.0
    return square(x)


def in_a_branch(x: Any, flag: bool) -> Any:
    y = square(x) if flag else sinh(x)
    try:
        z = square(y[0]) + 1.0
    except IndexError:
        z = 0.0
    return np.sum(y) * z


def written_to(x: Any) -> Any:
    y = square(x)
    y[0] = 2.0 * x[1]
    y *= x
    return np.sum(y * square(x))


def declare_both(kind: str) -> None:
    declare_square()
    declare_sinh(kind)


Program = tuple[Callable[[], None], Callable[..., Any], tuple[Any, ...], tuple[int, ...]]

PROGRAMS: dict[str, Program] = {
    "partial": (declare_square, uses_square, (X,), (0,)),
    "partial of a scalar": (declare_square, uses_square, (1.3,), (0,)),
    "partial of a matrix": (declare_square, uses_square, (M,), (0,)),
    "variables in a partial": (lambda: declare_sinh("partial"), uses_sinh, (X,), (0,)),
    "variables in an adjoint": (lambda: declare_sinh("adjoint"), uses_sinh, (X,), (0,)),
    "variables in a tangent": (lambda: declare_sinh("tangent"), uses_sinh, (X,), (0,)),
    "two arguments, broadcast": (declare_scaled, uses_scaled, (X, 1.7), (0, 1)),
    "two arguments": (declare_scaled, uses_scaled, (1.1, 1.7), (1, 0)),
    "a joint adjoint": (lambda: declare_coupled("adjoint"), uses_coupled, (X, X + 1.5), (0, 1)),
    "a joint tangent": (lambda: declare_coupled("tangent"), uses_coupled, (X, X + 1.5), (1, 0)),
    "linear in each": (declare_mixed, uses_mixed, (X, X + 1.5), (0, 1)),
    "loop": (lambda: declare_both("adjoint"), in_a_loop, (X, 3), (0,)),
    "loop without an iteration": (lambda: declare_sinh("tangent"), in_a_loop, (X, 0), (0,)),
    "while": (declare_square, in_a_while, (0.3,), (0,)),
    "branch": (lambda: declare_both("tangent"), in_a_branch, (X, True), (0,)),
    "other branch": (lambda: declare_sinh("adjoint"), in_a_branch, (X, False), (0,)),
    "written to": (declare_square, written_to, (X,), (0,)),
    "the function itself": (lambda: declare_sinh("adjoint"), sinh, (X,), (0,)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_true_rule_gives_the_true_derivatives(name: str) -> None:
    declare, function, args, wrt = PROGRAMS[name]
    declare()
    check_everything(function, args, wrt)


def test_a_rule_is_used_and_not_the_source() -> None:
    @gs.partial(square)
    def wrong(x):
        return 7 * x

    def f(x):
        return np.sum(square(x))

    np.testing.assert_allclose(gs.grad(f)(X), 7 * X)
    np.testing.assert_allclose(gs.jvp(f)((X,), (np.ones(3),))[1], np.sum(7 * X))
    np.testing.assert_allclose(gs.grad(gs.grad(f))(X), np.full(3, 7.0))
    np.testing.assert_allclose(gs.grad(square)(X), 7 * X)


def test_the_rule_holds_for_the_value_at_the_next_order() -> None:
    @gs.adjoint(square)
    def wrong(x, y_bar):
        return 7 * x * y_bar

    def f(x):
        return np.sum(square(x) * x)  # g = x·7x + x² and, by the rule again, 14x + 7x

    np.testing.assert_allclose(gs.grad(f)(X), 8 * X**2)
    np.testing.assert_allclose(gs.grad(gs.grad(f))(X), 21 * X)


def test_constants_among_arguments_and_results_have_no_derivative() -> None:
    def shifted(a, b):
        return 2 * a + np.sum(b), 3.0

    @gs.linear(shifted, ("a", "b"))
    def shifted_transpose(b, y_bar):
        return 2 * y_bar[0] + y_bar[1], np.sum(y_bar[0]) * np.ones_like(b)

    def product(a, b):
        return a * b

    @gs.tangent(product, ("a", "b"))
    def product_tangent(a, b, a_dot, b_dot):
        return a_dot * b + a * b_dot

    def f(x):
        return np.sum(np.sin(shifted(2.0, x * x)[0]) * shifted(x, X)[0]) * np.sum(product(x, 3))

    check_everything(f, (X,))


def test_a_rule_sees_the_variables_around_it() -> None:
    def made(k):
        def power(x):
            return k * x * x

        @gs.partial(power)
        def power_x(x):
            return 2 * k * x

        return power

    power = made(3.0)

    def f(x):
        return np.sum(power(x) * x)

    check_everything(f, (X,))
    check_everything(made(2.0), (1.3,))


def test_the_entries_of_a_partial_stay_apart() -> None:
    declare_square()
    np.testing.assert_allclose(
        gs.elementwise_grad(lambda x: np.sin(square(x)))(X), np.cos(X**2) * 2 * X
    )
    declare_sinh("adjoint")
    with pytest.raises(gs.UnsupportedError, match="entries meet"):
        gs.elementwise_grad(lambda x: 2 * sinh(x))(X)


def test_a_rule_may_read_the_result() -> None:
    def exponential(x):
        return np.exp(x)

    @gs.partial(exponential)
    def exponential_x(y):
        return y

    def f(x):
        return np.sum(exponential(2 * x) * x)

    check_everything(f, (X,))


def test_a_forward_part_of_its_own_hands_over_its_variables() -> None:
    def plain(x):
        return np.sinh(x)

    def plain_forward(x):
        ex = np.exp(x)
        enx = 1 / ex
        return (ex - enx) / 2

    @gs.adjoint(plain, forward=plain_forward)
    def plain_adjoint(ex, enx, y_bar):
        return y_bar * (ex + enx) / 2

    def f(x):
        return np.sum(plain(x) ** 2)

    check_everything(f, (X,))
    derivative = gs.grad(f)
    derivative(X)
    assert "ex = np.exp(x)" in derivative.source and "np.sinh" not in derivative.source


# ---------------------------------------------------------------------------- methods, objects


def test_a_rule_for_a_method_and_for_a_part_of_its_object() -> None:
    @gs.adjoint(Layer.__call__, ("x", "self.w", "self.b"))
    def layer_adjoint(self, x, y, y_bar):
        z_bar = y_bar * (1 - y**2)
        return z_bar * self.w, z_bar * x, z_bar

    @gs.partial(Layer.scale, "x")
    def scale_x(self):
        return self.w * self.size

    def f(layer, x):
        return np.sum(layer(layer.scale(x)) * x)

    def plain(w, x):
        layer = Layer(w, 0.3 * X, 2)
        return np.sum(layer(np.cos(x)) * x)

    check_everything(plain, (X + 1.0, X), (0, 1))
    layer = Layer(X + 1.0, 0.3 * X, 2)
    check_first(f, (layer, X), (1,))
    check_second(f, (layer, X), 1)
    with pytest.raises(gs.NoRuleError, match=r"'self\.w': no rule \(there are rules for 'x'\)"):
        gs.grad(f, "layer.w")(layer, X)


def test_a_rule_for_an_argument_that_is_a_dict() -> None:
    def model(params, x):
        return params["w"] * np.sin(x) + params["b"]

    @gs.adjoint(model, "params")
    def model_params(x, y_bar):
        return {"w": y_bar * np.sin(x), "b": np.sum(y_bar)}

    @gs.partial(model, "x")
    def model_x(params, x):
        return params["w"] * np.cos(x)

    def f(w, x):
        return np.sum(model({"w": w, "b": 0.5 * w[0]}, x) ** 2)

    check_everything(f, (X, X + 1.0), (0, 1))


def test_a_rule_for_a_tuple() -> None:
    def total(pair):
        return pair[0] * pair[1]

    @gs.adjoint(total)
    def total_pair(pair, y_bar):
        a, b = pair
        return y_bar * b, y_bar * a

    def f(x, w):
        return np.sum(np.sin(total((x, w * x))))

    check_everything(f, (X, X + 1.0), (0, 1))


# ---------------------------------------------------------------------------- opaque functions

LIBRARY = ctypes.CDLL(None)
COSH = LIBRARY.cosh
COSH.restype, COSH.argtypes = ctypes.c_double, [ctypes.c_double]
SINH = LIBRARY.sinh
SINH.restype, SINH.argtypes = ctypes.c_double, [ctypes.c_double]


def uses_c(x: float) -> float:
    return SINH(2.0 * x) * x


def test_a_function_of_c_takes_a_partial_that_calls_another() -> None:
    @gs.partial(SINH)
    def sinh_c(x):
        return COSH(x)

    @gs.partial(COSH)
    def cosh_c(x):
        return SINH(x)

    check_everything(uses_c, (0.7,))


def cube(x: Any) -> Any:
    """x**3 = (T3 + 3 T1) / 4, from a function that is not looked into."""
    return chebval(x, (0.0, 0.75, 0.0, 0.25))


def cube_backward(x: Any, y_bar: Any) -> Any:
    return y_bar * chebval(x, (1.5, 0.0, 1.5))


def test_the_backward_of_an_opaque_function_takes_a_rule_of_its_own() -> None:
    @gs.adjoint(cube)
    def cube_adjoint(x, y_bar):
        return cube_backward(x, y_bar)

    assert gs.grad(cube)(2.0) == 12.0
    with pytest.raises(gs.NoRuleError, match=r"chebval.*no rule") as caught:
        gs.grad(gs.grad(cube))(2.0)
    assert "return y_bar * chebval(x, (1.5, 0.0, 1.5))" in str(caught.value)

    @gs.tangent(cube_backward, ("x", "y_bar"))
    def cube_backward_tangent(x, y_bar, x_dot, y_bar_dot):
        return 6.0 * x * y_bar * x_dot + cube_backward(x, y_bar_dot)

    assert gs.grad(gs.grad(cube))(2.0) == 12.0
    assert gs.grad(gs.grad(gs.grad(cube)))(2.0) == 6.0


def test_a_rule_function_takes_a_rule_itself() -> None:
    @gs.adjoint(cube)
    def cube_adjoint(x, y_bar):
        return y_bar * chebval(x, (1.5, 0.0, 1.5))

    @gs.tangent(cube_adjoint, ("x", "y_bar"))
    def cube_adjoint_tangent(x, y_bar, x_dot, y_bar_dot):
        return 6.0 * x * y_bar * x_dot + y_bar_dot * chebval(x, (1.5, 0.0, 1.5))

    assert gs.grad(gs.grad(cube))(2.0) == 12.0
    assert gs.jvp(cube)((2.0,), (1.0,)) == (8.0, 12.0)


def slow(x: Any) -> Any:
    exec("pass")
    return math.erf(x) if isinstance(x, float) else x


def test_an_opaque_python_function_is_called() -> None:
    @gs.partial(slow, opaque=True)
    def slow_x(x):
        return 2 / math.sqrt(math.pi) * math.exp(-(x**2))

    def f(x):
        return slow(x) * x

    check_everything(f, (0.7,))
    derivative = gs.grad(f)
    derivative(0.7)
    assert "slow(x)" in derivative.source


# ---------------------------------------------------------------------------- constants


def test_a_constant_function_or_argument_has_no_derivative() -> None:
    def rounded(x):
        return np.round(x) + 0.0 * x

    def blend(x, t):
        return x * t

    gs.constant(rounded)
    gs.constant(blend, argument="t")

    @gs.partial(blend, "x")
    def blend_x(t):
        return t

    def f(x):
        return np.sum(rounded(x) * x + blend(x, x))

    np.testing.assert_allclose(gs.grad(f)(X), np.round(X) + X)
    np.testing.assert_allclose(gs.jvp(f)((X,), (X,))[1], np.sum((np.round(X) + X) * X))


# ---------------------------------------------------------------------------- files

IN_FILES = {
    "a partial": """
        import gradscribe as gs

        def square(x):
            return x * x

        @gs.partial(square)
        def square_x(x):
            return 2 * x

        def main(x):
            return np.sum(square(x) * np.sin(x))
    """,
    "variables": """
        import gradscribe as gs

        def sinh(x, *, scale=1.0):
            ex, enx = scale * np.exp(x), scale * np.exp(-x)
            return (ex - enx) / 2

        @gs.adjoint(sinh)
        def sinh_adjoint(ex, enx, y_bar):
            return y_bar * (ex + enx) / 2

        def main(x):
            return np.sum(sinh(x, scale=2.0) * x + sinh(sinh(0.1 * x)))
    """,
    "the function itself": """
        import gradscribe as gs

        def main(x):
            ex = np.exp(x)
            return np.sum(ex)

        @gs.adjoint(main)
        def main_adjoint(ex, y_bar):
            return y_bar * ex
    """,
    "a library": """
        import gradscribe as gs
        from numpy.polynomial.chebyshev import chebval

        def cube(x):
            return chebval(x, (0.0, 0.75, 0.0, 0.25))

        @gs.partial(cube)
        def cube_x(x):
            return chebval(x, (1.5, 0.0, 1.5))

        @gs.partial(cube_x)
        def cube_x_x(x):
            return 6.0 * x

        def main(x):
            return np.sum(cube(x) * x)
    """,
}


@pytest.mark.parametrize("name", IN_FILES)
def test_a_file_stands_alone_and_keeps_its_rules(name: str, tmp_path: Path) -> None:
    check_file(dedent(IN_FILES[name]), (X,), 0, tmp_path)


DELIBERATE = """
import numpy as np
import gradscribe as gs

def clipped(x):
    return 1.0 * x

@gs.adjoint(clipped)
def clipped_adjoint(y_bar):
    return 5.0 * y_bar

def main(x):
    return np.sum(clipped(x) ** 3)
"""


def test_a_rule_holds_when_a_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "deliberate.py").write_text(DELIBERATE)
    known = sys.path[:]
    try:
        target = files.find(tmp_path / "deliberate.py", "main")
        file = files.compose(target, files.Wish(example="np.ones(3)"))
        assert "deliberate.clipped: @adjoint of 'x' (clipped_adjoint)" in file.text
        assert "import gradscribe" not in file.text
        (tmp_path / "written.py").write_text(file.text)
        written = files.find(tmp_path / "written.py", "main_grad").function
        expected = gs.grad(gs.grad(target.function))(X)
        np.testing.assert_allclose(expected, 5 * 3 * 2 * 5 * X)
        np.testing.assert_allclose(gs.grad(written)(X), expected)
        EVERYWHERE.clear()
        with pytest.raises(gs.ArgumentError, match=r"relies on a rule for deliberate\.clipped"):
            gs.grad(written)(X.astype(np.float32))
    finally:
        sys.path[:] = known
        for name in ("deliberate", "written"):
            sys.modules.pop(name, None)


def test_a_file_cannot_import_what_a_function_holds(tmp_path: Path) -> None:
    (tmp_path / "held.py").write_text(dedent("""
            import gradscribe as gs

            def f(x):
                return 3.0 * x

            def made():
                def inner(x):
                    return 3.0
                gs.constant(inner, opaque=True)
                gs.partial(f)(inner)

            made()

            def main(x):
                return f(x) * x
            """))
    known = sys.path[:]
    try:
        target = files.find(tmp_path / "held.py", "main")
        with pytest.raises(gs.ArgumentError, match="inner is defined inside a function"):
            files.compose(target, files.Wish(example="1.0"))
    finally:
        sys.path[:] = known
        sys.modules.pop("held", None)


# ---------------------------------------------------------------------------- scopes


def test_a_rule_set_is_an_argument_of_what_makes_derivatives() -> None:
    rules = gs.RuleSet()

    @rules.partial(square)
    def square_x(x):
        return 7.0 * x

    def f(x):
        return np.sum(square(x))

    def g(x):
        return np.sum(gs.grad(f, rules=rules)(x) * x)

    np.testing.assert_allclose(gs.grad(f, rules=rules)(X), 7 * X)
    np.testing.assert_allclose(gs.jvp(f, rules=rules)((X,), (X,))[1], 7 * X @ X)
    np.testing.assert_allclose(gs.vjp(f, rules=rules)(X)[1](2.0)[0], 14 * X)
    np.testing.assert_allclose(gs.hessian(f, rules=rules)(X), 7 * np.eye(3))
    np.testing.assert_allclose(gs.jacobian(square, rules=rules)(X), np.diag(7 * X))
    np.testing.assert_allclose(gs.grad(g)(X), 14 * X)
    np.testing.assert_allclose(gs.grad(f)(X), 2 * X)
    with pytest.raises(gs.ArgumentError, match="cannot be pickled"):
        pickle.dumps(gs.grad(f, rules=rules))
    with rules, rules:
        pass
    np.testing.assert_allclose(gs.grad(f)(X), 2 * X)


def test_a_rule_set_holds_where_it_is_entered() -> None:
    straight = gs.RuleSet()

    @straight.adjoint(np.round, "a")
    def round_adjoint(y_bar):
        return y_bar

    def f(x):
        return np.sum(np.round(x) * x)

    with straight:
        inside = gs.grad(f)
        twice = gs.grad(gs.grad(f))
    np.testing.assert_allclose(gs.grad(f)(X), np.round(X))
    np.testing.assert_allclose(inside(X), np.round(X) + X)
    np.testing.assert_allclose(twice(X), np.full(3, 2.0))
    np.testing.assert_allclose(gs.grad(inside)(X), np.full(3, 2.0))
    with pytest.warns(UserWarning, match="does not depend on x"):
        assert not gs.grad(gs.grad(f))(X).any()


# ---------------------------------------------------------------------------- operators

OPERATORS = {
    "add": (np.add, "a + b"),
    "subtract": (np.subtract, "a - b"),
    "multiply": (np.multiply, "a * b"),
    "divide": (np.divide, "a / b"),
    "power": (np.power, "a**b"),
    "matmul": (np.matmul, "a @ b"),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_a_rule_for_a_function_holds_at_its_operator(name: str) -> None:
    function, text = OPERATORS[name]
    rules = gs.RuleSet()

    @rules.adjoint(function, ("x1", "x2"))
    def rule(x1, x2, y_bar):
        return 10.0 * np.ones_like(x1) * np.sum(y_bar), 20.0 * np.ones_like(x2) * np.sum(y_bar)

    a, b = np.array([[1.0, 2.0], [0.5, 3.0]]), np.array([[0.3, 0.4], [1.5, 2.5]])
    by_sign = define(f"import numpy as np\ndef main(a, b):\n    return np.sum({text})\n")
    by_name = define(f"import numpy as np\ndef main(a, b):\n    return np.sum(np.{name}(a, b))\n")
    for main in (by_sign, by_name):
        first, second = gs.grad(main, (0, 1), rules=rules)(a, b)
        np.testing.assert_array_equal(first, np.full((2, 2), 40.0))
        np.testing.assert_array_equal(second, np.full((2, 2), 80.0))
        assert_close(gs.grad(main)(a, b), gs.grad(by_name)(a, b))


def test_a_rule_for_negative_holds_at_the_sign_and_not_for_pythons_numbers() -> None:
    rules = gs.RuleSet()

    @rules.partial(np.negative)
    def rule(x):
        return -5.0

    def f(x):
        return np.sum(-x)

    assert_close(gs.grad(f, rules=rules)(np.ones(2)), np.array([-5.0, -5.0]))

    def g(x):
        return -x

    assert gs.grad(g, rules=rules)(1.0) == -1.0
