"""Classes of Python's library as Python: a ``deque`` is an object with a list.

Instances are followed like those of the user's own classes (``records``), their methods lowered in
place of the originals, whose documentation says what they do::

    recent = deque(maxlen=2)          recent.xs, recent.maxlen = [], 2
    recent.append(x)                  recent.xs.append(x)
                                      if len(recent.xs) > 2:
                                          del recent.xs[0]
"""

from __future__ import annotations

import collections
import types
from typing import Any

from gradscribe.frontend import records
from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Fields


class Deque:
    """``collections.deque``."""

    def __init__(self, iterable: Any = (), maxlen: Any = None) -> None:
        self.maxlen = maxlen
        self.xs = list(iterable)
        if maxlen is not None:
            self.xs = self.xs[max(len(self.xs) - maxlen, 0) :]

    def append(self, x: Any) -> None:
        self.xs.append(x)
        if self.maxlen is not None and len(self.xs) > self.maxlen:
            del self.xs[0]

    def appendleft(self, x: Any) -> None:
        self.xs.insert(0, x)
        if self.maxlen is not None and len(self.xs) > self.maxlen:
            del self.xs[-1]

    def extend(self, iterable: Any) -> None:
        self.xs.extend(iterable)
        if self.maxlen is not None:
            self.xs = self.xs[max(len(self.xs) - self.maxlen, 0) :]

    def extendleft(self, iterable: Any) -> None:
        for x in iterable:
            self.appendleft(x)

    def pop(self) -> Any:
        return self.xs.pop()

    def popleft(self) -> Any:
        return self.xs.pop(0)

    def rotate(self, n: Any = 1) -> None:
        if len(self.xs) > 0:
            k = -n % len(self.xs)
            self.xs = self.xs[k:] + self.xs[:k]

    def insert(self, place: Any, x: Any) -> None:
        if self.maxlen is not None and len(self.xs) >= self.maxlen:
            raise IndexError("deque already at its maximum size")
        self.xs.insert(place, x)

    def remove(self, x: Any) -> None:
        self.xs.remove(x)

    def reverse(self) -> None:
        self.xs.reverse()

    def clear(self) -> None:
        self.xs.clear()

    def index(self, x: Any) -> Any:
        return self.xs.index(x)

    def count(self, x: Any) -> Any:
        return self.xs.count(x)

    def copy(self) -> Any:
        return collections.deque(self.xs, self.maxlen)

    def __len__(self) -> int:
        return len(self.xs)

    def __iter__(self) -> Any:
        return self.xs

    def __contains__(self, x: Any) -> bool:
        return x in self.xs

    def __getitem__(self, place: Any) -> Any:
        return self.xs[place]

    def __setitem__(self, place: Any, x: Any) -> None:
        self.xs[place] = x

    def __delitem__(self, place: Any) -> None:
        del self.xs[place]

    def __add__(self, other: Any) -> Any:
        return collections.deque([*self.xs, *other], self.maxlen)

    def __iadd__(self, other: Any) -> Any:
        self.extend(other)
        return self


# What stands for a class, and what a class stands for.
WRITTEN: dict[type, type] = {collections.deque: Deque}
ORIGINAL: dict[type, type] = {written: original for original, written in WRITTEN.items()}


def make(
    frame: Frame, node: Any, function: Any, positional: list[Bound], keywords: dict[str, Bound]
) -> Bound:
    """An instance of a class that is written here."""
    from gradscribe.frontend.calls import call_object

    cls: Any = WRITTEN[function]
    made = frame.heap.new(Fields("object", {}, cls), "", frame.builder.span)
    call_object(frame, node, cls.__init__, [made, *positional], keywords)
    return made


def is_ours(function: Any) -> bool:
    """Is this a method of a class that is written here?"""
    return isinstance(function, types.FunctionType) and function.__module__ == __name__


def as_sequence(frame: Frame, bound: Bound) -> Bound:
    """The list in an object whose entries are asked for; anything else is what it is."""
    fields = records.object_of(frame, bound)
    return fields.entries["xs"] if fields is not None and fields.cls is Deque else bound
