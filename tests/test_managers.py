"""Context managers that the user wrote: what they do before and after a block is differentiated."""

from __future__ import annotations

import pytest

import gradscribe as gs
from pipeline import check_everything, define, printed
from snippets import compiled, programs

EXACT = programs("""
# a value | s
from contextlib import contextmanager
@contextmanager
def scaled(v):
    w = v * 2
    yield w
---
with scaled(s) as w:
    r = w * s
return r

# what is put back at the end | s, c
from contextlib import contextmanager
class State:
    def __init__(self):
        self.depth = 0.0
@contextmanager
def at(state, v):
    old = state.depth
    state.depth = v
    try:
        yield state
    finally:
        state.depth = old
---
state = State()
r = 0.0
with at(state, s) as st:
    r += st.depth * s
    with at(state, c):
        r += state.depth * s
    r += state.depth
return r + state.depth

# a method | s, c
from contextlib import contextmanager
class Model:
    def __init__(self, w):
        self.w = w
    @contextmanager
    def weights(self, w):
        saved, self.w = self.w, w
        yield self
        self.w = saved
---
m = Model(s)
with m.weights(c):
    r = m.w * s
return r * m.w ** 2

# an object | s
class Timer:
    def __init__(self, v):
        self.v = v
        self.total = 0.0
    def __enter__(self):
        self.total = self.v
        return self
    def __exit__(self, *exc):
        self.total = self.total * 2
        return False
---
with Timer(s) as t:
    t.total *= s
return t.total * s

# an object that is entered twice | s, n
class Stack:
    def __init__(self):
        self.items = []
    def __enter__(self):
        self.items.append(1.0)
        return self
    def __exit__(self, kind, error, trace):
        self.items.pop()
---
stack = Stack()
r = s
for k in range(n):
    with stack as st, stack:
        r = r * s + len(st.items) * r
return r + len(stack.items)

# left early | s
from contextlib import contextmanager
@contextmanager
def quiet(v):
    yield v
---
with quiet(1.0):
    if s > 1:
        return s * s
return s

# in a loop | s, n
from contextlib import contextmanager
@contextmanager
def doubled(v):
    yield v * 2
---
r = s
for k in range(n):
    with doubled(r) as d:
        r = d * s + r
return r
""")


@pytest.mark.parametrize("name", EXACT)
def test_a_manager_is_what_it_does_around_the_block(name: str) -> None:
    _, args, wrt = EXACT[name]
    check_everything(compiled(EXACT[name]), args, wrt)


TOLD = {
    "an object": """
class Told:
    def __enter__(self):
        print("enter")
    def __exit__(self, *error):
        print("leave")
def main(x):
    with Told():
        y = x * x
    return y
""",
    "a generator": """
from contextlib import contextmanager
@contextmanager
def told(name):
    print("enter")
    yield name.upper()
    print("leave")
def main(x):
    with told("a") as title:
        y = x * x * len(title)
    return y
""",
}


@pytest.mark.parametrize("name", TOLD)
def test_what_a_manager_prints_is_printed_once(name: str) -> None:
    gradient = gs.value_and_grad(define(TOLD[name]))
    assert printed(gradient, 1.5) == "enter\nleave\n"
