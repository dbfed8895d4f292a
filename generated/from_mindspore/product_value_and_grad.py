# Written by gradscribe 0.1.0 from examples/from_mindspore.py:product
# Derivative  value and gradient with respect to x and y; order 1, mode auto
# Arguments   x: float32[1], y: float32[1], z: float32[1]
# Sources     sha256 03412435e322; rules 7056d6d18650
# Regenerate  gradscribe write examples/from_mindspore.py:product --value -o generated/from_mindspore
def product_value_and_grad(x, y, z):
    """Value and gradient of product with respect to x and y."""
    if x.shape != (1,) or y.shape != (1,) or z.shape != (1,):
        raise ValueError("expected x[1], y[1], z[1]")
    t = x * x
    x_bar = 2 * z * y * x
    y_bar = z * t
    return t * y * z, (x_bar, y_bar)
