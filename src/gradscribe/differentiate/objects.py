"""Which values may denote one object that code which passes through has made, and what may keep."""

from __future__ import annotations

import ast
import types
from collections.abc import Sequence
from typing import final

from gradscribe.ir.core import Const, Op, Operand, Region, Value, walk
from gradscribe.ir.loops import carries, first_carry
from gradscribe.ir.primitives import FOR, IF, OPAQUE, SCOPE, STRUCTURED, WHILE
from gradscribe.ir.types import UNKNOWN

# What does not keep what it is given.
_FORGETS = {"print", "str", "repr", "format", "len", "isinstance", "type", "id", "hash"}
_FIXED = (
    types.ModuleType | types.FunctionType | types.BuiltinFunctionType | type
    | int | float | complex | str | bytes | None
)  # fmt: skip

Node = Value | tuple[str | None, str]  # a value, or an object of a module by its name


def may_keep(op: Op) -> bool:
    """May code that passes through store what it is given in an object?"""
    for node in ast.walk(op.attrs.template) if op.attrs.template is not None else ():
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name not in _FORGETS or node.keywords:
                return not isinstance(op.attrs.template, ast.Raise | ast.Assert)
        elif isinstance(node, ast.Assign | ast.AugAssign):
            return True
    return False


@final
class Objects:
    """Answers for a function's body: what of unknown type its structure makes one."""

    def __init__(self, body: Region) -> None:
        self.near: dict[Node, list[Node]] = {}
        for op in walk(body):
            if op.prim in (IF, SCOPE):
                for arm in op.regions:
                    self._join(op.results, arm.yields)
                if op.prim is SCOPE:
                    self._join(op.regions[0].params, op.args)
            elif op.prim in (FOR, WHILE):
                start, count = first_carry(op), carries(op)
                for region in op.regions:
                    self._join(region.params[start:], op.args[start:])
                    self._join(region.params[start:], op.regions[-1].yields[:count])
                self._join(op.results[:count], op.regions[-1].yields)
                self._join(op.results[:count], op.args[start:])
                self._join(op.regions[-1].params[:start], op.args[:start])
            elif op.prim is OPAQUE or op.prim.storage != "fresh":
                # A part of it, or one of its methods.
                for arg in op.args:
                    self._join(op.results, [arg] * len(op.results))

    def _join(self, ones: Sequence[Operand], others: Sequence[Operand]) -> None:
        for one, other in zip(ones, others, strict=False):
            a, b = _node(one), _node(other)
            if a is not None and b is not None:
                self.near.setdefault(a, []).append(b)
                self.near.setdefault(b, []).append(a)

    def denoted(self, operand: Operand) -> set[Node]:
        """Nothing for what cannot change, such as a number or a string."""
        found: set[Node] = set()
        node = _node(operand)
        work = [node] if node is not None else []
        while work:
            node = work.pop()
            if node not in found:
                found.add(node)
                work += self.near.get(node, [])
        return found


def objects_read(body: Region, useful: set[Value]) -> set[Node]:
    """What the operations on the way to the output read of objects."""
    found: set[Node] = set()
    for op in walk(body):
        if op.prim in STRUCTURED or any(result in useful for result in op.results):
            found.update(node for node in map(_node, op.args) if isinstance(node, tuple))
    found.update(useful)
    return found


def _node(operand: Operand) -> Node | None:
    if isinstance(operand, Value):
        return operand if operand.type == UNKNOWN else None
    if isinstance(operand, Const) and operand.name is not None:
        return None if isinstance(operand.value, _FIXED) else (operand.home, operand.root)
    return None
