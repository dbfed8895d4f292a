"""The sources of helpers, which a text that calls them carries along."""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable
from functools import cache
from typing import Any

from gradscribe.emit.requirements import Requirements

_MODULES = {"np": "numpy", "math": "math"}


def helper_sources(needs: Requirements) -> list[ast.stmt]:
    """The definitions of the helpers that a text calls, without annotations."""
    nodes: list[ast.stmt] = []
    for function in needs.helpers.values():
        tree = copy.deepcopy(_definition(function))
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in _MODULES:
                node.id = needs.alias(_MODULES[node.id])
        nodes.append(tree)
    return nodes


@cache
def _definition(function: Callable[..., Any]) -> ast.FunctionDef:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef)
    tree.returns = None
    arguments = [*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs]
    for argument in [*arguments, *filter(None, (tree.args.vararg, tree.args.kwarg))]:
        argument.annotation = None
    return tree
