"""Tuples in loops: carried entry by entry while their length holds, and whole where it does not."""

import numpy as np
import pytest

import gradscribe as gs
from gradscribe.ir.verify import verify
from oracles import assert_close, gradient_by_differences
from pipeline import check_everything, check_first, check_second, define, lowered


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


def zipped(x, a, b):
    total = 0.0
    for p, q in zip(a, b, strict=False):
        total += x * x * p * q
    return total


def test_a_walk_of_sequences_of_different_lengths_ends_with_the_shortest():
    short, long = [1.0, 2.0], [3.0, 5.0, 7.0, 11.0]
    for args in ((1.3, short, long), (1.3, long, short)):
        expected = gradient_by_differences(zipped, args, 0)
        for mode in ("reverse", "forward"):
            assert_close(gs.grad(zipped, mode=mode)(*args), expected, check_dtype=False)


def swapping(x, y, n):
    for _ in range(n):
        x, y = x * y, x
    return x + y


def test_what_is_saved_and_carried_on_under_another_name_survives_the_update():
    expected = gradient_by_differences(swapping, (1.2, 0.9, 4), (0, 1))
    assert_close(
        gs.grad(swapping, (0, 1), mode="reverse")(1.2, 0.9, 4), expected, check_dtype=False
    )


def strictly(x, a, b):
    total = 0.0
    for p, q in zip(a, b, strict=True):
        total += x * x * p * q
    return total


def test_a_strict_zip_of_different_lengths_is_refused_as_in_the_primal():
    lists = [1.0, 2.0], [3.0, 5.0]
    expected = gradient_by_differences(strictly, (1.3, *lists), 0)
    assert_close(gs.grad(strictly)(1.3, *lists), expected, check_dtype=False)
    with pytest.raises(ValueError, match="different lengths"):
        gs.grad(strictly)(1.3, [1.0], [3.0, 5.0])


def views_walked(x):
    m = np.outer(np.array([x, x]), np.array([x, 1.0]))
    total = 0.0
    for row in m:
        total += row[0]
    m += x
    return total + np.sum(m)


def test_the_last_row_walked_does_not_stand_in_the_way_of_a_later_write():
    expected = gradient_by_differences(views_walked, (1.2,), 0)
    for mode in ("reverse", "forward"):
        assert_close(gs.grad(views_walked, mode=mode)(1.2), expected, check_dtype=False)


def constant(x):
    return 2.0


def test_the_pullback_of_a_constant_gives_zeros():
    with pytest.warns(UserWarning, match="does not depend on x"):
        value, pullback = gs.vjp(constant)(1.0)
    assert (value, pullback(1.0)) == (2.0, (0.0,))


def saved_in_one_arm(x):
    m = np.outer(np.array([x, x]), np.array([x, x]))
    if x > 1.0:
        z = x * x
    else:
        m[1] += np.array([x, 2.0])
        m /= 1 + np.mean(m) ** 2
        z = np.sum(m)
    return z * x


def test_what_only_one_arm_saves_is_none_after_the_other():
    for at in (0.4, 1.4):
        expected = gradient_by_differences(saved_in_one_arm, (at,), 0)
        assert_close(gs.vjp(saved_in_one_arm)(at)[1](1.0)[0], expected, check_dtype=False)


def noisy(x):
    print("asked")
    return x


def asks_in_vain(x):
    unused = noisy(x) < 0.1 or noisy(x + 1) > 5.0  # noqa: F841 (that is the point)
    return x * x if x > 0 else -x


def test_a_choice_whose_value_is_not_needed_still_does_what_it_does(capsys):
    assert_close(gs.grad(asks_in_vain)(1.5), 3.0, check_dtype=False)
    assert capsys.readouterr().out == "asked\nasked\n"


