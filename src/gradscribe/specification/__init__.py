"""What a derivative is a derivative of, and how: what is behind ``grad``, ``jvp`` and ``vjp``.

A specification knows the IR of its derivative for given types, which is what differentiating it
again and calling it inside another function need, and how to build the variant for a call. Its
``function`` may be a derivative itself: a Hessian is the forward Jacobian of a gradient, and a
Hessian times a vector is its tangent.
"""

from gradscribe.specification.core import Request, Specification, annotated_types, derivative
from gradscribe.specification.gradient import Gradient
from gradscribe.specification.jacobian import Jacobian
from gradscribe.specification.split import Linearization, Pullback
from gradscribe.specification.tangent import Tangent, VectorProduct

__all__ = [
    "Gradient",
    "Jacobian",
    "Linearization",
    "Pullback",
    "Request",
    "Specification",
    "Tangent",
    "VectorProduct",
    "annotated_types",
    "derivative",
]
