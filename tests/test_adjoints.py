"""The programs of ``benchmarks/adjoints.py``: compiled gradients equal those written by hand."""

import copy
import importlib
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from gradscribe import grad

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

PROGRAMS = sorted(
    path.stem for path in (Path(__file__).parents[1] / "benchmarks" / "kernels").glob("[!_]*.py")
)


def gradients(name):
    """A program's module, arguments, places of the inputs, and gradients compiled and by hand."""
    module = importlib.import_module(f"kernels.{name}")
    args = module.arguments(0)
    before = copy.deepcopy(args)
    compiled = grad(module.primal, module.WRT, mode="reverse")(*args)
    np.testing.assert_equal(args, before)
    by_hand = module.by_hand(*args)
    np.testing.assert_equal(args, before)
    by_hand = by_hand if isinstance(by_hand, tuple) else (by_hand,)
    code = module.primal.__code__
    return module, args, [code.co_varnames.index(w) for w in module.WRT], compiled, by_hand


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_compiled_gradient_is_the_one_by_hand(name):
    _, _, _, compiled, by_hand = gradients(name)
    for ours, theirs in zip(compiled, by_hand, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_gradient_by_hand_is_that_of_differences(name):
    module, args, places, _, by_hand = gradients(name)
    generator = np.random.default_rng(1)
    for place, bar in zip(places, by_hand, strict=True):
        direction = generator.normal(size=np.shape(args[place]))

        def along(step, place=place, direction=direction):
            moved = list(args)
            moved[place] = args[place] + step * direction
            return np.sum(module.primal(*moved))

        h = 1e-3
        slope = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h)
        np.testing.assert_allclose(np.sum(bar * direction), slope, rtol=1e-6, atol=1e-8)


def peak(function, args):
    """The most memory that a call holds at once."""
    function(*args)
    tracemalloc.start()
    function(*args)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("name", ["arc_distance", "nbody", "network", "softmax"])
def test_the_compiled_gradient_holds_hardly_more_than_the_one_by_hand(name):
    module = importlib.import_module(f"kernels.{name}")
    args = module.arguments(1)
    specification = grad(module.primal, module.WRT, mode="reverse").specification
    compiled = specification.variant(specification.prepare(args)).function
    assert peak(compiled, args) <= 1.3 * peak(module.by_hand, args)
