"""Hypothesis strategies for whole programs in the language that gradscribe accepts.

``programs()`` draws a ``Program``: the source of a module, the name of one function in
it, arguments for that function, and its gradient there by differences.  Programs are
valid Python that neither raises nor warns, give bounded values, and are smooth at their
arguments; a program that is not is filtered out by evaluating it, never repaired.

How a program is drawn, from the inside out:

- an ``Expr`` is text with what its context must know (precedence, size, freshness);
- ``Expressions`` has one method per form of expression, grouped by kind of value;
- a ``Statement`` subclass writes one form of statement into a ``FunctionWriter``;
- a ``FunctionWriter`` holds a function's scope and lines;
- ``_ModuleWriter`` writes helpers, the main function and its arguments.

Every choice lists its simplest alternative first, which is what Hypothesis shrinks to.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, TypeVar

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from oracles import gradient_and_error, leaves

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[T]], T]

# What the first version of the language has; each can be left out.
FOUNDATION = frozenset(
    {
        "arrays",
        "branches",
        "effects",
        "for",
        "helpers",
        "lambda",
        "list",
        "mutation",
        "recursion",
        "targets",
        "while",
    }
)

# What comes later; each can be added.
LATER = frozenset({"aliasing", "break", "closure", "continue", "dict", "early_return", "try"})

# Values and gradients beyond these are ill-conditioned and prove little.
LARGEST_VALUE = 1e3
LARGEST_GRADIENT = 1e4
LARGEST_ERROR = 1e-8

SCALAR, VECTOR, COLUMN, MATRIX, INT, LIST = (
    "scalar",
    "vector",
    "column",
    "matrix",
    "int",
    "list",
)
ARRAYS = (VECTOR, COLUMN, MATRIX)

# Names by kind, in the order in which a function uses them up.
NAMES = {
    SCALAR: ("x", "y", "z", "a", "b", "c", "d", "e", "f"),
    VECTOR: ("u", "v", "w", "p", "q", "r"),
    COLUMN: ("col", "col_a", "col_b"),
    MATRIX: ("m", "g", "h"),
    INT: ("i", "j", "k", "n"),
    LIST: ("xs", "ys", "zs"),
}


@dataclass(frozen=True, eq=False)
class Program:
    """A module's source and one call of a function in it.

    ``wrt`` holds the positions of the arguments that are floats or arrays of floats;
    ``gradient`` has one gradient for each of them, by differences.
    """

    source: str
    name: str
    args: tuple[Any, ...]
    description: str
    wrt: tuple[int, ...] = ()
    gradient: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        call = ", ".join(repr(argument) for argument in self.args)
        return f"\n{self.source}\n# {self.description}\n{self.name}({call})\n"


def load(program: Program) -> Callable[..., Any]:
    """The program's function, from memory: quick, but without a source file."""
    namespace: dict[str, Any] = {"__name__": "program"}
    exec(compile(program.source, "<program>", "exec"), namespace)
    return namespace[program.name]


def materialise(program: Program, directory: Path) -> Callable[..., Any]:
    """The program's function, imported from a file of its own in ``directory``.

    ``inspect`` and ``pickle`` find it again.
    """
    digest = hashlib.sha256(program.source.encode()).hexdigest()[:12]
    module = import_file(directory / f"program_{digest}.py", program.source)
    return getattr(module, program.name)


def import_file(path: Path, source: str) -> ModuleType:
    """Write a module's source to ``path`` and import it under the file's name."""
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@st.composite
def programs(
    draw: Draw[Any], features: frozenset[str] = FOUNDATION, statements: int = 8
) -> Program:
    """Programs that use at most these features and about this many statements."""
    unknown = features - FOUNDATION - LATER
    if unknown:
        raise ValueError(f"unknown features: {', '.join(sorted(unknown))}")
    program = measured(_ModuleWriter(draw, features, statements).write())
    assume(program is not None)
    return program


def measured(program: Program) -> Program | None:
    """The program with its gradient; None unless it is bounded and smooth there."""
    function = load(program)
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                value = function(*_fresh(program.args))
        except ArithmeticError:
            return None
        if not _within(value, LARGEST_VALUE):
            return None
        gradient, error = gradient_and_error(function, program.args, program.wrt)
    if error > LARGEST_ERROR or not _within(gradient, LARGEST_GRADIENT):
        return None
    return replace(program, gradient=gradient)


def _fresh(args: Sequence[Any]) -> Iterator[Any]:
    return (arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args)


def _within(tree: Any, bound: float) -> bool:
    return all(np.all(np.abs(leaf) <= bound) for leaf in leaves(tree))


# Expressions

TERNARY, COMPARISON, SUM, PRODUCT, UNARY, POWER, ATOM = range(7)


@dataclass(frozen=True)
class Expr:
    """An expression's text, and what its context must know."""

    text: str
    # How tightly it binds.
    level: int = ATOM
    # About how large it may get.
    bound: float = 1.0
    # Whether its value is a new object, not a variable's own or a view of one.
    fresh: bool = True

    def at(self, level: int) -> str:
        """The text as an operand where something of at least ``level`` is needed."""
        return self.text if self.level >= level else f"({self.text})"


@dataclass
class Variable:
    """What a name, or another assignable text, holds."""

    kind: str
    bound: float = 2.0
    # An array that this function made …
    owned: bool = False
    # … and that no loop around is iterating over.
    guarded: bool = False
    # An integer is below this.
    limit: int | None = None


@dataclass(frozen=True)
class Signature:
    """A function that generated code may call."""

    name: str
    kinds: tuple[str, ...]
    result: str
    # Names and default values of scalar parameters after the positional ones.
    keywords: tuple[tuple[str, str], ...] = ()
    bound: float = 3.0


