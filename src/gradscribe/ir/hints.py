"""The published table of names for values that the user did not name.

A value is called after what made it; its adjoint is that name with ``_bar``. Names that repeat
while both are needed get a number.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from gradscribe.ir.core import Operand, Value
from gradscribe.ir.types import is_scalar

DEFAULT = "t"

HINTS: dict[Any, str] = {
    operator.sub: "d",
    operator.truediv: "q",
    operator.pow: "p",
    operator.lt: "test", operator.le: "test", operator.gt: "test", operator.ge: "test",
    operator.eq: "test", operator.ne: "test", operator.not_: "test", operator.contains: "found",
    np.exp: "e", math.exp: "e", np.log: "ln", math.log: "ln",
    np.sin: "s", math.sin: "s", np.cos: "c", math.cos: "c", np.tanh: "h", math.tanh: "h",
    np.sqrt: "r", math.sqrt: "r", np.abs: "m", abs: "m",
    np.sum: "s", np.mean: "m", np.linalg.norm: "r", np.linalg.inv: "inv", np.linalg.solve: "z",
    len: "n", range: "positions",
}  # fmt: skip


def hint_for(function: Any, args: tuple[Operand, ...] = ()) -> str:
    """What a result of ``function`` is called; entries are called after what they are read from."""
    if function is operator.getitem and isinstance(args[0], Value) and args[0].named:
        return f"{args[0].hint}_i" if _is_position(args[1]) else f"{args[0].hint}_part"
    try:
        return HINTS.get(function, DEFAULT)
    except TypeError:
        return DEFAULT


def _is_position(index: Operand) -> bool:
    return is_scalar(index.type) if isinstance(index, Value) else isinstance(index.value, int)
