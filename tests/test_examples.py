"""The examples run and say what they claim; generated/ holds what is written for them now."""

from __future__ import annotations

import copy
import dataclasses
import doctest
import functools
import importlib.util
import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from gradscribe import cli, files
from gradscribe.differentiate.inputs import Place
from gradscribe.files.compose import derived
from gradscribe.files.target import _in_docstring
from gradscribe.primal import places

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted(ROOT.glob("examples/*.py"))
GENERATED = sorted(ROOT.glob("generated/*/*.py"))
FIRST_ORDER = [p for p in GENERATED if re.fullmatch(r"(?!.*(_grad|_and)_grad).*_grad", p.stem)]
PI = 3.1415926


def identify(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def command_of(path: Path) -> list[str]:
    """The arguments of the command in a file's header, after the program's name."""
    (line,) = re.findall(r"^# Regenerate +(.*)$", path.read_text(), re.MULTILINE)
    return shlex.split(line)[1:]


def made_by(path: Path) -> tuple[files.Target, files.Wish]:
    """The function whose derivative a file holds, and which one it is."""
    options = cli._parser().parse_args(command_of(path))
    (place,) = options.targets
    file, name = place.split(":")
    target = files.find(ROOT / file, name)
    return target, cli._wish(options, target)


def imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"generated_{path.parent.name}_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def arguments_for(target: files.Target) -> tuple[Any, ...]:
    """The example in the docstring; else values of the shapes that the annotations give."""
    given = _in_docstring(target)
    if given is not None:
        return given
    sizes = {"k": 5, "n": 4, "m": 6}
    random = np.random.default_rng(5)
    values: list[Any] = []
    for parameter in inspect.signature(target.function).parameters.values():
        notes = getattr(parameter.annotation, "__metadata__", None)
        if notes is None:
            values.append(0.3)
            continue
        dtype, dims = re.fullmatch(r"(\w+)\[(.*)\]", notes[0]).groups()
        shape = [sizes[dim.strip()] for dim in dims.split(",")]
        values.append(random.normal(size=shape).astype(dtype))
    return tuple(values)


def assert_close(found: Any, expected: Any) -> None:
    if isinstance(expected, tuple):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_close(one, other)
        return
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


# ---------------------------------------------------------------------------- examples


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_an_example_runs_as_a_script(path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, path],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.filterwarnings("ignore:.*does not depend")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_the_numbers_in_an_example_are_right(path: Path) -> None:
    result = doctest.testmod(files.load(path))
    assert result.failed == 0


def test_the_tutorial_function_has_its_known_derivatives() -> None:
    f = files.find(ROOT / "examples/from_operator_overloading.py", "f").function
    value, tangent = gs.jvp(f)((2.0, 5.0), (1.0, 0.0))
    assert round(value, 4) == 11.6521
    assert tangent == pytest.approx(5.5, abs=1e-12)
    assert f.grad(2.0, 5.0) == pytest.approx((5.5, 1.7163), abs=1e-4)


def test_a_second_derivative_of_sine_at_pi_is_zero() -> None:
    module = files.load(ROOT / "examples/from_mindspore.py")
    assert module.sine.grad(PI) == pytest.approx(0, abs=1e-6)
    assert module.sine_and_cosine.grad(PI) == pytest.approx(1, abs=1e-6)
    assert module.waves.grad(PI, PI) == pytest.approx((1, -1), abs=1e-6)


def test_value_and_gradient_come_together_in_single_precision() -> None:
    product = files.load(ROOT / "examples/from_mindspore.py").product
    x, y, z = (np.array([n], np.float32) for n in (3.0, 5.0, 1.0))
    value, (x_bar, y_bar) = product.value_and_grad(x, y, z)
    assert (value, x_bar, y_bar) == (45, 30, 9)
    assert {a.dtype for a in (value, x_bar, y_bar)} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("wrt", "expected"),
    [(0, 30), ("x", 30), (1, 9), ((0, 1), (30, 9)), (("x", "y"), (30, 9)), ("z", 45)],
)
def test_gradients_by_position_and_by_name(wrt: Any, expected: Any) -> None:
    product = files.load(ROOT / "examples/from_mindspore.py").product
    x, y, z = (np.array([n], np.float32) for n in (3.0, 5.0, 1.0))
    assert gs.grad(product, wrt)(x, y, z) == expected
    assert gs.grad(product)(x, y, z) == 30


def test_the_parameter_of_an_object_has_its_gradient() -> None:
    net = files.load(ROOT / "examples/from_mindspore.py").Net(np.array([1.0], np.float32))
    x, y = np.array([3.0], np.float32), np.array([5.0], np.float32)
    assert gs.grad(net.construct, wrt="self.z")(x, y) == 45
    assert gs.grad(net.construct, wrt=("x", "self.z"))(x, y) == (30, 45)


