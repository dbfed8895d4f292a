"""Functions that exist only while another one is lowered, as the functions of derivatives.

``grad(lambda y: x + y)(x)`` within ``f`` differentiates a function that sees what ``f`` computes.
It is lowered by itself, for the types of the arguments at hand; what it reads of ``f`` becomes
further parameters, which are not differentiated::

    lambda y: x + y          →     function (y; x): return add(x, y)

A parameter that is left out has the type of ``LEFT_OUT``: its default stands in the program.
"""

from __future__ import annotations

import enum
import inspect
from typing import Any, final

from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, Method
from gradscribe.frontend.resolve import definition_of
from gradscribe.ir.core import Function, Operand, Parameter, Region, Value
from gradscribe.ir.rewrite import free_values, substitute
from gradscribe.ir.types import Static, Type


class LeftOut(enum.Enum):
    """The value of a parameter that a call leaves out."""

    LEFT_OUT = enum.auto()


LEFT_OUT = LeftOut.LEFT_OUT

_KINDS = {
    "positional": inspect.Parameter.POSITIONAL_ONLY,
    "plain": inspect.Parameter.POSITIONAL_OR_KEYWORD,
    "args": inspect.Parameter.VAR_POSITIONAL,
    "keyword": inspect.Parameter.KEYWORD_ONLY,
    "kwargs": inspect.Parameter.VAR_KEYWORD,
}


@final
class Local:
    """A nested function or a method where it is called.

    ``captured``: what it read beside its arguments, by parameter.
    """

    def __init__(self, frame: Frame, node: Any, callee: Closure | Method) -> None:
        from gradscribe.frontend.lower import parameters

        self.frame = frame
        self.node = node
        self.callee = callee
        bound = isinstance(callee, Method)
        definition = (
            definition_of(callee.function) if isinstance(callee, Method) else callee.definition
        )
        self.__name__ = getattr(definition.node, "name", "function")
        self.params = parameters(definition.node)[bound:]
        self.captured: dict[str, Operand] = {}

    def __call__(self) -> None:
        """Not in this world: it is only ever lowered."""
        raise NotImplementedError

    def signature(self) -> inspect.Signature:
        return inspect.Signature(
            [
                inspect.Parameter(
                    p.name,
                    _KINDS[p.kind],
                    default=LEFT_OUT if p.has_default else inspect.Parameter.empty,
                )
                for p in self.params
            ]
        )

    def ir(self, kinds: tuple[Type, ...]) -> Function:
        """Its IR; parameters after its own stand for what it reads around it."""
        from gradscribe.frontend import calls

        frame, builder = self.frame, self.frame.builder
        mark, before = frame.mark(), dict(frame.heap.values)
        values = [Value(p.name, k, named=True) for p, k in zip(self.params, kinds, strict=True)]
        positional: list[Bound] = []
        keywords: dict[Any, Bound] = {}
        left_out = False
        with builder.into(Region(list(values))) as region:
            for param, value in zip(self.params, values, strict=True):
                if value.type == Static(LEFT_OUT):
                    left_out = True
                    continue
                bound = frame.wrap(value, param.name)
                if param.kind == "keyword" or left_out:
                    keywords[param.name] = bound
                else:
                    positional.append(bound)
            result = calls.call_bound(frame, self.node, self.callee, positional, keywords)
            region.yields = [frame.read(result)]
        now = frame.heap.values
        if any(now.get(loc) is not held for loc, held in before.items()):
            frame.refuse(
                self.node,
                "the function differentiated here changes what it does not own",
                "let it return what it computes",
            )
        frame.back(mark)
        return self._closed(region)

    def _closed(self, region: Region) -> Function:
        params = [Parameter(p.name) for p in self.params]
        mapping: dict[Value, Operand] = {}
        for value in free_values(region):
            name = f"<captured {len(self.captured)}>"
            self.captured[name] = value
            mapping[value] = fresh = Value(value.hint, value.type, value.named)
            region.params.append(fresh)
            params.append(Parameter(name))
        substitute(region, mapping)
        return Function(self.__name__, params, region)


def captured_by(local: Any, function: Function) -> list[Operand]:
    """What a derivative of a local function is handed beside its arguments."""
    if not isinstance(local, Local):
        return []
    return [local.captured[p.name] for p in function.params if p.name in local.captured]
