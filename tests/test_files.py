"""Standalone files: their guards, headers and imports, and the types that annotations give."""

from __future__ import annotations

import ast
import datetime
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import numpy as np
import pytest
from numpy.typing import NDArray

import gradscribe as gs
from gradscribe import cli, files
from gradscribe.annotations import parameter_types, type_of_annotation
from oracles import assert_close, gradient_by_differences


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write a derivative of ``f`` of a module of this text, and give the text and its namespace."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    made: list[str] = []

    def make(text: str, **wish: Any) -> tuple[str, dict[str, Any]]:
        name = f"user_{len(made)}_{abs(hash(tmp_path)) % 10**6}"
        made.append(name)
        path = Path(f"{name}.py")
        path.write_text("import math\nimport numpy as np\nimport gradscribe as gs\n" + text)
        file = files.compose(files.find(path, "f"), files.Wish(**wish))
        namespace: dict[str, Any] = {"__name__": "derivative"}
        exec(compile(file.text, f"{file.name}.py", "exec"), namespace)
        return file.text, namespace

    yield make
    for name in made:
        sys.modules.pop(name, None)


LOSS = """
def f(w, b, x, y):
    return np.mean((x @ w + b - y) ** 2)
"""
LOSS_EXAMPLE = "np.ones(2), 0.1, np.ones((3, 2)), np.ones(3)"


def guards(text: str) -> list[str]:
    """The checks at the entry of the first function of a module."""
    function = next(n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef))
    found = []
    for statement in function.body[1:]:
        if not (isinstance(statement, ast.If) and isinstance(statement.body[0], ast.Raise)):
            break
        found.append(ast.unparse(statement.test))
    return found


def test_a_number_must_not_be_an_array(write: Any) -> None:
    text, module = write(LOSS, wrts=("b",), example=LOSS_EXAMPLE)
    assert "isinstance(b, np.ndarray)" in guards(text)
    with pytest.raises(TypeError, match="b must be a number, not an array"):
        module["f_grad"](np.ones(2), np.ones(3), np.ones((3, 2)), np.ones(3))


def test_lengths_that_meet_must_be_equal(write: Any) -> None:
    text, module = write(LOSS, wrts=("w",), example=LOSS_EXAMPLE)
    assert guards(text)[-1] == "w.ndim != 1 or x.ndim != 2 or y.shape != x.shape[:1]"
    with pytest.raises(ValueError, match="expected w"):
        module["f_grad"](np.ones(2), 0.1, np.ones((3, 2)), np.ones(1))


def test_a_batch_of_one_is_no_violation(write: Any) -> None:
    _, module = write(LOSS, wrts=("w",), example=LOSS_EXAMPLE)
    w, x, y = np.ones(2), np.array([[1.0, 2.0]]), np.ones(1)
    np.testing.assert_allclose(module["f_grad"](w, 0.0, x, y), 2 * (3 - 1) * x[0])


def test_a_length_of_one_is_checked(write: Any) -> None:
    text, module = write(
        "def f(x, y):\n    return x * y\n", example="np.ones((3, 1)), np.ones((3, 4))"
    )
    assert "x.shape[1] != 1" in guards(text)[0]
    with pytest.raises(ValueError, match="expected"):
        module["f_grad"](np.ones((3, 4)), np.ones((3, 4)))


def test_a_length_that_meets_a_constant_is_not_one(write: Any) -> None:
    text, _ = write("def f(x):\n    return x * np.array([1.0, 2.0, 3.0])\n", example="np.ones(3)")
    assert guards(text) == ["x.ndim != 1 or len(x) == 1"]


def test_a_count_is_left_to_python(write: Any) -> None:
    text, _ = write(
        "def f(x, n):\n    for i in range(n):\n        x = x * x\n    return x\n", example="2.0, 3"
    )
    assert guards(text) == ["isinstance(x, np.ndarray)"]


def test_several_numbers_are_one_check(write: Any) -> None:
    text, module = write("def f(x, y):\n    return x * y\n", example="2.0, 3.0")
    assert guards(text) == ["np.ndarray in (type(x), type(y))"]
    with pytest.raises(TypeError, match="x and y must be numbers, not arrays"):
        module["f_grad"](2.0, np.ones(2))
    assert module["f_grad"](np.float32(2), 3) == 3


def test_integers_are_kept_out_where_they_would_be_cut_off(write: Any) -> None:
    _, module = write(
        "def f(x):\n    x = x.copy()\n    x[0] = 0.5 * x[1]\n    return np.sum(x * x)\n",
        example="np.ones(3)",
    )
    with pytest.raises(ValueError, match="expected x: float64"):
        module["f_grad"](np.arange(3))


def test_tangents_have_the_kinds_of_what_they_are_tangents_of(write: Any) -> None:
    text, module = write(
        "def f(a, x):\n    return np.sum(a * x)\n",
        wrts=(("a", "x"),),
        kind="jvp",
        example="2.0, np.ones(3)",
    )
    assert guards(text) == [
        "np.ndarray in (type(a), type(a_dot))",
        "x.ndim != 1 or x_dot.shape != x.shape",
    ]
    with pytest.raises(ValueError, match="x_dot like x"):
        module["f_jvp"](2.0, np.ones(3), 1.0, np.ones(1))