class Expressions:
    """One method per form of expression, each returning an ``Expr``.

    ``depth`` is how many more levels of operators may be nested.
    """

    CONSTANTS = ("2.0", "0.5", "1.5", "-0.75", "SCALE")

    def __init__(self, function: FunctionWriter) -> None:
        self.function = function
        self.pick = function.pick

    def of(self, kind: str, depth: int) -> Expr:
        if depth <= 0:
            return self.leaf(kind)
        forms = [self.leaf, *self._forms(kind)]
        form = self.pick(forms)
        return form(kind) if form == self.leaf else form(kind, depth - 1)

    def _forms(self, kind: str) -> list[Callable[[str, int], Expr]]:
        features = self.function.features
        forms = [self.sum, self.product, self.elementary, self.quotient, self.power]
        forms += [self.negated, self.larger, self.magnitude]
        if "branches" in features:
            forms.append(self.conditional)
        if self.function.callables(kind):
            forms += [self.call, self.call]
        if kind == SCALAR and "arrays" in features:
            forms += [self.reduction, self.item, self.inner]
        if kind in ARRAYS:
            forms += [self.where, self.reordered, self.from_other_kind]
        return forms

    # Of any kind

    def leaf(self, kind: str) -> Expr:
        names = self.function.names(kind)
        arrays = [name for each in ARRAYS for name in self.function.names(each)]
        if kind == SCALAR and arrays and not names:
            array = self.pick(arrays)
            bound = self.function.size**2 * self.function.scope[array].bound
            return Expr(f"np.sum({array})", bound=bound)
        # Programs of constants prove little, so variables are the likelier choice.
        sources = 3 * names
        if kind == SCALAR:
            sources += ["constant"] + ["int"] * bool(self.function.names(INT))
        if not sources:
            return self.made(kind)
        text = self.pick(sources)
        if text in names:
            bound = self.function.scope[text].bound
            return Expr(text, bound=bound, fresh=kind == SCALAR)
        if text == "int":
            # Never an int itself: integer arrays would be made of it.
            return Expr(f"({self.pick(self.function.names(INT))} + 0.5)", bound=2.5)
        constant = self.pick(self.CONSTANTS)
        return Expr(constant, UNARY if constant.startswith("-") else ATOM, 2.0)

    def made(self, kind: str) -> Expr:
        """An array from nothing but scalars."""
        size = self.function.size
        if kind == VECTOR:
            items = [self.leaf(SCALAR) for _ in range(size)]
            text = ", ".join(item.text for item in items)
            return Expr(f"np.array([{text}])", bound=max(item.bound for item in items))
        vector = self.leaf(VECTOR)
        if kind == COLUMN:
            return replace(vector, text=f"{vector.text}[:, None]", fresh=False)
        return Expr(f"np.outer({vector.text}, {vector.text})", bound=vector.bound**2)

    def with_last(self, expr: Expr) -> Expr:
        """The expression plus the variables that were defined last, as scalars."""
        scope = self.function.scope
        numbers = [n for n, v in scope.items() if v.kind in {SCALAR, *ARRAYS}]
        for name in reversed(numbers):
            if expr.bound > 30 or not self.pick([False, True, True, True]):
                break
            array = scope[name].kind in ARRAYS
            text = f"np.sum({name})" if array else name
            size = self.function.size**2 if array else 1
            bound = expr.bound + size * scope[name].bound
            expr = Expr(f"{expr.at(SUM)} + {text}", SUM, bound)
        return expr

    def operand(self, kind: str, depth: int) -> Expr:
        """Something that broadcasts to ``kind``."""
        kinds = {SCALAR: [SCALAR], VECTOR: [VECTOR, SCALAR], COLUMN: [COLUMN, SCALAR]}
        return self.of(self.pick(kinds.get(kind, [MATRIX, SCALAR, VECTOR, COLUMN])), depth)

    def pair(self, kind: str, depth: int) -> tuple[Expr, Expr]:
        """Two operands whose broadcast is of ``kind``, in either order."""
        both = [self.of(kind, depth), self.operand(kind, depth)]
        if kind == MATRIX and self.pick([False, True]):
            both = [self.of(COLUMN, depth), self.of(VECTOR, depth)]
        if self.pick([False, True]):
            both.reverse()
        return both[0], both[1]

    def sum(self, kind: str, depth: int) -> Expr:
        left, right = self.pair(kind, depth)
        sign = self.pick(["+", "-"])
        text = f"{left.at(SUM)} {sign} {right.at(PRODUCT)}"
        return Expr(text, SUM, left.bound + right.bound)

    def product(self, kind: str, depth: int) -> Expr:
        left, right = self.pair(kind, depth)
        text = f"{left.at(PRODUCT)} * {right.at(UNARY)}"
        return Expr(text, PRODUCT, left.bound * right.bound)

    def quotient(self, kind: str, depth: int) -> Expr:
        top, bottom = self.pair(kind, depth)
        text = f"{top.at(PRODUCT)} / (1 + {bottom.at(ATOM)} ** 2)"
        return Expr(text, PRODUCT, top.bound)

    def power(self, kind: str, depth: int) -> Expr:
        base = self.of(kind, depth)
        exponent = self.pick([2, 3])
        return Expr(f"{base.at(ATOM)} ** {exponent}", POWER, base.bound**exponent)

    def negated(self, kind: str, depth: int) -> Expr:
        inside = self.of(kind, depth)
        return Expr(f"-{inside.at(UNARY)}", UNARY, inside.bound)

    def elementary(self, kind: str, depth: int) -> Expr:
        """A function of one argument, which is made to fit the function's domain."""
        inside = self.of(kind, depth)
        library = self.pick(["np", "math"]) if kind == SCALAR else "np"
        plain = inside.text
        square = f"{inside.at(ATOM)} ** 2"
        size = inside.bound
        text, bound = self.pick(
            [
                (f"{library}.sin({plain})", 1.0),
                (f"{library}.cos({plain})", 1.0),
                (f"{library}.tanh({plain})", 1.0),
                (f"{library}.exp(-({square}))", 1.0),
                (f"{library}.exp({library}.tanh({plain}))", 3.0),
                (f"{library}.sqrt({square} + 1)", size + 1),
                (f"{library}.log({square} + 1)", size),
            ]
        )
        return Expr(text, bound=bound)

    def larger(self, kind: str, depth: int) -> Expr:
        left, right = self.pair(kind, depth)
        scalar, array = self.pick([("max", "maximum"), ("min", "minimum")])
        name = scalar if kind == SCALAR else f"np.{array}"
        size = max(left.bound, right.bound)
        return Expr(f"{name}({left.text}, {right.text})", bound=size)

    def magnitude(self, kind: str, depth: int) -> Expr:
        inside = self.of(kind, depth)
        return Expr(f"abs({inside.text})", bound=inside.bound)

    def conditional(self, kind: str, depth: int) -> Expr:
        yes, no = self.of(kind, depth), self.of(kind, depth)
        text = f"{yes.at(COMPARISON)} if {self.condition()} else {no.at(TERNARY)}"
        return Expr(text, TERNARY, max(yes.bound, no.bound), yes.fresh and no.fresh)

    def call(self, kind: str, depth: int) -> Expr:
        target = self.pick(self.function.callables(kind))
        arguments = [self.of(wanted, depth).text for wanted in target.kinds]
        for name, _ in target.keywords:
            how = self.pick(["left out", "by name"])
            if how == "by name":
                arguments.append(f"{name}={self.of(SCALAR, depth).text}")
        return Expr(f"{target.name}({', '.join(arguments)})", bound=target.bound)

    # Scalars from arrays

    def reduction(self, kind: str, depth: int) -> Expr:
        array = self.of(self.pick(ARRAYS), depth)
        size = self.function.size**2
        text, growth = self.pick(
            [
                (f"np.sum({array.text})", size),
                (f"np.mean({array.text})", 1),
                (f"{array.at(ATOM)}.sum()", size),
                (f"np.max({array.text})", 1),
            ]
        )
        return Expr(text, bound=array.bound * growth)

    def item(self, kind: str, depth: int) -> Expr:
        array_kind = self.pick(ARRAYS)
        array = self.of(array_kind, depth)
        index = {
            VECTOR: self.index(),
            COLUMN: f"{self.index()}, 0",
            MATRIX: f"{self.index()}, {self.index()}",
        }[array_kind]
        return Expr(f"{array.at(ATOM)}[{index}]", bound=array.bound)

    def inner(self, kind: str, depth: int) -> Expr:
        left, right = self.of(VECTOR, depth), self.of(VECTOR, depth)
        bound = self.function.size * left.bound * right.bound
        if self.pick(["@", "dot"]) == "@":
            return self._matmul(left, right)
        return Expr(f"np.dot({left.text}, {right.text})", bound=bound)

    def _matmul(self, left: Expr, right: Expr) -> Expr:
        text = f"{left.at(PRODUCT)} @ {right.at(UNARY)}"
        return Expr(text, PRODUCT, self.function.size * left.bound * right.bound)

    def index(self) -> str:
        """An index that is valid for every array of the program."""
        size = self.function.size
        candidates = [*map(str, range(size)), "-1"]
        for name in self.function.names(INT):
            limit = self.function.scope[name].limit
            fits = limit is not None and limit <= size
            candidates.append(name if fits else f"{name} % {size}")
        return self.pick(candidates)

    # Arrays

    def where(self, kind: str, depth: int) -> Expr:
        tested = self.of(kind, 0)
        yes, no = self.of(kind, depth), self.operand(kind, depth)
        text = f"np.where({tested.at(SUM)} > 0.1, {yes.text}, {no.text})"
        return Expr(text, bound=max(yes.bound, no.bound))

    def reordered(self, kind: str, depth: int) -> Expr:
        """A view with the shape of its root."""
        inside = self.of(kind, depth)
        root = inside.at(ATOM)
        views = {
            VECTOR: [f"{root}[::-1]"],
            COLUMN: [f"{root}[::-1]"],
            MATRIX: [f"{root}.T", f"{root}[::-1]", f"np.transpose({inside.text})"],
        }
        return Expr(self.pick(views[kind]), bound=inside.bound, fresh=inside.fresh)

    def from_other_kind(self, kind: str, depth: int) -> Expr:
        forms = {
            VECTOR: [
                self._matrix_times_vector,
                self._sum_along_axis,
                self._mean_along_axis,
                self._cumsum,
                self._row,
                self._column_as_vector,
                lambda depth: self.made(VECTOR),
            ],
            COLUMN: [self._vector_as_column, self._reshaped, self._sum_of_rows],
            MATRIX: [self._outer, self._matrix_product],
        }
        return self.pick(forms[kind])(depth)

    def _matrix_times_vector(self, depth: int) -> Expr:
        return self._matmul(self.of(MATRIX, depth), self.of(VECTOR, depth))

    def _matrix_product(self, depth: int) -> Expr:
        return self._matmul(self.of(MATRIX, depth), self.of(MATRIX, depth))

    def _sum_along_axis(self, depth: int) -> Expr:
        matrix, axis = self.of(MATRIX, depth), self.pick([0, 1])
        bound = self.function.size * matrix.bound
        return Expr(f"np.sum({matrix.text}, axis={axis})", bound=bound)

    def _mean_along_axis(self, depth: int) -> Expr:
        matrix, axis = self.of(MATRIX, depth), self.pick([0, 1])
        return Expr(f"{matrix.at(ATOM)}.mean(axis={axis})", bound=matrix.bound)

    def _sum_of_rows(self, depth: int) -> Expr:
        matrix = self.of(MATRIX, depth)
        bound = self.function.size * matrix.bound
        return Expr(f"np.sum({matrix.text}, axis=1, keepdims=True)", bound=bound)

    def _cumsum(self, depth: int) -> Expr:
        vector = self.of(VECTOR, depth)
        return Expr(f"np.cumsum({vector.text})", bound=self.function.size * vector.bound)

    def _row(self, depth: int) -> Expr:
        matrix = self.of(MATRIX, depth)
        return Expr(f"{matrix.at(ATOM)}[{self.index()}]", ATOM, matrix.bound, False)

    def _column_as_vector(self, depth: int) -> Expr:
        column = self.of(COLUMN, depth)
        return Expr(f"{column.at(ATOM)}[:, 0]", ATOM, column.bound, False)

    def _vector_as_column(self, depth: int) -> Expr:
        vector = self.of(VECTOR, depth)
        return Expr(f"{vector.at(ATOM)}[:, None]", ATOM, vector.bound, False)

    def _reshaped(self, depth: int) -> Expr:
        vector = self.of(VECTOR, depth)
        return Expr(f"{vector.at(ATOM)}.reshape(-1, 1)", ATOM, vector.bound, False)

    def _outer(self, depth: int) -> Expr:
        left, right = self.of(VECTOR, depth), self.of(VECTOR, depth)
        return Expr(f"np.outer({left.text}, {right.text})", bound=left.bound * right.bound)

    # Conditions

    def condition(self) -> str:
        form = self.pick([self._comparison, self._between, self._of_int, self._compound])
        return form()

    def _comparison(self) -> str:
        left = self.of(SCALAR, 1)
        right = self.pick([Expr("0.1"), self.leaf(SCALAR)])
        sign = self.pick([">", "<", ">=", "<="])
        return f"{left.at(SUM)} {sign} {right.at(SUM)}"

    def _between(self) -> str:
        return f"-0.4 < {self.of(SCALAR, 0).at(SUM)} < 1.1"

    def _of_int(self) -> str:
        ints = self.function.names(INT)
        if not ints:
            return self._comparison()
        return self.pick(["{} % 2 == 0", "{} > 0", "{} != 1"]).format(self.pick(ints))

    def _compound(self) -> str:
        left, right = self._comparison(), self._comparison()
        return self.pick([f"{left} and {right}", f"{left} or {right}", f"not {left}"])


