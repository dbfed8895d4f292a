"""Golden cases: a function, its IR, and the text of its derivatives, side by side in one file.

A file under ``golden/`` starts with the source of a module, whose first lines are directives::

    # call: newton_sqrt(2.0, 5)      the function and its example arguments; f(...) is generic
    # wrt: a                         what is differentiated: names; the first parameter if left out
    # show: grad, grad grad, jvp     which derivatives; these three if left out
    # differences: no                where differences do not give its derivative

What follows the source, from the first ruled line on, is written by ``make golden``. The numbers of
every case are checked too, so that no wrong derivative can be recorded.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import black
import numpy as np
import pytest

import gradscribe as gs
import oracles
from gradscribe.frontend.lower import lower_function
from gradscribe.ir.abstraction import type_of
from gradscribe.ir.core import Function, walk
from gradscribe.ir.text import render
from gradscribe.ir.types import PY_FLOAT, PY_INT, UNKNOWN, Type
from gradscribe.ir.verify import verify
from gradscribe.passes.clean import clean

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(GOLDEN.glob("*.txt"))
RULE = "-" * 80
TRANSFORMS: dict[str, Callable[..., Any]] = {
    "grad": partial(gs.grad, mode="reverse"),
    "forward": partial(gs.grad, mode="forward"),
    "value_and_grad": partial(gs.value_and_grad, mode="reverse"),
    "jvp": lambda function, wrt: gs.jvp(function),
    "many": lambda function, wrt: gs.jvp(function, batched=True),
    "vjp": gs.vjp,
    "nan_check": partial(gs.grad, mode="reverse", nan_check=True),
    "linearize": gs.linearize,
    "jacobian": gs.jacobian,
    "jacfwd": partial(gs.jacobian, mode="forward"),
    "jacrev": partial(gs.jacobian, mode="reverse"),
    "hessian": gs.hessian,
    "hvp": gs.hvp,
    "elementwise_grad": gs.elementwise_grad,
}
SECOND_ORDER = ("hessian", "hvp")


class Case:
    """One golden file: its source, loaded as a module, and what its directives ask for."""

    def __init__(self, path: Path, directory: Path) -> None:
        self.source = path.read_text(encoding="utf-8").split(f"\n{RULE}")[0].rstrip("\n") + "\n"
        self.module = _loaded(path.stem, self.source, directory)
        call = ast.parse(self._directive("call"), mode="eval").body
        assert isinstance(call, ast.Call)
        self.function: FunctionType = self._value(call.func)
        generic = isinstance(call.args[0], ast.Constant) and call.args[0].value is ...
        self.args = None if generic else tuple(self._value(a) for a in call.args)
        self.differences = not generic and self._directive("differences") != "no"
        self.wrt = self._wrt()
        shown = self._directive("show") or "grad, grad grad, jvp"
        self.shown = [entry.split() for entry in shown.split(", ")]

    def _directive(self, name: str) -> str:
        found = re.search(rf"^# {name}: (.*)$", self.source, re.MULTILINE)
        return found[1].strip() if found else ""

    def _value(self, node: ast.expr) -> Any:
        return eval(ast.unparse(node), {"np": np, **vars(self.module)})

    def _wrt(self) -> Any:
        names = self._directive("wrt").split(", ")
        if names == [""]:
            return 0
        return names[0] if len(names) == 1 else tuple(names)

    def derivative(self, steps: list[str]) -> Any:
        """``grad grad`` is the gradient of the gradient, in the same parameters."""
        made: Any = self.function
        for step in steps:
            made = TRANSFORMS[step](made, self.wrt)
        return made

    def text(self, steps: list[str]) -> str:
        derivative = self.derivative(steps)
        if steps[-1] not in ("vjp", "linearize"):
            specification = derivative.specification
            kinds = specification.kinds_for(self._kinds())
            if self.args is not None:
                kinds = specification.prepare(self._arguments(steps))
            verify(specification.ir(kinds))
        if self.args is None:
            return str(derivative.source)
        return str(derivative.source_for(*self._arguments(steps)))

    def _arguments(self, steps: list[str]) -> tuple[Any, ...]:
        assert self.args is not None
        if steps[-1] == "hvp":
            place = max(oracles.positions_of(self.function, self.wrt))
            ones = tuple(
                _ones_like(self.args[k]) for k in oracles.positions_of(self.function, self.wrt)
            )
            vector = ones if isinstance(self.wrt, tuple) else ones[0]
            return (*self.args[: place + 1], vector, *self.args[place + 1 :])
        if steps[-1] not in ("jvp", "many"):
            return self.args
        varied = oracles.positions_of(self.function, self.wrt)
        dots = [_ones_like(a) if k in varied else None for k, a in enumerate(self.args)]
        if steps[-1] == "many":  # of two directions, each half as long
            dots = [None if dot is None else np.stack([dot, dot]) / 2 for dot in dots]
        return self.args, tuple(dots)

    def result(self, steps: list[str]) -> Any:
        """The gradient, or for a tangent its sum, as the derivative gives it."""
        found = self.derivative(steps)(*self._arguments(steps))
        match steps[-1]:
            case "value_and_grad":
                return found[1]
            case "vjp":
                value, pullback = found
                oracles.assert_close(pullback(_ones_like(value)), pullback(_ones_like(value)))
                return pullback(_ones_like(value))
            case "jvp" | "many":
                return _total(found[1])
            case "linearize":
                asked = oracles.positions_of(self.function, self.wrt)
                return _total(found[1](*(_ones_like(self.args[k]) for k in asked)))  # type: ignore[index]
            case "jacobian" | "jacfwd" | "jacrev" | "hessian":
                return _total(found)
        return found

    def expected(self, steps: list[str]) -> Any:
        """The same by differences, of the derivative of one order less."""
        assert self.args is not None
        if steps[-1] in SECOND_ORDER:
            return self._expected_second(steps)
        if steps[:-1]:
            return oracles.gradient_by_differences(self.derivative(steps[:-1]), self.args, self.wrt)
        gradient = oracles.gradient_by_differences(self.function, self.args, self.wrt)
        summed = steps[-1] in ("jvp", "many", "linearize", "jacobian", "jacfwd", "jacrev")
        return _total(gradient) if summed else gradient

    def _expected_second(self, steps: list[str]) -> Any:
        """The product of a Hessian with ones is the gradient of the sum of the gradient."""
        assert self.args is not None
        gradient = self.derivative([*steps[:-1], "grad"])
        product = oracles.gradient_by_differences(gradient, self.args, self.wrt)
        return product if steps[-1] == "hvp" else _total(product)

    def ir(self) -> str:
        """The IR of the function as the user wrote it, and of the functions it calls."""
        kinds = self._kinds()
        functions = [clean(lower_function(self.function, kinds))]
        for function in functions:
            verify(function)
            functions += _new_callees(function, functions)
        return "\n".join(render(function) for function in functions)

    def _kinds(self) -> tuple[Type, ...]:
        names = self.function.__code__.co_varnames[: self.function.__code__.co_argcount]
        if self.args is None:
            return (UNKNOWN,) * len(names)
        kinds = [type_of(value, name) for value, name in zip(self.args, names, strict=False)]
        asked = self.wrt if isinstance(self.wrt, tuple) else (self.wrt,)
        whole = tuple(w for w in asked if isinstance(w, int) or w.isidentifier())
        for place in oracles.positions_of(self.function, whole):
            if kinds[place] == PY_INT:
                kinds[place] = PY_FLOAT
        return tuple(kinds)


def _loaded(name: str, source: str, directory: Path) -> ModuleType:
    file = directory / f"{name}.py"
    file.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _new_callees(function: Function, known: list[Function]) -> list[Function]:
    found: list[Function] = []
    for op in walk(function.body):
        callee = op.attrs.callee
        if callee is not None and callee not in known and callee not in found:
            found.append(callee)
    return found


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    return Case(request.param, tmp_path)


def rendered(case: Case) -> str:
    parts = [case.source, f"\n{RULE} IR\n", case.ir()]
    for steps in case.shown:
        parts += [f"\n{RULE} {' '.join(steps)}\n", case.text(steps)]
    return "".join(parts)


@pytest.mark.filterwarnings("ignore:.*does not depend")
def test_the_ir_and_the_derivatives_of_a_case_are_as_recorded(
    case: Case, golden: Callable[[str, str], None]
) -> None:
    golden(f"{case.module.__name__}.txt", rendered(case))


def test_the_derivatives_of_a_case_are_right(case: Case) -> None:
    if not case.differences:
        pytest.skip("has no derivative by differences")
    single = any(getattr(a, "dtype", None) == np.float32 for a in case.args or ())
    for steps in case.shown:
        oracles.assert_close(
            case.result(steps),
            case.expected(steps),
            rtol=2e-3 if single else 1e-6,
            atol=1e-8,
            check_dtype=False,
        )


def _ones_like(value: Any) -> Any:
    return oracles.map_leaves(lambda leaf: np.ones_like(leaf) if np.ndim(leaf) else 1.0, value)


def _total(tree: Any) -> float:
    return float(sum(np.sum(leaf) for leaf in oracles.leaves(tree)))


def derived_texts(path: Path) -> list[str]:
    """The texts of the derivatives in a golden file."""
    sections = path.read_text(encoding="utf-8").split(f"\n{RULE} ")[2:]
    return [section.split("\n", 1)[1] for section in sections]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_recorded_derivatives_are_formatted_as_black_does(path: Path) -> None:
    for text in derived_texts(path):
        assert black.format_str(text, mode=black.Mode()) == text


def test_recorded_derivatives_have_no_unused_names(tmp_path: Path) -> None:
    for path in CASES:
        for number, text in enumerate(derived_texts(path)):
            (tmp_path / f"{path.stem}_{number}.py").write_text(text, encoding="utf-8")
    options = ["--isolated", "--quiet", "--select", "F401,F632,F811,F841,PLR1704"]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *options, "--output-format", "concise", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# ---------------------------------------------------------------------------- the yardstick


def body_lines(text: str, name: str) -> int:
    """How many lines a function's body has, without blank ones, comments and the docstring."""
    (function,) = [
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    first = function.body[1] if ast.get_docstring(function) else function.body[0]
    lines = text.splitlines()[first.lineno - 1 : function.end_lineno]
    return sum(1 for line in lines if line.strip() and not line.strip().startswith("#"))


def cube(x):
    return x * x * x


def rosenbrock(x, y):
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def loss(w, b, x, y):
    p = 1 / (1 + np.exp(-(x @ w + b)))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def newton_sqrt(a, n):
    x = a
    for i in range(n):
        x = 0.5 * (x + a / x)
    return x


def density(x, mu, sigma):
    z = (x - mu) / sigma
    return np.exp(-0.5 * z**2) / (sigma * np.sqrt(2 * np.pi))


DATA = (np.array([0.3, -0.2, 0.5]), 0.1, np.arange(15.0).reshape(5, 3), np.full(5, 0.4))


@pytest.mark.parametrize(
    ("function", "args", "first", "second", "most"),
    [
        (cube, (2.0,), "x", "x", (1, 1)),
        (rosenbrock, (1.0, 2.0), ("x", "y"), "x", (4, 2)),
        (loss, DATA, ("w", "b"), "w", (8, 16)),
        (newton_sqrt, (2.0, 5), "a", "a", (13, 28)),
        (density, (1.0, 0.5, 2.0), ("x", "mu", "sigma"), "x", (8, 6)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_derivatives_are_as_short_as_the_yardstick_says(
    function: FunctionType, args: tuple[Any, ...], first: Any, second: Any, most: tuple[int, int]
) -> None:
    once = gs.grad(function, first, mode="reverse")
    inner = gs.grad(function, second, mode="reverse")
    twice = gs.grad(inner, second, mode="reverse")
    found = tuple(body_lines(d.source_for(*args), d.__name__) for d in (once, twice))
    assert found <= most and found[1] <= most[1], f"{found} lines"
