"""Functions of Python's library as Python: what they do, written out where they are called.

``STREAMS`` has the generator functions that stand for iterators, ``WRITTEN`` the functions that
stand for functions. They are lowered in place of the originals, whose documentation says what they
do.
"""

from __future__ import annotations

import functools
import heapq
import itertools
import math
import operator
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np

from gradscribe.ir.helpers import ordered

STREAMS: dict[Any, Any] = {}
WRITTEN: dict[Any, Any] = {}
MISSING = object
_SEQUENCES: Any = list | tuple


def _stream(original: Any) -> Callable[[Any], Any]:
    def declare(function: Any) -> Any:
        STREAMS[original] = function
        return function

    return declare


def _written(original: Any) -> Callable[[Any], Any]:
    def declare(function: Any) -> Any:
        WRITTEN[original] = function
        return function

    return declare


# ---------------------------------------------------------------------------- heaps
#
# The entries end where those of ``heapq`` do, also where some of them are equal.


def _rise(heap: Any, place: Any, top: Any = 0) -> None:
    while place > top and heap[place] < heap[(place - 1) // 2]:
        above = (place - 1) // 2
        heap[place], heap[above] = heap[above], heap[place]
        place = above


def _sink(heap: Any, top: Any = 0) -> None:
    """Let the entry at ``top`` sink to the bottom, past the lesser ones, and rise again."""
    place = top
    while 2 * place + 1 < len(heap):
        below = 2 * place + 1
        if below + 1 < len(heap) and not heap[below] < heap[below + 1]:
            below += 1
        heap[place], heap[below] = heap[below], heap[place]
        place = below
    _rise(heap, place, top)


@_written(heapq.heapify)
def _(heap: Any) -> None:
    for place in range(len(heap) // 2 - 1, -1, -1):
        _sink(heap, place)


@_written(heapq.heappush)
def _(heap: Any, item: Any) -> None:
    heap.append(item)
    _rise(heap, len(heap) - 1)


@_written(heapq.heappop)
def _(heap: Any) -> Any:
    last = heap.pop()
    if len(heap) == 0:
        return last
    least = heap[0]
    heap[0] = last
    _sink(heap)
    return least


@_written(heapq.heapreplace)
def _replaced(heap: Any, item: Any) -> Any:
    least = heap[0]
    heap[0] = item
    _sink(heap)
    return least


@_written(heapq.heappushpop)
def _(heap: Any, item: Any) -> Any:
    if len(heap) > 0 and heap[0] < item:
        return _replaced(heap, item)
    return item


@_written(heapq.nsmallest)
def _(n: Any, iterable: Any, key: Any = None) -> Any:
    return sorted(iterable, key=key)[:n]


@_written(heapq.nlargest)
def _(n: Any, iterable: Any, key: Any = None) -> Any:
    return sorted(iterable, key=key, reverse=True)[:n]


# ---------------------------------------------------------------------------- iterators


@_stream(np.ndenumerate)
def _(arr: Any) -> Any:
    for place in np.ndindex(np.shape(arr)):
        yield place, arr[place]


@_stream(map)
def _(function: Any, *iterables: Any) -> Any:
    if len(iterables) == 1:
        for x in iterables[0]:
            yield function(x)
    else:
        for xs in zip(*iterables):  # noqa: B905 (as map does)
            yield function(*xs)


@_stream(filter)
def _(function: Any, iterable: Any, /) -> Any:
    for x in iterable:
        if x if function is None else function(x):
            yield x


def columns(rows: Any) -> Any:
    """``zip(*rows)`` for an unknown number of rows."""
    if len(rows):
        for place in range(min([len(row) for row in rows])):
            yield tuple([row[place] for row in rows])


@_stream(itertools.filterfalse)
def _(function: Any, iterable: Any, /) -> Any:
    for x in iterable:
        if not (x if function is None else function(x)):
            yield x


@_stream(itertools.chain)
def _(*iterables: Any) -> Any:
    for iterable in iterables:
        yield from iterable


@_stream(itertools.chain.from_iterable)
def _(iterables: Any, /) -> Any:
    for iterable in iterables:
        yield from iterable


@_stream(itertools.starmap)
def _(function: Any, iterable: Any, /) -> Any:
    for xs in iterable:
        yield function(*xs)


@_stream(itertools.takewhile)
def _(predicate: Any, iterable: Any, /) -> Any:
    for x in iterable:
        if not predicate(x):
            break
        yield x


@_stream(itertools.dropwhile)
def _(predicate: Any, iterable: Any, /) -> Any:
    dropping = True
    for x in iterable:
        if dropping:
            dropping = bool(predicate(x))
        if not dropping:
            yield x


@_stream(itertools.compress)
def _(data: Any, selectors: Any) -> Any:
    for x, selected in zip(data, selectors):  # noqa: B905 (as compress does)
        if selected:
            yield x


@_stream(itertools.count)
def _(start: Any = 0, step: Any = 1) -> Any:
    x = start
    while True:
        yield x
        x = x + step


@_stream(itertools.cycle)
def _(iterable: Any, /) -> Any:
    xs = list(iterable)
    while len(xs) > 0:
        for x in xs:  # noqa: UP028 (it is read as it stands)
            yield x


@_stream(itertools.repeat)
def _(value: Any, times: Any = None) -> Any:
    if times is None:
        while True:
            yield value
    else:
        for _i in range(times):
            yield value


@_stream(itertools.islice)
def _(iterable: Any, start: Any, stop: Any = MISSING, step: Any = None, /) -> Any:
    if stop is MISSING:
        start, stop = 0, start
    start = 0 if start is None else start
    step = 1 if step is None else step
    k = 0
    for x in iterable:
        if stop is not None and k >= stop:
            break
        if k >= start and (k - start) % step == 0:
            yield x
        k = k + 1


@_stream(itertools.accumulate)
def _(iterable: Any, func: Any = operator.add, *, initial: Any = None) -> Any:
    if initial is not None:
        total = initial
        yield total
        for x in iterable:
            total = func(total, x)
            yield total
    else:
        xs = iterable if isinstance(iterable, list) else list(iterable)
        if len(xs) > 0:
            total = xs[0]
            yield total
            for k in range(1, len(xs)):
                total = func(total, xs[k])
                yield total


@_stream(itertools.pairwise)
def _(iterable: Any, /) -> Any:
    xs = iterable if isinstance(iterable, list) else list(iterable)
    for k in range(1, len(xs)):
        yield xs[k - 1], xs[k]


@_stream(itertools.product)
def _(*iterables: Any, repeat: Any = 1) -> Any:
    if repeat == 0 or len(iterables) == 0:
        yield ()
    elif repeat > 1:
        lists = [list(xs) for xs in iterables]
        yield from itertools.product(*(lists * repeat))
    elif len(iterables) == 1:
        for a in iterables[0]:
            yield (a,)
    else:
        *others, last = iterables
        last = list(last)
        for firsts in itertools.product(*others):
            for a in last:
                yield *firsts, a


@_stream(itertools.combinations)
def _(iterable: Any, r: Any) -> Any:
    xs = iterable if isinstance(iterable, _SEQUENCES) else list(iterable)
    if r == 1:
        for a in xs:
            yield (a,)
    elif r == 2:
        for i in range(len(xs)):
            for j in range(i + 1, len(xs)):
                yield xs[i], xs[j]
    elif r == 3:
        for i in range(len(xs)):
            for j in range(i + 1, len(xs)):
                for k in range(j + 1, len(xs)):
                    yield xs[i], xs[j], xs[k]
    else:
        raise NotImplementedError("itertools.combinations of so many")


@_stream(itertools.combinations_with_replacement)
def _(iterable: Any, r: Any) -> Any:
    xs = iterable if isinstance(iterable, _SEQUENCES) else list(iterable)
    if r == 1:
        for a in xs:
            yield (a,)
    elif r == 2:
        for i in range(len(xs)):
            for j in range(i, len(xs)):
                yield xs[i], xs[j]
    elif r == 3:
        for i in range(len(xs)):
            for j in range(i, len(xs)):
                for k in range(j, len(xs)):
                    yield xs[i], xs[j], xs[k]
    else:
        raise NotImplementedError("itertools.combinations_with_replacement of so many")


@_stream(itertools.permutations)
def _(iterable: Any, r: Any = None) -> Any:
    xs = iterable if isinstance(iterable, _SEQUENCES) else list(iterable)
    if r == 1:
        for a in xs:
            yield (a,)
    elif r == 2:
        for i in range(len(xs)):
            for j in range(len(xs)):
                if i != j:
                    yield xs[i], xs[j]
    elif r == 3:
        for i in range(len(xs)):
            for j in range(len(xs)):
                for k in range(len(xs)):
                    if i != j and k not in (i, j):
                        yield xs[i], xs[j], xs[k]
    else:
        raise NotImplementedError("itertools.permutations of so many")


@_stream(itertools.zip_longest)
def _(first: Any, second: Any, *, fillvalue: Any = None) -> Any:
    xs, ys = list(first), list(second)
    for k in range(min(len(xs), len(ys))):
        yield xs[k], ys[k]
    for k in range(len(ys), len(xs)):
        yield xs[k], fillvalue
    for k in range(len(xs), len(ys)):
        yield fillvalue, ys[k]


@_stream(itertools.groupby)
def _(iterable: Any, key: Any = None) -> Any:
    xs = iterable if isinstance(iterable, _SEQUENCES) else list(iterable)
    keys = xs if key is None else [key(x) for x in xs]
    start = 0
    for stop in range(1, len(xs) + 1):
        if stop == len(xs) or keys[stop] != keys[start]:
            yield keys[start], iter(xs[start:stop])
            start = stop


# ---------------------------------------------------------------------------- functions


@_written(functools.reduce)
def _(function: Any, iterable: Any, initial: Any = MISSING, /) -> Any:
    if initial is MISSING:
        xs = iterable if isinstance(iterable, list) else list(iterable)
        if len(xs) == 0:
            raise TypeError("reduce() of empty iterable with no initial value")
        total = xs[0]
        for k in range(1, len(xs)):
            total = function(total, xs[k])
    else:
        total = initial
        for x in iterable:
            total = function(total, x)
    return total


def total(iterable: Any, start: Any) -> Any:
    """``sum`` of objects, whose class says what adding is."""
    for x in iterable:
        start = start + x
    return start


def _mean(data: Any) -> Any:
    xs = list(data)
    return math.fsum(xs) / len(xs)


def _variance(data: Any, xbar: Any = None) -> Any:
    xs = list(data)
    m = math.fsum(xs) / len(xs) if xbar is None else xbar
    return sum((x - m) ** 2 for x in xs) / (len(xs) - 1)


def _pvariance(data: Any, mu: Any = None) -> Any:
    xs = list(data)
    m = math.fsum(xs) / len(xs) if mu is None else mu
    return sum((x - m) ** 2 for x in xs) / len(xs)


def _stdev(data: Any, xbar: Any = None) -> Any:
    return math.sqrt(_variance(data, xbar))


def _pstdev(data: Any, mu: Any = None) -> Any:
    return math.sqrt(_pvariance(data, mu))


WRITTEN |= {
    statistics.mean: _mean,
    statistics.fmean: _mean,
    statistics.variance: _variance,
    statistics.pvariance: _pvariance,
    statistics.stdev: _stdev,
    statistics.pstdev: _pstdev,
}


@_written(sorted)
def _(xs: Any, key: Any, reverse: Any) -> Any:
    keys = list(xs) if key is None else [key(x) for x in xs]
    return [xs[i] for i in ordered(keys, reverse)]


def in_order_of_objects(xs: Any, reverse: Any) -> Any:
    """``sorted`` of objects, whose class says what comes before what."""
    ys = list(xs)
    for i in range(1, len(ys)):
        for j in range(i, 0, -1):
            later = ys[j - 1] < ys[j] if reverse else ys[j] < ys[j - 1]
            if not later:
                break
            ys[j - 1], ys[j] = ys[j], ys[j - 1]
    return ys


def _greatest(iterable: Any) -> Any:
    """``max`` of tuples or lists, which Python compares entry by entry."""
    items = list(iterable)
    place = 0
    for k in range(1, len(items)):
        if items[k] > items[place]:
            place = k
    return items[place]


def _least(iterable: Any) -> Any:
    items = list(iterable)
    place = 0
    for k in range(1, len(items)):
        if items[k] < items[place]:
            place = k
    return items[place]


EXTREMES = {max: _greatest, min: _least}


@_written(max)
def _(iterable: Any, *, key: Any = None, default: Any = MISSING) -> Any:
    if default is not MISSING and len(iterable) == 0:
        return default
    if key is None:
        return max(iterable)
    keys = [key(x) for x in iterable]
    return iterable[keys.index(max(keys))]


@_written(min)
def _(iterable: Any, *, key: Any = None, default: Any = MISSING) -> Any:
    if default is not MISSING and len(iterable) == 0:
        return default
    if key is None:
        return min(iterable)
    keys = [key(x) for x in iterable]
    return iterable[keys.index(min(keys))]


@_written(next)
def _(iterator: Any, default: Any = MISSING, /) -> Any:
    for x in iterator:
        return x
    if default is MISSING:
        raise StopIteration
    return default
