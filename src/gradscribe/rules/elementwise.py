"""Rules: NumPy's functions of one entry at a time.

Formulas are those of Abramowitz & Stegun, chapters 4 (elementary functions) and 6, unless another
source is named. Constants such as
``math.log(2)`` are Python floats on purpose: they keep float32.
"""

from __future__ import annotations

import math

import numpy as np

from gradscribe.ir.helpers import is_slow_inverse
from gradscribe.ir.special import sinc_derivative
from gradscribe.rules.arithmetic import safe_base
from gradscribe.rules.declare import adjoint, constant, constant_in, linear, partial, tangent

# ---------------------------------------------------------------------------- arithmetic


@partial(np.add, "x1")
def add_1(x1, x2):
    return 1


@partial(np.add, "x2")
def add_2(x1, x2):
    return 1


@partial(np.subtract, "x1")
def subtract_1(x1, x2):
    return 1


@partial(np.subtract, "x2")
def subtract_2(x1, x2):
    return -1


@partial(np.multiply, "x1")
def multiply_1(x1, x2):
    return x2


@partial(np.multiply, "x2")
def multiply_2(x1, x2):
    return x1


@partial(np.divide, "x1")
def divide_1(x1, x2):
    return 1 / x2


@partial(np.divide, "x2", pole=1)
def divide_2(x1, x2, *, y):
    return -y / x2


@partial(np.remainder, "x1")
def remainder_1(x1, x2):
    return 1


