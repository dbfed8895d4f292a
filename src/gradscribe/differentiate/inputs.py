"""What is differentiated with respect to: a parameter, or a part of one (``model.layers[0].w``).

A part is read once, where the function begins; every other place that reads it uses that value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

from gradscribe.errors import UnsupportedError
from gradscribe.ir import trees
from gradscribe.ir.build import Builder
from gradscribe.ir.core import Function, Op, Operand, Parameter, Region, Value, walk
from gradscribe.ir.rewrite import substitute


@final
@dataclass(frozen=True, slots=True)
class Place:
    """A parameter by position, and the way to a part of it: names, keys and positions."""

    param: int
    path: tuple[Any, ...] = ()


def inputs_of(function: Function, places: list[Place]) -> list[Value]:
    """The values of a function at these places."""
    return [_input(function, place) for place in places]


def _input(function: Function, place: Place) -> Value:
    value = function.body.params[place.param]
    for key in place.path:
        value = _part(function, value, trees.keys(value.type).index(key))
    return value


def _part(function: Function, whole: Value, place: int) -> Value:
    """One part of a value, read right after it is there, and nowhere else."""
    body = function.body
    region = Region()
    made = trees.read(Builder(region), whole, place, str(trees.keys(whole.type)[place]))
    assert isinstance(made, Value)
    mapping: dict[Value, Operand] = {}
    for op in walk(body):
        found = trees.part_read(op)
        if found is not None and found[0] is whole:
            if found[1] == place:
                made.hint, made.named = op.result.hint or made.hint, op.result.named
                mapping[op.result] = made
        elif op.results and (
            whole in op.args or any(whole in inner.yields for inner in op.regions)
        ):
            _refuse(function, op, whole)
    if whole in body.yields:
        raise UnsupportedError(
            f"{whole.hint!r} is returned as a whole, of which a part is differentiated",
            function.span,
            _HINT,
        )
    substitute(body, mapping)
    body.ops[:] = [op for op in body.ops if not (op.results and op.results[0] in mapping)]
    at = next((k + 1 for k, op in enumerate(body.ops) if whole in op.results), 0)
    body.ops[at:at] = region.ops
    return made


_HINT = "differentiate with respect to the whole of it"


def _refuse(function: Function, op: Op, whole: Value) -> None:
    raise UnsupportedError(
        f"{whole.hint!r} is used as a whole here, of which a part is differentiated",
        op.span or function.span,
        _HINT,
    )


def unused(wish: str, params: list[Parameter]) -> str:
    """A name for one more parameter."""
    names = {p.name for p in params}
    number, name = 0, wish
    while name in names:
        number += 1
        name = f"{wish}_{number}"
    return name


def parameters_of(values: Sequence[Value]) -> list[Parameter]:
    """Parameters for a function of ours, called after the values that it is given."""
    params: list[Parameter] = []
    for value in values:
        params.append(Parameter(unused(value.hint or "t", params)))
    return params
