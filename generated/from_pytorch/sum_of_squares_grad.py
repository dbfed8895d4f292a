# Written by gradscribe 0.1.0 from examples/from_pytorch.py:sum_of_squares
# Derivative  gradient with respect to x; order 1, mode auto
# Arguments   x: float64[x0, x1]
# Sources     sha256 f76779fd4d65; rules 375869fbed45
# Rules       from_pytorch.square: @partial of 'x' (square_x)
# Regenerate  gradscribe write examples/from_pytorch.py:sum_of_squares --order 1 -o generated/from_pytorch
def sum_of_squares_grad(x):
    """Gradient of sum_of_squares with respect to x."""
    if x.ndim != 2:
        raise ValueError("expected x[x0, x1]")
    return 2 * x