# Functions


class FunctionWriter:
    """One function being written: its scope, its lines, and what it may draw."""

    # How deeply compound statements may nest.
    NESTING = 2

    def __init__(
        self,
        draw: Draw[Any],
        features: frozenset[str],
        library: Sequence[Signature],
        size: int,
    ) -> None:
        self.draw = draw
        self.features = features
        self.library = library
        self.size = size
        self.scope: dict[str, Variable] = {}
        self.lines: list[str] = []
        self.taken: set[str] = set()
        self.local_functions: list[Signature] = []
        self.result: tuple[str, ...] = (SCALAR,)
        self.nesting = 0
        self.loops = 0
        self.in_try = False
        self.express = Expressions(self)

    def pick(self, alternatives: Sequence[T]) -> T:
        return self.draw(st.sampled_from(list(alternatives)))

    # Scope

    def names(self, kind: str) -> list[str]:
        return [name for name, variable in self.scope.items() if variable.kind == kind]

    def writable(self) -> list[str]:
        """The arrays to whose items the function may assign."""
        guards = "aliasing" not in self.features
        return [
            name
            for name, variable in self.scope.items()
            if variable.owned and not (guards and variable.guarded)
        ]

    def callables(self, kind: str) -> list[Signature]:
        known = [*self.library, *self.local_functions]
        return [signature for signature in known if signature.result == kind]

    def new_name(self, kind: str) -> str:
        numbered = (f"{NAMES[kind][0]}{number}" for number in range(1, 1000))
        free = (n for names in (NAMES[kind], numbered) for n in names if n not in self.taken)
        name = next(free)
        self.taken.add(name)
        return name

    def new(self, kind: str, **facts: Any) -> str:
        name = self.new_name(kind)
        self.scope[name] = Variable(kind, **facts)
        return name

    def bounded(self, expr: Expr) -> Expr:
        """The expression, divided or squashed if it could grow out of hand."""
        cap = 4.0 if self.loops else 30.0
        if expr.bound <= cap:
            return expr
        if expr.bound <= 8 * cap:
            return Expr(f"{expr.at(PRODUCT)} / 8", PRODUCT, expr.bound / 8)
        return Expr(f"np.tanh({expr.text})")

    def value(self, kind: str, depth: int = 2) -> Expr:
        """Something to assign: bounded and, unless aliases are wanted, a new object."""
        expr = self.bounded(self.express.of(kind, depth))
        if expr.fresh or "aliasing" in self.features:
            return expr
        return Expr(f"1.0 * {expr.at(UNARY)}", PRODUCT, expr.bound)

    # Lines

    def write(self, line: str) -> None:
        self.lines.append("    " * (self.nesting + 1) + line)

    @contextlib.contextmanager
    def block(self, header: str, *, loop: bool = False) -> Iterator[None]:
        """An indented block, which may or may not run.

        What it defines is not visible after it; what it assigns is merged into what was
        there before.
        """
        self.write(header)
        before = self.scope
        functions = len(self.local_functions)
        self.scope = {name: replace(variable) for name, variable in before.items()}
        self.nesting += 1
        self.loops += loop
        lines = len(self.lines)
        yield
        if len(self.lines) == lines:
            self.write("pass")
        self.loops -= loop
        self.nesting -= 1
        for name, variable in before.items():
            after = self.scope[name]
            variable.bound = max(variable.bound, after.bound)
            variable.owned = variable.owned and after.owned
        self.scope = before
        del self.local_functions[functions:]

    def body(self, most: int) -> None:
        """One or more statements."""
        for _ in range(self.draw(st.integers(1, most))):
            available = [s for s in STATEMENTS if s.feature in self.features | {""}]
            available = [s for s in available if s.available(self)]
            self.pick(available).write(self)

    def write_return(self) -> None:
        results = [self.value(kind, 1) for kind in self.result]
        # What was computed is mostly there to be returned.
        results[0] = self.express.with_last(results[0])
        self.write(f"return {', '.join(self.bounded(r).text for r in results)}")


