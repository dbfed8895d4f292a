"""Derivative rules, one module per topic; importing this package declares them all."""

from gradscribe.rules import (
    arithmetic,
    attributes,
    builtins,
    creation,
    elementwise,
    helpers,
    indexing,
    linalg,
    mathematics,
    products,
    reductions,
    shapes,
)

__all__ = [
    "arithmetic",
    "attributes",
    "builtins",
    "creation",
    "elementwise",
    "helpers",
    "indexing",
    "linalg",
    "mathematics",
    "products",
    "reductions",
    "shapes",
]
