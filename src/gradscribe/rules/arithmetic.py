"""Rules: Python's arithmetic. d(a + b) = da + db, d(ab) = a db + b da, d(a/b) = (da - y db) / b."""

from __future__ import annotations

import math
import operator

import numpy as np

from gradscribe.ir.helpers import is_one, is_slow_inverse
from gradscribe.rules.declare import TABLE, constant, partial


@partial(operator.add, "a")
def add_a(a, b):
    return 1


@partial(operator.add, "b")
def add_b(a, b):
    return 1


@partial(operator.sub, "a")
def sub_a(a, b):
    return 1


@partial(operator.sub, "b")
def sub_b(a, b):
    return -1


@partial(operator.mul, "a")
def mul_a(a, b):
    return b


@partial(operator.mul, "b")
def mul_b(a, b):
    return a


@partial(operator.truediv, "a")
def truediv_a(a, b):
    return 1 / b


@partial(operator.truediv, "b")
def truediv_b(a, b, *, y):
    if is_one(a):
        return -(y**2)
    return -y / b


@partial(operator.neg)
def neg(a):
    return -1


@partial(operator.pos)
def pos(a):
    return 1


@partial(operator.mod, "a")
def mod_a(a, b):
    return 1


@partial(operator.mod, "b")
def mod_b(a, b):
    """``a % b`` is ``a - (a // b) * b``, also where the quotient rounds."""
    return -(a // b)


def safe_base(exponent):
    """A power has a pole of its own for exponents between 0 and 1 only."""
    return None if exponent is not None and not 0 < exponent < 1 else 1


@partial(operator.pow, "a", safe=safe_base)
def pow_a(a, b, *, y):
    """0 where the exponent is 0, also at ``a == 0``."""
    if is_slow_inverse(a, b):
        return b * y / a
    if np.ndim(b) == 0:
        return b * a ** (b - 1 if b != 0 else 1)
    return b * a ** np.where(b == 0, 1, b - 1)


@partial(operator.pow, "b")
def pow_b(a, b, *, y):
    """0 where the base is 0 (the limit for positive exponents); none where it is negative."""
    if isinstance(y, float) and not isinstance(y, np.generic):
        return y * math.log(a) if a != 0 else 0.0
    return y * np.log(np.where(a == 0, 1, a))


@partial(pow, "base", safe=safe_base)
def builtin_pow_base(base, exp, mod=None, *, y):
    return pow_a(base, exp, y=y)


@partial(pow, "exp")
def builtin_pow_exp(base, exp, mod=None, *, y):
    return pow_b(base, exp, y=y)


constant(
    operator.floordiv, operator.and_, operator.or_, operator.xor, operator.invert, operator.lshift,
    operator.rshift, operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
    operator.is_, operator.is_not, operator.not_, operator.contains,
)  # fmt: skip

# ``x += a`` differs from ``x + a`` in where its result is kept, which is no matter of calculus.
for _in_place, _plain in (
    (operator.iadd, operator.add), (operator.isub, operator.sub), (operator.imul, operator.mul),
    (operator.itruediv, operator.truediv), (operator.ipow, operator.pow),
    (operator.imod, operator.mod), (operator.ifloordiv, operator.floordiv),
    (operator.iand, operator.and_), (operator.ior, operator.or_), (operator.ixor, operator.xor),
):  # fmt: skip
    TABLE[_in_place] = TABLE[_plain]
