"""An array of another library, as small as it can be: NumPy's functions hand over to it.

It cannot be made into a NumPy array, so that whatever tries is found out, and counts the functions
that it was asked for.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np


class Foreign(np.lib.mixins.NDArrayOperatorsMixin):
    """Holds a NumPy array in ``held``; what is computed from one is one."""

    asked: ClassVar[list[str]] = []

    def __init__(self, held: Any) -> None:
        self.held = np.asarray(held)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError("an array of another library was made into one of NumPy's")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__":
            return NotImplemented
        self.asked.append(ufunc.__name__)
        out = kwargs.pop("out", (None,))[0]
        result = ufunc(*map(unwrapped, inputs), **kwargs)
        if out is None:
            return wrapped(result)
        out.held = np.broadcast_to(result, out.shape).astype(out.dtype, casting="same_kind")
        return out

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        self.asked.append(func.__name__)
        return wrapped(func(*unwrapped(args), **unwrapped(kwargs)))

    def __getitem__(self, index: Any) -> Foreign:
        return Foreign(self.held[unwrapped(index)].copy())

    def __setitem__(self, index: Any, value: Any) -> None:
        self.held = self.held.copy()  # unlike NumPy's, its parts share no memory
        self.held[unwrapped(index)] = unwrapped(value)

    def __len__(self) -> int:
        return len(self.held)

    def __repr__(self) -> str:
        return f"Foreign({self.held!r})"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.held.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.held.dtype

    @property
    def ndim(self) -> int:
        return self.held.ndim

    @property
    def size(self) -> int:
        return self.held.size

    @property
    def T(self) -> Foreign:
        return Foreign(self.held.T)

    def sum(self, *args: Any, **kwargs: Any) -> Foreign:
        return wrapped(self.held.sum(*args, **kwargs))

    def mean(self, *args: Any, **kwargs: Any) -> Foreign:
        return wrapped(self.held.mean(*args, **kwargs))

    def reshape(self, *shape: Any) -> Foreign:
        return Foreign(self.held.reshape(*shape))

    def astype(self, dtype: Any, copy: bool = True) -> Foreign:
        return Foreign(self.held.astype(dtype))

    def copy(self) -> Foreign:
        return Foreign(self.held.copy())


def wrapped(value: Any) -> Any:
    """Results as arrays of this library; also single numbers, as most libraries have it."""
    if isinstance(value, list | tuple):
        return type(value)(map(wrapped, value))
    return Foreign(value) if isinstance(value, np.ndarray | np.inexact) else value


def unwrapped(value: Any) -> Any:
    """The NumPy arrays in what a function is given."""
    if isinstance(value, list | tuple):
        return type(value)(map(unwrapped, value))
    if isinstance(value, dict):
        return {key: unwrapped(part) for key, part in value.items()}
    return value.held if isinstance(value, Foreign) else value
