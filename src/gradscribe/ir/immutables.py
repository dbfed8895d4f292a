"""Objects of which the class says all that matters: dates, times and durations.

They are not changed in place, and what is computed with them has a class that follows from theirs.
Which one is asked of an example of each class.
"""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np

EXAMPLES: dict[type, Any] = {
    datetime.date: datetime.date(2001, 2, 3),
    datetime.time: datetime.time(4, 5, 6),
    datetime.datetime: datetime.datetime(2001, 2, 3, 4, 5, 6),
    datetime.timedelta: datetime.timedelta(days=7, seconds=8),
    datetime.timezone: datetime.UTC,
    np.datetime64: np.datetime64("2001-02-03T04:05:06"),
    np.timedelta64: np.timedelta64(9, "s"),
}

# Methods that the class itself is asked for, and that make an object of it.
MAKERS = {
    "combine", "fromisocalendar", "fromisoformat", "fromordinal", "fromtimestamp", "now",
    "strptime", "today", "utcfromtimestamp", "utcnow",
}  # fmt: skip
