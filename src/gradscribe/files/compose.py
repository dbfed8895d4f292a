"""The text of a standalone derivative file."""

from __future__ import annotations

import ast
import builtins
import inspect
import shlex
import symtable
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

import gradscribe
from gradscribe import api
from gradscribe import specification as spec
from gradscribe.depth import deep
from gradscribe.emit.module import Module, emit_module, is_literal
from gradscribe.emit.requirements import Requirements
from gradscribe.files.fingerprint import digest, sources_and_rules
from gradscribe.files.guards import Guard, entry, listed, open_lengths
from gradscribe.files.reliance import Reliance, calling, check_importable
from gradscribe.files.reliance import listed as rules_of
from gradscribe.files.target import Target, kinds_of, relative, says_nothing
from gradscribe.frontend.declared import RELIED_ON
from gradscribe.frontend.resolve import TOUCHED, definition_of
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Const, Function
from gradscribe.ir.primitives import public_module
from gradscribe.ir.rewrite import copy_function
from gradscribe.ir.types import NONE, Array, Scalar, Sequence, Type, Unknown
from gradscribe.primal import differentiable, places, primal_ir, spelled
from gradscribe.runtime.dispatch import Derivative

Wrt = int | str | tuple[int | str, ...]

# Each kind of derivative by the option of the command, and as it is called at the head of a file.
KINDS = {
    "gradient": "gradient",
    "elementwise": "derivative of each entry",
    "jvp": "jvp",
    "vjp": "vjp",
    "linearize": "linearization",
    "jacobian": "jacobian",
    "hessian": "hessian",
    "hvp": "hessian times a vector",
}
_SECOND = ("hessian", "hvp")  # which are of one order more


@final
@dataclass(frozen=True, slots=True)
class Wish:
    """Which derivative to write.

    ``wrts``: with respect to what, one for each order; the last serves all orders that follow.
    ``kind``: one of ``KINDS``, the outermost if order > 1. ``has_aux``: what is differentiated
    returns ``(value, aux)``. ``nan_check``: with checks that name the line where a NaN or an
    infinity comes from. ``batched``: a jvp of many tangents at once.
    """

    wrts: tuple[Wrt, ...] = (0,)
    mode: Any = "auto"
    order: int = 1
    value: bool = False
    kind: str = "gradient"
    example: str | None = None
    has_aux: bool = False
    nan_check: bool = False
    batched: bool = False

    def wrt(self, order: int) -> Wrt:
        return self.wrts[min(order, len(self.wrts)) - 1]


@final
@dataclass(frozen=True, slots=True)
class File:
    """A derivative's name and the text of its file. ``notes`` are warnings for the user."""

    name: str
    text: str
    notes: tuple[str, ...]


def derived(function: Any, wish: Wish) -> Derivative:
    """The derivative of a function that a wish describes."""
    made = function
    for order in range(1, wish.order):
        made = api.grad(made, wish.wrt(order), mode=wish.mode, has_aux=wish.has_aux)
    wrt, aux = wish.wrt(wish.order), dict[str, Any](has_aux=wish.has_aux)
    match wish.kind:
        case "jvp":
            return api.jvp(made, batched=wish.batched, nan_check=wish.nan_check, **aux)
        case "elementwise":
            return api.elementwise_grad(made, wrt, mode=wish.mode)
        case "jacobian":
            return api.jacobian(made, wrt, mode=wish.mode, **aux)
        case "vjp":
            return api.vjp(made, wrt, nan_check=wish.nan_check, **aux)
        case "linearize" | "hessian" | "hvp":
            make: Any = getattr(api, wish.kind)
            return make(made, wrt, **aux)  # type: ignore[no-any-return]  # one of api's
    make = api.value_and_grad if wish.value else api.grad
    return make(made, wrt, mode=wish.mode, nan_check=wish.nan_check, **aux)  # type: ignore[no-any-return]


def compose(target: Target, wish: Wish, directory: Path | None = None) -> File:
    """The file that a wish describes; ``directory`` is where it will stand, for its header."""
    touched: dict[types.FunctionType, None] = {}
    relied: Reliance = {}
    token, other = TOUCHED.set(touched), RELIED_ON.set(relied)
    try:
        with deep():
            return _Composer(target, wish, directory, touched, relied).file()
    finally:
        TOUCHED.reset(token)
        RELIED_ON.reset(other)


def intermediate(target: Target, wish: Wish, derivative: bool) -> list[Function]:
    """The IR of a function, or of its derivative."""
    composer = _Composer(target, wish, None, {}, {})
    return composer.functions()[0] if derivative else [primal_ir(target.function, composer.kinds)]


