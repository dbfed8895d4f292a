"""A function, or a family of them, as the text of a module."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any, final

from gradscribe.emit.expressions import Expressions, Requirements
from gradscribe.emit.liveness import Liveness
from gradscribe.emit.names import Names
from gradscribe.emit.nest import Nesting
from gradscribe.emit.ownership import Ownership
from gradscribe.emit.statements import Statements
from gradscribe.emit.writer import write
from gradscribe.ir.core import Const, Function, Parameter, walk
from gradscribe.ir.rewrite import copy_function


@final
@dataclass(slots=True)
class Emitted:
    """A function's definition as a syntax tree, and what it needs around it."""

    definition: ast.FunctionDef
    needs: Requirements
    notes: list[str] = field(default_factory=list)


def emit_function(function: Function, module: str | None, needs: Requirements | None = None) -> Emitted:
    """The definition of one function; the IR given is left as it is."""
    function, _ = copy_function(function)
    Ownership(function).run()
    needs = needs if needs is not None else Requirements(module)
    nesting = Nesting(function)
    live = Liveness(function, nesting)
    names = Names(function, live, _reserved(function, module))
    body = Statements(function, nesting, names, Expressions(nesting, names, needs)).body()
    if function.doc:
        body.insert(0, ast.Expr(ast.Constant(function.doc)))
    definition = ast.FunctionDef(
        name=function.name,
        args=_arguments(function.params),
        body=body,
        decorator_list=[],
        returns=None,
        type_params=[],
        lineno=0,
    )
    return Emitted(definition, needs, function.notes)


def _reserved(function: Function, module: str | None) -> set[str]:
    """Names that a variable must not hide: what the text reads from outside it."""
    found = {"np", "math", function.name}
    for op in walk(function.body):
        head = op.prim.name.split(".")[0].removeprefix(".")
        if op.prim.function is not None:
            found.add(head)
        operands = [*op.args, *(o for region in op.regions for o in region.yields)]
        for arg in operands:
            if isinstance(arg, Const):
                if arg.name is not None:
                    found.add(arg.name.split(".")[0])
                    if arg.home:
                        found.add(arg.home.split(".")[0])
                elif callable(arg.value):
                    found.add(getattr(arg.value, "__name__", ""))
        if op.attrs.template is not None:
            found |= {n.id for n in ast.walk(op.attrs.template) if isinstance(n, ast.Name)}
        if op.attrs.callee is not None:
            found.add(op.attrs.callee.name)
    return found | {"range", "len", "reversed", "zip", "enumerate", "list", "slice", "min"}


def _arguments(params: list[Parameter]) -> ast.arguments:
    arguments = ast.arguments(
        posonlyargs=[], args=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[]
    )
    for param in params:
        node = ast.arg(param.name)
        default: Any = param.default
        if param.kind == "args":
            arguments.vararg = node
        elif param.kind == "kwargs":
            arguments.kwarg = node
        elif param.kind == "keyword":
            arguments.kwonlyargs.append(node)
            arguments.kw_defaults.append(default)
        else:
            (arguments.posonlyargs if param.kind == "positional" else arguments.args).append(node)
            if default is not None:
                arguments.defaults.append(default)
    return arguments


def text_of(function: Function, module: str | None = None) -> str:
    """The text of one function's definition alone."""
    return write([emit_function(function, module).definition])