# Statements


class Statement:
    """One form of statement."""

    # The feature it belongs to; the empty string is always there.
    feature: ClassVar[str] = ""

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return True

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        raise NotImplementedError


class Compound(Statement):
    """A statement with blocks, which nest only so deep."""

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return function.nesting < function.NESTING


def _kinds(function: FunctionWriter) -> tuple[str, ...]:
    return (SCALAR, *ARRAYS) if "arrays" in function.features else (SCALAR,)


def _target(function: FunctionWriter, kind: str) -> str:
    """A variable to assign: an existing one, or a new one that is not yet in scope."""
    existing = function.names(kind)
    chosen = function.pick([*existing, None])
    return function.new_name(kind) if chosen is None else chosen


def _bind(function: FunctionWriter, target: str, kind: str, value: Expr) -> None:
    owned = kind in ARRAYS and value.fresh
    function.scope[target] = Variable(kind, value.bound, owned)


class Assign(Statement):
    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        kind = function.pick(_kinds(function))
        value = function.value(kind)
        # An old name may be written to earlier in a loop: it must not come to stand for
        # an array that is not its own.
        own = kind == SCALAR or value.fresh
        target = _target(function, kind) if own else function.new_name(kind)
        function.write(f"{target} = {value.text}")
        _bind(function, target, kind, value)


