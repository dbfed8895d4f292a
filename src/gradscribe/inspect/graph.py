"""Pictures of what a function and its derivative compute: Graphviz's DOT, and SVG.

A node is an operation, named by what it gives; an edge leads from a value to what reads it. The
bodies of loops and branches are boxes of their own.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, final

from gradscribe.ir.core import Const, Function, Op, Operand, Region, Value
from gradscribe.ir.primitives import CALL, FOR, IF, OPAQUE, SCOPE, STRUCTURED, WHILE
from gradscribe.ir.text import Names, shown_constant
from gradscribe.primal import argument_types, primal_ir, primal_signature

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y = 7.2, 26, 18, 34  # per character, and in pixels
_BODIES = {IF: ("then", "else"), FOR: ("body",), WHILE: ("test", "body"), SCOPE: ("body",)}


@final
@dataclass(frozen=True, slots=True)
class Picture:
    """A graph as ``dot`` (for Graphviz) and as ``svg``, which notebooks show."""

    dot: str
    svg: str

    def _repr_svg_(self) -> str:
        return self.svg


def graph(function: Callable[..., Any], *args: Any) -> Picture:
    """The graph of a function, or of a derivative, for arguments like these.

    Examples
    --------
    >>> import gradscribe as gs
    >>> from gradscribe.inspect import graph
    >>> def square(x):
    ...     return x * x
    >>> print(graph(square, 3.0).dot)
    digraph square {
        rankdir=TB; node [shape=box];
        n0 [label="x", shape=ellipse];
        n1 [label="t = mul"];
        n2 [label="result", shape=ellipse];
        n0 -> n1;
        n0 -> n1;
        n1 -> n2;
    }
    <BLANKLINE>
    """
    names = list(primal_signature(function).parameters)
    return picture([primal_ir(function, argument_types(names, args))])


def picture(functions: Iterable[Function]) -> Picture:
    """One graph of several functions of the IR, as a derivative with helpers is."""
    drawing = _Drawing()
    for function in functions:
        drawing.function(function)
    return Picture(drawing.dot(), drawing.svg())


@final
@dataclass(slots=True)
class _Node:
    number: int
    label: str
    box: int | None
    rounded: bool = False
    rank: int = 0
    x: float = 0.0

    @property
    def width(self) -> float:
        return _WIDTH * len(self.label) + 16


@final
@dataclass(slots=True)
class _Box:
    label: str
    around: int | None
    number: int
    nodes: list[_Node] = field(default_factory=list)


@final
class _Drawing:
    def __init__(self) -> None:
        self.name = ""
        self.nodes: list[_Node] = []
        self.edges: list[tuple[int, int]] = []
        self.boxes: list[_Box] = []
        self.made: dict[Value, int] = {}
        self.names = Names()

    # ------------------------------------------------------------------ building

    def function(self, function: Function) -> None:
        self.name = self.name or function.name
        for param in function.body.params:
            self.made[param] = self._node(self._named(param), None, rounded=True)
        self._region(function.body, None)
        result = self._node("result", None, rounded=True)
        self._edges(function.body.yields, result)

    def _node(self, label: str, box: int | None, rounded: bool = False) -> int:
        node = _Node(len(self.nodes), label, box, rounded)
        self.nodes.append(node)
        return node.number

    def _named(self, value: Value) -> str:
        return self.names.of(value).removeprefix("%")

    def _edges(self, operands: Iterable[Operand], to: int) -> None:
        for operand in operands:
            if isinstance(operand, Value) and operand in self.made:
                self.edges.append((self.made[operand], to))

    def _region(self, region: Region, box: int | None) -> None:
        for op in region.ops:
            node = self._node(self._label(op), box)
            self._edges(op.args, node)
            self.made.update(dict.fromkeys(op.results, node))
            for inner, body in zip(op.regions, _BODIES.get(op.prim, ()), strict=False):
                self.boxes.append(_Box(f"{op.prim.name}: {body}", box, number := len(self.boxes)))
                for param in inner.params:
                    self.made[param] = self._node(self._named(param), number, rounded=True)
                    self.edges.append((node, self.made[param]))
                self._region(inner, number)
                end = self._node("yield", number, rounded=True)
                self._edges(inner.yields, end)

    def _label(self, op: Op) -> str:
        what = op.prim.name
        if op.prim is CALL and op.attrs.callee is not None:
            what = op.attrs.callee.name
        elif op.prim is OPAQUE and op.span is not None:
            what = op.span.one_line(30)
        fixed = [shown_constant(a.value) for a in op.args if isinstance(a, Const) and a.value]
        text = f"{what}({', '.join(fixed)})" if fixed and op.prim not in STRUCTURED else what
        names = [self._named(r) for r in op.results if r.hint]
        return f"{', '.join(names)} = {text}" if names else text

    # ------------------------------------------------------------------ DOT

    def dot(self) -> str:
        lines = [f"digraph {self.name} {{", "    rankdir=TB; node [shape=box];"]
        self._nodes_of(None, 1, lines)
        lines += [f"    n{a} -> n{b};" for a, b in self.edges]
        return "\n".join([*lines, "}"]) + "\n"

    def _nodes_of(self, box: int | None, depth: int, lines: list[str]) -> None:
        indent = "    " * depth
        for node in self.nodes:
            if node.box == box:
                label = node.label.replace("\\", r"\\").replace('"', r"\"")
                shape = ", shape=ellipse" if node.rounded else ""
                lines.append(f'{indent}n{node.number} [label="{label}"{shape}];')
        for inner in self.boxes:
            if inner.around == box:
                lines.append(f"{indent}subgraph cluster_{inner.number} {{")
                lines.append(f'{indent}    label="{inner.label}";')
                self._nodes_of(inner.number, depth + 1, lines)
                lines.append(f"{indent}}}")

    # ------------------------------------------------------------------ SVG

    def svg(self) -> str:
        rows = self._rows()
        width = max((row[-1].x + row[-1].width for row in rows), default=0.0) + _GAP_X
        height = len(rows) * (_HEIGHT + _GAP_Y) + _GAP_Y
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
            'font-family="monospace" font-size="12">'
        ]
        for a, b in self.edges:
            one, other = self.nodes[a], self.nodes[b]
            lines.append(
                f'<line x1="{one.x + one.width / 2:.1f}" y1="{self._y(one) + _HEIGHT}" '
                f'x2="{other.x + other.width / 2:.1f}" y2="{self._y(other)}" stroke="#999"/>'
            )
        for node in self.nodes:
            depth = self._depth(node.box)
            fill = f"hsl(210, 40%, {98 - 7 * min(depth, 6)}%)"
            lines.append(
                f'<rect x="{node.x:.1f}" y="{self._y(node)}" width="{node.width:.1f}" '
                f'height="{_HEIGHT}" rx="{13 if node.rounded else 3}" fill="{fill}" stroke="#456"/>'
            )
            lines.append(
                f'<text x="{node.x + 8:.1f}" y="{self._y(node) + 17}">{html.escape(node.label)}'
                "</text>"
            )
        return "\n".join([*lines, "</svg>"]) + "\n"

    def _depth(self, box: int | None) -> int:
        return 0 if box is None else 1 + self._depth(self.boxes[box].around)

    def _y(self, node: _Node) -> int:
        return _GAP_Y + node.rank * (_HEIGHT + _GAP_Y)

    def _rows(self) -> list[list[_Node]]:
        """The nodes by rank, each below all that it reads and as near under them as it may be."""
        above: dict[int, list[int]] = {}
        for a, b in self.edges:
            above.setdefault(b, []).append(a)
        for node in self.nodes:  # what is read comes before what reads it
            node.rank = 1 + max(
                (self.nodes[a].rank for a in above.get(node.number, ())), default=-1
            )
        rows: list[list[_Node]] = [
            [] for _ in range(1 + max((n.rank for n in self.nodes), default=-1))
        ]
        for node in self.nodes:
            rows[node.rank].append(node)
        for row in rows:
            row.sort(key=lambda node: self._middle(above.get(node.number, [])))
            x = float(_GAP_X)
            for node in row:
                wanted = self._middle(above.get(node.number, [])) - node.width / 2
                node.x = max(x, wanted)
                x = node.x + node.width + _GAP_X
        return rows

    def _middle(self, above: list[int]) -> float:
        middles = [self.nodes[a].x + self.nodes[a].width / 2 for a in above]
        return sum(middles) / len(middles) if middles else 0.0
