"""Numerical oracles: what a derivative must be, found without any derivative rule.

Everything here knows only how to call a function.  Derivatives come from central
differences at many step sizes, extrapolated (Richardson), each output element choosing
the steps that suit it; functions that are smooth around the point give about eleven
digits, at order two about nine.  Nothing here imports the compiler under test.

Arguments and results are *trees*: tuples, lists and dicts, nested at will, of leaves.
A leaf is differentiable if it is a float, a floating array, or, in an argument that is
asked for, a Python int, which acts as a float.  The derivative of any other is None.
"""

from __future__ import annotations

import copy
import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

Tree = Any
Wrt = int | str | tuple[int | str, ...]

# Step sizes, relative to the size of what is varied.  Second differences divide by the
# square of the step and so need larger ones.
FIRST_ORDER_STEPS = 2.0 ** -np.arange(5, 20)
SECOND_ORDER_STEPS = 2.0 ** -np.arange(2, 14)

# The step, as an index, whose reach must be free of kinks.
KINK_STEP = 11

# How many neighbouring steps one extrapolation uses: 4 remove the terms h², h⁴ and h⁶.
WINDOW = 4

# What Python and NumPy raise outside a function's domain, which a large step may leave.
DOMAIN_ERRORS = (ArithmeticError, ValueError, np.linalg.LinAlgError)

# Default relative tolerance of comparisons, by dtype of the expected leaf.
TOLERANCE = {"float64": 1e-8, "float32": 1e-4, "float16": 1e-2}


# Trees


