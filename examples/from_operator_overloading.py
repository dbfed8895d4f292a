"""Forward mode as a class of dual numbers would do it, and what a compiler adds: the formula.

The function of many tutorials, f(x1, x2) = ln x1 + x1 x2 - sin x2 at (2, 5), whose tangent in the
direction (1, 0) is 5.5.
"""

import math

import gradscribe as gs


@gs.differentiate(wrt=("x1", "x2"))
def f(x1, x2):
    """Plain numbers and the math module, as it stands.

    >>> round(f(2.0, 5.0), 4)
    11.6521
    >>> value, tangent = gs.jvp(f)((2.0, 5.0), (1.0, 0.0))
    >>> round(value, 4), round(tangent, 4)
    (11.6521, 5.5)
    >>> [round(bar, 4) for bar in f.grad(2.0, 5.0)]
    [5.5, 1.7163]
    """
    return math.log(x1) + x1 * x2 - math.sin(x2)


@gs.differentiate(order=2)
def mixed(x):
    """Every operator, with a plain number on either side.

    >>> mixed(2.0)
    19.75
    >>> gs.grad(mixed)(2.0), mixed.grad(2.0)
    (8.5, 4.0)
    """
    return 2 * x + x * 3 - (1 - x) + (x - 0.5) / 2 + 8 / x + x**2 - +x - -x


def main() -> None:
    value, tangent = gs.jvp(f)((2.0, 5.0), (1.0, 0.0))
    print(f"f(2, 5) = {value:.4f}; its tangent in the direction (1, 0) = {tangent:.4f}")
    print(f"its gradient there by reverse mode = {f.grad(2.0, 5.0)}\n")
    print("The tangent is no trace of operations but a formula:\n")
    print(gs.jvp(f).source_for((2.0, 5.0), (1.0, 1.0)))


if __name__ == "__main__":
    main()