RETURNED = {
    "an entry of a tuple that a loop returns": """
def look(x, d, v):
    for i in range(len(d)):
        if d[i] >= v:
            a, b = x[i], d[i] * v
            return (a, b)
    raise ValueError("not found")
def main(x, d, v):
    return look(x, d, v)[0] ** 2
""",
    "both entries of one, unpacked": """
def look(x, d, v):
    for i in range(len(d)):
        if d[i] >= v:
            return x[i] * v, d[i]
    return v, v * v
def main(x, d, v):
    a, b = look(x, d, v)
    c, e = look(x, d, v + 1.0)
    return a * b + c * e * e
""",
    "a tuple returned from two loops, one in the other": """
def look(x, d, v):
    for i in range(len(d)):
        for j in range(i):
            if d[i] + d[j] >= v:
                return x[i] * x[j], (d[j], v)
    return v, (v, v)
def main(x, d, v):
    a, (b, c) = look(x, d, v)
    return a * b + c
""",
    "a tuple returned from a while loop": """
def look(x, d, v):
    i = 0
    while True:
        if d[i] >= v:
            return x[i], d[i] * v
        i += 1
def main(x, d, v):
    a, b = look(x, d, v)
    return a * a * b
""",
}


@pytest.mark.parametrize("source", RETURNED.values(), ids=RETURNED.keys())
def test_what_a_loop_returns_is_taken_apart_after_it(source: str) -> None:
    main = define(source)
    for v in (1.5, 2.5):
        args = ([5.0, 6.0, 7.0, 8.0], [1.0, 2.0, 3.0, 4.5], v)
        verify(lowered(main, args))
        check_first(main, args, (0, 1, 2))
        check_second(main, args, 2)


ENTRIES = {
    "of something that is not known, only read": """
def main(x, data):
    y = x
    for entry in data["parts"]:
        size = entry["size"]
        y = y * size + len(json.dumps(size))
    return y * data["last"] * x
""",
    "of an array that the loop writes to": """
def main(x, data):
    first = data["table"]
    y = x
    for k in range(2):
        y = y * first[k] + first[1 - k]
        data["table"][k] = y * x
    return y * first[0]
""",
}


@pytest.mark.parametrize("source", ENTRIES.values(), ids=ENTRIES.keys())
def test_what_stands_in_an_object_from_outside_is_followed_into_a_loop(source: str) -> None:
    main = define("import json\n" + source)
    data = {"parts": [{"size": 2.0}, {"size": 3.0}], "last": 4.0, "table": np.array([2.0, 3.0])}
    args = (1.3, data)
    check_first(main, args, (0,))
    check_second(main, args, 0)


# What the test of a ``while`` loop changes, with what the loop does after ``box`` and ``y`` are x.
TESTS = {
    "a variable of the function around": """
    def halve(t):
        nonlocal y
        y = y * 0.5
        return y
    n = 0
    while n < 3 and halve(x) > 0.05:
        n += 1
        if halve(y) < 0.1:
            continue
        y = y * x
    return y * x + n
""",
    "an object": """
    while box.step() > 0.2:
        y = y * box.v
    return y * box.v
""",
    "an array, in a loop with an else": """
    a = np.array([x, x * x])
    for i in range(3):
        while halve(a, i % 2) > 0.1:
            if a[1] < 0.3:
                break
            y = y + a[0]
        else:
            y = y * a[1]
    return y * a[0]
""",
    "a list that gets shorter": """
    a = [0.3, x, x * x, x]
    while a.pop() > 0.5:
        y = y * x
    return y * sum(a) + len(a)
""",
    "an entry of a dict, a name, and an else that returns": """
    state = {0: x}
    while (now := halve(state, 0)) > 0.2:
        y = y + now
    else:
        return y * now * state[0]
    return y
""",
    "a return in the body": """
    while box.step() > 0.2:
        if box.v < 0.4:
            return box.v * y
        y = y * x
    return y
""",
}


@pytest.mark.parametrize("body", TESTS.values(), ids=TESTS.keys())
def test_what_a_test_changes_is_changed_in_the_loop_and_after_it(body: str) -> None:
    main = define(f"""
import numpy as np
class Box:
    def __init__(self, v):
        self.v = v
    def step(self):
        self.v = self.v * 0.5
        return self.v
def halve(a, i):
    a[i] = a[i] * 0.5
    return a[i]
def main(x):
    box, y = Box(x), x
{body}""")
    for x in (1.3, 0.7, 2.9):
        check_everything(main, (x,))
