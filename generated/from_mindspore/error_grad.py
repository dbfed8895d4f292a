# Written by gradscribe 0.1.0 from examples/from_mindspore.py:Trainable.error
# Derivative  gradient with respect to self.layer.w and self.layer.b; order 1, mode auto
# Arguments   self: Trainable(layer: Dense(w: float64[self_layer_w0, 1], b: float64[1])), inputs: float64[inputs0, inputs1], labels: float64[inputs0, 1]
# Sources     sha256 ced5243577dc; rules e9763d32c8ef
# Regenerate  gradscribe write examples/from_mindspore.py:Trainable.error -o generated/from_mindspore
import numpy as np


def error_grad(self, inputs, labels):
    """Gradient of error with respect to self.layer.w and self.layer.b."""
    if (
        self.layer.w.ndim != 2
        or self.layer.w.shape[1] != 1
        or self.layer.b.shape != (1,)
        or inputs.ndim != 2
        or labels.ndim != 2
        or labels.shape[0] != inputs.shape[0]
        or labels.shape[1] != 1
    ):
        raise ValueError("an argument is not of the kind that this was written for")
    layer = self.layer
    t = inputs @ layer.w

    # return np.mean((self.layer(inputs) - labels) ** 2)
    d_bar = 2 / t.size * (t + layer.b - labels)

    # return x @ self.w + self.b
    w_bar = inputs.T @ d_bar
    b_bar = np.sum(d_bar, axis=0)
    return w_bar, b_bar
