"""A minimum vertex cut: which values to store so that others can be computed again from them."""

from __future__ import annotations

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
    network whose flow runs from the needed nodes back to the sources (Ford and Fulkerson, 1956).
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
    while (path := _augmenting_path(capacity, start, end)) is not None:
        amount = min(capacity[a][b] for a, b in path)
        for a, b in path:
            capacity[a][b] -= amount
            capacity[b][a] += amount
    reached = _reachable(capacity, start)
    return [
        node
        for node in order
        if 2 * number[node] in reached and 2 * number[node] + 1 not in reached
    ]


def _augmenting_path(
    capacity: list[dict[int, int]], start: int, end: int
) -> list[tuple[int, int]] | None:
    came: dict[int, int] = {start: start}
    queue = deque([start])
    while queue:
        a = queue.popleft()
        for b, free in capacity[a].items():
            if free > 0 and b not in came:
                came[b] = a
                if b == end:
                    path = []
                    at = b
                    while at != start:
                        path.append((came[at], at))
                        at = came[at]
                    return path
                queue.append(b)
    return None


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
