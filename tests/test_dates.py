"""Dates, times and durations are known by their class, and stand between numbers, not for them."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

import gradscribe as gs
from gradscribe.ir.abstraction import type_of
from gradscribe.ir.facts import immutables
from gradscribe.ir.types import PY_FLOAT, PY_INT, UNKNOWN, Immutable
from oracles import assert_close
from pipeline import EXACT, check_first, check_second, define, fresh, quietly, reread

NOON = datetime.datetime(2023, 5, 17, 12, 0, 30)

# name: (source, arguments; the first is differentiated)
PROGRAMS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "what is read of a date is a number": (
        """
import datetime
NOON = datetime.datetime(2023, 2, 17, 12, 0, 30, tzinfo=datetime.timezone.utc)
def main(x):
    at = NOON.astimezone(datetime.timezone.utc) + datetime.timedelta(days=3)
    year = at.year
    month = at.month
    if month <= 2:
        year -= 1
        month += 12
    return x * x * (year / 2000 + month / 12 + at.time().hour / 24)
""",
        (1.5,),
    ),
    "a date or a time of day, as the class says": (
        """
import datetime
def seconds(t):
    return t.hour * 3600 + t.minute * 60 + t.second
def main(x, at):
    day = at.toordinal() - 738000
    if isinstance(at, datetime.datetime):
        day += seconds(at.time()) / 86400
    return x * day * x
""",
        (1.5, NOON),
    ),
    "the same of a date": (
        """
import datetime
def seconds(t):
    return t.hour * 3600 + t.minute * 60 + t.second
def main(x, at):
    day = at.toordinal() - 738000
    if isinstance(at, datetime.datetime):
        day += seconds(at.time()) / 86400
    return x * day * x
""",
        (1.5, NOON.date()),
    ),
    "an attribute that is not there raises": (
        """
import numpy as np
import datetime
def as_numpy(at):
    try:
        return np.datetime64(at)
    except ValueError:
        return at.astype("datetime64[s]")
def main(x, at):
    epoch = np.datetime64("2000-01-01T12:00")
    days = (as_numpy(as_numpy(at)) - epoch) / np.timedelta64(1, "D")
    days -= 8000.0
    return x * days * x + as_numpy(datetime.datetime(2020, 1, 2)).astype(int) / 1e15 * x
""",
        (1.5, NOON),
    ),
    "durations as arrays without axes": (
        """
import numpy as np
class Model:
    def __init__(self):
        self.days = None
        self.total = None
    def run(self, x, when):
        self.days = days(when - np.datetime64("2020-01-01"))
        self.total = x * self.days
        self.total += self.days * x * x
        return self.total
def days(span):
    if hasattr(span, "shape"):
        span = np.asanyarray(span, dtype=np.timedelta64)
    return span / np.timedelta64(1, "D")
def main(x, when):
    y = x * days(when - np.datetime64("2019-12-30"))
    if not isinstance(y, float):
        y = y.astype(x.dtype, copy=False)
    return y * x + Model().run(x, when)
""",
        (1.5, np.datetime64("2020-01-03")),
    ),
    "durations are counted and compared": (
        """
import datetime
def main(x, at):
    step = datetime.timedelta(hours=6)
    total = 0.0
    until = at + 3 * step
    while at < until:
        total = total + x * at.hour
        at = at + step
    return total * x * (step / datetime.timedelta(hours=4)) + step.total_seconds() * x
""",
        (1.5, NOON),
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_derivatives_are_exact_from_memory_and_from_text(name: str) -> None:
    source, args = PROGRAMS[name]
    function = define(source)
    check_first(function, args, (0,))
    check_second(function, args, 0)
    again = reread(function, args, 0)
    first = quietly(gs.grad(function, mode="reverse"), *fresh(args))
    assert_close(quietly(again, *fresh(args)), first, **EXACT)


def test_one_derivative_takes_dates_and_times_of_day() -> None:
    main = define(PROGRAMS["a date or a time of day, as the class says"][0])
    derivative = gs.grad(main)
    assert derivative(1.5, NOON) > derivative(1.5, NOON.date())


def test_what_is_known_of_the_classes() -> None:
    date, second = Immutable(datetime.datetime), Immutable(np.timedelta64)
    assert type_of(NOON) == date
    assert immutables.attribute(date, "year") == PY_INT
    assert immutables.attribute(date, "tzinfo") == UNKNOWN
    assert immutables.method(date, "timestamp") == PY_FLOAT
    assert immutables.method(second, "item") == UNKNOWN
    assert immutables.method(second, "astype", object) == UNKNOWN
    assert immutables.made(datetime.datetime.now) == date
    assert (
        immutables.lacks(date, "astype") == "'datetime.datetime' object has no attribute 'astype'"
    )
    assert immutables.lacks(date, "year") is None
