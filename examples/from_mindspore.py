"""MindSpore's ``grad`` and ``value_and_grad``: positions, parameters, auxiliary outputs, orders."""

from dataclasses import dataclass

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


@dataclass
class Net:
    """An object that holds a parameter."""

    z: np.ndarray

    @gs.differentiate(wrt="self.z")
    def construct(self, x, y):
        """Gradients for what the object holds, alone or together with arguments.

        >>> net = Net(np.array([1.0], np.float32))
        >>> x, y = np.array([3.0], np.float32), np.array([5.0], np.float32)
        >>> Net.construct.grad(net, x, y)
        array([45.], dtype=float32)
        >>> gs.grad(net.construct, wrt=("x", "self.z"))(x, y)
        (array([30.], dtype=float32), array([45.], dtype=float32))
        >>> gs.grad(net.construct, wrt=None)(x, y)  # of all that it holds, in its structure
        Net(z=array([45.], dtype=float32))
        """
        return x * x * y * self.z


@dataclass
class Dense:
    """A layer: as many numbers as ``w`` has rows in, as many as it has columns out."""

    w: np.ndarray
    b: np.ndarray

    def __call__(self, x):
        return x @ self.w + self.b


@dataclass
class Trainable:
    """Parameters lie as deep in objects as they like: ``wrt="self.layer.w"``."""

    layer: Dense

    @gs.differentiate(wrt=("self.layer.w", "self.layer.b"))
    def error(self, inputs, labels):
        """The mean squared error of a layer.

        >>> model = Trainable(Dense(np.ones((2, 1)), np.zeros(1)))
        >>> inputs, labels = np.array([[1.0, 2.0], [3.0, 0.0]]), np.array([[1.0], [2.0]])
        >>> w_bar, b_bar = Trainable.error.grad(model, inputs, labels)
        >>> w_bar.tolist(), b_bar.tolist()
        ([[5.0], [4.0]], [3.0])
        """
        return np.mean((self.layer(inputs) - labels) ** 2)


@gs.differentiate(wrt="inputs", has_aux=True)
def forward(layer, inputs, labels):
    """The first result is differentiated, the rest is handed on: ``has_aux=True``.

    >>> layer = Dense(np.ones((10, 1), np.float32), np.zeros(1, np.float32))
    >>> inputs, labels = np.ones((16, 10), np.float32), np.ones((16, 1), np.float32)
    >>> loss, logits = forward(layer, inputs, labels)
    >>> gradient, aux = forward.grad(layer, inputs, labels)
    >>> gradient.shape, aux.shape
    ((16, 10), (16, 1))
    """
    logits = layer(inputs)
    return np.mean((logits - labels) ** 2), logits


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
    print("of an object that holds z:", gs.grad(Net(z).construct, wrt=("x", "self.z"))(x, y))
    print("value and gradient:", gs.value_and_grad(product, wrt=(0, 1))(x, y, z))
    random = np.random.default_rng(0)
    w, inputs = (random.normal(size=n).astype(np.float32) for n in ((10, 1), (16, 10)))
    layer, labels = Dense(w, np.zeros(1, np.float32)), np.ones((16, 1), np.float32)
    gradient, aux = gs.grad(forward, wrt="inputs", has_aux=True)(layer, inputs, labels)
    print(f"a layer's gradient of shape {gradient.shape}, with its output of shape {aux.shape}")
    print("x y + stop_gradient(x y), for x:", half_stopped.grad(3.0, 5.0))
    print("x stop_gradient(x), twice:", square_stopped.grad(3.0))
    print("sin, twice, at pi:", sine.grad(3.1415926))
    print("(sin, cos), twice, at pi:", sine_and_cosine.grad(3.1415926))
    print("two outputs, both inputs, twice:", waves.grad(3.1415926, 3.1415926))
    print()
    print(sine_and_cosine.grad.source)


if __name__ == "__main__":
    main()
