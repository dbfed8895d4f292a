"""Rules: attributes of arrays."""

from __future__ import annotations

import numpy as np

from gradscribe.ir.facts.methods import (
    attribute_dtype,
    attribute_imag,
    attribute_mT,
    attribute_ndim,
    attribute_real,
    attribute_shape,
    attribute_size,
    attribute_T,
)
from gradscribe.rules.declare import constant, linear

# Arrays are real here, so their imaginary part is zero whatever they are.
constant(attribute_shape, attribute_size, attribute_ndim, attribute_dtype, attribute_imag)


@linear(attribute_T, "x")
def transposed(x, *, y_bar):
    if np.ndim(x) == 0:
        return y_bar
    return y_bar.T


@linear(attribute_mT, "x")
def matrices_transposed(x, *, y_bar):
    return np.swapaxes(y_bar, -1, -2)


@linear(attribute_real, "x")
def real(x, *, y_bar):
    return y_bar