@final
class _Composer:
    def __init__(
        self,
        target: Target,
        wish: Wish,
        directory: Path | None,
        touched: dict[types.FunctionType, None],
        relied: Reliance,
    ) -> None:
        self.target = target
        self.wish = wish
        self.directory = directory
        self.touched = touched
        self.relied = relied
        self.primal = target.function
        self.names = list(inspect.signature(self.primal).parameters)
        kinds = kinds_of(target, wish.example)
        asked, self.single = places(self.primal, wish.wrt(wish.order))
        self.asked = asked
        self.wrt = [place.param for place in asked]
        everywhere = [
            place
            for order in range(1, wish.order + 1)
            for place in places(self.primal, wish.wrt(order))[0]
        ]
        self.kinds, _ = differentiable(kinds, everywhere, self.names, target.name)

    def file(self) -> File:
        functions, extra, name = self.functions()
        functions, written = calling(functions, self.relied)
        module = self.primal.__module__
        # Once to see what the text relies on, and again with all that around it.
        draft = emit_module(functions, module, [], extra, standalone=True)
        check_importable(draft.objects)
        lengths = open_lengths(self.kinds)
        primal = primal_ir(self.primal, lengths)
        guard = Guard(primal, self.names, self.kinds, "float32" in draft.text)
        needs = self._closing(draft)
        checks = guard.statements(needs, self._dots(functions[0]), self.wish.batched)
        entered = [self._entered(functions[0], checks), *functions[1:]]
        noted = [note for function in functions for note in function.notes]
        notes = tuple(dict.fromkeys(noted + written))
        if says_nothing(self.kinds):
            unknown = [n for n, k in zip(self.names, self.kinds, strict=True) if says_nothing((k,))]
            general = f"written for any {', '.join(unknown)}, which makes the text longer"
            shown = (*notes, f"{general}: annotate them or give --example")
        else:
            shown = notes
        head = self._header(guard.typed(), draft, needs, notes)
        emitted = emit_module(entered, module, head, extra, standalone=True, needs=needs)
        return File(name, emitted.text, shown)

    def _dots(self, function: Function) -> dict[str, str]:
        """The parameters that are tangents of others, by what they are tangents of."""
        if self.wish.kind == "jvp":
            given = [p.name for p in function.params[len(self.names) :]]
        elif self.wish.kind == "hvp":
            (vector,) = [p.name for p in function.params if p.name not in self.names]
            given = [vector] if self.single else [f"{vector}[{k}]" for k in range(len(self.wrt))]
        else:
            return {}
        pairs = zip(self.asked, given, strict=False)
        return {self.names[place.param]: dot for place, dot in pairs if not place.path}

    def functions(self) -> tuple[list[Function], list[ast.stmt] | None, str]:
        """The functions of the file, the statements after them, and its name."""
        made = derived(self.primal, self.wish)
        about: Any = made.specification
        if isinstance(about, spec.Pullback | spec.Linearization):
            pair = about.pair(self.kinds)
            extra = about.tie(self.kinds)
            if isinstance(about, spec.Pullback):
                _check_cotangent(extra[0], pair.forward)
            else:
                asked, _ = about.asked(self.kinds)
                points = [spelled(self.names[place.param], place.path) for place in asked]
                _check_tangents(extra[0], points)
                _check_result(extra[0], pair.forward)
            return [pair.forward, pair.linear], extra, about.name
        if isinstance(about, spec.Tangent):
            dots = tuple(
                kind if place in self.wrt else NONE for place, kind in enumerate(self.kinds)
            )
            pair_of_types = (Sequence("tuple", self.kinds), Sequence("tuple", dots))
            return [about.inner(pair_of_types)], None, about.name
        return [about.ir(about.kinds_for(self.kinds))], None, about.name

    def _entered(self, function: Function, checks: list[ast.stmt]) -> Function:
        """A copy with checks at its entry."""
        function, _ = copy_function(function)
        function.body.ops[:0] = map(entry, checks)
        return function

    def _closing(self, draft: Module) -> Requirements:
        """What binds the names that a text leaves open: modules, and objects of the user's."""
        needs = Requirements(self.primal.__module__)
        needs.taken |= {*self.names, *draft.constants}
        definition = definition_of(self.primal)
        for name in _open_names(draft.text):
            try:
                value = definition.lookup(name)
            except KeyError:  # only the check of a cotangent needs what the function does not
                value = np
            if isinstance(value, types.ModuleType):
                needs.imports[name] = value.__name__
            else:
                needs.constants[name] = Const(value, name, self.primal.__module__)
        return needs

    # ------------------------------------------------------------------ the head

    def _header(
        self, typed: list[str], draft: Module, needs: Requirements, notes: tuple[str, ...]
    ) -> list[str]:
        sources, rules = sources_and_rules(self.touched)
        wish = self.wish
        described = [*typed, self._what(), *sources]
        lines = [
            f"Written by gradscribe {gradscribe.__version__} from {self.target.place}",
            f"Derivative  {self._what()}",
            f"Arguments   {', '.join(typed)}" if typed else "Arguments   none",
            f"Sources     sha256 {digest(described)}; rules {digest(rules)}",
        ]
        imported = sorted(
            {f"{public_module(value)}.{name}" for name, value in draft.objects.items()}
            | {
                f"{constant.home}.{name}"
                for name, constant in {**draft.constants, **needs.constants}.items()
                if not is_literal(constant)
            }
        )
        if imported:
            lines.append(f"Imports     {', '.join(imported)}")
        lines += [f"Rules       {rules}" for rules in rules_of(self.relied)]
        lines += [f"Note        {note}" for note in notes]
        lines.append(f"Regenerate  {command(self.target, wish, self.directory)}")
        return lines

    def _what(self) -> str:
        wish = self.wish
        steps = []
        for order in range(1, wish.order + 1):
            asked, _ = places(self.primal, wish.wrt(order))
            steps.append(listed([spelled(self.names[p.param], p.path) for p in asked]))
        what = "value and gradient" if wish.value else KINDS[wish.kind]
        what += " of many tangents" if wish.batched else ""
        what += " with its auxiliary part" if wish.has_aux else ""
        order = wish.order + (wish.kind in _SECOND)
        return f"{what} with respect to {', then '.join(steps)}; order {order}, mode {wish.mode}"


