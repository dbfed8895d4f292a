"""A minimum vertex cut: which values to store so that others can be computed again from them."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)

INFINITE = 1 << 40


def minimum_cut(
    needed: Sequence[Node], parents: Mapping[Node, Sequence[Node] | None], cost: dict[Node, int]
) -> list[Node]:
    """The cheapest set of nodes that cuts ``needed`` from the sources, nearest to ``needed``.

    ``parents[v]`` are the nodes v is computed from; None for a source, which can only be stored.
    Every node may be stored at ``cost[v]``, also a needed one. Nodes are cut as edges v → v' of a
    network whose flow runs from the needed nodes back to the sources, and is found as Dinic (1970)
    does.
    """
    order = list(parents)
    number = {node: i for i, node in enumerate(order)}
    start, end = 2 * len(order), 2 * len(order) + 1
    capacity: list[dict[int, int]] = [{} for _ in range(end + 1)]

    def edge(a: int, b: int, amount: int) -> None:
        capacity[a][b] = capacity[a].get(b, 0) + amount
        capacity[b].setdefault(a, 0)

    for node, above in parents.items():
        i = number[node]
        edge(2 * i, 2 * i + 1, cost[node])
        if above is None:
            edge(2 * i + 1, end, INFINITE)
        else:
            for parent in above:
                edge(2 * i + 1, 2 * number[parent], INFINITE)
    for node in needed:
        edge(start, 2 * number[node], INFINITE)
    while (level := _levels(capacity, start, end)) is not None:
        _block(capacity, level, start, end)
    reached = _reachable(capacity, start)
    return [
        node
        for node in order
        if 2 * number[node] in reached and 2 * number[node] + 1 not in reached
    ]


def _levels(capacity: list[dict[int, int]], start: int, end: int) -> list[int] | None:
    """How many edges with room every node is away from the start; None if the end is cut off."""
    level = [-1] * len(capacity)
    level[start] = 0
    queue = deque([start])
    while queue:
        a = queue.popleft()
        for b, free in capacity[a].items():
            if free > 0 and level[b] < 0:
                level[b] = level[a] + 1
                queue.append(b)
    return level if level[end] >= 0 else None


def _block(capacity: list[dict[int, int]], level: list[int], start: int, end: int) -> None:
    """Fill shortest paths until each of them has an edge without room."""
    edges = [list(onward) for onward in capacity]
    tried = [0] * len(edges)  # so many of them lead nowhere
    path = [start]
    while path:
        a = path[-1]
        if a == end:
            pairs = list(itertools.pairwise(path))
            amount = min(capacity[a][b] for a, b in pairs)
            for a, b in pairs:
                capacity[a][b] -= amount
                capacity[b][a] += amount
            full = next(k for k, (a, b) in enumerate(pairs) if not capacity[a][b])
            del path[full + 1 :]
            continue
        if tried[a] == len(edges[a]):
            path.pop()
            if path:
                tried[path[-1]] += 1
            continue
        b = edges[a][tried[a]]
        if level[b] == level[a] + 1 and capacity[a][b]:
            path.append(b)
        else:
            tried[a] += 1


def _reachable(capacity: list[dict[int, int]], start: int) -> set[int]:
    seen = {start}
    queue = deque([start])
    while queue:
        a = queue.popleft()
        for b, free in capacity[a].items():
            if free > 0 and b not in seen:
                seen.add(b)
                queue.append(b)
    return seen
