# Written by gradscribe 0.1.0 from examples/from_mindspore.py:forward
# Derivative  gradient with its auxiliary part with respect to inputs; order 1, mode auto
# Arguments   layer: Dense(w: float32[layer_w0, 1], b: float32[1]), inputs: float32[inputs0, inputs1], labels: float32[inputs0, 1]
# Sources     sha256 ba1ab3fb7f23; rules 4557908765b5
# Regenerate  gradscribe write examples/from_mindspore.py:forward -o generated/from_mindspore
def forward_grad(layer, inputs, labels):
    """Gradient of forward with respect to inputs, and its auxiliary part."""
    if (
        layer.w.ndim != 2
        or layer.w.shape[1] != 1
        or layer.b.shape != (1,)
        or inputs.ndim != 2
        or labels.ndim != 2
        or labels.shape[0] != inputs.shape[0]
        or labels.shape[1] != 1
    ):
        raise ValueError("an argument is not of the kind that this was written for")
    w = layer.w
    logits = inputs @ w + layer.b

    # return x @ self.w + self.b
    inputs_bar = 2 / logits.size * (logits - labels) @ w.T
    return inputs_bar, logits
