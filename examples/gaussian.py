"""The density of a normal distribution, for the floats of the math module."""

import math

import gradscribe as gs


@gs.differentiate(wrt=("x", "mu", "sigma"), order=2)
def density(x, mu, sigma):
    """The density at x of the normal distribution of mean mu and standard deviation sigma.

    >>> round(density(1.0, 0.5, 2.0), 6)
    0.193334
    >>> [round(bar, 6) for bar in gs.grad(density, ("x", "mu", "sigma"))(1.0, 0.5, 2.0)]
    [-0.024167, 0.024167, -0.090625]
    """
    z = (x - mu) / sigma
    return math.exp(-0.5 * z**2) / (sigma * math.sqrt(2 * math.pi))


def main() -> None:
    gradient = gs.grad(density, ("x", "mu", "sigma"))
    print(f"density(1, 0.5, 2) = {density(1.0, 0.5, 2.0):.6f}")
    print(f"its gradient = {gradient(1.0, 0.5, 2.0)}\n")
    print(gradient.source)
    print(gs.grad(gs.grad(density, "x"), "x").source_for(1.0, 0.5, 2.0))


if __name__ == "__main__":
    main()
