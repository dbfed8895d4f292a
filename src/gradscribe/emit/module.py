"""A function, or a family of them, as the text of a module."""

from __future__ import annotations

import ast
import math
import sys
import types
from dataclasses import dataclass, field, replace
from typing import Any, final

from gradscribe.depth import INDENTED
from gradscribe.emit.dispatching import dispatching, operations_of, reads_foreign, refuse_helpers
from gradscribe.emit.entries import settle_entries
from gradscribe.emit.exchanges import bring_together
from gradscribe.emit.expressions import Expressions
from gradscribe.emit.liveness import Liveness
from gradscribe.emit.names import Names
from gradscribe.emit.nest import Nesting
from gradscribe.emit.ownership import Ownership
from gradscribe.emit.requirements import Requirements, is_shadowed
from gradscribe.emit.schedule import order_results, read_first, schedule_updates
from gradscribe.emit.searches import unmark
from gradscribe.emit.sources import helper_sources
from gradscribe.emit.statements import Statements
from gradscribe.emit.unpacking import unpack_tuples
from gradscribe.emit.walks import walk_items
from gradscribe.emit.writer import Blank, Comment, write
from gradscribe.errors import UnsupportedError
from gradscribe.ir import helpers
from gradscribe.ir.core import Const, Function, Parameter, walk
from gradscribe.ir.facts.records import instance
from gradscribe.ir.hooks import spend
from gradscribe.ir.primitives import OPAQUE, public_module
from gradscribe.ir.rewrite import copy_function
from gradscribe.passes import simplify
from gradscribe.passes.clean import clean
from gradscribe.passes.rules import has_rules, written_out


@final
@dataclass(slots=True)
class Emitted:
    """A function's definition as a syntax tree, and what it needs around it."""

    definition: ast.FunctionDef
    needs: Requirements
    notes: list[str] = field(default_factory=list)


def emit_function(
    function: Function,
    module: str | None,
    needs: Requirements | None = None,
    by_position: bool = False,
) -> Emitted:
    """The definition of one function; the IR given is left as it is.

    ``by_position``: only text of ours calls it, so its parameters may be called anything.
    """
    needs = needs if needs is not None else Requirements(module)
    function, _ = copy_function(function)
    spend(function.body)
    unmark(function.body)
    walk_items(function.body)
    unpack_tuples(function.body)
    clean(function)
    if needs.dispatching:
        dispatching(function)
    settle_entries(function)
    schedule_updates(function)
    order_results(function)
    read_first(function)
    bring_together(function)
    Ownership(function).run()
    nesting = Nesting(function)
    live = Liveness(function, nesting)
    called = [op.attrs.callee for op in walk(function.body) if op.attrs.callee is not None]
    reserved = _reserved(function, needs) | set(map(needs.callee, called))
    if by_position:
        _rename(function, reserved)
    names = Names(function, live, reserved)
    body = Statements(function, nesting, names, Expressions(nesting, names, needs)).body()
    if function.doc:
        body.insert(0, ast.Expr(ast.Constant(function.doc)))
    definition = ast.FunctionDef(
        name=function.name,
        args=signature_of(function.params),
        body=body,
        decorator_list=[],
        returns=None,
        lineno=0,
    )
    return Emitted(definition, needs, function.notes)


def _rename(function: Function, reserved: set[str]) -> None:
    """Give other names to the parameters that would hide what the text reads."""
    own = {param.name for param in function.params}
    params = []
    for param in function.params:
        name, number = param.name, 0
        while name in reserved or (number and name in own):
            number += 1
            name = f"{param.name}_{number}"
        own.add(name)
        params.append(replace(param, name=name))
    function.params = params


def _reserved(function: Function, needs: Requirements) -> set[str]:
    """Names that a variable must not hide: what the text reads from outside it."""
    found = {*map(needs.called, ("numpy", "math", "builtins")), function.name}
    for prim in {op.prim for op in walk(function.body)}:
        head = prim.name.split(".")[0].removeprefix(".")
        if prim.function is not None:
            found |= {head, getattr(prim.function, "__name__", head)}
    for op in walk(function.body):
        operands = [*op.args, *(o for region in op.regions for o in region.yields)]
        for arg in operands:
            if isinstance(arg, Const):
                if arg.name is not None:
                    found.add(arg.root)
                    if arg.home:
                        found.add(needs.called(arg.home).split(".")[0])
                elif callable(arg.value):
                    found.add(getattr(arg.value, "__name__", ""))
        if op.attrs.template is not None:
            found |= {n.id for n in ast.walk(op.attrs.template) if isinstance(n, ast.Name)}
        if op.prim.function is instance:
            found.add(helpers.holding.__name__)
        if op.attrs.callee is not None:
            found |= {op.attrs.callee.name, "checkpoint", "solution", "fixed"}
    return found | _BUILTINS


# What text uses beside the functions that operations stand for.
_DEEPEST = " " * 4 * (INDENTED + 1)  # what a line begins with that Python does not read
_BUILTINS = {"range", "len", "reversed", "zip", "enumerate", "list", "tuple", "slice", "min"}


def signature_of(params: list[Parameter]) -> ast.arguments:
    """Parameters as Python spells them; their defaults too, if all of them are literals."""
    literal = all(
        p.default is None or (isinstance(p.default, Const) and _has_literal(p.default.value))
        for p in params
    )
    arguments = ast.arguments(
        posonlyargs=[], args=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[]
    )
    for param in params:
        node = ast.arg(param.name)
        default: Any = None
        if literal and isinstance(param.default, Const):
            default = ast.parse(repr(param.default.value), mode="eval").body
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