def test_an_auxiliary_result_is_handed_on() -> None:
    module = files.load(ROOT / "examples/from_mindspore.py")
    random = np.random.default_rng(2)
    w, b, inputs, labels = (
        random.normal(size=shape).astype(np.float32) for shape in ((10, 1), 1, (16, 10), (16, 1))
    )
    gradient = gs.grad(module.forward, wrt="inputs", has_aux=True)
    bar, logits = gradient(module.Dense(w, b), inputs, labels)
    assert bar.shape == (16, 10) and logits.shape == (16, 1)
    np.testing.assert_allclose(logits, inputs @ w + b, rtol=1e-6)
    np.testing.assert_allclose(bar, 2 / 16 * (logits - labels) @ w.T, rtol=1e-5)


def test_peers_add_up() -> None:
    module = files.load(ROOT / "examples/from_megengine.py")
    x = np.random.default_rng(4).normal(size=10).astype(np.float32)
    np.testing.assert_allclose(module.two_peers.grad(x), -2 * np.sin(x), atol=1e-5)
    np.testing.assert_allclose(module.gathered(x), -2 * np.sin(x), atol=1e-5)
    first, second = gs.jacobian(module.both)(x)
    np.testing.assert_allclose(first, -np.sin(x), atol=1e-5)
    np.testing.assert_allclose(second, -np.sin(2 * x), atol=1e-5)


