"""Tuples in loops: carried entry by entry while their length holds, and whole where it does not."""

import gradscribe as gs
from oracles import assert_close, gradient_by_differences


def joined(x, n):
    t = (x,)
    for i in range(n):
        t = (*t, x * x * i)
    return sum(t) * t[0]


def paired(x, n):
    p = (x, 2.0)
    for _ in range(n):
        p = (p[1] * p[0], p[0])
    return p[0] + p[1]


def test_a_tuple_that_grows_in_a_loop_is_followed_entry_for_entry():
    for function in (joined, paired):
        for n in (0, 1, 4):
            expected = gradient_by_differences(function, (1.3, n), 0)
            for mode in ("reverse", "forward"):
                assert_close(gs.grad(function, mode=mode)(1.3, n), expected, check_dtype=False)
