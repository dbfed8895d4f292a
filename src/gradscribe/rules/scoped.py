"""The argument ``rules=`` of whatever makes derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from gradscribe.errors import ArgumentError
from gradscribe.rules.custom import RuleSet

F = TypeVar("F", bound=Callable[..., Any])


def takes_rules(make: F) -> F:
    """Let a function that makes derivatives mind ``rules``: a RuleSet that they use."""

    @functools.wraps(make)
    def made(*args: Any, rules: RuleSet | None = None, **keywords: Any) -> Any:
        if rules is None:
            return make(*args, **keywords)
        if not isinstance(rules, RuleSet):
            raise ArgumentError(
                f"rules= takes a RuleSet, not a value of type {type(rules).__name__}",
                hint="rules = gs.RuleSet(), and @rules.partial(f) and the like",
            )
        with rules:
            return make(*args, **keywords)

    return cast("F", made)
