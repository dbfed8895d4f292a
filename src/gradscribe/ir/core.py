"""The intermediate representation: functional, structured, typed SSA. Read this page first.

A *function* is a tree of *regions*. A region has parameters, a list of operations and the operands
it yields. An *operation* applies a primitive to operands and defines results::

    def newton(a, n):                 newton(a: float, n: int)
        x = a                           %xs = range(n)
        for i in range(n):              %x2 = for (i, x) in (%xs; a):
            x = 0.5 * (x + a / x)           %q = div(a, x)
        return x                            %s = add(x, %q)
                                            %x1 = mul(0.5, %s)
                                            yield %x1
                                        return %x2

*Functional*: nothing is ever mutated. ``a[i] = v`` is ``a2 = setitem(a, i, v)`` and
``xs.append(v)`` is ``xs2 = append(xs, v)``. Mutation is recovered when text is written
(``emit/ownership.py``).

*Structured*: ``if``, ``for`` and ``while`` are operations with regions; their results are the phis.

========  =======================  =============================  ==============================
kind      args                     regions (params → yields)      results
========  =======================  =============================  ==============================
IF        condition                then () → r…; else () → r…     r…
FOR       seqs… inits…             body (items… carries…)         carries… collected…
                                     → carries… collects…
WHILE     inits…                   test (carries…) → condition;   carries… collected…
                                     body (carries…)
                                     → carries… collects…
SCOPE     holes…                   body (entered) → r…            r…
RULED     primals… leaves…         none                           r…
========  =======================  =============================  ==============================

A SCOPE is a ``with`` or ``try`` around a body (``ir/scopes.py``). The results of a RULED are its
primals; their derivative is what the user declared for the function that computed them. A FOR walks
its ``attrs.seqs`` sequences side by side. Loops *collect*: what a body yields after its carries is
gathered, one entry per iteration, in a list that is a result. Tapes are nothing else, so the
reverse of a collecting loop is a collecting loop, and reverse mode closes under repetition.

*Effects are ordered* by their place in a region: operations whose primitive has an effect are never
dropped, repeated or passed by one another. Code that passes through uninterpreted is an OPAQUE
operation: a statement or expression template with holes for its operands.

Values are compared by identity; a value's ``hint`` is the name that the text should give it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

from gradscribe.source import Span

if TYPE_CHECKING:
    from gradscribe.ir.primitives import Primitive
    from gradscribe.ir.types import Type


@final
class Value:
    """One SSA value. ``named``: the user gave it its name, so the text keeps it."""

    __slots__ = ("hint", "named", "type")

    def __init__(self, hint: str, type: Type, named: bool = False) -> None:
        self.hint = hint
        self.type = type
        self.named = named

    def __repr__(self) -> str:
        return f"%{self.hint}: {self.type}"


@final
class Const:
    """A Python object as an operand; ``name`` is the expression that denotes it in module ``home``.

    The expression is a name with attributes, subscripts and calls with literals after it:
    ``TABLE['water'].density``, ``finfo('float64').eps``.
    A named constant prints as its name and is never folded: a module's ``K`` may be rebound.
    """

    __slots__ = ("home", "name", "value")

    def __init__(self, value: Any, name: str | None = None, home: str | None = None) -> None:
        self.value = value
        self.name = name
        self.home = home

    @property
    def root(self) -> str:
        """The name that the expression begins with."""
        return re.split(r"[.\[(]", self.name or "", maxsplit=1)[0]

    @property
    def fixed(self) -> bool:
        """Is the value the same in every run: a literal, or a constant of a library?"""
        return self.name is None or self.home in ("numpy", "math")

    def __repr__(self) -> str:
        return self.name or repr(self.value)


Operand = Value | Const


@final
class _Undef:
    """What a variable holds that may be unbound; printed as nothing."""

    def __repr__(self) -> str:
        return "undef"


UNDEF = Const(_Undef())


@final
@dataclass(slots=True)
class Attrs:
    """What an operation carries beside operands; each field belongs to the kinds named.

    ``seqs`` (FOR): how many of the args are sequences. ``form`` (calls): "method" where the user
    wrote ``x.sum()``, an operator's sign where it was augmented; of a FOR, "comprehension" where it
    came from one; of a SCOPE, "repeated" where what is derived of its body stands in one too; of an
    OPAQUE, "changes" where it may change what it is given; of a CALL, "checkpoint" where reverse
    mode keeps nothing of it but its args; of an IMPLICIT, "root" or "fixed". ``template`` (OPAQUE,
    SCOPE): the AST with ``Name`` holes ``_0``, ``_1``…. ``callee`` (CALL, HOOK, IMPLICIT): the
    function; of a checkpointed FOR, the one that it is the loop of. ``stop`` (FOR, WHILE): the
    place of the carry that ends the loop when it is true after an iteration. ``ruled`` (RULED):
    the call whose derivative is declared.
    """

    seqs: int = 0
    form: str | None = None
    template: ast.AST | None = None
    callee: Function | None = None
    stop: int | None = None
    ruled: Any = None


@final
class Op:
    """``results = primitive(args)`` with nested regions.

    ``span`` is the user's expression and ``statement`` the user's statement it belongs to, also for
    operations that differentiation makes. ``derived`` marks those: only they may be rearranged
    algebraically. ``sweep`` says which sweep of a derivative they are in, for its comments.
    """

    __slots__ = (
        "args", "attrs", "derived", "prim", "regions", "results", "span", "statement", "sweep",
    )  # fmt: skip

    def __init__(
        self,
        prim: Primitive,
        args: tuple[Operand, ...],
        results: tuple[Value, ...],
        regions: tuple[Region, ...] = (),
        attrs: Attrs | None = None,
        span: Span | None = None,
        statement: Span | None = None,
        derived: bool = False,
        sweep: str | None = None,
    ) -> None:
        self.prim = prim
        self.args = args
        self.results = results
        self.regions = regions
        self.attrs = attrs or _NO_ATTRS
        self.span = span
        self.statement = statement
        self.derived = derived
        self.sweep = sweep

    @property
    def result(self) -> Value:
        """The only result."""
        (value,) = self.results
        return value

    def __repr__(self) -> str:
        results = ", ".join(f"%{r.hint}" for r in self.results)
        return f"{results} = {self.prim.name}({', '.join(map(repr, self.args))})"


_NO_ATTRS = Attrs()


@final
class Region:
    """Operations in order, with parameters and what they yield."""

    __slots__ = ("ops", "params", "yields")

    def __init__(
        self,
        params: list[Value] | None = None,
        ops: list[Op] | None = None,
        yields: list[Operand] | None = None,
    ) -> None:
        self.params = params if params is not None else []
        self.ops = ops if ops is not None else []
        self.yields = yields if yields is not None else []


@final
@dataclass(slots=True, eq=False)
class Parameter:
    """One parameter as Python spells it; its value is in ``body.params`` at its place."""

    name: str
    kind: str = "plain"  # plain, positional, keyword, args, kwargs
    default: Operand | None = None
    has_default: bool = False


@final
@dataclass(slots=True, eq=False)
class Function:
    """A function: parameters, a body whose one yield is what it returns, and its origin.

    ``order`` counts how often it has been differentiated; ``notes`` are for the head of its text.
    ``derivatives`` keeps the derivatives of a function that is called, by kind; ``internal``
    functions are called by other emitted ones alone, so what they hand out need not be copied.
    ``changes``: it assigns to parts of objects that it is given (in the IR, to parts of copies).
    The first so many params are ``residuals``: what a branch would have computed that was not taken
    is undefined.
    """

    name: str
    params: list[Parameter]
    body: Region
    doc: str | None = None
    span: Span | None = None
    notes: list[str] = field(default_factory=list)
    order: int = 0
    derivatives: dict[str, Any] = field(default_factory=dict)
    internal: bool = False
    changes: bool = False
    residuals: int = 0

    @property
    def sure_params(self) -> list[Value]:
        """The values of parameters that are certainly what their types say."""
        first, rest = self.body.params[: self.residuals], self.body.params[self.residuals :]
        computing = (op for op in self.body.ops if op.prim.function is not tuple)
        read = {arg for op in computing for arg in op.args}
        return [*(value for value in first if value in read), *rest]

    @property
    def result(self) -> Operand:
        (operand,) = self.body.yields
        return operand


def walk(region: Region) -> Iterator[Op]:
    """Every operation of a region and of the regions in it, outer ones first, in order."""
    around = [iter(region.ops)]  # a stack: nested generators would hand on each op level by level
    while around:
        for op in around[-1]:
            yield op
            if op.regions:
                around += [iter(inner.ops) for inner in reversed(op.regions)]
                break
        else:
            around.pop()