class Augment(Statement):
    """``a += b`` on a scalar, or on an array that the function owns."""

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return bool(cls._targets(function))

    @classmethod
    def _targets(cls, function: FunctionWriter) -> list[str]:
        arrays = function.writable() if "mutation" in function.features else []
        return function.names(SCALAR) + arrays

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        target = function.pick(cls._targets(function))
        kind = function.scope[target].kind
        kinds = [kind] if kind in {SCALAR, COLUMN} else [SCALAR, VECTOR, kind]
        value = function.bounded(function.express.of(function.pick(kinds), 1))
        update = _update(function, value)
        function.write(f"{target} {update}")
        function.scope[target].bound += value.bound


def _update(function: FunctionWriter, value: Expr) -> str:
    """An operator and operand that change a value by a bounded amount or shrink it."""
    return function.pick(
        [
            f"+= {value.text}",
            f"-= {value.text}",
            f"*= np.tanh({value.text})",
            f"/= 1 + {value.at(ATOM)} ** 2",
        ]
    )


class Targets(Statement):
    """The other forms of assignment: tuples, swaps, chains, stars, annotations."""

    feature = "targets"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        forms = [cls._pair, cls._swap, cls._chain, cls._star, cls._annotated]
        function.pick(forms)(function)

    @classmethod
    def _scalars(cls, function: FunctionWriter, count: int) -> list[Expr]:
        return [function.value(SCALAR, 1) for _ in range(count)]

    @classmethod
    def _assign(cls, function: FunctionWriter, values: list[Expr]) -> list[str]:
        """As many different scalar targets."""
        targets: list[str] = []
        for value in values:
            free = [name for name in function.names(SCALAR) if name not in targets]
            chosen = function.pick([*free, None])
            target = function.new_name(SCALAR) if chosen is None else chosen
            targets.append(target)
            _bind(function, target, SCALAR, value)
        return targets

    @classmethod
    def _pair(cls, function: FunctionWriter) -> None:
        values = cls._scalars(function, 2)
        targets = cls._assign(function, values)
        function.write(f"{', '.join(targets)} = {', '.join(v.text for v in values)}")

    @classmethod
    def _swap(cls, function: FunctionWriter) -> None:
        """Exchange two variables of a kind: scalars, or the buffers of a stencil."""
        scope = function.scope
        pairs = []
        for kind in _kinds(function):
            names = function.names(kind)
            pairs += [
                (one, other)
                for one, other in pairwise(names)
                # In a loop, each will be used where the other was.
                if scope[one].owned == scope[other].owned
                and scope[one].guarded == scope[other].guarded
            ]
        if not pairs:
            cls._pair(function)
            return
        one, other = function.pick(pairs)
        function.write(f"{one}, {other} = {other}, {one}")
        scope[one], scope[other] = scope[other], scope[one]

    @classmethod
    def _chain(cls, function: FunctionWriter) -> None:
        (value,) = cls._scalars(function, 1)
        targets = cls._assign(function, [value, value])
        function.write(f"{' = '.join(targets)} = {value.text}")

    @classmethod
    def _star(cls, function: FunctionWriter) -> None:
        values = cls._scalars(function, 3)
        (target,) = cls._assign(function, values[:1])
        rest = function.new(LIST)
        items = ", ".join(value.text for value in values)
        function.write(f"{target}, *{rest} = {items}")
        total = function.new(SCALAR, bound=values[1].bound + values[2].bound)
        function.write(f"{total} = sum({rest})")

    @classmethod
    def _annotated(cls, function: FunctionWriter) -> None:
        (value,) = cls._scalars(function, 1)
        target = function.new(SCALAR, bound=value.bound)
        function.write(f"{target}: float = {value.text}")


class Buffer(Statement):
    """A new array to write to."""

    feature = "mutation"

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return "arrays" in function.features

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        kind = function.pick(ARRAYS)
        existing = function.names(kind)
        size = function.size
        shape = {VECTOR: f"{size}", COLUMN: f"({size}, 1)", MATRIX: f"({size}, {size})"}
        texts = [f"np.zeros({shape[kind]})"]
        for name in existing:
            texts += [f"{name}.copy()", f"np.zeros_like({name})"]
        # The copy of something is the more interesting, and the simpler to read.
        text = function.pick([*texts[1:], texts[0]])
        target = _target(function, kind)
        function.write(f"{target} = {text}")
        _bind(function, target, kind, Expr(text, bound=2.0))


