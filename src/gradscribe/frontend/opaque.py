"""Code that passes through uninterpreted: a template of the user's AST with holes for operands.

Every name that a template reads is a hole, except Python's own and those that nothing binds.
"""

from __future__ import annotations

import ast
import builtins
import copy
import types
from typing import Any

import gast

from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Ref, locations
from gradscribe.ir.core import Attrs, Const, Op, Operand, Value
from gradscribe.ir.primitives import OPAQUE
from gradscribe.ir.types import UNKNOWN


def statement(frame: Frame, node: Any) -> None:
    """A statement that binds nothing: ``raise``, ``assert``, ``print``."""
    template, operands = _template(frame, node)
    frame.builder.append(Op(OPAQUE, tuple(operands), (), attrs=Attrs(template=template)))


def expression(frame: Frame, node: Any) -> Bound:
    """An expression whose value is not understood further."""
    template, operands = _template(frame, node)
    value = Value("", UNKNOWN)
    frame.builder.append(Op(OPAQUE, tuple(operands), (value,), attrs=Attrs(template=template)))
    result = frame.wrap(value)
    if isinstance(result, Ref) and not isinstance(node, gast.JoinedStr):
        # It may be, or hold, what it was made of.
        names = {n.id for n in gast.walk(node) if isinstance(n, gast.Name)}
        for loc in (
            loc for name in names if name in frame.env for loc in locations(frame.env[name])
        ):
            frame.heap.relate(result.loc, loc)
    return result


def _template(frame: Frame, node: Any) -> tuple[ast.AST, list[Operand]]:
    for part in gast.walk(node):
        if isinstance(part, gast.NamedExpr):
            frame.refuse(part, "an assignment in this place is not supported", "assign first")
    operands: list[Operand] = []
    holes: dict[str, str] = {}
    inner = _names_bound_inside(node)

    class Holes(gast.NodeTransformer):  # type: ignore[misc]  # gast has no type information
        def visit_Name(self, name: gast.Name) -> gast.Name:
            if name.id in inner:
                return name
            if name.id not in holes:
                read = _read(frame, name.id)
                if read is None:
                    return name
                holes[name.id] = f"_{len(operands)}"
                operands.append(read)
            return gast.Name(holes[name.id], name.ctx, None, None)

    # gast cannot be copied with its locations lost: the emitter makes new text anyway.
    template = gast.gast_to_ast(Holes().visit(copy.deepcopy(node)))
    return template, operands


def _read(frame: Frame, name: str) -> Operand | None:
    """The operand that a name denotes; None where the text can use the name as it is."""
    if name in frame.env:
        return frame.read(frame.env[name])
    try:
        value = frame.definition.lookup(name)
    except KeyError:
        return None
    if value is getattr(builtins, name, None):
        return None
    if isinstance(value, types.ModuleType):
        return Const(value)
    return Const(value, name, frame.definition.globals.get("__name__"))


def _names_bound_inside(node: Any) -> set[str]:
    """Names of comprehensions and lambdas within the template: no holes."""
    names: set[str] = set()
    for part in gast.walk(node):
        if isinstance(part, gast.comprehension):
            names |= {n.id for n in gast.walk(part.target) if isinstance(n, gast.Name)}
        elif isinstance(part, gast.Lambda):
            names |= {a.id for a in part.args.args}
    return names