def command(target: Target, wish: Wish, directory: Path | None) -> str:
    """The command that writes a file again, without what goes without saying."""
    usual = target.request or spec.Request(0, "auto", 1)
    words = ["gradscribe", "write", target.place]
    if wish.wrts != (usual.wrt,):
        for wrt in wish.wrts:
            words += ["--wrt", ",".join(map(str, wrt if isinstance(wrt, tuple) else (wrt,)))]
    if wish.mode != usual.mode:
        words += ["--mode", wish.mode]
    if wish.order != (usual.order if wish.wrts == (usual.wrt,) else len(wish.wrts)):
        words += ["--order", str(wish.order)]
    if wish.value:
        words.append("--value")
    if wish.kind != "gradient":
        words.append(f"--{wish.kind}")
    if wish.has_aux and not usual.has_aux:
        words.append("--has-aux")
    if wish.nan_check:
        words.append("--nan-check")
    if wish.batched:
        words.append("--batched")
    if wish.example is not None:
        words += ["--example", wish.example]
    if directory is not None and directory.resolve() != target.path.parent.resolve():
        words += ["-o", relative(directory)]
    return " ".join(shlex.quote(word) for word in words)


def _check_cotangent(outer: ast.stmt, forward: Function) -> None:
    """Let a pullback refuse a cotangent that is not of the value's shape."""
    assert isinstance(outer, ast.FunctionDef)
    value = _value_type(forward)
    (inner,) = [node for node in outer.body if isinstance(node, ast.FunctionDef)]
    if isinstance(value, Scalar | Array):
        seed = inner.args.args[0].arg
        test = f"if np.shape({seed}) != np.shape(value):\n"
        test += f"    raise ValueError('{seed} must have the shape of the value')"
        inner.body[:0] = ast.parse(test).body


def _value_type(forward: Function) -> Type:
    """The type of what a function returns in front of its residuals."""
    kind = type_of_operand(forward.result)
    return kind.items[0] if isinstance(kind, Sequence) and kind.items else kind


def _check_result(outer: ast.stmt, forward: Function) -> None:
    """Let a pushforward refuse what it gives where the rank of the value is not known before."""
    value = _value_type(forward)
    if not (isinstance(value, Unknown) or (isinstance(value, Array) and value.dims is None)):
        return
    assert isinstance(outer, ast.FunctionDef)
    (inner,) = [node for node in outer.body if isinstance(node, ast.FunctionDef)]
    last = inner.body[-1]
    assert isinstance(last, ast.Return) and last.value is not None
    inner.body[-1:] = ast.parse(
        f"y_dot = {ast.unparse(last.value)}\n"
        "if np.shape(y_dot) != np.shape(value):\n"
        "    raise ValueError('the tangent lost the shape of the value on its way: use jvp')\n"
        "return y_dot"
    ).body


def _check_tangents(outer: ast.stmt, points: list[str]) -> None:
    """Let a pushforward refuse tangents that are not of the shapes of what they belong to."""
    assert isinstance(outer, ast.FunctionDef)
    (inner,) = [node for node in outer.body if isinstance(node, ast.FunctionDef)]
    dots = [arg.arg for arg in inner.args.args]
    tests = [f"np.shape({d}) != np.shape({x})" for d, x in zip(dots, points, strict=True)]
    test = f"if {' or '.join(tests)}:\n"
    test += "    raise ValueError('a tangent must have the shape of what it belongs to')"
    inner.body[:0] = ast.parse(test).body


def _open_names(text: str) -> list[str]:
    """The global names that a module reads and does not bind, in order."""
    table = symtable.symtable(text, "<text>", "exec")
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    bound |= {child.get_name() for child in table.get_children()}
    found: dict[str, None] = {}

    def visit(scope: symtable.SymbolTable) -> None:
        for symbol in sorted(scope.get_symbols(), key=lambda s: s.get_name()):
            name = symbol.get_name()
            if symbol.is_global() and symbol.is_referenced() and name not in bound:
                found.setdefault(name)
        for child in scope.get_children():
            visit(child)

    visit(table)
    return [name for name in found if not hasattr(builtins, name)]
