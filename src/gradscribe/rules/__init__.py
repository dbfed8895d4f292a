"""Derivative rules, one module per topic; importing this package declares them all."""

from gradscribe.ir import facts  # noqa: F401  (rules are about what facts declare)
from gradscribe.ir.primitives import LIBRARIES
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


def _scipy() -> None:
    from gradscribe.rules import scipy_interpolate, scipy_special  # noqa: F401  (they declare)


LIBRARIES["scipy"] = _scipy

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
