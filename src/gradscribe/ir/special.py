"""Functions that derivatives call and that neither NumPy nor the math module has.

As with ``gradscribe.ir.helpers``, the function's own source is copied into an emitted file that
calls it: each stands alone.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def polygamma(n: Any, x: Any) -> Any:
    """Derivative n of digamma, which is that of ``math.lgamma`` (Abramowitz & Stegun 6.3, 6.4)."""
    if x <= 0:  # reflection, 6.4.7; powers[k] multiplies cot(pi * x)**k
        cot = 1 / math.tan(math.pi * math.fmod(x, 1))
        powers = [0, 1]
        for _ in range(n):
            slopes = [k * c for k, c in enumerate(powers)][1:]
            powers = [-a - b for a, b in zip([*slopes, 0, 0], [0, 0, *slopes], strict=True)]
        rest = math.pi ** (n + 1) * sum(c * cot**k for k, c in enumerate(powers))
        return (-1) ** n * polygamma(n, 1 - x) - rest
    total = 0.0
    while x < 16 + n:  # recurrence, 6.4.6
        total += math.factorial(n) / x ** (n + 1)
        x += 1
    # asymptotic series, 6.4.11, with the Bernoulli numbers B2, B4, ...
    tail = 1 / (2 * x)
    tail += -math.log(x) if n == 0 else 1 / n
    bernoulli = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
    for k, b in enumerate(bernoulli, start=1):
        tail += b * math.comb(2 * k + n, n) / (2 * k + n) / x ** (2 * k)
    return (-1) ** (n + 1) * (total + math.factorial(n) * tail / x**n)


def sinc_derivative(n: Any, x: Any) -> Any:
    """Derivative n of ``np.sinc``: near 0 by its series, elsewhere by parts, lower n first."""
    z = np.pi * np.asarray(x)
    far = np.abs(z) > n + 2
    large, small = np.where(far, z, 1), np.where(far, 0, z)
    by_parts = np.sin(large) / large
    for k in range(1, n + 1):
        by_parts = (np.sin(large + k * np.pi / 2) - k * by_parts) / large
    series = 0 * small
    for k in range((n + 1) // 2, n + 20):
        power = 2 * k - n
        series += (-1) ** k / (math.factorial(power) * (2 * k + 1)) * small**power
    return np.pi**n * np.where(far, by_parts, series)


# ------------------------------------------------------------------------- products and recurrences
# Exact where entries are zero, unlike a quotient of the whole product.


def products_of_others(
    x: Any, axis: Any = None, u: Any = None, v: Any = None, w: Any = None
) -> Any:
    """At each entry the product of all others along axis, or its derivative along u, v and w.

    Directions are followed by nilpotent matrices: the corner of a product of factors
    ``[[x, u], [0, x]]`` is the derivative of the product of x along u.
    """
    x = np.asarray(x)
    directions = [d for d in (u, v, w) if d is not None]
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    kept = x.ndim - len(axes)
    last = tuple(range(kept, x.ndim))
    shape = np.moveaxis(x, axes, last).shape
    rows = (*shape[:kept], int(np.prod(shape[kept:])))
    factors = np.moveaxis(x, axes, last).reshape(rows)[..., None, None]
    for d in directions:
        steps = np.moveaxis(np.broadcast_to(d, x.shape), axes, last).reshape(rows)
        corner = steps[..., None, None] * np.eye(factors.shape[-1], dtype=x.dtype)
        factors = np.block([[factors, corner], [np.zeros_like(corner), factors]])
    one = np.zeros_like(factors) + np.eye(factors.shape[-1], dtype=factors.dtype)
    before, after = one.copy(), one.copy()
    if directions:
        for i in range(1, rows[-1]):
            before[..., i, :, :] = before[..., i - 1, :, :] @ factors[..., i - 1, :, :]
            after[..., -1 - i, :, :] = after[..., -i, :, :] @ factors[..., -i, :, :]
    else:
        before[..., 1:, :, :] = np.cumprod(factors[..., :-1, :, :], axis=-3)
        after[..., :-1, :, :] = np.cumprod(factors[..., :0:-1, :, :], axis=-3)[..., ::-1, :, :]
    others = (before @ after)[..., 0, -1] if directions else (before * after)[..., 0, 0]
    return np.moveaxis(others.reshape(shape), last, axes)[()]


def shift(x: Any, by: Any, axis: Any, fill: Any = 0) -> Any:
    """x moved one place along axis, forward for ``by`` 1 and back for -1; ``fill`` moves in."""
    result = np.roll(x, by, axis)
    if np.size(x):
        np.moveaxis(result, axis, 0)[0 if by == 1 else -1] = fill
    return result


def recurrence(a: Any, b: Any, axis: Any) -> Any:
    """The y with ``y[i] = a[i] * y[i - 1] + b[i]`` along axis, from zero."""
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    y = np.array(b, np.result_type(a, b))
    for i in range(1, len(y)):
        y[i] += a[i] * y[i - 1]
    return np.moveaxis(y, 0, axis)


def recurrence_back(a: Any, b: Any, axis: Any) -> Any:
    """The y with ``y[i] = a[i + 1] * y[i + 1] + b[i]`` along axis: the transpose of recurrence."""
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    y = np.array(b, np.result_type(a, b))
    for i in range(len(y) - 2, -1, -1):
        y[i] += a[i + 1] * y[i + 1]
    return np.moveaxis(y, 0, axis)


# ------------------------------------------------------------------------- checkpoints


def segments(steps: Any, snapshots: Any) -> Any:
    """All steps but the last in parts, each with how many snapshots may be held within it.

    A snapshot is taken where a part begins. So each step is run as seldom as that many snapshots
    allow (Griewank & Walther, 2000): with s of them, comb(s + r, s) steps at most r times more.
    """
    parts = []
    while len(steps) > 1:
        if snapshots is None:
            snapshots = math.isqrt(len(steps))
        n, s, r = len(steps), max(snapshots, 1), 1
        while math.comb(s + r, s) < n:
            r += 1
        size = min(math.comb(s + r - 1, s), n - math.comb(s + r - 2, s - 1))
        parts.append((steps[:size], s))
        steps, snapshots = steps[size:], s - 1
    return parts


def snapshots_in(memory: Any, *state: Any) -> Any:
    """How many copies of a loop's state there is room for in so many bytes; for one at least."""
    size, rest = 0, list(state)
    while rest:
        x = rest.pop()
        if isinstance(x, (list, tuple)):
            rest.extend(x)
        elif isinstance(x, dict):
            rest.extend(x.values())
        elif hasattr(x, "__dict__") and not hasattr(x, "nbytes"):
            rest.extend(vars(x).values())
        else:
            size += getattr(x, "nbytes", 8)
    return max(int(memory // max(size, 1)), 1)
