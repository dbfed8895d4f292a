"""Drawing the text of one function: its expressions, its scope and its lines.

- an ``Expr`` is text with what its context must know (precedence, size, freshness);
- ``Expressions`` has one method per form of expression, grouped by kind of value;
- a ``FunctionWriter`` holds a function's scope and lines;
- a ``Statement`` subclass writes one form of statement into a ``FunctionWriter``.

Every choice lists its simplest alternative first, which is what Hypothesis shrinks to.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[T]], T]

SCALAR, VECTOR, COLUMN, MATRIX, INT, LIST, DICT = (
    "scalar",
    "vector",
    "column",
    "matrix",
    "int",
    "list",
    "dict",
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


@dataclass(frozen=True)
class Definition:
    """A class of the module: its text and the kinds of its attributes."""

    text: str
    kinds: tuple[str, ...]


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
        forms: Sequence[type[Statement]] = (),
        definitions: dict[str, Definition] | None = None,
    ) -> None:
        self.draw = draw
        self.features = features
        self.library = library
        self.size = size
        self.forms = forms
        self.definitions = {} if definitions is None else definitions
        self.scope: dict[str, Variable] = {}
        self.lines: list[str] = []
        self.taken: set[str] = set()
        self.local_functions: list[Signature] = []
        self.result: tuple[str, ...] = (SCALAR,)
        self.nesting = 0
        self.loops = 0
        # How many of the loops are around the function, not in it.
        self.outer_loops = 0
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

    @contextlib.contextmanager
    def visible(self, scope: dict[str, Variable], functions: bool = True) -> Iterator[None]:
        """More names, while an expression is drawn that is evaluated elsewhere."""
        outer, local_functions = self.scope, self.local_functions
        self.scope = {**outer, **scope}
        self.local_functions = local_functions if functions else []
        yield
        self.scope, self.local_functions = outer, local_functions

    def inner(self, scope: dict[str, Variable]) -> FunctionWriter:
        """A function of its own whose parameters these are, called perhaps in a loop."""
        features = self.features - {"objects", "records", "early_return"}
        writer = FunctionWriter(
            self.draw, features, self.library, self.size, self.forms, self.definitions
        )
        writer.scope.update(scope)
        writer.taken.update(scope)
        writer.loops = 1
        writer.outer_loops = 1
        return writer

    # Lines

    def write(self, line: str) -> None:
        self.lines.append("    " * (self.nesting + 1) + line)

    def write_lines(self, lines: Sequence[str]) -> None:
        """The body of a nested function."""
        self.lines += ["    " * (self.nesting + 1) + line for line in lines]

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
            available = [s for s in self.forms if s.feature in self.features | {""}]
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


def kinds_of(function: FunctionWriter) -> tuple[str, ...]:
    return (SCALAR, *ARRAYS) if "arrays" in function.features else (SCALAR,)


def target_of(function: FunctionWriter, kind: str) -> str:
    """A variable to assign: an existing one, or a new one that is not yet in scope."""
    existing = function.names(kind)
    chosen = function.pick([*existing, None])
    return function.new_name(kind) if chosen is None else chosen


def bind(function: FunctionWriter, target: str, kind: str, value: Expr) -> None:
    owned = kind in ARRAYS and value.fresh
    function.scope[target] = Variable(kind, value.bound, owned)


def update_of(function: FunctionWriter, value: Expr) -> str:
    """An operator and operand that change a value by a bounded amount or shrink it."""
    return function.pick(
        [
            f"+= {value.text}",
            f"-= {value.text}",
            f"*= np.tanh({value.text})",
            f"/= 1 + {value.at(ATOM)} ** 2",
        ]
    )