class ItemAssign(Statement):
    """``u[i] = a``, ``u[1:] += v[:-1]`` and the like, on an array the function owns."""

    feature = "mutation"

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return bool(function.writable())

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        target = function.pick(function.writable())
        kind = function.scope[target].kind
        index, value = function.pick([cls._item, cls._slice, cls._add_at])(function, kind)
        value = function.bounded(value)
        function.scope[target].bound += value.bound
        if index is None:
            rows = f"[0, {function.size - 1}, 0]"
            function.write(f"np.add.at({target}, {rows}, {value.text})")
            return
        update = function.pick([f"= {value.text}", _update(function, value)])
        function.write(f"{target}[{index}] {update}")

    @classmethod
    def _item(cls, function: FunctionWriter, kind: str) -> tuple[str, Expr]:
        express = function.express
        index = express.index()
        if kind == MATRIX:
            form = function.pick(["{}, -1", "{}", ":, {}"])
            value = SCALAR if form == "{}, -1" else VECTOR
            return form.format(index), express.of(value, 1)
        return index, express.of(SCALAR, 1)

    @classmethod
    def _slice(cls, function: FunctionWriter, kind: str) -> tuple[str, Expr]:
        """A slice of the first axis, from a slice of an array or from a scalar."""
        express = function.express
        source = function.pick([SCALAR, kind])
        value = express.of(source, 1)
        index, shifted = function.pick(
            [("1:", ":-1"), (":-1", "1:"), ("::2", "::2"), (":", ":"), ("1:-1", "1:-1")]
        )
        if source == SCALAR:
            return index, value
        return index, Expr(f"{value.at(ATOM)}[{shifted}]", bound=value.bound)

    @classmethod
    def _add_at(cls, function: FunctionWriter, kind: str) -> tuple[None, Expr]:
        return None, function.express.of(SCALAR, 1)


class If(Compound):
    feature = "branches"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        with function.block(f"if {function.express.condition()}:"):
            function.body(2)
        arms = function.pick(["if", "if else", "if elif", "if elif else"])
        if "elif" in arms:
            with function.block(f"elif {function.express.condition()}:"):
                function.body(2)
        if "else" in arms:
            with function.block("else:"):
                function.body(2)


class For(Compound):
    feature = "for"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        forms = [cls._range]
        if "arrays" in function.features:
            forms += [cls._array, cls._zip, cls._enumerate, cls._rows]
        if "list" in function.features:
            forms.append(cls._list)
        function.pick(forms)(function)

    @classmethod
    def _loop(
        cls,
        function: FunctionWriter,
        over: str,
        targets: dict[str, Variable],
        guarded: Any = (),
    ) -> None:
        """A loop whose targets are known in its body only.

        The iteration would see what is written to the ``guarded`` arrays, as an alias.
        """
        names = ", ".join(targets)
        with function.block(f"for {names} in {over}:", loop=True):
            function.scope.update(targets)
            for name in guarded:
                if name in function.scope:
                    function.scope[name].guarded = True
            function.body(3)

    @classmethod
    def _range(cls, function: FunctionWriter) -> None:
        size = function.size
        counts = [("2", 2), ("3", 3), (f"{size}", size), ("0", 0)]
        counts += [(f"len({name})", size) for name in function.names(VECTOR)]
        counts += [(name, None) for name in function.names(INT)]
        stop, limit = function.pick(counts)
        form = function.pick(["range({})", "range(1, {})", "reversed(range({}))"])
        index = function.new_name(INT)
        cls._loop(function, form.format(stop), {index: Variable(INT, 3.0, limit=limit)})

    @classmethod
    def _vector(cls, function: FunctionWriter) -> str:
        names = function.names(VECTOR)
        return function.pick(names) if names else function.express.made(VECTOR).text

    @classmethod
    def _array(cls, function: FunctionWriter) -> None:
        vector = cls._vector(function)
        over = function.pick([vector, f"reversed({vector})"])
        cls._loop(function, over, {function.new_name(SCALAR): Variable(SCALAR)}, [vector])

    @classmethod
    def _rows(cls, function: FunctionWriter) -> None:
        matrices = function.names(MATRIX)
        if not matrices:
            cls._array(function)
            return
        matrix = function.pick(matrices)
        cls._loop(function, matrix, {function.new_name(VECTOR): Variable(VECTOR)}, [matrix])

    @classmethod
    def _zip(cls, function: FunctionWriter) -> None:
        first, second = cls._vector(function), function.express.of(VECTOR, 1).text
        targets = {function.new_name(SCALAR): Variable(SCALAR) for _ in range(2)}
        # The second may be a view of anything that the function owns.
        cls._loop(function, f"zip({first}, {second})", targets, list(function.scope))

    @classmethod
    def _enumerate(cls, function: FunctionWriter) -> None:
        vector = cls._vector(function)
        targets = {
            function.new_name(INT): Variable(INT, 3.0, limit=function.size),
            function.new_name(SCALAR): Variable(SCALAR),
        }
        cls._loop(function, f"enumerate({vector})", targets, [vector])

    @classmethod
    def _list(cls, function: FunctionWriter) -> None:
        items = [function.value(SCALAR, 1) for _ in range(2)]
        text = ", ".join(item.text for item in items)
        over = function.pick([f"[{text}]", f"({text})", f"reversed([{text}])"])
        bound = max(item.bound for item in items)
        cls._loop(function, over, {function.new_name(SCALAR): Variable(SCALAR, bound)})


class While(Compound):
    """A loop that a counter stops, and perhaps a value before that."""

    feature = "while"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        counter = function.new(INT, bound=3.0)
        trips = function.pick([2, 3, 0])
        test = f"{counter} < {trips}"
        if function.pick([False, True]):
            test += f" and {function.express.of(SCALAR, 1).at(SUM)} < 0.9"
        function.write(f"{counter} = 0")
        with function.block(f"while {test}:", loop=True):
            # A continue must not skip the counter.
            function.write(f"{counter} += 1")
            function.body(3)