@partial(np.remainder, "x2", pole=1)
def remainder_2(x1, x2):
    """``x1 % x2`` is ``x1 - (x1 // x2) * x2``, also where the quotient rounds."""
    return -(x1 // x2)


@partial(np.fmod, "x1")
def fmod_1(x1, x2):
    return 1


@partial(np.fmod, "x2", pole=1)
def fmod_2(x1, x2, *, y):
    """The truncated quotient; ``trunc(x1 / x2)`` may be off by one where the quotient rounds."""
    return -np.rint((x1 - y) / x2)


@partial(np.positive)
def positive(x):
    return 1


@partial(np.negative)
def negative(x):
    return -1


@partial(np.conjugate)
def conjugate(x):
    """The identity on the reals."""
    return 1


@partial(np.square)
def square(x):
    return 2 * x


@partial(np.reciprocal, pole=1)
def reciprocal(x, *, y):
    return -(y**2)


@partial(np.absolute)
def absolute(x):
    """0 at 0."""
    return np.sign(x)


@partial(np.fabs)
def fabs(x):
    return np.sign(x)


# ---------------------------------------------------------------------------- powers and roots


@partial(np.power, "x1", safe=safe_base, pole=1)
def power_1(x1, x2, *, y):
    """0 where the exponent is 0, also at ``x1 == 0``."""
    if is_slow_inverse(x1, x2):
        return x2 * y / x1
    if np.ndim(x2) == 0:
        return x2 * x1 ** (x2 - 1 if x2 != 0 else 1)
    return x2 * x1 ** np.where(x2 == 0, 1, x2 - 1)


@partial(np.power, "x2")
def power_2(x1, x2, *, y):
    """0 where the base is 0 (the limit for positive exponents), NaN where it is negative."""
    return y * np.log(np.where(x1 == 0, 1, x1))


@partial(np.float_power, "x1", safe=safe_base)
def float_power_1(x1, x2):
    if np.ndim(x2) == 0:
        return x2 * np.float_power(x1, x2 - 1 if x2 != 0 else 1)
    return x2 * np.float_power(x1, np.where(x2 == 0, 1, x2 - 1))


@partial(np.float_power, "x2")
def float_power_2(x1, x2, *, y):
    return y * np.log(np.where(x1 == 0, 1, x1))


@partial(np.sqrt, safe=1)
def sqrt(x, *, y):
    """Infinite at 0."""
    return 0.5 / y


@partial(np.cbrt, safe=1)
def cbrt(x, *, y):
    """Infinite at 0."""
    return 1 / (3 * y**2)


@partial(np.hypot, "x1")
def hypot_1(x1, x2, *, y):
    """0 at the origin, where there is no derivative: the subgradient of least norm."""
    return x1 / np.where(y == 0, 1, y)


@partial(np.hypot, "x2")
def hypot_2(x1, x2, *, y):
    return x2 / np.where(y == 0, 1, y)


# ------------------------------------------------------------------------- exponentials, logarithms


@partial(np.exp)
def exp(x, *, y):
    return y


@partial(np.exp2)
def exp2(x, *, y):
    return y * math.log(2)


@partial(np.expm1)
def expm1(x, *, y):
    return y + 1


@partial(np.log, pole=1)
def log(x):
    return 1 / x


@partial(np.log2, pole=1)
def log2(x):
    return 1 / (x * math.log(2))


@partial(np.log10, pole=1)
def log10(x):
    return 1 / (x * math.log(10))


@partial(np.log1p, pole=1)
def log1p(x):
    return 1 / (1 + x)


@partial(np.logaddexp, "x1")
def logaddexp_1(x1, x2, *, y):
    return np.exp(x1 - y)


@partial(np.logaddexp, "x2")
def logaddexp_2(x1, x2, *, y):
    return np.exp(x2 - y)


@partial(np.logaddexp2, "x1")
def logaddexp2_1(x1, x2, *, y):
    return np.exp2(x1 - y)


@partial(np.logaddexp2, "x2")
def logaddexp2_2(x1, x2, *, y):
    return np.exp2(x2 - y)


# ---------------------------------------------------------------------------- trigonometry


@partial(np.sin)
def sin(x):
    return np.cos(x)


@partial(np.cos)
def cos(x):
    return -np.sin(x)


@partial(np.tan)
def tan(x, *, y):
    return 1 + y**2


@partial(np.arcsin, safe=0)
def arcsin(x):
    return 1 / np.sqrt(1 - x**2)


@partial(np.arccos, safe=0)
def arccos(x):
    return -1 / np.sqrt(1 - x**2)


@partial(np.arctan)
def arctan(x):
    return 1 / (1 + x**2)


@partial(np.arctan2, "x1", safe=1)
def arctan2_1(x1, x2):
    return x2 / (x1**2 + x2**2)


@partial(np.arctan2, "x2", safe=1)
def arctan2_2(x1, x2):
    return -x1 / (x1**2 + x2**2)


for _function in (np.deg2rad, np.radians):

    @partial(_function)
    def deg2rad(x):
        return math.pi / 180


for _inverse in (np.rad2deg, np.degrees):

    @partial(_inverse)
    def rad2deg(x):
        return 180 / math.pi


@partial(np.unwrap)
def unwrap(x):
    """A multiple of a whole turn is added."""
    return 1


@partial(np.sinc)
def sinc(x):
    return sinc_derivative(1, x)


@partial(sinc_derivative, "x")
def sinc_derivative_x(n, x):
    return sinc_derivative(n + 1, x)


@partial(np.sinh)
def sinh(x):
    return np.cosh(x)


@partial(np.cosh)
def cosh(x):
    return np.sinh(x)


@partial(np.tanh)
def tanh(x, *, y):
    return 1 - y**2


@partial(np.arcsinh)
def arcsinh(x):
    return 1 / np.sqrt(1 + x**2)


@partial(np.arccosh, safe=2)
def arccosh(x):
    return 1 / np.sqrt(x**2 - 1)


@partial(np.arctanh, pole=0)
def arctanh(x):
    return 1 / (1 - x**2)


# ---------------------------------------------------------------------------- parts of numbers


@partial(np.copysign, "x1")
def copysign_1(x1, x2):
    return np.sign(x1) * np.copysign(1, x2)


constant_in(np.copysign, "x2")


@linear(np.ldexp, "x1")
def ldexp(x1, x2, *, y_bar):
    return np.ldexp(y_bar, x2)


@tangent(np.frexp, "x")
def frexp_tangent(x, *, y, x_dot):
    return np.ldexp(x_dot, -y[1]), 0


@adjoint(np.frexp, "x")
def frexp_adjoint(x, *, y, y_bar):
    return np.ldexp(y_bar[0], -y[1])


@tangent(np.modf, "x")
def modf_tangent(x, *, x_dot):
    return x_dot, np.zeros_like(x_dot)


@adjoint(np.modf, "x")
def modf_adjoint(x, *, y_bar):
    return y_bar[0]


@tangent(np.divmod, "x1")
def divmod_1_tangent(x1, x2, *, y, x1_dot):
    return np.zeros_like(y[0]), x1_dot


@adjoint(np.divmod, "x1")
def divmod_1_adjoint(x1, x2, *, y_bar):
    return y_bar[1]


@tangent(np.divmod, "x2")
def divmod_2_tangent(x1, x2, *, y, x2_dot):
    return np.zeros_like(y[0]), -y[0] * x2_dot


@adjoint(np.divmod, "x2")
def divmod_2_adjoint(x1, x2, *, y, y_bar):
    return -y[0] * y_bar[1]


# ---------------------------------------------------------------------------- conversions


for _kind in (np.float16, np.float32, np.float64):

    @partial(_kind)
    def as_float(x):
        return 1


constant(
    np.sign, np.rint, np.floor, np.ceil, np.trunc, np.fix, np.round, np.around, np.heaviside,
    np.floor_divide, np.spacing, np.signbit, np.gcd, np.lcm,
    np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.isreal, np.iscomplex,
    np.isscalar, np.isrealobj, np.iscomplexobj, np.isclose, np.allclose,
    np.array_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.invert,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift,
    np.bool_, np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64,
)  # fmt: skip