def test_a_cotangent_has_the_shape_of_the_value(write: Any) -> None:
    _, module = write("def f(x):\n    return math.sin(x)\n", kind="vjp", example="2.0")
    _, pullback = module["f_vjp"](2.0)
    assert pullback(2.0) == 2 * np.cos(2.0)
    with pytest.raises(ValueError, match="f_bar must have the shape of the value"):
        pullback(np.ones(2))


def test_the_entries_of_a_tuple_are_checked_too(write: Any) -> None:
    text, module = write(
        "def f(p, x):\n    a, b = p\n    return np.sum(a * b * x)\n",
        example="(1.0, np.ones(3)), np.ones((2, 3))",
    )
    assert guards(text) == [
        "isinstance(p[0], np.ndarray)",
        "len(p) != 2 or p[1].ndim != 1 or x.ndim != 2 or (x.shape[1] != len(p[1]))",
    ]
    with pytest.raises(ValueError, match="expected p: tuple"):
        module["f_grad"]((1.0, np.ones(1)), np.ones((2, 3)))


def test_the_class_of_a_date_is_checked(write: Any) -> None:
    source = """
import datetime
def f(x, at):
    return x * at.hour if isinstance(at, datetime.datetime) else x * at.year
"""
    text, module = write(source, example="1.0, datetime.datetime(2020, 1, 2, 3)")
    assert guards(text)[-1] == "type(at).__name__ != 'datetime'"
    with pytest.raises(ValueError, match="expected at: datetime"):
        module["f_grad"](1.0, datetime.date(2020, 1, 2))
    assert module["f_grad"](1.0, datetime.datetime(2020, 1, 2, 3)) == 3


def test_a_text_that_branches_was_decided_on_is_checked(write: Any) -> None:
    source = "def f(x, kind):\n    if kind == 'double':\n        return 2 * x\n    return x\n"
    text, module = write(source, example="1.0, 'double'")
    assert guards(text)[-1] == "kind != 'double'"
    with pytest.raises(ValueError, match="expected kind='"):
        module["f_grad"](1.0, "single")


def test_defaults_that_can_be_written_stay(write: Any) -> None:
    text, module = write("def f(x, n=3, scale=2.5):\n    return scale * x**n\n", example="1.0")
    assert "def f_grad(x, n=3, scale=2.5):" in text
    assert module["f_grad"](1.0) == 7.5


def test_literal_constants_are_copied_and_objects_imported(write: Any) -> None:
    source = (
        "K = 3.0\nTABLE = np.array([1.0, 2.0])\n"
        "def f(x):\n    assert np.isfinite(x), message(x)\n    return K * x * x * TABLE[1]\n"
        "def message(x):\n    return f'no number: {x}'\n"
    )
    text, module = write(source, example="1.0")
    assert "\nK = 3.0\n" in text
    assert "import TABLE, message\n" in text
    assert "# Imports     " in text
    assert module["f_grad"](2.0) == 24


def test_a_gradient_of_zero_is_noted_in_the_header(write: Any) -> None:
    text, _ = write("def f(x, y):\n    return y * y\n", example="1.0, 2.0")
    assert "# Note        the result does not depend on x" in text


def test_an_unknown_argument_makes_a_general_file_and_a_note(write: Any, tmp_path: Path) -> None:
    text, module = write("def f(x):\n    return x * x\n")
    assert "# Arguments   x: anything\n" in text
    np.testing.assert_array_equal(module["f_grad"](np.arange(3.0)), 2 * np.arange(3.0))


def test_composing_twice_in_one_process_gives_one_text(write: Any) -> None:
    source = (
        "def f(x):\n    return gs.stop_gradient(x) * np.sum(x * np.exp(x)) * power(x, 3)\n"
        "def power(x, n):\n    return x * power(x, n - 1) if n > 0 else 1.0\n"
    )
    text, _ = write(source, order=2)
    (path,) = Path().glob("user_*.py")
    assert files.compose(files.find(path, "f"), files.Wish(order=2)).text == text


def test_a_file_of_a_package_is_imported_as_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    package = tmp_path / "some_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "other.py").write_text("def square(x):\n    return x * x\n")
    (package / "model.py").write_text(
        "from .other import square\n\n\ndef f(x):\n    return square(x)\n"
    )
    file = files.compose(files.find(package / "model.py", "f"), files.Wish(example="2.0"))
    assert "return 2 * x" in file.text
    for name in [n for n in sys.modules if n.startswith("some_package")]:
        del sys.modules[name]


# ---------------------------------------------------------------------------- reading files again


def test_a_copy_of_stop_gradient_is_known_again(write: Any) -> None:
    source = "def f(x):\n    return x * gs.stop_gradient(x)\n"
    text, _ = write(source, example="3.0")
    assert "def stop_gradient(x):" in text
    Path("first_derivative.py").write_text(text)
    target = files.find(Path("first_derivative.py"), "f_grad")
    with pytest.warns(UserWarning, match="does not depend on x"):
        assert gs.grad(target.function)(3.0) == 0
    sys.modules.pop("first_derivative", None)


