"""gradscribe reads a Python function and writes its derivative as Python."""

import gradscribe.nested  # noqa: F401 (lets differentiated functions call derivatives)
from gradscribe.api import (
    differentiate,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)
from gradscribe.errors import (
    AliasError,
    ArgumentError,
    GradscribeError,
    NoRuleError,
    SourceUnavailableError,
    UnsupportedError,
)
from gradscribe.ir.control import adjoint_of, checkpoint
from gradscribe.ir.helpers import stop_gradient

__version__ = "0.1.0"

__all__ = [
    "AliasError",
    "ArgumentError",
    "GradscribeError",
    "NoRuleError",
    "SourceUnavailableError",
    "UnsupportedError",
    "adjoint_of",
    "checkpoint",
    "differentiate",
    "elementwise_grad",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
