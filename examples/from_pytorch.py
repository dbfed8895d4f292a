"""PyTorch's functions with double backward: rules for one's own functions, at every order.

In PyTorch each of these is a class with ``forward`` and ``backward``. Here a rule is a function; it
is differentiated like any other, so the second derivative needs nothing more.
"""

import numpy as np
from numpy.polynomial.chebyshev import chebval

import gradscribe as gs

A = np.array([[0.2, -0.4, 1.1], [0.7, 0.3, -0.9], [-0.2, 0.8, 0.5]])


def square(x):
    return x**2


@gs.partial(square)
def square_x(x):
    return 2 * x


@gs.differentiate(order=2)
def sum_of_squares(x):
    """Square: the rule reads the input.

    >>> np.array_equal(sum_of_squares.grad(A), np.full((3, 3), 2.0))
    True
    >>> gs.check_grads(sum_of_squares, (A,), order=2)
    """
    return np.sum(square(x))


def exponential(x):
    return np.exp(x)


@gs.partial(exponential)
def exponential_x(y):
    return y


@gs.differentiate(order=2)
def growth(x: float):
    """Exp: the rule reads the result, ``y``.

    >>> [float(f(1.0)) for f in (growth, gs.grad(growth), growth.grad)]
    [2.718281828459045, 2.718281828459045, 2.718281828459045]
    >>> gs.check_grads(growth, (1.0,), order=2)
    """
    return exponential(x)


def sinh(x):
    ex = np.exp(x)
    enx = np.exp(-x)
    return (ex - enx) / 2


@gs.adjoint(sinh)
def sinh_adjoint(ex, enx, y_bar):
    return y_bar * (ex + enx) / 2


@gs.differentiate(order=2)
def sum_of_sinh(x):
    """Sinh: the rule reads what the function computed on the way, by name.

    PyTorch's author returns both exponentials as outputs and adds their cotangents by hand; with
    that left out (its "SinhBad") the second derivative is silently wrong. Here a rule can only read
    variables whose dependence on x is known.

    >>> np.allclose(gs.grad(sum_of_sinh)(A), np.cosh(A), rtol=1e-14)
    True
    >>> np.allclose(sum_of_sinh.grad(A), np.sinh(A), rtol=1e-14)
    True
    >>> gs.check_grads(sum_of_sinh, (A,), order=2)
    """
    return np.sum(sinh(x))


HIDDEN = {}


def sinh_bad(x):
    HIDDEN["ex"], HIDDEN["enx"] = np.exp(x), np.exp(-x)
    return (HIDDEN["ex"] - HIDDEN["enx"]) / 2


def sinh_bad_adjoint(y_bar):
    return y_bar * (HIDDEN["ex"] + HIDDEN["enx"]) / 2


def declare_sinh_bad():
    """SinhBad: to hide the exponentials is refused, at the line that reads them.

    >>> declare_sinh_bad()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    gradscribe.errors.UnsupportedError: ...the rule reads HIDDEN, which sinh_bad writes...
    """
    gs.adjoint(sinh_bad, opaque=True)(sinh_bad_adjoint)


def cube(x: float) -> float:
    """x³ = (T₃(x) + 3 T₁(x)) / 4, by a library that is not looked into."""
    return chebval(x, (0.0, 0.75, 0.0, 0.25))


def cube_backward(x: float, y_bar: float) -> float:
    return y_bar * chebval(x, (1.5, 0.0, 1.5))


@gs.adjoint(cube)
def cube_adjoint(x, y_bar):
    return cube_backward(x, y_bar)


@gs.adjoint(cube_backward, ("x", "y_bar"))
def cube_backward_adjoint(x, y_bar, result_bar):
    return result_bar * y_bar * 6 * x, cube_backward(x, result_bar)


@gs.differentiate(order=2)
def volume(x: float):
    """Cube: its backward is another library's, and has a rule of its own.

    >>> [float(f(2.0)) for f in (volume, gs.grad(volume), volume.grad)]
    [8.0, 12.0, 12.0]
    >>> gs.check_grads(volume, (2.0,), order=2)
    """
    return cube(x)


def main() -> None:
    print("sum of squares, gradient at A:", sum_of_squares.grad(A), sep="\n")
    print(
        "exp at 1, value and both derivatives:", growth(1.0), gs.grad(growth)(1.0), growth.grad(1.0)
    )
    print("sinh, second derivative less sinh:", np.max(np.abs(sum_of_sinh.grad(A) - np.sinh(A))))
    print(
        "cube at 2, value and both derivatives:",
        volume(2.0),
        gs.grad(volume)(2.0),
        volume.grad(2.0),
    )
    print()
    print(sum_of_sinh.grad.source)


if __name__ == "__main__":
    main()