class Collect(Compound):
    """A list that one loop fills and something else empties or reads."""

    feature = "list"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        items = function.new(LIST)
        function.write(f"{items} = []")
        index = function.new_name(INT)
        count = function.pick([2, 3, 0])
        with function.block(f"for {index} in range({count}):", loop=True):
            function.scope[index] = Variable(INT, 3.0, limit=count)
            # First, so that a break in the body leaves something to be read.
            function.write(f"{items}.append({function.value(SCALAR, 1).text})")
            if function.pick([False, True]):
                function.body(1)
        readers = [cls._sum, cls._reversed, cls._pop_all]
        if count:
            readers += [cls._last, cls._pop_one]
        function.pick(readers)(function, items)

    @classmethod
    def _sum(cls, function: FunctionWriter, items: str) -> None:
        function.write(f"{function.new(SCALAR, bound=6.0)} = 0.5 + sum({items})")

    @classmethod
    def _last(cls, function: FunctionWriter, items: str) -> None:
        function.write(f"{function.new(SCALAR)} = {items}[-1] * {items}[0]")

    @classmethod
    def _pop_one(cls, function: FunctionWriter, items: str) -> None:
        function.write(f"{function.new(SCALAR)} = {items}.pop()")
        function.write(f"{function.new(SCALAR, bound=6.0)} = sum({items}) + len({items})")

    @classmethod
    def _reversed(cls, function: FunctionWriter, items: str) -> None:
        item = function.new_name(SCALAR)
        with function.block(f"for {item} in reversed({items}):", loop=True):
            function.scope[item] = Variable(SCALAR)
            function.body(1)

    @classmethod
    def _pop_all(cls, function: FunctionWriter, items: str) -> None:
        with function.block(f"while {items}:", loop=True):
            function.write(f"{function.new(SCALAR)} = {items}.pop()")
            function.body(1)


class Effect(Statement):
    """Statements that a derivative must keep, once and in order."""

    feature = "effects"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        tested = function.express.leaf(SCALAR).at(SUM)
        ints = function.names(INT)
        function.write(
            function.pick(
                [
                    f'print("here", {", ".join(ints)})' if ints else 'print("here")',
                    f"assert {tested} < 1e6",
                    f'assert {tested} > -1e6, "too small"',
                    f"print({tested})",
                ]
            )
        )
        if function.pick([False, True]) and function.nesting < function.NESTING:
            with function.block(f"if {tested} > 1e6:"):
                function.write('raise ValueError("too large")')


class Lambda(Statement):
    """A local function of its own arguments only."""

    feature = "lambda"
    captures = False

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        name = f"local_{len(function.taken)}"
        function.taken.add(name)
        text = cls.expression(function).text
        function.write(f"{name} = lambda t: {text}")
        function.local_functions.append(Signature(name, (SCALAR,), SCALAR))

    @classmethod
    def expression(cls, function: FunctionWriter) -> Expr:
        """An expression in ``t`` and, if it captures, the variables in scope."""
        outer, local_functions = function.scope, function.local_functions
        visible = outer if cls.captures else {}
        function.scope = {"t": Variable(SCALAR, 3.0), **visible}
        function.local_functions = []
        inner = function.bounded(function.express.of(SCALAR, 2))
        function.scope, function.local_functions = outer, local_functions
        return inner


class Closure(Lambda):
    """A nested function that reads the variables around it when it is called."""

    feature = "closure"
    captures = True

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        name = f"local_{len(function.taken)}"
        function.taken.add(name)
        text = cls.expression(function).text
        function.write(f"def {name}(t):")
        function.write(f"    return {text}")
        function.local_functions.append(Signature(name, (SCALAR,), SCALAR))


class Jump(Statement):
    """``if …: break`` and its like."""

    jump: ClassVar[str]

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return function.loops > 0

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        with function.block(f"if {function.express.condition()}:"):
            function.write(cls.jump)


class Break(Jump):
    feature = "break"
    jump = "break"


class Continue(Jump):
    feature = "continue"
    jump = "continue"


class EarlyReturn(Statement):
    feature = "early_return"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        with function.block(f"if {function.express.condition()}:"):
            function.write_return()


class Dict(Statement):
    """A dict of scalars; its items are then read and assigned as variables are."""

    feature = "dict"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        name = f"state_{len(function.taken)}"
        function.taken.add(name)
        first, second = (function.value(SCALAR, 1) for _ in range(2))
        function.write(f'{name} = {{"a": {first.text}, "b": {second.text}}}')
        function.scope[f'{name}["a"]'] = Variable(SCALAR, first.bound)
        function.scope[f'{name}["b"]'] = Variable(SCALAR, second.bound)


class Alias(Statement):
    """A second name for an array or a part of it, then a write through either."""

    feature = "aliasing"

    @classmethod
    def available(cls, function: FunctionWriter) -> bool:
        return bool(function.writable())

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        root = function.pick(function.writable())
        kind = function.scope[root].kind
        views = {
            VECTOR: [
                (VECTOR, root),
                (VECTOR, f"{root}[::-1]"),
                (COLUMN, f"{root}[:, None]"),
            ],
            COLUMN: [
                (COLUMN, root),
                (VECTOR, f"{root}.ravel()"),
                (VECTOR, f"{root}[:, 0]"),
            ],
            MATRIX: [(MATRIX, root), (MATRIX, f"{root}.T"), (VECTOR, f"{root}[-1]")],
        }
        view_kind, text = function.pick(views[kind])
        name = function.new(view_kind, owned=True)
        function.write(f"{name} = {text}")
        value = function.bounded(function.express.of(SCALAR, 1))
        written = function.pick([name, root])
        function.write(f"{written}[0] {_update(function, value)}")


class Try(Compound):
    feature = "try"

    @classmethod
    def write(cls, function: FunctionWriter) -> None:
        with function.block("try:"):
            function.body(1)
            with function.block(f"if {function.express.condition()}:"):
                function.write('raise ValueError("as planned")')
            function.body(1)
        with function.block("except ValueError:"):
            function.body(1)


