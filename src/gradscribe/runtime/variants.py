"""From a derivative's IR to a function in memory and the text it runs."""

from __future__ import annotations

import ast
import builtins
import importlib
import types
from collections.abc import Callable, Sequence
from typing import Any

from gradscribe.emit.module import Module, emit_module, signature_of
from gradscribe.ir.core import Function, Parameter
from gradscribe.ir.types import Type
from gradscribe.runtime.dispatch import Variant
from gradscribe.runtime.load import build_function, register_source


def header(
    what: str, function: Callable[..., Any], signature: Sequence[tuple[str, Type]], notes: list[str]
) -> list[str]:
    """The comment at the head of a derivative's text."""
    origin = f"{function.__module__}.{function.__qualname__}"
    kinds = ", ".join(f"{name}: {kind}" for name, kind in signature)
    lines = [f"{what} of {origin}, written by gradscribe.", f"Specialised for {kinds}."]
    return [*lines, *(f"Note: {note}." for note in notes)]


def _overridden(primal: types.FunctionType) -> frozenset[str]:
    """Builtins in whose place the primal sees something else."""
    seen = {*primal.__globals__, *primal.__code__.co_freevars}
    return frozenset(
        name for name in seen if hasattr(builtins, name) and not _is_same(primal, name)
    )


def _is_same(primal: types.FunctionType, name: str) -> bool:
    return primal.__globals__.get(name) is getattr(builtins, name)


def build(
    functions: list[Function],
    name: str,
    primal: types.FunctionType,
    head: list[str],
    extra: list[ast.stmt] | None = None,
) -> Variant:
    """Emit functions as one module and make its ``name``, among the primal's names."""
    module = emit_module(functions, primal.__module__, head, extra, overridden=_overridden(primal))
    filename = register_source(name, module.text)
    cells = dict(zip(primal.__code__.co_freevars, primal.__closure__ or (), strict=True))
    function = build_function(
        module.text,
        filename,
        name,
        primal.__globals__,
        ours=our_objects(module),
        primal_cells=cells,
        defaults=primal.__defaults__,
        kwdefaults=primal.__kwdefaults__,
    )
    return Variant(function, module.text)


def our_objects(module: Module) -> dict[str, Any]:
    """What the names that a module imports stand for."""
    objects: dict[str, Any] = {}
    for name, target in module.imports.items():
        imported = importlib.import_module(target)
        root = name.split(".")[0]  # ``import a.b`` binds a
        objects[root] = imported if root == name else importlib.import_module(root)
    return objects | module.objects


def tied(
    name: str, doc: str, pair: Any, params: list[Parameter], inner: str, has_aux: bool
) -> list[ast.stmt]:
    """The function of the primal's parameters that ties two halves of it together.

    ``inner`` is the function that it returns, of what the second half is linear in.
    """
    names = ", ".join(p.name for p in params)
    given = ", ".join(p.name for p in pair.linear.params[-pair.directions :])
    residuals = "residuals"
    while residuals in (p.name for p in (*params, *pair.linear.params)):
        residuals += "_1"
    aux = ", aux" if has_aux else ""
    text = f"""
def {name}():
    {doc!r}
    value{aux}, *{residuals} = {pair.forward.name}({names})

    def {inner}({given}):
        return {pair.linear.name}(*{residuals}, {given})

    return value, {inner}{aux}
"""
    body = ast.parse(text).body
    assert isinstance(body[0], ast.FunctionDef)
    body[0].args = signature_of(params)
    return body