def test_a_nested_second_derivative_of_cosine() -> None:
    module = files.load(ROOT / "examples/from_megengine.py")
    x = np.random.default_rng(4).normal(size=10).astype(np.float32)
    np.testing.assert_allclose(gs.grad(module.cosine)(x), -np.sin(x), atol=1e-5)
    for second in (module.cosine.grad, module.slope.grad):
        np.testing.assert_allclose(second(x), -np.cos(x), atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*does not depend")
def test_stop_gradient_holds_at_the_second_order() -> None:
    module = files.load(ROOT / "examples/from_mindspore.py")
    assert module.half_stopped.grad(3.0, 5.0) == 5
    assert gs.grad(module.square_stopped)(3.0) == 3
    assert module.square_stopped.grad(3.0) == 0


def test_rules_of_ones_own_have_their_second_derivatives() -> None:
    module = files.load(ROOT / "examples/from_pytorch.py")
    np.testing.assert_array_equal(gs.grad(module.sum_of_squares)(module.A), 2 * module.A)
    np.testing.assert_array_equal(module.sum_of_squares.grad(module.A), np.full((3, 3), 2.0))
    assert gs.grad(module.growth)(1.0) == module.growth.grad(1.0) == np.e
    np.testing.assert_allclose(gs.grad(module.sum_of_sinh)(module.A), np.cosh(module.A), 1e-14)
    np.testing.assert_allclose(module.sum_of_sinh.grad(module.A), np.sinh(module.A), 1e-13)
    assert gs.grad(module.volume)(2.0) == module.volume.grad(2.0) == 12.0
    assert gs.grad(module.volume.grad)(2.0) == 6.0
    with pytest.raises(gs.UnsupportedError, match="the rule reads HIDDEN") as caught:
        module.declare_sinh_bad()
    assert 'return y_bar * (HIDDEN["ex"] + HIDDEN["enx"]) / 2' in str(caught.value)


def test_two_reverse_sweeps_make_a_tangent() -> None:
    module = files.load(ROOT / "examples/from_megengine.py")
    random = np.random.default_rng(3)
    x, x_dot = random.normal(size=(2, 10)).astype(np.float32)
    by_reverse = module.forward_by_two_reverses(x, x_dot)
    _, by_forward = gs.jvp(module.cosine)((x,), (x_dot,))
    np.testing.assert_allclose(by_reverse, by_forward, rtol=1e-5)
    step = 1e-3
    difference = (np.cos(x + step * x_dot) - np.cos(x - step * x_dot)) / (2 * step)
    np.testing.assert_allclose(by_reverse, difference, atol=1e-3)


def test_a_gradient_for_an_unrelated_input_warns_by_name() -> None:
    unrelated = files.load(ROOT / "examples/from_megengine.py").unrelated
    x = np.ones(3, np.float32)
    with pytest.warns(UserWarning, match="does not depend on x"):
        assert not gs.grad(unrelated)(x, x).any()


def test_logistic_regression_converges() -> None:
    pytest.importorskip("sklearn")
    module = files.load(ROOT / "examples/logistic_regression.py")
    x, y = module.load()
    result = module.train(x, y)
    assert np.linalg.norm(result.jac) < 1e-4
    assert np.mean((x @ result.x[1:] + result.x[0] > 0) == (y == 1)) > 0.98


# ---------------------------------------------------------------------------- generated files


def test_every_marked_function_has_its_files() -> None:
    expected = {
        f"{path.stem}/{target.name}{'_grad' * order}"
        for path in EXAMPLES
        for target in files.marked(path)
        for order in range(1, target.request.order + 1)
    }
    assert expected <= {identify(path) for path in GENERATED}


@pytest.mark.parametrize("path", GENERATED, ids=identify)
def test_a_generated_file_is_fresh(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert cli.main([*command_of(path), "--check"]) == 0


def test_generated_files_are_formatted_and_clean() -> None:
    black = [sys.executable, "-m", "black", "--check", "--quiet", "--config", os.devnull]
    ruff = [sys.executable, "-m", "ruff", "check", "--quiet", "--isolated"]
    for command in (black, ruff):
        done = subprocess.run(
            [*command, ROOT / "generated"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_generated_files_run_where_gradscribe_cannot_be_imported() -> None:
    script = """
import runpy, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("gradscribe", "gast", "astunparse"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
for path in sys.argv[1:]:
    runpy.run_path(path, run_name="derivative")
assert not any(name.split(".")[0] == "gradscribe" for name in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, *GENERATED], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.filterwarnings("ignore:.*does not depend")
@pytest.mark.parametrize("path", GENERATED, ids=identify)
def test_a_generated_derivative_equals_the_one_in_memory(path: Path) -> None:
    target, wish = made_by(path)
    written = getattr(imported(path), path.stem)
    if wish.kind in ("jvp", "vjp"):  # whose arguments or results are not those of the function
        assert callable(written)
        return
    arguments = arguments_for(target)
    assert_close(written(*arguments), derived(target.function, wish)(*arguments))


GRADIENTS = [p for p in GENERATED if re.fullmatch(r"(?!.*_and_grad).*_grad", p.stem)]


@pytest.mark.parametrize("path", GRADIENTS, ids=identify)
def test_a_generated_gradient_equals_differences(path: Path) -> None:
    """In a random direction, of the function or, at order 2, of the gradient in the other file."""
    target, wish = made_by(path)
    lower = path.with_name(f"{path.stem.removesuffix('_grad')}.py")
    function = getattr(imported(lower), lower.stem) if lower.is_file() else target.function
    wrt = wish.wrt(wish.order)
    if path.stem.startswith(("half_stopped", "square_stopped")):
        return  # whose derivative is not that of the numbers, on purpose
    arguments = tuple(map(doubled, arguments_for(target)))
    random = np.random.default_rng(7)
    asked, single = places(target.function, wrt)
    directions = [random.normal(size=np.shape(part(arguments, place)))[()] for place in asked]

    def along(step: float) -> float:
        moved = copy.deepcopy(list(arguments))
        for place, direction in zip(asked, directions, strict=True):
            put(moved, place, part(moved, place) + step * direction)
        result = function(*moved)
        return total(result[0] if wish.has_aux else result)

    bars = getattr(imported(path), path.stem)(*arguments)
    bars = bars[0] if wish.has_aux else bars
    slope = sum(np.sum(b * d) for b, d in zip([bars] if single else bars, directions, strict=True))
    step = 1e-5
    np.testing.assert_allclose(
        slope, (along(step) - along(-step)) / (2 * step), rtol=1e-5, atol=1e-6
    )


def doubled(argument: Any) -> Any:
    """An argument in double precision, in which differences are exact enough."""
    if isinstance(argument, np.ndarray):
        return argument.astype(float) if argument.dtype.kind == "f" else argument
    if dataclasses.is_dataclass(argument):
        return dataclasses.replace(argument, **{k: doubled(v) for k, v in vars(argument).items()})
    return argument


def part(arguments: Sequence[Any], place: Place) -> Any:
    return functools.reduce(getattr, place.path, arguments[place.param])


def put(arguments: list[Any], place: Place, value: Any) -> None:
    if not place.path:
        arguments[place.param] = value
        return
    *way, last = place.path
    setattr(functools.reduce(getattr, way, arguments[place.param]), last, value)


def total(result: Any) -> float:
    return sum(map(total, result)) if isinstance(result, tuple) else float(np.sum(result))


@pytest.mark.filterwarnings("ignore:.*does not depend")
@pytest.mark.parametrize("path", FIRST_ORDER, ids=identify)
def test_a_gradient_read_from_its_file_has_the_second_derivative(path: Path) -> None:
    target, wish = made_by(path)
    wrt, aux = wish.wrt(1), {"has_aux": wish.has_aux}
    written = getattr(imported(path), path.stem)
    from_file = gs.grad(written, wrt, mode=wish.mode, **aux)
    from_memory = gs.grad(
        gs.grad(target.function, wrt, mode=wish.mode, **aux), wrt, mode=wish.mode, **aux
    )
    arguments = arguments_for(target)
    assert_close(from_file(*arguments), from_memory(*arguments))
