# Written by gradscribe 0.1.0 from examples/from_mindspore.py:product
# Derivative  gradient with respect to x and y; order 1, mode auto
# Arguments   x: float32[1], y: float32[1], z: float32[1]
# Sources     sha256 b1526a76f054; rules 7056d6d18650
# Regenerate  gradscribe write examples/from_mindspore.py:product -o generated/from_mindspore
def product_grad(x, y, z):
    """Gradient of product with respect to x and y."""
    if x.shape != (1,) or y.shape != (1,) or z.shape != (1,):
        raise ValueError("expected x[1], y[1], z[1]")
    x_bar = 2 * z * y * x
    y_bar = z * x**2
    return x_bar, y_bar
