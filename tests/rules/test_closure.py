"""Rules are differentiable again: whatever a rule calls has a fact and a rule itself."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import gradscribe.ir.facts
import gradscribe.rules  # noqa: F401  (declares every rule)
from gradscribe.ir.primitives import BY_FUNCTION
from gradscribe.ir.subscripts import einsum_adjoints
from gradscribe.rules.declare import TABLE, Rules

# What the frontend decides while compiling, or lowers to operators.
STATIC = {isinstance, len, range, zip, enumerate, reversed, tuple, list, max, NotImplementedError}
STATIC |= {einsum_adjoints}  # written out, or refused


def rules_of(declared: Rules) -> Iterator[Callable[..., Any]]:
    for kind in ("partials", "reductions", "linear", "tangents", "adjoints", "joint"):
        yield from getattr(declared, kind).values()


def callees(rule: Callable[..., Any], seen: set[Any]) -> Iterator[Any]:
    """The functions that a rule calls, through the plain functions it is made of."""
    if rule in seen:
        return
    seen.add(rule)
    tree = ast.parse(textwrap.dedent(inspect.getsource(rule)))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        try:
            function = eval(ast.unparse(node.func), rule.__globals__)
        except (NameError, AttributeError):
            continue  # a decorator's loop variable, or a method
        if isinstance(function, types.FunctionType) and function not in BY_FUNCTION:
            if function.__module__ == "gradscribe.rules.declare":
                continue
            if function.__module__.startswith("gradscribe.rules"):
                yield from callees(function, seen)
                continue
        yield function


@pytest.mark.parametrize("function", TABLE, ids=lambda f: getattr(f, "__name__", str(f)))
def test_every_callee_of_a_rule_has_a_fact_and_a_rule(function: Any) -> None:
    for rule in rules_of(TABLE[function]):
        for callee in callees(rule, set()):
            if callee in STATIC:
                continue
            assert callee in BY_FUNCTION, f"{rule.__name__} calls {callee}, which has no fact"
            assert callee in TABLE, f"{rule.__name__} calls {callee}, which has no rule"


@pytest.mark.parametrize("function", TABLE, ids=lambda f: getattr(f, "__name__", str(f)))
def test_every_rule_belongs_to_a_fact(function: Any) -> None:
    assert function in BY_FUNCTION
    names = set(BY_FUNCTION[function].params)
    declared = TABLE[function]
    for kind in ("partials", "reductions", "linear", "tangents", "adjoints"):
        assert set(getattr(declared, kind)) <= names
    assert set(declared.tangents) == set(declared.adjoints)


@pytest.mark.parametrize("function", TABLE, ids=lambda f: getattr(f, "__name__", str(f)))
def test_rules_name_only_what_can_be_bound(function: Any) -> None:
    prim = BY_FUNCTION[function]
    for kind in ("partials", "reductions", "linear", "tangents", "adjoints", "joint"):
        for argument, rule in getattr(TABLE[function], kind).items():
            names = set(inspect.signature(rule).parameters)
            extra = {"y", "y_bar"} if kind in ("linear", "adjoints", "joint") else {"y"}
            if kind == "tangents":
                extra = {"y", f"{argument}_dot"}
            assert names <= {*prim.params, *extra}, rule.__name__
