"""Rules: the math module. The text stays in it: ``math.cos``, not ``np.cos``."""

from __future__ import annotations

import math

import numpy as np

from gradscribe.ir.helpers import fill_like
from gradscribe.ir.special import polygamma, products_of_others
from gradscribe.ir.transposes import unstack
from gradscribe.rules.arithmetic import safe_base
from gradscribe.rules.declare import adjoint, constant, constant_in, linear, partial, tangent

# ---------------------------------------------------------------------------- powers and roots


@partial(math.pow, "x1", safe=safe_base)
def pow_1(x1, x2):
    """0 where the exponent is 0, also at ``x1 == 0``."""
    return x2 * math.pow(x1, x2 - 1 if x2 != 0 else 1)


@partial(math.pow, "x2")
def pow_2(x1, x2, *, y):
    """0 where the base is 0: the limit for positive exponents."""
    return y * math.log(x1) if x1 != 0 else 0.0


@partial(math.sqrt, safe=1.0)
def sqrt(x, *, y):
    return 0.5 / y


@partial(math.cbrt, safe=1.0)
def cbrt(x, *, y):
    return 1 / (3 * y**2)


# hypot is given the derivative 0 at the origin, where it has none: the subgradient of least norm.


@partial(math.hypot, "x1")
def hypot_1(x1, *, y):
    return x1 / y if y != 0 else 0.0


@partial(math.hypot, "x2")
def hypot_2(x2, *, y):
    return x2 / y if y != 0 else 0.0


@partial(math.hypot, "x3")
def hypot_3(x3, *, y):
    return x3 / y if y != 0 else 0.0


@partial(math.hypot, "x4")
def hypot_4(x4, *, y):
    return x4 / y if y != 0 else 0.0


@partial(math.fabs)
def fabs(x):
    """0 at 0."""
    return math.copysign(1, x) if x != 0 else 0.0


# ------------------------------------------------------------------------- exponentials, logarithms


@partial(math.exp)
def exp(x, *, y):
    return y


@partial(math.exp2)
def exp2(x, *, y):
    return y * math.log(2)


@partial(math.expm1)
def expm1(x, *, y):
    return y + 1


@partial(math.log, "x")
def log(x, base=None):
    if base is None:
        return 1 / x
    return 1 / (x * math.log(base))


@partial(math.log, "base")
def log_base(x, base=None, *, y):
    return -y / (base * math.log(base))


@partial(math.log2)
def log2(x):
    return 1 / (x * math.log(2))


@partial(math.log10)
def log10(x):
    return 1 / (x * math.log(10))


@partial(math.log1p)
def log1p(x):
    return 1 / (1 + x)


# ---------------------------------------------------------------------------- trigonometry


@partial(math.sin)
def sin(x):
    return math.cos(x)


@partial(math.cos)
def cos(x):
    return -math.sin(x)


@partial(math.tan)
def tan(x, *, y):
    return 1 + y**2


@partial(math.asin, safe=0.0)
def asin(x):
    return 1 / math.sqrt(1 - x**2)


@partial(math.acos, safe=0.0)
def acos(x):
    return -1 / math.sqrt(1 - x**2)


@partial(math.atan)
def atan(x):
    return 1 / (1 + x**2)


@partial(math.atan2, "x1", safe=1.0)
def atan2_1(x1, x2):
    return x2 / (x1**2 + x2**2)


@partial(math.atan2, "x2", safe=1.0)
def atan2_2(x1, x2):
    return -x1 / (x1**2 + x2**2)


@partial(math.radians)
def radians(x):
    return math.pi / 180


@partial(math.degrees)
def degrees(x):
    return 180 / math.pi


@partial(math.sinh)
def sinh(x):
    return math.cosh(x)


@partial(math.cosh)
def cosh(x):
    return math.sinh(x)


@partial(math.tanh)
def tanh(x, *, y):
    return 1 - y**2


@partial(math.asinh)
def asinh(x):
    return 1 / math.sqrt(1 + x**2)


@partial(math.acosh, safe=2.0)
def acosh(x):
    return 1 / math.sqrt(x**2 - 1)


@partial(math.atanh)
def atanh(x):
    return 1 / (1 - x**2)


# ---------------------------------------------------------------------------- special functions


