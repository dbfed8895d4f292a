"""What a function hands out: the part that is differentiated, and an auxiliary part beside it."""

from __future__ import annotations

from gradscribe.errors import ArgumentError
from gradscribe.ir import trees
from gradscribe.ir.build import Builder, type_of_operand
from gradscribe.ir.core import Const, Function, Operand
from gradscribe.ir.primitives import of
from gradscribe.ir.types import Sequence


def take_aux(function: Function, who: str) -> Operand:
    """The auxiliary part of a function that returns ``(value, aux)``, which then returns the value.

    The function is changed in place.
    """
    result = function.result
    kind = type_of_operand(result)
    parts = kind.items if isinstance(kind, Sequence) and kind.kind == "tuple" else None
    if parts is None or len(parts) != 2:
        what = f"a tuple of {len(parts)}" if parts is not None else f"{kind}, no tuple"
        raise ArgumentError(
            f"{who}: with has_aux=True the function returns a pair (value, aux), "
            f"but {function.name} returns {what}",
            function.span,
            "return value, (everything, else)" if parts else "return value, aux",
        )
    if isinstance(result, Const):
        value, aux = (Const(part) for part in result.value)
        function.body.yields = [value]
        return aux
    builder = Builder(function.body, derived=True)
    for op in function.body.ops:
        builder.note(op)
    function.body.yields = [trees.part(builder, result, 0)]
    return trees.part(builder, result, 1)


def with_aux(builder: Builder, result: Operand, aux: Operand | None) -> Operand:
    """What a derivative returns, with the auxiliary part beside it if there is one."""
    return result if aux is None else builder.emit(of(tuple), result, aux)