def named_leaves(tree: Tree, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with the expression that reaches it: ``("grads[1]['w']", array)``."""
    if isinstance(tree, tuple | list):
        for position, item in enumerate(tree):
            yield from named_leaves(item, f"{name}[{position}]")
    elif isinstance(tree, dict):
        for key, item in tree.items():
            yield from named_leaves(item, f"{name}[{key!r}]")
    else:
        yield name, tree


def leaves(tree: Tree) -> list[Any]:
    return [leaf for _, leaf in named_leaves(tree)]


def rebuild(tree: Tree, new_leaves: Iterator[Any]) -> Tree:
    """A tree of the same structure, its leaves taken in order from ``new_leaves``."""
    if isinstance(tree, tuple | list):
        items = [rebuild(item, new_leaves) for item in tree]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    if isinstance(tree, dict):
        return {key: rebuild(item, new_leaves) for key, item in tree.items()}
    return next(new_leaves)


def map_leaves(function: Callable[[Any], Any], tree: Tree) -> Tree:
    return rebuild(tree, iter([function(leaf) for leaf in leaves(tree)]))


def is_floating(leaf: Any) -> bool:
    """Whether the leaf is a real floating scalar or array."""
    if isinstance(leaf, float):
        return True
    return isinstance(leaf, np.ndarray | np.generic) and leaf.dtype.kind == "f"


def _acts_as_float(leaf: Any) -> bool:
    return is_floating(leaf) or type(leaf) is int


def _cast(value: np.ndarray, like: Any) -> Any:
    """``value`` shaped and typed as the leaf ``like``; a float for a Python number."""
    if isinstance(like, np.ndarray):
        return value.reshape(like.shape).astype(like.dtype)
    if isinstance(like, np.generic):
        return like.dtype.type(value.item())
    return value.item()


# Central differences


def _pack(tree: Tree) -> np.ndarray:
    """All floating leaves as one float64 vector."""
    parts = [np.ravel(leaf).astype(np.float64) for leaf in leaves(tree) if is_floating(leaf)]
    return np.concatenate([np.empty(0), *parts])


def _unpack(vector: np.ndarray, like: Tree) -> Tree:
    """The vector's entries in the floating leaves of ``like``; None in the others."""
    parts = []
    start = 0
    for leaf in leaves(like):
        if is_floating(leaf):
            size = np.size(leaf)
            parts.append(_cast(vector[start : start + size], leaf))
            start += size
        else:
            parts.append(None)
    return rebuild(like, iter(parts))


def _in_double(leaf: Any) -> Any:
    """A private copy of a leaf, in float64 if it is floating: differences need room."""
    if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f":
        return leaf.astype(np.float64)
    if isinstance(leaf, np.floating):
        return np.float64(leaf)
    return copy.deepcopy(leaf)


def _moved(args: Sequence[Tree], *moves: tuple[float, Sequence[Tree]]) -> tuple[Tree, ...]:
    """Private copies of the arguments, moved by each step along each direction."""
    flat = [_in_double(leaf) for leaf in leaves(tuple(args))]
    for step, direction in moves:
        for position, tangent in enumerate(_tangent_leaves(args, direction)):
            if tangent is not None:
                moved = np.asarray(flat[position] + step * tangent)
                # What was an array stays one, 0-d too; a Python number stays Python's.
                was = flat[position]
                if isinstance(was, np.ndarray):
                    flat[position] = moved
                else:
                    flat[position] = moved[()] if isinstance(was, np.generic) else moved.item()
    return rebuild(tuple(args), iter(flat))


def _tangent_leaves(args: Sequence[Tree], tangents: Sequence[Tree]) -> list[Any]:
    """One tangent, or None, per leaf of the arguments; None may stand for a subtree."""

    def align(tree: Tree, tangent: Tree) -> Iterator[Any]:
        if tangent is None:
            yield from (None for _ in leaves(tree))
        elif isinstance(tree, tuple | list):
            for item, item_tangent in zip(tree, tangent, strict=True):
                yield from align(item, item_tangent)
        elif isinstance(tree, dict):
            for key, item in tree.items():
                yield from align(item, tangent[key])
        elif isinstance(tangent, np.ndarray | np.generic):
            yield tangent.astype(np.float64)
        else:
            yield float(tangent)

    return list(align(tuple(args), tuple(tangents)))


def _step_unit(args: Sequence[Tree], direction: Sequence[Tree]) -> float:
    """The step along ``direction`` that moves an entry by its own size, at least 1."""
    fastest = 0.0
    for leaf, tangent in zip(leaves(tuple(args)), _tangent_leaves(args, direction), strict=True):
        if tangent is not None and np.size(tangent):
            size = np.maximum(1.0, np.abs(np.asarray(leaf, dtype=np.float64)))
            fastest = max(fastest, float(np.max(np.abs(tangent) / size)))
    return 1.0 / fastest if fastest else 1.0


def _sample(f: Callable[..., Tree], args: tuple[Tree, ...], size: int) -> np.ndarray:
    """``f`` as a vector; NaN where a step left its domain or changed its structure."""
    try:
        with np.errstate(all="ignore"):
            values = _pack(f(*args))
    except DOMAIN_ERRORS:
        return np.full(size, np.nan)
    return values if values.size == size else np.full(size, np.nan)


def _limit(differences: np.ndarray, rounding: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The limit of difference quotients for steps that halve, and its estimated error.

    ``differences[k]`` belongs to the k-th step; its error is a series in even powers of
    the step, plus ``rounding[k]``.  Each column starts from its finest window and takes
    a coarser one only while the two agree: a coarser window that disagrees has reached
    across a kink or into another branch.
    """
    count, width = differences.shape
    best = np.full(width, np.nan)
    best_error = np.full(width, np.inf)
    best_spread = np.full(width, np.inf)
    reaching = np.ones(width, dtype=bool)
    for start in reversed(range(count - WINDOW + 1)):
        window = differences[start : start + WINDOW]
        noise = rounding[start : start + WINDOW].max(axis=0)
        previous = table = window
        for order in range(1, WINDOW):
            previous, table = table, table[1:] + np.diff(table, axis=0) / (4.0**order - 1)
        value = table[0]
        error = np.abs(previous[1] - previous[0]) + noise
        spread = np.ptp(window, axis=0) + noise
        usable = np.isfinite(error)
        first = np.isnan(best)
        agrees = first | (np.abs(value - best) <= 10 * best_spread)
        reaching &= agrees | ~usable
        take = usable & reaching & (error < best_error)
        best = np.where(take, value, best)
        best_error = np.where(take, error, best_error)
        best_spread = np.where(take, spread, best_spread)
    return best, best_error


def _first_order(
    f: Callable[..., Tree], args: Sequence[Tree], direction: Sequence[Tree], size: int
) -> tuple[np.ndarray, np.ndarray]:
    steps = FIRST_ORDER_STEPS * _step_unit(args, direction)
    here = _sample(f, _moved(args), size)
    differences, rounding, bends = [], [], []
    for step in steps:
        after = _sample(f, _moved(args, (step, direction)), size)
        before = _sample(f, _moved(args, (-step, direction)), size)
        differences.append((after - before) / (2 * step))
        rounding.append(np.finfo(float).eps * np.maximum(abs(after), abs(before)) / step)
        bends.append((after - 2 * here + before) / (2 * step))
    with np.errstate(invalid="ignore"):
        value, error = _limit(np.array(differences), np.array(rounding))
        # Central differences of abs at 0 are perfect zeros.  The bend between the two
        # sides gives such a kink away: it does not shrink with the step.
        kink = np.abs(2 * bends[KINK_STEP + 1] - bends[KINK_STEP])
        return value, np.where(np.isnan(value), np.inf, error + kink)


def _second_order(
    f: Callable[..., Tree],
    args: Sequence[Tree],
    direction: Sequence[Tree],
    other: Sequence[Tree],
    size: int,
) -> tuple[np.ndarray, np.ndarray]:
    units = _step_unit(args, direction), _step_unit(args, other)
    differences, rounding = [], []
    for step in SECOND_ORDER_STEPS:
        total, largest = np.zeros(size), np.zeros(size)
        for sign, other_sign in itertools.product((1.0, -1.0), repeat=2):
            moves = (sign * step * units[0], direction), (
                other_sign * step * units[1],
                other,
            )
            values = _sample(f, _moved(args, *moves), size)
            total += sign * other_sign * values
            largest = np.maximum(largest, np.abs(values))
        area = 4 * step**2 * units[0] * units[1]
        differences.append(total / area)
        rounding.append(4 * np.finfo(float).eps * largest / area)
    with np.errstate(invalid="ignore"):
        return _limit(np.array(differences), np.array(rounding))


def _baseline(f: Callable[..., Tree], args: Sequence[Tree]) -> Tree:
    with np.errstate(all="ignore"):
        return f(*copy.deepcopy(tuple(args)))


def directional(f: Callable[..., Tree], args: Sequence[Tree], tangents: Sequence[Tree]) -> Tree:
    """The derivative of ``f`` at ``args`` along ``tangents``: J ẋ.

    ``tangents`` has one tree per argument, shaped like it; None stands for "not varied"
    and may replace any subtree.  The result is shaped like ``f(*args)``.
    """
    like = _baseline(f, args)
    value, _ = _first_order(f, args, tangents, _pack(like).size)
    return _unpack(value, like)


def second_directional(
    f: Callable[..., Tree],
    args: Sequence[Tree],
    tangents: Sequence[Tree],
    others: Sequence[Tree],
) -> Tree:
    """The second derivative of ``f`` along two directions, shaped like ``f(*args)``."""
    like = _baseline(f, args)
    value, _ = _second_order(f, args, tangents, others, _pack(like).size)
    return _unpack(value, like)


def directional_by_complex_step(
    f: Callable[..., Tree], args: Sequence[Tree], tangents: Sequence[Tree]
) -> Tree:
    """J ẋ to machine precision, for ``f`` made of analytic functions that take complex.

    Neither ``abs``, ``math``, comparisons nor conjugates may stand between the varied
    arguments and the result.
    """
    step = 1e-30
    like = _baseline(f, args)
    result = f(*_moved(args, (step * 1j, tangents)))
    derivatives = [np.ravel(np.imag(leaf)) / step for leaf in leaves(result)]
    return _unpack(np.concatenate(derivatives), like)


# Gradients


def positions_of(f: Callable[..., Tree], wrt: Wrt) -> tuple[int, ...]:
    """The positions of the parameters that ``wrt`` names by position or by name."""
    each = wrt if isinstance(wrt, tuple) else (wrt,)

    def position(one: int | str) -> int:
        # Builtins and ufuncs may have no signature; a position does not need one.
        if isinstance(one, int):
            return one
        return list(inspect.signature(f).parameters).index(one)

    return tuple(position(one) for one in each)


def _unit_directions(args: Sequence[Tree], position: int) -> Iterator[tuple[Tree, ...]]:
    """One direction per differentiable entry of an argument, in order."""
    argument = args[position]
    zeros = [
        np.zeros(np.shape(leaf)) if _acts_as_float(leaf) else None for leaf in leaves(argument)
    ]
    for which, zero in enumerate(zeros):
        for entry in range(0 if zero is None else zero.size):
            unit = zero.copy()
            unit.flat[entry] = 1.0
            tangents = [*zeros[:which], unit, *zeros[which + 1 :]]
            direction: list[Tree] = [None] * len(args)
            direction[position] = rebuild(argument, iter(tangents))
            yield tuple(direction)


def _ones(args: Sequence[Tree], positions: Sequence[int]) -> tuple[Tree, ...]:
    def one(leaf: Any) -> Any:
        return np.ones(np.shape(leaf)) if _acts_as_float(leaf) else None

    return tuple(
        map_leaves(one, argument) if position in positions else None
        for position, argument in enumerate(args)
    )


def _gradient(
    derivative: Callable[[tuple[Tree, ...]], tuple[np.ndarray, np.ndarray]],
    args: Sequence[Tree],
    position: int,
) -> tuple[Tree, float]:
    """Gradient for one argument from derivatives along its entries; the worst error."""
    entries, worst = [], 0.0
    for direction in _unit_directions(args, position):
        values, errors = derivative(direction)
        entries.append(np.sum(values))
        worst = max(worst, float(np.max(errors / np.fmax(1.0, np.abs(values)), initial=0.0)))
    found = iter(entries)
    parts = []
    for leaf in leaves(args[position]):
        if _acts_as_float(leaf):
            values = np.array(list(itertools.islice(found, np.size(leaf))), dtype=np.float64)
            parts.append(_cast(values, leaf))
        else:
            parts.append(None)
    return rebuild(args[position], iter(parts)), worst


def gradient_and_error(
    f: Callable[..., Tree], args: Sequence[Tree], wrt: Wrt = 0
) -> tuple[Tree, float]:
    """The gradient, and the largest estimated error of an entry.

    The error is relative for entries above 1.  It is infinite where no step gave a
    finite difference, and large at or right beside a kink.
    """
    size = _pack(_baseline(f, args)).size
    results = [
        _gradient(lambda direction: _first_order(f, args, direction, size), args, position)
        for position in positions_of(f, wrt)
    ]
    gradients = tuple(gradient for gradient, _ in results)
    worst = max(error for _, error in results)
    return (gradients if isinstance(wrt, tuple) else gradients[0]), worst


def gradient_by_differences(f: Callable[..., Tree], args: Sequence[Tree], wrt: Wrt = 0) -> Tree:
    """The gradient of the sum of all floating entries that ``f`` returns.

    One tree shaped like the argument, in its dtypes; a tuple of them if ``wrt`` is one.
    float32 arguments are given to ``f`` in double precision.
    """
    return gradient_and_error(f, args, wrt)[0]


def second_and_error(
    f: Callable[..., Tree], args: Sequence[Tree], wrt: Wrt = 0, then: Wrt | None = None
) -> tuple[Tree, float]:
    """What ``grad(grad(f, wrt), then)`` must be, and the largest estimated error of an entry.

    ``then`` is ``wrt`` unless given.  Uses the values of ``f`` alone.
    """
    then = wrt if then is None else then
    ones = _ones(args, positions_of(f, wrt))
    size = _pack(_baseline(f, args)).size
    results = [
        _gradient(lambda direction: _second_order(f, args, direction, ones, size), args, at)
        for at in positions_of(f, then)
    ]
    gradients = tuple(gradient for gradient, _ in results)
    worst = max(error for _, error in results)
    return (gradients if isinstance(then, tuple) else gradients[0]), worst


def second_by_differences(
    f: Callable[..., Tree], args: Sequence[Tree], wrt: Wrt = 0, then: Wrt | None = None
) -> Tree:
    """What ``grad(grad(f, wrt), then)`` must be: the gradient of the gradient's sum."""
    return second_and_error(f, args, wrt, then)[0]


# Comparisons


def random_like(tree: Tree, rng: np.random.Generator) -> Tree:
    """Random tangents or cotangents for a tree, in its dtypes; None elsewhere."""

    def draw(leaf: Any) -> Any:
        if not _acts_as_float(leaf):
            return None
        return _cast(rng.uniform(-1.0, 1.0, np.size(leaf)), leaf)

    return map_leaves(draw, tree)


def inner(left: Tree, right: Tree) -> tuple[float, float]:
    """⟨left, right⟩ over all leaves that neither tree leaves out, and Σ|terms|."""
    total = size = 0.0
    for a, b in zip(leaves(left), leaves(right), strict=True):
        if a is not None and b is not None:
            terms = np.asarray(a, dtype=np.float64) * np.asarray(b, dtype=np.float64)
            total += float(np.sum(terms))
            size += float(np.sum(np.abs(terms)))
    return total, size


def dot_product_test(
    *, y_bar: Tree, y_dot: Tree, x_bar: Tree, x_dot: Tree, rtol: float = 1e-10
) -> None:
    """Hold a forward derivative ẏ = J ẋ and a reverse one x̄ = Jᵀ ȳ to each other.

    ⟨ȳ, ẏ⟩ must equal ⟨x̄, ẋ⟩ up to ``rtol`` times the sizes of the terms.
    """
    outer, outer_size = inner(y_bar, y_dot)
    here, here_size = inner(x_bar, x_dot)
    # Written so that a NaN fails.
    if not abs(outer - here) <= rtol * (outer_size + here_size):
        raise AssertionError(
            "dot-product test: " f"⟨y_bar, J x_dot⟩ = {outer!r} but ⟨Jᵀ y_bar, x_dot⟩ = {here!r}"
        )


def assert_close(
    got: Tree,
    expected: Tree,
    rtol: float | None = None,
    atol: float | None = None,
    *,
    check_dtype: bool = True,
    name: str = "result",
) -> None:
    """Compare structure, shape, dtype and values; the message names the leaf and entry.

    Both tolerances default to ``TOLERANCE`` of the expected dtype.  Python and NumPy
    scalars and 0-d arrays of one dtype are the same here: NumPy mixes them freely.
    """
    _assert_same_structure(got, expected, name)
    for (leaf_name, one), other in zip(named_leaves(got, name), leaves(expected), strict=True):
        if one is None or other is None or isinstance(other, str):
            if not (one is other or one == other):
                raise AssertionError(f"{leaf_name}: expected {other!r}, got {one!r}")
            continue
        _assert_leaf_close(leaf_name, np.asarray(one), np.asarray(other), rtol, atol, check_dtype)


def _assert_same_structure(got: Tree, expected: Tree, name: str) -> None:
    if not isinstance(expected, tuple | list | dict) and not isinstance(got, tuple | list | dict):
        return
    if type(got) is not type(expected):
        raise AssertionError(
            f"{name}: expected a {type(expected).__name__}, got a {type(got).__name__}"
        )
    if isinstance(expected, dict):
        if got.keys() != expected.keys():
            raise AssertionError(f"{name}: expected keys {list(expected)}, got {list(got)}")
        if list(got) != list(expected):
            raise AssertionError(f"{name}: expected key order {list(expected)}, got {list(got)}")
        for key, item in expected.items():
            _assert_same_structure(got[key], item, f"{name}[{key!r}]")
        return
    if len(got) != len(expected):
        raise AssertionError(f"{name}: expected {len(expected)} items, got {len(got)}")
    for position, item in enumerate(expected):
        _assert_same_structure(got[position], item, f"{name}[{position}]")


def _assert_leaf_close(
    name: str,
    got: np.ndarray,
    expected: np.ndarray,
    rtol: float | None,
    atol: float | None,
    check_dtype: bool,
) -> None:
    if got.shape != expected.shape:
        raise AssertionError(f"{name}: expected shape {expected.shape}, got {got.shape}")
    if check_dtype and got.dtype != expected.dtype:
        raise AssertionError(f"{name}: expected dtype {expected.dtype}, got {got.dtype}")
    default = TOLERANCE.get(expected.dtype.name, 0.0)
    rtol = default if rtol is None else rtol
    atol = default if atol is None else atol
    close = np.isclose(got, expected, rtol=rtol, atol=atol)
    if not np.all(close):
        entry = tuple(int(i) for i in np.argwhere(~close)[0])
        where = f"{name}[{', '.join(map(str, entry))}]" if entry else name
        wrong, right = got[entry].item(), expected[entry].item()
        raise AssertionError(
            f"{where}: expected {right!r}, got {wrong!r}; they differ by "
            f"{abs(wrong - right):.3g}, allowed is {atol + rtol * abs(right):.3g}"
        )


# Ownership


def assert_gradient_ownership(grads: Tree, args: Sequence[Tree]) -> None:
    """The caller may do what it likes with gradients.

    Every array is writable, lives in memory that NumPy owns, and shares none of it with
    another gradient or an argument; no list or dict is one of the arguments' either.
    """
    arrays = _arrays(grads, "gradient")
    foreign = _arrays(tuple(args), "argument")
    for position, (name, array) in enumerate(arrays):
        if not array.flags.writeable:
            raise AssertionError(f"{name} is read-only")
        if not _root(array).flags.owndata:
            raise AssertionError(f"{name} lives in memory that NumPy does not own")
        for other_name, other in arrays[:position] + foreign:
            if np.shares_memory(array, other):
                raise AssertionError(f"{name} shares memory with {other_name}")
    seen = {id(container): name for name, container in _containers(tuple(args), "argument")}
    for name, container in _containers(grads, "gradient"):
        if id(container) in seen:
            raise AssertionError(f"{name} is the same object as {seen[id(container)]}")
        seen[id(container)] = name


def _arrays(tree: Tree, name: str) -> list[tuple[str, np.ndarray]]:
    return [pair for pair in named_leaves(tree, name) if isinstance(pair[1], np.ndarray)]


def _root(array: np.ndarray) -> np.ndarray:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _containers(tree: Tree, name: str) -> Iterator[tuple[str, Any]]:
    """The mutable containers of a tree."""
    if isinstance(tree, list | dict):
        yield name, tree
    if isinstance(tree, tuple | list):
        for position, item in enumerate(tree):
            yield from _containers(item, f"{name}[{position}]")
    elif isinstance(tree, dict):
        for key, item in tree.items():
            yield from _containers(item, f"{name}[{key!r}]")


def frozen_copies(args: Sequence[Tree]) -> tuple[Tree, ...]:
    """Deep copies whose arrays are read-only, so that a write fails on its own line."""
    copies = copy.deepcopy(tuple(args))
    for _, array in _arrays(copies, "argument"):
        array.setflags(write=False)
    return copies


def _objects(args: Sequence[Tree]) -> list[tuple[str, Any]]:
    """Everything in the arguments that could have been replaced."""
    trees = tuple(args)
    return [*_containers(trees, "argument"), *named_leaves(trees, "argument")]


@contextmanager
def unchanged(args: Sequence[Tree]) -> Iterator[None]:
    """Fail if the block changes an argument: a value, dtype, length or identity."""
    before = copy.deepcopy(tuple(args))
    # The objects themselves are held on to, since the id of a dead one may be reused.
    objects = _objects(args)
    yield
    _assert_same_structure(tuple(args), before, "argument")
    for (name, old), (_, new) in zip(objects, _objects(args), strict=True):
        if new is not old:
            raise AssertionError(f"{name} was replaced by another object")
    now = named_leaves(tuple(args), "argument")
    for (name, new), old in zip(now, leaves(before), strict=True):
        if not isinstance(new, np.ndarray):
            continue
        if (new.dtype, new.shape) != (
            old.dtype,
            old.shape,
        ) or new.tobytes() != old.tobytes():
            raise AssertionError(f"{name} was changed from {old!r} to {new!r}")
