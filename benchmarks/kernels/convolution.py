"""A convolution with a small kernel, as shifted slices."""

import numpy as np

WRT = ("image", "kernel")


def primal(image, kernel):
    k = kernel.shape[0]
    n, m = image.shape[0] - k + 1, image.shape[1] - k + 1
    out = np.zeros((n, m))
    for i in range(k):
        for j in range(k):
            out += kernel[i, j] * image[i : i + n, j : j + m]
    return np.sum(np.tanh(out))


def by_hand(image, kernel):
    k = kernel.shape[0]
    n, m = image.shape[0] - k + 1, image.shape[1] - k + 1
    out = np.zeros((n, m))
    for i in range(k):
        for j in range(k):
            out += kernel[i, j] * image[i : i + n, j : j + m]

    out_bar = 1 - np.tanh(out) ** 2
    image_bar = np.zeros_like(image)
    kernel_bar = np.zeros_like(kernel)
    for i in range(k):
        for j in range(k):
            kernel_bar[i, j] = np.sum(out_bar * image[i : i + n, j : j + m])
            image_bar[i : i + n, j : j + m] += kernel[i, j] * out_bar
    return image_bar, kernel_bar


def arguments(scale):
    generator = np.random.default_rng(0)
    n, k = (120, 5) if scale else (7, 3)
    return generator.normal(size=(n, n)), 0.1 * generator.normal(size=(k, k))
