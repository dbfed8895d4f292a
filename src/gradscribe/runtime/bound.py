"""Derivatives of functions whose first arguments are given: methods, and ``functools.partial``."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from gradscribe.runtime.dispatch import Derivative, Variant


class Bound(functools.partial[Any]):
    """A derivative with some of its arguments given, as those of its function are.

    It is called with the others; ``source`` and the like are the derivative's.
    """

    @property
    def _derivative(self) -> Derivative:
        found: Any = self.func
        assert isinstance(found, Derivative)
        return found

    @property
    def source(self) -> str:
        """The text of the variant called last."""
        found: str = self._derivative.source
        return found

    @property
    def specification(self) -> Any:
        """What the derivative of the whole function is."""
        return self._derivative.specification

    @property
    def rules(self) -> Any:
        """The rules that were in force when the derivative was made."""
        return self._derivative.rules

    @property
    def __name__(self) -> str:
        found: str = self._derivative.__name__
        return found

    @property
    def __doc__(self) -> str | None:  # type: ignore[override]  # computed
        found: str | None = self._derivative.__doc__
        return found

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(
            functools.partial(_signed(self._derivative), *self.args, **self.keywords)
        )

    def variant_for(self, /, *args: object, **keywords: object) -> Variant:
        """The variant that a call with these arguments would run."""
        given = (*self.args, *args)
        found: Variant = self._derivative.variant_for(*given, **{**self.keywords, **keywords})
        return found

    def source_for(self, /, *args: object, **keywords: object) -> str:
        """The text of the variant that a call with these arguments would run."""
        return self.variant_for(*args, **keywords).source

    def __repr__(self) -> str:
        return repr(self._derivative)


class BoundTangent(Bound):
    """A ``jvp`` with some arguments of its function given: they have no tangents."""

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self._derivative)

    def __call__(self, args: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
        return self.func(*self._whole(args, tangents))

    def variant_for(self, /, args: Any, tangents: Any) -> Variant:  # type: ignore[override]  # two
        """The variant that a call with these arguments would run."""
        found: Variant = self._derivative.variant_for(*self._whole(args, tangents))
        return found

    def _whole(self, args: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
        signature = self._derivative.specification.of_function()
        given = signature.bind_partial(*self.args, *args, **self.keywords)
        dots = signature.bind_partial(*(None for _ in self.args), *tangents)
        given.apply_defaults()
        return tuple(given.arguments.values()), tuple(
            dots.arguments.get(name) for name in given.arguments
        )


def _signed(function: Derivative) -> Any:
    def stand_in() -> None: ...

    stand_in.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]  # for inspect
    return stand_in
