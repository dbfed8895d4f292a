"""Pictures of what functions and derivatives compute."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import gradscribe as gs
from gradscribe.inspect import Picture, graph
from gradscribe.ir.core import walk
from gradscribe.primal import argument_types, primal_ir


def layers(x: Any, n: int) -> Any:
    s = 0.0
    for i in range(n):
        s = s + np.sum(np.sin(x) * i) if np.sum(x) > 0 else s * 2.0
        if s > 1e6:
            break
    while s > 10.0:
        s = s / 2.0
    return s


SHOWN: dict[str, Any] = {
    "the function": layers,
    "its gradient": gs.grad(layers, mode="reverse"),
    "its Hessian": gs.hessian(layers),
    "its second derivative": gs.grad(gs.value_and_grad(layers, mode="reverse")),
}


@pytest.mark.parametrize("name", SHOWN)
def test_every_operation_is_a_node_and_every_edge_joins_two(name: str) -> None:
    function, args = SHOWN[name], (np.ones(2), 3)
    picture = graph(function, *args)
    nodes = set(re.findall(r"^ *(n\d+) \[label=", picture.dot, re.MULTILINE))
    edges = re.findall(r"^ *(n\d+) -> (n\d+);", picture.dot, re.MULTILINE)
    ir = primal_ir(function, argument_types(["x", "n"], args))
    ops = list(walk(ir.body))
    inner = [region for op in ops for region in op.regions]
    params = len(ir.body.params) + sum(len(region.params) for region in inner)
    assert len(nodes) == len(ops) + params + len(inner) + 1  # a yield of each body, the result
    assert edges and all(a in nodes and b in nodes for a, b in edges)
    assert picture.dot.count("subgraph") == len(inner)
    assert picture.dot.count("{") == picture.dot.count("}")


@pytest.mark.parametrize("name", SHOWN)
def test_the_svg_shows_the_same_nodes_apart(name: str) -> None:
    picture = graph(SHOWN[name], np.ones(2), 3)
    tree = ElementTree.fromstring(picture.svg)
    space = "{http://www.w3.org/2000/svg}"
    boxes = [
        tuple(float(box.attrib[side]) for side in ("x", "y", "width", "height"))
        for box in tree.iter(f"{space}rect")
    ]
    assert len(boxes) == len(re.findall(r"\[label=", picture.dot))
    for k, (x, y, w, h) in enumerate(boxes):
        for u, v, p, q in boxes[k + 1 :]:
            assert x + w <= u or u + p <= x or y + h <= v or v + q <= y
    for line in tree.iter(f"{space}line"):
        assert float(line.attrib["y1"]) < float(line.attrib["y2"])  # what is read stands above
    assert picture._repr_svg_() == picture.svg


def test_a_picture_is_the_same_every_time() -> None:
    first: Picture = graph(SHOWN["its gradient"], np.ones(2), 3)
    assert graph(gs.grad(layers, mode="reverse"), np.ones(2), 3) == first
