"""The IR as text, for people and golden files. Values get numbers where hints repeat."""

from __future__ import annotations

import ast
from typing import Any

from gradscribe.ir import primitives
from gradscribe.ir.core import UNDEF, Function, Op, Operand, Region, Value


def render(function: Function) -> str:
    """The text of one function."""
    return _Printer().function(function)


class Names:
    """What values are called: by their hints, and numbers where these repeat."""

    def __init__(self) -> None:
        self.names: dict[Value, str] = {}
        self.used: dict[str, int] = {}

    def of(self, value: Value) -> str:
        if value not in self.names:
            hint = value.hint or "_"
            count = self.used.get(hint, 0)
            self.used[hint] = count + 1
            self.names[value] = f"%{hint}{f'.{count}' if count or hint == '_' else ''}"
        return self.names[value]


class _Printer:
    def __init__(self) -> None:
        self.name = Names().of
        self.lines: list[str] = []

    def operand(self, operand: Operand) -> str:
        if isinstance(operand, Value):
            return self.name(operand)
        return "undef" if operand is UNDEF else operand.name or shown_constant(operand.value)

    def operands(self, operands: Any) -> str:
        return ", ".join(self.operand(o) for o in operands)

    def function(self, function: Function) -> str:
        params = [f"{self.name(v)}: {v.type}" for v in function.body.params]
        self.lines.append(f"def {function.name}({', '.join(params)}):")
        self.region(function.body, 1, "return")
        return "\n".join(self.lines) + "\n"

    def region(self, region: Region, depth: int, last: str) -> None:
        for op in region.ops:
            self.op(op, depth)
        if region.yields or last == "return":
            self.lines.append(f"{'    ' * depth}{last} {self.operands(region.yields)}".rstrip())

    def op(self, op: Op, depth: int) -> None:
        indent = "    " * depth
        results = ", ".join(f"{self.name(r)}: {r.type}" for r in op.results)
        start = indent + (f"{results} = " if results else "")
        args = op.args
        match op.prim:
            case primitives.IF:
                self.lines.append(f"{start}if {self.operand(args[0])}:")
                self.region(op.regions[0], depth + 1, "yield")
                self.lines.append(f"{indent}else:")
                self.region(op.regions[1], depth + 1, "yield")
            case primitives.FOR:
                seqs, inits = args[: op.attrs.seqs], args[op.attrs.seqs :]
                params = self.operands(op.regions[0].params)
                self.lines.append(
                    f"{start}for ({params}) in ({self.operands(seqs)}; {self.operands(inits)}):"
                )
                self.region(op.regions[0], depth + 1, "yield")
            case primitives.WHILE:
                params = self.operands(op.regions[0].params)
                self.lines.append(f"{start}while ({params}) from ({self.operands(args)}):")
                self.region(op.regions[0], depth + 1, "test")
                self.lines.append(f"{indent}do ({self.operands(op.regions[1].params)}):")
                self.region(op.regions[1], depth + 1, "yield")
            case primitives.SCOPE:
                template = ast.unparse(op.attrs.template) if op.attrs.template else ""
                params = self.operands(op.regions[0].params)
                line = f"{start}scope {template!r}({self.operands(args)})"
                self.lines.append(f"{line} as ({params}):" if params else f"{line}:")
                self.region(op.regions[0], depth + 1, "yield")
            case primitives.OPAQUE:
                template = ast.unparse(op.attrs.template) if op.attrs.template else ""
                self.lines.append(f"{start}opaque {template!r}({self.operands(args)})")
            case primitives.CALL | primitives.HOOK | primitives.IMPLICIT | primitives.SEARCH:
                callee = op.attrs.callee.name if op.attrs.callee else "?"
                self.lines.append(f"{start}{op.prim.name} {callee}({self.operands(args)})")
            case _:
                self.lines.append(f"{start}{op.prim.name}({self.operands(args)})")


def shown_constant(value: Any) -> str:
    """A literal, or the name of what has one."""
    return getattr(value, "__name__", None) or repr(value)