STATEMENTS: tuple[type[Statement], ...] = (
    Assign,
    Augment,
    If,
    For,
    While,
    Targets,
    Buffer,
    ItemAssign,
    ItemAssign,
    Collect,
    Effect,
    Lambda,
    Break,
    Continue,
    EarlyReturn,
    Dict,
    Closure,
    Alias,
    Try,
)


# Modules


@dataclass
class _ModuleWriter:
    """Draws helper functions, the main function, and arguments for it."""

    draw: Draw[Any]
    features: frozenset[str]
    statements: int
    library: list[Signature] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    def write(self) -> Program:
        self.size = self.draw(st.sampled_from([2, 1, 3]))
        if "helpers" in self.features:
            for number in range(self.draw(st.integers(0, 2))):
                self._write_helper(f"helper_{number}")
        if "recursion" in self.features and self.draw(st.booleans()):
            self._write_recursion()
        args, main = self._write_main()
        wrt = tuple(at for at, value in enumerate(args) if not isinstance(value, int))
        body = self._with_what_it_calls(main)
        imports = [name for name in ("math", "np") if f"{name}." in body]
        header = "".join(
            {"math": "import math\n", "np": "import numpy as np\n"}[name] for name in imports
        )
        constants = "SCALE = 1.25\n\n\n" if "SCALE" in body else "\n"
        return Program(
            source=f"{header}\n{constants}{body}\n".lstrip("\n"),
            name="main",
            args=args,
            description=f"arrays of size {self.size}",
            wrt=wrt,
        )

    def _kinds(self) -> tuple[str, ...]:
        return (SCALAR, *ARRAYS) if "arrays" in self.features else (SCALAR,)

    def _function(self, kinds: Sequence[str]) -> tuple[FunctionWriter, list[str]]:
        function = FunctionWriter(self.draw, self.features, tuple(self.library), self.size)
        return function, [function.new(kind) for kind in kinds]

    def _write_helper(self, name: str) -> None:
        """A function of one or two values; it may call the helpers before it."""
        draw = self.draw
        kinds = draw(st.lists(st.sampled_from(self._kinds()), min_size=1, max_size=2))
        function, names = self._function(kinds)
        keywords: tuple[tuple[str, str], ...] = ()
        if draw(st.booleans()):
            keywords = (("scale", "0.5"),)
            function.scope["scale"] = Variable(SCALAR)
            function.taken.add("scale")
        parameters = names + [f"{keyword}={default}" for keyword, default in keywords]
        function.result = (draw(st.sampled_from(self._kinds())),)
        if draw(st.booleans()):
            function.body(2)
        # A helper may be called in a loop, so its result is held to a loop's bounds.
        function.loops = 1
        function.write_return()
        self._add(name, parameters, function)
        self.library.append(Signature(name, tuple(kinds), function.result[0], keywords))

    def _write_recursion(self) -> None:
        """A function that calls itself a few times, in a branch or an expression."""
        function, (value,) = self._function([SCALAR])
        function.loops = 1
        last, step = function.value(SCALAR, 1), function.value(SCALAR, 1)
        again = f"descend({step.text}, depth - 1)"
        if self.draw(st.booleans()):
            otherwise = f"np.sin({again}) * {value}"
            function.write(f"return {last.at(COMPARISON)} if depth <= 0 else {otherwise}")
        else:
            function.write("if depth <= 0:")
            function.write(f"    result = {last.text}")
            function.write("else:")
            function.write(f"    result = np.tanh({again} + {value})")
            function.write("return result")
        self._add("descend", [value, "depth=2"], function)
        self.library.append(Signature("descend", (SCALAR,), SCALAR, bound=4.0))

    def _write_main(self) -> tuple[tuple[Any, ...], str]:
        draw = self.draw
        signatures = [(SCALAR,), (SCALAR, SCALAR)]
        if "arrays" in self.features:
            signatures += [(VECTOR,), (SCALAR, VECTOR), (VECTOR, MATRIX)]
            signatures += [(SCALAR, VECTOR, VECTOR), (VECTOR, COLUMN), (SCALAR, MATRIX)]
        kinds = draw(st.sampled_from(signatures))
        args = [self._argument(kind, position) for position, kind in enumerate(kinds)]
        function, names = self._function(kinds)
        if draw(st.booleans()):
            names.append("n")
            args.append(draw(st.sampled_from([2, 0, 1])))
            function.scope["n"] = Variable(INT, 3.0)
            function.taken.add("n")
        results = [(SCALAR,)]
        if "arrays" in self.features:
            results += [(VECTOR,), (SCALAR, VECTOR), (MATRIX, SCALAR)]
        function.result = draw(st.sampled_from(results))
        function.body(self.statements)
        function.write_return()
        return tuple(args), self._text("main", names, function)

    def _with_what_it_calls(self, main: str) -> str:
        """The function after those helpers that it calls, directly or not."""
        text = main
        for signature, part in zip(reversed(self.library), reversed(self.parts), strict=True):
            if f"{signature.name}(" in text:
                text = f"{part}\n\n\n{text}"
        return text

    def _argument(self, kind: str, position: int) -> Any:
        """Values of about one; none is zero, equal to another, or a round number."""
        shape = {
            SCALAR: (),
            VECTOR: (self.size,),
            COLUMN: (self.size, 1),
            MATRIX: (self.size, self.size),
        }[kind]
        count = int(np.prod(shape, dtype=int))
        eighths = self.draw(st.lists(st.integers(0, 12), min_size=count, max_size=count))
        offsets = 0.0371 * (np.arange(count) + 1) + 0.0113 * position
        values = np.array(eighths) / 8 * (-1.0) ** np.arange(count) + offsets
        return float(values[0]) if kind == SCALAR else values.reshape(shape)

    def _text(self, name: str, parameters: list[str], function: FunctionWriter) -> str:
        return "\n".join([f"def {name}({', '.join(parameters)}):", *function.lines])

    def _add(self, name: str, parameters: list[str], function: FunctionWriter) -> None:
        self.parts.append(self._text(name, parameters, function))
