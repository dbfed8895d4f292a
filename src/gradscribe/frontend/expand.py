"""Writing out calls of helpers where the types allow, as ``gradscribe.ir.expansions`` says."""

from __future__ import annotations

import linecache
import types
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradscribe.frontend.frame import Frame
from gradscribe.frontend.heap import Bound, Closure, TupleOf
from gradscribe.frontend.resolve import definition_of
from gradscribe.ir.core import Operand, Value
from gradscribe.ir.expansions import BODY, EXPANSIONS, refined
from gradscribe.ir.primitives import Primitive, of
from gradscribe.ir.types import Sequence as SequenceType
from gradscribe.ir.types import Type

_DISPLAYS = (of(tuple), of(list))

_WRITTEN: dict[tuple[Primitive, str], types.FunctionType] = {}


def written_out(
    frame: Frame, prim: Primitive, bound: Sequence[Bound], args: tuple[Operand, ...]
) -> Bound | None:
    """What a call of a helper expands to; None where it stays a call.

    ``args`` are the arguments ``bound``, read.
    """
    from gradscribe.frontend.lower import body

    expansion = EXPANSIONS.get(prim.function)
    if expansion is None:
        return None
    # An expansion takes its arguments as a fact does.
    taker: Any = replace(prim, result=expansion)  # type: ignore[arg-type]  # it gives a text
    text = taker.result_type(args)
    if text is None:
        return None
    definition = definition_of(prim.function if text == BODY else _function(prim, text))
    inner = Frame(definition, frame.builder, frame.heap, frame)
    fixed = len(prim.params) - prim.variadic
    inner.env.update(zip(prim.params[:fixed], bound[:fixed], strict=True))
    if prim.variadic:
        inner.env[prim.params[-1]] = TupleOf(tuple(bound[fixed:]))
    result = body(inner, definition.node)
    _refine(frame, result, prim.result_type(args))
    return result


def _function(prim: Primitive, text: str) -> types.FunctionType:
    """``def helper(parameters): return text``, with source that can be read back."""
    key = (prim, text)
    if key not in _WRITTEN:
        name = prim.function.__name__
        source = f"def {name}({', '.join(prim.params)}):\n    return {text}\n"
        file = f"<{name} written out as {text}>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        namespace: dict[str, Any] = {"np": np}
        exec(compile(source, file, "exec"), namespace)
        _WRITTEN[key] = namespace[name]
    return _WRITTEN[key]


def _refine(frame: Frame, result: Bound, declared: Type) -> None:
    """Let the values of a result know what the helper's fact knows of them."""
    if isinstance(result, Closure):
        return
    if isinstance(result, TupleOf):
        if isinstance(declared, SequenceType) and declared.items is not None:
            for item, kind in zip(result.items, declared.items, strict=True):
                _refine(frame, item, kind)
        return
    value = frame.read(result)
    if not isinstance(value, Value):
        return
    if isinstance(declared, SequenceType) and declared.items is not None:
        _refine_display(frame, value, declared.items)
    else:
        value.type = refined(value.type, declared)


def _refine_display(frame: Frame, value: Value, declared: tuple[Type, ...]) -> None:
    """The entries of a list that was just built."""
    ops = frame.builder.region.ops
    if not ops or ops[-1].results != (value,) or ops[-1].prim not in _DISPLAYS:
        return
    for item, kind in zip(ops[-1].args, declared, strict=True):
        _refine(frame, item, kind)
    value.type = ops[-1].prim.result_type(ops[-1].args)
