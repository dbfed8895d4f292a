"""The custom rules that a file relies on: what its head says of them, and how it is read again.

Where a file computes the value of a function that has a rule, it calls a function of that name,
whose definition it holds. When the file is read again, that is the user's function, and its rule
holds as before::

    # Rules       model.sinh: @adjoint of 'x' (sinh_adjoint)
    def sinh(x):
        return (np.exp(x) - np.exp(-x)) / 2
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradscribe.errors import ArgumentError
from gradscribe.frontend.applied import outlined, rule_name
from gradscribe.frontend.declared import Declared, Rule
from gradscribe.ir.build import type_of_operand
from gradscribe.ir.core import Attrs, Function, Op, Region
from gradscribe.ir.primitives import CALL, RULED
from gradscribe.ir.rewrite import copy_function
from gradscribe.passes import simplify
from gradscribe.passes.clean import clean
from gradscribe.passes.rules import has_rules

Reliance = dict[tuple[Declared, Rule | None], None]


def calling(functions: list[Function], relied: Reliance) -> tuple[list[Function], list[str]]:
    """Functions in which values that have a rule come from calls; notes on those that cannot.

    What is called relies on its rules when the file is read again.
    """
    known: dict[Any, Function | None] = {}
    notes: dict[str, None] = {}

    def made(function: Function) -> Function:
        if not has_rules(function):
            return function
        function, _ = copy_function(function)
        _region(function.body, known, notes)
        return simplify(clean(function))

    functions = list(map(made, functions))
    for key, callee in known.items():
        if callee is not None:
            about: Declared = key[0]
            relied.update(dict.fromkeys((about, rule) for rule in about.rules))
    return functions, list(notes)


def _region(region: Region, known: dict[Any, Function | None], notes: dict[str, None]) -> None:
    for k, op in enumerate(region.ops):
        for inner in op.regions:
            _region(inner, known, notes)
        if op.prim is not RULED:
            continue
        call = op.attrs.ruled
        given = call.plain_arguments(op.args)
        key = None
        if given is not None:
            key = (call.declared, *map(type_of_operand, given))
            if key not in known:
                outline = outlined(call, op.args)
                known[key] = None if outline is None else clean(outline)
        callee = known.get(key)
        if callee is not None and given is not None:
            attrs = Attrs(callee=callee)
            region.ops[k] = Op(CALL, tuple(given), op.results, (), attrs, op.span, op.statement)
        elif call.is_read():
            notes[
                f"the values of {call.declared.name} are written out: its rule does not hold "
                "for them when this file is differentiated again"
            ] = None


def listed(relied: Iterable[tuple[Declared, Rule | None]]) -> list[str]:
    """The rules, function by function, for the head of a file."""
    found: dict[str, dict[str, None]] = {}
    for about, rule in relied:
        place = f"{getattr(about.function, '__module__', None) or ''}.{about.name}".lstrip(".")
        text = "constant" if rule is None else f"{rule.spelled()} ({rule_name(rule)})"
        found.setdefault(place, {})[text] = None
    return [f"{place}: {', '.join(sorted(rules))}" for place, rules in sorted(found.items())]


def check_importable(objects: dict[str, Any]) -> None:
    """Refuse a file that would have to import what no module holds."""
    for name, value in objects.items():
        if "<locals>" in getattr(value, "__qualname__", ""):
            raise ArgumentError(
                f"{name} is defined inside a function, and a file cannot import it",
                hint="define it at module level",
            )
