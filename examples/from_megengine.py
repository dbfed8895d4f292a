"""MegEngine's cooperating gradient managers: nested gradients, and tangents by two reverses."""

import warnings
from typing import Annotated

import numpy as np

import gradscribe as gs

Vector = Annotated[np.ndarray, "float32[n]"]


@gs.differentiate(order=2)
def cosine(x: Vector):
    """First and second derivative of an array, entry by entry.

    >>> x = np.linspace(-2.0, 2.0, 10, dtype=np.float32)
    >>> bool(np.allclose(gs.grad(cosine)(x), -np.sin(x), atol=1e-5))
    True
    >>> bool(np.allclose(cosine.grad(x), -np.cos(x), atol=1e-5))
    True
    """
    return np.cos(x)


@gs.differentiate
def slope(x: Vector):
    """A function that takes a gradient itself, and is differentiated.

    >>> x = np.linspace(-2.0, 2.0, 10, dtype=np.float32)
    >>> bool(np.allclose(slope.grad(x), -np.cos(x), atol=1e-5))
    True
    """
    return gs.grad(cosine)(x)


@gs.differentiate
def two_peers(x: Vector):
    """Two functions of x side by side: their gradients add up.

    >>> x = np.linspace(-2.0, 2.0, 10, dtype=np.float32)
    >>> bool(np.allclose(two_peers.grad(x), -2 * np.sin(x), atol=1e-5))
    True
    """
    return cosine(x) + cosine(x)


@gs.differentiate
def gathered(x: Vector):
    """Two gradients, each asked for by itself, in one function. Its own derivative exists, too.

    >>> x = np.linspace(-2.0, 2.0, 10, dtype=np.float32)
    >>> bool(np.allclose(gathered(x), -2 * np.sin(x), atol=1e-5))
    True
    >>> bool(np.allclose(gs.grad(gathered)(x), -2 * np.cos(x), atol=1e-5))
    True
    """
    x_grad = gs.grad(cosine)(x)
    x_grad += gs.grad(cosine)(x)
    return x_grad


def both(x: Vector):
    """The gradients of two results in one function, from one forward sweep: ``gs.jacobian``.

    >>> x = np.linspace(-2.0, 2.0, 10, dtype=np.float32)
    >>> first, second = gs.jacobian(both)(x)
    >>> bool(np.allclose(first, -np.sin(x), atol=1e-5))
    True
    >>> bool(np.allclose(second, -2 * np.sin(x) * np.cos(x), atol=1e-5))
    True
    """
    y = np.cos(x)
    return np.sum(y), np.sum(y**2)


@gs.differentiate
def unrelated(x: Vector, y: Vector):
    """Does not depend on x: its gradient for x is zero, with a warning that says so."""
    return np.sum(np.cos(y))


@gs.differentiate(wrt="x_dot")
def forward_by_two_reverses(x: Vector, x_dot: Vector):
    """The tangent of the cosine from two pullbacks: the pullback is linear, and so is its own."""

    def pulled(cotangent):
        _, pullback = gs.vjp(cosine, wrt="x")(x)
        return pullback(cotangent)

    _, transpose = gs.vjp(pulled, wrt="cotangent")(np.zeros_like(x))
    return transpose(x_dot)


def main() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=10).astype(np.float32)
    print("first derivative of cos:", gs.grad(cosine)(x))
    print("second:", cosine.grad(x))
    print("second, of a function that takes the first itself:", slope.grad(x))
    print("two peers:", two_peers.grad(x))
    print("two gradients of one forward sweep:", *gs.jacobian(both)(x))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        print("of a function of something else:", gs.grad(unrelated)(x, x))
    print("  UserWarning:", caught[0].message)
    x_dot = random.normal(size=10).astype(np.float32)
    print("tangent by two reverse sweeps:", forward_by_two_reverses(x, x_dot))
    print("tangent by forward mode:      ", gs.jvp(cosine)((x,), (x_dot,))[1])


if __name__ == "__main__":
    main()
