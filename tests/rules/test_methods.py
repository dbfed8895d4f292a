"""Methods and attributes are the functions they should be, with NumPy's own parameters."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from gradscribe.ir.facts.methods import ATTRIBUTES, METHODS, Gathered
from gradscribe.ir.primitives import BY_FUNCTION

X = np.array([[2.0, -1.0, 0.5], [1.0, 4.0, -3.0]])

CALLS: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "sum": [((), {}), ((0,), {}), ((), {"axis": 1, "keepdims": True})],
    "mean": [((1,), {})], "prod": [((0,), {})], "max": [((), {"axis": 0})], "min": [((), {})],
    "var": [((0,), {}), ((), {"ddof": 1})], "std": [((1,), {})], "cumsum": [((1,), {})],
    "cumprod": [((), {})], "argmax": [((1,), {})], "argmin": [((), {})], "argsort": [((0,), {})],
    "any": [((), {})], "all": [((0,), {})], "nonzero": [((), {})], "round": [((1,), {})],
    "clip": [((-1.0, 1.0), {}), ((), {"min": 0.0}), ((), {"max": 0.0, "min": -1.0})],
    "dot": [((np.ones(3),), {})], "trace": [((), {}), ((1,), {})], "diagonal": [((1,), {})],
    "ravel": [((), {}), (("F",), {})], "flatten": [((), {}), ((), {"order": "F"})],
    "reshape": [((3, 2), {}), (((3, 2),), {}), ((-1,), {}), ((3, -1), {"order": "F"})],
    "transpose": [((), {}), ((1, 0), {}), (((1, 0),), {})],
    "swapaxes": [((0, 1), {})], "squeeze": [((), {})], "repeat": [((2,), {}), ((2, 1), {})],
    "take": [(([0, 2],), {}), (([0, 2],), {"axis": 1})], "copy": [((), {})],
    "conj": [((), {})], "conjugate": [((), {})],
    "astype": [((np.float32,), {})], "tolist": [((), {})],
}  # fmt: skip

# Done otherwise: on one entry, on a vector, or gone from NumPy 2.
ELSEWHERE = {"item", "searchsorted", "ptp"}


def test_every_method_is_tried_here() -> None:
    assert set(METHODS) == set(CALLS) | ELSEWHERE


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_method_is_a_primitive(name: str) -> None:
    assert METHODS[name].function in BY_FUNCTION


@pytest.mark.parametrize(("name", "call"), [(n, c) for n, calls in CALLS.items() for c in calls])
def test_a_method_is_its_function_and_back(name: str, call: Any) -> None:
    positional, keywords = list(call[0]), dict(call[1])
    expected = getattr(X, name)(*positional, **keywords)
    bound, named = METHODS[name].bind(positional, keywords)
    plain = [tuple(b) if isinstance(b, Gathered) else b for b in bound]
    if name == "clip":  # NumPy 2.0 wants both
        named = {"a_min": None, "a_max": None} | named if not plain else named
    np.testing.assert_array_equal(METHODS[name].function(X, *plain, **named), expected)
    bound, named = METHODS[name].bind(positional, keywords)
    assert METHODS[name].unbind(bound, named) == (list(call[0]), call[1])


@pytest.mark.parametrize("name", sorted(ATTRIBUTES))
def test_an_attribute_is_a_primitive_named_like_it(name: str) -> None:
    assert BY_FUNCTION[ATTRIBUTES[name]].name == f".{name}"
    found, expected = ATTRIBUTES[name](X), getattr(X, name)
    np.testing.assert_array_equal(found, expected)


MODULES = ("shapes", "products", "linalg", "creation")


def _numpy_functions() -> list[Any]:
    found = []
    for function, prim in BY_FUNCTION.items():
        if prim.result.__module__.rpartition(".")[2] not in MODULES:
            continue
        module = getattr(function, "__module__", None) or ""
        if module.startswith("numpy") and not isinstance(function, np.ufunc | type):
            try:
                inspect.signature(function)
            except ValueError:
                continue
            found.append(function)
    return found


@pytest.mark.parametrize("function", _numpy_functions(), ids=lambda f: f.__name__)
def test_positional_parameters_stand_where_numpy_has_them(function: Any) -> None:
    """What a user passes by position must not end up as another parameter."""
    prim = BY_FUNCTION[function]
    theirs = list(inspect.signature(function).parameters.values())
    plain = [p for p in theirs if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if prim.variadic or any(p.kind is p.VAR_POSITIONAL for p in theirs):
        pytest.skip("takes any number of arguments")
    for ours, their in zip(prim.params, plain, strict=False):
        by_position_only = their.kind is their.POSITIONAL_ONLY or ours == prim.params[0]
        assert by_position_only or ours == their.name
