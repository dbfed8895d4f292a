"""The generated programs are what their strategy promises."""

from __future__ import annotations

import ast
import inspect
import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings

from oracles import (
    assert_close,
    gradient_by_differences,
    leaves,
    second_by_differences,
    unchanged,
)
from programs import FEATURES, FOUNDATION, Program, load, materialise, measured, programs, sample

# A piece of text that only programs with the feature contain, if one exists.
MARKS = {
    "aliasing": "] = ",
    "arrays": "np.array(",
    "bounds": " False:",
    "branches": " if ",
    "break": "break",
    "closure": "def local_",
    "comprehension": " in ",
    "continue": "continue",
    "dict": "state_",
    "early_return": "        return ",
    "effects": "assert ",
    "for": "for ",
    "functional": "partial(",
    "generator": "yield ",
    "helpers": "helper_0",
    "higher": "def make_",
    "lambda": "local_",
    "library": "operator.",
    "list": ".append(",
    "masks": "where=",
    "match": "match ",
    "methods": ".insert(",
    "mutation": "np.add.at",
    "mutators": "def change_",
    "nonlocal": "nonlocal ",
    "objects": "class Body_",
    "out": "out=",
    "pairs": "pair_",
    "records": "record_",
    "recursion": "descend",
    "small": "from math import sin as",
    "stars": "def gather_",
    "swaps": "[[0, ",
    "tables": "[0][1]",
    "targets": ", *",
    "try": "try:",
    "views": "in enumerate(m)",
    "walrus": ":= ",
    "while": "while ",
    "with": "with np.errstate",
}
# Other features write these too.
SHARED = {
    "aliasing",
    "arrays",
    "branches",
    "break",
    "closure",
    "comprehension",
    "early_return",
    "for",
    "lambda",
    "list",
    "swaps",
    "tables",
    "targets",
    "views",
    "while",
}


@pytest.fixture(scope="module")
def everything() -> list[Program]:
    return sample(programs(), 500)


@given(programs() | programs(FOUNDATION))
def test_programs_run_deterministically_and_leave_their_arguments_alone(program):
    function = load(program)
    with unchanged(program.args):
        first, second = function(*program.args), function(*program.args)
    assert_close(first, second, rtol=0, atol=0)
    for leaf in leaves(first):
        assert np.asarray(leaf).dtype.kind == "f" or isinstance(leaf, int)


@given(programs())
def test_the_gradient_is_finite_and_has_the_shapes_of_the_arguments(program):
    assert len(program.gradient) == len(program.wrt) > 0
    for position, gradient in zip(program.wrt, program.gradient, strict=True):
        assert np.shape(gradient) == np.shape(program.args[position])
        assert np.all(np.isfinite(gradient))


@settings(max_examples=5)
@given(programs(statements=3))
def test_the_second_derivative_is_finite(program):
    first = program.wrt[0]
    assert np.all(np.isfinite(second_by_differences(load(program), program.args, first)))


def test_most_programs_depend_on_their_arguments(everything):
    inert = [p for p in everything if not np.any(np.concatenate([*map(np.ravel, p.gradient)]))]
    assert len(inert) < 0.2 * len(everything)


def test_every_feature_is_used_and_both_kinds_of_size(everything):
    text = "\n".join(program.source for program in everything)
    assert MARKS.keys() == FEATURES
    assert [feature for feature, mark in MARKS.items() if mark not in text] == []
    sizes = {np.size(arg) for program in everything for arg in program.args}
    assert {1, 2, 3} <= sizes
    assert "range(0)" in text and ".copy()" in text and "+=" in text


@pytest.mark.parametrize("feature", sorted(MARKS.keys() - SHARED))
def test_a_feature_that_is_left_out_is_not_used(feature):
    without = sample(programs(FEATURES - {feature}, statements=4), 15)
    assert not any(MARKS[feature] in program.source for program in without)


def test_without_features_programs_are_straight_lines_of_scalars():
    allowed = (ast.Assign, ast.AugAssign, ast.Return)
    for program in sample(programs(frozenset()), 30):
        (main,) = (n for n in ast.parse(program.source).body if isinstance(n, ast.FunctionDef))
        assert all(isinstance(statement, allowed) for statement in main.body)
        assert all(isinstance(argument, float | int) for argument in program.args)


def test_unknown_features_are_refused():
    with pytest.raises(ValueError, match="unknown features: loops"):
        sample(programs(frozenset({"loops"})), 1)


@pytest.mark.slow
def test_programs_shrink_to_a_few_lines():
    quiet = settings(database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    smallest = find(programs(), lambda program: "while " in program.source, settings=quiet)
    assert len(smallest.source.splitlines()) <= 10


@pytest.mark.parametrize(
    ("body", "x"),
    [
        ("abs(x)", 0.0),
        ("1.0 if x > 0.5 else x", 0.5),
        ("x * 1e5", 1.0),
        ("math.sqrt(x)", 1e-14),
        ("1 / x", 0.0),
        ("np.float64(1) / x", 0.0),
    ],
)
def test_programs_that_are_not_smooth_or_bounded_are_filtered_out(body, x):
    source = f"import math\nimport numpy as np\n\ndef main(x):\n    return {body}\n"
    assert measured(Program(source, "main", (x,), "", (0,))) is None


def test_a_materialised_program_is_an_ordinary_module(tmp_path):
    source = "import numpy as np\n\n\ndef main(x):\n    return np.sin(x) * x\n"
    program = measured(Program(source, "main", (0.7,), "", (0,)))
    assert program is not None
    function = materialise(program, tmp_path)
    assert function(0.7) == load(program)(0.7)
    assert inspect.getsource(function) == "def main(x):\n    return np.sin(x) * x\n"
    assert pickle.loads(pickle.dumps(function)) is function
    assert program.gradient == (gradient_by_differences(function, (0.7,)),)
