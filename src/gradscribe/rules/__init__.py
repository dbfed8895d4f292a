"""Derivative rules, one module per topic; importing this package declares them all."""

from gradscribe.ir import facts  # noqa: F401  (rules are about what facts declare)
from gradscribe.rules import (
    arithmetic,
    attributes,
    builtins,
    creation,
    elementwise,
    helpers,
    indexing,
    interpolation,
    linalg,
    mathematics,
    products,
    reductions,
    selections,
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
    "interpolation",
    "linalg",
    "mathematics",
    "products",
    "reductions",
    "selections",
    "shapes",
]
