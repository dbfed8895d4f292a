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
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st

from drawing import (
    ARRAYS,
    COLUMN,
    COMPARISON,
    INT,
    MATRIX,
    SCALAR,
    VECTOR,
    Definition,
    Draw,
    FunctionWriter,
    Signature,
    Variable,
)
from everyday import EVERYDAY
from oracles import gradient_and_error, leaves
from ordinary import ORDINARY
from statements import STATEMENTS

# What arithmetic on scalars and arrays in plain functions needs; each can be left out.
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

# All of ordinary Python.
FEATURES = FOUNDATION | {
    form.feature for form in (*STATEMENTS, *ORDINARY, *EVERYDAY) if form.feature
}

# What a module imports if its text has this in it.
IMPORTS = {
    "math.": "import math",
    "@dataclass": "from dataclasses import dataclass, replace",
    "partial(": "from functools import partial",
    "reduce(": "from functools import reduce",
    "wraps(": "from functools import wraps",
    "accumulate(": "from itertools import accumulate",
    "chain(": "from itertools import chain",
    "islice(": "from itertools import islice",
    "pairwise(": "from itertools import pairwise",
    " in product(": "from itertools import product",
    "operator.": "import operator",
    "(NamedTuple)": "from typing import NamedTuple",
    "np.": "import numpy as np",
}

# Values and gradients beyond these are ill-conditioned and prove little.
LARGEST_VALUE = 1e3
LARGEST_GRADIENT = 1e4
LARGEST_ERROR = 1e-8


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
        call = ", ".join(map(spelled, self.args))
        return f"\n{self.source}\n# {self.description}\n{self.name}({call})\n"


def spelled(argument: Any) -> str:
    """An expression for an argument of a program, exact to the last digit."""
    is_array = isinstance(argument, np.ndarray)
    return f"np.array({argument.tolist()})" if is_array else repr(argument)


def load(program: Program) -> Callable[..., Any]:
    """The program's function, from memory: quick, but without a source file."""
    namespace: dict[str, Any] = {"__name__": "program"}
    exec(compile(program.source, "<program>", "exec", dont_inherit=True), namespace)
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


def sample(strategy: st.SearchStrategy[Program], count: int, number: int = 0) -> list[Program]:
    """About ``count`` programs of a strategy, for each ``number`` always the same ones."""
    drawn: list[Program] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(program: Program) -> None:
        drawn.append(program)

    draw()
    return drawn


@st.composite
def programs(draw: Draw[Any], features: frozenset[str] = FEATURES, statements: int = 8) -> Program:
    """Programs that use at most these features and about this many statements."""
    unknown = features - FEATURES
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


# Modules


@dataclass
class _ModuleWriter:
    """Draws helper functions, the main function, and arguments for it."""

    draw: Draw[Any]
    features: frozenset[str]
    statements: int
    library: list[Signature] = field(default_factory=list)
    definitions: dict[str, Definition] = field(default_factory=dict)
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
        header = "".join(f"{line}\n" for mark, line in IMPORTS.items() if mark in body)
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
        function = FunctionWriter(
            self.draw,
            self.features,
            tuple(self.library),
            self.size,
            (*STATEMENTS, *ORDINARY, *EVERYDAY),
            self.definitions,
        )
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
        classes = [definition.text for definition in self.definitions.values()]
        text = "\n\n\n".join([*classes, main])
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
