"""Helpers that an emitted file brought along, known again when the file is read.

A file imports nothing of this package: it holds copies of the helpers it calls. A function of a
helper's name and with a helper's body *is* that helper, so that ``x * stop_gradient(x)`` keeps its
second derivative of zero through a file.
"""

from __future__ import annotations

import ast
import types
from typing import Any

import gast

from gradscribe.errors import SourceUnavailableError
from gradscribe.frontend.resolve import TOUCHED, definition_of
from gradscribe.ir import helpers, special, transposes


def helper_of(function: Any) -> Any:
    """The helper that ``function`` is a copy of, or ``function`` itself."""
    if not isinstance(function, types.FunctionType):
        return function
    name = function.__name__
    own = next((vars(m)[name] for m in (helpers, special, transposes) if name in vars(m)), None)
    if not isinstance(own, types.FunctionType) or own is function or function.__closure__:
        return function
    try:
        return own if _body(function.__code__, function) == _body(own.__code__, own) else function
    except SourceUnavailableError:
        return function


_KNOWN: dict[types.CodeType, str] = {}


def _body(code: types.CodeType, function: types.FunctionType) -> str:
    """Parameters and statements without annotations and docstring."""
    if code not in _KNOWN:
        token = TOUCHED.set(None)  # no derivative depends on what is only looked at
        try:
            tree = gast.gast_to_ast(definition_of(function).node)
        finally:
            TOUCHED.reset(token)
        for argument in ast.walk(tree.args):
            if isinstance(argument, ast.arg):
                argument.annotation = None
        statements = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
        _KNOWN[code] = "\n".join(map(ast.unparse, [tree.args, *statements]))
    return _KNOWN[code]
