# Written by gradscribe 0.1.0 from examples/from_pytorch.py:sum_of_sinh
# Derivative  gradient with respect to x; order 1, mode auto
# Arguments   x: float64[x0, x1]
# Sources     sha256 8886d5704c00; rules 375869fbed45
# Rules       from_pytorch.sinh: @adjoint of 'x' (sinh_adjoint)
# Regenerate  gradscribe write examples/from_pytorch.py:sum_of_sinh --order 1 -o generated/from_pytorch
import numpy as np


def sum_of_sinh_grad(x):
    """Gradient of sum_of_sinh with respect to x."""
    if x.ndim != 2:
        raise ValueError("expected x[x0, x1]")
    ex = np.exp(x)
    enx = np.exp(-x)
    return 0.5 * (ex + enx)
