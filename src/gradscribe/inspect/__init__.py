"""Ways to look at derivatives."""

from gradscribe.inspect.graph import Picture, graph

__all__ = ["Picture", "graph"]
