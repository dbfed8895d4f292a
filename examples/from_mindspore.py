"""MindSpore's ``grad`` and ``value_and_grad``: positions, several outputs, second derivatives."""

import numpy as np

import gradscribe as gs


@gs.differentiate(wrt=(0, 1))
def product(x, y, z):
    """Gradients by position, by name, or several at once; float32 stays float32.

    >>> x, y, z = (np.array([n], np.float32) for n in (3.0, 5.0, 1.0))
    >>> [bar.item() for bar in product.grad(x, y, z)]
    [30.0, 9.0]
    >>> gs.grad(product, wrt="z")(x, y, z)
    array([45.], dtype=float32)
    """
    return x * x * y * z


@gs.differentiate
def half_stopped(x, y):
    """``stop_gradient`` is the identity with derivative zero.

    >>> half_stopped(3.0, 5.0)
    30.0
    >>> half_stopped.grad(3.0, 5.0)
    5.0
    """
    return x * y + gs.stop_gradient(x * y)


@gs.differentiate(order=2)
def square_stopped(x):
    """… also in the derivative: this gradient is x, not 2x, and its own derivative 0, not 1.

    >>> square_stopped(3.0)
    9.0
    >>> gs.grad(square_stopped)(3.0)
    3.0
    """
    return x * gs.stop_gradient(x)


@gs.differentiate(order=2)
def sine(x):
    """A second derivative.

    >>> print(f"{sine.grad(3.1415926):.6f}")
    -0.000000
    """
    return np.sin(x)


@gs.differentiate(order=2)
def sine_and_cosine(x):
    """Several outputs are summed, then differentiated.

    >>> print(f"{sine_and_cosine.grad(3.1415926):.4f}")
    1.0000
    """
    return np.sin(x), np.cos(x)


@gs.differentiate(wrt=(0, 1), order=2)
def waves(x, y):
    """Both inputs, twice: the outputs of the inner gradient are summed too.

    >>> [f"{bar:.4f}" for bar in waves.grad(3.1415926, 3.1415926)]
    ['1.0000', '-1.0000']
    """
    return np.sin(x) - np.cos(y), np.cos(x) - np.sin(y)


def main() -> None:
    x, y, z = (np.array([n], np.float32) for n in (3.0, 5.0, 1.0))
    print("gradient of x x y z at (3, 5, 1):", product.grad(x, y, z))
    print("with respect to z:", gs.grad(product, wrt="z")(x, y, z))
    print("value and gradient:", gs.value_and_grad(product, wrt=(0, 1))(x, y, z))
    print("x y + stop_gradient(x y), for x:", half_stopped.grad(3.0, 5.0))
    print("x stop_gradient(x), twice:", square_stopped.grad(3.0))
    print("sin, twice, at pi:", sine.grad(3.1415926))
    print("(sin, cos), twice, at pi:", sine_and_cosine.grad(3.1415926))
    print("two outputs, both inputs, twice:", waves.grad(3.1415926, 3.1415926))
    print()
    print(sine_and_cosine.grad.source)


if __name__ == "__main__":
    main()
