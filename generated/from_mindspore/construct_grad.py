# Written by gradscribe 0.1.0 from examples/from_mindspore.py:Net.construct
# Derivative  gradient with respect to self.z; order 1, mode auto
# Arguments   self: Net(z: float32[1]), x: float32[1], y: float32[1]
# Sources     sha256 f4d5428544cd; rules 18bc1a3218e6
# Regenerate  gradscribe write examples/from_mindspore.py:Net.construct -o generated/from_mindspore
def construct_grad(self, x, y):
    """Gradient of construct with respect to self.z."""
    if self.z.shape != (1,) or x.shape != (1,) or y.shape != (1,):
        raise ValueError("expected self: Net(z: float32[1]), x[1], y[1]")
    return x**2 * y
