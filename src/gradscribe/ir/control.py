"""What users say of a derivative in the program that is differentiated."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable
from typing import Any, final

from gradscribe.errors import ArgumentError


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


def checkpoint(what: Any, snapshots: int | None = None, memory: float | None = None) -> Any:
    """``what`` itself, of which derivatives save little and compute the rest again.

    Of a *function* reverse mode keeps nothing but the arguments: its adjoint calls it again before
    it goes back through it. It may be used as a decorator.

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

    Of a *range* that a loop walks it keeps as many states as ``snapshots`` says at a time (the
    square root of its length if nothing is said), or as have room in ``memory`` bytes (one at
    least). The steps between them are run again, each as seldom as possible: with s snapshots
    ``comb(s + r, s)`` steps no more than r times.

    >>> def orbit(x, n):
    ...     for _ in gs.checkpoint(range(n), snapshots=4):
    ...         x = x - 0.01 * np.sin(x)
    ...     return np.sum(x)
    >>> gs.grad(orbit)(np.zeros(2), 1000).round(8)
    array([4.317e-05, 4.317e-05])

    Of the *test* of a ``while`` loop it does the same, and so for a loop that ``break`` leaves. How
    many steps there are is counted first, by running the loop once more.

    >>> def settled(x):
    ...     while gs.checkpoint(np.max(x) > 0.1, memory=2**20):
    ...         x = x - 0.01 * np.sin(x)
    ...     return np.sum(x)
    >>> gs.grad(settled)(np.ones(2)).round(8)
    array([0.11887186, 0.11887186])

    Neither may print, draw random numbers or change what belongs to others: it could not be run
    twice, and is refused.
    """
    if snapshots is not None and memory is not None:
        raise ArgumentError(
            "checkpoint takes snapshots or memory, not both",
            hint="say one: the other follows from the size of a state",
        )
    if not callable(what):
        return what
    if snapshots is not None or memory is not None:
        raise ArgumentError(
            "checkpoint keeps nothing of a function but its arguments, so there are no snapshots",
            hint="write checkpoint(f), or give it the range of a loop",
        )
    return Checkpointed(what)


@final
class adjoint_of:
    """``with adjoint_of(x) as x_bar:`` a block that is run in the backward sweep.

    It stands where the adjoint of ``x`` is complete, and may look at it, change it in place or give
    the name another value, which is then the adjoint. ``x`` is a variable, an attribute or an entry
    of a tuple or dict (``self.w``, ``p["w"]``) that holds a number or an array, and is not read
    before the block.

    >>> import gradscribe as gs
    >>> def f(x):
    ...     y = x**2
    ...     with gs.adjoint_of(y) as y_bar:
    ...         y_bar = min(y_bar, 1.0)
    ...     return 100 * y
    >>> f(3.0), gs.grad(f)(3.0)
    (900.0, 6.0)

    The block is no part of the function that is differentiated: where that runs by itself, as
    above, the block is skipped. The derivative is an ordinary function with the
    block in it, and its own derivatives are those of what it computes. Where the result does not
    depend on ``x``, or ``x`` not on what is differentiated, there is no adjoint and the block is
    not run. Forward mode has no adjoints, and would not see what the block does to them: it is
    refused.
    """

    def __init__(self, x: Any) -> None:
        self.x = x

    def __enter__(self) -> None:
        # A with statement cannot be told not to run its block. But an exception that a trace
        # function raises at its first step is raised in the block, and handed to __exit__.
        self.frame = sys._getframe(1)
        self.before = sys.gettrace(), self.frame.f_trace, self.frame.f_trace_opcodes
        self.frame.f_trace_opcodes = True
        self.frame.f_trace = _skip
        sys.settrace(_skip)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        known, self.frame.f_trace, self.frame.f_trace_opcodes = self.before
        del self.frame
        sys.settrace(known)
        return kind is _Skipped


class _Skipped(BaseException):
    """The block was not entered."""


def _skip(frame: Any, event: str, argument: Any) -> Any:
    if event == "call":  # of a function on the way out of __enter__
        return None
    raise _Skipped