@final
@dataclass(slots=True)
class Module:
    """The text of a module and the objects that its own names stand for.

    ``imports``: name in the text → module. ``helpers`` and ``objects``: what is defined or imported
    there, by name. ``constants``: names of the user's module that the text reads.
    """

    text: str
    imports: dict[str, str]
    helpers: dict[str, Any]
    objects: dict[str, Any]
    constants: dict[str, Const]


def emit_module(
    functions: list[Function],
    module: str | None,
    header: list[str],
    extra: list[ast.stmt] | None = None,
    standalone: bool = False,
    needs: Requirements | None = None,
    overridden: frozenset[str] = frozenset(),
) -> Module:
    """A complete module that defines ``functions`` (those called first) and ``extra`` statements.

    With ``standalone`` literal constants of the user's module are written into the file, and other
    names are imported from it; without, the text is to run among the user's own names, of which
    ``overridden`` are also those of builtins. ``needs`` may hold more that is to be bound.
    """
    functions = [simplify(written_out(f)) if has_rules(f) else f for f in functions]
    needs = needs if needs is not None else Requirements(module, reads_foreign(functions))
    needs.taken |= _meanings(functions) | overridden
    definitions: list[ast.stmt] = []
    for function in functions:
        needs.callee(function)
    needs.read |= _called_as_they_are(functions)
    while len(definitions) < len(needs.callees):
        name, function = list(needs.callees.items())[len(definitions)]
        if function not in functions:
            function = simplify(written_out(function))
            function.name = name
        by_position = function is not functions[0]
        definitions.append(emit_function(function, module, needs, by_position).definition)
    definitions = definitions[len(functions) :] + definitions[: len(functions)]
    body: list[ast.stmt] = [Comment(line) for line in header]
    if needs.dispatching:
        refuse_helpers(functions, needs.helpers)
    carried = helper_sources(needs)
    body += _imports(needs, standalone)
    body += carried
    body += definitions + (extra or [])
    text = write(body)
    _check_depth(text, functions)
    return Module(text, needs.imports, needs.helpers, needs.objects, needs.constants)


def _check_depth(text: str, functions: list[Function]) -> None:
    """Refuse a text whose blocks stand in more others than Python reads."""
    if any(line.startswith(_DEEPEST) for line in text.splitlines()):
        raise UnsupportedError(
            f"the derivative has more than {INDENTED} blocks in each other",
            functions[0].span,
            "each early return puts what follows into a block: divide the function",
        )


def _meanings(functions: list[Function]) -> set[str]:
    """Names that parameters have, or that the text reads from the user's module."""
    found = {p.name for p in functions[0].params}
    for function in functions:
        for op in walk(function.body):
            operands = [*op.args, *(o for region in op.regions for o in region.yields)]
            for arg in operands:
                if isinstance(arg, Const) and arg.name is not None and not arg.fixed:
                    found.add(arg.root)
    return found


def _called_as_they_are(functions: list[Function]) -> set[str]:
    """The names of functions that code which passes through, here or in what is called, reads."""
    ops = (op for function in functions for op in operations_of(function) if op.prim is OPAQUE)
    values = (arg.value for op in ops for arg in op.args if isinstance(arg, Const))
    return {value.__name__ for value in values if isinstance(value, types.FunctionType)}


def _imports(needs: Requirements, standalone: bool) -> list[ast.stmt]:
    """Import statements in the order ruff wants, then literal constants."""
    plain: list[ast.stmt] = []
    third: list[ast.stmt] = []
    own: list[ast.stmt] = []
    assigned: list[ast.stmt] = []
    for name, module in sorted(needs.imports.items(), key=lambda item: item[1]):
        if is_shadowed(module):
            plain.append(ast.Import([ast.alias("importlib")]))
            assigned += ast.parse(f"{name} = importlib.import_module({module!r})").body
            continue
        alias = ast.alias(module, name if name != module else None)
        target = plain if module.split(".")[0] in sys.stdlib_module_names else third
        target.append(ast.Import([alias]))
    froms: dict[str, list[str]] = {}
    for name, value in needs.objects.items():
        if "<locals>" in value.__qualname__:
            continue
        froms.setdefault(public_module(value) or "", []).append(name)
    for name, constant in sorted(needs.constants.items()):
        if standalone and is_literal(constant):
            assigned.append(
                ast.Assign([ast.Name(name, ast.Store())], _literal(constant.value), lineno=0)
            )
        elif standalone:
            froms.setdefault(constant.home or "", []).append(name)
    for home, names in sorted(froms.items()):
        root = home.split(".")[0]
        target = plain if root in sys.stdlib_module_names else third
        target = own if needs.module and root == needs.module.split(".")[0] else target
        target.append(ast.ImportFrom(home, [ast.alias(n) for n in sorted(names)], 0))
    sections = [section for section in (plain, third, own) if section]
    return [
        s for k, section in enumerate(sections) for s in [*[Blank()] * (k > 0), *section]
    ] + assigned


def is_literal(constant: Const) -> bool:
    """Can a constant of the user's module be written into a file?"""
    return constant.name == constant.root and _has_literal(constant.value)


def _literal(value: Any) -> ast.expr:
    return ast.parse(repr(value), mode="eval").body


def _has_literal(value: Any) -> bool:
    """Does ``repr`` of this object denote it?"""
    if isinstance(value, tuple):
        return all(_has_literal(item) for item in value)
    finite = not isinstance(value, float) or math.isfinite(value)
    return (value is None or type(value) in (int, float, bool, str)) and finite


def text_of(function: Function, module: str | None = None) -> str:
    """The text of one function's definition alone."""
    return write([emit_function(function, module).definition])