@partial(math.erf)
def erf(x):
    """Abramowitz & Stegun 7.1.19."""
    return 2 / math.sqrt(math.pi) * math.exp(-(x**2))


@partial(math.erfc)
def erfc(x):
    return -2 / math.sqrt(math.pi) * math.exp(-(x**2))


@partial(math.gamma)
def gamma(x, *, y):
    """Abramowitz & Stegun 6.3.1."""
    return y * polygamma(0, x)


@partial(math.lgamma)
def lgamma(x):
    return polygamma(0, x)


@partial(polygamma, "x")
def polygamma_x(n, x):
    """Abramowitz & Stegun 6.4.1."""
    return polygamma(n + 1, x)


# ---------------------------------------------------------------------------- parts of numbers


@partial(math.fmod, "x1")
def fmod_1(x1, x2):
    return 1


@partial(math.fmod, "x2")
def fmod_2(x1, x2, *, y):
    """The truncated quotient; ``trunc(x1 / x2)`` may be off by one where the quotient rounds."""
    return -round((x1 - y) / x2)


@partial(math.remainder, "x1")
def remainder_1(x1, x2):
    return 1


@partial(math.remainder, "x2")
def remainder_2(x1, x2, *, y):
    return -round((x1 - y) / x2)


@partial(math.copysign, "x1")
def copysign_1(x1, x2):
    return math.copysign(1, x1) * math.copysign(1, x2) if x1 != 0 else 0.0


constant_in(math.copysign, "x2")


@linear(math.ldexp, "x1")
def ldexp(x1, x2, *, y_bar):
    return math.ldexp(y_bar, x2)


@tangent(math.frexp, "x")
def frexp_tangent(x, *, y, x_dot):
    return math.ldexp(x_dot, -y[1]), 0


@adjoint(math.frexp, "x")
def frexp_adjoint(x, *, y, y_bar):
    return math.ldexp(y_bar[0], -y[1])


@tangent(math.modf, "x")
def modf_tangent(x, *, x_dot):
    return x_dot, 0.0


@adjoint(math.modf, "x")
def modf_adjoint(x, *, y_bar):
    return y_bar[0]


# ---------------------------------------------------------------------------- sequences


@linear(math.fsum, "seq")
def fsum(seq, *, y_bar):
    if isinstance(seq, list):
        return [y_bar] * len(seq)
    if isinstance(seq, tuple):
        return (y_bar,) * len(seq)
    return fill_like(y_bar, seq)


@tangent(math.prod, "iterable")
def prod_tangent(iterable, start=1, *, iterable_dot):
    xs = np.asarray(iterable)
    others = start * products_of_others(xs)
    return np.dot(others, np.asarray(iterable_dot))


@adjoint(math.prod, "iterable")
def prod_adjoint(iterable, start=1, *, y_bar):
    xs = np.asarray(iterable)
    return unstack(y_bar * start * products_of_others(xs), iterable)


@partial(math.prod, "start")
def prod_start(iterable, start=1):
    return math.prod(iterable)


@tangent(math.dist, "p")
def dist_p_tangent(p, q, *, y, p_dot):
    """0 where the points coincide: the subgradient of least norm."""
    slopes = (np.asarray(p) - np.asarray(q)) / (y if y != 0 else 1)
    return np.dot(slopes, np.asarray(p_dot))


@adjoint(math.dist, "p")
def dist_p_adjoint(p, q, *, y, y_bar):
    return unstack(y_bar * (np.asarray(p) - np.asarray(q)) / (y if y != 0 else 1), p)


@tangent(math.dist, "q")
def dist_q_tangent(p, q, *, y, q_dot):
    slopes = (np.asarray(q) - np.asarray(p)) / (y if y != 0 else 1)
    return np.dot(slopes, np.asarray(q_dot))


@adjoint(math.dist, "q")
def dist_q_adjoint(p, q, *, y, y_bar):
    return unstack(y_bar * (np.asarray(q) - np.asarray(p)) / (y if y != 0 else 1), q)


constant(
    math.floor, math.ceil, math.trunc, math.isqrt, math.factorial, math.comb, math.perm, math.gcd,
    math.lcm, math.ulp, math.isnan, math.isinf, math.isfinite, math.isclose,
)  # fmt: skip
