"""gradscribe reads a Python function and writes its derivative as Python."""

import gradscribe.nested  # noqa: F401 (lets differentiated functions call derivatives)
from gradscribe import integrals, solvers  # noqa: F401  (they lower calls of SciPy)
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
from gradscribe.implicit import fixed_point, root, solution
from gradscribe.ir.control import adjoint_of, checkpoint
from gradscribe.ir.helpers import stop_gradient
from gradscribe.rules.custom import RuleSet, adjoint, constant, linear, partial, tangent
from gradscribe.sparse import sparse_hessian, sparse_jacobian
from gradscribe.verification.adopt import adopt
from gradscribe.verification.check import check_grads
from gradscribe.verification.report import WrongDerivativeError

__version__ = "0.1.0"

__all__ = [
    "AliasError",
    "ArgumentError",
    "GradscribeError",
    "NoRuleError",
    "RuleSet",
    "SourceUnavailableError",
    "UnsupportedError",
    "WrongDerivativeError",
    "adjoint",
    "adjoint_of",
    "adopt",
    "check_grads",
    "checkpoint",
    "constant",
    "differentiate",
    "elementwise_grad",
    "fixed_point",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linear",
    "linearize",
    "partial",
    "root",
    "solution",
    "sparse_hessian",
    "sparse_jacobian",
    "stop_gradient",
    "tangent",
    "value_and_grad",
    "vjp",
]
