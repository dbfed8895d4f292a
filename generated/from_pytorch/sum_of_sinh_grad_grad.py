# Written by gradscribe 0.1.0 from examples/from_pytorch.py:sum_of_sinh
# Derivative  gradient with respect to x, then x; order 2, mode auto
# Arguments   x: float64[x0, x1]
# Sources     sha256 e7c33c12d66a; rules d4bf12a75b3c
# Rules       from_pytorch.sinh: @adjoint of 'x' (sinh_adjoint)
# Regenerate  gradscribe write examples/from_pytorch.py:sum_of_sinh -o generated/from_pytorch
import numpy as np


def sum_of_sinh_grad_grad(x):
    """Gradient of sum_of_sinh_grad with respect to x."""
    if x.ndim != 2:
        raise ValueError("expected x[x0, x1]")
    ex = np.exp(x)
    enx = np.exp(-x)
    return 0.5 * ex - 0.5 * enx
