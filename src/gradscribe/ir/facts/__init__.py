"""Facts about callables, one module per topic; importing this package declares them all."""

from gradscribe.ir.facts import (
    builtins,
    calls,
    containers,
    creation,
    elementwise,
    indexing,
    joining,
    linalg,
    mathematics,
    methods,
    operators,
    products,
    records,
    reductions,
    shapes,
    transposes,
)

__all__ = [
    "builtins",
    "calls",
    "containers",
    "creation",
    "elementwise",
    "indexing",
    "joining",
    "linalg",
    "mathematics",
    "methods",
    "operators",
    "products",
    "records",
    "reductions",
    "shapes",
    "transposes",
]
