"""What users say of a derivative in the program that is differentiated: ``checkpoint``."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any, final


@final
class Checkpointed:
    """A function as ``checkpoint`` returns it: it does what the function does."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self.function(*args, **keywords)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def __reduce__(self) -> Any:
        name: str = self.__qualname__  # type: ignore[attr-defined]  # as the function's
        return name  # it has taken the function's place in its module


def checkpoint(what: Any) -> Any:
    """``what`` itself, of which derivatives save little and compute the rest again.

    Of a function reverse mode keeps nothing but the arguments: its adjoint calls it again before it
    goes back through it. It may be used as a decorator.

    >>> import numpy as np
    >>> import gradscribe as gs
    >>> @gs.checkpoint
    ... def layer(w, x):
    ...     return np.tanh(w @ np.tanh(w @ x))
    >>> def loss(w, x):
    ...     return np.sum(layer(w, layer(w, x)))
    >>> gs.grad(loss)(np.eye(2), np.zeros(2))
    array([[0., 0.],
           [0., 0.]])

    A function that prints, draws random numbers or changes its arguments cannot be run twice: a
    derivative that would is refused.
    """
    return Checkpointed(what) if callable(what) else what
