"""Statements of which it is known that they raise.

A name that nothing binds, an attribute that Python's numbers do not have, an item of a number that
is assigned: whoever comes there raises. So such a statement ends its block, like ``raise``::

    if "units" in sys.modules:              if "units" in sys.modules:
        x = Quantity(x, metre)                  raise NameError("name 'Quantity' is not defined")

A function that raises on every way out passes that on to the call, and where nothing goes round
it, it is refused. A ``try`` around such a statement may be decided at compile time (``decided``).
"""

from __future__ import annotations

import ast
from typing import Any, final

from gradscribe.errors import UnsupportedError
from gradscribe.ir.core import Attrs, Const, Op, Region
from gradscribe.ir.primitives import OPAQUE
from gradscribe.source import Span


@final
class Raises(UnsupportedError):
    """What is being lowered in ``region`` raises ``kind``, saying ``said``, wherever it runs.

    ``stands``: a ``raise`` in that region does so already; then ``kind`` may be unknown.
    """

    def __init__(
        self,
        kind: type[BaseException] | None,
        said: Any,
        region: Region,
        message: str,
        span: Span | None,
        hint: str | None = None,
        stands: bool = False,
    ) -> None:
        super().__init__(message, span, hint)
        self.kind = kind
        self.said = said
        self.region = region
        self.stands = stands


@final
class Untold(UnsupportedError):
    """Something is read that a ``try`` may have changed or not; step by step it may be known."""

    def __init__(self, message: str, span: Span | None, attempt: Span | None) -> None:
        hint = "write what may raise as a statement of its own, in the body of the try"
        super().__init__(message, span, hint)
        self.attempt = attempt


@final
class Caught(Exception):
    """A statement of ``attempt``'s body raises what its handler number ``handler`` catches."""

    def __init__(self, attempt: Any, node: Any, handler: int) -> None:
        self.attempt = attempt
        self.node = node
        self.handler = handler


def certainly(
    frame: Any,
    kind: type[BaseException],
    said: Any,
    node: Any,
    message: str | None = None,
    hint: str | None = None,
) -> Raises:
    """The exception to raise where a program does; ``message`` and ``hint`` are for a refusal."""
    return Raises(kind, said, frame.builder.region, message or str(said), frame.here(node), hint)


@final
class Before:
    """The state before a statement that may turn out to raise."""

    def __init__(self, frame: Any) -> None:
        self.built = len(frame.builder.region.ops)
        self.env = dict(frame.env)
        self.values = dict(frame.heap.values)

    def changed(self, frame: Any, found: Raises) -> bool:
        """Has the statement done what others see before it raised?"""
        made = frame.builder.region.ops[self.built :]
        acts = [op for op in made if op.prim.effect]
        values = frame.heap.values
        return (
            len(acts) > found.stands
            or frame.env != self.env
            or any(values.get(loc) is not value for loc, value in self.values.items())
        )


def reached(frame: Any, node: Any, found: Raises, before: Before | None) -> None:
    """End what is being lowered, the statement ``node`` or a part of one: it raises.

    A rule's own errors are refusals, and so is what is certain in a part of the program alone that
    may not run.
    """
    if frame.builder.derived or frame.definition.at is not None:
        raise found
    if found.region is not frame.builder.region:
        raise found
    for attempt in reversed(frame.attempts):
        attempt.met(node, found.kind, before is None or before.changed(frame, found))
    if not found.stands:
        assert found.kind is not None
        frame.builder.append(_raise(frame, found.kind, found.said))
    frame.raises = found


def met(frame: Any, node: Any, kind: type[BaseException]) -> None:
    """A statement ``raise`` is reached: a ``try`` around it may know its handler."""
    if frame.builder.derived or frame.definition.at is not None:
        return
    for attempt in reversed(frame.attempts):
        attempt.met(node, kind, False)


def _raise(frame: Any, kind: type[BaseException], said: str) -> Op:
    """``raise kind(said)``."""
    name = kind.__name__
    shadowed = name in frame.definition.locals or frame.definition.lookup(name) is not kind
    template = ast.parse(f"raise {'_0' if shadowed else name}({said!r})").body[0]
    args = (Const(kind, name),) if shadowed else ()
    return Op(OPAQUE, args, (), attrs=Attrs(template=template))


def passed_on(frame: Any) -> Raises:
    """What a call raises whose function never returns."""
    found, region = frame.raises, frame.builder.region
    if found is None:
        span = frame.here(frame.definition.node)
        return Raises(None, "", region, "the function never returns a value", span, stands=True)
    kind = found.kind if found.region is region else None
    again = Raises(kind, found.said, region, found.message, found.span, found.hint, stands=True)
    return again.with_traceback(found.__traceback__)