def stop_gradient(x):
    return 2 * x


def uses_a_namesake(x):
    return x * stop_gradient(x)


def test_a_namesake_with_another_body_is_not_mistaken_for_it() -> None:
    assert gs.grad(uses_a_namesake)(3.0) == 12


# ---------------------------------------------------------------------------- annotations


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (float, "float"),
        (int, "int"),
        ("float", "float"),
        (np.float32, "float32"),
        (np.ndarray, "array[…]"),
        (NDArray[np.float64], "float64[…]"),
        (np.ndarray[tuple[int, int], np.dtype[np.float32]], "float32[?, ?]"),
        ("float64[m, n]", "float64[m, n]"),
        ("Float[Array, 'm n']", "float64[m, n]"),
        ("jaxtyping.Float32[np.ndarray, '3 n']", "float32[3, n]"),
        ("Float[Array, '... n']", "float64[…]"),
        ("Float[Array, 'n+1 _']", "float64[n+1, ?]"),
        (Annotated[np.ndarray, "float64[m]"], "float64[m]"),
        (Annotated[NDArray[np.float32], "m n"], "float32[m, n]"),
        (tuple[float, int], "tuple(float, int)"),
        (list[float], "list[float]"),
        (list[list[float]], "list[list[float]]"),
        (tuple[float, ...], "tuple[float]"),
        (dict[str, float], "dict[float]"),
        ("Mapping[str, list[float]]", "dict[list[float]]"),
        (float | None, "float or None"),
        ("Optional[NDArray[np.float64]]", "float64[…] or None"),
        (float | int, "float"),
        (float | NDArray[np.float64], "float64[…]"),
        (Literal["a", "b"], "str"),
        ("NDArray[np.float64]", "float64[…]"),
        ("nonsense[", "?"),
        (str, "str"),
        (None, "?"),
    ],
)
def test_an_annotation_says(annotation: Any, expected: str) -> None:
    scope = {"NDArray": NDArray, "np": np, "Mapping": Mapping, "Optional": Optional}
    assert str(type_of_annotation(annotation, scope)) == expected


ANNOTATED = {
    "dict[str, float]": ('x["a"] * x["b"] ** 2', {"a": 1.5, "b": 0.5}),
    "Mapping[str, float]": ("sum(v * v for v in x.values())", {"a": 1.5, "c": 0.5}),
    "tuple[float, ...]": ("sum(x) ** 2 * x[0]", (1.5, 0.5, 2.0)),
    "list[list[float]]": ("sum(row[0] * row[1] for row in x)", [[1.5, 0.5], [2.0, 3.0]]),
    "float | None": ("1.0 if x is None else x * x", 1.5),
    "float | int": ("x * x", 3.0),
}


@pytest.mark.parametrize("annotation", ANNOTATED)
def test_a_file_is_written_for_what_annotations_say(annotation: str, tmp_path: Path) -> None:
    body, argument = ANNOTATED[annotation]
    path = tmp_path / "annotated.py"
    path.write_text(
        "from collections.abc import Mapping\n\n\n" f"def f(x: {annotation}):\n    return {body}\n"
    )
    assert cli.main(["write", f"{path}:f", "-o", str(tmp_path)]) == 0
    text = (tmp_path / "f_grad.py").read_text()
    names: dict[str, Any] = {}
    exec(text, names)
    namespace: dict[str, Any] = {}
    exec(path.read_text(), namespace)
    expected = gradient_by_differences(namespace["f"], (argument,), (0,))[0]
    assert_close(names["f_grad"](argument), expected, rtol=1e-6, check_dtype=False)


def test_one_name_is_one_length_across_parameters() -> None:
    def f(x, y): ...

    f.__annotations__ = {"x": "float64[m, n]", "y": "float64[m]"}
    x, y = parameter_types(f, ["x", "y"])
    assert x.dims[0] == y.dims[0]
    assert x.dims[0].not_one


def test_a_written_linearization_checks_a_shape_that_is_not_known_before(tmp_path: Path) -> None:
    path = tmp_path / "ranks.py"
    path.write_text(
        "import numpy as np\n\n\ndef f(x, flag):\n    if flag > 0:\n        return x * 2.0\n"
        "    if flag < -1:\n        return np.sum(x)\n    return x[:2] * np.sum(x)\n"
    )
    command = ["write", f"{path}:f", "--linearize", "--example", "np.ones(3), 1.0"]
    assert cli.main([*command, "-o", str(tmp_path)]) == 0
    text = (tmp_path / "f_linearize.py").read_text()
    assert "np.shape(y_dot) != np.shape(value)" in text
    names: dict[str, object] = {}
    exec(text, names)
    x, x_dot = np.array([0.5, 1.5, 2.0]), np.array([1.0, -0.5, 0.25])
    made: Any = names["f_linearize"]
    for flag, expected in ((1.0, 2 * x_dot), (0.0, x_dot[:2] * 4.0 + x[:2] * 0.75), (-2.0, 0.75)):
        np.testing.assert_allclose(made(x, flag)[1](x_dot), expected, rtol=1e-14)
