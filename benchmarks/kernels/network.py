"""Two layers and the cross entropy of a classification."""

import numpy as np

WRT = ("w1", "b1", "w2", "b2")


def relu(x):
    return np.maximum(x, 0)


def log_softmax(z):
    z = z - np.max(z, axis=1, keepdims=True)
    return z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))


def primal(w1, b1, w2, b2, x, labels):
    hidden = relu(x @ w1 + b1)
    scores = log_softmax(hidden @ w2 + b2)
    return -np.mean(np.sum(labels * scores, axis=1))


def by_hand(w1, b1, w2, b2, x, labels):
    z = x @ w1 + b1
    hidden = np.maximum(z, 0)
    scores = hidden @ w2 + b2
    scores -= np.max(scores, axis=1, keepdims=True)
    p = np.exp(scores)
    p /= np.sum(p, axis=1, keepdims=True)
    scores_bar = (p * np.sum(labels, axis=1, keepdims=True) - labels) / len(x)
    w2_bar = hidden.T @ scores_bar
    b2_bar = np.sum(scores_bar, axis=0)
    hidden_bar = (scores_bar @ w2.T) * (z > 0)
    return x.T @ hidden_bar, np.sum(hidden_bar, axis=0), w2_bar, b2_bar


def arguments(scale):
    generator = np.random.default_rng(0)
    rows, n, m, classes = (200, 50, 40, 10) if scale else (5, 4, 3, 3)
    labels = np.eye(classes)[generator.integers(0, classes, rows)]
    return (
        generator.normal(size=(n, m)),
        generator.normal(size=m),
        generator.normal(size=(m, classes)),
        generator.normal(size=classes),
        generator.normal(size=(rows, n)),
        labels,
    )
